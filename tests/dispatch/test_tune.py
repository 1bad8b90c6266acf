"""The Ray dispatcher keeps the contract, survives its workers, and does not outlive its driver."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from socket import gethostname

import pytest

from robust_ray.core.errors import SweepError
from robust_ray.dispatch import Report, Settings, Shape, serial
from robust_ray.store import Store
from tests.contracts import DispatcherContract
from tests.dispatch.fakes import Break, Look, attempts, call, small_plan
from tests.dispatch.searching import study
from tests.dispatch.test_serial import assert_whole, kill_after

pytestmark = pytest.mark.ray

LOOK = "`dmesg` there names what ran out of memory"

ROOT = str(Path(__file__).resolve().parents[2])


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """One local Ray of two cores, whose workers can import the tests."""
    import ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([ROOT, os.environ.get("PYTHONPATH", "")]))
        ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        yield
        ray.shutdown()


class TestTune(DispatcherContract):
    @pytest.fixture
    def dispatch(self, cluster: None) -> Callable[..., Report]:
        from robust_ray.dispatch import tune

        return tune.run

    def test_a_killed_worker_is_an_attempt_that_failed(
        self, dispatch: Callable[..., Report], store: Store, tmp_path: Path
    ) -> None:
        teacher, student, *others = small_plan(students=1)
        dying = call(Break(value=7, marks=str(tmp_path), how="kill", times=1), student=student)
        deadly = call(Break(value=8, marks=str(tmp_path), how="kill"), student=student)
        report = dispatch([teacher, student, dying, deadly, *others], store, Settings(retries=1))
        ((key, error),) = report.failures
        assert key == deadly.key
        assert error == f"the worker died on {gethostname()} without a word, as if killed; {LOOK}"
        assert [attempts(tmp_path, each) for each in (dying, deadly)] == [2, 2]
        assert len(store.rows(dying.ref)) == 3
        assert all(store.has(each.ref) for each in others)
        deaths = [run.key for run in store.runs() if run.outcome == "failed"]
        assert sorted(deaths) == sorted([dying.key, deadly.key, deadly.key])
        assert {run.host for run in store.runs()} == {gethostname()}

    def test_a_worker_that_crashes_or_is_ended_has_a_last_word(
        self, dispatch: Callable[..., Report], store: Store, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        crashing = call(Break(value=7, marks=str(tmp_path), how="crash"))
        hanging = call(Look(value=8, seconds=600))
        settings = Settings(retries=0, time_limits={"attack": 2.0})
        errors = dict(dispatch([crashing, hanging], store, settings).failures)
        assert re.fullmatch(
            rf"the worker died on {gethostname()}: Segmentation fault, in run \(.*fakes.py, line \d+\)",
            errors[crashing.key],
        )
        assert errors[hanging.key].startswith("the call must end within 2 s, but did not; ")
        traces = {run.key: run.traceback or "" for run in store.runs()}
        assert all('fakes.py", line' in traces[each.key] for each in (crashing, hanging))
        assert capfd.readouterr() == ("", "")
        assert not list(tmp_path.rglob("last-words/*"))

    def test_a_search_finds_what_it_finds_in_one_process(
        self, dispatch: Callable[..., Report], store: Store, tmp_path: Path
    ) -> None:
        found = study(store, trials=6)
        assert dispatch([], store, Settings(), feed=found).ok
        other = Store.open(str(tmp_path / "other"))
        expected = study(other, trials=6)
        assert serial.run([], other, Settings(), feed=expected).ok
        assert found.front() == expected.front()
        assert store.present() == other.present()

    def test_it_is_silent(
        self, dispatch: Callable[..., Report], store: Store, capfd: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        broken = call(Break(marks=str(tmp_path)))
        before = dict(os.environ)
        looks = [call(Look(value=n)) for n in range(20)]  # more than there are workers, so that some are withdrawn
        assert not dispatch([broken, *looks], store, Settings(retries=0)).ok
        assert capfd.readouterr() == ("", "")
        assert dict(os.environ) == before


def test_a_killed_driver_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", ROOT)
    monkeypatch.setenv("ROBUST_RAY_WORK", str(tmp_path / "work"))
    kill_after("tune", 2, tmp_path / "store")
    store = Store.open(str(tmp_path / "store"))
    calls = small_plan(seconds=0.05, steps=3)
    assert serial.run(calls, store, Settings()).ok
    assert_whole(calls, store, tmp_path / "store")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("ray://head:10001", "the driver must run in the cluster, but got 'ray://head:10001'; run the command on"),
        ("127.0.0.1:1", r"a Ray cluster must let us in there, but got '127.0.0.1:1' \(.*refused\); check the address"),
    ],
)
def test_an_address_of_no_use_is_refused_at_once(address: str, sentence: str, tmp_path: Path) -> None:
    from robust_ray.dispatch import tune

    with pytest.raises(SweepError, match=sentence):
        tune.run(small_plan(), Store.open(str(tmp_path)), Settings(), address=address)


def test_what_can_never_be_placed_is_refused(cluster: None) -> None:
    from robust_ray.dispatch.cluster import check_fits

    with pytest.raises(
        SweepError, match=r"resources.attack: at most the machine's 2 CPU can be held by a call, but got 3"
    ):
        check_fits(Settings(shapes={"attack": Shape(3)}))
