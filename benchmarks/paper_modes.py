"""What published attack success rates are worth: each attack as it should be, and as its released code does it.

Run: ``python benchmarks/paper_modes.py --data FOLDER`` with Devign in the layout of CodeXGLUE's defect detection
(``{train,valid,test}.jsonl``) and, beside it, ALERT's published ``test_substitutes.jsonl``; one thread, minutes.

A small RoBERTa is fine-tuned on the training split and attacked on test functions, by each attack in both modes, with
one budget of queries. In paper mode an attack ends at the first program that fools the victim, whatever that program
is; its final text is judged then, so that the raw success rate, which papers report, and the valid one come from the
same run. By default a program that the check refuses is never sent, so both rates agree. AMQ is the mean number of
queries of the raw successes.

The check is conservative: it refuses a program also for a name of which it cannot tell whether it may be changed, and
for a new name that stands anywhere in the text, be it a member's. Such programs have lines of their own among the
reasons.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.functions import CELL
from robust_ray import metrics
from robust_ray.attacks import ALERT, MHM, MHMNS, AttackRecipe, WIRRandom, run
from robust_ray.attacks.substitutes.substitutes_file import SubstitutesFile
from robust_ray.core.examples import Example, stable_order
from robust_ray.core.machine import Machine
from robust_ray.core.records import AttackRecord, Verdict
from robust_ray.core.victim import Answers, Victim
from robust_ray.models import ScratchRoberta, Training
from robust_ray.source.identifiers import analyse
from robust_ray.source.validity import check
from robust_ray.tasks import DefectDetection, Task

MODEL = ScratchRoberta(layers=1, hidden=64, heads=2, intermediate=128, max_length=128)
TRAINING = Training(epochs=6, patience=6, batch_size=32, learning_rate=2e-3, max_length=128)
MACHINE = Machine()


def fine_tuned(task: Task) -> Victim:
    """The victim."""
    from robust_ray.models import students, training

    train, valid = task.load("train"), task.load("valid")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        network = MODEL.load(train, task.question, 0, folder)
        students.save(training.fine_tune(network, train, valid, TRAINING, 0, MACHINE, folder), folder)
        return students.load_victim(folder, MACHINE)


def accuracy(victim: Victim, examples: Sequence[Example]) -> float:
    """On clean examples."""
    answers = Answers(victim, MACHINE.max_batch_tokens).ask([example.segments for example in examples])
    return metrics.accuracy([example.label for example in examples], answers.probabilities.argmax(axis=1))


def recipes(data: Path, budget: int) -> list[tuple[str, AttackRecipe]]:
    """Each attack in both modes; what takes names for one identifier takes the published ones."""
    published = SubstitutesFile(path=str(data / "test_substitutes.jsonl"))
    return [
        (mode, recipe)
        for mode, is_paper in (("default", False), ("paper", True))
        for recipe in (
            ALERT(query_budget=budget, paper_mode=is_paper, substitutes=published),
            MHMNS(query_budget=budget, paper_mode=is_paper, substitutes=published),
            MHM(query_budget=budget, paper_mode=is_paper),
            WIRRandom(query_budget=budget, paper_mode=is_paper),
        )
    ]


def line(rows: Sequence[AttackRecord]) -> str:
    """Of the table: attempts, rates and queries."""
    verdicts, rejected = [row.verdict for row in rows], [row.rejected for row in rows]
    fooled = [Verdict.SUCCEEDED if row.adversarial is not None else Verdict.FAILED for row in rows]
    rates = (
        metrics.raw_attack_success_rate(verdicts, rejected),
        metrics.attack_success_rate(verdicts),
        metrics.valid_share(verdicts, rejected),
    )
    shares = "".join("         –" if rate is None else f"{rate:10.1%}" for rate in rates)
    queries = metrics.average_queries(fooled, [row.queries for row in rows])
    attempts = sum(not verdict.startswith("SKIPPED") for verdict in verdicts)
    return f"{attempts:9}{shares}{'–' if queries is None else format(queries, '.1f'):>8}"


def reason(row: AttackRecord) -> str:
    """Why the program that fooled the victim is not valid, without the names and numbers in it."""
    assert row.adversarial is not None
    found = check(analyse(row.original, row.language), row.adversarial, json.loads(row.renames)).reason
    assert found is not None
    if " stands at byte " in found:
        is_literal = re.search(r"where ('\"|\"')", found) is not None
        return "a string is not what it was" if is_literal else "a word that is not the variable was renamed"
    return re.sub(r"b?'[^']*'|b?\"[^\"]*\"|\d+", "…", found)


def main() -> None:
    """Read the arguments, make the victim, attack it in every way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with Devign and the published substitutes")
    parser.add_argument("--examples", type=int, default=200, help="functions to attack (default: 200)")
    parser.add_argument("--budget", type=int, default=500, help="most queries for one of them (default: 500)")
    arguments = parser.parse_args()
    task = DefectDetection(data=str(arguments.data))
    train, test = task.load("train"), stable_order(task.load("test"))
    start = time.perf_counter()
    victim = fine_tuned(task)
    seconds = time.perf_counter() - start
    print(f"victim: fine-tuned in {seconds:.0f} s, right on {accuracy(victim, test):.1%} of {len(test)} test functions")
    attacked = test[: arguments.examples]
    print(f"attacked: {len(attacked)} functions, {arguments.budget} queries for one at most\n")
    print("attack     mode    attempts   ASR raw ASR valid     valid     AMQ  seconds")
    reasons: Counter[tuple[str, str]] = Counter()
    for mode, recipe in recipes(arguments.data, arguments.budget):
        start = time.perf_counter()
        names = {source: source.collect(train, attacked, MACHINE) for source in recipe.sources}
        rows = list(run(recipe, attacked, victim, names, columns=CELL, seed=0))
        print(f"{recipe.type:11}{mode:7}{line(rows)}{time.perf_counter() - start:9.0f}", flush=True)
        reasons.update((recipe.type, reason(row)) for row in rows if row.verdict == Verdict.INVALID)
    print("\nwhy the programs of paper mode are not valid")
    for (name, why), count in sorted(reasons.items(), key=lambda entry: (entry[0][0], -entry[1])):
        print(f"{name:11}{count:5}  {why}")


if __name__ == "__main__":
    main()
