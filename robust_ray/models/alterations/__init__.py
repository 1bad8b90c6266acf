"""Structural changes to a network, by name: what compression did to its shape, so that a fresh process can do it again.

A checkpoint lists its alterations. They are applied to the freshly built architecture, before the weights are loaded
into it, so what they put in the place of a module must keep all it knows in parameters and buffers.
"""

from robust_ray.models.alterations.base import (
    ALTERATIONS,
    DESCRIBES_A_WEIGHT,
    Alteration,
    Apply,
    alteration,
    find,
)
from robust_ray.models.alterations.int8 import Int8Linear, int8_dynamic
from robust_ray.models.alterations.removal import keep_heads, keep_layers, keep_neurons

__all__ = [
    "ALTERATIONS",
    "DESCRIBES_A_WEIGHT",
    "Alteration",
    "Apply",
    "Int8Linear",
    "alteration",
    "find",
    "int8_dynamic",
    "keep_heads",
    "keep_layers",
    "keep_neurons",
]
