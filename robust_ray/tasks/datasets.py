"""What is done with every data set, wherever it comes from: ids made unique, duplicates dropped, sizes limited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from robust_ray.core.errors import DataError
from robust_ray.core.examples import Example, Input, stable_order
from robust_ray.tasks.base import Sifted, Split

EMBEDDED = "embedded"
"""What ``data`` says for the data set that is derived from the running Python's standard library."""

NO_CODE = "no code"
NO_SUMMARY = "no summary"
EXACT_DUPLICATE = "same code and answer as an earlier example"
BEYOND_LIMIT = "beyond the limit"


def sift(examples: Iterable[Example], where: str, *, drop_duplicates: bool) -> Sifted:
    """What can be used of a split, with unique uids.

    Left out are examples without code or summary, and, if wanted, those that say what an earlier one said. The same
    code with another answer stays: it is for the user to decide which one is right.

    Args:
        examples: In file order; uids may repeat.
        where: The split, for refusals.
        drop_duplicates: Whether the same code with the same answer counts once.

    Raises:
        DataError: one id stands for different code, or nothing is left.
    """
    kept: list[Example] = []
    dropped: Counter[str] = Counter()
    seen: set[tuple[Input, int, str | None]] = set()
    owners: dict[str, Input] = {}
    taken: set[str] = set()
    for example in examples:
        said = (example.segments, example.label, example.reference)
        if owners.setdefault(example.uid, example.segments) != example.segments:
            raise DataError(
                f"{where}: an id must stand for one example, but {example.uid!r} stands for different code; "
                "make the ids unique"
            )
        reason = _unusable(example) or (EXACT_DUPLICATE if drop_duplicates and said in seen else None)
        if reason is not None:
            dropped[reason] += 1
            continue
        seen.add(said)
        uid = unique(example.uid, taken)
        kept.append(example if uid == example.uid else replace(example, uid=uid))
    if not kept:
        raise DataError(f"{where}: a split must hold at least one example, but there is none; fill it")
    return Sifted(tuple(kept), dict(dropped))


def limited(sifted: Sifted, count: int | None) -> Sifted:
    """At most ``count`` examples, in their order: always the same ones, and a larger count only adds to them."""
    examples, dropped = sifted
    if count is None or count >= len(examples):
        return sifted
    kept = {example.uid for example in stable_order(examples)[:count]}
    left = tuple(example for example in examples if example.uid in kept)
    return Sifted(left, {**dropped, BEYOND_LIMIT: len(examples) - count})


def divided(sifted: Sifted, share: float, split: Split) -> Sifted:
    """The training split without a random but fixed share of it, or that share (``unlabelled``).

    Args:
        sifted: The whole training split; what was left out of it is told with the first part.
        share: In (0, 1).
        split: ``train`` or ``unlabelled``.

    Raises:
        DataError: there are too few examples for two parts.
    """
    examples, dropped = sifted
    count = round(len(examples) * (1 - share))
    if not 0 < count < len(examples):
        raise DataError(
            f"the training split must have examples for two parts, but has {len(examples)} for `unlabelled` {share:g}; "
            "take more, or leave `unlabelled` out"
        )
    labelled = {example.uid for example in stable_order(examples)[:count]}
    if split == "train":
        return Sifted(tuple(example for example in examples if example.uid in labelled), dropped)
    return Sifted(tuple(example for example in examples if example.uid not in labelled), {})


def unique(uid: str, taken: set[str]) -> str:
    """``uid``, or ``uid#2``, ``uid#3`` … where it is taken already; ``taken`` learns the answer."""
    count, answer = 1, uid
    while answer in taken:
        count += 1
        answer = f"{uid}#{count}"
    taken.add(answer)
    return answer


def _unusable(example: Example) -> str | None:
    if not all(text.strip() for text in example.segments):
        return NO_CODE
    if example.reference is not None and not example.reference.strip():
        return NO_SUMMARY
    return None
