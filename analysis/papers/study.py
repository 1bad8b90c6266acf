"""A study as claims are asked about it: who is on which side of a comparison, and what is missing where nobody is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from analysis.groups import grouped, matched
from analysis.labels import TEACHER
from analysis.load import Rows
from analysis.operations import CONDITION, SETTING, where
from analysis.papers.contrasts import contrast, units
from analysis.papers.families import ORIGINAL, extremes, settings
from analysis.papers.findings import Evidence
from analysis.papers.measures import Measure, fooled
from analysis.statistics import friedman
from robust_ray.core.arrays import BoolArray
from robust_ray.core.records import Verdict

FEWEST_FAMILIES, FEWEST_CONDITIONS = 3, 2
"""Without which Friedman's test says nothing."""


class Study(NamedTuple):
    """Attacks, ready to be asked."""

    attacked: pd.DataFrame
    """Rows of attacks that did not break: :func:`~analysis.papers.contrasts.units`, ``family`` and ``setting``."""

    settings: pd.DataFrame
    """What each number in ``setting`` is; see :func:`~analysis.papers.families.settings`."""


class Group(NamedTuple):
    """One side of a comparison."""

    words: str
    rows: Callable[[Study], BoolArray]
    absent: str
    """What is missing where it has no row."""


def study(rows: Rows, expression: str | None = None) -> Study:
    """The attacks of students for which the expression holds, and all of their teachers."""
    attacks = narrowed(rows.attacks, expression)
    known = settings(attacks, rows.evaluations)
    attacked = units(attacks[attacks["verdict"] != Verdict.ERROR])
    setting = matched(attacked, known, SETTING)
    kinds = pd.Categorical(known["family"])
    return Study(attacked.assign(setting=setting, family=kinds.take(setting)), known)


def narrowed(frame: pd.DataFrame, expression: str | None) -> pd.DataFrame:
    """Students' rows for which the expression holds, and all of teachers: without those nothing can be compared."""
    if expression is None:
        return frame
    told = frame.index.isin(where(expression)(frame).index)
    return frame[told | (frame["compression"] == TEACHER).to_numpy()]


def family(name: str) -> Group:
    """The students of a family; or the originals."""
    return Group(
        f"{name} models",
        lambda study: (study.attacked["family"] == name).to_numpy(),
        f"no attack on {name} models",
    )


ORIGINALS = family(ORIGINAL)
COMPRESSED = Group(
    "compressed models",
    lambda study: (study.attacked["family"] != ORIGINAL).to_numpy(),
    "no attack on compressed models",
)


def weakest(of: str) -> Group:
    """Students of a family's weakest setting, where it has several."""
    return _extreme(of, 0, "largest")


def strongest(of: str) -> Group:
    """Students of a family's strongest setting, where it has several."""
    return _extreme(of, 1, "smallest")


def _extreme(of: str, end: int, word: str) -> Group:
    return Group(
        f"the {word} {of} models",
        lambda study: _set_to(study, extremes(study.settings, of)[end].index),
        f"no two sizes of {of} models on one model and task",
    )


def retrained(*, is_retrained: bool) -> Group:
    """Students that were trained again after compression, or not, of settings that there are both of."""

    def rows(study: Study) -> BoolArray:
        known = study.settings[study.settings["without"].notna()]
        both = known.groupby(["model_name", "task_name", "without"])["is_retrained"].transform("nunique") == 2
        return _set_to(study, known.index[both & (known["is_retrained"] == is_retrained)])

    words = "models trained again" if is_retrained else "models not trained again"
    return Group(words, rows, "no compression that was tried with training after it and without")


def versus(
    first: Group,
    second: Group,
    measure: Measure = fooled,
    *,
    under: str | None = None,
    within: str | None = None,
    is_tested: bool = True,
    lacking: str = "",
) -> Callable[[Study], Evidence]:
    """The evidence of the second group's measure minus the first's.

    Args:
        first: One side.
        second: The other.
        measure: What is compared.
        under: Type of the only attack that counts; None for all.
        within: Column of the settings whose values are compared each with itself; None for all together.
        is_tested: See :func:`~analysis.papers.contrasts.contrast`.
        lacking: What is missing where both sides are there and share no example.
    """

    def evidence(study: Study) -> Evidence:
        frame, sides = study.attacked, [group.rows(study) for group in (first, second)]
        if under is not None:
            is_under = (frame["attack"] == under).to_numpy()
            if not is_under.any():
                return Evidence(missing=f"{under} was not run")
            sides = [side & is_under for side in sides]
        for group, side in zip((first, second), sides, strict=True):
            if not side.any():
                return Evidence(missing=group.absent)
        if within is not None:
            kinds = pd.factorize(study.settings[within])[0][frame["setting"]]
            frame = frame.assign(unit=grouped(frame[["unit"]].assign(kind=kinds), ["unit", "kind"]).of_row)
        absent = lacking or f"no example that {first.words} and {second.words} were both attacked on"
        return contrast(frame, measure(frame), *sides, is_tested=is_tested) or Evidence(missing=absent)

    return evidence


def blocks(study: Study, families: Sequence[str]) -> pd.DataFrame:
    """Attack success rate as papers compare it: conditions by families, all settings and seeds of one together."""
    value = pd.Series(fooled(study.attacked), index=study.attacked.index)
    by = [study.attacked[name] for name in (*CONDITION, "family")]
    rates = value.groupby(by, observed=True).mean().unstack("family")
    return rates.reindex(columns=list(families))


def over_conditions(study: Study, second: str, families: Sequence[str]) -> Evidence:
    """The second family's success rate minus the original's, a condition being what is drawn and tested."""
    whole = blocks(study, families)[[ORIGINAL, second]].dropna()
    if whole.empty:
        return Evidence(missing=f"no condition in which both the original and {second} models were attacked")
    values = np.concatenate([whole[ORIGINAL].to_numpy(), whole[second].to_numpy()])
    number = np.tile(np.arange(len(whole)), 2)
    frame = pd.DataFrame({"unit": number, "example": number, "condition": number})
    is_second = np.repeat([False, True], len(whole))
    found = contrast(frame, values, ~is_second, is_second)
    assert found is not None  # there is a condition
    return found._replace(unit="conditions", agree=None)


def families_differ(study: Study, families: Sequence[str]) -> Evidence:
    """Friedman's test of the families over conditions."""
    rates = blocks(study, families)
    absent = [name for name in families if rates[name].isna().all()]
    measured = rates.drop(columns=absent).dropna()
    if len(measured.columns) < FEWEST_FAMILIES or len(measured) < FEWEST_CONDITIONS:
        lacking = f"; there is none of {', '.join(absent)}" if absent else ""
        return Evidence(
            missing=f"Friedman's test needs {FEWEST_FAMILIES} kinds of model in {FEWEST_CONDITIONS} conditions, and "
            f"there are {len(measured.columns)} in {len(measured)}{lacking}"
        )
    found = friedman(measured.to_numpy(), larger_is_better=False)
    return Evidence(
        test="Friedman's test of " + ", ".join(measured.columns),
        n=len(measured),
        unit="conditions",
        effect=found.statistic,
        p_value=found.p_value,
    )


def _set_to(study: Study, numbers: pd.Index[int]) -> BoolArray:
    return np.isin(study.attacked["setting"].to_numpy(), numbers.to_numpy())
