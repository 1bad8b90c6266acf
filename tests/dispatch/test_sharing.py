"""How many calls share a GPU follows from what was measured, and they fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from robust_ray.attacks import MHM
from robust_ray.compression import MagnitudePruning
from robust_ray.core.call import StageCall
from robust_ray.core.machine import UNKNOWN_GPU, Warm
from robust_ray.core.records import RunRecord
from robust_ray.dispatch import Settings, Shape, settings
from robust_ray.dispatch.settings import HALVINGS
from robust_ray.dispatch.sharing import MARGIN, MOST, OVERHEAD, STEPS, Shares, share
from robust_ray.models import ScratchRoberta
from robust_ray.plan import Proposal, expand, plan_of
from robust_ray.store import Store
from robust_ray.store.results import to_parquet, to_table
from robust_ray.sweep import Examples, Resources, Sweep
from robust_ray.tasks import DefectDetection

GIB = 2**30
MEMORY = st.integers(1, 200 * GIB)
SMALL, LARGE = ScratchRoberta(layers=1), ScratchRoberta(layers=12)
SWEEP = Sweep(
    name="s",
    models=(SMALL, LARGE),
    tasks=(DefectDetection(),),
    compressions=(MagnitudePruning(sparsity=0.5),),
    attacks=(MHM(),),
    examples=Examples(attack=50, shard=25),
    resources={"attack": Resources(cpu=2, gpu="auto"), "compress": Resources(gpu="auto"), "gate": Resources(gpu=0.5)},
)
CALLS = tuple(expand(SWEEP).calls.values())


def of(stage: str, model: ScratchRoberta) -> StageCall:
    """The first call of a stage that is about a model, and that a GPU is of use to."""
    about = [call.key for call in plan_of(SWEEP, _proposals(model)).calls.values()]
    return next(call for call in CALLS if call.key in about and call.stage.name == stage and call.stage.uses_gpu)


def _proposals(model: ScratchRoberta) -> list[Proposal]:
    return [Proposal(model, SWEEP.tasks[0], compression, 0) for compression in SWEEP.compressions]


def run(call: StageCall, peak: int | None, **changes: Any) -> RunRecord:
    """An attempt on a GPU of 24 GiB."""
    values: dict[str, Any] = {
        "key": call.key,
        "attempt": "one",
        "stage": call.stage.name,
        "outcome": "done",
        "started": 0.0,
        "seconds": 1.0,
        "peak_memory": None,
        "peak_gpu_memory": peak,
        "gpu_memory": None if peak is None else 24 * GIB,
        "max_batch_tokens": 16384,
        "energy": None,
        "host": "node",
        "accelerator": "Card",
        "git_commit": None,
        "packages": "{}",
        "error": None,
        "traceback": None,
    }
    return RunRecord(**values | changes)


@given(peak=MEMORY, memory=MEMORY)
@example(peak=1, memory=24 * GIB)
@example(peak=int(20 * GIB / MARGIN), memory=24 * GIB)
def test_as_many_as_fit_and_no_more(peak: int, memory: int) -> None:
    found = share(peak, memory)
    calls = int(1 / found)
    needed = MARGIN * peak + OVERHEAD
    assert 1 <= calls <= MOST
    assert found * calls <= 1
    assert found * STEPS == pytest.approx(round(found * STEPS))
    assert calls == 1 or calls * needed <= memory
    assert calls == MOST or (calls + 1) * needed > memory


@given(peak=MEMORY, more=MEMORY, memory=MEMORY)
def test_who_needs_more_gets_no_less(peak: int, more: int, memory: int) -> None:
    assert share(peak, memory) <= share(peak + more, memory)


ATTACK, COMPRESS = of("attack", SMALL), of("compress", SMALL)


def held(runs: list[RunRecord], call: StageCall, accelerator: str = "Card", stages: str = "attack compress") -> float:
    """What a call holds after such runs."""
    return Shares.of(CALLS, stages.split(), runs, accelerator, 16384).held(call)


@given(peaks=st.lists(MEMORY, min_size=1, max_size=5))
def test_the_greediest_call_decides(peaks: list[int]) -> None:
    assert held([run(ATTACK, peak) for peak in peaks], ATTACK) == share(max(peaks), 24 * GIB)


def test_a_model_that_was_never_measured_has_a_whole_gpu() -> None:
    """That CodeBERT does with an eighth says nothing of a model ten times as large."""
    pilot = [run(ATTACK, 2 * GIB), run(COMPRESS, 5 * GIB)]
    assert [held(pilot, of(stage, SMALL)) for stage in ("attack", "compress")] == [0.1428, 0.3333]
    assert [held(pilot, of(stage, LARGE)) for stage in ("attack", "compress")] == [1.0, 1.0]
    both = [*pilot, run(of("attack", LARGE), 9 * GIB)]
    assert (held(both, ATTACK), held(both, of("attack", LARGE))) == (held(pilot, ATTACK), 0.5)


def test_what_does_not_say_its_model_has_that_of_its_inputs() -> None:
    models = {call.stage.name: Shares.of(CALLS, (), (), "", 0).models[call.key] for call in CALLS}
    assert models["compress"] == models["attack"] == models["finetune"]
    assert models["survey"] == "defect_detection"


def test_what_a_search_adds_is_packed_where_its_model_was_measured() -> None:
    shares = Shares.of(CALLS, ("attack", "compress"), [run(ATTACK, 9 * GIB), run(COMPRESS, 5 * GIB)], "Card", 16384)
    compression = MagnitudePruning(sparsity=0.7)
    for model, parts in ((SMALL, {"attack": 0.5, "compress": 0.3333}), (LARGE, {"attack": 1.0, "compress": 1.0})):
        added = plan_of(SWEEP, [Proposal(model, SWEEP.tasks[0], compression, 0)]).calls.values()
        new = [call for call in added if call.key not in shares.models]
        assert {call.stage.name: shares.held(call) for call in new if call.stage.name in parts} == parts


def test_only_what_was_alike_counts() -> None:
    runs = [
        run(ATTACK, 3 * GIB),
        run(ATTACK, None),
        run(ATTACK, 0),
        run(ATTACK, 20 * GIB, key="attack-mhm-v1-0"),
        run(ATTACK, 9 * GIB, accelerator="Other", gpu_memory=80 * GIB),
        run(ATTACK, 20 * GIB, max_batch_tokens=65536),
        run(COMPRESS, 9 * GIB, outcome="failed"),
    ]
    assert [held(runs, call) for call in (ATTACK, COMPRESS)] == [0.2, 0.5]
    assert held(runs, ATTACK, "Other") == 0.1666
    assert [held(runs, call, UNKNOWN_GPU) for call in (ATTACK, COMPRESS)] == [0.2, 0.5]
    assert held(runs, ATTACK, "Third") == 1.0
    assert held(runs, ATTACK, stages="compress") == 1.0


def test_a_store_of_older_runs_has_measured_nothing(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path))
    table = to_table([run(ATTACK, 3 * GIB)], RunRecord)
    older = table.drop_columns(["peak_gpu_memory", "gpu_memory", "max_batch_tokens"])
    (tmp_path / "tables" / "runs").mkdir(parents=True)
    (tmp_path / "tables" / "runs" / f"{ATTACK.key}-one.parquet").write_bytes(to_parquet(older, {}))
    (read,) = store.runs()
    assert (read.stage, read.peak_gpu_memory, read.max_batch_tokens) == ("attack", None, None)
    assert held([read], ATTACK) == 1.0


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Those of a sweep after a pilot."""
    monkeypatch.setattr(settings, "accelerator_name", lambda *, gpu: "Card")
    monkeypatch.setattr(settings, "_gpus", lambda: 1)
    store = Store.open(str(tmp_path))
    assert Settings.of(SWEEP, store, CALLS).shape_of(ATTACK) == Settings.of(SWEEP).shape_of(ATTACK) == Shape(2, 1)
    store.put_run(run(ATTACK, 3 * GIB))
    return Settings.of(SWEEP, store, CALLS)


def test_a_sweep_leaves_its_share_to_what_was_measured(measured: Settings) -> None:
    assert measured.shape_of(ATTACK) == Shape(2, 0.2)
    assert measured.shape_of(of("attack", LARGE)) == Shape(2, 1)
    assert measured.shape_of(COMPRESS) == Shape(1, 1)
    assert measured.shapes["gate"] == Shape(1, 0.5)


def test_whoever_lacked_memory_in_a_share_has_the_gpu_to_itself(measured: Settings) -> None:
    """As before, but for the GPU: only a second shortage halves the batches."""
    assert [measured.shape_of(ATTACK, shortages).gpu for shortages in range(3)] == [0.2, 1, 1]
    machines = [measured.machine(ATTACK, Warm(), shortages) for shortages in range(3)]
    assert [(each.gpu_share, each.max_batch_tokens, each.recompute) for each in machines] == [
        (0.2, 16384, False),
        (1.0, 16384, False),
        (1.0, 8192, True),
    ]
    assert measured.relief(ATTACK, 0) == "with the GPU to itself"
    assert measured.relief(ATTACK, 1) == "with half the batch"


def test_whoever_had_a_whole_gpu_has_smaller_batches_at_once_and_not_for_ever(measured: Settings) -> None:
    large = of("attack", LARGE)
    tokens = [measured.machine(large, Warm(), shortages).max_batch_tokens for shortages in range(3)]
    assert tokens == [16384, 8192, 4096]
    reliefs = [measured.relief(large, shortages) for shortages in range(HALVINGS + 1)]
    assert reliefs == ["with half the batch"] * HALVINGS + [None]


def test_a_share_that_was_asked_for_stays(measured: Settings) -> None:
    asked = Settings(shapes={"attack": Shape(1, 0.25)})
    assert asked.shape_of(ATTACK, 1) == asked.shape_of(ATTACK) == Shape(1, 0.25)
    assert asked.machine(ATTACK, Warm(), 1).max_batch_tokens == 8192
