"""Weights in a file, and the network they are put into: every one has its place, or it is said which has not."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from robust_ray.core.errors import ModelError
from robust_ray.models.base import reason

SAFE = ".safetensors"

FILES = ("model*.safetensors", "pytorch_model*.bin")
"""What weights are called in a folder of transformers; the first kind that is there is read."""

LEFT_OVER = ("position_ids", "token_type_ids", "pooler.dense.weight", "pooler.dense.bias", "attn.bias", "masked_bias")
"""Ends of the names of what older versions of transformers saved, or a head does not look at."""

NAMED = 3
"""Weights that a refusal names at most."""


def read(path: Path, where: str) -> dict[str, Tensor]:
    """The tensors of a file, or of all files of a folder, on the CPU; nothing else is ever unpickled.

    Raises:
        ModelError: there are none, or they cannot be read.
    """
    files = _files(path)
    if not files:
        raise ModelError(f"{where}: weights must lie at {str(path)!r}, but none do; correct `path`")
    tensors: dict[str, Tensor] = {}
    for file in files:
        try:
            found = load_file(file) if file.suffix == SAFE else torch.load(file, map_location="cpu", weights_only=True)
        except (SafetensorError, pickle.UnpicklingError, RuntimeError, OSError, EOFError, ValueError) as error:
            raise ModelError(
                f"{where}: {file.name!r} must hold tensors alone, but got {reason(error)!r}; "
                "save the network's `state_dict()`"
            ) from error
        if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
            raise ModelError(
                f"{where}: {file.name!r} must hold the network's `state_dict()`, but holds something around it or "
                "instead of it; save that alone"
            )
        tensors.update(found)
    return tensors


def renamed(tensors: Mapping[str, Tensor], prefixes: Mapping[str, str], unused: Sequence[str]) -> dict[str, Tensor]:
    """Tensors under our names.

    Args:
        tensors: Under the file's names.
        prefixes: How names begin in the file → how they begin here; the first that fits is taken.
        unused: How the names begin of what is left out.
    """
    found = {}
    for name, tensor in tensors.items():
        if not name.startswith(tuple(unused)):
            theirs = next((prefix for prefix in prefixes if name.startswith(prefix)), None)
            found[name if theirs is None else prefixes[theirs] + name.removeprefix(theirs)] = tensor
    return found


def fill(module: nn.Module, tensors: Mapping[str, Tensor], body: str, where: str) -> None:
    """Give a module its weights.

    Args:
        module: Whose weights they become.
        tensors: Under the module's names.
        body: Name of transformers' network in the module.
        where: Which component asks, for refusals.

    Raises:
        ModelError: one is missing, unknown, or of another shape.
    """
    places = module.state_dict()
    given = {name: tensor for name, tensor in tensors.items() if name in places or not name.endswith(LEFT_OVER)}
    tied = {places[name].data_ptr() for name in given.keys() & places.keys()}
    missing = [name for name, place in places.items() if name not in given and place.data_ptr() not in tied]
    unknown = [name for name in given if name not in places]
    if missing or unknown:
        raise ModelError(
            f"{where}: the file must hold the weights of the network as configured, "
            f"but {_some(missing)} are missing and {_some(unknown)} are not known; {_advice(missing, unknown, body)}"
        )
    for name, tensor in given.items():
        if tensor.shape != places[name].shape:
            raise ModelError(
                f"{where}: the weights must be those of the network as configured, but {name!r} is "
                f"{tuple(tensor.shape)} instead of {tuple(places[name].shape)}; correct `config`"
            )
    module.load_state_dict(given, strict=False)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return next((found for pattern in FILES if (found := sorted(path.glob(pattern)))), [])


def _some(names: Sequence[str]) -> str:
    """How many, and the first of them."""
    if not names:
        return "none"
    return f"{len(names)} ({', '.join(islice(names, NAMED))}{', …' if len(names) > NAMED else ''})"


def _advice(missing: Sequence[str], unknown: Iterable[str], body: str) -> str:
    """What to do: name the prefix behind which the file has the first missing weight, if it has."""
    wanted = missing[0].removeprefix(f"{body}.") if missing else ""
    prefix = next((name.removesuffix(wanted) for name in unknown if wanted and name.endswith(f".{wanted}")), None)
    if prefix is not None:
        return f"set `key_prefix` to {prefix!r}"
    return "correct `key_prefix`, `head` or `config`, or list what is not needed in `unused`"
