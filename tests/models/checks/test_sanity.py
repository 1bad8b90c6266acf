"""What is wrong with a network though it loads is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from robust_ray.core.errors import ModelError
from robust_ray.core.examples import Example
from robust_ray.models.checks.sanity import golden_ids, is_steady, require_reading
from robust_ray.models.reading.tokenization import train_bpe
from robust_ray.models.students import DESCRIPTION, Network, load, save
from tests import fakes
from tests.models.alterations import networks

pytestmark = pytest.mark.torch


class Mixing(nn.Module):
    """A classifier that looks at its batch neighbours."""

    rounds_inputs = False

    def __init__(self, depends: float = 1.0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.depends = depends

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> SimpleNamespace:
        """``(batch, length)`` → ``(batch, 2)``."""
        share = 1 + self.depends * input_ids.float().sum(1) / input_ids.sum()
        return SimpleNamespace(logits=self.scale * torch.stack([share, -share], dim=1))


def test_every_kind_of_network_answers_alone_as_in_company(any_network: tuple[Network, list[Example]]) -> None:
    assert is_steady(any_network[0])


def test_an_answer_that_depends_on_its_neighbours_is_found(tiny: Network) -> None:
    assert not is_steady(replace(tiny, module=Mixing(), pair_encoding="joint"))


def test_where_inputs_are_rounded_a_single_bit_is_too_much(tiny: Network) -> None:
    module = Mixing(depends=1e-6)
    assert is_steady(replace(tiny, module=module, pair_encoding="joint"))
    module.rounds_inputs = True
    assert not is_steady(replace(tiny, module=module, pair_encoding="joint"))


def test_a_writer_that_looks_at_its_neighbours_is_found(shrunk_folder: Callable[[str], Path]) -> None:
    writer = networks.load("codet5 writes", shrunk_folder("codet5"))
    assert is_steady(writer)
    for layer in writer.module.modules():
        if type(layer) is nn.Linear:
            layer.register_forward_hook(lambda _, given, made: made + made.mean())
    assert not is_steady(writer)


def test_a_network_in_training_stays_in_training(tiny: Network) -> None:
    tiny.module.train()
    assert is_steady(tiny)
    assert tiny.module.training


def test_what_was_found_stands_in_the_checkpoint(tiny: Network, tmp_path: Path) -> None:
    assert tiny.batch_invariant
    save(tiny, tmp_path)
    assert load(tmp_path).batch_invariant
    description = json.loads((tmp_path / DESCRIPTION).read_text())
    (tmp_path / DESCRIPTION).write_text(json.dumps(description | {"is_steady": False}))
    assert not load(tmp_path).batch_invariant


def test_a_checkpoint_with_another_tokenizer_is_refused(tiny: Network, tmp_path: Path) -> None:
    save(tiny, tmp_path)
    train_bpe(fakes.JAVA, 320).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="the tokenizer must read a text as it did when the checkpoint was made"):
        load(tmp_path)


def test_golden_ids_are_those_of_the_tokenizer_alone(tiny: Network) -> None:
    ids = golden_ids(tiny.tokenizer)
    assert ids == golden_ids(tiny.tokenizer)
    assert ids[0] == tiny.tokenizer.bos_token_id
    assert ids != golden_ids(train_bpe(fakes.JAVA, 320))


def test_a_tokenizer_that_reads_the_code_passes(any_network: tuple[Network, list[Example]]) -> None:
    network, examples = any_network
    texts = [text for example in examples for text in example.segments]
    require_reading(network.tokenizer, [*texts, *fakes.C, *fakes.JAVA], "teacher")


def test_a_tokenizer_that_does_not_know_the_code_is_refused() -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({"<unk>": 0, "int": 1}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>")
    with pytest.raises(ModelError, match=r"teacher: .* 9\d% of its tokens are unknown"):
        require_reading(tokenizer, fakes.C, "teacher")


def test_a_tokenizer_that_gives_back_something_else_is_refused(tiny: Network) -> None:
    from tokenizers import normalizers

    tiny.tokenizer.backend_tokenizer.normalizer = normalizers.Replace("n", "m")
    with pytest.raises(ModelError, match="must give back what it reads, but does not for 2 of 2 texts"):
        require_reading(tiny.tokenizer, fakes.C, "teacher")
