"""Statements that do nothing, put before any other statement.

Source: Zhang et al., "Towards Robustness of Deep Program Processing Models - Detection, Estimation, and Enhancement",
TOSEM 2022, https://doi.org/10.1145/3511887 (S-CARROT inserts and deletes dead statements).
Deviations: the list is ours and closed: what it names is new to the program, compiles wherever a statement may stand,
    and calls nothing the program could have defined; words are such as a model may react to.
"""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from robust_ray.source._scopes import WORD
from robust_ray.source.edits import Edit
from robust_ray.source.languages import is_reserved
from robust_ray.source.statements._program import Program

_C = (
    ";",
    "{ }",
    "if (0) { }",
    "while (0) { }",
    "do { } while (0);",
    "for (; 0; ) { }",
    "while (1) { break; }",
    "for (int attempts = 0; attempts < 3; attempts++) break;",
    "if (0) { int retries = 0; retries++; }",
    "if (0) { int error_code = -1; }",
    "if (0) { char password[64]; }",
    "if (0) { unsigned long checksum = 0; }",
    'if (0) { const char *message = "out of memory"; }',
    'if (0) { const char *warning = "buffer overflow detected"; }',
)

_JAVA = (
    ";",
    "{ }",
    "if (false) { }",
    "do { } while (false);",
    "while (true) { break; }",
    "for (int attempts = 0; attempts < 3; attempts++) break;",
    "if (false) { int retries = 0; retries++; }",
    "if (false) { boolean locked = true; }",
    "if (false) { char[] password = new char[64]; }",
    "if (false) { long checksum = 0L; }",
    "if (false) { double threshold = 0.5; }",
    'if (false) { "connection refused".length(); }',
    'assert true : "unexpected state";',
)

_PYTHON = (
    ("pass",),
    ("assert True",),
    ("if False:", "    pass"),
    ("while False:", "    pass"),
    ("while True:", "    break"),
    ("for attempt in ():", "    pass"),
    ("if False:", "    retries = 0"),
    ("if False:", "    checksum = None"),
    ("if False:", '    message = "connection refused"'),
    ("if False:", '    raise ValueError("unexpected state")'),
    ("if False:", '    print("cache miss")'),
    ("try:", "    pass", "finally:", "    pass"),
)

STATEMENTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "c": tuple((line,) for line in _C),
    "java": tuple((line,) for line in _JAVA),
    "python": _PYTHON,
}
"""Language → statements that do nothing, as lines; four blanks stand for one more level of indentation."""


def find(program: Program) -> Iterator[Edit]:
    """Each statement of the language's list, before each statement of the program."""
    chosen = [lines for lines in STATEMENTS[program.language] if _is_new(program, lines)]
    for node in program.statements():
        if program.language == "python" and _must_come_first(program, node):
            continue
        for lines in chosen:
            splice = program.before(node, lines)
            if splice is not None:
                yield Edit("dead_code", (splice,))


def _is_new(program: Program, lines: tuple[str, ...]) -> bool:
    """Whether the words of a statement mean nothing in the program, or the same everywhere."""
    words = {word for line in lines for word in WORD.findall(line)}
    return all(is_reserved(word, program.language) for word in words & program.source.names)


def _must_come_first(program: Program, node: Node) -> bool:
    """Whether nothing but comments may stand before the statement: a docstring, or an import from the future."""
    value = node
    while value.type in ("expression_statement", "parenthesized_expression") and value.named_children:
        value = value.named_children[0]
    if value.type in ("string", "concatenated_string"):
        return all(other.type == "comment" for other in _earlier(program, node))
    return any(node.start_byte <= other.start_byte for other in program.all("future_import_statement"))


def _earlier(program: Program, node: Node) -> Iterator[Node]:
    block = program.parent(node)
    assert block is not None
    return (child for child in block.named_children if child.start_byte < node.start_byte)
