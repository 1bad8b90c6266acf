"""Rows of code with its data flow, and the published tensors: who sees whom, and what stands where."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_ray.models.data_flow.rows import GraphRow, Node, pad_graphs
from robust_ray.models.reading.encoding import count, note

pytestmark = pytest.mark.torch

ROW = GraphRow.of([0, 10, 11, 12, 2], [Node(1, 2, ()), Node(2, 4, (0, 1))])
"""Three code tokens; the first is a variable, and the other two are one that is made of it and of itself."""


@st.composite
def rows(draw: st.DrawFn) -> GraphRow:
    """Any row."""
    ids = [0, *draw(st.lists(st.integers(3, 40), max_size=6)), 2]
    size = draw(st.integers(0, 4)) if len(ids) > 2 else 0
    nodes = []
    for _ in range(size):
        start = draw(st.integers(1, len(ids) - 2))
        sources = draw(st.lists(st.integers(0, size - 1), unique=True).map(sorted))
        nodes.append(Node(start, draw(st.integers(start + 1, len(ids) - 1)), tuple(sources)))
    return GraphRow.of(ids, nodes)


def test_a_row_counts_code_and_nodes() -> None:
    assert count(ROW) == 7
    assert count(GraphRow.of([0, 2], [])) == 2


def test_only_an_unknown_flow_is_noted() -> None:
    unknown = GraphRow.of([0, 10, 2], None)
    assert count(unknown) == 3
    assert unknown != GraphRow.of([0, 10, 2], [])
    assert [note(row) for row in [(ROW,), (unknown,), (ROW, unknown), ()]] == [None, *["no data flow"] * 2, None]


def test_a_row_is_its_bytes() -> None:
    again = copy.copy(ROW)
    assert again == ROW
    assert count(again) == 7
    assert repr(ROW) == repr(bytes(ROW))
    assert GraphRow.of([0, 10, 11, 12, 2], [Node(1, 2, ()), Node(2, 4, (0,))]) != ROW


def test_tensors_by_hand() -> None:
    tensors = pad_graphs([ROW, GraphRow.of([0, 9, 2], None)], 1, "cpu")
    assert tensors["input_ids"].tolist() == [[0, 10, 11, 12, 2, 1, 1], [0, 9, 2, 1, 1, 1, 1]]
    assert tensors["position_ids"].tolist() == [[2, 3, 4, 5, 6, 0, 0], [2, 3, 4, 1, 1, 1, 1]]
    assert tensors["attention_mask"].int().tolist() == [
        [
            [1, 1, 1, 1, 1, 1, 1],
            [1, 1, 1, 1, 1, 1, 0],
            [1, 1, 1, 1, 1, 0, 1],
            [1, 1, 1, 1, 1, 0, 1],
            [1, 1, 1, 1, 1, 1, 1],
            [0, 1, 0, 0, 0, 0, 0],
            [0, 0, 1, 1, 0, 1, 1],
        ],
        [*[[1, 1, 1, 0, 0, 0, 0]] * 3, *[[1, 0, 0, 0, 0, 0, 0]] * 4],
    ]


@settings(deadline=None, max_examples=60)
@given(st.lists(rows(), min_size=1, max_size=3))
def test_tensors_as_the_published_loops_make_them(batch: list[GraphRow]) -> None:
    longest = max(map(count, batch))
    tensors = pad_graphs(batch, 1, "cpu")
    for row, mask in zip(batch, tensors["attention_mask"], strict=True):
        ids, spans, links = row.parts()
        code, end = len(ids), count(row)
        expected = [[seer < code and seen < code for seen in range(longest)] for seer in range(longest)]
        for seen in range(end):
            expected[0][seen] = expected[code - 1][seen] = True
        for node, (start, stop) in enumerate(spans.T.tolist()):
            for token in range(start, stop):
                expected[code + node][token] = expected[token][code + node] = True
        for node, source in links.tolist():
            expected[code + node][code + source] = True
        for padding in range(end, longest):
            expected[padding][0] = True
        assert mask.tolist() == expected
        assert mask.any(1).all()
