"""Check every adversarial example in a store again, from the text in its row alone.

What a row claims is not believed: names are resolved anew, the compilers of *this* machine are asked, and Python
programs are run beside their originals on the same inputs.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from robust_ray.core.records import AttackRecord, Verdict
from robust_ray.source import analyse, check
from robust_ray.source.compilers import prefetch
from robust_ray.source.edits import Edit, Splice
from robust_ray.source.execution import compare
from robust_ray.source.validity import Level, Validity
from robust_ray.store import Store

CHUNK = 200
"""Examples that one process checks before it is given more."""


class Claim(NamedTuple):
    """What a row says; the fields are columns."""

    key: str
    uid: str
    language: str
    verdict: str
    original: str
    adversarial: str
    renames: str
    edits: str


class Finding(NamedTuple):
    """What became of one claim."""

    claim: Claim

    level: str
    """The strictest level that was checked."""

    objection: str | None
    """Why it is not the program it should be; None when it is."""

    informative: int
    """Inputs on which running it beside the original says something; 0 for languages that are not run."""

    difference: str | None
    """Where it did something else than the original; None when it never did."""

    @property
    def is_broken(self) -> bool:
        """Whether it counts as a success and must not."""
        return self.claim.verdict == Verdict.SUCCEEDED and (self.objection or self.difference) is not None


class Line(NamedTuple):
    """One line of the summary."""

    language: str
    level: str
    claimed: str
    """``valid`` (they count as successes) or ``invalid`` (successes in raw counts only)."""

    checked: int
    valid: int
    broken: int
    same: int
    """Of those run, did what the original did on every informative input."""

    different: int
    silent: int
    """Run without learning anything."""


class Audit(NamedTuple):
    """All that was found in a store."""

    findings: tuple[Finding, ...]

    unreadable: tuple[str, ...]
    """Files of rows that are damaged, so that nothing in them was checked."""

    @property
    def broken(self) -> tuple[Finding, ...]:
        """What counts and must not."""
        return tuple(finding for finding in self.findings if finding.is_broken)


def audit(uri: str, sweep: str | None = None, *, processes: int | None = None) -> Audit:
    """Check every adversarial example of a store, or of one sweep in it.

    Args:
        uri: Folder or URI of the store.
        sweep: Name of a sweep whose plan lies in the store; only its rows are checked.
        processes: To check with at once; as many as there are cores by default.

    Raises:
        StoreError: there is no store.
        SweepError: the store knows no such sweep.
    """
    store = Store.existing(uri)
    found = store.table(AttackRecord.table, None if sweep is None else store.planned(sweep))
    claims = _claims(found.table)
    chunks = [claims[at : at + CHUNK] for at in range(0, len(claims), CHUNK)]
    workers = min(len(chunks), processes or os.cpu_count() or 1)
    return Audit(tuple(chain.from_iterable(_examined(chunks, workers))), tuple(found.unreadable))


def _examined(chunks: Sequence[Sequence[Claim]], workers: int) -> Iterator[list[Finding]]:
    """The findings of each chunk; a single chunk is not worth a process."""
    if len(chunks) < 2:
        yield from map(examine, chunks)
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(examine, chunks)


def examine(claims: Sequence[Claim]) -> list[Finding]:
    """Judge some claims."""
    for claim in claims:
        prefetch(claim.original, claim.language)
    judged = [(claim, _judge(claim)) for claim in claims]
    runs = compare((claim.original, claim.adversarial) for claim, validity in judged if _is_run(claim, validity))
    return [
        Finding(claim, validity.level, validity.reason, *(next(runs) if _is_run(claim, validity) else (0, None)))
        for claim, validity in judged
    ]


def summarize(findings: Iterable[Finding]) -> list[Line]:
    """Counts by language, level, and what the rows claim."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        claimed = "invalid" if finding.claim.verdict == Verdict.INVALID else "valid"
        groups.setdefault((finding.claim.language, finding.level, claimed), []).append(finding)
    return [Line(*group, *_counts(groups[group])) for group in sorted(groups)]


def _counts(findings: Sequence[Finding]) -> tuple[int, ...]:
    counts = Counter[str]()
    for finding in findings:
        counts["valid" if finding.objection is None else "broken"] += 1
        if finding.claim.language == "python" and finding.objection is None:
            ran = "silent" if not finding.informative else "same" if finding.difference is None else "different"
            counts[ran] += 1
    names = ("valid", "broken", "same", "different", "silent")
    return (len(findings), *(counts[name] for name in names))


def _is_run(claim: Claim, validity: Validity) -> bool:
    return claim.language == "python" and validity.is_valid


def _judge(claim: Claim) -> Validity:
    """Check one claim; a row whose renames or edits cannot be read is no valid claim."""
    try:
        renames = dict(json.loads(claim.renames))
        edits = [
            Edit(rule, tuple(Splice(start, end, text) for start, end, text in splices))
            for rule, splices in json.loads(claim.edits)
        ]
    except (TypeError, ValueError) as error:
        return Validity(False, Level.PARSE, f"the row's renames or edits cannot be read: {error}")
    return check(analyse(claim.original, claim.language), claim.adversarial, renames, edits)


def _claims(table: pa.Table) -> list[Claim]:
    """Rows with an adversarial example, in order."""
    rows = table.filter(pc.is_valid(table["adversarial"])).select(Claim._fields).to_pylist()
    return [Claim(**row) for row in rows]
