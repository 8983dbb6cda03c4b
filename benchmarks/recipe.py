"""Compare the course's training recipe with the recipes that its networks were first published with.

Each comparison runs in one process: a quarter of the published recipe's epochs, the course's whole run, another
quarter, the course's whole run from another seed, and so on, so that both meet the same machine. The published recipes
are plain ``fit`` with a constant learning rate on all 60,000 training images, as their authors ran them; the course's
keeps 5,000 of them for validation. The published losses are of one run each; all of the course's have to reach them.
"""

import cvae_utils._quiet_start  # noqa: F401

import time
from dataclasses import dataclass

import keras
import numpy as np

from benchmarks.results import Skipped, spread, table
from cvae_utils import data, models, training

TITLE = "Time to a given loss: the course's recipe against those published with its networks"
SEEDS = (0, 1, 2)
TEST_PASSES = 3  # the noise of one pass moves the mean loss of 10,000 images by some hundredths of a nat


@dataclass(frozen=True)
class Comparison:
    """A published recipe, the course's, and what the course's has to reach."""

    build: callable
    published_epochs: int
    published_batch_size: int
    settings: dict  # of the course's `training.train`
    loss_to_reach: float  # on the test set, printed by the published run
    largest_ratio: float  # of CPU seconds


COMPARISONS = {
    "dense_cvae": Comparison(
        models.dense_cvae, 42, 250, {"epochs": 10, "batch_size": 250, "learning_rate": 3e-2}, 131.0, 1 / 4
    ),
    "conv_vae": Comparison(
        models.conv_vae, 12, 32, {"epochs": 6, "batch_size": 64, "learning_rate": 6e-3}, 151.3, 1 / 2
    ),
}


def timed(run):
    """Return the CPU seconds and the seconds on the clock that a function takes."""
    cpu, clock = time.process_time(), time.perf_counter()
    run()
    return [time.process_time() - cpu, time.perf_counter() - clock]


def test_loss(model, test_inputs):
    """Return the mean loss of several passes over the test set, in nats per image."""
    passes = [
        model.evaluate(test_inputs, batch_size=1000, verbose=0, return_dict=True)["loss"] for _ in range(TEST_PASSES)
    ]
    return float(np.mean(passes))


def build(comparison, seed):
    """Build the network of a comparison from a seed."""
    keras.utils.set_random_seed(seed)
    return comparison.build()


def as_published(model):
    """Give the first dense layers of both networks the initial values that Keras chooses, as the published ones had."""
    for network in (model.encoder, model.decoder):
        first = next(layer for layer in network.layers if isinstance(layer, keras.layers.Dense))
        first.kernel.assign(keras.initializers.GlorotUniform()(first.kernel.shape))
        first.bias.assign(np.zeros(first.bias.shape))
    return model


def compare(comparison, dataset):
    """Run both recipes in turns, and return what they cost and reach."""
    published = as_published(build(comparison, SEEDS[0]))
    train, validation, test = (
        training.inputs_of(published, split) for split in (dataset.train, dataset.validation, dataset.test)
    )
    everything = keras.tree.map_structure(lambda *parts: np.concatenate(parts), train, validation)
    published.compile(optimizer=keras.optimizers.Adam(1e-3), jit_compile=training.jit_compile(published))
    parts = np.array_split(range(comparison.published_epochs), len(SEEDS) + 1)

    def run_published(part):
        published.fit(everything, epochs=len(part), batch_size=comparison.published_batch_size, verbose=0)

    theirs, ours, losses = [timed(lambda: run_published(parts[0]))], [], []
    for seed, part in zip(SEEDS, parts[1:], strict=True):
        course = build(comparison, seed)
        ours.append(timed(lambda: training.train(course, train, validation, **comparison.settings, seed=seed)))  # noqa: B023
        losses.append(test_loss(course, test))
        theirs.append(timed(lambda: run_published(part)))  # noqa: B023
    return {
        "published": {
            "epochs": comparison.published_epochs,
            "batch_size": comparison.published_batch_size,
            "turns": theirs,
            "loss": test_loss(published, test),
        },
        "course": {"settings": comparison.settings, "turns": ours, "losses": losses},
    }


def measure():
    try:
        dataset = data.load("mnist")
    except data.DataError as error:
        raise Skipped(f"it needs MNIST: {error}") from error
    return {name: compare(comparison, dataset) for name, comparison in COMPARISONS.items()}


def ratios(found, which):
    """List the course's time in each of its turns over that of the published recipe: 0 for CPU, 1 for the clock."""
    published = sum(turn[which] for turn in found["published"]["turns"])
    return [turn[which] / published for turn in found["course"]["turns"]]


def page(figures):
    rows = []
    for name, found in figures.items():
        comparison = COMPARISONS[name]
        parts = found["published"]["turns"]
        rows.append(
            [
                f"`{name}`, as published",
                f"{found['published']['epochs']} of batch {found['published']['batch_size']}",
                f"{sum(part[0] for part in parts):.0f}",
                f"{sum(part[1] for part in parts):.0f}",
                f"{found['published']['loss']:.2f}",
                "",
                "",
            ]
        )
        settings = found["course"]["settings"]
        rows.append(
            [
                f"`{name}`, the course's recipe",
                f"{settings['epochs']} of batch {settings.get('batch_size', 128)}",
                spread([turn[0] for turn in found["course"]["turns"]], ".0f"),
                spread([turn[1] for turn in found["course"]["turns"]], ".0f"),
                spread(found["course"]["losses"]),
                f"{spread(ratios(found, 0), '.3f')}, at most {comparison.largest_ratio}",
                spread(ratios(found, 1), ".3f"),
            ]
        )
    header = ["run", "epochs", "CPU s", "s", "test loss", "ratio of CPU s", "ratio of s"]
    to_reach = " and ".join(f"{each.loss_to_reach} for `{name}`" for name, each in COMPARISONS.items())
    return (
        f"Test loss in nats, mean of {TEST_PASSES} passes; the published logs end at {to_reach}. Seeds of the course's "
        f"runs: {', '.join(map(str, SEEDS))}; of the published ones: {SEEDS[0]}.\n\n" + table(header, rows)
    )


def broken(figures):
    missed = []
    for name, found in figures.items():
        comparison = COMPARISONS[name]
        if max(ratios(found, 0)) > comparison.largest_ratio:
            missed.append(f"{name} takes {max(ratios(found, 0)):.3f} of the published recipe's CPU time")
        worst = max(found["course"]["losses"])
        if worst > comparison.loss_to_reach:
            missed.append(f"{name} reaches {worst:.2f} nats from one of its seeds, not {comparison.loss_to_reach}")
    return missed
