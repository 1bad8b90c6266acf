"""What a pretrained network is made into, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer

from robust_ray.core.errors import ModelError
from robust_ray.models import hub, students
from robust_ray.models.writing import Generation
from robust_ray.models.writing.writers import EncoderWriter, PrefixWriter, SequenceWriter
from tests.models.writing.conftest import BRIEF, WRITERS, writer

pytestmark = pytest.mark.torch

MADE_INTO: dict[str, type] = {
    "codebert": EncoderWriter,
    "unixcoder": EncoderWriter,
    "starencoder": EncoderWriter,
    "codegpt": PrefixWriter,
    "qwen2_5_coder": PrefixWriter,
    "plbart": SequenceWriter,
    "codet5": SequenceWriter,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_each_kind_has_its_way_to_write(kind: str, folders: dict[str, Path]) -> None:
    network = writer(folders[kind])
    assert type(network.module) is MADE_INTO[kind]
    assert network.n_labels == 1
    assert network.generation == BRIEF


def test_new_weights_are_drawn_from_the_seed(folders: dict[str, Path]) -> None:
    def drawn(seed: int) -> Any:
        return writer(folders["codebert"], seed=seed).module.state_dict()["dense.weight"]

    assert drawn(1).equal(drawn(1))
    assert not drawn(1).equal(drawn(2))


def test_a_decoder_leaves_room_for_the_summary(folders: dict[str, Path]) -> None:
    network = writer(folders["codegpt"])
    positions = hub.longest_input(network.module.network, network.tokenizer)
    assert network.max_length == positions - 1 - BRIEF.max_new_tokens


@pytest.mark.parametrize("kind", ["codebert", "codegpt", "plbart"])
def test_a_summary_longer_than_the_network_is_refused(kind: str, folders: dict[str, Path]) -> None:
    with pytest.raises(ModelError, match="model: a network of 128 positions must have room for a summary, but"):
        writer(folders[kind], Generation(max_new_tokens=128))


def test_a_network_of_another_kind_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "vision"
    shutil.copytree(folders["codebert"], folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "vit"}))
    with pytest.raises(ModelError, match=r"only encoders, decoders .* write summaries, but .* is a ViTConfig"):
        writer(folder, tokenizer=AutoTokenizer.from_pretrained(folders["codebert"]))


def test_a_decoder_without_positions_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    from transformers import BloomConfig, BloomForCausalLM

    folder = tmp_path / "bloom"
    shutil.copytree(folders["codegpt"], folder)
    (folder / "pytorch_model.bin").unlink()
    BloomForCausalLM(BloomConfig(vocab_size=700, hidden_size=16, n_layer=1, n_head=2)).save_pretrained(folder)
    with pytest.raises(ModelError, match="must take `position_ids`, but BloomForCausalLM does not"):
        writer(folder, tokenizer=AutoTokenizer.from_pretrained(folders["codegpt"]))


@pytest.mark.parametrize(("kind", "does"), [("codebert", "begins"), ("codegpt", "ends")])
def test_a_tokenizer_without_ends_is_refused(kind: str, does: str, folders: dict[str, Path]) -> None:
    from transformers import PreTrainedTokenizerFast

    backend = AutoTokenizer.from_pretrained(folders[kind]).backend_tokenizer
    with pytest.raises(ModelError, match=f"must know a token that {does} a text, but has none"):
        writer(folders[kind], tokenizer=PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="<pad>"))


def test_weights_that_are_not_all_there_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "half"
    shutil.copytree(folders["codet5"], folder)
    weights = torch.load(folder / "pytorch_model.bin", weights_only=True)
    del weights["encoder.block.0.layer.0.SelfAttention.q.weight"]
    torch.save(weights, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"1 are missing, 'encoder.block.0.layer.0.SelfAttention.q.weight' first"):
        writer(folder)


def test_number_formats_are_kept(folders: dict[str, Path], tmp_path: Path) -> None:
    network = writer(folders["codebert"], dtype=torch.bfloat16)
    students.save(network, tmp_path)
    for module in (network.module, students.load(tmp_path).module):
        assert {tensor.dtype for tensor in module.parameters()} == {torch.bfloat16}
