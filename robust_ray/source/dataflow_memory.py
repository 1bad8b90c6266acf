"""Data flows of many programs, most of which are others with new names: those are not parsed again."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

from robust_ray.source._scopes import WORD
from robust_ray.source.dataflow import DataFlow, flow_of
from robust_ray.source.identifiers import SourceCode, analyse
from robust_ray.source.renaming import rename


class _Known(NamedTuple):
    source: SourceCode
    words: list[str]
    flow: DataFlow


@dataclass
class DataFlows:
    """Answers like :func:`robust_ray.source.data_flow`.

    A text that :func:`robust_ray.source.rename` makes of a remembered program has that program's flow, since a renaming
    changes nothing that a name refers to. All of a text that is no word tells which program that could be; whether it
    is one is not believed but tried. Only programs without syntax errors are remembered: how a parser gets over an
    error may depend on how long a name is.
    """

    language: str
    """Of all programs."""

    capacity: int = 1024
    """Programs remembered."""

    _known: OrderedDict[tuple[str, ...], _Known] = field(default_factory=OrderedDict, init=False, repr=False)

    def of(self, text: str) -> DataFlow | None:
        """The data flow of a program, or None where it has none."""
        shape, words = tuple(WORD.split(text)), WORD.findall(text)
        known = self._known.get(shape)
        if known is not None:
            self._known.move_to_end(shape)
            renames = {old: new for old, new in zip(known.words, words, strict=True) if old != new}
            if rename(known.source, renames) == text:
                return known.flow.renamed(renames)
        source = analyse(text, self.language)
        flow = flow_of(source)
        if flow is not None and not source.error_count:
            self._known[shape] = _Known(source, words, flow)
            if len(self._known) > self.capacity:
                self._known.popitem(last=False)
        return flow
