"""Tests of `cvae_utils.losses`: both terms against closed forms, SciPy and sampling, and the audit of losses."""

import re

import keras
import numpy as np
import pytest
from keras import ops
from scipy import special, stats

from cvae_utils.losses import bernoulli_log_likelihood, effective_beta, gaussian_kl


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


@pytest.mark.parametrize("shape", [(4,), (3, 2, 1)])
def test_log_likelihood_has_the_gradients_of_the_plain_formula(gradients, shape):
    """Each image's by pixels and by logits, weighted so that no two count alike."""
    rng = np.random.default_rng(0)
    x, logits, weights = array(rng.random((5, *shape))), array(rng.normal(0, 4, (5, *shape))), array(rng.normal(size=5))
    plain = bernoulli_log_likelihood.__wrapped__
    np.testing.assert_allclose(log_likelihood(x, logits), ops.convert_to_numpy(plain(x, logits)), rtol=1e-6)
    found, expected = (
        gradients(lambda *of: ops.sum(weights * function(*of)), x, logits)  # noqa: B023
        for function in (bernoulli_log_likelihood, plain)
    )
    for ours, autodiff in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, autodiff, rtol=1e-4, atol=1e-5)


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


# --- Effective β ----------------------------------------------------------------------------------


def reconstruction_term(x, logits):
    return -ops.mean(bernoulli_log_likelihood(x, logits))


def kl_term(z_mean, z_log_var):
    return ops.mean(gaussian_kl(z_mean, z_log_var))


def weighted_sum(a=1.0, b=1.0, c=0.0):
    return lambda x, logits, z_mean, z_log_var: a * reconstruction_term(x, logits) + b * kl_term(z_mean, z_log_var) + c


def elbo(x, logits, z_mean, z_log_var):
    return weighted_sum()(x, logits, z_mean, z_log_var)


@pytest.mark.parametrize("draw", range(8))
def test_beta_is_recovered_whatever_the_scale_the_constant_and_the_sizes(draw):
    rng = np.random.default_rng((6, draw))
    a, beta = 10 ** rng.uniform(-3, 3), 10 ** rng.uniform(-2, 3)
    sizes = {
        "image_shape": (*rng.integers(4, 33, 2), rng.choice([1, 3])),
        "latent_dim": int(rng.integers(1, 65)),
        "batch_size": int(rng.integers(2, 200)),
        "seed": draw,
    }
    loss = weighted_sum(a, a * beta, a * rng.normal(0, 100))
    assert effective_beta(loss, **sizes) == pytest.approx(beta, rel=1e-3)


@pytest.mark.parametrize("beta", [0.0, 1e-3, 0.5, 1.0, 4.0, 784.0, 1e5, -1.0])
def test_beta_of_a_weighted_sum(beta):
    assert effective_beta(weighted_sum(b=beta)) == pytest.approx(beta, rel=1e-3, abs=1e-6)
    assert isinstance(effective_beta(weighted_sum(b=beta)), float)


def test_a_loss_to_be_maximised_has_the_same_beta():
    assert effective_beta(weighted_sum(a=-1, b=-2)) == pytest.approx(2, rel=1e-4)


@pytest.mark.parametrize("latent_dim", [1, 2, 10, 64])
def test_mean_over_latent_dimensions_weighs_one_over_their_number(latent_dim):
    def loss(x, logits, z_mean, z_log_var):
        kl = 0.5 * ops.mean(ops.exp(z_log_var) + z_mean**2 - 1 - z_log_var)
        return reconstruction_term(x, logits) + kl

    assert effective_beta(loss, latent_dim=latent_dim) == pytest.approx(1 / latent_dim, rel=1e-3)


@pytest.mark.parametrize("image_shape", [(28, 28, 1), (32, 32, 1), (8, 8, 3)])
def test_mean_over_pixels_weighs_the_kl_by_their_number(image_shape):
    def loss(x, logits, z_mean, z_log_var):
        return 500 * ops.mean(ops.softplus(logits) - x * logits) + kl_term(z_mean, z_log_var)

    assert effective_beta(loss, image_shape=image_shape) == pytest.approx(np.prod(image_shape) / 500, rel=1e-3)


@pytest.mark.parametrize("batch_size", [16, 128])
def test_sum_over_the_batch(batch_size):
    def both(x, logits, z_mean, z_log_var):
        return ops.sum(gaussian_kl(z_mean, z_log_var)) - ops.sum(bernoulli_log_likelihood(x, logits))

    def kl_alone(x, logits, z_mean, z_log_var):
        return ops.sum(gaussian_kl(z_mean, z_log_var)) + reconstruction_term(x, logits)

    assert effective_beta(both, batch_size=batch_size) == pytest.approx(1, rel=1e-3)
    assert effective_beta(kl_alone, batch_size=batch_size) == pytest.approx(batch_size, rel=1e-3)


def test_a_loss_of_numpy_and_one_of_probabilities():
    def in_numpy(x, logits, z_mean, z_log_var):
        pixels = np.logaddexp(0, logits) - x * logits
        kl = 0.5 * (np.exp(z_log_var) + z_mean**2 - 1 - z_log_var)
        return float(pixels.sum(axis=(1, 2, 3)).mean() + 3 * kl.sum(axis=1).mean())

    def of_means(x, mu, z_mean, z_log_var):
        pixels = keras.losses.binary_crossentropy(x, mu)
        return ops.mean(ops.sum(pixels, axis=(1, 2))) + kl_term(z_mean, z_log_var)

    assert effective_beta(in_numpy) == pytest.approx(3, rel=1e-4)
    assert effective_beta(lambda x, logits, *z: of_means(x, ops.sigmoid(logits), *z)) == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("variance", [0.04, 0.5, 1.0])
def test_the_beta_of_a_squared_error_depends_on_the_variance_one_means(variance):
    def loss(x, logits, z_mean, z_log_var):
        return ops.mean((x - logits) ** 2) + kl_term(z_mean, z_log_var) / 784

    def gaussian(x, logits):
        squares = ops.sum((x - logits) ** 2, axis=(1, 2, 3))
        return -squares / (2 * variance) - 392 * np.log(2 * np.pi * variance)

    assert effective_beta(loss, log_likelihood=gaussian) == pytest.approx(1 / (2 * variance), rel=1e-3)
    with pytest.raises(ValueError, match="no weighted sum of reconstruction and KL: changing logits"):
        effective_beta(loss)


def swapped_arguments(x, logits, z_mean, z_log_var):
    pixels = keras.losses.binary_crossentropy(ops.sigmoid(logits), x)
    return ops.mean(ops.sum(pixels, axis=(1, 2))) + kl_term(z_mean, z_log_var)


NO_WEIGHTED_SUMS = {
    "swapped arguments": ("logits", swapped_arguments),
    "log σ for log σ²": ("z", lambda x, logits, m, v: reconstruction_term(x, logits) + kl_term(m, v / 2)),
    "log σ² for log σ": ("z", lambda x, logits, m, v: reconstruction_term(x, logits) + kl_term(m, 2 * v)),
    "another prior": ("z", lambda x, logits, m, v: reconstruction_term(x, logits) + kl_term(m - 1, v)),
    "a wider prior": ("z", lambda x, logits, m, v: reconstruction_term(x, logits) + kl_term(m / 2, v - 1.4)),
    "a faint regulariser": ("z", lambda x, logits, m, v: elbo(x, logits, m, v) + 1e-2 * ops.mean(m**2)),
    "a faint one under a large scale": (
        "z",
        lambda x, logits, m, v: weighted_sum(a=1e3)(x, logits, m, v) + ops.mean(m),
    ),
    "one dimension": ("z", lambda x, logits, m, v: reconstruction_term(x, logits) + kl_term(m[:, :1], v[:, :1])),
    "free bits": ("z", lambda x, logits, m, v: reconstruction_term(x, logits) + ops.maximum(kl_term(m, v), 3.0)),
    "the variance forgotten": ("z", lambda x, logits, m, v: reconstruction_term(x, logits) + ops.mean(m**2)),
    "a product": ("logits and z", lambda x, logits, m, v: reconstruction_term(x, logits) * kl_term(m, v)),
    "a root": ("logits", lambda *batch: ops.sqrt(elbo(*batch))),
    "images made binary": ("logits", lambda x, *rest: elbo(np.float32(x > 0.5), *rest)),
}


@pytest.mark.parametrize(("changed", "loss"), NO_WEIGHTED_SUMS.values(), ids=NO_WEIGHTED_SUMS)
@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_no_weighted_sum_is_refused_with_the_argument_that_shows_it(changed, loss, seed):
    with pytest.raises(ValueError, match=f"no weighted sum of reconstruction and KL: changing {changed} moves it by"):
        effective_beta(loss, seed=seed)


def test_noise_is_refused_and_its_average_is_not():
    rng = np.random.default_rng(7)

    def one_sample(x, logits, z_mean, z_log_var, epsilon=None):
        epsilon = np.float32(rng.normal(size=z_mean.shape)) if epsilon is None else epsilon
        z = z_mean + np.exp(z_log_var / 2) * epsilon
        return reconstruction_term(x, logits) + float((z**2 - epsilon**2 - z_log_var).sum(axis=1).mean()) / 2

    with pytest.raises(ValueError, match="this loss is random"):
        effective_beta(one_sample)
    average = effective_beta(lambda *batch: (one_sample(*batch, epsilon=1) + one_sample(*batch, epsilon=-1)) / 2)
    assert average == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize(
    ("loss", "sentence"),
    [
        (lambda x, logits, *z: -bernoulli_log_likelihood(x, logits) + gaussian_kl(*z), r"an array of shape \(128,\)"),
        (lambda *batch: elbo(*batch) * np.nan, "the loss gave nan"),
        (lambda *batch: elbo(*batch) / 0.0, "the loss gave inf"),
        (lambda *batch: None, "the loss gave nan"),
        (lambda x, logits, *z: kl_term(*z), "has no reconstruction to weigh the KL against"),
        (lambda *batch: 3.0, "has no reconstruction to weigh the KL against"),
        (lambda *batch: elbo(*batch) + 1e9, "has no reconstruction to weigh the KL against"),  # as float32 sees it
    ],
)
def test_what_is_no_loss_is_refused_in_one_sentence(loss, sentence):
    with pytest.raises(ValueError, match=sentence):
        effective_beta(loss)


def test_another_seed_gives_other_points_and_the_same_beta():
    seen = []

    def loss(x, logits, z_mean, z_log_var):
        seen.append(float(z_mean[0, 0]))
        return elbo(x, logits, z_mean, z_log_var)

    values = [effective_beta(loss, seed=seed) for seed in (0, 0, 1)]
    assert values[0] == values[1]
    assert values == pytest.approx([1, 1, 1], rel=1e-4)
    first, again, other = np.split(np.array(seen), 3)
    assert (first == again).all() and (first != other).any()
