"""What became of the examples."""

from __future__ import annotations

import dataclasses

import pandas as pd

from analysis import provenance
from robust_ray.core.records import Verdict
from tests.analysis.synthetic import attack

NAMES = {f"{kind}_name": kind for kind in ("model", "task", "compression", "attack")}


def test_every_example_is_counted_once_whatever_became_of_it() -> None:
    rows = [dataclasses.asdict(attack("none", "mhm", i, verdict)) for i, verdict in enumerate(Verdict)]
    (found,) = provenance.outcomes(pd.DataFrame(rows).assign(**NAMES)).to_dict("records")
    assert {verdict: found[verdict] for verdict in Verdict} == dict.fromkeys(Verdict, 1)
    assert set(Verdict) <= {column.name for column in provenance.OUTCOMES}
