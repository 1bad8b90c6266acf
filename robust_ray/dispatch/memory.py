"""Memory: what a call may take of a GPU, what it took, and what is said when there was too little.

A call that lacks memory is made again: with a GPU to itself where it had a part, because earlier ones had needed no
more; or else with batches half as large, on which no row depends. A step of a training is not cut, for dropout would
draw other numbers for its halves; it computes its layers twice instead of keeping what they have made, and ends in the
same weights.
"""

from __future__ import annotations

from typing import NamedTuple

from robust_ray.core.call import Stage
from robust_ray.core.errors import brief
from robust_ray.core.machine import Machine
from robust_ray.dispatch.provenance import peak_memory

SIGNS = (
    *("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory", "bad_alloc"),
    *("outofmemoryerror", "cublas_status_alloc_failed", "cudnn_status_alloc_failed"),
)
"""What libraries say when memory has run out, in lower case."""

GPU = ("cuda", "cublas", "cudnn")
"""Who says it when it was a GPU's."""

KILLED = "killed due to the node running low on memory"
"""What Ray says when it has ended a worker before the machine's memory ran out."""


class Footprint(NamedTuple):
    """What an attempt took; null where nobody could look."""

    peak_memory: int | None = None
    peak_gpu_memory: int | None = None
    gpu_memory: int | None = None
    max_batch_tokens: int | None = None


def hold(machine: Machine) -> None:
    """Keep this process within its share of the GPU, whose other shares are others', and forget earlier peaks."""
    if machine.device == "cpu":
        return
    import torch

    torch.cuda.set_per_process_memory_fraction(machine.gpu_share)
    torch.cuda.reset_peak_memory_stats()


def footprint(machine: Machine) -> Footprint:
    """What this process has taken since :func:`hold`; of a GPU only where it is the only process of its call."""
    known = Footprint(peak_memory=peak_memory(), max_batch_tokens=machine.max_batch_tokens)
    if machine.device == "cpu" or machine.devices > 1:
        return known
    import torch

    if not torch.cuda.is_initialized():  # type: ignore[no-untyped-call]  # it could not be
        return known
    total = torch.cuda.get_device_properties(0).total_memory
    return known._replace(peak_gpu_memory=torch.cuda.max_memory_allocated(), gpu_memory=total)


def is_shortage(error: BaseException | None) -> bool:
    """Whether an error, or what it came of, says that memory has run out, of a GPU or of the machine."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        said = f"{type(error).__name__}: {error}".lower()
        if isinstance(error, MemoryError) or any(sign in said for sign in SIGNS):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def sentence(stage: Stage, machine: Machine, got: str) -> str:
    """What had to fit, what was got instead, and what to do should half of it not fit either."""
    trains, held = stage.most_gpus > 1, f"`resources.{stage.name}"
    if not any(sign in got.lower() for sign in GPU):
        room = f"let fewer calls run at once (a larger {held}.cpu`)"
    elif machine.gpu_share < 1:
        room = f"let fewer calls share the GPU (a larger {held}.gpu`)"
    elif trains:
        room = f"let several GPUs share each step (a larger {held}.gpu`)"
    else:
        room = "use a GPU with more memory"
    must = "the weights and a step of their training" if trains else "the weights and a batch"
    less = "`batch_size` or `max_length` of `training`, which makes another model" if trains else "`max_batch_tokens`"
    return f"memory: {must} must fit in at once, but got: {brief(got)}; {room}, or lower {less}"
