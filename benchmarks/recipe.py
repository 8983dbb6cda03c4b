"""Compare the course's training recipe with the recipes that its networks were first published with.

On each kind of processor, each comparison runs in one process: a part of the published recipe, the course's whole run,
another part, and so on, so that both meet the same machine. Every epoch of a published recipe costs the same, and so
their whole cost follows from the parts: the first, which also compiles, and the median of the others. The published
recipes are plain ``fit`` with a constant learning rate on all 60,000 training images, as their authors ran them; the
course's keeps 5,000 of them for validation. All losses of the course's have to reach those that the published runs
printed. They are taken on this processor's own kind only: the other does the same arithmetic.
"""

import cvae_utils._quiet_start  # noqa: F401

import time
from dataclasses import dataclass
from fractions import Fraction
from statistics import median

import keras
import numpy as np

from benchmarks import processor
from benchmarks.results import Skipped, spread, table
from cvae_utils import data, models, training

TITLE = "Time to a given loss: the course's recipe against those published with its networks"
SEEDS = (0, 1, 2)
SEEDS_UNSCORED = (0,)
TEST_PASSES = 3  # the noise of one pass moves the mean loss of 10,000 images by some hundredths of a nat


@dataclass(frozen=True)
class Comparison:
    """A published recipe, the course's, and what the course's has to reach."""

    build: callable
    published_epochs: int
    published_batch_size: int
    part: Fraction  # of an epoch, or epochs: what a turn of the published recipe trains for
    settings: dict  # of the course's `training.train`
    loss_to_reach: float  # on the test set, printed by the published run
    largest_ratio: float  # of CPU seconds


COMPARISONS = {
    "dense_cvae": Comparison(
        models.dense_cvae,
        *(42, 250, Fraction(2)),
        settings={"epochs": 10, "batch_size": 250, "learning_rate": 3e-2},
        loss_to_reach=131.0,
        largest_ratio=1 / 5,
    ),
    "conv_vae": Comparison(
        models.conv_vae,
        *(12, 32, Fraction(1, 3)),
        settings={"epochs": 6, "batch_size": 100, "learning_rate": 8e-3},
        loss_to_reach=151.3,
        largest_ratio=2 / 5,
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


def compare(comparison, dataset, seeds, *, scored):
    """Run parts of the published recipe and whole runs of the course's in turns; return what they cost and reach."""
    published = as_published(build(comparison, seeds[0]))
    train, validation, test = (
        training.inputs_of(published, split) for split in (dataset.train, dataset.validation, dataset.test)
    )
    everything = keras.tree.map_structure(lambda *parts: np.concatenate(parts), train, validation)
    n_images = round(min(1, comparison.part) * len(keras.tree.flatten(everything)[0]))
    images_of_part = keras.tree.map_structure(lambda part: part[:n_images], everything)
    published.compile(optimizer=keras.optimizers.Adam(1e-3))

    def run_published():
        epochs = max(1, round(comparison.part))
        published.fit(images_of_part, epochs=epochs, batch_size=comparison.published_batch_size, verbose=0)

    theirs, ours, losses = [timed(run_published)], [], []
    for seed in seeds:
        theirs.append(timed(run_published))
        course = build(comparison, seed)
        ours.append(timed(lambda: training.train(course, train, validation, **comparison.settings, seed=seed)))  # noqa: B023
        losses += [test_loss(course, test)] if scored else []
        theirs.append(timed(run_published))
    return {
        "published": {
            "epochs": comparison.published_epochs,
            "batch_size": comparison.published_batch_size,
            "parts": float(comparison.published_epochs / comparison.part),
            "turns": theirs,
        },
        "course": {"settings": comparison.settings, "turns": ours, "losses": losses},
    }


def compare_all(seeds, scored):
    """Make all comparisons in this process."""
    dataset = data.load("mnist")
    return {name: compare(comparison, dataset, seeds, scored=scored) for name, comparison in COMPARISONS.items()}


def measure():
    try:
        data.load("mnist")
    except data.DataError as error:
        raise Skipped(f"it needs MNIST: {error}") from error

    def of_kind(kind):
        scored = kind == processor.native()
        return processor.in_a_child(kind, "recipe", "compare_all", SEEDS if scored else SEEDS_UNSCORED, scored)

    return processor.each_kind(of_kind)


def published_time(found, which):
    """Return the time of the whole published recipe, from its parts: 0 for CPU seconds, 1 for those on the clock."""
    first, *others = (turn[which] for turn in found["published"]["turns"])
    return first + (found["published"]["parts"] - 1) * median(others)


def ratios(found, which):
    """List the course's time in each of its turns over that of the published recipe."""
    published = published_time(found, which)
    return [turn[which] / published for turn in found["course"]["turns"]]


def rows_of(name, found, called):
    """Return the rows of one comparison on one kind of processor."""
    published, course = found["published"], found["course"]
    comparison, settings = COMPARISONS[name], course["settings"]
    return [
        [
            f"`{name}`, as published, {called}",
            f"{published['epochs']} of batch {published['batch_size']}",
            *(f"{published_time(found, which):.0f}" for which in (0, 1)),
            "",
            "",
            "",
        ],
        [
            f"`{name}`, the course's recipe, {called}",
            f"{settings['epochs']} of batch {settings['batch_size']}",
            *(spread([turn[which] for turn in course["turns"]], ".0f") for which in (0, 1)),
            spread(course["losses"]) if course["losses"] else "",
            f"{spread(ratios(found, 0), '.3f')}, at most {comparison.largest_ratio}",
            spread(ratios(found, 1), ".3f"),
        ],
    ]


def page(figures):
    titles = processor.titles(figures)
    rows = [
        row
        for name in COMPARISONS
        for kind, comparisons in figures["kinds"].items()
        for row in rows_of(name, comparisons[name], titles[kind])
    ]
    header = ["run", "epochs", "CPU s", "s", "test loss", "ratio of CPU s", "ratio of s"]
    to_reach = " and ".join(f"{each.loss_to_reach} for `{name}`" for name, each in COMPARISONS.items())
    parts = " and ".join(f"{each.part} for `{name}`" for name, each in COMPARISONS.items())
    text = (
        f"Test loss in nats, mean of {TEST_PASSES} passes, for the course's runs from seeds "
        f"{', '.join(map(str, SEEDS))}; the published logs end at {to_reach}. The published recipes ran in parts, "
        "before and after each of the course's runs, and the seconds of a whole one follow from them, since every "
        "epoch costs the same: the first part, which also compiles, and the median of the others as many times as it "
        f"takes. A part is this many epochs: {parts}. Both run on the same TensorFlow with oneDNN on, the published "
        "ones with Keras' own Adam. Where the AVX-512 paths are switched off, the course's recipe runs from one seed, "
        "for its time only."
    )
    return "\n\n".join([text, table(header, rows), *processor.unmeasured(figures)]) + "\n"


def broken(figures):
    missed = []
    for kind, comparisons in figures["kinds"].items():
        for name, found in comparisons.items():
            comparison, ratio = COMPARISONS[name], max(ratios(found, 0))
            if ratio > comparison.largest_ratio:
                missed.append(f"{name} takes {ratio:.3f} of the published recipe's CPU time on {kind}")
            worst = max(found["course"]["losses"], default=0)
            if worst > comparison.loss_to_reach:
                missed.append(f"{name} reaches {worst:.2f} nats from one of its seeds, not {comparison.loss_to_reach}")
    return missed
