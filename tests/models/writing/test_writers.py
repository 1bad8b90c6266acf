"""Writers against plain transformers, plain torch and themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

from robust_ray.models.reading.encoding import Rows, encode
from robust_ray.models.reading.forward import collate
from robust_ray.models.students import Network
from robust_ray.models.writing.decoder import DecoderLayer
from robust_ray.models.writing.writers import Writer
from tests.models.writing.conftest import toy, writer

pytestmark = pytest.mark.torch

PROGRAMS = [example.segments for example in toy(5)]


def programs(network: Network, which: slice = slice(None)) -> dict[str, Tensor]:
    rows = [cast(Rows, encoding.ids) for encoding in encode(network, PROGRAMS[which])]
    return collate(network, rows, "cpu")


def texts(module: Writer, n: int) -> Tensor:
    """Starts and a few tokens behind them."""
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(5, 200, (n, 6), generator=generator)
    return torch.cat([torch.tensor([module.start] * n), tokens], dim=1)


def test_token_by_token_is_all_at_once(network: Network) -> None:
    module = cast(Writer, network.module)
    written = texts(module, len(PROGRAMS))
    with torch.inference_mode():
        at_once = module(**programs(network), written=written).logits
        memory = module.read(**programs(network))
        begin = len(module.start)
        steps = [module.write(memory, written[:, :begin])]
        steps += [module.write(memory, written[:, i : i + 1]) for i in range(begin, written.shape[1])]
    assert torch.stack(steps, dim=1).allclose(at_once[:, begin - 1 :], atol=1e-5)


def test_an_answer_does_not_depend_on_its_company(network: Network) -> None:
    module = cast(Writer, network.module)
    written = texts(module, len(PROGRAMS))
    with torch.inference_mode():
        together = module(**programs(network), written=written).logits
        for i in range(len(PROGRAMS)):
            alone = module(**programs(network, slice(i, i + 1)), written=written[i : i + 1]).logits
            assert alone.allclose(together[i : i + 1], atol=1e-5)


def test_rows_of_a_memory_can_be_chosen_again_and_again(network: Network) -> None:
    module = cast(Writer, network.module)
    written = texts(module, len(PROGRAMS))
    with torch.inference_mode():
        expected = module(**programs(network), written=written).logits[:, -1]
        memory = module.read(**programs(network))
        module.write(memory, written[:, :-1])
        chosen = torch.tensor([3, 3, 0])
        memory.select(chosen)
        found = module.write(memory, written[chosen, -1:])
        assert found.allclose(expected[chosen], atol=1e-5)


@pytest.mark.parametrize("kind", ["plbart", "codet5"])
def test_an_encoder_decoder_scores_as_transformers_does(kind: str, folders: dict[str, Path]) -> None:
    from transformers import AutoModelForSeq2SeqLM

    network = writer(folders[kind])
    plain = AutoModelForSeq2SeqLM.from_pretrained(folders[kind], dtype=torch.float32).eval()
    written = texts(cast(Writer, network.module), 1)
    with torch.inference_mode():
        for i, (text,) in enumerate(PROGRAMS):
            ids = network.tokenizer(text, return_tensors="pt")["input_ids"]
            expected = plain(input_ids=ids, decoder_input_ids=written).logits
            found = network.module(**programs(network, slice(i, i + 1)), written=written).logits
            assert found.allclose(expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["codegpt", "qwen2_5_coder"])
def test_a_decoder_goes_on_as_transformers_does(kind: str, folders: dict[str, Path]) -> None:
    from transformers import AutoModelForCausalLM

    network = writer(folders[kind])
    plain = AutoModelForCausalLM.from_pretrained(folders[kind], dtype=torch.float32).eval()
    written = texts(cast(Writer, network.module), len(PROGRAMS))
    with torch.inference_mode():
        together = network.module(**programs(network), written=written).logits
        for i, (text,) in enumerate(PROGRAMS):
            ids = torch.cat([network.tokenizer(text, return_tensors="pt")["input_ids"], written[i : i + 1]], dim=1)
            expected = plain(input_ids=ids).logits[:, -written.shape[1] :]
            assert together[i : i + 1, :, : expected.shape[2]].allclose(expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["codebert", "unixcoder", "starencoder"])
def test_a_new_decoder_is_behind_the_pretrained_encoder(kind: str, folders: dict[str, Path]) -> None:
    from transformers import AutoModel

    network = writer(folders[kind])
    plain = AutoModel.from_pretrained(folders[kind], dtype=torch.float32).eval()
    module: Any = network.module
    assert len(module.decoder) == 6
    ids = network.tokenizer(PROGRAMS[0][0], return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        states = plain(input_ids=ids).last_hidden_state
        keys, _ = module.read(ids, torch.ones_like(ids)).program[0]
        assert keys.allclose(module.decoder[0].read.remember(states)[0], atol=1e-5)
        positions = ids[:, :4]
        embedded = plain.embeddings(input_ids=positions)
        one_step = module._decode(module.read(ids, torch.ones_like(ids)), positions)
        layered = embedded
        seen = module.read(ids, torch.ones_like(ids))
        for layer, program in zip(module.decoder, seen.program, strict=True):
            layered, _ = layer(layered, None, program, seen.mask)
        assert one_step.allclose(layered, atol=1e-5)


def test_a_layer_gives_the_numbers_of_torchs_own() -> None:
    torch.manual_seed(0)
    hidden, heads, feedforward = 16, 4, 24
    ours = DecoderLayer(hidden, heads, feedforward, dropout=0.1).eval()
    theirs = nn.TransformerDecoderLayer(hidden, heads, feedforward, batch_first=True).eval()
    for attention, other in ((ours.written, theirs.self_attn), (ours.read, theirs.multihead_attn)):
        parts = (attention.query, attention.key, attention.value)
        with torch.no_grad():
            other.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
            other.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
        other.out_proj.load_state_dict(attention.out.state_dict())
    theirs.linear1.load_state_dict(ours.wide.state_dict())
    theirs.linear2.load_state_dict(ours.narrow.state_dict())
    states, program = torch.randn(3, 5, hidden), torch.randn(3, 7, hidden)
    mask = torch.ones(3, 7, dtype=torch.bool)
    mask[0, 4:] = False
    causal = nn.Transformer.generate_square_subsequent_mask(5)
    expected = theirs(states, program, tgt_mask=causal, memory_key_padding_mask=~mask)
    found, _ = ours(states, None, ours.read.remember(program), mask[:, None, None])
    assert found.allclose(expected, atol=1e-5)


def test_first_weights_are_drawn_as_torchs_are() -> None:
    torch.manual_seed(0)
    ours = DecoderLayer(64, 4, 96, dropout=0.1)
    theirs = nn.TransformerDecoderLayer(64, 4, 96)
    assert float(ours.written.query.weight.detach().abs().max()) == pytest.approx(
        float(theirs.self_attn.in_proj_weight.abs().max()), rel=0.01
    )
    assert float(ours.written.out.weight.std()) == pytest.approx(float(theirs.self_attn.out_proj.weight.std()), rel=0.1)
    assert float(ours.wide.weight.std()) == pytest.approx(float(theirs.linear1.weight.std()), rel=0.1)
    assert not ours.written.query.bias.any()


@pytest.mark.parametrize(
    ("kind", "start"),
    [
        ("codebert", ["<s>"]),
        ("codegpt", ["<s>"]),
        ("qwen2_5_coder", ["<|endoftext|>"]),
        ("plbart", ["__en_XX__"]),
        ("codet5", ["<pad>", "<s>"]),
    ],
)
def test_a_text_begins_as_in_pretraining(kind: str, start: list[str], folders: dict[str, Path]) -> None:
    network = writer(folders[kind])
    module = cast(Writer, network.module)
    assert network.tokenizer.convert_ids_to_tokens(list(module.start)) == start
    assert module.end == network.tokenizer.eos_token_id
