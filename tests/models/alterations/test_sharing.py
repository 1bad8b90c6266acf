"""Shared weights compute as the same weights whole do, in every network, and stay shared in training."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from robust_ray.models import students
from robust_ray.models.alterations.sharing import Codebook, SharedLinear, can_share, holders, is_smaller
from robust_ray.models.students import Network
from tests.models.alterations import networks
from tests.models.alterations.networks import NETWORKS

pytestmark = pytest.mark.torch

ENTRIES = torch.tensor([-0.1, 0.0, 0.05, 0.2])


def drawn(shape: torch.Size) -> Tensor:
    """Places of entries, the same each time."""
    return torch.randint(0, len(ENTRIES), shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def share(network: Network) -> tuple[Network, list[str]]:
    """All weights that can be shared, in one altered network."""
    parts = [part for part in network.module.modules() if can_share(part)]
    names = holders(network.module, [part.get_parameter("weight") for part in parts])
    altered = students.alter(network, {"type": "shared_weights", "names": names, "clusters": len(ENTRIES)})
    for book in books(altered):
        book.set(ENTRIES, drawn(book.shape))
    return altered, names


def books(network: Network) -> list[Codebook]:
    return [part for part in network.module.modules() if isinstance(part, Codebook)]


@pytest.mark.parametrize("name", NETWORKS)
def test_it_computes_as_with_whole_weights_and_is_found_again(
    shrunk_folder: Callable[[str], Path], name: str, tmp_path: Path
) -> None:
    network = networks.load(name, shrunk_folder(name.partition(" ")[0]))
    whole = networks.load(name, shrunk_folder(name.partition(" ")[0]))
    altered, names = share(network)
    for place in names:
        weight = whole.module.get_submodule(place).get_parameter("weight")
        weight.data.copy_(ENTRIES[drawn(weight.shape).int()])
    found = networks.outputs(altered)
    torch.testing.assert_close(found, networks.outputs(whole), rtol=1e-5, atol=1e-5)
    students.save(altered, tmp_path / "student")
    again = students.load(tmp_path / "student")
    assert torch.equal(networks.outputs(again), found)
    assert networks.texts(again) == networks.texts(altered) == networks.texts(whole)
    assert len(books(again)) == len(books(altered)) <= len(names)


def test_tied_weights_have_one_codebook(shrunk_folder: Callable[[str], Path]) -> None:
    altered, names = share(networks.load("codet5 writes", shrunk_folder("codet5")))
    tied = ["network.shared", "network.encoder.embed_tokens", "network.decoder.embed_tokens", "network.lm_head"]
    assert set(tied) <= set(names)
    assert len({altered.module.get_submodule(f"{place}.codebook") for place in tied}) == 1


@pytest.mark.parametrize("layer", [nn.Linear(3, 4), Conv1D(4, 3)], ids=["linear", "Conv1D"])
def test_an_entry_learns_from_all_its_weights(layer: nn.Module) -> None:
    shape = layer.get_parameter("weight").shape
    inputs = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    book = Codebook(torch.zeros(shape), 4)
    book.set(ENTRIES, drawn(shape))
    shared = SharedLinear(layer, book)
    layer.get_parameter("weight").data = ENTRIES[drawn(shape).int()]
    for part in (shared, layer):
        part(inputs).square().sum().backward()
    gradient = layer.get_parameter("weight").grad
    assert gradient is not None
    wanted = [float(gradient[drawn(shape) == place].sum()) for place in range(4)]
    assert book.entries.grad is not None
    torch.testing.assert_close(book.entries.grad.flatten(), torch.tensor(wanted))


def test_a_gradient_of_many_weights_is_exact() -> None:
    book = Codebook(torch.zeros(1024, 1024), 2)
    book.set(torch.tensor([1.0, 2.0]), torch.ones(book.shape))
    gradient = torch.full(book.shape, 0.1)
    book().backward(gradient)
    assert book.entries.grad is not None
    assert book.entries.grad.tolist() == [[0.0], [float(gradient.double().sum())]]


def test_what_is_looked_up_is_never_old() -> None:
    book = Codebook(torch.zeros(2, 3), 4)
    book.set(ENTRIES, drawn(book.shape))
    with torch.no_grad():
        first = book()
        assert book() is first
        assert copy.deepcopy(book)() is not first
        book.train()
        book.entries.add_(1.0)
        book.eval()
        torch.testing.assert_close(book(), first + 1)
        torch.testing.assert_close(book.double()(), (first + 1).double())
        book.load_state_dict(Codebook(torch.zeros(2, 3), 4).state_dict())
        assert not book().any()
    assert book().requires_grad


def test_bytes_decide_what_is_smaller() -> None:
    assert is_smaller(torch.zeros(4, 4), 4)
    assert not is_smaller(torch.zeros(4, 4), 16)
    assert not is_smaller(torch.zeros(4, 4, dtype=torch.bfloat16), 14)
