"""The few kinds of step that move values between variables, the same for all languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

FlowKind = Literal["comesFrom", "computedFrom"]

Key = int | str
"""What tells variables apart: the number of a declaration in the text, or the spelling of what has none."""


class Variable(NamedTuple):
    """One token that names or is a value: an identifier, a type, a literal."""

    token: int
    key: Key
    is_name: bool
    """Whether later tokens of the same key are the same value."""


class Read(NamedTuple):
    """A variable is used, or seen for the first time."""

    variable: Variable


class Assign(NamedTuple):
    """Every target gets its value from all sources; from none where it is only declared."""

    kind: FlowKind
    targets: Sequence[Variable]
    sources: Sequence[Variable]
    is_joined: bool
    """Whether all sources of a target are one flow, or a flow each."""


class Branch(NamedTuple):
    """One of the blocks is run, or none of them."""

    blocks: Sequence[Sequence[Step]]
    may_skip: bool


class Loop(NamedTuple):
    """``head`` is run once, ``body`` again and again."""

    head: Sequence[Step]
    body: Sequence[Step]


Step = Read | Assign | Branch | Loop
