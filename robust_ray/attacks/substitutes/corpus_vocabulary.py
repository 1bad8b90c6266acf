"""Substitutes from the training corpus: names that programmers of the same kind of code do use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from robust_ray.attacks.base import SUBSTITUTES, Substitutes
from robust_ray.attacks.substitutes.programs import may_be_given, offer
from robust_ray.core.checks import at_least_one
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.core.records import SubstituteRecord
from robust_ray.source.identifiers import analyse


@SUBSTITUTES.register("corpus_vocabulary")
@dataclass(frozen=True, kw_only=True)
class CorpusVocabulary(Substitutes):
    """The most frequent identifiers of the training corpus, offered for every name of every example."""

    limit: int = 5000
    """Names kept."""

    def __post_init__(self) -> None:
        at_least_one("limit", self.limit)

    def collect(
        self, corpus: Sequence[Example], attacked: Sequence[Example], machine: Machine
    ) -> list[SubstituteRecord]:
        """Count every name in every segment of ``corpus``; equally frequent ones are ranked by name."""
        occurrences: Counter[str] = Counter()
        programs = Counter((text, example.language) for example in corpus for text in example.segments)
        for (text, language), times in programs.items():
            for token in analyse(text, language).token_texts:
                if may_be_given(token, (language,)):
                    occurrences[token] += times
        ranked = sorted(occurrences.items(), key=lambda entry: (-entry[1], entry[0]))
        return offer(self.type, ((name, float(count)) for name, count in ranked[: self.limit]))
