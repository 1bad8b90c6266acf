"""What we answer is what plain transformers answers, one input at a time, for every class of network.

Ours: batches of many lengths, token ids spliced, segments remembered. Theirs: the library's own classes and tokenizers,
the special tokens of each model as its authors write them, and the heads written down anew from their definitions.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from robust_ray.core.examples import Example, Input
from robust_ray.core.victim import Answers
from robust_ray.models import PLBART, CodeBERT, CodeGPT, CodeT5, HuggingFace, Qwen25Coder, StarEncoder, UniXcoder
from robust_ray.models.students import Network
from robust_ray.models.training import logits
from robust_ray.models.victim import TransformerVictim
from tests import fakes
from tests.fakes import asks
from tests.models.conftest import CPU, toy

pytestmark = pytest.mark.torch

MODELS: dict[str, type[HuggingFace]] = {
    "codebert": CodeBERT,
    "unixcoder": UniXcoder,
    "starencoder": StarEncoder,
    "codegpt": CodeGPT,
    "plbart": PLBART,
    "codet5": CodeT5,
    "qwen2_5_coder": Qwen25Coder,
}

ENCODERS = ("codebert", "unixcoder", "starencoder")
DECODERS = ("codegpt", "qwen2_5_coder")
ENCODER_DECODERS = ("plbart", "codet5")

Load = Callable[..., Network]
Answering = Callable[[Input], npt.NDArray[np.float32]]


@pytest.fixture
def load(shrunk_folder: Callable[[str], Path], tmp_path: Path) -> Load:
    """A network of a kind, shrunk, with a head whose answers are far from even."""

    def of(kind: str, segments: int, **fields: Any) -> Network:
        import torch

        model = MODELS[kind](name=str(shrunk_folder(kind)), **fields)
        network = model.load((), asks(segments=segments), seed=0, workdir=tmp_path)
        with torch.no_grad():
            for name, parameter in network.module.named_parameters():
                if name.startswith(("classifier", "score", "dense", "out")):
                    parameter.mul_(5.0)
        return network

    return of


def programs(segments: int) -> list[Example]:
    """Real ones and toys, longer and shorter than the window."""
    texts = [*fakes.PYTHON, *fakes.JAVA, *fakes.C, fakes.C[0] * 4, "x", *(example.segments[0] for example in toy(9))]
    pairs = [tuple(texts[(i * (k + 1) + k) % len(texts)] for k in range(segments)) for i in range(len(texts))]
    return [Example(uid=str(i), segments=pair, label=0, language="python") for i, pair in enumerate(pairs)]


def check(network: Network, examples: list[Example], theirs: Answering) -> None:
    """Logits as training and compression see them, and probabilities as attacks do, are theirs."""
    import torch

    wanted = np.stack([theirs(example.segments) for example in examples])
    assert np.ptp(wanted[:, 0] - wanted[:, 1]) > 1e-2, "programs must differ"
    np.testing.assert_allclose(logits(network, examples, CPU), wanted, atol=1e-5, rtol=0)
    victim = TransformerVictim(network=network, device="cpu", threads=1)
    answers = Answers(victim, 600)
    inputs = [example.segments for example in examples]
    answers.ask(inputs[::2])
    probabilities = torch.softmax(torch.from_numpy(wanted).double(), dim=1).numpy()
    np.testing.assert_allclose(answers.ask(inputs).probabilities, probabilities, atol=1e-5, rtol=0)


def plain_tokens(kind: str, folder: Path, *texts: str) -> list[int]:
    """The row as the authors of each model make it."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    length = tokenizer.model_max_length
    if kind == "starencoder":
        ids = tokenizer("<cls>" + "<sep>".join(texts) + "<sep>")["input_ids"]
        return list(ids if len(ids) <= length else [*ids[: length - 1], tokenizer.sep_token_id])
    if kind == "unixcoder":
        (text,) = texts
        tokens = tokenizer.tokenize(text)[: length - 4]
        return list(tokenizer.convert_tokens_to_ids(["<s>", "<encoder-only>", "</s>", *tokens, "</s>"]))
    if kind == "codegpt":
        ids = tokenizer(f"<s>{'</s>'.join(texts)}</s>")["input_ids"]
        return list(ids if len(ids) <= length else [*ids[: length - 1], tokenizer.eos_token_id])
    if kind in ("plbart", "qwen2_5_coder") and len(texts) == 2:
        texts = (texts[0], f"{tokenizer.eos_token}{texts[1]}")
    return list(tokenizer(*texts, truncation=True, max_length=length)["input_ids"])


def tensors(ids: list[int]) -> dict[str, Any]:
    import torch

    return {"input_ids": torch.tensor([ids]), "attention_mask": torch.ones(1, len(ids), dtype=torch.int64)}


def answers_of(plain: Any, kind: str, folder: Path) -> Answering:
    """What a sequence classifier of transformers says to one input."""
    import torch

    def theirs(segments: Input) -> npt.NDArray[np.float32]:
        with torch.inference_mode():
            row: npt.NDArray[np.float32] = plain(**tensors(plain_tokens(kind, folder, *segments))).logits[0].numpy()
        return row

    return theirs


@pytest.mark.parametrize("kind", [*ENCODERS, *DECODERS])
def test_a_sequence_classifier_is_transformers_own(
    kind: str, load: Load, shrunk_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    from transformers import AutoModelForSequenceClassification

    network = load(kind, segments=1)
    network.module.save_pretrained(tmp_path / "plain")  # type: ignore[operator]
    plain = AutoModelForSequenceClassification.from_pretrained(tmp_path / "plain").eval()

    check(network, programs(1), answers_of(plain, kind, shrunk_folder(kind)))


@pytest.mark.parametrize("kind", ["codebert", "codegpt", "qwen2_5_coder"])
def test_a_cross_encoder_is_transformers_own(
    kind: str, load: Load, shrunk_folder: Callable[[str], Path], tmp_path: Path
) -> None:
    from transformers import AutoModelForSequenceClassification

    network = load(kind, segments=2, pairs="joint")
    network.module.save_pretrained(tmp_path / "plain")  # type: ignore[operator]
    plain = AutoModelForSequenceClassification.from_pretrained(tmp_path / "plain").eval()

    short = [each for each in programs(2) if len(network.tokenizer(*each.segments).input_ids) < network.max_length]
    check(network, short, answers_of(plain, kind, shrunk_folder(kind)))


@pytest.mark.parametrize("kind", ENCODER_DECODERS)
def test_the_sequence_classifier_of_an_encoder_decoder_is_transformers_own(
    kind: str, load: Load, shrunk_folder: Callable[[str], Path]
) -> None:
    from transformers import AutoModelForSequenceClassification

    network = load(kind, segments=1)
    plain = AutoModelForSequenceClassification.from_pretrained(shrunk_folder(kind), num_labels=2).eval()
    state = network.module.state_dict()
    head = {name: state[name] for name in ("dense.weight", "dense.bias")}
    head |= {f"out_proj.{name}": state[f"out.{name}"] for name in ("weight", "bias")}
    plain.classification_head.load_state_dict(head)

    check(network, programs(1), answers_of(plain, kind, shrunk_folder(kind)))


@pytest.mark.parametrize("kind", MODELS)
def test_the_clone_head_is_codexglues_on_the_plain_network(
    kind: str, load: Load, shrunk_folder: Callable[[str], Path]
) -> None:
    import torch
    from transformers import AutoModel

    network = load(kind, segments=2)
    plain = AutoModel.from_pretrained(shrunk_folder(kind), dtype=torch.float32).eval()
    if kind == "codegpt":
        plain.resize_token_embeddings(len(network.tokenizer), mean_resizing=False)
    state = network.module.state_dict()

    def vector(text: str) -> Any:
        row = tensors(plain_tokens(kind, shrunk_folder(kind), text))
        if kind == "codet5":
            row["decoder_input_ids"] = torch.cat([torch.tensor([[0]]), row["input_ids"][:, :-1]], dim=1)
        return plain(**row).last_hidden_state[0, 0 if kind in ENCODERS else -1]

    def theirs(segments: Input) -> npt.NDArray[np.float32]:
        with torch.inference_mode():
            both = torch.cat([vector(segment) for segment in segments])
            hidden = torch.tanh(state["dense.weight"] @ both + state["dense.bias"])
            row: npt.NDArray[np.float32] = (state["out.weight"] @ hidden + state["out.bias"]).numpy()
        return row

    check(network, programs(2), theirs)
