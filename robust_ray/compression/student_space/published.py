"""The spaces of Compressor, AVATAR and MORPH as published, and the students that were found in them.

Sources: Shi et al., "Compressing Pre-trained Models of Code into 3 MB" (Compressor), ASE 2022; Shi et al., "Greening
    Large Language Models of Code" (AVATAR), ICSE-SEIS 2024, https://arxiv.org/abs/2309.04076; Panichella, "Metamorphic-
    Based Many-Objective Distillation of LLMs for Code-related Tasks" (MORPH), ICSE 2025.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from robust_ray.compression.student_space.axes import Axis
from robust_ray.compression.student_space.space import StudentSpace
from robust_ray.models.compact_roberta import CompactRoberta

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class PerTask(Generic[T]):
    """What is another for each of the two tasks the papers are about."""

    clones: T
    """For pairs of programs."""

    defects: T
    """For single programs."""

    def of(self, segments: int) -> T:
        """The one for a task whose examples have so many segments."""
        return self.defects if segments == 1 else self.clones


_COMPRESSOR = CompactRoberta(
    tokenizer="bpe",
    reading="compressor",
    marks=True,
    activation="gelu",
    attention_dropout=0.1,
    max_length=400,
    positions=512,
    position_type="absolute",
    learning_rate=1e-4,
    batch_size=16,
)


def _compressor(**sizes: int) -> PerTask[CompactRoberta]:
    student = replace(_COMPRESSOR, **sizes)  # type: ignore[arg-type]
    return PerTask(clones=replace(student, hidden_dropout=0.2), defects=replace(student, hidden_dropout=0.5))


COMPRESSOR_3MB = _compressor(vocabulary=1000, layers=12, hidden=96, heads=8, intermediate=64)
"""Compressor's student of 3 MB, 160 times smaller than CodeBERT."""

COMPRESSOR_25MB = _compressor(vocabulary=1000, layers=6, hidden=432, heads=16, intermediate=128)
"""Compressor's student of 25 MB; 16 heads lie outside the space that was published with it."""

COMPRESSOR_50MB = _compressor(vocabulary=6000, layers=6, hidden=480, heads=16, intermediate=576)
"""Compressor's student of 50 MB; 16 heads lie outside the space that was published with it."""

_COMPRESSOR_AXES = (
    Axis(field="heads", low=1, high=4, options=(1, 2, 4, 8)),
    Axis(field="hidden", low=16, high=768, step=16),
    Axis(field="intermediate", low=32, high=3040, step=32),
    Axis(field="layers", low=1, high=12),
    Axis(field="vocabulary", low=1000, high=50000, step=1000),
)

COMPRESSOR = PerTask(
    clones=StudentSpace(axes=_COMPRESSOR_AXES, base=COMPRESSOR_3MB.clones, sequence=514),
    defects=StudentSpace(axes=_COMPRESSOR_AXES, base=COMPRESSOR_3MB.defects, sequence=514),
)
"""Compressor's: five sizes, in the order of the names of its genes."""


TOKENIZERS = ("bpe", "wordpiece", "unigram", "word")
ACTIVATIONS = ("gelu", "relu", "silu", "gelu_new")
POSITIONS = ("absolute", "relative_key", "relative_key_query")
RATES = (1e-3, 1e-4, 5e-5)

_AVATAR_SIZES = (
    Axis(field="vocabulary", low=1000, high=46000),
    Axis(field="hidden", low=16, high=256),
    Axis(field="intermediate", low=32, high=3072),
    Axis(field="max_length", low=256, high=512),
)
"""What was left by AVATAR's solver of what it was given, which is :data:`AVATAR_DOMAIN`."""

_DOMAIN_SIZES = (
    Axis(field="vocabulary", low=1000, high=50000, step=1000),
    Axis(field="hidden", low=16, high=768, step=16),
    Axis(field="intermediate", low=32, high=3072, step=32),
    Axis(field="max_length", low=256, high=512, step=16),
)


def _avatar(
    sizes: tuple[Axis, Axis, Axis, Axis], students: PerTask[CompactRoberta], clone_rates: int = 1
) -> PerTask[StudentSpace]:
    """The thirteen axes in the order of AVATAR's genes; for clones, learning rates from the given one on."""
    vocabulary, hidden, intermediate, max_length = sizes

    def axes(batch_sizes: tuple[int, ...], rates: int) -> tuple[Axis, ...]:
        return (
            Axis(field="tokenizer", low=1, high=4, options=TOKENIZERS),
            vocabulary,
            Axis(field="layers", low=1, high=12),
            hidden,
            Axis(field="activation", low=1, high=4, options=ACTIVATIONS),
            Axis(field="hidden_dropout", low=0.2, high=0.5, step=0.1),
            intermediate,
            Axis(field="heads", low=1, high=12),
            Axis(field="attention_dropout", low=0.2, high=0.5, step=0.1),
            max_length,
            Axis(field="position_type", low=1, high=3, options=POSITIONS),
            Axis(field="learning_rate", low=rates, high=3, options=RATES),
            Axis(field="batch_size", low=1, high=len(batch_sizes), options=batch_sizes),
        )

    return PerTask(
        clones=StudentSpace(axes=axes((8, 16), clone_rates), base=students.clones),
        defects=StudentSpace(axes=axes((16, 32, 64), 1), base=students.defects),
    )


_AVATAR_DEFECTS = CompactRoberta(
    tokenizer="bpe",
    reading="avatar",
    marks=False,
    vocabulary=19302,
    layers=7,
    hidden=18,
    activation="gelu_new",
    hidden_dropout=0.5,
    intermediate=1491,
    heads=6,
    attention_dropout=0.4,
    max_length=351,
    position_type="absolute",
    learning_rate=1e-3,
    batch_size=64,
)

_AVATAR_CLONES = CompactRoberta(
    tokenizer="bpe",
    reading="avatar",
    marks=True,
    vocabulary=27505,
    layers=3,
    hidden=36,
    activation="silu",
    hidden_dropout=0.3,
    intermediate=1508,
    heads=12,
    attention_dropout=0.2,
    max_length=358,
    position_type="absolute",
    learning_rate=1e-4,
    batch_size=16,
)

AVATAR_CODEBERT = PerTask(clones=_AVATAR_CLONES, defects=_AVATAR_DEFECTS)
"""AVATAR's students of CodeBERT; by the formula that it was found with, that for clones has 5.4 MB, not 3."""

AVATAR_GRAPHCODEBERT = PerTask(
    clones=replace(_AVATAR_CLONES, vocabulary=1606, intermediate=2985, attention_dropout=0.3), defects=_AVATAR_DEFECTS
)
"""AVATAR's students of GraphCodeBERT."""

AVATAR = _avatar(_AVATAR_SIZES, AVATAR_CODEBERT)
"""AVATAR's, within the bounds that its solver has found for 3 MB."""

AVATAR_DOMAIN = _avatar(_DOMAIN_SIZES, AVATAR_CODEBERT)
"""AVATAR's before its solver has seen it: up to CodeBERT's sizes, on the solver's grid."""

MORPH = _avatar(_AVATAR_SIZES, AVATAR_CODEBERT, clone_rates=2)
"""MORPH's: AVATAR's, but for clones without the highest learning rate."""
