"""Paper 1, claim by claim: do compressed code models lose robustness where they keep accuracy? (arXiv 2508.03949)

    python -m analysis.paper1 --store results [--sweep NAME] [--where EXPRESSION] [--out DIR] [--html FILE]

Each claim is asked of the rows at hand: how large the effect is on the same examples, with its 95 % interval and a test
corrected for all tests of the page, and by one rule what follows. Below stand the paper's tables, in its layout.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from analysis import robustness
from analysis.load import Rows
from analysis.papers import page as pages
from analysis.papers.families import DISTILLED, FAMILIES, PRUNED, QUANTIZED
from analysis.papers.findings import NUMBER, PLAIN, POINTS, Finding, Side, judge
from analysis.papers.measures import POORER, fooled_by_any_text, fooled_early, of_successes, queries, right, stands
from analysis.papers.page import Page, Sheet
from analysis.papers.six_metrics import KINDS, METRICS, metrics
from analysis.papers.study import (
    COMPRESSED,
    ORIGINALS,
    Study,
    blocks,
    families_differ,
    family,
    narrowed,
    over_conditions,
    retrained,
    strongest,
    study,
    versus,
    weakest,
)
from analysis.tables import Column, by_victim, percent, text

TITLE = "Model compression vs. adversarial robustness"
CITATION = "Awal, Rochan, Roy, “Model Compression vs. Adversarial Robustness”, arXiv 2508.03949"

MODELS = ("codebert", "codegpt", "plbart")
TASKS = ("clone_detection", "defect_detection", "summarization")
ATTACKS = {"alert": "ALERT", "mhm": "MHM", "wir_random": "WIR-Random", "beam_attack": "BeamAttack"}

COMPARABLE = 0.02
"""Share of right answers (of BLEU, for summaries) that may be lost where performance is called comparable."""

PAPER = "arXiv 2508.03949, "
REVIEW = "asked by its published review"

CLEAN = "Do compressed models keep their performance on clean code?"
ROBUST = "Are they less robust under attack?"
EFFORT = "Is less needed to fool them?"
FAMILY = "Which way to compress costs most robustness?"
TESTS = "What do the paper's own tests say, over models, tasks and attacks?"
STRENGTH = "Does stronger compression cost more?"
REVIEWED = "Does the answer hold?"

ASR = "the attack success rate on examples that both had right, theirs minus the uncompressed model's,"


def _clean(name: str) -> Finding[Study]:
    return Finding(
        id=f"clean-{name}",
        question=CLEAN,
        claim=f"{name.capitalize()} models perform comparably on clean code",
        source=PAPER + "clean performance",
        measure="their accuracy (BLEU of summaries) minus the uncompressed model's, on the attacked examples before,",
        evidence=versus(ORIGINALS, family(name), right, is_tested=False),
        side=Side.ABOVE,
        bound=-COMPARABLE,
    )


def _less_robust(name: str) -> Finding[Study]:
    return Finding(
        id=f"fooled-{name}",
        question=ROBUST,
        claim=f"{name.capitalize()} models are fooled more often",
        source=PAPER + "ASR of each family",
        measure=ASR,
        evidence=versus(ORIGINALS, family(name)),
        side=Side.ABOVE,
    )


def _under(attack: str) -> Finding[Study]:
    return Finding(
        id=f"fooled-by-{attack}",
        question=ROBUST,
        claim=f"Compressed models are fooled more often by {ATTACKS[attack]}",
        source=PAPER + f"ASR under {ATTACKS[attack]}",
        measure=ASR,
        evidence=versus(ORIGINALS, COMPRESSED, under=attack),
        side=Side.ABOVE,
    )


def _worse_than(name: str) -> Finding[Study]:
    return Finding(
        id=f"distilled-vs-{name}",
        question=FAMILY,
        claim=f"Distilled models are fooled more often than {name} ones",
        source=PAPER + "comparison of the families",
        measure=f"the attack success rate on examples that both had right, of distilled minus of {name} models,",
        evidence=versus(family(name), family(DISTILLED)),
        side=Side.ABOVE,
    )


def _over_conditions(name: str) -> Finding[Study]:
    return Finding(
        id=f"conditions-{name}",
        question=TESTS,
        claim=f"Over conditions, {name} models have a higher attack success rate",
        source=PAPER + "Wilcoxon's test of each variant against the original",
        measure="the attack success rate, each on the examples it had right, theirs minus the original's,",
        evidence=lambda rows: over_conditions(rows, name, KINDS),
        side=Side.ABOVE,
    )


def _stronger(name: str) -> Finding[Study]:
    return Finding(
        id=f"stronger-{name}",
        question=STRENGTH,
        claim=f"The smallest {name} models are fooled more often than the largest",
        source=REVIEW,
        measure="the attack success rate on examples that both had right, smallest setting minus largest,",
        evidence=versus(
            weakest(name), strongest(name), lacking=f"no example that two settings of {name} models both had right"
        ),
        side=Side.ABOVE,
    )


def _less(name: str, claim: str, column: str, total: str | None, measure: str) -> Finding[Study]:
    return Finding(
        id=f"effort-{name}",
        question=EFFORT,
        claim=claim,
        source=PAPER + f"{name.upper()}",
        measure=f"{measure}, of compressed minus of uncompressed models, in attacks that fooled both,",
        evidence=versus(
            ORIGINALS, COMPRESSED, of_successes(column, total), lacking=f"no `{column}` of attacks that fooled both"
        ),
        side=Side.ABOVE if name == "acs" else Side.BELOW,
        scale=POINTS if total else NUMBER,
    )


FINDINGS: Sequence[Finding[Study]] = (
    *(_clean(name) for name in FAMILIES),
    Finding(
        id="fooled",
        question=ROBUST,
        claim="Compressed models are fooled more often",
        source=PAPER + "abstract",
        measure=ASR,
        evidence=versus(ORIGINALS, COMPRESSED),
        side=Side.ABOVE,
    ),
    *(_less_robust(name) for name in FAMILIES),
    *(_under(attack) for attack in ATTACKS),
    Finding(
        id="robust",
        question=ROBUST,
        claim="Compressed models are right less often after an attack",
        source="the same, over all examples: what a model gets wrong anyway counts against it",
        measure="robust accuracy on all attacked examples, theirs minus the uncompressed model's,",
        evidence=versus(ORIGINALS, COMPRESSED, stands),
        side=Side.BELOW,
    ),
    Finding(
        id="effort-amq",
        question=EFFORT,
        claim="Fewer queries are spent on them",
        source=PAPER + "AMQ",
        measure="the number of queries of an attack, failed or not, on examples that both had right, theirs minus the "
        "uncompressed model's,",
        evidence=versus(ORIGINALS, COMPRESSED, queries),
        side=Side.BELOW,
        scale=NUMBER,
    ),
    _less("icr", "Fewer of their names change", "identifiers_changed", "identifiers", "the share of names changed"),
    _less("tcr", "Fewer of their tokens change", "tokens_changed", "tokens", "the share of tokens changed"),
    _less("aed", "Smaller edits are enough", "edit_distance", None, "the edit distance in characters"),
    _less("acs", "Programs that fool them are more like the original", "acs", None, "the similarity (ACS)"),
    *(_worse_than(name) for name in (PRUNED, QUANTIZED)),
    Finding(
        id="families-differ",
        question=TESTS,
        claim="Original, pruned, quantized and distilled models differ in robustness",
        source=PAPER + "Friedman's test",
        measure="Friedman's chi-squared of the attack success rates",
        evidence=lambda rows: families_differ(rows, KINDS),
        side=Side.ABOVE,
        scale=PLAIN,
    ),
    *(_over_conditions(name) for name in FAMILIES),
    *(_stronger(name) for name in FAMILIES),
    Finding(
        id="any-text",
        question=REVIEWED,
        claim="Compressed models are fooled more often also if invalid programs count",
        source=REVIEW,
        measure="the raw attack success rate on examples that both had right, theirs minus the uncompressed model's,",
        evidence=versus(ORIGINALS, COMPRESSED, fooled_by_any_text),
        side=Side.ABOVE,
    ),
    Finding(
        id="poorer-attacker",
        question=REVIEWED,
        claim=f"Compressed models are fooled more often also within 1/{POORER} of the queries",
        source=REVIEW,
        measure=f"the attack success rate within 1/{POORER} of the queries, theirs minus the uncompressed model's,",
        evidence=versus(ORIGINALS, COMPRESSED, fooled_early, lacking="no attack with a query budget on both"),
        side=Side.ABOVE,
    ),
    Finding(
        id="retrained",
        question=REVIEWED,
        claim="Training after compression wins robustness back",
        source=REVIEW,
        measure="the attack success rate on examples that both had right, trained again minus not,",
        evidence=versus(
            retrained(is_retrained=False),
            retrained(is_retrained=True),
            within="without",
            lacking="no example that a compression with and without training after it both had right",
        ),
        side=Side.BELOW,
    ),
)

RATES = [
    Column("attack_name", "attack", text),
    *(Column(name, name, percent, f"ASR of all {name} models.") for name in KINDS),
]


def page(rows: Rows, expression: str | None = None) -> Page:
    """The whole page."""
    asked = study(rows, expression)
    table = metrics(narrowed(rows.attacks, expression), asked.settings)
    rates = blocks(asked, KINDS).reset_index().astype({"attack_name": str})
    here = {name: sorted(map(str, rows.attacks[name].unique())) for name in ("model", "task", "attack")}
    there = {"model": MODELS, "task": TASKS, "attack": tuple(ATTACKS)}
    return Page(
        name="paper1",
        title=TITLE,
        citation=CITATION,
        notes=pages.notes(rows, {f"{name}s": (here[name], there[name]) for name in here}),
        gaps=rows.gaps,
        judged=judge(FINDINGS, asked),
        sheets=(
            Sheet(
                "six metrics",
                table,
                METRICS,
                {victim: robustness.draw(part) for victim, part in by_victim(table)},
                "ASR, AMQ, ICR, TCR, ACS and AED of every compression under every attack; ± is the difference to "
                "the uncompressed model, each on the examples it had right. Within a kind, intensity rises downwards.",
            ),
            Sheet("attack success rate by kind", rates, RATES, caption="What the paper's own tests are made of."),
        ),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point."""
    return pages.main(page, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
