"""TextAttack's recipes by the names its command line gives them, and what becomes of each on code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from robust_ray.core.errors import SweepError, did_you_mean


@dataclass(frozen=True)
class Entry:
    """One recipe of TextAttack."""

    name: str
    """Of its class in ``textattack.attack_recipes``."""

    refusal: str | None = None
    """Why it cannot attack code by renaming."""


_GRADIENTS = "needs the gradients of the victim, which are not to be had here"
_SENTENCES = "changes English sentences, and a list of names is none"
_GENERATORS = "attacks models that write text, not classifiers"

CATALOG: Mapping[str, Entry] = {
    "a2t": Entry("A2TYoo2021", refusal=_GRADIENTS),
    "alzantot": Entry("GeneticAlgorithmAlzantot2018"),
    "bad-characters": Entry("BadCharacters2021", refusal="reads a table that TextAttack 0.3.11 is released without"),
    "bae": Entry("BAEGarg2019"),
    "bert-attack": Entry("BERTAttackLi2020"),
    "checklist": Entry("CheckList2020", refusal=_SENTENCES),
    "clare": Entry("CLARE2020", refusal="inserts and merges words, and the number of names is given"),
    "deepwordbug": Entry("DeepWordBugGao2018"),
    "faster-alzantot": Entry("FasterGeneticAlgorithmJia2019"),
    "hotflip": Entry("HotFlipEbrahimi2017", refusal=_GRADIENTS),
    "iga": Entry("IGAWang2019"),
    "input-reduction": Entry("InputReductionFeng2018", refusal="removes words, and no name can be removed"),
    "kuleshov": Entry("Kuleshov2017"),
    "leap": Entry("LEAP2023"),
    "morpheus": Entry("MorpheusTan2020", refusal=_GENERATORS),
    "pruthi": Entry("Pruthi2019"),
    "pso": Entry("PSOZang2020"),
    "pwws": Entry("PWWSRen2019"),
    "seq2sick": Entry("Seq2SickCheng2018BlackBox", refusal=_GENERATORS),
    "textbugger": Entry("TextBuggerLi2018"),
    "textfooler": Entry("TextFoolerJin2019"),
}


def check(recipe: str) -> None:
    """Refuse what is neither a known recipe that fits code nor of the form ``module:attribute``.

    Raises:
        SweepError: it is not.
    """
    if ":" in recipe:
        module, _, attribute = recipe.partition(":")
        if not all(part.isidentifier() for part in (*module.split("."), attribute)):
            raise SweepError(f"`recipe` must be like `package.module:attribute`, but got {recipe!r}; correct it")
        return
    usable = [name for name, entry in CATALOG.items() if entry.refusal is None]
    if recipe not in CATALOG:
        raise SweepError(f"`recipe` {recipe!r} is none of TextAttack's; {did_you_mean(recipe, usable)}")
    if CATALOG[recipe].refusal is not None:
        raise SweepError(
            f"`recipe` {recipe!r} of TextAttack {CATALOG[recipe].refusal}; take another (known: {', '.join(usable)})"
        )
