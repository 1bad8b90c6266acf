"""Where a training stands, so that a killed one continues: one safetensors file, replaced whole after every epoch."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from robust_ray.core.examples import Example
from robust_ray.core.identity import digest
from robust_ray.models.students import Network
from robust_ray.models.training.criterion import Criterion


@dataclass(frozen=True)
class Progress:
    """What the epochs so far have come to."""

    epoch: int = 0
    """Epochs done."""

    stale: int = 0
    """Epochs since the best one."""

    score: float = -math.inf
    """Of the best epoch, on the validation split."""

    loss: float = math.inf
    """Of the best epoch, on the validation split."""

    def advance(self, score: float, loss: float) -> Progress:
        """An epoch later; it is the best one if its score is, or is as good at a lower loss."""
        if (score, -loss) > (self.score, -self.loss):
            return Progress(self.epoch + 1, 0, score, loss)
        return Progress(self.epoch + 1, self.stale + 1, self.score, self.loss)


def fingerprint(network: Network, splits: Sequence[Sequence[Example]], criterion: Criterion, *rest: object) -> str:
    """What a training is: two with the same fingerprint go the same way.

    Args:
        network: Where it starts.
        splits: Examples to learn from, and to be judged by.
        criterion: By what; known by how it represents itself.
        rest: Whatever else decides.
    """
    weights = hashlib.sha256()
    for name, tensor in network.module.state_dict().items():
        weights.update(name.encode())
        weights.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    uids = [[example.uid for example in split] for split in splits]
    reads = [network.max_length, network.preprocessing, network.data_flow, network.generation]
    return digest([weights.hexdigest(), reads, uids, repr(criterion), *rest])


def restore_best(module: nn.Module, folder: Path) -> None:
    """Give a module the weights of the best epoch of the training whose state lies in ``folder``."""
    with safe_open(_file(folder), framework="pt") as file:
        best = [name for name in file.keys() if name.startswith("best.")]  # noqa: SIM118 - not a mapping
        module.load_state_dict({name.removeprefix("best."): file.get_tensor(name) for name in best})


@dataclass
class TrainingState:
    """The weights, the best weights and the optimizer's moments of a training under way."""

    folder: Path
    identity: str
    """A state of another training is not resumed."""

    module: nn.Module
    optimizer: Any
    _best: dict[str, Tensor] = field(default_factory=dict)

    def resume(self) -> Progress:
        """Bring module and optimizer to where they were; the beginning where there is nothing to resume."""
        try:
            with safe_open(_file(self.folder), framework="pt") as file:
                metadata = file.metadata()
                if metadata["identity"] != self.identity:
                    return Progress()
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        except (FileNotFoundError, SafetensorError):
            return Progress()
        self.module.load_state_dict(_under("weights.", tensors))
        self._best = _under("best.", tensors)
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _under("optimizer.", tensors).items():
            index, moment = name.split(".")
            moments.setdefault(int(index), {})[moment] = tensor
        self.optimizer.load_state_dict({"state": moments, "param_groups": self.optimizer.state_dict()["param_groups"]})
        return Progress(**json.loads(metadata["progress"]))

    def keep(self, progress: Progress) -> None:
        """Write down where an epoch has led, and its weights as the best if they are."""
        if progress.stale == 0:
            self._best = self._weights()
        tensors = {f"weights.{name}": tensor for name, tensor in self._weights().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self._best.items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": moment.cpu() for name, moment in moments.items()}
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / "partial.safetensors"
        save_file(tensors, partial, metadata={"identity": self.identity, "progress": json.dumps(asdict(progress))})
        partial.replace(_file(self.folder))

    def _weights(self) -> dict[str, Tensor]:
        """Copies, so that tied weights may be stored and later steps do not reach them."""
        return {name: tensor.detach().cpu().clone() for name, tensor in self.module.state_dict().items()}


def _file(folder: Path) -> Path:
    return folder / "state.safetensors"


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
