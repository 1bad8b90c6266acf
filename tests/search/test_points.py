"""From a compression back to the point of the space it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_ray.compression import Compression, DynamicQuantization, MagnitudePruning
from robust_ray.core.build import build
from robust_ray.core.identity import parameters
from robust_ray.search import locate, restore, suggest
from tests.search.spaces import SEVERAL, search


class Drawn:
    """A trial that hypothesis answers for."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data
        self.params: dict[str, Any] = {}

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        return self.params.setdefault(name, self.data.draw(st.sampled_from(choices)))

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        if step is None:
            return float(self.params.setdefault(name, self.data.draw(st.floats(low, high))))
        steps = self.data.draw(st.integers(0, round((high - low) / step)))
        return float(self.params.setdefault(name, round(low + steps * step, 9)))

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        return int(self.params.setdefault(name, self.data.draw(st.integers(low, high))))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_what_a_trial_proposes_is_found_again(data: st.DataObject) -> None:
    space = data.draw(st.sampled_from([search(), search(space=SEVERAL), search(space=SEVERAL, sampler="nsgaii")]))
    trial = Drawn(data)
    point = suggest(trial, space)
    if point["type"] == "none":
        return
    compression = build(Compression, point, "point")
    found = locate(compression, space)
    assert found is not None
    assert found.items() <= trial.params.items()
    assert restore(compression.type, parameters(compression)) == compression


@pytest.mark.parametrize(
    "compression",
    [
        MagnitudePruning(sparsity=0.95),
        MagnitudePruning(sparsity=0.5, scope="attention"),
        MagnitudePruning(sparsity=0.5, scope="linear", recovery_epochs=3),
        build(Compression, {"type": "low_rank", "ratio": 0.5}, ""),
    ],
)
def test_what_lies_outside_is_not_found(compression: Compression) -> None:
    assert locate(compression, search()) is None


def test_between_the_steps_is_outside() -> None:
    assert locate(MagnitudePruning(sparsity=0.45), search(space=SEVERAL)) is None
    assert locate(MagnitudePruning(sparsity=0.4), search(space=SEVERAL)) == {
        "compression": "prune_and_quantize",
        "prune_and_quantize.steps[0]": "none",
        "prune_and_quantize.steps[1].sparsity": 0.4,
        "prune_and_quantize.steps[2]": "none",
    }


def test_a_row_of_another_version_is_no_point() -> None:
    params = parameters(DynamicQuantization())
    assert restore("dynamic_quantization", params) == DynamicQuantization()
    assert restore("dynamic_quantization", '{"bits_of_old":8}') is None
    assert restore("forgotten", params) is None
