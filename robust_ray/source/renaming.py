"""Replace names by splicing bytes at spans found once: a few microseconds a program, no parsing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from robust_ray.source.identifiers import SourceCode
from robust_ray.source.languages import is_identifier, is_of_library, is_reserved


def is_fresh(source: SourceCode, name: str) -> bool:
    """Whether ``name`` can be given to an identifier: lexically one, not reserved, and nowhere in the text."""
    return name not in source.names and _may_be_a_name(name, source.language)


@lru_cache(maxsize=65536)
def _may_be_a_name(name: str, language: str) -> bool:
    """Remembered: a search tries the same few thousand names over and over."""
    return is_identifier(name, language) and not is_reserved(name, language)


def suits(source: SourceCode, old: str, new: str) -> bool:
    """Whether ``new`` can be given to ``old``: it is fresh, and where ``old`` is a function, of no library."""
    return is_fresh(source, new) and not (old in source.functions and is_of_library(new, source.language))


def rename(source: SourceCode, renames: Mapping[str, str]) -> str | None:
    """The program with every occurrence of each name replaced; a name may also be mapped to itself.

    Args:
        source: The original program.
        renames: Original name → new name.

    Returns:
        The new text, or None where the result would be another program: a name that is unknown or not safe to change, a
        new name that does not suit it, or two names that would become one.
    """
    changes = {old: new for old, new in renames.items() if old != new}
    if len(set(changes.values())) < len(changes) or not renames.keys() <= source.spans.keys():
        return None
    if not all(suits(source, old, new) for old, new in changes.items()):
        return None
    edits = [(start, end, new.encode()) for old, new in changes.items() for start, end in source.spans[old]]
    return splice(source.data, sorted(edits))


def mask(source: SourceCode, name: str, mask: str) -> list[str]:
    """The program once for each occurrence of ``name``, with that one occurrence replaced by ``mask``.

    These are questions to a model, not programs; a name that may not be changed has none.
    """
    return [splice(source.data, [(start, end, mask.encode())]) for start, end in source.spans.get(name, ())]


def splice(data: bytes, edits: Sequence[tuple[int, int, bytes]]) -> str:
    """Replace byte ranges, which are sorted and do not overlap."""
    pieces: list[bytes] = []
    at = 0
    for start, end, new in edits:
        pieces += (data[at:start], new)
        at = end
    pieces.append(data[at:])
    return b"".join(pieces).decode("utf-8", "surrogatepass")
