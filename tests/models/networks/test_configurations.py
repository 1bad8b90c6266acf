"""Configurations of transformers, there and back."""

from __future__ import annotations

import pytest
from transformers import RobertaConfig

from robust_ray.core.errors import ModelError
from robust_ray.models.networks.configurations import configure, describe

pytestmark = pytest.mark.torch


def test_a_configuration_comes_back_as_it_was() -> None:
    described = describe(RobertaConfig(hidden_size=48, num_hidden_layers=2))
    again = configure(described)
    assert isinstance(again, RobertaConfig)
    assert describe(again) == described
    assert configure(described | {"attention": "eager"})._attn_implementation == "eager"


@pytest.mark.parametrize("attention", ["somebody/kernel", "kernels-community/flash-attn", "", 1])
def test_an_attention_from_elsewhere_is_refused(attention: object) -> None:
    """Transformers would fetch its code from the hub, and run it."""
    described = describe(RobertaConfig(num_hidden_layers=1))
    with pytest.raises(ModelError, match=r"`attention` must be one of eager, sdpa, flash_attention_2, but got"):
        configure(described | {"attention": attention})
