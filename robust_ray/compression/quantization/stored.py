"""Weights in other number formats: stored in few bits, made whole on the fly."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from robust_ray.compression.base import COMPRESSIONS, Lesson
from robust_ray.compression.quantization.base import Quantization
from robust_ray.core.errors import SweepError
from robust_ray.core.machine import Machine

if TYPE_CHECKING:
    from robust_ray.models.students import Network

Format = Mapping[str, object]
"""The description of one in :mod:`robust_ray.models.alterations.number_formats`."""


@dataclass(frozen=True, kw_only=True)
class StoredQuantization(Quantization):
    """Keep weights in another format."""

    embeddings: bool = False
    """Whether the embeddings of tokens are kept so, too."""

    def change(self, network: Network, lesson: Lesson, machine: Machine) -> Mapping[str, Any]:
        """See :meth:`Quantization.change`."""
        return {
            "type": "stored_weights",
            "weights": self.weights(),
            "activations": self.activations(),
            "embeddings": self.embeddings,
        }

    @abstractmethod
    def weights(self) -> Format:
        """What weights are kept in."""

    def activations(self) -> Format | None:
        """What the inputs of layers are rounded to; None for not at all."""
        return None


@COMPRESSIONS.register("weight_only_quantization")
@dataclass(frozen=True, kw_only=True)
class WeightOnlyQuantization(StoredQuantization):
    """Store weights in 8 or 4 bits, with a grid for each group of neighbours, and make them whole for every product.

    Smaller on disk and in memory, on every device; faster on none, as products are computed in the network's own number
    format.

    Source: Frantar et al., GPTQ, 2023, section 3, whose baseline it is: the nearest of ``2**bits`` evenly spaced
        numbers from the least to the greatest of a group.
    Deviations: zero is always one of them.
    """

    paper: ClassVar[str] = "Frantar et al., ICLR 2023, https://arxiv.org/abs/2210.17323 (baseline RTN)"

    bits: int = 4
    """Of a weight: 8 or 4."""

    group_size: int | None = 64
    """Weights of an output that share a grid; null for all of them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bits not in (4, 8):
            raise SweepError(
                f"`bits` must be 4 or 8, but got {self.bits}; 'simulated_quantization' knows every number from 2 to 8"
            )
        self._need_group(self.group_size)

    def weights(self) -> Format:
        """See :meth:`StoredQuantization.weights`."""
        return {"type": "integers", "bits": self.bits, "group_size": self.group_size}


@COMPRESSIONS.register("simulated_quantization")
@dataclass(frozen=True, kw_only=True)
class SimulatedQuantization(StoredQuantization):
    """Store weights in any number of bits, round activations too if asked to, and compute with the rounded numbers.

    What a device with such arithmetic would answer, on any device and no faster; the size is the true one. Rounded
    activations are multiplied in float64, which takes longer still.

    Source: Jacob et al., 2018, section 3, affine grids.
    Deviations: each row of activations (a token) has the grid of its own, found on the fly, so that answers do not
        depend on their batch neighbours.
    """

    paper: ClassVar[str] = "Jacob et al., CVPR 2018, https://arxiv.org/abs/1712.05877"

    bits: int = 4
    """Of a weight, 2 to 8."""

    activation_bits: int | None = None
    """Of a number in the input of a layer, 2 to 8; null for all of them."""

    group_size: int | None = None
    """Weights of an output that share a grid; null for all of them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._need_bits("bits", 2, 8)
        if self.activation_bits is not None:
            self._need_bits("activation_bits", 2, 8)
        self._need_group(self.group_size)

    def weights(self) -> Format:
        """See :meth:`StoredQuantization.weights`."""
        return {"type": "integers", "bits": self.bits, "group_size": self.group_size}

    def activations(self) -> Format | None:
        """See :meth:`StoredQuantization.activations`."""
        if self.activation_bits is None:
            return None
        return {"type": "integers", "bits": self.activation_bits, "group_size": None}


@COMPRESSIONS.register("nf4_quantization")
@dataclass(frozen=True, kw_only=True)
class NF4Quantization(StoredQuantization):
    """Store weights in the sixteen numbers of NormalFloat4, looked up in a table for every product.

    Smaller on disk and in memory, on every device; faster on none.

    Source: Dettmers et al., QLoRA, 2023, section 3.
    Deviations: groups end with a row, and their scales are not quantized themselves.
    """

    paper: ClassVar[str] = "Dettmers et al., NeurIPS 2023, https://arxiv.org/abs/2305.14314"

    group_size: int = 64
    """Weights of an output that share a scale."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._need_group(self.group_size)

    def weights(self) -> Format:
        """See :meth:`StoredQuantization.weights`."""
        return {"type": "nf4", "group_size": self.group_size}


@COMPRESSIONS.register("float8_quantization")
@dataclass(frozen=True, kw_only=True)
class Float8Quantization(StoredQuantization):
    """Store weights as float8 (e4m3), a scale for each output, and round activations likewise, a scale for each token.

    Smaller on disk and in memory, on every device; faster on none: the rounded numbers are made whole and multiplied,
    in float64 where activations are rounded, so that they are the same on a device that knows no float8.

    Source: Micikevicius et al., 2022, the format.
    """

    paper: ClassVar[str] = "Micikevicius et al., 2022, https://arxiv.org/abs/2209.05433"

    rounds_activations: bool = True
    """Whether the inputs of layers are float8, too."""

    def weights(self) -> Format:
        """See :meth:`StoredQuantization.weights`."""
        return {"type": "float8"}

    def activations(self) -> Format | None:
        """See :meth:`StoredQuantization.activations`."""
        return {"type": "float8"} if self.rounds_activations else None
