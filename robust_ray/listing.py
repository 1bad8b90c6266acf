"""``robust-ray list``: every component a sweep can name, with its parameters, their defaults, and its paper."""

from __future__ import annotations

import dataclasses
import json
import re
import typing
from typing import Any

from rich.console import Console

from robust_ray.console import say
from robust_ray.core.component import Component, Registry, load_plugins, summary
from robust_ray.core.errors import SweepError, did_you_mean


def show(kind: str | None, console: Console) -> None:
    """Print the components of a kind, or of all.

    Raises:
        SweepError: there is no such kind.
    """
    registries = _registries()
    if kind is not None and kind not in registries:
        raise SweepError(f"the kind {kind!r} does not exist; {did_you_mean(kind, registries)}")
    for registry in registries.values() if kind is None else [registries[kind]]:
        for name, cls in registry.items():
            title = f"[bold]{registry.kind}[/] [bold cyan]{name}[/]  {summary(cls)}"
            console.print(title, highlight=False, soft_wrap=True)
            for line in _parameters(cls):
                say(console, f"    {line}")
            if cls.paper:
                console.print(f"    [dim]{cls.paper}[/]", highlight=False, soft_wrap=True)


def _registries() -> dict[str, Registry[Any]]:
    from robust_ray.attacks import ATTACKS, GOALS, SUBSTITUTES
    from robust_ray.compression import COMPRESSIONS
    from robust_ray.core.language_model import LANGUAGE_MODELS
    from robust_ray.fidelity import RELATIONS
    from robust_ray.models import MODELS
    from robust_ray.tasks import TASKS

    load_plugins()
    return {
        registry.kind: registry
        for registry in (TASKS, MODELS, COMPRESSIONS, ATTACKS, GOALS, SUBSTITUTES, LANGUAGE_MODELS, RELATIONS)
    }


def _parameters(cls: type[Any]) -> list[str]:
    """``name: type = default`` for each field."""
    hints = typing.get_type_hints(cls)
    return [f"{field.name}: {_hint(hints[field.name])}{_default(field)}" for field in dataclasses.fields(cls)]


def _hint(hint: Any) -> str:
    """A type as a user would write it."""
    if isinstance(hint, type):
        return hint.__name__
    return (
        re.sub(r"robust_ray\.[\w.]*\.", "", str(hint))
        .replace("typing.", "")
        .replace("collections.abc.", "")
        .replace("NoneType", "None")
        .replace("None", "null")
    )


def _default(field: dataclasses.Field[Any]) -> str:
    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    if default is dataclasses.MISSING:
        return " (required)"
    if isinstance(default, Component):
        return f" = {default.type}"
    return f" = {json.dumps(default, default=_plain)}"


def _plain(part: Any) -> Any:
    """A component within a default by its type, any other dataclass by its fields."""
    return part.type if isinstance(part, Component) else dataclasses.asdict(part)
