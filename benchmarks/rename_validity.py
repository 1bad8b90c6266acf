"""Does renaming ever break a program? Random renames in three languages, judged by the languages' own compilers.

Run: ``python benchmarks/rename_validity.py`` (Python's standard library); with ``--data FOLDER`` also on the data sets
in it, in the layouts their authors publish; with ``--sources FOLDER`` also on every ``.c``, ``.java`` and ``.py`` file
below a folder, for instance a checkout of a project whose files compile alone.

In every program about half of the names that may be changed get random words of the other programs. What a line counts:

- ``renames``: changed programs.
- ``refused``: of them, those that our own check refuses, so that they would never count as adversarial.
- ``parse``, ``bind``, ``compile``: those it accepts, by the strictest level that could be checked.
- ``broken``: accepted, the original compiles and this does not, asked of the compiler once more.
- ``same code``, ``other code``: of those that compile, what compiles to the same assembly, class file or code object
  but for the names that were changed, and what does not.
- ``same run``, ``other run``: Python programs that do the same on the same inputs, or not; the rest says nothing.

``broken``, ``other code`` and ``other run`` must be zero; the exit status says whether they are.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from same_code import Pair, same_c, same_java, same_python

from robust_ray.source import Level, analyse, check, rename, suits
from robust_ray.source.compilers import compiles
from robust_ray.source.execution import compare
from robust_ray.tasks.stdlib_corpus import functions, ordered

DATA = {
    "c": [("devign/test.jsonl", "func"), ("devign/train.jsonl", "func")],
    "java": [
        *(("google_code_jam/data.jsonl", "func"), ("bigclonebench/data.jsonl", "func")),
        ("tl_codesum/test.jsonl", "code"),
    ],
    "python": [("gcj_authorship/train.txt", "")],
}
SUFFIXES = {"c": ".c", "java": ".java", "python": ".py"}
COLUMNS = (
    *("renames", "refused", "parse", "bind", "compile", "broken"),
    *("same code", "other code", "same run", "other run"),
)
MUST_BE_ZERO = ("broken", "other code", "other run")
LONGEST = 60_000


def data_set(path: Path, field: str) -> list[str]:
    """Programs of one file of a data set."""
    with path.open(encoding="utf-8") as lines:
        if field:
            return [json.loads(line)[field] for line in lines]
        return [line.split(" <CODESPLIT> ")[0].replace("\\n", "\n") for line in lines]


def source_files(folder: Path, suffix: str) -> Iterator[str]:
    """Files of a language below a folder."""
    for path in sorted(folder.rglob(f"*{suffix}")):
        text = path.read_text(encoding="utf-8", errors="ignore")
        if len(text) < LONGEST:
            yield text


def corpora(language: str, data: Path | None, sources: Path | None) -> Iterator[tuple[str, list[str]]]:
    """Named lists of programs."""
    if language == "python":
        yield "standard library, functions", [function.text for function in ordered(functions())]
        yield "standard library, modules", list(source_files(Path(sysconfig.get_path("stdlib"), "email"), ".py"))
    for name, field in DATA[language]:
        if data is not None and (data / name).is_file():
            yield name, data_set(data / name, field)
    if sources is not None and (programs := list(source_files(sources, SUFFIXES[language]))):
        yield sources.name, programs


def renamed(programs: Sequence[str], language: str, n: int, rng: random.Random) -> Iterator[Pair]:
    """Random renames, the programs taken round and round; names that do not suit are drawn again."""
    some = rng.sample(list(programs), min(len(programs), max(n, 300)))
    words = sorted({word for text in some for word in analyse(text, language).names})
    changeable = [text for text in some if analyse(text, language).identifiers]
    for i in range(n if changeable else 0):
        source = analyse(changeable[i % len(changeable)], language)
        names = [identifier.name for identifier in source.identifiers]
        renames: dict[str, str] = {}
        for name in [name for name in names if rng.random() < 0.5] or [rng.choice(names)]:
            drawn = (word for word in rng.choices(words, k=50) if word not in renames.values())
            word = next((word for word in drawn if suits(source, name, word)), None)
            if word is not None:
                renames[name] = word
        text = rename(source, renames)
        assert text is not None
        yield source.text, text, renames


def judge(pairs: Sequence[Pair], language: str) -> Counter[str]:
    """What became of some renames."""
    counts = Counter({"renames": len(pairs)})
    compiled: list[Pair] = []
    for original, text, renames in pairs:
        validity = check(analyse(original, language), text, renames)
        counts[validity.level if validity.is_valid else "refused"] += 1
        if not validity.is_valid:
            print(f"refused: {validity.reason}: {renames}")
        elif validity.level == Level.COMPILE:
            compiled.append((original, text, renames))
    for pair in compiled:
        counts["broken"] += not compiles(pair[1], language)
    for pair, is_same in zip(compiled, same_code(compiled, language), strict=True):
        counts["same code" if is_same else "other code"] += 1
        if not is_same:
            print(f"other code: {pair[2]} in\n{pair[0][:400]}")
    if language == "python":
        for pair, run in zip(compiled, compare(pair[:2] for pair in compiled), strict=True):
            counts["other run" if run.difference else "same run" if run.informative else "silent"] += 1
            if run.difference:
                print(f"other run: {run.difference}: {pair[2]} in\n{pair[0][:400]}")
    return counts


def same_code(pairs: Sequence[Pair], language: str) -> list[bool]:
    """Whether each pair compiles to the same."""
    if language == "java":
        with tempfile.TemporaryDirectory() as folder:
            return same_java(pairs, Path(folder))
    return [(same_c if language == "c" else same_python)(*pair) for pair in pairs]


def main() -> int:
    """Read the arguments, rename, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of data sets")
    parser.add_argument("--sources", type=Path, help="folder of source files")
    parser.add_argument("--languages", nargs="*", choices=SUFFIXES, default=list(SUFFIXES))
    parser.add_argument("--renames", type=int, default=1000, help="in each corpus (default: 1000)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    bad = 0
    lines = []
    for language in arguments.languages:
        for name, programs in corpora(language, arguments.data, arguments.sources):
            start = time.perf_counter()
            pairs = list(renamed(programs, language, arguments.renames, random.Random(arguments.seed)))
            counts = judge(pairs, language)
            bad += sum(counts[column] for column in MUST_BE_ZERO)
            numbers = "".join(f"{counts[column]:11}" for column in COLUMNS)
            lines.append(f"{language:7}{name:32}{numbers}{time.perf_counter() - start:8.0f} s")
            print(lines[-1], flush=True)
    print(f"\n{'':39}{''.join(f'{column:>11}' for column in COLUMNS)}", *lines, sep="\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
