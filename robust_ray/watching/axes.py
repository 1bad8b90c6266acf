"""Where each call of a plan lies on the axes of its sweep: which model, task, compression and attack it is about."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from robust_ray.core.call import StageCall
from robust_ray.core.component import Component
from robust_ray.core.identity import parameters

AXES = ("model", "task", "compression", "attack")

Place = Mapping[str, str]
"""Axis → name; what a call is not about is left out."""


def places(calls: Iterable[StageCall]) -> dict[str, Place]:
    """The place of each call, by key.

    What a call does not say itself it has from its inputs, where they agree: a look at the rows of an attack is about
    that attack.

    Args:
        calls: Inputs before what needs them.
    """
    calls = list(calls)
    own = {call.key: _components(call) for call in calls}
    names = _names([component for found in own.values() for component in found.values()])
    found: dict[str, Place] = {}
    for call in calls:
        place = {axis: names[id(component)] for axis, component in own[call.key].items()}
        inputs = [found[key] for key in call.needs if key in found]
        for axis in AXES:
            said = {place_of_input[axis] for place_of_input in inputs if axis in place_of_input}
            if axis not in place and len(said) == 1:
                place[axis] = said.pop()
        found[call.key] = place
    return found


def _components(call: StageCall) -> dict[str, Component]:
    """What a call says itself, in its stage or in the cell its stage is about."""
    found: dict[str, Component] = {}
    for axis in AXES:
        for part in (call.stage, getattr(call.stage, "cell", None)):
            component = getattr(part, axis, None)
            if axis not in found and isinstance(component, Component):
                found[axis] = component
    return found


def _names(components: Iterable[Component]) -> dict[int, str]:
    """A name for each object: its type, and what tells it from others of the type."""
    objects = {id(component): component for component in components}
    settings = {place: parameters(component) for place, component in objects.items()}
    alike: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for place, component in objects.items():
        alike[component.type][settings[place]] = json.loads(settings[place])
    names = {type_: _tell_apart(type_, variants) for type_, variants in alike.items()}
    return {place: names[component.type][settings[place]] for place, component in objects.items()}


def _tell_apart(type_: str, variants: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """``magnitude_pruning sparsity=0.5``: the short fields in which components of a type differ; else a number."""
    fields = {name for variant in variants.values() for name in variant}
    differing = [name for name in sorted(fields) if len({str(variant.get(name)) for variant in variants.values()}) > 1]
    names: dict[str, str] = {}
    for settings, variant in variants.items():
        short = [name for name in differing if isinstance(variant.get(name), bool | int | float | str)]
        name = " ".join([type_, *(f"{name}={variant[name]}" for name in short)])
        names[settings] = f"{name} #{len(names) + 1}" if name in names.values() else name
    return names
