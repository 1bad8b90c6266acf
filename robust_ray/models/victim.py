"""A network as the attacks see it: strings in, probabilities out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch

from robust_ray.core.examples import Input
from robust_ray.core.victim import Encoding, FloatArray
from robust_ray.models.forward import Rows, collate, cpu_threads, encode, forward
from robust_ray.models.students import Network


@dataclass(frozen=True, kw_only=True)
class TransformerVictim:
    """Answers :meth:`predict`; the module must be in evaluation mode, on ``device``."""

    network: Network
    device: str
    """Where the forward pass runs."""

    threads: int
    """CPU threads of one forward pass."""

    @property
    def batch_invariant(self) -> bool:
        """Whether an answer is independent of its batch neighbours."""
        return self.network.batch_invariant

    @property
    def n_labels(self) -> int:
        """Classes."""
        return self.network.n_labels

    @property
    def mask_token(self) -> str:
        """The tokenizer's mask, or its unknown token where it has none."""
        tokenizer = self.network.tokenizer
        return str(tokenizer.mask_token or tokenizer.unk_token)

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        """Tokenize and truncate."""
        return encode(self.network, inputs)

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        """``(n, n_labels)`` probabilities, softmax taken in float64; the whole sequence is one padded batch.

        Raises:
            MemoryError: the batch is too large for the GPU.
        """
        try:
            tensors = collate(self.network, [cast(Rows, encoding.ids) for encoding in encodings], self.device)
            with cpu_threads(self.threads), torch.inference_mode():
                logits = forward(self.network.module, tensors)
            probabilities: FloatArray = torch.softmax(logits.double(), dim=1).cpu().numpy()
        except torch.OutOfMemoryError as error:
            raise MemoryError(str(error)) from error
        return probabilities
