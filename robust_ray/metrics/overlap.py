"""How near a text is to a reference, by other means than BLEU's."""

from __future__ import annotations

from collections.abc import Sequence

from robust_ray.metrics.bleu import shared, words

CHRF_ORDER = 6
CHRF_BETA = 2


def rouge_l(reference: str, text: str) -> float:
    """F-measure of the longest common subsequence of words, in [0, 1]: recall and precision weigh the same.

    Source: Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004, section 3.1, with beta 1, on the words
        that :func:`~robust_ray.metrics.bleu` counts.
    """
    wanted, found = words(reference), words(text)
    common = _longest_common_subsequence(wanted, found)
    return 2 * common / (len(wanted) + len(found)) if common else 0.0


def chrf(reference: str, text: str) -> float:
    """Character n-gram F-score, in [0, 1]; blanks do not count, upper case does.

    Precision and recall are averaged over the orders 1 to 6 for which both texts are long enough, and recall weighs
    twice as much as precision.

    Source: Popović, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015; chrF2 as sacreBLEU 2
        computes it for a sentence, without its factor of 100.
    """
    wanted, found = ("".join(each.split()) for each in (reference, text))
    precisions, recalls = [], []
    for order in range(1, min(CHRF_ORDER, len(wanted), len(found)) + 1):
        in_both, possible = shared(wanted, found, order)
        precisions.append(in_both / possible)
        recalls.append(in_both / (len(wanted) - order + 1))
    if not any(precisions):
        return 0.0
    precision, recall = (sum(shares) / len(shares) for shares in (precisions, recalls))
    return (1 + CHRF_BETA**2) * precision * recall / (CHRF_BETA**2 * precision + recall)


def is_exact(reference: str, text: str) -> bool:
    """Whether both say the same, word by word; case and blanks do not count."""
    return words(reference) == words(text)


def _longest_common_subsequence(left: Sequence[str], right: Sequence[str]) -> int:
    """Its length, row by row of the usual table."""
    row = [0] * (len(right) + 1)
    for word in left:
        diagonal = 0
        for i, other in enumerate(right, start=1):
            diagonal, row[i] = row[i], diagonal + 1 if word == other else max(row[i], row[i - 1])
    return row[-1]
