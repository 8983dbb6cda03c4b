"""Batches of one epoch: in which order, and what is drawn anew for each image."""

import cvae_utils._quiet_start  # noqa: F401

import math

import keras
import numpy as np

from cvae_utils.quadrants import TASKS, seen_flags


class ShuffledBatches(keras.utils.PyDataset):
    """Batches of inputs in an order that depends on the seed and the epoch alone, so that a resumed run repeats it.

    The last batch is filled up from the beginning of the order: where all batches have one shape, a step is compiled
    once.
    """

    def __init__(self, inputs, batch_size, seed):
        super().__init__()
        lengths = {len(part) for part in keras.tree.flatten(inputs)}
        if len(lengths) > 1:
            raise ValueError(f"the inputs have different lengths, {sorted(lengths)}; give one label for each image")
        self.inputs = inputs
        self.n_images = lengths.pop()
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle(epoch=0)

    def shuffle(self, epoch):
        order = np.random.default_rng((self.seed, epoch)).permutation(self.n_images)
        self.order = np.resize(order, len(self) * self.batch_size)

    def __len__(self):
        return math.ceil(self.n_images / self.batch_size)

    def __getitem__(self, index):
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        return (keras.tree.map_structure(lambda part: part[chosen], self.inputs),)


class ShiftedBatches(ShuffledBatches):
    """Batches of images and labels, each image moved by up to two pixels in each direction, another way in each epoch.

    What comes in at the border is background.
    """

    SHIFT = 2

    def shuffle(self, epoch):
        super().shuffle(epoch)
        self.shifts = np.random.default_rng((self.seed, epoch, 1)).integers(0, 2 * self.SHIFT + 1, (len(self.order), 2))

    def __getitem__(self, index):
        ((images, labels),) = super().__getitem__(index)
        margin = (self.SHIFT, self.SHIFT)
        padded = np.pad(images[..., 0], ((0, 0), margin, margin))
        windows = np.lib.stride_tricks.sliding_window_view(padded, images.shape[1:3], axis=(1, 2))
        down, right = self.shifts[index * self.batch_size :][: len(images)].T
        return windows[np.arange(len(images)), down, right][..., np.newaxis], labels


class CompletionBatches(ShuffledBatches):
    """Batches of images and of which of their quadrants are seen: a task drawn for each image, anew in each epoch."""

    def shuffle(self, epoch):
        super().shuffle(epoch)
        self.seen = draw_tasks(len(self.order), (self.seed, epoch, 1))

    def __getitem__(self, index):
        (images,) = super().__getitem__(index)
        return ((images, self.seen[index * self.batch_size :][: len(images)]),)


def ready_to_fit(batches):
    """Return the batches in the form from which ``fit`` reads them soonest, on the backend in use.

    For TensorFlow that is a ``tf.data`` pipeline whose batches have a known size, of which a PyDataset says nothing.
    Two of TensorFlow's habits are avoided (benchmarks/LOG.md). It tunes a pipeline while it runs: at the beginning of
    an epoch that can stop everything, for seconds in which no core works. And ``Dataset.from_generator`` makes the C
    library give freed memory back to the system at once, for the whole process and for good: a training step then
    fetches its arrays anew, page by page, which can double its time.
    """
    if keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf

    first = batches[0]
    specs = [tf.TensorSpec(part.shape, part.dtype) for part in keras.tree.flatten(first)]

    def batch(index):
        parts = tf.numpy_function(
            lambda number: keras.tree.flatten(batches[number]), [index], [spec.dtype for spec in specs]
        )
        for part, spec in zip(parts, specs, strict=True):
            part.set_shape(spec.shape)
        return keras.tree.pack_sequence_as(first, parts)

    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.Dataset.range(len(batches)).map(batch).prefetch(2).with_options(options)


def draw_tasks(n, seed):
    """Return which quadrants are seen in each of n images, float32 (n, 4), for a task drawn from the three."""
    rows = np.concatenate([seen_flags(quadrants, 1) for quadrants in TASKS])
    return rows[np.random.default_rng(seed).integers(0, len(rows), n)]
