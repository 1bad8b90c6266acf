"""Every number we report, defined once: arrays in, a float out, None where the number does not exist.

Used by the stages, by the search and by the offline analysis alike, so a figure and an objective of the same name are
the same quantity. Standard library and numpy only.
"""

from robust_ray.metrics.baseline import unigram_accuracy
from robust_ray.metrics.bleu import bleu, corpus_bleu
from robust_ray.metrics.calibration import (
    CalibrationBin,
    calibration_curve,
    calibration_gap,
    expected_calibration_error,
)
from robust_ray.metrics.classification import accuracy, f1, matthews, precision, recall
from robust_ray.metrics.divergence import agreement, fidelity, js_divergence, kl_divergence
from robust_ray.metrics.effort import (
    acs,
    aed,
    average_name_distance,
    average_perplexity_ratio,
    average_queries,
    average_queries_of_attempts,
    average_run_time,
    icr,
    identifiers_changed_in_successes,
    query_curve,
    tcr,
    tokens_changed_in_successes,
)
from robust_ray.metrics.intervals import bootstrap_interval, mean_interval, wilson_interval
from robust_ray.metrics.overlap import chrf, is_exact, rouge_l
from robust_ray.metrics.pareto import hypervolume, pareto_front
from robust_ray.metrics.robustness import (
    SEVERITY,
    attack_success_rate,
    raw_attack_success_rate,
    relative_drop,
    robust_accuracy,
    robustness_drop,
    transfer_rate,
    valid_share,
    worst_case,
)

__all__ = [
    "SEVERITY",
    "CalibrationBin",
    "accuracy",
    "acs",
    "aed",
    "agreement",
    "attack_success_rate",
    "average_name_distance",
    "average_perplexity_ratio",
    "average_queries",
    "average_queries_of_attempts",
    "average_run_time",
    "bleu",
    "bootstrap_interval",
    "calibration_curve",
    "calibration_gap",
    "chrf",
    "corpus_bleu",
    "expected_calibration_error",
    "f1",
    "fidelity",
    "hypervolume",
    "icr",
    "identifiers_changed_in_successes",
    "is_exact",
    "js_divergence",
    "kl_divergence",
    "matthews",
    "mean_interval",
    "pareto_front",
    "precision",
    "query_curve",
    "raw_attack_success_rate",
    "recall",
    "relative_drop",
    "robust_accuracy",
    "robustness_drop",
    "rouge_l",
    "tcr",
    "tokens_changed_in_successes",
    "transfer_rate",
    "unigram_accuracy",
    "valid_share",
    "wilson_interval",
    "worst_case",
]
