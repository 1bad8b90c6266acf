"""A sweep: one YAML file that asks a question, as a typed object.

Every list is an axis; the plan is their cross product. Loading checks every name, type and range, so that a typo costs
a second and not a night.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

from robust_ray.attacks import AttackRecipe
from robust_ray.compression import Compression
from robust_ray.core.build import build_dataclass
from robust_ray.core.component import load_plugins
from robust_ray.core.errors import SweepError, did_you_mean
from robust_ray.fidelity import Relation
from robust_ray.models import CodeModel, Training
from robust_ray.tasks import Task

STAGES = ("finetune", "teach", "compress", "evaluate", "substitutes", "attack", "fidelity")


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
            if value is not None and value < 1:
                raise SweepError(f"`{name} >= 1` must hold, but got {value}; raise it")


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
    """Compression type → field → a value, ``{low, high, log, step}``, or ``{choices: [...]}``."""

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
            if getattr(self, name) < 1:
                raise SweepError(f"`{name} >= 1` must hold, but got {getattr(self, name)}; raise it")
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

    training: Training = field(default_factory=Training)
    """Fine-tuning settings."""

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

    max_batch_tokens: int = 16384
    """Padded tokens in one forward pass at most."""

    in_flight: int = 64
    """Examples attacked at once within a call."""

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
        for i, seed in enumerate(self.seeds):
            _check_seed(f"seeds[{i}]", seed)
        for stage in self.resources:
            if stage not in STAGES:
                raise SweepError(
                    f"`resources` names the stage {stage!r}, which does not exist; {did_you_mean(stage, STAGES)}"
                )
        for name in ("max_batch_tokens", "in_flight"):
            if getattr(self, name) < 1:
                raise SweepError(f"`{name} >= 1` must hold, but got {getattr(self, name)}; raise it")
        if self.retries < 0:
            raise SweepError(f"`retries >= 0` must hold, but got {self.retries}; 1 is usual")

    def resources_of(self, stage: str) -> Resources:
        """Resources of one call of ``stage``."""
        return self.resources.get(stage, Resources())


def load(path: str | Path, settings: Sequence[str] = ()) -> Sweep:
    """Read a sweep file, with ``key=value`` settings laid over it.

    Args:
        path: The YAML file.
        settings: Dotted paths with YAML values, e.g. ``attacks[0].query_budget=50`` or ``tasks=[clone_detection]``.

    Raises:
        SweepError: the file is missing or is not YAML, or anything in it cannot be what it says.
    """
    path = Path(path)
    load_plugins()
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)
    except OSError as error:
        raise SweepError(
            f"{path}: a sweep file must lie here, but it cannot be read ({error.strerror}); check the path"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise SweepError(f"{path}: the file must be YAML, but it is not ({_yaml_reason(error)}); correct it") from None
    if not isinstance(document, dict):
        got = "nothing" if document is None else f"a {type(document).__name__}"
        raise SweepError(f"{path}: a sweep must be a mapping of fields, but got {got}; see sweeps/README.md")
    for setting in settings:
        _lay_over(document, setting)
    fields = {str(name): value for name, value in document.items()}
    return build_dataclass(Sweep, fields, str(path), "a sweep", joint=": ")


def _check_seed(name: str, seed: int) -> None:
    if not 0 <= seed < 2**32:
        raise SweepError(f"`0 <= {name} < 2**32` must hold, but got {seed}; correct it")


def _yaml_reason(error: Exception) -> str:
    """What is wrong, and the line."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())


def _lay_over(document: dict[str, Any], setting: str) -> None:
    """Set one dotted path in the document, e.g. ``attacks[0].candidates=5``."""
    where, equals, text = setting.partition("=")
    steps = [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", where)]
    if not equals or not steps:
        raise SweepError(f"--set {setting}: the form is key=value, e.g. attacks[0].query_budget=50; correct it")
    try:
        value = yaml.load(text, Loader=_UniqueKeyLoader)
    except (yaml.YAMLError, RecursionError):
        raise SweepError(f"--set {setting}: the value must be YAML, but got {text!r}; quote it") from None
    holder: Any = document
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        inside_list = isinstance(holder, list) and isinstance(step, int) and step < len(holder)
        if not inside_list and not (isinstance(holder, dict) and isinstance(step, str)):
            raise SweepError(f"--set {setting}: {step!r} leads nowhere in the file; check the path against it")
        if following is None:
            holder[step] = value
        elif isinstance(holder, dict):
            holder = holder.setdefault(step, {})
        elif isinstance(holder[step], str):
            holder[step] = {"type": holder[step]}  # a bare type name, given a field
            holder = holder[step]
        else:
            holder = holder[step]


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML's safe loader, which refuses the same key twice instead of keeping the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":  # `<<`, which may be overridden
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable) or key in seen:
                problem = f"the key {key!r} " + ("stands twice" if isinstance(key, Hashable) else "must be a text")
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)
