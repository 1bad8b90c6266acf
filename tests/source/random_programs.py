"""Random functions of two numbers, nested as no programmer would, in any of the three languages.

All loops end, and calls of ``trace`` tell what was done. Java takes most of them: some have unreachable statements.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class Writer:
    """Writes functions, statement by statement."""

    language: str
    rng: np.random.Generator
    turns: int = 0
    """Loops of the function so far: each counts its turns in a variable of its own, so that it ends."""

    def function(self, name: str) -> str:
        """A whole function."""
        self.turns = 0
        body = [*self.statements(4, in_loop=False), self.simple("return b")]
        counters = [self.counter(i) for i in range(self.turns)]
        if self.language == "python":
            return "\n".join([f"def {name}(a, b):", *indented([*counters, *body])]) + "\n"
        return "\n".join([f"static int {name}(int a, int b) {{", *indented([*counters, *body]), "}"]) + "\n"

    def counter(self, i: int) -> str:
        return f"turn{i} = 0" if self.language == "python" else f"int turn{i} = 0;"

    def pick(self, *choices: str) -> str:
        return choices[int(self.rng.integers(len(choices)))]

    def simple(self, statement: str) -> str:
        return statement if self.language == "python" else f"{statement};"

    def value(self) -> str:
        return self.pick("a", "b", "3", "0", "(a + 2)", "(b - 4)", "(a - b)")

    def condition(self) -> str:
        test = f"{self.pick('a', 'b')} {self.pick('<', '>', '<=', '>=', '==', '!=')} {self.value()}"
        return self.pick(test, test, f"not ({test})" if self.language == "python" else f"!({test})")

    def statements(self, depth: int, in_loop: bool) -> list[str]:
        """Some statements; only the last one may be a jump."""
        lines = [line for _ in range(int(self.rng.integers(1, 4))) for line in self.statement(depth, in_loop)]
        jumps = ("return a", f"return {self.value()}", *(("break", "continue") if in_loop else ()))
        return [*lines, self.simple(self.pick(*jumps))] if depth < 4 and self.rng.random() < 0.4 else lines

    def statement(self, depth: int, in_loop: bool) -> list[str]:
        """One statement, which may hold others."""
        x, kind = self.pick("a", "b"), self.rng.random()
        if kind < 0.5 or depth <= 0:
            steps = [f"{x} += 1", f"{x} = {x} - 2", f"{x} = {x} + 1"]
            steps += [] if self.language == "python" else [f"{x}++", f"--{x}"]
            return [self.simple(self.pick(f"trace({self.value()})", f"{x} = {self.value()}", *steps))]
        if kind < 0.8:
            return self.branch(depth, in_loop)
        return self.loop(depth)

    def body(self, depth: int, in_loop: bool) -> list[str]:
        """A block, or in C and Java perhaps one statement without braces."""
        if self.language == "python":
            return indented(self.statements(depth - 1, in_loop))
        if self.rng.random() < 0.4:
            return indented(self.statement(depth - 1, in_loop))
        return ["{", *indented(self.statements(depth - 1, in_loop)), "}"]

    def branch(self, depth: int, in_loop: bool) -> list[str]:
        """``if``, perhaps with an ``else``, which may stand before another ``if``."""
        is_python = self.language == "python"
        head = f"if {self.condition()}:" if is_python else f"if ({self.condition()})"
        lines = [head, *self.body(depth, in_loop)]
        kind = self.rng.random()
        if kind < 0.4:
            return lines
        if kind < 0.6:
            first, *rest = self.branch(depth - 1, in_loop)
            return [*lines, ("el" if is_python else "else ") + first, *rest]
        return [*lines, "else:" if is_python else "else", *self.body(depth, in_loop)]

    def loop(self, depth: int) -> list[str]:
        """``for`` or ``while``, of a few turns."""
        turn, x = f"turn{self.turns}", self.pick("a", "b")
        self.turns += 1
        body = self.body(depth, in_loop=True)
        if self.language != "python":
            steps = self.pick(f"{turn}++", f"{turn}++, {x}--")
            head = self.pick(
                f"while ({turn}++ < 3)", f"for ({turn} = 1; {turn} < 4; {steps})", f"for (; {turn}++ < 2; )"
            )
            return [head, *body]
        if self.rng.random() < 0.5:
            return [f"for {turn} in range(3):", *body]
        counted = [f"{turn} += 1", *self.pick("", "if {turn} == 2:\n    break").format(turn=turn).splitlines()]
        return [
            self.pick(f"while {turn} < 3:", "while True:"),
            *indented([f"if {turn} > 3:", "    break", *counted]),
            *body,
        ]


def indented(lines: list[str]) -> list[str]:
    """The lines, one level deeper."""
    return [f"    {line}" for line in lines]
