"""What programs are like apart from their names: their tokens, two and three in a row, where ``<unk>`` is any name.

It takes the place of CODA's embeddings by CodeBERT: it needs no network, and it too reads the beginning of a program.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from robust_ray.attacks.substitutes.name_vectors import DIGITS
from robust_ray.attacks.substitutes.programs import Program
from robust_ray.core.arrays import FloatArray, IntArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    Rows = csr_array[Any, tuple[int, int]]

UNKNOWN = "<unk>"
"""Stands for a name of the program's own."""

READ = 512
"""Tokens read, from the beginning."""

BITS = 18
"""Of a bucket that sequences of tokens are hashed to."""

FACTOR = 0x9E3779B97F4A7C15
"""An odd number with bits set at random, which spreads sums over the buckets."""


class Structures:
    """Programs, ready to be compared with others."""

    def __init__(self, programs: Sequence[Program]) -> None:
        rows = _rows(programs)
        holders = np.bincount(rows.indices, minlength=1 << BITS)
        self._rarity = np.log1p(len(programs) / np.maximum(holders, 1))
        self._rows = self._weighted(rows)

    def similarities(self, program: Program, places: IntArray) -> FloatArray:
        """``(n,)`` cosines of a program with those in these places, rounded."""
        other = self._weighted(_rows([program]))
        products: FloatArray = (self._rows[places] @ other.T).toarray()[:, 0]
        return np.round(products, DIGITS)

    def _weighted(self, rows: Rows) -> Rows:
        """Frequent in the program and rare in others is what counts; rows get unit length."""
        from scipy.sparse import csr_array

        lengths = np.diff(rows.indptr)
        data = np.log1p(rows.data) * self._rarity[rows.indices]
        squares = np.bincount(np.repeat(np.arange(len(lengths)), lengths), data * data, minlength=len(lengths))
        return csr_array((data / np.repeat(np.sqrt(squares), lengths), rows.indices, rows.indptr), shape=rows.shape)


def _rows(programs: Sequence[Program]) -> Rows:
    """``(n, 2**BITS)``: how often each sequence occurs."""
    from scipy.sparse import csr_array

    found = [np.unique(_hashed(program), return_counts=True) for program in programs]
    columns = np.concatenate([buckets for buckets, _ in found] or [np.zeros(0, np.int64)])
    counts = np.concatenate([times for _, times in found] or [np.zeros(0, np.int64)])
    starts = np.cumsum([0, *(len(buckets) for buckets, _ in found)])
    return csr_array((counts.astype(np.float64), columns, starts), shape=(len(programs), 1 << BITS))


def _hashed(program: Program) -> IntArray:
    """Buckets of all sequences of one to three tokens."""
    words = [UNKNOWN if name else token for token, name in zip(program.tokens[:READ], program.own, strict=False)]
    codes = np.array([zlib.crc32(word.encode("utf-8", "surrogatepass")) + 1 for word in words], np.uint64)
    ones = codes * np.uint64(FACTOR)
    twos = (ones[:-1] + codes[1:]) * np.uint64(FACTOR)
    threes = (twos[:-1] + codes[2:]) * np.uint64(FACTOR)
    return (np.concatenate([ones, twos, threes]) >> np.uint64(64 - BITS)).astype(np.int64)
