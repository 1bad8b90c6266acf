"""A training, epoch by epoch, in the process that takes part in it: alone or as one of several.

Several processes share every batch, average their gradients by what each share weighs, and so take the steps that one
would take, to rounding; only the draws of dropout differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from robust_ray.core.errors import ModelError
from robust_ray.core.examples import generator
from robust_ray.core.machine import Machine
from robust_ray.models.base import Training
from robust_ray.models.reading.forward import cpu_threads
from robust_ray.models.students import Network
from robust_ray.models.training.criterion import Assessment, Criterion, Prepared
from robust_ray.models.training.recomputing import recomputing
from robust_ray.models.training.state import TrainingState

AfterStep = Callable[[nn.Module], None]
"""Called after every optimizer step, its gradients still there, e.g. to put pruned weights back to zero."""

BUCKET = 50
"""Batches whose examples are sorted by length together: enough to save padding, few enough to stay random."""


@dataclass(frozen=True, kw_only=True)
class Course:
    """All that a process needs to take part in a training; can be pickled if its criterion and ``after_step`` can."""

    train: Prepared
    valid: Prepared
    training: Training
    seed: int
    criterion: Criterion
    after_step: AfterStep | None
    machine: Machine
    folder: Path
    """Where the state of the training lies, from its first epoch on."""

    identity: str
    """Of that state."""


class Loss(nn.Module):
    """The loss as a module around the network's, so that what wraps modules (bf16, other processes) wraps all of it."""

    def __init__(self, course: Course, network: Network, device: str) -> None:
        super().__init__()
        self.module = network.module
        self._course = course
        self._network = network
        self._device = device

    def forward(self, positions: Sequence[int], share: float) -> Tensor:
        """The criterion on the examples at ``positions``, times ``share``."""
        return share * self._course.criterion.loss(self._network, self._course.train, positions, self._device)


def follow(course: Course, network: Network) -> None:
    """Train the network's module; the best epoch's weights are in the state that is left in the course's folder.

    Raises:
        ModelError: the loss stopped being a number.
    """
    training, machine = course.training, course.machine
    accelerator = _accelerator(machine)
    device = _device(accelerator)
    module = network.module.to(device)
    state = TrainingState(course.folder, course.identity, module, _optimizer(module, training))
    loss, optimizer = accelerator.prepare(Loss(course, network, device), state.optimizer)
    progress = state.resume()
    steps = math.ceil(len(course.train.rows) / training.batch_size)
    sparing = recomputing(module) if machine.recompute else nullcontext()
    with cpu_threads(machine.threads), torch.random.fork_rng(_rng_devices(device)), sparing:
        while progress.epoch < training.epochs and progress.stale < training.patience:
            draws = generator("fine_tune", course.seed, progress.epoch)
            torch.manual_seed((int(draws.integers(2**63)) + accelerator.process_index) % 2**63)
            loss.train()
            for i, batch in enumerate(_epoch_batches(course.train.lengths, training.batch_size, draws)):
                _set_rate(optimizer, training, (progress.epoch * steps + i) / (training.epochs * steps))
                accelerator.backward(loss(*_share(batch, course.train.weights, accelerator)))
                accelerator.clip_grad_norm_(module.parameters(), 1.0)
                optimizer.step()
                if course.after_step is not None:
                    course.after_step(module)
                optimizer.zero_grad(set_to_none=True)
            module.eval()
            judged = _assess(course, network, accelerator)
            if not math.isfinite(judged.loss):
                raise ModelError(
                    f"the validation loss must stay finite, but got {judged.loss} after epoch {progress.epoch + 1}; "
                    f"lower the learning rate ({training.learning_rate})"
                )
            progress = progress.advance(*judged)
            if accelerator.is_main_process:
                state.keep(progress)
    accelerator.wait_for_everyone()
    if device != "cpu":  # where it would free nothing, and look at every object of the process for it
        accelerator.free_memory()


def _share(batch: Sequence[int], weights: Sequence[float], accelerator: Any) -> tuple[Sequence[int], float]:
    """This process's part of a batch, and what its loss is to be multiplied by before the processes' are averaged."""
    parts: int = accelerator.num_processes
    if parts == 1:
        return batch, 1.0
    mine = batch[accelerator.process_index :: parts]
    share = parts * sum(weights[i] for i in mine) / sum(weights[i] for i in batch)
    return mine or batch[:1], share  # a process without a part counts for nothing, but must take the step


def _assess(course: Course, network: Network, accelerator: Any) -> Assessment:
    """One process judges, and tells the others."""
    from accelerate.utils import broadcast_object_list

    told = [Assessment(0.0, 0.0)]
    if accelerator.is_main_process:
        with torch.inference_mode(), accelerator.autocast():
            told = [course.criterion.assess(network, course.valid, course.machine, _device(accelerator))]
    broadcast_object_list(told)
    return told[0]


def _accelerator(machine: Machine) -> Any:
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState
    from accelerate.utils import DistributedDataParallelKwargs

    AcceleratorState._reset_state(reset_partial_state=True)  # one process may fine-tune on the CPU, then on a GPU
    on_cpu = machine.device == "cpu"
    bf16 = not on_cpu and torch.cuda.is_bf16_supported()
    handler = DistributedDataParallelKwargs(find_unused_parameters=True)
    return Accelerator(cpu=on_cpu, mixed_precision="bf16" if bf16 else "no", kwargs_handlers=[handler])


def _device(accelerator: Any) -> str:
    """``cpu``, which accelerate numbers as if there were several, or ``cuda`` with a number."""
    return "cpu" if accelerator.device.type == "cpu" else str(accelerator.device)


def _rng_devices(device: str) -> list[int]:
    return list(range(torch.cuda.device_count())) if device.startswith("cuda") else []


def _optimizer(module: nn.Module, training: Training) -> torch.optim.Optimizer:
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": training.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=training.learning_rate, fused=True)


def _set_rate(optimizer: Any, training: Training, share: float) -> None:
    """Linear warm-up, then linear decay to zero; ``share`` of all steps is done."""
    factor = share / training.warmup if share < training.warmup else (1.0 - share) / (1.0 - training.warmup)
    for group in optimizer.param_groups:
        group["lr"] = training.learning_rate * factor


def _epoch_batches(lengths: Sequence[int], batch_size: int, draws: np.random.Generator) -> Iterator[list[int]]:
    """Every position once, in random batches of like length."""
    order = draws.permutation(len(lengths)).tolist()
    pool = BUCKET * batch_size
    batches = []
    for start in range(0, len(order), pool):
        near = sorted(order[start : start + pool], key=lambda i: lengths[i])
        batches += [near[i : i + batch_size] for i in range(0, len(near), batch_size)]
    for i in draws.permutation(len(batches)):
        yield batches[i]
