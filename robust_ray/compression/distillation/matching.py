"""What a student is to share with its teacher beside the answers."""

from __future__ import annotations

from dataclasses import dataclass

from robust_ray.core.errors import SweepError


@dataclass(frozen=True, kw_only=True)
class Matching:
    """Hidden states and attention that are to be like the teacher's, layer by layer, token by token.

    The student must read the same tokens as its teacher and have the same stacks of layers, of whatever width.

    Source: Jiao et al., "TinyBERT", Findings of EMNLP 2020, https://arxiv.org/abs/1909.10351: states, through a learned
        projection that is thrown away. Wang et al., "MiniLMv2", Findings of ACL 2021, https://arxiv.org/abs/2012.15828:
        relations between queries, between keys and between values, which need no equal number of heads.
    Deviations: every layer is matched on fine-tuning data, in the same training as the answers. TinyBERT also matches
        embeddings, and projects even where widths are equal; MiniLMv2 matches one layer.
    """

    hidden: float = 1.0
    """Weight of the mean squared difference of states; 0 for none."""

    attention: float = 0.0
    """Weight of the divergence of relations within each self-attention, in nats; 0 for none."""

    layers: tuple[int, ...] | None = None
    """For each layer of the student the teacher's that it is like, counted from 0, the same in every stack; null for as
    far apart as can be, the last like the last."""

    def __post_init__(self) -> None:
        for name in ("hidden", "attention"):
            if getattr(self, name) < 0:
                raise SweepError(f"`{name} >= 0` must hold, but got {getattr(self, name)}; 0 is for none")
        if self.hidden == self.attention == 0:
            raise SweepError("a matching must give `hidden` or `attention` a weight, but gives neither one; omit it")
        if self.layers is not None and min(self.layers, default=-1) < 0:
            raise SweepError(f"`layers` must be numbers of layers from 0 on, but got {list(self.layers)}; correct them")

    def misfit(self, ours: int, theirs: int) -> str | None:
        """What is wrong if not each of a student's layers is like one of its teacher's."""
        if self.layers is None and ours > theirs:
            return (
                f"to be matched, a student must have no more layers than its teacher, but has {ours} for {theirs}; "
                "give it fewer, or name `layers`"
            )
        if self.layers is not None and (len(self.layers) != ours or max(self.layers) >= theirs):
            return (
                f"`matching.layers` must name a layer of the teacher's {theirs} for each of the student's {ours}, but "
                f"got {list(self.layers)}; correct them"
            )
        return None
