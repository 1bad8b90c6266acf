"""What layouts have in common: how a data set is told by its content, and split where its authors did not."""

from __future__ import annotations

import hashlib
from pathlib import Path

from robust_ray.tasks import SPLITS, DataSet
from robust_ray.tasks.layouts.base import hashed_split, identified
from robust_ray.tasks.layouts.codexglue_defects import defects
from robust_ray.tasks.layouts.json_lines import JsonLines
from robust_ray.tasks.sources import InFolder


def known(name: str, text: str) -> DataSet:
    """A data set of which the content of ``test.jsonl`` is published."""
    checksum = hashlib.sha256(text.encode()).hexdigest()
    return DataSet(name=name, link="", licence="", languages=("c",), sizes={}, sha256={"test.jsonl": checksum})


def test_a_data_set_is_told_by_its_checksums(tmp_path: Path) -> None:
    for split in SPLITS:
        (tmp_path / f"{split}.jsonl").write_text(split)
    one, other = known("one", "something"), known("other", "test")
    layout = JsonLines(interpretation=defects, columns="", data_sets=(one, other))
    assert identified(layout, tmp_path) is other
    assert InFolder(layout, tmp_path).published == (other,)
    (tmp_path / "test.jsonl").write_text("cut")
    assert identified(layout, tmp_path) is None
    assert InFolder(layout, tmp_path).published == (one, other)


def test_eight_tenths_are_for_training() -> None:
    found = [hashed_split(f"group {i}") for i in range(5000)]
    shares = [found.count(split) / len(found) for split in SPLITS]
    assert [round(share, 1) for share in shares] == [0.8, 0.1, 0.1]
