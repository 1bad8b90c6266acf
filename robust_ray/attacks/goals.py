"""Goals: how near an answer is to fooling the victim, and when it has."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from robust_ray.core.arrays import BoolArray, FloatArray
from robust_ray.core.component import Component, Registry
from robust_ray.core.errors import SweepError


@dataclass(frozen=True, kw_only=True)
class Goal(Component):
    """What an attack wants of the victim."""

    def require(self, n_labels: int) -> None:
        """Refuse a victim with so many classes.

        Raises:
            SweepError: the goal makes no sense for it.
        """

    @abstractmethod
    def applies(self, probabilities: FloatArray, label: int) -> BoolArray:
        """``(n, n_labels)`` → ``(n,)``: whether the victim is right, so that there is something to win."""

    @abstractmethod
    def score(self, probabilities: FloatArray, label: int) -> FloatArray:
        """``(n, n_labels)`` probabilities → ``(n,)`` scores from 0 to 1, larger is nearer."""

    @abstractmethod
    def achieved(self, probabilities: FloatArray, label: int) -> BoolArray:
        """``(n, n_labels)`` → ``(n,)``."""


GOALS: Registry[Goal] = Registry("goal", Goal)


@GOALS.register("untargeted")
@dataclass(frozen=True, kw_only=True)
class Untargeted(Goal):
    """Any class but the true one; of a victim that writes summaries, one that shares nothing with the reference.

    Source: for summaries, Du et al., "An Extensive Study on Adversarial Attack against Pre-trained Models of Code",
        ESEC/FSE 2023: see :class:`BleuBelow`.
    """

    def applies(self, probabilities: FloatArray, label: int) -> BoolArray:
        """``(n, n_labels)`` → ``(n,)``: whether the true class is predicted, or the summary is not lost yet."""
        return ~self.achieved(probabilities, label)

    def score(self, probabilities: FloatArray, label: int) -> FloatArray:
        """``(n, n_labels)`` → ``(n,)``: what probability the true class (or what BLEU) has lost, ``1 - p(label)``."""
        scores: FloatArray = 1.0 - probabilities[:, label]
        return scores

    def achieved(self, probabilities: FloatArray, label: int) -> BoolArray:
        """``(n, n_labels)`` → ``(n,)``: whether another class is predicted, or nothing of the reference is left."""
        if probabilities.shape[1] == 1:
            return BleuBelow().achieved(probabilities, label)
        reached: BoolArray = probabilities.argmax(axis=1) != label
        return reached


@GOALS.register("targeted")
@dataclass(frozen=True, kw_only=True)
class Targeted(Goal):
    """One chosen class; examples of that class are left out."""

    label: int
    """The class to be predicted."""

    def __post_init__(self) -> None:
        if self.label < 0:
            raise SweepError(f"goal targeted: `label >= 0` must hold, but got {self.label}; name a class by its number")

    def require(self, n_labels: int) -> None:
        """The class exists.

        Raises:
            SweepError: it does not, or the victim writes texts.
        """
        if n_labels == 1:
            raise SweepError("goal targeted: the victim must know classes, but it writes texts; use untargeted")
        if self.label >= n_labels:
            raise SweepError(
                f"goal targeted: `label < {n_labels}` must hold for this victim, but got {self.label}; "
                "name one of its classes"
            )

    def applies(self, probabilities: FloatArray, label: int) -> BoolArray:
        """``(n, n_labels)`` → ``(n,)``: whether the true class is predicted."""
        right: BoolArray = probabilities.argmax(axis=1) == label
        return right

    def score(self, probabilities: FloatArray, label: int) -> FloatArray:
        """``(n, n_labels)`` → ``(n,)``: the probability of the chosen class."""
        scores: FloatArray = probabilities[:, self.label]
        return scores

    def achieved(self, probabilities: FloatArray, label: int) -> BoolArray:
        """``(n, n_labels)`` → ``(n,)``: whether the chosen class is predicted."""
        reached: BoolArray = probabilities.argmax(axis=1) == self.label
        return reached


@GOALS.register("bleu_below")
@dataclass(frozen=True, kw_only=True)
class BleuBelow(Goal):
    """A summary that shares little or nothing with the reference, as its BLEU says.

    For victims that summarize (:class:`robust_ray.models.writing.victim.ScoredSummaries`): their one "probability" is
    the BLEU of their summary.

    Source: Du et al., "An Extensive Study on Adversarial Attack against Pre-trained Models of Code", ESEC/FSE 2023:
        success is a BLEU of 0.00 percent, examples that have it from the start are left out.
    """

    paper: ClassVar[str] = "Du et al., ESEC/FSE 2023, https://doi.org/10.1145/3611643.3616356"

    threshold: float = 0.00005
    """Largest BLEU, in [0, 1], that counts as lost; the default is what rounds to 0.00 percent."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.threshold < 1.0:
            raise SweepError(f"goal bleu_below: `0 <= threshold < 1` must hold, but got {self.threshold}; lower it")

    def require(self, n_labels: int) -> None:
        """A victim that summarizes.

        Raises:
            SweepError: it classifies.
        """
        if n_labels != 1:
            raise SweepError(
                f"goal bleu_below: the victim must write summaries, but got one with {n_labels} classes; use untargeted"
            )

    def applies(self, probabilities: FloatArray, label: int) -> BoolArray:
        """``(n, 1)`` → ``(n,)``: whether the summary is not lost yet."""
        return ~self.achieved(probabilities, label)

    def score(self, probabilities: FloatArray, label: int) -> FloatArray:
        """``(n, 1)`` → ``(n,)``: ``1 - BLEU``."""
        scores: FloatArray = 1.0 - probabilities[:, 0]
        return scores

    def achieved(self, probabilities: FloatArray, label: int) -> BoolArray:
        """``(n, 1)`` → ``(n,)``: whether the BLEU is at most the threshold."""
        reached: BoolArray = probabilities[:, 0] <= self.threshold
        return reached
