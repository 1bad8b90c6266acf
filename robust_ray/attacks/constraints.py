"""Constraints: what a final program must be to count."""

from __future__ import annotations

from dataclasses import dataclass

from robust_ray.attacks.base import Candidate
from robust_ray.source import validity
from robust_ray.source.identifiers import SourceCode
from robust_ray.source.validity import Validity


@dataclass(frozen=True)
class Valid:
    """The program still parses, and binds the renamed names as the original bound the old ones."""

    def check(self, source: SourceCode, candidate: Candidate) -> Validity:
        """Judge the final text, from scratch: the splicing that made it is not trusted."""
        return validity.check(source, candidate.text, candidate.renames, candidate.edits)
