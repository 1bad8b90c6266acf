"""What a file, a store, a name or a model from somewhere else cannot do to whoever opens it.

Each is tried for real. Elsewhere: code in a file of weights is not run (``models/importing/test_refusals.py``),
programs under attack run in a sandbox (``source/test_execution.py``).
"""

from __future__ import annotations

import ast
import io
import json
import os
import pickle
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from analysis import report
from robust_ray.cli import main
from robust_ray.core.call import Ref
from robust_ray.core.component import load_plugins
from robust_ray.core.errors import CorruptedError, ModelError, StoreError, SweepError
from robust_ray.core.language_model import LANGUAGE_MODELS
from robust_ray.core.records import Record, RunRecord, SubstituteRecord
from robust_ray.dispatch import Settings, serial
from robust_ray.models import MODELS, HuggingFace, ScratchRoberta
from robust_ray.store import Store
from robust_ray.store.results import schema
from robust_ray.sweep_file import load
from tests.analysis.synthetic import tables, write
from tests.dispatch.fakes import Break, call, row, small_plan
from tests.fakes import BagOfNames, asks, examples
from tests.store.conftest import filled

ROOT = Path(__file__).parents[1]
MODULES = [path for room in ("robust_ray", "analysis") for path in sorted((ROOT / room).rglob("*.py"))]
LOADERS = ("pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve")
RUN = re.compile(rf"({'|'.join(LOADERS)})\.(loads?|open|Unpickler)|yaml\.(unsafe|full)_load|\w+\.read_pickle|eval|exec")
UNLESS = {"torch.load": "weights_only=True", "yaml.load": "Loader=_UniqueKeyLoader"}
EVIL = {"AutoConfig": "configuration_evil.EvilConfig", "AutoModel": "modeling_evil.EvilModel"}
OUTSIDE = ("../evil", "a/../../evil", "..", "/tmp/../evil")


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file that exists once an attack has succeeded."""
    return tmp_path / "attacked"


@pytest.fixture
def payload(mark: Path) -> bytes:
    """A pickle that makes it."""

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (mark,)

    return pickle.dumps(Evil())


class TestYaml:
    @pytest.mark.parametrize("tag", ["object/apply", "object/new", "name"])
    def test_makes_no_objects(self, tag: str, mark: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        evil = f"!!python/{tag}:os.mkdir ['{mark}']" if tag != "name" else "!!python/name:os.system"
        file = tmp_path / "evil.yaml"
        file.write_text(f"name: {evil}\n")
        assert main(["plan", str(file)]) == 2
        assert re.search(
            r"evil.yaml: the file must be YAML, but it is not \(line 1: .*; correct it", capsys.readouterr().err
        )
        file.write_text("{name: x, models: [scratch_roberta], tasks: [defect_detection]}")
        with pytest.raises(SweepError, match="the value must be YAML"):
            load(file, [f"name={evil}"])
        assert main(["inspect", f"{{type: {evil}}}"]) == 2
        assert not mark.exists()


class TestNames:
    @pytest.mark.parametrize("name", [*OUTSIDE, "a/b", ".hidden", ""])
    def test_of_sweeps_are_words(self, name: str, tmp_path: Path) -> None:
        file = tmp_path / "sweep.yaml"
        file.write_text(yaml.safe_dump({"name": name, "models": ["scratch_roberta"], "tasks": ["defect_detection"]}))
        with pytest.raises(SweepError, match=r"`name` must be letters, digits, '-' and '_', but got"):
            load(file)

    @pytest.mark.parametrize("name", OUTSIDE)
    def test_do_not_lead_out_of_the_store(self, name: str, tmp_path: Path) -> None:
        """Not as a key, an attempt, a plan or a folder; nor as an example's uid, which is no name of a file at all."""
        place, workdir = tmp_path / "deep" / "store", tmp_path / "work"
        workdir.mkdir()
        (workdir / "weights").touch()
        store, ref = Store.open(str(place)), Ref(name, SubstituteRecord.table)
        rows = [replace(row(ref.key, name, 0), uid=name, identifier=name)]
        tries: list[Callable[[], object]] = [
            lambda: store.put_rows(ref, rows, {}, SubstituteRecord),
            lambda: store.put_checkpoint(name, workdir, {}),
            lambda: store.put_run(filled(RunRecord, key="key", attempt=name)),  # type: ignore[arg-type]
            lambda: store.put_plan(name, {"keys": []}),
            lambda: store.journal(name).take_up(),
        ]
        for attempt in tries:
            with suppress(StoreError):
                attempt()
        assert {path for path in tmp_path.rglob("*") if place not in path.parents} == {
            *(place, place.parent, workdir, workdir / "weights")
        }
        assert place.is_dir()

    def test_outside_the_store_are_refused(self, tmp_path: Path) -> None:
        store = Store.open(str(tmp_path / "store"))
        for ref in (Ref("../../evil", None), Ref("../../evil", "attacks")):
            with pytest.raises(StoreError, match=r"a name must lie in the store, but got '.*evil.*'; choose another"):
                store.has(ref)

    @pytest.mark.parametrize("name", ["../../secret", "/etc/passwd"])
    @pytest.mark.parametrize("place", ["attempt", "files"])
    def test_in_a_manifest_do_not_lead_out_of_the_checkpoint(self, name: str, place: str, tmp_path: Path) -> None:
        store, workdir = Store.open(str(tmp_path / "store")), tmp_path / "work"
        workdir.mkdir()
        (workdir / "weights").touch()
        store.put_checkpoint("key", workdir, {})
        manifest = tmp_path / "store" / "checkpoints" / "key" / "manifest.json"
        document = json.loads(manifest.read_text())
        files = {name: document["files"]["weights"]}
        document |= {"attempt": name} if place == "attempt" else {"files": files}
        manifest.write_text(json.dumps(document))
        with pytest.raises(CorruptedError, match="lies outside the checkpoint"):
            store.checkpoint("key")


class TestPickles:
    def test_are_loaded_nowhere(self) -> None:
        """Nor is any text run as code, but for programs under attack, in their sandbox."""
        found = {(path.relative_to(ROOT).as_posix(), what) for path in MODULES for what in unsafe(path.read_text())}
        assert found == {("robust_ray/sandbox/__main__.py", "exec")}

    @pytest.mark.parametrize(
        ("code", "what"),
        [
            ("pickle.load(f)", "pickle.load"),
            ("import pickle as p", "import pickle"),
            ("from pickle import loads", "from pickle"),
            ("torch.load(f)", "torch.load"),
            ("torch.load(f, weights_only=False)", "torch.load"),
            ("np.load(f, allow_pickle=True)", "np.load"),
            ("pd.read_pickle(f)", "pd.read_pickle"),
            ("yaml.load(f, Loader=yaml.Loader)", "yaml.load"),
            ("yaml.unsafe_load(f)", "yaml.unsafe_load"),
            ("eval(text)", "eval"),
        ],
    )
    def test_would_be_found(self, code: str, what: str) -> None:
        assert list(unsafe(code)) == [what]

    def test_in_place_of_rows_are_corruption(self, payload: bytes, mark: Path, tmp_path: Path) -> None:
        store, ref = Store.open(str(tmp_path / "store")), Ref("key", SubstituteRecord.table)
        place = tmp_path / "store" / "tables" / "substitutes" / "key.parquet"
        place.parent.mkdir(parents=True)
        place.write_bytes(payload)
        with pytest.raises(CorruptedError, match="a whole Parquet file must lie there"):
            store.rows(ref)
        place.write_bytes(extension(payload))
        assert store.rows(ref) == []
        assert not mark.exists()

    @pytest.mark.torch
    def test_in_place_of_a_checkpoint_are_refused(self, payload: bytes, mark: Path, tmp_path: Path) -> None:
        from robust_ray.models import students

        tiny = ScratchRoberta(vocabulary=320, layers=1, hidden=16, heads=2, intermediate=32, max_length=48)
        network = tiny.load(examples(BagOfNames()), asks(), 0, tmp_path)
        for name in ("model.safetensors", "tokenizer.json", "tokenizer_config.json", "architecture.json"):
            students.save(network, tmp_path / name)
            files = {path.name: path for path in (tmp_path / name).iterdir()}
            if name in files:
                files[name].write_bytes(payload)
                with pytest.raises(Exception):  # noqa: B017, PT011  # tokenizers raises nothing narrower
                    students.load(tmp_path / name)
        assert not mark.exists()


class TestCodeThatComesWithAModel:
    def test_is_run_by_none_unless_asked(self) -> None:
        load_plugins()
        asked = {
            (name, field.default)
            for registry in (MODELS, LANGUAGE_MODELS)
            for name, cls in registry.items()
            for field in fields(cls)
            if field.name == "trust_remote_code"
        }
        assert asked
        assert {default for _, default in asked} == {False}
        trusts = re.compile(r"trust_remote_code\W+(bool\W+)?True")
        trusting = [path.name for path in MODULES if trusts.search(path.read_text())]
        assert trusting == []

    @pytest.mark.torch
    def test_is_not_run(self, mark: Path, tmp_path: Path) -> None:
        folder = evil_model(tmp_path, mark)
        with pytest.raises(ModelError):
            HuggingFace(name=str(folder)).load([], asks(), 0, tmp_path)
        assert not mark.exists()

    @pytest.mark.torch
    @pytest.mark.parametrize("agrees", [None, "0", "true", "1"])
    def test_is_run_only_where_the_machine_agrees(
        self, agrees: str | None, mark: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_agreement(monkeypatch, agrees, tmp_path)
        asking = HuggingFace(name=str(evil_model(tmp_path, mark)), trust_remote_code=True)
        refused = r"model 'huggingface': the code that comes with a model must be trusted where it runs, but .*; set it"
        with pytest.raises(ModelError, match="must be a model of transformers" if agrees == "1" else refused):
            asking.load([], asks(), 0, tmp_path)
        assert mark.exists() == (agrees == "1")

    @pytest.mark.torch
    @pytest.mark.parametrize("asked", [True, 1, "yes", None])
    @pytest.mark.parametrize("place", ["network", "tokenizer"])
    def test_is_not_run_because_a_checkpoint_says_so(
        self, place: str, asked: Any, mark: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever can write to a store can write that; it would be run on a machine that agrees."""
        from robust_ray.models import students

        student = evil_checkpoint(tmp_path, mark, place, asked)
        set_agreement(monkeypatch, None, tmp_path)
        with pytest.raises(ModelError, match=r"student: .* must be trusted where it runs, but .* is not 1 on"):
            students.load(student)
        assert not mark.exists()
        if asked is True:
            set_agreement(monkeypatch, "1", tmp_path)
            with pytest.raises(Exception):  # noqa: B017, PT011  # there is a mark and no network
                students.load(student)
            assert mark.exists()


class TestReport:
    def test_shows_what_a_store_says_as_text(self, tmp_path: Path) -> None:
        """Programs, but also names and errors, in tables and in the data of charts."""
        evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
        texts = {"model", "compression", "attack", "relation", "error", "device", "uid", "original", "adversarial"}

        def poisoned(row: Record) -> Record:
            values = {name: getattr(row, name) for name in texts & {field.name for field in fields(row)}}
            return replace(row, **{name: text + evil for name, text in values.items() if text is not None})

        write(tmp_path, {ref: [poisoned(row) for row in rows] for ref, rows in tables().items()})
        assert report.main(["--store", str(tmp_path)]) == 0
        html = (tmp_path / "report.html").read_text()
        assert html.count("alert(1)") > 10
        assert "<script>alert" not in html
        assert "<img src=x" not in html


class TestSecrets:
    @pytest.mark.parametrize(
        "uri",
        [
            "s3://AKIAKEY:hush-hush@bucket/folder",
            "s3://bucket/folder?secret_key=hush-hush",
            "s3://bucket/folder?session_token=hush-hush",
            "gs://user:hush-hush@bucket/folder",
            "hdfs://user:hush-hush@host/folder",
        ],
    )
    def test_in_an_address_are_refused_and_not_repeated(
        self, uri: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        file = tmp_path / "sweep.yaml"
        file.write_text("{name: x, models: [scratch_roberta], tasks: [defect_detection]}")
        for command in ("run", "plan", "status"):
            assert main([command, str(file), "--store", uri]) == 2
            said = "".join(capsys.readouterr())
            assert "an address must hold no credentials" in said
            assert "hush-hush" not in said

    def test_in_the_environment_leave_no_trace(
        self, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Neither what is stored, failures with their tracebacks included, nor what is said or left to work with."""
        monkeypatch.setenv("ROBUST_RAY_WORK", str(tmp_path / "work"))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.setenv("HF_TOKEN", "hf_hush-hush")
        secrets = [os.environ["AWS_SECRET_ACCESS_KEY"], os.environ["AWS_ACCESS_KEY_ID"], "hf_hush-hush"]
        store = Store.open(bucket)
        serial.run([*small_plan(), call(Break(marks=str(tmp_path)))], store, Settings())
        with pytest.raises(StoreError) as refused:
            Store.open("s3://no-such-bucket/folder")
        monkeypatch.undo()
        files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        texts = [str(run) for run in store.runs()] + [str(refused.value), *capfd.readouterr(), repr(store)]
        stored = [store._files.read(entry.path) for entry in store._files.list("", recursive=True)]
        assert len(stored) > 20
        for content in [*files, *stored, *(text.encode() for text in texts)]:
            assert not any(secret.encode() in content for secret in secrets)


def evil_model(folder: Path, mark: Path) -> Path:
    """A model whose code makes a file, in a folder in the hub's layout."""
    model = folder / "model"
    model.mkdir()
    for name in ("configuration_evil", "modeling_evil", "tokenization_evil"):
        (model / f"{name}.py").write_text(f"import pathlib\npathlib.Path({str(mark)!r}).touch()\n")
    places = EVIL | {"AutoTokenizer": ["tokenization_evil.EvilTokenizer", None]}
    (model / "config.json").write_text(json.dumps({"model_type": "evil", "auto_map": places}))
    (model / "tokenizer_config.json").write_text(json.dumps({"auto_map": places}))
    return model


def evil_checkpoint(folder: Path, mark: Path, place: str, asked: Any) -> Path:
    """A checkpoint that has its network or its tokenizer made by the code of such a model."""
    from robust_ray.models import students

    evil, student = evil_model(folder, mark), folder / "student"
    tiny = ScratchRoberta(vocabulary=320, layers=1, hidden=16, heads=2, intermediate=32, max_length=48)
    students.save(tiny.load(examples(BagOfNames()), asks(), 0, folder), student)
    description = json.loads((student / students.DESCRIPTION).read_text())
    description["architecture"]["trust_remote_code"] = asked
    if place == "network":
        places = {kind: f"{evil}--{name}" for kind, name in EVIL.items()}
        description["architecture"] |= {"type": "huggingface", "config": {"model_type": "evil", "auto_map": places}}
    else:
        tokenizer = json.loads((student / "tokenizer_config.json").read_text())
        tokenizer |= {"auto_map": {"AutoTokenizer": [f"{evil}--tokenization_evil.EvilTokenizer", None]}}
        (student / "tokenizer_config.json").write_text(json.dumps(tokenizer | {"tokenizer_class": "EvilTokenizer"}))
    (student / students.DESCRIPTION).write_text(json.dumps(description))
    return student


def set_agreement(monkeypatch: pytest.MonkeyPatch, agrees: str | None, folder: Path) -> None:
    """Say, or do not say, that this machine trusts the code of models; copies of it go to a folder."""
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(folder / "modules"))
    if agrees is None:
        monkeypatch.delenv("ROBUST_RAY_TRUST_REMOTE_CODE", raising=False)
    else:
        monkeypatch.setenv("ROBUST_RAY_TRUST_REMOTE_CODE", agrees)


def unsafe(code: str) -> Iterator[str]:
    """Calls that run what they read, and imports that would hide them."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and str(node.module) in LOADERS:
            yield f"from {node.module}"
        elif isinstance(node, ast.Import):
            yield from (f"import {alias.name}" for alias in node.names if alias.name in LOADERS and alias.asname)
        elif isinstance(node, ast.Call):
            called, options = ast.unparse(node.func), {ast.unparse(keyword) for keyword in node.keywords}
            lacks = called in UNLESS and UNLESS[called] not in options
            if RUN.fullmatch(called) or lacks or "allow_pickle=True" in options:
                yield called


def extension(payload: bytes) -> bytes:
    """Parquet whose schema asks the reader to unpickle a type, as old versions of Arrow did."""
    wanted = schema(SubstituteRecord)
    asks_for = {b"ARROW:extension:name": b"arrow.py_extension_type", b"ARROW:extension:metadata": payload}
    columns = [field.with_metadata(asks_for) for field in wanted]
    sink = io.BytesIO()
    pq.write_table(pa.schema(columns).empty_table(), sink)
    return sink.getvalue()
