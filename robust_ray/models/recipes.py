"""How the authors of models fine-tune them, for each form of question."""

from __future__ import annotations

from dataclasses import dataclass

from robust_ray.core.examples import Question
from robust_ray.models.base import Training


def published(
    epochs: int,
    batch_size: int,
    learning_rate: float,
    max_length: int,
    *,
    warmup: float = 0.1,
    patience: int | None = None,
) -> Training:
    """Settings as authors state them: weights do not decay, and no epoch is left out without a ``patience``."""
    return Training(
        epochs=epochs,
        patience=patience or epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        warmup=warmup,
        weight_decay=0.0,
        max_length=max_length,
    )


AUTHORS = published(30, 16, 5e-5, 512, warmup=1 / 30)
"""Source: authorship attribution with CodeBERT in ALERT, https://github.com/soarsmu/attack-pretrain-models-of-code; the
rate rises for one epoch."""


@dataclass(frozen=True)
class Recipes:
    """Fine-tuning settings for each form of question."""

    classes: Training
    """One program, two classes: defects."""

    pair: Training
    """Two programs: clones."""

    text: Training
    """A summary."""

    many: Training = AUTHORS
    """One program, more classes: authors."""

    def of(self, question: Question) -> Training:
        """The settings for a question."""
        if question.wants_text:
            return self.text
        if question.segments > 1:
            return self.pair
        return self.many if question.n_labels > 2 else self.classes


CODEXGLUE = Recipes(
    classes=published(5, 32, 2e-5, 400),
    pair=published(2, 16, 5e-5, 400, warmup=0.5),
    text=published(10, 32, 5e-5, 256),
)
"""Source: the READMEs and ``run.py`` of https://github.com/microsoft/CodeXGLUE; for clones the rate rises for one of
the two epochs."""
