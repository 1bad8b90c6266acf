"""A toy task that a tiny network learns in a second, and tiny networks of the real classes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.models import GraphCodeBERT, HuggingFace, ScratchRoberta, Training
from robust_ray.models.students import Network
from tests import shrunk
from tests.fakes import asks

CPU = Machine(device="cpu", threads=1)
TRAINING = Training(epochs=4, batch_size=8, learning_rate=5e-3, max_length=48)
TINY = ScratchRoberta(vocabulary=320, layers=1, hidden=16, heads=2, intermediate=32, max_length=48)


def toy(n: int, start: int = 0, segments: int = 1) -> list[Example]:
    """Functions that open a file, and functions that close one; in pairs: whether both do the same."""
    calls = ("open", "close")
    examples = []
    for i in range(start, start + n):
        kinds = [(i >> k) & 1 for k in range(segments)]
        texts = tuple(f"def f{i}(path):\n    {'x = 1; ' * (i % 5)}{calls[kind]}(path)" for kind in kinds)
        label = kinds[0] if segments == 1 else int(kinds[0] == kinds[1])
        examples.append(Example(uid=f"toy-{segments}-{i}", segments=texts, label=label, language="python"))
    return examples


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tests share the machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def hub_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A masked language model of RoBERTa's class, shrunk, in the hub's layout."""
    import torch
    from transformers import RobertaConfig, RobertaForMaskedLM

    from robust_ray.models.reading.tokenization import train_bpe

    folder = tmp_path_factory.mktemp("hub") / "tiny-codebert"
    tokenizer = train_bpe((example.segments[0] for example in toy(20)), 320)
    config = RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=66,
        type_vocab_size=1,
    )
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        RobertaForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def shrunk_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Kind of :mod:`tests.shrunk` → its folder."""
    root = tmp_path_factory.mktemp("shrunk")
    return functools.cache(lambda kind: shrunk.write(kind, root / kind, shrunk.Size(spread=0.1)))


@pytest.fixture
def tiny(tmp_path: Path) -> Network:
    """An untrained network that reads one segment."""
    return TINY.load(toy(20), asks(), seed=0, workdir=tmp_path)


NETWORKS: tuple[str, ...] = ("scratch", "siamese", "joint")
NETWORKS += ("huggingface", "huggingface siamese", "huggingface joint", "graphcodebert", "graphcodebert siamese")


@pytest.fixture(params=NETWORKS)
def any_network(request: pytest.FixtureRequest, hub_folder: Path, tmp_path: Path) -> tuple[Network, list[Example]]:
    """Every way to make a network, with examples it can read."""
    from dataclasses import replace

    examples = toy(20, segments=2 if request.param.endswith(("siamese", "joint")) else 1)
    model = {
        "scratch": TINY,
        "siamese": TINY,
        "joint": replace(TINY, pair_encoding="joint"),
        "huggingface joint": HuggingFace(name=str(hub_folder), pairs="joint"),
        "graphcodebert": GraphCodeBERT(name=str(hub_folder)),
        "graphcodebert siamese": GraphCodeBERT(name=str(hub_folder)),
    }.get(request.param, HuggingFace(name=str(hub_folder)))
    return model.load(examples, asks(segments=len(examples[0].segments)), seed=0, workdir=tmp_path), examples
