"""What a sweep leaves behind: checkpoints and rows, written once, on a disk or in a bucket."""

from robust_ray.store.results import from_table, schema, to_table
from robust_ray.store.store import Loaded, Store

__all__ = ["Loaded", "Store", "from_table", "schema", "to_table"]
