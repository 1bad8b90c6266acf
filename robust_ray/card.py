"""The card of a student: what it is, what it costs, and beside it what its teacher costs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table

from robust_ray.compression import NoCompression
from robust_ray.compression.distillers.base import SEARCH
from robust_ray.console import number_table
from robust_ray.core.call import Ref
from robust_ray.core.errors import CorruptedError, StoreError, did_you_mean
from robust_ray.core.records import EvaluationRecord
from robust_ray.store import Store

Row = Mapping[str, Any]
"""A row of the evaluations."""

CONDITIONS = ("dtype", "device", "threads", "n", "batch_tokens")
"""Columns in which two rows must agree for their times to be compared."""


class Line(NamedTuple):
    """A line of the card."""

    heading: str
    column: str
    form: Callable[[Any], str]


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _tenths(value: float) -> str:
    return f"{value:,.1f}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _thousandths(value: float) -> str:
    return f"{1e3 * value:,.3f}"


def _millions(value: float) -> str:
    return f"{value / 1e6:,.3f}"


LINES = (
    Line("accuracy", "accuracy", _percent),
    Line("F1", "f1", _percent),
    Line("BLEU", "bleu", _percent),
    Line("answers that other names turn", "flips", _count),
    Line("numbers", "parameters", _count),
    Line("not zero", "nonzero_parameters", _count),
    Line("bytes on disk, as stored", "bytes", _count),
    Line("the same through zstd", "compressed_bytes", _count),
    Line("bytes once loaded", "loaded_bytes", _count),
    Line("million operations, counted", "flops", _millions),
    Line("million operations, by formula", "formula_flops", _millions),
    Line("ms for one example, median", "latency_p50", _thousandths),
    Line("ms for one example, 95th percentile", "latency_p95", _thousandths),
    Line("tokens of an example, median", "latency_tokens", _count),
    Line("examples a second, in batches", "throughput", _tenths),
    Line("tokens in a batch at most", "batch_tokens", _count),
    Line("mJ an example, in batches", "energy", _thousandths),
    Line("bytes in use at the peak", "peak_memory", _count),
)


def show(key: str, store: Store, console: Console) -> None:
    """Print the card of the student at a key.

    Raises:
        StoreError: there is none.
        CorruptedError: what is known of it cannot be read.
    """
    for line in facts(key, store):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    loaded = store.table(EvaluationRecord.table).table
    rows = loaded.filter(pc.field("student") == key).to_pylist()
    for row in rows:
        same_teacher = (pc.field("teacher") == row["teacher"]) & (pc.field("compression") == NoCompression.type)
        teacher = _comparable(row, loaded.filter(same_teacher).to_pylist())
        console.print(f"\non {row['n']:,} test examples, {row['dtype']}, {row['threads']} thread(s) of {row['device']}")
        console.print(table(row, teacher))
        for remark in remarks(row, teacher):
            console.print(remark, highlight=False, markup=False, soft_wrap=True)
    if not rows:
        console.print("not measured yet; `robust-ray run` measures every student of a sweep")


def facts(key: str, store: Store) -> Iterator[str]:
    """What a student was made of, and how, a line each.

    Raises:
        StoreError: there is none at the key.
        CorruptedError: what is known of it cannot be read.
    """
    students = {found for found in store.present() if found.startswith("compress-")}
    if key not in students:
        raise StoreError(f"{store.uri}: it must hold the student {key!r}, but does not; {did_you_mean(key, students)}")
    ref = Ref(key, None)
    made, description = store.provenance(ref), store.checkpoint(key) / "architecture.json"
    try:
        network = json.loads(description.read_text())
        yield key
        yield f"  made of {made['inputs']['teacher'][0]} by {json.dumps(made['params']['compression'])}"
        yield f"  {network['architecture']['type']}; window {network['max_length']:,} tokens"
        for change in network["alterations"]:
            yield f"  altered: {change['type']}"
        yield from _searched(store.checkpoint(key) / SEARCH)
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptedError(
            f"{description}: what a student is must be readable, but got {error!r}; make it anew"
        ) from error


def _searched(path: Path) -> Iterator[str]:
    """How a student was found, where it was searched for."""
    if not path.is_file():
        return
    report = json.loads(path.read_text())
    yield f"  found by a search: {_numbers(report['student'])}"
    yield f"  predicted: {_numbers(report['predicted'])}"
    yield f"  measured on the validation split: {_numbers(report['measured'])}"
    for name, fit in report.get("surrogates", {}).items():
        yield f"  surrogate of {name}, on its samples: {_numbers(fit)}"
    if "front" in report:
        yield f"  one of {len(report['front']):,} students that none of them beats"


def _numbers(values: Mapping[str, Any]) -> str:
    """Names and values on a line, without what was not measured."""
    known = {name: value for name, value in values.items() if value is not None}
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in known.items()
    )


def table(row: Row, teacher: Row | None) -> Table:
    """The measurements of a student, and of its teacher where they were taken under the same conditions."""
    shown = number_table("", "student", *(() if teacher is None else ("teacher",)))
    for line in LINES:
        values = [each[line.column] for each in (row, teacher) if each is not None]
        if any(value is not None for value in values):
            shown.add_row(line.heading, *("·" if value is None else line.form(value) for value in values))
    return shown


def remarks(row: Row, teacher: Row | None) -> Iterator[str]:
    """What the numbers alone might be taken wrongly for."""
    if teacher is not None and _is_as_large_once_loaded(row, teacher):
        yield "same dense size: at most its file is smaller, neither the network in memory nor its work"
    if not row["batch_invariant"]:
        yield "its answers depend on their batch neighbours: it is asked for one example at a time"


def _is_as_large_once_loaded(row: Row, teacher: Row) -> bool:
    promises = any(row[name] < teacher[name] for name in ("bytes", "nonzero_parameters"))
    return bool(promises and row["loaded_bytes"] >= teacher["loaded_bytes"])


def _comparable(row: Row, others: Sequence[Row]) -> Row | None:
    """The one of other rows that was measured as this one was."""
    return next((other for other in others if all(other[name] == row[name] for name in CONDITIONS)), None)
