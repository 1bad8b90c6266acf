"""Pruning in rounds, after each of which the network may recover."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from robust_ray.compression.base import Compression
from robust_ray.compression.recovery import need_epochs
from robust_ray.core.checks import at_least_one
from robust_ray.core.errors import SweepError

if TYPE_CHECKING:
    from robust_ray.models.students import Network

    Once = Callable[[Network, float], Network]
    """Network, and the share of the way that is to be gone after a round, in (0, 1] → the network after it."""


@dataclass(frozen=True, kw_only=True)
class GradualPruning(Compression):
    """Judge, prune, recover; again if asked to."""

    rounds: int = 1
    """Times that the network is judged, pruned and recovers; with more than one, most goes early (cubic schedule)."""

    recovery_epochs: int = 0
    """Epochs of fine-tuning after each round, pruned weights held at zero; 0 for none."""

    def __post_init__(self) -> None:
        need_epochs(self.recovery_epochs)
        at_least_one("rounds", self.rounds)
        if self.rounds > 1 and not self.recovery_epochs and not self.judges_anew:
            raise SweepError(
                f"`recovery_epochs >= 1` must hold with several `rounds`, but got 0 with {self.rounds}: each would "
                "judge as the one before; omit `rounds`"
            )

    @property
    def judges_anew(self) -> bool:
        """Whether what is left may be judged otherwise after a round, although it has not recovered."""
        return True

    def _in_rounds(self, network: Network, once: Once, workdir: Path) -> None:
        """Leave in ``workdir`` what the rounds make of a network; after a kill, whole rounds are not done again."""
        from robust_ray.models import students

        between = workdir / "rounds"
        done = max((int(folder.name) for folder in between.glob("[0-9]*")), default=0)
        if done:
            network = replace(students.load(between / str(done)), is_steady=network.is_steady)
        for number, share in list(enumerate(progress(self.rounds), start=1))[done:]:
            network = once(network, share)
            if number < self.rounds:
                students.save(network, between / "partial")
                (between / "partial").rename(between / str(number))
                shutil.rmtree(between / str(number - 1), ignore_errors=True)
        students.save(network, workdir)
        if self.rounds > 1:
            (between / str(self.rounds - 1)).rename(between / "partial")  # a kill from here on leaves no half round
            shutil.rmtree(between)

    def _need_sparsity(self, sparsity: float) -> None:
        """Refuse a share that leaves everything, or nothing."""
        if not 0 < sparsity < 1:
            raise SweepError(f"`0 < sparsity < 1` must hold, but got {sparsity}; type 'none' is for no pruning")


def progress(rounds: int) -> list[float]:
    """What share of the way is gone after each of several rounds: most of it early, while there is much to choose from.

    Source: Zhu, Gupta, "To Prune, or Not to Prune", 2017, section 3: a cubic schedule.
    """
    return [1 - (1 - done / rounds) ** 3 for done in range(1, rounds + 1)]
