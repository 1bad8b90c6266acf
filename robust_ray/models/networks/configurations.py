"""Configurations of transformers as JSON-able fields, and back."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transformers import AutoConfig

from robust_ray.core.errors import ModelError

ATTENTIONS = ("eager", "sdpa", "flash_attention_2")
"""Implementations of attention that come with transformers."""


def describe(config: Any, *, trust_remote_code: bool = False) -> dict[str, Any]:
    """A configuration as the fields ``config`` (as in ``config.json``) and ``trust_remote_code`` of an architecture."""
    fields = {name: value for name, value in json.loads(config.to_json_string()).items() if name != "_name_or_path"}
    return {"config": fields, "trust_remote_code": trust_remote_code}


def pretrained(name: str, origin: Mapping[str, Any]) -> Any:
    """The configuration of a network on the hub or in a folder, from what else its weights are asked for with."""
    source = {key: origin[key] for key in ("revision", "local_files_only", "trust_remote_code") if key in origin}
    return AutoConfig.from_pretrained(name, **source)


def configure(architecture: Mapping[str, Any]) -> Any:
    """The configuration that :func:`describe` has described.

    An architecture may name the implementation of ``attention``; a ``config.json`` does not.

    Raises:
        ModelError: it is none of transformers' own. Of other names transformers would fetch code and run it.
    """
    attention = architecture.get("attention")
    if attention not in (None, *ATTENTIONS):
        raise ModelError(
            f"the network's `attention` must be one of {', '.join(ATTENTIONS)}, but got {attention!r}; "
            "whoever wrote these files is not to be trusted, train or import the model again"
        )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(json.dumps(architecture["config"]))
        return AutoConfig.from_pretrained(
            folder,
            trust_remote_code=architecture["trust_remote_code"],
            attn_implementation=attention,
        )
