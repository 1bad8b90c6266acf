"""The report: complete, escaped, fetching nothing, and made without torch or Ray."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analysis import report
from analysis.examples import Piece, diff, excerpt
from robust_ray.core.records import AttackRecord
from tests.analysis.synthetic import tables, wide, write


class Page(HTMLParser):
    """What a page shows, and what it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.fetched: list[str] = []
        self.scripts = 0
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.scripts += tag == "script"
        values = dict(attrs)
        self.fetched += [str(values[name]) for name in ("src", "srcset", "data") if name in values]
        if tag != "a" and "href" in values:
            self.fetched.append(str(values["href"]))

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""
        if tag in ("td", "th", "dt"):
            self.words.append(" ")

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split()).replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module")
def html(store: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("report") / "new" / "report.html"
    assert report.main(["--store", str(store), "--sweep", "small", "--out", str(out)]) == 0
    return out.read_text()


def test_the_numbers_are_there(html: str) -> None:
    text = Page(html).text
    for expected in (
        "On 200 clean test examples the teacher is right on 84.0 % [78.3, 88.4]; counting words alone reaches 61.0 %.",
        "The most robust student is dynamic_quantization bits=8, with 63.3 % [45.5, 78.1], at 25.0 % of the teacher's",
        "that of magnitude_pruning sparsity=0.4 under alert: −23.3 [−40.0, −10.0] points",
        "differs from the teacher's by more than chance explains in 0 of 4 comparisons, after Holm's correction",
        "Robust accuracy: 0 of 4 tests below 0.05 after Holm's correction over the 4.",
        "3 settings over 2 conditions cannot be told apart: Friedman's chi-squared",
        "With 10 queries alert fools the teacher on 4.2 % [0.7, 20.2] of the examples it attempts, with 100 on 25.0 %",
        "Each of the 37 adversarial examples counted passed the validity check; 6 further claims",
        "defect_detection: test examples nearly the same as one of the training split: 4 of 200",
        "train 200 3 60.0 % 90 400 0 7 – – – – 0",
        "4.0 MB 2.0 MB 4.0 MB same dense size 0.25 G",
        "Not whole: 1 of 15 calls missing.",
        "ValueError: too deep",
        "RuntimeError: out of memory",
        "git checkout 0123456789abcdef",
        "Seeds 0",
        "robust-ray run sweeps/small.yaml",
    ):
        assert expected in text


def test_it_fetches_nothing(html: str) -> None:
    assert Page(html).fetched == []
    assert "default-src 'none'" in html
    style = html[html.index("<style>") : html.index("</style>")]
    assert not re.search(r"url\(|@import", style)


def test_code_is_escaped(html: str) -> None:
    page = Page(html)
    assert "<script>alert(1)" not in html
    assert 'puts("<script>alert(1)</script>");' in page.text
    assert page.scripts == html.count('class="chart"') + 3  # one specification a chart; data, libraries, our own
    assert "<del>count</del><ins>n_bytes</ins>" in html


def test_it_is_small_and_every_heading_sorts_by_keyboard(html: str) -> None:
    assert len(html.encode()) < 2_000_000
    headings = re.findall(r"<th [^>]*>(.*?)</th>", html)
    assert len(headings) > 20
    assert all(heading.startswith('<button type="button"') for heading in headings)


def test_the_default_place_is_in_the_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, tables())
    assert report.main(["--store", str(tmp_path)]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "report.html")
    assert (tmp_path / "report.html").exists()


def test_ten_thousand_rows_fit_in_five_megabytes(tmp_path: Path) -> None:
    rows = wide()
    assert sum(len(found) for ref, found in rows.items() if ref.table == AttackRecord.table) > 10_000
    write(tmp_path, rows)
    assert report.main(["--store", str(tmp_path)]) == 0
    html = (tmp_path / "report.html").read_text()
    assert len(html.encode()) < 5_000_000
    assert 100 < html.count('<article class="example"') <= 240


@pytest.mark.parametrize("kept", [{"evaluations"}, {"attacks"}, {"fidelity"}])
def test_a_study_in_progress_has_a_report(tmp_path: Path, kept: set[str]) -> None:
    write(tmp_path, {ref: rows for ref, rows in tables().items() if ref.table in kept})
    assert report.main(["--store", str(tmp_path)]) == 0


def test_a_remote_store_needs_a_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert report.main(["--store", "s3://bucket/results"]) == 2
    assert "add --out FILE" in capsys.readouterr().err


def test_a_diff_names_the_tokens_that_changed() -> None:
    assert diff("int a = b;", "int c = b;") == [
        Piece("same", "int "),
        Piece("old", "a"),
        Piece("new", "c"),
        Piece("same", " = b;"),
    ]


def test_an_excerpt_keeps_changed_lines_and_their_neighbours() -> None:
    before = "\n".join(f"line{i};" for i in range(20))
    lines = excerpt(diff(before, before.replace("line10", "name")))
    assert ["".join(piece.text for piece in line) for line in lines] == [
        "⋮",
        "line7;",
        "line8;",
        "line9;",
        "line10name;",
        "line11;",
        "line12;",
        "line13;",
        "⋮",
    ]


def test_neither_torch_nor_ray_is_imported(store: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from analysis import fidelity, pareto, report, robustness; "
        f"assert report.main(['--store', {str(store)!r}, '--out', {str(tmp_path / 'r.html')!r}]) == 0; "
        "found = {'torch', 'ray', 'transformers', 'optuna'} & set(sys.modules); assert not found, found"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
