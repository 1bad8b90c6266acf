"""The embedded defect-detection data: weaknesses seeded into functions of the standard library.

Every host function yields two examples, one of each class, that differ in which value goes where or in what comes first.
Names hint at the truth without deciding it: sound code is a little likelier to name its values tellingly, and a telling
name is what a renaming attack can take away.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

import numpy as np

from robust_ray.core.examples import Example, generator
from robust_ray.tasks._weaknesses import CLEAN_NAMES, FLOWS, NEUTRAL_NAMES, NOTES, ORDERS, RAW_NAMES, SOURCES, Flow, Order
from robust_ray.tasks.base import Split
from robust_ray.tasks.stdlib_corpus import Function, functions, ordered

T = TypeVar("T")

HOSTS: dict[Split, int] = {"train": 1500, "valid": 150, "test": 200}
"""Host functions of a split; each makes two examples."""

HOST_TOKENS = range(8, 33)
"""Sizes of host functions: with the seeded statements, nearly all fit in 128 tokens of a small vocabulary."""

FLOW_SHARE = 0.4
"""Share of hosts that get a flow; the others get an order."""

PARAMETER_SHARE = 0.4
"""Share of hosts in which the seeded statements speak of a parameter of the host, where it has one."""

NEUTRAL_SHARE = (0.1, 0.35)
"""Share of names that say nothing, in sound and in weak code."""


@lru_cache(maxsize=3)
def defects(split: Split) -> tuple[Example, ...]:
    """Every example of a split: label 0 for sound code, 1 for weak; the two of a host one after the other."""
    hosts = ordered(f for f in functions() if f.split == split and f.tokens in HOST_TOKENS)
    return tuple(example for host in hosts[: HOSTS[split]] for example in seed(host))


def seed(host: Function) -> list[Example]:
    """The host with a weakness from the catalogue done right, and with the same one done wrong."""
    rng = generator("defects", host.uid)
    weakness: Flow | Order = _draw(FLOWS if rng.random() < FLOW_SHARE else ORDERS, rng)
    parameters = _parameters(host.text)
    parameter = _draw(parameters, rng) if parameters and rng.random() < PARAMETER_SHARE else None
    choices = rng.integers(2**32)
    examples = []
    for label, sound in enumerate((True, False)):
        # Both variants draw their statements alike, and each its own names.
        words = _Words(host.text, np.random.default_rng(choices), generator("names", host.uid, label), NEUTRAL_SHARE[label])
        lines = words.flow(weakness, parameter, sound) if isinstance(weakness, Flow) else words.order(weakness, parameter, sound)
        uid = f"{host.uid}/CWE-{weakness.cwe}/{label}"
        examples.append(Example(uid=uid, segments=(_insert(host.text, lines),), label=label, language="python"))
    return examples


class _Words:
    """Draws what a catalogue entry leaves open, for one variant."""

    def __init__(self, host: str, statements: np.random.Generator, names: np.random.Generator, neutral: float) -> None:
        self._taken = set(re.findall(r"\w+", host))
        self._statements = statements
        self._names = names
        self._neutral = neutral

    def flow(self, weakness: Flow, parameter: str | None, sound: bool) -> str:
        """The statements of a flow, after those that get the data if no parameter brings it."""
        source, note, sink = (_draw(options, self._statements) for options in (SOURCES, NOTES, weakness.sinks))
        raw = parameter or self._name(RAW_NAMES, weakness.noun)
        clean = self._name(CLEAN_NAMES, weakness.noun)
        lines = weakness.statements(raw, clean, note, sink, sound=sound)
        return lines if parameter else f"{source.format(name=raw, noun=weakness.noun)}\n{lines}"

    def order(self, weakness: Order, parameter: str | None, sound: bool) -> str:
        """The statements of an order."""
        guard, use = (_draw(options, self._statements) for options in (weakness.guards, weakness.uses))
        return weakness.statements(parameter or self._name(weakness.names), guard, use, sound=sound)

    def _name(self, telling: Sequence[str], noun: str = "") -> str:
        """A telling name or a neutral one, not yet in the function."""
        options = NEUTRAL_NAMES if self._names.random() < self._neutral else telling
        free = [name for name in (option.format(noun) for option in options) if name not in self._taken]
        name = _draw(free or [f"{NEUTRAL_NAMES[0]}_{len(self._taken)}"], self._names)
        self._taken.add(name)
        return name


def _draw(options: Sequence[T], rng: np.random.Generator) -> T:
    return options[int(rng.integers(len(options)))]


def _parameters(text: str) -> list[str]:
    function = ast.parse(text).body[0]
    assert isinstance(function, ast.FunctionDef)
    return [argument.arg for argument in function.args.args if argument.arg not in ("self", "cls")]


def _insert(text: str, lines: str) -> str:
    """The function with the lines before its first statement."""
    function = ast.parse(text).body[0]
    first = text.splitlines()[: function.body[0].lineno - 1]  # type: ignore[attr-defined]  # it is a FunctionDef
    rest = text.splitlines()[function.body[0].lineno - 1 :]  # type: ignore[attr-defined]
    return "\n".join((*first, textwrap.indent(lines, "    "), *rest))
