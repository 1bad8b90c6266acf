"""Whether a changed program is still the same program, found out from its text alone.

Nothing here trusts the code that made the change: the text is parsed and its names are resolved again from scratch.
"""

from __future__ import annotations

import enum
import symtable
import warnings
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from robust_ray.source.compilers import compiles, python_module
from robust_ray.source.edits import Edit, edited
from robust_ray.source.identifiers import SourceCode, analyse
from robust_ray.source.renaming import suits
from robust_ray.source.statements import is_sound


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


def check(source: SourceCode, text: str, renames: Mapping[str, str], edits: Sequence[Edit] = ()) -> Validity:
    """Check that ``text`` is ``source`` with ``edits``, then ``renames``, and nothing else.

    Where the original compiles alone, so must the text, up to :attr:`Level.COMPILE`; for Python that includes the
    interpreter's own symbol tables. Where it does not, as most snippets of C and methods of Java, or where this machine
    has no compiler for the language, the check ends at :attr:`Level.BIND` and says so.

    Args:
        source: The original program.
        text: What is claimed to be the same program with other names.
        renames: Original name → new name.
        edits: Changes to statements of the original; each must be one that its rule finds there.
    """
    unsound = next((edit for edit in edits if not is_sound(source, edit)), None)
    if unsound is not None:
        return Validity(False, Level.PARSE, f"the rule {unsound.rule!r} allows no such edit")
    base = edited(source, edits)
    if base is None:
        return Validity(False, Level.PARSE, "two edits touch the same bytes")
    if base.error_count > source.error_count:
        return Validity(False, Level.PARSE, "the edits bring a syntax error")
    result = analyse(text, source.language)
    reason = _differs(base, result)
    if reason is not None:
        return Validity(False, Level.PARSE, reason)
    reason = _changes_other_names(base, result, renames) or _binds_differently(base, result)
    if reason is not None:
        return Validity(False, Level.BIND, reason)
    return _compiled(source, base, result, renames)


def _compiled(source: SourceCode, base: SourceCode, result: SourceCode, renames: Mapping[str, str]) -> Validity:
    """The last level: what the compiler says of the original, of the original with its edits, and of the result."""
    answers: list[bool | None] = []
    for program in dict.fromkeys((source.text, base.text, result.text)):
        answers.append(compiles(program, source.language))
        if not answers[-1]:
            break
    if answers[-1] is None or not answers[0]:
        return Validity(True, Level.BIND, None)
    if not answers[-1]:
        return Validity(False, Level.COMPILE, "the text does not compile, the original does")
    reason = _symbols_differ(base.text, result.text, renames) if source.language == "python" else None
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
        if new in new_names.values() or not suits(source, old, new):
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


def _symbols_differ(before: str, after: str, renames: Mapping[str, str]) -> str | None:
    """A second opinion on the names, by CPython's own tables; both texts compile."""
    pairs = [(_symbols(before), _symbols(after))]
    while pairs:
        old, new = pairs.pop()
        expected = {(renames.get(s.get_name(), s.get_name()), *_facts(s)) for s in old.get_symbols()}
        found = {(s.get_name(), *_facts(s)) for s in new.get_symbols()}
        if expected != found or len(old.get_children()) != len(new.get_children()):
            return f"Python sees other symbols in {old.get_name()!r}"
        pairs += zip(old.get_children(), new.get_children(), strict=True)
    return None


def _symbols(text: str) -> symtable.SymbolTable:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return symtable.symtable(python_module(text), "<code>", "exec")


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
