"""Transformations: what may be changed in a program, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from robust_ray.attacks.base import Candidate
from robust_ray.core.errors import SweepError, did_you_mean
from robust_ray.source import Kind, renaming
from robust_ray.source.edits import Edit, edited, edited_text
from robust_ray.source.identifiers import SourceCode
from robust_ray.source.statements import RULES

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class RenameIdentifiers:
    """New names for the identifiers a program binds itself, at every occurrence."""

    kinds: tuple[Kind, ...] = KINDS
    """What the names may stand for: functions, parameters, local variables."""

    def targets(self, source: SourceCode) -> tuple[str, ...]:
        """Names the program binds, in order of first appearance."""
        return tuple(identifier.name for identifier in source.identifiers if identifier.kind in self.kinds)

    def allows(self, source: SourceCode, name: str) -> bool:
        """Whether ``name`` is an identifier of the language that the program does not use yet."""
        return renaming.is_fresh(source, name)

    def edits(self, source: SourceCode) -> tuple[Edit, ...]:
        """None: statements stay as they are."""
        return ()

    def apply(self, source: SourceCode, renames: Mapping[str, str], edits: tuple[Edit, ...] = ()) -> Candidate | None:
        """The program with these edits and renames, or None if two edits overlap or two names would become one."""
        if renames:
            base = edited(source, edits)
            text = None if base is None else renaming.rename(base, renames)
        else:
            text = edited_text(source, edits)
        return None if text is None else Candidate(text, renames, edits)

    def masked(self, source: SourceCode, name: str, mask: str) -> list[Candidate]:
        """One probe for each occurrence of ``name``, that occurrence replaced by ``mask``."""
        return [Candidate(text, is_probe=True) for text in renaming.mask(source, name, mask)]


@dataclass(frozen=True)
class RenameAndEdit:
    """New names, and statements inserted or written in another way."""

    rules: tuple[str, ...]
    """Keys of :data:`robust_ray.source.statements.RULES`."""

    names: RenameIdentifiers = field(default_factory=RenameIdentifiers)
    """Which names may be changed."""

    def __post_init__(self) -> None:
        for rule in self.rules:
            if rule not in RULES:
                raise SweepError(f"statements: every rule must exist, but got {rule!r}; {did_you_mean(rule, RULES)}")

    def targets(self, source: SourceCode) -> tuple[str, ...]:
        """Names the program binds, in order of first appearance."""
        return self.names.targets(source)

    def allows(self, source: SourceCode, name: str) -> bool:
        """Whether ``name`` is an identifier of the language that the program does not use yet."""
        return self.names.allows(source, name)

    def edits(self, source: SourceCode) -> tuple[Edit, ...]:
        """What the rules find, in order of the text."""
        found = [edit for rule in self.rules for edit in RULES[rule](source)]
        return tuple(sorted(found, key=lambda edit: (edit.splices, edit.rule)))

    def apply(self, source: SourceCode, renames: Mapping[str, str], edits: tuple[Edit, ...] = ()) -> Candidate | None:
        """The program with these edits and renames, or None if two edits overlap or two names would become one."""
        return self.names.apply(source, renames, edits)

    def masked(self, source: SourceCode, name: str, mask: str) -> list[Candidate]:
        """One probe for each occurrence of ``name``, that occurrence replaced by ``mask``."""
        return self.names.masked(source, name, mask)


@dataclass(frozen=True)
class EditStatements(RenameAndEdit):
    """Statements inserted or written in another way; every name stays."""

    names: RenameIdentifiers = field(default=RenameIdentifiers(kinds=()), init=False)
    """None may be changed."""
