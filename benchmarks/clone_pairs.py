"""What it takes to answer 4,000 pairs of functions: seconds, memory, and how often a function is read.

Run: ``python benchmarks/clone_pairs.py`` (functions of Python's standard library, a minute on one core), or with
``--data FOLDER`` for BigCloneBench in the layout of CodeXGLUE's clone detection. ``--pairs`` draws another number.

The network is an untrained RoBERTa that reads each function alone: 2 layers of 128 on one thread of a CPU, or
CodeBERT's 12 of 768 on a GPU where there is one; windows of 400 tokens. Each way runs in a process of its own, whose
peak holds Python, torch, the network and the functions too.

- *whole pairs*: both functions of every pair are read, as many times as they occur.
- *victim*: as an evaluation asks; vectors of functions are remembered.
- *validation*: as a training judges an epoch, and a teacher's logits are made.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.functions import standard_library
from robust_ray.core.examples import Example, Question, generator
from robust_ray.core.machine import Machine
from robust_ray.core.victim import Answers
from robust_ray.models import ScratchRoberta
from robust_ray.tasks import CloneDetection

LAPTOP = ScratchRoberta(max_length=400)
SERVER = ScratchRoberta(
    vocabulary=50000, layers=12, hidden=768, heads=12, intermediate=3072, dropout=0.1, max_length=400
)
PAIRS = Question(label_names=("different", "clone"), segments=2, language="java")


def draw(functions: list[str], count: int) -> list[Example]:
    """Pairs of functions, each as likely as any other."""
    pairs = generator("clone_pairs").integers(len(functions), size=(count, 2)).tolist()
    return [
        Example(uid=str(i), segments=(functions[a], functions[b]), label=0, language="java")
        for i, (a, b) in enumerate(pairs)
    ]


def measure(way: str, folder: Path, examples: list[Example], machine: Machine) -> tuple[float, float, int, int]:
    """Seconds to load and to answer, functions read, and the process's peak in bytes."""
    from robust_ray.models import students, training

    start = time.perf_counter()
    victim: Any = students.load_victim(folder, machine)
    loaded = time.perf_counter()
    read = watch(victim.network.module)
    if way == "validation":
        training.logits(victim.network, examples, machine)
    else:
        asked = replace(victim, remembers=way == "victim")
        Answers(asked, machine.max_batch_tokens).ask([example.segments for example in examples])
    answered = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return loaded - start, answered - loaded, sum(read), peak


def watch(module: Any) -> list[int]:
    """Where the sizes of the batches of functions that a network reads from now on will be."""
    read: list[int] = []
    module.body.register_forward_hook(lambda module, inputs, output: read.append(len(output[0])))
    return read


def main() -> None:
    """See above."""
    import torch

    from robust_ray.models import students

    parser = argparse.ArgumentParser(description="What it takes to answer thousands of pairs of functions.")
    parser.add_argument("--data", type=Path, help="a folder in the layout of CodeXGLUE's clone detection")
    parser.add_argument("--pairs", type=int, default=4000, help="pairs to answer (default: %(default)s)")
    arguments = parser.parse_args()

    functions = list(dict.fromkeys(segment for example in examples_in(arguments.data) for segment in example.segments))
    examples = draw(functions, arguments.pairs)
    on_gpu = torch.cuda.is_available()
    model = SERVER if on_gpu else LAPTOP
    machine = Machine(device="cuda" if on_gpu else "cpu", max_batch_tokens=65536 if on_gpu else 16384)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        students.save(model.load(examples, PAIRS, 0, folder), folder)
        distinct = len({segment for example in examples for segment in example.segments})
        print(f"{len(examples)} pairs of {distinct} functions, {model.layers} layers of {model.hidden}")
        context = multiprocessing.get_context("spawn")
        for way in ("whole pairs", "victim", "validation"):
            with ProcessPoolExecutor(1, context) as alone:
                load, answer, read, peak = alone.submit(measure, way, folder, examples, machine).result()
            print(f"{way:12} {load:5.1f} s to load, {answer:6.1f} s to answer, {read:5} read, {peak / 1e6:6.0f} MB")


def examples_in(folder: Path | None) -> list[Example]:
    """Whatever holds functions."""
    if folder is None:
        return list(standard_library())
    return [example for split in ("train", "test") for example in CloneDetection(data=str(folder)).load(split)]


if __name__ == "__main__":
    main()
