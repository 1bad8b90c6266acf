"""The sizes of a network are found where it is a BERT, and nowhere else."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.torch


def test_the_number_of_parameters_is_that_of_the_network() -> None:
    from transformers import RobertaConfig, RobertaForSequenceClassification

    from robust_ray.models.bert_formula import parameters
    from robust_ray.models.cost import sizes_of, weights

    config = RobertaConfig(
        vocab_size=70,
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=34,
        type_vocab_size=1,
    )
    module = RobertaForSequenceClassification(config)
    found = sizes_of(module)
    assert found == (70, 3, 16, 24, 2)
    pooler = 16 * 16 + 16  # which the formula has and a classifier of RoBERTa has not
    assert parameters(found, positions=34) == sum(tensor.numel() for tensor in weights(module)) + pooler


def test_what_the_formula_cannot_say_is_not_said() -> None:
    from transformers import GPT2Config, GPT2ForSequenceClassification, RobertaConfig, RobertaForSequenceClassification

    from robust_ray.models.alterations import keep_layers, keep_neurons
    from robust_ray.models.cost import sizes_of

    tiny = RobertaConfig(
        vocab_size=70, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24
    )
    layers = "roberta.encoder.layer"
    one_layer = keep_layers(RobertaForSequenceClassification(tiny), {"kept": {layers: "1"}})
    assert sizes_of(one_layer) == (70, 1, 16, 24, 2)
    uneven = keep_neurons(RobertaForSequenceClassification(tiny), {"kept": {f"{layers}.0": "0-9"}})
    assert sizes_of(uneven) is None
    assert sizes_of(GPT2ForSequenceClassification(GPT2Config(vocab_size=70, n_embd=16, n_layer=1, n_head=2))) is None
