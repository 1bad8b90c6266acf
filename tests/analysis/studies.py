"""Studies made up so that a claim about them is true, false, or open: who wins is spelled, one letter an example."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

from analysis.load import Rows, load
from robust_ray.core.call import Ref
from robust_ray.core.records import AttackRecord, EvaluationRecord, FidelityRecord, Record, Verdict
from tests.analysis import synthetic

LETTERS = {
    "w": Verdict.SUCCEEDED,
    "l": Verdict.FAILED,
    "x": Verdict.SKIPPED_MISPREDICTED,
    "i": Verdict.INVALID,
    "e": Verdict.ERROR,
}


def cell(compression: str, stage: str, params: str = "{}", seed: int = 0, **changes: Any) -> dict[str, Any]:
    """Columns that name a student; those of one compression, setting and seed are the same in every table."""
    setting = f"{compression}-{crc32(params.encode()):x}-{seed}"
    named = {
        "key": f"{stage}-{setting}-{changes.get('task', 'defect_detection')}",
        "student": f"compress-{setting}-{changes.get('task', '')}",
        "teacher": f"{synthetic.TEACHER}-{seed}-{changes.get('task', '')}",
        "compression": compression,
        "compression_params": params,
        "seed": seed,
    }
    return named | changes


def attacks(
    compression: str, letters: str, attack: str = "alert", params: str = "{}", seed: int = 0, **changes: Any
) -> list[AttackRecord]:
    """One attacked example a letter of :data:`LETTERS`; ``params`` are the compression's."""
    named = cell(compression, f"attack-{attack}", params, seed) | {"attack": attack, "attack_params": "{}"} | changes
    dealt = (synthetic.attack("none", "alert", i, LETTERS[letter]) for i, letter in enumerate(letters))
    return [replace(row, **named) for row in dealt]


def evaluation(compression: str, packed: int, params: str = "{}") -> EvaluationRecord:
    """A student's clean evaluation, by its packed size."""
    named = cell(compression, "evaluate", params)
    return replace(synthetic.evaluation("none"), compressed_bytes=packed, **named)


def compared(
    compression: str, letters: str, relation: str = "prediction_agreement", *, under: str | None = None, **changes: Any
) -> list[FidelityRecord]:
    """One input a letter: ``=`` both right, ``s`` only the student, ``t`` only the teacher, ``0`` none."""
    named = cell(compression, f"fidelity-{relation}-{under}")
    rows = []
    for i, letter in enumerate(letters):
        teacher, student = int(letter in "=t"), int(letter in "=s")
        values: dict[str, Any] = {
            "relation": relation,
            "relation_params": "{}",
            "perturbation": under or "clean",
            "perturbed_for": "teacher" if under else None,
            "attack_params": "{}" if under else None,
            "uid": f"example-{i:02d}",
            "label": 1,
            "applies": True,
            "holds": teacher == student,
            "distance": float(teacher != student),
            "teacher_prediction": teacher,
            "student_prediction": student,
            "teacher_confidence": 0.95,
            "student_confidence": 0.95 if teacher == student else 0.6,
        }
        rows.append(FidelityRecord(**synthetic.columns("none", "") | named | values | changes))
    return rows


def stored(folder: Path, *parts: Iterable[Record], missing: Sequence[str] = ()) -> Path:
    """A store of these rows, and the plan ``study`` over them and the calls that are missing."""
    found: dict[Ref, list[Record]] = {}
    for row in (row for part in parts for row in part):
        found.setdefault(Ref(row.key, row.table), []).append(row)
    store = synthetic.write(folder, found)
    store.put_plan("study", json.loads(json.dumps({"sweep": "study", "keys": [*(ref.key for ref in found), *missing]})))
    return folder


def rows(folder: Path, *parts: Iterable[Record], missing: Sequence[str] = ()) -> Rows:
    """The rows, as the analysis loads them."""
    return load(str(stored(folder, *parts, missing=missing)), "study")
