"""Whether two programs compile to the same code but for the names that were changed: an oracle that is not ours."""

from __future__ import annotations

import dis
import re
import subprocess
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType
from typing import Any

from robust_ray.source.compilers import java_file, python_module

Pair = tuple[str, str, Mapping[str, str]]
"""Original, changed program, and which names were changed."""


def c_code(text: str) -> list[str] | None:
    """Assembly of a C program without its assertions, which quote their own text; None where it does not compile."""
    command = ["gcc", "-std=gnu17", "-O0", "-DNDEBUG", "-S", "-w", "-x", "c", "-o", "-", "-"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, cwd="/", check=False)
    return done.stdout.decode("utf-8", "replace").split("\n") if done.returncode == 0 else None


def same_c(original: str, changed: str, renames: Mapping[str, str]) -> bool:
    """Assembly names functions and static variables; anything else must be equal."""
    before, after = c_code(original), c_code(changed)
    if before is None or after is None or len(before) != len(after):
        return before is None and after is None
    word = re.compile(r"(?<![%\w.])[A-Za-z_]\w*")
    renamed = (word.sub(lambda found: renames.get(found[0], found[0]), line) for line in before)
    return all(
        new in (old, line) or _but_first(new) == _but_first(line)
        for old, line, new in zip(before, renamed, after, strict=True)
    )


def _but_first(line: str) -> str:
    """An instruction without its mnemonic, which may be spelled like a name."""
    return line.strip().partition("\t")[2]


def same_python(original: str, changed: str, renames: Mapping[str, str]) -> bool:
    """Code objects: the same instructions, on variables that were renamed, in every function."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        codes = [compile(python_module(text), "<code>", "exec", dont_inherit=True) for text in (original, changed)]
    return _same(_python_code(codes[0]), _python_code(codes[1]), renames)


def _python_code(code: CodeType) -> list[Any]:
    """Instructions and what they work on; cells, which Python sorts by name, are left to those using them."""
    cells = ("MAKE_CELL", "LOAD_CLOSURE", "COPY_FREE_VARS")
    found: list[Any] = [code.co_argcount, code.co_kwonlyargcount, code.co_flags]
    for step in dis.get_instructions(code):
        value = step.argval
        if step.opname not in cells:
            found.append([step.opname, _python_code(value) if isinstance(value, CodeType) else value])
    return found


def _same(before: Any, after: Any, renames: Mapping[str, str]) -> bool:
    """Whether both are equal but for renamed words; a text may be a path of names (``outer.<locals>.inner``)."""
    if isinstance(before, str) and isinstance(after, str):
        olds, news = before.split("."), after.split(".")
        return len(olds) == len(news) and all(
            new in (old, renames.get(old)) for old, new in zip(olds, news, strict=True)
        )
    if type(before) is not type(after):
        return False
    if isinstance(before, list | tuple):
        return len(before) == len(after) and all(_same(*both, renames) for both in zip(before, after, strict=True))
    return repr(before) == repr(after)


def same_java(pairs: Sequence[Pair], folder: Path) -> list[bool]:
    """Class files without debug information, all programs compiled at once."""
    for kind, position in (("before", 0), ("after", 1)):
        paths = []
        for i, pair in enumerate(pairs):
            path = folder / kind / f"p{i}" / "Main.java"
            path.parent.mkdir(parents=True)
            path.write_text(f"package p{i}; {_without_public(java_file(pair[position]))}", encoding="utf-8")
            paths.append(str(path))
        (folder / "files").write_text("\n".join(paths))
        options = ["-g:none", "-proc:none", "-nowarn", "-encoding", "UTF-8", "-cp", str(folder / "nothing")]
        command = ["javac", *options, "-d", str(folder / f"{kind}-classes"), f"@{folder / 'files'}"]
        subprocess.run(command, capture_output=True, check=False)
    return [_same_classes(folder, f"p{i}", renames) for i, (_, _, renames) in enumerate(pairs)]


def _without_public(text: str) -> str:
    """A file may be called anything, and lie in a package of its own."""
    text = re.sub(r"(?m)^\s*package [\w.]+\s*;", "", text, count=1)
    return re.sub(r"\bpublic((?:\s+(?:final|abstract|strictfp))*\s+(?:class|interface|enum|record)\b)", r"\1", text)


def _same_classes(folder: Path, package: str, renames: Mapping[str, str]) -> bool:
    folders = [folder / f"{kind}-classes" / package for kind in ("before", "after")]
    before, after = ([path.name for path in sorted(each.glob("*.class"))] for each in folders)
    if not before or before != after:
        return False
    if all((folders[0] / name).read_bytes() == (folders[1] / name).read_bytes() for name in before):
        return True
    olds, news = (_disassembled([str(each / name) for name in before]) for each in folders)
    return len(olds) == len(news) and all(
        new in (old, _call(old, renames)) for old, new in zip(olds, news, strict=True)
    )


def _disassembled(classes: Sequence[str]) -> list[str]:
    """Byte code as text, without indices into the table of constants."""
    text = subprocess.run(["javap", "-c", "-p", *classes], capture_output=True, text=True, check=True).stdout
    return [" ".join(re.sub(r"#\d+(,\s+\d+)?", "", line).split()) for line in text.split("\n")]


def _call(line: str, renames: Mapping[str, str]) -> str:
    """A line of byte code in which methods, and variables that an inner class captures, have their new names."""
    word = r"(?<=val\$)(\w+)|(\w+)(?=:?\(|\$\d+:?\()"
    return re.sub(word, lambda found: renames.get(found[0], found[0]), line)
