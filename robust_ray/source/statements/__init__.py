"""Which statements of a program may be inserted or written in another way, by rule.

A rule is a pure function of the analysed program and finds every edit that is sound, in order of the text. The two
edits of any pair it finds are sound together, and so are those of two rules, where
:func:`robust_ray.source.edits.edited` takes them both.

What is assumed throughout: nobody inspects a function's own local names, reads its source, or counts its lines.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping

from robust_ray.source.edits import Edit
from robust_ray.source.identifiers import SourceCode, analyse
from robust_ray.source.statements._program import Program
from robust_ray.source.statements.branches import find as find_branches
from robust_ray.source.statements.comparisons import find as find_comparisons
from robust_ray.source.statements.constants import find as find_constants
from robust_ray.source.statements.dead_code import find as find_dead_code
from robust_ray.source.statements.increments import find as find_increments
from robust_ray.source.statements.loops import find as find_loops

__all__ = ["RULES", "Rule", "is_sound"]

Rule = Callable[[SourceCode], tuple[Edit, ...]]


def _rule(find: Callable[[Program], Iterator[Edit]]) -> Rule:
    """The rule that finds these edits, once for each text."""

    @functools.lru_cache(maxsize=512)
    def found(text: str, language: str) -> tuple[Edit, ...]:
        edits = dict.fromkeys(find(Program(analyse(text, language))))
        return tuple(sorted(edits, key=lambda edit: edit.splices))

    return lambda source: found(source.text, source.language)


RULES: Mapping[str, Rule] = {
    "dead_code": _rule(find_dead_code),
    "loops": _rule(find_loops),
    "branches": _rule(find_branches),
    "increments": _rule(find_increments),
    "constants": _rule(find_constants),
    "comparisons": _rule(find_comparisons),
}
"""Every rule by name."""


def is_sound(source: SourceCode, edit: Edit) -> bool:
    """Whether the rule that ``edit`` names finds it in ``source``."""
    return edit.rule in RULES and edit in RULES[edit.rule](source)
