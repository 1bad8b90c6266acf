"""How large the inputs of a network's linear layers are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.models.alterations.linear_layers import own_linear_layers
from robust_ray.models.reading.forward import cpu_threads
from robust_ray.models.students import Network
from robust_ray.models.training import logits
from robust_ray.models.writing.criterion import Writing


def ranges(network: Network, examples: Sequence[Example], coverage: float, machine: Machine) -> dict[str, float]:
    """Name of each linear layer → what so great a share of its inputs' magnitudes does not exceed, in any example.

    One row is read at a time, so that no padding is looked at; layers that none reaches are left out, and those that
    are given nothing but zeros.
    """
    found: dict[str, float] = {}

    def watch(name: str) -> Callable[..., None]:
        def note(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
            found[name] = max(found.get(name, 0.0), reach(given[0], coverage))

        return note

    layers = own_linear_layers(network.module)
    handles = [layer.register_forward_pre_hook(watch(name)) for name, layer in layers.items()]
    _read(network, examples, machine)
    for handle in handles:
        handle.remove()
    network.module.to("cpu")
    return {name: greatest for name, greatest in found.items() if greatest > 0}


def _read(network: Network, examples: Sequence[Example], machine: Machine) -> None:
    """Have the network read examples, and score their summaries if it writes any, one row at a time."""
    if network.generation is None:
        for example in examples:
            logits(network, [example], replace(machine, max_batch_tokens=1))
        return
    criterion = Writing()
    split = criterion.prepare(network, examples)
    network.module.to(machine.device).eval()
    with cpu_threads(machine.threads), torch.inference_mode():
        for i in range(len(examples)):
            criterion.loss(network, split, [i], machine.device)


def reach(numbers: Tensor, coverage: float) -> float:
    """The least magnitude that so great a share of all numbers does not exceed; the share is in (0, 1]."""
    magnitudes = numbers.detach().float().abs().flatten()
    return float(magnitudes.kthvalue(math.ceil(coverage * len(magnitudes))).values)
