"""The formulas give what their papers report."""

from __future__ import annotations

import pytest

from robust_ray.models.bert_formula import Sizes, flops, parameters


@pytest.mark.parametrize(
    ("vocabulary", "layers", "hidden", "intermediate", "heads", "megabytes"),
    [
        # the configurations that Compressor publishes, by the size it calls them
        (1000, 12, 96, 64, 8, 3),
        (1000, 6, 432, 128, 16, 25),
        (6000, 6, 480, 576, 16, 50),
    ],
)
def test_sizes_of_compressor(
    vocabulary: int, layers: int, hidden: int, intermediate: int, heads: int, megabytes: int
) -> None:
    sizes = Sizes(vocabulary, layers, hidden, intermediate, heads)
    assert 4 * parameters(sizes, positions=514) / 1e6 == pytest.approx(megabytes, rel=0.03)


def test_codebert_is_as_many_times_larger_as_avatar_says() -> None:
    codebert = flops(Sizes(50265, 12, 768, 3072, 12), tokens=514)
    assert codebert / 0.8e9 == pytest.approx(173, rel=0.01)
