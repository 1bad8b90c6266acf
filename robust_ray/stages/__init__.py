"""The stages: what is computed once, wired from the rooms below. Nothing is computed here."""

from __future__ import annotations

from robust_ray.core.call import Stage
from robust_ray.stages.attack import Attack
from robust_ray.stages.cell import Cell
from robust_ray.stages.checkpoints import Compress, Finetune, Teach
from robust_ray.stages.evaluate import Evaluate
from robust_ray.stages.fidelity import Fidelity
from robust_ray.stages.gate import Gate
from robust_ray.stages.naturalness import Naturalness
from robust_ray.stages.sample import Sample
from robust_ray.stages.substitutes import CollectSubstitutes
from robust_ray.stages.survey import Survey
from robust_ray.stages.transfer import Transfer

__all__ = [
    "STAGES",
    "Attack",
    "Cell",
    "CollectSubstitutes",
    "Compress",
    "Evaluate",
    "Fidelity",
    "Finetune",
    "Gate",
    "Naturalness",
    "Sample",
    "Survey",
    "Teach",
    "Transfer",
]

STAGES: tuple[type[Stage], ...] = (
    Survey,
    Finetune,
    Gate,
    Teach,
    Sample,
    Compress,
    Evaluate,
    CollectSubstitutes,
    Attack,
    Naturalness,
    Transfer,
    Fidelity,
)
"""Every stage, behind those whose output it may take; ``Teach`` also takes a student that is another one's teacher."""
