"""How much two sentences share: smoothed BLEU-4, as code summarization counts it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

WORD = re.compile(r"\w+|[^\s\w]")
ORDER = 4


def bleu(reference: str, sentence: str) -> float:
    """Smoothed sentence BLEU-4 of ``sentence``, in [0, 1]; 0 for no word in common.

    Source: Papineni et al., ACL 2002, smoothed as in Lin and Och, COLING 2004 (one added to matches and to n-grams of
        every order above one), with words and punctuation of the lower-cased text as tokens and one added to both
        lengths in the brevity penalty: the counting of CodeXGLUE's summarization evaluator (without its factor of 100).
    """
    wanted, found = (WORD.findall(text.lower()) for text in (reference, sentence))
    if not found:
        return 0.0
    total = 0.0
    for order in range(1, ORDER + 1):
        possible = max(0, len(found) - order + 1)
        matches = (_ngrams(found, order) & _ngrams(wanted, order)).total()
        if order == 1 and matches == 0:
            return 0.0
        smoothing = 0 if order == 1 else 1
        total += math.log(matches + smoothing) - math.log(possible + smoothing)
    penalty = min(0.0, 1.0 - (len(wanted) + 1) / (len(found) + 1))
    return math.exp(total / ORDER + penalty)


def _ngrams(tokens: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[i : i + order]) for i in range(len(tokens) - order + 1))
