"""What an attack did to one example."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import ClassVar

from robust_ray.core.records.base import CellRecord


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
    """The other segments, and the reference of a summary, unchanged: with ``adversarial`` in front, the whole input."""

    label: int
    """The true class; 0 for tasks without classes."""

    note: str | None
    """What of the original the victim could not read as it means to (``no data flow``); null where it read all."""

    prediction: int | None
    """Class predicted for the original; null for texts, and where the attack broke before it was known."""

    confidence: float | None
    """Probability of the true class (BLEU for texts), original; null where the attack broke before it was known."""

    adversarial_prediction: int | None
    """Class predicted for the adversarial example; null for texts."""

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

    won_at: int | None
    """Which query the adversarial example was: at most ``queries``, as its whole batch is paid for."""

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
