"""The students of Compressor, AVATAR and MORPH: a RoBERTa of any shape, with a tokenizer of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from robust_ray.core.checks import at_least_one
from robust_ray.core.errors import ModelError, SweepError
from robust_ray.core.examples import Example, Question
from robust_ray.models.base import MODELS, CodeModel, Training, reason, wide_enough
from robust_ray.models.reading.student_tokenizers import BYTES, SPECIALS, Kind, Reading

if TYPE_CHECKING:
    from robust_ray.models.students import Network

WHERE = "model 'compact_roberta'"

BEFORE = SPECIALS.index("<pad>") + 1
"""Rows of RoBERTa's table of positions that no token's position is in."""


@MODELS.register("compact_roberta")
@dataclass(frozen=True, kw_only=True)
class CompactRoberta(CodeModel):
    """A RoBERTa encoder of any shape with fresh weights, and a tokenizer trained on the training split.

    What it is made of are the choices that Compressor, AVATAR and MORPH search among. Pairs of programs are read one by
    one, and told apart by CodeXGLUE's head on both first states; single programs, by RoBERTa's on the first state.
    Unless told otherwise, it is Compressor's student of 3 MB for clone detection.

    With ``v`` tokens of vocabulary, ``h`` hidden, ``p`` rows of positions and two classes, the formula of the papers
    counts a pooler and a head: ``2(h² + h) + 2h + 2``. The built network has

    - for single programs ``h² + h`` numbers less: there is no pooler before RoBERTa's head;
    - for pairs ``h`` less: no pooler either, but a head that reads twice ``h``;
    - with relative positions ``p * h`` less for the table, which these do without, and in every layer
      ``(2p - 1) * h / heads`` more;
    - for every class above two ``h + 1`` more.

    Source: Shi et al., ASE 2022 (Compressor); Shi et al., ICSE-SEIS 2024 (AVATAR); Panichella, ICSE 2025 (MORPH).
        Relative positions: Shaw et al., NAACL 2018; Huang et al., Findings of EMNLP 2020.
    Deviations: nothing is in the network that no answer depends on (a pooler before CodeXGLUE's head, a table of
        absolute positions beside relative ones). It reads code alone; Compressor's students of GraphCodeBERT read data
        flow, too.
    """

    paper: ClassVar[str] = "Shi et al., ASE 2022, https://doi.org/10.1145/3551349.3556964"

    tokenizer: Kind = "bpe"
    """What the vocabulary is made of: bytes that go together, pieces of words (two ways), or words."""

    reading: Reading = "compressor"
    """Whose way to read a program, which both put on one line: Compressor's lowers letters, AVATAR's also takes accents
    off."""

    marks: bool = True
    """Whether ``<s>`` and ``</s>`` stand around a program; in AVATAR's students for defect detection they do not."""

    vocabulary: int = 1000
    """Tokens: rows of the embeddings, even where the training split has too few words for so many."""

    layers: int = 12
    """Transformer layers."""

    hidden: int = 96
    """Width of a state; a multiple of ``heads``."""

    heads: int = 8
    """Attention heads of a layer."""

    intermediate: int = 64
    """Width of the feed-forward block."""

    activation: Literal["gelu", "relu", "silu", "gelu_new"] = "gelu"
    """Of the feed-forward block."""

    hidden_dropout: float = 0.2
    """In states and in the head, in [0, 1)."""

    attention_dropout: float = 0.1
    """In the probabilities of attention, in [0, 1)."""

    max_length: int = 400
    """Tokens of a program at most, ``<s>`` and ``</s>`` included."""

    positions: int | None = None
    """Places that the network knows, of which only ``max_length`` are used (Compressor: 512); null for no others."""

    position_type: Literal["absolute", "relative_key", "relative_key_query"] = "absolute"
    """What is known of places: that of each token, or the distance of two, seen from the one that asks or from both."""

    learning_rate: float = 1e-4
    """Peak of the schedule it is meant to learn with, where nothing else is said."""

    batch_size: int = 16
    """Examples a step, where nothing else is said."""

    def __post_init__(self) -> None:
        for name in ("layers", "hidden", "heads", "intermediate"):
            at_least_one(name, getattr(self, name))
        smallest = len(SPECIALS) + (BYTES if self.tokenizer == "bpe" else 1)
        if self.vocabulary < smallest:
            raise SweepError(
                f"`vocabulary >= {smallest}` must hold with tokenizer {self.tokenizer!r}, but got {self.vocabulary}; "
                "raise it"
            )
        if self.hidden % self.heads:
            raise SweepError(f"`hidden` must be a multiple of {self.heads} heads, but got {self.hidden}; change either")
        for name in ("hidden_dropout", "attention_dropout"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise SweepError(f"`0 <= {name} < 1` must hold, but got {getattr(self, name)}; 0.1 is usual")
        wide_enough("max_length", self.max_length, usual=400)
        if self.positions is not None and self.positions < self.max_length:
            raise SweepError(
                f"`positions >= max_length` must hold, but got {self.positions} and {self.max_length}; leave it out"
            )
        self._training()

    @property
    def position_rows(self) -> int:
        """Rows of a table of absolute positions, as RoBERTa has it: the first two are no token's."""
        return (self.positions or self.max_length) + BEFORE

    def require(self, question: Question) -> None:
        """Refuse to write.

        Raises:
            SweepError: a text is wanted.
        """
        if question.wants_text:
            raise SweepError(f"{WHERE}: it tells classes apart, but this task asks for texts; use another model")

    def recommended(self, question: Question) -> Training:
        """Its own learning rate, batch size and length."""
        return self._training()

    def _training(self) -> Training:
        return Training(learning_rate=self.learning_rate, batch_size=self.batch_size, max_length=self.max_length)

    def load(self, examples: Sequence[Example], question: Question, seed: int, workdir: Path) -> Network:
        """Train the tokenizer on ``examples`` and draw the weights from ``seed``."""
        from robust_ray.models.networks.architectures import build_module
        from robust_ray.models.reading.student_tokenizers import train_tokenizer
        from robust_ray.models.students import Network

        self.require(question)
        if not examples:
            raise ModelError(f"{WHERE}: its tokenizer learns from examples, but got none; add some")
        texts = (text for example in examples for text in example.segments)
        try:
            tokenizer = train_tokenizer(self.tokenizer, texts, self.vocabulary, self.reading, marks=self.marks)
        except ValueError as error:
            raise ModelError(
                f"{WHERE}: its {self.vocabulary} tokens must know every character of the training split, "
                f"but got {reason(error)!r}; raise `vocabulary`, or take tokenizer 'bpe'"
            ) from error
        architecture = {
            "type": "compact_roberta",
            "config": self._config(question),
            "segments": question.segments,
            "position_type": self.position_type,
        }
        return Network(
            module=build_module(architecture, seed).eval(),
            tokenizer=tokenizer,
            n_labels=question.n_labels,
            max_length=self.max_length,
            pair_encoding="joint" if question.segments == 1 else "siamese",
            architecture=architecture,
            preprocessing="one_line",
        )

    def _config(self, question: Question) -> dict[str, Any]:
        """Fields of a ``RobertaConfig``."""
        return {
            "vocab_size": self.vocabulary,
            "num_hidden_layers": self.layers,
            "hidden_size": self.hidden,
            "num_attention_heads": self.heads,
            "intermediate_size": self.intermediate,
            "hidden_act": self.activation,
            "hidden_dropout_prob": self.hidden_dropout,
            "attention_probs_dropout_prob": self.attention_dropout,
            "max_position_embeddings": self.position_rows,
            "layer_norm_eps": 1e-5,
            "type_vocab_size": 1,
            "bos_token_id": SPECIALS.index("<s>"),
            "pad_token_id": SPECIALS.index("<pad>"),
            "eos_token_id": SPECIALS.index("</s>"),
            "num_labels": question.n_labels,
        }
