"""What a user meets first: lists, plans, and one sentence for every mistake."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
import yaml

from robust_ray.cli import main
from robust_ray.store import Store
from robust_ray.sweep_file import load

SWEEP = {
    "name": "case",
    "models": [{"type": "scratch_roberta"}],
    "tasks": [{"type": "defect_detection", "data": "embedded"}],
    "compressions": [{"type": "magnitude_pruning", "sparsity": 0.5}],
    "attacks": [{"type": "mhm"}],
}


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    path = tmp_path / "case.yaml"
    path.write_text(yaml.safe_dump(SWEEP | {"store": str(tmp_path / "store")}))
    return path


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence on standard error."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
    return captured.err


def test_list_names_every_component_with_fields_and_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    text = capsys.readouterr().out
    for word in (
        "defect_detection",
        "scratch_roberta",
        "magnitude_pruning",
        "mhm",
        "prediction_agreement",
        "sparsity: float (required)",
    ):
        assert word in text


def test_list_of_an_unknown_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean 'attack'?" in refused(capsys, "list", "atack")


def test_plan_counts_and_creates_nothing(sweep: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["plan", str(sweep), "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    stages = [call["stage"] for call in plan["calls"]]
    assert stages.count("finetune") == 1
    assert stages.count("compress") == 2
    assert stages.count("attack") == 2 * 4
    assert not (tmp_path / "store").exists()


def test_a_dry_run_is_a_plan(sweep: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["plan", str(sweep), "--price-gpu-hour", "2"]) == 0
    plan = capsys.readouterr().out
    assert "GPUs for over 0.00 at 2 an hour" in plan
    assert "`robust-ray run --pilot` runs one of each" in plan
    assert main(["run", str(sweep), "--dry-run", "--price-gpu-hour", "2"]) == 0
    assert capsys.readouterr().out == plan
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("atacks=[mhm]", "did you mean 'attacks'?"),
        ("attacks[0].type=wir_randon", "did you mean 'wir_random'?"),
        ("attacks[0].iteration=5", "did you mean 'iterations'?"),
        ("attacks[0].iterations=many", "a whole number is expected"),
        ("attacks[0].iterations=0", "iterations >= 1"),
        ("compressions[0].sparsity=1.5", "sparsity"),
        ("compressions[0]={type: magnitude_pruning}", "needs the field 'sparsity'"),
        ("models=[]", "nothing to do"),
        ("training.learning_rate=fast", "a number is expected"),
        ("examples.attack=0", "attack >= 1"),
        ("resources.atack.cpu=2", "did you mean 'attack'?"),
        ("resources.attack.cpu=-1", "cpu >= 0"),
        ("resources.attack.gpu=1.5", "must be whole"),
        ("tasks[0].data=/no/such/folder", "/no/such/folder"),
        ("name=a/b", "letters, digits"),
        ("nothing", "key=value"),
        ("attacks[7].iterations=5", "leads nowhere"),
        ("attacks[0].goal={type: targeted, label: 2}", "case.yaml: goal targeted: `label < 2` must hold"),
        ("attacks[0].goal=bleu_below", "case.yaml: goal bleu_below: the victim must write summaries"),
        ("seeds=0", "a list is expected"),
        ("seeds=[0, -1]", "`0 <= seeds[1] < 2**32` must hold, but got -1"),
        ("attacks=[null]", "case.yaml: attacks[0]: the attack must be a mapping"),
        ("resources.attack={cpu: 0}", "but got cpu 0 and gpu 0; correct them"),
        ("training={[1, 2]: 3}", "the value must be YAML"),
        ("training={1: 2}", "training has no field '1'"),
        ("training=" + "[" * 3000, "the value must be YAML"),
        ("store=''", "`store` must be a folder or an address, but it is empty"),
        ("models[0]={type: huggingface, name: /no/such/model}", "/no/such/model"),
    ],
)
def test_a_mistake_is_one_sentence_before_any_compute(
    sweep: Path, capsys: pytest.CaptureFixture[str], setting: str, sentence: str
) -> None:
    assert sentence in refused(capsys, "plan", str(sweep), "--set", setting)


@pytest.mark.parametrize(
    ("metric", "sentence"), [("robust_acuracy", "did you mean 'robust_accuracy'?"), ("bytes", "low < high")]
)
def test_a_search_is_checked_before_any_compute(
    sweep: Path, capsys: pytest.CaptureFixture[str], metric: str, sentence: str
) -> None:
    search = {
        "space": {"magnitude_pruning": {"sparsity": {"low": 0.9, "high": 0.1}}},
        "objectives": [{"metric": metric, "direction": "minimize"}],
    }
    for command in ("plan", "status", "run"):
        assert sentence in refused(capsys, command, str(sweep), "--set", f"search={json.dumps(search)}")


def test_the_same_key_twice_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "twice.yaml"
    path.write_text("name: a\nname: b\n")
    assert "line 2: the key 'name' stands twice" in refused(capsys, "plan", str(path))


def test_a_merged_key_may_be_overridden(sweep: Path) -> None:
    sweep.write_text("training: &base {epochs: 2}\n<<: {training: {<<: *base, epochs: 1}}\n" + sweep.read_text())
    training = load(sweep).training
    assert training is not None
    assert training.epochs == 2


def test_what_two_places_share_is_changed_in_one(sweep: Path) -> None:
    attacks = "[&mhm {type: mhm}, {type: worst_case, attacks: [*mhm]}]"
    sweep.write_text(yaml.safe_dump(SWEEP | {"attacks": None}).replace("null", attacks))
    alone, ensemble = load(sweep, ["attacks[0].query_budget=5"]).attacks
    assert (alone.query_budget, ensemble.parts[0].query_budget) == (5, None)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "must be a mapping of fields, but got nothing"),
        ("- a\n", "but got a list"),
        ("a: [\n", "must be YAML, but it is not (line 2: "),
        ("a:\n\tb: 1\n", "line 2: found character"),
        ("? [1, 2]\n: 3\n", "line 1: the key [1, 2] must be a text"),
        ("1: a\n", "a sweep has no field '1'"),
        ("a: " + "[" * 3000, "must be YAML"),
        ("a: &a [*a]\n", "must be YAML"),
        ("name: a\n", "a sweep needs the field 'models', but it is not given; add it"),
    ],
)
def test_a_file_that_is_no_sweep(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, sentence: str) -> None:
    (tmp_path / "case.yaml").write_text(text)
    assert sentence in refused(capsys, "plan", str(tmp_path / "case.yaml"))


def test_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "cannot be read" in refused(capsys, "plan", str(tmp_path / "none.yaml"))


def test_an_unreadable_data_row_is_named_before_any_compute(
    sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for split in ("train", "valid", "test"):
        good = {"idx": 1, "target": 1, "func": "int f(int a) { return a; }"}
        (data / f"{split}.jsonl").write_text(json.dumps(good) + "\n" + ("{broken\n" if split == "test" else ""))
    setting = f"tasks=[{{type: defect_detection, data: {data}}}]"
    sentence = refused(capsys, "run", str(sweep), "--on", "serial", "--set", setting)
    assert "test.jsonl" in sentence
    assert "2" in sentence
    assert not any((tmp_path / "store" / "tables").glob("runs/*"))


def test_a_store_that_is_a_file(sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "store").write_text("")
    assert "the store must be readable and writable" in refused(capsys, "run", str(sweep))


def test_a_machine_that_refuses_is_one_sentence(
    sweep: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "robust_ray.watching.planned.expand", Mock(side_effect=OSError(28, "No space left on device", "/tmp/x"))
    )
    assert "No space left on device: '/tmp/x'" in refused(capsys, "plan", str(sweep))


def test_interrupted(sweep: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("robust_ray.runner.run", Mock(side_effect=KeyboardInterrupt))
    assert main(["run", str(sweep)]) == 130
    assert "the same command goes on from there" in capsys.readouterr().err


def test_a_store_of_a_newer_version_is_refused(sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "FORMAT").write_text('{"format": 99}')
    assert "upgrade robust-ray" in refused(capsys, "run", str(sweep))


def test_status_without_a_store_counts_everything_as_missing(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", str(sweep)]) == 1
    assert "0 of" in capsys.readouterr().out


def test_status_of_one_axis_and_for_programs(sweep: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", str(sweep), "--by", "compression"]) == 1
    assert "magnitude_pruning" in capsys.readouterr().out
    assert main(["status", str(sweep), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["running"] == {}


def test_the_log_of_a_call_that_was_never_tried(
    sweep: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "a store must lie there" in refused(capsys, "status", str(sweep), "--log", "attack-mhm")
    Store.open(str(tmp_path / "store"))
    assert "but got 'attack-mhm'" in refused(capsys, "status", str(sweep), "--log", "attack-mhm")


def test_doctor_examines_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    assert "torch" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["list"], ["plan", "sweeps/quickstart.yaml"]])
def test_quick_commands_load_no_heavy_package(command: list[str]) -> None:
    """A laptop without a GPU stack should answer in about a second."""
    program = (
        "import sys; from robust_ray.cli import main; main(sys.argv[1:]);"
        "heavy = {'torch', 'transformers', 'ray', 'optuna', 'textattack'} & set(sys.modules); assert not heavy, heavy"
    )
    root = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-c", program, *command], cwd=root, check=True, capture_output=True)


@pytest.mark.parametrize("file", sorted(Path(__file__).parents[1].glob("sweeps/*.yaml")), ids=lambda path: path.name)
def test_shipped_sweeps_can_be_planned(file: Path, tmp_path: Path) -> None:
    assert main(["plan", str(file), "--store", str(tmp_path)]) == 0
    opening = file.read_text().splitlines()[:3]
    assert [line.split(":")[0] for line in opening] == ["# Question", "# Run", "# Cost"]


def test_the_small_variation_of_metacompress_can_be_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As its opening comment spells it."""
    root = Path(__file__).parents[1]
    lines = (root / "sweeps" / "metacompress.yaml").read_text().splitlines()
    comment = " ".join(line.lstrip("# ") for line in lines if line.startswith("#"))
    words = shlex.split(comment[comment.index("robust-ray run sweeps/metacompress.yaml --store small") :])
    monkeypatch.chdir(tmp_path)
    assert main(["plan", str(root / words[2]), *words[3:]]) == 0
    assert " sample 12 0 12 " in " ".join(capsys.readouterr().out.split())


def test_every_sweep_field_is_documented() -> None:
    import dataclasses

    from robust_ray.models import Training
    from robust_ray.search import Search
    from robust_ray.sweep import Examples, Sweep

    text = (Path(__file__).parents[1] / "sweeps" / "README.md").read_text()
    for part in (Sweep, Examples, Search, Training):
        for field in dataclasses.fields(part):
            assert f"`{field.name}`" in text, field.name


def test_every_sweep_and_benchmark_is_named_where_one_looks_for_them() -> None:
    root = Path(__file__).parents[1]
    readme, sweeps = (root / "README.md").read_text(), (root / "sweeps" / "README.md").read_text()
    for file in root.glob("sweeps/*.yaml"):
        assert f"[{file.name}]({file.name})" in sweeps
    for file in root.glob("benchmarks/*.py"):
        assert f"python benchmarks/{file.name}" in readme or '__name__ == "__main__"' not in file.read_text()


def test_the_command_is_installed() -> None:
    assert shutil.which("robust-ray", path=str(Path(sys.executable).parent))
