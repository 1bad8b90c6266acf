"""Networks in the hub's layout: the window, the tokenizer, the head, and what cannot be loaded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from robust_ray.core.build import build
from robust_ray.core.errors import ModelError
from robust_ray.core.identity import digest
from robust_ray.models import CodeModel, HuggingFace
from robust_ray.models.base import MODELS
from robust_ray.models.students import Network
from tests.fakes import asks

pytestmark = pytest.mark.torch


def network_at(folder: Path, n_labels: int = 2) -> Network:
    return HuggingFace(name=str(folder)).load((), asks(n_labels), seed=0, workdir=folder)


def test_the_window_is_two_less_than_robertas_positions(hub_folder: Path) -> None:
    assert network_at(hub_folder).max_length == 64


def test_the_body_is_the_stored_one_and_the_head_comes_from_the_seed(hub_folder: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    model = HuggingFace(name=str(hub_folder))
    first, second, other = (model.load((), asks(3), seed=seed, workdir=tmp_path).module for seed in (0, 0, 1))
    stored = load_file(hub_folder / "model.safetensors")
    assert torch.equal(
        first.state_dict()["roberta.embeddings.word_embeddings.weight"],
        stored["roberta.embeddings.word_embeddings.weight"],
    )
    heads = [module.get_parameter("classifier.out_proj.weight") for module in (first, second, other)]
    assert heads[0].shape == (3, 16)
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


def test_a_model_without_padding_pads_with_its_end(hub_folder: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoTokenizer, GPT2Config, GPT2Model

    folder = tmp_path / "gpt2"
    tokenizer = AutoTokenizer.from_pretrained(hub_folder)
    tokenizer.pad_token = None
    tokenizer.save_pretrained(folder)
    config = GPT2Config(vocab_size=len(tokenizer), n_embd=16, n_layer=1, n_head=2, n_positions=40)
    with torch.random.fork_rng([]):
        GPT2Model(config).save_pretrained(folder)
    network = network_at(folder)
    assert network.tokenizer.pad_token == "</s>"
    assert network.architecture["config"]["pad_token_id"] == network.tokenizer.pad_token_id
    assert network.max_length == 40


def test_a_folders_content_is_in_its_identity(hub_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(hub_folder, folder)
    before = digest(HuggingFace(name=str(folder)))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_dropout_prob": 0.2}))
    assert digest(HuggingFace(name=str(folder))) != before
    assert HuggingFace(name="microsoft/codebert-base").revision() is None


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model 'huggingface': '.*nowhere' must be a sequence classifier .*, but got"):
        network_at(tmp_path / "nowhere")


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"must be a sequence classifier on the hub or in a folder, but got .*; check"):
        network_at(tmp_path)


def test_a_network_without_a_classifier_is_named(hub_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "vision"
    shutil.copytree(hub_folder, folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "vit"}))
    with pytest.raises(ModelError, match=r"but got .*Unrecognized configuration class"):
        network_at(folder)


def test_damaged_weights_are_named(hub_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(hub_folder, folder)
    (folder / "model.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match="must be a sequence classifier"):
        network_at(folder)


def test_is_built_from_yaml() -> None:
    fields = {"type": "huggingface", "name": "microsoft/codebert-base", "hub_revision": "main"}
    built = build(CodeModel, fields, "models[0]")
    assert built == HuggingFace(name="microsoft/codebert-base", hub_revision="main")
    assert set(MODELS) == {"huggingface", "scratch_roberta"}
