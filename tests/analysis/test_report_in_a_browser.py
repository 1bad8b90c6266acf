"""The report as a reader meets it: in a real browser, headless, on a phone and on a desk, by mouse and by keyboard."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis import report
from tests.browser import Page, browsing, chromium

PHONE, DESK = 360, 1280
TABLE = "document.querySelector('[data-name=\"robustness\"]')"
POINT = "document.querySelector('#trade .chart [aria-roledescription=\"point\"]')"
DRAWN = "!document.querySelector('.chart[aria-busy]')"
SHOWN = f"[...{TABLE}.querySelectorAll('tbody tr')].filter(row => !row.hidden)"
EXAMPLE = "document.querySelector('.example:not([hidden])')"


@pytest.fixture(scope="module")
def file(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report on a sweep that is not finished."""
    out = tmp_path_factory.mktemp("report") / "report.html"
    assert report.main(["--store", str(store), "--sweep", "small", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One tab for all tests here."""
    program = chromium()
    if program is None:
        pytest.skip("no Chromium on this machine")
    with browsing(program, tmp_path_factory.mktemp("browser")) as page:
        yield page


@pytest.fixture
def page(browser: Page, file: Path) -> Page:
    """The report, freshly opened on a desk in light, everything drawn."""
    browser.look(width=DESK).open(file).wait(DRAWN)
    return browser


def focused(page: Page) -> str:
    """What the keyboard is at."""
    return str(page.ask("(document.activeElement.textContent || document.activeElement.ariaLabel).trim()"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_everything_is_drawn_and_fits(browser: Page, file: Path, width: int, scheme: str) -> None:
    browser.events.clear()
    browser.look(width=width, scheme=scheme).open(file).wait(DRAWN)
    charts = browser.ask(
        "[...document.querySelectorAll('.chart')].map(chart => chart.querySelectorAll('svg path').length)"
    )
    assert len(charts) >= 6
    assert all(paths > 5 for paths in charts)
    assert browser.ask("document.documentElement.scrollWidth") == width
    assert browser.complaints() == []
    assert [address for address in browser.requests() if not address.startswith("file:")] == []
    assert browser.requests() == [file.as_uri()]


def test_ink_and_paper_change_places_in_the_dark(browser: Page, file: Path) -> None:
    colours = "['color', 'backgroundColor'].map(name => getComputedStyle(document.body)[name])"
    label = "getComputedStyle(document.querySelector('.chart svg text')).fill"
    light = browser.look(width=DESK).open(file).ask(colours)
    browser.wait(DRAWN)
    of_chart = browser.ask(label)
    assert browser.look(width=DESK, scheme="dark").ask(colours) != light
    assert browser.ask(label) != of_chart
    for _ in ("light", "dark"):
        browser.click("document.querySelector('#theme')")
    assert browser.look(width=DESK).ask("document.documentElement.dataset.theme") == "dark"
    assert browser.ask(colours) != light
    assert browser.look(width=DESK, media="print").ask(colours)[0] == light[0]
    assert browser.ask("document.querySelector('.tools input').checkVisibility()") is False


def test_words_narrow_a_table(page: Page) -> None:
    assert page.ask(f"{SHOWN}.length") == 6
    page.ask(f"{TABLE}.querySelector('input').focus()")
    page.send("Input.insertText", text="Pruning mhm")
    assert page.ask(f"{SHOWN}.map(row => row.cells[0].textContent)") == ["magnitude_pruning sparsity=0.4"]
    assert page.ask(f"{TABLE}.querySelector('output').textContent") == "1 of 6 rows"


def test_a_heading_sorts_by_its_numbers(page: Page) -> None:
    heading = f"{TABLE}.querySelector('[data-name=asr]')"
    rates = f"{SHOWN}.map(row => parseFloat(row.cells[{heading}.cellIndex].textContent))"
    page.click(f"{heading}.querySelector('button')")
    assert page.ask(rates) == sorted(page.ask(rates), reverse=True)
    page.press("Enter")
    assert page.ask(rates) == sorted(page.ask(rates))
    assert page.ask(f"{heading}.ariaSort") == "ascending"


def test_a_table_is_taken_away_as_it_is_shown(page: Page, tmp_path: Path) -> None:
    page.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.ask(f"{TABLE}.querySelector('input').focus()")
    page.send("Input.insertText", text="alert")
    for kind in ("csv", "tex"):
        page.click(f"{TABLE}.querySelector('[data-as={kind}]')")
    wanted = [tmp_path / "robustness.csv", tmp_path / "robustness.tex"]
    while not all(path.exists() and path.stat().st_size for path in wanted):
        page.ask("new Promise(resolve => setTimeout(resolve, 50))")
    rows = list(csv.DictReader(wanted[0].read_text().splitlines()))
    assert {row["attack_name"] for row in rows} == {"alert"}
    teacher = next(row for row in rows if row["compression_name"] == "none (teacher)")
    assert float(teacher["asr"]) == pytest.approx(6 / 24)
    assert float(teacher["asr_low"]) < 0.25 < float(teacher["asr_high"])
    latex = wanted[1].read_text()
    assert latex.startswith(r"\begin{tabular}{ll")
    assert r"magnitude\_pruning sparsity=0.4 & alert" in latex


def test_a_point_leads_to_the_rows_of_its_student(page: Page) -> None:
    page.click(POINT)
    dialog = "document.querySelector('dialog[open]')"
    assert page.ask(f"{dialog}.querySelector('h2').textContent") in page.ask(
        "[...document.querySelectorAll('#trade td.w')].map(cell => cell.textContent)"
    )
    assert page.ask(f"{dialog}.querySelectorAll('tbody tr').length") > 5
    page.press("Escape")
    assert page.ask(f"{dialog} === null")


def test_a_name_does_so_by_keyboard_and_narrows_every_table(page: Page) -> None:
    page.ask(f"[...{TABLE}.querySelectorAll('td button')].at(-1).focus()")
    page.press("Enter")
    assert "sparsity" in page.ask("document.querySelector('dialog[open] dl').textContent")
    while focused(page) != "Only this one in all tables":
        page.press("Tab")
    page.press("Enter")
    assert page.ask("document.querySelector('dialog[open]') === null")
    names = "[...document.querySelectorAll('main tbody tr:not([hidden]) td.w')].map(cell => cell.textContent)"
    assert set(page.ask(names)) == {"magnitude_pruning sparsity=0.4"}


def test_examples_are_turned_like_pages(page: Page) -> None:
    said = "document.querySelector('.choose output').textContent"
    assert page.ask(said).startswith("1 of ")
    first = page.ask(f"{EXAMPLE}.textContent")
    page.click("document.querySelector('.choose [name=next]')")
    assert page.ask(said).startswith("2 of ")
    assert page.ask(f"{EXAMPLE}.textContent") != first
    assert page.ask(f"{EXAMPLE}.querySelector('ins').textContent") == "n_bytes"
    page.ask("document.querySelector('.choose [name=attack]').focus()")
    choose = "(() => {{ const menu = document.querySelector('.choose [name={0}]'); menu.selectedIndex = {1}; "
    choose += "menu.dispatchEvent(new Event('change')); }})()"
    page.ask(choose.format("attack", 2))
    assert page.ask(f"{EXAMPLE}.dataset.attack") == "mhm"
    page.ask(choose.format("victim", 1))
    assert page.ask("document.querySelectorAll('.example:not([hidden])').length") == 1


def test_the_keyboard_finds_everything_and_sees_where_it_is(page: Page) -> None:
    page.press("Tab")
    assert focused(page) == "To the summary"
    assert page.ask("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.press("Tab")
    assert focused(page) == "Summary"
    unnamed = "[...document.querySelectorAll('main button, main input, main select')]"
    unnamed += ".filter(thing => !(thing.textContent.trim() || thing.ariaLabel || thing.labels?.length)).length"
    assert page.ask(unnamed) == 0
    assert page.ask("document.querySelectorAll('[onclick]:not(button), [tabindex]:not([tabindex=\"0\"])').length") == 0
