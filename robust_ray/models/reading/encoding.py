"""Text to token ids, cut to the network's window."""

from __future__ import annotations

import inspect
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from robust_ray.core.errors import ModelError
from robust_ray.core.examples import Input
from robust_ray.core.victim import Encoding
from robust_ray.models.data_flow.reader import DataFlowReader
from robust_ray.models.data_flow.rows import GraphRow
from robust_ray.models.students import Network

Row = bytes
"""Token ids (or token types) as int32 in native order: joined, hashed and padded without a look at each."""

Rows = tuple[Row, ...]
"""One input. Siamese: token ids of each segment. Joint: token ids of all, and their types where the model has types."""

Tokenize = Callable[[Sequence[str], Sequence[str] | None], list[Rows]]
"""Texts, and the texts they are paired with, if any → token ids and, where the model has them, token types."""

ITEM = array("i").itemsize
"""Bytes of one token id."""


def encode(network: Network, inputs: Sequence[Input], tokenize: Tokenize | None = None) -> list[Encoding]:
    """Token ids of every input, cut to the network's ``max_length``.

    Args:
        network: Whose tokenizer and window to use.
        inputs: What to encode.
        tokenize: What does the tokenizer's work; None for the tokenizer itself, in one call.

    Raises:
        ModelError: the inputs have more segments than a tokenizer joins in a row.
    """
    tokenize = tokenize or whole(network)
    if not inputs:
        return []
    if network.preprocessing == "one_line":
        inputs = [tuple(map(one_line, segments)) for segments in inputs]
    if network.pair_encoding == "siamese":
        texts = list(dict.fromkeys(segment for segments in inputs for segment in segments))
        rows = dict(zip(texts, tokenize(texts, None), strict=True))
        return [siamese(tuple(rows[segment][0] for segment in segments)) for segments in inputs]
    widths = {len(segments) for segments in inputs}
    if not widths <= {1, 2} or len(widths) > 1:
        raise ModelError(f"joint pair encoding reads 1 or 2 segments, but got {sorted(widths)}; use 'siamese'")
    first, *second = map(list, zip(*inputs, strict=True))
    if second and not separates(network.tokenizer):
        second = [[f"{network.tokenizer.eos_token}{text}" for text in second[0]]]
    return [Encoding(rows, count(rows[0])) for rows in tokenize(first, second[0] if second else None)]


def is_cut(network: Network, inputs: Sequence[Input]) -> list[bool]:
    """Which inputs (or a segment of which, where each is read alone) are longer than the network's window."""
    if network.data_flow is not None:
        reader = DataFlowReader(network, network.data_flow)
        return [any(map(reader.is_cut, segments)) for segments in inputs]
    longer = encode(replace(network, max_length=network.max_length + 1), inputs)
    limit = network.max_length
    return [any(count(row) > limit for row in rows) for rows in rows_of(longer)]


def one_line(text: str) -> str:
    """The text with one blank for every run of white space, and none at its ends."""
    return " ".join(text.split())


def siamese(rows: Rows) -> Encoding:
    """An input whose segments are all to be computed."""
    return Encoding(rows, sum(map(count, rows)), note(rows))


def note(rows: Rows) -> str | None:
    """What of an input could not be read as the network means it."""
    return next((row.note for row in rows if isinstance(row, GraphRow) and row.note), None)


def whole(network: Network) -> Tokenize:
    """The tokenizer itself; beside it, where the network reads one, what finds the data flow."""
    window = network.data_flow
    if window is not None:
        return lambda texts, pairs: DataFlowReader(network, window)(texts, pairs)
    names = ("input_ids", "token_type_ids") if has_token_types(network) else ("input_ids",)

    def tokenize(texts: Sequence[str], pairs: Sequence[str] | None) -> list[Rows]:
        encoded = network.tokenizer(
            texts,
            pairs,
            truncation=True,
            max_length=network.max_length,
            return_attention_mask=False,
            return_token_type_ids="token_type_ids" in names,
            verbose=False,
        )
        return [tuple(map(pack, rows)) for rows in zip(*(encoded[name] for name in names), strict=True)]

    return tokenize


def has_token_types(network: Network) -> bool:
    """Whether tokenizer and network both know which of two segments a token belongs to."""
    if network.pair_encoding != "joint" or "token_type_ids" not in network.tokenizer.model_input_names:
        return False
    return "token_type_ids" in inspect.signature(network.module.forward).parameters  # T5's tokenizer has, T5 has not


def separates(tokenizer: Any) -> bool:
    """Whether a tokenizer puts something between two segments by itself; GPT-2's does not."""
    added = tokenizer.num_special_tokens_to_add
    return bool(added(pair=True) > added(pair=False))


def rows_of(encodings: Iterable[Encoding]) -> list[Rows]:
    """What :func:`encode` has made of each input."""
    return [cast(Rows, encoding.ids) for encoding in encodings]


def pack(ids: Iterable[int]) -> Row:
    """Token ids as a row."""
    return array("i", ids).tobytes()


def count(row: Row) -> int:
    """Tokens of a row."""
    return row.tokens if isinstance(row, GraphRow) else len(row) // ITEM
