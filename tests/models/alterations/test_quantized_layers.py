"""Quantized layers: near the linear layer they were made of, each row by itself, the same when loaded again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from robust_ray.core.errors import ModelError
from robust_ray.models import alterations, students
from robust_ray.models.alterations.integers import (
    Int8Product,
    adds_up_exactly,
    by_floats,
    by_kernel,
    integer_product,
)
from robust_ray.models.alterations.linear_layers import own_linear_layers
from robust_ray.models.alterations.rehearsing import QUANTIZED, RehearsedLinear
from robust_ray.models.alterations.stored import StoredEmbedding, StoredLinear
from robust_ray.models.checks.sanity import COMPANY, is_steady
from robust_ray.models.cost.storage import loaded_bytes, weights
from robust_ray.models.reading.encoding import Rows, encode, rows_of
from robust_ray.models.reading.forward import collate
from robust_ray.models.students import Network
from robust_ray.models.writing.writers import Writer
from tests.models.alterations import networks

pytestmark = pytest.mark.torch

Make = Callable[[str], Network]
Change = dict[str, Any]


def stored(weights: Change, activations: Change | None = None, *, embeddings: bool = False) -> Change:
    """A description of the alteration."""
    return {"type": "stored_weights", "weights": weights, "activations": activations, "embeddings": embeddings}


def integers(bits: int, group_size: int | None = None) -> Change:
    """A description of the format."""
    return {"type": "integers", "bits": bits, "group_size": group_size}


PER_TOKEN: Change = {"type": "int8_products", "ranges": {}}

CHANGES: dict[str, Change] = {
    "8 bits": stored(integers(8)),
    "4 bits in groups": stored(integers(4, 16)),
    "3 bits, activations": stored(integers(3), integers(8), embeddings=True),
    "nf4": stored({"type": "nf4", "group_size": 16}, embeddings=True),
    "float8": stored({"type": "float8"}, {"type": "float8"}),
    "int8 products": PER_TOKEN,
}

ROUNDING = ("3 bits, activations", "float8", "int8 products")
"""Those that round the inputs of layers."""


@pytest.fixture
def make(shrunk_folder: Callable[[str], Path]) -> Make:
    """Name of a network → the network, the same each time."""
    return lambda name: networks.load(name, shrunk_folder(name.partition(" ")[0]))


def layer_of(change: Change, linear: nn.Linear) -> Any:
    """The layer that an alteration puts in the place of a linear one."""
    return QUANTIZED[change["type"]](change)("0", linear)


@pytest.mark.parametrize("name", ["codebert pairs", "codegpt", "qwen2_5_coder writes", "plbart", "codet5 writes"])
def test_every_family_is_near_what_it_was_and_the_same_when_loaded(make: Make, name: str, tmp_path: Path) -> None:
    whole = networks.outputs(make(name))
    for kind, change in CHANGES.items():
        altered = students.alter(make(name), change)
        found = networks.outputs(altered)
        assert not torch.equal(found, whole)
        assert kind not in ("8 bits", "int8 products") or (found - whole).abs().mean() < 0.05 * whole.abs().max()
        students.save(altered, tmp_path / "student")
        again = students.load(tmp_path / "student")
        assert torch.equal(networks.outputs(again), found)
        assert networks.texts(again) == networks.texts(altered)
        assert again.inference_only
        assert not again.cpu_only
        assert again.batch_invariant


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("bias", [False, True])
def test_a_layer_answers_what_its_rounded_numbers_give(change: Change, bias: bool) -> None:
    torch.manual_seed(0)
    linear = nn.Linear(48, 7, bias=bias)
    layer, inputs = layer_of(change, linear), torch.randn(2, 5, 48)
    with torch.inference_mode():
        wanted = nn.functional.linear(layer.seen(inputs), layer.whole(), linear.bias)
        torch.testing.assert_close(layer(inputs), wanted)
        torch.testing.assert_close(layer(inputs), linear(inputs), rtol=0.0, atol=0.3)
    assert (layer.in_features, layer.out_features) == (48, 7)
    assert not list(layer.parameters())


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@given(st.integers(0, 2**31))
def test_a_row_does_not_see_its_neighbours(change: Change, seed: int) -> None:
    torch.manual_seed(seed)
    layer, inputs = layer_of(change, nn.Linear(40, 6)), torch.randn(5, 40) * torch.logspace(-3, 3, 5)[:, None]
    together = torch.stack([layer.seen(row[None])[0] for row in inputs])
    assert torch.equal(layer.seen(inputs), together)
    if change is PER_TOKEN:
        assert torch.equal(layer(inputs), torch.cat([layer(row[None]) for row in inputs]))


@pytest.mark.parametrize("name", [*networks.FAMILIES, "codebert writes", "codet5 writes"])
def test_an_answer_is_the_same_in_whatever_company(make: Make, name: str) -> None:
    def answer(network: Network, batch: list[Rows]) -> list[Tensor]:
        tensors = collate(network, batch, "cpu")
        if network.generation is not None:
            tensors["written"] = torch.tensor([[*cast(Writer, network.module).start, 5, 6, 7, 8]] * len(batch))
        with torch.inference_mode():
            return list(network.module.eval()(**tensors).logits)

    for kind in ROUNDING:
        network = students.alter(make(name), CHANGES[kind])
        rows = rows_of(encode(network, [(text,) for text in COMPANY]))
        together, alone = answer(network, rows), [answer(network, [row])[0] for row in rows]
        torch.testing.assert_close(together, alone, rtol=0.0, atol=1e-12)  # of what cancels out, float64 leaves a trace
        assert is_steady(network)


@given(st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(1, 20)), st.integers(0, 2**31))
def test_products_of_integers_are_exact_in_every_shape(shape: tuple[int, int, int], seed: int) -> None:
    rows, inner, columns = shape
    dice = torch.Generator().manual_seed(seed)
    left, right = (torch.randint(-127, 128, (n, inner), generator=dice) for n in (rows, columns))
    wanted, left, right = (left @ right.T).int(), left.to(torch.int8), right.to(torch.int8)
    for product in (integer_product, by_floats, partial(by_kernel, least_rows=24)):
        assert torch.equal(product(left, right), wanted)


def test_sums_of_the_largest_integers_do_not_overflow() -> None:
    left, right = (torch.full((2, 4096), sign * 127, dtype=torch.int8) for sign in (1, -1))
    assert (integer_product(left, right) == -127 * 127 * 4096).all()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert (by_floats(left, right) == -127 * 127 * 4096).all()


def test_a_kernel_that_is_missing_or_overflows_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    left, right = (torch.full((3, 64), sign * 127, dtype=torch.int8) for sign in (1, -1))
    for kernel in (_overflowing, _missing):
        adds_up_exactly.cache_clear()
        monkeypatch.setattr(torch, "_int_mm", kernel)
        assert not adds_up_exactly("cpu")
        assert (integer_product(left, right) == -127 * 127 * 64).all()
    adds_up_exactly.cache_clear()


def test_a_known_range_is_the_same_for_every_row() -> None:
    layer = Int8Product(nn.Linear(3, 2), reach=2.0)
    seen = layer.seen(torch.tensor([[0.5, 2.0, -9.0], [0.001, 0.0, 1.0]]))
    step = 2 / 127
    torch.testing.assert_close(seen, step * torch.tensor([[32.0, 127.0, -127.0], [0.0, 0.0, 64.0]]))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_transposed_layers_of_gpt2_are_linear_layers(change: Change) -> None:
    torch.manual_seed(0)
    layer, twin = Conv1D(7, 32), nn.Linear(32, 7)
    twin.load_state_dict({"weight": layer.weight.T, "bias": layer.bias})
    inputs = torch.randn(5, 4, 32)
    with torch.inference_mode():
        apply, change = alterations.find(change).apply, change | {"embeddings": False}
        ours, wanted = (apply(nn.Sequential(each), change) for each in (layer, twin))
        assert torch.equal(ours(inputs), wanted(inputs))


def test_an_output_layer_stays_with_the_embeddings_it_shares(make: Make, tmp_path: Path) -> None:
    for name in ("codet5 writes", "plbart writes", "codegpt writes"):
        whole = make(name)
        tables = {id(part.weight) for part in whole.module.modules() if isinstance(part, nn.Embedding)}
        linear = [layer for layer in whole.module.modules() if isinstance(layer, nn.Linear)]
        tied = [layer for layer in linear if id(layer.weight) in tables]
        assert tied
        assert not set(map(id, own_linear_layers(whole.module).values())) & set(map(id, tied))
        apart = students.alter(make(name), stored(integers(8)))
        both = students.alter(make(name), stored(integers(8), embeddings=True))
        assert any(type(part) is nn.Linear for part in apart.module.modules())
        assert not any(type(part) is nn.Linear for part in both.module.modules())
        numbers = sum(tensor.numel() for tensor in weights(whole.module))
        for network in (apart, both):
            assert sum(tensor.numel() for tensor in weights(network.module)) == numbers
        assert loaded_bytes(both.module) < loaded_bytes(apart.module) < loaded_bytes(whole.module)


def test_embeddings_are_looked_up_row_by_row(make: Make) -> None:
    for name in ("codebert", "plbart"):
        plain, altered = make(name), students.alter(make(name), stored(integers(8), embeddings=True))
        tables = {place: part for place, part in altered.module.named_modules() if isinstance(part, StoredEmbedding)}
        ids = torch.tensor([[5, 6], [5, 1]])
        for place, table in tables.items():
            twin: Any = plain.module.get_submodule(place)
            torch.testing.assert_close(table(ids), twin(ids), rtol=0.0, atol=1e-2)
            assert torch.equal(table.weight[5] * float(getattr(twin, "embed_scale", 1.0)), table(ids)[0, 0])
        assert tables


def test_the_size_is_that_of_the_bits(make: Make) -> None:
    whole = make("codebert")
    numbers = sum(layer.get_parameter("weight").numel() for layer in own_linear_layers(whole.module).values())
    rows = sum(len(layer.get_parameter("weight")) for layer in own_linear_layers(whole.module).values())
    for bits in range(2, 9):
        altered = students.alter(make("codebert"), stored(integers(bits)))
        saved = loaded_bytes(whole.module) - loaded_bytes(altered.module)
        assert saved == numbers * 4 - numbers * bits // 8 - rows * (4 + 1)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_zeros_are_counted_as_zeros(make: Make, change: Change) -> None:
    network = make("codebert")
    for layer in own_linear_layers(network.module).values():
        layer.get_parameter("weight").data[:, ::2] = 0.0
    held = sum(int(tensor.count_nonzero()) for tensor in weights(network.module))
    altered = students.alter(network, change | {"embeddings": False})
    assert sum(int(tensor.count_nonzero()) for tensor in weights(altered.module)) <= held


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_rehearsal_answers_as_the_quantized_layer_will_and_learns(change: Change) -> None:
    torch.manual_seed(0)
    linear, inputs = nn.Linear(32, 4), torch.randn(6, 32, requires_grad=True)
    wanted = layer_of(change, linear)(inputs.detach())
    module = alterations.rehearsal(nn.Sequential(linear), {"of": change})
    found = module(inputs)
    torch.testing.assert_close(found, wanted)
    found.sum().backward()
    layer = module.get_submodule("0")
    assert isinstance(layer, RehearsedLinear)
    seen = layer_of(change, linear).seen(inputs.detach())
    assert layer.weight.grad is not None
    torch.testing.assert_close(layer.weight.grad, seen.sum(0).expand(4, 32))
    assert inputs.grad is not None
    plain = alterations.end_rehearsal(module).get_submodule("0")
    assert type(plain) is nn.Linear
    assert plain.weight is linear.weight
    assert plain.bias is linear.bias


def test_a_rehearsal_is_stored_and_found_again(make: Make, tmp_path: Path) -> None:
    rehearsing = students.alter(make("codegpt pairs"), {"type": "rehearsal", "of": CHANGES["3 bits, activations"]})
    students.save(rehearsing, tmp_path / "student")
    again = students.load(tmp_path / "student")
    assert torch.equal(networks.outputs(again), networks.outputs(rehearsing))
    assert not again.inference_only


def test_what_has_no_linear_layers_is_refused(make: Make) -> None:
    once = students.alter(make("codebert"), PER_TOKEN)
    with pytest.raises(ModelError, match=r"must have linear layers, but \w+ has none as they were trained; quantize"):
        students.alter(once, CHANGES["8 bits"])


def test_layers_are_linear_ones_by_their_places(make: Make) -> None:
    kinds: dict[str, type] = {"8 bits": StoredLinear, "int8 products": Int8Product}
    for change, kind in kinds.items():
        altered = students.alter(make("codebert"), CHANGES[change]).module
        places = own_linear_layers(make("codebert").module)
        assert all(type(altered.get_submodule(place)) is kind for place in places)


def _overflowing(left: Tensor, right: Tensor) -> Tensor:
    return (left.float() @ right.float()).clamp(-(2**15), 2**15).int()


def _missing(left: Tensor, right: Tensor) -> Tensor:
    raise NotImplementedError
