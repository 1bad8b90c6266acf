"""Every student of a small space of compressions, measured once, so that searches of it can be replayed for nothing.

Run: ``python benchmarks/search_grid.py --store STORE`` (no data, no GPU; a quarter of an hour on one core) to make
``search_grid.csv`` anew from ``search_grid.yaml``. Killed, it goes on where it was.

The file's first line is the teacher. The seconds in it are processor time, as its machine had others to serve, too;
made anew, they are wall time.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from robust_ray import cli
from robust_ray.compression import Compression, NoCompression
from robust_ray.core.build import build
from robust_ray.core.records import AttackRecord, EvaluationRecord, Record
from robust_ray.dispatch.attempt import read_rows
from robust_ray.metrics.columns import STANDING
from robust_ray.plan import Proposal, plan_of
from robust_ray.search import Search, suggest
from robust_ray.store import Store
from robust_ray.sweep import Sweep
from robust_ray.sweep_file import load as load_sweep

SWEEP = Path(__file__).with_name("search_grid.yaml")
GRID = Path(__file__).with_name("search_grid.csv")


class Student(NamedTuple):
    """What was measured of a point of the space: a line of the file."""

    settings: str
    """As a sweep file would hold them, as JSON."""

    clean_accuracy: float
    bytes: int
    flops: int
    standing: tuple[int, ...]
    """Examples still right after the attack, by shard."""

    made_seconds: tuple[float, ...]
    """By step."""

    evaluated_seconds: float
    attacked_seconds: tuple[float, ...]
    """By shard."""

    @property
    def compression(self) -> Compression:
        """What made it."""
        return build(Compression, json.loads(self.settings), self.settings)


class Grid(NamedTuple):
    """All points of a space, and the teacher."""

    sweep: Sweep
    teacher: Student
    students: Mapping[Compression, Student]

    @property
    def search(self) -> Search:
        """Of the sweep."""
        assert self.sweep.search is not None  # the file has one
        return self.sweep.search

    def violation(self, student: Student) -> float:
        """By how much a student is less accurate than the search allows; feasible at most 0."""
        (bound,) = self.search.constraints
        assert bound.below_teacher is not None  # as the file says
        return self.teacher.clean_accuracy - bound.below_teacher - student.clean_accuracy

    def feasible(self) -> list[Student]:
        """Those accurate enough."""
        return [student for student in self.students.values() if self.violation(student) <= 0]

    def values(self, student: Student, attacked: int) -> dict[str, float]:
        """What the objectives may be, after the attack on so many examples."""
        standing = sum(student.standing[: attacked // self.sweep.examples.shard])
        return {"robust_accuracy": standing / attacked, "bytes": student.bytes, "flops": student.flops}


class Everything:
    """A trial that takes one point of a space after the other, by turns."""

    def __init__(self) -> None:
        self._turns: list[tuple[int, int]] = []
        self._at = 0

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """The choice whose turn it is."""
        if self._at == len(self._turns):
            self._turns.append((0, len(choices)))
        i, _ = self._turns[self._at]
        self._at += 1
        return choices[i]

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        """The number whose turn it is."""
        return int(self.suggest_categorical(name, range(low, high + 1, step)))

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        """The number whose turn it is; a grid has steps."""
        assert step is not None
        return float(self.suggest_categorical(name, [low + i * step for i in range(round((high - low) / step) + 1)]))

    def turn(self) -> bool:
        """Go on to the next point; False after the last."""
        self._at = 0
        while self._turns:
            i, n = self._turns.pop()
            if i + 1 < n:
                self._turns.append((i + 1, n))
                return True
        return False


def points(search: Search) -> Iterator[dict[str, Any]]:
    """Every point of a space, as a sweep file would hold it."""
    trial = Everything()
    yield suggest(trial, search)
    while trial.turn():
        yield suggest(trial, search)


def measure(store: Path) -> int:
    """Measure all students, and put them on file; returns the exit status of the sweep."""
    search = load_sweep(SWEEP).search
    assert search is not None
    settings = [{"type": "none"}, *points(search)]
    document = yaml.safe_load(SWEEP.read_text()) | {"store": str(store), "compressions": settings}
    del document["search"]
    store.mkdir(parents=True, exist_ok=True)
    file = store / SWEEP.name
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    status = cli.main(["run", str(file), "--on", "serial"])
    if status == 0:
        write(GRID, students(load_sweep(file), settings, Store.existing(str(store))))
    return status


def students(sweep: Sweep, settings: Sequence[Mapping[str, Any]], store: Store) -> list[Student]:
    """What a store says of students."""
    (model,), (task,), (seed,) = sweep.models, sweep.tasks, sweep.seeds
    seconds = {run.key: run.seconds for run in store.runs() if run.outcome == "done"}
    of_teacher = plan_of(sweep, [Proposal(model, task, NoCompression(), seed)]).calls
    found = []
    for each in settings:
        compression = build(Compression, each, "grid")
        calls = plan_of(sweep, [Proposal(model, task, compression, seed)]).calls
        own = [call for key, call in calls.items() if key not in of_teacher or compression == NoCompression()]
        made, (evaluated,), attacked = (
            [call.ref for call in own if call.stage.name == stage] for stage in ("compress", "evaluate", "attack")
        )
        (evaluation,) = read_rows(store, evaluated)
        assert isinstance(evaluation, EvaluationRecord)
        assert evaluation.accuracy is not None  # the task has classes
        found.append(
            Student(
                json.dumps(each, sort_keys=True),
                evaluation.accuracy,
                evaluation.bytes,
                evaluation.flops,
                tuple(_standing(read_rows(store, ref)) for ref in attacked),
                tuple(seconds[ref.key] for ref in made),
                seconds[evaluated.key],
                tuple(seconds[ref.key] for ref in attacked),
            )
        )
    return found


def _standing(rows: Sequence[Record]) -> int:
    return sum(isinstance(row, AttackRecord) and row.verdict in STANDING for row in rows)


def write(path: Path, students: Sequence[Student]) -> None:
    """Put students on file, the teacher first."""
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(Student._fields)
        writer.writerows(map(_cell, student) for student in students)


def _cell(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(_cell, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def read(path: Path = GRID) -> Grid:
    """The grid on file."""
    with path.open(newline="") as stream:
        teacher, *others = [
            Student(
                row["settings"],
                float(row["clean_accuracy"]),
                int(row["bytes"]),
                int(row["flops"]),
                tuple(map(int, row["standing"].split())),
                tuple(map(float, row["made_seconds"].split())),
                float(row["evaluated_seconds"]),
                tuple(map(float, row["attacked_seconds"].split())),
            )
            for row in csv.DictReader(stream)
        ]
    return Grid(load_sweep(SWEEP), teacher, {student.compression: student for student in others})


def main() -> int:
    """Read the arguments, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", type=Path, required=True, help="where students and rows go")
    return measure(parser.parse_args().store.resolve())


if __name__ == "__main__":
    sys.exit(main())
