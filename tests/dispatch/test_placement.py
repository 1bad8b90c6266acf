"""Calls hold what their stage is given: several GPUs, parts of one, or none, on GPUs that only Ray believes in."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from robust_ray.core.call import StageCall
from robust_ray.core.errors import SweepError
from robust_ray.dispatch import Settings, Shape, serial
from robust_ray.dispatch.sharing import MARGIN, MOST, OVERHEAD, share
from robust_ray.store import Store
from tests.dispatch.fakes import Fit, Hold, call

pytestmark = [pytest.mark.ray, pytest.mark.torch]

ROOT = str(Path(__file__).resolve().parents[2])
GPUS = 4


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """One local Ray whose GPUs are not there."""
    import ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([ROOT, os.environ.get("PYTHONPATH", "")]))
        ray.init(
            address="local",
            num_cpus=4,
            num_gpus=GPUS,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
        yield
        ray.shutdown()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty one."""
    monkeypatch.setenv("ROBUST_RAY_WORK", str(tmp_path / "work"))
    return Store.open(str(tmp_path / "store"))


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Where calls meet."""
    (tmp_path / "meeting").mkdir()
    return str(tmp_path / "meeting")


def gpus(store: Store, made: StageCall) -> list[str]:
    """What a call said it held."""
    return [row.substitute for row in store.rows(made.ref)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("calls", range(1, MOST + 1))
def test_as_many_parts_of_a_gpu_are_handed_out_as_were_counted(calls: int, cluster: None) -> None:
    import ray
    from ray.util import placement_group, remove_placement_group

    part = share(peak=2**30, memory=int((MARGIN * 2**30 + OVERHEAD) * calls) + 1)
    held = [placement_group([{"CPU": 0, "GPU": part}]) for _ in range(GPUS * calls)]
    try:
        ray.get([group.ready() for group in held], timeout=120)
        held.append(placement_group([{"GPU": part}]))
        assert not held[-1].wait(timeout_seconds=0.2)
    finally:
        for group in held:
            remove_placement_group(group)


def test_a_call_holds_several_gpus_of_one_machine(cluster: None, store: Store, folder: str) -> None:
    from robust_ray.dispatch import tune

    together = call(Hold(folder=folder))
    assert tune.run([together], store, Settings(shapes={"attack": Shape(1, 2)})).ok
    assert len(set(gpus(store, together))) == 2
    assert {row.rank for row in store.rows(together.ref)} == {1}  # type: ignore[attr-defined]  # torch sees none


def test_parts_run_at_once_and_work_for_processors_holds_none(cluster: None, store: Store, folder: str) -> None:
    from robust_ray.dispatch import tune

    parts = [call(Hold(value=i, folder=folder, company=3)) for i in range(2)]
    without = call(Hold(on_gpu=False, folder=folder, company=3))
    hungry = call(Fit(fits=1024))
    settings = Settings(shapes={"attack": Shape(1, 0.5)})
    assert tune.run([*parts, without, hungry], store, settings).ok
    assert [len(gpus(store, each)) for each in (*parts, without)] == [1, 1, 0]
    attempts = sorted((run for run in store.runs() if run.key == hungry.key), key=lambda run: run.started)
    assert [run.max_batch_tokens for run in attempts] == [2048, 1024]


def test_what_no_machine_has_is_refused(cluster: None) -> None:
    from robust_ray.dispatch.cluster import check_fits

    with pytest.raises(
        SweepError, match=r"resources\.attack: at most the machine's 4 GPU can be held by a call, but got 5"
    ):
        check_fits(Settings(shapes={"attack": Shape(1, 5)}))


def test_one_process_makes_do_with_the_gpus_it_has(store: Store, folder: str) -> None:
    assert serial.run([call(Hold(folder=folder))], store, Settings(shapes={"attack": Shape(1, 4)})).ok
