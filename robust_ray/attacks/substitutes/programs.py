"""What the sources of replacement names see of a program: its tokens, and the names that are its own."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from robust_ray.core.examples import Example
from robust_ray.core.records import SubstituteRecord
from robust_ray.source.identifiers import analyse
from robust_ray.source.languages import is_identifier, is_reserved

MOST_NAMES = 1000
"""Names of one program that are looked at, the first ones: no victim reads so far, and no program floods the rest."""


class Program(NamedTuple):
    """A program, parsed."""

    tokens: tuple[str, ...]
    """Text of every token; a string is ``"`` and a number is ``0``, whatever they hold."""

    own: tuple[str, ...]
    """For each token the name that stands there, if it is one of ``names``; else the empty text."""

    names: Mapping[str, bool]
    """Name that may be changed → whether it is a function's; by first appearance."""

    @property
    def roles(self) -> tuple[list[str], list[str]]:
        """Names of parameters and variables, and names of functions."""
        variables = [name for name, is_function in self.names.items() if not is_function]
        return variables, [name for name, is_function in self.names.items() if is_function]


def read(text: str, language: str) -> Program:
    """Parse a program; one that cannot be parsed has fewer names, or none."""
    source = analyse(text, language)
    own = [each for each in source.identifiers[:MOST_NAMES] if is_identifier(each.name, language)]
    names = {span: each.name for each in own for span in each.spans}
    return Program(
        tokens=tuple(sys.intern(_without_value(token)) for token in source.token_texts),
        own=tuple(names.get(span, "") for span in source.tokens),
        names={each.name: each.kind == "function" for each in own},
    )


def distinct(corpus: Iterable[Example]) -> dict[tuple[str, str], Program]:
    """Text and language of every segment → the program, in an order that does not depend on that of the corpus."""
    found = {(text, example.language) for example in corpus for text in example.segments}
    return {(text, language): read(text, language) for text, language in sorted(found)}


def may_be_given(name: str, languages: Collection[str]) -> bool:
    """Whether ``name`` is an identifier, and free, in all these languages."""
    return all(is_identifier(name, language) and not is_reserved(name, language) for language in languages)


def offer(
    source: str, ranked: Iterable[tuple[str, float]], uid: str | None = None, identifier: str | None = None
) -> list[SubstituteRecord]:
    """Rows that offer names with their scores, the best first.

    Args:
        source: Type of the component that found them.
        ranked: Names and scores, best first.
        uid: Example they are for; None for every example.
        identifier: Name they may replace; None for any.
    """
    return [
        SubstituteRecord(key="", source=source, uid=uid, identifier=identifier, substitute=name, rank=rank, score=score)
        for rank, (name, score) in enumerate(ranked)
    ]


def _without_value(token: str) -> str:
    if token[-1] in "\"'":
        return '"'
    return "0" if token[0].isdigit() else token
