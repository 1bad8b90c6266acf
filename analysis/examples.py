"""Adversarial examples worth looking at, and what changed in them, token by token."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Literal, NamedTuple

import pandas as pd

from analysis.operations import prepare, teacher_first
from robust_ray.core.records import Verdict

CONTEXT = 2
"""Unchanged lines shown around a changed one."""

LINES = 24
"""Lines of one example at most."""

_TOKENS = re.compile(r"\w+|\n|[^\S\n]+|[^\w\s]")


class Piece(NamedTuple):
    """A run of text."""

    kind: Literal["same", "old", "new", "gap"]
    text: str


class Shown(NamedTuple):
    """One adversarial example, ready to print."""

    victim: str
    attack: str
    uid: str
    renames: tuple[tuple[str, str], ...]
    change: str
    """What became of the answer, in words."""

    queries: int
    validity: str
    lines: tuple[tuple[Piece, ...], ...]


def pick(attacks: pd.DataFrame, limit: int = 6) -> list[Shown]:
    """The smallest successful change of every victim and attack, as many as ``limit``, victims taking turns."""
    won = prepare(attacks[attacks["verdict"] == Verdict.SUCCEEDED], teacher_first("attack_name"))
    smallest = won.sort_values(["tokens_changed", "uid"], kind="stable")
    cells = ["model_name", "task_name", "compression_name", "attack_name"]
    best = smallest.drop_duplicates(cells).sort_index()
    turns = best.assign(turn=best.groupby(cells[:3]).cumcount()).sort_values("turn", kind="stable")
    return [_shown(row) for row in turns.head(limit).itertuples(index=False)]


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
        victim=f"{row.compression_name} · {row.model_name} on {row.task_name}",
        attack=row.attack_name,
        uid=row.uid,
        renames=tuple(json.loads(row.renames).items()),
        change=_change(row),
        queries=row.queries,
        validity=row.validity or "not checked",
        lines=excerpt(diff(row.original, row.adversarial)),
    )
