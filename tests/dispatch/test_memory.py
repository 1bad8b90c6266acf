"""Memory that runs out is told from other failures, half a batch is tried, and then the user is told what to do."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.core.call import Stage
from robust_ray.core.errors import ModelError
from robust_ray.core.machine import Machine, Warm
from robust_ray.core.records import Record
from robust_ray.dispatch import Settings, Shape, execute, memory, serial
from robust_ray.dispatch.attempt import record_death
from robust_ray.dispatch.memory import is_shortage, sentence
from robust_ray.dispatch.sharing import Shares
from robust_ray.store import Store
from tests.dispatch.fakes import Break, Fit, Look, Make, call, small_plan
from tests.dispatch.test_serial import Heard

GPU = Machine(device="cuda")
SHARED = Machine(device="cuda", gpu_share=0.25)
OF_GPU = "MemoryError: CUDA out of memory"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty one."""
    monkeypatch.setenv("ROBUST_RAY_WORK", str(tmp_path / "work"))
    return Store.open(str(tmp_path / "store"))


def caused(error: Exception, cause: Exception) -> Exception:
    """An error that came of another."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 3.0 GiB for an array"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("in process 2 of 4: OutOfMemoryError('CUDA out of memory. Tried to allocate 20.00 MiB')"),
        OSError(12, "Cannot allocate memory"),
        caused(ModelError("m: it must load, but does not; correct it"), MemoryError()),
    ],
)
def test_a_shortage_is_known_by_what_is_said(error: Exception) -> None:
    assert is_shortage(error)


@pytest.mark.parametrize("error", [None, RuntimeError("boom"), ModelError("a memory of its own"), ValueError()])
def test_nothing_else_is_a_shortage(error: Exception | None) -> None:
    assert not is_shortage(error)


def test_a_ring_of_causes_ends() -> None:
    first, second = ValueError("one"), ValueError("two")
    first.__cause__, second.__cause__ = second, first
    assert not is_shortage(first)


@pytest.mark.torch
def test_what_torch_raises_is_a_shortage() -> None:
    import torch

    assert is_shortage(torch.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_shortage(caught.value)


@pytest.mark.parametrize(
    ("stage", "machine", "got", "advice"),
    [
        (Look(), Machine(), "MemoryError", "let fewer calls run at once (a larger `resources.attack.cpu`), or lower"),
        (Look(), GPU, "MemoryError", "let fewer calls run at once (a larger `resources.attack.cpu`)"),
        (Look(), GPU, OF_GPU, "use a GPU with more memory, or lower `max_batch_tokens`"),
        (Look(), SHARED, OF_GPU, "let fewer calls share the GPU (a larger `resources.attack.gpu`)"),
        (Make(value=1), GPU, OF_GPU, "let several GPUs share each step (a larger `resources.finetune.gpu`), or"),
    ],
)  # fmt: skip
def test_the_sentence_says_what_to_do(stage: Stage, machine: Machine, got: str, advice: str) -> None:
    assert advice in sentence(stage, machine, got)
    assert got in sentence(stage, machine, got)


def test_half_a_batch_is_tried_and_said(store: Store) -> None:
    look, same = call(Fit(fits=1024)), call(Fit())
    heard = Heard()
    assert serial.run([look], store, Settings(), progress=heard).ok
    before, after = sorted(store.runs(), key=lambda run: run.started)
    assert (before.outcome, before.max_batch_tokens) == ("failed", 2048)
    assert (after.outcome, after.max_batch_tokens) == ("done", 1024)
    assert str(before.error).startswith("memory: the weights and a batch must fit in at once, but got: MemoryError")
    assert heard.said[1] == f"once more with half the batch, because of {before.error}"
    assert same.key == look.key


def sizes(store: Store) -> list[int | None]:
    """The batches of all attempts, one after the other."""
    return [run.max_batch_tokens for run in sorted(store.runs(), key=lambda run: run.started)]


def test_what_does_not_fit_either_is_given_up_with_advice(store: Store) -> None:
    look = call(Fit(fits=1))
    ((key, error),) = serial.run([look], store, Settings(retries=0)).failures
    assert key == look.key
    assert error.startswith("memory: ")
    assert error.endswith("(a larger `resources.attack.cpu`), or lower `max_batch_tokens`")
    assert sizes(store) == [2048, 1024, 512, 256, 128]


@pytest.mark.parametrize("retries", [0, 3])
def test_less_of_a_batch_is_no_retry(retries: int, store: Store) -> None:
    """Only what could not be made smaller is repeated as it was."""
    settings = Settings(max_batch_tokens=100, retries=retries)
    assert serial.run([call(Fit(fits=12))], store, settings).ok
    assert not serial.run([call(Fit(fits=1, value=1))], store, settings).ok
    assert sizes(store) == [100, 50, 25, 12, *(100, 50, 25, 12, 6), *[6] * retries]


def test_the_gpu_to_itself_comes_before_half_a_batch(store: Store) -> None:
    look, heard = call(Fit(fits=1024)), Heard()
    shares = Shares(models={look.key: "m"}, measured={("attack", "m"): 0.25})
    shared = Settings(shapes={"attack": Shape(1, 1)}, shares=shares)
    assert serial.run([look], store, shared, progress=heard).ok
    assert sizes(store) == [2048, 2048, 1024]
    assert [said.split(",")[0] for said in heard.said if said.startswith("once")] == [
        "once more with the GPU to itself",
        "once more with half the batch",
    ]


def test_other_failures_halve_nothing(store: Store, tmp_path: Path) -> None:
    assert serial.run([call(Break(marks=str(tmp_path), times=1))], store, Settings()).ok
    assert {run.max_batch_tokens for run in store.runs()} == {2048}


def test_a_child_is_told_too(store: Store) -> None:
    settings = Settings(time_limits={"attack": 60.0})
    assert serial.run([call(Fit(fits=1024))], store, settings).ok
    assert [run.max_batch_tokens for run in sorted(store.runs(), key=lambda run: run.started)] == [2048, 1024]


def test_a_worker_that_ray_ended_for_memory_lacked_memory(store: Store) -> None:
    look = call(Look())
    details = (
        "1 worker(s) were killed due to the node running low on memory. Memory on the node was 23GB used\nRefer to"
    )
    outcome = record_death(look, store, Machine(), 0.0, "the worker died", details)
    assert outcome.lacked_memory
    assert str(outcome.error).startswith("memory: the weights and a batch must fit in at once, but got: Ray ended")
    (run,) = store.runs()
    assert (run.peak_memory, run.max_batch_tokens, run.error) == (None, None, outcome.error)
    other = record_death(look, store, Machine(), 0.0, "the worker died", "SIGKILL by OOM killer due to high memory")
    assert (other.error, other.lacked_memory) == ("the worker died", False)


@given(tokens=st.integers(1, 10**6), shortages=st.integers(0, 30))
def test_no_batch_is_halved_to_nothing(tokens: int, shortages: int) -> None:
    found = Settings(max_batch_tokens=tokens).machine(small_plan()[0], Warm(), shortages).max_batch_tokens
    assert found == max(1, tokens // 2**shortages)


@dataclass
class FakeGpu:
    """What of ``torch.cuda`` is asked."""

    limit: float = 1.0
    peak: int = 5

    total_memory: int = 100
    works: bool = True

    def take(self, peak: int) -> list[Record]:
        self.peak = peak
        return []

    def is_initialized(self) -> bool:
        return self.works

    def set_per_process_memory_fraction(self, share: float) -> None:
        if not self.works:
            raise RuntimeError("CUDA driver initialization failed")
        self.limit = share

    def reset_peak_memory_stats(self) -> None:
        self.peak = 0

    def max_memory_allocated(self) -> int:
        return self.peak

    def get_device_properties(self, index: int) -> FakeGpu:
        return self


@pytest.mark.torch
def test_a_call_is_kept_within_its_share_of_a_gpu(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    gpu = FakeGpu()
    monkeypatch.setattr(torch, "cuda", gpu)
    monkeypatch.setattr(Look, "run", lambda *_: gpu.take(7))
    assert execute(call(Look()), store, Machine(device="cuda", gpu_share=0.25)).ok
    assert gpu.limit == 0.25
    (run,) = store.runs()
    assert (run.peak_gpu_memory, run.gpu_memory) == (7, 100)
    together = memory.footprint(Machine(device="cuda", devices=2))
    assert (together.peak_gpu_memory, together.gpu_memory) == (None, None)


@pytest.mark.torch
def test_a_gpu_that_does_not_start_is_a_failed_attempt(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch, "cuda", FakeGpu(works=False))
    outcome = execute(call(Look()), store, Machine(device="cuda"))
    assert outcome.error == "RuntimeError: CUDA driver initialization failed"
    assert [run.peak_gpu_memory for run in store.runs()] == [None]


def test_a_call_on_a_processor_needs_no_torch() -> None:
    code = "import sys; from robust_ray.core.machine import Machine; from robust_ray.dispatch import memory; "
    code += "memory.hold(Machine()); memory.footprint(Machine()); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
