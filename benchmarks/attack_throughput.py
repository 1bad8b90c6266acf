"""How little an attack adds to the forward passes of the victim: its engine, its waiting, its memory.

Run: ``python benchmarks/attack_throughput.py`` (functions of Python's standard library, five minutes on one core), or
with ``--data FOLDER`` for C functions in the layout of CodeXGLUE's defect detection. ``--only engine`` runs one part.

- *memory*: the process's peak after 1,000, 5,000 and 10,000 attacked functions, the victim costing nothing.
- *engine*: candidates a second that one core makes, asks and scores when the victim costs nothing; and when it costs
  the tokenizer's work.
- *victim*: the time of an attack over that of the bare forward passes of the same distinct inputs in the best batches,
  all inputs being known: a RoBERTa of 3 MB on one thread, and where there is a GPU one of CodeBERT's size in bfloat16.
- *textattack*: the same attack by TextAttack's engine (see ``textattack_engine.py``).

Seconds of the processor count all threads and leave out what else the machine does; on a CPU they say what an attack
costs on one core, while the clock also sees the engine think during a forward pass, on another core.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import itertools
import os
import resource
import statistics
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # per core

from benchmarks.functions import CELL, defect_detection, standard_library
from robust_ray.attacks import MHM, AttackRecipe, WIRRandom, run
from robust_ray.core.arrays import FloatArray
from robust_ray.core.examples import Example, Input, stable_order
from robust_ray.core.machine import Machine
from robust_ray.core.records import SubstituteRecord
from robust_ray.core.victim import Encoding, token_batches

REPEATS = 3
"""Of an attack and its bare forward passes, in turn."""


@dataclass
class FreeVictim:
    """Answers at once, is always right, and is a little less sure of some inputs than of others."""

    tokenize: Callable[[Sequence[Input]], list[Encoding]] | None = None
    """None for texts that are their own encodings."""

    batch_invariant: bool = True
    n_labels: int = 2
    mask_token: str = "<mask>"

    def encode(self, inputs: Sequence[Input]) -> list[Encoding]:
        """Nothing, or the tokenizer's work."""
        if self.tokenize is not None:
            return self.tokenize(inputs)
        return [Encoding(segments, len(segments[0]) // 4) for segments in inputs]

    def predict(self, encodings: Sequence[Encoding]) -> FloatArray:
        """Class 0, with a probability between 0.6 and 1."""
        sums = [zlib.crc32(_bytes(encoding.ids)) for encoding in encodings]
        zeros = 0.6 + 0.4 * np.array(sums) / 2**32
        return np.stack([zeros, 1.0 - zeros], axis=1)


def _bytes(ids: Any) -> bytes:
    return ids[0] if isinstance(ids[0], bytes) else ids[0].encode("utf-8", "surrogatepass")


@dataclass
class Witness:
    """A network that is always right, and notes what it computes."""

    victim: Any
    encodings: list[Encoding] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.victim, name)

    def launch(self, encodings: Sequence[Encoding]) -> Callable[[], FloatArray]:
        """As the network does."""
        self.encodings += encodings
        launched: Callable[[], FloatArray] = self.victim.launch(encodings)
        return launched


@dataclass(frozen=True)
class Bench:
    """A network, and how hard to attack it."""

    name: str
    device: str
    layers: int
    hidden: int
    heads: int
    intermediate: int
    precision: str
    examples: int
    budget: int
    batch_tokens: int
    bar: float


CPU = Bench("RoBERTa of 3 MB, one thread", "cpu", 12, 96, 8, 64, "float32", 16, 80, 1024, 1.10)
GPU = Bench("CodeBERT's size, bfloat16", "cuda", 12, 768, 12, 3072, "bfloat16", 128, 400, 65536, 1.20)


def attack(
    recipe: AttackRecipe, examples: Sequence[Example], victim: Any, names: Any, batch_tokens: int = 16384
) -> Iterator[Any]:
    """Rows of an attack."""
    return run(recipe, examples, victim, names, columns=CELL, seed=0, max_batch_tokens=batch_tokens)


def substitutes(recipe: AttackRecipe, examples: Sequence[Example]) -> dict[Any, Sequence[SubstituteRecord]]:
    """Names for an attack."""
    return {source: source.collect(examples, examples, Machine()) for source in recipe.sources}


def engine(examples: Sequence[Example]) -> None:
    """Candidates a second and core."""
    tokenized = network(CPU, examples).encode
    for title, tokenize, bar in (("no victim", None, 20_000), ("tokenizer", tokenized, 10_000)):
        for recipe in (WIRRandom(), MHM()):
            names = substitutes(recipe, examples)
            start = time.process_time()
            queries = sum(row.queries for row in attack(recipe, examples, FreeVictim(tokenize), names))
            seconds = time.process_time() - start
            print(
                f"engine, {title:10} {recipe.type:11} {queries:7} candidates {seconds:6.2f} s "
                f"{queries / seconds:7.0f} /s and core (bar: {bar})",
                flush=True,
            )


def network(bench: Bench, examples: Sequence[Example]) -> Any:
    """A victim with random weights that always says class 0."""
    import torch

    from robust_ray.models.networks.architectures import build_module
    from robust_ray.models.reading.tokenization import train_bpe
    from robust_ray.models.students import Network
    from robust_ray.models.victim import TransformerVictim

    tokenizer = train_bpe((example.segments[0] for example in examples), 1000)
    config = {
        "model_type": "roberta",
        "vocab_size": 1000,
        "num_hidden_layers": bench.layers,
        "hidden_size": bench.hidden,
        "num_attention_heads": bench.heads,
        "intermediate_size": bench.intermediate,
        "max_position_embeddings": 514,
        "type_vocab_size": 1,
        "num_labels": 2,
    }
    architecture = {"type": "huggingface", "config": config, "trust_remote_code": False}
    module: Any = build_module(architecture).eval().to(bench.device)
    with torch.no_grad():
        module.classifier.out_proj.bias[0] += 4.0
    parts: Any = {"module": module, "tokenizer": tokenizer, "architecture": architecture, "pair_encoding": "joint"}
    precision: Any = bench.precision
    return TransformerVictim(
        network=Network(n_labels=2, max_length=512, **parts), device=bench.device, threads=1, precision=precision
    )


def victim(bench: Bench, examples: Sequence[Example]) -> None:
    """Time of an attack over that of its bare forward passes."""
    import torch

    torch.set_num_threads(1)
    examples = [example for example in examples if len(example.segments[0]) < 2000][: bench.examples]
    recipe = MHM(query_budget=bench.budget)
    names = substitutes(recipe, examples)
    witness = Witness(network(bench, examples))
    list(attack(recipe, examples, witness, names, bench.batch_tokens))
    inputs = {encoding.ids: encoding for encoding in witness.encodings}
    bare = forward_passes(bench, witness.victim, list(inputs.values()))
    wall, core = [], []

    def attack_all() -> None:
        forgetful = dataclasses.replace(witness.victim)
        list(attack(recipe, examples, forgetful, names, bench.batch_tokens))

    for _ in range(REPEATS):
        whole = clocks(attack_all)
        alone = clocks(bare)
        wall.append((whole[0], alone[0]))
        core.append((whole[1], alone[1]))
    for title, pairs in (("clock", wall), ("processor", core)):
        whole, alone = (statistics.median(times) for times in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        print(
            f"victim, {bench.name}: {len(inputs)} inputs, {title}: attack {whole:.2f} s, forward passes {alone:.2f} s, "
            f"ratio {ratio:.3f} (bar: {bench.bar:.2f})",
            flush=True,
        )


def forward_passes(bench: Bench, victim: Any, encodings: Sequence[Encoding]) -> Callable[[], None]:
    """The least that must be done: the batches lie ready on the device."""
    import torch

    from robust_ray.models.reading.forward import collate, forward

    batches = [
        collate(victim.network, [encodings[i].ids for i in batch], bench.device)  # type: ignore[misc]
        for batch in token_batches([encoding.length for encoding in encodings], bench.batch_tokens)
    ]

    def compute() -> None:
        low = torch.autocast(bench.device, dtype=torch.bfloat16, enabled=bench.precision == "bfloat16")
        with torch.inference_mode(), low:
            for tensors in batches:
                forward(victim.network.module, tensors)
        if bench.device != "cpu":
            torch.cuda.synchronize()

    return compute


def clocks(action: Callable[[], Any]) -> tuple[float, float]:
    """Seconds on the wall and on the processor."""
    wall, core = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - wall, time.process_time() - core


def memory(examples: Sequence[Example]) -> None:
    """Peak of the process as attacked functions grow in number."""
    comment = {"python": "#", "c": "//"}
    many = [
        dataclasses.replace(
            each, uid=f"{each.uid}-{i}", segments=(f"{each.segments[0]}\n{comment[each.language]} {i}",)
        )
        for i, each in enumerate(itertools.islice(itertools.cycle(examples), 10_000))
    ]
    recipe = WIRRandom(query_budget=20)
    rows = attack(recipe, many, FreeVictim(), substitutes(recipe, examples))
    for count, _ in enumerate(rows, start=1):
        if count in (1_000, 5_000, 10_000):
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"memory, {count:6} functions attacked: peak {peak:6.0f} MB", flush=True)


def textattack() -> None:
    """The same attack by TextAttack's engine, where it is installed."""
    try:
        comparison = importlib.import_module("benchmarks.textattack_engine").compare()
    except ImportError as error:
        print(f"textattack: not measured ({error})")
        return
    for timing in (*comparison.theirs, comparison.ours):
        print(
            f"textattack, {timing.engine:40} {timing.seconds:7.2f} s, ours is {comparison.ratio(timing):6.2f} x as fast"
        )


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with test.jsonl; default: Python's standard library")
    parser.add_argument("--examples", type=int, default=100, help="functions to attack (default: 100)")
    parser.add_argument("--only", choices=("engine", "victim", "memory", "textattack"), help="one part")
    arguments = parser.parse_args()
    found = defect_detection(arguments.data) if arguments.data else standard_library()
    examples = stable_order(found)[: arguments.examples]
    characters = np.mean([len(example.segments[0]) for example in examples])
    print(f"{len(examples)} functions of {characters:.0f} characters on average")
    if arguments.only in (None, "memory"):  # first, while the process is small
        memory(examples)
    if arguments.only in (None, "engine"):
        engine(examples)
    if arguments.only in (None, "victim"):
        import torch

        victim(CPU, examples)
        if torch.cuda.is_available():
            victim(GPU, examples)
    if arguments.only in (None, "textattack"):
        textattack()


if __name__ == "__main__":
    main()
