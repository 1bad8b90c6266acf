"""Numbers and operations of a BERT by formula, from its sizes alone: what searches for a student weigh, without torch.

Source: Shi et al., "Compressing Pre-trained Models of Code into 3 MB" (Compressor), ASE 2022, and, with the same
formulas, AVATAR (ICSE-SEIS 2024) and MORPH (ICSE 2025). Two quirks are kept, so that numbers can be compared: the
look-up of an embedding counts as a product with the whole table, and the first norm of a layer as five operations a
token.
"""

from __future__ import annotations

from typing import NamedTuple


class Sizes(NamedTuple):
    """The five numbers the formulas are of; anything that adds and multiplies will do, an unknown of a solver too."""

    vocabulary: int
    layers: int
    hidden: int
    intermediate: int
    heads: int


def parameters(sizes: Sizes, positions: int) -> int:
    """Numbers of a classifier of two classes with so many rows of positions; they are said to take four bytes each."""
    v, layers, h, i, _ = sizes
    embeddings = v * h + positions * h + 3 * h
    layer = 3 * (h * h + h) + (h * h + h) + (2 * h * i + i + h) + 4 * h
    return embeddings + layers * layer + 2 * (h * h + h) + (2 * h + 2)


def flops(sizes: Sizes, tokens: int) -> int:
    """Operations of one forward pass over so many tokens."""
    v, layers, h, i, a = sizes
    s = tokens
    attention = 6 * h * h + 3 * h + 2 * h * s + 5 * s * a + 4 * s * a + s * a + 2 * h * s
    joined = 2 * h * h + h + 4 * h + h + 5
    feedforward = 2 * h * i + 8 * i + i + 2 * h * i + h + 4 * h + h + 5 * h
    embeddings = 2 * h * v + 2 * h * (s + 2) + 2 * h + 5 * h + 4 * h
    head = 2 * h * h + h + 12 * h + 2 * h
    return (layers * (attention + joined + feedforward) + embeddings + head) * s
