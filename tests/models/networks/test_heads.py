"""Vectors of segments and the head on them: which token, in which order, whoever else is in the batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from robust_ray.core.victim import Answers
from robust_ray.models import HuggingFace
from robust_ray.models.students import Network
from robust_ray.models.training import fine_tune, logits
from robust_ray.models.victim import TransformerVictim
from tests.fakes import asks
from tests.models.conftest import CPU, TRAINING, toy

pytestmark = pytest.mark.torch

KINDS = {"codebert": "first", "starencoder": "first", "codegpt": "last", "qwen2_5_coder": "last"}
KINDS |= {"plbart": "last", "codet5": "last"}

ShrunkFolder = Callable[[str], Path]


def pair_reader(folder: Path) -> Network:
    return HuggingFace(name=str(folder)).load((), asks(segments=2), seed=0, workdir=folder)


@pytest.mark.parametrize(("kind", "pooling"), KINDS.items())
def test_the_token_that_has_seen_the_whole_segment_speaks_for_it(
    kind: str, pooling: str, shrunk_folder: ShrunkFolder
) -> None:
    from robust_ray.models.networks.heads import VectorClassifier

    module = cast(VectorClassifier, pair_reader(shrunk_folder(kind)).module)
    assert module.pooling == pooling
    assert module.dense.in_features == 2 * module.dense.out_features


def test_an_input_is_its_first_segment_and_then_its_second(shrunk_folder: ShrunkFolder) -> None:
    import torch

    from robust_ray.models.networks.heads import VectorClassifier

    module = cast(VectorClassifier, pair_reader(shrunk_folder("codebert")).module)
    first, second = torch.randn(2, 1, 32)
    with torch.no_grad():
        module.dense.weight[:, 32:] = 0.0
        forth, back = (module.classify(torch.stack(pair, dim=1)) for pair in ((first, second), (second, first)))
        alone = module.out(torch.tanh(first @ module.dense.weight[:, :32].T + module.dense.bias))
    torch.testing.assert_close(forth, alone)
    assert not torch.allclose(forth, back)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("segments", [1, 2])
def test_programs_that_spell_out_special_tokens_and_empty_ones_disturb_nobody(
    kind: str, segments: int, shrunk_folder: ShrunkFolder
) -> None:
    network = HuggingFace(name=str(shrunk_folder(kind))).load((), asks(segments=segments), 0, Path())
    odd = ["", "end = '</s>' + '<pad>'\n", "<mask> <s> <|endoftext|> <|UNKNOWN|> <sep>", "</s>", "x = 1\n"]
    inputs = [(text, *["y"] * (segments - 1)) for text in odd]
    together, alone = (TransformerVictim(network=network, device="cpu", threads=1) for _ in range(2))
    found = Answers(together).ask(inputs).probabilities
    assert np.isfinite(found).all()
    wanted = np.concatenate([Answers(alone).ask([one]).probabilities for one in inputs])
    np.testing.assert_allclose(found, wanted, atol=1e-5, rtol=0)


def test_the_pooler_of_the_pretraining_is_left_out(shrunk_folder: ShrunkFolder) -> None:
    network = pair_reader(shrunk_folder("starencoder"))
    assert not [name for name in network.module.state_dict() if "pooler" in name]
    assert [name for name in network.module.state_dict() if not name.startswith("body.")] == [
        "dense.weight",
        "dense.bias",
        "out.weight",
        "out.bias",
    ]


@pytest.mark.parametrize("kind", ["codebert", "codegpt"])
def test_learns_what_two_programs_do_together(kind: str, shrunk_folder: ShrunkFolder, tmp_path: Path) -> None:
    """Whether the first opens a file and the second does not; that both do the same is hard to see from nothing."""
    splits = []
    for start, n in ((0, 96), (200, 40)):
        pairs = toy(n, start, segments=2)
        splits.append(
            [replace(pair, label=int(["open" in s for s in pair.segments] == [True, False])) for pair in pairs]
        )
    train, valid = splits
    network = HuggingFace(name=str(shrunk_folder(kind))).load((), asks(segments=2), 0, tmp_path)
    training = replace(TRAINING, epochs=8, patience=8, learning_rate=3e-3)
    network = fine_tune(network, train, valid, training, 0, CPU, tmp_path / "work")
    assert np.mean(logits(network, valid, CPU).argmax(1) == [example.label for example in valid]) > 0.9
