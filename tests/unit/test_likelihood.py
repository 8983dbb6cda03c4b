"""Tests of `cvae_utils.evaluation.likelihood`: models whose likelihood is known, and properties of the bound."""

import sys
import types

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from cvae_utils import evaluation, models
from cvae_utils.data import one_hot
from cvae_utils.evaluation import importance_weighted_bound, likelihood, log_weights

SHAPE, PIXELS, SPREAD = (3, 3, 1), 9, 0.1
WEIGHTS = np.linalg.qr(np.random.default_rng(0).normal(size=(PIXELS, 2)))[0] * [0.3, 0.15]  # orthogonal columns
MEANS = np.array([0.45 + 0.1 * (np.arange(PIXELS) % 3 == label) for label in range(3)])  # one image for each class


def gaussian(x, mean):
    """Return log N(x; mean, SPREAD² I)."""
    squares = ops.sum((x - mean) ** 2, axis=(1, 2, 3))
    return -squares / (2 * SPREAD**2) - PIXELS / 2 * np.log(2 * np.pi * SPREAD**2)


def linear_model(conditional=False, move=0.0, widen=1.0):
    """Return x = WEIGHTS z + MEANS[y] + noise with its exact encoder, or one that is off and too wide."""
    z, y = keras.Input((2,)), keras.Input((3,))
    kernel, bias = (keras.layers.Dense(PIXELS, use_bias=False) for _ in "Wb")
    pixels = kernel(z) + bias(y if conditional else ops.ones_like(z[:, :1]))
    decoder = keras.Model([z, y] if conditional else [z], keras.layers.Reshape(SHAPE)(pixels))
    kernel.set_weights([WEIGHTS.T])
    bias.set_weights([MEANS if conditional else MEANS[:1]])
    precision = 1 + (WEIGHTS**2).sum(axis=0) / SPREAD**2

    def encode(images, y=None):
        centre = MEANS[0] if y is None else y @ MEANS
        z_mean = (images.reshape(-1, PIXELS) / 255 - centre) @ WEIGHTS / SPREAD**2 / precision
        return np.float32(z_mean + move), np.float32(np.tile(np.log(widen / precision), (len(images), 1)))

    return types.SimpleNamespace(name="linear", encode=encode, decoder=decoder)


def drawn(n, label=0):
    """Return n images of one class from the model, rounded to whole grey values."""
    rng = np.random.default_rng(label)
    x = MEANS[label] + rng.standard_normal((n, 2)) @ WEIGHTS.T + SPREAD * rng.standard_normal((n, PIXELS))
    return np.uint8(np.clip(np.rint(255 * x), 0, 255)).reshape(n, *SHAPE)


def exact(images, label=0):
    """Return log p(x|y), or log p(x) of the model without labels."""
    covariance = WEIGHTS @ WEIGHTS.T + SPREAD**2 * np.eye(PIXELS)
    return stats.multivariate_normal(MEANS[label], covariance).logpdf(images.reshape(-1, PIXELS) / 255)


def exact_elbo(model, images):
    z_mean, z_log_var = map(np.float64, model.encode(images))
    errors = images.reshape(-1, PIXELS) / 255 - MEANS[0] - z_mean @ WEIGHTS.T
    squares = (errors**2).sum(axis=1) + np.exp(z_log_var) @ (WEIGHTS**2).sum(axis=0)
    kl = (np.exp(z_log_var) + z_mean**2 - 1 - z_log_var).sum(axis=1) / 2
    return -squares / (2 * SPREAD**2) - PIXELS / 2 * np.log(2 * np.pi * SPREAD**2) - kl


def bound(model, inputs, k, seed=0):
    return importance_weighted_bound(log_weights(model, inputs, k, seed=seed, log_likelihood=gaussian), k)


def error(values):
    return values.std() / np.sqrt(len(values))


# --- Models whose likelihood is known ---------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 10, 1000])
def test_the_exact_posterior_gives_the_exact_likelihood_with_any_k(k):
    images = drawn(20)
    np.testing.assert_allclose(bound(linear_model(), images, k), exact(images), atol=1e-3)


def test_with_a_poor_encoder_one_draw_gives_the_elbo_and_many_the_likelihood():
    model, images = linear_model(move=0.15, widen=1.5), drawn(500)
    elbo, log_p = exact_elbo(model, images), exact(images)
    one, ten, many = (bound(model, images, k) for k in (1, 10, 1000))
    assert abs((one - elbo).mean()) < 3 * error(one - elbo)
    assert abs((many - log_p).mean()) < 3 * error(many - log_p)
    assert (log_p - one).mean() > 5 * error(log_p - one)  # the two can be told apart
    assert elbo.mean() < ten.mean() - 5 * error(ten - elbo) and ten.mean() < log_p.mean()


def test_the_negative_log_likelihood_and_its_error_cover_the_truth():
    """The entropy of the model is the mean of −log p over all images that it can draw; a set of images scatters."""
    entropy = stats.multivariate_normal(cov=WEIGHTS @ WEIGHTS.T + SPREAD**2 * np.eye(PIXELS)).entropy()
    found = evaluation.negative_log_likelihood(linear_model(widen=1.5), drawn(2000), 100, log_likelihood=gaussian)
    assert found["nll"] == pytest.approx(entropy, abs=3 * found["nll_error"])
    assert found["nll_error"] == pytest.approx(np.sqrt(PIXELS / 2 / 2000), rel=0.1)  # −log p scatters like χ²/2


def test_the_classes_of_a_linear_model_get_their_exact_joint_probability():
    images, p_y = np.concatenate([drawn(30, label) for label in range(3)]), np.array([0.7, 0.2, 0.1])
    truth = np.stack([exact(images, label) for label in range(3)], axis=1) + np.log(p_y)
    cvae = linear_model(conditional=True)
    np.testing.assert_allclose(evaluation.log_joint(cvae, images, p_y, 2, log_likelihood=gaussian), truth, atol=1e-3)
    named = evaluation.bayes_classify(cvae, images, p_y, 2, log_likelihood=gaussian)
    np.testing.assert_array_equal(named, truth.argmax(axis=1))
    likeliest = (truth - np.log(p_y)).argmax(axis=1)
    assert 0 < np.mean(named != likeliest) < 0.5  # p(y) decided some, and not all
    assert np.mean(named == np.repeat(np.arange(3), 30)) > 0.5


def test_all_classes_get_the_same_noise(monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "MEANS", MEANS[[0] * 3])  # three classes that do not differ
    joint = evaluation.log_joint(linear_model(True, widen=3), drawn(5), np.ones(3) / 3, 4, log_likelihood=gaussian)
    np.testing.assert_allclose(joint[:, 1:], joint[:, :1] * [1, 1], atol=1e-5)


# --- The course's models ----------------------------------------------------------------------------


@pytest.mark.parametrize("conditional", [False, True])
def test_one_draw_is_the_models_own_loss(images, make_vae, conditional):
    keras.utils.set_random_seed(0)
    model = models.dense_cvae(hidden_units=32) if conditional else make_vae()
    inputs = (images, one_hot(np.arange(len(images)) % 10)) if conditional else images
    model.compile(optimizer="adam")
    model.fit(inputs, epochs=20, verbose=0)
    own = np.array([model.evaluate(inputs, verbose=0, return_dict=True)["loss"] for _ in range(60)])
    found = -log_weights(model, inputs, 200).mean(axis=0)
    assert abs(own.mean() - found.mean()) < 4 * np.hypot(error(own), error(found))
    assert error(own) < 0.3  # a missing or doubled KL would be seen
    assert np.mean(model.evaluate(inputs, verbose=0, return_dict=True)["kl"]) > 2


@pytest.mark.parametrize("points", [7, 100, 10_000])
@pytest.mark.parametrize("k", [3, 20])
def test_how_many_points_are_decoded_at_once_does_not_matter(images, make_vae, monkeypatch, points, k):
    model = make_vae()
    expected = log_weights(model, images[:11], k)
    monkeypatch.setattr(likelihood, "POINTS_AT_ONCE", points)
    assert expected.shape == (11, k) and expected.dtype == "float32"
    np.testing.assert_allclose(log_weights(model, images[:11], k), expected, atol=0.01)


def test_the_seed_draws_the_noise(images, make_vae):
    model = make_vae()
    first, again, other = (log_weights(model, images[:3], 5, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).all() and len(np.unique(first)) == first.size


def test_extreme_variances_stay_finite(images):
    model = linear_model()
    model.encode = lambda images: (np.zeros((len(images), 2), "float32"), np.float32([[-1e4, 60.0]] * len(images)))
    assert np.isfinite(bound(model, drawn(3), 10)).all()


# --- The bound --------------------------------------------------------------------------------------


def test_known_bounds():
    log_w = np.log([[1.0, 3.0, 2.0, 2.0]])
    assert importance_weighted_bound(log_w, 1) == pytest.approx(np.log(12) / 4)
    assert importance_weighted_bound(log_w, 2) == pytest.approx(np.log(2))
    assert importance_weighted_bound(log_w, 4) == pytest.approx(np.log(2))


@pytest.mark.parametrize("spread", [0.1, 3.0, 1000.0])
def test_rises_with_k_for_each_image(spread):
    log_w = np.random.default_rng(0).normal(-150, spread, (50, 1000))
    bounds = np.array([importance_weighted_bound(log_w, k) for k in (1, 5, 10, 100, 500, 1000)])
    assert (np.diff(bounds, axis=0) > 0).all()
    assert (bounds <= log_w.max(axis=1)).all()


def test_neither_very_small_nor_very_large_weights_overflow():
    log_w = np.random.default_rng(0).normal(size=(5, 8))
    for shift in (-1e5, 1e5):
        moved = importance_weighted_bound(np.float64(log_w + shift), 4)
        np.testing.assert_allclose(moved - shift, importance_weighted_bound(log_w, 4), atol=1e-6)
    assert importance_weighted_bound(np.array([[0.0, -np.inf]]), 2) == pytest.approx(-np.log(2))


@pytest.mark.parametrize("k", [0, 3, 20, -2])
def test_refuses_groups_that_do_not_fit(k):
    with pytest.raises(ValueError, match=rf"10 draws cannot be cut into groups of {k}; k must divide"):
        importance_weighted_bound(np.zeros((2, 10)), k)


def test_refuses_inputs_that_the_model_does_not_take(images, make_vae):
    vae, cvae, y = make_vae(), models.dense_cvae(hidden_units=4), one_hot(np.zeros(len(images), int))
    with pytest.raises(ValueError, match=r"dense_vae takes images alone; training.inputs_of"):
        log_weights(vae, (images, y), 1)
    with pytest.raises(ValueError, match=r"dense_cvae takes a pair of images and one-hot labels; training.inputs_of"):
        log_weights(cvae, images, 1)
    with pytest.raises(ValueError, match="103 images came with 102 labels"):
        log_weights(cvae, (images, y[1:]), 1)
    with pytest.raises(ValueError, match="k is 0; draw at least one"):
        log_weights(vae, images, 0)
    with pytest.raises(TypeError, match="images came as float32"):
        log_weights(vae, np.float32(images), 1)
