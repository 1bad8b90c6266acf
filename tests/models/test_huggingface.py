"""Networks in the hub's layout: the window, the tokenizer, the head, and what cannot be loaded."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from transformers import PreTrainedModel

from robust_ray.core.build import build
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.identity import digest
from robust_ray.models import CodeModel, HuggingFace, hub, students
from robust_ray.models.students import Network
from robust_ray.models.victim import TransformerVictim
from robust_ray.models.writing import Generation
from tests.fakes import asks

pytestmark = pytest.mark.torch

ShrunkFolder = Callable[[str], Path]


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


def test_weights_are_read_kept_and_stored_in_the_format_asked_for(shrunk_folder: ShrunkFolder, tmp_path: Path) -> None:
    """The hub's are in bfloat16."""
    import torch

    folder = str(shrunk_folder("qwen2_5_coder"))
    for dtype, segments in itertools.product(("float32", "bfloat16"), (1, 2)):
        model = build(CodeModel, {"type": "huggingface", "name": folder, "dtype": dtype}, "models[0]")
        network = model.load((), asks(segments=segments), seed=0, workdir=tmp_path)
        students.save(network, tmp_path / dtype / str(segments))
        for each in (network, students.load(tmp_path / dtype / str(segments))):
            assert {parameter.dtype for parameter in each.module.parameters()} == {getattr(torch, dtype)}


@pytest.mark.parametrize(("kind", "segments"), [("codebert", 1), ("codegpt", 2), ("plbart", 1)])
def test_the_implementation_of_attention_outlives_a_checkpoint(
    kind: str, segments: int, shrunk_folder: ShrunkFolder, tmp_path: Path
) -> None:
    model = HuggingFace(name=str(shrunk_folder(kind)), attention="eager")
    network = model.load((), asks(segments=segments), seed=0, workdir=tmp_path)
    students.save(network, tmp_path / "checkpoint")
    for each in (network, students.load(tmp_path / "checkpoint")):
        bodies = [module for module in each.module.modules() if isinstance(module, PreTrainedModel)]
        assert {body.config._attn_implementation for body in bodies} == {"eager"}


def test_an_unknown_implementation_of_attention_is_named(hub_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SweepError, match=r"models\[0\].attention: .*'sdpa'.* is expected, but got 'quick'"):
        build(CodeModel, {"type": "huggingface", "name": str(hub_folder), "attention": "quick"}, "models[0]")


def test_the_window_is_the_smaller_of_what_is_asked_for_and_what_there_is(hub_folder: Path, tmp_path: Path) -> None:
    lengths = {}
    for max_length in (32, 1000):
        model = HuggingFace(name=str(hub_folder), max_length=max_length)
        lengths[max_length] = model.load((), asks(), seed=0, workdir=tmp_path).max_length
    assert lengths == {32: 32, 1000: 64}
    with pytest.raises(SweepError, match=r"`max_length >= 8` must hold, but got 2; 400 is usual"):
        HuggingFace(name="x", max_length=2)


def test_two_classes_may_share_a_logit(hub_folder: Path, tmp_path: Path) -> None:
    import torch

    model = HuggingFace(name=str(hub_folder), one_logit=True)
    model.require(asks(2))
    network = model.load((), asks(2), seed=0, workdir=tmp_path)
    victim = TransformerVictim(network=network, device="cpu", threads=1)
    encodings = victim.encode([("x = 1",)])
    ids = torch.tensor(network.tokenizer("x = 1")["input_ids"])[None]
    with torch.inference_mode():
        logit = network.module(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
    assert logit.shape == (1, 1)
    assert network.n_labels == 2
    np.testing.assert_allclose(victim.predict(encodings)[0, 1], torch.sigmoid(logit).item(), atol=1e-6)


@pytest.mark.parametrize(("n_labels", "got"), [(66, "66 classes"), (0, "a text")])
def test_more_or_fewer_classes_do_not(n_labels: int, got: str) -> None:
    with pytest.raises(
        SweepError, match=f"model 'huggingface': `one_logit` is for two classes, .* asks for {got}; omit"
    ):
        HuggingFace(name="x", one_logit=True).require(asks(n_labels))


@pytest.mark.parametrize(("pairs", "pair_encoding"), [("siamese", "siamese"), ("joint", "joint")])
def test_pairs_are_read_as_asked_for(pairs: str, pair_encoding: str, hub_folder: Path, tmp_path: Path) -> None:
    model = build(CodeModel, {"type": "huggingface", "name": str(hub_folder), "pairs": pairs}, "models[0]")
    assert model.load((), asks(segments=2), seed=0, workdir=tmp_path).pair_encoding == pair_encoding


def test_who_is_asked_for_a_text_writes_as_told(shrunk_folder: ShrunkFolder, tmp_path: Path) -> None:
    fields = {"type": "huggingface", "generation": {"beams": 2, "max_new_tokens": 16}, "max_length": 40}
    for kind in ("codebert", "codegpt", "codet5"):
        model = build(CodeModel, {**fields, "name": str(shrunk_folder(kind))}, "models[0]")
        network = model.load((), asks(0), seed=0, workdir=tmp_path)
        assert network.generation == Generation(beams=2, max_new_tokens=16)
        assert network.max_length == 40


def test_every_network_of_a_seed_is_the_same_and_leaves_the_dice_alone(
    shrunk_folder: ShrunkFolder, tmp_path: Path
) -> None:
    import torch

    for kind, segments in (("codegpt", 1), ("codegpt", 2), ("plbart", 1)):
        state = torch.random.get_rng_state()
        model = HuggingFace(name=str(shrunk_folder(kind)))
        first, second, other = (model.load((), asks(segments=segments), seed, tmp_path).module for seed in (0, 0, 1))
        assert torch.equal(state, torch.random.get_rng_state())
        same = [torch.equal(first.state_dict()[name], weight) for name, weight in second.state_dict().items()]
        assert all(same)
        assert not all(torch.equal(first.state_dict()[name], weight) for name, weight in other.state_dict().items())


def test_a_tokenizer_that_can_neither_pad_nor_end_is_named(hub_folder: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    folder = tmp_path / "endless"
    shutil.copytree(hub_folder, folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.pad_token = tokenizer.eos_token = None
    tokenizer.save_pretrained(folder)
    with pytest.raises(
        ModelError, match=r"must know a token that pads or ends a text, but has neither; add a `pad_tok"
    ):
        network_at(folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model 'huggingface': a folder must lie at '.*nowhere', but none does"):
        network_at(tmp_path / "nowhere")


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"the folder '.*' must hold a `config.json`, but does not; correct `name`"):
        network_at(tmp_path)


def test_a_plan_names_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model 'huggingface': the folder '.*' must hold a `config.json`, but does"):
        HuggingFace(name=str(tmp_path)).revision()


def test_a_folder_without_a_tokenizer_is_named(hub_folder: Path, tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        shutil.copy(hub_folder / name, tmp_path)
    with pytest.raises(ModelError, match=r"a tokenizer must lie in '.*' beside the weights, but got"):
        network_at(tmp_path)


def test_without_a_way_to_the_hub_only_this_disk_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "hub_answers", lambda: False)
    told = {"revision": "main", "local_files_only": True, "trust_remote_code": False}
    assert hub.origin("owner/name", "main") == told
    with pytest.raises(ModelError, match="must be a model of transformers on the hub or in a folder, but got"):
        network_at(Path("owner/name"))


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
    with pytest.raises(ModelError, match="must be a model of transformers"):
        network_at(folder)


def test_is_built_from_yaml() -> None:
    fields = {"type": "huggingface", "name": "microsoft/codebert-base", "hub_revision": "main"}
    built = build(CodeModel, fields, "models[0]")
    assert built == HuggingFace(name="microsoft/codebert-base", hub_revision="main")
