"""Which statements of a program may be inserted or written in another way, by rule.

A rule is a pure function of the analysed program and finds every edit that is sound, in order of the text. The two
edits of any pair it finds are sound together, where they do not touch the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from robust_ray.source.edits import Edit
from robust_ray.source.identifiers import SourceCode

Rule = Callable[[SourceCode], tuple[Edit, ...]]

RULES: Mapping[str, Rule] = {}
"""Every rule by name."""


def is_sound(source: SourceCode, edit: Edit) -> bool:
    """Whether the rule that ``edit`` names finds it in ``source``."""
    return edit.rule in RULES and edit in RULES[edit.rule](source)
