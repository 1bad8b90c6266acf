"""Compressor, AVATAR and MORPH: a student is searched for, and then taught.

What must be trained so that a search can learn from it are calls of their own, made before it (``sample``).
"""

from robust_ray.compression.distillers.avatar import Avatar
from robust_ray.compression.distillers.compressor import Compressor
from robust_ray.compression.distillers.morph import Morph

__all__ = ["Avatar", "Compressor", "Morph"]
