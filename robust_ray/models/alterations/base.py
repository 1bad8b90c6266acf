"""What an alteration is, and the list of them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from torch import Tensor, nn

from robust_ray.core.errors import ModelError, did_you_mean

Apply = Callable[[nn.Module, Mapping[str, Any]], nn.Module]


@runtime_checkable
class StoresNumbers(Protocol):
    """A module that keeps its numbers otherwise than it computes with them: quantized, packed, as places in a codebook.

    Whatever an alteration puts in a module's place is one, unless its parameters and buffers are the numbers
    themselves. In the place of a linear layer it is a :class:`StandsForLinear`.
    """

    def stored_numbers(self) -> Sequence[Tensor]:
        """One element for each number that its own parameters and buffers stand for, zero where that is zero.

        Any type of numbers will do, and unpacked tensors made for the occasion. What only says how a number is kept
        (scales, zero points, codebooks) is left out; so is all that belongs to its submodules.
        """


@runtime_checkable
class StandsForLinear(StoresNumbers, Protocol):
    """One in the place of a linear layer: its operations are counted by its shape, whatever kernel does them."""

    in_features: int
    out_features: int


class Alteration(NamedTuple):
    """A change of structure and what it costs the network."""

    apply: Apply
    """Module and description → the altered module; may change its argument."""

    batch_invariant: bool
    """Whether answers stay independent of batch neighbours."""

    inference_only: bool
    """Whether the altered network has no gradients of its weights, so that it cannot be trained."""

    cpu_only: bool
    """Whether it has no GPU kernels."""


ALTERATIONS: dict[str, Alteration] = {}
"""All alterations, by the ``type`` of their description."""


def alteration(
    name: str, *, batch_invariant: bool = True, inference_only: bool = False, cpu_only: bool = False
) -> Callable[[Apply], Apply]:
    """Function decorator that makes an alteration known under ``name``."""

    def add(apply: Apply) -> Apply:
        ALTERATIONS[name] = Alteration(apply, batch_invariant, inference_only, cpu_only)
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
