from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from robust_ray.attacks import SubstitutesFile
from robust_ray.attacks.offers import Offers
from robust_ray.core.errors import DataError
from robust_ray.core.examples import Example
from robust_ray.core.identity import digest
from robust_ray.core.machine import Machine
from robust_ray.core.records import SubstituteRecord
from robust_ray.source.identifiers import analyse
from robust_ray.source.renaming import is_fresh
from robust_ray.tasks import TASKS
from tests.contracts import SubstitutesContract

LISTS = {"a": ["first", " second", "third"]}


def written(path: Path, *rows: object) -> SubstitutesFile:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return SubstitutesFile(path=str(path))


class TestSubstitutesFile(SubstitutesContract):
    @pytest.fixture
    def substitutes(self, tmp_path: Path, attacked: list[Example]) -> SubstitutesFile:
        rows = [{"idx": example.uid, "substitutes": LISTS} for example in attacked]
        hostile = {"idx": "bad-c-0", "substitutes": {"\udce9": ["b"], "a": ["\ud800", "", "\0", "int", "2b"]}}
        return written(tmp_path / "names.jsonl", *rows, hostile)


def example(uid: str, language: str = "c") -> Example:
    return Example(uid=uid, segments=("int a;",), label=0, language=language)


def names(rows: list[SubstituteRecord]) -> list[tuple[str | None, str | None, str, int]]:
    return [(row.uid, row.identifier, row.substitute, row.rank) for row in rows]


def collected(tmp_path: Path, *rows: object, uid: str = "7", language: str = "c") -> list[SubstituteRecord]:
    return written(tmp_path / "names.jsonl", *rows).collect([], [example(uid, language)], Machine())


def test_the_order_of_the_file_is_the_rank(tmp_path: Path) -> None:
    rows = collected(tmp_path, {"idx": 7, "substitutes": LISTS})
    assert names(rows) == [("7", "a", "first", 0), ("7", "a", "second", 1), ("7", "a", "third", 2)]


def test_blanks_are_stripped_and_what_is_no_name_is_dropped(tmp_path: Path) -> None:
    raw = [" b", "b", "return", "c d", "2c", "größe", "", "d"]
    assert [row.substitute for row in collected(tmp_path, {"idx": 7, "substitutes": {"a": raw}})] == ["b", "d"]
    rows = collected(tmp_path, {"idx": 7, "substitutes": {"a": raw}}, language="python")
    assert [row.substitute for row in rows] == ["b", "größe", "d"]


def test_pairs_are_found_by_both_ids(tmp_path: Path) -> None:
    rows = collected(tmp_path, {"id1": "8", "id2": 9, "substitutes": LISTS}, uid="8-9")
    assert {row.uid for row in rows} == {"8-9"}


def test_what_occurs_twice_belongs_to_the_second_such_example(tmp_path: Path) -> None:
    twice = [{"idx": 7, "substitutes": {"a": [name]}} for name in ("first", "second")]
    assert names(collected(tmp_path, *twice, uid="7#2")) == [("7#2", "a", "second", 0)]


def test_blank_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "names.jsonl"
    path.write_text("\n" + json.dumps({"idx": 7, "substitutes": LISTS}) + "\n\n")
    assert len(SubstitutesFile(path=str(path)).collect([], [example("7"), example("8")], Machine())) == 3


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (b"{", "every line must be JSON in UTF-8, but got Expecting property name"),
        (b"\xff", "every line must be JSON in UTF-8, but got"),
        (b"[" * 100_000, "every line must be JSON in UTF-8, but got"),
        (b"[7]", r"every line must be a JSON object, but got b'\[7\]"),
        (b'{"substitutes": {}}', "must say which example .* but got substitutes; correct the line"),
        (b"{}", "must say which example .* but got no field; correct the line"),
        (b'{"idx": true, "substitutes": {}}', "must say which example"),
        (b'{"id1": 7, "substitutes": {}}', "must say which example"),
        (b'{"idx": 7}', "`substitutes` must be an object that gives each name a list of texts, but got None"),
        (b'{"idx": 7, "substitutes": ["b"]}', r"but got \['b'\]; correct the line"),
        (b'{"idx": 7, "substitutes": {"a": "b"}}', "but got {'a': 'b'}; correct the line"),
        (b'{"idx": 7, "substitutes": {"a": [1]}}', r"but got {'a': \[1\]}; correct the line"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: bytes, wrong: str) -> None:
    path = tmp_path / "names.jsonl"
    path.write_bytes(b'{"idx": 7, "substitutes": {}}\n' + line + b"\n")
    with pytest.raises(DataError, match=rf"names\.jsonl:2: .*{wrong}"):
        SubstitutesFile(path=str(path)).collect([], [example("7")], Machine())


def test_a_file_about_other_examples_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"of its 1 lines none is about one of the 1 examples; give the file"):
        collected(tmp_path, {"idx": 8, "substitutes": LISTS})


def test_a_missing_file_is_refused_before_anything_runs(tmp_path: Path) -> None:
    missing = SubstitutesFile(path=str(tmp_path))
    for look in (missing.revision, lambda: missing.collect([], [example("7")], Machine())):
        with pytest.raises(DataError, match=r"a file with substitutes must be here, but there is none; correct `path`"):
            look()


def test_it_is_known_by_its_content_not_its_place(tmp_path: Path) -> None:
    row: dict[str, Any] = {"idx": 7, "substitutes": LISTS}
    first, second = written(tmp_path / "one.jsonl", row), written(tmp_path / "two.jsonl", row)
    assert digest(first) == digest(second)
    assert digest(first) != digest(written(tmp_path / "two.jsonl", row, row))


def test_a_home_folder_may_be_written_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    written(tmp_path / "names.jsonl", {"idx": 7, "substitutes": LISTS})
    assert len(SubstitutesFile(path="~/names.jsonl").collect([], [example("7")], Machine())) == 3


@pytest.mark.parametrize(("task", "folder"), [("defect_detection", "devign"), ("clone_detection", "bigclonebench")])
def test_the_published_files_fit_their_data_sets(shared_data: Path, task: str, folder: str) -> None:
    test = TASKS[task](data=str(shared_data / folder)).load("test")  # type: ignore[call-arg]
    published = SubstitutesFile(path=str(shared_data / folder / "test_substitutes.jsonl"))
    rows = published.collect([], test, Machine())
    assert len({row.uid for row in rows}) > 0.95 * len(test)
    offers = Offers(rows)
    wanted = given = 0
    for each in test[:100]:
        source = analyse(each.segments[0], each.language)
        wanted += len(source.identifiers)
        given += len(offers.names(each.uid, source.spans, lambda name: is_fresh(source, name)))  # noqa: B023
    assert given > 0.6 * wanted
