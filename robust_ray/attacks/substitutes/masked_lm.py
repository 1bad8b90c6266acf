"""Substitutes that a masked language model finds likely, and alike, in the places of a name.

Paper: Yang et al., "Natural Attack for Pre-trained Models of Code" (ALERT), ICSE 2022,
    https://doi.org/10.1145/3510003.3510146.
Official code: https://github.com/soarsmu/attack-pretrain-models-of-code, ``get_substitutes.py`` of each task. For each
    occurrence of a name it reads the unmasked code token by token and takes the 60 most likely sub-tokens in each place
    of the name. For each j, the j-th ones are put in all places; the 30 j whose contextual embeddings are most like the
    original's are kept. A name of one sub-token may be replaced by each of the 30, a longer one by combinations of the
    best four in each of its first twelve places, the first 24 of them. What is offered for any occurrence is offered
    for the name.
Deviations:
    - The published list is in the order of a Python set, another one in every run. Ours is ordered by the similarity
      that was the reason to keep a sub-token, the best of any occurrence, equal ones by name. A combination has the
      mean of what its sub-tokens had. (The perplexity by which the published code sorts combinations is lost in the
      set.)
    - An occurrence past the first window of 510 sub-tokens, skipped there, is seen in a window around it.
    - Occurrences are those of the variable or function, not every token spelt like it; names are offered only for
      identifiers that may be changed; no name is offered that occurs anywhere in the code or is reserved.
    - The lists published with BeamAttack hold, besides, what the model predicts for the masked name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import ClassVar, Literal

from robust_ray.attacks.base import SUBSTITUTES, Substitutes
from robust_ray.attacks.substitutes.natural_names import occurrences, offers
from robust_ray.attacks.substitutes.programs import offer
from robust_ray.core.build import build
from robust_ray.core.checks import at_least_one
from robust_ray.core.errors import SweepError
from robust_ray.core.examples import Example
from robust_ray.core.language_model import LanguageModel, MaskedLanguageModel
from robust_ray.core.machine import Machine
from robust_ray.core.records import SubstituteRecord
from robust_ray.source.identifiers import SourceCode, analyse
from robust_ray.source.renaming import is_fresh, rename

AT_ONCE = 64
"""Occurrences asked about together: enough to fill the largest batches, few enough for any memory."""

DIGITS = 6
"""Of a score; the digits behind them depend on how a batch was put together."""

Snippet = tuple[str, str]
"""Text and language of a program."""


def _codebert() -> LanguageModel:
    """The published choice, by its type: attacks know no network."""
    return build(LanguageModel, "masked_lm", "language_model")


@SUBSTITUTES.register("masked_lm")
@dataclass(frozen=True, kw_only=True)
class MaskedLMSubstitutes(Substitutes):
    """Names that a masked language model would write where a name stands, the most similar ones first (ALERT's)."""

    looks_at_examples: ClassVar[bool] = True
    uses_gpu: ClassVar[bool] = True
    paper: ClassVar[str] = "Yang et al. (ALERT), ICSE 2022, https://doi.org/10.1145/3510003.3510146"

    language_model: LanguageModel = field(default_factory=_codebert)
    """Which model; unless told otherwise the published one, CodeBERT's."""

    predictions: int = 60
    """Most likely sub-tokens tried in each place of a name; the half of them that is most alike is kept."""

    occurrences: int | None = None
    """Occurrences of a name looked at, the first ones; null for all, as published. Each costs ``predictions`` forward
    passes, so a small number is the way to bound the cost of long programs."""

    rank_by: Literal["embedding", "logits"] = "embedding"
    """What the first names are most alike in: the contextual embedding in the name's place, or, as BeamAttack ranks
    them, the logits of the whole program with the name replaced (there, as published, names that change the number of
    sub-tokens come last, with a score of 0)."""

    def __post_init__(self) -> None:
        if self.predictions < 2:
            raise SweepError(
                f"`predictions >= 2` must hold, since half are kept, but got {self.predictions}; 60 is usual"
            )
        if self.occurrences is not None:
            at_least_one("occurrences", self.occurrences)

    def collect(
        self, corpus: Sequence[Example], attacked: Sequence[Example], machine: Machine
    ) -> list[SubstituteRecord]:
        """Names for each identifier of each example's first segment; equal programs are looked at once."""
        model = self.language_model.load(machine)
        readers: dict[Snippet, list[str]] = defaultdict(list)
        for example in attacked:
            readers[example.segments[0], example.language].append(example.uid)
        offered = self._offered(readers, model)
        rows: list[SubstituteRecord] = []
        for program, uids in readers.items():
            for name, scores in offered[program].items():
                ranked = self._ranked(analyse(*program), name, scores, model)
                for uid in uids:
                    rows += offer(self.type, ranked, uid=uid, identifier=name)
        return rows

    def _offered(
        self, programs: Iterable[Snippet], model: MaskedLanguageModel
    ) -> dict[Snippet, dict[str, dict[str, float]]]:
        """Program → name → what may replace it → the best score of any occurrence."""
        places = (
            (program, name, look)
            for program in programs
            for name, looks in occurrences(analyse(*program), model).items()
            for look in looks[: self.occurrences]
        )
        offered: dict[Snippet, dict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
        while batch := list(islice(places, AT_ONCE)):
            found = offers([look for _, _, look in batch], model, self.predictions)
            for (program, name, _), scored in zip(batch, found, strict=True):
                best = offered[program][name]
                for substitute, score in scored:
                    best[substitute] = max(score, best.get(substitute, score))
        return offered

    def _ranked(
        self, source: SourceCode, name: str, scores: Mapping[str, float], model: MaskedLanguageModel
    ) -> list[tuple[str, float]]:
        """What may replace ``name`` in this program, with its score, best first."""
        fresh = {substitute: score for substitute, score in scores.items() if is_fresh(source, substitute)}
        if self.rank_by == "logits":
            fresh = logit_similarities(source, name, list(fresh), model)
        rounded = {substitute: round(score, DIGITS) for substitute, score in fresh.items()}
        return sorted(rounded.items(), key=lambda entry: (-entry[1], entry[0]))


def logit_similarities(
    source: SourceCode, name: str, substitutes: Sequence[str], model: MaskedLanguageModel
) -> dict[str, float]:
    """Substitute → cosine of the logits of the program's first window before and after the renaming.

    0 where the two windows are not equally long.

    Source: ``perturb`` of BeamAttack, Du et al., ESEC/FSE 2023, https://github.com/CGCL-codes/Attack_PTMC, which
        measures on what the search has made of the program by then; here it is the original.
    """
    texts = {substitute: rename(source, {name: substitute}) for substitute in substitutes}
    renamed = {substitute: text for substitute, text in texts.items() if text is not None}
    original, *others = [ids[: model.window] for ids in model.encode([source.text, *renamed.values()])]
    alike = {new: ids for new, ids in zip(renamed, others, strict=True) if len(ids) == len(original)}
    found = dict(zip(alike, model.logit_similarity([(original, ids) for ids in alike.values()]), strict=True))
    return {substitute: found.get(substitute, 0.0) for substitute in substitutes}
