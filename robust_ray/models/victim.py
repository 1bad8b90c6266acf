"""A network as the attacks see it: strings in, probabilities out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self, cast

import torch
from torch import Tensor

from robust_ray.core.arrays import FloatArray
from robust_ray.core.examples import Input
from robust_ray.core.victim import Encoding, Precision
from robust_ray.models.networks.base import SegmentReader
from robust_ray.models.reading.encoding import Tokenize, encode, is_cut, rows_of, whole
from robust_ray.models.reading.forward import collate, cpu_threads, forward, per_label
from robust_ray.models.reading.segments import SegmentMemory, summarize
from robust_ray.models.reading.splicing import splicing
from robust_ray.models.students import Network


@dataclass(frozen=True, kw_only=True)
class NetworkVictim(ABC):
    """A network that answers; its module must be in evaluation mode, on ``device``."""

    network: Network
    device: str
    """Where the forward pass runs."""

    threads: int
    """CPU threads of one forward pass."""

    precision: Precision = "float32"
    """Number format of the forward pass. In bfloat16 the third digit of an answer may depend on the batch's shape."""

    remembers: bool = True
    """Whether token ids of lines and vectors of segments are kept for later inputs; not when speed is measured."""

    @property
    def batch_invariant(self) -> bool:
        """Whether an answer is independent of its batch neighbours."""
        return self.network.batch_invariant

    @property
    def n_labels(self) -> int:
        """Columns of an answer."""
        return self.network.n_labels

    @property
    def mask_token(self) -> str:
        """The tokenizer's mask, or its unknown token where it has none."""
        tokenizer = self.network.tokenizer
        return str(tokenizer.mask_token or tokenizer.unk_token)

    def afresh(self) -> Self:
        """The same victim, to which every input is new whenever it is asked about."""
        return replace(self, remembers=False)

    def forget(self) -> None:  # noqa: B027
        """Let go of what was computed in a batch with others; token ids stay, which are the same in any company."""

    def truncated(self, inputs: Sequence[Input]) -> int:
        """How many inputs are longer than the window."""
        return sum(is_cut(self.network, list(map(self.read, inputs))))

    def tokens(self, inputs: Sequence[Input]) -> list[int]:
        """Tokens of each input, cut to the window."""
        return [encoding.length for encoding in encode(self.network, list(map(self.read, inputs)), self._tokenize)]

    def read(self, asked: Input) -> Input:
        """What of an input the network reads."""
        return asked

    @abstractmethod
    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        """Tokenize and truncate."""

    @abstractmethod
    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        """``(n, n_labels)`` answers; the whole sequence is one batch."""

    @cached_property
    def _tokenize(self) -> Tokenize:
        spliced = splicing(self.network) if self.remembers else None
        return spliced or whole(self.network)

    @contextmanager
    def _forward_pass(self) -> Iterator[None]:
        kind = torch.device(self.device).type
        low = torch.autocast(kind, dtype=torch.bfloat16, enabled=self.precision == "bfloat16")
        with cpu_threads(self.threads), torch.inference_mode(), low:
            yield


@dataclass(frozen=True, kw_only=True)
class TransformerVictim(NetworkVictim):
    """A classifier."""

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        """Tokenize and truncate."""
        encodings = encode(self.network, inputs, self._tokenize)
        if self._segments is None:
            return encodings
        return self._segments.encodings(rows_of(encodings))

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        """``(n, n_labels)`` probabilities, softmax taken in float64; the whole sequence is one padded batch.

        Raises:
            MemoryError: the batch is too large for the GPU.
        """
        return self.launch(encodings)()

    def launch(self, encodings: Sequence[Encoding]) -> Callable[[], FloatArray]:
        """Start :meth:`predict` and return what waits for its end; on a CPU there is nothing left to wait for."""
        try:
            with self._forward_pass():
                logits = self._logits(encodings)
                return _arriving(torch.softmax(logits.double(), dim=1))
        except torch.OutOfMemoryError as error:
            raise MemoryError(str(error)) from error

    def forget(self) -> None:
        """See :meth:`NetworkVictim.forget`: the vectors of segments."""
        vars(self).pop("_segments", None)

    @cached_property
    def _segments(self) -> SegmentMemory | None:
        """None where every segment is to be computed whenever it is asked about."""
        is_useful = self.remembers and self.network.pair_encoding == "siamese" and self.batch_invariant
        return SegmentMemory() if is_useful else None

    def _logits(self, encodings: Sequence[Encoding]) -> Tensor:
        inputs = rows_of(encodings)
        if self._segments is None or len(inputs[0]) == 1:
            return forward(self.network.module, collate(self.network, inputs, self.device))
        budget = len(encodings) * max(encoding.length for encoding in encodings)
        vectors = self._segments.stack(inputs, lambda rows: summarize(self.network, rows, budget, self.device))
        return per_label(cast(SegmentReader, self.network.module).classify(vectors))


def _arriving(probabilities: Tensor) -> Callable[[], FloatArray]:
    """Wait for a tensor. Its way back from the GPU starts now, so that it does not queue behind the next batch."""
    if probabilities.device.type == "cpu":
        return probabilities.numpy
    host = torch.empty_like(probabilities, device="cpu", pin_memory=True)
    host.copy_(probabilities, non_blocking=True)
    arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
    arrived.record()

    def wait() -> FloatArray:
        arrived.synchronize()
        array: FloatArray = host.numpy().copy()  # pinned memory is scarce
        return array

    return wait
