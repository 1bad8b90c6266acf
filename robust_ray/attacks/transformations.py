"""Transformations: what may be changed in a program, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from robust_ray.attacks.base import Candidate
from robust_ray.source import renaming
from robust_ray.source.edits import Edit, edited
from robust_ray.source.identifiers import SourceCode


@dataclass(frozen=True)
class RenameIdentifiers:
    """New names for the identifiers a program binds itself, at every occurrence."""

    def targets(self, source: SourceCode) -> tuple[str, ...]:
        """Names the program binds, in order of first appearance."""
        return tuple(identifier.name for identifier in source.identifiers)

    def allows(self, source: SourceCode, name: str) -> bool:
        """Whether ``name`` is an identifier of the language that the program does not use yet."""
        return renaming.is_fresh(source, name)

    def edits(self, source: SourceCode) -> tuple[Edit, ...]:
        """None: statements stay as they are."""
        return ()

    def apply(self, source: SourceCode, renames: Mapping[str, str], edits: tuple[Edit, ...] = ()) -> Candidate | None:
        """The program with these edits and renames, or None if two edits overlap or two names would become one."""
        base = edited(source, edits)
        text = None if base is None else renaming.rename(base, renames)
        return None if text is None else Candidate(text, renames, edits)

    def masked(self, source: SourceCode, name: str, mask: str) -> list[Candidate]:
        """One probe for each occurrence of ``name``, that occurrence replaced by ``mask``."""
        return [Candidate(text, is_probe=True) for text in renaming.mask(source, name, mask)]
