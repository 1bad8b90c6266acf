"""All tables of the analysis over ten million attacked examples: seconds for each, and memory at the peak.

Run: ``python benchmarks/analysis_scale.py`` (two cores; the first run writes 3 GB to ``--folder`` in some minutes, and
later ones find them there; ``--rows 100000`` for a small store). Bar: under 60 seconds and 4 GB for all the tables
of a finished sweep that ``robust-ray compact`` went over; ``--files`` reads 20,000 single files instead.

The rows are made up, and as wide and as long as real ones: 5 models on 4 tasks, 12 compressions and the teacher of
each, 4 attacks, 5 seeds, 2,000 examples in files of 1,000, as sweeps shard them, and a record of the attempt for each.
The tables are made in a process of their own, which does nothing else; it tells its wall and its CPU time.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

sys.path.insert(0, str(Path(__file__).parents[1]))

from robust_ray.core.records import AttackRecord, EvaluationRecord, Record, RunRecord
from robust_ray.store import Store, results

SWEEP = "scale"
EXAMPLES, SHARDS, SEEDS = 2000, 2, 5
MODELS = ("codebert", "graphcodebert", "codet5", "unixcoder", "plbart")
TASKS = {"defect_detection": "c", "clone_detection": "java", "authorship": "python", "vulnerability": "c"}
ATTACKS = {"alert": 0.35, "mhm": 0.25, "random_rename": 0.2, "codeattack": 0.4}
"""Type → how often it wins, about."""

FAMILIES = ("magnitude_pruning", "wanda", "dynamic_quantization", "weight_quantization", "kd", "layer_drop")
SETTINGS = [("none", 0.0), *itertools.product(FAMILIES, (0.3, 0.6))]
VERDICTS = np.array(["SUCCEEDED", "FAILED", "SKIPPED_MISPREDICTED", "SKIPPED_NO_TARGET", "ERROR"])
CHANGED = ("adversarial", "adversarial_prediction", "identifiers_changed", "tokens_changed", "edit_distance")
OF_SUCCESSES = (*CHANGED, "name_distance", "won_by", "won_at", "is_valid", "validity")
OF_KNOWN = ("prediction", "confidence", "adversarial_confidence", "identifiers", "tokens")

Where = Mapping[str, npt.NDArray[np.bool_]]


class Examples(NamedTuple):
    """Those of one task, as columns."""

    uid: pa.Array
    original: pa.Array
    adversarial: pa.Array
    hardness: npt.NDArray[np.float64]


def examples(seed: int) -> Examples:
    """Programs of 2,000 characters, put together from lines that recur, as programs are."""
    rng = np.random.default_rng(seed)
    names = [f"v{i:x}{'_count' * (i % 3)}" for i in range(400)]
    blocks = [
        "".join(f"    int {a} = call({b}, {i});\n" for i, (a, b) in enumerate(rng.choice(names, (8, 2))))
        for _ in range(96)
    ]
    codes = ["int main() {\n" + "".join(rng.choice(blocks, 7)) + f"    return v_{i};\n}}\n" for i in range(EXAMPLES)]
    uids = [f"{rng.integers(1 << 40):010x}-{i}" for i in range(EXAMPLES)]
    changed = [code.replace("call", "f") for code in codes]
    return Examples(pa.array(uids), pa.array(codes), pa.array(changed), rng.normal(size=EXAMPLES))


def cell(model: str, task: str, setting: tuple[str, float], seed: int) -> dict[str, Any]:
    """The columns that name a student."""
    kind, strength = setting
    params = {"revision": 1, "encoder": {"type": "pretrained", "version": 1, "fields": {"name": model, "length": 512}}}
    return {
        "student": f"compress-{kind}-{strength}-{model}-{task}-{seed}-v1",
        "teacher": f"finetune-{model}-{task}-{seed}-v1",
        "model": model, "model_params": json.dumps(params), "task": task, "task_params": '{"limit":1000}',
        "compression": kind, "compression_params": json.dumps({"strength": strength} if strength else {}),
        "seed": seed, "dtype": "float32",
    }  # fmt: skip


def attacked(
    columns: Mapping[str, Any], attack: str, found: Examples, part: slice, rng: np.random.Generator
) -> pa.Table:
    """One file of attack rows."""
    strength = json.loads(columns["compression_params"]).get("strength", 0.0)
    hard = found.hardness[part]
    n = len(hard)
    luck = rng.normal(size=n)
    code = np.where(0.8 * hard + 0.6 * luck < np.quantile(luck, ATTACKS[attack] * (1 + strength) / 2 + 0.1), 0, 1)
    for value, chance in ((2, 0.1 + 0.1 * strength), (3, 0.01), (4, 0.0005)):
        code[rng.random(n) < chance] = value
    won, tried = code == 0, code < 2
    queries = np.where(tried, np.where(won, rng.geometric(0.01, n).clip(1, 1000), 1000), 0)
    values = {
        **columns, "key": f"attack-{attack}-{columns['student']}-{part.start}", "attack": attack,
        "attack_params": '{"query_budget":1000,"substitutes":"shared"}', "uid": found.uid[part],
        "language": TASKS[columns["task"]], "verdict": VERDICTS[code], "original": found.original[part],
        "adversarial": found.adversarial[part], "context": [[]] * n, "label": (hard > 0).astype(int), "note": None,
        "prediction": ((hard > 0) ^ (code == 2)).astype(int), "confidence": rng.random(n), "queries": queries,
        "adversarial_prediction": (hard > 0).astype(int), "adversarial_confidence": rng.random(n),
        "forwards": queries // 2, "curve_queries": [[1, 2, 3, 5]] * n, "curve_confidence": [[0.9, 0.8, 0.7, 0.6]] * n,
        "query_budget": 1000, "budget_exhausted": tried & ~won, "identifiers": rng.poisson(8, n),
        "identifiers_changed": rng.poisson(3, n), "tokens": rng.poisson(200, n), "tokens_changed": rng.poisson(12, n),
        "edit_distance": rng.poisson(40, n), "name_distance": rng.random(n), "edits": "[]", "won_by": attack,
        "renames": np.where(won, '{"call":"f"}', "{}"), "won_at": queries, "is_valid": won, "validity": "bind",
        "rejected": rng.poisson(0.1, n), "batch_invariant": True, "reason": "there is no code", "error": "too deep",
    }  # fmt: skip
    where = dict.fromkeys(OF_SUCCESSES, won) | dict.fromkeys(OF_KNOWN, code < 4)
    return table(AttackRecord, values, n, where | {"reason": code == 3, "error": code == 4})


def evaluated(columns: Mapping[str, Any]) -> pa.Table:
    """The clean quality and cost of a student."""
    strength = json.loads(columns["compression_params"]).get("strength", 0.0)
    names = results.schema(EvaluationRecord).names
    values = dict.fromkeys(names, 1000) | dict(columns) | {"energy": None, "bleu": None, "batch_invariant": True}
    values |= {"key": f"evaluate-{columns['student']}", "split": "test", "device": "A Processor"}
    values |= dict.fromkeys(("accuracy", "precision", "recall", "f1", "mcc", "unigram_accuracy"), 0.6)
    return table(EvaluationRecord, values | dict.fromkeys(("bytes", "compressed_bytes"), int(5e8 * (1 - strength / 2))))


def attempted(key: str) -> pa.Table:
    """The record of the attempt that made a file."""
    values = dict.fromkeys(results.schema(RunRecord).names) | {"key": key, "attempt": "one", "stage": "attack"}
    values |= {"outcome": "done", "started": 1.8e9, "seconds": 60.0, "host": "node", "accelerator": "A GPU"}
    return table(RunRecord, values | {"packages": '{"python":"3.11.9","torch":"2.13.0"}'})


def table(record: type[Record], values: Mapping[str, Any], n: int = 1, where: Where | None = None) -> pa.Table:
    """``n`` rows of a record: single values are repeated, and null is what was not measured."""
    schema = results.schema(record)
    whole = [
        pa.array(values[field.name]).cast(field.type)
        if isinstance(values[field.name], list | np.ndarray | pa.Array)
        else pa.repeat(pa.scalar(values[field.name], field.type), n)
        for field in schema
    ]
    measured = [(where or {}).get(name) for name in schema.names]
    columns = [
        column if known is None else pc.if_else(pa.array(known), column, pa.scalar(None, column.type))
        for column, known in zip(whole, measured, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def calls(rows: int) -> Iterator[tuple[int, dict[str, Any], str]]:
    """Which task's examples, the student and the attack of each call, until there are as many rows."""
    wanted = itertools.product(MODELS, enumerate(TASKS), SETTINGS, range(SEEDS), ATTACKS)
    for model, (index, task), setting, seed, attack in itertools.islice(wanted, -(-rows // EXAMPLES)):
        yield index, cell(model, task, setting, seed), attack


def write(folder: Path, rows: int) -> None:
    """A store of about so many attack rows, and a plan of all its files."""
    store = Store.open(str(folder))
    tasks = [examples(i) for i in range(len(TASKS))]

    def put(record: type[Record], made: pa.Table, attempt: str = "") -> str:
        key = str(made["key"][0])
        place = folder / "tables" / record.table
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{key}{attempt}.parquet").write_bytes(results.to_parquet(made, {}))
        return key

    def put_call(number: int, call: tuple[int, dict[str, Any], str]) -> list[str]:
        task, columns, attack = call
        rng, step = np.random.default_rng(number), EXAMPLES // SHARDS
        parts = [slice(start, start + step) for start in range(0, EXAMPLES, step)]
        keys = [put(AttackRecord, attacked(columns, attack, tasks[task], part, rng)) for part in parts]
        for key in keys:
            put(RunRecord, attempted(key), "-one")
        return keys + ([put(EvaluationRecord, evaluated(columns))] if attack == min(ATTACKS) else [])

    with ThreadPoolExecutor(os.cpu_count()) as writers:
        keys = sorted(itertools.chain.from_iterable(writers.map(put_call, itertools.count(), calls(rows))))
    store.put_plan(SWEEP, {"sweep": SWEEP, "keys": keys})


def measure(folder: str) -> None:
    """Make every table, and print what each took and how much memory all of them."""
    from analysis import costs, curves, failures, fidelity, pareto, ranking, robustness, significance
    from analysis.load import load

    begun = time.perf_counter()

    def timed(name: str, make: Callable[[], Any]) -> Any:
        start, spent = time.perf_counter(), time.process_time()
        made = make()
        wall, cpu = time.perf_counter() - start, time.process_time() - spent
        print(f"{name:14} {wall:6.1f} s {cpu:6.1f} s of CPU", flush=True)
        return made

    rows = timed("load", lambda: load(folder, SWEEP))
    timed("robustness", lambda: robustness.robustness(rows.attacks))  # effort is of the same table
    timed("significance", lambda: significance.significance(rows.attacks))
    timed("curves", lambda: curves.curves(rows.attacks))
    timed("ranking", lambda: ranking.ranking(rows.attacks))
    timed("pareto", lambda: pareto.volumes(pareto.points(rows)))
    timed("fidelity", lambda: fidelity.drops(rows.attacks))
    timed("costs", lambda: costs.costs(rows.evaluations))
    timed("outcomes", lambda: failures.outcomes(rows.attacks))
    timed("errors", lambda: (failures.unanswered(rows.attacks), failures.failures(rows.runs)))
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1e6  # kB; getrusage would tell the parent's
    print(f"{len(rows.attacks):,} rows: {time.perf_counter() - begun:.1f} s, {peak:.2f} GB at the peak")


def main() -> None:
    """Write the store where it is not there yet, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "analysis_scale")
    parser.add_argument("--files", action="store_true", help="leave the files of the calls as they are")
    parser.add_argument("--measure", metavar="STORE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure)
        return
    folder = options.folder / f"{options.rows}"
    if not (folder / "plans").exists():
        write(folder, options.rows)
    if options.files:
        shutil.rmtree(folder / "compact", ignore_errors=True)
    elif not (folder / "compact").exists():
        Store.existing(str(folder)).compact(SWEEP)
    subprocess.run([sys.executable, __file__, "--measure", folder], check=True)


if __name__ == "__main__":
    main()
