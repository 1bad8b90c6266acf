"""A short name beside every component of every row, the same in every table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

import pandas as pd

from analysis.groups import grouped, labelled
from analysis.labels import Setting, short_names

KINDS = {"model": False, "task": False, "compression": True, "attack": False, "relation": True}
"""Column of a component → whether a setting alone of its type is named with its numbers."""

SIDES = ("", "source_")
"""Beginnings of the columns that name a victim: the row's own, and the one an adversarial example was found against."""


def named(frames: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The frames with ``<component>_name`` columns; a setting has the same name in every table."""
    found = dict(frames)
    for kind, show_numbers in KINDS.items():
        places = [(table, *place) for table, frame in found.items() for place in _places(frame, kind)]
        settings = {setting for table, *place in places for setting in _settings(found[table], place[1:])}
        name = partial(_name, short_names(settings, show_numbers=show_numbers))
        for table, column, *place in places:
            found[table] = found[table].assign(**{column: labelled(found[table], place, name)})
    return _with_trainings_told_apart(found)


def _name(names: Mapping[Setting, str], kind: str, params: str | None) -> str | None:
    return None if pd.isna(params) else names[kind, str(params)]


def _places(frame: pd.DataFrame, kind: str) -> Iterator[tuple[str, str, str]]:
    """Columns for the names of a kind of component, and those of its type and parameters."""
    for side in SIDES:
        if f"{side}{kind}_params" in frame:
            holds = "perturbation" if kind == "attack" and "perturbation" in frame else f"{side}{kind}"
            yield f"{side}{kind}_name", holds, f"{side}{kind}_params"


def _settings(frame: pd.DataFrame, columns: Iterable[str]) -> list[Setting]:
    """The distinct settings of a component."""
    names = list(columns)
    distinct = frame[names].iloc[grouped(frame, names).first].dropna()
    return [(str(kind), str(params)) for kind, params in distinct.itertuples(index=False)]


def _with_trainings_told_apart(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Teachers a row cannot tell apart were fine-tuned differently: the ends of their keys go into the model's name."""
    columns = ["model_name", "task_name", "seed", "teacher"]
    sides = [(table, side) for table, frame in frames.items() for side in SIDES if f"{side}teacher" in frame]
    victims = []
    for table, side in sides:
        own = [f"{side}model_name", "task_name", "seed", f"{side}teacher"]
        distinct = frames[table][own].iloc[grouped(frames[table], own).first]
        victims.append(
            distinct.set_axis(columns, axis=1).astype({"model_name": "str", "task_name": "str", "teacher": "str"})
        )
    cells = pd.concat([distinct for distinct in victims if len(distinct)]).drop_duplicates()
    several = set(cells.loc[cells.duplicated(columns[:3], keep=False), "teacher"])

    def told_apart(name: str, teacher: str) -> str:
        return f"{name} #{teacher[-4:]}" if teacher in several else name

    for table, side in sides if several else ():
        names = labelled(frames[table], [f"{side}model_name", f"{side}teacher"], told_apart)
        frames[table] = frames[table].assign(**{f"{side}model_name": names})
    return frames
