"""A classifier, a reader of pairs and a writer of every family, untrained, and what they answer."""

from __future__ import annotations

import copy
import functools
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from robust_ray.core.examples import Example
from robust_ray.models import CodeModel, GraphCodeBERT, HuggingFace
from robust_ray.models.alterations.anatomy import Block
from robust_ray.models.alterations.slicing import outputs_first
from robust_ray.models.reading.encoding import Rows, encode
from robust_ray.models.reading.forward import collate
from robust_ray.models.students import Network
from robust_ray.models.writing import Generation
from robust_ray.models.writing.write import write
from robust_ray.models.writing.writers import Writer
from tests.fakes import asks

FAMILIES = ("codebert", "starencoder", "graphcodebert", "codegpt", "qwen2_5_coder", "plbart", "codet5")
"""Kinds of :mod:`tests.shrunk`: RoBERTa, BERT, RoBERTa with a data flow, GPT-2, Qwen2, PLBART, T5."""

NETWORKS = (
    *FAMILIES,
    *(f"{kind} pairs" for kind in FAMILIES),
    *(f"{kind} writes" for kind in FAMILIES[:2] + FAMILIES[3:]),
)

PROGRAMS = ("def f(a):\n    return open(a)", "int g;\n" * 10, "x = a + b * c\nwhile x: x -= 1")


def load(name: str, folder: Path) -> Network:
    """A network in :data:`NETWORKS` from the folder of its kind: a new one, the same each time."""
    made = _made(name, folder)
    return replace(made, module=copy.deepcopy(made.module))


def examples(network: Network, n: int = 3) -> list[Example]:
    """What it can read."""
    is_pair, is_writer = network.architecture.get("segments") == 2, network.generation is not None
    texts = [f"{PROGRAMS[i % 3]}\n# {i}" for i in range(n + 1)]
    segments = [(texts[i], texts[i + 1]) if is_pair else (texts[i],) for i in range(n)]
    reference = "opens a file" if is_writer else None
    return [
        Example(uid=str(i), segments=pair, label=i % 2 * (not is_writer), language="python", reference=reference)
        for i, pair in enumerate(segments)
    ]


def outputs(network: Network) -> Tensor:
    """Logits for a batch; a writer's are those of a given text."""
    rows = _rows(network)
    tensors = collate(network, rows, "cpu")
    if network.generation is not None:
        tensors["written"] = torch.tensor([[*cast(Writer, network.module).start, 5, 6, 7, 8]] * len(rows))
    with torch.inference_mode():
        logits: Tensor = network.module.eval()(**tensors).logits
    return logits


def texts(network: Network) -> list[str]:
    """What a writer writes; nothing for a classifier."""
    if network.generation is None:
        return []
    with torch.inference_mode():
        return write(network, _rows(network), "cpu", network.generation)


def taken(block: Block) -> Tensor:
    """``(outputs, units, width)``: what each unit's numbers are multiplied by, to be changed in place."""
    weights = outputs_first(block.taker).detach()
    return weights.view(len(weights), block.units, -1)


def skip(layer: nn.Module, given: tuple[Any, ...], named: dict[str, Any], made: Any) -> Any:
    """As a hook of a layer: hand on the states it is given."""
    states = given[0] if given else named["hidden_states"]
    return (states, *made[1:]) if isinstance(made, tuple) else states


def _rows(network: Network) -> list[Rows]:
    encodings = encode(network, [example.segments for example in examples(network)])
    return [cast(Rows, encoding.ids) for encoding in encodings]


@functools.cache
def _made(name: str, folder: Path) -> Network:
    form = name.partition(" ")[2]
    question = asks(n_labels=0 if form == "writes" else 2, segments=2 if form == "pairs" else 1)
    model: CodeModel = HuggingFace(name=str(folder), generation=Generation(beams=2, max_new_tokens=6), pairs="siamese")
    if name.startswith("graphcodebert"):
        model = GraphCodeBERT(name=str(folder), hub_revision=None, code_length=64, data_flow_length=16)
    return model.load([], question, 0, folder)
