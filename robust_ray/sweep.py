"""A sweep: a question, as a typed object. Every list is an axis; the plan is their cross product."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

from robust_ray.attacks import AttackRecipe
from robust_ray.compression import Compression
from robust_ray.core.checks import at_least_one
from robust_ray.core.errors import SweepError, did_you_mean
from robust_ray.core.language_model import LanguageModel
from robust_ray.core.victim import Precision
from robust_ray.fidelity import Relation
from robust_ray.models import CodeModel, Training
from robust_ray.stages import STAGES
from robust_ray.tasks import Task

STAGE_NAMES = tuple(stage.name for stage in STAGES)


@dataclass(frozen=True, kw_only=True)
class Examples:
    """How many examples are measured; a larger number adds work and repeats none."""

    evaluate: int | None = None
    """Test examples for clean metrics and fidelity; null for all."""

    attack: int = 100
    """Test examples each attack is run on."""

    shard: int = 25
    """Attacked examples in one call: the grain of scheduling and of what a kill can lose."""

    def __post_init__(self) -> None:
        for name in ("evaluate", "attack", "shard"):
            value = getattr(self, name)
            if value is not None:
                at_least_one(name, value)


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What one call of a stage holds while it runs."""

    cpu: float = 1.0
    """CPU cores; whole cores are also the threads of a forward pass."""

    gpu: float = 0.0
    """GPUs; a fraction shares one."""

    def __post_init__(self) -> None:
        if self.cpu < 0 or self.gpu < 0 or self.cpu + self.gpu == 0:
            raise SweepError(
                f"`cpu >= 0`, `gpu >= 0` and one above 0 must hold, but got cpu {self.cpu:g} and gpu {self.gpu:g}; "
                "correct them"
            )
        for name in ("cpu", "gpu"):
            value = getattr(self, name)
            if value > 1 and not value.is_integer():
                raise SweepError(
                    f"`{name}` above 1 must be whole, because Ray shares no more than one, but got {value}; round it"
                )


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A metric the search optimizes."""

    metric: str
    """A name in :data:`robust_ray.search.METRICS`."""

    direction: Literal["maximize", "minimize"]


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A metric the search must keep: absolutely, or relative to the teacher."""

    metric: str
    """A name in :data:`robust_ray.search.METRICS`."""

    at_least: float | None = None
    """Smallest value allowed."""

    at_most: float | None = None
    """Largest value allowed."""

    below_teacher: float | None = None
    """Largest loss against the teacher allowed, e.g. 0.02 for two points of accuracy."""

    def __post_init__(self) -> None:
        if sum(value is not None for value in (self.at_least, self.at_most, self.below_teacher)) != 1:
            raise SweepError(
                "exactly one of at_least, at_most and below_teacher must be given, but got none or several; keep one"
            )


@dataclass(frozen=True, kw_only=True)
class Search:
    """Optuna over compression settings, instead of a fixed list."""

    space: Mapping[str, Mapping[str, object]]
    """Compression type → field → a value, ``{low, high, log, step}``, ``{choices: [...]}``, or a mapping or list of
    these."""

    objectives: tuple[Objective, ...]
    """At least one; with several the answer is a Pareto front."""

    constraints: tuple[Bound, ...] = ()
    """Proposals that break one are never on the front."""

    trials: int = 20
    """Proposals in all, those of earlier runs counted."""

    sampler: Literal["tpe", "nsgaii", "gp", "random"] = "tpe"
    """How Optuna proposes."""

    seed: int = 0
    """The sampler's."""

    max_concurrent: int = 2
    """Proposals measured at once."""

    def __post_init__(self) -> None:
        if not self.space:
            raise SweepError("`space` must name at least one compression, but it is empty; add one")
        if not self.objectives:
            raise SweepError("`objectives` must hold at least one metric, but it is empty; add one")
        for name in ("trials", "max_concurrent"):
            at_least_one(name, getattr(self, name))
        _check_seed("seed", self.seed)


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Everything one file asks for."""

    name: str
    """Names the sweep in the store; not in any key."""

    models: tuple[CodeModel, ...]
    """What to fine-tune."""

    tasks: tuple[Task, ...]
    """What to fine-tune on."""

    compressions: tuple[Compression, ...] = ()
    """What to make of each teacher; `none` (the teacher itself) is always measured too."""

    attacks: tuple[AttackRecipe, ...] = ()
    """What to attack every student with."""

    relations: tuple[Relation, ...] = ()
    """What teacher and student should share."""

    naturalness: LanguageModel | None = None
    """A language model that no one attacks, to say how natural and how similar every adversarial example is."""

    training: Training | None = None
    """Fine-tuning settings; null for those each model recommends for each task."""

    min_clean_accuracy: float | None = None
    """Validation accuracy (BLEU, where the task asks for texts) that a teacher must reach before anything is compressed
    or attacked; null for no floor."""

    dtype: Precision = "float32"
    """Number format in which victims are measured and attacked: float32, or bfloat16 for speed on GPUs."""

    seeds: tuple[int, ...] = (0,)
    """Each repeats the whole study."""

    examples: Examples = field(default_factory=Examples)
    """How many examples are measured."""

    search: Search | None = None
    """Search compression settings with Optuna, on top of the listed compressions."""

    store: str = "results"
    """Folder or URI (s3://, gs://) of the results; relative to where the command runs."""

    resources: Mapping[str, Resources] = field(default_factory=dict)
    """Stage → resources of one call; one core where a stage is not named."""

    max_batch_tokens: int | None = None
    """Padded tokens in one forward pass at most; null for what suits the device: 2,048 on a processor, whose cache that
    fills, 16,384 on a GPU."""

    in_flight: int = 64
    """Examples attacked at once within a call."""

    answers: str | None = None
    """Folder on each machine's own disk in which the answers of victims outlive a call, so that another attack on the
    same victim, or a call that is made again, does not ask for them; null to remember them within a call only."""

    retries: int = 1
    """Further attempts at a call that failed for no fault of the user's."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", self.name):
            raise SweepError(f"`name` must be letters, digits, '-' and '_', but got {self.name!r}; choose another")
        if not self.store:
            raise SweepError("`store` must be a folder or an address, but it is empty; name one")
        for axis in ("models", "tasks", "seeds"):
            if not getattr(self, axis):
                raise SweepError(
                    f"`{axis}` must hold at least one entry, but it is empty: there is nothing to do; add one"
                )
        if self.min_clean_accuracy is not None and not 0.0 < self.min_clean_accuracy <= 1.0:
            raise SweepError(f"`0 < min_clean_accuracy <= 1` must hold, but got {self.min_clean_accuracy}; correct it")
        for task in self.tasks:
            question = task.question
            for attack in self.attacks:
                attack.goal.require(question.n_labels)
            for model in self.models:
                model.require(question)
            for compression in self.compressions:
                compression.require(question)
        for compression, model in product(self.compressions, self.models):
            compression.fits(model)
        for i, seed in enumerate(self.seeds):
            _check_seed(f"seeds[{i}]", seed)
        for stage in self.resources:
            if stage not in STAGE_NAMES:
                raise SweepError(
                    f"`resources` names the stage {stage!r}, which does not exist; {did_you_mean(stage, STAGE_NAMES)}"
                )
        for name in ("max_batch_tokens", "in_flight"):
            value = getattr(self, name)
            if value is not None:
                at_least_one(name, value)
        if self.retries < 0:
            raise SweepError(f"`retries >= 0` must hold, but got {self.retries}; 1 is usual")

    def resources_of(self, stage: str) -> Resources:
        """Resources of one call of ``stage``."""
        return self.resources.get(stage, Resources())


def _check_seed(name: str, seed: int) -> None:
    if not 0 <= seed < 2**32:
        raise SweepError(f"`0 <= {name} < 2**32` must hold, but got {seed}; correct it")
