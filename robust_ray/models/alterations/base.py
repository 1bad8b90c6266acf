"""What an alteration is, and the list of them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch import nn

from robust_ray.core.errors import ModelError, did_you_mean

Apply = Callable[[nn.Module, Mapping[str, Any]], nn.Module]

DESCRIBES_A_WEIGHT = ("scale",)
"""Last names of buffers that say how another tensor is stored; they are not counted as parameters."""


class Alteration(NamedTuple):
    """A change of structure and what it costs the network."""

    apply: Apply
    """Module and description → the altered module; may change its argument."""

    batch_invariant: bool
    """Whether answers stay independent of batch neighbours."""

    cpu_inference_only: bool
    """Whether the altered network has no gradients and no GPU kernels."""


ALTERATIONS: dict[str, Alteration] = {}
"""All alterations, by the ``type`` of their description."""


def alteration(
    name: str, *, batch_invariant: bool = True, cpu_inference_only: bool = False
) -> Callable[[Apply], Apply]:
    """Function decorator that makes an alteration known under ``name``."""

    def add(apply: Apply) -> Apply:
        ALTERATIONS[name] = Alteration(apply, batch_invariant, cpu_inference_only)
        return apply

    return add


def find(description: Mapping[str, Any]) -> Alteration:
    """The alteration a description names.

    Raises:
        ModelError: there is none of that name.
    """
    name = str(description.get("type"))
    if name not in ALTERATIONS:
        raise ModelError(f"alteration {name!r} does not exist; {did_you_mean(name, ALTERATIONS)}")
    return ALTERATIONS[name]
