"""From a JSON-able description to a network without its weights.

Every module takes ``input_ids`` and ``attention_mask`` (and, if the tokenizer makes them, ``token_type_ids``) and
returns an object with ``logits`` of shape ``(batch, n_labels)``, or ``(batch, 1)`` for a two-class head of one logit.
Those that read pairs siamese are :class:`~robust_ray.models.networks.base.SegmentReader`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from transformers import AutoModel, AutoModelForSequenceClassification, RobertaConfig

from robust_ray.core.errors import ModelError, did_you_mean
from robust_ray.models.data_flow.network import build_graphcodebert
from robust_ray.models.networks.compact import build_compact_roberta
from robust_ray.models.networks.configurations import configure, describe
from robust_ray.models.networks.heads import VectorClassifier
from robust_ray.models.networks.maximum import SegmentClassifier
from robust_ray.models.writing.architectures import build_encoder_writer, build_prefix_writer, build_sequence_writer

Architecture = Mapping[str, Any]


def build_module(architecture: Architecture, seed: int = 0) -> nn.Module:
    """The module an architecture describes, its weights drawn from ``seed``; torch's global generator stays as it is.

    Raises:
        ModelError: the description names no known architecture, or one that cannot be built.
    """
    name = str(architecture.get("type"))
    if name not in ARCHITECTURES:
        raise ModelError(f"architecture {name!r} does not exist; {did_you_mean(name, ARCHITECTURES)}")
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
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


def build_segment_roberta(architecture: Architecture) -> nn.Module:
    """A :class:`SegmentClassifier` from the fields of a ``RobertaConfig`` and the number of ``segments``."""
    return SegmentClassifier(RobertaConfig(**architecture["config"]), architecture["segments"])


ARCHITECTURES: dict[str, Callable[[Architecture], nn.Module]] = {
    "huggingface": build_huggingface,
    "vectors": build_vectors,
    "segment_roberta": build_segment_roberta,
    "compact_roberta": build_compact_roberta,
    "graphcodebert": build_graphcodebert,
    "encoder_writer": build_encoder_writer,
    "sequence_writer": build_sequence_writer,
    "prefix_writer": build_prefix_writer,
}
"""All architectures, by the ``type`` of their description."""
