"""The training recipe, one for all models of the course, with a progress bar, a graceful interrupt and checkpoints.

``recipe`` holds ``train`` and its variants; ``batches``, ``optimizer``, ``progress``, ``interrupts`` and
``checkpoints`` its parts.
"""

from cvae_utils.training.batches import CompletionBatches, ShiftedBatches, ShuffledBatches, ready_to_fit
from cvae_utils.training.optimizer import Adam
from cvae_utils.training.progress import Record
from cvae_utils.training.recipe import (
    KLWarmUp,
    Reseed,
    inputs_of,
    learning_rate_schedule,
    steps_per_execution,
    train,
    train_classifier,
    train_completion,
)

__all__ = [
    "Adam",
    "CompletionBatches",
    "KLWarmUp",
    "Record",
    "Reseed",
    "ShiftedBatches",
    "ShuffledBatches",
    "inputs_of",
    "learning_rate_schedule",
    "ready_to_fit",
    "steps_per_execution",
    "train",
    "train_classifier",
    "train_completion",
]
