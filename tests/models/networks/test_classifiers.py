"""Pretrained weights and tokenizers that do not belong together are found out before a day of fine-tuning."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from robust_ray.core.errors import ModelError
from robust_ray.models import HuggingFace
from robust_ray.models.students import Network
from tests import shrunk
from tests.fakes import asks

pytestmark = pytest.mark.torch

ShrunkFolder = Callable[[str], Path]


def load(folder: Path, segments: int = 1, seed: int = 0) -> Network:
    return HuggingFace(name=str(folder)).load((), asks(segments=segments), seed=seed, workdir=folder)


def altered(folder: Path, target: Path, **config: object) -> Path:
    """A copy with other fields in its ``config.json``."""
    shutil.copytree(folder, target)
    fields = json.loads((target / "config.json").read_text())
    (target / "config.json").write_text(json.dumps(fields | config))
    return target


@pytest.mark.parametrize("segments", [1, 2])
@pytest.mark.parametrize("kind", [kind for kind in shrunk.KINDS if kind != "graphcodebert"])
def test_the_body_is_the_stored_one(kind: str, segments: int, shrunk_folder: ShrunkFolder) -> None:
    import torch
    from transformers import AutoModel

    stored = AutoModel.from_pretrained(shrunk_folder(kind), dtype=torch.float32).state_dict()
    found = load(shrunk_folder(kind), segments).module.state_dict()
    for name, weight in stored.items():
        if "pooler" not in name:
            (match,) = {found[other].data_ptr(): found[other] for other in found if other.endswith(f".{name}")}.values()
            assert torch.equal(match[: len(weight)], weight)


@pytest.mark.parametrize("segments", [1, 2])
def test_missing_weights_are_named(segments: int, shrunk_folder: ShrunkFolder, tmp_path: Path) -> None:
    folder = altered(shrunk_folder("codebert"), tmp_path / "deeper", num_hidden_layers=3)
    with pytest.raises(
        ModelError, match=r"the weights must be those .* as configured, but 16 are missing, '.*layer\.2"
    ):
        load(folder, segments)


@pytest.mark.parametrize("segments", [1, 2])
def test_weights_of_another_shape_are_named(segments: int, shrunk_folder: ShrunkFolder, tmp_path: Path) -> None:
    folder = altered(shrunk_folder("codebert"), tmp_path / "wider", vocab_size=800)
    with pytest.raises(ModelError, match=r"but '.*word_embeddings.weight' has another shape; check the"):
        load(folder, segments)


def test_the_tokenizer_of_a_larger_network_is_named(shrunk_folder: ShrunkFolder, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    shutil.copytree(shrunk_folder("codebert"), folder)
    larger = shrunk.write("codebert", tmp_path / "larger", shrunk.Size(vocabulary=750))
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(larger / name, folder / name)
    with pytest.raises(ModelError, match=r"the tokenizer must be the network's, but it has 750 tokens for 700 embed"):
        load(folder)


@pytest.mark.parametrize("segments", [1, 2])
def test_an_added_token_gets_a_row_from_the_seed(segments: int, shrunk_folder: ShrunkFolder) -> None:
    import torch

    first, second, other = (load(shrunk_folder("codegpt"), segments, seed) for seed in (0, 0, 1))
    assert len(first.tokenizer) == 701
    assert first.tokenizer.convert_tokens_to_ids("<|UNKNOWN|>") == 700
    one, same, another = (next(network.module.parameters()) for network in (first, second, other))
    assert one.shape == (701, 32)
    assert torch.equal(one, same)
    assert torch.equal(one[:700], another[:700])
    assert not torch.equal(one[700], another[700])


def test_an_architecture_that_is_no_language_model_is_named(shrunk_folder: ShrunkFolder, tmp_path: Path) -> None:
    folder = altered(shrunk_folder("codebert"), tmp_path / "vision", model_type="vit")
    with pytest.raises(ModelError, match=r"must be a model of transformers"):
        load(folder)
