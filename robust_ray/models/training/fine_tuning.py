"""Fine-tuning: one loop for teachers, distilled students and recovery after pruning.

A killed training continues from its last whole epoch, and ends in the same weights to the bit. That needs no saved
random state: every epoch draws from its own generator, made of the seed and the epoch's number.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from robust_ray.core.errors import DataError, ModelError
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.models.base import Training
from robust_ray.models.reading.forward import cpu_threads
from robust_ray.models.students import Network
from robust_ray.models.training.answers import Logits, answers
from robust_ray.models.training.course import AfterStep, Course, follow
from robust_ray.models.training.criterion import Classification, Criterion, usual
from robust_ray.models.training.processes import follow_together
from robust_ray.models.training.state import fingerprint, restore_best


def fine_tune(
    network: Network,
    train: Sequence[Example],
    valid: Sequence[Example],
    training: Training,
    seed: int,
    machine: Machine,
    workdir: Path,
    *,
    criterion: Criterion | None = None,
    after_step: AfterStep | None = None,
) -> Network:
    """Train the module in place and return the network of its best epoch, on the CPU, in evaluation mode.

    AdamW with linear warm-up and decay, gradients clipped to norm 1, bf16 where a GPU has it. Deterministic on a CPU
    for a seed and a number of threads; several devices share every batch, and where memory lacks layers are
    computed twice, to the same end. Its progress lies in ``workdir`` until it is done.

    Args:
        network: Where to start; its ``max_length`` is lowered to the training's where that is shorter.
        train: Examples to learn from.
        valid: Examples that choose the epoch.
        training: The settings.
        seed: Of the order of examples and of dropout.
        machine: Devices, threads and batch size of validation.
        workdir: Where progress is kept.
        criterion: What to minimize, and what chooses the epoch; None for what is usual for the network.
        after_step: What to do after each step.

    Raises:
        DataError: a split is empty.
        ModelError: the network has no gradients, or its loss stopped being a number.
    """
    if not train or not valid:
        raise DataError(f"fine-tuning needs training and validation examples, but got {len(train)} and {len(valid)}")
    if network.inference_only:
        raise ModelError(
            "a quantized network has no gradients, so it cannot be fine-tuned; fine-tune before quantizing"
        )
    network = replace(network, max_length=min(network.max_length, training.max_length))
    criterion = criterion or usual(network)
    course = Course(
        train=criterion.prepare(network, train),
        valid=criterion.prepare(network, valid),
        training=training,
        seed=seed,
        criterion=criterion,
        after_step=after_step,
        machine=machine,
        folder=workdir / "training-state",
        identity=fingerprint(network, (train, valid), criterion, training, seed),
    )
    if machine.devices == 1:
        follow(course, network)
    else:
        follow_together(course, network)
    restore_best(network.module, course.folder)
    shutil.rmtree(course.folder)
    network.module.to("cpu").eval()
    return network


def logits(network: Network, examples: Sequence[Example], machine: Machine) -> Logits:
    """The logits of every example, in order; the module goes to the machine's device."""
    device = "cpu" if network.cpu_only else machine.device
    network.module.to(device).eval()
    split = Classification().prepare(network, examples)
    with cpu_threads(machine.threads):
        return answers(network, split.rows, split.lengths, machine, device)
