"""Short names: a component and its parameters in the few words a chart has room for.

Rows carry parameters whole, as canonical JSON. A reader wants ``magnitude_pruning sparsity=0.4``: the parameters in
which the settings at hand differ, or, where a type occurs with one setting only, its numbers.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

Setting = tuple[str, str]
"""Type and parameters of a component, as they stand in a row."""

REVISION = "revision"
"""What a component's parameters say of the files that it reads."""

TEACHER = "none"
TEACHER_NAME = "none (teacher)"

PIPELINE = "pipeline"
THEN = " → "
"""Between the names of a pipeline's steps."""

FEW = 3
"""Numbers in a name at most, where it has no need of them to be told from others."""


def short_names(settings: Iterable[Setting], *, show_numbers: bool = False) -> dict[Setting, str]:
    """A name for every setting, different for different settings of one type.

    A pipeline's is made of those of its steps, which have the same names as when they stand alone.

    Args:
        settings: Types and parameters; repeats do no harm.
        show_numbers: Whether a setting alone of its type is named with its top-level numbers, if these are few, or by
            its type.
    """
    steps = {setting: _steps(setting) for setting in settings}
    names = _names((step for several in steps.values() for step in several), show_numbers=show_numbers)
    return {setting: THEN.join(names[step] for step in several) for setting, several in steps.items()}


def _steps(setting: Setting) -> list[Setting]:
    """What a pipeline does, in order; any other setting is its own only step."""
    kind, params = setting
    if kind != PIPELINE:
        return [setting]
    steps = json.loads(params)["steps"]
    return [(step["type"], json.dumps(_with_revision(step), sort_keys=True, separators=(",", ":"))) for step in steps]


def _names(settings: Iterable[Setting], *, show_numbers: bool) -> dict[Setting, str]:
    """The same as :func:`short_names`, without pipelines."""
    by_type: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for kind, params in settings:
        by_type[kind][params] = flatten(json.loads(params))
    names: dict[Setting, str] = {}
    for kind, variants in by_type.items():
        shown = _differing(variants.values())
        for params, fields in variants.items():
            alone = _numbers(json.loads(params)) if show_numbers and len(variants) == 1 else ()
            words = [f"{_short(name, shown)}={fields[name]}" for name in [*shown, *alone] if name in fields]
            names[kind, params] = TEACHER_NAME if kind == TEACHER else " ".join([kind, *words])
    return names


def flatten(params: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    """Parameters by dotted name: a nested component's type under its own, its fields below it."""
    found: dict[str, str] = {}
    for name, value in params.items():
        if isinstance(value, Mapping) and "type" in value and "fields" in value:
            found[prefix + name] = str(value["type"])
            found |= flatten(_with_revision(value), f"{prefix}{name}.")
        elif isinstance(value, Mapping):
            found |= flatten(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            found[prefix + name] = ",".join(str(entry) for entry in value)
        else:
            found[prefix + name] = "null" if value is None else str(value)
    return found


def _with_revision(component: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a component that stands in another's, and its revision if it has one."""
    fields: dict[str, Any] = component["fields"]
    return fields | ({REVISION: component[REVISION]} if REVISION in component else {})


def _differing(variants: Iterable[Mapping[str, str]]) -> list[str]:
    """Few names, near the top, that tell the variants apart; a revision's only where no other name would do."""
    variants = list(variants)
    names = sorted({name for fields in variants for name in fields})
    chosen: list[str] = []

    def told_apart(*further: str) -> int:
        return len({tuple(fields.get(name) for name in (*chosen, *further)) for fields in variants})

    while gaining := [name for name in names if told_apart(name) > told_apart()]:
        chosen.append(max(gaining, key=lambda name: (_last(name) != REVISION, told_apart(name), -name.count("."))))
    return sorted(chosen)


def _short(name: str, names: list[str]) -> str:
    """The last part of a dotted name, unless another name ends alike."""
    return name if sum(_last(other) == _last(name) for other in names) > 1 else _last(name)


def _last(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def _numbers(params: Mapping[str, object]) -> list[str]:
    """Names of the top-level parameters that are numbers; none where they are many."""
    found = [name for name, value in params.items() if isinstance(value, int | float) and not isinstance(value, bool)]
    return found if len(found) <= FEW else []
