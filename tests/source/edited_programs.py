"""What the tests of statement edits share: every edit of a rule applied, and random sets of edits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from robust_ray.source import SourceCode, analyse
from robust_ray.source.edits import Edit, edited, fits
from robust_ray.source.statements import RULES


def in_a_function(code: str, language: str) -> str:
    """The code in a function of its own, if the language wants one."""
    return code if language == "python" else f"void f() {{ {code} }}"


def rewritten(code: str, language: str, rule: str) -> list[str]:
    """The program once for each edit that the rule finds."""
    source = analyse(code, language)
    programs = [edited(source, [edit]) for edit in RULES[rule](source)]
    return [program.text for program in programs if program is not None]


def random_edits(source: SourceCode, rng: np.random.Generator, share: float, rules: Sequence[str]) -> tuple[Edit, ...]:
    """Edits that can be made together, drawn from about this share of all there are."""
    found = [edit for rule in rules for edit in RULES[rule](source)]
    taken: list[Edit] = []
    for i in rng.permutation(len(found)):
        if rng.random() < share and fits(found[i], sorted(splice for edit in taken for splice in edit.splices)):
            taken.append(found[i])
    return tuple(taken)
