"""Code with its data flow, as one row: bytes to remember and compare, then padded tensors.

The tensors are those of the published code: nodes stand behind the code at position 0, and a mask says who sees whom.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

NO_DATA_FLOW = "no data flow"
"""Note on a row whose flow could not be told: it holds the code alone."""

_UNKNOWN = -1
"""Stands for the number of nodes where that is not known."""


@dataclass(frozen=True, kw_only=True)
class DataFlowWindow:
    """How much of a program and its data flow fits into a row, beside the row's own length."""

    language: str
    """Of the code: ``c``, ``java`` or ``python``."""

    code: int
    """Code tokens at most, the special ones included: what the network has positions for."""

    nodes: int
    """Places kept for nodes where there are so many; what the code leaves free is theirs too."""


class Node(NamedTuple):
    """One variable at one place."""

    start: int
    """First code token that spells it, counted with the special token in front."""

    end: int
    """The one behind the last."""

    sources: tuple[int, ...]
    """Numbers of the nodes that its value comes from."""


class GraphRow(bytes):
    """Code tokens and nodes, as int32: equal bytes mean an equal answer."""

    @classmethod
    def of(cls, ids: Sequence[int], nodes: Sequence[Node] | None) -> GraphRow:
        """A row of code tokens, the special ones included, with the nodes of its flow; None where that is unknown."""
        found = nodes or ()
        numbers = [len(ids), _UNKNOWN if nodes is None else len(found), *ids]
        numbers += [node.start for node in found]
        numbers += [node.end for node in found]
        for number, node in enumerate(found):
            for source in node.sources:
                numbers += (number, source)
        return cls(array("i", numbers).tobytes())

    @property
    def tokens(self) -> int:
        """What the network computes: code tokens and nodes."""
        code, nodes = self._head
        return code + nodes

    @property
    def note(self) -> str | None:
        """What is to be said of the row."""
        return NO_DATA_FLOW if struct.unpack_from("ii", self)[1] == _UNKNOWN else None

    @property
    def _head(self) -> tuple[int, int]:
        code, nodes = struct.unpack_from("ii", self)
        return code, max(0, nodes)

    def parts(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Ids ``(code,)``, spans ``(2, nodes)`` and links ``(n, 2)``, from a node to a source."""
        code, nodes = self._head
        ids, spans, links = np.split(np.frombuffer(self, dtype=np.int32)[2:], [code, code + 2 * nodes])
        return ids, spans.reshape(2, nodes), links.reshape(-1, 2)


def pad_graphs(rows: Iterable[GraphRow], filler: int, device: str) -> dict[str, Tensor]:
    """``input_ids`` and ``position_ids``, ``(rows, longest)``; ``attention_mask``, ``(rows, longest, longest)`` bool.

    As published, code sees code, a node sees the code that spells it (which sees it) and the nodes that it comes from,
    and the first and last token of the code see all. Padding sees the first token, so that it has something to see.
    """
    parts = [row.parts() for row in rows]
    longest = max(len(ids) + spans.shape[1] for ids, spans, _ in parts)
    numbers = np.zeros((3, len(parts), longest), dtype=np.int32)
    numbers[0] = filler
    counts = np.array([(len(ids), len(ids) + spans.shape[1]) for ids, spans, _ in parts], dtype=np.int32)
    links = []
    for number, (ids, spans, pairs) in enumerate(parts):
        size = len(ids)
        numbers[0, number, :size] = ids
        numbers[1:, number, size : size + spans.shape[1]] = spans
        links.append(np.column_stack([np.full(len(pairs), number), pairs + size]))
    tokens, starts, ends = torch.from_numpy(numbers).to(device)
    code, end = torch.from_numpy(counts).to(device)[..., None].unbind(1)
    linked, node, source = torch.from_numpy(np.concatenate(links)).to(device).unbind(1)

    place = torch.arange(longest, device=device)
    is_code, is_row = place < code, place < end
    spells = (starts[..., None] <= place) & (place < ends[..., None])
    sees_all = (place == 0) | (place == code - 1)
    mask = spells | spells.transpose(1, 2)
    mask |= is_code[..., None] & is_code[:, None]
    mask |= sees_all[..., None] & is_row[:, None]
    mask[..., 0] |= ~is_row
    mask[linked, node, source] = True
    positions = torch.where(is_code, place + filler + 1, torch.where(is_row, 0, filler))
    return {"input_ids": tokens.long(), "position_ids": positions, "attention_mask": mask}
