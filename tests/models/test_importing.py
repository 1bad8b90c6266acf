"""A network that somebody else has made answers as it did in their hands, or it is said why it cannot."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.examples import Example, Input, Question
from robust_ray.core.identity import digest
from robust_ray.core.victim import FloatArray
from robust_ray.models import GraphCodeBERT, Imported, students
from robust_ray.models.students import Network
from robust_ray.models.training import logits
from robust_ray.models.victim import TransformerVictim
from tests import fakes, shrunk
from tests.models.conftest import CPU

pytestmark = pytest.mark.torch

DEFECTS = Question(label_names=("safe", "vulnerable"), segments=1, language="c")
CLONES = Question(label_names=("different", "clone"), segments=2, language="java")
SMALLEST = {
    "vocab_size": 1000,
    "hidden_size": 96,
    "intermediate_size": 64,
    "num_attention_heads": 8,
    "num_hidden_layers": 12,
}
"""Compressor's 3 MB."""

CODE = (*fakes.C, *fakes.JAVA, "int\tÉ( )\r\n{ return\x0b'\u3000';\x1c}\n\n", "int x[] = {" + "1, " * 400 + "};", "")
PAIRS: list[Input] = [*itertools.pairwise(CODE), (CODE[0], CODE[0])]


class PublishedDefects(nn.Module):
    """The layout of Compressor's, AVATAR's and MORPH's networks for defects."""

    def __init__(self, config: Any) -> None:
        from transformers import RobertaForSequenceClassification

        super().__init__()
        self.encoder = RobertaForSequenceClassification(config)

    def forward(self, ids: Tensor) -> Tensor:
        """``(batch, length)`` → ``(batch, n_outputs)``."""
        found: Tensor = self.encoder(ids, attention_mask=ids.ne(1))[0]
        return found


class PublishedHead(nn.Module):
    """On two vectors, one behind the other."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.dense = nn.Linear(2 * hidden, hidden)
        self.out_proj = nn.Linear(hidden, 2)


class PublishedClones(nn.Module):
    """The same for clones."""

    def __init__(self, config: Any) -> None:
        from transformers import RobertaModel

        super().__init__()
        self.encoder = RobertaModel(config)
        self.classifier = PublishedHead(config.hidden_size)

    def forward(self, ids: Tensor) -> Tensor:
        """``(2 * pairs, length)`` → ``(pairs, 2)``."""
        firsts = self.encoder(ids, attention_mask=ids.ne(1))[0][:, 0]
        hidden = torch.tanh(self.classifier.dense(firsts.reshape(len(ids) // 2, -1)))
        found: Tensor = self.classifier.out_proj(hidden)
        return found


class Published(NamedTuple):
    """Files as somebody left them, and the network they were saved from."""

    imported: Imported
    module: nn.Module
    tokenizer: Any

    def answers(self, inputs: Sequence[Input], room: int = 398, around: tuple[int, int] | None = (0, 2)) -> FloatArray:
        """``(n, 2)`` logits by the published recipe."""
        rows = []
        for text in (segment for segments in inputs for segment in segments):
            ids = self.tokenizer.encode(" ".join(text.split())).ids[:room]
            ids = ids if around is None else [around[0], *ids, around[1]]
            rows.append(ids + [1] * (400 - len(ids)))
        with torch.no_grad():
            found: FloatArray = self.module(torch.tensor(rows)).double().numpy()
        return found


@pytest.fixture(scope="module")
def tokenizer_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A byte-level BPE of 1000 tokens that makes all letters small, in a JSON file, special tokens not added."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)
    trainer = trainers.BpeTrainer(
        vocab_size=1000,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator((" ".join(text.split()) for text in shrunk.TEXTS), trainer)
    file = tmp_path_factory.mktemp("data") / "BPE_1000.json"
    tokenizer.save(str(file))
    return file


@pytest.fixture(scope="module", params=["defects", "clones"])
def published(request: pytest.FixtureRequest, tokenizer_file: Path) -> Published:
    """A 3 MB student of either task, with the position table that older versions of transformers saved."""
    from tokenizers import Tokenizer
    from transformers import RobertaConfig

    is_pair = request.param == "clones"
    config = RobertaConfig(
        **SMALLEST, max_position_embeddings=514, type_vocab_size=1, layer_norm_eps=1e-5, initializer_range=0.2
    )
    with torch.random.fork_rng([]):
        torch.manual_seed(1)
        module = (PublishedClones if is_pair else PublishedDefects)(config).eval()
    left_over = {"encoder.embeddings.position_ids": torch.arange(514)[None]}
    path = tokenizer_file.parent / f"{request.param}.bin"
    torch.save({**left_over, **module.state_dict()}, path)
    imported = Imported(
        path=str(path),
        config=SMALLEST,
        head="clone" if is_pair else "sequence",
        key_prefix="encoder.",
        labels=("different", "clone") if is_pair else ("vulnerable", "safe"),
        tokenizer=str(tokenizer_file),
        around=("<s>", "</s>"),
        preprocessing="one_line",
        max_length=400,
    )
    return Published(imported, module, Tokenizer.from_file(str(tokenizer_file)))


@pytest.fixture
def question(published: Published) -> Question:
    return CLONES if published.imported.head == "clone" else DEFECTS


@pytest.fixture
def inputs(question: Question) -> list[Input]:
    return PAIRS if question == CLONES else [(text,) for text in CODE]


def load(imported: Imported, question: Question) -> Network:
    return imported.load((), question, 0, Path())


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
    theirs = {"dense.": f"{head}dense.", "out.": f"{head}out_proj.", "encoder.": body}
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


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "no file": ({"path": "nowhere.bin"}, "weights must lie at 'nowhere.bin', but none do"),
    "no prefix": ({"key_prefix": ""}, r"missing and 201 \(.*, …\) are not known; set `key_prefix` to 'encoder\.'"),
    "other head": ({"head": "clone"}, r"\d+ \(.*\) are missing"),
    "too few layers": ({"config": {**SMALLEST, "num_hidden_layers": 11}}, "none are missing and 16 "),
    "other vocabulary": ({"config": {**SMALLEST, "vocab_size": 2000}}, r"is \(1000, 96\) instead of \(2000, 96\)"),
    "misspelt field": ({"config": {"hiden_size": 96}}, "no field 'hiden_size'; did you mean 'hidden_size'"),
    "impossible field": ({"config": {**SMALLEST, "num_attention_heads": 7}}, "`config` must describe a network"),
    "no such type": ({"config": {"model_type": "nonsense"}}, "must be a configuration of transformers"),
    "no tokenizer": ({"tokenizer": None}, "`tokenizer` must be a JSON file"),
    "unknown special": ({"around": ("[CLS]", "[SEP]")}, r"the tokenizer must know '\[CLS\]'"),
    "padded otherwise": ({"config": {**SMALLEST, "pad_token_id": 0}}, "pad alike, but the one has 1 and the other 0"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("published", ["defects"], indirect=True)
def test_what_does_not_fit_is_told_in_a_sentence(published: Published, mistake: str) -> None:
    change, sentence = MISTAKES[mistake]
    question = CLONES if change.get("head") == "clone" else DEFECTS
    labels = None if question == CLONES else published.imported.labels
    with pytest.raises(ModelError, match=sentence):
        load(replace(published.imported, labels=labels, **change), question)


@pytest.mark.parametrize("published", ["defects"], indirect=True)
def test_another_networks_tokenizer_is_refused(published: Published, tmp_path: Path) -> None:
    folder = shrunk.write("codebert", tmp_path / "other")
    from transformers import AutoTokenizer

    AutoTokenizer.from_pretrained(folder).backend_tokenizer.save(str(tmp_path / "BPE_700.json"))
    with pytest.raises(ModelError, match="has 700 tokens for 1000 embeddings"):
        load(replace(published.imported, tokenizer=str(tmp_path / "BPE_700.json")), DEFECTS)


@pytest.mark.parametrize("published", ["defects"], indirect=True)
@pytest.mark.parametrize("content", [b"", b"not weights", None], ids=["empty", "text", "around"])
def test_what_is_no_state_dict_is_refused(published: Published, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "model.bin"
    if content is None:
        torch.save({"epoch": 3, "model": published.module.state_dict()}, file)
    else:
        file.write_bytes(content)
    with pytest.raises(ModelError, match=r"'model\.bin' must hold"):
        load(replace(published.imported, path=str(file)), DEFECTS)


@pytest.mark.parametrize("published", ["defects"], indirect=True)
def test_code_in_a_pickle_is_never_run(published: Published, tmp_path: Path) -> None:
    torch.save(published.module, tmp_path / "model.bin")
    with pytest.raises(ModelError, match="must hold tensors alone"):
        load(replace(published.imported, path=str(tmp_path / "model.bin")), DEFECTS)


@pytest.mark.parametrize("published", ["clones"], indirect=True)
def test_weights_that_nothing_uses_are_named_or_refused(published: Published, tmp_path: Path) -> None:
    file = tmp_path / "model.bin"
    torch.save(published.module.state_dict() | {"lm_head.bias": torch.zeros(3)}, file)
    imported = replace(published.imported, path=str(file))
    with pytest.raises(ModelError, match=r"none are missing and 1 \(lm_head\.bias\) are not known"):
        load(imported, CLONES)
    load(replace(imported, unused=("lm_head.",)), CLONES)


@pytest.mark.parametrize(
    ("change", "question", "sentence"),
    [
        ({"labels": ("bad", "good")}, DEFECTS, r"must be the classes \['safe', 'vulnerable'\].* got \['bad', 'good'\]"),
        ({"labels": ("bad",)}, DEFECTS, "the one that a sigmoid tells"),
        ({"labels": ("safe", "safe")}, DEFECTS, "must be the classes"),
        ({"head": "clone"}, DEFECTS, "reads two segments, but the task has 1"),
        ({"data_flow": 128}, CLONES, "read by head 'clone'"),
        ({}, fakes.asks(0), "this task asks for texts"),
    ],
)
def test_a_question_it_does_not_answer_is_refused_when_planned(
    change: dict[str, Any], question: Question, sentence: str
) -> None:
    with pytest.raises(SweepError, match=sentence):
        replace(Imported(path="model.bin"), **change).require(question)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("around", ("<s>",), "two tokens or none"),
        ("max_length", 3, "`max_length >= 8` must hold"),
        ("data_flow", 0, "`data_flow >= 1`"),
    ],
)
def test_impossible_fields_are_refused(field: str, value: Any, sentence: str) -> None:
    with pytest.raises(SweepError, match=sentence):
        replace(Imported(path="model.bin"), **{field: value})
