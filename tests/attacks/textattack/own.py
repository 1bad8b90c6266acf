"""Recipes of a user's own, named in the tests as ``tests.attacks.textattack.own:...``."""

from __future__ import annotations

from typing import Any

from robust_ray.attacks.textattack.library import textattack
from robust_ray.attacks.textattack.parts import OfferedNames


def greedy(model_wrapper: Any) -> Any:
    """Greedy search by word importance among the offered names."""
    goal = textattack.goal_functions.UntargetedClassification(model_wrapper)
    return textattack.Attack(goal, [], OfferedNames(2), textattack.search_methods.GreedyWordSwapWIR())


def broken(model_wrapper: Any) -> Any:
    """A greedy search whose transformation breaks on a word."""

    class Breaks(OfferedNames):
        def _get_transformations(self, current_text: Any, indices_to_modify: set[int]) -> Any:
            if "values" in current_text.words:
                raise LookupError("values are unbearable")
            return super()._get_transformations(current_text, indices_to_modify)

    goal = textattack.goal_functions.UntargetedClassification(model_wrapper)
    return textattack.Attack(goal, [], Breaks(), textattack.search_methods.GreedyWordSwapWIR())


def hasty(model_wrapper: Any) -> Any:
    """Asks the victim while it is built."""
    return model_wrapper(["x = 1"])


def nothing(model_wrapper: Any) -> Any:
    """Builds no attack."""
