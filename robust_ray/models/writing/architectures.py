"""From a JSON-able description to a writer without its weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM

from robust_ray.models.networks.configurations import configure
from robust_ray.models.writing.writers import EncoderWriter, PrefixWriter, SequenceWriter


def build_encoder_writer(architecture: Mapping[str, Any]) -> nn.Module:
    """An encoder from its ``config``, with a new decoder of so many ``layers`` and ``feedforward``."""
    config, trust = configure(architecture), architecture["trust_remote_code"]
    encoder = AutoModel.from_config(config, trust_remote_code=trust, add_pooling_layer=False)
    sizes = architecture["layers"], architecture["feedforward"]
    return EncoderWriter(encoder, *sizes, architecture["start"], architecture["end"])


def build_sequence_writer(architecture: Mapping[str, Any]) -> nn.Module:
    """An encoder-decoder from its ``config``."""
    network = AutoModelForSeq2SeqLM.from_config(
        configure(architecture), trust_remote_code=architecture["trust_remote_code"]
    )
    return SequenceWriter(network, architecture["start"], architecture["end"])


def build_prefix_writer(architecture: Mapping[str, Any]) -> nn.Module:
    """A decoder from its ``config``."""
    network = AutoModelForCausalLM.from_config(
        configure(architecture), trust_remote_code=architecture["trust_remote_code"]
    )
    return PrefixWriter(network, architecture["start"], architecture["end"])
