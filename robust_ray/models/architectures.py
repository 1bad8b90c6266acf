"""From a JSON-able description to a network without its weights.

Every module takes ``input_ids`` and ``attention_mask`` (and, if the tokenizer makes them, ``token_type_ids``) and
returns an object with ``logits`` of shape ``(batch, n_labels)``, or ``(batch, 1)`` for a two-class head of one logit.
Those that read pairs siamese also have ``summarize`` and ``classify``, so that a segment need not be read twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoModelForSequenceClassification, RobertaConfig, RobertaModel
from transformers.modeling_outputs import SequenceClassifierOutput

from robust_ray.core.errors import ModelError, did_you_mean
from robust_ray.models.configurations import configure, describe
from robust_ray.models.data_flow_network import build_graphcodebert
from robust_ray.models.heads import VectorClassifier
from robust_ray.models.writing.architectures import build_encoder_writer, build_prefix_writer, build_sequence_writer

Architecture = Mapping[str, Any]


def build_module(architecture: Architecture) -> nn.Module:
    """The module an architecture describes, its weights drawn from torch's global generator.

    Raises:
        ModelError: the description names no known architecture, or one that cannot be built.
    """
    name = str(architecture.get("type"))
    if name not in ARCHITECTURES:
        raise ModelError(f"architecture {name!r} does not exist; {did_you_mean(name, ARCHITECTURES)}")
    return ARCHITECTURES[name](architecture)


def describe_huggingface(config: Any, *, trust_remote_code: bool = False) -> Architecture:
    """The description of a classifier of transformers."""
    return {"type": "huggingface", **describe(config, trust_remote_code=trust_remote_code)}


def build_huggingface(architecture: Architecture) -> nn.Module:
    """A sequence classifier of transformers from its configuration (``config``, as in ``config.json``)."""
    module: nn.Module = AutoModelForSequenceClassification.from_config(
        configure(architecture), trust_remote_code=architecture["trust_remote_code"]
    )
    return module


def describe_vectors(config: Any, segments: int, *, trust_remote_code: bool = False) -> Architecture:
    """The description of a :class:`VectorClassifier` on a network of this configuration."""
    return {"type": "vectors", "segments": segments, **describe(config, trust_remote_code=trust_remote_code)}


def build_vectors(architecture: Architecture) -> nn.Module:
    """A :class:`VectorClassifier` from the ``config`` of its body and the number of ``segments``."""
    config, trust = configure(architecture), architecture["trust_remote_code"]
    return VectorClassifier(AutoModel.from_config(config, trust_remote_code=trust), architecture["segments"])


class SegmentClassifier(nn.Module):
    """A RoBERTa encoder that reads each segment alone, and a head on the elementwise maximum of each segment's states.

    The head sees ``u`` for one segment and ``[u, v, |u - v|, u * v]`` for two.

    Source: pooling and features of InferSent, Conneau et al., EMNLP 2017, https://arxiv.org/abs/1705.02364.
    """

    def __init__(self, config: RobertaConfig, segments: int) -> None:
        super().__init__()
        self.encoder = RobertaModel(config, add_pooling_layer=False)
        self.dense = nn.Linear(config.hidden_size * (1 if segments == 1 else 4), config.hidden_size)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.out = nn.Linear(config.hidden_size, config.num_labels)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> SequenceClassifierOutput:
        """``(batch, segments, length)`` ids and mask, or ``(batch, length)`` for one segment."""
        summaries = self.summarize(input_ids.flatten(0, -2), attention_mask.flatten(0, -2))
        return SequenceClassifierOutput(logits=self.classify(summaries.view(len(input_ids), -1, summaries.shape[-1])))

    def summarize(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Each segment alone: ``(segments, length)`` → ``(segments, hidden)``."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        summaries: Tensor = states.masked_fill(attention_mask.unsqueeze(-1) == 0, torch.finfo(states.dtype).min).amax(1)
        return summaries

    def classify(self, summaries: Tensor) -> Tensor:
        """The segments of an input together: ``(batch, segments, hidden)`` → ``(batch, n_labels)`` logits."""
        hidden = torch.tanh(self.dense(self.dropout(_compare(summaries))))
        logits: Tensor = self.out(self.dropout(hidden))
        return logits


def _compare(summaries: Tensor) -> Tensor:
    """``(batch, segments, hidden)`` → ``(batch, hidden)`` for one segment, ``(batch, 4 * hidden)`` for two."""
    if summaries.shape[1] == 1:
        return summaries[:, 0]
    u, v = summaries.unbind(1)
    return torch.cat([u, v, (u - v).abs(), u * v], dim=-1)


def build_segment_roberta(architecture: Architecture) -> nn.Module:
    """A :class:`SegmentClassifier` from the fields of a ``RobertaConfig`` and the number of ``segments``."""
    return SegmentClassifier(RobertaConfig(**architecture["config"]), architecture["segments"])


ARCHITECTURES: dict[str, Callable[[Architecture], nn.Module]] = {
    "huggingface": build_huggingface,
    "vectors": build_vectors,
    "segment_roberta": build_segment_roberta,
    "graphcodebert": build_graphcodebert,
    "encoder_writer": build_encoder_writer,
    "sequence_writer": build_sequence_writer,
    "prefix_writer": build_prefix_writer,
}
"""All architectures, by the ``type`` of their description."""
