"""From YAML to components."""

from __future__ import annotations

from typing import Any

import pytest

from robust_ray.core.build import build, build_dataclass, coerce
from robust_ray.core.errors import SweepError
from tests.core.components import SHAPES, Circle, Colour, Dot, Drawing, Frame, Shape


def drawing(**fields: object) -> Drawing:
    built = build(Shape, {"type": "drawing", **fields}, "shapes[0]")
    assert isinstance(built, Drawing)
    return built


class TestBuild:
    def test_a_mapping(self) -> None:
        assert build(Shape, {"type": "circle", "radius": 2.5}, "here") == Circle(radius=2.5, segments=8)

    def test_a_bare_name(self) -> None:
        assert build(Shape, "dot", "here") == Dot()

    def test_a_bare_list_where_the_kind_says_what_it_means(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(SHAPES, "list_means", ("drawing", "parts"))
        assert build(Shape, ["dot"], "here") == Drawing(parts=(Dot(),))
        with pytest.raises(SweepError, match=r"^here\.parts\[1\]: shape 'zebra' does not exist"):
            build(Shape, ["dot", "zebra"], "here")

    def test_what_is_built_already(self) -> None:
        circle = Circle(radius=1.0)
        assert build(Shape, circle, "here") is circle

    def test_nested_components(self) -> None:
        built = drawing(inner={"type": "circle", "radius": 1}, parts=["dot", {"type": "drawing", "inner": "dot"}])
        assert built.inner == Circle(radius=1.0)
        assert built.parts == (Dot(), Drawing(inner=Dot()))

    def test_plain_settings(self) -> None:
        assert drawing(frame={"width": 2}).frame == Frame(width=2)
        assert drawing(frame=Frame(width=2)).frame == Frame(width=2)

    @pytest.mark.parametrize(
        ("spec", "message"),
        [
            (
                {"type": "circel", "radius": 1},
                r"^shapes\[0\]: shape 'circel' does not exist; did you mean 'circle'\? "
                r"\(known: circle, dot, drawing\)$",
            ),
            (
                "zebra",
                r"^shapes\[0\]: shape 'zebra' does not exist; \(known: circle, dot, drawing\)$",
            ),
            (
                {"type": "circle", "radius": 1, "segment": 3},
                r"^shapes\[0\]: shape 'circle' has no field 'segment'; did you mean 'segments'\? "
                r"\(known: radius, segments\)$",
            ),
            (
                {"type": "circle"},
                r"^shapes\[0\]: shape 'circle' needs the field 'radius', but it is not given; add it$",
            ),
            (
                {"type": "circle", "radius": -1},
                r"^shapes\[0\]: `radius > 0` must hold, but got -1\.0; raise it$",
            ),
            (
                {"type": "circle", "radius": "wide"},
                r"^shapes\[0\]\.radius: a number is expected, but got 'wide'; correct the value$",
            ),
            (
                {"type": "drawing", "parts": ["dot", {"type": "circle"}]},
                r"^shapes\[0\]\.parts\[1\]: shape 'circle' needs the field 'radius'",
            ),
            (
                {"type": "drawing", "frame": {"width": 1, "colour": "red"}},
                r"^shapes\[0\]\.frame: frame has no field 'colour'; \(known: dashed, width\)$",
            ),
            (
                {"radius": 1},
                r"^shapes\[0\]: the shape must be a mapping with a `type`, but got \{'radius': 1\}; \(known: circle",
            ),
            ({"type": 3}, r"^shapes\[0\]: the shape must be a mapping with a `type`, but got \{'type': 3\}"),
            (None, r"^shapes\[0\]: the shape must be a mapping with a `type`, but got None"),
            (["dot"], r"^shapes\[0\]: the shape must be a mapping with a `type`, but got \['dot'\]"),
        ],
    )
    def test_a_mistake_is_told_in_one_sentence(self, spec: object, message: str) -> None:
        with pytest.raises(SweepError, match=message):
            build(Shape, spec, "shapes[0]")

    def test_behind_a_file_name_a_field_stands_apart(self) -> None:
        with pytest.raises(SweepError, match=r"^case\.yaml: width: a whole number is expected, but got 'x'"):
            build_dataclass(Frame, {"width": "x"}, "case.yaml", "a frame", joint=": ")
        with pytest.raises(SweepError, match=r"^case\.yaml: a frame has no field 'widht'; did you mean 'width'\?"):
            build_dataclass(Frame, {"widht": 1}, "case.yaml", "a frame", joint=": ")


class TestCoerce:
    @pytest.mark.parametrize(
        ("field", "given", "wanted"),
        [
            ("scale", 1, 1.0),
            ("scale", "1e-5", 1e-5),
            ("scale", None, None),
            ("weights", [1, 2.5, "3e0"], (1.0, 2.5, 3.0)),
            ("size", [2.0, 1], (2, 1.0)),
            ("labels", {"a": 1}, {"a": 1.0}),
            ("colour", "blue", Colour.BLUE),
            ("colour", Colour.BLUE, Colour.BLUE),
            ("fit", "tight", "tight"),
            ("fit", None, None),
            ("layers", 2.0, 2),
            ("layers", True, True),
            ("layers", "auto", "auto"),
            ("title", "1", "1"),
        ],
    )
    def test_what_is_harmless(self, field: str, given: object, wanted: object) -> None:
        got = getattr(drawing(**{field: given}), field)
        assert got == wanted
        assert repr(got) == repr(wanted)

    @pytest.mark.parametrize(
        ("field", "given", "message"),
        [
            ("title", 1, r"\.title: a text \(quote it\) is expected, but got 1; correct the value$"),
            ("title", None, r"\.title: a text \(quote it\) is expected, but got None"),
            ("filled", 1, r"\.filled: true or false is expected, but got 1"),
            ("filled", "yes", r"\.filled: true or false is expected, but got 'yes'"),
            ("scale", True, r"\.scale: a finite number is expected, but got True"),
            ("scale", float("nan"), r"\.scale: a finite number is expected, but got nan"),
            ("scale", "inf", r"\.scale: a finite number is expected, but got inf"),
            ("scale", [1], r"\.scale: a finite number is expected, but got \[1\]"),
            ("weights", 1.0, r"\.weights: a list is expected, but got 1\.0"),
            ("weights", "abc", r"\.weights: a list is expected, but got 'abc'"),
            ("weights", [1.0, "x"], r"\.weights\[1\]: a number is expected, but got 'x'"),
            ("size", [1, 2, 3], r"\.size: a list of 2 is expected, but got \[1, 2, 3\]"),
            ("size", [1.5, 2], r"\.size\[0\]: a whole number is expected, but got 1\.5"),
            ("size", [True, 2], r"\.size\[0\]: a whole number is expected, but got True"),
            ("size", ["1", 2], r"\.size\[0\]: a whole number is expected, but got '1'"),
            ("labels", {"a": "b"}, r"\.labels\.a: a number is expected, but got 'b'"),
            ("labels", ["a"], r"\.labels: a mapping is expected, but got \['a'\]"),
            ("colour", "green", r"\.colour: one of 'red', 'blue' is expected, but got 'green'"),
            ("colour", ["red"], r"\.colour: one of 'red', 'blue' is expected, but got \['red'\]"),
            ("fit", "snug", r"\.fit: one of 'tight', 'loose' is expected, but got 'snug'"),
            ("layers", 3, r"\.layers: one of 1, 2, True, 'auto' is expected, but got 3"),
            ("layers", False, r"\.layers: one of 1, 2, True, 'auto' is expected, but got False"),
            ("frame", 3, r"\.frame: a mapping is expected, but got 3"),
            ("inner", 3, r"\.inner: the shape must be a mapping with a `type`, but got 3"),
        ],
    )
    def test_what_is_not(self, field: str, given: object, message: str) -> None:
        with pytest.raises(SweepError, match=r"^shapes\[0\]" + message):
            drawing(**{field: given})

    def test_a_number_that_needs_no_conversion_stays_whole(self) -> None:
        assert repr(coerce(1.0, int, "here")) == "1"

    @pytest.mark.parametrize("hint", [Any, object])
    def test_anything_where_anything_may_be(self, hint: Any) -> None:
        assert coerce([1], hint, "here") == [1]

    def test_a_field_no_file_can_fill_is_our_mistake(self) -> None:
        with pytest.raises(TypeError, match=r"here: fields of type set\[int\] cannot be built from a file"):
            coerce([1], set[int], "here")
