"""What every compression saves, and what it costs: sizes, operations, times, accuracy, and how easily it is fooled.

Run: ``python benchmarks/compression_cost.py --store STORE`` for functions of Python's own library, about two hours on
one core; with ``--data FOLDER``, which holds ``devign`` and ``google_code_jam`` in the layouts of their authors, for
those as well, or for ``--sets`` of them. The students are those of ``sweeps/compression.yaml``; ``--set`` changes it as
for `robust-ray run` (``--set examples.attack=20``). Killed, it goes on where it was.

Times are of one thread and of one call at a time; whoever else computes on the machine spoils them. ``faster`` bears
that best: teacher and student answer in turn, and it is the median of how many times as long the teacher takes, with
its 95 % interval. ``smaller`` is the teacher's bytes on disk by the student's, ``loaded`` what they come to in memory.
A student of which only the file is smaller is marked.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from analysis.costs import costs
from analysis.fidelity import CLEAN, violations
from analysis.labels import TEACHER
from analysis.load import load
from analysis.robustness import robustness
from analysis.tables import Column, as_text, count, measured, megabytes, milliseconds, operations, percent, text
from robust_ray import cli
from robust_ray.compression import Compression
from robust_ray.core.arrays import FloatArray
from robust_ray.core.build import build
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Input, stable_order
from robust_ray.core.machine import Machine
from robust_ray.metrics import bootstrap_interval
from robust_ray.models import CodeModel, students
from robust_ray.models.cost.times import WARM_UP
from robust_ray.models.victim import NetworkVictim
from robust_ray.store import Store
from robust_ray.sweep_file import load as load_sweep

SWEEP = Path(__file__).parents[1] / "sweeps" / "compression.yaml"
EMBEDDED = "embedded"
PROGRAMS = {"layers": 1, "intermediate": 64, "max_length": 400}
"""What differs in the model for whole programs of problems that no training pair is about."""

SETS: Mapping[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    # the task, and what differs in the model and in its training
    EMBEDDED: ({"type": "defect_detection"}, {}, {}),
    "devign": ({"type": "defect_detection"}, {}, {"max_length": 256}),
    "google_code_jam": ({"type": "clone_detection", "max_train": 3000}, PROGRAMS, {"max_length": 400, "epochs": 2}),
}
REFUSED = 2
"""Exit status of a sweep that cannot be run."""

ATTACKS = ("alert", "mhm")
PAIRS = 100
"""Examples, at most, on which a student's time is compared with its teacher's."""


def times(value: float) -> str:
    """How many times as much."""
    return f"{value:.2f} ×"


COLUMNS = [
    Column("accuracy", "accuracy", percent),
    Column("violated", "disagrees", percent),
    *(Column(f"asr_{attack}", f"ASR {attack}", percent) for attack in ATTACKS),
    Column("parameters", "numbers", count),
    Column("nonzero_parameters", "nonzero", count),
    Column("bytes", "size", megabytes),
    Column("compressed_bytes", "zstd", megabytes),
    Column("loaded_bytes", "loaded", megabytes),
    Column("flops", "operations", operations),
    Column("latency_p50", "latency", milliseconds),
    Column("throughput", "a second", count),
    Column("smaller", "smaller", times),
    Column("faster", "faster", times),
    Column("dense", "", text),
    Column("compression_name", "compression", text),
]


def sweep(name: str, data: Path | None, store: Path) -> dict[str, Any]:
    """The sweep on one data set, as a file would hold it."""
    task, model, training = SETS[name]
    document: dict[str, Any] = yaml.safe_load(SWEEP.read_text())
    models = [each | model for each in document["models"]]
    place = EMBEDDED if name == EMBEDDED or data is None else str(data / name)
    return document | {
        "name": f"compression_{name}",
        "store": str(store),
        "models": models,
        "compressions": [each for each in document["compressions"] if fit(each, models)],
        "tasks": [task | {"data": place}],
        "training": document["training"] | training,
    }


def fit(compression: Any, models: Sequence[Any]) -> bool:
    """Whether the models are large enough for a compression; says why where they are not."""
    try:
        for model in models:
            build(Compression, compression, "compressions").fits(build(CodeModel, model, "models"))
    except SweepError as error:
        print(f"left out: {error}", flush=True)
        return False
    return True


def table(store: Path, name: str, asked: Sequence[Input]) -> pd.DataFrame:
    """One row a student: what it is worth and what it costs."""
    rows = load(str(store), f"compression_{name}")
    found = costs(rows.evaluations)
    teacher = found[found["compression"] == TEACHER].iloc[0]
    speed = [faster(store, teacher["student"], student, asked) for student in found["student"]]
    compared = pd.concat([found, pd.DataFrame(speed, index=found.index)], axis=1)
    compared["smaller"] = teacher["bytes"] / compared["bytes"]
    if not rows.fidelity.empty:
        relations = violations(rows.fidelity)
        clean = relations.loc[relations["input_name"] == CLEAN, ["compression_name", "violated"]]
        compared = compared.merge(clean, how="left")
    if not rows.attacks.empty:
        rates = robustness(rows.attacks).pivot_table("asr", "compression_name", "attack", dropna=False)
        compared = compared.join(rates.add_prefix("asr_"), on="compression_name")
    return compared


def faster(store: Path, teacher: str, student: str, asked: Sequence[Input]) -> dict[str, float]:
    """How many times as long a teacher takes for an example as its student, median; both answer in turn."""
    found = Store.existing(str(store))
    both = [students.load_victim(found.checkpoint(key), Machine()).afresh() for key in (teacher, student)]
    ratios = []
    for i, one in enumerate([*asked[:WARM_UP], *asked]):
        turn = 1 if i % 2 else -1  # whoever comes second finds the caches warm
        before, after = [latency_of(victim, one) for victim in both[::turn]][::turn]
        ratios.append(before / after)
    low, high = bootstrap_interval(ratios[WARM_UP:], _median, np.random.default_rng(0)) or (math.nan, math.nan)
    return {"faster": _median(np.array(ratios[WARM_UP:])), "faster_low": low, "faster_high": high}


def latency_of(victim: NetworkVictim, one: Input) -> float:
    """Seconds of one answer, from text to probabilities."""
    start = time.perf_counter()
    victim.predict(victim.encode([one]))
    return time.perf_counter() - start


def _median(values: FloatArray) -> float:
    return float(np.median(values))


def main() -> int:
    """Run the sweep on each data set, print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True, help="where results go")
    parser.add_argument("--data", type=Path, help="folder with the data sets")
    parser.add_argument("--sets", nargs="+", choices=tuple(SETS), help="default: all that there is data for")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="as of `robust-ray run`")
    options = parser.parse_args()
    names = options.sets or ([EMBEDDED] if options.data is None else list(SETS))
    if options.data is None and set(names) != {EMBEDDED}:
        parser.error(f"--data must be given for {', '.join(name for name in names if name != EMBEDDED)}")
    changes = [part for change in options.set for part in ("--set", change)]
    store = options.store.resolve()
    store.mkdir(parents=True, exist_ok=True)
    data = None if options.data is None else options.data.resolve()
    status = 0
    for name in names:
        file = store / f"{name}.yaml"
        file.write_text(yaml.safe_dump(sweep(name, data, store), sort_keys=False))
        ended = cli.main(["run", str(file), "--on", "serial", *changes])
        if ended == REFUSED:
            return ended
        status = max(status, ended)
        examples = stable_order(load_sweep(str(file), options.set).tasks[0].load("test"))[:PAIRS]
        found = table(store, name, [example.input for example in examples])
        print(f"\n{name}\n\n{as_text(found, measured(found, COLUMNS))}\n", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
