"""What a tokenizer puts around segments, and how it cuts two that are too long together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from robust_ray.models.reading.encoding import Row, Rows, count, pack


@dataclass(frozen=True)
class Template:
    """Special tokens before, between and after one or two segments."""

    ids: tuple[Row, ...]
    """One more than there are segments."""

    types: tuple[Row, ...] | None
    """Their token types; None where the network has none."""

    type_of: tuple[Row, ...]
    """One token type for each segment."""

    @property
    def added(self) -> int:
        """Special tokens."""
        return sum(map(count, self.ids))

    def fill(self, *segments: Row) -> Rows:
        """The tokenizer's row for the segments' token ids, and its token types where the network has some."""
        ids = _weave(self.ids, segments)
        if self.types is None:
            return (ids,)
        return ids, _weave(self.types, [kind * count(row) for kind, row in zip(self.type_of, segments, strict=True)])


def learn(tokenizer: Any, segments: int, *, has_types: bool) -> Template | None:
    """What a tokenizer does to one or two segments; None where it does not keep them in order."""
    encoded = tokenizer(*["x"] * segments)[0]
    tokens = list(zip(encoded.sequence_ids, encoded.ids, encoded.type_ids, strict=True))
    runs = [(whose, list(run)) for whose, run in groupby(tokens, key=lambda token: token[0])]
    if [whose for whose, _ in runs if whose is not None] != list(range(segments)):
        return None
    ids, types, type_of = [pack([])], [pack([])], []
    for whose, run in runs:
        if whose is None:
            ids[-1], types[-1] = pack(token[1] for token in run), pack(token[2] for token in run)
        else:
            ids.append(pack([]))
            types.append(pack([]))
            type_of.append(pack([run[0][2]]))
    return Template(tuple(ids), tuple(types) if has_types else None, tuple(type_of))


def longest_first(first: int, second: int, room: int) -> tuple[int, int]:
    """Tokens kept of two segments that share ``room``: the longer one gives way until both are equally long.

    Source: ``truncate_encodings`` of Hugging Face tokenizers, ``LongestFirst``.
    """
    if first + second <= room:
        return first, second
    short, long = sorted((first, second))
    if 2 * short >= room:
        short, long = room // 2, room - room // 2
    else:
        long = room - short
    return (long, short) if first > second else (short, long)


def _weave(fixed: Sequence[Row], segments: Sequence[Row]) -> Row:
    return b"".join([fixed[0], *(part for pair in zip(segments, fixed[1:], strict=True) for part in pair)])
