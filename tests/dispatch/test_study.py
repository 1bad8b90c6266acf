"""A search resumes where it was killed, keeps its constraint, and finds the same whoever dispatches it."""

from __future__ import annotations

import dataclasses
import errno
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.samplers import NSGAIIISampler, NSGAIISampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import BaseTrial, FrozenTrial, TrialState

from robust_ray.core.errors import StoreError
from robust_ray.core.records import Record
from robust_ray.dispatch import Settings, serial
from robust_ray.dispatch.asking import Known
from robust_ray.dispatch.frontier import Frontier
from robust_ray.dispatch.proposals import (
    ERROR,
    EXAMPLES,
    KNOWN,
    NOT_ATTACKED,
    PATIENCE,
    REPEATS,
    SETTINGS,
    Measurement,
    Point,
    Rung,
    Tally,
    tally,
)
from robust_ray.dispatch.samplers import POPULATION
from robust_ray.dispatch.samplers import sampler as drawn
from robust_ray.dispatch.study import MOST_LOST, OpenStudy
from robust_ray.search import BRANCH, Reading, suggest
from robust_ray.store import Store
from tests.dispatch.fakes import Look
from tests.dispatch.searching import RUNGS, SEARCH, WHOLE, study
from tests.dispatch.test_serial import kill_after


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls of this test work in a folder of their own."""
    monkeypatch.setenv("ROBUST_RAY_WORK", str(tmp_path / "work"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty one."""
    return Store.open(str(tmp_path / "store"))


def searched(store: Store, known: Iterable[Mapping[str, Any]] = (), **changes: Any) -> OpenStudy:
    """The study of a store, after a run."""
    found = study(store, known, **changes)
    assert serial.run([], store, Settings(), feed=found).ok
    return found


def states(found: OpenStudy) -> list[TrialState]:
    return [trial.state for trial in found.study.trials]


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> list[Point]:
    """What an undisturbed search finds."""
    return searched(Store.open(str(tmp_path_factory.mktemp("undisturbed")))).front()


def test_the_front_is_feasible_and_not_dominated(front: list[Point]) -> None:
    assert front
    for point in front:
        x, k = (float(part.partition("=")[2]) for part in point.settings.split())
        assert x <= 0.8
        assert point.intervals[0] == pytest.approx((x - 0.025, x + 0.025))
        assert point.intervals[1] is None
        assert point.values == pytest.approx((x, x**2 + k))
        assert point.constraints == {"x at most 0.8": pytest.approx(x - 0.8)}
        assert not any(o.values[0] >= point.values[0] and o.values[1] < point.values[1] for o in front)
    assert [point.values[0] for point in front] == sorted((point.values[0] for point in front), reverse=True)


def test_all_proposals_end_and_a_second_run_adds_none(store: Store) -> None:
    found = searched(store)
    assert len(states(found)) == 14
    assert set(states(found)) <= {TrialState.COMPLETE, TrialState.PRUNED}
    runs = len(store.runs())
    assert len(states(searched(store))) == 14
    assert len(store.runs()) == runs
    assert len(states(searched(store, trials=16))) == 16


def test_proposals_are_counted_from_beside_the_driver(store: Store) -> None:
    assert tally(store.journal("none")) == Tally(0, 0, 0, 0, 0, 0)
    known = [{"x": 0.4, "k": 0}]
    trials = searched(store, known, trials=20, rungs=RUNGS, sampler="random").study.trials
    found = tally(store.journal("fake"))
    stopped = [trial for trial in trials if trial.constraints.get(NOT_ATTACKED, 0) > 0]
    assert found.stopped == len(stopped) > 0
    assert found.given_up == sum("error" in trial.user_attrs for trial in trials) > 0
    assert (found.asked, found.known, found.open) == (20, 1, 0)
    assert found.measured == 21 - found.stopped - found.given_up
    assert found.has_ended(20)
    assert not found.has_ended(21)


def test_what_was_proposed_before_is_not_proposed_again(store: Store) -> None:
    known = [{"x": 0.1 + 0.05 * i, "k": 0} for i in range(POPULATION)]
    trials = searched(store, known, trials=8, sampler="nsgaii").study.trials
    settings = [trial.user_attrs[SETTINGS] for trial in trials if SETTINGS in trial.user_attrs]
    assert len(settings) == len(set(settings))
    repeats = [trial for trial in trials if REPEATS in trial.user_attrs]
    assert repeats, "children are often like a parent"
    assert {trial.state for trial in repeats} == {TrialState.PRUNED}
    assert len(trials) == len(known) + 8 + len(repeats), "they cost no proposal"


def test_a_search_ends_where_there_is_nothing_new(store: Store) -> None:
    """Two points, of which many are asked for."""

    def propose(trial: BaseTrial) -> Measurement:
        k = trial.suggest_int("k", 0, 1)
        return Measurement(f"k={k}", [Rung(1, [], lambda: Reading((k, k), {}, (None, None), is_hopeless=False))])

    search = dataclasses.replace(SEARCH, trials=4)
    for _ in range(2):  # also when taken up again
        found = OpenStudy(store.journal("two"), search, propose)
        found.advance(Frontier())
        proposed = [trial.user_attrs for trial in found.study.trials]
        assert sorted(attributes[SETTINGS] for attributes in proposed if SETTINGS in attributes) == ["k=0", "k=1"]
        assert sum(REPEATS in attributes for attributes in proposed) == PATIENCE * 4
    assert {point.settings for point in found.front()} == {"k=0", "k=1"}
    assert tally(store.journal("two")).has_ended(4)


def test_a_point_that_cannot_be_built_or_measured_fails_alone(store: Store) -> None:
    found = searched(store, trials=30, sampler="random")
    errors = {trial.user_attrs.get("error") for trial in found.study.trials if trial.state == TrialState.PRUNED}
    assert errors == {"k: at most 2 must hold, but got 3; lower it", "too small to be measured"}
    assert set(found.given_up()) == errors
    assert len(found.given_up()) == states(found).count(TrialState.PRUNED)


@pytest.mark.parametrize("ends", [0, 3, 20])
def test_a_killed_search_goes_on_as_if_nothing_had_happened(
    ends: int, store: Store, tmp_path: Path, front: list[Point]
) -> None:
    kill_after("study", ends, tmp_path / "store", moment=0.0)
    found = searched(store)
    assert TrialState.RUNNING not in states(found)
    assert len(states(found)) == 14
    assert found.front() == front


def test_a_half_written_journal_is_mended(store: Store) -> None:
    searched(store, trials=3)
    journal = store.journal("fake").path
    with journal.open("ab") as stream:
        stream.write(b'{"op_code": 4, "wor')
    assert len(states(searched(store, trials=4))) == 4


def test_the_lock_of_a_killed_optuna_holds_nobody_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would lie in the way of whoever comes next for half a minute, and of one on another machine forever."""
    searched(store, trials=2)
    journal = store.journal("fake").path
    journal.with_name("fake.journal.lock").symlink_to(journal)

    def sleep(seconds: float) -> None:
        assert not seconds, "it waits"

    monkeypatch.setattr("time.sleep", sleep)
    assert len(states(searched(store, trials=3))) == 3


def troubled(monkeypatch: pytest.MonkeyPatch, times: range) -> None:
    """Have the machines be out of order for some of the looks to come."""
    run, looks = Look.run, itertools.count()

    def look(self: Look, *args: Any) -> Sequence[Record]:
        if next(looks) in times:
            raise OSError(errno.EIO, "Input/output error")
        return run(self, *args)

    monkeypatch.setattr(Look, "run", look)


def told(found: OpenStudy) -> list[tuple[object, ...]]:
    """All that there is to know of its proposals but when they were made, and why not at once."""
    return [
        (trial.params, trial.values, trial.constraints, trial.user_attrs | {ERROR: ""}, trial.state)
        for trial in found.study.trials
    ]


def test_a_trouble_that_passes_leaves_no_trace(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    undisturbed = searched(Store.open(str(tmp_path / "undisturbed")))
    troubled(monkeypatch, range(9, 10))
    assert told(searched(store)) == told(undisturbed)


def test_what_was_lost_to_the_machines_is_measured_by_the_next_command(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = searched(Store.open(str(tmp_path / "undisturbed")), sampler="random")
    troubled(monkeypatch, range(9, 12))
    found = study(store, sampler="random")
    report = serial.run([], store, Settings(), feed=found)
    assert [failure.error for failure in report.failures] == ["OSError: [Errno 5] Input/output error"]
    assert states(found).count(TrialState.RUNNING) == 1
    assert len(states(found)) == 14
    assert sum("attack-fake-v1" in why for why in found.given_up()) == 1
    assert tally(store.journal("fake")).open == 1
    assert not tally(store.journal("fake")).has_ended(14)
    again = searched(store, sampler="random")
    assert told(again) == told(undisturbed)
    assert again.front() == undisturbed.front()
    assert again.ended_keys() == store.present()
    assert tally(store.journal("fake")).has_ended(14)


def test_a_search_without_machines_makes_no_further_proposals(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would be drawn without having learnt anything; but what never works does not hold up the others."""
    with monkeypatch.context() as patch:
        troubled(patch, range(10**9))
        for run in (1, 2):
            found = study(store)
            assert not serial.run([], store, Settings(), feed=found).ok
            assert states(found).count(TrialState.RUNNING) == MOST_LOST * run
    assert len(states(searched(store))) == 14


def test_rows_damaged_before_they_are_read_are_made_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = Store.put_rows
    spoilt: list[str] = []

    def put_badly_once(self: Store, ref, *args, **named) -> None:  # type: ignore[no-untyped-def]
        put(self, ref, *args, **named)
        if not spoilt:
            spoilt.append(ref.key)
            path = tmp_path / "store" / "tables" / ref.table / f"{ref.key}.parquet"
            path.chmod(0o600)
            path.write_bytes(b"spoilt")

    monkeypatch.setattr(Store, "put_rows", put_badly_once)
    found = searched(store, trials=6)
    assert TrialState.COMPLETE in states(found)
    assert [run.key for run in store.runs()].count(spoilt[0]) == 2


@pytest.mark.parametrize("sampler", ["tpe", "nsgaii", "nsgaiii", "random", pytest.param("gp", marks=pytest.mark.torch)])
def test_several_proposals_at_once(sampler: str, store: Store) -> None:
    found = searched(store, max_concurrent=3, sampler=sampler, trials=12)
    assert len(states(found)) == 12
    assert found.front()


@pytest.mark.parametrize("sampler", ["nsgaii", "nsgaiii"])
def test_genetic_samplers_drawn_afresh_know_their_generations(sampler: str, store: Store) -> None:
    found = searched(store, sampler=sampler, trials=3 * POPULATION)
    key = NSGAIISampler._get_generation_key() if sampler == "nsgaii" else NSGAIIISampler._get_generation_key()
    generations = [trial.system_attrs[key] for trial in found.study.trials]
    assert generations == sorted(generations)
    assert len(set(generations)) >= 3
    first, last = found.study.trials[:POPULATION], found.study.trials[-POPULATION:]
    inherited = {value for trial in last for value in trial.params.items()} & {
        value for trial in first for value in trial.params.items() if value[0] == "x"
    }
    assert inherited, "children have genes of their parents"


@pytest.mark.parametrize("sampler", ["tpe", "nsgaii", "nsgaiii", pytest.param("gp", marks=pytest.mark.torch)])
def test_samplers_keep_to_what_is_feasible(sampler: str) -> None:
    """The larger x the better is the first objective; above 0.3 it is not feasible where there is a constraint."""
    trials, early = (13, 11) if sampler == "gp" else (60, 24)

    def infeasible(*, is_bounded: bool) -> int:
        study = asked(sampler, trials, lambda x, k: {"x at most 0.3": x - 0.3} if is_bounded else {})
        return sum(trial.params["x"] > 0.3 for trial in study.trials[early:])

    assert infeasible(is_bounded=True) < infeasible(is_bounded=False)


@pytest.mark.parametrize("sampler", ["tpe", "nsgaii", "nsgaiii", pytest.param("gp", marks=pytest.mark.torch)])
def test_every_branch_is_tried_once_before_any_is_preferred(sampler: str, store: Store) -> None:
    space = {name: {"k": {"low": 0, "high": 9}} for name in "abcdefg"}
    search = dataclasses.replace(SEARCH, space=space, sampler=sampler, trials=9)  # type: ignore[arg-type]  # a name

    def propose(trial: BaseTrial) -> Measurement:
        chosen = suggest(trial, search)
        return Measurement(
            str(chosen), [Rung(1, [], lambda: Reading((chosen["k"], 1.0), {}, (None, None), is_hopeless=False))]
        )

    known = [{BRANCH: "c", "c.k": 3}]
    found = OpenStudy(store.journal("branches"), search, propose, map(Known, known))
    found.advance(Frontier())
    tried = [trial.params[BRANCH] for trial in found.study.trials if REPEATS not in trial.user_attrs]
    assert tried[0] == "c"
    assert sorted(tried[:7]) == list("abcdefg")
    assert len(tried) == 1 + 9


def test_tpe_turns_from_what_cannot_be_measured() -> None:
    study = asked("tpe", 40, lambda x, k: None if k == 3 else {})
    assert sum(trial.params["k"] == 3 for trial in study.trials[20:]) <= 5, "of 20, where chance alone gives 5"


def asked(sampler: str, trials: int, constraints: Callable[[float, int], dict[str, float] | None]) -> optuna.Study:
    """A study in memory: None for constraints is a point that cannot be measured."""
    study = optuna.create_study(directions=["maximize", "minimize"])
    search = dataclasses.replace(SEARCH, sampler=sampler)  # type: ignore[arg-type]  # a name, as in a file
    for number in range(trials):
        study.sampler = drawn(search, number)
        trial = study.ask()
        x, k = trial.suggest_float("x", 0.0, 1.0, step=0.001), trial.suggest_int("k", 0, 3)
        found = constraints(x, k)
        if found is None:
            study.tell(trial, state=TrialState.PRUNED)
            continue
        for name, value in found.items():
            trial.set_constraint(name, value)
        study.tell(trial, [x, x**2 + k])
    return study


def test_one_objective_is_a_front_of_one(store: Store) -> None:
    found = searched(store, objectives=SEARCH.objectives[:1], trials=8)
    assert len({point.values for point in found.front()}) == 1


def test_a_second_driver_is_refused_while_the_first_searches(store: Store) -> None:
    first = study(store)
    with pytest.raises(StoreError, match="one driver at a time may search, but another one is at it"):
        study(store)
    assert serial.run([], store, Settings(), feed=first).ok
    assert len(states(searched(store, trials=16))) == 16, "a search that has ended holds nobody up"


def stopped(found: OpenStudy) -> list[FrozenTrial]:
    """Proposals that were not measured whole."""
    ended = found.study.get_trials(states=(TrialState.COMPLETE,))
    return [trial for trial in ended if trial.user_attrs[EXAMPLES] < WHOLE]


def test_what_is_beaten_beyond_chance_is_stopped_and_never_on_the_front(store: Store) -> None:
    found = searched(store, rungs=RUNGS, sampler="random", trials=30)
    early = stopped(found)
    assert early
    front = found.front()
    for trial in early:
        assert trial.constraints[NOT_ATTACKED] == 1 - trial.user_attrs[EXAMPLES] / WHOLE
        assert tuple(trial.values) not in {point.values for point in front}
    whole = [trial for trial in found.study.trials if trial.state == TrialState.COMPLETE and trial not in early]
    assert {trial.constraints[NOT_ATTACKED] for trial in whole} == {0.0}
    looks = [run for run in store.runs() if run.stage == "attack"]
    assert len({run.key for run in looks}) == len(looks), "nothing is measured twice"
    keys = found.ended_keys()
    assert keys == store.present(), "what was never asked for is no part of the plan"


def test_what_breaks_a_bound_for_good_is_stopped_at_the_first_rung(store: Store) -> None:
    found = searched(store, rungs=RUNGS, sampler="random", trials=30)
    broken = [trial for trial in found.study.trials if trial.constraints.get("x at most 0.8", 0) > 0]
    assert broken
    assert {trial.user_attrs[EXAMPLES] for trial in broken} == {RUNGS[0]}


@pytest.mark.parametrize("ends", [1, 4, 13])
def test_a_search_killed_between_rungs_goes_on_as_if_nothing_had_happened(
    ends: int, store: Store, tmp_path: Path
) -> None:
    undisturbed = searched(Store.open(str(tmp_path / "undisturbed")), rungs=RUNGS)
    assert stopped(undisturbed)
    kill_after("rungs", ends, tmp_path / "store", moment=0.0)
    found = searched(store, rungs=RUNGS)
    assert TrialState.RUNNING not in states(found)
    assert [
        (trial.params, trial.values, trial.constraints, trial.user_attrs, trial.state) for trial in found.study.trials
    ] == [
        (trial.params, trial.values, trial.constraints, trial.user_attrs, trial.state)
        for trial in undisturbed.study.trials
    ]
    assert found.front() == undisturbed.front()
    assert found.ended_keys() == undisturbed.ended_keys() == store.present()


def test_known_points_come_first_are_whole_and_cost_no_proposal(store: Store) -> None:
    known = [{"x": 0.5, "k": 2}, {"x": 0.7, "k": 0}]
    found = searched(store, known, rungs=RUNGS, trials=6)
    assert [trial.params for trial in found.study.trials[:2]] == known
    assert all(trial.user_attrs[KNOWN] and trial.user_attrs[EXAMPLES] == WHOLE for trial in found.study.trials[:2])
    assert len(states(found)) == 8
    again = searched(store, [*known, {"x": 0.25, "k": 0}], rungs=RUNGS, trials=6)
    assert [trial.params for trial in again.study.trials[8:]] == [{"x": 0.25, "k": 0}]


def test_a_point_known_but_for_rounding_is_not_told_again(store: Store) -> None:
    """Optuna's steps of 0.001 miss the numbers that the store knows them by."""
    found = searched(store, trials=20, sampler="random")
    missed = [trial.params for trial in found.study.trials if trial.params["x"] != round(trial.params["x"], 12)]
    assert missed
    known = [params | {"x": round(params["x"], 12)} for params in missed]
    assert len(states(searched(store, known, trials=20, sampler="random"))) == 20


def test_a_setting_proposed_twice_is_on_the_front_once(store: Store) -> None:
    best = {"x": 0.8, "k": 0}
    found = searched(store, [best], trials=2)
    again = found.study
    again.enqueue_trial(best)
    found = searched(store, trials=3)
    assert [trial.params for trial in found.study.trials].count(best) == 2
    assert [point.settings for point in found.front()].count("x=0.8 k=0") == 1


def test_known_points_are_parents_to_genetic_samplers(store: Store) -> None:
    known = [{"x": 0.1 + 0.05 * i, "k": 0} for i in range(POPULATION)]
    found = searched(store, known, trials=6, sampler="nsgaii")
    key = NSGAIISampler._get_generation_key()
    generations = [trial.system_attrs[key] for trial in found.study.trials if REPEATS not in trial.user_attrs]
    assert generations == [0] * POPULATION + [1] * 6


def test_others_may_read_the_journal_meanwhile(store: Store) -> None:
    """As optuna-dashboard does."""
    found = searched(store, rungs=RUNGS)
    journal = store.journal("fake").path
    content = journal.read_bytes()
    journal.chmod(0o400)
    storage = JournalStorage(JournalFileBackend(str(journal)))
    (summary,) = optuna.get_all_study_summaries(storage)
    seen = optuna.load_study(study_name=summary.study_name, storage=storage)
    assert [trial.values for trial in seen.trials] == [trial.values for trial in found.study.trials]
    assert [trial.number for trial in seen.best_trials] == [trial.number for trial in found.study.best_trials]
    assert journal.read_bytes() == content


def test_a_search_in_a_bucket_is_taken_up_like_one_on_a_disk(bucket: str, front: list[Point]) -> None:
    """By a driver on another machine, which has no copy of the journal."""
    store = Store.open(bucket)
    searched(store, trials=5)
    store.journal("fake").path.unlink()
    assert tally(store.journal("fake")).asked == 5
    assert searched(store).front() == front
