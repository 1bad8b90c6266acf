"""BeamAttack: identifiers by the kind of statement they occur in, renamed by beam search.

Paper: Du et al., "An Extensive Study on Adversarial Attack against Pre-trained Models of Code", ESEC/FSE 2023,
    https://doi.org/10.1145/3611643.3616356.
Official code: https://github.com/CGCL-codes/Attack_PTMC.
Deviations:
    - Names come from ``substitutes``, best first; the paper offers what a masked language model proposes, ranked anew
      for every program by how little that model's output changes.
    - Where a name occurs is read from the syntax tree (:mod:`robust_ray.source.contexts`); the paper's lists are not
      published.
    - Kinds of statement follow one another by weight, which is what weights are for; released code has a fixed order.
    - No program is asked twice, the current one included, and in the end the best replacements are kept instead of the
      first that is no worse.
    - Candidates that would break the program (a keyword, a name in use, one name for two identifiers) are never sent.
    - In the last three points ``paper_mode: true`` does as released code does. Two of its slips are made in neither
      mode: in the end, a program that has changed is not changed again; for clone detection, the programs kept in one
      round are forgotten in the next.
    - The original is kept where too few programs improve on it; released code drops it after the first round if every
      identifier improved on it.
    - In the end the first name is tried before all others; released code ranks it like them.
    - Identifiers beyond the victim's window are not left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from robust_ray.attacks.base import ATTACKS, Attack, SingleAttack, Substitutes
from robust_ray.attacks.constraints import Valid
from robust_ray.attacks.published_renaming import RenameTokens
from robust_ray.attacks.searches.beam import Beam
from robust_ray.attacks.substitutes.corpus_embeddings import CorpusEmbeddings
from robust_ray.attacks.transformations import RenameIdentifiers
from robust_ray.core.checks import at_least_one
from robust_ray.core.errors import SweepError, did_you_mean
from robust_ray.source.contexts import Statement

PublishedTask = Literal["clone_detection", "defect_detection", "summarization"]

PUBLISHED: Mapping[PublishedTask, Mapping[str, float]] = {
    "clone_detection": {"for": 26.05, "try": 23.89, "if": 23.37, "method": 17.9, "throw": 13.39, "return": 11.26},
    "defect_detection": {"if": 21.07, "method": 19.81, "for": 18.4, "try": 15.24, "return": 10.6, "throw": 7.37},
    "summarization": {"method": 88.81, "for": 35.14, "if": 32.4, "try": 30.77, "return": 29.77, "throw": 27.12},
}
"""Weights of the released code, by task."""

BEAM_SIZES: Mapping[PublishedTask, int] = {"clone_detection": 2, "defect_detection": 3, "summarization": 5}
"""Programs the paper keeps, by task."""


@ATTACKS.register("beam_attack")
@dataclass(frozen=True, kw_only=True)
class BeamAttack(SingleAttack):
    """Rename identifiers by beam search, those in the most telling kinds of statement first."""

    paper: ClassVar[str] = "Du et al., ESEC/FSE 2023, https://doi.org/10.1145/3611643.3616356"

    beam_size: int | None = None
    """Programs kept; null for the paper's: 2 for pairs, 5 for summaries, else 3, as for vulnerability detection."""

    candidates: int = 30
    """Names tried for one identifier."""

    weights: PublishedTask | Mapping[str, float] | None = None
    """How much a victim leans on the identifiers of a kind of statement: the paper's weights for a task, or one's own
    for ``method``, ``return``, ``if``, ``throw``, ``try``, ``for`` and ``other``; a missing kind has the smallest. Null
    for the paper's: for pairs those for clones, for summaries theirs, else those for defects."""

    paper_mode: bool = False
    """Follow the released code, for comparison with published numbers.

    - The kinds of statement have a fixed order: ``method``, ``return``, ``if``, ``throw``, ``try``, ``for``, ``other``.
    - The current program is asked again before the names of each identifier, and a program is asked again when it is
      reached in another order.
    - In the end the first replacement that is no worse is taken, not the best.
    - Tokens are renamed by their spelling (:class:`robust_ray.attacks.published_renaming.RenameTokens`), and the attack
      stops at the first program that fools the victim, valid or not; where it is not, the verdict is ``INVALID``.
    """

    substitutes: Substitutes = field(default_factory=CorpusEmbeddings)
    """Where replacement names come from."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.beam_size is not None:
            at_least_one("beam_size", self.beam_size)
        at_least_one("candidates", self.candidates)
        if self.weights is None or isinstance(self.weights, str):
            return
        if not self.weights:
            raise SweepError("`weights` must name at least one kind of statement, but got none; give 'if: 1.0', say")
        known = [statement.value for statement in Statement]
        for kind, weight in self.weights.items():
            if kind not in known:
                hint = did_you_mean(kind, known)
                raise SweepError(f"`weights` must name kinds of statement, but got {kind!r}; {hint}")
            if weight <= 0.0:
                raise SweepError(f"`weights.{kind} > 0` must hold, but got {weight}; leave the kind out")

    def suited(self, segments: int, n_labels: int) -> BeamAttack:
        """See :meth:`SingleAttack.suited`."""
        task: PublishedTask = "clone_detection" if segments > 1 else "defect_detection"
        return self._as_for("summarization" if n_labels == 1 else task)

    def _as_for(self, task: PublishedTask) -> BeamAttack:
        """With the paper's numbers for a task, where none are given."""
        return replace(
            self,
            beam_size=BEAM_SIZES[task] if self.beam_size is None else self.beam_size,
            weights=task if self.weights is None else self.weights,
        )

    def build(self) -> Attack:
        """Beam search among the best names."""
        chosen = self._as_for("defect_detection")
        weights = PUBLISHED[chosen.weights] if isinstance(chosen.weights, str) else chosen.weights
        assert weights is not None
        assert chosen.beam_size is not None
        return Attack(
            goal=self.goal,
            transformation=RenameTokens() if self.paper_mode else RenameIdentifiers(),
            constraints=[Valid()],
            search=Beam(
                beam_size=chosen.beam_size,
                candidates=self.candidates,
                weights={Statement(kind): weight for kind, weight in weights.items()},
                paper_mode=self.paper_mode,
            ),
            query_budget=self.query_budget,
            stops_at_invalid=self.paper_mode,
        )
