"""Every kind of model on every real data set given, fine-tuned from nothing and attacked: does it all run, and learn?

Run: ``python benchmarks/models_and_tasks.py --data FOLDER --store STORE`` where FOLDER holds some of ``devign``,
``bigclonebench``, ``google_code_jam``, ``tl_codesum`` and ``gcj_authorship``, each in the layout of its authors; about
an hour on two cores, less with ``--models`` or ``--sets``. ``--on serial`` takes one process instead of a local Ray.
Killed, it goes on where it was.

The models are of the classes people use (RoBERTa, GraphCodeBERT, GPT-2, PLBART, T5), with tokenizers of their kinds,
but small and without pretraining, so their numbers say what the path is worth, not what the pretrained models are.
Beside each accuracy stand the share of the largest class, and what naive Bayes reaches that counts words.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from analysis.costs import costs
from analysis.load import load
from analysis.robustness import robustness
from robust_ray import cli
from robust_ray.core.build import build
from robust_ray.tasks import Task
from tests import shrunk

TRAINING = {"epochs": 6, "patience": 6, "batch_size": 32, "learning_rate": 1.0e-3, "max_length": 256}
SETS: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # the task, and what differs in its training
    "gcj_authorship": ({"type": "authorship_attribution"}, {"epochs": 25, "batch_size": 16}),
    "bigclonebench": ({"type": "clone_detection"}, {}),
    "google_code_jam": ({"type": "clone_detection", "max_train": 3000}, {"epochs": 2, "max_length": 400}),
    "tl_codesum": ({"type": "summarization", "max_train": 1000}, {}),
    "devign": ({"type": "defect_detection"}, {}),
}
EXAMPLES = {"evaluate": 200, "attack": 12, "shard": 6}
WRITING = {"beams": 2, "max_new_tokens": 32}
REFUSED = 2
"""Exit status of a sweep that cannot be run."""

SCRATCH = {"type": "scratch_roberta", "hidden": 64, "intermediate": 128, "max_length": 256, "vocabulary": 3000}
WIDE: Mapping[str, Any] = {"layers": 1, "hidden": 256, "heads": 1, "intermediate": 64, "max_length": 400}
"""What differs in ``scratch_roberta`` for whole programs of problems that no training pair is about."""

SILENT = ("graphcodebert",)
"""Models that write no summaries."""

MODELS = ("scratch_roberta", "codebert", "graphcodebert", "codegpt", "plbart", "codet5")


def model(kind: str, name: str, folder: Path) -> dict[str, Any]:
    """A model as a sweep on a data set names it; all but the first lie in folders of their own in the hub's layout."""
    scratch = SCRATCH | WIDE if name == "google_code_jam" else SCRATCH
    named = scratch if kind == "scratch_roberta" else {"type": kind, "name": str(folder / kind)}
    return named if kind in SILENT else named | {"generation": WRITING}


def sweep(name: str, data: Path, store: Path, models: Sequence[str]) -> dict[str, Any]:
    """The sweep on one data set, as a file would hold it."""
    task, training = SETS[name]
    if task["type"] == "summarization":
        models = [kind for kind in models if kind not in SILENT]
    return {
        "name": name,
        "store": str(store),
        "models": [model(kind, name, store / "models") for kind in models],
        "tasks": [task | {"data": str(data / name)}],
        "training": TRAINING | training,
        "attacks": [{"type": "alert", "query_budget": 60}, {"type": "mhm", "query_budget": 60}],
        "examples": EXAMPLES,
    }


def majority(name: str, data: Path) -> float | None:
    """Share of the largest class of the test split; None where there are no classes."""
    task = build(Task, SETS[name][0] | {"data": str(data / name)}, name)
    labels = Counter(example.label for example in task.load("test"))
    return max(labels.values()) / labels.total() if task.label_names else None


def table(store: Path, name: str, data: Path) -> pd.DataFrame:
    """One row a model: quality, what it must beat, and both success rates."""
    rows = load(str(store), name)
    quality = costs(rows.evaluations).set_index("model_name")
    rates = robustness(rows.attacks).pivot_table("asr", "model_name", "attack", dropna=False)
    columns = ["n", "accuracy", "unigram_accuracy", "bleu", "rouge_l", "chrf", "truncated_share", "noted_share"]
    found = quality[[*columns, "bytes", "latency_p50"]].join(rates)
    found.insert(2, "majority", majority(name, data))
    return found.dropna(axis="columns", how="all").rename_axis(None)


def main() -> int:
    """Write the models, run a sweep on each data set, print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the data sets")
    parser.add_argument("--store", type=Path, required=True, help="where models and results go")
    parser.add_argument("--on", choices=("ray", "serial"), default="ray")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    parser.add_argument("--sets", nargs="+", choices=tuple(SETS), default=tuple(SETS))
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="as of `robust-ray run`")
    options = parser.parse_args()
    changes = [part for change in options.set for part in ("--set", change)]
    store = options.store.resolve()
    store.mkdir(parents=True, exist_ok=True)
    for kind in set(options.models) - {"scratch_roberta"}:
        if not (store / "models" / kind).exists():
            shrunk.write(kind, store / "models" / kind, shrunk.TRAINABLE, [*shrunk.TEXTS, *_java(options.data)])
    status = 0
    for name in options.sets:
        file = store / f"{name}.yaml"
        file.write_text(yaml.safe_dump(sweep(name, options.data.resolve(), store, options.models), sort_keys=False))
        ended = cli.main(["run", str(file), "--on", options.on, *changes])
        if ended == REFUSED:
            return ended
        status = max(status, ended)
        print(f"\n{name}\n{table(store, name, options.data).to_string(float_format='%.3f')}\n", flush=True)
    return status


def _java(data: Path) -> list[str]:
    """Java for the tokenizers, from the training split of the summaries, where it is there."""
    file = data / "tl_codesum" / "train.jsonl"
    return [json.loads(line)["code"] for line in file.read_text().splitlines()[:1000]] if file.exists() else []


if __name__ == "__main__":
    sys.exit(main())
