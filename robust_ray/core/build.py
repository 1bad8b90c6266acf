"""From YAML to components: typed, coercing what is harmless, refusing the rest in one sentence.

``build`` turns ``{"type": "mhm", "iterations": 50}`` into the registered dataclass; ``coerce`` turns one value into
what a type hint asks for. Both name the place in the file (``attacks[0].iterations``) in every refusal.
"""

from __future__ import annotations

import dataclasses
import enum
import math
import types
import typing
from collections.abc import Mapping
from collections.abc import Mapping as MappingABC
from collections.abc import Sequence as SequenceABC
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from robust_ray.core.component import Component
from robust_ray.core.errors import SweepError, did_you_mean

T = TypeVar("T")


def build(kind: type[T], spec: object, where: str) -> T:
    """Build a component of ``kind`` from a mapping with a ``type``, or from the bare name of its type.

    A bare list stands for a component, too, where the kind's registry says of which type.

    Raises:
        SweepError: unknown type, or one of another kind; unknown or missing field; wrong or impossible value.
    """
    if isinstance(spec, kind):
        return spec
    registry = kind.registry  # type: ignore[attr-defined]
    if isinstance(spec, str):
        spec = {"type": spec}
    if isinstance(spec, list) and registry.list_means is not None:
        type_of_list, field_of_list = registry.list_means
        spec = {"type": type_of_list, field_of_list: spec}
    if not isinstance(spec, MappingABC) or not isinstance(spec.get("type"), str):
        raise SweepError(
            f"{where}: the {registry.kind} must be a mapping with a `type`, but got {spec!r}; "
            f"{did_you_mean('', registry)}"
        )
    fields = {str(name): value for name, value in spec.items() if name != "type"}
    try:
        cls = registry[spec["type"]]
    except SweepError as error:
        raise SweepError(f"{where}: {error}") from None
    if not issubclass(cls, kind):
        suitable = [name for name in registry if issubclass(registry[name], kind)]
        hint = did_you_mean("", suitable)
        raise SweepError(f"{where}: the {registry.kind} must be a {kind.__name__}, but got {cls.type!r}; {hint}")
    return typing.cast(T, build_dataclass(cls, fields, where, f"{registry.kind} {cls.type!r}"))


def build_dataclass(cls: type[T], fields: Mapping[str, object], where: str, noun: str, joint: str = ".") -> T:
    """Build a dataclass from a mapping, coercing each value to its field's type hint.

    Args:
        cls: The dataclass.
        fields: Name → value, as a file holds them.
        where: The place in the file, for refusals.
        noun: What is built, for refusals.
        joint: What stands between the place and a field's name: a dot, or ``": "`` behind the name of a file.

    Raises:
        SweepError: unknown or missing field, value of a wrong type or out of range.
    """
    known = {field.name: field for field in dataclasses.fields(cls) if field.init}  # type: ignore[arg-type]
    for name in fields:
        if name not in known:
            raise SweepError(f"{where}: {noun} has no field {name!r}; {did_you_mean(name, known)}")
    hints = typing.get_type_hints(cls)
    values = {name: coerce(value, hints[name], f"{where}{joint}{name}") for name, value in fields.items()}
    missing = [name for name, field in known.items() if name not in values and _is_required(field)]
    if missing:
        raise SweepError(f"{where}: {noun} needs the field {missing[0]!r}, but it is not given; add it")
    try:
        return cls(**values)
    except SweepError as error:
        raise SweepError(f"{where}: {error}") from None


def coerce(value: object, hint: Any, where: str) -> Any:
    """``value`` as ``hint`` wants it, or a :class:`SweepError` that says what was wanted.

    Harmless conversions only: a whole number where a float is asked, the string ``1e-5`` (a YAML 1.1 footgun) where a
    float is asked, a list where a tuple is asked. A bool is never a number, a number is never a string.
    """
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _coerce_union(value, get_args(hint), where)
    if origin is Literal:
        for option in get_args(hint):
            if option == value and isinstance(option, bool) is isinstance(value, bool):
                return option
        raise _refusal(where, "one of " + ", ".join(map(repr, get_args(hint))), value)
    if origin is tuple:
        return _coerce_tuple(value, get_args(hint), where)
    if origin is not None and issubclass(origin, MappingABC):
        if not isinstance(value, MappingABC):
            raise _refusal(where, "a mapping", value)
        _, item = get_args(hint)
        return {str(key): coerce(entry, item, f"{where}.{key}") for key, entry in value.items()}
    if hint in _SCALARS:
        return _SCALARS[hint](value, where)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        if isinstance(value, hint):
            return value
        try:
            return hint(value)
        except ValueError:
            raise _refusal(where, "one of " + ", ".join(repr(member.value) for member in hint), value) from None
    if isinstance(hint, type) and issubclass(hint, Component):
        return build(hint, value, where)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if isinstance(value, hint):
            return value
        if not isinstance(value, MappingABC):
            raise _refusal(where, "a mapping", value)
        return build_dataclass(hint, {str(k): v for k, v in value.items()}, where, where.rsplit(".", 1)[-1])
    if hint in (object, Any):
        return value
    raise TypeError(f"{where}: fields of type {hint} cannot be built from a file")


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _refusal(where: str, wanted: str, value: object) -> SweepError:
    return SweepError(f"{where}: {wanted} is expected, but got {value!r}; correct the value")


def _bool(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise _refusal(where, "true or false", value)
    return value


def _int(value: object, where: str) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _refusal(where, "a whole number", value)
    return value


def _float(value: object, where: str) -> float:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise _refusal(where, "a number", value) from None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _refusal(where, "a finite number", value)
    return float(value)


def _str(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise _refusal(where, "a text (quote it)", value)
    return value


def _none(value: object, where: str) -> None:
    if value is not None:
        raise _refusal(where, "null", value)


_SCALARS: dict[Any, Any] = {bool: _bool, int: _int, float: _float, str: _str, type(None): _none}


def _coerce_union(value: object, options: tuple[Any, ...], where: str) -> Any:
    if value is None and type(None) in options:
        return None
    errors = []
    for option in options:
        if option is type(None):
            continue
        try:
            return coerce(value, option, where)
        except SweepError as error:
            errors.append(error)
    raise errors[0]


def _coerce_tuple(value: object, items: tuple[Any, ...], where: str) -> tuple[Any, ...]:
    if isinstance(value, str | bytes) or not isinstance(value, SequenceABC):
        raise _refusal(where, "a list", value)
    if len(items) == 2 and items[1] is Ellipsis:
        return tuple(coerce(entry, items[0], f"{where}[{i}]") for i, entry in enumerate(value))
    if len(items) != len(value):
        raise _refusal(where, f"a list of {len(items)}", value)
    return tuple(coerce(entry, item, f"{where}[{i}]") for i, (entry, item) in enumerate(zip(value, items, strict=True)))
