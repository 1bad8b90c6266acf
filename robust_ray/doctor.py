"""What this machine has: what a sweep here could use, in one screen."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import psutil

from robust_ray.core.machine import accelerator_name
from robust_ray.source.compilers import compiler

PACKAGES = ("ray", "torch", "transformers", "accelerate", "optuna", "textattack", "pyarrow", "scipy", "tree-sitter")
COMPILERS = {"c": "gcc or clang", "java": "javac (a JRE is not enough: install a JDK)"}
"""Language → what can say whether a program compiles; Python compiles its own."""


class Finding(NamedTuple):
    """One line."""

    what: str
    found: str
    ok: bool
    advice: str = ""
    """What to do where it is not ok."""


def examine() -> list[Finding]:
    """Everything a sweep could want of this machine; starts nothing and imports neither torch nor Ray."""
    findings = [
        Finding(
            "python",
            f"{platform.python_version()} on {platform.system()} {platform.machine()}",
            sys.version_info >= (3, 11),
        ),
        Finding("cores", str(os.cpu_count()), ok=True),
        Finding("memory", f"{psutil.virtual_memory().total / 2**30:.0f} GiB", ok=True),
        Finding(
            "disk here",
            f"{shutil.disk_usage('.').free / 2**30:.0f} GiB free",
            shutil.disk_usage(".").free > 2**30,
            "a sweep wants a gigabyte; run where there is more, or name a --store there",
        ),
        Finding("processor", accelerator_name(gpu=False), ok=True),
        _gpus(),
    ]
    findings += [_package(name) for name in PACKAGES]
    findings += [_compiler(language, wanted) for language, wanted in COMPILERS.items()]
    return [*findings, _ray()]


def _gpus() -> Finding:
    if not shutil.which("nvidia-smi"):
        return Finding("GPUs", "none (everything runs on the processor)", ok=True)
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    lines = subprocess.run(query, capture_output=True, text=True, check=False).stdout.strip().splitlines()
    return Finding("GPUs", "; ".join(lines) or "none", ok=True)


def _package(name: str) -> Finding:
    try:
        return Finding(name, version(name), ok=True)
    except PackageNotFoundError:
        return Finding(name, "missing", ok=False, advice=f"pip install -c constraints.txt {name}")


def _compiler(language: str, wanted: str) -> Finding:
    missing = f"no {wanted}; adversarial examples in {language} are checked by binding only"
    return Finding(f"{language} compiler", compiler(language) or missing, ok=True)


def _ray() -> Finding:
    """Whether a Ray cluster already runs here, found by its processes rather than by connecting."""
    running = any("gcs_server" in (process.info["name"] or "") for process in psutil.process_iter(["name"]))
    return Finding(
        "ray cluster",
        "running here (--address auto uses it)" if running else "none here (run starts a local one)",
        ok=True,
    )
