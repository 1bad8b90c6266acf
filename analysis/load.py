"""Rows of a store as pandas frames, with a short name beside every component.

Only complete rows are read; files that cannot be read are listed, not raised, so that one bad file never hides a study.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from analysis.labels import Setting, short_names
from robust_ray.core.errors import StoreError
from robust_ray.core.records import (
    AttackRecord,
    DatasetRecord,
    EvaluationRecord,
    FidelityRecord,
    NaturalnessRecord,
    RunRecord,
)
from robust_ray.store import Store

MEASURED = (EvaluationRecord, AttackRecord, FidelityRecord)
KINDS = {"model": False, "task": False, "compression": True, "attack": False, "relation": True}
"""Column of a component → whether a setting alone of its type is named with its numbers."""

ATTACKED = ["student", "teacher", "attack", "attack_params", "seed", "uid"]
"""Columns that name one attacked example."""

SAME: Mapping[str, tuple[str, ...]] = {
    DatasetRecord.table: ("task", "task_params", "split"),
    EvaluationRecord.table: ("student", "teacher", "split", "device"),
    AttackRecord.table: tuple(ATTACKED),
    FidelityRecord.table: (
        *("student", "teacher", "relation", "relation_params"),
        *("perturbation", "perturbed_for", "attack_params", "uid"),
    ),
}
"""Columns in which two rows agree only if they measure the same: a study run in two sizes has such rows."""


class Rows(NamedTuple):
    """What was measured, one frame a table; columns are the record's fields and ``<component>_name``."""

    datasets: pd.DataFrame
    evaluations: pd.DataFrame
    attacks: pd.DataFrame
    fidelity: pd.DataFrame
    runs: pd.DataFrame
    unreadable: tuple[str, ...]
    """Files that could not be read."""

    missing: tuple[str, ...]
    """Keys of the sweep's plan whose output is not there (yet); none when the whole store is read."""


def load(uri: str, sweep: str | None = None) -> Rows:
    """Read a store, or the part of it a sweep is made of.

    Args:
        uri: Folder or URI of the store.
        sweep: Name of a sweep whose plan lies in the store; its rows may be shared with other sweeps.

    Raises:
        StoreError: there is no store, or it holds no measurement yet.
        SweepError: the store knows no such sweep.
    """
    store = Store.existing(uri)
    planned = None if sweep is None else store.planned(sweep)
    frames: dict[str, pd.DataFrame] = {}
    unreadable: list[str] = []
    for record in (DatasetRecord, *MEASURED, NaturalnessRecord, RunRecord):
        found = store.table(record.table, planned)
        frames[record.table] = _distinct(found.table.to_pandas(), SAME.get(record.table, ()))
        unreadable += found.unreadable
    if all(frames[record.table].empty for record in MEASURED):
        part = f"sweep {sweep!r} in {uri}" if sweep else uri
        got = "none is there yet"
        if unreadable:
            got = f"all {len(unreadable)} files of rows are damaged, or of another version of robust-ray"
        raise StoreError(f"{part}: at least one measured row is needed, but {got}; run `robust-ray run` first")
    attacks = _with_naturalness(frames[AttackRecord.table], frames.pop(NaturalnessRecord.table))
    frames[AttackRecord.table] = attacks.assign(seconds=_seconds(attacks, frames[RunRecord.table]))
    missing = set(planned or ()) - store.present()
    return Rows(**named(frames), unreadable=tuple(unreadable), missing=tuple(sorted(missing)))


def named(frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The frames with ``<component>_name`` columns; a setting has the same name in every table."""
    named = {table: frame.copy() for table, frame in frames.items()}
    measured = [named[record.table] for record in MEASURED]
    for kind, show_numbers in KINDS.items():
        holders = [frame for frame in (named[DatasetRecord.table], *measured) if f"{kind}_params" in frame]
        settings = {setting for frame in holders for setting in _settings(frame, kind) if setting is not None}
        names = short_names(settings, show_numbers=show_numbers)
        for frame in holders:
            words = [None if setting is None else names[setting] for setting in _settings(frame, kind)]
            frame[f"{kind}_name"] = pd.Series(words, index=frame.index, dtype="str")
    _tell_trainings_apart(measured)
    return named


def _distinct(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Each measurement once; of evaluations on several numbers of examples, the one on the most."""
    if not columns:
        return frame
    largest_last = frame.sort_values("n", kind="stable") if "n" in frame else frame
    return largest_last.drop_duplicates(list(columns), keep="last").sort_index().reset_index(drop=True)


def _with_naturalness(attacks: pd.DataFrame, naturalness: pd.DataFrame) -> pd.DataFrame:
    """Attack rows with ``acs``, ``similarity`` and ``perplexity_ratio``; null where no language model looked."""
    seen = naturalness.drop_duplicates(ATTACKED, keep="last")
    ratio = seen["adversarial_perplexity"].astype(float) / seen["perplexity"].astype(float)
    looks = seen[[*ATTACKED, "acs", "similarity"]].assign(perplexity_ratio=ratio)
    return attacks.merge(looks, on=ATTACKED, how="left")


def _seconds(attacks: pd.DataFrame, runs: pd.DataFrame) -> pd.Series[float]:
    """Each example's share of the wall time of the call it was attacked in; NaN where the store does not know it."""
    took = runs[runs["outcome"] == "done"].groupby("key")["seconds"].last()
    return attacks["key"].map(took).astype(float) / attacks.groupby("key")["key"].transform("size")


def _settings(frame: pd.DataFrame, kind: str) -> list[Setting | None]:
    """Type and parameters of a component in every row; None where the row has no such component."""
    column = "perturbation" if kind == "attack" and "perturbation" in frame else kind
    pairs: Any = zip(frame[column], frame[f"{kind}_params"], strict=True)
    return [None if pd.isna(params) else (str(name), str(params)) for name, params in pairs]


def _tell_trainings_apart(frames: list[pd.DataFrame]) -> None:
    """Teachers a row cannot tell apart were fine-tuned differently: the ends of their keys go into the model's name."""
    columns = ["model_name", "task_name", "seed", "teacher"]
    cells = pd.concat([frame[columns] for frame in frames if len(frame)]).drop_duplicates()
    several = set(cells.loc[cells.duplicated(columns[:3], keep=False), "teacher"])
    for frame in frames:
        tags = (" #" + frame["teacher"].astype("str").str[-4:]).where(frame["teacher"].isin(several), "")
        frame["model_name"] = frame["model_name"] + tags
