"""The space that Compressor, AVATAR and MORPH search for a student: what can be chosen, and what it costs."""

from robust_ray.compression.student_space.axes import Axis, Value
from robust_ray.compression.student_space.counts import distance_numbers, flops, parameter_count, size_mb, sizes
from robust_ray.compression.student_space.published import (
    AVATAR,
    AVATAR_CODEBERT,
    AVATAR_DOMAIN,
    AVATAR_GRAPHCODEBERT,
    COMPRESSOR,
    COMPRESSOR_3MB,
    COMPRESSOR_25MB,
    COMPRESSOR_50MB,
    MORPH,
    PerTask,
)
from robust_ray.compression.student_space.space import StudentSpace

__all__ = [
    "AVATAR",
    "AVATAR_CODEBERT",
    "AVATAR_DOMAIN",
    "AVATAR_GRAPHCODEBERT",
    "COMPRESSOR",
    "COMPRESSOR_3MB",
    "COMPRESSOR_25MB",
    "COMPRESSOR_50MB",
    "MORPH",
    "Axis",
    "PerTask",
    "StudentSpace",
    "Value",
    "distance_numbers",
    "flops",
    "parameter_count",
    "size_mb",
    "sizes",
]
