"""What a masked language model would write in the place of a name: ALERT's procedure, one occurrence at a time.

Source: Yang et al., "Natural Attack for Pre-trained Models of Code", ICSE 2022, as in ``get_substitutes.py`` of
https://github.com/soarsmu/attack-pretrain-models-of-code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice, product

import numpy as np

from robust_ray.core.arrays import FloatArray, IntArray
from robust_ray.core.language_model import Ids, Look, MaskedLanguageModel
from robust_ray.source.identifiers import SourceCode

PLACES = 12
"""Sub-tokens of a combination at most."""

CHOICES = 4
"""Sub-tokens tried in each place of a combination."""

COMBINATIONS = 24
"""Combinations for one occurrence at most."""


def occurrences(source: SourceCode, model: MaskedLanguageModel) -> dict[str, list[Look]]:
    """Every name that may be changed → where it stands, in order; the program is read token by token, as published.

    An occurrence that no window can hold is left out.
    """
    tokens = [text.split() for text in source.token_texts]
    words = list(dict.fromkeys(chain.from_iterable(tokens)))
    encoded = dict(zip(words, model.encode(words), strict=True))
    ids: list[int] = []
    places: dict[tuple[int, int], range] = {}
    for span, parts in zip(source.tokens, tokens, strict=True):
        start = len(ids)
        ids += chain.from_iterable(encoded[part] for part in parts)
        places[span] = range(start, len(ids))
    return {
        name: [
            window_around(ids, places[span], model.window)
            for span in spans
            if span in places and 0 < len(places[span]) <= model.window
        ]
        for name, spans in source.spans.items()
    }


def window_around(ids: Sequence[int], place: range, window: int) -> Look:
    """The first window of a text where ``place`` lies in it, as published; else the one that has it in the middle."""
    middle = place.start - (window - len(place)) // 2
    start = 0 if place.stop <= window else min(middle, len(ids) - window)
    return Look(tuple(ids[start : start + window]), tuple(position - start for position in place))


def offers(looks: Sequence[Look], model: MaskedLanguageModel, predictions: int) -> list[list[tuple[str, float]]]:
    """What may stand in the place of each occurrence: texts, not all of them names, and how alike they are to it.

    Args:
        looks: Sub-tokens of one occurrence of a name each.
        model: Who is asked.
        predictions: Most likely sub-tokens tried in each place; the half of them that is most alike is kept.
    """
    guesses = model.predict(looks, predictions)
    changed = [_replaced(look, ids) for look, guess in zip(looks, guesses, strict=True) for ids in guess.T.tolist()]
    before, after = model.embed(looks), iter(model.embed(changed))
    found = []
    for original, guess in zip(before, guesses, strict=True):
        similarity = np.stack([_cosines(original, next(after)) for _ in guess.T])
        found.append(list(combinations(guess, similarity)))
    texts = iter(model.decode([ids for combined in found for ids, _ in combined]))
    return [[(next(texts).strip(), score) for _, score in combined] for combined in found]


def combinations(guess: IntArray, similarity: FloatArray) -> Iterator[tuple[Ids, float]]:
    """Sub-tokens that may stand in the place of a name, and how alike they are to it.

    One sub-token is replaced by each that is kept; several by combinations of the best in each place.

    Args:
        guess: ``(length, n)`` sub-tokens for each place; the j-th of all places were tried together.
        similarity: ``(n, length)`` cosine of the embedding in each place, before and when the j-th were tried.

    Yields:
        Sub-tokens, and the mean of what each had when it was tried.
    """
    length, count = guess.shape
    kept = np.argsort(-similarity.mean(axis=1), kind="stable")[: count // 2].tolist()
    chosen = zip(kept, strict=True) if length == 1 else product(kept[:CHOICES], repeat=min(length, PLACES))
    for tried in islice(chosen, None if length == 1 else COMBINATIONS):
        places = range(len(tried))
        yield tuple(guess[places, tried].tolist()), float(similarity[tried, places].mean())


def _replaced(look: Look, new: Sequence[int]) -> Look:
    first, behind = look.positions[0], look.positions[-1] + 1
    return Look((*look.ids[:first], *new, *look.ids[behind:]), look.positions)


def _cosines(first: FloatArray, second: FloatArray) -> FloatArray:
    """``(n,)`` cosine of each row of one ``(n, hidden)`` array with that of the other; lengths are 1e-6 at least."""
    lengths = np.maximum(np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1), 1e-6)
    cosines: FloatArray = (first * second).sum(axis=1) / lengths
    return cosines
