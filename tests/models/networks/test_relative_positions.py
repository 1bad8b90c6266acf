"""Relative positions: as transformers 4 had them, and as their papers say."""

from __future__ import annotations

from typing import Any

import pytest

CONFIG = {
    "vocab_size": 50,
    "hidden_size": 16,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "intermediate_size": 24,
    "max_position_embeddings": 14,
    "type_vocab_size": 1,
    "pad_token_id": 1,
    "attn_implementation": "eager",
}
SEEN = ["relative_key", "relative_key_query"]


def relative(seen: Any) -> Any:
    """A RoBERTa of ours."""
    import torch
    from transformers import RobertaConfig, RobertaModel

    from robust_ray.models.networks.relative_positions import with_relative_positions

    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        network = RobertaModel(RobertaConfig(**CONFIG), add_pooling_layer=False).eval()
        with_relative_positions(network, seen)
        for parameter in network.parameters():  # large enough to tell one way of adding from another
            parameter.data.normal_(std=0.5)
    return network


@pytest.mark.torch
@pytest.mark.parametrize("seen", SEEN)
def test_states_are_those_of_transformers_4(seen: Any) -> None:
    import torch
    from transformers import RobertaConfig, RobertaModel

    theirs = RobertaModel(RobertaConfig(**CONFIG, position_embedding_type=seen), add_pooling_layer=False).eval()
    if not hasattr(theirs.encoder.layer[0].attention.self, "distance_embedding"):
        pytest.skip("transformers 5 has no relative positions in RoBERTa")
    ours = relative(seen)
    missing, unexpected = theirs.load_state_dict(ours.state_dict(), strict=False)
    assert (missing, unexpected) == (["embeddings.position_embeddings.weight"], [])
    ids = torch.arange(24).view(2, 12) + 2
    mask = torch.ones_like(ids)
    ids[1, 7:], mask[1, 7:] = 1, 0
    with torch.no_grad():
        expected, got = (each(input_ids=ids, attention_mask=mask).last_hidden_state for each in (theirs, ours))
    seen_tokens = mask.bool()
    assert got[seen_tokens].numpy() == pytest.approx(expected[seen_tokens].numpy(), abs=1e-5)


@pytest.mark.torch
@pytest.mark.parametrize("seen", SEEN)
def test_scores_are_products_with_what_is_learned_for_the_distance(seen: Any) -> None:
    import torch

    attention = relative(seen).encoder.layer[0].attention.self
    states = torch.randn(1, 5, 16, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        _, probabilities = attention(states)
        query, key = (layer(states).view(5, 4, 4).transpose(0, 1) for layer in (attention.query, attention.key))
        table = attention.distance_embedding.weight
    scores = torch.zeros(4, 5, 5)
    for head in range(4):
        for l in range(5):  # noqa: E741  # as the paper has it
            for r in range(5):
                distance = table[l - r + 13]
                score = query[head, l] @ (key[head, r] + distance)
                if seen == "relative_key_query":
                    score = score + key[head, r] @ distance
                scores[head, l, r] = score / 2  # the root of four
    assert probabilities[0].numpy() == pytest.approx(scores.softmax(-1).detach().numpy(), abs=1e-5)


@pytest.mark.torch
def test_order_counts_and_the_place_does_not() -> None:
    import torch

    network = relative("relative_key")
    first, swapped = torch.tensor([[5, 6, 7, 8]]), torch.tensor([[5, 7, 6, 8]])
    with torch.no_grad():
        states, other = (network(input_ids=ids).last_hidden_state[0, 0] for ids in (first, swapped))
        ids = torch.tensor([[1, 1, 5, 6, 7, 8]])
        later = network(input_ids=ids, attention_mask=(ids != 1).long()).last_hidden_state[0, 2]
    assert not torch.allclose(states, other, atol=1e-3)
    assert torch.allclose(states, later, atol=1e-5)
