"""One small sweep, whole: run twice, on both dispatchers, changed, killed, damaged, audited, analysed."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis import report
from analysis.load import load as load_rows
from analysis.robustness import robustness
from analysis.validity import validity
from robust_ray.cli import main
from robust_ray.core.arrays import FloatArray
from robust_ray.core.call import Inputs, StageCall
from robust_ray.core.machine import Machine
from robust_ray.core.records import AttackRecord, EvaluationRecord, FidelityRecord, NaturalnessRecord, Record, Verdict
from robust_ray.core.victim import Encoding
from robust_ray.metrics import worst_case
from robust_ray.plan import expand
from robust_ray.store import Store, from_table
from robust_ray.sweep_file import load
from robust_ray.watching.history import kind
from tests import fakes
from tests.e2e.killing import kill_after

pytestmark = [pytest.mark.torch, pytest.mark.ray]

MHM = {"type": "mhm", "candidates": 5, "iterations": 4, "query_budget": 30}
WIR_RANDOM = {"type": "wir_random", "candidates": 5, "query_budget": 24, "substitutes": "random_names"}
DISTILLATION = {
    "type": "distillation",
    "student": {
        "type": "scratch_roberta",
        "layers": 1,
        "hidden": 16,
        "heads": 2,
        "intermediate": 16,
        "vocabulary": 300,
    },
}
SWEEP: dict[str, Any] = {
    "name": "tiny",
    "models": [
        {"type": "scratch_roberta", "layers": 1, "hidden": 32, "heads": 2, "intermediate": 32, "vocabulary": 400}
    ],
    "tasks": [{"type": "defect_detection", "data": "embedded", "max_train": 1200}],
    "training": {"epochs": 6, "batch_size": 16, "learning_rate": 4e-3, "max_length": 128},
    "compressions": [
        {"type": "magnitude_pruning", "sparsity": 0.6, "scope": "linear"},
        "dynamic_quantization",
        DISTILLATION,
    ],
    "attacks": [
        MHM,
        WIR_RANDOM,
        {"type": "worst_case", "attacks": [WIR_RANDOM, MHM]},
        {"type": "carrot_insertion", "candidates": 5, "iterations": 3},
    ],
    "relations": [
        "prediction_agreement",
        "probability_similarity",
        "high_confidence_preservation",
        "calibration_alignment",
    ],
    "examples": {"evaluate": 40, "attack": 10, "shard": 5},
}
"""Completed by :func:`sweep_file` with what needs a language model."""

MEASURED = (AttackRecord, EvaluationRecord, FidelityRecord, NaturalnessRecord)
TIMES = {"latency_p50", "latency_p95", "throughput", "peak_memory"}
"""Columns that are measured, not computed."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sweep")


@pytest.fixture(scope="module")
def language_model(folder: Path) -> dict[str, object]:
    """A masked language model that knows nothing, which is enough: it says the same every time."""
    import torch
    from transformers import RobertaConfig, RobertaForMaskedLM

    from robust_ray.models.reading.tokenization import train_bpe

    tokenizer = train_bpe([*fakes.PYTHON, *fakes.JAVA, *fakes.C], 500)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        module = RobertaForMaskedLM(RobertaConfig(vocab_size=len(tokenizer), max_position_embeddings=98, **sizes))
    module.save_pretrained(folder / "language-model")
    tokenizer.save_pretrained(folder / "language-model")
    return {"type": "masked_lm", "name": str(folder / "language-model")}


@pytest.fixture(scope="module")
def sweep_file(folder: Path, language_model: dict[str, object]) -> Path:
    names = {"type": "masked_lm", "language_model": language_model, "predictions": 60, "occurrences": 1}
    random = {"type": "random", "queries": 30, "substitutes": names}
    path = folder / "tiny.yaml"
    whole = SWEEP | {"attacks": [*SWEEP["attacks"], random], "naturalness": language_model}
    path.write_text(yaml.safe_dump(whole))
    return path


@pytest.fixture(scope="module")
def small_sweep_file(folder: Path) -> Path:
    """A part of it."""
    path = folder / "small.yaml"
    path.write_text(
        yaml.safe_dump(SWEEP | {"name": "small", "compressions": ["dynamic_quantization"], "attacks": [MHM]})
    )
    return path


@pytest.fixture(scope="module")
def serial_store(folder: Path, sweep_file: Path) -> Store:
    assert main(["run", str(sweep_file), "--on", "serial", "--store", str(folder / "serial")]) == 0
    return Store.open(str(folder / "serial"))


@pytest.fixture
def copied_store(serial_store: Store, tmp_path: Path) -> Store:
    """Of which anything may be made."""
    shutil.copytree(serial_store.uri, tmp_path / "copy")
    return Store.open(str(tmp_path / "copy"))


def rows(store: Store, record: type[Record], keys: Collection[str] | None = None) -> list[dict[str, Any]]:
    """Rows of a table, what was only timed left out, in a fixed order."""
    found = [dataclasses.asdict(row) for row in from_table(store.table(record.table, keys).table, record)]
    kept = [{name: value for name, value in row.items() if name not in TIMES} for row in found]
    return sorted(kept, key=lambda row: json.dumps(row, sort_keys=True, default=str))


def assert_equal_up_to_rounding(some: Iterable[Mapping[str, Any]], others: Iterable[Mapping[str, Any]]) -> None:
    """What was decided is the same to the letter, probabilities nearly so."""
    for one, other in zip(some, others, strict=True):
        for name, value in one.items():
            expected = pytest.approx(value, abs=1e-5) if "confidence" in name and value is not None else value
            assert other[name] == expected


def test_every_call_of_the_plan_is_in_the_store(serial_store: Store, sweep_file: Path) -> None:
    assert set(expand(load(sweep_file)).calls) == serial_store.present()


def test_every_attack_fools_someone(serial_store: Store) -> None:
    attacks = rows(serial_store, AttackRecord)
    succeeded = [row for row in attacks if row["verdict"] == Verdict.SUCCEEDED]
    assert {row["attack"] for row in succeeded} == {row["attack"] for row in attacks}
    assert all(row["adversarial_prediction"] != row["label"] == row["prediction"] for row in succeeded)
    assert not any(row["error"] for row in attacks)


def test_the_audit_finds_every_adversarial_example_valid(
    serial_store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = [row for row in rows(serial_store, AttackRecord) if row["adversarial"] is not None]
    assert any(json.loads(row["edits"]) for row in changed)
    assert main(["audit", "--store", serial_store.uri]) == 0
    checked = f"{len(changed)} adversarial examples checked; 0 that count are not valid"
    assert checked in capsys.readouterr().out


def test_an_ensemble_wins_exactly_where_one_of_its_parts_does(serial_store: Store) -> None:
    attacks = rows(serial_store, AttackRecord)
    parts = [row for row in attacks if row["attack"] in ("mhm", "wir_random")]
    whole = {(row["student"], row["uid"]): row["verdict"] for row in attacks if row["attack"] == "worst_case"}
    names = [(row["student"], row["uid"]) for row in parts]
    assert dict(zip(dict.fromkeys(names), worst_case(names, [row["verdict"] for row in parts]), strict=True)) == whole
    assert {row["won_by"] for row in attacks if row["attack"] == "worst_case"} == {None, "mhm", "wir_random"}


def test_every_adversarial_example_is_looked_at_by_the_language_model(serial_store: Store) -> None:
    place = ("student", "attack", "attack_params", "uid")
    changed = [row for row in rows(serial_store, AttackRecord) if row["adversarial"] is not None]
    looks = rows(serial_store, NaturalnessRecord)
    assert Counter(tuple(row[name] for name in place) for row in looks) == Counter(
        tuple(row[name] for name in place) for row in changed
    )


def test_the_same_command_again_runs_nothing(serial_store: Store, sweep_file: Path) -> None:
    before = len(serial_store.runs())
    assert main(["run", str(sweep_file), "--on", "serial", "--store", serial_store.uri]) == 0
    assert len(serial_store.runs()) == before


def test_changing_one_attack_runs_that_attack_alone(copied_store: Store, sweep_file: Path) -> None:
    before = {run.key for run in copied_store.runs()}
    change = ["--set", "attacks[0].query_budget=12"]
    assert main(["run", str(sweep_file), "--on", "serial", "--store", copied_store.uri, *change]) == 0
    new = {run.key for run in copied_store.runs()} - before
    assert {kind(key) for key in new} == {"attack-mhm", "naturalness-masked_lm", "fidelity-mhm"}


def test_serial_and_ray_write_the_same_rows(serial_store: Store, sweep_file: Path, tmp_path: Path) -> None:
    """Each from nothing, so that training, compression and attacks must all agree to the bit; Ray's was killed once."""
    command = ["run", str(sweep_file), "--on", "ray", "--store", str(tmp_path)]
    kill_after(command, "start  attack")
    assert main(command) == 0
    store = Store.open(str(tmp_path))
    assert store.present() == serial_store.present()
    for record in MEASURED:
        assert rows(store, record) == rows(serial_store, record)


def test_a_driver_that_was_killed_loses_nothing(serial_store: Store, folder: Path, small_sweep_file: Path) -> None:
    """Also where the victims' answers outlive the calls, in a file that the killed were writing."""
    uri, answers = str(folder / "killed"), f"answers={folder / 'answers'}"
    command = ["run", str(small_sweep_file), "--set", answers, "--on", "serial", "--store", uri]
    kill_after(command, "start  finetune", seconds=1.0)
    kill_after(command, "start  attack-mhm")
    assert main(command) == 0
    store = Store.open(uri)
    assert set(expand(load(small_sweep_file)).calls) == store.present()
    assert store.table("attacks").unreadable == []
    found = rows(store, AttackRecord)
    assert found
    assert_equal_up_to_rounding(found, rows(serial_store, AttackRecord, {row["key"] for row in found}))


def test_damaged_files_are_computed_again(
    copied_store: Store, sweep_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row file and a checkpoint that others were made of: neither is trusted, neither is fatal."""
    attack = next(call for call in expand(load(sweep_file)).stages()["attack"])
    folder = Path(copied_store.uri)
    (folder / "tables" / "attacks" / f"{attack.key}.parquet").write_bytes(b"PAR1 cut off")
    student = attack.inputs["student"][0].key
    weights = next((folder / "checkpoints" / student).glob("attempt-*/model.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-7] + b"garbage")
    assert main(["run", str(sweep_file), "--on", "serial", "--store", copied_store.uri]) == 0
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    assert copied_store.rows(attack.ref)
    assert (folder / "quarantine").is_dir()


def test_the_analysis_has_a_number_for_every_attack(serial_store: Store) -> None:
    table = robustness(load_rows(serial_store.uri, "tiny").attacks)
    assert len(table) == 4 * 5
    assert table[["asr", "raw_asr", "robust_accuracy", "clean_accuracy"]].notna().all(axis=None)
    fooled = table[table["succeeded"] > 0]
    assert fooled[["amq", "aed", "art"]].notna().all(axis=None)
    renamed = fooled[fooled["attack"] != "carrot_insertion"]
    assert renamed[["acs", "icr"]].notna().all(axis=None)
    of_teachers = table["compression"] == "none"
    assert (table["drop"].isna() == of_teachers).all()
    won = validity(load_rows(serial_store.uri, "tiny").attacks).query("succeeded > 0")
    assert won[["similarity", "perplexity_ratio"]].notna().all(axis=None)
    assert won[won["attack"] != "carrot_insertion"]["name_distance"].notna().all()


def test_the_report_reads_the_rows(serial_store: Store, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    assert report.main(["--store", serial_store.uri, "--sweep", "tiny", "--out", str(out)]) == 0
    text = out.read_text()
    for word in ("magnitude_pruning", "dynamic_quantization", "distillation", "mhm", "worst_case", "carrot_insertion"):
        assert word in text


@dataclass(frozen=True)
class Shard:
    """The first examples under one attack on the teacher, as the sweep attacked them, to be attacked again."""

    call: StageCall
    inputs: Inputs
    workdir: Path

    @classmethod
    def of(cls, attack: str, store: Store, sweep_file: Path, workdir: Path) -> Shard:
        calls = expand(load(sweep_file)).stages()["attack"]
        call = next(call for call in calls if call.stage.label() == attack)
        tables = {role: refs for role, refs in call.inputs.items() if role != "student"}
        inputs = Inputs(
            checkpoints={"student": store.checkpoint(call.inputs["student"][0].key)},
            tables={role: [row for ref in refs for row in store.rows(ref)] for role, refs in tables.items()},
            keys={role: tuple(ref.key for ref in refs) for role, refs in call.inputs.items()},
        )
        return cls(call, inputs, workdir)

    def rows(self, machine: Machine) -> list[dict[str, Any]]:
        """What comes of it on a machine."""
        return [
            dataclasses.asdict(row) for row in self.call.stage.run(self.call.key, self.inputs, self.workdir, machine)
        ]


def test_rows_do_not_depend_on_who_is_attacked_beside_whom(
    serial_store: Store, sweep_file: Path, tmp_path: Path
) -> None:
    """On a real network."""
    shard = Shard.of("worst_case", serial_store, sweep_file, tmp_path)
    alone = shard.rows(Machine(in_flight=1, max_batch_tokens=1))
    assert any(row["verdict"] == Verdict.SUCCEEDED for row in alone)
    assert_equal_up_to_rounding(alone, shard.rows(Machine(in_flight=64)))


def test_answers_are_not_computed_again(
    serial_store: Store, sweep_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from robust_ray.models.victim import TransformerVictim

    computed = Counter[str]()
    launch = TransformerVictim.launch

    def count(self: TransformerVictim, encodings: Sequence[Encoding]) -> Callable[[], FloatArray]:
        computed["now"] += len(encodings)
        return launch(self, encodings)

    monkeypatch.setattr(TransformerVictim, "launch", count)

    def run(attack: str, answers: Path | None) -> tuple[list[dict[str, Any]], int]:
        computed.clear()
        rows = Shard.of(attack, serial_store, sweep_file, tmp_path).rows(Machine(answers=answers))
        return rows, computed["now"]

    wanted, all_of_them = run("worst_case", None)
    run("mhm", tmp_path / "answers")
    found, others = run("worst_case", tmp_path / "answers")
    again, none = run("worst_case", tmp_path / "answers")
    assert 0 < others < all_of_them
    assert none == 0
    assert_equal_up_to_rounding(wanted, found)
    assert again == found
