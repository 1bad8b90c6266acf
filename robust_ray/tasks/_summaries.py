"""The embedded summarization data: functions of the standard library and the first sentence of their docstring.

Only sentences are taken whose words partly occur in the code, so that they can be told from it. Functions keep their
names, as in the published data sets. The set is small: it shows that everything works, and a model that has read
nothing else learns the set phrases of docstrings rather than what a function does.
"""

from __future__ import annotations

import re
from functools import lru_cache

from robust_ray.core.examples import Example
from robust_ray.tasks.base import Split
from robust_ray.tasks.stdlib_corpus import Function, functions, ordered

FUNCTIONS: dict[Split, int] = {"train": 900, "valid": 75, "test": 200}
"""Functions of a split."""

TOKENS = range(6, 121)
"""Sizes of functions, in words and signs."""

WORDS = range(3, 13)
"""Lengths of sentences, in words."""

SHARED = 1 / 3
"""Share of a sentence's telling words that must occur in the code."""

COMMON = frozenset(
    {"a", "all", "an", "any", "the", "this", "that", "it", "its", "not", "no"}
    | {"as", "at", "by", "for", "from", "in", "into", "of", "on", "to", "with"}
    | {"and", "if", "or", "when", "which"}
    | {"are", "be", "can", "do", "does", "has", "have", "is", "must", "should", "was", "were", "will"}
)
"""Words that tell nothing of what a function does."""


@lru_cache(maxsize=3)
def summaries(split: Split) -> tuple[Example, ...]:
    """Every example of a split; the references are sentences without their full stop."""
    found = [
        Example(uid=function.uid, segments=(function.text,), label=0, language="python", reference=sentence)
        for function in ordered(f for f in functions() if f.split == split and f.tokens in TOKENS)
        if (sentence := summary(function)) is not None
    ]
    return tuple(found[: FUNCTIONS[split]])


def summary(function: Function) -> str | None:
    """The first sentence of the function's docstring, if it is a plain one that speaks of the code, else None."""
    sentence = first_sentence(function.docstring or "")
    if len(sentence.split()) not in WORDS or not re.fullmatch(r"[A-Za-z][\w\s,;:'\"`./*-]*", sentence, re.ASCII):
        return None
    telling = [_stem(word) for word in _words(sentence) if word not in COMMON]
    in_code = {_stem(word) for word in _words(function.text)}
    shared = sum(word in in_code for word in telling)
    return sentence if telling and shared >= SHARED * len(telling) else None


def first_sentence(docstring: str) -> str:
    """The text up to the first full stop that ends a sentence, or to the first blank line; white space made single."""
    paragraph = " ".join(docstring.split("\n\n", maxsplit=1)[0].split())
    return re.split(r"(?<!e\.g)(?<!i\.e)\.(?:\s|\Z)", paragraph, maxsplit=1)[0].strip(" .")


def _words(text: str) -> list[str]:
    """Lower-cased words; of ``get_linkName``, three."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", text)]


def _stem(word: str) -> str:
    """The word without an ending of English: ``closes`` and ``closing`` are one."""
    return re.sub(r"(?:ing|ed|es|e|s)\Z", "", word) if len(word) > 4 else word
