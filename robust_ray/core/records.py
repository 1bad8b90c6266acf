"""Rows. A record's fields *are* the Parquet schema; null always means "not measured", never zero.

A row says only what its key determines, so it is true in every sweep that shares it. Rows are wide on purpose: no join
is needed to plot. Golden schemas in the tests make an accidental change fail.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import ClassVar


class Verdict(enum.StrEnum):
    """What became of one attacked example."""

    SUCCEEDED = "SUCCEEDED"
    """A valid program that achieves the goal was found."""

    FAILED = "FAILED"
    """The attack ran and found none."""

    INVALID = "INVALID"
    """The attack stopped, as published ones do, at a program that achieves the goal but is no longer the same program.
    It is a success in raw counts only."""

    SKIPPED_MISPREDICTED = "SKIPPED_MISPREDICTED"
    """The victim is already wrong on the original."""

    SKIPPED_NO_TARGET = "SKIPPED_NO_TARGET"
    """Nothing in the program may be changed; ``reason`` says why."""

    ERROR = "ERROR"
    """The attack broke on this example; ``error`` says how."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """Base of every row."""

    table: ClassVar[str]
    """Folder of the store the rows lie in."""

    key: str
    """Key of the stage call that made the row; provenance is in its file's metadata."""


@dataclass(frozen=True, kw_only=True)
class CellRecord(Record):
    """The columns that name a cell: which model, on which task, compressed how."""

    student: str
    """Key of the checkpoint measured (for compression ``none``, that of an identical copy of the teacher)."""

    teacher: str
    """Key of the fine-tuned, uncompressed checkpoint."""

    model: str
    """Type of the model component."""

    model_params: str
    """Its parameters, canonical JSON."""

    task: str
    """Type of the task component."""

    task_params: str
    """Its parameters and data revision, canonical JSON."""

    compression: str
    """Type of the compression component; ``none`` for the teacher itself."""

    compression_params: str
    """Its parameters, canonical JSON."""

    seed: int
    """Seed of fine-tuning, compression and attack."""

    dtype: str
    """Number format of the victim's forward pass: ``float32`` or ``bfloat16``."""


@dataclass(frozen=True, kw_only=True)
class EvaluationRecord(CellRecord):
    """One student on a clean split: quality and honest cost."""

    table: ClassVar[str] = "evaluations"

    split: str
    """``test`` or ``valid``."""

    n: int
    """Examples."""

    accuracy: float
    """Share of right answers."""

    precision: float | None
    """Of class 1 for two classes, macro-averaged for more; null when nothing was predicted positive."""

    recall: float | None
    """Of class 1 for two classes, macro-averaged for more."""

    f1: float | None
    """Harmonic mean of the two; for more than two classes the mean of each class's."""

    mcc: float | None
    """Matthews correlation coefficient; null when a margin of the confusion matrix is empty."""

    unigram_accuracy: float | None
    """Accuracy on the same split of a naive Bayes classifier over bags of tokens: what word counts alone can do."""

    parameters: int
    """Numbers in the network's weights and buffers that training made."""

    nonzero_parameters: int
    """Those that are not zero."""

    bytes: int
    """Size of the weights on disk, as stored."""

    compressed_bytes: int
    """The same files through zstd level 19: what pruning saves once packed."""

    latency_p50: float
    """Seconds for one example alone, median."""

    latency_p95: float
    """Seconds for one example alone, 95th percentile."""

    throughput: float
    """Examples a second through the batched path."""

    latency_tokens: int
    """Length, in tokens, of the examples timed (median)."""

    peak_memory: int | None
    """Bytes: peak allocation of a GPU; on a CPU the process's peak, interpreter included. Null where unreadable."""

    device: str
    """Accelerator the times were measured on."""

    threads: int
    """CPU threads of a forward pass while they were measured."""

    batch_invariant: bool
    """Whether an answer is, up to rounding (1e-6), independent of its batch neighbours."""


@dataclass(frozen=True, kw_only=True)
class AttackRecord(CellRecord):
    """One attacked example."""

    table: ClassVar[str] = "attacks"

    attack: str
    """Type of the attack recipe."""

    attack_params: str
    """Its parameters, canonical JSON."""

    uid: str
    """The example."""

    language: str
    """Of the example's code."""

    verdict: str
    """A :class:`Verdict`."""

    original: str
    """The attacked segment before."""

    adversarial: str | None
    """The attacked segment after; null unless the attack succeeded (verdict ``INVALID`` included)."""

    context: tuple[str, ...]
    """The other segments, unchanged: with ``adversarial`` in front, the whole input."""

    label: int
    """The true class."""

    prediction: int | None
    """Class predicted for the original; null where the attack broke before it was known."""

    confidence: float | None
    """Probability of the true class, original; null likewise."""

    adversarial_prediction: int | None
    """Class predicted for the adversarial example."""

    adversarial_confidence: float | None
    """Probability of the true class after the attack; for a failed attack, the lowest seen on a valid candidate."""

    queries: int
    """Candidates sent by the search, repeats included: what the papers count. The look at the original is not in it."""

    forwards: int
    """Distinct inputs among them and the original: what the victim computes when no cache has them yet."""

    curve_queries: tuple[int, ...]
    """Queries after which the true class's probability reached a new low …"""

    curve_confidence: tuple[float, ...]
    """… and that probability; the same length."""

    query_budget: int | None
    """Most queries allowed; null for no limit."""

    budget_exhausted: bool
    """Whether the search was cut off by the budget."""

    identifiers: int | None
    """Distinct names the attack was allowed to change; null where the attack broke before they were counted."""

    identifiers_changed: int | None
    """Of those, changed in the adversarial example."""

    tokens: int | None
    """Language tokens of the attacked segment; null likewise."""

    tokens_changed: int | None
    """Tokens that differ."""

    edit_distance: int | None
    """Sum over tokens of the Levenshtein distance in characters (AED, METHODS of Du et al. 2023)."""

    name_distance: float | None
    """Mean over renamed identifiers of the Levenshtein distance of old and new name, over the longer one's length."""

    renames: str
    """``{"old": "new"}`` as canonical JSON; ``{}`` unless the attack succeeded."""

    edits: str
    """Statements inserted or rewritten before the renaming, canonical JSON: ``[[rule, [[start, end, text], …]], …]`` in
    bytes of the original; ``[]`` unless there are any."""

    won_by: str | None
    """Type of the attack that found the adversarial example: one of its parts where the attack is an ensemble."""

    is_valid: bool | None
    """Whether the final program passed every check; null unless the search claimed success."""

    validity: str | None
    """The strictest level that was checked: ``parse``, ``bind`` or ``compile``."""

    rejected: int
    """Candidates that achieved the goal but were refused because the program was not valid."""

    batch_invariant: bool
    """False when the victim was asked one example at a time because its answers depend on their neighbours."""

    reason: str | None
    """Why there was nothing to change, for verdict ``SKIPPED_NO_TARGET``."""

    error: str | None
    """What broke, for verdict ``ERROR``."""


@dataclass(frozen=True, kw_only=True)
class FidelityRecord(CellRecord):
    """One relation between teacher and student on one input."""

    table: ClassVar[str] = "fidelity"

    relation: str
    """Type of the relation."""

    relation_params: str
    """Its parameters, canonical JSON."""

    perturbation: str
    """``clean``, or the attack's type."""

    perturbed_for: str | None
    """Whose adversarial example the input is: ``teacher`` (transferred) or ``student``; null for clean."""

    attack_params: str | None
    """Parameters of the attack, canonical JSON; null for clean."""

    uid: str
    """The example."""

    label: int
    """The true class."""

    applies: bool
    """Whether the relation says anything here (high confidence preservation needs a confident teacher)."""

    holds: bool | None
    """Whether it holds; null where it does not apply."""

    distance: float | None
    """The quantity compared with the threshold; null where it does not apply."""

    teacher_prediction: int
    """Class predicted by the teacher."""

    student_prediction: int
    """Class predicted by the student."""

    teacher_confidence: float
    """Largest class probability of the teacher."""

    student_confidence: float
    """Largest class probability of the student."""


@dataclass(frozen=True, kw_only=True)
class NaturalnessRecord(CellRecord):
    """How natural one adversarial example is, in the eyes of a language model that no one attacks."""

    table: ClassVar[str] = "naturalness"

    attack: str
    """Type of the attack recipe."""

    attack_params: str
    """Its parameters, canonical JSON."""

    uid: str
    """The example."""

    language_model: str
    """Type of the language model component."""

    language_model_params: str
    """Its parameters and revision, canonical JSON."""

    similarity: float | None
    """Cosine similarity of the mean embeddings of original and adversarial code; null where one of them is empty."""

    acs: float | None
    """Their similarity as Du et al. (2023) compute ACS: cosine of the model's logits for the first tokens of the code,
    each read as one word; null where the two codes have not as many tokens."""

    perplexity: float | None
    """Pseudo-perplexity of the original; null where it is empty."""

    adversarial_perplexity: float | None
    """Pseudo-perplexity of the adversarial code; null likewise."""


@dataclass(frozen=True, kw_only=True)
class SubstituteRecord(Record):
    """One name that may replace another."""

    table: ClassVar[str] = "substitutes"

    source: str
    """Type of the substitutes component."""

    uid: str | None
    """Example the name is offered for; null when for every example."""

    identifier: str | None
    """Name it may replace; null when any."""

    substitute: str
    """The new name."""

    rank: int
    """0 for the first choice."""

    score: float
    """What the rank was made from (occurrences, similarity …)."""


@dataclass(frozen=True, kw_only=True)
class RunRecord(Record):
    """One attempt at a stage call, also a failed one."""

    table: ClassVar[str] = "runs"

    attempt: str
    """Unique to the attempt."""

    stage: str
    """Name of the stage."""

    outcome: str
    """``done`` or ``failed``."""

    started: float
    """Seconds since 1970, UTC."""

    seconds: float
    """Wall time."""

    peak_memory: int | None
    """Bytes of the process at its peak."""

    energy: float | None
    """Joules, where the machine can tell."""

    host: str
    """Name of the machine."""

    accelerator: str
    """Model of its GPU, or of its processor."""

    git_commit: str | None
    """Commit of the code that ran, where it ran from a checkout."""

    packages: str
    """Versions of the packages that matter, JSON."""

    error: str | None
    """The last line of what went wrong."""

    traceback: str | None
    """All of it."""


RECORDS: tuple[type[Record], ...] = (
    EvaluationRecord,
    AttackRecord,
    FidelityRecord,
    NaturalnessRecord,
    SubstituteRecord,
    RunRecord,
)
