"""How important single weights are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from robust_ray.compression._layers import Layers, weight_of
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.models.reading.forward import cpu_threads
from robust_ray.models.students import Network
from robust_ray.models.training.criterion import usual

Scores = dict[str, Tensor]
"""``(outputs, inputs)`` float32 of each layer, by its name, on the CPU."""


def magnitudes(layers: Layers) -> Scores:
    """The magnitude of each weight."""
    return {name: weight_of(layer).float().abs() for name, layer in layers.items()}


def contributions(network: Network, layers: Layers, examples: Sequence[Example], machine: Machine) -> Scores:
    """The magnitude of each weight times the norm of what it is multiplied by, over all tokens of some examples.

    Source: Sun et al., "A Simple and Effective Pruning Approach for Large Language Models", ICLR 2024, section 3.
    """
    norms = input_norms(network, layers, examples, machine)
    return {name: score * norms[name].float() for name, score in magnitudes(layers).items()}


def input_norms(
    network: Network, layers: Layers, examples: Sequence[Example], machine: Machine
) -> Mapping[str, Tensor]:
    """``(inputs,)`` float64 of each linear layer: the L2 norms of its inputs over all tokens.

    One example is read at a time, as several would be padded to one length; a pair that is read apart still is.
    """
    criterion = usual(network)
    split = criterion.prepare(network, examples)
    network.module.to(machine.device).eval()
    with cpu_threads(machine.threads), torch.inference_mode(), _sums_of_squares(layers) as sums:
        for i in range(len(examples)):
            criterion.loss(network, split, [i], machine.device)
    network.module.to("cpu")
    return {name: squares.sqrt().cpu() for name, squares in sums.items()}


@contextmanager
def _sums_of_squares(layers: Layers) -> Iterator[dict[str, Tensor]]:
    """Of the inputs of each layer, one by one, over all that passes; zeros for a layer that nothing passes."""
    sums = {name: torch.zeros(weight_of(layer).shape[1], dtype=torch.float64) for name, layer in layers.items()}

    def hook(name: str) -> Callable[..., None]:
        def note(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
            squares = given[0].double().square().flatten(0, -2).sum(0)
            sums[name] = sums[name].to(squares.device) + squares

        return note

    handles = [layer.register_forward_pre_hook(hook(name)) for name, layer in layers.items()]
    try:
        yield sums
    finally:
        for handle in handles:
            handle.remove()
