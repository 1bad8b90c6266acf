"""Networks that write summaries: what they read with, what they write with, how they learn it, how they are attacked.

This module itself needs no torch.
"""

from robust_ray.models.writing.generation import Generation

__all__ = ["Generation"]
