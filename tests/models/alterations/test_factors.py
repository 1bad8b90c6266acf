"""A layer in two factors computes what its product does, in every network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
import torch

from robust_ray.models import students
from robust_ray.models.alterations.factors import FactoredLinear
from robust_ray.models.alterations.slicing import is_linear, outputs_first
from robust_ray.models.students import Network
from tests.models.alterations import networks
from tests.models.alterations.networks import NETWORKS

pytestmark = pytest.mark.torch


def layers(network: Network) -> list[str]:
    """Linear layers that are in a stack of layers."""
    return [name for name, part in network.module.named_modules() if is_linear(part) and ".0." in name]


@pytest.mark.parametrize("name", NETWORKS)
def test_whole_rank_changes_nothing_and_is_found_again(
    shrunk_folder: Callable[[str], Path], name: str, tmp_path: Path
) -> None:
    network = networks.load(name, shrunk_folder(name.partition(" ")[0]))
    wanted = networks.outputs(network)
    weights = {place: outputs_first(network.module.get_submodule(place)).detach().clone() for place in layers(network)}
    assert weights
    ranks = {place: min(weight.shape) for place, weight in weights.items()}
    altered = students.alter(network, {"type": "low_rank", "ranks": ranks})
    for place, weight in weights.items():
        up, down = (
            (weight, torch.eye(weight.shape[1]))
            if weight.shape[1] == ranks[place]
            else (torch.eye(len(weight)), weight)
        )
        cast(FactoredLinear, altered.module.get_submodule(place)).set(up, down)
    found = networks.outputs(altered)
    torch.testing.assert_close(found, wanted, rtol=0.0, atol=1e-5)
    students.save(altered, tmp_path / "student")
    again = students.load(tmp_path / "student")
    assert torch.equal(networks.outputs(again), found)
    assert networks.texts(again) == networks.texts(altered)
