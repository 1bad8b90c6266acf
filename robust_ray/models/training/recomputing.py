"""Memory for time: a layer keeps what it was given and computes the rest anew when its gradients are asked for.

It draws the same dropout the second time, so that a training takes the same steps; what it keeps of a batch falls from
all that every layer makes of it to one state a layer. The second computation makes a step about a third longer.

From: Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016, section 4, a layer as a segment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from robust_ray.models.alterations.anatomy import stacks


@contextmanager
def recomputing(module: nn.Module) -> Iterator[None]:
    """While it lasts, the layers of a network keep little; one whose layers are not known keeps what it did."""
    layers = [layer for stack in stacks(module).values() for layer in stack]
    for layer in layers:
        vars(layer)["forward"] = partial(_twice, layer.forward)
    try:
        yield
    finally:
        for layer in layers:
            del vars(layer)["forward"]


def _twice(forward: Callable[..., Any], *given: Any, **named: Any) -> Any:
    if not torch.is_grad_enabled():
        return forward(*given, **named)
    return checkpoint(forward, *given, use_reentrant=False, **named)
