"""A small kind of component for the tests of the core: shapes."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from robust_ray.core.component import Component, Registry, outside_key
from robust_ray.core.errors import SweepError


class Colour(enum.StrEnum):
    """An enumeration."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Frame:
    """Plain settings, chosen by no `type`."""

    width: int
    """Of the border."""

    dashed: bool = False
    """Whether it has gaps."""


@dataclass(frozen=True, kw_only=True)
class Shape(Component):
    """A kind."""


SHAPES: Registry[Shape] = Registry("shape", Shape)


@SHAPES.register("circle")
@dataclass(frozen=True, kw_only=True)
class Circle(Shape):
    """Round."""

    version = 2
    paper = "Euclid, Elements"

    radius: float
    """Half the diameter, above 0."""

    segments: int = 8
    """Of the drawing."""

    def __post_init__(self) -> None:
        if self.radius <= 0:
            raise SweepError(f"`radius > 0` must hold, but got {self.radius}; raise it")


@SHAPES.register("dot")
@dataclass(frozen=True, kw_only=True)
class Dot(Shape):
    """Nothing to set."""


@SHAPES.register("drawing")
@dataclass(frozen=True, kw_only=True)
class Drawing(Shape):
    """A field of every type."""

    title: str = ""
    """Text."""

    filled: bool = True
    """Truth."""

    scale: float | None = None
    """Number or null."""

    weights: tuple[float, ...] = ()
    """Numbers."""

    size: tuple[int, float] = (1, 1.0)
    """A pair."""

    labels: Mapping[str, float] | None = None
    """Name → number."""

    colour: Colour = Colour.RED
    """One of an enumeration."""

    fit: Literal["tight", "loose"] | None = None
    """One of some words."""

    layers: Literal[1, 2, True, "auto"] = 1
    """One of some values of several types."""

    inner: Shape | None = None
    """Another component."""

    parts: tuple[Shape, ...] = ()
    """Several."""

    frame: Frame | None = None
    """Plain settings."""

    data: str = outside_key("here")
    """Where, never what."""
