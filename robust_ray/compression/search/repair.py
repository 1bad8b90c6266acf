"""Points that are no student made into one: the width becomes a multiple of the number of heads."""

from __future__ import annotations

import numpy as np

from robust_ray.compression.student_space import StudentSpace
from robust_ray.core.arrays import FloatArray


def nearest(space: StudentSpace, genes: FloatArray) -> FloatArray:
    """The valid point nearest to one of the grid: with its heads where they divide any width, and the nearest width.

    Args:
        space: In which the point lies.
        genes: ``(n_axes,)``.

    Returns:
        ``(n_axes,)``; among widths equally near, the smaller.

    Source: MORPH's repair operator, Panichella, ICSE 2025.
    Deviations: A width stays within its bounds and on its grid; the paper takes the multiple above or below it.
    """
    if space.is_valid(genes):
        return genes
    widths, heads = _grid(space, "hidden"), _grid(space, "heads")
    fits = _values(space, "hidden", widths)[:, None] % _values(space, "heads", heads)[None, :] == 0
    to_heads = np.abs(heads - _gene(space, "heads", genes))
    to_widths = np.abs(widths - _gene(space, "hidden", genes))
    heads_at = int(np.where(fits.any(axis=0), to_heads, np.inf).argmin())
    width_at = int(np.where(fits[:, heads_at], to_widths, np.inf).argmin())
    return _with(space, genes, hidden=float(widths[width_at]), heads=float(heads[heads_at]))


def resampled(space: StudentSpace, genes: FloatArray, rng: np.random.Generator) -> FloatArray:
    """A valid point: with another width, all that its heads divide equally likely; the nearest where they divide none.

    Args:
        space: In which the point lies.
        genes: ``(n_axes,)``.
        rng: Randomness.

    Source: AVATAR, Shi et al., ICSE-SEIS 2024, https://arxiv.org/abs/2309.04076.
    """
    if space.is_valid(genes):
        return genes
    widths = _grid(space, "hidden")
    heads = _values(space, "heads", np.array([_gene(space, "heads", genes)]))[0]
    fitting = widths[_values(space, "hidden", widths) % heads == 0]
    return _with(space, genes, hidden=float(rng.choice(fitting))) if len(fitting) else nearest(space, genes)


def _has(space: StudentSpace, field: str) -> bool:
    return any(axis.field == field for axis in space.axes)


def _grid(space: StudentSpace, field: str) -> FloatArray:
    """Every gene of a field; of one that no axis is for, one gene, which is its value."""
    if not _has(space, field):
        return np.array([float(getattr(space.base, field))])
    axis = space.axes[space.index(field)]
    return np.array([axis.gene_at(place) for place in range(axis.count)])


def _values(space: StudentSpace, field: str, genes: FloatArray) -> FloatArray:
    """What genes of a field stand for."""
    if not _has(space, field):
        return genes
    axis = space.axes[space.index(field)]
    return np.array([float(axis.value(gene)) for gene in genes])


def _gene(space: StudentSpace, field: str, genes: FloatArray) -> float:
    return float(genes[space.index(field)] if _has(space, field) else getattr(space.base, field))


def _with(space: StudentSpace, genes: FloatArray, **changed: float) -> FloatArray:
    """The same point with other genes for some fields that may be chosen."""
    point = np.array(genes, dtype=np.float64)
    for field, gene in changed.items():
        if _has(space, field):
            point[space.index(field)] = gene
    return point
