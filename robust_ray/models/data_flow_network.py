"""GraphCodeBERT's network: a RoBERTa that sees the nodes of a data flow beside the code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from transformers import RobertaConfig, RobertaModel
from transformers.modeling_outputs import SequenceClassifierOutput

from robust_ray.models.configurations import configure


class DataFlowClassifier(nn.Module):
    """A RoBERTa encoder that reads each segment with its data flow, and a head on the segments' first states.

    Source: ``model.py`` of GraphCodeBERT's clone detection, https://github.com/microsoft/CodeBERT; Guo et al.,
        GraphCodeBERT, ICLR 2021, https://arxiv.org/abs/2009.08366, section 4.
    """

    def __init__(self, config: RobertaConfig, segments: int) -> None:
        super().__init__()
        self.encoder = RobertaModel(config, add_pooling_layer=False)
        self.dense = nn.Linear(config.hidden_size * segments, config.hidden_size)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.out = nn.Linear(config.hidden_size, config.num_labels)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, position_ids: Tensor) -> SequenceClassifierOutput:
        """``(batch, segments, length)`` ids and positions, ``(batch, segments, length, length)`` mask."""
        vectors = self.summarize(*(tensor.flatten(0, 1) for tensor in (input_ids, attention_mask, position_ids)))
        return SequenceClassifierOutput(logits=self.classify(vectors.view(*input_ids.shape[:2], -1)))

    def summarize(self, input_ids: Tensor, attention_mask: Tensor, position_ids: Tensor) -> Tensor:
        """Each segment alone: ``(segments, length)`` ids and positions → ``(segments, hidden)`` first states.

        Args:
            input_ids: Of the code; any id at the places of nodes.
            attention_mask: ``(segments, length, length)`` bool: who (row) sees whom (column). All must see something.
            position_ids: 0 for nodes, the padding's for padding, above it for code.
        """
        layers = self.encoder.embeddings
        words = layers.word_embeddings(input_ids)
        nodes = position_ids == 0
        code = position_ids > self.encoder.config.pad_token_id
        spells = (attention_mask & nodes[:, :, None] & code[:, None, :]).to(words.dtype)
        means = (spells / spells.sum(-1, keepdim=True).clamp(min=1)) @ words
        states = layers(
            inputs_embeds=torch.where(nodes[..., None], means.to(words.dtype), words),
            position_ids=position_ids,
            token_type_ids=torch.zeros_like(position_ids),
        )
        unseen = torch.zeros_like(attention_mask, dtype=states.dtype)
        unseen.masked_fill_(~attention_mask, torch.finfo(states.dtype).min)
        summaries: Tensor = self.encoder.encoder(states, attention_mask=unseen[:, None]).last_hidden_state[:, 0]
        return summaries

    def classify(self, summaries: Tensor) -> Tensor:
        """The segments of an input together: ``(batch, segments, hidden)`` → ``(batch, n_labels)`` logits."""
        hidden = torch.tanh(self.dense(self.dropout(summaries.flatten(1))))
        logits: Tensor = self.out(self.dropout(hidden))
        return logits


def build_graphcodebert(architecture: Mapping[str, Any]) -> nn.Module:
    """A :class:`DataFlowClassifier` from its configuration and the number of ``segments``."""
    return DataFlowClassifier(configure(architecture), architecture["segments"])
