"""The checkpoint: what a teacher or a student is in memory and on disk.

On disk: ``architecture.json``, ``model.safetensors`` (tensors of many zeros as :mod:`robust_ray.models.packing` has
them) and the tokenizer's own files. Nothing in it is ever unpickled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoTokenizer

from robust_ray.core.errors import CorruptedError, ModelError
from robust_ray.core.machine import Machine
from robust_ray.core.victim import Precision
from robust_ray.models import alterations, trust
from robust_ray.models.base import reason
from robust_ray.models.data_flow.rows import DataFlowWindow
from robust_ray.models.networks.architectures import Architecture, build_module
from robust_ray.models.packing import pack, unpack
from robust_ray.models.writing import Generation

if TYPE_CHECKING:
    from robust_ray.models.victim import NetworkVictim

PairEncoding = Literal["joint", "siamese"]

Preprocessing = Literal["as_is", "one_line"]

WEIGHTS = "model.safetensors"
DESCRIPTION = "architecture.json"


@dataclass(frozen=True, kw_only=True)
class Network:
    """A classifier, or a writer of summaries, with its tokenizer."""

    module: nn.Module
    """Weights and code; see :mod:`robust_ray.models.networks.architectures` for what it takes and returns."""

    tokenizer: Any
    """A tokenizer of transformers."""

    n_labels: int
    """Classes; 1 for a writer, whose answer is one score."""

    max_length: int
    """Tokens of one row at most, specials included: a segment, or a pair that is read jointly."""

    pair_encoding: PairEncoding
    """``joint``: segments in one row, one after the other; ``siamese``: a row each."""

    architecture: Architecture
    """What :func:`build_module` makes the module from, before any alteration."""

    alterations: tuple[Mapping[str, Any], ...] = ()
    """Structural changes since, in order."""

    generation: Generation | None = None
    """How a writer writes; None for a classifier."""

    preprocessing: Preprocessing = "as_is"
    """What is done to code before it is tokenized; ``one_line``: every run of white space becomes one blank."""

    is_steady: bool = True
    """Whether an answer was found, when it was saved, to be independent of its batch neighbours."""

    data_flow: DataFlowWindow | None = None
    """How the data flow is read beside the code; None for a network that reads code alone."""

    @property
    def batch_invariant(self) -> bool:
        """Whether an answer is independent of its batch neighbours."""
        return self.is_steady and all(alterations.find(description).batch_invariant for description in self.alterations)

    @property
    def inference_only(self) -> bool:
        """Whether it can no longer be trained."""
        return any(alterations.find(description).inference_only for description in self.alterations)

    @property
    def cpu_only(self) -> bool:
        """Whether it cannot be moved to a GPU."""
        return any(alterations.find(description).cpu_only for description in self.alterations)


def alter(network: Network, description: Mapping[str, Any]) -> Network:
    """The network after one structural change; the module of the argument is used up.

    Raises:
        ModelError: there is no such alteration.
    """
    module = alterations.find(description).apply(network.module, description)
    return replace(network, module=module, alterations=(*network.alterations, description))


def save(network: Network, folder: Path) -> None:
    """Write a checkpoint that :func:`load` makes the same network of, to the bit."""
    from robust_ray.models.checks.sanity import golden_ids, is_steady

    folder.mkdir(parents=True, exist_ok=True)
    tensors, aliases = _without_twins(network.module.state_dict())
    save_file(pack(tensors), folder / WEIGHTS, metadata={"format": "pt"})
    network.tokenizer.save_pretrained(folder)
    description = {
        "architecture": network.architecture,
        "alterations": list(network.alterations),
        "aliases": aliases,
        "n_labels": network.n_labels,
        "max_length": network.max_length,
        "pair_encoding": network.pair_encoding,
        "generation": None if network.generation is None else asdict(network.generation),
        "preprocessing": network.preprocessing,
        "is_steady": network.batch_invariant and is_steady(network),
        "golden_ids": golden_ids(network.tokenizer),
        "data_flow": None if network.data_flow is None else asdict(network.data_flow),
    }
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=2, sort_keys=True) + "\n")


def load(folder: Path, device: str = "cpu") -> Network:
    """Read a checkpoint; the module is in evaluation mode.

    Raises:
        ModelError: the folder is not a checkpoint, its tokenizer is not what it was, or it would run code of its own
            where :mod:`robust_ray.models.trust` does not let it.
        CorruptedError: it is one, but its files are damaged.
    """
    from robust_ray.models.checks.sanity import golden_ids

    for name in (DESCRIPTION, WEIGHTS):
        if not (folder / name).is_file():
            raise ModelError(f"{folder}: a checkpoint must hold {name!r}, but it is missing; make it anew")
    try:
        description = json.loads((folder / DESCRIPTION).read_text())
        architecture = description["architecture"]
        trusted = architecture.get("trust_remote_code", False)
        trust.check(trusted, str(folder))
        network = Network(
            module=build_module(architecture),
            tokenizer=AutoTokenizer.from_pretrained(folder, trust_remote_code=trusted),
            n_labels=description["n_labels"],
            max_length=description["max_length"],
            pair_encoding=description["pair_encoding"],
            architecture=architecture,
            generation=None if (fields := description["generation"]) is None else Generation(**fields),
            preprocessing=description["preprocessing"],
            is_steady=description["is_steady"],
            data_flow=None if (fields := description["data_flow"]) is None else DataFlowWindow(**fields),
        )
        for change in description["alterations"]:
            network = alter(network, change)
        tensors = unpack(load_file(folder / WEIGHTS))
        twins = {alias: tensors[name] for alias, name in description["aliases"].items()}
        network.module.load_state_dict(tensors | twins)
    except (ValueError, KeyError, TypeError, OSError, RuntimeError, SafetensorError) as error:
        said = reason(error)
        raise CorruptedError(f"{folder}: a checkpoint must be readable, but got {said!r}; make it anew") from error
    if golden_ids(network.tokenizer) != description["golden_ids"]:
        raise ModelError(
            f"{folder}: the tokenizer must read a text as it did when the checkpoint was made, but gives other tokens; "
            "install the versions of transformers and tokenizers it was made with, or make it anew"
        )
    network.module.to(device).eval()
    return network


def load_victim(folder: Path, machine: Machine, precision: Precision = "float32") -> NetworkVictim:
    """The network of a checkpoint, ready to answer on this machine (on its CPU where the network knows no other)."""
    from robust_ray.models.victim import TransformerVictim
    from robust_ray.models.writing.victim import ScoredSummaries

    network = load(folder)
    device = "cpu" if network.cpu_only else machine.device
    network.module.to(device)
    kind = TransformerVictim if network.generation is None else ScoredSummaries
    return kind(network=network, device=device, threads=machine.threads, precision=precision)


def _without_twins(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tied weights once, and the other names they go by."""
    tensors: dict[str, Tensor] = {}
    aliases: dict[str, str] = {}
    names: dict[tuple[int, tuple[int, ...]], str] = {}
    for name, tensor in state.items():
        first = names.setdefault((tensor.data_ptr(), tuple(tensor.shape)), name)
        if first == name:
            tensors[name] = tensor.detach().cpu().contiguous()
        else:
            aliases[name] = first
    return tensors, aliases
