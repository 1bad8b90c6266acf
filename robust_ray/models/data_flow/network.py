"""GraphCodeBERT's network: a RoBERTa that sees the nodes of a data flow beside the code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from transformers import RobertaConfig, RobertaModel

from robust_ray.models.networks.base import SegmentReader
from robust_ray.models.networks.configurations import configure


class DataFlowClassifier(SegmentReader):
    """A RoBERTa encoder that reads each segment with its data flow, and a head on the segments' first states.

    Source: ``model.py`` of GraphCodeBERT's clone detection, https://github.com/microsoft/CodeBERT; Guo et al.,
        GraphCodeBERT, ICLR 2021, https://arxiv.org/abs/2009.08366, section 4.
    """

    def __init__(self, config: RobertaConfig, segments: int) -> None:
        super().__init__(RobertaModel(config, add_pooling_layer=False), features=segments)

    def summarize(self, input_ids: Tensor, attention_mask: Tensor, position_ids: Tensor) -> Tensor:
        """Each segment alone: ``(segments, length)`` ids and positions → ``(segments, hidden)`` first states.

        Args:
            input_ids: Of the code; any id at the places of nodes.
            attention_mask: ``(segments, length, length)`` bool: who (row) sees whom (column). All must see something.
            position_ids: 0 for nodes, the padding's for padding, above it for code.
        """
        layers = self.body.embeddings
        words = layers.word_embeddings(input_ids)
        nodes = position_ids == 0
        code = position_ids > self.body.config.pad_token_id
        spells = (attention_mask & nodes[:, :, None] & code[:, None, :]).to(words.dtype)
        means = (spells / spells.sum(-1, keepdim=True).clamp(min=1)) @ words
        states = layers(
            inputs_embeds=torch.where(nodes[..., None], means.to(words.dtype), words),
            position_ids=position_ids,
            token_type_ids=torch.zeros_like(position_ids),
        )
        unseen = torch.zeros_like(attention_mask, dtype=states.dtype)
        unseen.masked_fill_(~attention_mask, torch.finfo(states.dtype).min)
        summaries: Tensor = self.body.encoder(states, attention_mask=unseen[:, None]).last_hidden_state[:, 0]
        return summaries


def build_graphcodebert(architecture: Mapping[str, Any]) -> nn.Module:
    """A :class:`DataFlowClassifier` from its configuration and the number of ``segments``."""
    return DataFlowClassifier(configure(architecture), architecture["segments"])
