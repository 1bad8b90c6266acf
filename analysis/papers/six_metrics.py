"""Paper 1's table: six metrics of every compression under every attack, against the uncompressed model.

Within an attack and a kind of compression the settings stand by their packed size, the largest first: intensity rises
downwards.
"""

from __future__ import annotations

import pandas as pd

from analysis import robustness
from analysis.labels import TEACHER
from analysis.operations import SETTING
from analysis.papers.families import FAMILIES, ORIGINAL
from analysis.papers.findings import signed
from analysis.tables import Column, number, percent, points, text

KINDS = (ORIGINAL, *FAMILIES)

SIX = (
    (Column("asr", "ASR", percent, "Attack success rate: succeeded with a valid program over attempted."), points),
    (Column("amq", "AMQ", number, "Mean queries of the successful attacks."), signed),
    (Column("icr", "ICR", percent, "Names changed in successes over names in all attempted examples."), points),
    (Column("tcr", "TCR", percent, "Tokens changed in successes over tokens in all attempted examples."), points),
    (Column("acs", "ACS", number, "Mean similarity of the successes in a language model's logits."), signed),
    (Column("aed", "AED", number, "Mean edit distance of the successes, in characters."), signed),
)
"""The paper's metrics, and how a change of each is printed."""

METRICS = [
    Column("attack_name", "attack", text),
    Column("family", "kind", text),
    Column("compression_name", "compression", text),
    Column("packed", "size", percent, "Packed size, as a share of the uncompressed model's: smaller is more intense."),
    *(
        shown
        for column, form in SIX
        for shown in (
            column,
            Column(f"{column.name}_change", "±", form, f"{column.heading} minus that of the uncompressed model."),
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
    condition, six = [*SETTING[:2], "attack_name"], [column.name for column, _ in SIX]
    baseline = table.loc[table["compression"] == TEACHER, [*condition, *six]]
    beside = table.merge(baseline, on=condition, how="left", suffixes=("", "_baseline"))
    is_student = beside["compression"] != TEACHER
    changes = {name: beside[name].astype(float) - beside[f"{name}_baseline"].astype(float) for name in six}
    told = beside.assign(**{f"{name}_change": change.where(is_student) for name, change in changes.items()})
    known = told.merge(found[[*SETTING, "family", "packed"]], on=SETTING, how="left")
    order = known["family"].map({name: i for i, name in enumerate(KINDS)}).fillna(len(KINDS))
    by = [*condition, "order", "packed"]
    ordered = known.assign(order=order).sort_values(by, ascending=[True, True, True, True, False], kind="stable")
    return ordered.drop(columns="order").reset_index(drop=True)
