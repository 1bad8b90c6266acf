"""POJ-104 as CodeXGLUE publishes it: ``{train,valid,test}.jsonl`` with ``index``, ``code`` and ``label``, the problem.

Two programs are clones when they solve the same problem; no problem is in two splits. Source:
https://github.com/microsoft/CodeXGLUE/tree/main/Code-Code/Clone-detection-POJ-104.

Deviations: published as a retrieval task; here every program makes one pair with a program of its own problem and one
with a program of another, drawn by its place alone. Some programs are C++ and parse with errors.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from robust_ray.core.errors import DataError
from robust_ray.core.examples import Example, generator
from robust_ray.tasks.base import DataSet
from robust_ray.tasks.layouts.hub import HubData
from robust_ray.tasks.layouts.json_lines import JsonLines
from robust_ray.tasks.layouts.rows import Row

POJ_104 = DataSet(
    name="POJ-104 (CodeXGLUE clone detection)",
    link="https://github.com/microsoft/CodeXGLUE/tree/main/Code-Code/Clone-detection-POJ-104",
    licence="C-UDA; the programs belong to the students who wrote them",
    languages=("c",),
    sizes={"train": 64_000, "valid": 16_000, "test": 24_000},
)


def pairs(rows: Iterator[Row], language: str) -> Iterator[Example]:
    """Two pairs for each program: a clone where its problem has another solution, and another pair."""
    programs = [(row.uid("index", "id"), row.uid("label"), row.text("code")) for row in rows]
    solutions: dict[str, list[int]] = defaultdict(list)
    for i, (_, problem, _) in enumerate(programs):
        solutions[problem].append(i)
    if len(solutions) == 1:
        raise DataError(f"POJ-104: a split must hold two problems at least, but got {problem!r} alone; add programs")
    for i, (uid, problem, code) in enumerate(programs):
        rng = generator("poj104", i, uid)
        same = [j for j in solutions[problem] if j != i]
        if same:
            yield _pair(uid, code, programs[same[rng.integers(len(same))]], 1, language)
        j = i
        while programs[j][1] == problem:
            j = int(rng.integers(len(programs)))
        yield _pair(uid, code, programs[j], 0, language)


def _pair(uid: str, code: str, other: tuple[str, str, str], label: int, language: str) -> Example:
    return Example(uid=f"{uid}-{other[0]}", segments=(code, other[2]), label=label, language=language)


LAYOUT = JsonLines(interpretation=pairs, columns="index, code and label", data_sets=(POJ_104,))

HUB = HubData(
    name="google/code_x_glue_cc_clone_detection_poj104",
    interpretation=pairs,
    columns=("id", "code", "label"),
    data_sets=(POJ_104,),
)
