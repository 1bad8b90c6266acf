"""Int8 weights and activations, multiplied as whole numbers: smaller, and faster where a device knows how to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from robust_ray.compression.base import COMPRESSIONS, Lesson
from robust_ray.compression.quantization.base import Quantization
from robust_ray.core.checks import at_least_one
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import stable_order
from robust_ray.core.machine import Machine

if TYPE_CHECKING:
    from robust_ray.models.students import Network


@COMPRESSIONS.register("int8_quantization")
@dataclass(frozen=True, kw_only=True)
class Int8Quantization(Quantization):
    """Store weights in int8, a scale for each output, and round activations to int8, a scale for each token.

    Sums of whole numbers are exact, no token sees another's scale, and attention is done in float64, whose last bits
    nobody sees: an answer is the same, to the bit, in whatever batch it is asked for. Fast on processors with
    instructions for int8 (VNNI, AMX); NVIDIA GPUs have them from Turing on, where we have not measured it. Elsewhere
    the same numbers are had in float64, slower than the teacher's.

    Source: Dettmers et al., LLM.int8(), 2022, section 3.1: vector-wise quantization.
    Deviations: no outliers are kept apart; scales are symmetric around zero.
    """

    paper: ClassVar[str] = "Dettmers et al., NeurIPS 2022, https://arxiv.org/abs/2208.07339"

    def change(self, network: Network, lesson: Lesson, machine: Machine) -> Mapping[str, Any]:
        """See :meth:`Quantization.change`."""
        return {"type": "int8_products", "ranges": {}}


@COMPRESSIONS.register("static_quantization")
@dataclass(frozen=True, kw_only=True)
class StaticQuantization(Quantization):
    """Store weights in int8, and round activations to int8 by scales that are found once, on training examples.

    As fast as ``int8_quantization`` or faster, on the same devices: nothing is measured while it answers. What is
    beyond a layer's range is cut off, so an input unlike the training examples may fare worse.

    Source: Jacob et al., 2018, section 3; Wu et al., 2020, section 4.2, ranges by percentile.
    Deviations: a range is the widest that any one example asks for. A layer that calibration never reaches gives every
        token a scale of its own.
    """

    paper: ClassVar[str] = "Wu et al., 2020, https://arxiv.org/abs/2004.09602"

    calibration_examples: int = 128
    """Training examples that ranges are found on."""

    coverage: float = 0.9999
    """Share of a layer's inputs that must be within its range, on every one of these examples; in (0, 1]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least_one("calibration_examples", self.calibration_examples)
        if not 0 < self.coverage <= 1:
            raise SweepError(f"`0 < coverage <= 1` must hold, but got {self.coverage}; 0.9999 is usual")

    def change(self, network: Network, lesson: Lesson, machine: Machine) -> Mapping[str, Any]:
        """See :meth:`Quantization.change`."""
        from robust_ray.compression.quantization._calibration import ranges

        shown = stable_order(lesson.train)[: self.calibration_examples]
        return {"type": "int8_products", "ranges": ranges(network, shown, self.coverage, machine)}
