"""MORPH's search: AGE-MOEA, an evolutionary algorithm for many objectives that learns how the front is curved.

Source: Panichella, "Metamorphic-Based Many-Objective Distillation of LLMs for Code-related Tasks" (MORPH), ICSE 2025;
Panichella, "An adaptive evolutionary algorithm based on non-Euclidean geometry for many-objective optimization", GECCO
2019, https://doi.org/10.1145/3321707.3321839, as in pymoo.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from robust_ray.compression.search import design, repair
from robust_ray.compression.search.front import Front, Losses, need_pairs
from robust_ray.compression.student_space import StudentSpace
from robust_ray.core.arrays import FloatArray
from robust_ray.core.checks import at_least_one

CROSSED = 0.9
"""Share of pairs of parents that have children together."""

ETA = 30.0
"""How near to their parents children and mutants are."""

PAPER_ETA = 15.0
"""The released code's for children."""


def search(
    space: StudentSpace,
    losses: Losses,
    rng: np.random.Generator,
    *,
    population: int = 50,
    generations: int = 100,
    paper_mode: bool = False,
) -> Front:
    """Breed a population; asks for ``population * generations`` losses at most.

    Args:
        space: To search.
        losses: What points cost.
        rng: Randomness.
        population: Points that live at a time.
        generations: The first population included.
        paper_mode: Follow the released code: the front is that of the last population, children lie farther from their
            parents than the paper says, and both dropouts are one, the hidden one. By default, the front is that of
            all points that were ever asked for.

    Raises:
        SweepError: a count is below one.
    """
    from pymoo.algorithms.moo.age import AGEMOEA
    from pymoo.operators.crossover.sbx import SBX
    from pymoo.operators.mutation.pm import PM
    from pymoo.optimize import minimize

    need_pairs(population)
    at_least_one("generations", generations)
    known: dict[tuple[float, ...], FloatArray] = {}

    def cost(genes: FloatArray) -> FloatArray:
        new = [point for point in map(tuple, genes) if point not in known]
        if new:
            points = np.array(new)
            known.update(zip(new, losses(_one_dropout(space, points) if paper_mode else points), strict=True))
        return np.array([known[point] for point in map(tuple, genes)])

    first = design.latin_hypercube(space, population, rng)
    algorithm = AGEMOEA(
        pop_size=population,
        sampling=first,
        crossover=SBX(prob=CROSSED, eta=PAPER_ETA if paper_mode else ETA),
        mutation=PM(prob=1.0, prob_var=1 / len(space.axes), eta=ETA),
        repair=_repair(space),
    )
    problem = _problem(space, cost, n_losses=cost(first).shape[1])
    last = minimize(problem, algorithm, ("n_gen", generations), seed=int(rng.integers(2**31))).pop
    if paper_mode:
        return Front.of(_one_dropout(space, last.get("X")), last.get("F"))
    return Front.of(np.array(list(known)), np.array(list(known.values())))


def _problem(space: StudentSpace, cost: Losses, n_losses: int) -> Any:
    """The space as pymoo wants it."""
    from pymoo.core.problem import Problem

    class Students(Problem):  # type: ignore[misc]
        def _evaluate(self, genes: FloatArray, out: dict[str, Any], *_: Any, **__: Any) -> None:
            out["F"] = cost(genes)

    return Students(n_var=len(space.axes), n_obj=n_losses, xl=space.lower, xu=space.upper)


def _repair(space: StudentSpace) -> Any:
    """Points between those of the grid become students, as pymoo wants it."""
    from pymoo.core.repair import Repair

    class ToStudents(Repair):  # type: ignore[misc]
        def _do(self, problem: object, genes: FloatArray, **_: Any) -> FloatArray:
            return np.array([repair.nearest(space, space.snap(point)) for point in genes])

    return ToStudents()


def _one_dropout(space: StudentSpace, genes: FloatArray) -> FloatArray:
    """The released code writes the gene of one dropout over that of the other."""
    fields = [axis.field for axis in space.axes]
    if "hidden_dropout" not in fields or "attention_dropout" not in fields:
        return genes
    written = np.array(genes)
    written[:, fields.index("attention_dropout")] = written[:, fields.index("hidden_dropout")]
    return written
