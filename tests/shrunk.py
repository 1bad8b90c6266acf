"""Small networks of the real classes, with tokenizers of the real kinds trained on real code, in the hub's layout.

``python -m tests.shrunk FOLDER [DATA …]`` writes one folder for each of them; tokenizers then learn from the code in
the given ``.jsonl`` and ``.txt`` files too. Weights are drawn, not trained: what is true to life are the classes, the
files and their formats, the order of special tokens, and what a tokenizer puts around a text.
"""

from __future__ import annotations

import argparse
import email
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import fakes

PROGRAMS = tuple(path.read_text() for path in sorted(Path(email.__file__).parent.glob("*.py")))
"""Real code: a package of Python's own library, which no change of ours changes."""

TEXTS = (*PROGRAMS, *fakes.JAVA, *fakes.C)

GPT2_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
QWEN2_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""What the pretokenizer of Qwen2 cuts a text into."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is left of a network."""

    vocabulary: int = 700
    hidden: int = 32
    layers: int = 2
    heads: int = 4
    intermediate: int = 64
    positions: int = 128
    """Tokens of a row at most."""

    spread: float = 0.02
    """Standard deviation of the weights; a network is the less indifferent to what it reads the larger it is.

    T5 has its own idea of it.
    """


SMALL = Size()
"""Enough to be called."""

TRAINABLE = Size(vocabulary=3000, hidden=64, intermediate=128, positions=256)
"""Enough to learn an easy task from nothing, on two cores, in minutes."""


def write(kind: str, folder: Path, size: Size = SMALL, texts: Sequence[str] = TEXTS) -> Path:
    """A network of a kind in ``KINDS``, written to ``folder``; the same each time."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        KINDS[kind](folder, size, texts)
    return folder


def _roberta(folder: Path, size: Size, texts: Sequence[str], *, has_mlm_head: bool) -> None:
    from transformers import RobertaConfig, RobertaForMaskedLM, RobertaModel

    vocabulary, merges = _byte_bpe(texts, size.vocabulary - 1, ["<s>", "<pad>", "</s>", "<unk>"])
    vocabulary["<mask>"] = len(vocabulary)
    _write_bpe(folder, vocabulary, merges)
    _write_json(folder / "tokenizer_config.json", {"model_max_length": size.positions})
    _write_json(folder / "special_tokens_map.json", _roberta_specials())
    config = RobertaConfig(**_encoder(size), vocab_size=len(vocabulary), max_position_embeddings=size.positions + 2)
    _save(RobertaForMaskedLM(config) if has_mlm_head else RobertaModel(config), folder)


def codebert(folder: Path, size: Size, texts: Sequence[str]) -> None:
    """``microsoft/codebert-base``: a bare RoBERTa."""
    _roberta(folder, size, texts, has_mlm_head=False)


def codebert_mlm(folder: Path, size: Size, texts: Sequence[str]) -> None:
    """``microsoft/codebert-base-mlm``: the same with a head that fills in masks."""
    _roberta(folder, size, texts, has_mlm_head=True)


def graphcodebert(folder: Path, size: Size, texts: Sequence[str]) -> None:
    """``microsoft/graphcodebert-base``: RoBERTa's files; the data flow is no part of them."""
    _roberta(folder, size, texts, has_mlm_head=True)


def unixcoder(folder: Path, size: Size, texts: Sequence[str]) -> None:
    """``microsoft/unixcoder-base``: RoBERTa with a vocabulary of its own, which names the ways it can be used."""
    from transformers import RobertaConfig, RobertaModel

    specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<encoder-only>", "<decoder-only>", "<encoder-decoder>"]
    vocabulary, merges = _byte_bpe(texts, size.vocabulary, specials)
    _write_bpe(folder, vocabulary, merges)
    _write_json(folder / "tokenizer_config.json", {"model_max_length": size.positions})
    _write_json(folder / "special_tokens_map.json", _roberta_specials())
    config = RobertaConfig(
        **(_encoder(size) | {"type_vocab_size": 10}),
        vocab_size=len(vocabulary),
        max_position_embeddings=size.positions + 2,
    )
    _save(RobertaModel(config), folder)


def codegpt(folder: Path, size: Size, texts: Sequence[str]) -> None:
    """``microsoft/CodeGPT-small-java-adaptedGPT2``: its unknown token has no place in the table of embeddings."""
    from transformers import GPT2Config, GPT2LMHeadModel

    vocabulary, merges = _byte_bpe(texts, size.vocabulary - 4, [])
    end = vocabulary["<|endoftext|>"] = len(vocabulary)
    _write_bpe(folder, vocabulary, merges)
    added = {token: end + i for i, token in enumerate(("<pad>", "</s>", "<s>"), start=1)}
    _write_json(folder / "added_tokens.json", added)
    names = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<|UNKNOWN|>"}
    _write_json(folder / "special_tokens_map.json", names)
    _write_json(folder / "tokenizer_config.json", {"model_max_length": size.positions})
    config = GPT2Config(
        vocab_size=end + 1 + len(added),
        n_positions=size.positions,
        n_embd=size.hidden,
        n_layer=size.layers,
        n_head=size.heads,
        n_inner=size.intermediate,
        initializer_range=size.spread,
        bos_token_id=end,
        eos_token_id=end,
    )
    _save(GPT2LMHeadModel(config), folder)


def plbart(folder: Path, size: Size, texts: Sequence[str]) -> None:
    """``uclanlp/plbart-base``: SentencePiece, languages and the mask behind its pieces."""
    import sentencepiece
    from transformers import PLBartConfig, PLBartForConditionalGeneration

    pieces = size.vocabulary - 5
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(line for text in texts for line in text.splitlines() if line.strip()),
        model_writer=model,
        vocab_size=pieces,
        model_type="bpe",
        num_threads=1,
        hard_vocab_limit=False,
        character_coverage=1.0,
        minloglevel=2,
    )
    (folder / "sentencepiece.bpe.model").write_bytes(model.getvalue())
    _write_json(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "PLBartTokenizer", "language_codes": "base", "model_max_length": size.positions},
    )
    config = PLBartConfig(
        vocab_size=pieces + 5,
        max_position_embeddings=size.positions,
        d_model=size.hidden,
        encoder_layers=size.layers,
        decoder_layers=size.layers,
        encoder_attention_heads=size.heads,
        decoder_attention_heads=size.heads,
        encoder_ffn_dim=size.intermediate,
        decoder_ffn_dim=size.intermediate,
        scale_embedding=True,
        init_std=size.spread,
    )
    _save(PLBartForConditionalGeneration(config), folder)


def codet5(folder: Path, size: Size, texts: Sequence[str]) -> None:
    """``Salesforce/codet5-base``: a T5 with a tokenizer of RoBERTa's class, and sentinels behind its vocabulary."""
    from transformers import T5Config, T5ForConditionalGeneration

    vocabulary, merges = _byte_bpe(texts, size.vocabulary - 100, ["<pad>", "<s>", "</s>", "<unk>", "<mask>"])
    _write_bpe(folder, vocabulary, merges)
    sentinels = [f"<extra_id_{99 - i}>" for i in range(100)]
    _write_json(folder / "added_tokens.json", {token: len(vocabulary) + i for i, token in enumerate(sentinels)})
    _write_json(folder / "special_tokens_map.json", _roberta_specials() | {"additional_special_tokens": sentinels})
    _write_json(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "RobertaTokenizer", "model_max_length": size.positions},
    )
    config = T5Config(
        vocab_size=len(vocabulary) + len(sentinels),
        d_model=size.hidden,
        d_kv=size.hidden // size.heads,
        d_ff=size.intermediate,
        num_layers=size.layers,
        num_heads=size.heads,
        n_positions=size.positions,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=0,
    )
    _save(T5ForConditionalGeneration(config), folder)


def starencoder(folder: Path, size: Size, texts: Sequence[str]) -> None:
    """``bigcode/starencoder``: a BERT over GPT-2's kind of tokenizer, which puts nothing around a text."""
    from transformers import BertConfig, BertForPreTraining, GPT2TokenizerFast

    specials = ["<|endoftext|>", "<fim_prefix>", "<fim_middle>", "<fim_suffix>"]
    backend = _backend(*_byte_bpe(texts, size.vocabulary - 4, specials), GPT2_WORDS)
    tokenizer = GPT2TokenizerFast(
        tokenizer_object=backend,
        bos_token="<|endoftext|>",
        eos_token="<|endoftext|>",
        unk_token="<|endoftext|>",
        model_max_length=size.positions,
    )
    for name, token in (("pad", "<pad>"), ("sep", "<sep>"), ("cls", "<cls>"), ("mask", "<mask>")):
        tokenizer.add_special_tokens({f"{name}_token": token})
    tokenizer.save_pretrained(folder)
    config = BertConfig(
        **(_encoder(size) | {"type_vocab_size": 2}),
        vocab_size=len(tokenizer),
        max_position_embeddings=size.positions,
        pad_token_id=tokenizer.pad_token_id,
    )
    _save(BertForPreTraining(config), folder)


def qwen2_5_coder(folder: Path, size: Size, texts: Sequence[str]) -> None:
    """``Qwen/Qwen2.5-Coder-0.5B``: bfloat16, tied embeddings with rows to spare, grouped-query attention."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2TokenizerFast

    backend = _backend(*_byte_bpe(texts, size.vocabulary - 16, [], QWEN2_WORDS), QWEN2_WORDS)
    tokenizer = Qwen2TokenizerFast(
        tokenizer_object=backend,
        unk_token=None,
        eos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=["<|im_start|>", "<|im_end|>"],
        model_max_length=size.positions,
    )
    tokenizer.save_pretrained(folder)
    config = Qwen2Config(
        vocab_size=size.vocabulary,
        hidden_size=size.hidden,
        intermediate_size=size.intermediate,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads // 2,
        max_position_embeddings=size.positions,
        tie_word_embeddings=True,
        initializer_range=size.spread,
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    Qwen2ForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)


KINDS: dict[str, Callable[[Path, Size, Sequence[str]], None]] = {
    function.__name__: function
    for function in (
        codebert,
        codebert_mlm,
        graphcodebert,
        codegpt,
        plbart,
        codet5,
        unixcoder,
        starencoder,
        qwen2_5_coder,
    )
}
"""Every kind, by the name of its preset (or, for a masked language model, of its weights)."""


def _encoder(size: Size) -> dict[str, Any]:
    """Fields that RoBERTa's and BERT's configurations share."""
    return {
        "hidden_size": size.hidden,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "intermediate_size": size.intermediate,
        "type_vocab_size": 1,
        "layer_norm_eps": 1e-5,
        "initializer_range": size.spread,
    }


def _roberta_specials() -> dict[str, Any]:
    names = {"bos": "<s>", "eos": "</s>", "unk": "<unk>", "sep": "</s>", "pad": "<pad>", "cls": "<s>"}
    mask = {"content": "<mask>", "lstrip": True, "normalized": False, "rstrip": False, "single_word": False}
    return {**{f"{name}_token": token for name, token in names.items()}, "mask_token": mask}


def _byte_bpe(
    texts: Iterable[str], size: int, specials: list[str], words: str = GPT2_WORDS
) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges of a byte-level BPE with at most ``size`` tokens, special ones first."""
    from tokenizers import Tokenizer, models, trainers

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = _byte_words(words)
    alphabet = _byte_words(words)[1].alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=specials, initial_alphabet=sorted(alphabet), show_progress=False
    )
    backend.train_from_iterator(texts, trainer=trainer)
    model = json.loads(backend.to_str())["model"]
    return model["vocab"], [tuple(merge) for merge in model["merges"]]


def _byte_words(words: str) -> Any:
    from tokenizers import Regex, pre_tokenizers

    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(words), "isolated"),
            pre_tokenizers.ByteLevel(use_regex=False, add_prefix_space=False),
        ]
    )


def _backend(vocabulary: dict[str, int], merges: list[tuple[str, str]], words: str) -> Any:
    """A tokenizer of the tokenizers library, as in a ``tokenizer.json``."""
    from tokenizers import Tokenizer, decoders, models

    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    backend.pre_tokenizer = _byte_words(words)
    backend.decoder = decoders.ByteLevel()
    return backend


def _write_bpe(folder: Path, vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> None:
    """``vocab.json`` and ``merges.txt``, all that the older models on the hub have."""
    _write_json(folder / "vocab.json", vocabulary)
    lines = ["#version: 0.2", *(" ".join(merge) for merge in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _save(module: Any, folder: Path) -> None:
    """``config.json`` and ``pytorch_model.bin``, as the older models on the hub are."""
    import torch

    module.config.architectures = [type(module).__name__]
    module.config.save_pretrained(folder)
    torch.save(module.state_dict(), folder / "pytorch_model.bin")


def _code_of(file: Path) -> list[str]:
    """The programs of a data set: the first field with code of each object, or the lines of a plain file."""
    lines = file.read_text().splitlines()
    if file.suffix != ".jsonl":
        return lines
    return [
        next(row[name] for name in ("func", "code", "original_string") if name in row) for row in map(json.loads, lines)
    ]


def main() -> None:
    """Write every kind."""
    parser = argparse.ArgumentParser(prog="python -m tests.shrunk", description=__doc__)
    parser.add_argument("folder", type=Path, help="one folder for each kind goes into it")
    parser.add_argument("data", type=Path, nargs="*", help="files with more code for the tokenizers")
    arguments = parser.parse_args()
    texts = [*TEXTS, *(text for file in arguments.data for text in _code_of(file))]
    for kind in KINDS:
        print(write(kind, arguments.folder / kind, TRAINABLE, texts))


if __name__ == "__main__":
    main()
