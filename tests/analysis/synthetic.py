"""A small store whose every number is known: two compressions and the teacher, two attacks, thirty examples.

Verdicts are dealt by position, so that counts can be read off :data:`DEALT`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from robust_ray.core.call import Ref
from robust_ray.core.records import (
    AttackRecord,
    DatasetRecord,
    EvaluationRecord,
    FidelityRecord,
    Record,
    RunRecord,
    Verdict,
)
from robust_ray.store import Store
from tests import fakes

N = 30
TEACHER = "finetune-tiny-v1-aaaa"
STUDENTS = {"none": "{}", "magnitude_pruning": '{"sparsity":0.4}', "dynamic_quantization": '{"bits":8}'}
ATTACKS = {"alert": '{"query_budget":100}', "mhm": '{"iterations":50}'}

DEALT = {
    # succeeded, failed, already wrong, nothing to change; the rest broke
    ("none", "alert"): (6, 18, 5, 1),
    ("none", "mhm"): (3, 21, 5, 1),
    ("magnitude_pruning", "alert"): (12, 11, 6, 1),
    ("magnitude_pruning", "mhm"): (6, 17, 6, 1),
    ("dynamic_quantization", "alert"): (6, 18, 5, 1),
    ("dynamic_quantization", "mhm"): (4, 19, 5, 1),
}
BYTES = {"none": 4_000_000, "magnitude_pruning": 4_000_000, "dynamic_quantization": 1_000_000}
LOADED = {"none": 4_000_000, "magnitude_pruning": 4_000_000, "dynamic_quantization": 1_000_000}
PACKED = {"none": 3_600_000, "magnitude_pruning": 2_000_000, "dynamic_quantization": 900_000}
ACCURACY = {"none": 0.84, "magnitude_pruning": 0.8, "dynamic_quantization": 0.83}

ORIGINAL = 'int copy(char *dst) {\n  int count = 0;\n  puts("<script>alert(1)</script>");\n  return count;\n}'


def columns(compression: str, key: str) -> dict[str, Any]:
    """The columns every measured row begins with."""
    return {
        "key": key,
        "student": f"compress-{compression}-v1-bbbb",
        "teacher": TEACHER,
        "model": "tiny",
        "model_params": '{"hidden":32}',
        "task": "defect_detection",
        "task_params": '{"limit":null}',
        "compression": compression,
        "compression_params": STUDENTS[compression],
        "seed": 0,
        "dtype": "float32",
    }


def evaluation(compression: str, **changes: Any) -> EvaluationRecord:
    """Clean quality and cost of one student."""
    values: dict[str, Any] = {
        "split": "test",
        "n": 200,
        "truncated": 20,
        "noted": 0,
        "accuracy": ACCURACY[compression],
        "precision": 0.8,
        "recall": 0.7,
        "f1": 0.75,
        "mcc": None,
        "unigram_accuracy": 0.61,
        "rewritten": 190,
        "flips": 19,
        **fakes.NO_TEXTS,
        "parameters": 1_000_000,
        "nonzero_parameters": 600_000 if compression == "magnitude_pruning" else 1_000_000,
        "bytes": BYTES[compression],
        "compressed_bytes": PACKED[compression],
        "loaded_bytes": LOADED[compression],
        "flops": 250_000_000,
        "formula_flops": None,
        "latency_p50": 0.004,
        "latency_p95": 0.006,
        "latency_tokens": 120,
        "throughput": 512.0,
        "batch_tokens": 2048,
        "energy": None,
        "peak_memory": None,
        "device": "A Processor",
        "threads": 1,
        "batch_invariant": compression != "dynamic_quantization",
    }
    return EvaluationRecord(**columns(compression, f"evaluate-{compression}-v1-cccc") | values | changes)


def dataset(split: str, **changes: Any) -> DatasetRecord:
    """What a survey found in a split."""
    of_train = {} if split == "train" else {"in_train": 0, "nearly_in_train": 4}
    of_valid = {"in_valid": 0, "nearly_in_valid": 0} if split == "test" else {}
    values: dict[str, Any] = {
        "key": "survey-defect_detection-v1-dddd",
        "task": "defect_detection",
        "task_params": '{"limit":null}',
        "language": "c",
        "split": split,
        "n": 200,
        "labels": ("safe", "vulnerable"),
        "label_counts": (120, 80),
        "dropped": 3,
        "dropped_for": '{"same code and answer as an earlier example":3}',
        "functions": 200,
        "tokens_p50": 90,
        "tokens_p95": 400,
        "tokens_max": 2000,
        "reference_words_p50": None,
        "repeated": 0,
        "nearly_repeated": 7,
        "too_short": 12,
        "conflicting": 0,
        **dict.fromkeys(("in_train", "nearly_in_train", "functions_in_train", "in_valid", "nearly_in_valid")),
        **of_train,
        **of_valid,
        "warnings": (f"{split} examples nearly the same as one of the training split: 4 of 200",) if of_train else (),
    }
    return DatasetRecord(**values | changes)


def attack(compression: str, recipe: str, index: int, verdict: Verdict, **changes: Any) -> AttackRecord:
    """One attacked example."""
    won = verdict == Verdict.SUCCEEDED
    values: dict[str, Any] = {
        "attack": recipe,
        "attack_params": ATTACKS[recipe],
        "uid": f"example-{index:02d}",
        "language": "c",
        "verdict": verdict.value,
        "original": ORIGINAL,
        "adversarial": ORIGINAL.replace("count", "n_bytes") if won else None,
        "context": (),
        "label": 1,
        "note": None,
        "prediction": 0 if verdict == Verdict.SKIPPED_MISPREDICTED else 1,
        "confidence": 0.8,
        "adversarial_prediction": 0 if won else None,
        "adversarial_confidence": 0.3 if won else None,
        "queries": {Verdict.SUCCEEDED: 10 + index, Verdict.FAILED: 100}.get(verdict, 0),
        "forwards": 9 if won else 0,
        "curve_queries": (5, 10) if won else (),
        "curve_confidence": (0.6, 0.3) if won else (),
        "query_budget": 100,
        "budget_exhausted": verdict == Verdict.FAILED,
        "identifiers": 2,
        "identifiers_changed": 1 if won else None,
        "tokens": 20,
        "tokens_changed": 2 if won else None,
        "edit_distance": 12 if won else None,
        "name_distance": 0.5 if won else None,
        "renames": '{"count":"n_bytes"}' if won else "{}",
        "edits": "[]",
        "won_by": recipe if won else None,
        "won_at": 10 + index if won else None,
        "is_valid": True if won else None,
        "validity": "compile" if won else None,
        "rejected": 1 if won and index == 0 else 0,
        "batch_invariant": True,
        "reason": "there is no code" if verdict == Verdict.SKIPPED_NO_TARGET else None,
        "error": "ValueError: too deep" if verdict == Verdict.ERROR else None,
    }
    return AttackRecord(**columns(compression, f"attack-{recipe}-v1-{compression}") | values | changes)


def attacks(compression: str, recipe: str) -> list[AttackRecord]:
    """Thirty examples, verdicts in the order of :data:`DEALT`."""
    won, lost, wrong, empty = DEALT[compression, recipe]
    # The already wrong come last of all, so that the same examples are wrong under every attack.
    verdicts = [Verdict.SUCCEEDED] * won + [Verdict.FAILED] * lost + [Verdict.SKIPPED_NO_TARGET] * empty
    verdicts += [Verdict.ERROR] * (N - len(verdicts) - wrong) + [Verdict.SKIPPED_MISPREDICTED] * wrong
    return [attack(compression, recipe, i, verdict) for i, verdict in enumerate(verdicts)]


def fidelity(compression: str, perturbed_for: str | None, broken: int, n: int) -> list[FidelityRecord]:
    """Two relations on ``n`` inputs, violated on the first ``broken``; the second applies to every other input."""
    rows = []
    for relation, params in (("prediction_agreement", "{}"), ("high_confidence", '{"threshold":0.9}')):
        for i in range(n):
            applies = relation == "prediction_agreement" or i % 2 == 0
            rows.append(
                FidelityRecord(
                    **columns(compression, f"fidelity-{perturbed_for}-v1-{compression}"),
                    relation=relation,
                    relation_params=params,
                    perturbation="alert" if perturbed_for else "clean",
                    perturbed_for=perturbed_for,
                    attack_params=ATTACKS["alert"] if perturbed_for else None,
                    uid=f"example-{i:02d}",
                    label=1,
                    applies=applies,
                    holds=i >= broken if applies else None,
                    distance=0.1 if applies else None,
                    teacher_prediction=1,
                    student_prediction=0 if i < broken else 1,
                    teacher_confidence=0.95,
                    student_confidence=0.75,
                )
            )
    return rows


def run(key: str, **changes: Any) -> RunRecord:
    """One attempt at a call."""
    values: dict[str, Any] = {
        "attempt": "one",
        "stage": key.split("-")[0],
        "outcome": "done",
        "started": 1_760_000_000.0,
        "seconds": 12.5,
        "peak_memory": 10**9,
        "peak_gpu_memory": None,
        "gpu_memory": None,
        "max_batch_tokens": 2048,
        "energy": None,
        "host": "node-1",
        "accelerator": "A Processor",
        "git_commit": "0123456789abcdef",
        "packages": '{"python":"3.11.9","torch":"2.13.0"}',
        "error": None,
        "traceback": None,
    }
    return RunRecord(key=key, **values | changes)


def only(frame: pd.DataFrame, **values: str) -> Any:
    """The one row of a frame that has these values."""
    for column, value in values.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1
    return next(frame.itertuples(index=False))


def tables() -> dict[Ref, list[Record]]:
    """Every file of the small store."""
    rows: list[Record] = [dataset(split) for split in ("train", "valid", "test")]
    rows += [evaluation(compression) for compression in STUDENTS]
    rows += [row for compression, recipe in DEALT for row in attacks(compression, recipe)]
    for compression, broken in (("magnitude_pruning", 6), ("dynamic_quantization", 0)):
        rows += fidelity(compression, None, broken, N)
        rows += fidelity(compression, "teacher", 2 * broken // 4, 6)
    return filed(rows)


def wide(settings: int = 13, examples: int = 100) -> dict[Ref, list[Record]]:
    """Ten thousand attacked examples: two models, four attacks, a teacher and this many prunings of each."""
    rows: list[Record] = []
    dice = np.random.default_rng(0)
    verdicts = [Verdict.SUCCEEDED, Verdict.FAILED, Verdict.SKIPPED_MISPREDICTED]
    for model, i in product(("small", "large"), range(settings)):
        kind, params = ("magnitude_pruning", f'{{"sparsity":{i / settings:.2f}}}') if i else ("none", "{}")
        of_student = {"student": f"compress-{model}-{i}", "teacher": f"finetune-{model}", "model": model}
        of_student |= {"compression_params": params, "model_params": "{}"}
        rows.append(evaluation(kind, **of_student | {"key": f"evaluate-{model}-{i}", "bytes": 4_000_000 - 9_000 * i}))
        for recipe, j in product(("alert", "beam_attack", "mhm", "wir_random"), range(examples)):
            verdict = verdicts[dice.choice(3, p=[0.5, 0.3, 0.2])]
            named = {"attack": recipe, "attack_params": "{}", "uid": f"example-{j:03d}", "key": f"attack-{model}-{i}"}
            program = ORIGINAL + f"  // {dice.integers(2**60)}" * 40
            named |= {"original": program, "adversarial": program.replace("count", "n_bytes")}
            rows.append(attack(kind, "alert", j, verdict, **of_student | named))
    return filed(rows)


def filed(rows: Sequence[Record]) -> dict[Ref, list[Record]]:
    """The rows by the files they lie in."""
    found: dict[Ref, list[Record]] = {}
    for row in rows:
        found.setdefault(Ref(row.key, row.table), []).append(row)
    return found


def write(folder: Path, rows: Mapping[Ref, Sequence[Record]], runs: Sequence[RunRecord] = ()) -> Store:
    """A store with these rows and runs, and the plan ``small`` over all of them and one call that is not there yet."""
    store = Store.open(str(folder))
    for ref, found in rows.items():
        store.put_rows(ref, found, {}, type(found[0]))
    for attempt in runs:
        store.put_run(attempt)
    keys = [ref.key for ref in rows] + ["attack-alert-v1-notyet"]
    store.put_plan("small", json.loads(json.dumps({"sweep": "small", "keys": keys})))
    return store


def small_store(folder: Path) -> Store:
    """The store the tests read."""
    failed = run(
        "attack-alert-v1-notyet", outcome="failed", error="RuntimeError: out of memory", traceback="Traceback …"
    )
    return write(folder, tables(), [run("evaluate-none-v1-cccc"), run("attack-alert-v1-none"), failed])
