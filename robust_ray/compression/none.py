"""No compression: the teacher itself, so that it can be attacked and measured like any student."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from robust_ray.compression.base import COMPRESSIONS, Compression, Lesson
from robust_ray.core.machine import Machine


@COMPRESSIONS.register("none")
@dataclass(frozen=True, kw_only=True)
class NoCompression(Compression):
    """Copy the teacher as it is: the row every compression is compared with."""

    computes: ClassVar[bool] = False

    def compress(self, teacher: Path, lesson: Lesson, workdir: Path, machine: Machine) -> None:
        """See :meth:`Compression.compress`."""
        shutil.copytree(teacher, workdir, dirs_exist_ok=True)
