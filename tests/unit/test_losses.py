"""Tests of `cvae_utils.losses`: both terms against closed forms, SciPy and sampling."""

import re

import numpy as np
import pytest
from keras import ops
from scipy import special, stats

from cvae_utils.losses import bernoulli_log_likelihood, gaussian_kl


def array(values):
    return np.asarray(values, "float32")


def kl(z_mean, z_log_var):
    return ops.convert_to_numpy(gaussian_kl(array(z_mean), array(z_log_var)))


def log_likelihood(x, logits):
    return ops.convert_to_numpy(bernoulli_log_likelihood(array(x), array(logits)))


# --- KL -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mean", "variance", "expected"),
    [
        (0.0, 1.0, 0.0),
        (1.0, 1.0, 0.5),
        (-3.0, 1.0, 4.5),
        (0.0, 4.0, (4 - 1 - np.log(4)) / 2),
        (0.0, 0.25, (0.25 - 1 + np.log(4)) / 2),
        (2.0, 0.25, (4 + 0.25 - 1 + np.log(4)) / 2),
    ],
)
def test_kl_worked_by_hand(mean, variance, expected):
    assert kl([[mean]], [[np.log(variance)]]) == pytest.approx([expected], abs=1e-6)


def test_kl_is_summed_over_latent_dimensions_for_each_image():
    z_mean = [[0, 0, 0], [1, 1, 1], [1, 0, 2]]
    z_log_var = np.log([[1, 1, 1], [1, 1, 1], [1, 4, 1]])
    expected = [0, 1.5, 0.5 + (3 - np.log(4)) / 2 + 2]
    assert kl(z_mean, z_log_var).shape == (3,)
    assert kl(z_mean, z_log_var) == pytest.approx(expected, abs=1e-6)


def test_kl_agrees_with_sampling():
    rng = np.random.default_rng(1)
    z_mean, z_log_var = np.array([0.5, -1.0, 2.0]), np.array([-2.0, 0.7, 0.0])
    sigma = np.exp(z_log_var / 2)
    z = rng.normal(z_mean, sigma, (100_000, 3))
    log_ratios = (stats.norm.logpdf(z, z_mean, sigma) - stats.norm.logpdf(z)).sum(axis=1)
    standard_error = log_ratios.std() / np.sqrt(len(z))
    assert standard_error < 0.01
    assert abs(kl([z_mean], [z_log_var])[0] - log_ratios.mean()) < 5 * standard_error


@pytest.mark.parametrize("scale", [1e-3, 0.1, 1, 10, 100])
def test_kl_is_never_negative(scale):
    rng = np.random.default_rng(2)
    z_mean, z_log_var = scale * rng.normal(size=(2, 1000, 4))
    assert kl(z_mean, z_log_var).min() > -1e-6  # float32 rounds 1 + tiny − 1


def test_kl_gradients(gradients):
    z_mean, z_log_var = array([[0.5, -2]]), array([[-1, 1.5]])
    by_mean, by_log_var = gradients(lambda m, v: ops.sum(gaussian_kl(m, v)), z_mean, z_log_var)
    np.testing.assert_allclose(by_mean, z_mean, rtol=1e-5)
    np.testing.assert_allclose(by_log_var, (np.exp(z_log_var) - 1) / 2, rtol=1e-5)


@pytest.mark.parametrize("z_log_var", [-1e4, -100, -30, 20, 100, 1e4])
def test_kl_stays_finite_far_out(gradients, z_log_var):
    assert np.isfinite(kl([[1.0]], [[z_log_var]])).all()
    found = gradients(lambda m, v: ops.sum(gaussian_kl(m, v)), [[1.0]], [[z_log_var]])
    assert np.isfinite(found).all()


# --- Log-likelihood -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def logits():
    return np.random.default_rng(3).normal(0, 3, (5, 28, 28, 1))


def test_log_likelihood_of_binary_pixels_is_scipys(logits):
    x = np.random.default_rng(4).integers(0, 2, logits.shape)
    expected = stats.bernoulli.logpmf(x, special.expit(logits)).reshape(5, -1).sum(axis=1)
    assert log_likelihood(x, logits).shape == (5,)
    assert log_likelihood(x, logits) == pytest.approx(expected, rel=1e-5)


def test_log_likelihood_of_grey_pixels_is_the_formula(logits):
    x = np.random.default_rng(4).uniform(size=logits.shape)
    mu = special.expit(logits)
    expected = (x * np.log(mu) + (1 - x) * np.log(1 - mu)).reshape(5, -1).sum(axis=1)
    assert log_likelihood(x, logits) == pytest.approx(expected, rel=1e-5)


def test_log_likelihood_sums_over_whatever_axes_the_pixels_have(logits):
    x = special.expit(logits)
    assert log_likelihood(x, logits) == pytest.approx(
        log_likelihood(x.reshape(5, 784), logits.reshape(5, 784)), rel=1e-5
    )


def test_grey_floor():
    """For a grey pixel the best logit has sigmoid(logit) = x, and even it costs the entropy of x."""
    x = np.linspace(0.05, 0.95, 19)[:, np.newaxis]
    logits = special.logit(x) + np.linspace(-2, 2, 41)  # the best one is number 20
    values = log_likelihood(np.broadcast_to(x, logits.shape).reshape(-1, 1), logits.reshape(-1, 1)).reshape(19, 41)
    assert (values.argmax(axis=1) == 20).all()
    np.testing.assert_allclose(values[:, 20], -stats.bernoulli.entropy(x[:, 0]), rtol=1e-5)


@pytest.mark.parametrize(("x", "logit", "expected"), [(1, 1e4, 0), (0, 1e4, -1e4), (1, -1e4, -1e4), (0.5, 1e4, -5e3)])
def test_log_likelihood_far_out(x, logit, expected):
    assert log_likelihood([[x]], [[logit]]) == pytest.approx([expected])


@pytest.mark.parametrize("logit", [-1e4, -100, 0, 2, 100, 1e4])
def test_log_likelihood_gradient_is_pixel_minus_mean(gradients, logit):
    x = array([[0, 0.3, 1]])
    (found,) = gradients(lambda values: ops.sum(bernoulli_log_likelihood(x, values)), np.full((1, 3), logit))
    np.testing.assert_allclose(found, x - special.expit(logit), atol=1e-6)


@pytest.mark.parametrize(
    ("of_x", "of_logits"), [((2, 1), (2, 784)), ((2, 28, 28, 1), (2, 784)), ((1, 4), (3, 4)), ((2, 28, 28), (28, 28))]
)
def test_log_likelihood_refuses_two_shapes(of_x, of_logits):
    sentence = f"x has shape {of_x} and logits have shape {of_logits}; give both the same shape"
    with pytest.raises(ValueError, match=re.escape(sentence)):
        bernoulli_log_likelihood(np.zeros(of_x, "float32"), np.zeros(of_logits, "float32"))
    with pytest.raises(ValueError, match=re.escape(sentence)):
        bernoulli_log_likelihood(ops.zeros(of_x), ops.zeros(of_logits))
