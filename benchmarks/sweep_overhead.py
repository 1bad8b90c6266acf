"""What the engine costs beside the work: expansion, plan, a cached answer, a call on Ray, and the driver's memory.

Run: ``python benchmarks/sweep_overhead.py`` (two cores, some minutes; ``--calls 10000`` for a large sweep, ``--only
cached`` or ``--only ray`` for one half). The calls on Ray do nothing but write a row: what they take is overhead.
"Naive" is Ray Tune as it comes, a function for each call with the same row, default loggers and a fresh actor each.

The cached sweep is a real one, with rows of the usual size put in its store for every key; ``plan`` and ``run`` are the
commands of the command line, their imports included. Loads count how often a worker read a student, next to how many
students there are; actors are counted by the processes that left a row.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, ClassVar, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

import yaml

from robust_ray.core.call import Inputs, Stage, StageCall
from robust_ray.core.machine import Machine
from robust_ray.core.records import RECORDS, Record, SubstituteRecord
from robust_ray.dispatch import Counts, Outcome, Settings, Shape
from robust_ray.plan import Plan, expand
from robust_ray.store import Store
from robust_ray.sweep_file import load

ROOT = Path(__file__).resolve().parents[1]

NAIVE = 12
"""Trials of naive Tune: each takes seconds."""

WINDOW = 50
"""Calls whose mean time is one measurement."""

ROWS = 25
"""Rows of a cached call."""

CODE = "def function(argument):\n    return [value for value in argument if value is not None]\n" * 8


@dataclass(frozen=True, kw_only=True)
class Row(Stage):
    """Writes a row: which process, and whether it had to load the student."""

    name: ClassVar[str] = "attack"
    table: ClassVar[str] = SubstituteRecord.table

    number: int

    def label(self) -> str:
        return "row"

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        loads: list[str] = []

        def load() -> None:
            loads.append("loaded")

        for student in inputs.keys.get("student", ()):
            machine.warm.get(student, load)
        return [
            SubstituteRecord(
                key=key,
                source=str(os.getpid()),
                uid=None,
                identifier=None,
                substitute="".join(loads) or "warm",
                rank=self.number,
                score=0.0,
            )
        ]


@dataclass(frozen=True, kw_only=True)
class Student(Row):
    """The same, in a stage of its own, so that its shape can be another."""

    name: ClassVar[str] = "finetune"


class Watch:
    """When each call ended, and what memory the driver had then."""

    def __init__(self) -> None:
        self.ends: list[float] = []
        self.memory: list[float] = []

    def on_start(self, call: StageCall) -> None:
        """Nothing to note."""

    def on_end(self, call: StageCall, outcome: Outcome) -> None:
        """Note both."""
        assert outcome.ok, outcome.error
        self.ends.append(time.monotonic())
        self.memory.append(resident())

    def on_change(self, counts: Mapping[str, Counts]) -> None:
        """Nothing to note."""

    def seconds(self) -> float:
        """A call's, the median over windows."""
        width = min(WINDOW, len(self.ends) - 1)
        starts = range(0, len(self.ends) - width, width)
        return median((self.ends[i + width] - self.ends[i]) / width for i in starts)


def resident() -> float:
    """Memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def sweep_file(folder: Path, calls: int) -> Path:
    """A sweep of about as many calls: seeds, two attacks in shards, magnitude pruning."""
    shards = 10
    per_seed = 2 + 5 * 2 + 5 * 2 * shards + 4 * (1 + 2 * shards)
    path = folder / "overhead.yaml"
    document = {
        "name": "overhead",
        "models": [{"type": "scratch_roberta"}],
        "tasks": [{"type": "defect_detection"}],
        "compressions": [{"type": "magnitude_pruning", "sparsity": sparsity} for sparsity in (0.2, 0.4, 0.6, 0.8)],
        "attacks": ["mhm", "wir_random"],
        "relations": ["prediction_agreement"],
        "examples": {"attack": ROWS * shards, "shard": ROWS},
        "seeds": list(range(max(1, round(calls / per_seed)))),
        "store": str(folder / "cached"),
    }
    path.write_text(yaml.safe_dump(document))
    return path


def fill(plan: Plan, store: Store) -> None:
    """Put something of the usual size at every key."""
    records = {record.table: record for record in RECORDS}

    def put(call: StageCall) -> None:
        if call.stage.table is None:
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "weights").write_bytes(b"0" * 1000)
                store.put_checkpoint(call.key, Path(folder), call.describe())
        else:
            record = records[call.stage.table]
            count = ROWS if call.stage.name in ("attack", "fidelity") else 1
            rows = [record(**{field.name: _value(field, call.key) for field in dataclasses.fields(record)})] * count
            store.put_rows(call.ref, rows, call.describe(), record)

    with ThreadPoolExecutor(8) as writers:
        list(writers.map(put, plan.calls.values()))


def _value(field: dataclasses.Field[Any], key: str) -> Any:
    """Something that a column can hold."""
    if field.name == "key":
        return key
    kind = str(field.type)
    plain = {"str": "text", "int": 1, "float": 0.5, "bool": True}
    if "tuple" in kind:
        return ()
    if "code" in field.name:
        return CODE
    return next((value for name, value in plain.items() if name in kind), "text")


class Took(NamedTuple):
    """How long something took; the processor's share alone does not depend on what else the machine is doing."""

    seconds: float
    processor: float

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s (processor {self.processor:.2f} s)"


def timed(body: Callable[[], object], repeats: int) -> Took:
    """The median of some runs."""
    took = []
    for _ in range(repeats):
        clock, before = time.monotonic(), os.times()
        body()
        after = os.times()
        took.append(Took(time.monotonic() - clock, sum(after[:4]) - sum(before[:4])))
    return Took(*map(median, zip(*took, strict=True)))


def command(*arguments: str) -> None:
    """A command of the command line."""
    subprocess.run([sys.executable, "-m", "robust_ray.cli", *arguments], check=True, stdout=subprocess.DEVNULL)


def cached(calls: int, repeats: int) -> list[tuple[str, str]]:
    """Seconds of all that needs no worker."""
    with tempfile.TemporaryDirectory() as folder:
        path = sweep_file(Path(folder), calls)
        sweep = load(str(path), [])
        plan = expand(sweep)
        fill(plan, Store.open(sweep.store))
        expansion = timed(lambda: expand(sweep), repeats)
        planning = timed(lambda: command("plan", str(path)), repeats)
        running = timed(lambda: command("run", str(path)), repeats)
    return [
        ("calls of the cached sweep", f"{len(plan.calls):,}"),
        ("expansion", str(expansion)),
        ("robust-ray plan", str(planning)),
        ("robust-ray run, all cached", str(running)),
    ]


def on_ray(calls: int) -> list[tuple[str, str]]:
    """Overhead of a call, ours and naive Tune's, in one Ray of two cores."""
    import ray

    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    try:
        ours, actors, loads, students = rows(calls)
        early, late = ours.memory[len(ours.memory) // 10], ours.memory[-1]
        alternating = alternate(20)
        slow = naive()
    finally:
        ray.shutdown()
    return [
        ("calls on Ray", f"{calls:,}"),
        ("a call on Ray", f"{ours.seconds():.3f} s"),
        (f"a call on naive Tune ({NAIVE} trials)", f"{slow:.3f} s"),
        ("actors started", str(actors)),
        ("students loaded", f"{loads} times, {students} students"),
        ("actors started for two shapes in turn", str(alternating)),
        (f"driver's memory after {calls // 10:,} calls", f"{early:.0f} MB"),
        (f"driver's memory after {calls:,} calls", f"{late:.0f} MB"),
    ]


def rows(calls: int) -> tuple[Watch, int, int, int]:
    """Many calls on some students; returns also actors, loads and students."""
    from robust_ray.dispatch import tune

    made = [StageCall(Student(number=n)) for n in range(max(2, calls // 100))]
    looks = [StageCall(Row(number=n), {"student": (made[n % len(made)].ref,)}) for n in range(calls - len(made))]
    watch = Watch()
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(folder)
        assert tune.run([*made, *looks], store, Settings(), progress=watch).ok
        left = store.table(SubstituteRecord.table).table
        actors, loads = set(left["source"].to_pylist()), left["substitute"].to_pylist().count("loaded")
    return watch, len(actors), loads, len(made)


def alternate(links: int) -> int:
    """A chain in which each call needs the one before and holds what that does not; returns the actors started."""
    from robust_ray.dispatch import tune

    chain: list[StageCall] = []
    for n in range(links):
        inputs = {"before": (chain[-1].ref,)} if chain else {}
        chain.append(StageCall((Row if n % 2 else Student)(number=n), inputs))
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(folder)
        assert tune.run(chain, store, Settings(shapes={"attack": Shape(0.5)})).ok
        return len(set(store.table(SubstituteRecord.table).table["source"].to_pylist()))


def naive() -> float:
    """Seconds of a call as Tune does it without being told otherwise."""
    from ray import tune

    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        store = Store.open(f"{folder}/store")

        def trial(config: dict[str, Any]) -> None:
            call = StageCall(Row(number=config["number"]))
            made = call.stage.run(call.key, Inputs(), Path(), Machine())
            store.put_rows(call.ref, made, call.describe(), SubstituteRecord)
            tune.report({"done_at": time.time()})

        started = time.time()
        results = tune.Tuner(
            tune.with_resources(trial, {"cpu": 1}),
            param_space={"number": tune.grid_search(list(range(NAIVE)))},
            run_config=tune.RunConfig(storage_path=folder, verbose=0),
        ).fit()
        assert results.num_terminated == NAIVE
        return (time.time() - started) / NAIVE


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=3, help="of what needs no worker (default: 3)")
    parser.add_argument("--only", choices=("cached", "ray"))
    options = parser.parse_args()
    lines = [] if options.only == "ray" else cached(options.calls, options.repeats)
    lines += [] if options.only == "cached" else on_ray(options.calls)
    for name, value in lines:
        print(f"{name:45} {value:>32}")


if __name__ == "__main__":
    from benchmarks.sweep_overhead import main as run  # workers import the stages from there, by name

    run()
