"""Examples rewritten: each program read once, of one program the same variant wherever it stands."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace

from robust_ray.compression.augmentation import Augmentation
from robust_ray.compression.distillation._variants import names_of, vary
from robust_ray.compression.rewritten import RewrittenPrograms
from robust_ray.compression.schooling import Variants
from robust_ray.core.examples import Example, generator
from robust_ray.source import analyse

Rewriter = Callable[[str, str, int], str]
"""A program, its language and the number of a variant → the variant; the program itself where there is none."""

RENAMED = Augmentation(names="signatures", renames=1.0, rewrites=0)
"""What MORPH does to a program: functions and parameters get other names."""


def rewriter(variants: Variants, examples: Sequence[Example], seed: int) -> Rewriter:
    """What makes variants of the programs in examples, from which new names are drawn.

    Args:
        variants: How.
        examples: With the programs.
        seed: Of the draws, which depend on nothing else but the names in the examples.

    Raises:
        DataError: a file of rewritten programs has none of these.
    """
    if isinstance(variants, RewrittenPrograms):
        return functools.cache(_from_file(variants, examples))
    return functools.cache(_drawn(variants, examples, seed))


def rewritten(variants: Variants, examples: Sequence[Example], seed: int) -> list[Example]:
    """The first variant of each example, itself where there is none; see :func:`rewriter`.

    Raises:
        DataError: as there.
    """
    rewrite = rewriter(variants, examples, seed)
    return [
        replace(example, segments=tuple(rewrite(text, example.language, 0) for text in example.segments))
        for example in examples
    ]


def _from_file(programs: RewrittenPrograms, examples: Sequence[Example]) -> Rewriter:
    programs.require_any(text for example in examples for text in example.segments)
    return lambda text, language, number: programs.variant(analyse(text, language)) or text


def _drawn(augmentation: Augmentation, examples: Sequence[Example], seed: int) -> Rewriter:
    programs = dict.fromkeys((text, example.language) for example in examples for text in example.segments)
    names = names_of(programs, augmentation.vocabulary)

    def draw(text: str, language: str, number: int) -> str:
        rng = generator("variant", seed, language, text, number)
        return vary(analyse(text, language), names, augmentation, rng) or text

    return draw
