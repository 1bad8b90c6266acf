"""Whether a changed program is still the same program, found out from its text alone.

Nothing here trusts the code that made the change: the text is parsed and its names are resolved again from scratch.
"""

from __future__ import annotations

import enum
import symtable
import warnings
from collections.abc import Mapping
from typing import NamedTuple

from robust_ray.source.identifiers import SourceCode, analyse
from robust_ray.source.renaming import is_fresh


class Level(enum.StrEnum):
    """How strictly a program was checked; each level includes the ones before."""

    PARSE = "parse"
    """No new syntax error, and the same comments and blanks between as many tokens."""

    BIND = "bind"
    """Only what was to be renamed is, without collision, and every name refers to the same declaration as before."""

    COMPILE = "compile"
    """The language's own compiler takes it where it takes the original."""


class Validity(NamedTuple):
    """What a check found."""

    is_valid: bool

    level: Level
    """The strictest level that was checked."""

    reason: str | None
    """What is wrong; None for a valid program."""


def check(source: SourceCode, text: str, renames: Mapping[str, str]) -> Validity:
    """Check that ``text`` is ``source`` with ``renames`` and nothing else.

    Python is checked up to :attr:`Level.COMPILE` where the original compiles, symbol tables included. C and Java stop
    at :attr:`Level.BIND`: snippets of them seldom compile alone.

    Args:
        source: The original program.
        text: What is claimed to be the same program with other names.
        renames: Original name → new name.
    """
    result = analyse(text, source.language)
    reason = _differs(source, result)
    if reason is not None:
        return Validity(False, Level.PARSE, reason)
    reason = _changes_other_names(source, result, renames) or _binds_differently(source, result)
    if reason is not None:
        return Validity(False, Level.BIND, reason)
    symbols = _symbols(source.text) if source.language == "python" else None
    if symbols is None:
        return Validity(True, Level.BIND, None)
    reason = _symbols_differ(symbols, _symbols(text), renames)
    return Validity(reason is None, Level.COMPILE, reason)


def _differs(source: SourceCode, result: SourceCode) -> str | None:
    """Why ``result`` is not the source but for some of its words."""
    if result.error_count > source.error_count:
        return f"the text has {result.error_count} syntax errors, the original {source.error_count}"
    if len(result.tokens) != len(source.tokens):
        return f"the text has {len(result.tokens)} tokens, the original {len(source.tokens)}"
    if _between(source) != _between(result):
        return "the text between tokens is not that of the original"
    return None


def _between(source: SourceCode) -> list[bytes]:
    """Comments and blanks: what lies before, between and after the tokens."""
    starts = [start for start, _ in source.tokens] + [len(source.data)]
    ends = [0] + [end for _, end in source.tokens]
    return [source.data[end:start] for end, start in zip(ends, starts, strict=True)]


def _changes_other_names(source: SourceCode, result: SourceCode, renames: Mapping[str, str]) -> str | None:
    """Which name may not be changed, collides, or is not what ``renames`` makes of it."""
    new_names: dict[int, str] = {}
    for old, new in renames.items():
        if old not in source.spans:
            return f"{old!r} is not a name that may be changed"
        if old == new:
            continue
        if new in new_names.values() or not is_fresh(source, new):
            return f"{new!r} is no new name: it is reserved, no identifier, or in the program already"
        new_names |= dict.fromkeys((start for start, _ in source.spans[old]), new)
    for (start, end), (start_result, end_result) in zip(source.tokens, result.tokens, strict=True):
        old_token, token = source.data[start:end], result.data[start_result:end_result]
        expected = new_names[start].encode() if start in new_names else old_token
        if token != expected:
            return f"{_shown(token)} stands at byte {start_result}, where {_shown(expected)} must"
    return None


def _shown(token: bytes) -> str:
    return repr(token.decode("utf-8", "replace"))


def _binds_differently(source: SourceCode, result: SourceCode) -> str | None:
    """Which name refers to something else than before."""
    before, after = _bindings(source), _bindings(result)
    for token in sorted(before.keys() | after.keys()):
        if before.get(token) != after.get(token):
            start, end = result.tokens[token]
            return f"{_shown(result.data[start:end])} at byte {start} does not refer to what it did"
    return None


def _bindings(source: SourceCode) -> dict[int, int]:
    """Index of a token → number of what it refers to, for all that is declared in the text."""
    index = {start: i for i, (start, _) in enumerate(source.tokens)}
    return {index[start]: binding for start, _, binding in source.occurrences if binding is not None}


def _symbols(text: str) -> symtable.SymbolTable | None:
    """Python's own table of the names of ``text``, which may be indented; None where it does not compile."""
    code = f"if True:\n{text}" if text[:1] in (" ", "\t") else text
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(code, "<code>", "exec", dont_inherit=True)
            return symtable.symtable(code, "<code>", "exec")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _symbols_differ(
    before: symtable.SymbolTable, after: symtable.SymbolTable | None, renames: Mapping[str, str]
) -> str | None:
    """A second opinion on the names, by CPython itself."""
    if after is None:
        return "the text does not compile, the original does"
    pairs = [(before, after)]
    while pairs:
        old, new = pairs.pop()
        expected = {(renames.get(s.get_name(), s.get_name()), *_facts(s)) for s in old.get_symbols()}
        found = {(s.get_name(), *_facts(s)) for s in new.get_symbols()}
        if expected != found or len(old.get_children()) != len(new.get_children()):
            return f"Python sees other symbols in {old.get_name()!r}"
        pairs += zip(old.get_children(), new.get_children(), strict=True)
    return None


def _facts(symbol: symtable.Symbol) -> tuple[bool, ...]:
    """All that Python says of a symbol's scope."""
    return (
        symbol.is_parameter(),
        symbol.is_local(),
        symbol.is_global(),
        symbol.is_free(),
        symbol.is_imported(),
        symbol.is_assigned(),
        symbol.is_referenced(),
    )
