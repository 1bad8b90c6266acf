"""The embedded defect-detection data: weaknesses seeded into functions of the standard library.

Every host function yields two examples, one of each class, that differ in which value goes where or in what comes
first. Names hint at the truth without deciding it: sound code is a little likelier to name its values tellingly, and a
telling name is what a renaming attack can take away.
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
from robust_ray.tasks._weaknesses import (
    CLEAN_NAMES,
    FLOWS,
    NEUTRAL_NAMES,
    NOTES,
    ORDERS,
    RAW_NAMES,
    SOURCES,
    Flow,
    Order,
)
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
    catalogue: tuple[Flow | Order, ...] = FLOWS if rng.random() < FLOW_SHARE else ORDERS
    weakness = _draw(catalogue, rng)
    parameters = [argument.arg for argument in _function(host.text).args.args if argument.arg not in ("self", "cls")]
    parameter = _draw(parameters, rng) if parameters and rng.random() < PARAMETER_SHARE else None
    examples = []
    for label, neutral in enumerate(NEUTRAL_SHARE):
        # Both variants draw their statements alike, and each its own names.
        words = _Words(host.text, generator("statements", host.uid), generator("names", host.uid, label), neutral)
        text = words.seeded(weakness, parameter, sound=label == 0)
        uid = f"{host.uid}/CWE-{weakness.cwe}/{label}"
        examples.append(Example(uid=uid, segments=(text,), label=label, language="python"))
    return examples


class _Words:
    """Draws what a catalogue entry leaves open, for one variant."""

    def __init__(self, host: str, statements: np.random.Generator, names: np.random.Generator, neutral: float) -> None:
        self._host = host
        self._taken = set(re.findall(r"\w+", host))
        self._statements = statements
        self._names = names
        self._neutral = neutral

    def seeded(self, weakness: Flow | Order, parameter: str | None, *, sound: bool) -> str:
        """The host with the seeded statements; they speak of ``parameter`` where there is one."""
        if isinstance(weakness, Flow):
            return _insert(self._host, self._flow(weakness, parameter, sound=sound))
        name = parameter or self._name(weakness.names)
        host = self._host if parameter else _with_parameter(self._host, name)
        guard, use = (_draw(options, self._statements) for options in (weakness.guards, weakness.uses))
        return _insert(host, weakness.statements(name, guard, use, sound=sound))

    def _flow(self, weakness: Flow, parameter: str | None, *, sound: bool) -> str:
        """The statements of a flow, after those that get the data if no parameter brings it."""
        source, note, sink = (_draw(options, self._statements) for options in (SOURCES, NOTES, weakness.sinks))
        raw = parameter or self._name(RAW_NAMES, weakness.noun)
        clean = self._name(CLEAN_NAMES, weakness.noun)
        lines = weakness.statements(raw, clean, note, sink, sound=sound)
        return lines if parameter else f"{source.format(name=raw, noun=weakness.noun)}\n{lines}"

    def _name(self, telling: Sequence[str], noun: str = "") -> str:
        """A telling name or a neutral one, not yet in the function."""
        options = NEUTRAL_NAMES if self._names.random() < self._neutral else telling
        free = [name for name in (option.format(noun) for option in options) if name not in self._taken]
        name = _draw(free or [f"{NEUTRAL_NAMES[0]}_{len(self._taken)}"], self._names)
        self._taken.add(name)
        return name


def _draw(options: Sequence[T], rng: np.random.Generator) -> T:
    return options[int(rng.integers(len(options)))]


def _insert(text: str, lines: str) -> str:
    """The function with the lines before its first statement."""
    cut = _function(text).body[0].lineno - 1
    before, after = text.splitlines()[:cut], text.splitlines()[cut:]
    return "\n".join((*before, textwrap.indent(lines, "    "), *after))


def _with_parameter(text: str, name: str) -> str:
    """The function with one more parameter: behind those without a default, or by keyword where none may follow."""
    function = _function(text)
    arguments = function.args
    plain = len(arguments.args) - len(arguments.defaults)
    if plain >= 0:
        arguments.args.insert(plain, ast.arg(name))
    else:
        arguments.kwonlyargs.append(ast.arg(name))
        arguments.kw_defaults.append(None)
    return ast.unparse(function)


def _function(text: str) -> ast.FunctionDef:
    function = ast.parse(text).body[0]
    assert isinstance(function, ast.FunctionDef)
    return function
