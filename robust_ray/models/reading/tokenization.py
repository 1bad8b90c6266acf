"""Byte-level BPE trained on the task's own code, for models that bring no tokenizer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
"""RoBERTa's special tokens, in the order of their ids."""

SMALLEST = 256 + len(SPECIALS)
"""Every byte and every special token: no vocabulary can be smaller."""


def train_bpe(texts: Iterable[str], vocab_size: int) -> Any:
    """A fast tokenizer of transformers with at most ``vocab_size`` tokens; the same for the same texts.

    Source: Radford et al., "Language Models are Unsupervised Multitask Learners", 2019 (byte-level BPE); specials and
        template ``<s> a </s></s> b </s>`` of RoBERTa, Liu et al., 2019, https://arxiv.org/abs/1907.11692.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIALS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer=trainer)
    cls, sep = (("<s>", SPECIALS.index("<s>")), ("</s>", SPECIALS.index("</s>")))
    tokenizer.post_processor = processors.RobertaProcessing(sep, cls, trim_offsets=False, add_prefix_space=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        cls_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        sep_token="</s>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_input_names=["input_ids", "attention_mask"],
    )
