"""A search resumes where it was killed, keeps its constraint, and finds the same whoever dispatches it."""

from __future__ import annotations

from pathlib import Path

import pytest
from optuna.trial import TrialState

from robust_ray.core.errors import StoreError
from robust_ray.dispatch import Settings, serial
from robust_ray.dispatch.study import OpenStudy, Point
from robust_ray.store import Store
from tests.dispatch.searching import SEARCH, study
from tests.dispatch.test_serial import kill_after


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of this test work in a folder of their own."""
    monkeypatch.setenv("ROBUST_RAY_WORK", str(tmp_path / "work"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty one."""
    return Store.open(str(tmp_path / "store"))


def searched(store: Store, **changes: object) -> OpenStudy:
    """The study of a store, after a run."""
    found = study(store, **changes)
    assert serial.run([], store, Settings(), feed=found).ok
    return found


def states(found: OpenStudy) -> list[TrialState]:
    return [trial.state for trial in found.study.trials]


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> list[Point]:
    """What an undisturbed search finds."""
    return searched(Store.open(str(tmp_path_factory.mktemp("undisturbed")))).front()


def test_the_front_is_feasible_and_not_dominated(front: list[Point]) -> None:
    assert front
    for point in front:
        x, k = point.params["x"], point.params["k"]
        assert x <= 0.8
        assert point.values == pytest.approx((x, x**2 + k))
        assert point.constraints == {"x at most 0.8": pytest.approx(x - 0.8)}
        assert not any(o.values[0] >= point.values[0] and o.values[1] < point.values[1] for o in front)
    assert [point.values[0] for point in front] == sorted((point.values[0] for point in front), reverse=True)


def test_all_proposals_end_and_a_second_run_adds_none(store: Store) -> None:
    found = searched(store)
    assert len(states(found)) == 14
    assert set(states(found)) <= {TrialState.COMPLETE, TrialState.FAIL}
    runs = len(store.runs())
    assert len(states(searched(store))) == 14
    assert len(store.runs()) == runs
    assert len(states(searched(store, trials=16))) == 16


def test_a_point_that_cannot_be_built_or_measured_fails_alone(store: Store) -> None:
    found = searched(store, trials=40, sampler="random")
    errors = {trial.user_attrs.get("error") for trial in found.study.trials if trial.state == TrialState.FAIL}
    assert errors == {"k: at most 2 must hold, but got 3; lower it", "too small to be measured"}


@pytest.mark.parametrize("ends", [0, 3, 8])
def test_a_killed_search_goes_on_as_if_nothing_had_happened(
    ends: int, store: Store, tmp_path: Path, front: list[Point]
) -> None:
    kill_after("study", ends, tmp_path / "store", moment=0.0)
    found = searched(store)
    assert TrialState.RUNNING not in states(found)
    assert len(states(found)) == 14
    assert found.front() == front


def test_a_half_written_journal_is_mended(store: Store) -> None:
    searched(store, trials=3)
    journal = store.local_path("studies", "fake.journal")
    with journal.open("ab") as stream:
        stream.write(b'{"op_code": 4, "wor')
    assert len(states(searched(store, trials=4))) == 4


def test_rows_damaged_before_they_are_read_are_made_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Store.put_rows
    spoilt: list[str] = []

    def put_badly_once(self: Store, ref, *args, **named) -> None:  # type: ignore[no-untyped-def]
        put(self, ref, *args, **named)
        if not spoilt:
            spoilt.append(ref.key)
            path = tmp_path / "store" / "tables" / ref.table / f"{ref.key}.parquet"
            path.chmod(0o600)
            path.write_bytes(b"spoilt")

    monkeypatch.setattr(Store, "put_rows", put_badly_once)
    found = searched(store, trials=6)
    assert TrialState.COMPLETE in states(found)
    assert [run.key for run in store.runs()].count(spoilt[0]) == 2


@pytest.mark.parametrize("sampler", ["tpe", "nsgaii", "random"])
def test_several_proposals_at_once(sampler: str, store: Store) -> None:
    found = searched(store, max_concurrent=3, sampler=sampler)
    assert len(states(found)) == 14
    assert found.front()


def test_one_objective_is_a_front_of_one(store: Store) -> None:
    found = searched(store, objectives=SEARCH.objectives[:1], trials=8)
    assert len({point.values for point in found.front()}) == 1


def test_a_second_driver_is_refused_while_the_first_searches(store: Store) -> None:
    first = study(store)
    with pytest.raises(StoreError, match="one driver at a time may search, but another one is at it"):
        study(store)
    assert serial.run([], store, Settings(), feed=first).ok
    assert len(states(searched(store, trials=16))) == 16, "a search that has ended holds nobody up"
