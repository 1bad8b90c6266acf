"""Structural changes to a network, by name: what compression did to its shape, so that a fresh process can do it again.

A checkpoint lists its alterations. They are applied to the freshly built architecture, before the weights are loaded
into it, so what they put in the place of a module must keep all it knows in parameters and buffers.
"""

from robust_ray.models.alterations.base import (
    ALTERATIONS,
    Alteration,
    Apply,
    StandsForLinear,
    StoresNumbers,
    alteration,
    find,
)
from robust_ray.models.alterations.factors import low_rank
from robust_ray.models.alterations.int8 import Int8Linear, int8_dynamic
from robust_ray.models.alterations.integers import int8_products
from robust_ray.models.alterations.movement import watch_movement
from robust_ray.models.alterations.projections import projections
from robust_ray.models.alterations.rehearsing import end_rehearsal, rehearsal
from robust_ray.models.alterations.removal import keep_heads, keep_layers, keep_neurons
from robust_ray.models.alterations.sharing import shared_weights
from robust_ray.models.alterations.stored import stored_weights

__all__ = [
    "ALTERATIONS",
    "Alteration",
    "Apply",
    "Int8Linear",
    "StandsForLinear",
    "StoresNumbers",
    "alteration",
    "end_rehearsal",
    "find",
    "int8_dynamic",
    "int8_products",
    "keep_heads",
    "keep_layers",
    "keep_neurons",
    "low_rank",
    "projections",
    "rehearsal",
    "shared_weights",
    "stored_weights",
    "watch_movement",
]
