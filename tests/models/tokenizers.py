"""Small tokenizers of every family, trained on this project's own code and built into the real classes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROGRAMS = tuple(path.read_text()[:2500] for path in sorted(Path(__file__).parents[2].glob("robust_ray/core/*.py")))
SIZE = 600


def roberta() -> Any:
    """Byte-level BPE whose mask swallows the blanks before it, as CodeBERT's does."""
    from tokenizers import AddedToken
    from transformers import RobertaTokenizerFast

    from robust_ray.models.reading.tokenization import train_bpe

    mask = AddedToken("<mask>", lstrip=True, special=True)
    return RobertaTokenizerFast(tokenizer_object=train_bpe(PROGRAMS, SIZE).backend_tokenizer, mask_token=mask)


def prefixed_roberta() -> Any:
    """One that begins every text with a blank."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import RobertaTokenizerFast

    backend = roberta().backend_tokenizer
    backend.pre_tokenizer = ByteLevel(add_prefix_space=True)
    return RobertaTokenizerFast(tokenizer_object=backend, add_prefix_space=True)


def gpt2() -> Any:
    """Byte-level BPE without anything around a text or between two."""
    from transformers import GPT2TokenizerFast

    backend = roberta().backend_tokenizer
    backend.post_processor = None
    return GPT2TokenizerFast(tokenizer_object=backend, eos_token="</s>", pad_token="</s>")


def gpt4() -> Any:
    """Byte-level BPE whose words may end with line breaks."""
    from tokenizers import Regex, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    backend = roberta().backend_tokenizer
    words = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(words), "isolated"), pre_tokenizers.ByteLevel(use_regex=False)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="<pad>", eos_token="</s>")


def bert(*, lowercase: bool = True) -> Any:
    """WordPiece, with token types."""
    from tokenizers import BertWordPieceTokenizer, processors
    from transformers import BertTokenizerFast

    backend = BertWordPieceTokenizer(lowercase=lowercase)
    backend.train_from_iterator(PROGRAMS, vocab_size=SIZE, show_progress=False)
    cls, sep = (("[CLS]", backend.token_to_id("[CLS]")), ("[SEP]", backend.token_to_id("[SEP]")))
    backend.post_processor = processors.BertProcessing(sep, cls)
    return BertTokenizerFast(vocab=backend.get_vocab(), tokenizer_object=backend._tokenizer, do_lower_case=lowercase)


def unigram(**metaspace: Any) -> Any:
    """SentencePiece's Unigram with the normalizer and the words of T5 and PLBART."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.Unigram())
    backend.normalizer = normalizers.Sequence(
        [
            normalizers.Nmt(),
            normalizers.NFKC(),
            normalizers.Strip(left=False, right=True),
            normalizers.Replace(Regex(" {2,}"), "▁"),
        ]
    )
    backend.pre_tokenizer = pre_tokenizers.Metaspace(**metaspace)
    specials = ["<pad>", "</s>", "<unk>", "<extra_id_0>"]
    trainer = trainers.UnigramTrainer(vocab_size=SIZE, special_tokens=specials, unk_token="<unk>", show_progress=False)
    backend.train_from_iterator(PROGRAMS, trainer=trainer)
    backend.post_processor = processors.TemplateProcessing("$A </s>", "$A </s> $B </s>", [("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        additional_special_tokens=["<extra_id_0>"],
    )


def t5() -> Any:
    """Unigram in T5's class, words cut at blanks first."""
    from tokenizers import pre_tokenizers
    from transformers import T5TokenizerFast

    backend = unigram().backend_tokenizer
    backend.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    return T5TokenizerFast(tokenizer_object=backend, extra_ids=0)


def raw_unigram() -> Any:
    """Unigram that knows no line breaks."""
    tokenizer = unigram()
    tokenizer.backend_tokenizer.normalizer = None
    return tokenizer


def llama() -> Any:
    """BPE that reads a text as one word."""
    from tokenizers import Tokenizer, models, normalizers, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE(unk_token="<unk>"))
    backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trainer = trainers.BpeTrainer(vocab_size=SIZE, special_tokens=["<unk>", "<s>"], show_progress=False)
    backend.train_from_iterator([line for text in PROGRAMS for line in text.splitlines()[:40]], trainer=trainer)
    return PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>", pad_token="<s>")


SPLICED: dict[str, Callable[[], Any]] = {
    "RoBERTa": roberta,
    "GPT-2": gpt2,
    "BERT": bert,
    "cased BERT": functools.partial(bert, lowercase=False),
    "Unigram": unigram,
    "Unigram, first prefix": functools.partial(unigram, prepend_scheme="first"),
    "T5": t5,
}
"""Tokenizers whose work can be put together from that on lines and words."""

WHOLE: dict[str, Callable[[], Any]] = {
    "prefixed RoBERTa": prefixed_roberta,
    "GPT-4": gpt4,
    "raw Unigram": raw_unigram,
    "Llama": llama,
}
"""Tokenizers that must see the whole text."""
