"""The way back: from a compression that was measured elsewhere to the point of the space it is."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from robust_ray.compression import COMPRESSIONS, Compression
from robust_ray.core.build import build
from robust_ray.core.errors import RobustRayError
from robust_ray.core.identity import encode, parameters
from robust_ray.search.settings import Search
from robust_ray.search.space import (
    BRANCH,
    NONE,
    Range,
    branch,
    is_choice,
    is_mapping,
    is_nested,
    labels,
    range_of,
    suggest,
)

Parameters = dict[str, Any]


def locate(compression: Compression, search: Search) -> Parameters | None:
    """The parameters of the trial that would propose a compression; None where it does not lie in the space."""
    value = _plain(encode(compression))
    several = len(search.space) > 1
    for name, entry in sorted(search.space.items()):
        for shape in (value, {"type": "pipeline", "steps": [value]}):  # all other steps may be left out
            found = _match(name, branch(name, entry), shape)
            if found is not None:
                point = ({BRANCH: name} if several else {}) | found
                if _proposes(point, search) == compression:
                    return point
    return None


def restore(type_name: str, params: str) -> Compression | None:
    """The compression a row tells of; None where this version of the project knows no such one."""
    if type_name not in COMPRESSIONS:
        return None
    try:
        compression = build(Compression, {"type": type_name} | _plain(json.loads(params)), "row")
    except RobustRayError:
        return None
    return compression if parameters(compression) == params else None


def _plain(encoded: Any) -> Any:
    """What a sweep file would hold, from an identity."""
    if isinstance(encoded, list):
        return [_plain(part) for part in encoded]
    if not isinstance(encoded, Mapping):
        return encoded
    if {"type", "fields"} <= encoded.keys():
        return {"type": encoded["type"]} | _plain(encoded["fields"])
    return {name: _plain(part) for name, part in encoded.items()}


def _proposes(point: Parameters, search: Search) -> Compression | None:
    try:
        return build(Compression, suggest(_Given(point), search), "point")
    except RobustRayError:
        return None


def _match(name: str, entry: object, value: Any) -> Parameters | None:
    """Parameters under which an entry is a value, as far as one can tell without building it; None where it is not."""
    if isinstance(entry, list):
        return _match_steps(name, list(enumerate(entry)), value) if isinstance(value, list) else None
    if not isinstance(entry, Mapping):
        return {} if _is(entry, value) else None
    if is_mapping(entry):
        if not isinstance(value, Mapping):
            return None
        parts = (_match(f"{name}.{field}", part, value.get(field)) for field, part in entry.items())
        return _together(parts)
    if is_choice(entry):
        return _match_choice(name, entry["choices"], value)
    return _match_range(name, range_of(name, entry), value)


def _match_range(name: str, numbers: Range, value: Any) -> Parameters | None:
    if not isinstance(value, int | float) or not numbers.low <= value <= numbers.high:
        return None
    step = numbers.step or (1 if numbers.is_whole else None)
    if step is not None and not math.isclose((value - numbers.low) / step, round((value - numbers.low) / step)):
        return None
    return {name: int(value) if numbers.is_whole else float(value)}


def _match_choice(name: str, choices: Sequence[Any], value: Any) -> Parameters | None:
    nested = is_nested(choices)
    for label, choice in zip(labels(choices) if nested else choices, choices, strict=True):
        found = _match(f"{name}.{label}" if nested else name, choice, value)
        if found is not None:
            return {name: label} | found
    return None


def _match_steps(name: str, entries: Sequence[tuple[int, object]], values: Sequence[Any]) -> Parameters | None:
    """Entry by entry; one that may be ``none`` may have been left out."""
    if not entries:
        return None if values else {}
    (i, entry), rest = entries[0], entries[1:]
    ways = [({"type": NONE}, values)]
    if values:
        ways.insert(0, (values[0], values[1:]))
    for value, others in ways:
        found = _together([_match(f"{name}[{i}]", entry, value), _match_steps(name, rest, others)])
        if found is not None:
            return found
    return None


def _together(parts: Iterable[Parameters | None]) -> Parameters | None:
    together: Parameters = {}
    for part in parts:
        if part is None:
            return None
        together |= part
    return together


def _is(entry: object, value: Any) -> bool:
    """Whether a value of a file may be a value of a component; ``1e-5`` is a text in YAML, a bare type a component."""
    if isinstance(value, Mapping):
        return bool(entry == value.get("type"))
    if isinstance(entry, str) and isinstance(value, float):
        with suppress(ValueError):
            return float(entry) == value
    return bool(entry == value)


class _Given:
    """A trial of which some parameters are known; the others lie on branches not taken."""

    def __init__(self, point: Parameters) -> None:
        self._point = point

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return self._point.get(name, choices[0])

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        return float(self._point.get(name, low))

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        return int(self._point.get(name, low))
