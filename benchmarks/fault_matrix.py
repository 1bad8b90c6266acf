"""Whatever goes wrong while a sweep runs, are its rows those of a sweep in which nothing did?

Run: ``python benchmarks/fault_matrix.py`` (no data, no GPU; about 20 minutes on two cores), or with ``--faults N`` for
fewer, ``--on serial`` for some dispatchers only, ``--only "node killed"`` for some faults only, ``--seed N`` for other
moments. Linux; the full disks need root, and are left out without.

Each line is one fault, done at a random moment to a fresh sweep of 25 short calls: made-up models under real attacks,
on one process (``serial``) or on a Ray cluster of two raylets (``ray``); to a search of ten made-up proposals
(``search``), whose study must come to the same; now and then to the command line and a small study of real models
(``real``). The same command is then given until it succeeds, with a limit on how long it may take, and the store is
compared with that of an undisturbed run: every call has exactly one set of rows, these are equal but for what was
timed, nothing half-written is read, and no process is left behind. An example that *always* ends
its process, by a crash or by hanging until the limit of its call, has a row that says so, and all other rows are equal.
Settings are those of a sweep that says nothing of them, but for the time limit of an attack (eight seconds) and the
minute after which a driver believes that its head is dead (ten seconds).

*Commands* are those needed beside the first, *attempts* those on record that failed, *seconds* run from the fault to
the end of the last command, the rest of the sweep and the start of processes included: their median, and the most.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from robust_ray.core.call import StageCall
from robust_ray.plan import expand
from robust_ray.store import Store
from robust_ray.sweep_file import load
from tests.faults.faults import FAULTS, small_disk
from tests.faults.hunting import Hunt
from tests.faults.scene import Fake, Rows, Scene, Study, undisturbed

SWEEP: dict[str, Any] = {
    "name": "tiny",
    "models": [
        {"type": "scratch_roberta", "layers": 1, "hidden": 32, "heads": 2, "intermediate": 32, "vocabulary": 400}
    ],
    "tasks": [{"type": "defect_detection", "data": "embedded", "max_train": 300}],
    "training": {"epochs": 2, "batch_size": 16, "learning_rate": 4e-3, "max_length": 96},
    "compressions": [{"type": "magnitude_pruning", "sparsity": 0.6}, "dynamic_quantization"],
    "attacks": [{"type": "mhm", "candidates": 5, "iterations": 4, "query_budget": 30}],
    "relations": ["prediction_agreement"],
    "examples": {"evaluate": 40, "attack": 10, "shard": 5},
}
ON = ("serial", "ray", "search")
SHARE = 0.3
"""Of the faults that can strike real models, how many do."""


class Real:
    """The command line on a small study of real models."""

    exact = "*.safetensors"

    def __init__(self, file: Path) -> None:
        self._file = file

    def command(self, scene: Scene) -> list[str]:
        return ["-m", "robust_ray.cli", "run", str(self._file), "--on", "serial", "--store", str(scene.store)]

    def calls(self) -> list[StageCall]:
        return list(expand(load(self._file)).calls.values())

    def further(self, store: Store) -> Rows:
        return {}


class Struck(NamedTuple):
    """What came of one fault."""

    fault: str
    on: str
    objection: str
    """What is wrong; empty where the rows are those of an undisturbed run."""
    commands: int = 0
    attempts: int = 0
    seconds: float = 0.0


def strike(fault: str, on: str, scene: Scene, expected: Rows) -> Struck:
    """Do one thing to one sweep."""
    with ExitStack() as stack:
        stack.callback(scene.close)
        if (small := FAULTS[fault].small) is not None:
            stack.enter_context(small_disk(scene.folder / small))
        commands, began = 0, time.monotonic()
        try:
            scene.start()
            scene.watch(int(scene.dice.integers(1, len(expected))))
            time.sleep(scene.dice.uniform(0, 0.1))
            began = time.monotonic()
            FAULTS[fault].strike(scene)
            commands = scene.finish()
            seconds = time.monotonic() - began
            scene.check(expected)
            objection = ""
        except Exception as error:  # a fault nobody gets over is what this program is there to find
            seconds = time.monotonic() - began
            objection = f"{type(error).__name__}: {error} after {scene.said[-3:]}"
        store = Store.find(str(scene.store))
        failed = sum(run.outcome == "failed" for run in store.runs()) if store else 0
        return Struck(fault, on, objection, commands, failed, seconds)


def deck(on: Sequence[str], only: Sequence[str], dice: np.random.Generator) -> Iterator[tuple[str, str]]:
    """Every fault on every dispatcher where it can happen, shuffled, again and again."""
    pairs = [(name, where) for name in only or FAULTS for where in on if where in FAULTS[name].on]
    if os.geteuid():
        print("without root there are no small disks to fill", flush=True)
        pairs = [pair for pair in pairs if FAULTS[pair[0]].small is None]
    if not pairs:
        raise SystemExit(f"--only: a fault must be one that can happen on {' or '.join(on)}, but got {only}; add --on")
    while True:
        yield from (pairs[i] for i in dice.permutation(len(pairs)))


def strike_all(options: argparse.Namespace, folder: Path) -> Iterator[Struck]:
    """One fault after the other."""
    os.environ["RAY_AUTH_TOKEN"] = uuid.uuid4().hex
    os.environ["RAY_gcs_rpc_server_reconnect_timeout_s"] = "10"  # noqa: SIM112  # as Ray spells it
    os.environ["ROBUST_RAY_WORK"] = str(folder / "work-of-the-cluster")
    (folder / "tiny.yaml").write_text(yaml.safe_dump(SWEEP))
    fake, real, hunt = Fake(), Real(folder / "tiny.yaml"), Hunt()
    studies: list[Study] = [fake, real, hunt]
    expected = {study: undisturbed(study, folder / type(study).__name__) for study in studies}
    dice = np.random.default_rng(options.seed)
    with ExitStack() as stack:
        nodes = None
        if "ray" in options.on:
            from tests.faults.cluster import Nodes

            logging.getLogger("ray").setLevel(logging.ERROR)
            nodes = Nodes()
            stack.callback(nodes.stop)
        pairs = deck(options.on, options.only, dice)
        for i, (fault, on) in zip(range(options.faults), pairs, strict=False):
            is_real = on == "serial" and not FAULTS[fault].is_mischief and dice.random() < SHARE
            study = hunt if on == "search" else real if is_real else fake
            scene = Scene(folder / str(i), on, np.random.default_rng([options.seed, i]), study)
            if on == "ray" and nodes is not None:
                scene.address, scene.cluster = nodes.address, nodes
            yield strike(fault, "real" if is_real else on, scene, expected[scene.study])


def main() -> int:
    """Print each outcome as it is known, then the matrix; 1 if any sweep was not what it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--on", nargs="+", choices=ON, default=ON)
    parser.add_argument("--only", nargs="+", choices=FAULTS, default=[], metavar="FAULT")
    options = parser.parse_args()
    found: defaultdict[tuple[str, str], list[Struck]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="robust-ray-faults-") as folder:
        for i, struck in enumerate(strike_all(options, Path(folder)), start=1):
            found[struck.fault, struck.on].append(struck)
            print(f"{i:4} {struck.fault}, {struck.on}: {struck.objection or 'rows equal'}", flush=True)
    print(f"\n| {'fault':30} | on     | times | rows equal | commands | attempts | seconds | most |")
    print(f"|{'-' * 32}|--------|------:|-----------:|---------:|---------:|--------:|-----:|")
    for (fault, on), cases in sorted(found.items()):
        equal = sum(not case.objection for case in cases)
        commands, attempts = (statistics.mean(column) for column in zip(*(case[3:5] for case in cases), strict=True))
        seconds = [case.seconds for case in cases]
        print(
            f"| {fault:30} | {on:6} | {len(cases):5} | {equal:10} | {commands:8.1f} | {attempts:8.1f} "
            f"| {statistics.median(seconds):7.1f} | {max(seconds):4.0f} |"
        )
    broken = sum(bool(case.objection) for case in chain.from_iterable(found.values()))
    print(f"\n{options.faults} faults, {broken} of them not got over")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
