"""How many calls may share a GPU, by what earlier ones of the same stage and model took of it: pure numbers."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from robust_ray.core.call import StageCall
from robust_ray.core.component import Component
from robust_ray.core.identity import parameters
from robust_ray.core.machine import UNKNOWN_GPU
from robust_ray.core.records import RunRecord

MARGIN = 1.2
"""Memory to hold for a call, in peaks of earlier ones: what is freed does not all fit again, and programs differ."""

OVERHEAD = 2**30
"""Bytes of a GPU that a process takes beside what torch allocates for it: CUDA's context, kernels, libraries."""

MOST = 8
"""Calls on one GPU at most: they take turns, and each has its own overhead."""

STEPS = 10_000
"""Parts in which Ray counts a GPU."""


def share(peak: int, memory: int) -> float:
    """The smallest ``1/n`` of a GPU that holds a call, rounded down as Ray counts, so that ``n`` of them fit.

    Args:
        peak: Bytes that calls of its kind have allocated at most.
        memory: Bytes of the GPU.
    """
    calls = min(MOST, int(memory / (MARGIN * peak + OVERHEAD)))
    return math.floor(STEPS / calls) / STEPS if calls > 1 else 1.0


@dataclass(frozen=True, kw_only=True)
class Shares:
    """What part of a GPU calls hold: what was seen to do for the same stage and model, or else a whole one."""

    models: Mapping[str, str] = field(default_factory=dict)
    """Key of each planned call → its model."""

    measured: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """Stage and model → the part that holds every call of both seen so far; of stages that leave it open."""

    @classmethod
    def of(
        cls,
        calls: Iterable[StageCall],
        stages: Collection[str],
        runs: Iterable[RunRecord],
        accelerator: str,
        max_batch_tokens: int,
    ) -> Shares:
        """What earlier runs tell of planned calls.

        Args:
            calls: Those planned, inputs before what needs them; a run of another says nothing, for its model is
                unknown.
            stages: Those that leave open what they hold.
            runs: Earlier attempts, also failed ones: they needed what they had, at least.
            accelerator: Name of the GPU; :data:`~robust_ray.core.machine.UNKNOWN_GPU` (the driver's machine has none)
                for whichever of those used so far is the tightest.
            max_batch_tokens: Padded tokens in one forward pass: with another number, calls need another share.
        """
        models: dict[str, str] = {}
        for call in calls:
            models[call.key] = model_of(call, models)
        measured: dict[tuple[str, str], float] = {}
        for run in runs:
            if run.stage not in stages or run.key not in models:
                continue
            is_like = accelerator in (UNKNOWN_GPU, run.accelerator) and run.max_batch_tokens == max_batch_tokens
            if is_like and run.peak_gpu_memory and run.gpu_memory:  # one that found nothing to do says nothing
                which = run.stage, models[run.key]
                measured[which] = max(measured.get(which, 0.0), share(run.peak_gpu_memory, run.gpu_memory))
        return cls(models=models, measured=measured)

    def held(self, call: StageCall) -> float:
        """The part that a call holds; one that a search has added since is known by what it or its inputs say."""
        if not self.measured:
            return 1.0
        return self.measured.get((call.stage.name, model_of(call, self.models)), 1.0)


def model_of(call: StageCall, models: Mapping[str, str]) -> str:
    """The model a call is about: it says so itself, or its inputs do; where there is none, its label.

    Args:
        call: The call.
        models: Those of its inputs, by key, as far as they are known.
    """
    if call.key in models:
        return models[call.key]
    for part in (call.stage, getattr(call.stage, "cell", None)):
        model = getattr(part, "model", None)
        if isinstance(model, Component):
            return f"{model.type} {parameters(model)}"
    said = {models[key] for key in call.needs if key in models}
    return said.pop() if len(said) == 1 else call.stage.label()
