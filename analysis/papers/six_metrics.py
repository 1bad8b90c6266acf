"""Paper 1's table: six metrics of every compression under every attack, against the uncompressed model.

Within an attack and a kind of compression the settings stand by their packed size, the largest first: intensity rises
downwards.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis import averages, robustness
from analysis.groups import grouped, plain
from analysis.labels import TEACHER
from analysis.operations import CONDITION, SETTING
from analysis.papers.families import FAMILIES, ORIGINAL
from analysis.papers.findings import signed
from analysis.quotients import Quotients
from analysis.tables import Column, percent, points, text
from robust_ray.core.records import Verdict

KINDS = (ORIGINAL, *FAMILIES)

SIX = {"asr": points, "amq": signed, "icr": points, "tcr": points, "acs": signed, "aed": signed}
"""The paper's metrics, and how a change of each is printed."""

METRICS = [
    Column("attack_name", "attack", text),
    Column("family", "kind", text),
    Column("compression_name", "compression", text),
    Column("packed", "size", percent, "Packed size, as a share of the uncompressed model's: smaller is more intense."),
    *(
        shown
        for metric in averages.columns(*SIX)
        for shown in (
            metric,
            Column(f"{metric.name}_change", "±", SIX[metric.name], f"{metric.heading} minus the uncompressed model's."),
        )
    ),
]


def metrics(attacks: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """The paper's table: six metrics of every setting under every attack, beside the uncompressed model's.

    Args:
        attacks: Attack rows of students, and of all teachers.
        found: The study's settings; of a kind, the largest comes first under each attack.
    """
    table = robustness.robustness(attacks)
    if table.empty:
        return table.reindex(columns=list(dict.fromkeys([*SETTING, *(column.name for column in METRICS)])))
    told = table.merge(changes(attacks), on=[*SETTING, "attack_name"], how="left")
    known = told.merge(found[[*SETTING, "family", "packed"]], on=SETTING, how="left")
    order = known["family"].map({name: i for i, name in enumerate(KINDS)}).fillna(len(KINDS))
    by = [*CONDITION, "order", "packed"]
    ordered = known.assign(order=order).sort_values(by, ascending=[True, True, True, True, False], kind="stable")
    return ordered.drop(columns="order").reset_index(drop=True)


def changes(attacks: pd.DataFrame) -> pd.DataFrame:
    """Each metric of each student minus its teacher's, with the interval: an example is drawn for both at once."""
    known = attacks[attacks["verdict"] != Verdict.ERROR]
    parts = [_changes(known.take(rows)) for rows in grouped(known, CONDITION).rows()]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*SETTING, "attack_name"])


def _changes(part: pd.DataFrame) -> pd.DataFrame:
    """The same under one attack on one model and task."""
    settings, examples = grouped(part, SETTING), grouped(part, ["uid"])
    named = plain(part[[*SETTING, "attack_name", "compression"]].iloc[settings.first]).reset_index(drop=True)
    is_teacher = (named.pop("compression") == TEACHER).to_numpy()
    students = np.flatnonzero(~is_teacher) if is_teacher.any() else np.array([], dtype=np.int64)
    n, offsets = len(named), len(named) * np.arange(len(SIX))  # all groups of a metric, then those of the next
    terms = [averages.AVERAGES[name].terms(part) for name in SIX]
    sums = Quotients.summed(
        np.add.outer(offsets, settings.of_row).ravel(),
        n * len(SIX),
        np.tile(examples.of_row, len(SIX)),
        np.concatenate([each.numerators for each in terms]),
        np.concatenate([each.denominators for each in terms]),
    )
    first = np.add.outer(offsets, np.full(len(students), np.argmax(is_teacher))).ravel()
    second = np.add.outer(offsets, students).ravel()
    differences = np.column_stack([sums.values[second] - sums.values[first], sums.difference_intervals(first, second)])
    for name, of_students in zip(SIX, np.split(differences, len(SIX)), strict=True):
        told = np.full((n, 3), np.nan)
        told[students] = of_students
        named[[f"{name}_change", f"{name}_change_low", f"{name}_change_high"]] = told
    return named
