"""A transformer decoder that remembers what it has computed: the one CodeXGLUE puts behind a pretrained encoder."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

KeysAndValues = tuple[Tensor, Tensor]
"""Each ``(rows, heads, length, hidden / heads)``."""


class Attention(nn.Module):
    """Multi-head attention in two steps, so that keys and values need be computed only once."""

    def __init__(self, hidden: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.query, self.key, self.value, self.out = (nn.Linear(hidden, hidden) for _ in range(4))
        bound = math.sqrt(6 / (4 * hidden))
        for projection in (self.query, self.key, self.value):
            nn.init.uniform_(projection.weight, -bound, bound)
        for linear in (self.query, self.key, self.value, self.out):
            nn.init.zeros_(linear.bias)

    def remember(self, states: Tensor) -> KeysAndValues:
        """``(rows, length, hidden)`` states as something to look at."""
        return self._by_head(self.key(states)), self._by_head(self.value(states))

    def forward(self, states: Tensor, seen: KeysAndValues, mask: Tensor | None, *, is_causal: bool = False) -> Tensor:
        """``(rows, length, hidden)`` → the same shape; ``mask`` is true where there is something to see."""
        looked = functional.scaled_dot_product_attention(
            self._by_head(self.query(states)),
            *seen,
            attn_mask=mask,
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=is_causal,
        )
        outputs: Tensor = self.out(looked.transpose(1, 2).flatten(2))
        return outputs

    def _by_head(self, states: Tensor) -> Tensor:
        rows, length, hidden = states.shape
        return states.view(rows, length, self.heads, hidden // self.heads).transpose(1, 2)


class DecoderLayer(nn.Module):
    """Self-attention, a look at what was read, a feed-forward block; norms behind each.

    Source: Vaswani et al., "Attention Is All You Need", NeurIPS 2017, section 3; sizes, dropout, activation and first
        weights of ``torch.nn.TransformerDecoderLayer``, whose numbers it gives.
    """

    def __init__(self, hidden: int, heads: int, feedforward: int, dropout: float) -> None:
        super().__init__()
        self.written = Attention(hidden, heads, dropout)
        self.read = Attention(hidden, heads, dropout)
        self.wide, self.narrow = nn.Linear(hidden, feedforward), nn.Linear(feedforward, hidden)
        self.norms = nn.ModuleList(nn.LayerNorm(hidden) for _ in range(3))
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, states: Tensor, past: KeysAndValues | None, read: KeysAndValues, mask: Tensor
    ) -> tuple[Tensor, KeysAndValues]:
        """``(rows, length, hidden)`` states of new tokens → theirs, and what the next tokens will look back at."""
        seen = self.written.remember(states)
        if past is not None:
            seen = (torch.cat([past[0], seen[0]], dim=2), torch.cat([past[1], seen[1]], dim=2))
        is_causal = past is None
        states = self.norms[0](states + self.dropout(self.written(states, seen, None, is_causal=is_causal)))
        states = self.norms[1](states + self.dropout(self.read(states, read, mask)))
        widened = self.dropout(functional.relu(self.wide(states)))
        return self.norms[2](states + self.dropout(self.narrow(widened))), seen
