"""Substitutes from programs of another class that look like the one under attack, as in CODA.

Paper: Tian et al., "Code Difference Guided Adversarial Example Generation for Deep Code Models", ASE 2023,
    https://arxiv.org/abs/2301.02412.
Official code: https://github.com/tianzhaotju/CODA, ``attacker.py`` of each task.
Deviations:
    - References are training programs of any other label; the paper takes those that the victim classifies correctly,
      of the class that it finds second likely. Ours are the same for every victim.
    - Programs are alike by their sequences of tokens without names, not by CodeBERT's embeddings
      (:mod:`robust_ray.attacks.substitutes.program_structure`).
    - Names are alike by vectors learned from the training corpus
      (:mod:`robust_ray.attacks.substitutes.name_vectors`), not by those of a fastText model trained elsewhere.
    - Of a pair of programs the first is compared; released code compares both.
    - Of equally similar names the first in the alphabet comes first; released code leaves that to a Python set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from robust_ray.attacks.base import SUBSTITUTES, Substitutes
from robust_ray.attacks.substitutes.name_vectors import Embedding, largest
from robust_ray.attacks.substitutes.program_structure import Structures
from robust_ray.attacks.substitutes.programs import Program, distinct, offer, read
from robust_ray.core.arrays import IntArray
from robust_ray.core.checks import at_least_one
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Example, generator
from robust_ray.core.machine import Machine
from robust_ray.core.records import SubstituteRecord
from robust_ray.source.identifiers import analyse
from robust_ray.source.renaming import is_fresh


@SUBSTITUTES.register("reference_identifiers")
@dataclass(frozen=True, kw_only=True)
class ReferenceIdentifiers(Substitutes):
    """Names of similar training programs of another class, the most similar ones first."""

    paper: ClassVar[str] = "Tian et al., ASE 2023, https://arxiv.org/abs/2301.02412"

    sample: int = 256
    """Programs drawn for an example, of those with at least as many variables and functions as it has."""

    references: int = 64
    """Programs of the sample whose names are offered, the most similar ones."""

    count: int = 64
    """Names offered for one name."""

    embedding: Embedding = field(default_factory=Embedding)
    """How alike two names are."""

    def __post_init__(self) -> None:
        at_least_one("references", self.references)
        at_least_one("count", self.count)
        if self.sample < self.references:
            raise SweepError(
                f"`sample >= references` must hold, but got {self.sample} and {self.references}; draw more programs"
            )

    def collect(
        self, corpus: Sequence[Example], attacked: Sequence[Example], machine: Machine
    ) -> list[SubstituteRecord]:
        """Find references for each example, and rank their names by cosine: variables for variables, functions for
        functions.

        An example that has more names than any program of another label is offered none.
        """
        programs = distinct(corpus)
        library = _Library(corpus, programs)
        vectors = self.embedding.learn(list(programs.values()))
        found = []
        for example in attacked:
            source = analyse(example.segments[0], example.language)
            program = read(source.text, source.language)
            references = self._references(program, example, library)
            for role, targets in enumerate(program.roles):
                choices = {name for reference in references for name in reference.roles[role] if is_fresh(source, name)}
                for target, ranked in vectors.nearest(targets, list(choices), self.count):
                    found += offer(self.type, ranked, uid=example.uid, identifier=target)
        return found

    def _references(self, program: Program, example: Example, library: _Library) -> list[Program]:
        """The programs of a random sample that look most like this one."""
        eligible = library.eligible(program, example)
        if not len(eligible):
            return []
        if len(eligible) > self.sample:
            eligible = np.sort(generator(self.type, example.uid).choice(eligible, self.sample, replace=False))
        similar = largest(library.structures.similarities(program, eligible), self.references)
        return [library.programs[place] for place in eligible[similar]]


class _Library:
    """The training programs that may be references, in an order that does not depend on that of the corpus."""

    def __init__(self, corpus: Sequence[Example], programs: Mapping[tuple[str, str], Program]) -> None:
        entries = sorted({(example.segments[0], example.language, example.label) for example in corpus})
        self.programs = [programs[text, language] for text, language, _ in entries]
        self.structures = Structures(self.programs)
        self._languages = np.array([language for _, language, _ in entries], dtype=str)
        self._labels = np.array([label for _, _, label in entries], dtype=np.int64)
        self._sizes = np.array([_sizes(program) for program in self.programs], dtype=np.int64).reshape(-1, 2)

    def eligible(self, program: Program, example: Example) -> IntArray:
        """Places of the programs with another label and at least as many names of each role."""
        is_large = (self._sizes >= _sizes(program)).all(axis=1)
        return np.flatnonzero(is_large & (self._labels != example.label) & (self._languages == example.language))


def _sizes(program: Program) -> tuple[int, int]:
    variables, functions = program.roles
    return len(variables), len(functions)
