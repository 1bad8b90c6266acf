"""Many tests of one question: what each p-value is worth when all of them were made."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def holm(p_values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """P-values adjusted so that one false alarm in the whole family is as unlikely as the level says.

    Args:
        p_values: ``(n,)`` those of one family: all tests that answer one declared question. NaN where none was made;
            such a test is not counted.

    Returns:
        ``(n,)`` adjusted p-values in the same order, at most 1, NaN where there was none.

    Source: Holm, "A simple sequentially rejective multiple test procedure", 1979.
    """
    found = np.asarray(p_values, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(found))
    order = known[np.argsort(found[known], kind="stable")]
    adjusted = found.copy()
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(found[order] * np.arange(len(order), 0, -1)))
    return adjusted
