"""Weight sharing: a tensor's weights become a few numbers, each of them many times."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from robust_ray.compression.base import COMPRESSIONS, Compression, Lesson, Trace
from robust_ray.compression.recovery import need_epochs, recover
from robust_ray.compression.scope import Scope
from robust_ray.compression.teacher import as_trained
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.machine import Machine

if TYPE_CHECKING:
    from torch import nn

LARGEST = 256
"""Clusters of a tensor at most: places in a codebook are stored in a byte, or less."""


@COMPRESSIONS.register("weight_sharing")
@dataclass(frozen=True, kw_only=True)
class WeightSharing(Compression):
    """Cluster the weights of each tensor, store a codebook and each weight's place in it, let the codebook recover.

    Source: Han, Mao, Dally, 2016, section 3: k-means for each tensor, begun evenly between the least and the largest
        weight; then the entries are trained by the sum of their weights' gradients. Zeros of an earlier pruning are an
        entry of their own, and stay.

    The student computes with whole matrices, as its teacher does: it is smaller, not faster.
    """

    paper: ClassVar[str] = "Han, Mao, Dally, ICLR 2016, https://arxiv.org/abs/1510.00149"

    leaves: ClassVar[frozenset[Trace]] = frozenset({"codebooks"})
    bears: ClassVar[frozenset[Trace]] = frozenset({"zeros", "factors"})

    clusters: int = 16
    """Different numbers in a tensor, 2 to 256: of 16, a weight takes 4 bits."""

    scope: Scope = "linear"
    """``attention``: queries, keys, values; ``linear``: every linear layer; ``all``: embeddings too. Never the head."""

    recovery_epochs: int = 0
    """Epochs of fine-tuning of the codebooks, and of all that is not shared; 0 for none."""

    def __post_init__(self) -> None:
        if not 2 <= self.clusters <= LARGEST:
            raise SweepError(f"`2 <= clusters <= {LARGEST}` must hold, but got {self.clusters}; 16 makes 4 bits")
        need_epochs(self.recovery_epochs)

    def compress(self, teacher: Path, lesson: Lesson, workdir: Path, machine: Machine) -> None:
        """See :meth:`Compression.compress`.

        Raises:
            ModelError: the network has been quantized, or none of its tensors would become smaller.
        """
        from robust_ray.compression._sharing_math import codebook, places
        from robust_ray.models import students
        from robust_ray.models.alterations.sharing import Codebook, holders

        network = as_trained(teacher, self.type, "use one of the two")
        weights = self._weights(network.module)
        if not weights:
            raise ModelError(
                f"compression 'weight_sharing': a tensor in scope {self.scope!r} must become smaller, but with "
                f"{self.clusters} clusters none of a {type(network.module).__name__} would; ask for fewer"
            )
        names = holders(network.module, weights.values())
        network = students.alter(network, {"type": "shared_weights", "names": names, "clusters": self.clusters})
        for name, weight in weights.items():
            book = network.module.get_submodule(f"{name}.codebook")
            assert isinstance(book, Codebook)
            entries = codebook(weight.detach(), self.clusters)
            book.set(entries, places(weight.detach(), entries))
        students.save(recover(network, lesson, self.recovery_epochs, machine, workdir), workdir)

    def _weights(self, module: nn.Module) -> dict[str, nn.Parameter]:
        """Those that are to be shared, by the name of the first module that has them."""
        from robust_ray.compression._layers import layers_in
        from robust_ray.models.alterations.sharing import can_share, is_smaller

        weights = {
            name: layer.get_parameter("weight")
            for name, layer in layers_in(self.scope, module).items()
            if can_share(layer)
        }
        return {name: weight for name, weight in weights.items() if is_smaller(weight, self.clusters)}
