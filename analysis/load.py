"""Rows of a store as pandas frames, with a short name beside every component.

Only complete rows are read; files that cannot be read are listed, not raised, so that one bad file never hides a study.
Texts that recur lie in categories, and the code itself stays in the store until :func:`with_texts` asks for it: a study
of ten million attacked examples fits into a laptop.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis.frames import frame_of
from analysis.groups import grouped, matched, repeats, taken
from analysis.naming import named
from analysis.tables import with_gaps
from robust_ray.core.errors import StoreError
from robust_ray.core.records import (
    AttackRecord,
    DatasetRecord,
    EvaluationRecord,
    FidelityRecord,
    NaturalnessRecord,
    Record,
    RunRecord,
    TransferRecord,
)
from robust_ray.store import Store, schema

MEASURED = (EvaluationRecord, AttackRecord, FidelityRecord)

TEXTS = ("original", "adversarial", "context", "renames", "edits", "curve_queries", "curve_confidence")
"""Columns of attack rows that are long and differ from row to row: not loaded, but read for the rows to be shown."""

LONG = (AttackRecord, FidelityRecord, TransferRecord, NaturalnessRecord)
"""Records with a row for each example, of which there may be millions."""

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
    TransferRecord.table: (*ATTACKED, "source", "source_teacher"),
    NaturalnessRecord.table: tuple(ATTACKED),
}
"""Columns in which two rows agree only if they measure the same: a study run in two sizes has such rows."""


class Rows(NamedTuple):
    """What was measured, one frame a table; columns are the record's fields and ``<component>_name``."""

    datasets: pd.DataFrame
    evaluations: pd.DataFrame
    attacks: pd.DataFrame
    """Without :data:`TEXTS`, and with ``seconds`` and what a language model made of them."""

    fidelity: pd.DataFrame
    transfers: pd.DataFrame
    runs: pd.DataFrame
    unreadable: tuple[str, ...]
    """Files that could not be read."""

    missing: tuple[str, ...]
    """Keys of the sweep's plan whose output is not there (yet); none when the whole store is read."""

    gaps: str
    """What the rows lack, in words, empty where they are whole; every frame carries it, see :mod:`analysis.tables`."""

    store: Store


def load(uri: str, sweep: str | None = None, also: Collection[str] = ()) -> Rows:
    """Read a store, or the part of it a sweep is made of.

    Args:
        uri: Folder or URI of the store.
        sweep: Name of a sweep whose plan lies in the store; its rows may be shared with other sweeps.
        also: Those of :data:`TEXTS` to load as well, of all rows; other names do no harm.

    Raises:
        StoreError: there is no store, or it holds no measurement yet.
        SweepError: the store knows no such sweep.
    """
    store = Store.existing(uri)
    planned = None if sweep is None else store.planned(sweep)
    frames: dict[str, pd.DataFrame] = {}
    unreadable: list[str] = []
    for record in (DatasetRecord, *MEASURED, TransferRecord, NaturalnessRecord, RunRecord):
        frames[record.table], damaged = _read(store, record, planned, also)
        unreadable += damaged
    if all(frames[record.table].empty for record in MEASURED):
        part = f"sweep {sweep!r} in {uri}" if sweep else uri
        got = "none is there yet"
        if unreadable:
            got = f"all {len(unreadable)} files of rows are damaged, or of another version of robust-ray"
        raise StoreError(f"{part}: at least one measured row is needed, but {got}; run `robust-ray run` first")
    attacks = _with_naturalness(frames[AttackRecord.table], frames.pop(NaturalnessRecord.table))
    frames[AttackRecord.table] = attacks.assign(seconds=_seconds(attacks, frames[RunRecord.table]))
    missing = tuple(sorted(set(planned or ()) - store.present()))
    gaps = _gaps(len(missing), len(planned or ()), len(unreadable))
    whole = {table: with_gaps(frame, gaps) for table, frame in named(frames).items()}
    return Rows(**whole, unreadable=tuple(unreadable), missing=missing, gaps=gaps, store=store)


def with_texts(rows: Rows, picked: pd.DataFrame) -> pd.DataFrame:
    """Some attack rows with :data:`TEXTS`, read from the files of their calls; for the few that are to be shown."""
    names = ["key", "uid"]
    found = rows.store.table(AttackRecord.table, set(picked["key"]), [*names, *TEXTS]).table
    plain = found.cast(pa.schema([schema(AttackRecord).field(name) for name in found.schema.names])).to_pandas()
    row = matched(picked.astype(dict.fromkeys(names, "str")), plain, names)
    return picked.assign(**{name: taken(plain[name], row) for name in TEXTS})


def _read(
    store: Store, record: type[Record], planned: Sequence[str] | None, also: Collection[str]
) -> tuple[pd.DataFrame, list[str]]:
    """One table, each measurement once, and the names of its damaged files."""
    if record not in LONG:
        small = store.table(record.table, planned)
        return _distinct(small.table.to_pandas(), SAME.get(record.table, ())), small.unreadable
    columns = [name for name in schema(record).names if name in also or name not in TEXTS]
    unreadable: list[str] = []

    def read() -> Iterator[pa.Table]:
        for found in store.batches(record.table, planned, columns):
            unreadable.extend(found.unreadable)
            yield found.table

    return _distinct(frame_of(read(), schema(record, columns)), SAME[record.table]), unreadable


def _distinct(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Each measurement once; of evaluations on several numbers of examples, the one on the most."""
    if not columns or not repeats(frame, columns):
        return frame
    largest_last = np.argsort(frame["n"].to_numpy(), kind="stable") if "n" in frame else None
    return frame.take(np.sort(grouped(frame, columns).last(largest_last))).reset_index(drop=True)


def _with_naturalness(attacks: pd.DataFrame, naturalness: pd.DataFrame) -> pd.DataFrame:
    """Attack rows with ``acs``, ``similarity`` and ``perplexity_ratio``; null where no language model looked."""
    ratio = naturalness["adversarial_perplexity"].astype(float) / naturalness["perplexity"].astype(float)
    looks = naturalness[["acs", "similarity"]].astype(float).assign(perplexity_ratio=ratio)
    row = matched(attacks, naturalness, ATTACKED)
    return attacks.assign(**{str(name): taken(looks[name], row) for name in looks})


def _seconds(attacks: pd.DataFrame, runs: pd.DataFrame) -> pd.Series[float]:
    """Each example's share of the wall time of the call it was attacked in; NaN where the store does not know it."""
    took = runs[runs["outcome"] == "done"].groupby("key")["seconds"].last()
    key = attacks["key"].cat
    shares = took.reindex(key.categories).to_numpy() / np.bincount(key.codes, minlength=len(key.categories))
    return pd.Series(shares[key.codes], index=attacks.index)


def _gaps(missing: int, planned: int, unreadable: int) -> str:
    told = [f"{missing:,} of {planned:,} calls missing"] if missing else []
    told += [f"unreadable files left out: {unreadable:,}"] if unreadable else []
    return ", ".join(told)
