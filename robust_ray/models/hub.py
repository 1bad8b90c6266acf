"""Pretrained networks by name: on the Hugging Face hub, or a folder in the hub's layout."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from robust_ray.core.errors import ModelError
from robust_ray.core.identity import files_digest
from robust_ray.core.online import hub_answers
from robust_ray.core.paths import user_path

UNBOUNDED = 1_000_000
"""Tokens for a network with relative positions, where only the training's ``max_length`` sets an end."""


def locate(name: str) -> str:
    """The path of the folder, where one lies at ``name``; else the name, to be found on the hub."""
    folder = user_path(name)
    return str(folder) if folder.is_dir() else name


def origin(name: str, commit: str | None) -> dict[str, Any]:
    """What ``from_pretrained`` is told beside the name: to run no code of the model's, and not to ask whether to.

    Without a way to the hub it looks no further than this disk.
    """
    is_here = user_path(name).is_dir() or not hub_answers()
    return {"revision": commit, "local_files_only": is_here, "trust_remote_code": False}


def revision(name: str, where: str) -> str | None:
    """Fingerprint of a local folder's files; None for a name on the hub.

    Args:
        name: Name on the hub, or a folder.
        where: Which component asks, for the refusal.

    Raises:
        ModelError: see :func:`local`.
    """
    folder = local(name, where)
    return None if folder is None else fingerprint(folder)


def local(name: str, where: str) -> Path | None:
    """The folder with a network; None for a name on the hub.

    Raises:
        ModelError: the name is a path, and no folder lies there, or one without a network.
    """
    folder = user_path(name)
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ModelError(f"{where}: the folder {name!r} must hold a `config.json`, but does not; correct `name`")
        return folder
    if name.startswith(("/", "./", "../", "~")):
        raise ModelError(f"{where}: a folder must lie at {name!r}, but none does; correct `name`")
    return None


def fingerprint(path: Path) -> str:
    """Of a file, or of the files in a folder, by name and content."""
    files = sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]
    return _content(tuple((file, file.stat().st_size, file.stat().st_mtime_ns) for file in files))


def longest_input(module: Any, tokenizer: Any) -> int:
    """Tokens of one input at most, specials included, that network and tokenizer were made for."""
    return min(_positions(module), int(tokenizer.model_max_length))


@lru_cache(maxsize=32)
def _content(files: tuple[tuple[Path, int, int], ...]) -> str:
    """Fingerprint of files named with size and time of change, so that a plan of many calls reads weights once."""
    return files_digest([path for path, _, _ in files])


def _positions(module: Any) -> int:
    """Tokens the position table reaches; RoBERTa's starts after its padding index, so its first rows are never used."""
    from torch import nn

    positions = getattr(module.config, "max_position_embeddings", None)
    if positions is None:
        return UNBOUNDED
    for table in module.modules():
        if isinstance(table, nn.Embedding) and table.num_embeddings == positions and table.padding_idx is not None:
            return int(positions) - table.padding_idx - 1
    return int(positions)
