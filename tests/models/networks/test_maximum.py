"""The network of `scratch_roberta`, whose vectors are elementwise maxima."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch


def test_two_programs_are_compared_whichever_comes_first_and_however_large_their_vectors_are() -> None:
    import torch
    from transformers import RobertaConfig

    from robust_ray.models.networks.maximum import SegmentClassifier

    config = RobertaConfig(vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, num_labels=2)
    network = SegmentClassifier(config, segments=2).eval()
    vectors = torch.randn(5, 2, 8, generator=torch.Generator().manual_seed(0))
    logits = network.classify(vectors)
    torch.testing.assert_close(network.classify(vectors.flip(1)), logits, rtol=0, atol=0)
    torch.testing.assert_close(network.classify(100 * vectors + 7), logits, rtol=1e-3, atol=1e-4)
    assert not torch.equal(network.classify(vectors[:, [0, 0]]), logits)
