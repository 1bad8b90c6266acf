"""Tokenizers of four kinds, trained on the task's own code: those of the students of Compressor, AVATAR and MORPH."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

Kind = Literal["bpe", "wordpiece", "unigram", "word"]
"""What a vocabulary is made of."""

Reading = Literal["compressor", "avatar"]
"""Whose way to read a text."""

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")
"""Special tokens, in the order of their ids."""

BYTES = 256
"""What a byte-level vocabulary begins with."""


def train_tokenizer(kind: Kind, texts: Iterable[str], vocabulary: int, reading: Reading, *, marks: bool) -> Any:
    """A fast tokenizer of transformers with at most ``vocabulary`` tokens; the same for the same texts.

    Args:
        kind: What the vocabulary is made of.
        texts: Programs; each is read as one line, and once.
        vocabulary: Tokens at most, special ones included.
        reading: ``compressor`` lowers letters and, if it is byte-level, puts a blank before a text; ``avatar`` lowers
            letters, takes them apart (NFKD), takes accents off and blanks from both ends.
        marks: Whether ``<s>`` and ``</s>`` stand around a text.

    Source: Shi et al., "Compressing Pre-trained Models of Code into 3 MB", ASE 2022 (``bpe`` alone); Shi et al.,
        "Greening Large Language Models of Code", ICSE-SEIS 2024 (all four).

    Raises:
        ValueError: the vocabulary has no room for every character of the texts.
    """
    from tokenizers import processors
    from transformers import PreTrainedTokenizerFast

    from robust_ray.models.reading.encoding import one_line
    from robust_ray.models.reading.vocabularies import learn

    has_prefix = kind == "bpe" and reading == "compressor"
    tokenizer = _untrained(kind, reading, has_prefix=has_prefix)
    learn(kind, tokenizer, list(dict.fromkeys(map(one_line, texts))), vocabulary, SPECIALS)
    if marks:
        around = [(token, SPECIALS.index(token)) for token in ("<s>", "</s>")]
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=around
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        add_prefix_space=has_prefix,  # transformers sets what it is not told to False
        bos_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_input_names=["input_ids", "attention_mask"],
    )


def _untrained(kind: Kind, reading: Reading, *, has_prefix: bool) -> Any:
    """How a tokenizer cleans texts and cuts them into words, before it has a vocabulary."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    words = pre_tokenizers.Whitespace()
    digits = pre_tokenizers.Digits(individual_digits=True)
    model, pre_tokenizer, decoder = {
        "bpe": (
            models.BPE(unk_token="<unk>"),
            pre_tokenizers.ByteLevel(add_prefix_space=has_prefix),
            decoders.ByteLevel(),
        ),
        "wordpiece": (models.WordPiece(unk_token="<unk>"), words, decoders.WordPiece()),
        "unigram": (models.Unigram(), pre_tokenizers.Metaspace(), decoders.Metaspace()),
        "word": (models.WordLevel(unk_token="<unk>"), pre_tokenizers.Sequence([words, digits]), None),
    }[kind]
    unaccented = (normalizers.NFKD(), normalizers.Strip(), normalizers.StripAccents()) if reading == "avatar" else ()
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *unaccented])
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoder
    return tokenizer
