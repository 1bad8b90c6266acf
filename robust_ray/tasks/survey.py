"""What a data set is like: sizes, balance, lengths, and which examples stand in it more than once.

Pure: examples in, numbers out. What duplicates between the splits do to every score is shown by Allamanis, "The adverse
effects of code duplication in machine learning models of code", Onward! 2019, https://arxiv.org/abs/1812.06469.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from robust_ray.core.examples import Example, Question
from robust_ray.tasks import near_duplicates
from robust_ray.tasks.base import Split
from robust_ray.tasks.fingerprint import fingerprint


class SplitSurvey(NamedTuple):
    """One split; the fields are those of :class:`~robust_ray.core.records.DatasetRecord`, and described there."""

    n: int
    label_counts: tuple[int, ...]
    functions: int
    tokens_p50: int
    tokens_p95: int
    tokens_max: int
    reference_words_p50: int | None
    repeated: int
    nearly_repeated: int
    too_short: int
    conflicting: int | None
    in_train: int | None
    nearly_in_train: int | None
    functions_in_train: int | None
    in_valid: int | None
    nearly_in_valid: int | None


class Look(NamedTuple):
    """What an example is compared by; layout, comments and the order of a pair do not matter."""

    same: tuple[bytes, ...]
    """Equal for examples whose functions have the same lexemes."""

    nearly: tuple[int, ...]
    """Equal for examples whose functions are nearly the same, too (see :mod:`~robust_ray.tasks.near_duplicates`)."""

    lexemes: int
    """Of all its functions."""

    is_comparable: bool
    """Whether each function is long enough to be called nearly the same as another."""


def survey(splits: Mapping[Split, Sequence[Example]], question: Question) -> dict[Split, SplitSurvey]:
    """Look at the splits of a data set.

    Args:
        splits: Split → its examples, at least one.
        question: What the task asks: its classes, if it has any, and how many functions an example has.
    """
    look = _looker(example for examples in splits.values() for example in examples)
    looks = {split: [look(example) for example in examples] for split, examples in splits.items()}
    labels: dict[tuple[bytes, ...], set[int]] = defaultdict(set)
    for split, examples in splits.items():
        for example, seen in zip(examples, looks[split], strict=True):
            labels[seen.same].add(example.label)
    found = {}
    for split, examples in splits.items():
        is_judged = split in ("valid", "test")
        train = [*looks["train"], *looks.get("unlabelled", [])] if is_judged and "train" in looks else None
        valid = looks.get("valid") if split == "test" else None
        counts = Counter(example.label for example in examples)
        same, nearly = {seen.same for seen in looks[split]}, {seen.nearly for seen in looks[split]}
        lengths = [seen.lexemes for seen in looks[split]]
        words = [len(example.reference.split()) for example in examples if example.reference is not None]
        in_train, nearly_in_train = _shared(looks[split], train)
        in_valid, nearly_in_valid = _shared(looks[split], valid)
        found[split] = SplitSurvey(
            n=len(examples),
            label_counts=tuple(counts[label] for label in range(len(question.label_names))),
            functions=len({digest for seen in looks[split] for digest in seen.same}),
            tokens_p50=percentile(lengths, 50),
            tokens_p95=percentile(lengths, 95),
            tokens_max=max(lengths),
            reference_words_p50=percentile(words, 50) if words else None,
            repeated=len(examples) - len(same),
            nearly_repeated=len(same) - len(nearly),
            too_short=sum(not seen.is_comparable for seen in looks[split]),
            conflicting=None if question.wants_text else sum(len(labels[seen.same]) > 1 for seen in looks[split]),
            in_train=in_train,
            nearly_in_train=nearly_in_train,
            functions_in_train=_functions_shared(looks[split], train) if question.segments > 1 else None,
            in_valid=in_valid,
            nearly_in_valid=nearly_in_valid,
        )
    return found


def warnings(split: Split, found: SplitSurvey, label_names: Sequence[str]) -> Iterator[str]:
    """What a reader of any score on this data must know, one line each."""
    for count, what in (
        (found.in_train, "in the training split, too"),
        (found.nearly_in_train, "nearly the same as one of the training split"),
        (found.functions_in_train, "with a function that is in the training split, too"),
        (found.in_valid, "in the validation split, too"),
        (found.nearly_in_valid, "nearly the same as one of the validation split"),
        (found.conflicting, "in the data with another label, too"),
    ):
        if count:
            yield f"{split} examples {what}: {count:,} of {found.n:,}"
    absent = [name for name, count in zip(label_names, found.label_counts, strict=True) if not count]
    if absent:
        yield f"classes without a {split} example: {', '.join(absent)}"


def _looker(examples: Iterable[Example]) -> Callable[[Example], Look]:
    """A look at any of these examples; each distinct function is read once."""
    texts = {segment: example.language for example in examples for segment in example.segments}
    prints = {text: fingerprint(text, language) for text, language in texts.items()}
    words = {each.digest: each.words for each in prints.values()}
    group = dict(zip(words, near_duplicates.groups(list(words.values())), strict=True))
    alone = {
        text: (each.digest, group[each.digest], each.lexemes, near_duplicates.is_comparable(each.words))
        for text, each in prints.items()
    }

    def look(example: Example) -> Look:
        same, nearly, lexemes, comparable = zip(*(alone[segment] for segment in example.segments), strict=True)
        return Look(tuple(sorted(same)), tuple(sorted(nearly)), sum(lexemes), all(comparable))

    return look


def _shared(looks: Sequence[Look], others: Sequence[Look] | None) -> tuple[int, int] | tuple[None, None]:
    """How many examples stand among others, and how many further ones nearly do."""
    if others is None:
        return None, None
    same, nearly = {other.same for other in others}, {other.nearly for other in others}
    exact = sum(look.same in same for look in looks)
    return exact, sum(look.nearly in nearly for look in looks) - exact


def _functions_shared(looks: Sequence[Look], others: Sequence[Look] | None) -> int | None:
    """How many examples have a function that others have."""
    if others is None:
        return None
    known = {digest for other in others for digest in other.same}
    return sum(not known.isdisjoint(look.same) for look in looks)


def percentile(values: Sequence[int], share: int) -> int:
    """The smallest value that at least so many per cent do not exceed."""
    return int(np.percentile(values, share, method="inverted_cdf"))
