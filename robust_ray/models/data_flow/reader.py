"""Programs as GraphCodeBERT reads them: the tokens of the code, and behind them the nodes of its data flow."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, chain, count, islice
from typing import Any

from robust_ray.models.data_flow.rows import DataFlowWindow, GraphRow, Node
from robust_ray.models.reading.recent import Recent
from robust_ray.models.students import Network
from robust_ray.source import DataFlow, DataFlows, analyse, data_flow

REMEMBERED = 2**21
"""Characters of tokens whose ids are remembered."""

ROWS = 1024
"""Rows remembered: an attack on a pair asks about its other half every time."""


class DataFlowReader:
    """Does a tokenizer's work, with a memory of flows, of tokens and of rows.

    Source: ``convert_examples_to_features`` in ``run.py`` of GraphCodeBERT's clone detection,
        https://github.com/microsoft/CodeBERT.
    Deviations: a node whose code is cut off goes with it. The mask in an attack's question is read as a name. No place
        stays empty behind code that is cut. Of a row of less than 384 tokens no more than a third is kept for nodes.
    """

    def __init__(self, network: Network, window: DataFlowWindow) -> None:
        self._tokenizer: Any = network.tokenizer
        self._length = network.max_length
        self._window = window
        self._flows = DataFlows(window.language)
        self._known: Recent[tuple[int, ...]] = Recent(REMEMBERED)
        self._row = lru_cache(maxsize=ROWS)(self._read)

    def __call__(self, texts: Sequence[str], pairs: Sequence[str] | None) -> list[tuple[bytes, ...]]:
        """One row for each text; ``pairs`` are None, for no two texts are read in one row."""
        assert pairs is None
        return [(self._row(text),) for text in texts]

    def is_cut(self, text: str) -> bool:
        """Whether some of the code finds no place."""
        flow, words = self._flow(text)
        return sum(map(len, self._ids(words))) > self._room(flow)

    def _read(self, text: str) -> GraphRow:
        flow, words = self._flow(text)
        pieces = self._ids(words)
        code = list(islice(chain.from_iterable(pieces), self._room(flow)))
        ids = [self._tokenizer.cls_token_id, *code, self._tokenizer.sep_token_id]
        if flow is None:
            return GraphRow.of(ids, None)
        bounds = list(accumulate(map(len, pieces), initial=1))
        seen = [each for each in flow.flows if bounds[each.token] < bounds[each.token + 1] < len(ids)]
        kept = seen[: self._length - len(ids)]
        numbers = {each.token: number for number, each in enumerate(kept)}
        sources = (tuple(numbers[token] for token in each.sources if token in numbers) for each in kept)
        places = ((bounds[each.token], bounds[each.token + 1]) for each in kept)
        return GraphRow.of(ids, [Node(*place, links) for place, links in zip(places, sources, strict=True)])

    def _room(self, flow: DataFlow | None) -> int:
        """Code tokens that find a place between the special ones."""
        nodes = min(0 if flow is None else len(flow.flows), self._window.nodes, self._length // 3)
        return min(self._length - nodes, self._window.code) - 2

    def _flow(self, text: str) -> tuple[DataFlow | None, Sequence[str]]:
        """The flow of a text and its tokens, on one line each."""
        mask = self._tokenizer.mask_token
        if mask is not None and mask in text:
            name = next(name for i in count() if (name := f"masked{i}") not in text)
            flow, words = self._parsed(text.replace(mask, name), is_question=True)
            return flow, [mask if word == name else word for word in words]
        return self._parsed(text, is_question=False)

    def _parsed(self, text: str, *, is_question: bool) -> tuple[DataFlow | None, Sequence[str]]:
        """As :meth:`_flow`; a question is asked once, and its flow is not remembered."""
        language = self._window.language
        flow = data_flow(text, language) if is_question else self._flows.of(text)
        words = analyse(text, language).token_texts if flow is None else flow.tokens
        return flow, [word.replace("\n", "") for word in words]

    def _ids(self, words: Sequence[str]) -> list[tuple[int, ...]]:
        """Token ids of each word; all but the first stand behind a blank."""
        keys = [word if i == 0 else f" {word}" for i, word in enumerate(words)]
        found = self._known.look_up(keys)
        missing = list(dict.fromkeys(key for key, ids in zip(keys, found, strict=True) if ids is None))
        if not missing:
            return [ids for ids in found if ids is not None]
        encoded = self._tokenizer(missing, add_special_tokens=False, return_attention_mask=False, verbose=False)
        made = dict(zip(missing, map(tuple, encoded["input_ids"]), strict=True))
        for key, ids in made.items():
            self._known.keep(key, ids)
        return [made[key] if ids is None else ids for key, ids in zip(keys, found, strict=True)]
