"""The cluster file is one that ``ray up`` of the pinned Ray accepts, and its commands are those of this project."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import yaml

ROOT = Path(__file__).parents[1]
CLUSTER = yaml.safe_load((ROOT / "cluster.yaml").read_text())


def test_ray_accepts_it() -> None:
    import ray.autoscaler

    schema = json.loads((Path(ray.autoscaler.__file__).parent / "ray-schema.json").read_text())
    jsonschema.validate(CLUSTER, schema)
    assert CLUSTER["head_node_type"] in CLUSTER["available_node_types"]


def test_the_head_takes_no_work_and_workers_have_gpus() -> None:
    nodes = CLUSTER["available_node_types"]
    assert nodes["head"]["resources"] == {"CPU": 0}
    assert nodes["gpu_worker"]["resources"]["GPU"] == 1
    assert nodes["gpu_worker"]["max_workers"] <= CLUSTER["max_workers"]


def test_its_ray_is_the_pinned_one() -> None:
    pinned = re.search(r"^ray==(.+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert pinned is not None
    for image in (CLUSTER["docker"]["image"], CLUSTER["docker"]["head_image"]):
        assert f":{pinned[1]}-" in image


def test_the_line_in_the_readme_is_the_one_in_the_file() -> None:
    command = re.search(r"ray exec cluster.yaml '.*'", (ROOT / "README.md").read_text())
    assert command is not None
    assert command[0] in (ROOT / "cluster.yaml").read_text()
