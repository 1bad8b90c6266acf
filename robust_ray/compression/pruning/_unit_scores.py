"""How much a network's loss depends on its units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from robust_ray.compression.pruning._unit_math import gate_gradients, norms
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.models.alterations.anatomy import Block
from robust_ray.models.reading.forward import cpu_threads
from robust_ray.models.students import Network
from robust_ray.models.training.criterion import usual

Scores = dict[str, Tensor]
"""``(units,)`` of each block, by its name; float64, not negative, on the CPU."""


class Gates(NamedTuple):
    """A place that what a block's units give passes."""

    behind: Tensor
    """What comes out."""

    passing: Tensor
    """What the gates would be multiplied by, of the same shape ``(…, units * width)``."""

    units: int


Watch = Callable[[], AbstractContextManager[Mapping[str, Gates]]]
"""While it lasts, every forward pass leaves what has passed the gates of each block."""


def magnitudes(blocks: Mapping[str, Block]) -> Scores:
    """The norm of each unit's weights."""
    return {name: norms(block.weights()) for name, block in blocks.items()}


def sensitivities(network: Network, examples: Sequence[Example], watch: Watch, machine: Machine) -> Scores:
    """The mean, over examples, of the absolute derivative of an example's loss by each unit's gate.

    One example is looked at a time, as derivatives of several would cancel each other out.
    """
    criterion = usual(network)
    split = criterion.prepare(network, examples)
    scores: Scores = {}
    network.module.to(machine.device).eval()
    with cpu_threads(machine.threads), watch() as gates:
        for i in range(len(examples)):
            loss = criterion.loss(network, split, [i], machine.device)
            behind = [each.behind for each in gates.values()]
            gradients = torch.autograd.grad(loss, behind, materialize_grads=True)
            for (name, each), gradient in zip(gates.items(), gradients, strict=True):
                found = gate_gradients(each.passing.detach(), gradient, each.units).abs().cpu()
                scores[name] = scores.get(name, 0) + found / len(examples)
    network.module.to("cpu")
    return scores


@contextmanager
def watch_blocks(blocks: Mapping[str, Block]) -> Iterator[Mapping[str, Gates]]:
    """Gates between the units of each block and the layer that adds them up."""
    gates: dict[str, Gates] = {}

    def hook(name: str) -> Callable[..., None]:
        def note(taker: nn.Module, given: tuple[Tensor, ...]) -> None:
            gates[name] = Gates(given[0], given[0], blocks[name].units)

        return note

    handles = [block.taker.register_forward_pre_hook(hook(name)) for name, block in blocks.items()]
    try:
        yield gates
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def watch_layers(layers: Mapping[str, nn.Module]) -> Iterator[Mapping[str, Gates]]:
    """A gate on what each layer changes of the states it is given: a block of one unit for each."""
    gates: dict[str, Gates] = {}

    def hook(name: str) -> Callable[..., None]:
        def note(layer: nn.Module, given: tuple[Any, ...], named: dict[str, Any], made: Any) -> None:
            before = given[0] if given else named["hidden_states"]
            after = made[0] if isinstance(made, tuple) else made
            gates[name] = Gates(after, after - before, units=1)

        return note

    handles = [layer.register_forward_hook(hook(name), with_kwargs=True) for name, layer in layers.items()]
    try:
        yield gates
    finally:
        for handle in handles:
            handle.remove()
