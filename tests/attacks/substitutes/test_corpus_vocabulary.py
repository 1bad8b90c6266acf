from __future__ import annotations

import pytest

from robust_ray.attacks import CorpusVocabulary
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from tests.contracts import SubstitutesContract


class TestCorpusVocabulary(SubstitutesContract):
    @pytest.fixture
    def substitutes(self) -> CorpusVocabulary:
        return CorpusVocabulary()


def corpus(*texts: str) -> list[Example]:
    return [Example(uid=str(i), segments=(text,), label=0, language="python") for i, text in enumerate(texts)]


def test_ranks_names_by_frequency_then_alphabet() -> None:
    rows = CorpusVocabulary().collect(corpus("b = a + a\n", "a = c\n", "if b: print('d')\n"), [], Machine())
    assert [(row.substitute, row.score) for row in rows][:3] == [("a", 3.0), ("b", 2.0), ("c", 1.0)]
    assert [row.rank for row in rows] == list(range(len(rows)))
    assert "d" not in {row.substitute for row in rows}, "a word in a string is not a name"


def test_offers_names_to_everyone() -> None:
    (row, *_) = CorpusVocabulary().collect(corpus("a = 1\n"), [], Machine())
    assert (row.key, row.source, row.uid, row.identifier) == ("", "corpus_vocabulary", None, None)


def test_keeps_the_most_frequent() -> None:
    rows = CorpusVocabulary(limit=1).collect(corpus("b = a + a\n"), [], Machine())
    assert [row.substitute for row in rows] == ["a"]


def test_counts_a_program_as_often_as_it_occurs() -> None:
    rows = CorpusVocabulary().collect(corpus("a = 1\n", "a = 1\n", "b = b\n", "b = 1\n"), [], Machine())
    assert {row.substitute: row.score for row in rows} == {"b": 3.0, "a": 2.0}
