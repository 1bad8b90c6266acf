"""What a paper claims and what rows say about it: findings as data, one rule for the verdict, one sentence for each."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import pandas as pd

from analysis.significance import LEVEL, p_value
from analysis.statistics import holm
from analysis.tables import NO_BREAK, Column, Form, count, number, percent, points, relative, text

RULE = (
    "Supported: the whole 95 % interval lies on the side of the claim, and the p-value is below "
    f"{LEVEL} after Holm's correction over all tests of the page. Contradicted: the same, on the other side. "
    "Not settled: anything else. Where the test has no interval, the p-value alone decides, and can only support; "
    "where a claim is of a margin or of the largest of many, there is no test, and the interval alone decides. "
    "Not measured: rows are missing."
)
"""How a verdict is reached; :func:`rule` does it."""


BY_INTERVAL = "judged by its interval"
"""In place of a test's name, where a claim is of a margin."""


class Ruling(enum.StrEnum):
    """What rows say about a claim."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    NOT_SETTLED = "not settled"
    NOT_MEASURED = "not measured"


class Side(enum.StrEnum):
    """Where the effect lies if the claim is true."""

    ABOVE = "above"
    BELOW = "below"


class Scale(NamedTuple):
    """How an effect is printed."""

    form: Form
    unit: str = ""


def signed(value: float) -> str:
    """A difference of measurements."""
    return ("+" if value >= 0 else "−") + number(abs(value))


POINTS = Scale(points, "points")
SHARE = Scale(percent)
RELATIVE = Scale(relative)
NUMBER = Scale(signed)
PLAIN = Scale(number)


class Evidence(NamedTuple):
    """What was measured of a claim; ``missing`` says what was not, and then there is nothing else."""

    test: str = ""
    n: int = 0
    unit: str = "examples"
    """What ``n`` counts."""

    effect: float | None = None
    low: float | None = None
    high: float | None = None
    """Ends of its 95 % interval; None where the test has none."""

    p_value: float | None = None
    """Two-sided; None where the interval alone decides."""

    agree: tuple[int, int] | None = None
    """Conditions whose effect has the sign of the whole, and all conditions."""

    note: str = ""
    """Whose effect it is, where it is not that of all."""

    missing: str = ""


Rows = TypeVar("Rows")


@dataclass(frozen=True, kw_only=True)
class Finding(Generic[Rows]):
    """One claim of a paper, and how rows are asked about it."""

    id: str
    """Short name, unique on its page."""

    question: str
    """The research question it belongs to."""

    claim: str
    """In our own words."""

    source: str
    """Where the paper makes it; or who asks."""

    measure: str
    """What the effect is."""

    evidence: Callable[[Rows], Evidence]
    side: Side
    bound: float = 0.0
    """What the effect must lie above or below."""

    scale: Scale = POINTS


class Judged(NamedTuple):
    """A finding with its verdict."""

    finding: Finding[Any]
    evidence: Evidence
    p_holm: float | None
    family: int
    """Tests of the page."""

    ruling: Ruling

    @property
    def sentence(self) -> str:
        """The verdict and what is behind it."""
        return f"{self.ruling.capitalize()}: {_because(self)}."


def judge(findings: Sequence[Finding[Rows]], rows: Rows) -> list[Judged]:
    """Ask the rows about every finding; all their tests are one family."""
    found = [finding.evidence(rows) for finding in findings]
    raw = [math.nan if evidence.p_value is None else evidence.p_value for evidence in found]
    adjusted = [None if math.isnan(p) else float(p) for p in holm(raw)]
    family = sum(p is not None for p in adjusted)
    return [
        Judged(finding, evidence, p, family, rule(finding, evidence, p))
        for finding, evidence, p in zip(findings, found, adjusted, strict=True)
    ]


def rule(finding: Finding[Any], evidence: Evidence, p_holm: float | None) -> Ruling:
    """The verdict, by :data:`RULE`."""
    if evidence.missing:
        return Ruling.NOT_MEASURED
    if p_holm is not None and p_holm >= LEVEL:
        return Ruling.NOT_SETTLED
    if evidence.low is None or evidence.high is None:
        return Ruling.SUPPORTED if p_holm is not None else Ruling.NOT_SETTLED
    is_above, is_below = evidence.low > finding.bound, evidence.high < finding.bound
    claimed, other = (is_above, is_below) if finding.side is Side.ABOVE else (is_below, is_above)
    return Ruling.SUPPORTED if claimed else Ruling.CONTRADICTED if other else Ruling.NOT_SETTLED


def _because(judged: Judged) -> str:
    finding, evidence = judged.finding, judged.evidence
    if evidence.missing:
        return evidence.missing
    form, unit = finding.scale
    effect = "–" if evidence.effect is None else form(evidence.effect)
    words = [f"{finding.measure} is", f"{effect}{NO_BREAK}{unit}" if unit else effect]
    if evidence.low is not None and evidence.high is not None:
        words.append(f"[{form(evidence.low)}, {form(evidence.high)}]".replace(" ", NO_BREAK))
    if evidence.note:
        words.append(f"({evidence.note})")
    words.append(f"on {count(evidence.n)} {evidence.unit}")
    tested = evidence.test
    if evidence.p_value is not None and judged.p_holm is not None:
        corrected = p_value(judged.p_holm)
        tested += f", p{NO_BREAK}{p_value(evidence.p_value)}, {corrected} after Holm over {judged.family} tests"
    sentence = " ".join([*words, f"({tested})"])
    if finding.bound:
        needed = f"{form(finding.bound)}{NO_BREAK}{unit}" if unit else form(finding.bound)
        sentence += f", where the claim needs it {finding.side} {needed}"
    if evidence.agree is None:
        return sentence
    agreeing, conditions = evidence.agree
    return f"{sentence}; {agreeing} of {conditions} condition{'s' * (conditions != 1)} point that way"


COLUMNS = [
    Column("claim", "claim", text),
    Column("ruling", "verdict", text),
    Column("shown", "effect", text, "With its 95 % interval."),
    Column("n", "n", count, "What the test was of."),
    Column("test", "test", text),
    Column("p_value", "p", p_value, "Two-sided."),
    Column("p_holm", "p (Holm)", p_value, "Corrected for all tests of the page."),
    Column("conditions", "agree", text, "Conditions (a model, a task and an attack) whose effect has the same sign."),
]


def table(judged: Sequence[Judged]) -> pd.DataFrame:
    """One row a finding."""
    return pd.DataFrame([_row(each) for each in judged])


def _row(judged: Judged) -> dict[str, Any]:
    finding, evidence = judged.finding, judged.evidence
    return {
        "id": finding.id,
        "question": finding.question,
        "claim": finding.claim,
        "source": finding.source,
        "ruling": judged.ruling.value,
        "measure": finding.measure,
        "side": finding.side.value,
        "bound": finding.bound,
        "unit": evidence.unit,
        "shown": _shown(judged),
        "effect": evidence.effect,
        "effect_low": evidence.low,
        "effect_high": evidence.high,
        "n": None if evidence.missing else evidence.n,
        "test": evidence.test or None,
        "p_value": evidence.p_value,
        "p_holm": judged.p_holm,
        "family": judged.family,
        "conditions": None if evidence.agree is None else "{} of {}".format(*evidence.agree),
        "sentence": judged.sentence,
    }


def _shown(judged: Judged) -> str | None:
    form, evidence = judged.finding.scale.form, judged.evidence
    if evidence.effect is None:
        return None
    if evidence.low is None or evidence.high is None:
        return form(evidence.effect)
    return f"{form(evidence.effect)} [{form(evidence.low)}, {form(evidence.high)}]"
