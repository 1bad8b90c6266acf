"""Substitutes that are used like the name they replace, learned from the training corpus: natural names, offline.

It stands in for the masked language model of ALERT (Yang et al., ICSE 2022), where none can be had: no download, no
network, seconds on a processor.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from robust_ray.attacks.base import SUBSTITUTES, Substitutes
from robust_ray.attacks.substitutes.name_vectors import Embedding
from robust_ray.attacks.substitutes.programs import Program, distinct, may_be_given, offer, read
from robust_ray.core.checks import at_least_one
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.core.records import SubstituteRecord


@SUBSTITUTES.register("corpus_embeddings")
@dataclass(frozen=True, kw_only=True)
class CorpusEmbeddings(Substitutes):
    """Names of the training corpus that are used and spelt most like the one they replace."""

    count: int = 60
    """Names offered for one name; those that occur in a program are not given in it."""

    embedding: Embedding = field(default_factory=Embedding)
    """How alike two names are."""

    def __post_init__(self) -> None:
        at_least_one("count", self.count)

    def collect(
        self, corpus: Sequence[Example], attacked: Sequence[Example], machine: Machine
    ) -> list[SubstituteRecord]:
        """Rank the corpus's names by cosine; names that the corpus does not know are placed by their spelling.

        Variables are offered for variables, functions for functions, and variables for what is both. A name is offered
        the same in every example, so it has its rows once.
        """
        programs = list(distinct(corpus).values())
        languages = {example.language for example in attacked}
        wanted = [read(example.segments[0], example.language) for example in attacked]
        vectors = self.embedding.learn(programs)
        variables, functions = _names(wanted)
        found = []
        for targets, known in zip((variables, functions - variables), _names(programs), strict=True):
            choices = [name for name in known if may_be_given(name, languages)]
            for target, ranked in vectors.nearest(sorted(targets), choices, self.count):
                found += offer(self.type, ranked, identifier=target)
        return found


def _names(programs: Iterable[Program]) -> tuple[set[str], set[str]]:
    """Names of variables and of functions."""
    variables: set[str] = set()
    functions: set[str] = set()
    for program in programs:
        for names, found in zip((variables, functions), program.roles, strict=True):
            names.update(found)
    return variables, functions
