"""What a student costs, one definition each: numbers, bytes, operations, seconds, joules."""

from robust_ray.models.cost.measurement import Cost, measure
from robust_ray.models.cost.operations import operations
from robust_ray.models.cost.sizes import sizes_of
from robust_ray.models.cost.storage import compressed_size, loaded_bytes, weights
from robust_ray.models.cost.times import latency, throughput

__all__ = [
    "Cost",
    "compressed_size",
    "latency",
    "loaded_bytes",
    "measure",
    "operations",
    "sizes_of",
    "throughput",
    "weights",
]
