"""Which layers of a teacher are a student's, and which those of a student are like: numbers in, numbers out."""

from __future__ import annotations


def evenly(students: int, teachers: int) -> list[int]:
    """The teacher's layer that each layer of a student is like, counted from 0: as far apart, the last like the last.

    Args:
        students: Layers of the student, at least 1.
        teachers: Layers of the teacher, at least as many.

    Source: the uniform map of Jiao et al., "TinyBERT", Findings of EMNLP 2020, section 4.2.
    """
    return [round((layer + 1) * teachers / students) - 1 for layer in range(students)]


def spaced(chosen: int, layers: int) -> list[int]:
    """So many of a network's layers, counted from 0: as far apart as can be, the first and the last among them.

    Source: Shleifer, Rush, "Pre-trained Summarization Distillation", 2020, section 3.1.
    """
    return [round(i * (layers - 1) / max(1, chosen - 1)) for i in range(chosen)]
