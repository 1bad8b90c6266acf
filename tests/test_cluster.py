"""The cluster file is one that ``ray up`` of the pinned Ray accepts, opens nothing, and holds no secret.

So are the ways onto other clusters that the README shows.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.two_hosts import on_premises

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "cluster.yaml").read_text()
README = (ROOT / "README.md").read_text()
CLOUD: dict[str, Any] = yaml.safe_load(TEXT)
ON_PREMISES = on_premises(TEXT)
BOTH = pytest.mark.parametrize("cluster", [CLOUD, ON_PREMISES], ids=["cloud", "on-premises"])


def block(language: str, word: str) -> str:
    """The code block of the README in a language that holds a word."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    (found,) = (block for block in blocks if word in block)
    return str(found)


@BOTH
def test_ray_accepts_it(cluster: dict[str, Any]) -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    whole = prepare_config(cluster)
    validate_config(whole)
    assert whole["head_node_type"] in whole["available_node_types"]


def test_the_other_half_has_nothing_of_the_cloud() -> None:
    assert ON_PREMISES["provider"] == {
        "type": "local",
        "head_ip": "YOUR-HEAD",
        "worker_ips": ["YOUR-FIRST-WORKER", "YOUR-SECOND-WORKER"],
    }
    assert ON_PREMISES.keys() - CLOUD.keys() == set()
    assert CLOUD.keys() - ON_PREMISES.keys() == {"docker", "available_node_types", "head_node_type", "max_workers"}


@BOTH
def test_the_head_takes_no_call(cluster: dict[str, Any]) -> None:
    assert "--num-cpus=0 --num-gpus=0 " in cluster["head_start_ray_commands"][-1]


def test_workers_have_gpus_and_may_be_taken_away() -> None:
    nodes = CLOUD["available_node_types"]
    assert nodes["head"]["resources"] == {"CPU": 0}
    assert nodes["gpu_worker"]["resources"]["GPU"] == 1
    assert nodes["gpu_worker"]["max_workers"] <= CLOUD["max_workers"]
    assert nodes["gpu_worker"]["node_config"]["InstanceMarketOptions"] == {"MarketType": "spot"}


@BOTH
def test_nobody_gets_in_without_the_token(cluster: dict[str, Any]) -> None:
    assert cluster["file_mounts"]["~/.ray/auth_token"] == "~/.ray/auth_token"
    for kind in ("head", "worker"):
        assert "RAY_AUTH_MODE=token ray start " in cluster[f"{kind}_start_ray_commands"][-1]


@BOTH
def test_the_dashboard_is_for_the_head_alone(cluster: dict[str, Any]) -> None:
    assert "--dashboard-host=127.0.0.1 " in cluster["head_start_ray_commands"][-1]
    assert "0.0.0.0" not in str(cluster)


def test_no_key_stands_in_it() -> None:
    assert not re.search(r"AKIA|aws_credentials|AWS_\w*KEY|access_key|secret", TEXT)


@pytest.fixture
def ec2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A cloud of make-believe, with what the file asks its reader to make."""
    import boto3
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    monkeypatch.setenv("HOME", str(tmp_path))  # Ray puts the key of the machines it makes there
    (tmp_path / ".ssh").mkdir()
    cloud = mock_aws()
    cloud.start(reset=False)  # what is kept for a server of this process stays: other tests' buckets
    try:
        iam = boto3.client("iam")
        for name in ("YOUR-HEAD-PROFILE", "YOUR-WORKER-PROFILE"):
            iam.create_instance_profile(InstanceProfileName=name)
        yield boto3.client("ec2", region_name=CLOUD["provider"]["region"])
    finally:
        cloud.stop(remove_data=False)


def test_the_cloud_makes_what_it_asks_for(ec2: Any) -> None:
    """Ray's own provider before an imitation of EC2: roles, spot, and a security group that Ray adds no door to."""
    from ray.autoscaler._private.aws.node_provider import AWSNodeProvider
    from ray.autoscaler._private.util import prepare_config
    from ray.autoscaler.tags import TAG_RAY_NODE_KIND, TAG_RAY_USER_NODE_TYPE

    network = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = ec2.create_security_group(GroupName="ours", Description="ours", VpcId=network)["GroupId"]
    config = AWSNodeProvider.bootstrap_config(prepare_config(yaml.safe_load(TEXT.replace("sg-YOUR-GROUP", group))))
    provider = AWSNodeProvider(config["provider"], config["cluster_name"])
    for kind, name in (("head", "head"), ("worker", "gpu_worker")):
        node = config["available_node_types"][name]["node_config"]
        provider.create_node(node, {TAG_RAY_NODE_KIND: kind, TAG_RAY_USER_NODE_TYPE: name}, 1)

    made = {
        machine["InstanceType"]: machine
        for reservation in ec2.describe_instances()["Reservations"]
        for machine in reservation["Instances"]
    }
    head, worker = made["m5.2xlarge"], made["g5.2xlarge"]
    assert head["IamInstanceProfile"]["Arn"].endswith("/YOUR-HEAD-PROFILE")
    assert worker["IamInstanceProfile"]["Arn"].endswith("/YOUR-WORKER-PROFILE")
    assert worker["InstanceLifecycle"] == "spot"
    for machine in (head, worker):
        assert [each["GroupId"] for each in machine["SecurityGroups"]] == [group]
    assert ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"] == []


def test_its_ray_is_the_pinned_one() -> None:
    pinned = re.search(r"^ray==(.+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert pinned is not None
    for image in (CLOUD["docker"]["image"], CLOUD["docker"]["head_image"]):
        assert f":{pinned[1]}-" in image
    assert block("yaml", "kind: RayJob").count(pinned[1]) == 1


def test_the_lines_in_the_readme_are_those_in_the_file() -> None:
    commands = re.findall(r"^#   ((?:ray|pip) .*?)(?:  +#.*)?$", TEXT, re.MULTILINE)
    assert len(commands) == 4
    assert all(command in README for command in commands)


def test_the_batch_script_is_one() -> None:
    script = block("bash", "#SBATCH")
    assert script.startswith("#!/bin/bash\n")
    assert "export RAY_AUTH_MODE=token" in script
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize("nodes", [1, 4])
def test_the_batch_script_takes_what_it_was_given_of_each_node(nodes: int, tmp_path: Path) -> None:
    """Before an imitation of SLURM and Ray, which write down what they are asked."""
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "activate").touch()
    ask = 'for name in ray srun robust-ray; do eval "$name() { echo $name \\$@ >> asked; }"; done\n'
    imitation = ask + "hostname() { echo here; }\n"
    slurm = {"SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "16", "SLURM_GPUS_ON_NODE": "1", "SLURM_NNODES": str(nodes)}
    script = imitation + block("bash", "#SBATCH") + "wait\n"
    subprocess.run(["bash"], input=script, text=True, check=True, cwd=tmp_path, env={"HOME": "/home/me", **slurm})
    asked = (tmp_path / "asked").read_text().splitlines()
    starts = [line for line in asked if " start " in line]
    assert len(starts) == 1 + (nodes > 1)
    assert all("--num-cpus=16 --num-gpus=1 " in line for line in starts)
    assert [line for line in asked if line.startswith("srun ")] == [
        f"srun --nodes={nodes - 1} --ntasks={nodes - 1} --cpus-per-task=16 --exclude=here"
        " ray start --address=here:20007 --num-cpus=16 --num-gpus=1 --block"
    ] * (nodes > 1)


def test_the_manifest_is_one() -> None:
    job = yaml.safe_load(block("yaml", "kind: RayJob"))
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    spec = job["spec"]
    assert spec["entrypoint"].startswith("robust-ray run sweeps/")
    assert spec["shutdownAfterJobFinishes"] is True
    cluster = spec["rayClusterSpec"]
    assert cluster["authOptions"] == {"mode": "token"}
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    (workers,) = cluster["workerGroupSpecs"]
    assert workers["groupName"]
    assert workers["minReplicas"] <= workers["replicas"] <= workers["maxReplicas"]
    for group in (cluster["headGroupSpec"], workers):
        pod = group["template"]["spec"]
        assert pod["serviceAccountName"] == "YOUR-SERVICE-ACCOUNT"
        assert all({"name", "image", "resources"} <= container.keys() for container in pod["containers"])
        assert "env" not in str(pod)
    limits = workers["template"]["spec"]["containers"][0]["resources"]["limits"]
    assert limits["nvidia.com/gpu"] == 1
