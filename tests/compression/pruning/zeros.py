"""How many weights of a checkpoint are zero."""

from __future__ import annotations

from pathlib import Path

from robust_ray.compression._layers import layers_in, weight_of
from robust_ray.compression.scope import Scope
from robust_ray.models import students


def zeros(checkpoint: Path, scope: Scope) -> tuple[int, int]:
    """Zero and all weights of a scope."""
    weights = [weight_of(layer) for layer in layers_in(scope, students.load(checkpoint).module).values()]
    return sum(int((w == 0).sum()) for w in weights), sum(w.numel() for w in weights)
