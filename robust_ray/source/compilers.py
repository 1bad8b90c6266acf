"""Whether a program compiles alone, said by the language's own compiler.

Python is compiled in this process, C by one short process a program, Java by one JVM that stays. Answers are
remembered, and may be asked for ahead: on a machine with two cores C takes about 7 ms a program, Java about 15 ms.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import warnings
from concurrent.futures import Future, ThreadPoolExecutor

from robust_ray.source._javac import SECONDS, Javac
from robust_ray.source.languages import parse, require_known

_ASKED_AT_ONCE = 4
_REMEMBERED = 4096

_C_COMPILERS = ("gcc", "clang", "cc")
_C_OPTIONS = ("-std=gnu17", "-fsyntax-only", "-w", "-Wfatal-errors", "-x", "c", "-")

_JAVA_TYPES = {f"{kind}_declaration" for kind in ("class", "interface", "enum", "record", "annotation_type", "module")}
_JAVA_PACKAGES = (
    *("io", "math", "net", "nio", "nio.charset", "nio.file", "text", "util", "util.concurrent"),
    *("util.concurrent.atomic", "util.function", "util.regex", "util.stream"),
)
_JAVA_IMPORTS = " ".join(f"import java.{package}.*;" for package in _JAVA_PACKAGES)


@functools.cache
def compiler(language: str) -> str | None:
    """Path of the program that can say whether ``language`` compiles; None where this machine has none.

    That of Java is the ``javac`` of a JDK. Python, which this process compiles itself, has the empty path.

    Raises:
        DataError: the language is not one of ``LANGUAGES``.
    """
    require_known(language)
    if language == "python":
        return ""
    names = _C_COMPILERS if language == "c" else ("javac",)
    return next(filter(None, map(shutil.which, names)), None)


def compiles(text: str, language: str) -> bool | None:
    """Whether ``text`` compiles with nothing but what comes with the language.

    An indented Python snippet stands in a block of its own; Java methods stand in a class, and Java without imports
    gets those of the packages that short programs use.

    Returns:
        None where it cannot be told: no compiler is on this machine, or it gave no answer in time.
    """
    if compiler(language) is None:
        return None
    return _python_compiles(text) if language == "python" else _answer(text, language).result()


def prefetch(text: str, language: str) -> None:
    """Begin in the background what :func:`compiles` will be asked; the caller does not wait."""
    if language != "python" and compiler(language) is not None:
        _answer(text, language)


def python_module(text: str) -> str:
    """Python code as a file: an indented snippet is put into a block."""
    return f"if True:\n{text}" if text[:1] in (" ", "\t") else text


def java_file(text: str) -> str:
    """Java code as a file: methods are put into a class, and imports are added where there are none."""
    kinds = {node.type for node in parse(text.encode("utf-8", "replace"), "java").root_node.named_children}
    if kinds & {"import_declaration", "package_declaration"}:
        return text
    has_members = any(kind.endswith("_declaration") and kind not in _JAVA_TYPES for kind in kinds)
    return f"{_JAVA_IMPORTS} class Snippet {{\n{text}\n}}" if has_members else f"{_JAVA_IMPORTS}\n{text}"


@functools.lru_cache(maxsize=_REMEMBERED)
def _answer(text: str, language: str) -> Future[bool | None]:
    return _pool().submit(_c_compiles if language == "c" else _java_compiles, text)


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_ASKED_AT_ONCE, "compiler")


@functools.cache
def _javac() -> Javac:
    return Javac(compiler("java") or "javac")


def _forget() -> None:
    """A forked process has none of its parent's threads, and must not speak over its parent's pipes."""
    for remembered in (_answer, _pool, _javac):
        remembered.cache_clear()


os.register_at_fork(after_in_child=_forget)


def _python_compiles(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(python_module(text), "<code>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def _c_compiles(text: str) -> bool | None:
    command = [compiler("c") or "", *_C_OPTIONS]
    data, nowhere = text.encode("utf-8", "replace"), subprocess.DEVNULL
    try:
        done = subprocess.run(
            command, input=data, stdout=nowhere, stderr=nowhere, cwd="/", timeout=SECONDS, check=False
        )
    except (subprocess.TimeoutExpired, OSError):
        return None
    return done.returncode == 0


def _java_compiles(text: str) -> bool | None:
    return _javac().takes(java_file(text))
