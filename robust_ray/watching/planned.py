"""``robust-ray plan``: what a sweep would run, and what that would cost."""

from __future__ import annotations

import json
from collections.abc import Collection

from rich.console import Console

from robust_ray.console import duration, say
from robust_ray.dispatch import Settings
from robust_ray.plan import Plan, expand
from robust_ray.store import Store
from robust_ray.sweep import Sweep
from robust_ray.watching.costs import UNKNOWN, cost_table, costs, total
from robust_ray.watching.history import History
from robust_ray.watching.pilot import unknown_kinds, unknown_models

LONG, WELL = 1800.0, 600.0
"""Seconds of an attack on one shard: more than the one is too long, the other is about right."""


def show(sweep: Sweep, console: Console, *, as_json: bool = False, price: float | None = None) -> None:
    """Print a plan.

    Args:
        sweep: Whose.
        console: Where to print.
        as_json: Print plain data for other programs instead, with every key.
        price: Of an hour of a GPU; null where nobody asks.
    """
    plan = expand(sweep)
    store = Store.find(sweep.store)
    present = store.present() if store else set()
    settings = Settings.of(sweep, store, plan.calls.values())
    history = History.of(store, plan.calls.values(), settings)
    found = costs(plan, present, history, settings)
    if as_json:
        calls = [call.describe() | {"cached": call.key in present} for call in plan.calls.values()]
        stages = [cost._asdict() | {"accelerators": sorted(cost.accelerators)} for cost in found]
        print(json.dumps({"sweep": sweep.name, "store": sweep.store, "stages": stages, "calls": calls}, indent=1))
        return
    console.print(cost_table(found))
    whole = total(found)
    say(console, f"{whole.calls} calls, {whole.missing} to run")
    if whole.accelerators:
        accelerators = " and ".join(sorted(whole.accelerators))
        say(console, f"times are medians of the latest runs in {sweep.store} on {accelerators}")
    if price is not None:
        over = "over " if whole.sources.get(UNKNOWN) else ""
        say(console, f"GPUs for {over}{whole.gpu_hours * price:,.2f} at {price:g} an hour")
    unknown = unknown_kinds(plan, present, history) or unknown_models(plan, present, history)
    if unknown:
        say(
            console,
            f"never run yet: {', '.join(unknown)}; `robust-ray run --pilot` runs one of each, to know",
        )
    if advice := of_shards(sweep.examples.shard, plan, present, history):
        say(console, advice)
    if sweep.search is not None:
        place = "model and task" if sweep.search.over_tasks == "each" else "model"
        say(console, f"then a search of {sweep.search.trials} proposals for each {place} ({sweep.search.sampler})")


def of_shards(shard: int, plan: Plan, present: Collection[str], history: History) -> str | None:
    """What to say where one attack takes so long that a kill, or a straggler, would cost much; None where none does."""
    estimates = (history.estimate(call) for call in plan.stages().get("attack", ()) if call.key not in present)
    longest = max((estimate.seconds for estimate in estimates if estimate is not None), default=0.0)
    if longest <= LONG or shard == 1:
        return None
    fewer = max(1, int(shard * WELL / longest))
    return (
        f"an attack on {shard} examples takes up to {duration(longest)}, which a kill would lose: "
        f"--set examples.shard={fewer} makes it {duration(longest * fewer / shard)} (and repeats what is in the store)"
    )
