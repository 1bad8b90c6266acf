"""Compressions: what makes a student of a teacher."""

from robust_ray.compression.augmentation import Augmentation
from robust_ray.compression.base import COMPRESSIONS, Compression, Lesson
from robust_ray.compression.distillation import Distillation, Matching
from robust_ray.compression.distillers import Avatar, Compressor, Morph
from robust_ray.compression.imported import ImportedStudent
from robust_ray.compression.low_rank import LowRank
from robust_ray.compression.none import NoCompression
from robust_ray.compression.pipeline import Pipeline
from robust_ray.compression.pruning import (
    HeadPruning,
    LayerPruning,
    MagnitudePruning,
    MovementPruning,
    NeuronPruning,
    NMPruning,
    RandomPruning,
    WandaPruning,
)
from robust_ray.compression.quantization import (
    DynamicQuantization,
    Float8Quantization,
    Int8Quantization,
    NF4Quantization,
    SimulatedQuantization,
    StaticQuantization,
    WeightOnlyQuantization,
)
from robust_ray.compression.rewritten import RewrittenPrograms
from robust_ray.compression.schooling import Apprentice, Measured, Schooling, Variants
from robust_ray.compression.weight_sharing import WeightSharing

__all__ = [
    "COMPRESSIONS",
    "Apprentice",
    "Augmentation",
    "Avatar",
    "Compression",
    "Compressor",
    "Distillation",
    "DynamicQuantization",
    "Float8Quantization",
    "HeadPruning",
    "ImportedStudent",
    "Int8Quantization",
    "LayerPruning",
    "Lesson",
    "LowRank",
    "MagnitudePruning",
    "Matching",
    "Measured",
    "Morph",
    "MovementPruning",
    "NF4Quantization",
    "NMPruning",
    "NeuronPruning",
    "NoCompression",
    "Pipeline",
    "RandomPruning",
    "RewrittenPrograms",
    "Schooling",
    "SimulatedQuantization",
    "StaticQuantization",
    "Variants",
    "WandaPruning",
    "WeightOnlyQuantization",
    "WeightSharing",
]
