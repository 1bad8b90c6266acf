"""The network of ``compact_roberta``: RoBERTa of any shape, with absolute or relative positions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn
from transformers import RobertaConfig, RobertaForSequenceClassification, RobertaModel

from robust_ray.models.networks.heads import VectorClassifier
from robust_ray.models.networks.relative_positions import with_relative_positions


def build_compact_roberta(architecture: Mapping[str, Any]) -> nn.Module:
    """RoBERTa's classifier for one segment, CodeXGLUE's for two.

    Args:
        architecture: Fields of a ``RobertaConfig`` (``config``), the number of ``segments`` and the ``position_type``.
    """
    segments, seen = architecture["segments"], architecture["position_type"]
    is_absolute = seen == "absolute"
    config = RobertaConfig(**architecture["config"], attn_implementation=None if is_absolute else "eager")
    if segments == 1:
        module: nn.Module = RobertaForSequenceClassification(config)
    else:
        module = VectorClassifier(RobertaModel(config, add_pooling_layer=False), segments)
    if not is_absolute:
        with_relative_positions(module.get_submodule("roberta" if segments == 1 else "body"), seen)
    return module
