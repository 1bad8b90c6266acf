"""Vocabularies that are the same for the same texts.

Two trainers of the library make other tokens, or the same in another order, each time they are run; but whatever is
stored under a key must come out the same when it is made anew.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from tokenizers import models, pre_tokenizers, trainers

ROUNDS = 4
"""Of weighing pieces; a fifth changes next to nothing."""

LINES = 256
"""Tokenized at once."""


def learn(kind: str, tokenizer: Any, lines: Sequence[str], size: int, specials: Sequence[str]) -> None:
    """Give a tokenizer its vocabulary.

    Args:
        kind: ``bpe``, ``wordpiece``, ``unigram`` or ``word``.
        tokenizer: Of the library, with a model of this kind that knows ``<unk>``.
        lines: What to learn from.
        size: Tokens at most.
        specials: The first of them.

    Raises:
        ValueError: they do not suffice for every character.
    """
    learners = {"bpe": _learn_bpe, "wordpiece": _learn_wordpiece, "unigram": _learn_unigram, "word": _learn_word}
    learners[kind](tokenizer, lines, size, list(specials))
    tokenizer.add_special_tokens(list(specials))
    if tokenizer.get_vocab_size() > size:
        raise ValueError(f"{tokenizer.get_vocab_size()} tokens are the fewest that know every character")


def _learn_bpe(tokenizer: Any, lines: Sequence[str], size: int, specials: list[str]) -> None:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=specials, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(lines, trainer=trainer)


def _learn_word(tokenizer: Any, lines: Sequence[str], size: int, specials: list[str]) -> None:
    trainer = trainers.WordLevelTrainer(vocab_size=size, special_tokens=specials, show_progress=False)
    tokenizer.train_from_iterator(lines, trainer=trainer)


def _learn_wordpiece(tokenizer: Any, lines: Sequence[str], size: int, specials: list[str]) -> None:
    """The trainer numbers characters inside words in the order it meets them, which varies: it is told them first."""
    inside: set[str] = set()
    for line in lines:
        words = tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(line))
        inside.update(*(word[1:] for word, _ in words))
    first = [*specials, *(f"##{character}" for character in sorted(inside))]
    learner = copy.deepcopy(tokenizer)
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=first, show_progress=False)
    learner.train_from_iterator(lines, trainer=trainer)
    tokenizer.model = models.WordPiece(learner.get_vocab(), unk_token="<unk>")


def _learn_unigram(tokenizer: Any, lines: Sequence[str], size: int, specials: list[str]) -> None:
    """The trainer's sums vary in their last digits, and the weights with them: only its choice of pieces is taken.

    What a piece weighs is how often it is in the best reading of the lines, found in turns with that reading, first by
    weights that are all equal.
    """
    trainer = trainers.UnigramTrainer(vocab_size=size, special_tokens=specials, unk_token="<unk>", show_progress=False)
    try:
        tokenizer.train_from_iterator(lines, trainer=trainer)
    except Exception as error:  # the library has no class for what it refuses
        raise ValueError(str(error)) from error
    found = [piece for piece, _ in json.loads(tokenizer.to_str())["model"]["vocab"]]
    pieces = [*specials, *sorted(set(found).difference(specials))]
    counts = np.zeros(len(pieces), dtype=np.int64)
    for _ in range(ROUNDS):
        weights = np.log((counts + 1) / (counts + 1).sum())
        weights[: len(specials)] = 0.0
        tokenizer.model = models.Unigram(list(zip(pieces, weights.tolist(), strict=True)), pieces.index("<unk>"))
        counts = np.zeros_like(counts)
        for start in range(0, len(lines), LINES):
            for encoding in tokenizer.encode_batch_fast(lines[start : start + LINES]):
                np.add.at(counts, encoding.ids, 1)
