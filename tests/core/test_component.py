"""Kinds and their registries."""

from __future__ import annotations

import pytest

from robust_ray.core.component import Registry, load_plugins, summary
from robust_ray.core.errors import SweepError
from tests.core.components import SHAPES, Circle, Dot, Drawing, Shape


def test_a_registry_is_a_mapping_by_type() -> None:
    assert dict(SHAPES) == {"circle": Circle, "dot": Dot, "drawing": Drawing}
    assert list(SHAPES) == ["circle", "dot", "drawing"]
    assert len(SHAPES) == 3
    assert "circle" in SHAPES
    assert "square" not in SHAPES


def test_registration_names_the_class() -> None:
    assert (Circle.type, Circle.version, Circle.paper) == ("circle", 2, "Euclid, Elements")
    assert (Dot.type, Dot.version, Dot.paper) == ("dot", 1, "")
    assert Circle.registry is Dot.registry is SHAPES


def test_an_unknown_type_is_refused_with_a_suggestion() -> None:
    with pytest.raises(
        SweepError, match=r"^shape 'dott' does not exist; did you mean 'dot'\? \(known: circle, dot, drawing\)$"
    ):
        SHAPES["dott"]


def test_a_name_is_taken_once() -> None:
    class Kind(Shape):
        """A kind of its own, so that the shapes stay as they are."""

    kinds = Registry("kind", Kind)

    class First(Kind):
        """One."""

    class Second(Kind):
        """Another."""

    kinds.register("x")(First)
    kinds.register("x")(First)
    with pytest.raises(ValueError, match=r"kind 'x' is registered twice, by .*First.* and by .*Second"):
        kinds.register("x")(Second)


def test_outside_revisions_are_none_unless_told() -> None:
    assert Dot().revision() is None


def test_a_summary_is_the_first_sentence() -> None:
    assert summary(Circle) == "Round."


def test_plugins_are_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []

    class Point:
        def load(self) -> None:
            loaded.append("plugin")

    monkeypatch.setattr(
        "robust_ray.core.component.entry_points", lambda group: [Point()] * (group == "robust_ray.components")
    )
    load_plugins()
    assert loaded == ["plugin"]
