"""Languages the project can parse, on tree-sitter, and the names each of them keeps for itself."""

from __future__ import annotations

import functools
import unicodedata

import tree_sitter
import tree_sitter_c
import tree_sitter_java
import tree_sitter_python

from robust_ray.core.errors import DataError, did_you_mean
from robust_ray.source._reserved import (
    ACCESSORS,
    FRAMEWORK_METHODS,
    KEYWORDS,
    LIBRARY_FUNCTIONS,
    LIBRARY_PREFIXES,
    RESERVED,
)

LANGUAGES: tuple[str, ...] = ("c", "java", "python")

_GRAMMARS = {"c": tree_sitter_c, "java": tree_sitter_java, "python": tree_sitter_python}


@functools.cache
def _grammar(language: str) -> tree_sitter.Language:
    """The grammar of ``language``, loaded once in a process."""
    require_known(language)
    return tree_sitter.Language(_GRAMMARS[language].language())


def require_known(language: str) -> None:
    """Refuse a language that cannot be parsed.

    Raises:
        DataError: ``language`` is not one of :data:`LANGUAGES`.
    """
    if language not in LANGUAGES:
        hint = did_you_mean(language, LANGUAGES)
        raise DataError(f"source code: the language must be one we can parse, but got {language!r}; {hint}.")


def parse(data: bytes, language: str) -> tree_sitter.Tree:
    """The syntax tree of ``data`` (UTF-8); code with errors gets a tree with error nodes.

    A parser is made for each call, which costs less than a microsecond and keeps threads apart.

    Raises:
        DataError: ``language`` is not one of :data:`LANGUAGES`.
    """
    return tree_sitter.Parser(_grammar(language)).parse(data)


def is_keyword(name: str, language: str) -> bool:
    """Whether ``name`` belongs to the grammar, contextual keywords and literals included."""
    require_known(language)
    return name in KEYWORDS[language]


def is_reserved(name: str, language: str) -> bool:
    """Whether ``name`` must never be given to an identifier.

    Reserved are keywords (contextual ones too), literals, builtins, types and macros that need no import or that nearly
    every program includes, and names with the two leading underscores that C leaves to the compiler and Python mangles.
    In C also every name in capitals, which may be a macro of a header we do not see, and ``…_t``, POSIX's types.
    """
    require_known(language)
    if name in RESERVED[language] or name.startswith("__"):
        return True
    return language == "c" and (
        (name[:1] == "_" and name[1:2].isupper())
        or (len(name) > 1 and name.isupper())
        or name.startswith(("PRI", "SCN"))
        or name.endswith("_t")
    )


def is_of_library(name: str, language: str) -> bool:
    """Whether a header of C may declare a function of this name, or a class of Java inherit such a method.

    Another function cannot have the name then.
    """
    if language == "java":
        return name in FRAMEWORK_METHODS or ACCESSORS.fullmatch(name) is not None
    if language != "c":
        return False
    parts = (name, name.removesuffix("f"), name.removesuffix("l"))  # of mathematics there are three of each
    return any(part in LIBRARY_FUNCTIONS for part in parts) or LIBRARY_PREFIXES.fullmatch(name) is not None


def is_identifier(name: str, language: str) -> bool:
    """Whether ``name`` is lexically an identifier, keywords included.

    C is held to ASCII. Python takes what is unchanged by NFKC, the form in which it compares names.
    """
    require_known(language)
    if name.isascii():
        return (name.replace("$", "_") if language == "java" else name).isidentifier()
    return language != "c" and name.isidentifier() and unicodedata.normalize("NFKC", name) == name
