"""A teacher whose weights are to be changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from robust_ray.core.errors import ModelError

if TYPE_CHECKING:
    from robust_ray.models.students import Network


def as_trained(teacher: Path, type_: str, instead: str) -> Network:
    """The network of a checkpoint, its weights as training made them.

    Args:
        teacher: The checkpoint.
        type_: Of the compression that is to change them, for refusals.
        instead: What to do where they are not, for refusals.

    Raises:
        ModelError: the network has been quantized.
    """
    from robust_ray.models import students

    network = students.load(teacher)
    if network.inference_only:
        raise ModelError(
            f"compression {type_!r}: the weights must be as they were trained, but are quantized; {instead}"
        )
    return network
