"""A scope tree, built by walking a syntax tree, and what each occurrence of a name in it refers to.

Every language subclasses :class:`Resolver` with one ``visit_<node type>`` method for each construct that binds, opens a
scope or holds words that are not variables. A visit returns the nodes to go to next, each with its scope, so that the
walk needs no recursion and code may be nested as deeply as it likes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, NamedTuple

from tree_sitter import Node

from robust_ray.source.languages import is_keyword

Kind = Literal["function", "parameter", "local"]
"""What a name that may be changed stands for."""

WORD = re.compile(r"(?<![\w$])(?:[^\W\d]|\$)[\w$]*")
"""A word that could be an identifier, in any language."""


@dataclass(eq=False, slots=True)
class Binding:
    """One declared name."""

    name: str
    kind: Kind | None
    """None for what is declared here but must keep its name: a field, a class, an import."""
    visible_from: int
    """Byte from which on it can be referred to; 0 when everywhere in its scope."""


@dataclass(eq=False, slots=True)
class Scope:
    """A region with names of its own."""

    parent: Scope | None = None
    kind: Literal["file", "class", "function", "comprehension", "block"] = "block"
    inherits: bool = False
    """A class with ancestors we do not see: an unknown method may be theirs."""
    bindings: dict[str, Binding] = field(default_factory=dict)

    def nearest(self, *kinds: str) -> Scope:
        """This scope or the closest around it of one of these kinds; the outermost if there is none."""
        scope = self
        while scope.kind not in kinds and scope.parent is not None:
            scope = scope.parent
        return scope


class Occurrence(NamedTuple):
    """One use or declaration of a variable or function."""

    start: int
    end: int
    binding: int | None
    """Number of what it refers to, counted by first appearance; None for what is not declared in the text."""


@dataclass(frozen=True)
class Identifier:
    """A name that may be changed without changing what the program does."""

    name: str
    kind: Kind
    """Of its first declaration."""
    spans: tuple[tuple[int, int], ...]
    """Byte range of every occurrence, in order, declarations included."""


class Bindings(NamedTuple):
    """What the names of a text mean."""

    occurrences: tuple[Occurrence, ...]
    identifiers: tuple[Identifier, ...]


Steps = Iterable[tuple[Node, Scope]]
"""Where the walk goes next."""


def each(nodes: Iterable[Node], scope: Scope) -> list[tuple[Node, Scope]]:
    """All nodes, in one scope."""
    return [(node, scope) for node in nodes]


def span(node: Node) -> tuple[int, int]:
    """First byte and the one after the last."""
    return node.start_byte, node.end_byte


class Resolver:
    """Walks one syntax tree, collecting declarations and uses; ``resolve`` then connects them.

    Names are looked up by key: the name itself, or ``name()`` where methods have a namespace of their own.
    """

    language: ClassVar[str]

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.uses: list[tuple[int, int, str, Scope | Binding | None]] = []
        self.doubtful: set[str] = set()
        self.is_opaque = False
        """Whether the program can read its own names, so that none may be changed."""
        self._visits: dict[str, Callable[[Node, Scope], Steps] | None] = {}

    def text(self, node: Node) -> str:
        """Source text of a node."""
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "surrogatepass")

    def declare(self, node: Node, scope: Scope, kind: Kind | None, *, key: str = "{}", hoisted: bool = False) -> None:
        """Bind the name at ``node`` in ``scope``; a second declaration there is the same binding."""
        if node.start_byte == node.end_byte:  # a name the parser invented
            return
        name = self.text(node)
        start = 0 if hoisted else node.start_byte
        binding = scope.bindings.setdefault(key.format(name), Binding(name, kind, start))
        binding.visible_from = min(binding.visible_from, start)
        if kind is None:
            binding.kind = None
        self.uses.append((*span(node), key.format(name), binding))

    def use(self, node: Node, scope: Scope | None, *, key: str = "{}") -> None:
        """Refer to the name at ``node`` from ``scope``; from nowhere when it cannot be told what it refers to."""
        if node.end_byte > node.start_byte:
            self.uses.append((*span(node), key.format(self.text(node)), scope))

    def doubt(self, name: str) -> None:
        """Never change this name."""
        self.doubtful.add(name)

    def doubt_words(self, *nodes: Node) -> list[tuple[Node, Scope]]:
        """Never change a name that is a word of these nodes, and go no deeper."""
        for node in nodes:
            self.doubtful.update(WORD.findall(self.text(node)))
        return []

    def is_quoted(self, name: str) -> bool:
        """Whether a string of the text is this name, so that the program may look for it."""
        return any(text in self.data for text in (f'"{name}"'.encode(), f"'{name}'".encode()))

    def walk(self, root: Node) -> None:
        """Visit every node once, in order of the text."""
        stack: list[tuple[Node, Scope]] = [(root, Scope(kind="file"))]
        visits = self._visits
        while stack:
            node, scope = stack.pop()
            kind = node.type
            if kind not in visits:
                visits[kind] = getattr(self, f"visit_{kind}", None)
            visit = visits[kind]
            steps = each(node.named_children, scope) if visit is None else visit(node, scope)
            stack.extend(reversed(list(steps)))

    def visit_identifier(self, node: Node, scope: Scope) -> Steps:
        self.use(node, scope)
        return ()

    def visit_ERROR(self, node: Node, scope: Scope) -> Steps:  # noqa: N802 (the grammar's own spelling)
        return self.doubt_words(node)

    def lookup(self, key: str, start: int, scope: Scope) -> Binding | None:
        """The declaration that ``key`` means at byte ``start`` of ``scope``."""
        around: Scope | None = scope
        while around is not None:
            binding = around.bindings.get(key)
            if binding is not None and binding.visible_from <= start:
                return binding
            around = around.parent
        return None

    def finish(self) -> None:
        """Raise the doubts that need the whole text."""

    def resolve(self, root: Node) -> Bindings:
        """Walk the tree, connect every use with its declaration, and keep the names that are safe to change."""
        self.walk(root)
        self.finish()
        numbers: dict[Binding, int] = {}
        occurrences: list[Occurrence] = []
        groups: dict[str, list[tuple[int, int, Binding]]] = {}
        fixed: set[str] = set()
        for start, end, key, target in sorted(self.uses, key=lambda use: use[:2]):
            binding = self.lookup(key, start, target) if isinstance(target, Scope) else target
            if binding is None or binding.kind is None or self._is_doubtful(binding):
                fixed.add(key)
            else:
                groups.setdefault(key, []).append((start, end, binding))
            occurrences.append(
                Occurrence(start, end, None if binding is None else numbers.setdefault(binding, len(numbers)))
            )
        safe = {key: group for key, group in groups.items() if key not in fixed}
        return Bindings(tuple(occurrences), _identifiers(safe.values()))

    def _is_doubtful(self, binding: Binding) -> bool:
        name = binding.name
        if self.is_opaque or name in self.doubtful or is_keyword(name, self.language):
            return True
        return binding.kind == "function" and self.is_quoted(name)


def _identifiers(groups: Iterable[Sequence[tuple[int, int, Binding]]]) -> tuple[Identifier, ...]:
    """One identifier for each name, also where it is a variable and a method at once."""
    by_name: dict[str, list[tuple[int, int, Binding]]] = {}
    for group in groups:
        by_name.setdefault(group[0][2].name, []).extend(group)
    found = []
    for name, group in by_name.items():
        group.sort(key=lambda occurrence: occurrence[0])
        kind = group[0][2].kind
        if kind is not None:
            found.append(Identifier(name, kind, tuple((start, end) for start, end, _ in group)))
    return tuple(sorted(found, key=lambda identifier: identifier.spans))
