"""From the name of a recipe to TextAttack's parts, ready for code.

A recipe taken by its *name* is TextAttack's own function, run with other parts in the places of those about English:

- Whatever looks words up (embeddings, WordNet, HowNet, a masked language model) becomes
  :class:`~robust_ray.attacks.textattack.parts.OfferedNames`, with as many candidates.
- Constraints that judge English (stop words, parts of speech, likeness of words and sentences, language models) go: a
  list of names is no sentence, and the word lists and models they read differ from machine to machine.
- All others stay, and so do search and numbers. None of the recipes then needs anything that must be downloaded.

A recipe given as ``module:attribute`` is taken as it is.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from robust_ray.attacks.textattack.catalog import CATALOG
from robust_ray.attacks.textattack.dice import Dice
from robust_ray.attacks.textattack.library import textattack
from robust_ray.attacks.textattack.parts import OfferedNames
from robust_ray.core.errors import ModelError, RobustRayError, SweepError

LOOK_WORDS_UP = ("WordSwapEmbedding", "WordSwapWordNet", "WordSwapHowNet", "WordSwapMaskedLM")
"""Transformations whose place our substitutes take."""

JUDGE_ENGLISH = (
    "GPT2",
    "Google1BillionWordsLanguageModel",
    "LearningToWriteLanguageModel",
    "PartOfSpeech",
    "StopwordModification",
    "ThoughtVector",
    "UniversalSentenceEncoder",
    "WordEmbeddingDistance",
)
"""Constraints that go."""


@dataclass(frozen=True)
class Blueprint:
    """What all examples share, so never changed."""

    attack: Any
    """As the recipe built it; its goal is not used."""

    constraints: list[Any]
    """Those that stay."""


class NoModel(textattack.models.wrappers.ModelWrapper):
    """In the place of the victim while a recipe is built: it is the engine that asks."""

    model = None

    def __call__(self, text_input_list: Any) -> Any:
        """Refuse: nothing is asked yet."""
        raise SweepError("a recipe must not ask the victim while it is built; leave that to its search")


class Homoglyphs(textattack.transformations.WordSwapHomoglyphSwap):
    """TextAttack's own, which fails at the end of its making over a file that only another search reads.

    The file, a table for differential evolution, is missing in TextAttack 0.3.11 as released.
    """

    def __init__(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            super().__init__()


class Nothing(textattack.constraints.PreTransformationConstraint):
    """In the place of a constraint that judges English."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        pass

    def _get_modifiable_indices(self, current_text: Any) -> set[int]:
        return set(range(current_text.num_words))


@functools.cache
def blueprint(recipe: str) -> Blueprint:
    """The parts of a recipe.

    Raises:
        SweepError: there is no such module or attribute, it makes no attack, or one that needs gradients.
        ModelError: it needs what is not on this machine.
    """
    with Dice(np.random.default_rng(0)).rolled(), _nothing_downloaded():
        make = _own(recipe) if ":" in recipe else _adapted(recipe)
        try:
            attack = make(NoModel())
        except (OSError, LookupError, ImportError) as error:
            raise ModelError(
                f"attack recipe {recipe!r}: all it reads must be on this machine, but got {_said(error)!r}; "
                "fetch that beforehand where there is a network, or take one of TextAttack's recipes by its name"
            ) from error
        except RobustRayError:
            raise
        except Exception as error:
            raise SweepError(
                f"attack recipe {recipe!r} must build a textattack.Attack of a model wrapper alone, but got "
                f"{type(error).__name__}: {_said(error)}; correct it, or take one that only asks its victim"
            ) from error
    if not isinstance(attack, textattack.Attack):
        raise SweepError(f"attack recipe {recipe!r} must build a textattack.Attack, but got {attack!r}; correct it")
    if not attack.is_black_box:
        raise SweepError(f"attack recipe {recipe!r} needs the gradients of the victim; take one that only asks it")
    constraints = [*attack.pre_transformation_constraints, *attack.constraints]
    kept = [constraint for constraint in constraints if not isinstance(constraint, Nothing)]
    return Blueprint(attack, kept)


def _adapted(recipe: str) -> Callable[[Any], Any]:
    """TextAttack's function, run in a namespace with our parts in it."""
    build = getattr(textattack.attack_recipes, CATALOG[recipe].name).build
    ours = dict.fromkeys(JUDGE_ENGLISH, Nothing) | dict.fromkeys(LOOK_WORDS_UP, _offered)
    namespace = build.__globals__ | ours | {"WordSwapHomoglyphSwap": Homoglyphs}
    return types.FunctionType(build.__code__, namespace, recipe, build.__defaults__)


def _offered(*arguments: Any, max_candidates: int = 15, **options: Any) -> OfferedNames:
    """As many names as words were looked up; where a recipe does not say, TextAttack's usual 15."""
    return OfferedNames(max_candidates)


def _own(recipe: str) -> Callable[[Any], Any]:
    """The user's recipe class or function."""
    module, _, attribute = recipe.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise SweepError(
            f"`recipe` {recipe!r} must name what can be imported, but got {_said(error)!r}; correct it"
        ) from error
    build: Callable[[Any], Any] = getattr(found, "build", found)
    return build


@contextlib.contextmanager
def _nothing_downloaded() -> Iterator[None]:
    """TextAttack and NLTK find what is on this machine, and what is not there is an error at once."""
    utils = textattack.shared.utils
    with (
        mock.patch.object(utils, "download_from_s3", lambda name, *_, **__: _cached(name)),
        mock.patch.object(utils, "download_from_url", lambda url, name, *_, **__: _cached(name)),
        mock.patch("nltk.download", return_value=False),
    ):
        yield


def _cached(name: str) -> str:
    path = Path(textattack.shared.utils.install.TEXTATTACK_CACHE_DIR) / name
    if not path.exists():
        raise LookupError(f"{name} is not in TextAttack's cache {path.parent}")
    return str(path)


def _said(error: Exception) -> str:
    """The first line that says something; NLTK's are coloured, between lines of stars."""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).splitlines()
    return next((line.strip() for line in lines if re.search(r"\w", line)), type(error).__name__)
