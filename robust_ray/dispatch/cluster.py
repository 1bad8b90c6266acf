"""The Ray cluster that a run is on: how it is joined and left, what its nodes have, and what became of one."""

from __future__ import annotations

import json
import logging
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from robust_ray.core.errors import SweepError, brief
from robust_ray.dispatch.deaths import heard
from robust_ray.dispatch.settings import Settings, Shape

HEARING = 30.0
"""Seconds to wait for what a dead worker has said; a node that is lost is found so by then."""


class Place(NamedTuple):
    """Where a worker is."""

    node: str
    host: str

    words: Path
    """The file there that holds what it says when it dies."""

    @classmethod
    def here(cls, words: Path) -> Place:
        """That of this process."""
        return cls(ray.get_runtime_context().get_node_id(), socket.gethostname(), words)


@contextmanager
def joined(address: str | None, settings: Settings) -> Iterator[None]:
    """Be connected to a cluster; what was connected before stays so, what was not is left again.

    Args:
        address: As :func:`robust_ray.dispatch.tune.run` takes it.
        settings: What calls will hold.

    Raises:
        SweepError: there is no cluster, it does not let us in, or a call can never be placed in it.
    """
    where = os.environ.get("RAY_ADDRESS") if address is None else address
    if where is not None:
        _check_address(where)
    with _mute():
        if ray.is_initialized():
            yield
            return
        _join(where)
        try:
            if where is None:
                check_fits(settings)
            yield
        finally:
            ray.shutdown()


def room() -> Shape:
    """What the cluster has."""
    return _shape(ray.cluster_resources())


def check_fits(settings: Settings) -> None:
    """On a machine of our own nothing more will come; a cluster may grow.

    Raises:
        SweepError: a call can never be placed on this machine.
    """
    has = ray.cluster_resources()
    for stage, shape in settings.shapes.items():
        for kind, wanted in (("CPU", shape.cpu), ("GPU", shape.gpu)):
            if wanted > has.get(kind, 0):
                raise SweepError(
                    f"resources.{stage}: at most the machine's {has.get(kind, 0):g} {kind} can be held by a call,"
                    f" but got {wanted:g}; lower it, or connect to a cluster with --address"
                )


def check_offers(shape: Shape) -> None:
    """Whether what has been waited for in vain may come yet.

    Raises:
        SweepError: no node has it, and none that would is on its way.
    """
    nodes = [_shape(node["Resources"]) for node in ray.nodes() if node["Alive"]]
    if any(shape.cpu <= node.cpu and shape.gpu <= node.gpu for node in nodes) or _may_grow(shape):
        return
    most = "; ".join(sorted({f"{node.cpu:g} CPU and {node.gpu:g} GPU" for node in nodes}))
    raise SweepError(
        f"resources: a node must have the {shape.cpu:g} CPU and {shape.gpu:g} GPU that a call is to hold, but those of"
        f" the cluster have {most}, and none is on its way; lower what `resources` asks for, or add such a node"
    )


def is_lost(node: str) -> bool:
    """Whether a node has left the cluster."""
    return not any(each["Alive"] for each in ray.nodes() if each["NodeID"] == node)


def words(place: Place) -> str:
    """What a dead worker has said, asked for where it was; nothing if nobody answers there."""
    if place.node == ray.get_runtime_context().get_node_id():
        return heard(place.words)
    if is_lost(place.node):
        return ""
    ask = ray.remote(num_cpus=0, max_retries=0)(heard)
    asked = ask.options(scheduling_strategy=NodeAffinitySchedulingStrategy(place.node, soft=False)).remote(place.words)
    try:
        return str(ray.get(asked, timeout=HEARING))
    except ray.exceptions.RayError:
        return ""


def _join(where: str | None) -> None:
    if where is None:
        # Or else Ray writes a token to the home folder, which may not be writable; it remembers this one, so it stays.
        os.environ.setdefault("RAY_AUTH_TOKEN", uuid.uuid4().hex)
    try:
        ray.init(
            address="local" if where is None else where,  # or else Ray joins whatever was last started here
            include_dashboard=False if where is None else None,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except Exception as error:  # Ray raises whatever comes, be it a bare Exception when a machine is too slow for it
        ray.shutdown()
        raise (_no_ray(error) if where is None else _no_cluster(where, error)) from None


@contextmanager
def _mute() -> Iterator[None]:
    """Keep what nodes print from the terminal, to which Ray takes it also when told not to."""
    from ray._private import worker

    before, worker._worker_logs_enabled = worker._worker_logs_enabled, False
    try:
        yield
    finally:
        worker._worker_logs_enabled = before


def _shape(resources: dict[str, float]) -> Shape:
    return Shape(resources.get("CPU", 0.0), resources.get("GPU", 0.0))


def _may_grow(shape: Shape) -> bool:
    """Whether an autoscaler may bring what no node has: Ray's second says what it never can, its first what it will."""
    from ray._raylet import GcsClient  # type: ignore[attr-defined]  # compiled
    from ray.core.generated.autoscaler_pb2 import GetClusterStatusReply
    from ray.experimental.internal_kv import _internal_kv_get

    said = GcsClient(ray.get_runtime_context().gcs_address).get_cluster_status()
    state = GetClusterStatusReply.FromString(said).autoscaling_state
    if state.autoscaler_state_version:
        bundles = (
            request.resources_bundle for gang in state.infeasible_gang_resource_requests for request in gang.requests
        )
        return shape not in {_shape(dict(bundle)) for bundle in bundles}
    report = json.loads(_internal_kv_get("__autoscaling_status") or "{}").get("autoscaler_report", {})
    return bool(report.get("pending_nodes") or report.get("pending_launches"))


def _check_address(address: str) -> None:
    """Say at once what Ray says after minutes, or not at all."""
    if address.startswith("ray://"):
        raise SweepError(
            f"--address: the driver must run in the cluster, but got {address!r}; run the command on the head node"
            " (`ray submit`, `ray job submit`) with --address auto"
        )
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit():
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except OSError as error:
            raise _no_cluster(address, error) from None


def _no_cluster(address: str, error: Exception) -> SweepError:
    return SweepError(
        f"--address: a Ray cluster must let us in there, but got {address!r} ({brief(error)}); check the address,"
        " the cluster's token and, with `ray status`, the cluster, or leave the address out"
    )


def _no_ray(error: Exception) -> SweepError:
    return SweepError(
        f"run: a Ray must start on this machine, but got: {brief(error)}; try again when it is less busy, or run in one"
        " process with --on serial"
    )
