"""Fine-tuning: one loop for teachers, distilled students and recovery after pruning.

A killed training continues from its last whole epoch, and ends in the same weights to the bit. That needs no saved
random state: every epoch draws from its own generator, made of the seed and the epoch's number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from robust_ray.core.errors import DataError, ModelError
from robust_ray.core.examples import Example, generator
from robust_ray.core.machine import Machine
from robust_ray.core.victim import token_batches
from robust_ray.models.base import Training
from robust_ray.models.encoding import Rows, encode
from robust_ray.models.forward import collate, cpu_threads, forward
from robust_ray.models.students import Network
from robust_ray.models.training_state import Progress, TrainingState, fingerprint

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""``(batch, n_labels)`` logits, ``(batch,)`` labels and ``(batch,)`` positions in ``train`` → a scalar."""

AfterStep = Callable[[nn.Module], None]
"""Called after every optimizer step, e.g. to put pruned weights back to zero."""

BUCKET = 50
"""Batches whose examples are sorted by length together: enough to save padding, few enough to stay random."""


class Encoded(NamedTuple):
    """A split, tokenized once."""

    rows: list[Rows]
    lengths: list[int]
    labels: Tensor
    """``(n,)`` int64."""


def cross_entropy(logits: Tensor, labels: Tensor, indices: Tensor) -> Tensor:
    """Mean cross-entropy with the true labels: the loss where no other is given."""
    return nn.functional.cross_entropy(logits, labels)


def fine_tune(
    network: Network,
    train: Sequence[Example],
    valid: Sequence[Example],
    training: Training,
    seed: int,
    machine: Machine,
    workdir: Path,
    *,
    loss: Loss = cross_entropy,
    after_step: AfterStep | None = None,
) -> Network:
    """Train the module in place and return the network of its best epoch, on the CPU, in evaluation mode.

    AdamW with linear warm-up and decay, gradients clipped to norm 1, bf16 where a GPU has it. Deterministic on a CPU
    for a seed and a number of threads. Its progress lies in ``workdir`` until it is done.

    Args:
        network: Where to start; its ``max_length`` is lowered to the training's where that is shorter.
        train: Examples to learn from.
        valid: Examples that choose the epoch: by accuracy, then by loss.
        training: The settings.
        seed: Of the order of examples and of dropout.
        machine: Device, threads and batch size of validation.
        workdir: Where progress is kept.
        loss: What to minimize.
        after_step: What to do after each step.

    Raises:
        DataError: a split is empty.
        ModelError: the network has no gradients, or its loss stopped being a number.
    """
    if not train or not valid:
        raise DataError(f"fine-tuning needs training and validation examples, but got {len(train)} and {len(valid)}")
    if network.cpu_inference_only:
        raise ModelError("an int8 network has no gradients, so it cannot be fine-tuned; fine-tune before quantizing")
    network = replace(network, max_length=min(network.max_length, training.max_length))
    accelerator = _accelerator(machine)
    device = str(accelerator.device)
    learn, check = _encode(network, train), _encode(network, valid)
    steps = math.ceil(len(train) / training.batch_size)
    identity = fingerprint(network.module, [example.uid for example in train], training, seed)

    optimizer = _optimizer(network.module.to(device), training)
    module, optimizer = accelerator.prepare(network.module, optimizer)
    state = TrainingState(workdir / "training-state", identity, network.module, optimizer)
    progress = state.resume() or Progress()
    with cpu_threads(machine.threads), torch.random.fork_rng(_rng_devices(device)):
        while progress.epoch < training.epochs and progress.stale < training.patience:
            draws = generator("fine_tune", seed, progress.epoch)
            torch.manual_seed(int(draws.integers(2**63)))
            module.train()
            for i, batch in enumerate(_epoch_batches(learn.lengths, training.batch_size, draws)):
                _set_rate(optimizer, training, (progress.epoch * steps + i) / (training.epochs * steps))
                tensors = collate(network, [learn.rows[j] for j in batch], device)
                indices = torch.tensor(batch)
                value = loss(forward(module, tensors), learn.labels[indices].to(device), indices.to(device))
                accelerator.backward(value)
                accelerator.clip_grad_norm_(module.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
                if after_step is not None:
                    after_step(network.module)
            accuracy, valid_loss = _validate(network, check, machine, device)
            if not math.isfinite(valid_loss):
                raise ModelError(
                    f"the validation loss must stay finite, but got {valid_loss} after epoch {progress.epoch + 1}; "
                    f"lower the learning rate ({training.learning_rate})"
                )
            progress = state.advance(progress, accuracy, valid_loss)
    state.restore_best()
    state.remove()
    accelerator.free_memory()
    network.module.to("cpu").eval()
    return replace(network, module=accelerator.unwrap_model(module, keep_fp32_wrapper=False))


def logits(network: Network, examples: Sequence[Example], machine: Machine) -> npt.NDArray[np.float32]:
    """``(n, n_labels)`` float32 logits of every example, in order; the module goes to the machine's device."""
    device = "cpu" if network.cpu_inference_only else machine.device
    network.module.to(device).eval()
    with cpu_threads(machine.threads):
        return _logits(network, _encode(network, examples), machine, device)


def _accelerator(machine: Machine) -> Any:
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)  # one process may fine-tune on the CPU, then on a GPU
    on_cpu = machine.device == "cpu"
    bf16 = not on_cpu and torch.cuda.is_bf16_supported()
    return Accelerator(cpu=on_cpu, mixed_precision="bf16" if bf16 else "no")


def _rng_devices(device: str) -> list[int]:
    return list(range(torch.cuda.device_count())) if device.startswith("cuda") else []


def _encode(network: Network, examples: Sequence[Example]) -> Encoded:
    encodings = encode(network, [example.segments for example in examples])
    return Encoded(
        [cast(Rows, encoding.ids) for encoding in encodings],
        [encoding.length for encoding in encodings],
        torch.tensor([example.label for example in examples], dtype=torch.int64),
    )


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


def _validate(network: Network, split: Encoded, machine: Machine, device: str) -> tuple[float, float]:
    network.module.eval()
    answers = torch.from_numpy(_logits(network, split, machine, device))
    accuracy = (answers.argmax(1) == split.labels).double().mean()
    return float(accuracy), float(nn.functional.cross_entropy(answers, split.labels))


def _logits(network: Network, split: Encoded, machine: Machine, device: str) -> npt.NDArray[np.float32]:
    answers = np.zeros((len(split.rows), network.n_labels), dtype=np.float32)
    limit = machine.max_batch_tokens if network.batch_invariant else 1
    with torch.inference_mode():
        for batch in token_batches(split.lengths, limit):
            tensors = collate(network, [split.rows[i] for i in batch], device)
            answers[batch] = forward(network.module, tensors).cpu().numpy()
    return answers
