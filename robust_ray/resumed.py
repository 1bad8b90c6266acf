"""What the first run of a sweep has decided that its file leaves open: on which machine times are measured.

A time is true of one kind of machine, so that its name is in the key of an evaluation. Were it always that of the
machine at hand, whoever looks from another one would find nothing measured, and a search would begin anew.
"""

from __future__ import annotations

from dataclasses import replace

from robust_ray.store import Store
from robust_ray.sweep import Sweep


def resumed(sweep: Sweep) -> Sweep:
    """The sweep as its latest run in its store had it; as its file has it where there was none."""
    store = Store.find(sweep.store) if sweep.accelerator is None else None
    if store is None:
        return sweep
    device = sweep.device_of("evaluate")
    known = [plan["accelerator"] for plan in store.plans(sweep.name) if plan.get("device") == device]
    return replace(sweep, accelerator=known[-1]) if known else sweep


def elsewhere(sweep: Sweep) -> str | None:
    """What to say where times are to be measured on another machine than this one; None where they are not."""
    here = replace(sweep, accelerator=None).measured_on
    if sweep.accelerator in (None, here):
        return None
    return (
        f"times go with those measured on {sweep.accelerator!r}, as this sweep's were, though this machine has "
        f"{here!r}; --set accelerator={here!r} measures them anew"
    )
