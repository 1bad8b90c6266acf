"""The network of ``scratch_roberta``, whose vectors are elementwise maxima."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import RobertaConfig, RobertaModel

from robust_ray.models.networks.base import SegmentReader


class SegmentClassifier(SegmentReader):
    """A RoBERTa encoder, and a head on the elementwise maximum of each segment's states.

    The head sees ``u`` for one segment and ``[|u - v|, u * v]`` for two, each brought to mean 0 and variance 1 before.

    Source: pooling and features of InferSent, Conneau et al., EMNLP 2017, https://arxiv.org/abs/1705.02364.
    Deviations: maxima of many states are all large and much alike, so that a head which sees them as they are learns
        nothing for a long time; hence the normalization. Without ``u`` and ``v`` themselves it compares two programs,
        and cannot learn by heart what single ones are about, which says nothing of problems it has not seen.
    """

    def __init__(self, config: RobertaConfig, segments: int) -> None:
        super().__init__(RobertaModel(config, add_pooling_layer=False), features=1 if segments == 1 else 2)

    def summarize(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Each segment alone: ``(segments, length)`` → ``(segments, hidden)``."""
        states = self.body(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        maxima: Tensor = states.masked_fill(attention_mask.unsqueeze(-1) == 0, torch.finfo(states.dtype).min).amax(1)
        return maxima

    def join(self, vectors: Tensor) -> Tensor:
        """``(batch, segments, hidden)`` → ``(batch, hidden)`` for one segment, ``(batch, 2 * hidden)`` for two."""
        if vectors.shape[1] == 1:
            return vectors[:, 0]
        u, v = nn.functional.layer_norm(vectors, vectors.shape[-1:]).unbind(1)
        return torch.cat([(u - v).abs(), u * v], dim=-1)
