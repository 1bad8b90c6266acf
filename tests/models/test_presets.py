"""Presets say what is published, and find out where something else is loaded."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from robust_ray.core.build import build
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.examples import Question
from robust_ray.models import PLBART, CodeBERT, CodeGPT, CodeModel, CodeT5, StarEncoder, UniXcoder, students
from robust_ray.models.checks.tokenizer_facts import TokenizerFacts
from robust_ray.models.presets import CODEBERT_FACTS, PROBE, Preset
from robust_ray.models.reading.encoding import Rows, encode
from robust_ray.models.writing import Generation
from tests.fakes import asks

ShrunkFolder = Callable[[str], Path]

TYPES: dict[str, type[Any]] = {preset.type: preset for preset in Preset.__subclasses__()}


class Published:
    """A tokenizer that is as the facts say."""

    def __init__(self, facts: TokenizerFacts) -> None:
        self.ids, self.vocabulary, self.probe_ids = dict(facts.ids), facts.vocabulary, facts.probe_ids

    def __len__(self) -> int:
        return self.vocabulary or 1000

    def __call__(self, text: str) -> dict[str, list[int]]:
        return {"input_ids": list(self.probe_ids)}

    def convert_tokens_to_ids(self, token: str) -> int:
        return self.ids.get(token, -1)


@pytest.mark.parametrize("name", TYPES)
def test_is_built_by_its_name_alone(name: str) -> None:
    model = build(CodeModel, name, "models[0]")
    assert isinstance(model, TYPES[name])
    assert "/" in model.name
    assert model.hub_revision is None or len(model.hub_revision) == 40
    assert model.revision() is None
    model.require(asks())


@pytest.mark.parametrize("name", TYPES)
def test_recommends_settings_for_every_question(name: str) -> None:
    model = TYPES[name]()
    found = [model.recommended(asks(*question)) for question in ((2, 1), (2, 2), (66, 1), (0, 1))]
    recipes = model.recipes
    assert found == [recipes.classes, recipes.pair, recipes.many, recipes.text]


def test_codebert_is_fine_tuned_as_in_codexglue() -> None:
    defects = CodeBERT().recommended(asks())
    assert (defects.epochs, defects.batch_size, defects.learning_rate, defects.max_length) == (5, 32, 2e-5, 400)
    assert CodeBERT().recommended(asks(segments=2)).warmup == 0.5


@pytest.mark.parametrize("name", sorted(TYPES.keys() - {"qwen2_5_coder"}))
def test_published_settings_let_no_weight_decay_and_stop_early_only_where_stated(name: str) -> None:
    recipes = TYPES[name].recipes
    stated = {"codet5": (2, 1, 2), "plbart": (10, 2, 5)}
    settings = (recipes.classes, recipes.pair, recipes.text)
    assert {each.weight_decay for each in (*settings, recipes.many)} == {0.0}
    assert tuple(each.patience for each in settings) == stated.get(name, tuple(each.epochs for each in settings))


@pytest.mark.torch
def test_codegpt_knows_where_what_it_classifies_ends(shrunk_folder: ShrunkFolder, tmp_path: Path) -> None:
    model = CodeGPT(name=str(shrunk_folder("codegpt")), generation=Generation(max_new_tokens=16))
    read = model.load((), asks(segments=2), 0, tmp_path).tokenizer
    row = read.convert_ids_to_tokens(read("x" * 999, truncation=True, max_length=9)["input_ids"])
    assert (len(row), row[0], row[-1]) == (9, "<s>", "</s>")
    writes = model.load((), asks(0), 0, tmp_path).tokenizer
    assert not set(writes("x")["input_ids"]) & set(writes.all_special_ids)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("question", "behind"),
    [
        (asks(0, language="java"), ["</s>", "__java__"]),
        (asks(0, language="python"), ["</s>", "__python__"]),
        (asks(0, language="c"), ["</s>"]),
        (asks(language="java"), ["</s>"]),
    ],
)
def test_plbart_is_told_the_language_of_what_it_summarizes(
    question: Question, behind: list[str], shrunk_folder: ShrunkFolder, tmp_path: Path
) -> None:
    folder = tmp_path / "english"
    shutil.copytree(shrunk_folder("plbart"), folder)
    config = folder / "tokenizer_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "src_lang": "__en_XX__"}))
    model = PLBART(name=str(folder), generation=Generation(max_new_tokens=16))
    network = model.load((), question, seed=0, workdir=tmp_path)
    students.save(network, tmp_path / "saved")
    for each in (network, students.load(tmp_path / "saved")):
        (encoding,) = encode(each, [("int x = 1;",)])
        (ids,) = cast(Rows, encoding.ids)
        row = each.tokenizer.convert_ids_to_tokens(np.frombuffer(ids, dtype=np.int32).tolist())
        assert row[-len(behind) :] == behind
        assert row.count("</s>") == 1


def test_another_model_of_the_hub_needs_a_commit_of_its_own() -> None:
    small = CodeT5(name="Salesforce/codet5-small")
    with pytest.raises(SweepError, match=r"`hub_revision` must be a commit of 'Salesforce/codet5-small', but .*; give"):
        small.require(asks())
    replace(small, hub_revision=None).require(asks())
    CodeGPT(name="microsoft/CodeGPT-small-py-adaptedGPT2").require(asks())


def test_a_folder_needs_none(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    CodeT5(name=str(tmp_path)).require(asks())


class TestFacts:
    """The published tokenizer of CodeBERT, and others."""

    def check(self, *, is_published: bool = True, **changes: Any) -> None:
        tokenizer = Published(CODEBERT_FACTS)
        for name, value in changes.items():
            setattr(tokenizer, name, value)
        CODEBERT_FACTS.check(tokenizer, "model 'codebert'", is_published=is_published)

    def test_the_published_one_passes(self) -> None:
        self.check()
        self.check(is_published=False)

    def test_another_size_under_the_published_name_is_refused(self) -> None:
        with pytest.raises(ModelError, match=r"the tokenizer must have 50265 tokens, but got 50000; fetch its files"):
            self.check(vocabulary=50000)

    def test_another_size_in_a_folder_is_another_model(self) -> None:
        self.check(vocabulary=50000, ids={}, is_published=False)

    @pytest.mark.parametrize("is_published", [True, False])
    def test_another_special_token_is_refused(self, is_published: bool) -> None:
        with pytest.raises(ModelError, match=r"must give '<mask>' the id 50264, but got 4; fetch"):
            self.check(ids={**CODEBERT_FACTS.ids, "<mask>": 4}, is_published=is_published)

    @pytest.mark.parametrize("is_published", [True, False])
    def test_another_way_to_read_is_refused(self, is_published: bool) -> None:
        with pytest.raises(ModelError, match=r"must read 'def max.*' as \[0, 9232, .*\], but got \[0, 3, 2\]; fetch"):
            self.check(probe_ids=[0, 3, 2], is_published=is_published)


@pytest.mark.parametrize("name", TYPES)
def test_facts_agree_with_themselves(name: str) -> None:
    facts = TYPES[name].facts
    facts.check(Published(facts), name, is_published=True)
    if facts.vocabulary is not None:
        assert all(0 <= token < facts.vocabulary for token in (*facts.ids.values(), *facts.probe_ids))
    assert facts.probe in ("", PROBE, "This is a test")


@pytest.mark.torch
@pytest.mark.parametrize("kind", TYPES)
def test_loads_another_model_of_its_family(kind: str, shrunk_folder: ShrunkFolder, tmp_path: Path) -> None:
    network = TYPES[kind](name=str(shrunk_folder(kind))).load((), asks(3), seed=0, workdir=tmp_path)
    assert network.n_labels == 3
    assert network.max_length == 128


@pytest.mark.torch
def test_another_tokenizer_under_the_published_name_is_refused(
    shrunk_folder: ShrunkFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the working directory held a folder of that name."""
    published = tmp_path / PLBART().name
    shutil.copytree(shrunk_folder("plbart"), published)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"model 'plbart': the tokenizer must have 50005 tokens, but got 700; fetch"):
        PLBART().load((), asks(), seed=0, workdir=tmp_path)


@pytest.mark.torch
def test_unixcoder_says_that_it_is_an_encoder(shrunk_folder: ShrunkFolder, tmp_path: Path) -> None:
    tokenizer = UniXcoder(name=str(shrunk_folder("unixcoder"))).load((), asks(), 0, tmp_path).tokenizer
    row = tokenizer.convert_ids_to_tokens(tokenizer("x", "y")["input_ids"])
    assert row == ["<s>", "<encoder-only>", "</s>", "x", "</s>", "y", "</s>"]
    assert tokenizer.mask_token == "<mask>"


@pytest.mark.torch
def test_a_tokenizer_without_its_modes_is_not_unixcoders(shrunk_folder: ShrunkFolder, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"'unixcoder': the tokenizer must know '<encoder-only>', but does not; put"):
        UniXcoder(name=str(shrunk_folder("codebert"))).load((), asks(), 0, tmp_path)


@pytest.mark.torch
def test_starencoder_gets_special_tokens_that_its_tokenizer_lacks(shrunk_folder: ShrunkFolder, tmp_path: Path) -> None:
    folder = tmp_path / "bare"
    shutil.copytree(shrunk_folder("starencoder"), folder)
    (folder / "special_tokens_map.json").unlink(missing_ok=True)
    end = dict.fromkeys(("bos_token", "eos_token", "unk_token"), "<|endoftext|>")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "GPT2Tokenizer", **end}))
    content = json.loads((folder / "tokenizer.json").read_text())
    content["added_tokens"] = [token for token in content["added_tokens"] if token["id"] < 696]
    (folder / "tokenizer.json").write_text(json.dumps(content))
    tokenizer = StarEncoder(name=str(folder)).load((), asks(), 0, tmp_path).tokenizer
    assert tokenizer.convert_ids_to_tokens(tokenizer("x", "y")["input_ids"]) == ["<cls>", "x", "<sep>", "y", "<sep>"]
    ids = tokenizer.convert_tokens_to_ids(["<pad>", "<sep>", "<cls>", "<mask>"])
    assert ids == [696, 697, 698, 699]
