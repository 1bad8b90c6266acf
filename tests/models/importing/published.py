"""Networks in the layouts that others publish, and what they answer in their own hands."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from robust_ray.core.arrays import FloatArray
from robust_ray.core.examples import Input, Question
from robust_ray.models import Imported
from robust_ray.models.students import Network
from tests import fakes

DEFECTS = Question(label_names=("safe", "vulnerable"), segments=1, language="c")
CLONES = Question(label_names=("different", "clone"), segments=2, language="java")
SMALLEST = {
    "vocab_size": 1000,
    "hidden_size": 96,
    "intermediate_size": 64,
    "num_attention_heads": 8,
    "num_hidden_layers": 12,
}
"""Compressor's 3 MB."""

CODE = (*fakes.C, *fakes.JAVA, "int\tÉ( )\r\n{ return\x0b'\u3000';\x1c}\n\n", "int x[] = {" + "1, " * 400 + "};", "")
PAIRS: list[Input] = [*itertools.pairwise(CODE), (CODE[0], CODE[0])]


class PublishedDefects(nn.Module):
    """The layout of Compressor's, AVATAR's and MORPH's networks for defects."""

    def __init__(self, config: Any) -> None:
        from transformers import RobertaForSequenceClassification

        super().__init__()
        self.encoder = RobertaForSequenceClassification(config)

    def forward(self, ids: Tensor) -> Tensor:
        """``(batch, length)`` → ``(batch, n_outputs)``."""
        found: Tensor = self.encoder(ids, attention_mask=ids.ne(1))[0]
        return found


class PublishedHead(nn.Module):
    """On two vectors, one behind the other."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.dense = nn.Linear(2 * hidden, hidden)
        self.out_proj = nn.Linear(hidden, 2)


class PublishedClones(nn.Module):
    """The same for clones."""

    def __init__(self, config: Any) -> None:
        from transformers import RobertaModel

        super().__init__()
        self.encoder = RobertaModel(config)
        self.classifier = PublishedHead(config.hidden_size)

    def forward(self, ids: Tensor) -> Tensor:
        """``(2 * pairs, length)`` → ``(pairs, 2)``."""
        firsts = self.encoder(ids, attention_mask=ids.ne(1))[0][:, 0]
        hidden = torch.tanh(self.classifier.dense(firsts.reshape(len(ids) // 2, -1)))
        found: Tensor = self.classifier.out_proj(hidden)
        return found


class Published(NamedTuple):
    """Files as somebody left them, and the network they were saved from."""

    imported: Imported
    module: nn.Module
    tokenizer: Any

    def answers(self, inputs: Sequence[Input], room: int = 398, around: tuple[int, int] | None = (0, 2)) -> FloatArray:
        """``(n, 2)`` logits by the published recipe."""
        rows = []
        for text in (segment for segments in inputs for segment in segments):
            ids = self.tokenizer.encode(" ".join(text.split())).ids[:room]
            ids = ids if around is None else [around[0], *ids, around[1]]
            rows.append(ids + [1] * (400 - len(ids)))
        with torch.no_grad():
            found: FloatArray = self.module(torch.tensor(rows)).double().numpy()
        return found


def load(imported: Imported, question: Question) -> Network:
    return imported.load((), question, 0, Path())
