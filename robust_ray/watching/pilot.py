"""A pilot: the few calls that make the cost of all the others known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from robust_ray.core.call import StageCall
from robust_ray.plan import Plan
from robust_ray.watching.history import History, kind


def unknown_kinds(plan: Plan, present: Collection[str], history: History) -> dict[str, list[StageCall]]:
    """The missing calls whose kind never ran, by kind."""
    found: dict[str, list[StageCall]] = defaultdict(list)
    for call in plan.calls.values():
        if call.key not in present and not history.knows(call):
            found[kind(call.key)].append(call)
    return found


def unknown_models(plan: Plan, present: Collection[str], history: History) -> dict[str, list[StageCall]]:
    """The missing calls whose stage never ran on their model, by both: how much of a GPU they need is not known."""
    found: dict[str, list[StageCall]] = defaultdict(list)
    for call in plan.calls.values():
        model = history.place(call.key).get("model")
        if model and call.key not in present and call.stage.uses_gpu and not history.has_met(call):
            found[f"{call.stage.name} on {model}"].append(call)
    return found


def pilot(plan: Plan, present: Collection[str], history: History) -> list[StageCall]:
    """One call of every kind and one of every stage and model that never ran, with all that these need and is missing.

    Of each the call is taken that adds least to those chosen before: in seconds as far as they are known, in calls
    beyond that.

    Returns:
        The calls, inputs before what needs them.
    """
    chosen: set[str] = set()
    chains = _chains(plan, present)
    kinds, models = (unknown(plan, present, history) for unknown in (unknown_kinds, unknown_models))
    for calls in (*kinds.values(), *models.values()):
        added = {call.key: [plan.calls[key] for key in chains[call.key] - chosen] for call in calls}
        chosen |= chains[min(added, key=lambda key: _effort(added[key], history))]
    return [call for call in plan.calls.values() if call.key in chosen]


def _effort(calls: Collection[StageCall], history: History) -> tuple[int, float, int]:
    """What calls cost, for comparison: those of kinds that never ran count most."""
    estimates = [history.estimate(call) if history.knows(call) else None for call in calls]
    known = [estimate.seconds for estimate in estimates if estimate is not None]
    return len(calls) - len(known), sum(known), len(calls)


def _chains(plan: Plan, present: Collection[str]) -> dict[str, frozenset[str]]:
    """Key of a missing call → its own and those of all missing calls it needs."""
    chains: dict[str, frozenset[str]] = {}
    for call in plan.calls.values():
        if call.key not in present:
            chains[call.key] = frozenset({call.key}).union(*(chains.get(key, frozenset()) for key in call.needs))
    return chains
