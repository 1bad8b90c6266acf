"""Every number we report, defined once: arrays in, a float out, None where the number does not exist.

Used by the stages, by the search and by the offline analysis alike, so a figure and an objective of the same name are
the same quantity. Standard library and numpy only.
"""

from robust_ray.metrics.baseline import unigram_accuracy
from robust_ray.metrics.calibration import calibration_gap, expected_calibration_error
from robust_ray.metrics.classification import accuracy, f1, matthews, precision, recall
from robust_ray.metrics.divergence import agreement, fidelity, js_divergence, kl_divergence
from robust_ray.metrics.intervals import bootstrap_interval, wilson_interval
from robust_ray.metrics.pareto import hypervolume, pareto_front
from robust_ray.metrics.robustness import (
    SEVERITY,
    acs,
    aed,
    attack_success_rate,
    average_queries,
    icr,
    query_curve,
    relative_drop,
    robust_accuracy,
    robustness_drop,
    tcr,
    worst_case,
)

__all__ = [
    "SEVERITY",
    "accuracy",
    "acs",
    "aed",
    "agreement",
    "attack_success_rate",
    "average_queries",
    "bootstrap_interval",
    "calibration_gap",
    "expected_calibration_error",
    "f1",
    "fidelity",
    "hypervolume",
    "icr",
    "js_divergence",
    "kl_divergence",
    "matthews",
    "pareto_front",
    "precision",
    "query_curve",
    "recall",
    "relative_drop",
    "robust_accuracy",
    "robustness_drop",
    "tcr",
    "unigram_accuracy",
    "wilson_interval",
    "worst_case",
]
