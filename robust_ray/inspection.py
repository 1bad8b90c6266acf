"""A look at tasks and models before anything is trained: what the data holds, and how much of it a model will read."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from rich.console import Console

from robust_ray import sweep_file
from robust_ray.console import number_table, warning_lines
from robust_ray.core.build import build
from robust_ray.core.component import load_plugins
from robust_ray.core.errors import SweepError, did_you_mean
from robust_ray.core.examples import Example, stable_order
from robust_ray.core.records import DatasetRecord
from robust_ray.models import MODELS, CodeModel, Training
from robust_ray.stages.survey import rows
from robust_ray.tasks import TASKS, Task
from robust_ray.tasks.survey import percentile

if TYPE_CHECKING:
    from robust_ray.models.students import Network

READ = 1000
"""Examples of a split that a model's tokenizer is tried on at most."""

LINES = 12
"""Lines of a program shown."""

CLASSES = 6
"""Classes counted one by one in a table; of more, the smallest and the largest are shown."""

USUAL_TASK = "defect_detection"
"""What a model is shown with when no task is named."""


class Subjects(NamedTuple):
    """What is to be looked at."""

    tasks: Sequence[Task]
    models: Sequence[CodeModel]

    training: Training | None
    """Of a sweep file; None for what each model recommends."""


class Reading(NamedTuple):
    """How a model's tokenizer reads a split; the fields are columns."""

    split: str
    read: int
    """Examples it was tried on."""

    tokens_p50: int
    """Of a program, uncut, special tokens included: median, …"""

    tokens_p95: int
    tokens_max: int
    cut: int
    """Examples longer than the model's window."""


def find(words: Sequence[str]) -> Subjects:
    """The tasks and models that a command line names.

    Args:
        words: Each a sweep file, the type of a task or model, or one as a YAML mapping.

    Raises:
        SweepError: one is none of them.
    """
    load_plugins()
    tasks: list[Task] = []
    models: list[CodeModel] = []
    training = None
    for word in words:
        if Path(word).is_file():
            sweep = sweep_file.load(word)
            tasks += sweep.tasks
            models += sweep.models
            training = sweep.training
        else:
            found = _component(word)
            if isinstance(found, Task):
                tasks.append(found)
            else:
                models.append(found)
    return Subjects(tasks, models, training)


def show(subjects: Subjects, examples: int, console: Console) -> None:
    """Print what there is to know.

    Args:
        subjects: Tasks, and models to be tried on each of them.
        examples: Training examples to show of each task.
        console: Where to print.
    """
    for task in subjects.tasks:
        show_task(task, examples, console)
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")  # new heads are no news
    tasks = subjects.tasks or (build(Task, USUAL_TASK, USUAL_TASK),)
    for model, task in product(subjects.models, tasks):
        show_model(model, task, subjects.training or model.recommended(task.question), console)


def show_task(task: Task, examples: int, console: Console) -> None:
    """Sizes, balance, lengths, what was left out, what stands in the data twice, and a few examples."""
    found = rows(task, key="inspect")
    _say(console, described(task))
    _say(console, f"  {wanted(task)}; code in {task.code_language}; revision {task.revision()}")
    for data in task.published:
        sizes = ", ".join(f"{split} {size:,}" for split, size in data.sizes.items()) or "no splits of its own"
        _say(console, f"  lies as {data.name} does ({data.licence}; {sizes}): {data.link}")
    console.print(size_table(found))
    console.print(duplicate_table(found))
    for row in found:
        for reason, count in json.loads(row.dropped_for).items():
            _say(console, f"left out of {row.split}: {count:,}, {reason}")
    for line in warning_lines(task.type, found):
        _say(console, line)
    for example in stable_order(task.load("train"))[:examples]:
        _say(console, f"\n{example.uid}: {_answer(task, example)}")
        for segment in example.segments:
            _say(console, excerpt(segment))


def show_model(model: CodeModel, task: Task, training: Training, console: Console) -> None:
    """What is loaded, and how much of a task's data it will read.

    Raises:
        SweepError: the model cannot answer the task.
        ModelError: it cannot be loaded.
    """
    model.require(task.question)
    model.revision()
    _say(console, described(model))
    with TemporaryDirectory() as folder:
        network = model.load(task.load("train"), task.question, seed=0, workdir=Path(folder))
    if not model.is_tuned:
        network = dataclasses.replace(network, max_length=min(network.max_length, training.max_length))
    for line in facts(network):
        _say(console, f"  {line}")
    table = number_table(f"on {task.type}", "read", "tokens p50", "p95", "most", f"longer than {network.max_length}")
    for reading in readings(network, task):
        share = f"{reading.cut:,} ({100 * reading.cut / reading.read:.1f} %)"
        numbers = (reading.read, reading.tokens_p50, reading.tokens_p95, reading.tokens_max)
        table.add_row(reading.split, *(f"{number:,}" for number in numbers), share)
    console.print(table)


def described(component: Task | CodeModel) -> str:
    """Its type, and the fields that were given."""
    values = {field: getattr(component, field.name) for field in dataclasses.fields(component)}
    given = (f"{field.name}={value}" for field, value in values.items() if value != _default(field))
    return " ".join((component.type, *given))


def facts(network: Network) -> Iterator[str]:
    """What a network is made of, a line each."""
    module, tokenizer = network.module, network.tokenizer
    count = sum(weights.numel() for weights in module.parameters())
    window = f"window {network.max_length:,} tokens; pairs {network.pair_encoding}"
    yield f"{type(module).__name__}: {count:,} parameters; {window}"
    specials = ", ".join(f"{token} {tokenizer.convert_tokens_to_ids(token)}" for token in tokenizer.all_special_tokens)
    yield f"{type(tokenizer).__name__}: {len(tokenizer):,} tokens; special: {specials}"


def readings(network: Network, task: Task) -> list[Reading]:
    """How the network reads each split."""
    from robust_ray.models.reading.encoding import is_cut

    found = []
    for split in task.splits:
        inputs = [example.segments for example in stable_order(task.load(split))[:READ]]
        texts = [segment for segments in inputs for segment in segments]
        lengths = [len(ids) for ids in network.tokenizer(texts, truncation=False, verbose=False)["input_ids"]]
        middle, high = percentile(lengths, 50), percentile(lengths, 95)
        found.append(Reading(split, len(inputs), middle, high, max(lengths), sum(is_cut(network, inputs))))
    return found


def size_table(found: Sequence[DatasetRecord]) -> Any:
    """Sizes, balance and lengths of the splits."""
    labels = found[0].labels
    names = labels if len(labels) <= CLASSES else ("fewest of a class", "most of a class")
    table = number_table("split", "examples", "left out", *names, "words p50", "p95", "most")
    for row in found:
        counts = row.label_counts if len(labels) <= CLASSES else (min(row.label_counts), max(row.label_counts))
        numbers = (row.n, row.dropped, *counts, row.tokens_p50, row.tokens_p95, row.tokens_max)
        table.add_row(row.split, *(f"{number:,}" for number in numbers))
    return table


def duplicate_table(found: Sequence[DatasetRecord]) -> Any:
    """What stands in the data more than once; a dot where the question does not arise."""
    table = number_table("split", "repeated", "nearly", "in train", "nearly", "in valid", "nearly", "two answers")
    for row in found:
        numbers = (
            *(row.repeated, row.nearly_repeated, row.in_train, row.nearly_in_train),
            *(row.in_valid, row.nearly_in_valid, row.conflicting),
        )
        table.add_row(row.split, *("·" if number is None else f"{number:,}" for number in numbers))
    return table


def wanted(task: Task) -> str:
    """What a model is to answer."""
    names = task.label_names
    if not names:
        return "asks for a text"
    more = ["…"] if len(names) > CLASSES else []
    return f"asks for one of {len(names)} classes: {', '.join([*names[:CLASSES], *more])}"


def excerpt(code: str) -> str:
    """The first lines of a program, blank ones left out, set in."""
    lines = [line for line in code.splitlines() if line.strip()]
    more = [f"… {len(lines) - LINES} more lines"] if len(lines) > LINES else []
    return "\n".join(f"    {line}" for line in (*lines[:LINES], *more))


def _component(word: str) -> Task | CodeModel:
    """The task or model that a type or a mapping describes."""
    try:
        spec = yaml.safe_load(word)
    except yaml.YAMLError:
        spec = None
    name = spec.get("type") if isinstance(spec, dict) else spec
    if isinstance(name, str) and name in TASKS:
        return build(Task, spec, word)
    if isinstance(name, str) and name in MODELS:
        return build(CodeModel, spec, word)
    raise SweepError(
        f"inspect: a task, a model or a sweep file must be named (or a student, with --store), but got {word!r}; "
        f"{did_you_mean(str(name), [*TASKS, *MODELS])}"
    )


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _answer(task: Task, example: Example) -> str:
    return task.label_names[example.label] if example.reference is None else example.reference


def _say(console: Console, line: str) -> None:
    """A line as it is: what it quotes is no markup."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)
