"""The space of a search: from what a trial chooses to a compression, as a sweep file would hold it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeGuard

from robust_ray.compression import COMPRESSIONS
from robust_ray.core.errors import SweepError
from robust_ray.search.settings import WITHOUT_BRANCHES, Search

RANGE = frozenset({"low", "high", "step", "log"})
"""What a range is told from other mappings by."""

BRANCH = "compression"
"""Parameter that says which branch of the space a proposal is on; where there is one alone nobody is asked."""

NONE = "none"
"""A step that is left out."""


class Trial(Protocol):
    """What a proposal asks: Optuna's trial, or anything that answers the same."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """One of ``choices``."""
        ...

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        """A number in [low, high]."""
        ...

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """A whole number in [low, high]."""
        ...


class Range(NamedTuple):
    """Numbers a parameter may take."""

    low: int | float
    high: int | float
    step: int | float | None
    log: bool

    @property
    def is_whole(self) -> bool:
        """Whether the numbers are whole ones."""
        return isinstance(self.low, int) and isinstance(self.high, int)


def suggest(trial: Trial, search: Search) -> dict[str, Any]:
    """Let a trial choose one point of the space, as the mapping a sweep file would hold.

    The space has branches: the compression is chosen first, then its fields alone (and the same again where choices
    hold parameters of their own); samplers that know of no branches are asked for the parameters of all.

    Raises:
        SweepError: the space is not one.
    """
    names = branches(search)
    whole = search.sampler in WITHOUT_BRANCHES
    chosen = trial.suggest_categorical(BRANCH, names) if len(names) > 1 else names[0]
    points = {
        name: _choose(trial, name, branch(name, search.space[name]), whole) for name in (names if whole else [chosen])
    }
    return _without_empty_steps(points[chosen])


def branches(search: Search) -> list[str]:
    """Names of the branches of a space."""
    return sorted(search.space)


def branch(name: str, entry: object) -> dict[str, Any]:
    """One branch of a space, with its ``type``.

    Raises:
        SweepError: it is neither a mapping nor a list.
    """
    if isinstance(entry, list):
        return {"type": "pipeline", "steps": entry}
    if not isinstance(entry, Mapping):
        raise SweepError(
            f"{name}: a mapping of fields or a list of steps must stand here, but got {entry!r}; correct it"
        )
    return {"type": name} | dict(entry)


def labels(choices: Sequence[Any]) -> list[str]:
    """Names of choices that hold parameters of their own: their types, numbered where two are the same."""
    words = [_label(choice) for choice in choices]
    return [word if words.count(word) == 1 else f"{word} {words[:i].count(word) + 1}" for i, word in enumerate(words)]


def is_nested(choices: Sequence[Any]) -> bool:
    """Whether choices hold parameters of their own."""
    return any(isinstance(choice, Mapping | list) for choice in choices)


def is_choice(entry: Mapping[Any, Any]) -> bool:
    """Whether a mapping stands for one of several."""
    return set(entry) == {"choices"} and isinstance(entry["choices"], list) and bool(entry["choices"])


def is_mapping(entry: Mapping[Any, Any]) -> bool:
    """Whether a mapping stands for itself."""
    return RANGE.isdisjoint(entry) and "choices" not in entry


def range_of(name: str, entry: Mapping[Any, Any]) -> Range:
    """The numbers that a mapping stands for.

    Raises:
        SweepError: it is no range.
    """
    low, high, step, log = entry.get("low"), entry.get("high"), entry.get("step"), entry.get("log", False)
    if not set(entry) <= RANGE or not _is_number(low) or not _is_number(high) or not low < high:
        raise SweepError(
            f"{name}: a value, {{low, high}} with low < high (and step or log), or {{choices: [...]}} must stand here, "
            f"but got {dict(entry)}; correct it"
        )
    whole = isinstance(low, int) and isinstance(high, int)
    if step is not None and (not _is_number(step) or step <= 0 or (whole and not isinstance(step, int))):
        kind = "a whole number" if whole else "a number"
        raise SweepError(f"{name}: `step` must be {kind} above 0, but got {step!r}; correct it")
    if not isinstance(log, bool) or (log and (step is not None or low <= 0)):
        raise SweepError(
            f"{name}: `log` must be true or false, and goes with `low > 0` and no `step`, but got {dict(entry)}"
        )
    return Range(low, high, step, log)


def compressions(search: Search) -> set[str]:
    """Types of all compressions that a space names, wherever it does: steps of pipelines may be choices."""
    branches = [branch(name, entry) for name, entry in search.space.items()]
    return {word for word in _words(branches) if word in COMPRESSIONS}


def _choose(trial: Trial, name: str, entry: object, whole: bool) -> Any:
    """One field: a fixed value, a mapping or list whose parts are entries in turn, choices, or a range."""
    if isinstance(entry, list):
        return [_choose(trial, f"{name}[{i}]", part, whole) for i, part in enumerate(entry)]
    if not isinstance(entry, Mapping):
        return entry
    if is_mapping(entry):
        fields = sorted(entry, key=lambda field: (field != "type", str(field)))
        return {field: _choose(trial, f"{name}.{field}", entry[field], whole) for field in fields}
    if is_choice(entry):
        return _choose_one(trial, name, entry["choices"], whole)
    numbers = range_of(name, entry)
    if numbers.is_whole:
        return trial.suggest_int(
            name, int(numbers.low), int(numbers.high), step=int(numbers.step or 1), log=numbers.log
        )
    value = trial.suggest_float(name, float(numbers.low), float(numbers.high), step=numbers.step, log=numbers.log)
    return value if numbers.step is None else round(value, 12)  # 0.2 and a step of 0.1 is what a file calls 0.3


def _choose_one(trial: Trial, name: str, choices: Sequence[Any], whole: bool) -> Any:
    if not is_nested(choices):
        return trial.suggest_categorical(name, choices)
    named = dict(zip(labels(choices), choices, strict=True))
    label = trial.suggest_categorical(name, list(named))
    points = {each: _choose(trial, f"{name}.{each}", named[each], whole) for each in (named if whole else [label])}
    return points[label]


def _without_empty_steps(point: dict[str, Any]) -> dict[str, Any]:
    """A pipeline without the steps that are ``none``; one step alone is itself, and none at all is ``none``."""
    if point["type"] != "pipeline" or not isinstance(point.get("steps"), list):
        return point
    steps = [{"type": step} if isinstance(step, str) else step for step in point["steps"]]
    kept = [step for step in steps if not isinstance(step, Mapping) or step.get("type") != NONE]
    if len(kept) == len(steps):
        return point
    if len(kept) > 1:
        return point | {"steps": kept}
    return dict(kept[0]) if kept else {"type": NONE}


def _label(choice: object) -> str:
    if isinstance(choice, list):
        return "+".join(map(_label, choice))
    return str(choice.get("type", "mapping")) if isinstance(choice, Mapping) else str(choice)


def _words(entry: object) -> Iterator[str]:
    """All texts in an entry, names of fields too."""
    if isinstance(entry, str):
        yield entry
    elif isinstance(entry, Mapping):
        yield from (word for part in (*entry, *entry.values()) for word in _words(part))
    elif isinstance(entry, list):
        yield from (word for part in entry for word in _words(part))


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
