"""Linear maps beside a network: trained with it, and used by nothing in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from robust_ray.models.alterations.base import alteration


@alteration("projections")
def projections(module: nn.Module, description: Mapping[str, Any]) -> nn.Module:
    """Add ``module.projections``, a linear map for each pair ``(inputs, outputs)`` of ``widths``."""
    dtype = next(module.parameters()).dtype
    maps = (nn.Linear(inputs, outputs, bias=False, dtype=dtype) for inputs, outputs in description["widths"])
    module.projections = nn.ModuleList(maps)
    return module
