"""From a YAML file to a sweep: every name, type and range is checked, so that a typo costs a second and not a night."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import yaml

from robust_ray.core.build import build_dataclass
from robust_ray.core.component import load_plugins
from robust_ray.core.errors import SweepError
from robust_ray.sweep import Sweep


def load(path: str | Path, settings: Sequence[str] = ()) -> Sweep:
    """Read a sweep file, with ``key=value`` settings laid over it.

    Args:
        path: The YAML file.
        settings: Dotted paths with YAML values, e.g. ``attacks[0].query_budget=50`` or ``tasks=[clone_detection]``.

    Raises:
        SweepError: the file is missing or is not YAML, or anything in it cannot be what it says.
    """
    path = Path(path)
    load_plugins()
    try:
        document = _unshared(yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader))
    except OSError as error:
        raise SweepError(
            f"{path}: a sweep file must lie here, but it cannot be read ({error.strerror}); check the path"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise SweepError(f"{path}: the file must be YAML, but it is not ({_yaml_reason(error)}); correct it") from None
    if not isinstance(document, dict):
        got = "nothing" if document is None else f"a {type(document).__name__}"
        raise SweepError(f"{path}: a sweep must be a mapping of fields, but got {got}; see sweeps/README.md")
    for setting in settings:
        _lay_over(document, setting)
    fields = {str(name): value for name, value in document.items()}
    return build_dataclass(Sweep, fields, str(path), "a sweep", joint=": ")


def _unshared(part: Any) -> Any:
    """With a copy in each place where YAML names the same thing (``*name``), so that one can be changed alone."""
    if isinstance(part, dict):
        return {key: _unshared(value) for key, value in part.items()}
    return [_unshared(each) for each in part] if isinstance(part, list) else part


def _yaml_reason(error: Exception) -> str:
    """What is wrong, and the line."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())


def _lay_over(document: dict[str, Any], setting: str) -> None:
    """Set one dotted path in the document, e.g. ``attacks[0].candidates=5``."""
    where, equals, text = setting.partition("=")
    steps = [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", where)]
    if not equals or not steps:
        raise SweepError(f"--set {setting}: the form is key=value, e.g. attacks[0].query_budget=50; correct it")
    try:
        value = yaml.load(text, Loader=_UniqueKeyLoader)
    except (yaml.YAMLError, RecursionError):
        raise SweepError(f"--set {setting}: the value must be YAML, but got {text!r}; quote it") from None
    holder: Any = document
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        inside_list = isinstance(holder, list) and isinstance(step, int) and step < len(holder)
        if not inside_list and not (isinstance(holder, dict) and isinstance(step, str)):
            raise SweepError(f"--set {setting}: {step!r} leads nowhere in the file; check the path against it")
        if following is None:
            holder[step] = value
        elif isinstance(holder, dict):
            holder = holder.setdefault(step, {})
        elif isinstance(holder[step], str):
            holder[step] = {"type": holder[step]}  # a bare type name, given a field
            holder = holder[step]
        else:
            holder = holder[step]


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML's safe loader, which refuses the same key twice instead of keeping the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":  # `<<`, which may be overridden
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable) or key in seen:
                problem = f"the key {key!r} " + ("stands twice" if isinstance(key, Hashable) else "must be a text")
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)
