"""Attention that knows how far two tokens are apart, and not where either is.

Transformers had it in RoBERTa until version 4 (``position_embedding_type``); this is the same, for any version.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

Seen = Literal["relative_key", "relative_key_query"]
"""Whether a distance is seen from the token that asks, or also from that which is asked about."""


class RelativeAttention(nn.Module):
    """Scores ``q·k + q·d``, or ``q·k + q·d + k·d``, where ``d`` is learned for each distance and shared by the heads.

    Source: Shaw et al., "Self-Attention with Relative Position Representations", NAACL 2018,
        https://arxiv.org/abs/1803.02155; Huang et al., "Improve Transformer Models with Better Relative Position
        Embeddings", Findings of EMNLP 2020, https://arxiv.org/abs/2009.13658 (method 4).
    """

    def __init__(self, attention: Any, positions: int, seen: Seen, spread: float) -> None:
        """Take the layers of RoBERTa's own attention.

        Args:
            attention: Which is used up.
            positions: Tokens of a row at most.
            seen: From where distances are seen.
            spread: Standard deviation of the new weights.
        """
        super().__init__()
        self.num_attention_heads = attention.num_attention_heads
        self.attention_head_size = attention.attention_head_size
        self.all_head_size = attention.all_head_size
        self.query, self.key, self.value = attention.query, attention.key, attention.value
        self.dropout = attention.dropout
        self.positions = positions
        self.seen = seen
        self.distance_embedding = nn.Embedding(2 * positions - 1, self.attention_head_size)
        nn.init.normal_(self.distance_embedding.weight, std=spread)

    def forward(self, hidden_states: Tensor, attention_mask: Tensor | None = None, **_: Any) -> tuple[Tensor, Tensor]:
        """``(batch, length, hidden)`` states, and what is added to scores → new states, and probabilities."""
        query, key, value = (self._split(layer(hidden_states)) for layer in (self.query, self.key, self.value))
        places = torch.arange(hidden_states.shape[1], device=hidden_states.device)
        distances = self.distance_embedding(places[:, None] - places[None, :] + self.positions - 1)
        scores = query @ key.transpose(-1, -2) + torch.einsum("bhld,lrd->bhlr", query, distances)
        if self.seen == "relative_key_query":
            scores = scores + torch.einsum("bhrd,lrd->bhlr", key, distances)
        scores = scores * self.attention_head_size**-0.5
        if attention_mask is not None:
            scores = scores + attention_mask
        probabilities = self.dropout(scores.softmax(-1))
        return (probabilities @ value).transpose(1, 2).flatten(2), probabilities

    def _split(self, states: Tensor) -> Tensor:
        """``(batch, length, heads * size)`` → ``(batch, heads, length, size)``."""
        return states.view(*states.shape[:2], self.num_attention_heads, self.attention_head_size).transpose(1, 2)


class NoPositions(nn.Module):
    """In the place of a table of absolute positions."""

    def forward(self, position_ids: Tensor) -> Tensor:
        """Nothing, to be added to any state."""
        return torch.zeros((), device=position_ids.device)


def with_relative_positions(roberta: Any, seen: Seen) -> None:
    """Give RoBERTa relative positions in the place of its absolute ones.

    Args:
        roberta: Whose attention is transformers' ``eager``, so that it is given numbers to add to its scores.
        seen: From where distances are seen.
    """
    config = roberta.config
    roberta.embeddings.position_embeddings = NoPositions()
    for layer in roberta.encoder.layer:
        attention = layer.attention
        attention.self = RelativeAttention(
            attention.self, config.max_position_embeddings, seen, config.initializer_range
        )
