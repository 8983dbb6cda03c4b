"""How fast a library multiplies matrices and takes exponentials, in this process as it was started."""

import json
import sys
import time

import numpy as np

MATRIX_SIZE = 2048
EXPONENTIALS = 1_000_000
PRODUCTS, ROUNDS = 4, 40  # of which the best counts


def tensorflow(factor, numbers, *, compiled):
    """Return what TensorFlow runs, by its own operations or compiled by XLA."""
    import tensorflow as tf

    factor, numbers = tf.constant(factor), tf.constant(numbers)
    product = tf.function(lambda: tf.matmul(factor, factor), jit_compile=compiled)
    exponentials = tf.function(lambda: tf.exp(numbers), jit_compile=compiled)
    return lambda: product().numpy(), lambda: exponentials().numpy()


def jax(factor, numbers):
    """Return what JAX compiles."""
    import jax
    from jax import numpy as jnp

    product, exponentials = jax.jit(lambda a: a @ a), jax.jit(jnp.exp)
    factor, numbers = jnp.array(factor), jnp.array(numbers)
    return lambda: product(factor).block_until_ready(), lambda: exponentials(numbers).block_until_ready()


def pytorch(factor, numbers):
    """Return what PyTorch runs."""
    import torch

    factor, numbers = torch.from_numpy(factor), torch.from_numpy(numbers)
    return lambda: factor @ factor, lambda: torch.exp(numbers)


def numpy(factor, numbers):
    """Return what NumPy runs: the product is OpenBLAS's."""
    return lambda: factor @ factor, lambda: np.exp(numbers)


LIBRARIES = {
    "tensorflow": {
        "TensorFlow": lambda *arrays: tensorflow(*arrays, compiled=False),
        "TensorFlow with XLA": lambda *arrays: tensorflow(*arrays, compiled=True),
    },
    "numpy": {"NumPy": numpy},
    "jax": {"JAX": jax},
    "pytorch": {"PyTorch": pytorch},
}


def per_second(run, amount, rounds):
    """Return how much a function does in a second, at best."""
    run()  # compiles
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return amount / min(seconds)


def main():
    rng = np.random.default_rng(0)
    factor = rng.random((MATRIX_SIZE, MATRIX_SIZE), dtype="float32")
    numbers = rng.random(EXPONENTIALS, dtype="float32")
    found = {}
    for title, runs_of in LIBRARIES[sys.argv[1]].items():
        product, exponentials = runs_of(factor, numbers)
        found[title] = {
            "product": per_second(product, 2 * MATRIX_SIZE**3, PRODUCTS) / 1e9,
            "exponentials": per_second(exponentials, EXPONENTIALS, ROUNDS) / 1e6,
        }
    print(json.dumps(found))


main()
