"""A classifier made of whatever a pretrained network is: an encoder, a decoder or both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from transformers import AutoModel, AutoModelForSequenceClassification

from robust_ray.core.errors import ModelError
from robust_ray.models import hub
from robust_ray.models.networks.architectures import Architecture, describe_huggingface, describe_vectors
from robust_ray.models.networks.configurations import pretrained
from robust_ray.models.networks.heads import VectorClassifier
from robust_ray.models.students import Network, PairEncoding


def classifier_of(
    name: str,
    tokenizer: Any,
    n_labels: int,
    seed: int,
    *,
    segments: int,
    one_logit: bool,
    where: str,
    origin: Mapping[str, Any],
) -> Network:
    """A pretrained network that is to learn to tell classes apart.

    Args:
        name: On the hub, or a folder.
        tokenizer: The network's; it knows how to pad.
        n_labels: Classes.
        seed: Of new weights.
        segments: Those of an input that are read alone and then compared; 1 to read the input as one row.
        one_logit: Whether two classes share a logit.
        where: Which component asks, for refusals.
        origin: What ``from_pretrained`` is told beside the name (``revision``, ``trust_remote_code``, ``dtype`` …).

    Raises:
        ModelError: the weights are not all there, or the tokenizer is another network's.
        Exception: whatever transformers raises where files are missing or unreadable.
    """
    trust = bool(origin.get("trust_remote_code", False))
    config = pretrained(name, origin)
    has_vectors = segments > 1 or config.is_encoder_decoder
    labels = 1 if one_logit else n_labels
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        loader = AutoModel if has_vectors else AutoModelForSequenceClassification
        network, loading = loader.from_pretrained(
            name, num_labels=labels, ignore_mismatched_sizes=True, output_loading_info=True, **origin
        )
        check_weights(network, loading, where)
        fit_embeddings(network, tokenizer, where)
        network.config.pad_token_id = tokenizer.pad_token_id
        network.config.use_cache = False
        module: nn.Module = VectorClassifier(network, segments) if has_vectors else network
    architecture: Architecture = (
        describe_vectors(network.config, segments, trust_remote_code=trust)
        if has_vectors
        else describe_huggingface(network.config, trust_remote_code=trust)
    )
    pair_encoding: PairEncoding = "siamese" if segments > 1 else "joint"
    return Network(
        module=module.eval(),
        tokenizer=tokenizer,
        n_labels=n_labels,
        max_length=hub.longest_input(network, tokenizer),
        pair_encoding=pair_encoding,
        architecture=architecture,
    )


def check_weights(network: Any, loading: Mapping[str, Any], where: str) -> None:
    """Refuse a pretrained body whose weights were not all found; a head's may be new.

    Args:
        network: Of transformers.
        loading: What ``from_pretrained`` said of it (``output_loading_info``).
        where: Which component asks.

    Raises:
        ModelError: a weight is missing or of another shape.
    """
    prefixes = ("", f"{network.base_model_prefix}.")
    body = {f"{prefix}{name}" for prefix in prefixes for name in network.base_model.state_dict()}
    missing = sorted(name for name in loading["missing_keys"] if name in body and "pooler" not in name)
    if missing:
        raise ModelError(
            f"{where}: the weights must be those of a {type(network).__name__} as configured, but {len(missing)} are "
            f"missing, {missing[0]!r} first; check the folder's `config.json`"
        )
    keys = (key if isinstance(key, str) else key[0] for key in loading["mismatched_keys"])  # transformers 4, and 5
    mismatched = sorted(body.intersection(keys))
    if mismatched:
        raise ModelError(
            f"{where}: the weights must be those of the configuration, but {mismatched[0]!r} has another shape; "
            "check the folder's `config.json`"
        )


def fit_embeddings(network: Any, tokenizer: Any, where: str) -> None:
    """Make room for tokens that were added to a tokenizer (CodeGPT's unknown token has no row of its own).

    Raises:
        ModelError: the vocabulary itself, added tokens aside, is larger than the table of embeddings.
    """
    rows = network.get_input_embeddings().weight.shape[0]
    if tokenizer.vocab_size > rows:
        raise ModelError(
            f"{where}: the tokenizer must be the network's, but it has {tokenizer.vocab_size} tokens for "
            f"{rows} embeddings; put the right tokenizer's files beside the weights"
        )
    needed = max(tokenizer.get_vocab().values()) + 1
    if needed > rows:
        network.resize_token_embeddings(needed, mean_resizing=False)
