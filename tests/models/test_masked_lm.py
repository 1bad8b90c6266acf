"""Small networks of the real classes, trained for a moment on real code, against plain uses of the same library."""

from __future__ import annotations

import bisect
import heapq
import inspect
import itertools
import json
import math
import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robust_ray.attacks import MaskedLMSubstitutes
from robust_ray.attacks.naturalness import perplexities
from robust_ray.attacks.substitutes.natural_names import occurrences, offers
from robust_ray.core.build import build
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.identity import digest
from robust_ray.core.language_model import LANGUAGE_MODELS, LanguageModel, Look, pieces
from robust_ray.core.machine import Machine
from robust_ray.models import MaskedLM
from robust_ray.models.masked_transformer import MaskedTransformer
from robust_ray.source.identifiers import analyse
from tests import fakes

pytestmark = pytest.mark.torch

CODE = [
    textwrap.dedent(inspect.getsource(function))
    for module in (bisect, heapq, textwrap)
    for _, function in inspect.getmembers(module, inspect.isfunction)
] + [*fakes.PYTHON, *fakes.JAVA, *fakes.C]
SIZE = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "type_vocab_size": 1,
}
MACHINE = Machine(max_batch_tokens=512)


def roberta(folder: Path) -> None:
    """Byte-level sub-tokens; positions start behind the padding's."""
    from transformers import RobertaConfig, RobertaForMaskedLM

    from robust_ray.models.reading.tokenization import train_bpe

    tokenizer = train_bpe(CODE, 600)
    config = RobertaConfig(vocab_size=len(tokenizer), max_position_embeddings=66, **SIZE)
    save(RobertaForMaskedLM, config, tokenizer, folder)


def bert(folder: Path) -> None:
    """Words in lower case, cut at underscores and into pieces that do not begin a word."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trained = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    trained.normalizer = normalizers.BertNormalizer()
    trained.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trained.decoder = decoders.WordPiece()
    trained.train_from_iterator(CODE, trainers.WordPieceTrainer(vocab_size=500, special_tokens=specials))
    trained.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), specials, strict=True))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=trained, model_max_length=64, **names)
    config = BertConfig(vocab_size=len(tokenizer) + 11, max_position_embeddings=80, **SIZE)
    save(BertForMaskedLM, config, tokenizer, folder)


def save(cls: Any, config: Any, tokenizer: Any, folder: Path) -> None:
    """Train for a moment, so that answers differ from place to place, and write in the hub's layout."""
    import torch

    config.pad_token_id = tokenizer.pad_token_id
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        module = cls(config)
        ids = tokenizer(CODE, truncation=True, max_length=48, padding=True, return_tensors="pt")["input_ids"]
        optimizer = torch.optim.AdamW(module.parameters(), lr=5e-3)
        for _ in range(60):
            masked = (torch.rand(ids.shape) < 0.15) & (ids != tokenizer.pad_token_id)
            mask = (ids != tokenizer.pad_token_id).long()
            inputs = ids.masked_fill(masked, tokenizer.mask_token_id)
            labels = ids.masked_fill(~masked, -100)
            module(input_ids=inputs, attention_mask=mask, labels=labels).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    module.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@pytest.fixture(scope="module", params=[roberta, bert], ids=["roberta", "bert"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A masked language model in the hub's layout."""
    import torch

    torch.set_num_threads(1)
    make: Callable[[Path], None] = request.param
    path = tmp_path_factory.mktemp("hub") / f"tiny-{make.__name__}"
    make(path)
    return path


@pytest.fixture(scope="module")
def model(folder: Path) -> MaskedTransformer:
    return MaskedLM(name=str(folder)).load(MACHINE)


def plainly(model: MaskedTransformer, ids: tuple[int, ...]) -> Any:
    """The library's output for one text alone, special tokens cut off: logits, and hidden states."""
    import torch

    before, after = model.tokenizer.cls_token_id, model.tokenizer.sep_token_id
    with torch.inference_mode():
        output = model.module(torch.tensor([[before, *ids, after]]), output_hidden_states=True)
    return output.logits[0, 1:-1], output.hidden_states[-1][0, 1:-1]


def texts(model: MaskedTransformer) -> list[tuple[int, ...]]:
    return [ids[: model.window] for ids in model.encode(CODE)]


def test_the_window_leaves_room_for_the_special_tokens(model: MaskedTransformer, folder: Path) -> None:
    assert model.window == 62, "RoBERTa's positions are two fewer than its table; BERT's tokenizer knows its limit"
    assert MaskedLM(name=str(folder), max_length=32).load(MACHINE).window == 30


def test_text_comes_back_from_its_sub_tokens(model: MaskedTransformer) -> None:
    names = ["a", "max_value", "x1", "avctx", "heap"]
    encoded = model.encode(names)
    assert model.decode(encoded) == names
    assert max(map(len, encoded)) > 1
    assert model.encode([]) == []
    assert model.decode([]) == []
    assert model.encode([""]) == [()]


def test_a_word_is_looked_up_whole(model: MaskedTransformer) -> None:
    known, unknown, empty = model.look_up(["(", "return_the_unheard_of", ""])
    assert model.decode([(known,)]) == ["("]
    assert unknown == empty == model.tokenizer.unk_token_id


def test_predictions_are_the_largest_logits(model: MaskedTransformer) -> None:
    looks = [Look(ids, (0, len(ids) // 2)) for ids in texts(model)]
    for look, found in zip(looks, model.predict(looks, 5), strict=True):
        logits, _ = plainly(model, look.ids)
        wanted = logits[list(look.positions), : len(model.tokenizer)].topk(5)
        np.testing.assert_allclose(
            np.take_along_axis(logits[list(look.positions)].numpy(), found, 1), wanted.values, atol=1e-4
        )
    everything = model.predict(looks[:1], 10_000)[0]
    assert everything.shape == (2, len(model.tokenizer)), "rows of the network that no token belongs to are left out"


def test_embeddings_are_the_last_hidden_states(model: MaskedTransformer) -> None:
    looks = [Look(ids, tuple(range(len(ids)))) for ids in texts(model)]
    for look, found in zip(looks, model.embed(looks), strict=True):
        _, states = plainly(model, look.ids)
        np.testing.assert_allclose(found, states, atol=1e-4)


def test_likelihoods_are_those_of_what_was_masked(model: MaskedTransformer) -> None:
    looks = [Look(ids, (1, len(ids) - 1)) for ids in texts(model)]
    for look, found in zip(looks, model.log_likelihood(looks), strict=True):
        masked = [model.tokenizer.mask_token_id if i in look.positions else token for i, token in enumerate(look.ids)]
        logits, _ = plainly(model, tuple(masked))
        wanted = [float(logits[i].log_softmax(0)[look.ids[i]]) for i in look.positions]
        np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_answers_do_not_depend_on_the_batch(folder: Path, model: MaskedTransformer) -> None:
    alone = MaskedLM(name=str(folder)).load(Machine(max_batch_tokens=1))
    looks = [Look(ids, (0, len(ids) - 1)) for ids in texts(model)]
    looks += [Look(looks[0].ids, (2,)), looks[1]]
    for ask in ("embed", "log_likelihood"):
        together, apart = getattr(model, ask)(looks), getattr(alone, ask)(looks)
        for first, second in zip(together, apart, strict=True):
            np.testing.assert_allclose(first, second, atol=1e-4)
    assert model.embed([]) == model.log_likelihood([]) == model.predict([], 3) == []


def test_logit_similarity_is_the_cosine_of_all_logits(model: MaskedTransformer) -> None:
    import torch

    first, second = texts(model)[:2]
    length = min(len(first), len(second))
    pairs = [(first[:length], second[:length]), (first, first), (first[:9], second[5:14])]
    found = model.logit_similarity(pairs)
    before, after = model.tokenizer.cls_token_id, model.tokenizer.sep_token_id
    with torch.inference_mode():
        a, b = (model.module(torch.tensor([[before, *ids, after]])).logits.flatten() for ids in pairs[0])
    assert found[0] == pytest.approx(torch.cosine_similarity(a, b, dim=0).item(), abs=1e-5)
    assert found[1] == pytest.approx(1)
    assert -1 <= found[2] < 1
    assert model.logit_similarity([]) == []


def test_similarity_is_that_of_the_mean_states(model: MaskedTransformer) -> None:
    long = " ".join(CODE[:3])
    first, second = CODE[-2:]
    found = model.similarity([(first, second), (first, first), (long, long + " x"), ("", first), ("", "")])

    def mean(text: str) -> Any:
        (ids,) = model.encode([text])
        return np.concatenate([plainly(model, piece)[1].numpy() for piece in pieces(ids, model.window)]).mean(axis=0)

    a, b = mean(first), mean(second)
    assert found[0] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-5)
    assert found[1] == pytest.approx(1)
    assert found[0] < found[2] < 1
    assert math.isnan(found[3])
    assert math.isnan(found[4])


@pytest.mark.parametrize("text", ["\0", "\ud800 = 1", "a\u0301 \U0001f600", "x" * 100_000, "= " * 1000])
def test_whatever_the_text_there_is_an_answer(model: MaskedTransformer, text: str) -> None:
    (ids,) = model.encode([text])
    assert len(model.decode([(i,) for i in ids[:50]])) == len(ids[:50])
    assert model.look_up([text]) == (model.tokenizer.unk_token_id,)
    (alike,) = model.similarity([(text, "a = 1")])
    assert math.isnan(alike) or -1 <= alike <= 1
    (perplexity,) = perplexities([text[:500]], model)
    assert perplexity is None or perplexity >= 1


def test_code_it_has_read_is_more_natural_than_noise(model: MaskedTransformer) -> None:
    natural, noise = perplexities([fakes.PYTHON[0], "qz = jj ] vv ( ( 93 ) xk : ; ] 77 ,"], model)
    assert natural is not None
    assert noise is not None
    assert 1 < natural < noise


def test_offers_fresh_names_for_every_name_the_same_in_any_batch(folder: Path) -> None:
    examples = fakes.examples(fakes.BagOfNames())[:4]
    component = MaskedLMSubstitutes(language_model=MaskedLM(name=str(folder)), predictions=20, occurrences=2)
    rows = component.collect([], examples, MACHINE)
    offered = {(row.uid, row.identifier) for row in rows}
    assert len({uid for uid, _ in offered}) == 4
    for example in examples:
        for row in (row for row in rows if row.uid == example.uid):
            assert row.substitute.isidentifier()
            assert row.substitute not in example.segments[0].split()
            assert -1 <= row.score <= 1
    small = component.collect([], examples, Machine(max_batch_tokens=200))
    assert [(row.uid, row.identifier) for row in small] == [(row.uid, row.identifier) for row in rows]
    np.testing.assert_allclose([row.score for row in small], [row.score for row in rows], atol=1e-4)


def described_names(model: MaskedTransformer, program: str, count: int) -> dict[str, set[str]]:
    """ALERT's procedure one occurrence and one forward pass at a time; names still unchecked."""
    import torch

    source = analyse(program, "python")
    tokens = [source.data[start:end].decode() for start, end in source.tokens]
    parts = [model.encode([token])[0] for token in tokens]
    ids = tuple(itertools.chain.from_iterable(parts))
    assert len(ids) <= model.window
    logits, states = plainly(model, ids)
    best = logits[:, : len(model.tokenizer)].topk(count).indices
    names: dict[str, set[str]] = {}
    for name in source.spans:
        for index in (i for i, token in enumerate(tokens) if source.tokens[i] in source.spans[name]):
            start = sum(map(len, parts[:index]))
            place = slice(start, start + len(parts[index]))
            likeness = {}
            for j in range(count):
                changed = (*ids[: place.start], *best[place, j].tolist(), *ids[place.stop :])
                _, after = plainly(model, changed)
                likeness[j] = torch.cosine_similarity(states[place], after[place], dim=1).mean().item()
            kept = sorted(likeness, key=lambda j: -likeness[j])[: count // 2]
            columns = best[place][:, kept].tolist()
            choices = columns if len(columns) == 1 else [column[:4] for column in columns[:12]]
            words = list(itertools.product(*choices))[: None if len(columns) == 1 else 24]
            names.setdefault(name, set()).update(word.strip() for word in model.decode(words))
    return names


def test_offers_what_the_described_procedure_does(model: MaskedTransformer) -> None:
    program = "def low(self, x):\n    max_low = x[0]\n    return max_low\n"
    wanted = described_names(model, program, 20)
    assert {len(ids) > 1 for ids in model.encode(list(wanted))} == {True, False}
    for name, looks in occurrences(analyse(program, "python"), model).items():
        found = {word for offered in offers(looks, model, 20) for word, _ in offered}
        assert found == wanted[name]


def test_half_the_precision_is_nearly_the_same(folder: Path, model: MaskedTransformer) -> None:
    half = MaskedLM(name=str(folder), precision="bfloat16").load(MACHINE)
    look = Look(texts(model)[0], (0,))
    (low,), (high,) = half.embed([look]), model.embed([look])
    assert not np.array_equal(low, high)
    np.testing.assert_allclose(low, high, atol=0.1)


def test_a_folders_content_is_in_its_identity(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    before = digest(MaskedLM(name=str(copy)))
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"hidden_dropout_prob": 0.2}))
    assert digest(MaskedLM(name=str(copy))) != before
    assert MaskedLM().revision() is None


@pytest.mark.parametrize("breakage", ["empty", "damaged", "classifier", "no mask"])
def test_what_is_no_masked_language_model_is_named(folder: Path, tmp_path: Path, breakage: str) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    wanted = "but got"
    if breakage == "empty":
        copy = tmp_path
    elif breakage == "damaged":
        (copy / "model.safetensors").write_bytes(b"nonsense")
    elif breakage == "classifier":
        AutoModelForSequenceClassification.from_pretrained(folder).save_pretrained(copy)
        wanted = "but got \"no weights for '(lm_head|cls)"
    else:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        tokenizer.mask_token = None
        tokenizer.save_pretrained(copy)
        wanted = "but got 'a tokenizer without a mask token'"
    message = rf"language model 'masked_lm': '.*' must be a masked language model .*, {wanted}.*; check the name"
    with pytest.raises(ModelError, match=message):
        MaskedLM(name=str(copy)).load(Machine())


def test_a_missing_folder_is_named_when_the_sweep_is_planned() -> None:
    with pytest.raises(
        ModelError, match=r"language model 'masked_lm': a folder must lie at './nowhere', but none does"
    ):
        digest(MaskedLM(name="./nowhere"))


def test_tied_weights_need_not_be_stored(folder: Path, model: MaskedTransformer, tmp_path: Path) -> None:
    """As in the files of older libraries, which hold a part of them: RoBERTa's and CodeBERT's lack the bias."""
    import torch

    state = {name: tensor for name, tensor in model.module.state_dict().items() if not name.endswith("decoder.bias")}
    old = tmp_path / "old"
    shutil.copytree(folder, old)
    (old / "model.safetensors").unlink()
    torch.save(state, old / "pytorch_model.bin")
    look = Look(texts(model)[0], (0,))
    found = MaskedLM(name=str(old)).load(Machine()).predict([look], 5)
    np.testing.assert_array_equal(found, model.predict([look], 5))


def test_is_built_from_yaml() -> None:
    built = build(LanguageModel, {"type": "masked_lm", "name": "roberta-base", "max_length": 128}, "naturalness")
    assert built == MaskedLM(name="roberta-base", max_length=128)
    assert LANGUAGE_MODELS["masked_lm"] is MaskedLM
    with pytest.raises(SweepError, match=r"naturalness: `max_length >= 8` must hold, but got 2; 512 is usual"):
        build(LanguageModel, {"type": "masked_lm", "max_length": 2}, "naturalness")
