"""How much of a training step is arithmetic: its floating-point operations against the machine's matrix products.

Which part of the machine's peak a step reaches is up to TensorFlow's operations; what the course answers for is what it
adds to them: the input pipeline, and how often Keras' loop comes round.
"""

import cvae_utils._quiet_start  # noqa: F401

import time
from statistics import median

import keras
import tensorflow as tf

from benchmarks.results import spread, table
from cvae_utils import data, models, training

TITLE = "How close a training step comes to the machine's limit"
BATCH_SIZES = {"dense_vae": 250, "dense_cvae": 250, "completion_cvae": 256, "conv_vae": 64, "conv_cvae": 128}
LARGE_BATCH = 1024
MATRIX_SIZE = 2048  # of the product that stands for the machine's peak
SECONDS_OF_A_ROUND = 1.0
ROUNDS = 5
LARGEST_OVERHEAD = 0.15  # of a step in `fit`
PRODUCTS = ("MatMul", "Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter")


def count_operations(model, inputs):
    """Return the floating-point operations of the matrix products and convolutions in one training step.

    TensorFlow's profiler counts them in the step's graph, two for each multiply-and-add. What else it counts (biases,
    the loss, the optimizer) is 2% for the dense models and is left out.
    """
    graph = tf.function(lambda: model.train_step((inputs,))).get_concrete_function().graph
    profiler = tf.compat.v1.profiler
    options = profiler.ProfileOptionBuilder(profiler.ProfileOptionBuilder.float_operation()).with_empty_output().build()
    node = profiler.profile(graph, options=options, cmd="op")
    counted = 0
    while True:  # the kinds of operation come as a chain of nodes
        counted += node.float_ops if node.name in PRODUCTS else 0
        if not node.children:
            return counted
        (node,) = node.children


def seconds(run):
    """Return how long a call takes on the clock."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def repeat(run, times):
    """Return a function that calls another so many times."""
    return lambda: [run() for _ in range(times)]


def matrix_product():
    """Return a function that multiplies two square float32 matrices, and its floating-point operations."""
    factor = tf.random.normal((MATRIX_SIZE, MATRIX_SIZE))
    product = tf.function(lambda: tf.matmul(factor, factor))
    product()
    return product, 2 * MATRIX_SIZE**3


def products_of_step(batch_size, pixels=784, hidden_units=512):
    """Return a function that computes the five large matrix products of a dense model's step, and nothing else."""
    images, gradient = tf.random.normal((batch_size, pixels)), tf.random.normal((batch_size, pixels))
    hidden = tf.random.normal((batch_size, hidden_units))
    encoder, decoder = tf.random.normal((pixels, hidden_units)), tf.random.normal((hidden_units, pixels))

    @tf.function
    def products():
        return (
            tf.matmul(images, encoder),
            tf.matmul(hidden, decoder),
            tf.matmul(hidden, gradient, transpose_a=True),
            tf.matmul(gradient, decoder, transpose_b=True),
            tf.matmul(images, hidden, transpose_a=True),
        )

    products()
    return products


def update(model):
    """Return a function that applies the optimizer to gradients that are there already."""
    gradients = [tf.random.normal(weight.shape) for weight in model.trainable_variables]
    apply = tf.function(lambda: model.optimizer.apply(gradients, model.trainable_variables))
    apply()
    return apply


def batches_of(model, dataset, batch_size):
    """Return the batches that a model trains on."""
    if isinstance(model, models.CompletionCVAE):
        return training.CompletionBatches(dataset.train.images, batch_size, seed=0)
    return training.ShuffledBatches(training.inputs_of(model, dataset.train), batch_size, seed=0)


class Part(keras.utils.PyDataset):
    """The first so many batches of others."""

    def __init__(self, batches, length):
        super().__init__()
        self.batches, self.length = batches, length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        return self.batches[index]


def measure_model(name, batch_size, dataset):
    """Measure the steps of one model, in turns with the machine's peak and with parts of the step."""
    keras.utils.set_random_seed(0)
    model = getattr(models, name)()
    batches = batches_of(model, dataset, batch_size)
    model.compile(optimizer=training.Adam(1e-3), steps_per_execution=training.steps_per_execution(len(batches)))
    model.optimizer.build(model.trainable_variables)
    batch = keras.tree.map_structure(tf.constant, batches[0][0])
    step = tf.function(lambda: model.train_step((batch,)))
    step()
    steps = max(10, round(SECONDS_OF_A_ROUND / min(seconds(step) for _ in range(5))))
    steps = min(steps, len(batches))
    epoch = training.ready_to_fit(Part(batches, steps))

    def fit():
        model.fit(epoch, epochs=1, shuffle=False, verbose=0)

    fit()  # traces and compiles
    peak, peak_operations = matrix_product()
    parts = {"fit": fit, "step": repeat(step, steps), "update": repeat(update(model), steps)}
    if name == "dense_vae":
        parts["products"] = repeat(products_of_step(batch_size), steps)
    found = {"peak": [], **{part: [] for part in parts}}
    for _ in range(ROUNDS):
        found["peak"].append(peak_operations / min(seconds(peak) for _ in range(10)) / 1e9)
        for part, run in parts.items():
            found[part].append(1e3 * seconds(run) / steps)
    return {"batch_size": batch_size, "operations": count_operations(model, batch), **found}


def measure():
    """Measure all models at the batch size of their recipe, and the dense VAE at a large one."""
    dataset = data.load("auto")
    figures = {name: measure_model(name, batch_size, dataset) for name, batch_size in BATCH_SIZES.items()}
    return figures | {"dense_vae, large batch": measure_model("dense_vae", LARGE_BATCH, dataset)}


def fractions(row, part):
    """List which fraction of the peak each round reached."""
    return [
        row["operations"] / (1e6 * milliseconds) / peak
        for milliseconds, peak in zip(row[part], row["peak"], strict=True)
    ]


def overheads(row):
    """List which part of a step in `fit` each round spent on Keras' loop and the input pipeline."""
    return [1 - step / fit for step, fit in zip(row["step"], row["fit"], strict=True)]


def page(figures):
    rows = [
        [
            f"`{name}`" if name in BATCH_SIZES else "`dense_vae`",
            row["batch_size"],
            f"{row['operations'] / 1e6:,.0f}",
            f"{median(row['peak']):.0f}",
            spread(row["fit"]),
            spread(overheads(row), ".0%"),
            spread(fractions(row, "fit"), ".0%"),
            spread(fractions(row, "step"), ".0%"),
        ]
        for name, row in figures.items()
    ]
    dense = figures["dense_vae"]
    ideal = dense["operations"] / (1e6 * median(dense["peak"]))
    products, optimizer, step, fit = (median(dense[part]) for part in ("products", "update", "step", "fit"))
    account = [
        ["the same operations at the peak", f"{ideal:.2f}"],
        ["more, because the five matrices are narrow", f"{products - ideal:.2f}"],
        ["the optimizer's pass over weights and moments", f"{optimizer:.2f}"],
        [
            "the rest of the step: loss, bending, noise, metrics, slower products",
            f"{step - products - optimizer:.2f}",
        ],
        ["Keras' loop and the input pipeline", f"{fit - step:.2f}"],
        ["**a step in `fit`**", f"**{fit:.2f}**"],
    ]
    header = ["model", "batch", "million operations", "peak, GFLOP/s", "ms a step", "loop and pipeline", "of the peak"]
    return (
        f"The peak is the best product of two {MATRIX_SIZE} × {MATRIX_SIZE} float32 matrices in the same round; "
        "operations are those of a step's matrix products and convolutions, as TensorFlow's profiler counts them. "
        "*Alone* is the step without Keras' loop and input pipeline; a step in `fit` is promised to spend at most "
        f"{LARGEST_OVERHEAD:.0%} on those. Which part of the peak it reaches is not promised: that is up to "
        "TensorFlow's operations.\n\n"
        + table([*header, "alone"], rows)
        + "\nWhere the time of `dense_vae`'s step goes, in milliseconds, medians:\n\n"
        + table(["part", "ms"], account)
    )


def broken(figures):
    return [
        f"{name} spends {median(overheads(row)):.0%} of a step in `fit` on Keras' loop and the input pipeline"
        for name, row in figures.items()
        if median(overheads(row)) > LARGEST_OVERHEAD
    ]
