"""Identity: what makes two pieces of work the same piece of work.

A key is a Merkle hash: stage name and version, every field of every component, and the keys of the inputs. The encoder
knows a closed list of types and refuses the rest; guessing here would silently reuse a stale result.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import json
import math
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from robust_ray.core.build import coerce
from robust_ray.core.component import IN_KEY, Component

HASH_CHARS = 16


def encode(value: object) -> Any:
    """``value`` as plain JSON data, the same in every process and on every machine.

    Floats keep their dot (``1.0`` is not ``1``; fields typed float are made floats first) and ``-0.0`` is ``0.0``.

    Raises:
        TypeError: a type without a canonical form, or a float that is not finite.
    """
    if value is None or (isinstance(value, bool | int | str) and not isinstance(value, enum.Enum)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TypeError(f"only finite floats have an identity, but got {value!r}; use None for 'not set'")
        return value + 0.0
    if isinstance(value, enum.Enum):
        return encode(value.value)
    if isinstance(value, Component):
        encoded: dict[str, Any] = {"type": value.type, "version": value.version, "fields": _fields(value)}
        revision = value.revision()
        return encoded if revision is None else encoded | {"revision": revision}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields(value)
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            raise TypeError(f"only mappings with text keys have an identity, but got {value!r}; make the keys text")
        return {name: encode(value[name]) for name in sorted(value)}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [encode(entry) for entry in value]
    raise TypeError(
        f"a {type(value).__name__} has no canonical form, but got {value!r}; "
        "make it a dataclass, an Enum, a number or a text"
    )


def canonical_json(value: object) -> str:
    """The one JSON text of ``value``: sorted keys, no blanks, ASCII."""
    return json.dumps(encode(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest(value: object, chars: int = HASH_CHARS) -> str:
    """First ``chars`` hexadecimal digits of the SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:chars]


def files_digest(paths: Sequence[Path]) -> str:
    """Fingerprint of files by name and content, for data and weights that lie outside the fields."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(path.name.encode() + b"\0")
        with path.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()[:HASH_CHARS]


def parameters(component: Component) -> str:
    """A component's own parameters as canonical JSON, for the columns of a row."""
    return canonical_json(_fields(component))


def parameters_and_revision(component: Component) -> str:
    """The same together with the revision of what the component reads from outside, if it reads anything."""
    revision = component.revision()
    return canonical_json(_fields(component) | ({} if revision is None else {"revision": revision}))


def _fields(value: Any) -> dict[str, Any]:
    hints = _hints(type(value))  # type: ignore[arg-type]  # mypy takes a dataclass's __hash__ for its class's
    return {
        field.name: encode(_as_hinted(getattr(value, field.name), hints[field.name]))
        for field in dataclasses.fields(value)
        if field.metadata.get(IN_KEY, True)
    }


@functools.cache
def _hints(cls: type[Any]) -> Mapping[str, Any]:
    return typing.get_type_hints(cls)


def _as_hinted(value: object, hint: Any) -> object:
    """A whole number given from Python where the hint says float is the float that YAML would have made of it."""
    args = get_args(hint)
    if hint is float:
        return coerce(value, float, "identity")
    if get_origin(hint) in (typing.Union, types.UnionType):
        options = [option for option in args if option is not type(None)]
        if len(options) > 1:
            return coerce(value, hint, "identity")
        return value if value is None else _as_hinted(value, options[0])
    if isinstance(value, Mapping) and len(args) == 2:
        return {name: _as_hinted(entry, args[1]) for name, entry in value.items()}
    if isinstance(value, tuple | list) and args:
        hints = args[:1] * len(value) if args[1:] == (Ellipsis,) else args
        return tuple(_as_hinted(entry, entry_hint) for entry, entry_hint in zip(value, hints, strict=True))
    return value
