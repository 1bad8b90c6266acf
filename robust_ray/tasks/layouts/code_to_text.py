"""Functions and what they are said to do, in JSON lines with ``code`` and ``docstring``.

CodeXGLUE's code-to-text and CodeSearchNet give also ``docstring_tokens``, which are then the reference, joined with
blanks as CodeXGLUE does. Sources: https://github.com/microsoft/CodeXGLUE/tree/main/Code-Text/code-to-text;
https://github.com/github/CodeSearchNet (gzipped, in parts); https://github.com/xing-hu/TL-CodeSum.

Deviations: CodeXGLUE feeds ``code_tokens`` joined with blanks, which is no program in Python. Here the code keeps its
lines, and loses what those tokens lack: comments and docstrings, the latter being the answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from robust_ray.core.examples import Example
from robust_ray.tasks.base import DataSet
from robust_ray.tasks.layouts.comments import without_comments
from robust_ray.tasks.layouts.hub import HubData
from robust_ray.tasks.layouts.json_lines import JsonLines
from robust_ray.tasks.layouts.rows import Row, content_uid

CODE_TO_TEXT_JAVA = DataSet(
    name="CodeXGLUE code-to-text, Java",
    link="https://github.com/microsoft/CodeXGLUE/tree/main/Code-Text/code-to-text",
    licence="C-UDA; every function has the licence of its repository",
    languages=("java",),
    sizes={"train": 164_923, "valid": 5_183, "test": 10_955},
)

CODE_TO_TEXT_PYTHON = DataSet(
    name="CodeXGLUE code-to-text, Python",
    link="https://github.com/microsoft/CodeXGLUE/tree/main/Code-Text/code-to-text",
    licence="C-UDA; every function has the licence of its repository",
    languages=("python",),
    sizes={"train": 251_820, "valid": 13_914, "test": 14_918},
)

CODE_SEARCH_NET = DataSet(
    name="CodeSearchNet",
    link="https://github.com/github/CodeSearchNet",
    licence="every function has the licence of its repository",
    languages=("java", "python"),
    sizes={},
)

TL_CODE_SUM = DataSet(
    name="TL-CodeSum",
    link="https://github.com/xing-hu/TL-CodeSum",
    licence="not stated; the methods belong to their authors",
    languages=("java",),
    sizes={},
)


def summaries(rows: Iterator[Row], language: str) -> Iterator[Example]:
    """One function with its summary a row; a row without an id is known by its code."""
    for row in rows:
        row.refuse_other_languages(language)
        code = without_comments(row.text("code"), language)
        reference = " ".join(row.texts("docstring_tokens")) or row.text("docstring")
        uid = row.uid("idx") if "idx" in row.fields else content_uid(code)
        reference = " ".join(reference.split())
        yield Example(uid=uid, segments=(code,), label=0, language=language, reference=reference)


LAYOUT = JsonLines(
    interpretation=summaries,
    columns="code and docstring",
    data_sets=(CODE_TO_TEXT_JAVA, CODE_TO_TEXT_PYTHON, CODE_SEARCH_NET, TL_CODE_SUM),
)

HUB = HubData(
    name="google/code_x_glue_ct_code_to_text",
    interpretation=summaries,
    columns=("code", "docstring_tokens"),
    data_sets=(CODE_TO_TEXT_JAVA, CODE_TO_TEXT_PYTHON),
)
