"""What makes two pieces of work the same piece of work."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_ray.core.build import build
from robust_ray.core.identity import canonical_json, digest, encode, files_digest, parameters
from tests.core.components import Circle, Colour, Dot, Drawing, Frame, Shape

GOLDEN = Drawing(
    title="größer",
    filled=False,
    scale=0.1,
    weights=(1.0, -0.0, 1e-05),
    size=(3, 2.0),
    labels={"b": 1.0, "a": 2.0},
    colour=Colour.BLUE,
    fit="tight",
    inner=Circle(radius=1.5),
    parts=(Dot(),),
    frame=Frame(width=2),
)

texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
documents = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=10)


def shuffled(document: Any) -> Any:
    """The same document, every mapping in another order, every list a tuple."""
    if isinstance(document, dict):
        return {name: shuffled(document[name]) for name in reversed(document)}
    return tuple(map(shuffled, document)) if isinstance(document, list) else document


class TestGolden:
    """An accidental change of the encoder makes every result in every store out of date; these make it fail instead."""

    def test_canonical_json(self) -> None:
        assert canonical_json(GOLDEN) == (
            '{"fields":{"colour":"blue","filled":false,"fit":"tight","frame":{"dashed":false,"width":2},'
            '"inner":{"fields":{"radius":1.5,"segments":8},"type":"circle","version":2},"labels":{"a":2.0,"b":1.0},'
            '"layers":1,"parts":[{"fields":{},"type":"dot","version":1}],"scale":0.1,"size":[3,2.0],'
            '"title":"gr\\u00f6\\u00dfer","weights":[1.0,0.0,1e-05]},"type":"drawing","version":1}'
        )

    def test_digest(self) -> None:
        assert digest(GOLDEN) == "17c44e12ba4996c3"


class TestEncode:
    @settings(deadline=None)
    @given(documents)
    def test_order_and_container_do_not_matter(self, document: Any) -> None:
        assert canonical_json(shuffled(document)) == canonical_json(document)

    @settings(deadline=None)
    @given(documents)
    def test_nothing_is_lost(self, document: Any) -> None:
        assert json.loads(canonical_json(document)) == document

    @settings(deadline=None)
    @given(documents, documents)
    def test_different_values_are_different(self, one: Any, other: Any) -> None:
        assert (digest(one) == digest(other)) == (repr(encode(one)) == repr(encode(other)))

    @settings(deadline=None)
    @given(st.floats(0.1, 1e6), st.integers(1, 100))
    def test_different_fields_are_different(self, radius: float, segments: int) -> None:
        circle = Circle(radius=radius, segments=segments)
        assert digest(circle) != digest(dataclasses.replace(circle, radius=radius * 2))
        assert digest(circle) != digest(dataclasses.replace(circle, segments=segments + 1))

    @settings(deadline=None)
    @given(st.integers(1, 10**6))
    def test_a_whole_number_is_a_float_wherever_the_hint_says_so(self, n: int) -> None:
        assert digest(Circle(radius=n)) == digest(Circle(radius=float(n)))
        assert digest(Drawing(scale=n)) == digest(Drawing(scale=float(n)))
        assert digest(Drawing(weights=(n,))) == digest(Drawing(weights=(float(n),)))
        assert digest(Drawing(size=(n, n))) == digest(Drawing(size=(n, float(n))))
        assert digest(Drawing(labels={"a": n})) == digest(Drawing(labels={"a": float(n)}))

    def test_also_where_the_hint_leaves_a_choice(self) -> None:
        @dataclass(frozen=True)
        class Weighted:
            weights: Literal["usual"] | Mapping[str, float] | None

        assert canonical_json(Weighted(weights={"a": 1})) == canonical_json(Weighted(weights={"a": 1.0}))
        assert canonical_json(Weighted(weights="usual")) == '{"weights":"usual"}'
        assert canonical_json(Weighted(weights=None)) == '{"weights":null}'

    def test_python_and_yaml_agree(self) -> None:
        spec = {"type": "drawing", "scale": 1, "weights": [1, "2e0"], "inner": {"type": "circle", "radius": 3}}
        python = Drawing(scale=1, weights=(1, 2), inner=Circle(radius=3))
        assert digest(build(Shape, spec, "here")) == digest(python)

    def test_floats_and_whole_numbers_are_not_the_same(self) -> None:
        assert encode([1, 1.0, True, -0.0]) == [1, 1.0, True, 0.0]
        assert canonical_json([1, 1.0, True, -0.0]) == "[1,1.0,true,0.0]"

    def test_type_and_version_count(self, monkeypatch: pytest.MonkeyPatch) -> None:
        before = digest(Circle(radius=1.0))
        monkeypatch.setattr(Circle, "version", 3)
        versioned = digest(Circle(radius=1.0))
        monkeypatch.setattr(Circle, "type", "ring")
        assert len({before, versioned, digest(Circle(radius=1.0))}) == 3

    def test_a_revision_counts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        before = digest(Dot())
        monkeypatch.setattr(Dot, "revision", lambda self: "abc")
        assert digest(Dot()) != before
        assert encode(Dot()) == {"type": "dot", "version": 1, "fields": {}, "revision": "abc"}

    def test_where_something_lies_does_not_count(self) -> None:
        assert digest(Drawing(data="there")) == digest(Drawing(data="here"))

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            (
                {1, 2},
                r"a set has no canonical form, but got \{1, 2\}; make it a dataclass, an Enum, a number or a text",
            ),
            (object(), "a object has no canonical form"),
            (b"bytes", "a bytes has no canonical form"),
            (Path("here"), "a PosixPath has no canonical form"),
            (lambda: None, "a function has no canonical form"),
            (Circle, "a type has no canonical form"),
            (float("nan"), "only finite floats have an identity, but got nan; use None for 'not set'"),
            (float("-inf"), "only finite floats have an identity, but got -inf"),
            ({1: "a"}, r"only mappings with text keys have an identity, but got \{1: 'a'\}; make the keys text"),
            ([{"a": {1}}], "a set has no canonical form"),
        ],
    )
    def test_what_has_no_canonical_form_is_refused(self, value: object, message: str) -> None:
        with pytest.raises(TypeError, match=message):
            encode(value)

    def test_plain_settings_are_their_fields(self) -> None:
        @dataclass(frozen=True)
        class Settings:
            b: float
            a: int | None = None

        assert canonical_json(Settings(b=1)) == '{"a":null,"b":1.0}'


def test_parameters_are_the_fields_alone() -> None:
    assert parameters(Circle(radius=1)) == '{"radius":1.0,"segments":8}'


class TestFilesDigest:
    def test_names_and_contents_count(self, tmp_path: Path) -> None:
        first, second = tmp_path / "a", tmp_path / "b"
        first.write_text("x")
        second.write_text("y")
        whole = files_digest([first, second])
        assert files_digest([second, first]) == whole
        assert files_digest([first]) != whole
        second.write_text("z")
        assert files_digest([first, second]) != whole
        assert len(whole) == 16

    def test_the_folder_does_not(self, tmp_path: Path) -> None:
        for folder in ("one", "two"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "a").write_text("x")
        assert files_digest([tmp_path / "one" / "a"]) == files_digest([tmp_path / "two" / "a"])
