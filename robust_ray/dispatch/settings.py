"""How calls run: what each holds, how large its batches are, how often and how long it is tried."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from robust_ray.core.call import StageCall
from robust_ray.core.machine import Machine, Warm, accelerator_name
from robust_ray.core.paths import user_path
from robust_ray.dispatch.sharing import Shares
from robust_ray.store import Store
from robust_ray.store.leases import BEAT

if TYPE_CHECKING:
    from robust_ray.sweep import Sweep

BATCH_TOKENS = {"cpu": 2048, "cuda": 16384}
"""Device → padded tokens in one forward pass: few enough for a processor's cache, enough to fill a GPU."""

HALVINGS = 4
"""How often batches are halved at most: a sixteenth of what fills a GPU is an input or two."""


class Shape(NamedTuple):
    """What one call holds while it runs."""

    cpu: float = 1.0
    gpu: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How calls run, never what they compute."""

    shapes: Mapping[str, Shape] = field(default_factory=dict)
    """Stage → resources of one call at most; one core where a stage is not named."""

    shares: Shares = field(default_factory=Shares)
    """What part of its GPU a call does with, where the sweep leaves that open."""

    max_batch_tokens: int | None = None
    """Padded tokens in one forward pass at most; None for what suits the device."""

    in_flight: int = 64
    """Examples attacked at once within a call."""

    answers: Path | None = None
    """Folder in which answers of victims outlive a call."""

    retries: int = 1
    """Further attempts at a call that failed for no fault of the user's."""

    beat: float = BEAT
    """Seconds between two signs of life to other drivers on the store."""

    time_limits: Mapping[str, float] = field(default_factory=dict)
    """Stage → seconds after which a call is taken to hang, and is ended with its worker."""

    @classmethod
    def of(cls, sweep: Sweep, store: Store | None = None, calls: Iterable[StageCall] = ()) -> Settings:
        """Those of a sweep; what it leaves open of a GPU is what earlier runs in a store have needed.

        Args:
            sweep: The sweep.
            store: Where its runs are.
            calls: Its calls, inputs before what needs them.
        """
        tokens = sweep.max_batch_tokens or BATCH_TOKENS["cuda"]
        are_open = {stage for stage, held in sweep.resources.items() if held.gpu == "auto"}
        runs = store.runs() if store and are_open else ()
        shares = Shares.of(calls, are_open, runs, accelerator_name(gpu=True), tokens) if runs else Shares()
        return cls(
            shapes={
                stage: Shape(held.cpu, 1.0 if held.gpu == "auto" else held.gpu)
                for stage, held in sweep.resources.items()
            },
            shares=shares,
            max_batch_tokens=sweep.max_batch_tokens,
            in_flight=sweep.in_flight,
            answers=None if sweep.answers is None else user_path(sweep.answers),
            retries=sweep.retries,
            time_limits=sweep.time_limits,
        )

    def shape_of(self, call: StageCall, shortages: int = 0) -> Shape:
        """What a call holds while it runs: no GPU if it is of no use to it.

        Args:
            call: The call.
            shortages: How many of its attempts have lacked memory: after one, it shares no GPU unless it was told to.
        """
        shape = self.shapes.get(call.stage.name, Shape())
        if not shape.gpu:
            return shape
        if not call.stage.uses_gpu:
            return Shape(shape.cpu or 1.0)
        return shape if shortages else shape._replace(gpu=shape.gpu * self.shares.held(call))

    def relief(self, call: StageCall, shortages: int) -> str | None:
        """What one more attempt has over the last, which lacked memory; None where there is nothing left to give.

        Args:
            call: The call.
            shortages: How many of its attempts have lacked memory, the last one left out.
        """
        if self.shape_of(call, shortages + 1) != self.shape_of(call, shortages):
            return "with the GPU to itself"
        return "with half the batch" if self._halvings(call, shortages) < HALVINGS else None

    def limit_of(self, call: StageCall) -> float | None:
        """Seconds after which a call is taken to hang."""
        return self.time_limits.get(call.stage.name)

    def machine(self, call: StageCall, warm: Warm, shortages: int = 0) -> Machine:
        """What a call may use, in the process that asks: the same under every dispatcher.

        Args:
            call: The call.
            warm: What the process has loaded.
            shortages: How many of its attempts have lacked memory.
        """
        shape, halvings = self.shape_of(call, shortages), self._halvings(call, shortages)
        gpus = min(math.ceil(shape.gpu), _gpus()) if shape.gpu else 0
        device = "cuda" if gpus else "cpu"
        return Machine(
            device=device,
            devices=max(1, gpus),
            gpu_share=min(shape.gpu, 1.0) if gpus else 1.0,
            threads=max(1, int(shape.cpu)),
            max_batch_tokens=max(1, (self.max_batch_tokens or BATCH_TOKENS[device]) >> halvings),
            recompute=halvings > 0,
            in_flight=self.in_flight,
            answers=self.answers,
            warm=warm,
        )

    def _halvings(self, call: StageCall, shortages: int) -> int:
        """How often its batches are halved: for each shortage but one that a larger part of a GPU is the answer to."""
        return shortages - (shortages > 0 and self.shape_of(call, shortages) != self.shape_of(call))


def _gpus() -> int:
    """GPUs this process sees."""
    import torch

    return torch.cuda.device_count()
