"""The rule from evidence to verdict, and the sentences that are made of it."""

from __future__ import annotations

import pytest

from analysis.papers.findings import POINTS, RELATIVE, Evidence, Finding, Judged, Ruling, Side, judge, table


def finding(evidence: Evidence, side: Side = Side.ABOVE, **changes: object) -> Finding[None]:
    values: dict[str, object] = {
        "id": "one",
        "question": "Is it?",
        "claim": "It is",
        "source": "a paper",
        "measure": "the effect",
        "evidence": lambda _: evidence,
        "side": side,
    }
    return Finding(**values | changes)  # type: ignore[arg-type]


def ruling(evidence: Evidence, side: Side = Side.ABOVE, **changes: object) -> Ruling:
    return judge([finding(evidence, side, **changes)], None)[0].ruling


def seen(effect: float, half: float, p_value: float | None) -> Evidence:
    return Evidence(test="a test", n=40, effect=effect, low=effect - half, high=effect + half, p_value=p_value)


@pytest.mark.parametrize(
    ("evidence", "side", "expected"),
    [
        (seen(0.2, 0.1, 0.001), Side.ABOVE, Ruling.SUPPORTED),
        (seen(0.2, 0.1, 0.001), Side.BELOW, Ruling.CONTRADICTED),
        (seen(-0.2, 0.1, 0.001), Side.BELOW, Ruling.SUPPORTED),
        (seen(-0.2, 0.1, 0.001), Side.ABOVE, Ruling.CONTRADICTED),
        (seen(0.2, 0.3, 0.001), Side.ABOVE, Ruling.NOT_SETTLED),
        (seen(0.2, 0.1, 0.05), Side.ABOVE, Ruling.NOT_SETTLED),
        (Evidence(missing="nothing there"), Side.ABOVE, Ruling.NOT_MEASURED),
    ],
)
def test_interval_and_test_must_both_agree(evidence: Evidence, side: Side, expected: Ruling) -> None:
    assert ruling(evidence, side) is expected


def test_a_margin_is_judged_by_its_interval() -> None:
    assert ruling(seen(0.0, 0.01, None), bound=-0.02) is Ruling.SUPPORTED
    assert ruling(seen(-0.01, 0.02, None), bound=-0.02) is Ruling.NOT_SETTLED
    assert ruling(seen(-0.05, 0.02, None), bound=-0.02) is Ruling.CONTRADICTED


def test_a_test_without_interval_can_only_support() -> None:
    assert ruling(Evidence(test="Friedman", n=4, effect=9.0, p_value=0.01)) is Ruling.SUPPORTED
    assert ruling(Evidence(test="Friedman", n=4, effect=9.0, p_value=0.2)) is Ruling.NOT_SETTLED


def test_all_tests_of_a_page_are_one_family_and_no_other_claim_is_in_it() -> None:
    clear = finding(seen(0.2, 0.1, 0.02))
    assert judge([clear], None)[0].ruling is Ruling.SUPPORTED
    others = [finding(seen(0.0, 0.1, 0.9)), finding(seen(0.0, 0.1, None)), finding(Evidence(missing="gone"))]
    first, *rest = judge([clear, *others, finding(seen(0.2, 0.1, 0.03))], None)
    assert first.p_holm == pytest.approx(3 * 0.02)
    assert first.family == 3
    assert first.ruling is Ruling.NOT_SETTLED
    assert [each.p_holm for each in rest[1:3]] == [None, None]


def sentence(evidence: Evidence, **changes: object) -> str:
    judged: Judged = judge([finding(evidence, Side.ABOVE, **changes)], None)[0]
    return judged.sentence.replace("\N{NO-BREAK SPACE}", " ")


def test_a_sentence_holds_every_number() -> None:
    found = seen(0.2, 0.1, 0.001)._replace(agree=(3, 4))
    assert sentence(found, scale=POINTS) == (
        "Supported: the effect is +20.0 points [+10.0, +30.0] on 40 examples "
        "(a test, p 0.001, 0.001 after Holm over 1 tests); 3 of 4 conditions point that way."
    )
    assert sentence(Evidence(missing="no attack on pruned models")) == "Not measured: no attack on pruned models."
    told = sentence(seen(100.0, 10.0, None), scale=RELATIVE, bound=285.0)
    assert told.endswith("is +100 % [+90 %, +110 %] on 40 examples (a test), where the claim needs it above +285 %.")


def test_what_is_not_measured_has_no_number_in_the_table() -> None:
    (row,) = table(judge([finding(Evidence(missing="gone"))], None)).to_dict("records")
    assert row["ruling"] == "not measured"
    assert row["sentence"] == "Not measured: gone."
    assert {row[name] for name in ("effect", "effect_low", "n", "p_value", "p_holm", "shown", "test")} == {None}
