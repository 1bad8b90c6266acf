"""Golden identities: an accidental change of a component's fields, defaults or version must fail here.

When the change is meant, raise the component's ``version`` (or the stage's) and run this file once with GOLDEN=write.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from robust_ray import stages
from robust_ray.attacks import ATTACKS, GOALS, MHM, SUBSTITUTES, AttackRecipe, CorpusVocabulary, Goal, Substitutes
from robust_ray.compression import COMPRESSIONS, Compression, NoCompression, Schooling
from robust_ray.core.build import build
from robust_ray.core.call import Ref, Stage, StageCall
from robust_ray.core.identity import encode
from robust_ray.core.language_model import LANGUAGE_MODELS, LanguageModel
from robust_ray.core.records import AttackRecord
from robust_ray.fidelity import RELATIONS, PredictionAgreement, Relation
from robust_ray.models import MODELS, CodeModel, CompactRoberta, ScratchRoberta, Training
from robust_ray.tasks import DefectDetection

GOLDEN = Path(__file__).parent / "golden" / "identities.json"
REQUIRED: dict[str, dict[str, object]] = {
    "attack textattack": {"recipe": "deepwordbug"},
    "goal targeted": {"label": 0},
    "compression head_pruning": {"sparsity": 0.5},
    "compression layer_pruning": {"sparsity": 0.5},
    "compression low_rank": {"ratio": 0.5},
    "compression magnitude_pruning": {"sparsity": 0.5},
    "compression movement_pruning": {"sparsity": 0.5},
    "compression neuron_pruning": {"sparsity": 0.5},
    "compression pipeline": {"steps": [{"type": "low_rank", "ratio": 0.5}, {"type": "weight_sharing"}]},
    "compression random_pruning": {"sparsity": 0.5},
    "compression wanda_pruning": {"sparsity": 0.5},
    "model huggingface": {"name": "microsoft/codebert-base"},
}
KINDS = (
    (MODELS, CodeModel),
    (COMPRESSIONS, Compression),
    (ATTACKS, AttackRecipe),
    (GOALS, Goal),
    (SUBSTITUTES, Substitutes),
    (LANGUAGE_MODELS, LanguageModel),
    (RELATIONS, Relation),
)


def data(folder: Path) -> DefectDetection:
    """A data set that is the same everywhere: the embedded one depends on the Python."""
    for split in ("train", "valid", "test"):
        (folder / f"{split}.jsonl").write_text('{"idx": 1, "target": 0, "func": "int f(int a) { return a; }"}\n')
    return DefectDetection(data=str(folder))


def identities(folder: Path) -> dict[str, object]:
    """Every component at its defaults, and a call of every stage."""
    found: dict[str, object] = {}
    names = folder / "substitutes.jsonl"
    names.write_text('{"idx": 1, "substitutes": {"a": ["b"]}}\n')
    imported: dict[str, object] = {"path": str(names), "tokenizer": str(names)}
    required: dict[str, dict[str, object]] = REQUIRED | {
        "substitutes substitutes_file": {"path": str(names)},
        "model imported": imported,
        "compression imported": {"student": {"type": "imported", **imported}},
    }
    for registry, kind in KINDS:
        for name in registry:
            called = f"{registry.kind} {name}"
            found[called] = encode(build(kind, {"type": name, **required.get(called, {})}, name))
    task = data(folder)
    found[f"task {task.type}"] = encode(task)
    training, model, none = Training(), ScratchRoberta(), NoCompression()
    cell = stages.Cell(model=model, task=task, training=training, compression=none, seed=0, teacher="finetune-x-v1-0")
    student = {"student": (Ref("compress-none-v1-0", None),)}
    gated = stages.Gate(task=task, floor=0.6)
    calls: list[tuple[Stage, Mapping[str, tuple[Ref, ...]]]] = [
        (stages.Finetune(model=model, task=task, training=training, seed=0), {}),
        (stages.Survey(task=task), {}),
        (gated, {"teacher": (Ref("finetune-x-v1-0", None),)}),
        (stages.Teach(task=task, augmentation=None, seed=0), {"teacher": (Ref("finetune-x-v1-0", None),)}),
        (
            stages.Sample(student=CompactRoberta(), schooling=Schooling(epochs=1, temperature=1.0), task=task, seed=0),
            {"answers": (Ref("teach-x-v2-0", None),)},
        ),
        (stages.Compress(compression=none, task=task, training=training, seed=0), {"teacher": (Ref("f", None),)}),
        (stages.Evaluate(cell=cell, examples=None, accelerator="a processor"), student),
        (stages.CollectSubstitutes(substitutes=CorpusVocabulary(), task=task), {}),
        (stages.Attack(cell=cell, attack=MHM(), start=0, stop=25), student),
        (
            stages.Naturalness(language_model=build(LanguageModel, "masked_lm", "")),
            {"attacks": (Ref("attack-x-v2-0", AttackRecord.table),)},
        ),
        (
            stages.Transfer(cell=cell, attack=MHM()),
            student | {"attacks": (Ref("attack-x-v2-0", AttackRecord.table),)},
        ),
        (stages.Fidelity(cell=cell, relations=(PredictionAgreement(),), examples=None, attack=None), student),
    ]
    for stage, inputs in calls:
        found[f"call {stage.name}"] = StageCall(stage, inputs).key
    return found


def test_identities_are_golden(tmp_path: Path) -> None:
    found = identities(tmp_path)
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    assert found == json.loads(GOLDEN.read_text())
