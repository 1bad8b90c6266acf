"""What cannot be imported is refused, and it is said why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.examples import Question
from robust_ray.models import Imported
from tests import fakes, shrunk
from tests.models.importing.published import (
    CLONES,
    DEFECTS,
    SMALLEST,
    Published,
    load,
)

pytestmark = pytest.mark.torch

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


def test_a_missing_tokenizer_is_named_when_planned(tmp_path: Path) -> None:
    (tmp_path / "model.bin").touch()
    imported = Imported(path=str(tmp_path / "model.bin"), tokenizer=str(tmp_path / "BPE.json"))
    with pytest.raises(ModelError, match=r"a tokenizer must lie at '.*BPE\.json', but none does; correct it"):
        imported.revision()
