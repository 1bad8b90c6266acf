from __future__ import annotations

from pathlib import Path

import pytest

from robust_ray.attacks import CorpusEmbeddings
from robust_ray.attacks.offers import Offers
from robust_ray.core.component import Component
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.core.records import SubstituteRecord
from robust_ray.source.identifiers import analyse
from robust_ray.source.renaming import is_fresh
from robust_ray.tasks import TASKS
from tests.contracts import SubstitutesContract


class TestCorpusEmbeddings(SubstitutesContract):
    @pytest.fixture
    def substitutes(self) -> CorpusEmbeddings:
        return CorpusEmbeddings(count=5)


def example(text: str, uid: str = "0") -> Example:
    return Example(uid=uid, segments=(text,), label=0, language="python")


def offered(rows: list[SubstituteRecord], identifier: str) -> list[str]:
    return [row.substitute for row in rows if row.identifier == identifier]


def test_a_name_is_stored_once_for_all_examples() -> None:
    attacked = [example("def f(a): return a\n", uid) for uid in ("0", "1")]
    rows = CorpusEmbeddings().collect([example("def g(b, c): return b\n")], attacked, Machine())
    assert {row.uid for row in rows} == {None}
    assert offered(rows, "f") == ["g"], "functions for functions"
    assert set(offered(rows, "a")) == {"b", "c"}, "and variables for variables"
    assert len(rows) == 3


def test_what_is_a_function_here_and_a_variable_there_is_a_variable() -> None:
    attacked = [example("def f(a): return a\n", "0"), example("f = 1\n", "1")]
    rows = CorpusEmbeddings().collect([example("def g(b): return b\n")], attacked, Machine())
    assert offered(rows, "f") == ["b"]


def test_offers_no_more_than_asked() -> None:
    rows = CorpusEmbeddings(count=1).collect([example("b = c = d = 1\n")], [example("a = 1\n")], Machine())
    assert len(offered(rows, "a")) == 1


def test_refuses_to_offer_nothing() -> None:
    with pytest.raises(SweepError, match=r"`count >= 1` must hold, but got 0"):
        CorpusEmbeddings(count=0)


@pytest.mark.parametrize(
    ("task", "folder", "alike"),
    [
        ("defect_detection", "devign", {"i": {"j", "k"}, "size": {"len", "length"}, "ret": {"err", "result"}}),
        ("clone_detection", "bigclonebench", {"e": {"ex", "exception"}, "in": {"fis", "is"}, "out": {"fos", "os"}}),
    ],
)
def test_neighbours_on_real_code_are_what_a_programmer_might_write(
    shared_data: Path, task: str, folder: str, alike: dict[str, set[str]]
) -> None:
    data: Component = TASKS[task](data=str(shared_data / folder))  # type: ignore[call-arg]
    train, test = (data.load(split)[:800] for split in ("train", "test"))  # type: ignore[attr-defined]
    rows = CorpusEmbeddings().collect(train, test, Machine())
    for name, wanted in alike.items():
        assert wanted <= set(offered(rows, name)[:30]), "where attacks look"
    offers = Offers(rows)
    for each in test[:50]:
        source = analyse(each.segments[0], each.language)
        names = offers.names(each.uid, source.spans, lambda name: is_fresh(source, name))  # noqa: B023
        assert names.keys() == source.spans.keys(), "every name can be replaced"
