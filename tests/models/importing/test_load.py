"""A network that somebody else has made answers as it did in their hands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from robust_ray.core.arrays import FloatArray
from robust_ray.core.examples import Example, Input, Question
from robust_ray.core.identity import digest
from robust_ray.models import GraphCodeBERT, Imported, students
from robust_ray.models.students import Network
from robust_ray.models.training import logits
from robust_ray.models.victim import TransformerVictim
from tests import fakes, shrunk
from tests.models.conftest import CPU
from tests.models.importing.published import (
    CLONES,
    CODE,
    DEFECTS,
    SMALLEST,
    Published,
    load,
)

pytestmark = pytest.mark.torch


def ask(network: Network, inputs: Sequence[Input]) -> FloatArray:
    """``(n, 2)`` logits."""
    examples = [Example(uid=str(i), segments=segments, label=0, language="c") for i, segments in enumerate(inputs)]
    return logits(network, examples, CPU).astype(np.float64)


def differences(answers: FloatArray) -> FloatArray:
    """What a softmax of two logits depends on."""
    found: FloatArray = answers[:, 1] - answers[:, 0]
    return found


def test_answers_as_the_published_code(published: Published, question: Question, inputs: list[Input]) -> None:
    wanted = published.answers(inputs)
    wanted = wanted if question == CLONES else wanted[:, ::-1]  # its first output is the second class
    network = load(published.imported, question)
    np.testing.assert_allclose(ask(network, inputs), wanted, atol=1e-5)
    assert np.ptp(wanted) > 0.1
    victim = TransformerVictim(network=network, device="cpu", threads=1)
    spread = np.exp(wanted - wanted.max(axis=1, keepdims=True))
    probabilities = victim.predict(victim.encode(inputs))
    np.testing.assert_allclose(probabilities, spread / spread.sum(axis=1, keepdims=True), atol=1e-5)


@pytest.mark.parametrize("published", ["defects"], indirect=True)
def test_reads_without_special_tokens_as_avatar_does(published: Published) -> None:
    bare = replace(published.imported, around=())
    inputs = [(text,) for text in CODE if text]
    wanted = published.answers(inputs, room=400, around=None)[:, ::-1]
    np.testing.assert_allclose(ask(load(bare, DEFECTS), inputs), wanted, atol=1e-5)


def test_a_checkpoint_of_it_is_the_same_to_the_bit(
    published: Published, question: Question, inputs: list[Input], tmp_path: Path
) -> None:
    network = load(published.imported, question)
    students.save(network, tmp_path)
    again = students.load(tmp_path)
    np.testing.assert_array_equal(ask(again, inputs), ask(network, inputs))
    assert replace(again, module=network.module, tokenizer=network.tokenizer) == network


def test_another_format_of_the_same_weights_is_the_same_network(
    published: Published, question: Question, inputs: list[Input], tmp_path: Path
) -> None:
    save_file(dict(published.module.state_dict()), tmp_path / "weights.safetensors")
    other = replace(published.imported, path=str(tmp_path / "weights.safetensors"))
    np.testing.assert_array_equal(ask(load(other, question), inputs), ask(load(published.imported, question), inputs))


def test_label_names_put_the_outputs_in_order(published: Published, question: Question, inputs: list[Input]) -> None:
    assert published.imported.labels is not None
    reverse = replace(published.imported, labels=published.imported.labels[::-1])
    here, there = (ask(load(imported, question), inputs) for imported in (published.imported, reverse))
    np.testing.assert_array_equal(here, there[:, ::-1])


@pytest.mark.parametrize("published", ["defects"], indirect=True)
@pytest.mark.parametrize(("name", "sign"), [("vulnerable", 1.0), ("safe", -1.0)])
def test_one_name_is_the_class_that_a_sigmoid_of_the_first_output_tells(
    published: Published, name: str, sign: float
) -> None:
    inputs = [(text,) for text in CODE]
    found = differences(ask(load(replace(published.imported, labels=(name,)), DEFECTS), inputs))
    np.testing.assert_allclose(found, sign * published.answers(inputs)[:, 0], atol=1e-5)


@pytest.mark.parametrize("kind", ["codebert", "codegpt", "plbart", "codet5", "qwen2_5_coder"])
def test_a_folder_of_transformers_is_imported_by_its_path(kind: str, tmp_path: Path) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = shrunk.write(kind, tmp_path / kind)
    names = {0: "vulnerable", 1: "safe"}
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        network = AutoModelForSequenceClassification.from_pretrained(folder, id2label=names, dtype=torch.float32).eval()
        network.resize_token_embeddings(len(tokenizer)) if kind == "codegpt" else None
    network.config.pad_token_id = tokenizer.pad_token_id
    network.save_pretrained(tmp_path / "tuned")
    tokenizer.save_pretrained(tmp_path / "tuned")
    found = ask(load(Imported(path=str(tmp_path / "tuned"), max_length=64), DEFECTS), [(text,) for text in CODE[:4]])
    with torch.no_grad():
        rows = [tokenizer(text, return_tensors="pt", truncation=True, max_length=64) for text in CODE[:4]]
        wanted = [network(input_ids=row["input_ids"]).logits[0].numpy() for row in rows]
    np.testing.assert_allclose(found[:, ::-1], np.array(wanted), atol=1e-5)


@pytest.mark.parametrize("segments", [1, 2])
def test_data_flow_is_read_as_graphcodebert_does(segments: int, tmp_path: Path) -> None:
    folder = shrunk.write("graphcodebert", tmp_path / "pretrained")
    question = fakes.asks(segments=segments, language="java")
    network = GraphCodeBERT(name=str(folder), code_length=96, data_flow_length=32).load((), question, 0, tmp_path)
    head, body = ("encoder.classifier.", "encoder.roberta.") if segments == 1 else ("classifier.", "encoder.roberta.")
    theirs = {"dense.": f"{head}dense.", "out.": f"{head}out_proj.", "body.": body}
    weights = {
        new + name.removeprefix(old): tensor
        for name, tensor in network.module.state_dict().items()
        for old, new in theirs.items()
        if name.startswith(old)
    }
    torch.save(weights, tmp_path / "model.bin")
    imported = Imported(
        path=str(tmp_path / "model.bin"),
        config={name: network.architecture["config"][name] for name in (*SMALLEST, "max_position_embeddings")},
        head="sequence" if segments == 1 else "clone",
        key_prefix="encoder." if segments == 1 else "encoder.roberta.",
        tokenizer=str(folder),
        data_flow=32,
        max_length=128,
    )
    inputs = [(text,) * segments for text in fakes.JAVA]
    found = load(imported, question)
    np.testing.assert_array_equal(ask(found, inputs), ask(network, inputs))
    assert found.data_flow == network.data_flow


def test_the_key_knows_content_and_labels_but_no_place(published: Published, tmp_path: Path) -> None:
    for source in (published.imported.path, published.imported.tokenizer):
        assert source is not None
        (tmp_path / Path(source).name).write_bytes(Path(source).read_bytes())
    moved = replace(
        published.imported,
        path=str(tmp_path / Path(published.imported.path).name),
        tokenizer=str(tmp_path / "BPE_1000.json"),
    )
    assert digest(moved) == digest(published.imported)
    assert digest(replace(moved, labels=None)) != digest(moved)
    (tmp_path / "BPE_1000.json").write_text("{}")
    assert digest(moved) != digest(published.imported)
