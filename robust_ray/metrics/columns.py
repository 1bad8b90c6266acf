"""The columns of attack rows, as the metrics read them.

``verdicts`` is always an ``(n,)`` sequence of :class:`~robust_ray.core.records.Verdict` values, one an example; the
other columns lie beside it, row by row, and null (None or NaN) is allowed wherever the rows allow it. Examples with
verdict ``ERROR`` count nowhere. *Attempted* means succeeded, failed or stopped at an invalid program (``INVALID``, a
success in raw counts only): skipped examples are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeGuard

import numpy as np
import numpy.typing as npt

from robust_ray.core.arrays import BoolArray, FloatArray
from robust_ray.core.records import Verdict


class Coded(Protocol):
    """Texts that are few and recur, each held once, as in a :class:`pandas.Categorical`: read without a loop."""

    @property
    def codes(self) -> npt.NDArray[Any]:
        """``(n,)`` places in the categories."""

    @property
    def categories(self) -> Any:
        """The distinct texts."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...


Verdicts = Sequence[str] | npt.NDArray[np.str_] | npt.NDArray[np.object_] | Coded
Column = npt.ArrayLike | Sequence[float | None]

ATTEMPTED = (Verdict.SUCCEEDED, Verdict.FAILED, Verdict.INVALID)
"""Verdicts of examples that the attack was run on."""

STANDING = (Verdict.FAILED, Verdict.INVALID, Verdict.SKIPPED_NO_TARGET)
"""Verdicts after which the victim is still right."""


def _is_coded(verdicts: Verdicts) -> TypeGuard[Coded]:
    return hasattr(verdicts, "codes")


def texts(verdicts: Verdicts) -> npt.NDArray[np.str_]:
    """``(n,)``: the verdicts by their names, from whatever held them."""
    if _is_coded(verdicts):
        return np.asarray(np.asarray(verdicts.categories, dtype=np.str_)[verdicts.codes])
    if isinstance(verdicts, np.ndarray) and verdicts.dtype.kind == "U":
        return np.asarray(verdicts, dtype=np.str_)
    return np.asarray([str(verdict) for verdict in verdicts], dtype=np.str_)


def are(verdicts: Verdicts, *wanted: Verdict) -> BoolArray:
    """``(n,)``: which verdicts are one of those wanted."""
    names = [verdict.value for verdict in wanted]
    if _is_coded(verdicts):
        return np.asarray(np.isin(np.asarray(verdicts.categories, dtype=np.str_), names)[verdicts.codes])
    return np.isin(texts(verdicts), names)


def were_attempted(verdicts: Verdicts) -> BoolArray:
    """``(n,)``: on which examples the attack was run, won or not."""
    return are(verdicts, *ATTEMPTED)


def floats(values: Column) -> FloatArray:
    """As floats, null as NaN."""
    return np.asarray(values, dtype=np.float64)
