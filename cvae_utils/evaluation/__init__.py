"""How good a model is, beyond its loss.

``likelihood`` holds the importance-weighted bound and what follows from it, ``samples`` what a classifier says of
generated images, ``encodings`` what is in z, and ``completion`` the likelihood of what is missing of an image.
"""

from cvae_utils.evaluation.completion import binarised, completion_log_weights, composite, scoring_network
from cvae_utils.evaluation.encodings import active_units, check_encodings, leakage_probe
from cvae_utils.evaluation.likelihood import (
    bayes_classify,
    check_inputs,
    importance_weighted_bound,
    likelihood_network,
    log_joint,
    log_weights,
    negative_log_likelihood,
    weigh_draws,
)
from cvae_utils.evaluation.samples import (
    accuracy,
    check_labelled,
    coverage,
    features,
    generate,
    synthetic_accuracy,
    wilson_interval,
)

__all__ = [
    "accuracy",
    "active_units",
    "bayes_classify",
    "binarised",
    "check_encodings",
    "check_inputs",
    "check_labelled",
    "completion_log_weights",
    "composite",
    "coverage",
    "features",
    "generate",
    "importance_weighted_bound",
    "leakage_probe",
    "likelihood_network",
    "log_joint",
    "log_weights",
    "negative_log_likelihood",
    "scoring_network",
    "synthetic_accuracy",
    "weigh_draws",
    "wilson_interval",
]
