"""A stage call and its key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from robust_ray.core.call import Inputs, Ref, Stage, StageCall
from robust_ray.core.machine import Machine
from robust_ray.core.records import Record, RunRecord, SubstituteRecord
from tests.core.components import Circle, Shape


@dataclass(frozen=True, kw_only=True)
class Draw(Stage):
    """A stage that draws a shape."""

    name: ClassVar[str] = "draw"
    version: ClassVar[int] = 3
    table: ClassVar[str | None] = "substitutes"

    shape: Shape
    seed: int

    def label(self) -> str:
        return self.shape.type

    def run(self, key: str, inputs: Inputs, workdir: Path, machine: Machine) -> Sequence[Record]:
        return [SubstituteRecord(key=key, source="x", uid=None, identifier=None, substitute="a", rank=0, score=1.0)]


CALL = StageCall(
    Draw(shape=Circle(radius=1), seed=0),
    {"paper": (Ref("cut-paper-v1-00", None),), "ink": (Ref("mix-red-v1-01", "inks"), Ref("mix-blue-v1-02", "inks"))},
)


def test_the_key_is_golden() -> None:
    """The identity of work: a change here makes every stored result unreachable."""
    assert CALL.key == "draw-circle-v3-d1197c89591b2182"


def test_the_key_is_the_same_in_any_order_of_roles() -> None:
    assert StageCall(CALL.stage, dict(reversed(list(CALL.inputs.items())))).key == CALL.key


@pytest.mark.parametrize(
    "other",
    [
        StageCall(Draw(shape=Circle(radius=2), seed=0), CALL.inputs),
        StageCall(Draw(shape=Circle(radius=1), seed=1), CALL.inputs),
        StageCall(CALL.stage),
        StageCall(CALL.stage, {**CALL.inputs, "paper": (Ref("cut-paper-v1-99", None),)}),
        StageCall(CALL.stage, {**CALL.inputs, "ink": CALL.inputs["ink"][::-1]}),
        StageCall(CALL.stage, {"ink": CALL.inputs["ink"], "sheet": CALL.inputs["paper"]}),
    ],
)
def test_other_work_has_another_key(other: StageCall) -> None:
    assert other.key != CALL.key
    assert other.key.startswith("draw-circle-v3-")


def test_the_version_is_in_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Draw, "version", 4)
    raised = StageCall(CALL.stage, CALL.inputs).key
    assert raised.startswith("draw-circle-v4-")
    assert raised.rsplit("-", 1)[1] != CALL.key.rsplit("-", 1)[1]


def test_later_calls_name_it_by_key_and_table() -> None:
    assert CALL.ref == Ref(CALL.key, "substitutes")
    assert CALL.needs == ("cut-paper-v1-00", "mix-red-v1-01", "mix-blue-v1-02")


def test_the_description_holds_all_the_key_is_made_of() -> None:
    assert CALL.describe() == {
        "key": CALL.key,
        "stage": "draw",
        "version": 3,
        "params": {
            "shape": {"type": "circle", "version": 2, "fields": {"radius": 1.0, "segments": 8}},
            "seed": 0,
        },
        "inputs": {"paper": ["cut-paper-v1-00"], "ink": ["mix-red-v1-01", "mix-blue-v1-02"]},
    }


def test_inputs_are_checked_to_be_of_the_record_asked_for(tmp_path: Path) -> None:
    rows = CALL.stage.run("k", Inputs(), tmp_path, Machine())
    inputs = Inputs(tables={"names": rows})
    assert inputs.rows("names", SubstituteRecord) == list(rows)
    assert inputs.rows("nothing", SubstituteRecord) == []
    with pytest.raises(TypeError, match="input 'names': rows of RunRecord are needed, but got SubstituteRecord"):
        inputs.rows("names", RunRecord)
