"""The configuration of an imported network: the one beside its weights, or CodeBERT's, with some fields changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robust_ray.core.errors import ModelError, did_you_mean
from robust_ray.models.base import reason

CODEBERT: Mapping[str, object] = {
    "model_type": "roberta",
    "vocab_size": 50265,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
    "layer_norm_eps": 1e-5,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
}
"""Where ``config.json`` of ``microsoft/codebert-base`` differs from what transformers takes for the usual RoBERTa."""


def configuration(folder: Path, fields: Mapping[str, object], where: str) -> Any:
    """A configuration of transformers.

    Args:
        folder: Whose ``config.json`` to begin with, if it has one; else it is CodeBERT's, or that of another
            ``model_type`` among the fields.
        fields: What is different.
        where: Which component asks, for refusals.

    Raises:
        ModelError: there is no such configuration, or it has no such field.
    """
    from transformers import AutoConfig

    file = folder / "config.json"
    try:
        if file.is_file():
            config = AutoConfig.from_pretrained(folder)
        else:
            is_roberta = fields.get("model_type", "roberta") == "roberta"
            config = AutoConfig.for_model(**({**CODEBERT} if is_roberta else {"model_type": fields["model_type"]}))
        known = {*config.to_dict(), *config.attribute_map}
        for name in fields:
            if name not in known:
                raise ModelError(f"{where}: `config` has no field {name!r}; {did_you_mean(name, known)}")
        changes = {
            config.attribute_map.get(name, name): value for name, value in fields.items() if name != "model_type"
        }
        return type(config).from_dict(config.to_dict() | changes)
    except ModelError:
        raise
    except Exception as error:  # whatever a stranger's values make the library raise
        raise ModelError(
            f"{where}: `config` must be a configuration of transformers, but got {reason(error)!r}; correct it"
        ) from error
