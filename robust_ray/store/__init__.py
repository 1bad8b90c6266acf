"""What a sweep leaves behind: checkpoints and rows, written once, on a disk or in a bucket."""

from robust_ray.store.compaction import Compacted
from robust_ray.store.drivers import Driver
from robust_ray.store.journals import Journal
from robust_ray.store.leases import Leases, apart
from robust_ray.store.results import from_table, schema, to_table
from robust_ray.store.store import Attempt, Loaded, Store
from robust_ray.store.suspects import Known, Suspects

__all__ = [
    "Attempt",
    "Compacted",
    "Driver",
    "Journal",
    "Known",
    "Leases",
    "Loaded",
    "Store",
    "Suspects",
    "apart",
    "from_table",
    "schema",
    "to_table",
]
