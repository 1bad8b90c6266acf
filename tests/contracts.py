"""What every component of a kind must keep to; a room's tests subclass these and give their components."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from threading import Timer
from typing import Any, NamedTuple

import numpy as np
import pytest

from robust_ray.attacks import ATTACKS, SUBSTITUTES, AttackRecipe, Substitutes, engine
from robust_ray.compression import COMPRESSIONS, Compression, Lesson
from robust_ray.core.arrays import FloatArray
from robust_ray.core.call import StageCall
from robust_ray.core.errors import StoreError
from robust_ray.core.examples import Example, Input
from robust_ray.core.machine import Machine
from robust_ray.core.records import AttackRecord, SubstituteRecord, Verdict
from robust_ray.core.victim import Answers
from robust_ray.dispatch import Counts, Outcome, Report, Settings, Shape, execute
from robust_ray.source import validity
from robust_ray.source.edits import Edit, Splice
from robust_ray.source.identifiers import analyse
from robust_ray.source.languages import is_identifier, is_reserved
from robust_ray.store import Leases, Store
from robust_ray.store.leases import PATIENCE
from tests import fakes
from tests.dispatch import fakes as stages

Attacking = Callable[..., list[AttackRecord]]
"""Examples, and perhaps another recipe and engine settings → rows."""

BEAT = 0.05
"""Seconds between two signs of life of drivers under test."""

Names = Mapping[Substitutes, list[SubstituteRecord]]
"""Source of names → what it offers."""


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under a folder, by its path in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def answers(checkpoint: Path, inputs: list[Input]) -> FloatArray:
    """``(n, n_labels)`` probabilities of the victim a checkpoint holds."""
    from robust_ray.models.students import load_victim

    return Answers(load_victim(checkpoint, Machine())).ask(inputs).probabilities


def edits_of(row: AttackRecord) -> list[Edit]:
    """The edits a row says were made."""
    return [Edit(rule, tuple(Splice(*splice) for splice in splices)) for rule, splices in json.loads(row.edits)]


class Made(NamedTuple):
    """A student, and what its making may have touched."""

    student: Path

    elsewhere: Path
    """The current folder meanwhile."""

    given: dict[str, bytes]
    """The files of teacher and lesson beforehand."""


class CompressionContract:
    """A compression leaves a complete student, the same for the same seed, and touches nothing else."""

    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        """The component under test."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    def student(
        self, compression: Compression, teacher: Path, lesson: Lesson, tmp_path_factory: pytest.TempPathFactory
    ) -> Path:
        """What it makes of the teacher."""
        workdir = tmp_path_factory.mktemp("student")
        compression.compress(teacher, lesson, workdir, Machine())
        return workdir

    @pytest.fixture(scope="class")
    def again(
        self, compression: Compression, teacher: Path, lesson: Lesson, tmp_path_factory: pytest.TempPathFactory
    ) -> Made:
        """The same once more, from an empty folder."""
        made = Made(tmp_path_factory.mktemp("again"), tmp_path_factory.mktemp("cwd"), contents(teacher.parent))
        with contextlib.chdir(made.elsewhere):
            compression.compress(teacher, lesson, made.student, Machine())
        return made

    def test_is_registered_under_its_type(self, compression: Compression) -> None:
        assert COMPRESSIONS[compression.type] is type(compression)

    def test_student_answers_the_same_to_the_bit_in_another_process(
        self, student: Path, lesson: Lesson, other_process: ProcessPoolExecutor
    ) -> None:
        inputs = [example.segments for example in lesson.valid]
        elsewhere = other_process.submit(answers, student, inputs).result()
        np.testing.assert_array_equal(elsewhere, answers(student, inputs))

    def test_same_seed_same_student(self, student: Path, again: Made) -> None:
        assert contents(again.student) == contents(student)

    def test_writes_in_its_workdir_only_and_leaves_no_litter(self, teacher: Path, again: Made) -> None:
        assert contents(teacher.parent) == again.given
        assert not list(again.elsewhere.iterdir())
        assert all(path.is_file() for path in again.student.iterdir())

    def test_keeps_the_number_of_labels(self, student: Path, lesson: Lesson) -> None:
        assert answers(student, [lesson.valid[0].segments]).shape == (1, lesson.question.n_labels)


class AttackContract:
    """An attack's rows depend on nothing but its key, and none of them claims what is not so."""

    @pytest.fixture
    def recipe(self) -> AttackRecipe:
        """The component under test."""
        raise NotImplementedError

    @pytest.fixture
    def victim(self) -> fakes.BagOfNames:
        """What it attacks."""
        return fakes.BagOfNames()

    @pytest.fixture
    def examples(self, victim: fakes.BagOfNames) -> list[Example]:
        """What the victim gets right."""
        return fakes.examples(victim)

    @pytest.fixture
    def unchangeable(self) -> str:
        """A Python program without names, in which the attack can change nothing."""
        return fakes.NOTHING_TO_RENAME

    @pytest.fixture
    def names(self, recipe: AttackRecipe, examples: list[Example]) -> Names:
        """Replacement names from each of the recipe's sources."""
        return {source: source.collect(examples, examples, Machine()) for source in recipe.sources}

    @pytest.fixture
    def attack(self, recipe: AttackRecipe, victim: fakes.BagOfNames, names: Names) -> Attacking:
        """Runs the attack on examples."""

        def run(examples: list[Example], recipe: AttackRecipe = recipe, **settings: Any) -> list[AttackRecord]:
            return list(engine.run(recipe, examples, victim, names, columns=fakes.CELL, seed=0, **settings))

        return run

    def test_is_registered_under_its_type(self, recipe: AttackRecipe) -> None:
        assert ATTACKS[recipe.type] is type(recipe)

    @pytest.mark.parametrize("in_flight", [1, 2, 64])
    def test_same_rows_in_any_order_and_shard(self, attack: Attacking, examples: list[Example], in_flight: int) -> None:
        examples = [*examples, dataclasses.replace(examples[0], uid="twin")]
        wanted = {row.uid: row for row in attack(examples)}
        shuffled = random.Random(in_flight).sample(examples, len(examples))
        settings = {"in_flight": in_flight, "max_batch_tokens": 100 * in_flight}
        found = attack(shuffled[:3], **settings) + attack(shuffled[3:], **settings)
        assert {row.uid: row for row in found} == wanted

    @pytest.mark.parametrize("budget", [1, 7, 40])
    def test_never_exceeds_its_query_budget(
        self, attack: Attacking, recipe: AttackRecipe, examples: list[Example], budget: int
    ) -> None:
        rows = attack(examples, dataclasses.replace(recipe, query_budget=budget))
        assert all(row.queries <= budget == row.query_budget for row in rows)
        assert all(row.queries == budget for row in rows if row.budget_exhausted)
        assert not any(row.budget_exhausted for row in rows if row.verdict == Verdict.SUCCEEDED)

    @pytest.mark.parametrize("budget", [5, 40])
    def test_a_budget_cuts_the_same_attack_short(
        self, attack: Attacking, recipe: AttackRecipe, examples: list[Example], budget: int
    ) -> None:
        cut = attack(examples, dataclasses.replace(recipe, query_budget=budget))
        for row, free in zip(cut, attack(examples), strict=True):
            within = sum(query <= budget for query in free.curve_queries)
            assert row.curve_queries == free.curve_queries[:within]
            assert row.curve_confidence == free.curve_confidence[:within]
            if free.queries <= budget:
                assert (row.verdict, row.queries) == (free.verdict, free.queries)

    def test_success_implies_valid_code_and_changed_prediction(
        self, attack: Attacking, victim: fakes.BagOfNames, examples: list[Example]
    ) -> None:
        won = [row for row in attack(examples) if row.verdict == Verdict.SUCCEEDED]
        assert won, "this victim can be fooled"
        for row in won:
            assert row.adversarial is not None
            source = analyse(row.original, row.language)
            assert validity.check(source, row.adversarial, json.loads(row.renames), edits_of(row)).is_valid
            assert row.is_valid
            probabilities = victim.predict(victim.encode([(row.adversarial, *row.context)]))[0]
            assert row.adversarial_prediction == probabilities.argmax() != row.label
            assert row.adversarial_confidence == probabilities[row.label]

    def test_counts_what_it_asks(self, attack: Attacking, victim: fakes.BagOfNames, examples: list[Example]) -> None:
        asked_before = len(victim.batches)
        rows = attack(examples)
        assert sum(row.forwards for row in rows) == sum(map(len, victim.batches[asked_before:]))
        for row in rows:
            assert 1 <= row.forwards <= row.queries + 1
            assert list(row.curve_queries) == sorted(set(row.curve_queries))
            assert row.confidence is not None
            lows = [row.confidence, *row.curve_confidence]
            assert lows == sorted(set(lows), reverse=True)

    def test_skips_what_the_victim_already_gets_wrong(self, attack: Attacking, victim: fakes.BagOfNames) -> None:
        (row,) = attack([fakes.example("wrong", fakes.PYTHON[0], language="python", victim=victim, right=False)])
        assert (row.verdict, row.queries, row.forwards) == (Verdict.SKIPPED_MISPREDICTED, 0, 1)
        assert row.identifiers

    def test_example_without_identifiers_is_skipped_not_failed(
        self, attack: Attacking, victim: fakes.BagOfNames, unchangeable: str
    ) -> None:
        (row,) = attack([fakes.example("bare", unchangeable, language="python", victim=victim)])
        assert (row.verdict, row.queries, row.identifiers) == (Verdict.SKIPPED_NO_TARGET, 0, 0)

    def test_a_bad_example_breaks_no_row_but_its_own(
        self, attack: Attacking, victim: fakes.BagOfNames, examples: list[Example]
    ) -> None:
        wanted = attack(examples)
        victim.poison = "poison"
        *found, bad = attack([*examples, fakes.example("bad", "poison = 1\n", language="python")])
        assert found == wanted
        assert (bad.verdict, bad.error) == (Verdict.ERROR, "poison cannot be read")


class LettingGo:
    """A driver's lease on a call, held until others have ended; hears of them as a dispatcher's progress."""

    def __init__(self, leases: Leases, key: str, others: set[str]) -> None:
        self.leases = leases
        self.key = key
        self.others = others
        self.most_elsewhere = 0

    def on_start(self, call: StageCall) -> None:
        assert call.key != self.key or not self.others

    def on_end(self, call: StageCall, outcome: Outcome) -> None:
        self.others.discard(call.key)
        if not self.others:
            self.leases.release(self.key)

    def on_change(self, counts: Mapping[str, Counts]) -> None:
        self.most_elsewhere = max(self.most_elsewhere, sum(count.elsewhere for count in counts.values()))


class Refusing:
    """A progress that cannot go on once a call has ended, as a driver whose store is away."""

    def on_start(self, call: StageCall) -> None:
        pass

    def on_end(self, call: StageCall, outcome: Outcome) -> None:
        raise StoreError("the store: it must be there, but is away; wait")

    def on_change(self, counts: Mapping[str, Counts]) -> None:
        pass


class DispatcherContract:
    """A dispatcher makes every call once, in any order the DAG allows, and the same rows as any other."""

    @pytest.fixture
    def dispatch(self) -> Callable[..., Report]:
        """``run`` of the dispatcher under test."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
        """An empty one."""
        monkeypatch.setenv("ROBUST_RAY_WORK", str(tmp_path / "work"))
        return Store.open(str(tmp_path / "store"))

    def test_makes_everything_once(self, dispatch: Callable[..., Report], store: Store) -> None:
        calls = stages.small_plan(students=2, looks=2)
        settings = Settings(shapes={"attack": Shape(0.5)})
        report = dispatch(calls, store, settings)
        assert report.ok
        assert {stage: count.done for stage, count in report.counts.items()} == {
            "finetune": 3,
            "attack": 4,
            "fidelity": 2,
        }
        looks = [[row.substitute for row in store.rows(each.ref)] for each in calls[3:7]]  # type: ignore[attr-defined]
        assert looks == [[seen] * 3 for seen in ("11+0", "11+1", "21+0", "21+1")]
        assert sorted(run.key for run in store.runs()) == sorted(each.key for each in calls)
        again = dispatch(calls, store, settings)
        assert again.ok
        assert sum(count.cached for count in again.counts.values()) == len(calls)
        assert len(store.runs()) == len(calls)

    def test_what_fails_is_retried_then_given_up_and_the_rest_goes_on(
        self, dispatch: Callable[..., Report], store: Store, tmp_path: Path
    ) -> None:
        teacher, student, *others = stages.small_plan(students=1)
        marks = str(tmp_path)
        broken = stages.call(stages.Break(value=7, marks=marks), student=student)
        user = stages.call(stages.Break(value=8, marks=marks, how="user"), student=student)
        flaky = stages.call(stages.Break(value=9, marks=marks, times=1), student=student)
        hopeless = stages.call(stages.Compare(), looks=[broken, flaky])
        report = dispatch([teacher, student, broken, user, flaky, hopeless, *others], store, Settings(retries=1))
        assert not report.ok
        assert dict(report.failures) == {
            broken.key: "RuntimeError: boom",
            user.key: "data: nothing must be wrong, but all is; mend it",
        }
        assert report.skipped == [hopeless.key]
        assert [stages.attempts(tmp_path, each) for each in (broken, user, flaky)] == [2, 1, 2]
        assert {each.key for each in (teacher, student, flaky, *others)} == store.present()
        failed = [run for run in store.runs() if run.outcome == "failed"]
        assert sorted(run.key for run in failed) == sorted([broken.key, broken.key, user.key, flaky.key])
        assert all("in run" in (run.traceback or "") for run in failed)

    def test_a_sentence_for_the_user_ends_the_run_as_it_is(self, dispatch: Callable[..., Report], store: Store) -> None:
        with pytest.raises(StoreError, match=r"^the store: it must be there, but is away; wait$"):
            dispatch(stages.small_plan(), store, Settings(), progress=Refusing())
        assert len(store.runs()) >= 1

    def test_what_another_driver_is_at_comes_last(self, dispatch: Callable[..., Report], store: Store) -> None:
        calls = stages.small_plan()
        look = calls[3]
        after = {each.key for each in calls if look.key in each.needs}
        with store.leases(BEAT) as other:
            assert other.claim(look.key)
            letting_go = LettingGo(other, look.key, {each.key for each in calls} - after - {look.key})
            assert dispatch(calls, store, Settings(beat=BEAT), progress=letting_go).ok
        order = [run.key for run in sorted(store.runs(), key=lambda run: run.started)]
        assert sorted(order) == sorted(each.key for each in calls)
        assert set(order[order.index(look.key) + 1 :]) == after
        assert letting_go.most_elsewhere == 1

    def test_what_a_dead_driver_was_at_is_taken_over(
        self, dispatch: Callable[..., Report], store: Store, tmp_path: Path
    ) -> None:
        calls = stages.small_plan(students=1, looks=1)
        with store.leases(BEAT) as other:
            assert other.claim(calls[1].key)
            left = tmp_path / "store" / "drivers" / f"{other.name}.json"
            content = left.read_bytes()
        left.write_bytes(content)  # and no lock: it was on another machine
        report = dispatch(calls, store, Settings(beat=BEAT))
        assert report.ok
        assert report.seconds > (PATIENCE - 3) * BEAT
        assert list(left.parent.iterdir()) == []

    def test_what_another_driver_makes_is_not_made_again(
        self, dispatch: Callable[..., Report], store: Store, tmp_path: Path
    ) -> None:
        teacher, student, look, *_ = stages.small_plan(students=1)
        with store.leases(BEAT) as other:
            assert other.claim(teacher.key)
            timer = Timer(10 * BEAT, execute, (teacher, store, Machine()))
            timer.start()
            report = dispatch([teacher, student, look], store, Settings(beat=BEAT))
            timer.join()
        assert {stage: (count.cached, count.done) for stage, count in report.counts.items()} == {
            "finetune": (1, 1),
            "attack": (0, 1),
        }
        assert sorted(run.key for run in store.runs()) == sorted(each.key for each in (teacher, student, look))

    def test_a_damaged_input_is_put_aside_and_made_again(
        self, dispatch: Callable[..., Report], store: Store, tmp_path: Path
    ) -> None:
        teacher, student, look, _, comparison = stages.small_plan(students=1)
        assert dispatch([teacher, student], store, Settings()).ok
        (weights,) = (tmp_path / "store" / "checkpoints" / student.key).glob("attempt-*/step-0")
        weights.chmod(0o600)
        weights.write_text("damaged")
        other = stages.call(stages.Compare(), student=student, looks=[look])
        report = dispatch([teacher, student, look, other], store, Settings(retries=0))
        assert report.ok
        assert [row.substitute for row in store.rows(look.ref)] == ["11+0"] * 3  # type: ignore[attr-defined]
        assert comparison.key != other.key
        assert [run.outcome for run in store.runs() if run.key == student.key] == ["done", "done"]
        assert list((tmp_path / "store" / "quarantine").rglob(f"{student.key}*"))


class SubstitutesContract:
    """A source of names gives the same ones whatever the order, and none that could never be given."""

    HOSTILE = ("", "\0", "def f(:\n ((((", "a\0 = b\n", "caf\udce9 = '\ud800'\n", "int;" * 50_000, "a;\n" * 100_000)
    """Nothing, nothing readable, syntax errors, half characters, too much without a name, and too many lines."""

    @pytest.fixture
    def substitutes(self) -> Substitutes:
        """The component under test."""
        raise NotImplementedError

    @pytest.fixture
    def corpus(self) -> list[Example]:
        """Training examples."""
        return self.examples("train", 0)

    @pytest.fixture
    def attacked(self) -> list[Example]:
        """What names are wanted for."""
        return self.examples("test", 1)

    @staticmethod
    def examples(split: str, label: int) -> list[Example]:
        """Programs in all languages."""
        texts = {"python": fakes.PYTHON, "java": fakes.JAVA, "c": fakes.C}
        return [
            Example(uid=f"{split}-{language}-{i}", segments=(text,), label=label, language=language)
            for language, programs in texts.items()
            for i, text in enumerate(programs)
        ]

    @staticmethod
    def by_place(rows: list[SubstituteRecord]) -> dict[tuple[str | None, str | None], list[SubstituteRecord]]:
        """Example and name → what is offered, by rank."""
        places = defaultdict(list)
        for row in sorted(rows, key=lambda row: row.rank):
            places[row.uid, row.identifier].append(row)
        return dict(places)

    def test_is_registered_under_its_type(self, substitutes: Substitutes) -> None:
        assert SUBSTITUTES[substitutes.type] is type(substitutes)

    def test_same_names_in_any_order(
        self, substitutes: Substitutes, corpus: list[Example], attacked: list[Example]
    ) -> None:
        rows = substitutes.collect(corpus, attacked, Machine())
        assert rows
        dice = random.Random(0)
        again = substitutes.collect(dice.sample(corpus, len(corpus)), dice.sample(attacked, len(attacked)), Machine())
        assert self.by_place(again) == self.by_place(rows)

    def test_same_rows_in_another_process(
        self,
        substitutes: Substitutes,
        corpus: list[Example],
        attacked: list[Example],
        other_process: ProcessPoolExecutor,
    ) -> None:
        rows = substitutes.collect(corpus, attacked, Machine())
        assert other_process.submit(substitutes.collect, corpus, attacked, Machine()).result() == rows

    def test_every_name_may_be_given(
        self, substitutes: Substitutes, corpus: list[Example], attacked: list[Example]
    ) -> None:
        rows = substitutes.collect(corpus, attacked, Machine())
        languages = {example.uid: example.language for example in attacked}
        for row in rows:
            assert (row.key, row.source) == ("", substitutes.type)
            assert row.substitute != row.identifier
            homes = {languages[row.uid]} if row.uid else set(languages.values())
            assert any(is_identifier(row.substitute, home) and not is_reserved(row.substitute, home) for home in homes)

    def test_ranks_count_up_while_scores_go_down_and_no_name_comes_twice(
        self, substitutes: Substitutes, corpus: list[Example], attacked: list[Example]
    ) -> None:
        for rows in self.by_place(substitutes.collect(corpus, attacked, Machine())).values():
            assert [row.rank for row in rows] == list(range(len(rows)))
            assert [row.score for row in rows] == sorted((row.score for row in rows), reverse=True)
            assert len({row.substitute for row in rows}) == len(rows)

    def test_no_example_breaks_it(
        self, substitutes: Substitutes, corpus: list[Example], attacked: list[Example]
    ) -> None:
        bad = [
            Example(uid=f"bad-{language}-{i}", segments=(text,), label=i % 2, language=language)
            for language, texts in (("c", self.HOSTILE), ("python", self.HOSTILE[:5]), ("java", self.HOSTILE[:5]))
            for i, text in enumerate(texts)
        ]
        rows = substitutes.collect([*bad, *corpus], [*attacked, *bad], Machine())
        wanted = substitutes.collect(corpus, attacked, Machine())
        assert {row.uid for row in wanted} <= {row.uid for row in rows}
        for row in rows:
            f"{row.uid}{row.identifier}{row.substitute}".encode()  # Parquet takes no half characters

    def test_nothing_to_learn_from_or_to_attack_is_no_error(
        self, substitutes: Substitutes, corpus: list[Example], attacked: list[Example]
    ) -> None:
        substitutes.collect([], attacked, Machine())
        assert all(row.uid is None for row in substitutes.collect(corpus, [], Machine()))
