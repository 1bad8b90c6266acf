"""A writer made of whatever a pretrained network is: an encoder, a decoder or both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from transformers import (
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_MASKED_LM_MAPPING,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
)

from robust_ray.core.errors import ModelError
from robust_ray.models import hub
from robust_ray.models.networks.architectures import Architecture
from robust_ray.models.networks.classifiers import check_weights, fit_embeddings
from robust_ray.models.networks.configurations import describe, pretrained
from robust_ray.models.students import Network
from robust_ray.models.writing.generation import Generation
from robust_ray.models.writing.writers import EncoderWriter, PrefixWriter, SequenceWriter, Writer, can_continue

LAYERS = 6
"""Of the decoder that CodeXGLUE puts behind an encoder."""

FEEDFORWARD = 2048
"""Width of that decoder's feed-forward blocks, whatever the encoder's."""

ENGLISH = "__en_XX__"
"""What PLBART's decoder begins with to write English."""


def writer_of(
    name: str, tokenizer: Any, generation: Generation, seed: int, *, where: str, origin: Mapping[str, Any]
) -> Network:
    """A pretrained network that is to learn to write summaries.

    An encoder gets CodeXGLUE's decoder, drawn from ``seed``; an encoder-decoder or a decoder is what it is.

    Args:
        name: On the hub, or a folder.
        tokenizer: The network's; it knows how to pad.
        generation: How it is to write.
        seed: Of new weights.
        where: Which component asks, for refusals.
        origin: What ``from_pretrained`` is told beside the name (``revision``, ``trust_remote_code``, ``dtype`` …).

    Raises:
        ModelError: the network is none of the three, or cannot write a text of that length.
        Exception: whatever transformers raises where weights are missing or unreadable.
    """
    trust = bool(origin.get("trust_remote_code", False))
    config = pretrained(name, origin)
    family = _family(config, name, where)
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        network, loading = family.loader.from_pretrained(name, output_loading_info=True, **family.options, **origin)
        check_weights(network, loading, where)
        fit_embeddings(network, tokenizer, where)
        writer = family.around(network, tokenizer, where)
    network.config.pad_token_id = tokenizer.pad_token_id
    return Network(
        module=writer.eval(),
        tokenizer=tokenizer,
        n_labels=1,
        max_length=_window(writer, network, tokenizer, generation, where),
        pair_encoding="joint",
        architecture={
            **family.description,
            **describe(network.config, trust_remote_code=trust),
            "start": list(writer.start),
            "end": writer.end,
        },
        generation=generation,
    )


class _Family(NamedTuple):
    """How a kind of network is loaded, and made a writer."""

    loader: Any
    """A class of transformers with ``from_pretrained``."""

    options: Mapping[str, Any]
    """What it is told beside the name."""

    around: Callable[[Any, Any, str], Writer]
    """Network, tokenizer, who asks → the writer."""

    description: Architecture
    """Of the writer, beside the network's."""


def _family(config: Any, name: str, where: str) -> _Family:
    if config.is_encoder_decoder:
        return _Family(AutoModelForSeq2SeqLM, {}, _sequence_writer, {"type": "sequence_writer"})
    if type(config) in MODEL_FOR_MASKED_LM_MAPPING:
        description = {"type": "encoder_writer", "layers": LAYERS, "feedforward": FEEDFORWARD}
        return _Family(AutoModel, {"add_pooling_layer": False}, _encoder_writer, description)
    if type(config) in MODEL_FOR_CAUSAL_LM_MAPPING:
        return _Family(AutoModelForCausalLM, {}, _prefix_writer, {"type": "prefix_writer"})
    raise ModelError(
        f"{where}: only encoders, decoders and encoder-decoders of transformers write summaries, "
        f"but {name!r} is a {type(config).__name__}; use another model"
    )


def _encoder_writer(network: Any, tokenizer: Any, where: str) -> Writer:
    start = _known("begins", tokenizer.cls_token_id, tokenizer.bos_token_id, where)
    end = _known("ends", tokenizer.sep_token_id, tokenizer.eos_token_id, where)
    return EncoderWriter(network, LAYERS, FEEDFORWARD, [start], end)


def _sequence_writer(network: Any, tokenizer: Any, where: str) -> Writer:
    """Its decoder is begun with what the configuration says, and with what the tokenizer puts before every text."""
    end = _known("ends", tokenizer.eos_token_id, tokenizer.sep_token_id, where)
    first = tokenizer.get_vocab().get(ENGLISH, network.generation_config.decoder_start_token_id)
    if first is None:
        raise ModelError(f"{where}: the configuration must name a `decoder_start_token_id`, but has none; add it")
    around_nothing = tokenizer("")["input_ids"]
    return SequenceWriter(network, [first, *around_nothing[: around_nothing.index(end)]], end)


def _prefix_writer(network: Any, tokenizer: Any, where: str) -> Writer:
    """Program and summary are kept apart by what begins a text, or else by what ends one."""
    if not can_continue(network):
        raise ModelError(
            f"{where}: a decoder that writes must take `position_ids`, but {type(network).__name__} does not; "
            "use another model"
        )
    end = _known("ends", tokenizer.eos_token_id, tokenizer.sep_token_id, where)
    return PrefixWriter(network, [_known("begins", tokenizer.bos_token_id, end, where)], end)


def _known(does: str, first: int | None, second: int | None, where: str) -> int:
    """The first of two special tokens that the tokenizer has."""
    token = second if first is None else first
    if token is None:
        raise ModelError(
            f"{where}: the tokenizer of a writer must know a token that {does} a text, but has none; "
            "add it to its `tokenizer_config.json`"
        )
    return token


def _window(writer: Writer, network: Any, tokenizer: Any, generation: Generation, where: str) -> int:
    """Tokens of a program at most, so that the network has positions for the summary too."""
    positions = hub.longest_input(network, tokenizer)
    text = len(writer.start) + generation.max_new_tokens
    window = positions - text if isinstance(writer, PrefixWriter) else positions
    if min(window, positions - text) < 1:
        raise ModelError(
            f"{where}: a network of {positions} positions must have room for a summary, "
            f"but `max_new_tokens` is {generation.max_new_tokens}; lower it"
        )
    return window
