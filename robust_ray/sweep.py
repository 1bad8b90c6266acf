"""A sweep: a question, as a typed object. Every list is an axis; the plan is their cross product."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

from robust_ray.attacks import AttackRecipe
from robust_ray.compression import Compression
from robust_ray.core.call import Stage
from robust_ray.core.checks import a_seed, at_least_one
from robust_ray.core.errors import SweepError, did_you_mean
from robust_ray.core.language_model import LanguageModel
from robust_ray.core.machine import accelerator_name
from robust_ray.core.victim import Precision
from robust_ray.fidelity import Relation
from robust_ray.models import CodeModel, Training
from robust_ray.search import Search
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

    gpu: float | Literal["auto"] = 0.0
    """GPUs; a fraction shares one, and is all of its memory that a call gets. ``auto``: the fraction that earlier calls
    of the stage have needed for the same model in this store, a whole GPU while nothing is known."""

    def __post_init__(self) -> None:
        gpu = self.most_gpus
        if self.cpu < 0 or gpu < 0 or self.cpu + gpu == 0:
            raise SweepError(
                f"`cpu >= 0`, `gpu >= 0` and one above 0 must hold, but got cpu {self.cpu:g} and gpu {gpu:g}; "
                "correct them"
            )
        for name, value in (("cpu", self.cpu), ("gpu", gpu)):
            if value > 1 and value % 1:
                raise SweepError(
                    f"`{name}` above 1 must be whole, because Ray shares no more than one, but got {value}; round it"
                )

    @property
    def most_gpus(self) -> float:
        """GPUs that a call may come to hold."""
        return 1.0 if self.gpu == "auto" else self.gpu

    def suit(self, stage: type[Stage]) -> None:
        """Refuse GPUs that calls of a stage could not use, or not so.

        Raises:
            SweepError: they could not.
        """
        where = f"`resources.{stage.name}.gpu`"
        if self.most_gpus and not stage.most_gpus:
            raise SweepError(f"{where} must be 0, because the stage cannot use a GPU, but got {self.gpu}; leave it out")
        if self.most_gpus > max(1, stage.most_gpus):
            several = ", ".join(each.name for each in STAGES if each.most_gpus > 1)
            raise SweepError(
                f"{where} must be 1 at most, because only what trains ({several}) uses several together, "
                f"but got {self.most_gpus:g}; lower it"
            )
        if not stage.shares_gpu and self.gpu not in (0, 1):
            raise SweepError(
                f"{where} must be 0 or 1, because the stage measures times, which others on the same GPU would "
                f"lengthen, but got {self.gpu}; give it a whole one"
            )


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

    transfer: Literal[False, True, "across_models"] = False
    """Replay the adversarial examples of every listed victim on every other of the same model and task, or, across
    models, of the same task."""

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

    accelerator: str | None = None
    """The processor, or GPU, that times are measured on, as `robust-ray doctor` calls it; null for what this sweep's
    latest run into the store has measured them on, and for the planning machine's where there is none."""

    max_batch_tokens: int | None = None
    """Padded tokens in one forward pass at most; null for what suits the device: 2,048 on a processor, whose cache that
    fills, 16,384 on a GPU."""

    in_flight: int = 64
    """Examples attacked at once within a call."""

    answers: str | None = None
    """Folder on each machine's own disk in which the answers of victims outlive a call, so that another attack on the
    same victim, or a call that is made again, does not ask for them; null to remember them within a call only."""

    retries: int = 1
    """Further attempts at a call that failed for no fault of the user's; one that lost its node does not count, nor one
    after which the next has more memory or knows which example to beware of."""

    time_limits: Mapping[str, float] = field(default_factory=dict)
    """Stage → seconds after which one call of it is taken to hang: it is ended, and tried again; none where a stage is
    not named."""

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
        if self.search is not None:
            self.search.require_rungs(self.examples.attack, self.examples.shard)
        for i, seed in enumerate(self.seeds):
            a_seed(f"seeds[{i}]", seed)
        for name in ("resources", "time_limits"):
            for stage in getattr(self, name):
                if stage not in STAGE_NAMES:
                    raise SweepError(
                        f"`{name}` names the stage {stage!r}, which does not exist; {did_you_mean(stage, STAGE_NAMES)}"
                    )
        for stage in STAGES:
            self.resources_of(stage.name).suit(stage)
        self._suit_substitutes()
        for stage, seconds in self.time_limits.items():
            if seconds <= 0:
                raise SweepError(f"`time_limits.{stage} > 0` must hold, but got {seconds:g}; give seconds")
        for name in ("max_batch_tokens", "in_flight"):
            value = getattr(self, name)
            if value is not None:
                at_least_one(name, value)
        if self.retries < 0:
            raise SweepError(f"`retries >= 0` must hold, but got {self.retries}; 1 is usual")

    def _suit_substitutes(self) -> None:
        """Refuse a GPU for finding names where none of the sources can use one."""
        sources = [source for attack in self.attacks for source in attack.sources]
        if sources and self.resources_of("substitutes").most_gpus and not any(each.uses_gpu for each in sources):
            names = ", ".join(dict.fromkeys(each.type for each in sources))
            raise SweepError(
                "`resources.substitutes.gpu` must be 0, because no attack here asks a language model for names, "
                f"but got sources that cannot use a GPU ({names}); leave it out"
            )

    def resources_of(self, stage: str) -> Resources:
        """Resources of one call of ``stage``."""
        return self.resources.get(stage, Resources())

    def device_of(self, stage: str) -> Literal["cpu", "gpu"]:
        """What calls of ``stage`` run on."""
        return "gpu" if self.resources_of(stage).most_gpus else "cpu"

    @property
    def measured_on(self) -> str:
        """The processor, or GPU, that times are measured on."""
        return self.accelerator or accelerator_name(gpu=self.device_of("evaluate") == "gpu")
