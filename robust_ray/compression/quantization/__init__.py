"""Quantization: fewer bits a weight."""

from robust_ray.compression.quantization.dynamic import DynamicQuantization
from robust_ray.compression.quantization.int8 import Int8Quantization, StaticQuantization
from robust_ray.compression.quantization.stored import (
    Float8Quantization,
    NF4Quantization,
    SimulatedQuantization,
    WeightOnlyQuantization,
)

__all__ = [
    "DynamicQuantization",
    "Float8Quantization",
    "Int8Quantization",
    "NF4Quantization",
    "SimulatedQuantization",
    "StaticQuantization",
    "WeightOnlyQuantization",
]
