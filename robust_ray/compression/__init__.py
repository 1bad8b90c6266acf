"""Compressions: what makes a student of a teacher."""

from robust_ray.compression.base import COMPRESSIONS, Compression, Lesson
from robust_ray.compression.distillation import Distillation
from robust_ray.compression.imported import ImportedStudent
from robust_ray.compression.none import NoCompression
from robust_ray.compression.pruning import MagnitudePruning
from robust_ray.compression.quantization import DynamicQuantization

__all__ = [
    "COMPRESSIONS",
    "Compression",
    "Distillation",
    "DynamicQuantization",
    "ImportedStudent",
    "Lesson",
    "MagnitudePruning",
    "NoCompression",
]
