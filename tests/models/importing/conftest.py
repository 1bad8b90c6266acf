"""Files as somebody left them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from robust_ray.core.examples import Input, Question
from robust_ray.models import Imported
from tests import shrunk
from tests.models.importing.published import (
    CLONES,
    CODE,
    DEFECTS,
    PAIRS,
    SMALLEST,
    Published,
    PublishedClones,
    PublishedDefects,
)


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
