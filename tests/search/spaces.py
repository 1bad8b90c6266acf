"""A search with three branches, and trials that answer by rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from robust_ray.core.build import build_dataclass
from robust_ray.search import Search

SEARCH: dict[str, Any] = {
    "space": {
        "magnitude_pruning": {"sparsity": {"low": 0.1, "high": 0.9}, "scope": {"choices": ["linear", "all"]}},
        "distillation": {
            "student": {"type": "scratch_roberta", "layers": {"low": 1, "high": 2}, "hidden": 64, "heads": 2},
            "temperature": {"low": 1.0, "high": 8.0, "log": True},
        },
        "dynamic_quantization": {},
    },
    "objectives": [
        {"metric": "robust_accuracy", "direction": "maximize"},
        {"metric": "bytes", "direction": "minimize"},
    ],
    "constraints": [{"metric": "clean_accuracy", "below_teacher": 0.05}],
}

SEVERAL: dict[str, Any] = {
    "prune_and_quantize": [
        {"choices": ["none", {"type": "low_rank", "ratio": {"low": 0.2, "high": 0.6}}, "distillation"]},
        {"type": "magnitude_pruning", "sparsity": {"low": 0.2, "high": 0.8, "step": 0.1}},
        {"choices": ["none", "dynamic_quantization"]},
    ],
    "share": {"type": "weight_sharing", "clusters": {"low": 4, "high": 64, "log": True}},
}
"""Two branches with names of their own; of the pipeline two steps may be left out."""


def search(**changes: Any) -> Search:
    return build_dataclass(Search, SEARCH | changes, "search", "a search")


class Highest:
    """A trial that takes the last or largest of everything."""

    def __init__(self, compression: str) -> None:
        self.compression = compression
        self.asked: list[str] = []

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        self.asked.append(name)
        return self.compression if name == "compression" else choices[-1]

    def suggest_float(self, name: str, low: float, high: float, *, step: float | None, log: bool) -> float:
        self.asked.append(name)
        return high

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        self.asked.append(name)
        return high
