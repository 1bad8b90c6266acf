"""What is decided about each outcome, whoever dispatches."""

from __future__ import annotations

from pathlib import Path

from robust_ray.dispatch import Outcome, Run, Settings
from robust_ray.store import Store
from tests.dispatch.fakes import small_plan


def test_what_several_calls_find_damaged_at_once_was_damaged_once(tmp_path: Path) -> None:
    teacher, student, *looks = small_plan(students=1, looks=4)[:6]
    this = Run([teacher, student, *looks], Store.open(str(tmp_path)), Settings(retries=0))
    for made in (teacher, student):
        assert this.next() == made
        this.ended(made, Outcome(made.key))
    assert [this.next() for _ in looks] == looks
    for look in looks:
        this.ended(look, Outcome(look.key, "damaged", damaged=student.key))
    assert this.next() == student
    this.ended(student, Outcome(student.key))
    for look in looks:
        assert this.next() == look
        this.ended(look, Outcome(look.key))
    assert this.finished()
    assert this.report().ok
