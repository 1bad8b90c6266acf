"""Programs as GraphCodeBERT reads them: what is kept, what is cut, what is remembered."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from robust_ray.models import GraphCodeBERT
from robust_ray.models.data_flow.reader import DataFlowReader
from robust_ray.models.data_flow.rows import DataFlowWindow, GraphRow
from robust_ray.models.reading.encoding import encode, is_cut, whole
from robust_ray.models.reading.splicing import splicing
from robust_ray.models.students import Network
from robust_ray.source import analyse, data_flow, rename
from tests import fakes
from tests.fakes import asks

pytestmark = pytest.mark.torch

PROGRAM = "def f(first, second):\n    total = first + second\n    return total\n"


@pytest.fixture
def network(hub_folder: Path, tmp_path: Path) -> Network:
    return GraphCodeBERT(name=str(hub_folder)).load((), asks(), seed=0, workdir=tmp_path)


def reader(network: Network, max_length: int = 192, code: int = 64, nodes: int = 128) -> DataFlowReader:
    window = DataFlowWindow(language="python", code=code, nodes=nodes)
    return DataFlowReader(replace(network, max_length=max_length), window)


def row_of(reader: DataFlowReader, text: str) -> GraphRow:
    ((row,),) = reader([text], None)
    assert isinstance(row, GraphRow)
    return row


def spelt(network: Network, row: GraphRow) -> list[tuple[str, list[str]]]:
    """What each node stands for, and what its sources stand for."""
    ids, spans, links = row.parts()
    names = [network.tokenizer.decode(ids[start:end]).strip() for start, end in spans.T.tolist()]
    return [(name, [names[source] for at, source in links.tolist() if at == node]) for node, name in enumerate(names)]


def test_code_is_its_tokens_each_behind_a_blank(network: Network) -> None:
    ids = row_of(reader(network), PROGRAM).parts()[0].tolist()
    joined = " ".join(PROGRAM.split()).replace("(", " ( ").replace(",", " ,").replace(")", " ) ").replace(" :", " :")
    assert network.tokenizer.decode(ids[1:-1]).split() == joined.replace(":", " :").split()
    assert (ids[0], ids[-1]) == (network.tokenizer.cls_token_id, network.tokenizer.sep_token_id)


def test_nodes_stand_for_the_code_that_spells_them(network: Network) -> None:
    assert spelt(network, row_of(reader(network), PROGRAM)) == [
        ("first", []),
        ("second", []),
        ("total", ["first", "second"]),
        ("first", ["first"]),
        ("second", ["second"]),
        ("total", ["total"]),
    ]


def test_nodes_go_where_the_code_leaves_room(network: Network) -> None:
    full = row_of(reader(network), PROGRAM)
    code, nodes = len(full.parts()[0]), full.parts()[1].shape[1]
    assert row_of(reader(network, max_length=code + 2, nodes=2), PROGRAM).tokens == code + 2
    assert row_of(reader(network, max_length=code + 99, nodes=2), PROGRAM) == full
    kept = row_of(reader(network, max_length=code + 2, nodes=2), PROGRAM).parts()
    assert kept[1].shape[1] == 2 < nodes


@pytest.mark.parametrize("code", [8, 15, 25])
def test_a_node_goes_with_its_code(network: Network, code: int) -> None:
    full = row_of(reader(network), PROGRAM).parts()
    ids, spans, links = row_of(reader(network, code=code), PROGRAM).parts()
    assert len(ids) == code
    assert ids[:-1].tolist() == full[0][: code - 1].tolist()
    assert (spans[1] < code).all()
    assert spans.shape[1] == (full[1][1] < code).sum()
    assert (links < spans.shape[1]).all()
    assert reader(network, code=code).is_cut(PROGRAM)


def test_a_short_row_keeps_most_of_its_room_for_code(network: Network) -> None:
    ids, *_ = row_of(reader(network, max_length=18), PROGRAM).parts()
    assert len(ids) == 12


def test_cut_is_what_loses_code(network: Network) -> None:
    long = PROGRAM + "print(first)\n" * 40
    assert is_cut(network, [(PROGRAM,), (long,), (PROGRAM, long)]) == [False, True, True]


def test_a_flow_that_cannot_be_told_is_noted(network: Network, hub_folder: Path, tmp_path: Path) -> None:
    network = GraphCodeBERT(name=str(hub_folder)).load((), asks(language="c"), seed=0, workdir=tmp_path)
    broken = "{ if ( { ;"
    assert data_flow(broken, "c") is None
    encodings = encode(network, [(broken,), ("int f(int a) { return a; }",), ("x", broken)])
    assert [encoding.note for encoding in encodings] == ["no data flow", None, "no data flow"]
    ((row,),) = whole(network)([broken], None)
    assert isinstance(row, GraphRow)
    assert network.tokenizer.decode(row.parts()[0][1:-1]) == broken


def test_a_mask_is_read_as_a_name(network: Network) -> None:
    mask = network.tokenizer.mask_token
    masked = PROGRAM.replace("first", mask, 1)
    row = row_of(reader(network), masked)
    ids = row.parts()[0].tolist()
    assert ids.count(network.tokenizer.mask_token_id) == 1
    assert ("total", ["first", "second"]) in spelt(network, row)
    assert (mask, []) not in spelt(network, row)  # nothing comes from it now
    everywhere = spelt(network, row_of(reader(network), PROGRAM.replace("first", mask)))
    assert [name for name, _ in everywhere] == [mask, "second", "total", mask, "second", "total"]


@pytest.mark.parametrize("text", fakes.PYTHON)
def test_memory_changes_nothing(network: Network, text: str) -> None:
    source = analyse(text, "python")
    names = list(source.spans)
    texts = [text, *(rename(source, {old: f"{old}{new}"}) or "" for old, new in pairwise(names)), text]
    remembering = splicing(network)
    assert isinstance(remembering, DataFlowReader)
    rows = remembering(texts, None)
    assert rows == [(row_of(reader(network), text),) for text in texts]
    assert remembering(texts, None) == rows


def test_a_program_of_many_lines_is_read_line_by_line(network: Network) -> None:
    row = row_of(reader(network), 'x = """a\nb"""\n')
    assert network.tokenizer.decode(row.parts()[0][1:-1]) == 'x = """ab"""'
