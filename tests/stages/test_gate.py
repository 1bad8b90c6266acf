"""A bad teacher is stopped in a sentence; a good one leaves its accuracy behind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from robust_ray.core.call import Inputs
from robust_ray.core.errors import ModelError
from robust_ray.core.examples import Example
from robust_ray.core.machine import Machine
from robust_ray.stages import Gate
from robust_ray.tasks import Task
from robust_ray.tasks.base import Split
from tests import fakes

NAMES = ("safe", "vulnerable")


@dataclass(frozen=True, kw_only=True)
class Told(Task):
    """A task of a few programs, each many times."""

    labels: tuple[int, ...]
    reference: str | None = None

    @property
    def label_names(self) -> tuple[str, ...]:
        return NAMES if self.reference is None else ()

    @property
    def code_language(self) -> str:
        return "c"

    def load(self, split: Split) -> tuple[Example, ...]:
        return tuple(
            Example(uid=f"{split}/{i}", segments=(code,), label=label, language="c", reference=self.reference)
            for i, label in enumerate(self.labels)
            for code in [f"int f{i}(int a) {{ return a; }}"]
        )


Told.type = "told"


@dataclass
class Knows(fakes.BagOfNames):
    """A victim that answers by the number in a function's name."""

    answers: Sequence[int] = ()
    network: Any = None
    scores: Sequence[float] | None = None
    """What a writer answers to everything."""

    def forget(self) -> None:
        pass

    def _row(self, encoding: Any) -> Any:
        import numpy as np

        if self.scores is not None:
            return np.array(self.scores)
        answer = self.answers[int(encoding.ids[0][1][1:])]
        return np.eye(2)[answer]


@pytest.fixture
def tokenizer() -> Any:
    from robust_ray.models.reading.tokenization import train_bpe

    return train_bpe(fakes.C, 300)


def run(
    gate: Gate, answers: Sequence[int], tokenizer: Any, workdir: Path, scores: Sequence[float] | None = None
) -> dict[str, float]:
    """What the gate leaves behind, for a teacher that answers so."""
    from types import SimpleNamespace

    machine = Machine()
    victim = Knows(answers=answers, scores=scores, network=SimpleNamespace(tokenizer=tokenizer))
    machine.warm.get("finetune-x float32", lambda: victim)
    inputs = Inputs(checkpoints={"teacher": workdir}, keys={"teacher": ("finetune-x",)})
    assert gate.run("gate-told", inputs, workdir, machine) == []
    found: dict[str, float] = json.loads((workdir / "gate.json").read_text())
    return found


LABELS = (0, 1, 1) * 20
MOSTLY_RIGHT = (*(1 - label for label in LABELS[:12]), *LABELS[12:])


@pytest.mark.torch
@pytest.mark.parametrize("floor", [None, 0.8])
def test_a_good_teacher_passes(floor: float | None, tokenizer: Any, tmp_path: Path) -> None:
    found = run(Gate(task=Told(labels=LABELS), floor=floor), MOSTLY_RIGHT, tokenizer, tmp_path)
    assert found == {"accuracy": 0.8, "n": 60}


@pytest.mark.torch
def test_a_teacher_below_the_floor_is_stopped(tokenizer: Any, tmp_path: Path) -> None:
    gate = Gate(task=Told(labels=LABELS), floor=0.85)
    with pytest.raises(ModelError, match=r"finetune-x: .* must reach `min_clean_accuracy` 0\.85, but got 0\.800"):
        run(gate, MOSTLY_RIGHT, tokenizer, tmp_path)


@pytest.mark.torch
def test_a_writer_is_held_to_the_floor_by_what_its_summaries_score(tokenizer: Any, tmp_path: Path) -> None:
    gate = Gate(task=Told(labels=LABELS, reference="returns its argument"), floor=0.5)
    assert run(gate, (0,) * 60, tokenizer, tmp_path, scores=(0.75,)) == {"BLEU": 0.75, "n": 60}
    with pytest.raises(ModelError, match=r"its validation BLEU must reach `min_clean_accuracy` 0\.5, but got 0\.250"):
        run(gate, (0,) * 60, tokenizer, tmp_path, scores=(0.25,))


@pytest.mark.torch
def test_outputs_in_another_order_are_stopped_without_any_floor(tokenizer: Any, tmp_path: Path) -> None:
    swapped = [1 - answer for answer in MOSTLY_RIGHT]
    with pytest.raises(ModelError, match=r"finetune-x: .* they are \['vulnerable', 'safe'\]"):
        run(Gate(task=Told(labels=LABELS), floor=None), swapped, tokenizer, tmp_path)


@pytest.mark.torch
def test_a_tokenizer_that_cannot_read_is_stopped(tokenizer: Any, tmp_path: Path) -> None:
    tokenizer.backend_tokenizer.normalizer = None
    tokenizer.decode = lambda row: "something else"
    with pytest.raises(ModelError, match="finetune-x: the tokenizer must give back what it reads"):
        run(Gate(task=Told(labels=LABELS), floor=None), LABELS, tokenizer, tmp_path)
