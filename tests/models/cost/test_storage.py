"""Numbers are counted as numbers, bytes as bytes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

pytestmark = pytest.mark.torch


def test_packed_numbers_count_as_numbers() -> None:
    import torch
    from torch import Tensor, nn

    from robust_ray.models.cost import loaded_bytes, weights

    class Halves(nn.Module):
        """Two numbers a byte, unpacked when they are first asked for."""

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("packed", torch.tensor([0x10, 0x32], dtype=torch.uint8))
            self.register_buffer("scale", torch.ones(1))
            self.kept: Tensor | None = None

        def stored_numbers(self) -> Sequence[Tensor]:
            packed = self.get_buffer("packed")
            return [torch.stack([packed & 15, packed >> 4])]

    halves = Halves()
    module = nn.Sequential(halves, nn.Linear(1, 1, bias=False), halves)
    assert sum(tensor.numel() for tensor in weights(module)) == 4 + 1
    assert sum(int((tensor != 0).sum()) for tensor in weights(halves)) == 3
    assert loaded_bytes(module) == 2 + 4 + 4
    halves.kept = torch.zeros(4)
    assert loaded_bytes(module) == 2 + 4 + 4 + 16


def test_what_is_made_anew_on_loading_is_not_stored() -> None:
    import torch
    from torch import nn

    from robust_ray.models.cost import loaded_bytes, weights

    module = nn.Module()
    module.register_buffer("positions", torch.arange(8), persistent=False)
    assert list(weights(module)) == []
    assert loaded_bytes(module) == 0
