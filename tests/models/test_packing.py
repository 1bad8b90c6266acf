"""What is packed comes back to the bit, and is never larger."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.torch

DTYPES = ("float32", "float16", "bfloat16", "float64", "int8", "uint8", "int64", "bool", "float8_e4m3fn")


@given(
    dtype=st.sampled_from(DTYPES),
    shape=st.lists(st.integers(0, 40), max_size=3),
    density=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_tensors_come_back_to_the_bit(dtype: str, shape: list[int], density: float, seed: int) -> None:
    import torch

    from robust_ray.models.packing import pack, unpack

    rng = np.random.default_rng(seed)
    kind = getattr(torch, dtype)
    whole = torch.zeros(shape, dtype=kind)
    noise = rng.integers(0, 2 if dtype == "bool" else 256, size=(whole.numel(), whole.itemsize), dtype=np.uint8)
    noise[rng.random(whole.numel()) > density] = 0
    whole = torch.from_numpy(noise.reshape(-1)).view(kind).view(shape)
    again = unpack(pack({"whole": whole}))
    assert list(again) == ["whole"]
    assert again["whole"].dtype == kind
    assert again["whole"].shape == whole.shape
    assert torch.equal(again["whole"].flatten().view(torch.uint8), whole.flatten().view(torch.uint8))


def test_a_negative_zero_is_no_zero() -> None:
    import torch

    from robust_ray.models.packing import pack, unpack

    tensor = torch.zeros(1000)
    tensor[7] = -0.0
    packed = pack({"weight": tensor})
    assert packed["weight/values"].tolist() == [0.0]
    assert torch.signbit(unpack(packed)["weight"]).nonzero().tolist() == [[7]]


def test_the_place_of_an_element_is_one_bit() -> None:
    import torch

    from robust_ray.models.packing import pack

    tensor = torch.zeros(20, 50)
    tensor[0, 1] = 2.5
    packed = pack({"weight": tensor})
    assert set(packed) == {"weight/where", "weight/values", "weight/shape"}
    assert packed["weight/where"][0] == 0b01000000
    assert len(packed["weight/where"]) == 125
    assert packed["weight/shape"].tolist() == [20, 50]


@pytest.mark.parametrize("share", [0.0, 0.02, 0.05, 0.5, 1.0])
def test_a_file_is_as_small_as_the_smaller_form(share: float, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    from robust_ray.models.packing import pack

    tensor = torch.ones(100, 100)
    tensor.view(-1)[: round(share * tensor.numel())] = 0
    packed = pack({"weight": tensor})
    save_file({"weight": tensor}, tmp_path / "dense")
    save_file(packed, tmp_path / "packed")
    dense, smaller = ((tmp_path / name).stat().st_size for name in ("dense", "packed"))
    assert smaller <= dense
    assert ("weight" in packed) == (share <= 0.03125)  # where a bit for each element is all that zeros save


def test_a_small_tensor_is_left_as_it_is() -> None:
    import torch

    from robust_ray.models.packing import pack

    assert list(pack({"bias": torch.zeros(16)})) == ["bias"]
