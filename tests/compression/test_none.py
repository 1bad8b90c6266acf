"""No compression is a compression like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from robust_ray.compression import Compression, NoCompression
from tests.contracts import CompressionContract, contents


@pytest.mark.torch
class TestNoCompression(CompressionContract):
    @pytest.fixture(scope="class")
    def compression(self) -> Compression:
        return NoCompression()

    def test_the_student_is_the_teacher_byte_for_byte(self, student: Path, teacher: Path) -> None:
        assert contents(student) == contents(teacher)
