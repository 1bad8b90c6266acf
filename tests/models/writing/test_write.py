"""Generation against transformers' own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
import torch

from robust_ray.models.reading.encoding import Rows, encode
from robust_ray.models.reading.forward import collate
from robust_ray.models.students import Network
from robust_ray.models.writing import Generation
from robust_ray.models.writing.write import generate, write
from robust_ray.models.writing.writers import Writer
from tests.models.writing.conftest import BRIEF, toy, writer

pytestmark = pytest.mark.torch

PROGRAMS = [example.segments for example in toy(4)]
GENERATIONS = [
    Generation(beams=1, max_new_tokens=10),
    Generation(beams=3, max_new_tokens=10),
    Generation(beams=4, max_new_tokens=10, length_penalty=1.0),
]


def rows(network: Network) -> list[Rows]:
    return [cast(Rows, encoding.ids) for encoding in encode(network, PROGRAMS)]


def ending(network: Network) -> Network:
    """Weights so large that texts vary, and an end that the network likes to write after a few tokens."""
    module: Any = network.module
    drawn = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in module.parameters():
            if weight.ndim > 1:
                weight.copy_(torch.randn(weight.shape, generator=drawn) * 0.4)
    module.end = -1
    greedy = generate(module, collate(network, rows(network), "cpu"), GENERATIONS[0])
    module.end = greedy[0][4]
    return network


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("kind", ["plbart", "codet5", "codegpt", "qwen2_5_coder"])
def test_summaries_are_those_of_transformers(kind: str, generation: Generation, folders: dict[str, Path]) -> None:
    from transformers import GenerationConfig

    network = ending(writer(folders[kind], generation))
    module: Any = network.module
    ours = generate(module, collate(network, rows(network), "cpu"), generation)
    settings = GenerationConfig(
        num_beams=generation.beams,
        max_new_tokens=generation.max_new_tokens,
        length_penalty=generation.length_penalty,
        do_sample=False,
        early_stopping=False,
        eos_token_id=module.end,
        pad_token_id=network.tokenizer.pad_token_id,
        decoder_start_token_id=module.start[0],
    )
    module.network.generation_config = GenerationConfig()
    start = torch.tensor([module.start])
    for (text,), tokens in zip(PROGRAMS, ours, strict=True):
        ids = network.tokenizer(text, return_tensors="pt")["input_ids"]
        if kind in ("plbart", "codet5"):
            asked = {"input_ids": ids, "decoder_input_ids": start}
            begun = start.shape[1]
        else:
            asked = {"input_ids": torch.cat([ids, start], dim=1)}
            begun = ids.shape[1] + 1
        asked["attention_mask"] = torch.ones_like(asked["input_ids"])
        theirs = module.network.generate(**asked, generation_config=settings)[0, begun:].tolist()
        assert tokens == (theirs[: theirs.index(module.end)] if module.end in theirs else theirs)


def test_a_batch_is_its_programs_one_by_one(network: Network) -> None:
    module = cast(Writer, network.module)
    together = generate(module, collate(network, rows(network), "cpu"), BRIEF)
    alone = [generate(module, collate(network, [row], "cpu"), BRIEF)[0] for row in rows(network)]
    assert together == alone


def test_special_tokens_are_no_part_of_a_summary(network: Network) -> None:
    for text in write(network, rows(network), "cpu", BRIEF):
        assert text == text.strip()
        assert not any(special in text for special in network.tokenizer.all_special_tokens)
