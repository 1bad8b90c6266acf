"""Code surgery: strings in, strings out. Which names a program has, how to change them, and whether that broke it."""

from robust_ray.source._scopes import Identifier, Kind, Occurrence
from robust_ray.source.dataflow import DataFlow, Flow, data_flow
from robust_ray.source.dataflow_memory import DataFlows
from robust_ray.source.distance import Changes, changes, levenshtein
from robust_ray.source.identifiers import SourceCode, analyse
from robust_ray.source.languages import LANGUAGES, is_identifier, is_reserved, parse
from robust_ray.source.renaming import is_fresh, mask, rename, suits
from robust_ray.source.validity import Level, Validity, check

__all__ = [
    "LANGUAGES",
    "Changes",
    "DataFlow",
    "DataFlows",
    "Flow",
    "Identifier",
    "Kind",
    "Level",
    "Occurrence",
    "SourceCode",
    "Validity",
    "analyse",
    "changes",
    "check",
    "data_flow",
    "is_fresh",
    "is_identifier",
    "is_reserved",
    "levenshtein",
    "mask",
    "parse",
    "rename",
    "suits",
]
