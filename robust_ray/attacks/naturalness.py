"""How natural adversarial code is, in the eyes of a masked language model that no one attacks.

Sources:
    - ACS: Du et al., "An Extensive Study on Adversarial Attack against Pre-trained Models of Code", ESEC/FSE 2023,
      ``evaluation/eval.py`` of https://github.com/CGCL-codes/Attack_PTMC.
    - Pseudo-perplexity: Salazar et al., "Masked Language Model Scoring", ACL 2020, https://arxiv.org/abs/1910.14659.
Deviations:
    - ACS is taken of the tokens of our parser, there of javalang's (Java alone); comments are in neither.
    - Pseudo-perplexity masks every sub-token once, but an eighth of them at a time (every eighth, eight times over),
      not each alone: a window costs eight forward passes instead of five hundred, and the share of masked places is
      close to the 15 % the models were trained with.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from robust_ray.core.language_model import Ids, Look, MaskedLanguageModel, pieces
from robust_ray.core.records import AttackRecord, CellRecord, NaturalnessRecord
from robust_ray.source.identifiers import SourceCode, analyse

PASSES = 8
"""In each, every eighth sub-token is masked."""

LONGEST = 4096
"""Sub-tokens of a text that its perplexity is taken of; eight windows of CodeBERT's."""

AT_ONCE = 32
"""Adversarial examples looked at together: enough to fill the largest batches, few enough for any memory."""


def measure(
    rows: Sequence[AttackRecord], model: MaskedLanguageModel, columns: Mapping[str, Any]
) -> list[NaturalnessRecord]:
    """One row for each attack row that has adversarial code, invalid ones included, in their order.

    Args:
        rows: Rows of attacks.
        model: Who looks at them.
        columns: ``key``, ``language_model`` and ``language_model_params`` of the new rows.
    """
    changed = [(row, row.adversarial) for row in rows if row.adversarial is not None]
    return [
        record
        for start in range(0, len(changed), AT_ONCE)
        for record in _measure(changed[start : start + AT_ONCE], model, columns)
    ]


def perplexities(texts: Sequence[str], model: MaskedLanguageModel) -> list[float | None]:
    """Pseudo-perplexity of each text, every run of blanks and line breaks read as one blank; None for an empty text.

    The geometric mean, over the first :data:`LONGEST` sub-tokens, of one over the probability of the sub-token where it
    is masked: 1 for a text the model could have written, more for a less natural one. A text longer than the window is
    read in :func:`~robust_ray.core.language_model.pieces`.
    """
    encoded = [ids[:LONGEST] for ids in model.encode([" ".join(text.split()) for text in texts])]
    looks = [list(_masked_once(ids, model.window)) for ids in encoded]
    logarithms = iter(model.log_likelihood(list(chain.from_iterable(looks))))
    sums = [sum(float(next(logarithms).sum()) for _ in of_text) for of_text in looks]
    return [math.exp(-total / len(ids)) if ids else None for total, ids in zip(sums, encoded, strict=True)]


def code_similarities(pairs: Sequence[tuple[SourceCode, SourceCode]], model: MaskedLanguageModel) -> list[float | None]:
    """Each pair's share in ACS; None where the two have not equally many tokens, or none."""
    words = [tuple(model.look_up(source.token_texts) for source in pair) for pair in pairs]
    comparable = {i: ids for i, ids in enumerate(words) if len(ids[0]) == len(ids[1]) > 0}
    windows = [(first[: model.window], second[: model.window]) for first, second in comparable.values()]
    found = dict(zip(comparable, model.logit_similarity(windows), strict=True))
    return [found.get(i) for i in range(len(pairs))]


def _measure(
    changed: Sequence[tuple[AttackRecord, str]], model: MaskedLanguageModel, columns: Mapping[str, Any]
) -> list[NaturalnessRecord]:
    """The rows of a few attack rows and their adversarial code."""
    texts = [(row.original, adversarial) for row, adversarial in changed]
    sources = [(analyse(row.original, row.language), analyse(after, row.language)) for row, after in changed]
    known = perplexities(list(chain.from_iterable(texts)), model)
    measured = zip(
        (row for row, _ in changed),
        model.similarity(texts),
        code_similarities(sources, model),
        known[::2],
        known[1::2],
        strict=True,
    )
    return [
        NaturalnessRecord(
            **{field.name: getattr(row, field.name) for field in dataclasses.fields(CellRecord)} | dict(columns),
            attack=row.attack,
            attack_params=row.attack_params,
            uid=row.uid,
            similarity=None if math.isnan(similarity) else similarity,
            acs=acs,
            perplexity=perplexity,
            adversarial_perplexity=adversarial_perplexity,
        )
        for row, similarity, acs, perplexity, adversarial_perplexity in measured
    ]


def _masked_once(ids: Ids, window: int) -> Iterator[Look]:
    """Every place of a text in exactly one look."""
    for piece in pieces(ids, window):
        for first in range(min(PASSES, len(piece))):
            yield Look(piece, tuple(range(first, len(piece), PASSES)))
