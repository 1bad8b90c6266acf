"""Recovery: what compression has damaged is fine-tuned as the teacher was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from robust_ray.compression.base import Lesson
from robust_ray.core.errors import SweepError
from robust_ray.core.machine import Machine

if TYPE_CHECKING:
    from torch import Tensor, nn

    from robust_ray.models.students import Network
    from robust_ray.models.training.course import AfterStep


def recover(
    network: Network,
    lesson: Lesson,
    epochs: int,
    machine: Machine,
    workdir: Path,
    after_step: AfterStep | None = None,
) -> Network:
    """Fine-tune with the teacher's settings, without undoing a pruning: zeros of matrices stay zeros.

    Args:
        network: Where to start; its module is used up.
        lesson: What to learn from, and how.
        epochs: Passes over the training split at most; for 0 the network comes back as it is.
        machine: Where to train.
        workdir: Where progress is kept until the training is done.
        after_step: What to do after each step, before zeros are put back.

    Returns:
        The network of the best epoch, in evaluation mode on the CPU.

    Raises:
        DataError: a split is empty.
        ModelError: the network has no gradients, or its loss stopped being a number.
    """
    from robust_ray.models import training

    if epochs == 0:
        return network
    settings = replace(lesson.training, epochs=epochs)
    hold = Hold(zeros(network.module), after_step)
    return training.fine_tune(
        network, lesson.train, lesson.valid, settings, lesson.seed, machine, workdir, after_step=hold
    )


def need_epochs(recovery_epochs: int) -> None:
    """Refuse less than none.

    Raises:
        SweepError: it is less.
    """
    if recovery_epochs < 0:
        raise SweepError(f"`recovery_epochs >= 0` must hold, but got {recovery_epochs}; 0 is for no recovery")


@dataclass(frozen=True, eq=False)
class Hold:
    """After a step: puts what was zero back to zero."""

    zeros: dict[str, Tensor]
    """Where each parameter is zero, by its name; on whatever device it was last."""

    after_step: AfterStep | None = None
    """What is done before."""

    def __call__(self, module: nn.Module) -> None:
        """Change the module's parameters in place; the masks stay on its device for the next step."""
        if self.after_step is not None:
            self.after_step(module)
        for name, mask in self.zeros.items():
            parameter = module.get_parameter(name).detach()
            self.zeros[name] = mask.to(parameter.device)
            parameter.masked_fill_(self.zeros[name], 0.0)


def zeros(module: nn.Module) -> dict[str, Tensor]:
    """Where a module's matrices are zero, by name; those without a zero are left out."""
    matrices = {name: weight.detach() for name, weight in module.named_parameters() if weight.ndim > 1}
    return {name: mask for name, weight in matrices.items() if (mask := weight == 0).any()}
