"""Pruning: weights become zero, or units of a network are taken out for good."""

from robust_ray.compression.pruning.magnitude import MagnitudePruning
from robust_ray.compression.pruning.movement import MovementPruning
from robust_ray.compression.pruning.n_m import NMPruning
from robust_ray.compression.pruning.random import RandomPruning
from robust_ray.compression.pruning.units import HeadPruning, LayerPruning, NeuronPruning
from robust_ray.compression.pruning.wanda import WandaPruning

__all__ = [
    "HeadPruning",
    "LayerPruning",
    "MagnitudePruning",
    "MovementPruning",
    "NMPruning",
    "NeuronPruning",
    "RandomPruning",
    "WandaPruning",
]
