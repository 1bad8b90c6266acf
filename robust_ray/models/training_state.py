"""Where a training stands, so that a killed one continues: one safetensors file, replaced whole after every epoch."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from robust_ray.core.identity import digest
from robust_ray.models.base import Training


@dataclass(frozen=True)
class Progress:
    """What the epochs so far have come to."""

    epoch: int = 0
    """Epochs done."""

    stale: int = 0
    """Epochs since the best one."""

    accuracy: float = -1.0
    """Of the best epoch, on the validation split."""

    loss: float = 0.0
    """Of the best epoch, on the validation split."""


def fingerprint(module: nn.Module, uids: Sequence[str], training: Training, seed: int) -> str:
    """What a training is: two with the same fingerprint go the same way."""
    weights = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        weights.update(name.encode())
        weights.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest({"weights": weights.hexdigest(), "uids": list(uids), "training": training, "seed": seed})


@dataclass
class TrainingState:
    """The weights, the best weights and the optimizer's moments of a training under way."""

    folder: Path
    identity: str
    """A state of another training is not resumed."""

    module: nn.Module
    optimizer: Any
    _best: dict[str, Tensor] = field(default_factory=dict)

    def advance(self, progress: Progress, accuracy: float, loss: float) -> Progress:
        """Count an epoch, keep its weights if it is the best, and write everything down."""
        better = (accuracy, -loss) > (progress.accuracy, -progress.loss)
        if better:
            self._best = self._weights()
            progress = Progress(progress.epoch + 1, 0, accuracy, loss)
        else:
            progress = Progress(progress.epoch + 1, progress.stale + 1, progress.accuracy, progress.loss)
        self._write(progress)
        return progress

    def resume(self) -> Progress | None:
        """Bring module and optimizer to where they were; None where there is nothing to resume."""
        try:
            with safe_open(self._file, framework="pt") as file:
                metadata = file.metadata()
                if metadata["identity"] != self.identity:
                    return None
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        except (FileNotFoundError, SafetensorError):
            return None
        self.module.load_state_dict(_under("weights.", tensors))
        self._best = _under("best.", tensors)
        moments: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _under("optimizer.", tensors).items():
            index, moment = name.split(".")
            moments.setdefault(int(index), {})[moment] = tensor
        self.optimizer.load_state_dict({"state": moments, "param_groups": self.optimizer.state_dict()["param_groups"]})
        return Progress(**json.loads(metadata["progress"]))

    def restore_best(self) -> None:
        """Give the module the weights of its best epoch."""
        self.module.load_state_dict(self._best)

    def remove(self) -> None:
        """Forget the training: it is done."""
        shutil.rmtree(self.folder)

    @property
    def _file(self) -> Path:
        return self.folder / "state.safetensors"

    def _weights(self) -> dict[str, Tensor]:
        """Copies, so that tied weights may be stored and later steps do not reach them."""
        return {name: tensor.detach().cpu().clone() for name, tensor in self.module.state_dict().items()}

    def _write(self, progress: Progress) -> None:
        tensors = {f"weights.{name}": tensor for name, tensor in self._weights().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in self._best.items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": moment.cpu() for name, moment in moments.items()}
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / "partial.safetensors"
        save_file(tensors, partial, metadata={"identity": self.identity, "progress": json.dumps(asdict(progress))})
        partial.replace(self._file)


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
