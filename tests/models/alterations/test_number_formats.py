"""Number formats: packed as tightly as they say, read row by row, near what was kept."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from robust_ray.models.alterations.bits import pack, packed_bytes, unpack
from robust_ray.models.alterations.number_formats import Integers, format_of

pytestmark = pytest.mark.torch

FORMATS: dict[str, dict[str, Any]] = {
    **{f"{bits} bits": {"type": "integers", "bits": bits, "group_size": None} for bits in range(2, 9)},
    "groups": {"type": "integers", "bits": 4, "group_size": 16},
    "nf4": {"type": "nf4", "group_size": 16},
    "float8": {"type": "float8"},
}
FARTHEST = {"nf4": 0.152, "float8": 1 / 16}
"""Of the greatest magnitude, how far a number may be from what is kept of it; evenly spaced ones, half a step."""

BITS = {"groups": 4, "nf4": 4, "float8": 8} | {f"{bits} bits": bits for bits in range(2, 9)}


@given(st.integers(1, 8), st.integers(1, 70), st.integers(0, 2**31))
def test_bits_are_packed_one_behind_the_other(bits: int, count: int, seed: int) -> None:
    numbers = torch.randint(2**bits, (count,), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))
    packed = pack(numbers, bits)
    stream = "".join(format(byte, "08b")[::-1] for byte in packed.tolist())
    assert packed.shape == (packed_bytes(count, bits),)
    assert [int(stream[i * bits : (i + 1) * bits][::-1], 2) for i in range(count)] == numbers.tolist()
    assert torch.equal(unpack(packed, bits, count), numbers)


@pytest.mark.parametrize("name", FORMATS)
@given(rows=st.integers(1, 5), columns=st.integers(1, 50), seed=st.integers(0, 2**31))
def test_a_table_is_kept_in_so_many_bits(name: str, rows: int, columns: int, seed: int) -> None:
    kept_as = format_of(FORMATS[name])
    numbers = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))
    numbers[0, 0] = 0.0
    parts = kept_as.encode(numbers)
    whole = columns if BITS[name] == 8 and name == "float8" else columns + -columns % 8
    assert parts["codes"].dtype == torch.uint8
    assert parts["codes"].shape == (rows, whole * BITS[name] // 8)
    assert len({len(part) for part in parts.values()}) == 1
    found = kept_as.decode(parts, columns)
    assert found.shape == numbers.shape
    assert found[0, 0] == 0
    farthest = FARTHEST.get(name, 1 / (2 ** BITS[name] - 1))
    assert ((found - numbers).abs() <= numbers.abs().amax() * farthest * 1.001).all()
    rows_alone = [kept_as.decode({part: parts[part][[i]] for part in parts}, columns) for i in range(rows)]
    assert torch.equal(torch.cat(rows_alone), found)


def test_what_is_kept_is_kept_as_it_is() -> None:
    numbers = torch.randn(3, 40, generator=torch.Generator().manual_seed(0))
    for description in FORMATS.values():
        kept_as = format_of(description)
        once = kept_as.decode(kept_as.encode(numbers), 40)
        torch.testing.assert_close(kept_as.decode(kept_as.encode(once), 40), once)


def test_a_group_has_a_grid_of_its_own() -> None:
    numbers = torch.cat([torch.linspace(-1e3, 1e3, 16), torch.linspace(-1e-3, 1e-3, 16)])[None]
    fine = Integers(bits=4, group_size=16)
    assert ((fine.decode(fine.encode(numbers), 32) - numbers)[:, 16:].abs() <= 1e-4).all()
    coarse = Integers(bits=4, group_size=None)
    assert (coarse.decode(coarse.encode(numbers), 32)[:, 16:] == 0).all()


@pytest.mark.parametrize("description", [FORMATS["4 bits"], FORMATS["float8"]], ids=["integers", "float8"])
def test_activations_are_rounded_row_by_row(description: dict[str, Any]) -> None:
    rows = torch.randn(2, 3, 20, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 1e-3, 1e3])[:, None]
    rounded = format_of(description).round(rows)
    assert rounded.shape == rows.shape
    assert torch.equal(rounded[1, 2], format_of(description).round(rows[1, 2]))
    assert ((rounded - rows).abs() <= rows.abs().amax(-1, keepdim=True) / 7).all()
