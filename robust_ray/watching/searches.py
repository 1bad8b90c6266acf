"""How far the searches of a sweep are, seen from beside the driver that is at them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from robust_ray.store import Store
from robust_ray.sweep import Sweep

if TYPE_CHECKING:
    from robust_ray.dispatch.optuna import Searched


def look(sweep: Sweep, store: Store | None) -> list[Searched]:
    """How far each study is."""
    if sweep.search is None or store is None:
        return []
    from robust_ray.dispatch.optuna import progress  # takes a second: only where there is a search

    return progress(sweep, store)


def sentences(sweep: Sweep, searched: Sequence[Searched]) -> Iterator[str]:
    """One for each study."""
    for model, tasks, found, _ in searched:
        assert sweep.search is not None  # or there is no study
        further = {
            "open": found.open,
            "stopped early": found.stopped,
            "given up": found.given_up,
            "known before": found.known,
        }
        words = "".join(f", {count} {what}" for what, count in further.items() if count)
        yield (
            f"search for {model} on {tasks}: {found.asked} of {sweep.search.trials} proposals made, "
            f"{found.measured} measured whole{words}"
        )


def document(searched: Sequence[Searched]) -> list[dict[str, Any]]:
    """The same as plain data."""
    return [
        {"model": model, "tasks": tasks, "asked": found.asked, **found._asdict(), "has_ended": has_ended}
        for model, tasks, found, has_ended in searched
    ]
