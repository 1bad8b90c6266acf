"""One attempt: nothing is readable before the end, everything is recorded, and a kill loses little."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from robust_ray.attacks import CorpusVocabulary
from robust_ray.core.call import Inputs, Ref, StageCall
from robust_ray.core.care import Care, Careful
from robust_ray.core.errors import StoreError
from robust_ray.core.machine import Machine
from robust_ray.core.records import Record, SubstituteRecord
from robust_ray.dispatch import Outcome, execute
from robust_ray.dispatch.attempt import locked, record_death, was_cut_short
from robust_ray.stages import Attack, CollectSubstitutes
from robust_ray.store import Known, Store
from robust_ray.tasks import DefectDetection
from tests.dispatch.fakes import Break, Look, Make, call, row, small_plan


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where calls work."""
    monkeypatch.setenv("ROBUST_RAY_WORK", str(tmp_path / "work"))
    return tmp_path / "work"


@pytest.fixture
def store(tmp_path: Path, work: Path) -> Store:
    """An empty one."""
    return Store.open(str(tmp_path / "store"))


@dataclass(frozen=True, kw_only=True)
class Named(Look):
    """Its examples have names."""

    def run_with_care(self, key: str, inputs: Inputs, workdir: Path, machine: Machine, care: Care) -> Sequence[Record]:
        said = [f"{uid} is lost: {care.lost[uid]}" if uid in care.lost else uid for uid in "abc"]
        return [row(key, each, rank) for rank, each in enumerate(said)]


def left(work: Path) -> list[str]:
    """What calls have left where they worked."""
    return sorted(path.name for path in work.glob("robust-ray-*/*/*"))


def test_outputs_are_committed_with_their_provenance(store: Store, work: Path) -> None:
    teacher, student, look, *_ = small_plan(students=1)
    for each in (teacher, student, look):
        outcome = execute(each, store, Machine())
        assert outcome.ok
        assert outcome.seconds > 0
    assert store.checkpoint(student.key).joinpath("step-0").read_text() == "11"
    assert [type(row) for row in store.rows(look.ref)] == [SubstituteRecord] * 3
    provenance = store.provenance(look.ref)
    assert provenance["inputs"] == {"student": [student.key]}
    assert provenance["host"]
    assert "numpy" in provenance["packages"]
    assert [run.outcome for run in store.runs()] == ["done"] * 3
    assert left(work) == []


def test_what_is_complete_is_not_made_again(store: Store) -> None:
    teacher, *_ = small_plan()
    execute(teacher, store, Machine())
    assert execute(teacher, store, Machine()) == Outcome(teacher.key)
    assert len(store.runs()) == 1


def test_a_store_that_is_away_when_asked_is_waited_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher, student, *_ = small_plan(students=1)
    execute(teacher, store, Machine())
    away, has = [True, True], Store.has

    def asked(self: Store, ref: Ref) -> bool:
        if away:
            away.pop()
            raise StoreError("away")
        return has(self, ref)

    monkeypatch.setattr(Store, "has", asked)
    assert execute(student, store, Machine()).error == "away"
    assert execute(student, store, Machine()).ok


def test_a_failure_is_a_value_and_a_record(store: Store, work: Path, tmp_path: Path) -> None:
    broken = call(Break(marks=str(tmp_path)))
    outcome = execute(broken, store, Machine())
    assert outcome.error == "RuntimeError: boom"
    assert not outcome.users
    (run,) = store.runs()
    assert (run.outcome, run.error) == ("failed", "RuntimeError: boom")
    assert "in run" in str(run.traceback)
    assert not store.has(broken.ref)
    assert left(work) == []


def test_a_users_mistake_is_told_from_ours(store: Store, tmp_path: Path) -> None:
    outcome = execute(call(Break(marks=str(tmp_path), how="user")), store, Machine())
    assert outcome.users
    assert outcome.error == "data: nothing must be wrong, but all is; mend it"


def test_a_missing_input_names_itself(store: Store) -> None:
    _, student, look, *_ = small_plan(students=1)
    outcome = execute(look, store, Machine())
    assert outcome.damaged == student.key
    assert outcome.error == f"{student.key} is no longer in the store"


def test_damaged_rows_are_put_aside(store: Store, tmp_path: Path) -> None:
    *_, comparison = calls = small_plan(students=1, looks=1)
    for each in calls[:-1]:
        execute(each, store, Machine())
    look = calls[2]
    path = tmp_path / "store" / "tables" / "substitutes" / f"{look.key}.parquet"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-9])
    assert execute(comparison, store, Machine()).damaged == look.key
    assert not store.has(look.ref)


@pytest.mark.parametrize("how", [KeyboardInterrupt, SystemExit])
def test_the_user_can_stop_it(how: type[BaseException], store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*args: object) -> None:
        raise how

    monkeypatch.setattr(Make, "run", stop)
    with pytest.raises(how):
        execute(call(Make(value=1)), store, Machine())
    assert store.runs() == []


def killed_at(made: StageCall, store: Store, file: str) -> BaseProcess:
    """A process that made an attempt until it had left a file."""
    process = multiprocessing.get_context("spawn").Process(target=execute, args=(made, store, Machine()))
    process.start()
    deadline = time.monotonic() + 30
    while not list(Path(store.uri).parent.glob(f"work/*/*/*/{file}")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.join()
    return process


def test_a_training_goes_on_after_a_kill(store: Store) -> None:
    training = call(Make(value=1, steps=8, seconds=0.1))
    process = killed_at(training, store, "step-3")
    assert not store.has(training.ref)
    assert execute(training, store, Machine()).ok
    makers = [int((store.checkpoint(training.key) / f"step-{step}").read_text()) for step in range(1, 8)]
    assert makers[:3] == [process.pid] * 3
    assert makers[-1] == os.getpid()


def died(made: StageCall, store: Store, *, blames_call: bool = True) -> Outcome:
    """An attempt that somebody else has seen end."""
    return record_death(made, store, Machine(), 1.0, "the worker died", "", blames_call=blames_call)


def test_who_ends_a_process_again_and_again_is_not_touched_any_more(store: Store) -> None:
    attack, suspects = call(Named()), store.suspects(call(Named()).key)
    assert not died(attack, store, blames_call=False).learned
    assert suspects.known() is None
    assert died(attack, store).learned
    for before in (Known(), Known(None, {"b": ("the worker died",)})):
        suspects.at("b", before)
        assert died(attack, store).learned
    assert not died(attack, store).learned
    assert execute(attack, store, Machine()).ok
    said = ["a", "b is lost: the worker died", "c"]
    assert store.rows(attack.ref) == [row(attack.key, each, rank) for rank, each in enumerate(said)]
    assert suspects.known() is None


def test_a_death_of_what_has_no_examples_teaches_nothing(store: Store) -> None:
    look = call(Look())
    assert not died(look, store).learned
    assert store.suspects(look.key).known() is None


def test_attacks_can_be_made_with_care() -> None:
    assert issubclass(Attack, Careful)


def test_a_process_that_dies_at_a_call_is_seen_to_have_been_there(store: Store) -> None:
    stuck = call(Look(seconds=60))
    killed_at(stuck, store, "scratch")
    assert was_cut_short(stuck, store)
    quick = call(Look(seconds=0.0))
    assert quick.key == stuck.key
    assert execute(quick, store, Machine()).ok
    assert not was_cut_short(stuck, store)


def test_two_processes_make_a_call_once(store: Store) -> None:
    slow = call(Look(seconds=0.3))
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=execute, args=(slow, store, Machine())) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(store.runs()) == 1
    assert len(store.rows(slow.ref)) == 3


def test_a_lock_leaves_no_file(tmp_path: Path) -> None:
    with locked(tmp_path / "lock"):
        assert (tmp_path / "lock").exists()
    assert not (tmp_path / "lock").exists()


def test_torch_is_not_needed_to_limit_its_threads(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "9")
    execute(call(Look()), store, Machine(threads=3))
    assert os.environ["OMP_NUM_THREADS"] == "3"


def test_a_machine_with_other_data_than_the_drivers_stores_nothing(store: Store, tmp_path: Path) -> None:
    for split in ("train", "valid", "test"):
        (tmp_path / f"{split}.jsonl").write_text('{"idx": 1, "target": 0, "func": "int f(int a) { return a; }"}\n')
    collect = StageCall(CollectSubstitutes(substitutes=CorpusVocabulary(), task=DefectDetection(data=str(tmp_path))))
    planned = collect.key
    (tmp_path / "train.jsonl").write_text('{"idx": 1, "target": 0, "func": "int f(int other) { return other; }"}\n')
    outcome = execute(collect, store, Machine())
    assert outcome.users
    assert f"{planned}: every machine must see the data" in str(outcome.error)
    assert store.present() == set()
