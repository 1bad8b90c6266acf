"""A training in several processes of one machine, a device each."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from torch import distributed
from torch.multiprocessing import get_context
from torch.multiprocessing.spawn import ProcessException, start_processes

from robust_ray.core.errors import RobustRayError
from robust_ray.core.machine import Warm
from robust_ray.models import students
from robust_ray.models.students import Network
from robust_ray.models.training.course import Course, follow

PATIENCE = timedelta(days=1)
"""How long a process waits for another; one that dies ends the rest at once."""


def follow_together(course: Course, network: Network) -> None:
    """:func:`follow`, with a process for each of the machine's devices.

    Raises:
        RobustRayError: the first that a process raised.
        RuntimeError: a process ended otherwise.
    """
    course = replace(course, machine=replace(course.machine, warm=Warm()))
    errors = get_context("spawn").SimpleQueue()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        students.save(network, folder / "start")
        try:
            start_processes(_take_part, (course, folder, errors), course.machine.devices)  # type: ignore[no-untyped-call]
        except ProcessException as error:
            if errors.empty():
                raise RuntimeError("a process of the training was killed") from error
            raise errors.get() from error


def _take_part(rank: int, course: Course, folder: Path, errors: Any) -> None:
    devices = course.machine.devices
    variables = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": devices, "LOCAL_WORLD_SIZE": devices}
    os.environ.update({name: str(value) for name, value in variables.items()})
    os.environ["OMP_NUM_THREADS"] = str(course.machine.threads)
    try:
        on_gpus = course.machine.device != "cpu"
        if on_gpus:
            torch.cuda.set_device(rank)
        distributed.init_process_group(
            "nccl" if on_gpus else "gloo",
            init_method=(folder / "meeting").as_uri(),
            rank=rank,
            world_size=devices,
            timeout=PATIENCE,
        )
        follow(course, students.load(folder / "start"))
        distributed.destroy_process_group()
    except Exception as error:
        known = isinstance(error, RobustRayError)
        errors.put(error if known else RuntimeError(f"in process {rank + 1} of {devices}: {error!r}"))
        raise
