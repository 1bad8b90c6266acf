"""A cluster of two hosts without a cloud: a real ``ray up`` over ssh, a sweep, and ``ray down``.

Run: ``python benchmarks/two_hosts.py`` as root on Linux, with ``sshd``, ``ip``, ``rsync`` and ``unshare`` (a few
minutes on two cores). Nothing leaves the machine: a laptop, a head and a worker are namespaces with their own network,
processes, ``/tmp`` and home folder, joined by a bridge that only they see. They share the disk, and with it the Python
that runs this.

What is driven is the on-premises part of ``cluster.yaml`` with their addresses. Only its ``setup_commands`` are
replaced, because there is no network to install from: the checkout that ``ray up`` has copied is put before the
installed one.

What is checked, one line each:

- ``ray up`` starts the cluster; ``ray exec … robust-ray run … --address auto`` writes every row, and so does ``ray job
  submit`` through ``ray dashboard``
- no call ran on the head, and the rows are those of ``--on serial``
- without the token, or with another, nobody is let in; the dashboard does not listen for the world
- ``ray down`` leaves no process of Ray on either host
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ("curl", "ip", "nsenter", "rsync", "ssh", "ssh-keygen", "sshd", "unshare")
SWEEP: dict[str, Any] = {
    "name": "tiny",
    "models": [
        {"type": "scratch_roberta", "layers": 1, "hidden": 16, "heads": 2, "intermediate": 16, "vocabulary": 300}
    ],
    "tasks": [{"type": "defect_detection", "data": "embedded", "max_train": 200}],
    "training": {"epochs": 1, "batch_size": 16, "learning_rate": 4e-3, "max_length": 64},
    "compressions": ["none"],
    "attacks": [{"type": "wir_random", "candidates": 3, "query_budget": 8, "substitutes": "random_names"}],
    "examples": {"evaluate": 20, "attack": 8, "shard": 4},
}

BOOT = """
set -e
mount -t tmpfs tmpfs /mnt
keep() { mkdir -p "/mnt/$1" && mount --bind "$2" "/mnt/$1"; }
keep shared "$SHARED"; keep code "$CODE"; keep python "$PYTHON"; keep environment "$ENVIRONMENT"
for folder in /tmp /root /run /dev/shm; do mount -t tmpfs tmpfs "$folder"; done
back() { mkdir -p "$2" && mount --bind "/mnt/$1" "$2"; }  # whatever of it lay in a folder that is now another
back code "$CODE"; back python "$PYTHON"; back environment "$ENVIRONMENT"
mount -t proc proc /proc
hostname "$NAME"; ip link set lo up
until ip link show eth0 >/dev/null 2>&1; do sleep 0.1; done
chmod 755 /root; mkdir -p -m 700 /root/.ssh /run/sshd
echo "$PUBLIC_KEY" > /root/.ssh/authorized_keys
ssh-keygen -q -t ed25519 -N '' -f /run/host_key
touch /run/booted
exec "$SSHD" -D -f /dev/null -o HostKey=/run/host_key -o PidFile=none -o PermitRootLogin=prohibit-password
"""


@dataclass(frozen=True)
class Host:
    """A machine made of namespaces."""

    name: str
    """What it calls itself."""

    address: str
    """Its address on the bridge."""

    process: int
    """The process that holds the namespaces."""

    def command(self, line: str) -> list[str]:
        """A line of bash that runs there."""
        files = {"net": "net", "uts": "uts", "ipc": "ipc", "mount": "mnt", "pid": "pid_for_children"}
        where = [f"--{kind}=/proc/{self.process}/ns/{file}" for kind, file in files.items()]
        return ["nsenter", *where, "bash", "-c", f"export HOME=/root; cd {ROOT}; {line}"]

    def run(self, line: str, *, quiet: bool = False) -> str:
        """What a line of bash says there; a line that fails ends everything."""
        done = subprocess.run(self.command(line), capture_output=True, text=True, check=False, timeout=600)
        said = done.stdout + done.stderr
        if done.returncode and not quiet:
            sys.exit(f"{self.name}: `{line}` failed:\n{said[-3000:]}")
        return said


def on_premises(text: str) -> dict[str, Any]:
    """The cluster file with its cloud part left out and its on-premises part uncommented, as its first lines say."""
    common, _, rest = text.partition("# --- cloud")
    _, _, own = rest.partition("# --- on premises")
    lines = [line.removeprefix("# ") for line in own.splitlines()[1:] if not line.startswith("# ---")]
    document: dict[str, Any] = yaml.safe_load(common + "\n".join("" if line == "#" else line for line in lines))
    return document


def objection() -> str | None:
    """Why this cannot run here."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "root on Linux is needed, to make namespaces"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    advice = "must be installed (Debian: curl iproute2 openssh-server rsync util-linux)"
    return f"{', '.join(missing)} {advice}" if missing else None


@contextmanager
def booted(name: str, address: str, environment: Mapping[str, str]) -> Iterator[Host]:
    """A host, until it is no longer needed; with it end all its processes."""
    flags = ["--net", "--pid", "--mount", "--ipc", "--uts", "--fork", "--kill-child"]
    process = subprocess.Popen(
        ["unshare", *flags, "bash", "-c", BOOT], env={**os.environ, **environment, "NAME": name}, cwd="/"
    )
    try:
        yield Host(name, address, process.pid)
    finally:
        process.kill()
        process.wait()


def wire(laptop: Host, hosts: Sequence[Host]) -> None:
    """Join hosts by a bridge on the laptop; the machine's own network knows nothing of it."""
    laptop.run("ip link add eth0 type bridge && ip link set eth0 up && ip addr add 10.77.0.1/24 dev eth0")
    for host in hosts:
        ends = [f"to-{host.name}", "netns", str(laptop.process), "type", "veth", "peer", "eth0"]
        subprocess.run(["ip", "link", "add", *ends, "netns", str(host.process)], check=True)
        laptop.run(f"ip link set to-{host.name} master eth0 up")
        host.run(f"ip addr add {host.address}/24 dev eth0 && ip link set eth0 up && ip route add default via 10.77.0.1")
    for host in (laptop, *hosts):
        while "booted" not in host.run("ls /run"):
            time.sleep(0.1)


def main() -> None:
    """Print what was checked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--verbose", action="store_true", help="print all that Ray says")
    options = parser.parse_args()
    reason = objection()
    if reason is not None:
        print(f"skipped: {reason}")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # the hosts end with us
    with tempfile.TemporaryDirectory(prefix="two-hosts-") as folder, ExitStack() as stack:
        shared, key = Path(folder) / "shared", Path(folder) / "key"
        shared.mkdir()
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        environment = {
            "SHARED": str(shared),
            "CODE": str(ROOT),
            "PYTHON": sys.base_prefix,
            "ENVIRONMENT": sys.prefix,
            "PUBLIC_KEY": key.with_suffix(".pub").read_text(),
            "SSHD": str(shutil.which("sshd")),
        }
        laptop, head, worker = (
            stack.enter_context(booted(name, f"10.77.0.{number}", environment))
            for number, name in enumerate(("laptop", "head", "worker"), start=1)
        )
        wire(laptop, (head, worker))
        drive(laptop, head, worker, shared, key.read_text(), verbose=options.verbose)


def drive(laptop: Host, head: Host, worker: Host, shared: Path, key: str, *, verbose: bool) -> None:
    """The whole life of a cluster."""
    config = on_premises((ROOT / "cluster.yaml").read_text())
    config["provider"] |= {"head_ip": head.address, "worker_ips": [worker.address]}
    config["auth"] = {"ssh_user": "root", "ssh_private_key": "~/.ssh/id_ed25519"}
    config["setup_commands"] = [
        f"echo 'export PATH={Path(sys.prefix) / 'bin'}:$PATH PYTHONPATH=$HOME/robust-ray' > ~/.bashrc"
    ]
    (shared / "cluster.yaml").write_text(yaml.safe_dump(config))
    (shared / "tiny.yaml").write_text(yaml.safe_dump(SWEEP))
    laptop.run(f"umask 077; echo '{key}' > ~/.ssh/id_ed25519")

    def say(title: str, line: str) -> str:
        start = time.monotonic()
        said = laptop.run(f"export PATH={Path(sys.prefix) / 'bin'}:$PATH; {line}")
        print(f"ok  {title} ({time.monotonic() - start:.0f} s)\n{said if verbose else ''}", end="", flush=True)
        return said

    say("a token is made on the laptop", "ray get-auth-token --generate")
    say("ray up", "ray up -y /mnt/shared/cluster.yaml")
    run = "cd robust-ray && robust-ray run /mnt/shared/tiny.yaml --address auto --store /mnt/shared/store"
    say("ray exec … robust-ray run", f"ray exec /mnt/shared/cluster.yaml '{run}'")
    tunnel = "ray dashboard /mnt/shared/cluster.yaml > /dev/null 2>&1 & tunnel=$!; trap 'kill $tunnel' EXIT"
    opened = "until (echo > /dev/tcp/127.0.0.1/8265) 2> /dev/null; do sleep 1; done"
    job = "robust-ray run /mnt/shared/tiny.yaml --address auto --store /mnt/shared/jobs"
    submit = f"ray job submit --address http://127.0.0.1:8265 --working-dir . -- {job}"
    say("ray job submit, through ray dashboard", f"{tunnel}; {opened}; RAY_AUTH_MODE=token {submit}")
    say(
        "the same on the laptop, serially",
        "robust-ray run /mnt/shared/tiny.yaml --on serial --store /mnt/shared/serial",
    )
    check_rows(shared)
    check_doors(laptop, head)
    say("ray down", "ray down -y /mnt/shared/cluster.yaml")
    check_gone(head, worker)


def check_rows(shared: Path) -> None:
    """The head ran nothing, and every row is what one process makes it."""
    from robust_ray.core.records import AttackRecord
    from robust_ray.store import Store, from_table

    def rows(store: Store) -> list[str]:
        return sorted(str(row) for row in from_table(store.table("attacks").table, AttackRecord))

    serial = Store.existing(str(shared / "serial"))
    for name in ("store", "jobs"):
        store = Store.existing(str(shared / name))
        hosts = {run.host for run in store.runs()}
        assert hosts == {"worker"}, f"calls ran on {hosts}"
        assert store.present() == serial.present()
        assert rows(store) == rows(serial) != []
        print(
            f"ok  {len(store.runs())} calls ran on the worker, none on the head; {len(rows(store))} rows are the same"
        )


def check_doors(laptop: Host, head: Host) -> None:
    """Whoever reaches the head and has no token, or another, gets nothing."""
    path = f"export PATH={Path(sys.prefix) / 'bin'}:$PATH"
    for token in ("", "RAY_AUTH_MODE=token RAY_AUTH_TOKEN=a-token-of-somebody-else "):
        said = laptop.run(f"{path}; cd /; HOME=/ {token}ray status --address {head.address}:6379", quiet=True)
        assert "AuthenticationError" in said, said
    print("ok  `ray status` is refused without the token, and with another")
    listening = re.findall(rf"(?:{re.escape(head.address)}|0\.0\.0\.0|\*):(\d+) ", head.run("ss -ltnH"))
    assert "6379" in listening, listening
    assert "8265" not in listening, listening
    print("ok  the dashboard does not listen for the world")
    for port in sorted(set(listening) - {"22"}, key=int):
        asked = f"curl -s -m 5 -w ' %{{http_code}}' http://{head.address}:{port}/api/job_agent/jobs/x"
        *answer, status = laptop.run(asked, quiet=True).split(" ")
        assert status in ("000", "401") or answer[:2] == ["#", "HELP"], f"{port}: {answer} {status}"
    print("ok  who asks for a job on any other port is refused, not understood, or shown Prometheus metrics")


def check_gone(head: Host, worker: Host) -> None:
    """Nothing of Ray is left; a worker notices within a minute that its head is gone."""
    start = time.monotonic()
    for host in (head, worker):
        while re.search(r"raylet|gcs_server", host.run("ps -eo args")):
            assert time.monotonic() - start < 120, f"{host.name}: {host.run('ps -eo args')}"
            time.sleep(1)
        print(f"ok  nothing of Ray is left on the {host.name} after {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
