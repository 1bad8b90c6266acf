"""Where the weights of published networks lie in their files, and in our modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from transformers import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING

from robust_ray.core.examples import Question
from robust_ray.models.networks.architectures import Architecture, describe_huggingface, describe_vectors
from robust_ray.models.networks.configurations import describe

if TYPE_CHECKING:
    from robust_ray.models.imported import Imported


class Layout(NamedTuple):
    """A kind of network."""

    describe: Callable[[Any], Architecture]
    """Configuration → description of the module."""

    body: str
    """Name of transformers' network in the module; empty where it is the module."""

    names: Mapping[str, str]
    """How names begin in the file → how they begin in the module; the first that fits counts."""


def layout_of(imported: Imported, config: Any, question: Question) -> Layout:
    """The layout that a component's fields and a configuration speak of."""
    prefix, is_clone = imported.key_prefix, imported.head == "clone"
    segments = question.segments if is_clone else 1
    clone_head = _head("classifier.")
    if imported.data_flow is not None:
        own_head = {**_head(f"{prefix}classifier."), f"{prefix}roberta.": "body."}
        return Layout(
            lambda config: {"type": "graphcodebert", **describe(config), "segments": segments},
            "body",
            {**clone_head, prefix: "body."} if is_clone else own_head,
        )
    if is_clone:
        return Layout(lambda config: describe_vectors(config, segments), "body", {**clone_head, prefix: "body."})
    if config.is_encoder_decoder:
        body = MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING[type(config)].base_model_prefix
        own_head = {**_head(f"{prefix}classification_head."), f"{prefix}{body}.": "body."}
        return Layout(lambda config: describe_vectors(config, 1), "body", own_head)
    return Layout(describe_huggingface, "", {prefix: ""})


def _head(prefix: str) -> dict[str, str]:
    """The two layers of a head, as transformers and CodeXGLUE call them, and as we do."""
    return {f"{prefix}dense.": "dense.", f"{prefix}out_proj.": "out."}
