"""A search of TextAttack as one of ours: it thinks in a thread of its own, and the engine answers what it asks."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from robust_ray.attacks.base import Candidate, Scores, Search, Space, Steps
from robust_ray.attacks.textattack.aside import questions
from robust_ray.attacks.textattack.building import Blueprint
from robust_ray.attacks.textattack.dice import Dice
from robust_ray.attacks.textattack.library import textattack
from robust_ray.attacks.textattack.parts import ValidProgram
from robust_ray.attacks.textattack.program import UNKNOWN, ProgramText

Ask = Callable[[Sequence[Candidate]], Scores]

_Status = textattack.goal_function_results.GoalFunctionResultStatus


@dataclass(frozen=True)
class TextAttackSearch(Search):
    """Whatever TextAttack's search method does, with its transformation and constraints."""

    blueprint: Blueprint

    def steps(self, space: Space, rng: np.random.Generator) -> Steps:
        """One batch for each time the search method asks."""
        return questions(lambda ask: self._search(space, ask), Dice(rng).rolled)

    def _search(self, space: Space, ask: Ask) -> None:
        """Run a search method of this example's own to its end, if it gets there."""
        built = self.blueprint.attack
        shared = {id(part): part for part in (built, built.goal_function, built.transformation)}
        method = copy.deepcopy(built.search_method, shared)
        if hasattr(method, "unk_token"):
            method.unk_token = UNKNOWN
        goal = EngineGoal(space, ask)
        textattack.Attack(goal, [ValidProgram(), *self.blueprint.constraints], built.transformation, method)
        method(goal.original)


class EngineGoal(textattack.goal_functions.UntargetedClassification):
    """A goal function that has the engine ask the victim: no model, no cache, no budget of its own."""

    def __init__(self, space: Space, ask: Ask) -> None:
        self._ask = ask
        self.model = None
        self.use_cache = False
        self.maximizable = False
        self.query_budget = math.inf
        self.num_queries = 0
        self.ground_truth_output = None
        self.initial_attacked_text = ProgramText(space)
        self.original = self._result(self.initial_attacked_text, space.original_score, False)

    def get_results(self, attacked_text_list: Sequence[Any], check_skip: bool = False) -> tuple[list[Any], bool]:
        """A result for each text; what is no program is never sent, and is worth as much as the original."""
        start = self.initial_attacked_text
        programs = [start.like(text) for text in attacked_text_list]
        candidates = [None if program is None else program.candidate for program in programs]
        sent = [candidate for candidate in candidates if candidate is not None]
        values, achieved = self._ask(sent) if sent else ((), ())
        self.num_queries += len(sent)
        scored = zip(values, achieved, strict=True)
        results = [
            self._result(text, self.original.score, achieved=False)
            if candidate is None
            else self._result(text, *next(scored))
            for text, candidate in zip(attacked_text_list, candidates, strict=True)
        ]
        return results, False

    def _result(self, text: Any, score: float, achieved: bool) -> Any:
        status = _Status.SUCCEEDED if achieved else _Status.SEARCHING
        return self._goal_function_result_type()(text, None, None, status, float(score), self.num_queries, None)
