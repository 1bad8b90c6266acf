"""Every call once, inputs before what needs them, failures skip exactly what hangs on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_ray.core.call import StageCall
from robust_ray.dispatch import Counts, Frontier, State, frontier
from tests.dispatch.fakes import Compare, Look, Make, call, small_plan


@st.composite
def dags(draw: st.DrawFn) -> list[StageCall]:
    """Random DAGs of calls, inputs first."""
    calls: list[StageCall] = []
    for n in range(draw(st.integers(1, 12))):
        needs = draw(st.lists(st.sampled_from(calls), unique_by=id, max_size=3)) if calls else []
        calls.append(call(Make(value=n), **{f"input{i}": needed for i, needed in enumerate(needs)}))
    return calls


def descendants(calls: list[StageCall], roots: set[str]) -> set[str]:
    """Keys of everything that needs one of ``roots``, however indirectly."""
    found: set[str] = set()
    for each in calls:  # inputs come first
        if set(each.needs) & (roots | found):
            found.add(each.key)
    return found - roots


@given(dags(), st.data())
@settings(max_examples=150, deadline=None)
def test_each_call_once_and_failure_skips_exactly_the_descendants(calls: list[StageCall], data: st.DataObject) -> None:
    keys = [each.key for each in calls]
    broken = data.draw(st.sets(st.sampled_from(keys)))
    present = data.draw(st.sets(st.sampled_from(keys)))
    frontier = Frontier(calls, present=present)
    running: list[StageCall] = []
    handed: list[str] = []
    done = set(present)
    while not frontier.finished:
        found = frontier.next_ready() if data.draw(st.booleans()) or not running else None
        if found is not None:
            assert set(found.needs) <= done
            handed.append(found.key)
            running.append(found)
        elif running:
            ended = running.pop(data.draw(st.integers(0, len(running) - 1)))
            if ended.key in broken:
                frontier.failed(ended.key)
            else:
                done.add(ended.key)
                frontier.done(ended.key)
        else:
            pytest.fail("nothing runs, nothing is ready, and yet not finished")
    assert len(handed) == len(set(handed))
    assert set(handed).isdisjoint(present)
    failed = set(frontier.keys(State.FAILED))
    assert failed == broken & set(handed)
    skipped = set(frontier.keys(State.SKIPPED))
    assert skipped <= descendants(calls, failed) - present
    missing = {each.key for each in calls if each.key not in present and not set(each.needs) <= done}
    assert skipped == missing
    assert set(handed) | present | skipped == set(keys)


@given(dags(), st.data())
@settings(max_examples=100, deadline=None)
def test_damage_is_repaired_and_the_run_still_ends(calls: list[StageCall], data: st.DataObject) -> None:
    frontier = Frontier(calls, present=data.draw(st.sets(st.sampled_from([each.key for each in calls]))))
    damages = 0
    while (found := frontier.next_ready()) is not None:
        assert all(frontier.state(key) in (State.DONE, State.CACHED) for key in found.needs)
        if found.needs and damages < 4 and data.draw(st.booleans()):
            damages += 1
            assert frontier.requeue(found.key, data.draw(st.sampled_from(found.needs)))
        else:
            frontier.done(found.key)
    assert frontier.finished
    assert sum(count.done + count.cached for count in frontier.counts.values()) == len(calls)


@given(dags(), st.data())
@settings(max_examples=100, deadline=None)
def test_what_is_elsewhere_is_found_or_made_here(calls: list[StageCall], data: st.DataObject) -> None:
    frontier = Frontier(calls)
    while not frontier.finished:
        call = frontier.next_ready()
        if call is None:
            postponed = frontier.postponed()
            assert postponed
            assert sum(count.elsewhere for count in frontier.counts.values()) == len(postponed)
            for each in postponed:
                data.draw(st.sampled_from([frontier.found, frontier.retry]))(each.key)
        else:
            assert all(frontier.is_there(key) for key in call.needs)
            data.draw(st.sampled_from([frontier.done, frontier.postpone]))(call.key)
    assert frontier.postponed() == []
    assert sum(count.done + count.cached for count in frontier.counts.values()) == len(calls)


def test_what_is_elsewhere_is_skipped_with_what_it_needs() -> None:
    make = call(Make(value=1))
    look = call(Look(), student=make)
    frontier = Frontier([make, look])
    for each in (make, look):
        assert frontier.next_ready() == each
        (frontier.done if each == make else frontier.postpone)(each.key)
    frontier.recompute(make.key)
    assert frontier.next_ready() == make
    frontier.failed(make.key)
    assert frontier.state(look.key) is State.SKIPPED
    assert frontier.finished


def test_prefers_the_same_shape_then_the_same_student_then_the_plan() -> None:
    students = [call(Make(value=n)) for n in range(2)]
    looks = [call(Look(value=n), student=students[n % 2]) for n in range(4)]
    compares = [call(Compare(), looks=[look]) for look in looks]
    present = [each.key for each in students]
    frontier = Frontier([*students, *looks, *compares], present=present, shape_of=lambda c: c.stage.name)
    order = []
    while (found := frontier.next_ready()) is not None:
        order.append(found)
        frontier.done(found.key)
    assert order == [looks[0], looks[2], looks[1], looks[3], *compares]


def test_a_worker_is_given_calls_of_its_shape() -> None:
    make, look = call(Make(value=1)), call(Look())
    frontier = Frontier([make, look], shape_of=lambda c: c.stage.name)
    assert frontier.ready == {"finetune": 1, "attack": 1}
    assert frontier.next_ready("a", "attack") == look
    assert frontier.next_ready("a", "attack") is None
    assert frontier.ready == {"finetune": 1}
    assert frontier.next_ready("b", "finetune") == make


def test_counts_per_stage() -> None:
    teacher, *rest = small_plan(students=1, looks=2)
    frontier = Frontier([teacher, *rest], present=[teacher.key])
    student = frontier.next_ready()
    assert student is not None
    frontier.failed(student.key)
    assert frontier.counts == {
        "finetune": Counts(cached=1, failed=1),
        "attack": Counts(skipped=2),
        "fidelity": Counts(skipped=1),
    }
    assert frontier.finished


def test_what_is_skipped_has_its_cause_however_far_up() -> None:
    teacher, student, look, other, compare = small_plan(students=1)
    frontier = Frontier([teacher, student, look, other, compare], present=[teacher.key, student.key])
    assert frontier.next_ready() == look
    frontier.failed(look.key)
    assert frontier.causes() == {compare.key: look.key}
    frontier = Frontier([teacher, student, look, other, compare])
    frontier.next_ready()
    frontier.failed(teacher.key)
    assert frontier.causes() == dict.fromkeys([each.key for each in (student, look, other, compare)], teacher.key)


def test_calls_added_later_join_what_is_known() -> None:
    teacher, student, *_ = small_plan(students=1)
    frontier = Frontier([teacher])
    assert frontier.next_ready() == teacher
    frontier.add([teacher, student])
    assert frontier.next_ready() is None
    frontier.failed(teacher.key)
    late = call(Look(), student=student)
    frontier.add([late])
    assert frontier.keys(State.SKIPPED) == [student.key, late.key]


def test_damage_to_a_failed_input_skips() -> None:
    teacher = call(Make(value=1))
    looks = [call(Look(value=n), student=teacher) for n in range(2)]
    frontier = Frontier([teacher, *looks], present=[teacher.key])
    assert [frontier.next_ready(), frontier.next_ready()] == looks
    assert frontier.requeue(looks[0].key, teacher.key)
    assert frontier.next_ready() == teacher
    frontier.failed(teacher.key)
    assert frontier.requeue(looks[1].key, teacher.key)
    assert frontier.keys(State.SKIPPED) == [each.key for each in looks]
    assert frontier.finished


def test_what_fails_once_its_input_was_given_up_is_skipped_not_waited_for() -> None:
    teacher = call(Make(value=1))
    finder, reader = (call(Look(value=n), student=teacher) for n in range(2))
    after = call(Compare(), looks=[reader])
    frontier = Frontier([teacher, finder, reader, after], present=[teacher.key])
    assert [frontier.next_ready(), frontier.next_ready()] == [finder, reader]
    assert frontier.requeue(finder.key, teacher.key)
    assert frontier.next_ready() == teacher
    frontier.failed(teacher.key)
    frontier.retry(reader.key)
    assert frontier.finished
    assert frontier.causes() == dict.fromkeys([finder.key, reader.key, after.key], teacher.key)


def test_what_is_damaged_behind_a_failed_gate_is_skipped_not_waited_for() -> None:
    gate = call(Make(value=0))
    student = replace(call(Make(value=1)), after=(gate.ref,))
    look, evaluate = (call(Look(value=n), student=student) for n in range(2))
    frontier = Frontier([gate, student, look, evaluate], present=[student.key, look.key])
    assert [frontier.next_ready(), frontier.next_ready()] == [gate, evaluate]
    frontier.failed(gate.key)
    assert frontier.requeue(evaluate.key, student.key)
    assert frontier.finished
    assert frontier.keys(State.SKIPPED) == [student.key, evaluate.key]
    assert frontier.keys(State.CACHED) == [look.key]


def test_an_input_that_nothing_makes_is_refused() -> None:
    _, student, *_ = small_plan()
    with pytest.raises(ValueError, match="inputs must come before what needs them, but nothing makes finetune-fake"):
        Frontier([student])


def test_the_work_grows_as_the_calls_do(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0

    def counted(operation: Callable[..., Any]) -> Callable[..., Any]:
        def count(*arguments: Any) -> Any:
            nonlocal steps
            steps += 1
            return operation(*arguments)

        return count

    for name in ("heappush", "heappop"):
        monkeypatch.setattr(frontier, name, counted(getattr(frontier, name)))
    for students in (10, 100):
        made = [call(Make(value=n)) for n in range(students)]
        looks = [call(Look(value=n), student=student) for n in range(20) for student in made]
        steps, handed = 0, 0
        found = Frontier([*made, *looks], shape_of=lambda each: each.stage.name)
        while not found.finished:
            running = [each for n in range(8) if (each := found.next_ready(n % 4, ("finetune", "attack")[n // 4]))]
            handed += len(running)
            for each in running:
                found.done(each.key)
        assert handed == len(made) + len(looks)
        assert steps < 10 * handed
