"""CodeXGLUE's clone detection: ``data.jsonl`` with ``idx`` and ``func``, ``{train,valid,test}.txt`` with pairs of them.

A line of a split is ``id1 <tab> id2 <tab> label``. Source:
https://github.com/microsoft/CodeXGLUE/tree/main/Code-Code/Clone-detection-BigCloneBench. The Google Code Jam pairs of
Du et al. (FSE 2023, https://doi.org/10.1145/3611643.3616356) lie alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from robust_ray.core.errors import DataError
from robust_ray.core.examples import Example
from robust_ray.tasks.base import SPLITS, DataSet, Split
from robust_ray.tasks.layouts.base import Layout, data_file
from robust_ray.tasks.layouts.hub import HubData
from robust_ray.tasks.layouts.rows import Row, binary_label, json_rows, lines

BIG_CLONE_BENCH = DataSet(
    name="BigCloneBench (CodeXGLUE clone detection)",
    link="https://github.com/microsoft/CodeXGLUE/tree/main/Code-Code/Clone-detection-BigCloneBench",
    licence="C-UDA; the functions belong to the authors of IJaDataset's projects",
    languages=("java",),
    sizes={"train": 901_028, "valid": 415_416, "test": 415_416},
    sha256={
        "data.jsonl": "d8bc51e62deddcc45bd26c5b57f5add2a2cf377f13b9f6c2fb656fbc8fca4dd2",
        "train.txt": "29119bfa94673374249c3424809fbe6baaa1f0e87a13e3c727bbd6cdf1224b77",
        "valid.txt": "e59e8c1321df59b6ab0143165cb603030c55800c00e2d782e06810517b8de1e4",
        "test.txt": "a6c0cf79be34e582fdc64007aa894ed094e4f9ff2e5395a8d2b5c39eeef2737a",
    },
)

GOOGLE_CODE_JAM = DataSet(
    name="Google Code Jam",
    link="https://github.com/CGCL-codes/Attack_PTMC",
    licence="MIT; the programs belong to the contestants",
    languages=("java",),
    sizes={},
)


class CodeXGlueClones(Layout):
    """Functions in one file, pairs in three."""

    @property
    def published(self) -> tuple[DataSet, ...]:
        """See :attr:`Layout.published`."""
        return BIG_CLONE_BENCH, GOOGLE_CODE_JAM

    def shape(self) -> str:
        """See :meth:`Layout.shape`."""
        return "data.jsonl with idx and func and {train,valid,test}.txt with pairs"

    def fits(self, folder: Path) -> bool:
        """See :meth:`Layout.fits`."""
        return any((folder / name).is_file() for name in ("data.jsonl", *(f"{split}.txt" for split in SPLITS)))

    def files(self, folder: Path) -> Sequence[Path]:
        """See :meth:`Layout.files`."""
        return [data_file(folder, name) for name in ("data.jsonl", *(f"{split}.txt" for split in SPLITS))]

    def place(self, folder: Path, split: Split) -> Path:
        """See :meth:`Layout.place`."""
        return data_file(folder, f"{split}.txt")

    def read(self, folder: Path, split: Split, language: str) -> Iterator[Example]:
        """See :meth:`Layout.read`."""
        functions = _functions(data_file(folder, "data.jsonl"), language)
        for where, line in lines(self.place(folder, split)):
            parts = line.split("\t")
            if len(parts) != 3:
                raise DataError(f"{where}: `id1 <tab> id2 <tab> label` must hold, but got {line!r}; correct the line")
            one, other, label = parts
            for name in (one, other):
                if name not in functions:
                    raise DataError(
                        f"{where}: every id must be in data.jsonl, but {name!r} is not; add it or drop the line"
                    )
            yield Example(
                uid=f"{one}-{other}",
                segments=(functions[one], functions[other]),
                label=binary_label(int(label) if label in ("0", "1") else label, where),
                language=language,
            )


def pairs(rows: Iterator[Row], language: str) -> Iterator[Example]:
    """One labelled pair a row, with the texts of both functions; each text is kept once."""
    texts: dict[str, str] = {}
    for row in rows:
        one, other = (texts.setdefault(text, text) for text in (row.text("func1"), row.text("func2")))
        uid = f"{row.uid('id1')}-{row.uid('id2')}"
        yield Example(uid=uid, segments=(one, other), label=row.label("label"), language=language)


def _functions(path: Path, language: str) -> dict[str, str]:
    """Id → text of every function."""
    functions: dict[str, str] = {}
    for row in json_rows(path):
        row.refuse_other_languages(language)
        uid, text = row.uid("idx"), row.text("func")
        if functions.setdefault(uid, text) != text:
            raise DataError(f"{row.where}: an id must stand for one function, but {uid!r} stands for two; rename one")
    return functions


LAYOUT = CodeXGlueClones()

HUB = HubData(
    name="google/code_x_glue_cc_clone_detection_big_clone_bench",
    interpretation=pairs,
    columns=("id1", "id2", "func1", "func2", "label"),
    data_sets=(BIG_CLONE_BENCH,),
)
