"""The same attack by TextAttack's own engine and by ours: seconds, and whether they agree.

Run: ``python benchmarks/textattack_engine.py`` (one thread, a few minutes): first the short functions of the embedded
task, then longer ones of Python's standard library; ``--data FOLDER`` adds C functions in the layout of CodeXGLUE's
defect detection. Seconds are the processor's, so that other work on the machine does not count. The longer the
functions, the less TextAttack's padding costs, and the nearer the engines are.

The attack is a greedy search by word importance (TextAttack's ``GreedyWordSwapWIR``) among random names, which depend
on the program and the identifier alone, so that every engine tries the same names in the same order. TextAttack's
engine gets our parts for renaming in programs, without which it could not attack code at all; its model is asked by

- the wrapper it ships for models of transformers, which pads every program to the model's length, and
- our :class:`VictimWrapper`, which pads a batch to its longest program; with TextAttack's batch size, and a larger one.

Our engine runs the same search, by way of the recipe ``module:attribute``.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import io
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.functions import CELL, defect_detection, standard_library
from robust_ray.attacks import RenameIdentifiers, run
from robust_ray.attacks.substitutes.corpus_vocabulary import CorpusVocabulary
from robust_ray.attacks.textattack import TextAttack
from robust_ray.core.examples import Example, generator, stable_order
from robust_ray.core.machine import Machine
from robust_ray.core.records import SubstituteRecord, Verdict
from robust_ray.dispatch.settings import BATCH_TOKENS
from robust_ray.source.identifiers import analyse
from robust_ray.tasks import DefectDetection

CANDIDATES = 30
"""Names tried for one identifier."""

LENGTH = 512
"""Tokens the victim reads at most."""


@dataclass(frozen=True)
class Timing:
    """One engine on all examples."""

    engine: str
    seconds: float
    """Of the processor, all threads."""

    verdicts: Sequence[bool]
    """Whether each example was attacked with success."""

    queries: int


@dataclass(frozen=True)
class Comparison:
    """TextAttack's engine, in its ways, and ours."""

    data: str
    examples: int
    tokens: float
    """Mean length of the functions, as the victim reads them."""

    theirs: Sequence[Timing]
    ours: Timing

    def ratio(self, timing: Timing) -> float:
        """How many times faster ours is."""
        return timing.seconds / self.ours.seconds

    def equal_verdicts(self, timing: Timing) -> int:
        """Examples on which both succeed, or both fail."""
        return sum(a == b for a, b in zip(timing.verdicts, self.ours.verdicts, strict=True))


def compare(data: str = "embedded", count: int = 10) -> Comparison:
    """Attack so many functions with every engine; ``data`` is ``embedded``, ``library`` or a folder."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        examples, victim, pool = prepare(functions(data), count)
        draw = names_for(pool, examples[0].language)
        lengths = [encoding.length for encoding in victim.encode([example.segments for example in examples])]
        theirs = [
            by_textattack("TextAttack, its wrapper, batches of 32", examples, victim, draw, 32, is_its_own=True),
            by_textattack("TextAttack, our wrapper, batches of 32", examples, victim, draw, 32),
            by_textattack("TextAttack, our wrapper, batches of 256", examples, victim, draw, 256),
        ]
        ours = by_us(examples, victim, draw)
        return Comparison(data, len(examples), float(np.mean(lengths)), theirs, ours)
    finally:
        torch.set_num_threads(before)


def functions(data: str) -> list[Example]:
    """All functions of a data set."""
    if data == "embedded":
        return DefectDetection(data="embedded").load("test")
    return list(standard_library() if data == "library" else defect_detection(Path(data)))


def prepare(found: Sequence[Example], count: int) -> tuple[list[Example], Any, list[str]]:
    """Examples that the victim gets right, the victim, and names to choose from."""
    corpus = [dataclasses.replace(example, uid=example.segments[0]) for example in stable_order(found)]
    victim = small_roberta([example.segments[0] for example in corpus])
    probabilities = victim.predict(victim.encode([example.segments for example in corpus]))
    labelled = [
        dataclasses.replace(example, label=int(row.argmax()))
        for example, row in zip(corpus, probabilities, strict=True)
    ]
    pool = [row.substitute for row in CorpusVocabulary().collect(corpus, [], Machine())]
    return [example for example in labelled if targets(example)][:count], victim, pool


def targets(example: Example) -> tuple[str, ...]:
    """What may be renamed."""
    return RenameIdentifiers().targets(analyse(example.segments[0], example.language))


def small_roberta(texts: Sequence[str]) -> Any:
    """A RoBERTa of 3 MB with random weights, for which one half of ``texts`` is of either class."""
    import torch

    from robust_ray.models.networks.architectures import build_module
    from robust_ray.models.reading.tokenization import train_bpe
    from robust_ray.models.students import Network
    from robust_ray.models.victim import TransformerVictim

    tokenizer = train_bpe(texts, 1000)
    tokenizer.model_max_length = LENGTH
    config = {
        "model_type": "roberta",
        "vocab_size": len(tokenizer),
        "num_hidden_layers": 12,
        "hidden_size": 96,
        "num_attention_heads": 8,
        "intermediate_size": 64,
        "max_position_embeddings": LENGTH + 2,
        "type_vocab_size": 1,
        "pad_token_id": tokenizer.pad_token_id,
        "initializer_range": 0.05,
        "num_labels": 2,
    }
    architecture = {"type": "huggingface", "config": config, "trust_remote_code": False}
    module: Any = build_module(architecture).eval()
    network = Network(
        module=module,
        tokenizer=tokenizer,
        n_labels=2,
        max_length=LENGTH,
        pair_encoding="joint",
        architecture=architecture,
    )
    victim = TransformerVictim(network=network, device="cpu", threads=1)
    rows = victim.predict(victim.encode([(text,) for text in texts]))
    margin = float(np.median(np.log(rows[:, 1]) - np.log(rows[:, 0])))
    with torch.no_grad():
        module.classifier.out_proj.bias[0] += margin
    return victim


def names_for(pool: Sequence[str], language: str) -> Callable[[str], dict[str, list[str]]]:
    """Program → identifier → names, drawn at random but the same for whoever asks."""

    def draw(text: str) -> dict[str, list[str]]:
        source = analyse(text, language)
        return {
            name: [pool[i] for i in generator("names", text, name).choice(len(pool), CANDIDATES, replace=False)]
            for name in RenameIdentifiers().targets(source)
        }

    return draw


def by_textattack(
    engine: str,
    examples: Sequence[Example],
    victim: Any,
    draw: Callable[[str], Mapping[str, Sequence[str]]],
    batch_size: int,
    *,
    is_its_own: bool = False,
) -> Timing:
    """TextAttack's ``Attacker``, with the model asked by its own wrapper or by ours."""
    from robust_ray.attacks.textattack.library import textattack
    from robust_ray.attacks.textattack.parts import OfferedNames, UntargetedRenaming, ValidProgram, VictimWrapper

    class Goal(UntargetedRenaming):
        """Offers the drawn names."""

        def offers(self, source: Any) -> Mapping[str, Sequence[str]]:
            return {
                target: [name for name in names if RenameIdentifiers().allows(source, name)]
                for target, names in draw(source.text).items()
            }

    network = victim.network
    wrappers = textattack.models.wrappers
    model = wrappers.HuggingFaceModelWrapper(network.module, network.tokenizer) if is_its_own else VictimWrapper(victim)
    goal = Goal(model, language=examples[0].language, mask=victim.mask_token, model_batch_size=batch_size)
    attack = textattack.Attack(goal, [ValidProgram()], OfferedNames(), textattack.search_methods.GreedyWordSwapWIR())
    dataset = textattack.datasets.Dataset([(example.segments[0], example.label) for example in examples])
    arguments = textattack.AttackArgs(num_examples=len(examples), disable_stdout=True, silent=True)
    start = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        results = textattack.Attacker(attack, dataset, arguments).attack_dataset()
    seconds = time.process_time() - start
    verdicts = [isinstance(result, textattack.attack_results.SuccessfulAttackResult) for result in results]
    return Timing(engine, seconds, verdicts, sum(result.num_queries - 1 for result in results))


def recipe(model_wrapper: Any) -> Any:
    """The attack, for our engine."""
    from robust_ray.attacks.textattack.library import textattack
    from robust_ray.attacks.textattack.parts import OfferedNames

    goal = textattack.goal_functions.UntargetedClassification(model_wrapper)
    return textattack.Attack(goal, [], OfferedNames(), textattack.search_methods.GreedyWordSwapWIR())


def by_us(examples: Sequence[Example], victim: Any, draw: Callable[[str], Mapping[str, Sequence[str]]]) -> Timing:
    """The same search in our engine."""
    attack = TextAttack(recipe="benchmarks.textattack_engine:recipe")
    rows = [
        SubstituteRecord(
            key="", source="drawn", uid=example.uid, identifier=target, substitute=name, rank=rank, score=0.0
        )
        for example in examples
        for target, names in draw(example.segments[0]).items()
        for rank, name in enumerate(names)
    ]
    attack.build()
    start = time.process_time()
    records = list(
        run(
            attack,
            examples,
            victim,
            {attack.substitutes: rows},
            columns=CELL,
            seed=0,
            max_batch_tokens=BATCH_TOKENS["cpu"],
        )
    )
    seconds = time.process_time() - start
    verdicts = [record.verdict == Verdict.SUCCEEDED for record in records]
    return Timing("robust-ray", seconds, verdicts, sum(record.queries for record in records))


def main() -> None:
    """Read the arguments, compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=10, help="functions to attack (default: 10)")
    parser.add_argument("--data", help="folder with test.jsonl, in addition")
    arguments = parser.parse_args()
    for data in ("embedded", "library", *([arguments.data] if arguments.data else [])):
        show(compare(data, arguments.examples))


def show(comparison: Comparison) -> None:
    """Print one comparison."""
    print(f"{comparison.data}: {comparison.examples} functions of {comparison.tokens:.0f} tokens on average")
    for timing in (*comparison.theirs, comparison.ours):
        print(
            f"  {timing.engine:40} {timing.seconds:7.2f} s {timing.queries:6} queries "
            f"{comparison.ratio(timing):6.2f} x, {sum(timing.verdicts)} won, "
            f"{comparison.equal_verdicts(timing)} of {comparison.examples} verdicts as ours"
        )


if __name__ == "__main__":
    main()
