"""How much of a reference's words a text repeats: BLEU-4, of one sentence and of many together."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from itertools import starmap

WORD = re.compile(r"[^\W_]+|[^\s\w]|_")
"""A run of letters and digits, or one sign; an underscore is a sign."""

ORDER = 4


def words(text: str) -> list[str]:
    """What summaries are compared by: words and signs of the lower-cased text, ``get_id`` being three of them.

    Source: the splitting of CodeXGLUE's summarization evaluator.
    """
    return WORD.findall(text.lower())


def shared(wanted: Sequence[str], found: Sequence[str], order: int) -> tuple[int, int]:
    """N-grams in common, each as often as in either at most, and n-grams found."""
    return (_ngrams(found, order) & _ngrams(wanted, order)).total(), max(0, len(found) - order + 1)


def bleu(reference: str, sentence: str) -> float:
    """Smoothed sentence BLEU-4 of ``sentence``, in [0, 1]; 0 for no word in common.

    Source: Papineni et al., ACL 2002, smoothed as in Lin and Och, COLING 2004 (one added to matches and to n-grams of
        every order above one), with one added to both lengths in the brevity penalty: the number of CodeXGLUE's
        summarization evaluator, without its factor of 100.
    Deviations: a text without a word scores 0; that evaluator gives it ``exp(-n)`` for a reference of ``n`` words.
    """
    wanted, found = words(reference), words(sentence)
    counts = [shared(wanted, found, order) for order in range(1, ORDER + 1)]
    if counts[0][0] == 0:
        return 0.0
    smoothed = [counts[0], *((matches + 1, possible + 1) for matches, possible in counts[1:])]
    return _score(smoothed, len(wanted) + 1, len(found) + 1)


def corpus_bleu(references: Sequence[str], sentences: Sequence[str]) -> float:
    """BLEU-4 of all sentences together, in [0, 1]: matches, n-grams and lengths are summed first, nothing is smoothed.

    Source: Papineni et al., ACL 2002, section 2.3, on the words that :func:`bleu` counts.
    """
    pairs = [(words(reference), words(text)) for reference, text in zip(references, sentences, strict=True)]
    counts = []
    for order in range(1, ORDER + 1):
        shares = [shared(wanted, found, order) for wanted, found in pairs]
        counts.append((sum(matches for matches, _ in shares), sum(possible for _, possible in shares)))
    if any(matches == 0 for matches, _ in counts):
        return 0.0
    return _score(counts, sum(len(wanted) for wanted, _ in pairs), sum(len(found) for _, found in pairs))


def _score(counts: Sequence[tuple[int, int]], wanted: int, found: int) -> float:
    """Geometric mean of the precisions, times the brevity penalty for ``found`` words where ``wanted`` are due."""
    precision = sum(starmap(_log_ratio, counts)) / len(counts)
    return math.exp(precision + min(0.0, 1.0 - wanted / found))


def _log_ratio(matches: int, possible: int) -> float:
    return math.log(matches) - math.log(possible)


def _ngrams(tokens: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[i : i + order]) for i in range(len(tokens) - order + 1))
