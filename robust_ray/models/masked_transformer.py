"""A masked language model as substitutes and naturalness see it: strings and sub-tokens in, arrays out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from robust_ray.core.arrays import FloatArray, IntArray
from robust_ray.core.language_model import Ids, Look, pieces
from robust_ray.core.victim import Precision, token_batches
from robust_ray.models.reading.encoding import pack
from robust_ray.models.reading.forward import cpu_threads, pad

MOST_LOGITS = 2**28
"""Numbers in the logits of one batch at most (1 GiB): they are 65 times as many as hidden states in CodeBERT."""


@dataclass(frozen=True, kw_only=True)
class MaskedTransformer:
    """A network of transformers with a masked language model's head; in evaluation mode, on ``device``."""

    module: nn.Module
    tokenizer: Any
    max_length: int
    """Tokens of one input at most, the special ones included."""

    device: str
    """Where the forward pass runs."""

    threads: int
    """CPU threads of one forward pass."""

    max_batch_tokens: int
    """Padded tokens in one batch at most."""

    precision: Precision
    """Number format of the forward pass."""

    @property
    def window(self) -> int:
        """Sub-tokens of one text at most."""
        return self.max_length - self._added

    def encode(self, texts: Sequence[str]) -> list[Ids]:
        """Sub-tokens of each text; what UTF-8 cannot write (half of a surrogate pair) is read as a question mark."""
        if not texts:
            return []
        readable = [text.encode("utf-8", "replace").decode() for text in texts]
        return [tuple(ids) for ids in self._tokenize(readable, add_special_tokens=False)]

    def decode(self, sequences: Sequence[Ids]) -> list[str]:
        """The text of each sequence, without the blanks that some tokenizers (BERT's) put where there were none."""
        texts = [self._text(ids) for ids in sequences]
        return [text.replace(" ", "") for text in texts] if self._adds_blanks else texts

    def look_up(self, words: Sequence[str]) -> Ids:
        """The entry of the vocabulary that is spelt exactly like each word; that of the unknown token for most."""
        unknown = self.tokenizer.unk_token_id
        missing = self.tokenizer.mask_token_id if unknown is None else unknown
        return tuple(self._vocabulary.get(word, missing) for word in words)

    def predict(self, looks: Sequence[Look], count: int) -> list[IntArray]:
        """``(n_positions, count)`` most likely sub-tokens, or the whole vocabulary where that is smaller."""

        def best(logits: Tensor, _: Sequence[int]) -> Tensor:
            known = logits[:, : len(self._vocabulary)]  # some networks have more rows, to fill up a block
            return known.topk(min(count, known.shape[1])).indices

        return self._ask(looks, best, has_head=True)

    def embed(self, looks: Sequence[Look]) -> list[FloatArray]:
        """``(n_positions, hidden)`` last hidden states."""
        return self._ask(looks, lambda states, _: states.double(), has_head=False)

    def log_likelihood(self, looks: Sequence[Look]) -> list[FloatArray]:
        """``(n_positions,)`` natural logarithms, all places of a look masked at once."""

        def of_what_stands_there(logits: Tensor, order: Sequence[int]) -> Tensor:
            there = [looks[i].ids[position] for i in order for position in looks[i].positions]
            targets = torch.tensor(there, device=logits.device)
            return logits.double().log_softmax(dim=1).gather(1, targets[:, None])[:, 0]

        return self._ask([self._masked(look) for look in looks], of_what_stands_there, has_head=True)

    def similarity(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Cosine similarity of the mean over all sub-tokens of the last hidden states.

        A text longer than the window is read in :func:`pieces`.
        """
        texts = list(dict.fromkeys(chain.from_iterable(pairs)))
        means = dict(zip(texts, self._mean_states(texts), strict=True))
        return [_cosine(means[first], means[second]) for first, second in pairs]

    def logit_similarity(self, pairs: Sequence[tuple[Ids, Ids]]) -> list[float]:
        """Cosine similarity of the logits, those of the special tokens included, flattened."""
        found = [0.0] * len(pairs)
        lengths = [2 * (len(first) + self._added) for first, _ in pairs]
        for batch in token_batches(lengths, self._most_head_tokens):
            rows = {ids: row for row, ids in enumerate(dict.fromkeys(ids for i in batch for ids in pairs[i]))}
            with self._inference():
                logits = self._forward(list(rows), has_head=True)
                for i in batch:
                    first, second = (logits[rows[ids], : len(ids) + self._added].flatten() for ids in pairs[i])
                    found[i] = torch.cosine_similarity(first, second, dim=0).clamp(-1, 1).item()
        return found

    def _ask(
        self, looks: Sequence[Look], answer: Callable[[Tensor, Sequence[int]], Tensor], *, has_head: bool
    ) -> list[Any]:
        """What ``answer`` makes of logits or states at the places of some looks; each text is computed once.

        Args:
            looks: What is asked.
            answer: Takes ``(n, ·)`` logits or states and which looks they belong to, in order; one row each comes back.
            has_head: Whether logits are needed.
        """
        askers: dict[Ids, list[int]] = defaultdict(list)
        for i, look in enumerate(looks):
            askers[look.ids].append(i)
        texts = list(askers)
        answers: list[Any] = [None] * len(looks)
        limit = self._most_head_tokens if has_head else self.max_batch_tokens
        for batch in token_batches([len(ids) + self._added for ids in texts], limit):
            order = [i for text in batch for i in askers[texts[text]]]
            rows = [row for row, text in enumerate(batch) for i in askers[texts[text]] for _ in looks[i].positions]
            columns = [len(self._around[0]) + position for i in order for position in looks[i].positions]
            with self._inference():
                there = self._forward([texts[text] for text in batch], has_head=has_head)[rows, columns]
                found: npt.NDArray[Any] = answer(there, order).cpu().numpy()
            ends = np.cumsum([len(looks[i].positions) for i in order])
            for i, part in zip(order, np.split(found, ends[:-1]), strict=True):
                answers[i] = part
        return answers

    def _forward(self, texts: Sequence[Ids], *, has_head: bool) -> Tensor:
        """``(batch, length, vocabulary)`` logits or ``(batch, length, hidden)`` states, float32; one padded batch."""
        before, after = self._around
        filler = self.tokenizer.pad_token_id
        tensors = pad([pack((*before, *ids, *after)) for ids in texts], 0 if filler is None else filler, self.device)
        network = cast(nn.Module, self.module if has_head else self.module.base_model)
        output: Tensor = network(**tensors)[0]
        return output.float()

    def _mean_states(self, texts: Sequence[str]) -> list[FloatArray]:
        """``(hidden,)`` for each text; NaN for one without sub-tokens."""
        parts = [pieces(ids, self.window) for ids in self.encode(texts)]
        states = iter(self.embed([Look(ids, tuple(range(len(ids)))) for ids in chain.from_iterable(parts)]))
        return [
            np.concatenate([next(states) for _ in of_text]).mean(axis=0) if of_text else np.full(1, np.nan)
            for of_text in parts
        ]

    def _masked(self, look: Look) -> Look:
        """The look with the mask token in all of its places."""
        ids = list(look.ids)
        for position in look.positions:
            ids[position] = self.tokenizer.mask_token_id
        return Look(tuple(ids), look.positions)

    def _text(self, ids: Ids) -> str:
        return str(self.tokenizer.convert_tokens_to_string(self.tokenizer.convert_ids_to_tokens(list(ids))))

    def _tokenize(self, texts: Sequence[str], *, add_special_tokens: bool) -> list[list[int]]:
        encoded = self.tokenizer(
            list(texts), add_special_tokens=add_special_tokens, return_attention_mask=False, verbose=False
        )
        rows: list[list[int]] = encoded["input_ids"]
        return rows

    @cached_property
    def _around(self) -> tuple[Ids, Ids]:
        """Special tokens before and after a text."""
        (whole,), (bare,) = (self._tokenize(["x"], add_special_tokens=added) for added in (True, False))
        start = whole.index(bare[0])
        return tuple(whole[:start]), tuple(whole[start + len(bare) :])

    @property
    def _added(self) -> int:
        """Special tokens around a text."""
        return len(self._around[0]) + len(self._around[1])

    @cached_property
    def _adds_blanks(self) -> bool:
        (ids,) = self.encode(["a_b"])
        return " " in self._text(ids).strip()

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        vocabulary: dict[str, int] = self.tokenizer.get_vocab()
        return vocabulary

    @property
    def _most_head_tokens(self) -> int:
        """Padded tokens in one batch at most where logits are computed."""
        return min(self.max_batch_tokens, MOST_LOGITS // len(self._vocabulary))

    @contextmanager
    def _inference(self) -> Iterator[None]:
        """No gradients, and this machine's threads.

        Raises:
            MemoryError: the batch is too large for the GPU.
        """
        kind = torch.device(self.device).type
        low = torch.autocast(kind, dtype=torch.bfloat16, enabled=self.precision == "bfloat16")
        try:
            with cpu_threads(self.threads), torch.inference_mode(), low:
                yield
        except torch.OutOfMemoryError as error:
            raise MemoryError(str(error)) from error


def _cosine(first: FloatArray, second: FloatArray) -> float:
    """In [-1, 1]; NaN where a vector is."""
    if np.isnan(first).any() or np.isnan(second).any():
        return float("nan")
    lengths = np.linalg.norm(first) * np.linalg.norm(second)
    return float(np.clip(first @ second / max(lengths, np.finfo(np.float64).tiny), -1.0, 1.0))
