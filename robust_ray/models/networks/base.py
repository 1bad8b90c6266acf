"""What networks share that read each segment of an input alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import SequenceClassifierOutput


class SegmentReader(nn.Module):
    """A body that makes a vector of each segment, and a head that sees those of an input: dense → tanh → out.

    Reading and classifying can be had one by one, so that a segment need not be read twice.
    """

    summarize: Callable[..., Tensor]
    """Each segment alone: tensors by name, ``(segments, length, …)`` → ``(segments, hidden)``."""

    def __init__(self, body: Any, features: int) -> None:
        """``body`` is a network of transformers; the head sees ``features`` times as many numbers as a vector has."""
        super().__init__()
        config = body.config
        self.body = body
        self.dense = nn.Linear(config.hidden_size * features, config.hidden_size, dtype=body.dtype)
        self.dropout = nn.Dropout(_dropout_of(config))
        self.out = nn.Linear(config.hidden_size, config.num_labels, dtype=body.dtype)

    def forward(self, **tensors: Tensor) -> SequenceClassifierOutput:
        """What :meth:`summarize` takes, as ``(batch, segments, length, …)``, or ``(batch, …)`` for one segment."""
        *inputs, _ = tensors["input_ids"].shape
        vectors = self.summarize(**{name: tensor.flatten(0, len(inputs) - 1) for name, tensor in tensors.items()})
        return SequenceClassifierOutput(logits=self.classify(vectors.view(inputs[0], -1, vectors.shape[-1])))

    def classify(self, vectors: Tensor) -> Tensor:
        """The segments of an input together: ``(batch, segments, hidden)`` → ``(batch, n_labels)`` logits."""
        hidden = torch.tanh(self.dense(self.dropout(self.join(vectors))))
        logits: Tensor = self.out(self.dropout(hidden))
        return logits

    def join(self, vectors: Tensor) -> Tensor:
        """What the head sees: ``(batch, segments, hidden)`` → ``(batch, features * hidden)``, one behind the other."""
        return vectors.flatten(1)


def _dropout_of(config: Any) -> float:
    """The probability a configuration gives for the states, under whichever name its family uses; 0 for none."""
    names = ("hidden_dropout_prob", "resid_pdrop", "dropout_rate", "dropout")
    return next((float(getattr(config, name)) for name in names if hasattr(config, name)), 0.0)
