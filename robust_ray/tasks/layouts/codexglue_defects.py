"""CodeXGLUE's defect detection, Devign: ``{train,valid,test}.jsonl`` with ``idx``, ``func`` and ``target``.

Source: https://github.com/microsoft/CodeXGLUE/tree/main/Code-Code/Defect-detection.
"""

from __future__ import annotations

from collections.abc import Iterator

from robust_ray.core.examples import Example
from robust_ray.tasks.base import DataSet
from robust_ray.tasks.layouts.hub import HubData
from robust_ray.tasks.layouts.json_lines import JsonLines
from robust_ray.tasks.layouts.rows import Row

DEVIGN = DataSet(
    name="Devign (CodeXGLUE defect detection)",
    link="https://github.com/microsoft/CodeXGLUE/tree/main/Code-Code/Defect-detection",
    licence="C-UDA; the functions are FFmpeg's and QEMU's (LGPL, GPL)",
    languages=("c",),
    sizes={"train": 21_854, "valid": 2_732, "test": 2_732},
)


def defects(rows: Iterator[Row], language: str) -> Iterator[Example]:
    """One labelled function a row."""
    for row in rows:
        row.refuse_other_languages(language)
        uid, code, label = row.uid("idx", "id"), row.text("func"), row.label("target")
        yield Example(uid=uid, segments=(code,), label=label, language=language)


LAYOUT = JsonLines(interpretation=defects, columns="idx, func and target", data_sets=(DEVIGN,))

HUB = HubData(
    name="google/code_x_glue_cc_defect_detection",
    commit="69bd48c03223c2104342acd9a807caf61ac3efb8",
    interpretation=defects,
    columns=("id", "func", "target"),
    data_sets=(DEVIGN,),
)
