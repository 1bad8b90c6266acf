"""Vectors of names, learned from the programs that use them: near are names used alike, or spelt alike.

A name has a row of two blocks. The first holds the tokens around it, each place next to it apart and a wider window as
one bag, weighted by positive pointwise mutual information; this is what word2vec factorizes (Levy and Goldberg, "Neural
Word Embedding as Implicit Matrix Factorization", NeurIPS 2014). The second holds the words and n-grams it is spelt with
(as in fastText: Bojanowski et al., TACL 2017). All rows are projected onto the space of the leading singular vectors,
found by subspace iteration (Halko et al., SIAM Review 2011). A name that no program uses has an empty first block.

Everything is summed in a fixed order from a fixed start, so that the same programs give the same vectors. How many
threads a matrix product uses, and on which machine, may change their last bits, so cosines are rounded.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from robust_ray.attacks.substitutes.programs import Program
from robust_ray.core.arrays import FloatArray, IntArray
from robust_ray.core.checks import at_least_one

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    Rows = csr_array[Any, tuple[int, int]]


CONTEXTS = 5000
"""Different tokens that count as neighbours, the most frequent ones."""

NEXT_TO = 2
"""Tokens on each side that are told apart by their place."""

BAG = 0.5
"""Weight of the bag of the window, where that of the neighbours is 1."""

SPELLING = 0.3
"""Weight of the spelling, where that of the contexts is 1 for a name that is used often."""

SELDOM = 2.0
"""Uses at which the weight of the contexts is one half: what is seen once or twice says little."""

GRAMS = (2, 3, 4)
"""Lengths of the n-grams."""

STEPS = 5
"""Of the subspace iteration."""

NOISE = 1e-8
"""Share of the largest squared singular value under which a direction is none."""

DIGITS = 4
"""Of a cosine; those behind them may differ between machines."""

AT_ONCE = 256
"""Names compared with all others in one matrix product."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """How names become vectors."""

    dimensions: int = 64
    """Of a vector."""

    window: int = 5
    """Tokens on each side that a name's use is known by."""

    vocabulary: int = 20000
    """Names learned from their use, the most frequent ones; others are known by their spelling."""

    def __post_init__(self) -> None:
        at_least_one("dimensions", self.dimensions)
        at_least_one("window", self.window)
        at_least_one("vocabulary", self.vocabulary)

    def learn(self, programs: Sequence[Program]) -> NameVectors:
        """Vectors from all names that are the programs' own."""
        uses = _most_common((name for program in programs for name in program.own if name), self.vocabulary)
        contexts = _contexts(programs, list(uses), self.window)
        return NameVectors(uses, contexts, self.dimensions)


class NameVectors:
    """Where names lie; also names that were never seen.

    Args:
        uses: Name → how often it is used.
        contexts: ``(n_names, n_columns)`` rows of unit length: where each name is used.
        dimensions: Of a vector, at most.
    """

    def __init__(self, uses: dict[str, int], contexts: Rows, dimensions: int) -> None:
        weight = np.array([count / (count + SELDOM) for count in uses.values()])
        self._places = {name: place for place, name in enumerate(uses)}
        self._contexts = _with_empty_row(_scaled(contexts, weight))
        spellings = [_spelling(name) for name in uses]
        seen = Counter(gram for grams in spellings for gram in grams)
        self._grams = {gram: column for column, gram in enumerate(sorted(seen))}
        self._rarity = np.log1p(len(uses) / np.array([seen[gram] for gram in self._grams]))
        self._basis = _leading(self._rows(list(uses)), dimensions)
        self._known: dict[str, FloatArray] = {}

    def nearest(
        self, targets: Sequence[str], choices: Sequence[str], count: int
    ) -> Iterator[tuple[str, list[tuple[str, float]]]]:
        """Each target with the ``count`` other names most similar to it and their cosines, equal ones by name."""
        names = sorted(choices)
        vectors = self.of(names)
        for start in range(0, len(targets), AT_ONCE):
            some = targets[start : start + AT_ONCE]
            cosines = np.round(self.of(some) @ vectors.T, DIGITS) + 0.0
            for target, row in zip(some, cosines, strict=True):
                places = largest(row, count + 1)
                yield target, [(names[i], float(row[i])) for i in places if names[i] != target][:count]

    def of(self, names: Sequence[str]) -> FloatArray:
        """``(n, d)`` unit vectors; that of a name with nothing in common with any other is zero."""
        new = sorted(set(names) - self._known.keys())
        vectors = self._rows(new) @ self._basis
        lengths = np.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
        self._known.update(
            zip(new, np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > NOISE), strict=True)
        )
        return np.stack([self._known[name] for name in names]) if names else np.zeros((0, self._basis.shape[1]))

    def _rows(self, names: Sequence[str]) -> Rows:
        """Both blocks of names, sparse."""
        from scipy.sparse import csr_array, hstack

        entries = [[self._grams[gram] for gram in _spelling(name) if gram in self._grams] for name in names]
        columns = np.array([column for row in entries for column in row], dtype=np.int64)
        starts = np.cumsum([0, *map(len, entries)])
        spelling = csr_array((self._rarity[columns], columns, starts), shape=(len(names), len(self._grams)))
        contexts = self._contexts[[self._places.get(name, -1) for name in names]]
        return _unit(hstack([contexts, SPELLING * _unit(spelling)], format="csr"))


def largest(row: FloatArray, count: int) -> IntArray:
    """Places of the ``count`` largest entries, largest first, of equal ones the first."""
    places = np.arange(len(row))
    if count < len(row):
        places = np.flatnonzero(row >= np.partition(row, -count)[-count])
    return places[np.argsort(-row[places], kind="stable")][:count]


def _most_common(words: Iterable[str], limit: int) -> dict[str, int]:
    """The most frequent words and their counts; equally frequent ones by name."""
    return dict(sorted(Counter(words).items(), key=lambda entry: (-entry[1], entry[0]))[:limit])


def _contexts(programs: Sequence[Program], names: Sequence[str], window: int) -> Rows:
    """``(n_names, n_columns)``: what stands around each name, rows of unit length."""
    from scipy.sparse import csr_array, hstack

    tokens = list(_most_common((token for program in programs for token in program.tokens), CONTEXTS))
    gap = ("",) * window
    own, around = (
        np.fromiter((known.get(word, -1) for words in texts for word in (*words, *gap)), np.int64)
        for texts, known in (
            ((program.own for program in programs), {name: place for place, name in enumerate(names)}),
            ((program.tokens for program in programs), {token: place for place, token in enumerate(tokens)}),
        )
    )
    shape = (len(names), len(tokens))

    def pairs(distance: int) -> Rows:
        """How often each token stands so far behind each name."""
        first, second = (own[:-distance], around[distance:]) if distance > 0 else (own[-distance:], around[:distance])
        is_pair = (first >= 0) & (second >= 0)
        return csr_array((np.ones(is_pair.sum()), (first[is_pair], second[is_pair])), shape=shape)

    distances = [distance for side in (-1, 1) for distance in range(side, side * (window + 1), side)]
    bag = csr_array(shape)
    near = []
    for distance in distances:
        found = pairs(distance)
        bag = bag + found
        if abs(distance) <= NEXT_TO:
            near.append(found)
    blocks = [_unit(_information(hstack(near, format="csr"))), BAG * _unit(_information(bag))]
    return _unit(hstack(blocks, format="csr"))


def _information(counts: Rows) -> Rows:
    """Positive pointwise mutual information; a column's share is smoothed by the power 0.75, as in word2vec."""
    pairs = counts.tocoo()
    rows, columns = np.asarray(counts.sum(axis=1)), np.asarray(counts.sum(axis=0)) ** 0.75
    ratio = pairs.data * columns.sum() / (rows[pairs.row] * columns[pairs.col])
    pairs.data = np.maximum(np.log(ratio), 0.0)
    return pairs.tocsr()


def _spelling(name: str) -> list[str]:
    """Words and n-grams of a name, each once, in order; cases are the same, and edges are marked."""
    edged = f"<{name.lower()}>"
    words = {f"={word.lower()}" for word in _WORD.findall(name)}
    return sorted(words | {edged[i : i + n] for n in GRAMS for i in range(len(edged) - n + 1)})


def _leading(rows: Rows, dimensions: int) -> FloatArray:
    """``(n_columns, d)`` orthonormal basis of the leading right singular vectors, at most ``dimensions``."""
    columns = rows.T.tocsr()
    space = np.random.default_rng(0).standard_normal((rows.shape[0], dimensions))
    for _ in range(STEPS):
        space = _orthonormal(rows @ _orthonormal(columns @ space))
    return _orthonormal(columns @ space)


def _orthonormal(vectors: FloatArray) -> FloatArray:
    """An orthonormal basis of what the columns span; their Gram matrix is small, so this is quick on one core."""
    values, directions = np.linalg.eigh(vectors.T @ vectors)
    is_one = values > NOISE * values.max(initial=0.0)
    basis: FloatArray = vectors @ (directions[:, is_one] / np.sqrt(values[is_one]))
    return basis


def _unit(rows: Rows) -> Rows:
    """Rows of length one; empty ones stay empty."""
    lengths = np.sqrt(np.asarray((rows * rows).sum(axis=1)))
    return _scaled(rows, np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0.0))


def _scaled(rows: Rows, factors: FloatArray) -> Rows:
    """Each row times its factor."""
    from scipy.sparse import diags_array

    scaled: Rows = (diags_array(factors) @ rows).tocsr()
    return scaled


def _with_empty_row(rows: Rows) -> Rows:
    from scipy.sparse import csr_array, vstack

    longer: Rows = vstack([rows, csr_array((1, rows.shape[1]))], format="csr")
    return longer
