"""What a program meets instead of the world: values that take every operation, do nothing, and note what was asked."""

from __future__ import annotations

import types
import zlib
from collections.abc import Callable, Iterator
from typing import Any

ITEMS = 20
"""Items taken from a generator, and elements looked at in any result."""

DEPTH = 6
"""Levels looked at in a nested result."""

EVENTS = 5_000
"""Events compared in one run."""

OPERATORS = {
    **{"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**"},
    **{"and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>", "matmul": "@"},
}


class Run:
    """What one run of one program does that can be seen from outside."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.events: list[str] = []
        self.asked: dict[str, int] = {}

    def note(self, event: str) -> None:
        """Remember a call, an assignment, a line printed or a result."""
        if len(self.events) < EVENTS:
            self.events.append(event)

    def draw(self, question: str, below: int) -> int:
        """A number that depends on what is asked and on how often it was asked before, and on nothing else."""
        n = self.asked[question] = self.asked.get(question, 0) + 1
        return checksum(f"{self.seed} {n} {question}") % below


class Stand:
    """Stands for anything: takes every operation, does nothing, and notes what was asked of it.

    Its own attributes end in two underscores, which no program's do.
    """

    run__: Run
    path__: str

    def __init__(self, run: Run, path: str) -> None:
        object.__setattr__(self, "run__", run)
        object.__setattr__(self, "path__", path if len(path) < 200 else str(checksum(path)))

    def then__(self, path: str) -> Any:
        """What an operation gives."""
        return Stand(self.run__, path)

    def draw__(self, question: str, below: int) -> int:
        """A number for a question about this stand-in."""
        return self.run__.draw(f"{question} {self.path__}", below)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.then__(f"{self.path__}.{name}")

    def __setattr__(self, name: str, value: object) -> None:
        self.run__.note(f"{self.path__}.{name} = {shown(value)}")
        object.__setattr__(self, name, value)

    def __call__(self, *args: object, **options: object) -> Any:
        arguments = [shown(value) for value in args] + [f"{name}={shown(value)}" for name, value in options.items()]
        call = f"{self.path__}({', '.join(arguments)})"
        self.run__.note(call)
        return self.then__(f"{call}#{self.run__.draw(call, 1_000_000)}")

    def __getitem__(self, key: object) -> Any:
        return self.then__(f"{self.path__}[{shown(key)}]")

    def __setitem__(self, key: object, value: object) -> None:
        self.run__.note(f"{self.path__}[{shown(key)}] = {shown(value)}")

    def __delitem__(self, key: object) -> None:
        self.run__.note(f"del {self.path__}[{shown(key)}]")

    def __iter__(self) -> Iterator[Any]:
        return iter([self.then__(f"{self.path__}[{i}]") for i in range(len(self))])

    def __next__(self) -> Any:
        if not self.draw__("next", 4):
            raise StopIteration
        return self.then__(f"next({self.path__})#{self.draw__('item', 1_000_000)}")

    def __contains__(self, key: object) -> bool:
        return bool(self.draw__(f"{shown(key)} in", 2))

    def __enter__(self) -> Any:
        self.run__.note(f"enter {self.path__}")
        return self

    def __exit__(self, *error: object) -> None:
        self.run__.note(f"exit {self.path__}")

    def __bool__(self) -> bool:
        return bool(self.draw__("bool", 2))

    def __len__(self) -> int:
        return checksum(f"{self.run__.seed} {self.path__}") % 4  # always the same: built-in types trust it

    def __int__(self) -> int:
        return self.draw__("int", 5)

    __index__ = __int__

    def __float__(self) -> float:
        return self.draw__("float", 50) / 10

    def __repr__(self) -> str:
        return f"<{self.path__}>"

    __str__ = __repr__

    def __format__(self, form: str) -> str:
        return f"<{self.path__}:{form}>"

    def __hash__(self) -> int:
        return checksum(self.path__)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Stand) and other.path__ == self.path__:
            return True
        return bool(self.run__.draw(" == ".join(sorted((repr(self), shown(other)))), 2))

    def __lt__(self, other: object) -> bool:
        return bool(self.run__.draw(f"{self!r} < {shown(other)}", 2))

    def __gt__(self, other: object) -> bool:
        return bool(self.run__.draw(f"{shown(other)} < {self!r}", 2))

    def __le__(self, other: object) -> bool:
        return bool(self.run__.draw(f"{self!r} <= {shown(other)}", 2))

    def __ge__(self, other: object) -> bool:
        return bool(self.run__.draw(f"{shown(other)} <= {self!r}", 2))

    def __neg__(self) -> Any:
        return self.then__(f"(-{self.path__})")

    def __invert__(self) -> Any:
        return self.then__(f"(~{self.path__})")


def _operator(sign: str, *, is_reflected: bool) -> Callable[[Stand, object], Stand]:
    def apply(stand: Stand, other: object) -> Any:
        left, right = (shown(other), stand) if is_reflected else (stand, shown(other))
        return stand.then__(f"({left} {sign} {right})")

    return apply


for _name, _sign in OPERATORS.items():
    setattr(Stand, f"__{_name}__", _operator(_sign, is_reflected=False))
    setattr(Stand, f"__r{_name}__", _operator(_sign, is_reflected=True))


def shown(value: object, depth: int = 0) -> str:
    """A value as text that is the same for the same value in two programs: no addresses, no names of functions."""
    kind = type(value)
    if isinstance(value, Stand):
        return str(value)
    if depth > DEPTH:
        return "…"
    if kind in (int, float, complex, bool, str, bytes, bytearray, type(None), range, slice):
        try:
            text = repr(value)
        except ValueError:  # an integer of thousands of digits
            text = hex(value) if isinstance(value, int) else "…"
        return text if len(text) < 1_000 else f"{text[:1_000]}…{checksum(text)}"
    if isinstance(value, list | tuple):
        return f"{kind.__name__}[{', '.join(shown(item, depth + 1) for item in list(value)[:ITEMS])}]{len(value)}"
    if isinstance(value, set | frozenset):
        return f"{kind.__name__}{sorted(shown(item, depth + 1) for item in value)}"
    if isinstance(value, dict):
        items = list(value.items())[:ITEMS]
        return f"{{{', '.join(f'{shown(k, depth + 1)}: {shown(v, depth + 1)}' for k, v in items)}}}{len(value)}"
    if isinstance(value, types.GeneratorType):
        return f"generator[{', '.join(shown(item, depth + 1) for item, _ in zip(value, range(ITEMS), strict=False))}]"
    if isinstance(value, type):
        return f"class {value.__name__}"
    if isinstance(value, BaseException):
        return f"{kind.__name__}()"
    if isinstance(value, types.FunctionType | types.MethodType):
        return "function"
    return f"a {kind.__name__}"


def checksum(text: str) -> int:
    """A number that stands for a text, the same in every process."""
    return zlib.crc32(text.encode("utf-8", "replace"))
