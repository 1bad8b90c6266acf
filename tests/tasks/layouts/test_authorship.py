"""Programs in one line, and who wrote them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.core.errors import DataError
from robust_ray.tasks import AuthorshipAttribution
from robust_ray.tasks.layouts.authorship import restored


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (r"def f():\n      return 1\n  \n  f()\n", "def f():\n    return 1\n\nf()\n"),
        (r"print 'a\n'\n  x = 1", "print 'a\\n'\nx = 1\n"),
        (r'print "it\'s\n"\n  x = 1', 'print "it\\\'s\\n"\nx = 1\n'),
        (r'"""Usage:\n      a\n  """\n  x = 1', '"""Usage:\n    a\n"""\nx = 1\n'),
        (r"# it's\n  x = 'b'\n", "# it's\nx = 'b'\n"),
        (r"x = 1\ny = 2", "x = 1\ny = 2\n"),
        (r"x = '\\'\ny = '\n'", "x = '\\\\'\ny = '\\n'\n"),
    ],
)
def test_lines_are_told_from_literals(line: str, wanted: str) -> None:
    assert restored(line) == wanted


@given(
    st.lists(
        st.sampled_from(["x = 1", "if x:", "    y = '\\n'", "# don't", 's = "a#b"', "", "print '%d\\n' % x"]),
        min_size=1,
    )
)
def test_what_was_written_in_one_line_comes_back(lines: list[str]) -> None:
    written = r"\n".join([lines[0], *(f"  {line}" for line in lines[1:])])
    assert restored(written).strip("\n") == "\n".join(lines).strip("\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, count in (("train", 16), ("valid", 2)):
        lines = [f"{name}_{author}_{i} = 1 <CODESPLIT> {author}" for author in ("10", "9") for i in range(count)]
        (tmp_path / f"{name}.txt").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_without_a_test_split_some_training_examples_validate(folder: Path) -> None:
    task = AuthorshipAttribution(data=str(folder))
    assert task.label_names == ("9", "10")
    texts = {split: [each.segments[0] for each in task.load(split)] for split in ("train", "valid", "test")}
    assert {split: len(each) for split, each in texts.items()} == {"train": 28, "valid": 4, "test": 4}
    assert all(text.startswith("train") for text in texts["train"] + texts["valid"])
    assert not set(texts["train"]) & set(texts["valid"])
    assert all(text.startswith("valid") for text in texts["test"])
    assert [each.label for each in task.load("test")] == [1, 1, 0, 0]


def test_with_a_test_split_each_file_is_one(folder: Path) -> None:
    (folder / "test.txt").write_text("only = 1 <CODESPLIT> 9\n")
    task = AuthorshipAttribution(data=str(folder))
    assert [len(task.load(split)) for split in ("train", "valid", "test")] == [32, 4, 1]


class TestMistakes:
    def test_an_author_who_is_not_known(self, folder: Path) -> None:
        (folder / "valid.txt").write_text("x = 1 <CODESPLIT> 11\n")
        with pytest.raises(
            DataError, match=r"valid\.txt:1: every author must have an example in train\.txt, but '11' has"
        ):
            AuthorshipAttribution(data=str(folder)).load("test")

    def test_a_line_without_an_author(self, folder: Path) -> None:
        (folder / "valid.txt").write_text("x = 1\n")
        with pytest.raises(DataError, match=r"valid\.txt:1: `code <CODESPLIT> author` must hold, but got 'x = 1'"):
            AuthorshipAttribution(data=str(folder)).load("test")

    def test_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="nowhere: a folder with the data set must be here, but there is none"):
            AuthorshipAttribution(data=str(tmp_path / "nowhere")).question  # noqa: B018
