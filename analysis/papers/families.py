"""What kind of compression a setting is, how strong it is, and whether something was trained again after it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.groups import grouped
from analysis.labels import PIPELINE, TEACHER
from analysis.operations import SETTING

ORIGINAL = "original"
PRUNED = "pruned"
QUANTIZED = "quantized"
DISTILLED = "distilled"
OTHER = "other"

FAMILIES = (PRUNED, QUANTIZED, DISTILLED)
"""The three that the papers study; what is of another kind, or several in a row, is in none of them."""

ENDINGS = {"_pruning": PRUNED, "_quantization": QUANTIZED}
NAMES = {TEACHER: ORIGINAL, **dict.fromkeys(("distillation", "compressor", "avatar", "morph"), DISTILLED)}

RETRAINING = ("recovery_epochs", "rehearsal_epochs")
ROUNDS = "rounds"
"""In how many steps weights go; without training between them that changes nothing."""


def family(compression: str) -> str:
    """The family of a type of compression."""
    by_ending = next((name for ending, name in ENDINGS.items() if compression.endswith(ending)), OTHER)
    return NAMES.get(compression, by_ending)


def settings(attacks: pd.DataFrame, evaluations: pd.DataFrame) -> pd.DataFrame:
    """One row a setting that was attacked, all seeds together.

    ``family``; ``packed``, its packed size as a share of its teacher's, NaN where not measured; ``without``, what it
    would be without training after it, and ``is_retrained``, whether there is any; both null where there can be none.
    """
    named = attacks[[*SETTING, "compression", "compression_params"]]
    known = named.iloc[grouped(named, SETTING).first].astype(str).reset_index(drop=True)
    whole = _packed(evaluations[evaluations["compression"] == TEACHER], SETTING[:2])
    sizes = _packed(evaluations, SETTING)
    shares = [
        sizes.get(setting, math.nan) / whole.get(setting[:2], math.nan)
        for setting in known[SETTING].itertuples(index=False, name=None)
    ]
    training = [_retrained(*setting) for setting in zip(known["compression"], known["compression_params"], strict=True)]
    return known.assign(
        family=[family(compression) for compression in known["compression"]],
        packed=np.asarray(shares, dtype=np.float64),
        without=pd.Series([None if found is None else found[0] for found in training], dtype="object"),
        is_retrained=pd.Series([None if found is None else found[1] for found in training], dtype="object"),
    )


def extremes(found: pd.DataFrame, of: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The weakest and the strongest setting of a family on each model and task: the largest and the smallest, packed.

    A family of one size only is in neither.
    """
    known = found[(found["family"] == of) & found["packed"].notna()]
    victims = known.groupby(SETTING[:2])["packed"]
    several = known[victims.transform("nunique") > 1]
    ordered = several.sort_values("packed", kind="stable")
    return ordered.drop_duplicates(SETTING[:2], keep="last"), ordered.drop_duplicates(SETTING[:2], keep="first")


def _packed(evaluations: pd.DataFrame, by: Sequence[str]) -> dict[Any, float]:
    """Mean packed bytes of each."""
    return dict(evaluations.groupby(list(by))["compressed_bytes"].mean())


def _retrained(compression: str, params: str) -> tuple[str, bool] | None:
    if compression == PIPELINE:
        return None
    fields = json.loads(params)
    epochs = [fields.pop(name) for name in RETRAINING if name in fields]
    fields.pop(ROUNDS, None)
    return (f"{compression} {json.dumps(fields, sort_keys=True)}", any(epochs)) if epochs else None
