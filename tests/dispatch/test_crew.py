"""Workers are asked for where calls wait, load what they must once, and give way only to who lacks room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from robust_ray.core.call import StageCall
from robust_ray.dispatch import Outcome, Run, Settings, Shape, crew
from robust_ray.dispatch.crew import DOUBT, IDLE, LATE, PATIENCE, Crew
from robust_ray.store import Store
from tests.dispatch.fakes import Compare, Look, Make, call

ONE, HALF, TWO = Shape(1.0), Shape(0.5), Shape(2.0)
MOST_ABSENT = 8


class Clock:
    """Time that a test lets pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(crew, "time", found)
    return found


@pytest.fixture
def hire(tmp_path: Path) -> Callable[..., tuple[Run, Crew]]:
    """A crew for some calls, on a machine of two cores."""

    def build(calls: Sequence[StageCall], **shapes: Shape) -> tuple[Run, Crew]:
        run = Run(calls, Store.open(str(tmp_path)), Settings(shapes=shapes))
        return run, Crew(run, room=lambda: TWO, most_absent=MOST_ABSENT)

    return build


def done(call: StageCall | None) -> Outcome | None:
    return None if call is None else Outcome(call.key)


def work(this: Run, workers: Crew, names: Sequence[str]) -> dict[str, list[StageCall]]:
    """Workers that take turns until nothing is left; what each has done."""
    doing: dict[str, StageCall | None] = dict.fromkeys(names)
    did: dict[str, list[StageCall]] = {name: [] for name in names}
    while not this.finished():
        for name in names:
            doing[name] = workers.next(name, done(doing[name]))
            did[name] += [found] if (found := doing[name]) else []
    return did


def test_as_many_workers_are_wanted_as_find_a_call(hire: Callable[..., tuple[Run, Crew]]) -> None:
    teacher = call(Make(value=0))
    looks = [call(Look(value=n), student=teacher) for n in range(10)]
    _, workers = hire([teacher, *looks])
    assert workers.wanted() == ONE
    workers.ask("a", ONE)
    assert workers.wanted() is None
    assert workers.next("a", None) == teacher
    assert workers.wanted() is None
    assert workers.next("a", done(teacher)) == looks[0]
    for n in range(MOST_ABSENT):  # of nine calls: no more than may be absent
        assert workers.wanted() == ONE
        workers.ask(f"b{n}", ONE)
    assert workers.wanted() is None
    assert not workers.needless()


def test_every_shape_gets_a_worker_before_one_gets_two(hire: Callable[..., tuple[Run, Crew]]) -> None:
    makes, looks = [call(Make(value=n)) for n in range(3)], [call(Look(value=n)) for n in range(3)]
    _, workers = hire([*makes, *looks], attack=HALF)
    for n, shape in enumerate((ONE, HALF, ONE, HALF)):
        assert workers.wanted() == shape
        workers.ask(str(n), shape)


def test_a_student_is_loaded_by_one_worker_until_work_is_scarce(hire: Callable[..., tuple[Run, Crew]]) -> None:
    students = [call(Make(value=n)) for n in range(6)]
    looks = [call(Look(value=n), student=student) for n in range(20) for student in students]
    this, workers = hire([*students, *looks], attack=HALF)
    workers.ask("maker", ONE)
    made = None
    for student in students:
        made = workers.next("maker", done(made))
        assert made == student
    workers.next("maker", done(made))
    names = ("a", "b", "c", "d")
    for name in names:
        workers.ask(name, HALF)
    did = work(this, workers, names)
    assert Counter(each.key for calls in did.values() for each in calls) == Counter(each.key for each in looks)
    assert {len(calls) for calls in did.values()} == {30}  # nobody waits while there is something to do
    loads = 0
    for calls in did.values():
        read = [each.inputs["student"] for each in calls]
        loads += 1 + sum(one != other for one, other in pairwise(read))
    assert loads <= len(students) + len(names)


def test_two_shapes_in_turn_need_one_worker_each(hire: Callable[..., tuple[Run, Crew]], clock: Clock) -> None:
    chain: list[StageCall] = []
    for n in range(40):
        chain.append(call((Look if n % 2 else Make)(value=n), **({"before": chain[-1]} if chain else {})))
    this, workers = hire(chain, attack=HALF)
    asked: dict[str, Shape] = {}
    doing: dict[str, StageCall | None] = {}
    while not this.finished():
        while (shape := workers.wanted()) is not None:
            name = f"{len(asked)}"
            asked[name], doing[name] = shape, None
            workers.ask(name, shape)
        clock.now += 1
        for name in tuple(doing):
            doing[name] = workers.next(name, done(doing[name]))
            assert doing[name] or this.finished() or not workers.gives_way(name)
    assert sorted(asked.values()) == [HALF, ONE]


def test_an_idle_worker_gives_way_to_who_lacks_room(hire: Callable[..., tuple[Run, Crew]], clock: Clock) -> None:
    first, second = (call(Make(value=n)) for n in range(2))
    wide = call(Look(), before=first)
    _, workers = hire([first, second, wide], attack=TWO)
    for name, expected in (("a", first), ("b", second)):
        workers.ask(name, ONE)
        assert workers.next(name, None) == expected
    assert workers.next("a", done(first)) is None
    assert not workers.gives_way("a")  # nobody has asked for a worker yet
    assert workers.wanted() == TWO
    workers.ask("wide", TWO)
    assert not workers.gives_way("a")  # what runs may lead to a call for it
    clock.now += PATIENCE
    assert workers.gives_way("a")
    workers.gone("a")
    assert workers.next("b", done(second)) is None
    assert workers.gives_way("b")  # nothing runs
    workers.gone("b")
    assert workers.next("wide", None) == wide


def test_what_fits_and_does_not_start_is_given_room_after_a_while(
    hire: Callable[..., tuple[Run, Crew]], clock: Clock
) -> None:
    first = call(Make(value=0))
    _, workers = hire([first, call(Look(), before=first)], attack=ONE._replace(cpu=0.75))
    workers.ask("a", ONE)
    workers.next("a", None)
    assert workers.next("a", done(first)) is None
    workers.ask("b", Shape(0.75))
    clock.now += DOUBT - 1
    assert not workers.gives_way("a")
    clock.now += 1
    assert workers.gives_way("a")


def test_what_has_not_started_is_withdrawn_where_it_keeps_others_from_starting(
    hire: Callable[..., tuple[Run, Crew]],
) -> None:
    makes = [call(Make(value=n)) for n in range(2)]
    look = call(Look(), looks=makes)
    _, workers = hire([*makes, look], attack=TWO)
    for name in ("a", "b"):
        workers.ask(name, ONE)
    doing = None
    for make in makes:
        assert workers.next("a", done(doing)) == make
        doing = make
    assert workers.next("a", done(doing)) is None
    assert not workers.needless()  # it may yet be of use
    workers.ask("wide", TWO)
    assert workers.needless() == ["b"]
    workers.gone("b")
    assert workers.next("wide", None) == look
    workers.ask("late", ONE)
    workers.next("wide", done(look))
    assert workers.needless() == ["late"]
    assert workers.gives_way("a")


def test_workers_that_cannot_start_are_not_asked_for_without_end(
    hire: Callable[..., tuple[Run, Crew]], clock: Clock
) -> None:
    makes = [call(Make(value=n)) for n in range(2)]
    this, workers = hire(makes)
    deaths = 0
    while (shape := workers.wanted()) is not None:
        workers.ask(f"{deaths}", shape)
        clock.now += 100
        lost = workers.died(f"{deaths}")
        deaths += 1
        assert (lost.call is None) == (deaths <= MOST_ABSENT)
        if lost.call is not None:
            assert lost.since == clock.now  # the wait for room is not the call's
            this.ended(lost.call, Outcome(lost.call.key, "the worker died"))
    assert deaths == MOST_ABSENT + 2 * (1 + this.settings.retries)
    assert [failure.key for failure in this.report().failures] == [make.key for make in makes]


def test_a_node_lost_while_its_workers_start_costs_no_call(hire: Callable[..., tuple[Run, Crew]]) -> None:
    makes = [call(Make(value=n)) for n in range(2 * MOST_ABSENT)]
    this, workers = hire(makes)
    workers.ask("here", ONE)
    assert workers.next("here", None) == makes[0]
    for node in range(2):
        for n in range(MOST_ABSENT):
            workers.ask(f"{node}-{n}", ONE)
        assert all(workers.died(f"{node}-{n}").call is None for n in range(MOST_ABSENT))
        assert workers.next("here", done(makes[node])) == makes[node + 1]
    assert this.report().ok


def test_a_worker_that_dies_idle_takes_no_call_with_it(hire: Callable[..., tuple[Run, Crew]]) -> None:
    first = call(Make(value=0))
    _, workers = hire([first, call(Compare(), looks=[first])])
    workers.ask("a", ONE)
    workers.ask("b", ONE)
    assert workers.next("a", None) == first
    assert workers.next("b", None) is None
    assert workers.died("b").call is None
    assert workers.died("a").call == first


def test_an_idle_worker_goes_after_a_while_so_that_its_node_may(
    hire: Callable[..., tuple[Run, Crew]], clock: Clock
) -> None:
    makes = [call(Make(value=n)) for n in range(2)]
    _, workers = hire([*makes, call(Compare(), looks=makes)])
    for name, make in zip("ab", makes, strict=True):
        workers.ask(name, ONE)
        assert workers.next(name, None) == make
    assert workers.next("a", done(makes[0])) is None
    clock.now += IDLE - 1
    assert workers.next("a", None) is None
    assert not workers.gives_way("a")
    clock.now += 1
    assert workers.gives_way("a")
    workers.gone("a")
    assert workers.next("b", done(makes[1])) is not None  # one at work stays however long it takes


def test_a_shape_is_stranded_once_it_is_late_and_nothing_runs(
    hire: Callable[..., tuple[Run, Crew]], clock: Clock
) -> None:
    make, look = call(Make(value=0)), call(Look())
    _, workers = hire([make, look], attack=TWO)
    workers.ask("wide", TWO)
    clock.now += LATE - 1
    assert workers.stranded() is None
    clock.now += 1
    assert workers.stranded() == TWO
    workers.ask("a", ONE)
    assert workers.next("a", None) == make
    assert workers.stranded() is None  # what runs may go on
    assert workers.next("a", done(make)) is None
    assert workers.stranded() == TWO
    assert workers.next("wide", None) == look
    assert workers.stranded() is None
