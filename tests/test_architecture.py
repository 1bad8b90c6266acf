"""Which room may know which, and what answers without the heavy libraries."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
HEAVY = ("torch", "ray", "transformers", "optuna", "textattack")
LIGHT_ROOMS = (
    "robust_ray.tasks",
    "robust_ray.models.base",
    "robust_ray.models",
    "robust_ray.compression",
    "robust_ray.attacks",
    "robust_ray.fidelity",
    "robust_ray.source",
    "robust_ray.metrics",
    "robust_ray.store",
    "robust_ray.stages",
    "robust_ray.plan",
    "robust_ray.search",
    "robust_ray.cli",
    *(f"analysis.{path.stem}" for path in sorted((REPOSITORY / "analysis").glob("[!_]*.py"))),
)

IMPORT_EACH = f"""
import importlib, sys

for room in sys.argv[1:]:
    before = set(sys.modules)
    importlib.import_module(room)
    heavy = (sys.modules.keys() - before) & {set(HEAVY)!r}
    if heavy:
        print(room, "imports", *sorted(heavy))
"""
"""In one fresh interpreter: a room is named when it is the first to bring in a heavy library."""


def test_rooms_import_lower_rooms_only() -> None:
    lint = Path(sysconfig.get_path("scripts")) / "lint-imports"
    checked = subprocess.run([lint], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_light_rooms_are_imported_without_the_heavy_libraries() -> None:
    fresh = subprocess.run(
        [sys.executable, "-c", IMPORT_EACH, *LIGHT_ROOMS],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (fresh.stdout, fresh.stderr, fresh.returncode) == ("", "", 0)
