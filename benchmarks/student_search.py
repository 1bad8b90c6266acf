"""Are the searches for a student worth their name? Each against random search of the same budget, and as published.

Run: ``python benchmarks/student_search.py`` (no data, no GPU; a quarter of an hour on one core), or with ``--only
compressor avatar morph`` for some, and ``--seeds N`` for fewer. Needs ``pip install 'robust-ray[distillers]'``.

Compressor: the fitness that each search comes to, for 3, 25 and 50 MB, beside that of the published student. A search
breeds ten populations of 100 generations, as the released code does. *one* says how many single populations came to
the published fitness, *all ten* how many whole searches did, and *after* in which generation one did, in the median.

AVATAR and MORPH: the hypervolume of the front that each search returns, where sizes and operations are the papers'
formulas and accuracy and flips those of a made-up student (see :func:`accuracy` and :func:`flips`). Losses are in the
papers' units; the volume is that up to ``WORST``. *Wins* are the seeds with more volume than the search in the next
column. MORPH's front in paper mode is its last population, 50 points, so it is also held against the best 50 of random
search, chosen as MORPH chooses who lives on.

Numbers are medians over the seeds with 95 % bootstrap intervals.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from robust_ray.compression.search import (
    Front,
    archive,
    avatar_losses,
    evolution,
    genetic,
    morph_losses,
    random,
)
from robust_ray.compression.student_space import (
    AVATAR,
    COMPRESSOR,
    COMPRESSOR_3MB,
    COMPRESSOR_25MB,
    COMPRESSOR_50MB,
    MORPH,
    StudentSpace,
)
from robust_ray.core.arrays import FloatArray
from robust_ray.metrics import bootstrap_interval

TARGETS = {3.0: COMPRESSOR_3MB, 25.0: COMPRESSOR_25MB, 50.0: COMPRESSOR_50MB}
WORST = {"avatar": (3.0, 0.5, 2.0), "morph": (12.0, 500.0, 4.0, 0.5)}
"""What is still of interest: megabytes (for AVATAR: off 3), and in the order of the losses."""

Search = Callable[[np.random.Generator], Front]


def accuracy(space: StudentSpace, genes: FloatArray) -> FloatArray:
    """``(n,)``: more with capacity, in megabytes and layers; less off a learning rate, a tokenizer, or with dropout."""
    megabytes = np.array([space.size_mb(space.student(point)) for point in genes])
    capacity = (1 - np.exp(-np.sqrt(megabytes / 2))) * (1 - np.exp(-_gene(space, genes, "layers") / 3))
    rate = 1 - 0.1 * (_gene(space, genes, "learning_rate") - 2) ** 2
    tokens = 1 - 0.05 * np.abs(_gene(space, genes, "tokenizer") - 1.5)
    dropout = 1 - 0.2 * _gene(space, genes, "hidden_dropout")
    return np.asarray(0.5 + 0.45 * capacity * rate * tokens * dropout, dtype=np.float64)


def flips(space: StudentSpace, genes: FloatArray) -> FloatArray:
    """``(n,)`` whole numbers: fewer with dropout, and with a vocabulary that knows more names."""
    names = np.exp(-_gene(space, genes, "vocabulary") / 8000)
    dropout = (1 - 0.5 * _gene(space, genes, "hidden_dropout")) * (1 - 0.3 * _gene(space, genes, "attention_dropout"))
    return np.rint(400 * (0.2 + names) * dropout * (1 + 0.02 * _gene(space, genes, "layers")))


def _gene(space: StudentSpace, genes: FloatArray, field: str) -> FloatArray:
    column: FloatArray = genes[:, space.index(field)]
    return column


def compressor(seeds: int) -> None:
    """Print how fit the students are that are found, in both modes, and at random."""
    space = COMPRESSOR.clones
    print(
        f"\n{'MB':>4}  {'search':10} {'fitness':24} {'published':>10} {'one':>9} {'all ten':>8} {'after':>6} {'s':>6}"
    )
    for target, students in TARGETS.items():
        published = students.clones
        goal = space.flops(published) / 1e9 - abs(target - space.size_mb(published))
        for name, paper_mode in (("default", False), ("paper", True)):
            start = time.perf_counter()
            found = [
                genetic.search(space, target, np.random.default_rng(seed), paper_mode=paper_mode)
                for seed in range(seeds)
            ]
            reached = np.concatenate([each.history for each in found]) >= goal
            after = f"{np.median(reached.argmax(axis=1)[reached.any(axis=1)]) + 1:.0f}" if reached.any() else "never"
            fitness = np.array([each.fitness for each in found])
            print(
                f"{target:4.0f}  {name:10} {interval(fitness):24} {goal:10.3f} "
                f"{reached.any(axis=1).sum():4d}/{len(reached)} {(fitness >= goal).sum():5d}/{seeds} {after:>6} "
                f"{(time.perf_counter() - start) / seeds:6.1f}",
                flush=True,
            )
        drawn = [best_at_random(space, target, np.random.default_rng(seed)) for seed in range(seeds)]
        print(
            f"{target:4.0f}  {'random':10} {interval(drawn):24} {goal:10.3f} {'':>9} "
            f"{sum(fitness >= goal for fitness in drawn):5d}/{seeds}",
            flush=True,
        )


def best_at_random(space: StudentSpace, target_mb: float, rng: np.random.Generator, budget: int = 50_500) -> float:
    """The best fitness of as many points as a search looks at."""
    return max(genetic.fitness(space, space.sample(rng), target_mb) for _ in range(budget))


def fronts(name: str, searches: dict[str, Search], rivals: Sequence[tuple[str, str]], seeds: int) -> None:
    """Print the volume of the fronts, and how often a search beats its rival."""
    from pymoo.indicators.hv import HV

    volume_of = HV(ref_point=np.array(WORST[name]))
    volumes: dict[str, FloatArray] = {}
    print(f"\n{name:10} {'hypervolume':34} {'points':>6} {'s':>6}  {'wins':>5}  against")
    for label, search in searches.items():
        start = time.perf_counter()
        found = [search(np.random.default_rng(seed)) for seed in range(seeds)]
        seconds = (time.perf_counter() - start) / seeds
        volumes[label] = np.array([volume_of(front.losses) for front in found])
        points = np.median([len(front.genes) for front in found])
        beaten = "  ".join(
            f"{(volumes[label] > volumes[rival]).sum():2d}/{seeds}  {rival}" for each, rival in rivals if each == label
        )
        print(f"{label:10} {interval(volumes[label]):34} {points:6.0f} {seconds:6.1f}  {beaten}", flush=True)


def avatar(seeds: int) -> None:
    """The archive, at 20 points and 50 iterations, which are 1,020 looks."""
    space = AVATAR.defects
    losses = avatar_losses(space, 3.0, partial(accuracy, space))
    searches: dict[str, Search] = {
        "random": partial(random.search, space, losses, 1020),
        "default": partial(archive.search, space, losses),
        "paper": partial(archive.search, space, losses, paper_mode=True),
    }
    fronts("avatar", searches, [("default", "random"), ("paper", "random")], seeds)


def morph(seeds: int) -> None:
    """AGE-MOEA, at 50 points and 100 generations, which are 5,000 looks."""
    space = MORPH.defects
    losses = morph_losses(space, partial(accuracy, space), partial(flips, space))
    searches: dict[str, Search] = {
        "random": partial(random.search, space, losses, 5000),
        "random 50": lambda rng: best_of(random.search(space, losses, 5000, rng), 50),
        "default": partial(evolution.search, space, losses),
        "paper": partial(evolution.search, space, losses, paper_mode=True),
    }
    fronts("morph", searches, [("default", "random"), ("paper", "random"), ("paper", "random 50")], seeds)


def best_of(front: Front, n: int) -> Front:
    """The points of a front that AGE-MOEA would let live on."""
    from pymoo.algorithms.moo.age import AGEMOEASurvival
    from pymoo.core.population import Population
    from pymoo.core.problem import Problem

    problem = Problem(n_var=front.genes.shape[1], n_obj=front.losses.shape[1])
    kept = AGEMOEASurvival().do(problem, Population.new("X", front.genes, "F", front.losses), n_survive=n)
    return Front(genes=kept.get("X"), losses=kept.get("F"))


def interval(values: Sequence[float] | FloatArray) -> str:
    """A median and how sure it is."""
    ends = bootstrap_interval(values, lambda rows: float(np.median(rows)), np.random.default_rng(0))
    assert ends is not None
    return f"{np.median(values):.3f} [{ends[0]:.3f}, {ends[1]:.3f}]"


SEARCHES: dict[str, Callable[[int], None]] = {"compressor": compressor, "avatar": avatar, "morph": morph}


def main() -> None:
    """Read the arguments, and print a table for each search."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=SEARCHES, default=list(SEARCHES))
    parser.add_argument("--seeds", type=int, default=20, help="of each search (default: 20)")
    arguments = parser.parse_args()
    for name in arguments.only:
        SEARCHES[name](arguments.seeds)


if __name__ == "__main__":
    main()
