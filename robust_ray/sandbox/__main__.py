"""Reads pairs of programs from standard input and answers on standard output, one JSON object a line.

Memory is limited, files cannot be written, and a pair that takes too long ends the process.
"""

from __future__ import annotations

import ast
import contextlib
import json
import random
import resource
import signal
import sys
import types
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from robust_ray.sandbox.names import Names, bound, is_harmless
from robust_ray.sandbox.stand_ins import Run, Stand, shown

LINES = 20_000
"""Lines the original may run on one input; the other program may run ten times as many."""

SECONDS = 1.0
"""Processor time for all runs of a pair."""

MEMORY = 2**30
"""Bytes of the process."""


class Exhausted(BaseException):
    """A program ran more lines than it may."""


def argument(rng: random.Random, run: Run, place: str) -> Any:
    """A value for one parameter, most often a stand-in."""
    numbers = [rng.randint(-3, 9) for _ in range(rng.randint(0, 4))]
    words = ["".join(rng.choice("ab01 ,.\n-/") for _ in range(rng.randint(0, 6))) for _ in range(rng.randint(0, 3))]
    choices: list[Any] = [
        *(rng.randint(-3, 12), rng.random() * 10, " ".join(words), numbers, words, tuple(numbers), set(numbers)),
        *(dict(zip(words, numbers, strict=False)), " ".join(words).encode(), bool(rng.random() < 0.5), None),
    ]
    return Stand(run, place) if rng.random() < 0.35 else rng.choice(choices)


def outcome(tree: ast.Module, seed: int, lines: int) -> tuple[list[str], int]:
    """All that can be seen of a program, run once, and the lines that took.

    The program is executed; then each of its functions, methods included, is called with arguments by position.

    Raises:
        Exhausted: it runs for too long.
    """
    run = Run(seed)
    names = Names(run, bound(tree))
    spent = 0

    def trace(frame: types.FrameType, event: str, _: object) -> Any:
        nonlocal spent
        if frame.f_code.co_filename != "<program>":
            return None
        spent += event == "line"
        if spent > lines:
            raise Exhausted
        return trace

    def observe(action: Callable[[], object]) -> None:
        sys.settrace(trace)
        try:
            result = shown(action())
        except Exhausted:
            raise
        except BaseException as error:
            result = f"raises {type(error).__name__}"
        finally:
            sys.settrace(None)
        if spent > lines:
            raise Exhausted
        run.note(result)

    space: dict[str, Any] = {"__builtins__": names, "__name__": "__main__"}
    code = compile(tree, "<program>", "exec", dont_inherit=True)
    observe(lambda: exec(code, space))
    for n, function in enumerate(functions(space)):
        rng = random.Random(f"{seed} {n}")
        about = function.__code__
        needed = about.co_argcount - len(function.__defaults__ or ())
        given = rng.randint(needed, about.co_argcount)
        args = [
            Stand(run, "self") if about.co_varnames[i] in ("self", "cls") else argument(rng, run, f"argument {i}")
            for i in range(given)
        ]
        only = about.co_varnames[about.co_argcount : about.co_argcount + about.co_kwonlyargcount]
        options = {name: argument(rng, run, f"option {i}") for i, name in enumerate(only)}
        observe(lambda f=function, a=args, o=options: f(*a, **o))  # type: ignore[misc]
        observe(lambda a=args, o=options: [*a, *o.values()])  # type: ignore[misc]
    return run.events, spent


def functions(space: dict[str, Any]) -> list[types.FunctionType]:
    """Functions that a program has defined, in order, and the methods of its classes."""
    found: list[types.FunctionType] = []
    for value in space.values():
        inside = vars(value).values() if isinstance(value, type) else [value]
        for each in inside:
            function = each.__func__ if isinstance(each, staticmethod | classmethod) else each
            if isinstance(function, types.FunctionType) and function.__code__.co_filename == "<program>":
                found.append(function)
    return found


def compare(original: str, changed: str, seed: int, inputs: int) -> dict[str, Any]:
    """Run both programs on as many inputs, and say on how many the original ended and where they first differ."""
    nothing = {"informative": 0, "difference": None}
    try:
        trees = [ast.parse(text) for text in (original, changed)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return nothing
    if not all(map(is_harmless, trees)):
        return nothing
    informative = 0
    for i in range(inputs):
        try:
            before, spent = outcome(trees[0], seed + i, LINES)
        except Exhausted:
            continue
        difference = differs(before, trees[1], seed + i, 10 * spent + 1_000)
        if difference is not None and differs(before, trees[0], seed + i, LINES) is not None:
            continue  # not even the original does the same twice
        informative += 1
        if difference is not None:
            return {"informative": informative, "difference": difference}
    return {"informative": informative, "difference": None}


def differs(before: Sequence[str], tree: ast.Module, seed: int, lines: int) -> str | None:
    """Where a program does something else than was seen before; None when it does the same."""
    try:
        after, _ = outcome(tree, seed, lines)
    except Exhausted:
        return "it does not end where the original does"
    for old, new in zip(before, after, strict=False):
        if old != new:
            return f"{new[:80]} where the original has {old[:80]}"
    return None if len(before) == len(after) else f"{len(after)} events, the original has {len(before)}"


def main() -> None:
    """Answer requests until there are no more."""
    warnings.simplefilter("ignore")
    with contextlib.suppress(ValueError, OSError):  # macOS knows no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in sys.stdin:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # nobody handles the signal: it ends the process
        answer = compare(**request)
        signal.setitimer(signal.ITIMER_PROF, 0)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
