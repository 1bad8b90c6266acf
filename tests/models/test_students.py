"""A checkpoint holds everything: what is loaded answers as what was saved, to the bit, in another process too."""

from __future__ import annotations

import json
import subprocess
import sys
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robust_ray.core.errors import CorruptedError, ModelError
from robust_ray.core.examples import Example
from robust_ray.models.students import Network, alter, load, save
from robust_ray.models.training import logits
from robust_ray.models.victim import TransformerVictim
from tests.models.conftest import CPU, toy

pytestmark = pytest.mark.torch

PER_CHANNEL = {"type": "int8_dynamic", "per_channel": True}
PER_TENSOR = {"type": "int8_dynamic", "per_channel": False}

ASK = """
import json, sys
from pathlib import Path
import numpy as np
from robust_ray.core.machine import Machine
from robust_ray.models.students import load_victim
inputs = [tuple(segments) for segments in json.loads(sys.argv[1])]
for folder in map(Path, sys.argv[2:]):
    victim = load_victim(folder, Machine(threads=1))
    np.save(folder / "answers.npy", np.concatenate([victim.predict(victim.encode([one])) for one in inputs]))
"""


def test_round_trip_is_bit_identical(any_network: tuple[Network, list[Example]], tmp_path: Path) -> None:
    network, examples = any_network
    save(network, tmp_path / "student")
    again = load(tmp_path / "student")
    np.testing.assert_array_equal(logits(network, examples, CPU), logits(again, examples, CPU))
    assert replace(again, module=network.module, tokenizer=network.tokenizer) == network


def test_a_fresh_process_answers_the_same_bits(tiny: Network, tmp_path: Path) -> None:
    students = {
        "fp32": tiny,
        "per_tensor": alter(replace(tiny, module=deepcopy(tiny.module)), PER_TENSOR),
        "per_channel": alter(replace(tiny, module=deepcopy(tiny.module)), PER_CHANNEL),
    }
    for name, network in students.items():
        save(network, tmp_path / name)
    inputs = [example.segments for example in toy(5)]
    folders = [str(tmp_path / name) for name in students]
    subprocess.run([sys.executable, "-c", ASK, json.dumps(inputs), *folders], check=True)
    for name, network in students.items():
        victim = TransformerVictim(network=network, device="cpu", threads=1)
        here = np.concatenate([victim.predict(victim.encode([one])) for one in inputs])
        np.testing.assert_array_equal(here, np.load(tmp_path / name / "answers.npy"))


def test_the_checkpoint_holds_no_pickle(tiny: Network, tmp_path: Path) -> None:
    save(tiny, tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} <= {".json", ".safetensors", ".txt"}


def test_tied_weights_are_stored_once_and_stay_tied(tiny: Network, tmp_path: Path) -> None:
    attention = tiny.module.get_submodule("body.encoder.layer.0.attention.self")
    attention.get_submodule("key").weight = attention.get_parameter("query.weight")
    save(tiny, tmp_path / "tied")
    again = load(tmp_path / "tied")
    np.testing.assert_array_equal(logits(tiny, toy(5), CPU), logits(again, toy(5), CPU))


def test_alterations_are_remembered_in_order(tiny: Network, tmp_path: Path) -> None:
    save(alter(tiny, PER_CHANNEL), tmp_path)
    again = load(tmp_path)
    assert again.alterations == (PER_CHANNEL,)
    assert not again.batch_invariant
    assert again.inference_only
    assert again.cpu_only


def test_an_int8_copy_answers_alike(tiny: Network) -> None:
    int8 = alter(tiny, PER_CHANNEL)
    logits(int8, toy(5), CPU)
    twin = replace(int8, module=deepcopy(int8.module))
    np.testing.assert_array_equal(logits(int8, toy(5), CPU), logits(twin, toy(5), CPU))


def test_missing_files_are_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"a checkpoint must hold 'architecture.json', but it is missing"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["architecture.json", "model.safetensors"])
def test_damaged_files_are_corrupted(tiny: Network, tmp_path: Path, name: str) -> None:
    save(tiny, tmp_path)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:100])
    with pytest.raises(CorruptedError, match=r"a checkpoint must be readable, but got .*; make it anew"):
        load(tmp_path)


def test_weights_of_another_network_are_corrupted(tiny: Network, tmp_path: Path) -> None:
    save(tiny, tmp_path)
    save(alter(tiny, PER_TENSOR), tmp_path / "int8")
    (tmp_path / "int8" / "model.safetensors").replace(tmp_path / "model.safetensors")
    with pytest.raises(CorruptedError, match="a checkpoint must be readable"):
        load(tmp_path)


def test_unknown_alterations_and_architectures_are_named(tiny: Network, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"alteration 'int8_dynamik' does not exist; did you mean 'int8_dynamic'"):
        alter(tiny, {"type": "int8_dynamik"})
    save(replace(tiny, architecture={"type": "segment_robert"}), tmp_path)
    with pytest.raises(ModelError, match="'segment_robert' does not exist; did you mean 'segment_roberta'"):
        load(tmp_path)
