"""Compressions: what makes a student of a teacher."""

from robust_ray.compression.base import COMPRESSIONS, Compression, Lesson
from robust_ray.compression.distillation import Distillation
from robust_ray.compression.imported import ImportedStudent
from robust_ray.compression.none import NoCompression
from robust_ray.compression.pruning import MagnitudePruning
from robust_ray.compression.quantization import DynamicQuantization
from robust_ray.compression.structured_pruning import HeadPruning, LayerPruning, NeuronPruning

__all__ = [
    "COMPRESSIONS",
    "Compression",
    "Distillation",
    "DynamicQuantization",
    "HeadPruning",
    "ImportedStudent",
    "LayerPruning",
    "Lesson",
    "MagnitudePruning",
    "NeuronPruning",
    "NoCompression",
]
