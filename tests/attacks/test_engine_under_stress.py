"""What no test of a single row shows: many examples, faults in between, runs that end early, threads, memory."""

from __future__ import annotations

import gc
import hashlib
import signal
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robust_ray.attacks import (
    Attack,
    AttackRecipe,
    CarrotInsertion,
    RandomNames,
    RandomRenaming,
    RenameIdentifiers,
    Search,
    SingleAttack,
    Space,
    Steps,
    Substitutes,
    Untargeted,
    Valid,
    WorstCase,
    run,
)
from robust_ray.core.arrays import FloatArray
from robust_ray.core.component import IN_KEY
from robust_ray.core.examples import Example, Input
from robust_ray.core.machine import Machine
from robust_ray.core.records import AttackRecord, SubstituteRecord, Verdict
from robust_ray.core.victim import Encoding
from tests.fakes import CELL, BagOfNames

NAMES: dict[Substitutes, list[SubstituteRecord]] = {
    RandomNames(count=40): RandomNames(count=40).collect([], [], Machine())
}
TWO_ATTACKS = WorstCase(
    attacks=(
        RandomRenaming(queries=6, substitutes=RandomNames(count=40)),
        CarrotInsertion(candidates=3, iterations=2),
    )
)


def program(i: int, lines: int = 2) -> str:
    """A small function like no other."""
    return f"def f{i}(a{i}, b):\n" + f"    b = b + a{i}\n" * lines + f"    return b * a{i}\n"


def examples(count: int) -> list[Example]:
    """What :class:`BagOfNames` gets right."""
    victim, texts = BagOfNames(), [program(i) for i in range(count)]
    labels = victim.predict(victim.encode([(text,) for text in texts])).argmax(axis=1).tolist()
    return [
        Example(uid=str(i), segments=(text,), label=label, language="python")
        for i, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]


def attack(
    recipe: AttackRecipe, examples: Sequence[Example], victim: BagOfNames, **options: Any
) -> Iterator[AttackRecord]:
    return run(recipe, examples, victim, NAMES, columns=CELL, seed=0, **options)


def victims_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("victim")]


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    yield
    assert victims_threads() == []


@dataclass
class Moody(BagOfNames):
    """A victim that some inputs break, and that answers some with no number: the same ones every time."""

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        answers = super().predict(encodings)
        moods = [hashlib.sha256(repr(encoding.ids).encode()).digest()[0] for encoding in encodings]
        if any(mood < 3 for mood in moods):
            raise RuntimeError("it does not like this one")
        answers[[3 <= mood < 6 for mood in moods]] = np.nan
        return answers


FEW = examples(40)


@pytest.fixture(scope="module")
def one_by_one() -> dict[str, AttackRecord]:
    """The rows of examples that are attacked alone."""
    return {row.uid: row for example in FEW for row in attack(TWO_ATTACKS, [example], Moody(), in_flight=1)}


def test_such_a_victim_breaks_some_attacks_at_the_start_and_some_on_the_way(
    one_by_one: dict[str, AttackRecord],
) -> None:
    rows = one_by_one.values()
    assert {row.verdict for row in rows} == {Verdict.SUCCEEDED, Verdict.FAILED, Verdict.ERROR}
    assert {row.error for row in rows} == {
        None,
        "RuntimeError: it does not like this one",
        "ValueError: the victim answered with a probability that is not a number",
    }
    broken = [row.queries for row in rows if row.verdict == Verdict.ERROR]
    assert min(broken) == 0 < max(broken)


@settings(deadline=None, max_examples=12)
@given(
    order=st.permutations(range(len(FEW))),
    in_flight=st.sampled_from([1, 2, 3, 64]),
    max_batch_tokens=st.sampled_from([1, 60, 500, 100_000]),
    cut=st.integers(0, len(FEW)),
)
def test_a_row_depends_on_its_example_alone(
    one_by_one: dict[str, AttackRecord], order: list[int], in_flight: int, max_batch_tokens: int, cut: int
) -> None:
    shards = [FEW[i] for i in order[:cut]], [FEW[i] for i in order[cut:]]
    for shard in shards:
        rows = list(attack(TWO_ATTACKS, shard, Moody(), in_flight=in_flight, max_batch_tokens=max_batch_tokens))
        assert rows == [one_by_one[example.uid] for example in shard]


@dataclass
class Watched(BagOfNames):
    """A victim that notes who asks it, and does something before one of its answers."""

    at: int = -1
    before: Callable[[], None] = field(default=lambda: None)
    askers: set[str] = field(default_factory=set)
    _busy: threading.Lock = field(default_factory=threading.Lock)

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        assert self._busy.acquire(blocking=False), "asked while it was answering"
        try:
            self.askers.add(threading.current_thread().name)
            if len(self.batches) == self.at:
                self.before()
            return super().predict(encodings)
        finally:
            self._busy.release()


@pytest.mark.parametrize("in_flight", [1, 2, 64])
def test_one_thread_asks_the_victim(in_flight: int) -> None:
    victim = Watched()
    list(attack(TWO_ATTACKS, FEW, victim, in_flight=in_flight, max_batch_tokens=100))
    assert victim.askers == {"victim_0"}


def test_a_fault_that_passes_breaks_no_row() -> None:
    def fail() -> None:
        victim.at = -1
        raise RuntimeError("once")

    victim = Watched(at=7, before=fail)
    assert list(attack(TWO_ATTACKS, FEW, victim)) == list(attack(TWO_ATTACKS, FEW, BagOfNames()))


def test_a_victim_that_breaks_for_good_ends_the_run() -> None:
    """Or else every later example would be called broken, in rows that are never made again."""

    def fail() -> None:
        raise RuntimeError("the GPU is lost")

    found: list[AttackRecord] = []
    with pytest.raises(RuntimeError, match="the GPU is lost"):
        found.extend(attack(TWO_ATTACKS, FEW, Watched(at=20, before=fail), in_flight=4))
    assert found
    assert all(row.verdict != Verdict.ERROR for row in found)


@dataclass(frozen=True)
class Patient(Search):
    """Asks the same question many times, and notes that it was closed."""

    rounds: Callable[[str], int]
    """Name of the program's function → how often it asks."""

    closed: list[str]
    width: int = 3
    at_the_end: Callable[[], None] = lambda: None

    def steps(self, space: Space, rng: np.random.Generator) -> Steps:
        function = space.source.text[4:].split("(")[0]
        try:
            for i in range(self.rounds(function)):
                made = [space.apply({"b": f"x{i}_{j}"}) for j in range(self.width)]
                yield [candidate for candidate in made if candidate is not None]
        finally:
            self.closed.append(function)
            self.at_the_end()


@dataclass(frozen=True, kw_only=True)
class Searching(SingleAttack):
    """Whatever a search does."""

    type: ClassVar[str] = "searching"
    search: Search = field(metadata={IN_KEY: False})
    substitutes: Substitutes | None = field(default_factory=lambda: RandomNames(count=40))

    def build(self) -> Attack:
        return Attack(Untargeted(), RenameIdentifiers(), [Valid()], self.search)


@dataclass
class Stubborn(Watched):
    """A victim that nothing fools."""

    def _row(self, encoding: Encoding) -> FloatArray:
        return np.array([0.75, 0.25])


STUBBORN = [Example(uid=str(i), segments=(program(i),), label=0, language="python") for i in range(12)]


def test_a_run_that_is_abandoned_closes_its_searches_and_stops_its_thread() -> None:
    closed: list[str] = []
    rows = attack(Searching(search=Patient(lambda name: 1 if name == "f0" else 1000, closed)), STUBBORN, Stubborn())
    assert next(rows).uid == "0"
    assert len(victims_threads()) == 1
    rows.close()  # type: ignore[attr-defined]  # an iterator in the signature, a generator in fact
    assert victims_threads() == []
    assert sorted(closed) == sorted(f"f{i}" for i in range(12))


def test_a_search_that_breaks_when_it_is_closed_keeps_no_other_open(caplog: pytest.LogCaptureFixture) -> None:
    def complain() -> None:
        raise OSError("I was not done")

    closed: list[str] = []
    rows = attack(Searching(search=Patient(lambda name: 1000, closed, 3, complain)), STUBBORN, _short_of_memory())
    with pytest.raises(MemoryError, match="full"):
        list(rows)
    assert len(closed) == len(STUBBORN)
    assert "broke at its end" in caplog.text


def test_a_machine_without_memory_ends_the_run_and_closes_its_searches() -> None:
    closed: list[str] = []
    with pytest.raises(MemoryError, match="full"):
        list(attack(Searching(search=Patient(lambda name: 1000, closed)), STUBBORN, _short_of_memory()))
    assert len(closed) == len(STUBBORN)


def _short_of_memory() -> Stubborn:
    def fail() -> None:
        raise MemoryError("full")

    return Stubborn(at=5, before=fail)


@pytest.fixture
def _can_be_interrupted() -> Iterator[None]:
    """Also where the suite runs in the background of a shell, which has it ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_can_be_interrupted")
def test_an_interrupted_run_asks_nothing_more() -> None:
    """Someone who presses Ctrl-C must not wait for all that the examples in flight want to know."""
    is_closing = threading.Event()

    def interrupt() -> None:
        main = threading.main_thread().ident
        assert main is not None
        time.sleep(0.2)  # until it waits for the answer
        signal.pthread_kill(main, signal.SIGINT)
        assert is_closing.wait(20)

    victim = Stubborn(at=50, before=interrupt)
    search = Patient(lambda name: 1000, [], 3, is_closing.set)
    with pytest.raises(KeyboardInterrupt):
        list(attack(Searching(search=search), STUBBORN, victim, max_batch_tokens=1))
    assert len(victim.batches) == 51


def test_examples_with_the_same_uid_are_refused() -> None:
    with pytest.raises(ValueError, match="examples: every uid must occur once, but got '1' 2 times; make them differ"):
        list(attack(TWO_ATTACKS, [*FEW, FEW[1]], BagOfNames()))


def used_memory(rows: Iterator[AttackRecord], count: int) -> int:
    """Bytes in use after so many rows, none of which is kept."""
    for _ in range(count):
        next(rows)
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


@pytest.fixture
def _traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("_traced")
def test_memory_does_not_grow_with_the_number_of_examples() -> None:
    pairs = [Example(uid=str(i), segments=(program(0), f"# {i}"), label=0, language="python") for i in range(500)]
    rows = attack(Searching(search=Patient(lambda name: 2, _Forgetful())), pairs, _NoNotes(), in_flight=8)
    early = used_memory(rows, 100)
    assert used_memory(rows, 400) < early + 20_000


@pytest.mark.usefixtures("_traced")
def test_those_that_wait_for_a_slow_one_before_them_keep_little() -> None:
    """One example may take a thousand times as long as others, whose rows come after its own."""
    text = program(0) + f'"{"x" * 20_000}"\n'
    some = [Example(uid=str(i), segments=(text.replace("f0", f"f{i}"),), label=0, language="python") for i in range(40)]
    search = Patient(lambda name: 80 if name == "f0" else 1, _Forgetful(), width=20)
    rows = attack(Searching(search=search), some, _NoNotes(), in_flight=2)
    assert used_memory(rows, 1) < len(some) * 20 * len(text) / 2
    list(rows)


class _Forgetful(list[str]):
    """Keeps nothing."""

    def append(self, item: str) -> None:
        pass


class _NoNotes(Stubborn):
    """A victim that keeps no batch, and whose encodings are small."""

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        return [Encoding(hash(segments), 1) for segments in inputs]

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        return np.stack([self._row(encoding) for encoding in encodings])
