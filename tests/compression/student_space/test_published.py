"""What was published: counts and operations by the papers' formulas, and by the networks that are built."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from robust_ray.compression.student_space import (
    AVATAR,
    AVATAR_CODEBERT,
    AVATAR_DOMAIN,
    AVATAR_GRAPHCODEBERT,
    COMPRESSOR,
    COMPRESSOR_3MB,
    COMPRESSOR_25MB,
    COMPRESSOR_50MB,
    MORPH,
    PerTask,
    distance_numbers,
    parameter_count,
)
from robust_ray.core.examples import Example
from robust_ray.models import CompactRoberta
from tests.fakes import asks

STUDENTS = (COMPRESSOR_3MB, COMPRESSOR_25MB, COMPRESSOR_50MB, AVATAR_CODEBERT, AVATAR_GRAPHCODEBERT)


@pytest.mark.parametrize(
    ("student", "parameters", "gigaflops"),
    [
        (COMPRESSOR_3MB, 765_410, 2.253176568),
        (COMPRESSOR_25MB, 6_196_946, 9.180417276),
        (COMPRESSOR_50MB, 12_467_618, 15.896382396),
    ],
)
def test_compressor_by_formula(student: PerTask[CompactRoberta], parameters: int, gigaflops: float) -> None:
    for space, each in ((COMPRESSOR.clones, student.clones), (COMPRESSOR.defects, student.defects)):
        assert space.parameter_count(each) == parameters == parameter_count(each)
        assert space.size_mb(each) == parameters * 4 / 1e6
        assert space.flops(each) / 1e9 == pytest.approx(gigaflops, rel=1e-9)


@pytest.mark.parametrize(
    ("student", "megabytes", "gigaflops"),
    [
        (AVATAR_CODEBERT.defects, 3.00362, 0.666589716),
        (AVATAR_CODEBERT.clones, 5.41076, 1.08072861),
        (AVATAR_GRAPHCODEBERT.clones, 2.975156, 0.65585958),
    ],
)
def test_avatar_by_formula(student: CompactRoberta, megabytes: float, gigaflops: float) -> None:
    assert AVATAR.clones.size_mb(student) == pytest.approx(megabytes, rel=1e-9)
    assert AVATAR.clones.flops(student) / 1e9 == pytest.approx(gigaflops, rel=1e-9)


def test_avatars_genes_are_the_published_lists() -> None:
    vulnerable = [1, 19302, 7, 18, 4, 0.5, 1491, 6, 0.4, 351, 1, 1, 3]
    clone = [1, 27505, 3, 36, 3, 0.3, 1508, 12, 0.2, 358, 1, 2, 2]
    graph_clone = [1, 1606, 3, 36, 3, 0.3, 2985, 12, 0.3, 358, 1, 2, 2]
    assert AVATAR.defects.genes(AVATAR_CODEBERT.defects).tolist() == vulnerable
    assert AVATAR.clones.genes(AVATAR_CODEBERT.clones).tolist() == clone
    assert AVATAR.clones.genes(AVATAR_GRAPHCODEBERT.clones).tolist() == graph_clone
    assert AVATAR.defects.student(vulnerable) == AVATAR_CODEBERT.defects


def test_bounds_are_the_published_ones() -> None:
    assert COMPRESSOR.clones.lower.tolist() == [1, 16, 32, 1, 1000]
    assert COMPRESSOR.clones.upper.tolist() == [4, 768, 3040, 12, 50000]
    assert AVATAR.defects.lower.tolist() == [1, 1000, 1, 16, 1, 0.2, 32, 1, 0.2, 256, 1, 1, 1]
    assert AVATAR.defects.upper.tolist() == [4, 46000, 12, 256, 4, 0.5, 3072, 12, 0.5, 512, 3, 3, 3]
    assert AVATAR.clones.upper.tolist() == [4, 46000, 12, 256, 4, 0.5, 3072, 12, 0.5, 512, 3, 3, 2]
    assert AVATAR_DOMAIN.clones.upper.tolist() == [4, 50000, 12, 768, 4, 0.5, 3072, 12, 0.5, 512, 3, 3, 2]


def test_morph_searches_where_avatar_does_but_for_the_rates_of_clones() -> None:
    assert MORPH.defects == AVATAR.defects
    assert [axis.values for axis in MORPH.clones.axes[-2:]] == [[1e-4, 5e-5], [8, 16]]
    assert MORPH.clones.axes[:-2] == AVATAR.clones.axes[:-2]


def test_one_for_each_task() -> None:
    assert COMPRESSOR_3MB.of(1).hidden_dropout == 0.5
    assert COMPRESSOR_3MB.of(2).hidden_dropout == 0.2


PROGRAMS = [
    Example(uid="a", segments=("int f(int a) { return a; }", "int g() { return 1; }"), label=0, language="java"),
    Example(uid="b", segments=("int h(int b) { return b; }", "int k() { return 2; }"), label=1, language="java"),
]


@pytest.mark.torch
@pytest.mark.parametrize("segments", [1, 2])
@pytest.mark.parametrize("published", STUDENTS)
def test_built_networks_have_the_formulas_numbers_but_for_the_head(
    published: PerTask[CompactRoberta], segments: int, tmp_path: Path
) -> None:
    student = published.of(segments)
    built = _numbers(student, segments, tmp_path)
    h = student.hidden
    assert parameter_count(student) - built == (h * h + h if segments == 1 else h)


@pytest.mark.torch
def test_three_megabytes(tmp_path: Path) -> None:
    assert _numbers(COMPRESSOR_3MB.defects, 1, tmp_path) == 756_098


@pytest.mark.torch
@pytest.mark.parametrize("position_type", ["relative_key", "relative_key_query"])
def test_relative_positions_trade_one_table_for_one_in_each_layer(position_type: str, tmp_path: Path) -> None:
    absolute = AVATAR_CODEBERT.defects
    relative = replace(absolute, position_type=position_type)  # type: ignore[arg-type]
    h, p = absolute.hidden, 353
    more = absolute.layers * (2 * p - 1) * h // absolute.heads - p * h
    assert _numbers(relative, 1, tmp_path) - _numbers(absolute, 1, tmp_path) == more
    assert (distance_numbers(relative), distance_numbers(absolute)) == (more, 0)
    honest = replace(AVATAR.defects, counts_distances=True)
    assert honest.parameter_count(relative) - AVATAR.defects.parameter_count(relative) == more
    assert honest.parameter_count(absolute) == AVATAR.defects.parameter_count(absolute)


def _numbers(student: CompactRoberta, segments: int, workdir: Path) -> int:
    """Of the built network."""
    examples = [replace(each, segments=each.segments[:segments]) for each in PROGRAMS]
    module = student.load(examples, asks(segments=segments), 0, workdir).module
    return sum(weight.numel() for weight in module.parameters())
