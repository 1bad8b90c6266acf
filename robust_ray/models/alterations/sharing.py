"""Weights that are a few numbers over and over: a codebook, and for each weight its place in it, in few bits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers.pytorch_utils import Conv1D

from robust_ray.models.alterations.base import alteration
from robust_ray.models.alterations.bits import bits_for, pack, packed_bytes, unpack
from robust_ray.models.alterations.slicing import is_linear, outputs_first

SCALE = "embed_scale"
"""What tables of BART and PLBART multiply by what they look up."""


@alteration("shared_weights")
def shared_weights(module: nn.Module, description: Mapping[str, Any]) -> nn.Module:
    """Layers and tables of embeddings with shared weights, which :meth:`Codebook.set` or a checkpoint gives them.

    Description: ``names`` of the modules, and the ``clusters`` of each one's codebook. Modules that have their weights
    in common have their codebook in common.
    """
    codebooks: dict[Tensor, Codebook] = {}
    for name in description["names"]:
        part = module.get_submodule(name)
        weight = part.get_parameter("weight")
        if weight not in codebooks:
            codebooks[weight] = Codebook(weight.detach(), description["clusters"])
        kind = SharedEmbedding if isinstance(part, nn.Embedding) else SharedLinear
        module.set_submodule(name, kind(part, codebooks[weight]))
    return module


def can_share(part: nn.Module) -> bool:
    """Whether a module is one whose place this can take: a linear layer, or a table of embeddings and no more."""
    return is_linear(part) or type(part) is nn.Embedding or hasattr(part, SCALE)


def is_smaller(weight: Tensor, clusters: int) -> bool:
    """Whether a matrix takes fewer bytes as a codebook and places."""
    places, entries = packed_bytes(weight.numel(), bits_for(clusters)), clusters * weight.itemsize
    return places + entries < weight.numel() * weight.itemsize


def holders(module: nn.Module, weights: Iterable[Tensor]) -> list[str]:
    """The names of all modules that have one of these weights: several, where it is tied."""
    wanted = set(weights)
    parts = module.named_modules(remove_duplicate=False)
    return [name for name, part in parts if can_share(part) and part.get_parameter("weight") in wanted]


class LookUp(torch.autograd.Function):
    """``(clusters, 1)`` entries and ``(n,)`` uint8 places → ``(n,)`` numbers.

    An entry's gradient is the sum of those of all its places. Torch's own ways to add so many to so few take twenty
    times as long, or on several threads give another sum each time.
    """

    @staticmethod
    def forward(ctx: Any, entries: Tensor, places: Tensor) -> Tensor:
        """See the class."""
        ctx.save_for_backward(places)
        ctx.clusters, ctx.dtype = len(entries), entries.dtype
        return entries.flatten().index_select(0, places.int())

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """``(n,)`` → ``(clusters, 1)``, added up in float64."""
        (places,) = ctx.saved_tensors
        sums = torch.bincount(places, gradient.double(), minlength=ctx.clusters)
        return sums[:, None].to(ctx.dtype), None


class Codebook(nn.Module):
    """A matrix of few different numbers. The numbers can be trained; where each of them stands cannot.

    Looked up once, a matrix stays in memory whole, so what is smaller is the file, and nothing is faster or slower.
    """

    entries: nn.Parameter
    """``(clusters, 1)``: a matrix too, so that a training holds a zero in it and lets its weights decay as any."""

    places: Tensor
    """``(packed_bytes,)`` uint8: the entry of each weight, row by row."""

    def __init__(self, like: Tensor, clusters: int) -> None:
        super().__init__()
        self.shape = like.shape
        self.bits = bits_for(clusters)
        self.entries = nn.Parameter(like.new_zeros(clusters, 1))
        self.register_buffer("places", torch.zeros(packed_bytes(like.numel(), self.bits), dtype=torch.uint8))
        self._whole: Tensor | None = None

    def set(self, entries: Tensor, places: Tensor) -> None:
        """Take ``(clusters,)`` numbers and, in the shape of the weights, the place of each."""
        self.entries = nn.Parameter(entries[:, None].clone())
        self.places = pack(places, self.bits)
        self._whole = None

    def forward(self) -> Tensor:
        """The weights whole; in evaluation, where they do not change, those of the last time."""
        if torch.is_grad_enabled():
            return self._looked_up()
        if self._whole is None:
            self._whole = self._looked_up()
        return self._whole

    def stored_numbers(self) -> Sequence[Tensor]:
        """The weights whole."""
        return [self._looked_up().detach()]

    def train(self, mode: bool = True) -> Codebook:
        """See :meth:`torch.nn.Module.train`."""
        self._whole = None
        return super().train(mode)

    def _looked_up(self) -> Tensor:
        places = unpack(self.places, self.bits, math.prod(self.shape))
        looked_up: Tensor = LookUp.apply(self.entries, places)  # type: ignore[no-untyped-call]  # torch's own
        return looked_up.view(self.shape)

    def _apply(self, *args: Any, **kwargs: Any) -> Codebook:
        self._whole = None
        return cast(Codebook, super()._apply(*args, **kwargs))  # type: ignore[no-untyped-call]  # torch's own

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        self._whole = None

    def __getstate__(self) -> dict[str, Any]:
        """Copies look their own weights up."""
        return self.__dict__ | {"_whole": None}


class SharedLinear(nn.Module):
    """A linear layer with the weights of a codebook."""

    def __init__(self, layer: Any, codebook: Codebook) -> None:
        super().__init__()
        self.out_features, self.in_features = outputs_first(layer).shape
        self.codebook = codebook
        self.bias = layer.bias
        self._is_transposed = isinstance(layer, Conv1D)

    @property
    def weight(self) -> Tensor:
        """The weights whole, as the layer had them."""
        weights: Tensor = self.codebook()
        return weights

    def stored_numbers(self) -> Sequence[Tensor]:
        """The bias; the weights are the codebook's."""
        return [] if self.bias is None else [self.bias]

    def forward(self, inputs: Tensor) -> Tensor:
        """``(…, inputs)`` → ``(…, outputs)``."""
        return functional.linear(inputs, self.weight.T if self._is_transposed else self.weight, self.bias)


class SharedEmbedding(nn.Module):
    """A table of embeddings with the numbers of a codebook."""

    def __init__(self, table: Any, codebook: Codebook) -> None:
        super().__init__()
        self.codebook = codebook
        self.padding_idx = table.padding_idx
        self._scale = float(getattr(table, SCALE, 1.0))

    @property
    def weight(self) -> Tensor:
        """The numbers whole."""
        numbers: Tensor = self.codebook()
        return numbers

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - what the table that was here calls it
        """``(…)`` token ids → ``(…, width)``."""
        return functional.embedding(input, self.weight, self.padding_idx) * self._scale
