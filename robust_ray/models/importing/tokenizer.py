"""Tokenizers that others have trained: a JSON file of Hugging Face tokenizers, a folder, or a name on the hub."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from robust_ray.core.errors import ModelError
from robust_ray.core.paths import user_path
from robust_ray.models import hub
from robust_ray.models.base import reason
from robust_ray.models.networks.classifiers import fit_embeddings

ROLES = {
    "bos_token": ("<s>",),
    "cls_token": ("<s>", "[CLS]"),
    "eos_token": ("</s>",),
    "sep_token": ("</s>", "[SEP]"),
    "pad_token": ("<pad>", "[PAD]"),
    "unk_token": ("<unk>", "[UNK]"),
    "mask_token": ("<mask>", "[MASK]"),
}
"""What a special token is for → how it is written by RoBERTa's family and by BERT's."""


def read_tokenizer(name: str, around: Sequence[str] | None, where: str) -> Any:
    """A tokenizer of transformers, able to pad.

    Args:
        name: A file, a folder, or a name on the hub.
        around: The special token before a segment and the one behind it; none to add none; None for what the
            tokenizer does by itself.
        where: Which component asks, for refusals.

    Raises:
        ModelError: it cannot be read, or lacks a token that is needed.
    """
    from transformers import AutoTokenizer

    file = user_path(name)
    try:
        is_file = file.is_file()
        tokenizer = (
            _from_file(file) if is_file else AutoTokenizer.from_pretrained(hub.locate(name), **hub.origin(name, None))
        )
    except Exception as error:  # whatever a stranger's file makes the libraries raise
        raise ModelError(
            f"{where}: `tokenizer` must be a JSON file of Hugging Face tokenizers, a folder or a name on the hub, "
            f"but {name!r} gives {reason(error)!r}; correct it"
        ) from error
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    unknown = [token for token in around or () if token not in tokenizer.get_vocab()]
    if unknown or tokenizer.pad_token is None:
        needed = f"{unknown[0]!r}" if unknown else "a token that pads (`<pad>` or `[PAD]`)"
        raise ModelError(
            f"{where}: the tokenizer must know {needed}, but {name!r} does not; give the network's own tokenizer"
        )
    if around is not None:
        if not tokenizer.is_fast:
            raise ModelError(f"{where}: `around` is for fast tokenizers, but {name!r} is a slow one; leave it out")
        tokenizer.backend_tokenizer.post_processor = _template(tokenizer, around)
    return tokenizer


def fit(tokenizer: Any, network: Any, where: str, *, is_exact: bool) -> None:
    """Have tokenizer and network agree on the vocabulary and on what pads.

    Args:
        tokenizer: Of transformers.
        network: Of transformers; learns what pads if it does not know.
        where: Which component asks, for refusals.
        is_exact: Whether there must be as many embeddings as tokens; some published networks have some to spare.

    Raises:
        ModelError: they are not made for each other.
    """
    rows = network.get_input_embeddings().weight.shape[0]
    if is_exact and len(tokenizer) != rows:
        raise ModelError(
            f"{where}: the tokenizer must be the network's, but it has {len(tokenizer)} tokens for {rows} embeddings; "
            "name the right one in `tokenizer`"
        )
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        fit_embeddings(network, tokenizer, where)
    config = network.config
    if config.pad_token_id not in (None, tokenizer.pad_token_id):
        raise ModelError(
            f"{where}: tokenizer and network must pad alike, but the one has {tokenizer.pad_token_id} and the other "
            f"{config.pad_token_id}; name the right tokenizer, or give `pad_token_id` in `config`"
        )
    config.pad_token_id = tokenizer.pad_token_id


def _from_file(file: Path) -> Any:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    vocabulary, words = tokenizer.get_vocab(), json.loads(tokenizer.to_str())["pre_tokenizer"] or {}
    roles = {role: [token for token in tokens if token in vocabulary] for role, tokens in ROLES.items()}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_input_names=["input_ids", "attention_mask"],
        add_prefix_space=words.get("add_prefix_space", False),  # transformers sets what it is not told to False
        **{role: tokens[0] for role, tokens in roles.items() if tokens},
    )


def _template(tokenizer: Any, around: Sequence[str]) -> Any:
    """Two segments are separated as RoBERTa does: both tokens behind the first stand between them."""
    from tokenizers.processors import TemplateProcessing

    if not around:
        return TemplateProcessing(single="$A", pair="$A $B", special_tokens=[])
    before, behind = around
    return TemplateProcessing(
        single=[before, "$A", behind],
        pair=[before, "$A", behind, behind, "$B", behind],
        special_tokens=[(token, tokenizer.convert_tokens_to_ids(token)) for token in dict.fromkeys(around)],
    )
