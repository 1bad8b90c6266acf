"""Weights kept in few bits and made whole on the fly: smaller, on any device, and no faster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from robust_ray.models.alterations.base import alteration
from robust_ray.models.alterations.linear_layers import Make, replace_linear, token_tables
from robust_ray.models.alterations.number_formats import NumberFormat, Rounds, format_of
from robust_ray.models.alterations.precise_attention import attend_precisely


@alteration("stored_weights", inference_only=True)
def stored_weights(module: nn.Module, description: Mapping[str, Any]) -> nn.Module:
    """Every linear layer with its weights in another number format.

    Description: the number format of the ``weights``, that of the ``activations`` (null for the network's own), and
    whether the ``embeddings`` of tokens are kept so, too, with the output layer that shares their weights.
    """
    replace_linear(module, stored_linear(description))
    if description["embeddings"]:
        weights, activations = _formats(description)
        tables: dict[int, StoredTable] = {}
        for name, part in list(token_tables(module)):
            if id(part.weight) not in tables:
                tables[id(part.weight)] = StoredTable(part.weight, weights)
            table, is_table = tables[id(part.weight)], isinstance(part, nn.Embedding)
            stored = StoredEmbedding(part, table) if is_table else StoredLinear(part, table, activations)
            module.set_submodule(name, stored)
    if description["activations"] is not None:
        attend_precisely(module)
    return module


def stored_linear(description: Mapping[str, Any]) -> Make:
    """What makes a layer of the same description."""
    weights, activations = _formats(description)
    return lambda name, linear: StoredLinear(linear, StoredTable(linear.weight, weights), activations)


class StoredTable(nn.Module):
    """A table of numbers in another format."""

    def __init__(self, numbers: Tensor, kept_as: NumberFormat) -> None:
        super().__init__()
        self._format, self._width, self._dtype = kept_as, numbers.shape[1], numbers.dtype
        for name, part in kept_as.encode(numbers.detach().float()).items():
            self.register_buffer(name, part)

    def forward(self, rows: Tensor | None = None) -> Tensor:
        """The numbers whole, ``(rows, width)``: those of all rows, or of these."""
        parts = dict(self.named_buffers())
        if rows is not None:
            parts = {name: part.index_select(0, rows) for name, part in parts.items()}
        return self._format.decode(parts, self._width).to(self._dtype)

    def stored_numbers(self) -> list[Tensor]:
        """The table whole."""
        return [self()]


class StoredLinear(nn.Module):
    """A linear layer whose weights are made whole for every product.

    Where it rounds its inputs, it multiplies in float64: what the next layer is to round must not depend, not even in
    its last bit, on how many rows are multiplied at once.

    The weights are a module, not a tensor: T5 hands its layers the number format of tensors that they call so.
    """

    bias: Tensor | None
    """``(out,)``, as it was."""

    def __init__(self, linear: nn.Linear, table: StoredTable, activations: Rounds | None) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.weight = table
        self.register_buffer("bias", None if linear.bias is None else linear.bias.detach().clone())
        self._activations = activations

    def forward(self, inputs: Tensor) -> Tensor:
        """``(…, in)`` → ``(…, out)``."""
        weights = self.whole()
        if not self.rounds_inputs:
            return functional.linear(inputs, weights, self.bias)
        bias = None if self.bias is None else self.bias.double()
        return functional.linear(self.seen(inputs).double(), weights.double(), bias).to(weights.dtype)

    @property
    def rounds_inputs(self) -> bool:
        """Whether what it is given is rounded."""
        return self._activations is not None

    def seen(self, inputs: Tensor) -> Tensor:
        """``(…, in)``: the inputs as they are multiplied, each row rounded by itself."""
        if self._activations is None:
            return inputs
        return self._activations.round(inputs.float()).to(inputs.dtype)

    def whole(self) -> Tensor:
        """``(out, in)`` weights, as they are multiplied."""
        weights: Tensor = self.weight()
        return weights

    def stored_numbers(self) -> list[Tensor]:
        """The bias; the weights are the table's."""
        return [] if self.bias is None else [self.bias]


class StoredEmbedding(nn.Module):
    """A table of embeddings of which only the rows that are looked up are made whole."""

    def __init__(self, table: Any, stored: StoredTable) -> None:
        super().__init__()
        self.stored = stored
        self.padding_idx = table.padding_idx
        self._factor = float(getattr(table, "embed_scale", 1.0))  # BART's and PLBART's multiply what they look up

    @property
    def weight(self) -> Tensor:
        """The table whole, for who uses it otherwise."""
        numbers: Tensor = self.stored()
        return numbers

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - what the table that was here calls it
        """``(…)`` token ids → ``(…, width)``."""
        rows: Tensor = self.stored(input.flatten())
        return rows.view(*input.shape, -1) * self._factor


def _formats(description: Mapping[str, Any]) -> tuple[NumberFormat, Rounds | None]:
    activations = description["activations"]
    return format_of(description["weights"]), None if activations is None else format_of(activations)
