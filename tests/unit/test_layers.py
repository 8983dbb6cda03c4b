"""Tests of `cvae_utils.layers`: the noise has the mean, the spread and the gradients that it should."""

import keras
import numpy as np
import pytest
from keras import ops

from cvae_utils.layers import Sampling


def noise(layer, shape=(50, 3)):
    """Draw from N(0, I): the noise itself."""
    return ops.convert_to_numpy(layer((ops.zeros(shape), ops.zeros(shape))))


def test_mean_and_spread_of_the_samples():
    n = 20_000
    z_mean, sigma = np.array([1.0, -2.0, 0.0]), np.array([2.0, 0.5, 1.0])
    inputs = (np.tile(z_mean, (n, 1)).astype("float32"), np.tile(2 * np.log(sigma), (n, 1)).astype("float32"))
    z = ops.convert_to_numpy(Sampling(seed=1)(inputs))
    assert (abs(z.mean(axis=0) - z_mean) < 5 * sigma / np.sqrt(n)).all()
    assert (abs(z.std(axis=0) - sigma) < 5 * sigma / np.sqrt(2 * n)).all()
    between_dimensions = np.corrcoef(z.T)[np.triu_indices(3, k=1)]
    assert (abs(between_dimensions) < 5 / np.sqrt(n)).all()


def test_gradients_pass_through_the_noise(gradients):
    z_mean = np.array([[0.5, -1.0, 3.0]], "float32")
    z_log_var = np.array([[0.0, -2.0, 1.5]], "float32")
    epsilon = noise(Sampling(seed=1), z_mean.shape)
    by_mean, by_log_var = gradients(lambda m, v: ops.sum(Sampling(seed=1)((m, v))), z_mean, z_log_var)
    np.testing.assert_allclose(by_mean, np.ones((1, 3)))
    np.testing.assert_allclose(by_log_var, 0.5 * np.exp(z_log_var / 2) * epsilon, rtol=1e-5)


@pytest.mark.parametrize("z_log_var", [-1e4, -100, 100, 1e4])
def test_samples_and_gradients_stay_finite_far_out(gradients, z_log_var):
    inputs = np.ones((4, 2), "float32"), np.full((4, 2), z_log_var, "float32")
    z = ops.convert_to_numpy(Sampling(seed=1)(inputs))
    assert np.isfinite(z).all()
    assert np.isfinite(gradients(lambda m, v: ops.sum(Sampling(seed=1)((m, v))), *inputs)).all()
    if z_log_var < 0:
        np.testing.assert_allclose(z, 1, atol=1e-5)


def test_the_seed_decides_the_noise():
    np.testing.assert_array_equal(noise(Sampling(seed=1)), noise(Sampling(seed=1)))
    assert not np.array_equal(noise(Sampling(seed=1)), noise(Sampling(seed=2)))


def test_each_call_draws_anew():
    layer = Sampling(seed=1)
    first, second = noise(layer), noise(layer)
    assert not np.isclose(first, second).any()


def test_without_a_seed_keras_seeds_the_noise():
    draws = []
    for seed in (5, 5, 6):
        keras.utils.set_random_seed(seed)
        draws.append(noise(Sampling()))
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


@pytest.mark.parametrize("shape", [(1, 2), (7, 2), (128, 1), (7, 5)])
def test_any_batch_size_and_latent_dimension(shape):
    z = noise(Sampling(seed=1), shape)
    assert z.shape == shape and z.dtype == "float32"
    assert len(np.unique(z)) == z.size  # no image and no dimension shares its noise
