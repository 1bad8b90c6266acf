"""Components: frozen dataclasses chosen in YAML by their `type`.

The configuration *is* the object. A kind of component (a task, a compression, an attack …) is an abstract subclass of
:class:`Component` with one verb; its :class:`Registry` maps each `type` to the class that answers to it. Registration
is explicit: importing a room's package runs its list of imports, and other distributions add theirs through the
entry-point group ``robust_ray.components``.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any, ClassVar, Generic, TypeVar

from robust_ray.core.errors import SweepError, did_you_mean

IN_KEY = "in_key"
ENTRY_POINTS = "robust_ray.components"


def outside_key(default: Any = dataclasses.MISSING) -> Any:
    """A dataclass field that says *where* or *how fast*, never *what*: it stays out of the identity (a folder, say)."""
    return dataclasses.field(default=default, metadata={IN_KEY: False})


class Component:
    """Base of every kind; subclasses are ``@dataclass(frozen=True, kw_only=True)``."""

    type: ClassVar[str]
    """The name in YAML; set by :meth:`Registry.register`."""

    version: ClassVar[int] = 1
    """Raised in the same commit as any change of behaviour, so that old results are not taken for new ones."""

    paper: ClassVar[str] = ""
    """Where the method comes from: authors, venue, link."""

    registry: ClassVar[Registry[Any]]
    """The registry of the component's kind; set when the registry is made."""

    def revision(self) -> str | None:
        """A fingerprint of what the component reads from outside its fields (data files, base weights), or None."""
        return None


C = TypeVar("C", bound=Component)
S = TypeVar("S", bound=Component)


class Registry(Mapping[str, type[C]], Generic[C]):
    """All components of one kind, by `type`."""

    def __init__(self, kind: str, base: type[C], *, list_means: tuple[str, str] | None = None) -> None:
        """Begin without any.

        Args:
            kind: What they are called.
            base: Their class.
            list_means: Type and field of what a file may write as a bare list; None where a list means nothing.
        """
        self.kind = kind
        self.list_means = list_means
        self._classes: dict[str, type[C]] = {}
        base.registry = self

    def register(self, name: str) -> Callable[[type[S]], type[S]]:
        """Class decorator that makes a component known under ``name``."""

        def add(cls: type[S]) -> type[S]:
            known = self._classes.get(name)
            if known is not None and known.__qualname__ != cls.__qualname__:
                raise ValueError(f"{self.kind} {name!r} is registered twice, by {known} and by {cls}")
            cls.type = name
            self._classes[name] = cls  # type: ignore[assignment]  # S is a subclass of C by use
            return cls

        return add

    def __getitem__(self, name: str) -> type[C]:
        try:
            return self._classes[name]
        except KeyError:
            raise SweepError(f"{self.kind} {name!r} does not exist; {did_you_mean(name, self._classes)}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._classes

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._classes))

    def __len__(self) -> int:
        return len(self._classes)


def load_plugins() -> None:
    """Import what other installed distributions offer under the entry-point group ``robust_ray.components``."""
    for point in entry_points(group=ENTRY_POINTS):
        point.load()


def summary(cls: type[Any]) -> str:
    """First sentence of a class's docstring, for lists."""
    return (inspect.getdoc(cls) or "").split("\n\n")[0].replace("\n", " ")
