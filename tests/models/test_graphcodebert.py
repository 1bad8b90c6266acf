"""GraphCodeBERT from a folder in the hub's layout: the same answers as plain transformers, one program at a time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robust_ray.core.build import build
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.identity import digest
from robust_ray.core.victim import Answers, Encoding
from robust_ray.models import CodeModel, GraphCodeBERT, Training, students
from robust_ray.models.data_flow.rows import DataFlowWindow, GraphRow
from robust_ray.models.reading.encoding import encode
from robust_ray.models.students import Network
from robust_ray.models.training import fine_tune, logits
from robust_ray.models.victim import TransformerVictim
from tests import fakes
from tests.fakes import asks
from tests.models.conftest import CPU, toy

pytestmark = pytest.mark.torch

PAIRS = tuple(zip(fakes.PYTHON, (*fakes.PYTHON[1:], "print('x')"), strict=True))


def network_at(folder: Path, segments: int = 1, n_labels: int = 2) -> Network:
    return GraphCodeBERT(name=str(folder)).load((), asks(n_labels, segments), seed=0, workdir=folder)


def victim_of(network: Network) -> TransformerVictim:
    return TransformerVictim(network=network, device="cpu", threads=1)


def graphs(encoding: Encoding) -> tuple[GraphRow, ...]:
    """Rows of an input."""
    assert isinstance(encoding.ids, tuple)
    return encoding.ids


def plain_vector(body: Any, row: GraphRow) -> np.ndarray:
    """The first state of one program, by transformers' own model and the published embeddings, in loops."""
    import torch
    import transformers

    ids, spans, links = row.parts()
    code, end = len(ids), row.tokens
    mask = torch.zeros(1, end, end, dtype=torch.bool)
    mask[:, :code, :code] = True
    mask[:, [0, code - 1]] = True
    words = body.embeddings.word_embeddings(torch.from_numpy(ids.astype(np.int64)))
    embedded = [*words]
    for node, (first, last) in enumerate(spans.T.tolist(), start=code):
        mask[0, node, first:last] = mask[0, first:last, node] = True
        embedded.append(words[first:last].mean(0))
    for node, source in links.tolist():
        mask[0, code + node, code + source] = True
    has_place_for_heads = not transformers.__version__.startswith("4.")
    fields = {
        "inputs_embeds": torch.stack(embedded)[None],
        "attention_mask": mask[:, None] if has_place_for_heads else mask,
        "position_ids": torch.tensor([[*range(2, code + 2), *[0] * (end - code)]]),
        "token_type_ids": torch.zeros(1, end, dtype=torch.int64),
    }
    states = body(**fields)[0]
    vector: np.ndarray = states[0, 0].numpy()
    return vector


@pytest.mark.parametrize("segments", [1, 2])
def test_answers_are_those_of_plain_transformers_one_by_one(hub_folder: Path, segments: int) -> None:
    import torch

    network = network_at(hub_folder, segments)
    inputs = PAIRS if segments == 2 else [(text,) for text in fakes.PYTHON]
    ours = Answers(victim_of(network)).ask(inputs).probabilities
    module: Any = network.module
    with torch.inference_mode():
        for probabilities, encoding in zip(ours, encode(network, inputs), strict=True):
            joined = np.concatenate([plain_vector(module.body, row) for row in graphs(encoding)])
            plain = module.out(torch.tanh(module.dense(torch.from_numpy(joined)))).double().softmax(0)
            np.testing.assert_allclose(probabilities, plain, atol=1e-6)


def test_the_flow_is_seen(hub_folder: Path) -> None:
    network = network_at(hub_folder)
    victim = victim_of(network)
    with_flow = encode(network, [(text,) for text in fakes.PYTHON])
    without = [each._replace(ids=(GraphRow.of(graphs(each)[0].parts()[0].tolist(), []),)) for each in with_flow]
    assert np.abs(victim.predict(with_flow) - victim.predict(without)).max() > 1e-6


def test_a_checkpoint_answers_alike(hub_folder: Path, tmp_path: Path) -> None:
    network = network_at(hub_folder, segments=2)
    students.save(network, tmp_path / "checkpoint")
    loaded = students.load(tmp_path / "checkpoint")
    assert loaded.data_flow == network.data_flow == DataFlowWindow(language="python", code=64, nodes=128)
    first, second = (victim_of(each) for each in (network, loaded))
    np.testing.assert_array_equal(first.predict(first.encode(PAIRS)), second.predict(second.encode(PAIRS)))


def test_a_victim_says_what_has_no_flow(hub_folder: Path) -> None:
    model = GraphCodeBERT(name=str(hub_folder))
    victim = victim_of(model.load((), asks(segments=2, language="c"), seed=0, workdir=hub_folder))
    pair = ("int f(int a) { return a; }", "{ if ( { ;")
    for _ in range(2):
        assert Answers(victim).ask([pair, (pair[0], pair[0])]).notes == ("no data flow", None)


@pytest.mark.parametrize("segments", [1, 2])
def test_it_learns(hub_folder: Path, tmp_path: Path, segments: int) -> None:
    examples = toy(40, segments=segments)
    network = network_at(hub_folder, segments)
    before = logits(network, examples, CPU)
    training = Training(epochs=2, batch_size=8, learning_rate=5e-3, max_length=60)
    trained = fine_tune(network, examples, examples, training, 0, CPU, tmp_path)
    assert trained.max_length == 60
    labels = np.array([example.label for example in examples])
    assert loss(logits(trained, examples, CPU), labels) < loss(before, labels)


def loss(logits: np.ndarray, labels: np.ndarray) -> float:
    """Cross-entropy."""
    logs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    return float(-logs[np.arange(len(labels)), labels].mean())


def test_the_body_is_the_stored_one_and_the_head_comes_from_the_seed(hub_folder: Path) -> None:
    import torch
    from safetensors.torch import load_file

    model = GraphCodeBERT(name=str(hub_folder))
    first, second, other = (model.load((), asks(3), seed=seed, workdir=hub_folder).module for seed in (0, 0, 1))
    stored = load_file(hub_folder / "model.safetensors")
    assert torch.equal(
        first.state_dict()["body.embeddings.word_embeddings.weight"],
        stored["roberta.embeddings.word_embeddings.weight"],
    )
    assert first.get_parameter("out.weight").shape == (3, 16)
    assert torch.equal(first.get_parameter("dense.weight"), second.get_parameter("dense.weight"))
    assert not torch.equal(first.get_parameter("dense.weight"), other.get_parameter("dense.weight"))


def test_the_window_is_code_and_flow(hub_folder: Path) -> None:
    assert network_at(hub_folder).max_length == 64 + 128
    model = GraphCodeBERT(name=str(hub_folder), code_length=30, data_flow_length=12)
    network = model.load((), asks(), seed=0, workdir=hub_folder)
    assert (network.max_length, network.data_flow) == (42, DataFlowWindow(language="python", code=64, nodes=12))


def test_recipes_are_the_published_ones() -> None:
    model = GraphCodeBERT()
    settings = [model.recommended(question) for question in (asks(segments=2), asks(), asks(66))]
    assert [(each.epochs, each.batch_size, each.learning_rate, each.warmup) for each in settings] == [
        (1, 16, 2e-5, 0.2),
        (5, 32, 2e-5, 0.1),
        (30, 16, 2e-5, 0.2),
    ]
    assert {each.weight_decay for each in settings} == {0.0}
    assert {each.max_length for each in settings} == {640}


def test_it_does_not_write() -> None:
    with pytest.raises(SweepError, match="model 'graphcodebert': the task must have classes, but asks for a text"):
        GraphCodeBERT().require(asks(0))
    GraphCodeBERT().require(asks())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"code_length": 4}, "`code_length >= 8` must hold, but got 4"),
        ({"data_flow_length": -1}, "`data_flow_length >= 0` must hold, but got -1"),
    ],
)
def test_a_wrong_length_is_named(fields: dict[str, int], message: str) -> None:
    with pytest.raises(SweepError, match=message):
        build(CodeModel, {"type": "graphcodebert", **fields}, "models[0]")


def test_a_folders_content_is_in_its_identity(hub_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(hub_folder, folder)
    before = digest(GraphCodeBERT(name=str(folder)))
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_dropout_prob": 0.2}))
    assert digest(GraphCodeBERT(name=str(folder))) != before
    with pytest.raises(ModelError, match="a folder must lie at"):
        GraphCodeBERT(name=str(tmp_path / "nowhere")).revision()


def changed(folder: Path, target: Path, **fields: object) -> Path:
    """A copy with other fields in its configuration."""
    shutil.copytree(folder, target)
    config = json.loads((target / "config.json").read_text())
    (target / "config.json").write_text(json.dumps(config | fields))
    return target


@pytest.mark.parametrize(
    ("fields", "got"),
    [
        ({"model_type": "bert"}, "a network of type 'bert'"),
        ({"vocab_size": 200}, "a tokenizer of 293 tokens that is not the network's own of 200"),
        ({"num_hidden_layers": 3}, "no weights for 'encoder.layer.2"),
        ({"pad_token_id": 3}, "a tokenizer of .* tokens that is not the network's own of 293"),
    ],
)
def test_a_network_of_another_kind_is_named(
    hub_folder: Path, tmp_path: Path, fields: dict[str, object], got: str
) -> None:
    folder = changed(hub_folder, tmp_path / "changed", **fields)
    with pytest.raises(ModelError, match=rf"must be a RoBERTa with its tokenizer .*, but got .*({got}).*; check the"):
        network_at(folder)


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model 'graphcodebert': .* must be a RoBERTa with its tokenizer"):
        network_at(tmp_path)
