"""A program's syntax tree, with what every rule asks of it: where statements stand, and how to write beside them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence

from tree_sitter import Node

from robust_ray.source import _macros
from robust_ray.source._java import has_escapes
from robust_ray.source._local_names import INSPECTORS as LOCAL_INSPECTORS
from robust_ray.source.edits import Splice
from robust_ray.source.identifiers import SourceCode
from robust_ray.source.languages import parse
from robust_ray.source.renaming import is_fresh

BLOCKS = {
    "c": ("compound_statement", "case_statement"),
    "java": ("block", "constructor_body", "switch_block_statement_group"),
    "python": ("block", "module"),
}
"""Nodes whose children are statements, one after the other."""

_NO_STATEMENTS = ("switch_label", "explicit_constructor_invocation", "case_statement", "case_clause")
"""What stands in blocks and must stay where it is: labels, and the call that a constructor begins with."""

INSPECTORS = LOCAL_INSPECTORS | {"globals"}
"""Builtins of Python that can see or make a name; where the program speaks of one, none is added."""

_OPERATORS = frozenset(b"+-*/%&|^<>=!:")


class Program:
    """The tree of one program; regions the parser could not read, and what the preprocessor reads, are left out."""

    def __init__(self, source: SourceCode) -> None:
        self.source = source
        self.data = source.data
        self.language = source.language
        self.newline = "\r\n" if b"\r\n" in source.data else "\n"
        self._tree = parse(source.data, source.language)
        self._kinds: dict[str, list[Node]] = {}
        self._parents: dict[int, Node] = {}
        self._directives: list[int] = []
        self._troubled: set[int] = set()
        self._statement_macros = self._find_statement_macros()
        self._read(self._tree.root_node)

    def _find_statement_macros(self) -> re.Pattern[bytes] | None:
        """Finds macros of the text that may be more than one operand; in Java anything where escapes hide code."""
        if self.language == "java":
            return re.compile(b"") if has_escapes(self.data) else None
        macros = _macros.definitions(self.source.text) if self.language == "c" else {}
        names = [re.escape(name.encode()) for name, body in macros.items() if not _macros.is_plain(body)]
        return re.compile(rb"\b(?:%s)\b" % b"|".join(names)) if names else None

    def _read(self, root: Node) -> None:
        stack = [root]
        while stack:
            node = stack.pop()
            if node.type.startswith("preproc"):
                self._directives.append(node.start_byte)
            elif not node.is_error:
                self._kinds.setdefault(node.type, []).append(node)
                children = node.children
                self._parents.update((child.id, node) for child in children)
                self._note_trouble(node, children)
                stack.extend(reversed(children))

    def _note_trouble(self, node: Node, children: Sequence[Node]) -> None:
        """Remember which children stand beside something that cannot be read, or in what does."""
        odd = [child.has_error or child.type.startswith("preproc") for child in children]
        for i, child in enumerate(children):
            if node.id in self._troubled or any(odd[max(i - 1, 0) : i]) or any(odd[i + 1 : i + 2]):
                self._troubled.add(child.id)

    @functools.cached_property
    def variables(self) -> frozenset[str]:
        """Names that cannot be constants to Java's compiler: parameters and what is assigned to, but what is final."""
        found = [node.child_by_field_name("left") for node in self.all("assignment_expression")]
        found += [node.child_by_field_name("name") for node in self.all("formal_parameter")]
        found += [child for node in self.all("update_expression") for child in node.named_children]
        names = {self.text(node) for node in found if node is not None and node.type == "identifier"}
        return frozenset(names - set(self._finals()))

    def _finals(self) -> Iterator[str]:
        """Names of variables that are declared final, and of constants of interfaces."""
        for node in self.all("local_variable_declaration", "field_declaration", "constant_declaration"):
            modifiers = next((child for child in node.named_children if child.type == "modifiers"), None)
            is_final = modifiers is not None and any(child.type == "final" for child in modifiers.children)
            if is_final or node.type == "constant_declaration":
                names = (part.child_by_field_name("name") for part in node.children_by_field_name("declarator"))
                yield from (self.text(name) for name in names if name is not None)

    @functools.cached_property
    def declared(self) -> frozenset[str]:
        """Variables and functions that the text declares."""
        return frozenset(
            self.between(start, end) for start, end, binding in self.source.occurrences if binding is not None
        )

    def all(self, *kinds: str) -> Iterator[Node]:
        """Every node of these kinds."""
        return (node for kind in kinds for node in self._kinds.get(kind, ()))

    def parent(self, node: Node) -> Node | None:
        """The node around it; None for the root."""
        return self._parents.get(node.id)

    def around(self, node: Node) -> Iterator[Node]:
        """The nodes around it, from the nearest to the root."""
        parent = self.parent(node)
        while parent is not None:
            yield parent
            parent = self.parent(parent)

    def text(self, node: Node) -> str:
        """Source text of a node."""
        return self.between(node.start_byte, node.end_byte)

    def between(self, start: int, end: int) -> str:
        """Source text of a range of bytes."""
        return self.source.between(start, end)

    def statements(self) -> Iterator[Node]:
        """Every statement before which another may be put: it stands in a block and is clean."""
        return (
            child
            for block in self.all(*BLOCKS[self.language])
            for child in block.named_children
            if self.is_statement(child) and self.is_clean(child)
        )

    def is_statement(self, node: Node) -> bool:
        """Whether the node is one of a list of statements."""
        parent = self.parent(node)
        if parent is None or parent.type not in BLOCKS[self.language] or not node.is_named:
            return False
        if node.type.endswith("comment") or node.type in _NO_STATEMENTS or node == parent.child_by_field_name("value"):
            return False
        around = self.parent(parent)
        return around is None or around.type != "switch_statement"

    def next_statement(self, node: Node) -> Node | None:
        """The statement that follows directly, with nothing but blanks between."""
        after = node.next_named_sibling
        if after is None or not self.is_statement(after) or self.between(node.end_byte, after.start_byte).strip():
            return None
        return after

    def is_clean(self, node: Node) -> bool:
        """Whether the tree can be believed here.

        No syntax error inside, right beside, or right beside what is around; no line that the preprocessor reads or
        that goes on with a backslash.
        """
        if node.has_error or node.id in self._troubled or self._has_statement_macro(node):
            return False
        if any(node.start_byte <= start < node.end_byte for start in self._directives):
            return False
        start = self.data.rfind(b"\n", 0, max(self._line_start(node.start_byte) - 1, 0)) + 1
        lines = self.data[start : node.end_byte]
        return b"\\\n" not in lines and b"\\\r" not in lines and b"\r" not in lines.replace(b"\r\n", b"")

    def _has_statement_macro(self, node: Node) -> bool:
        """Whether such a macro stands in the node, or right beside it."""
        if self._statement_macros is None:
            return False
        before, after = node.prev_named_sibling, node.next_named_sibling
        start = node.start_byte if before is None else before.start_byte
        end = node.end_byte if after is None else after.end_byte
        return self._statement_macros.search(self.data, start, end) is not None

    def _line_start(self, at: int) -> int:
        return self.data.rfind(b"\n", 0, at) + 1

    def indentation(self, at: int) -> str | None:
        """The blanks before byte ``at``; None where it is not the first of its line."""
        blanks = self.between(self._line_start(at), at)
        return None if blanks.strip(" \t") else blanks

    def before(self, node: Node, lines: Sequence[str]) -> Splice | None:
        """Put lines before a statement, indented like it; None where the language needs a line of its own."""
        blanks = self.indentation(node.start_byte)
        if blanks is not None:
            text = "".join(f"{line}{self.newline}{blanks}" for line in lines)
        elif self.language != "python":
            text = "".join(f"{line} " for line in lines)
        else:
            return None
        return Splice(node.start_byte, node.start_byte, text)

    def splice(self, start: int, end: int, text: str) -> Splice:
        """Replace bytes, with a blank where two words or two operators would become one."""
        left = " " if _glues(self.data[:start][-1:], text[:1].encode()) else ""
        right = " " if _glues(text[-1:].encode(), self.data[end : end + 1]) else ""
        return Splice(start, end, f"{left}{text}{right}")

    def fresh(self, name: str) -> str | None:
        """The name, where the program does not use it yet."""
        return name if is_fresh(self.source, name) else None


def _glues(left: bytes, right: bytes) -> bool:
    if not left or not right:
        return False
    return (_is_word(left) and _is_word(right)) or (left[0] in _OPERATORS and right[0] in _OPERATORS)


def _is_word(byte: bytes) -> bool:
    return byte.isalnum() or byte in (b"_", b"$") or byte[0] >= 0x80


def operator(node: Node) -> str:
    """The operator of a node with operands; several words are joined with a blank."""
    return " ".join(child.type for child in node.children if not child.is_named)


def inside(node: Node, *, but: Sequence[str] = ()) -> Iterator[Node]:
    """The node and all in it, in order of the text; nodes of the kinds ``but`` below it are not looked into."""
    stack = [node]
    while stack:
        here = stack.pop()
        yield here
        stack.extend(child for child in reversed(here.children) if child.type not in but)


def token(node: Node, kind: str) -> Node | None:
    """The last child of this kind that is no named node, such as a parenthesis or a keyword."""
    return next((child for child in reversed(node.children) if child.type == kind), None)


def deeper(blanks: str | None) -> str:
    """One more level of indentation, in tabs where those are tabs."""
    return "\t" if blanks and "\t" in blanks else "    "
