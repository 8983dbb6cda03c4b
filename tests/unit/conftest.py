"""What several test files share. Keras is imported inside, so that the tests that do not need it start at once."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def images():
    """103 images with something to learn: ten noisy patterns of black and white. No batch size in use divides 103."""
    rng = np.random.default_rng(0)
    patterns = rng.integers(0, 2, (10, 28, 28, 1))
    means = 0.1 + 0.8 * patterns[np.arange(103) % 10]
    made = np.uint8(255 * np.clip(rng.normal(means, 0.1), 0, 1))
    made.setflags(write=False)
    return made


@pytest.fixture(scope="session")
def squares():
    """Return 1,000 images of a square in one of ten places, in noise, with the number of the place as label."""
    labels = np.arange(1000) % 10
    made = np.random.default_rng(0).integers(0, 60, (1000, 28, 28, 1), dtype="uint8")
    for image, label in zip(made, labels, strict=True):
        row, column = 3 + 8 * (label // 4), 2 + 6 * (label % 4)
        image[row : row + 6, column : column + 5] = 200
    return made, labels


@pytest.fixture(scope="session")
def make_vae():
    """Build a small VAE whose weights and noise follow from ``seed``."""
    import keras

    from cvae_utils import models

    def make(seed=0, **sizes):
        keras.utils.set_random_seed(seed)
        return models.dense_vae(**{"hidden_units": 32, **sizes})

    return make


@pytest.fixture(scope="session")
def gradients():
    """Differentiate a scalar function of arrays on the backend in use."""
    import keras

    def with_tensorflow(function, *arrays):
        import tensorflow as tf

        tensors = [tf.constant(array, "float32") for array in arrays]
        with tf.GradientTape() as tape:
            for tensor in tensors:
                tape.watch(tensor)
            value = function(*tensors)
        return [gradient.numpy() for gradient in tape.gradient(value, tensors)]

    def with_jax(function, *arrays):
        import jax

        tensors = [jax.numpy.asarray(array, "float32") for array in arrays]
        found = jax.grad(function, argnums=tuple(range(len(tensors))))(*tensors)
        return [np.asarray(gradient) for gradient in found]

    backends = {"tensorflow": with_tensorflow, "jax": with_jax}
    if keras.backend.backend() not in backends:
        pytest.skip(f"no gradient helper for the backend {keras.backend.backend()}")
    return backends[keras.backend.backend()]
