"""Adversarial examples worth looking at, and what changed in them, token by token."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby
from typing import Any, Literal, NamedTuple

import pandas as pd

from analysis.load import Rows, with_texts
from analysis.operations import prepare, teacher_first
from robust_ray.core.records import Verdict

CONTEXT = 3
"""Unchanged lines shown around a changed one."""

LINES = 32
"""Lines of one example at most."""

MOST = 240
"""Examples at most."""

CHARACTERS = 700_000
"""Of all programs together, as shown; with what marks the changes a megabyte on the page at most."""

VICTIM = ["model_name", "task_name", "compression_name"]

_TOKENS = re.compile(r"\w+|\n|[^\S\n]+|[^\w\s]")


class Piece(NamedTuple):
    """A run of text."""

    kind: Literal["same", "old", "new", "gap"]
    text: str


class Shown(NamedTuple):
    """One adversarial example, ready to print."""

    row: Any
    """Of the attacks: victim, attack, example, answers and queries."""

    change: str
    """What became of the answer, in words."""

    validity: str
    renames: tuple[tuple[str, str], ...]
    lines: tuple[tuple[Piece, ...], ...]

    @property
    def size(self) -> int:
        """Characters shown."""
        return sum(len(piece.text) for line in self.lines for piece in line)


def pick(rows: Rows) -> list[Shown]:
    """The smallest successful changes of every victim under every attack, as many of each as there is room for.

    Returns:
        By victim, then attack, then tokens changed.
    """
    shown = [_shown(row) for row in with_texts(rows, _smallest(rows.attacks)).itertuples(index=False)]
    room = (total <= CHARACTERS for total in accumulate(example.size for example in shown))
    kept = [example for example, fits in zip(shown, room, strict=True) if fits]
    return sorted(kept, key=lambda example: (example.row.place, example.row.turn))


def _smallest(attacks: pd.DataFrame) -> pd.DataFrame:
    """The rows to show, victims and attacks taking turns; ``place`` counts these pairs, ``turn`` the rows of one."""
    by = [*VICTIM, "attack_name"]
    won = attacks.loc[attacks["verdict"] == Verdict.SUCCEEDED, [*by, "tokens_changed", "uid"]]
    smallest = won.sort_values(["tokens_changed", "uid"], kind="stable")
    turns = smallest.groupby(by, observed=True).cumcount().sort_values(kind="stable").head(MOST)
    first = prepare(attacks.loc[turns.index].assign(turn=turns), teacher_first("attack_name"))
    places = first.assign(place=first.groupby(by, observed=True, sort=False).ngroup())
    return places.sort_values(["turn", "place"], kind="stable")


def diff(original: str, adversarial: str) -> list[Piece]:
    """What became of the original, as runs of same, old and new text."""
    before, after = _TOKENS.findall(original), _TOKENS.findall(adversarial)
    pieces: list[Piece] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(before[a:b])))
        else:
            pieces += [Piece("old", "".join(before[a:b])), Piece("new", "".join(after[c:d]))]
    return [piece for piece in pieces if piece.text]


def excerpt(pieces: Sequence[Piece]) -> tuple[tuple[Piece, ...], ...]:
    """The changed lines and a little around them, at most :data:`LINES`; a gap stands for what is left out."""
    lines = [line for line in _lines(pieces) if any(piece.kind != "same" or piece.text.strip() for piece in line)]
    changed = [i for i, line in enumerate(lines) if any(piece.kind != "same" for piece in line)]
    kept = sorted({j for i in changed for j in range(i - CONTEXT, i + CONTEXT + 1) if 0 <= j < len(lines)})
    shown: list[tuple[Piece, ...]] = []
    for previous, i in zip([-1, *kept], kept[:LINES], strict=False):
        if i > previous + 1:
            shown.append((Piece("gap", "⋮"),))
        shown.append(lines[i])
    if kept and (len(kept) > LINES or kept[-1] < len(lines) - 1):
        shown.append((Piece("gap", "⋮"),))
    return tuple(shown)


def _lines(pieces: Sequence[Piece]) -> Iterator[tuple[Piece, ...]]:
    """The pieces, cut at line ends."""
    numbered, line = [], 0
    for piece in pieces:
        for k, part in enumerate(piece.text.split("\n")):
            line += k > 0
            numbered.append((line, Piece(piece.kind, part)))
    for _, group in groupby(numbered, key=lambda entry: entry[0]):
        yield tuple(piece for _, piece in group if piece.text)


def _change(row: Any) -> str:
    after = "" if pd.isna(row.adversarial_confidence) else f" → {row.adversarial_confidence:.2f}"
    if pd.isna(row.adversarial_prediction):
        return f"the BLEU of the summary, which should say “{row.context[-1]}”, is {row.confidence:.2f}{after}"
    taken = f"class {row.label} taken for {int(row.adversarial_prediction)}"
    return f"{taken}, probability of the true class {row.confidence:.2f}{after}"


def _shown(row: Any) -> Shown:
    return Shown(
        row=row,
        change=_change(row),
        validity="nothing" if pd.isna(row.validity) else row.validity,
        renames=tuple(json.loads(row.renames).items()),
        lines=excerpt(diff(row.original, row.adversarial)),
    )
