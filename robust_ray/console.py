"""What printed things have in common: tables of numbers, lines as they are, durations."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Column, Table

from robust_ray.core.records import DatasetRecord


def number_table(first: str, *others: str) -> Table:
    """A table of names, and numbers set right."""
    return Table(first, *(Column(name, justify="right") for name in others), box=None)


def say(console: Console, line: str) -> None:
    """Print a line as it is: what it quotes is no markup, and may be longer than the screen is wide."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def warning_lines(task: str, rows: Iterable[DatasetRecord]) -> list[str]:
    """What the survey of a task's data warns of."""
    return [f"WARNING {task}: {line}" for row in rows for line in row.warnings]


def duration(seconds: float) -> str:
    """``75`` → ``1m 15s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {rest:02}s" if minutes else f"{rest}s"


def known_part(amount: str, unknown: int, of: int) -> str:
    """An amount of so many things; ``over`` it where some of them are unknown, ``?`` where all are."""
    return amount if not unknown else "?" if unknown == of else f"over {amount}"
