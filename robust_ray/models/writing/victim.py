"""A network that writes summaries, as a victim: its one probability is the BLEU of what it writes.

Source: Du et al., "An Extensive Study on Adversarial Attack against Pre-trained Models of Code", ESEC/FSE 2023, whose
attacks read the BLEU of a summary where they read the probability of the true class for a classifier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
import torch

from robust_ray.core.arrays import FloatArray
from robust_ray.core.examples import Input
from robust_ray.core.victim import Encoding, token_batches
from robust_ray.metrics import bleu
from robust_ray.models.reading.encoding import Rows, encode
from robust_ray.models.victim import NetworkVictim
from robust_ray.models.writing.generation import Generation
from robust_ray.models.writing.write import longest_work, write


class Summaries(NamedTuple):
    """What was written."""

    texts: list[str]
    notes: list[str | None]
    """:attr:`~robust_ray.core.victim.Encoding.note` of each program."""


class Referenced(NamedTuple):
    """A program, and what its summary should say."""

    program: Rows
    reference: str


@dataclass(frozen=True, kw_only=True)
class ScoredSummaries(NetworkVictim):
    """A victim of one class. Its inputs are pairs: the program, and the reference."""

    def read(self, asked: Input) -> Input:
        """The program."""
        return asked[:1]

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        """Token ids of the program, with the reference beside them; the length counts what is written as well."""
        encodings = encode(self.network, list(map(self.read, inputs)), self._tokenize)
        found = []
        for encoding, (_, reference) in zip(encodings, inputs, strict=True):
            program = cast(Rows, encoding.ids)
            length = longest_work(program, self._generation)
            found.append(Encoding(Referenced(program, reference), length, encoding.note))
        return found

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        """``(n, 1)``: BLEU of each summary, in [0, 1].

        Raises:
            MemoryError: the batch is too large for the GPU.
        """
        asked = [cast(Referenced, encoding.ids) for encoding in encodings]
        texts = self._write([each.program for each in asked])
        return np.array([[bleu(each.reference, text)] for each, text in zip(asked, texts, strict=True)])

    def summaries(self, inputs: Sequence[Input], max_batch_tokens: int) -> Summaries:
        """A summary of each program, in order."""
        encodings = self.encode(inputs)
        texts = [""] * len(inputs)
        lengths = [encoding.length for encoding in encodings]
        for batch in token_batches(lengths, max_batch_tokens, batch_invariant=self.batch_invariant):
            written = self._write([cast(Referenced, encodings[i].ids).program for i in batch])
            for i, text in zip(batch, written, strict=True):
                texts[i] = text
        return Summaries(texts, [encoding.note for encoding in encodings])

    @property
    def _generation(self) -> Generation:
        assert self.network.generation is not None
        return self.network.generation

    def _write(self, programs: Sequence[Rows]) -> list[str]:
        try:
            with self._forward_pass():
                return write(self.network, programs, self.device, self._generation)
        except torch.OutOfMemoryError as error:
            raise MemoryError(str(error)) from error
