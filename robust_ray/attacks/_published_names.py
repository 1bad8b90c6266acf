"""Names that the released code of ALERT and of the attacks built on it takes for no identifier, its gaps included.

Source: the validity test of https://github.com/soarsmu/attack-pretrain-models-of-code, which asks whether a word is in
a list for its language. That for Java has gaps, so that ``throw``, ``char`` or ``this`` may be given to a variable, and
that for C knows no ``uint8_t``.
Deviations: the lists are ours, less those gaps; the published ones differ in some functions and classes of libraries.
"""

from __future__ import annotations

import keyword

from robust_ray.source.languages import is_keyword, is_reserved

_JAVA_GAPS = frozenset(("char", "class", "const", "continue", "default", "false", "null", "record", "synchronized"))
_JAVA_GAPS |= {"this", "throw", "true", "var", "yield"}


def is_refused(name: str, language: str) -> bool:
    """Whether ``name`` is neither renamed nor given."""
    if language == "python":
        return keyword.iskeyword(name)
    if language == "java":
        return is_reserved(name, language) and name not in _JAVA_GAPS
    return is_keyword(name, language) or (is_reserved(name, language) and not name.endswith("_t"))
