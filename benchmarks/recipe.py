"""Compare the course's training recipe with the recipes that its networks were first published with, in CPU seconds.

Each comparison runs in one process: half of the published recipe's epochs, then the course's whole run, then the other
half, so that both meet the same machine. The published recipes are plain ``fit`` with a constant learning rate on all
60,000 training images, as their authors ran them; the course's keeps 5,000 of them for validation.
"""

import argparse
import sys
import time
from dataclasses import dataclass

import keras
import numpy as np

from cvae_utils import data, models, training

SEED = 0
TEST_PASSES = 10


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
    "dense_cvae": Comparison(models.dense_cvae, 42, 250, {"epochs": 8, "learning_rate": 1.2e-2}, 131.0, 1 / 4),
    "conv_vae": Comparison(
        models.conv_vae, 12, 32, {"epochs": 5, "batch_size": 64, "learning_rate": 6e-3}, 151.3, 1 / 2
    ),
}


def cpu_seconds(run):
    """Return how many CPU seconds a function takes."""
    start = time.process_time()
    run()
    return time.process_time() - start


def test_loss(model, test_inputs):
    """Return the mean loss of several passes over the test set, in nats per image."""
    passes = [
        model.evaluate(test_inputs, batch_size=1000, verbose=0, return_dict=True)["loss"] for _ in range(TEST_PASSES)
    ]
    return float(np.mean(passes))


def build(comparison):
    """Build one of the two models, both from the same seed."""
    keras.utils.set_random_seed(SEED)
    return comparison.build()


def as_published(model):
    """Give the first layer of the decoder the initial values that Keras chooses, as the published model had them."""
    first = next(layer for layer in model.decoder.layers if isinstance(layer, keras.layers.Dense))
    first.kernel.assign(keras.initializers.GlorotUniform()(first.kernel.shape))
    first.bias.assign(np.zeros(first.bias.shape))
    return model


def compare(name, comparison, dataset):
    """Run both recipes, print what they reach and cost, and return whether the course's holds its promise."""
    published, course = as_published(build(comparison)), build(comparison)
    train, validation, test = (
        training.inputs_of(course, split) for split in (dataset.train, dataset.validation, dataset.test)
    )
    everything = keras.tree.map_structure(lambda *parts: np.concatenate(parts), train, validation)
    published.compile(optimizer=keras.optimizers.Adam(1e-3), jit_compile=training.jit_compile(published))
    half = comparison.published_epochs // 2

    def run_published():
        published.fit(everything, epochs=half, batch_size=comparison.published_batch_size, verbose=0)

    before = cpu_seconds(run_published)
    ours = cpu_seconds(lambda: training.train(course, train, validation, **comparison.settings, seed=SEED))
    theirs = before + cpu_seconds(run_published)
    published_loss, course_loss = test_loss(published, test), test_loss(course, test)
    ratio = ours / theirs
    print(f"{name:10} published recipe: {theirs:6.0f} CPU s in {2 * half} epochs, test loss {published_loss:.2f}")
    epochs = comparison.settings["epochs"]
    print(f"{name:10} course's recipe:  {ours:6.0f} CPU s in {epochs} epochs, test loss {course_loss:.2f}")
    print(f"{name:10} ratio {ratio:.3f}, at most {comparison.largest_ratio}; to reach {comparison.loss_to_reach}")
    return ratio <= comparison.largest_ratio and course_loss <= comparison.loss_to_reach


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="of the comparisons; all of them unless told otherwise")
    names = parser.parse_args().names or list(COMPARISONS)
    dataset = data.load("mnist")
    missed = [name for name in names if not compare(name, COMPARISONS[name], dataset)]
    if missed:
        sys.exit(f"too slow, or too high a loss: {', '.join(missed)}")


if __name__ == "__main__":
    main()
