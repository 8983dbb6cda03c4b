"""Tests of `cvae_utils.models`: sizes, the loss and its two parts, saving, and what is refused."""

import keras
import numpy as np
import pytest
from keras import ops
from scipy import special

from cvae_utils import models


@pytest.fixture(scope="module")
def vae(make_vae):
    """An untrained model with a visible KL, compiled; no test changes its weights."""
    model = make_vae()
    model.encoder.get_layer("z_mean").bias.assign([0.5, -1.0])
    model.compile(optimizer="adam")
    return model


@pytest.fixture(scope="module")
def quiet_vae(make_vae):
    """A model whose encoder is so sure that the samples are its means. Its decoder reacts strongly to them."""
    model = make_vae()
    head = model.encoder.get_layer("z_log_var")
    head.set_weights([np.zeros((32, 2)), np.full(2, -1e3)])
    output = model.decoder.layers[-2]
    output.set_weights([3 * weights for weights in output.get_weights()])
    model.compile(optimizer="adam")
    return model


def evaluate(model, images, batch_size=50):
    return model.evaluate(images, batch_size=batch_size, verbose=0, return_dict=True)


def losses_in_numpy(images, logits, z_mean, z_log_var):
    """Compute (reconstruction, kl) of each image in float64, in the textbook's form."""
    x, mu = images / 255, special.expit(np.float64(logits))
    reconstruction = -(x * np.log(mu) + (1 - x) * np.log(1 - mu)).reshape(len(x), -1).sum(axis=1)
    z_mean, z_log_var = np.float64(z_mean), np.clip(np.float64(z_log_var), -30, 20)
    return reconstruction, (0.5 * (np.exp(z_log_var) + z_mean**2 - 1 - z_log_var)).sum(axis=1)


# --- Sizes ----------------------------------------------------------------------------------------


def test_parameter_counts():
    assert models.dense_encoder().count_params() == 403_972
    assert models.dense_decoder().count_params() == 403_728
    vae = models.dense_vae()
    assert vae.count_params() == 807_700
    assert len(vae.trainable_variables) == 10


@pytest.mark.parametrize("n", [1, 7, 128])
def test_shapes_and_dtypes_for_any_batch_size(vae, images, n):
    batch = np.resize(images, (n, 28, 28, 1))
    logits, z_mean, z_log_var = vae(batch)
    assert [tuple(part.shape) for part in (logits, z_mean, z_log_var)] == [(n, 28, 28, 1), (n, 2), (n, 2)]
    assert {keras.backend.standardize_dtype(part.dtype) for part in (logits, z_mean, z_log_var)} == {"float32"}
    predicted = vae.predict(batch, verbose=0)
    assert [part.shape for part in predicted] == [(n, 28, 28, 1), (n, 2), (n, 2)]


@pytest.mark.parametrize("latent_dim", [1, 5])
def test_encoder_and_decoder_work_alone(images, latent_dim):
    encoder = models.dense_encoder(latent_dim, hidden_units=16)
    decoder = models.dense_decoder(latent_dim, hidden_units=16)
    z_mean, z_log_var = encoder.predict(images, verbose=0)
    assert z_mean.shape == z_log_var.shape == (103, latent_dim)
    assert not np.array_equal(z_mean, z_log_var)
    assert decoder.predict(z_mean, verbose=0).shape == (103, 28, 28, 1)


def test_the_encoder_scales_the_pixels(images):
    """The first layer sees pixels in [0, 1]: its outputs are those of a network written out in NumPy."""
    encoder = models.dense_encoder(hidden_units=16)
    kernel, bias, to_mean, mean_bias, to_log_var, log_var_bias = encoder.get_weights()
    hidden = np.maximum(images.reshape(103, 784) / 255 @ kernel + bias, 0)
    z_mean, z_log_var = encoder.predict(images, verbose=0)
    np.testing.assert_allclose(z_mean, hidden @ to_mean + mean_bias, atol=1e-4)
    np.testing.assert_allclose(z_log_var, hidden @ to_log_var + log_var_bias, atol=1e-4)


def test_the_decoder_is_a_network_of_one_hidden_layer():
    decoder = models.dense_decoder(hidden_units=16)
    kernel, bias, to_logits, logits_bias = decoder.get_weights()
    z = np.random.default_rng(6).normal(0, 3, (11, 2))
    logits = np.maximum(z @ kernel + bias, 0) @ to_logits + logits_bias
    np.testing.assert_allclose(decoder.predict(z, verbose=0), logits.reshape(11, 28, 28, 1), atol=1e-4)


# --- The loss -------------------------------------------------------------------------------------


def test_evaluate_is_the_negative_elbo_of_predict(vae, images):
    """With the noise set back between the two, both see the same samples, in batches of 50, 50 and 3."""
    noise_state = vae.sampling.seed_generator.state
    noise_state.assign([1, 2])
    reconstruction, kl = losses_in_numpy(images, *vae.predict(images, batch_size=50, verbose=0))
    noise_state.assign([1, 2])
    found = evaluate(vae, images)
    assert kl.mean() > 0.5
    assert found["reconstruction"] == pytest.approx(reconstruction.mean(), rel=1e-5)
    assert found["kl"] == pytest.approx(kl.mean(), rel=1e-5)
    assert found["loss"] == pytest.approx(reconstruction.mean() + kl.mean(), rel=1e-5)


def test_the_loss_does_not_depend_on_the_batch_size(vae, quiet_vae, images):
    by_7, by_100 = (evaluate(vae, images, batch_size) for batch_size in (7, 100))
    assert by_7["kl"] == pytest.approx(by_100["kl"], rel=1e-5)
    by_7, by_100 = (evaluate(quiet_vae, images, batch_size) for batch_size in (7, 100))
    assert by_7 == pytest.approx(by_100, rel=1e-5)
    reconstruction, kl = losses_in_numpy(images, *quiet_vae.predict(images, verbose=0))
    assert abs(reconstruction[-3:].mean() - reconstruction.mean()) > 0.1  # or a wrong weight would not show
    assert by_7["reconstruction"] == pytest.approx(reconstruction.mean(), rel=1e-5)
    assert by_7["loss"] == pytest.approx((reconstruction + kl).mean(), rel=1e-5)


def test_the_loss_does_not_depend_on_how_the_set_is_split(quiet_vae, images):
    whole, first, second = (evaluate(quiet_vae, part, 30) for part in (images, images[:61], images[61:]))
    for name, value in whole.items():
        assert value == pytest.approx((61 * first[name] + 42 * second[name]) / 103, rel=1e-5)


def test_an_untrained_model_is_a_little_worse_than_knowing_nothing(make_vae, images):
    model = make_vae(hidden_units=512)
    model.compile()
    assert 784 * np.log(2) < evaluate(model, images)["reconstruction"] < 1.5 * 784 * np.log(2)


def test_fit_lowers_the_loss_which_is_the_sum_of_its_parts(make_vae, images):
    model = make_vae()
    model.compile(optimizer=keras.optimizers.Adam(0.01))
    history = model.fit(images, validation_data=(images[:20],), epochs=8, batch_size=25, verbose=0).history
    assert set(history) == {"loss", "reconstruction", "kl", "val_loss", "val_reconstruction", "val_kl"}
    assert history["loss"][-1] < history["loss"][0] - 20
    assert history["val_loss"][-1] < history["val_loss"][0] - 20
    for prefix in ("", "val_"):
        loss, *parts = (np.array(history[prefix + name]) for name in ("loss", "reconstruction", "kl"))
        np.testing.assert_allclose(loss, sum(parts), rtol=1e-5)
    found = evaluate(model, images)
    assert found["loss"] == pytest.approx(found["reconstruction"] + found["kl"], rel=1e-5)


# --- encode, decode, predict ----------------------------------------------------------------------


def test_encode_is_the_encoder(vae, images):
    z_mean, z_log_var = vae.encode(images)
    assert isinstance(z_mean, np.ndarray) and isinstance(z_log_var, np.ndarray)
    for found, expected in zip((z_mean, z_log_var), vae.encoder(images), strict=True):
        np.testing.assert_allclose(found, ops.convert_to_numpy(expected), atol=1e-5)


def test_decode_is_the_decoder_and_a_sigmoid(vae):
    z = np.random.default_rng(5).normal(0, 3, (11, 2))  # float64, as NumPy gives it
    means = vae.decode(z)
    assert isinstance(means, np.ndarray) and means.dtype == "float32" and means.shape == (11, 28, 28, 1)
    logits = ops.convert_to_numpy(vae.decoder(np.float32(z)))
    np.testing.assert_allclose(means, special.expit(logits), atol=1e-6)


def test_predict_gives_logits_and_the_encoders_outputs(quiet_vae, images):
    logits, z_mean, z_log_var = quiet_vae.predict(images, batch_size=50, verbose=0)
    np.testing.assert_allclose(z_mean, quiet_vae.encode(images)[0], atol=1e-5)
    np.testing.assert_allclose(z_log_var, quiet_vae.encode(images)[1], atol=1e-5)
    np.testing.assert_allclose(special.expit(logits), quiet_vae.decode(z_mean), atol=1e-5)
    assert logits.min() < 0


def test_predict_samples(vae, images):
    first, second = (vae.predict(images, batch_size=50, verbose=0)[0] for _ in range(2))
    assert not np.allclose(first, second)


# --- Saving ---------------------------------------------------------------------------------------


def test_weights_move_to_a_fresh_model(make_vae, images, tmp_path):
    model = make_vae(seed=1)
    model.compile(optimizer="adam")
    model.fit(images, epochs=1, verbose=0)
    model.save_weights(tmp_path / "vae.weights.h5")
    z = np.float32([[0, 0], [1, -2]])
    codes, means = model.encode(images), model.decode(z)

    other = make_vae(seed=2)
    assert not np.array_equal(other.decode(z), means)
    other.load_weights(tmp_path / "vae.weights.h5")
    np.testing.assert_array_equal(other.encode(images), codes)
    np.testing.assert_array_equal(other.decode(z), means)

    keras.backend.clear_session()
    other = make_vae(seed=3)
    other.load_weights(tmp_path / "vae.weights.h5")
    np.testing.assert_array_equal(other.encode(images), codes)
    np.testing.assert_array_equal(other.decode(z), means)


# --- What is refused ------------------------------------------------------------------------------

WRONG = {
    "scaled to [0, 1], float32": (lambda x: np.float32(x / 255), TypeError, "images came as float32; .* take uint8"),
    "scaled to [0, 1], float64": (lambda x: x / 255, TypeError, r"images came as float(32|64); .* take uint8"),
    "no channel axis": (lambda x: x[..., 0], ValueError, r"came in shape \(.*, 28, 28\); .* take \(n, 28, 28, 1\)"),
    "flat": (lambda x: x.reshape(-1, 784), ValueError, r"came in shape \(.*, 784\); .* take \(n, 28, 28, 1\)"),
    "a single image": (lambda x: x[0], ValueError, r"came in shape \(.*, 28, 1\); .* take \(n, 28, 28, 1\)"),
}
USES = {
    "call": lambda model, x: model(x),
    "encode": lambda model, x: model.encode(x),
    "predict": lambda model, x: model.predict(x, verbose=0),
    "evaluate": lambda model, x: model.evaluate(x, verbose=0),
    "fit": lambda model, x: model.fit(x, verbose=0),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("use", USES)
def test_wrong_images_are_refused(make_vae, images, use, wrong):
    change, error, message = WRONG[wrong]
    model = make_vae()
    model.compile(optimizer="adam")
    with pytest.raises(error, match=message):
        USES[use](model, change(images))


EMPTIED_ON_JAX = pytest.mark.xfail(
    keras.backend.backend() == "jax",
    reason="Keras on JAX empties a model whose fit fails",
    raises=TypeError,
    strict=True,
)


@pytest.mark.parametrize(
    "use",
    ["call", "encode", *(pytest.param(use, marks=EMPTIED_ON_JAX) for use in ("predict", "evaluate", "fit"))],
)
def test_a_refusal_leaves_the_model_as_it_was(make_vae, images, use):
    model = make_vae()
    model.compile(optimizer="adam")
    before = model.decode([[0.5, 1]])
    with pytest.raises(TypeError, match="images came as"):
        USES[use](model, images / 255)
    np.testing.assert_array_equal(model.decode([[0.5, 1]]), before)
