"""Constraints: what a final program must be to count."""

from __future__ import annotations

from dataclasses import dataclass

from robust_ray.attacks.base import Candidate, Constraint
from robust_ray.source import validity
from robust_ray.source.compilers import prefetch
from robust_ray.source.identifiers import SourceCode
from robust_ray.source.validity import Validity


@dataclass(frozen=True)
class Valid(Constraint):
    """The program parses, binds its names and compiles as the original does."""

    def prepare(self, source: SourceCode) -> None:
        """Ask the compiler about the original while the victim is busy."""
        prefetch(source.text, source.language)

    def check(self, source: SourceCode, candidate: Candidate) -> Validity:
        """Judge the final text, from scratch: the splicing that made it is not trusted."""
        return validity.check(source, candidate.text, candidate.renames, candidate.edits)
