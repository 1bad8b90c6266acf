"""Goals: how near an answer is to fooling the victim, and when it has."""

from __future__ import annotations

from dataclasses import dataclass

from robust_ray.core.victim import BoolArray, FloatArray


@dataclass(frozen=True)
class Untargeted:
    """Any class but the true one."""

    def score(self, probabilities: FloatArray, label: int) -> FloatArray:
        """``(n, n_labels)`` → ``(n,)``: what probability the true class has lost, ``1 - p(label)``."""
        scores: FloatArray = 1.0 - probabilities[:, label]
        return scores

    def achieved(self, probabilities: FloatArray, label: int) -> BoolArray:
        """``(n, n_labels)`` → ``(n,)``: whether another class is predicted."""
        reached: BoolArray = probabilities.argmax(axis=1) != label
        return reached


@dataclass(frozen=True)
class Targeted:
    """One chosen class, whatever the true one is."""

    label: int
    """The class to be predicted."""

    def score(self, probabilities: FloatArray, label: int) -> FloatArray:
        """``(n, n_labels)`` → ``(n,)``: the probability of the chosen class."""
        scores: FloatArray = probabilities[:, self.label]
        return scores

    def achieved(self, probabilities: FloatArray, label: int) -> BoolArray:
        """``(n, n_labels)`` → ``(n,)``: whether the chosen class is predicted."""
        reached: BoolArray = probabilities.argmax(axis=1) == self.label
        return reached
