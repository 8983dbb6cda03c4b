"""Tests of the conditional models and of the convolutional networks."""

import keras
import numpy as np
import pytest
from scipy import special

from cvae_utils import models, training
from cvae_utils.data import Split, one_hot

BUILDERS = {"dense_cvae": lambda: models.dense_cvae(hidden_units=32), "conv_cvae": models.conv_cvae}


@pytest.fixture(scope="module")
def y(images):
    return one_hot(np.arange(len(images)) % 10)


@pytest.fixture(scope="module", params=BUILDERS)
def cvae(request):
    """An untrained model, compiled, in which the label matters; no test changes its weights."""
    keras.utils.set_random_seed(0)
    model = BUILDERS[request.param]()
    rng = np.random.default_rng(0)
    for network in (model.encoder, model.decoder):  # feature-wise scaling starts at scales of one and shifts of zero
        for layer in network.layers:
            if isinstance(layer, keras.layers.Dense) and layer.kernel.shape[0] == models.N_CLASSES:
                layer.kernel.assign(rng.normal(0, 0.5, layer.kernel.shape))
    model.compile(optimizer="adam")
    return model


def evaluate(model, images, y, batch_size=50):
    return model.evaluate((images, y), batch_size=batch_size, verbose=0, return_dict=True)


# --- Sizes ----------------------------------------------------------------------------------------


def test_parameter_counts():
    dense = models.dense_cvae()
    assert dense.encoder.count_params() == models.dense_encoder().count_params() + 10 * 512
    assert dense.decoder.count_params() == models.dense_decoder().count_params() + 10 * 512
    assert models.conv_encoder().count_params() == 69_076
    assert models.conv_decoder().count_params() == 65_089
    assert models.conv_vae().count_params() == 134_165
    assert models.conv_cvae().count_params() <= 400_000


@pytest.mark.parametrize("build", [models.dense_cvae, models.conv_vae, models.conv_cvae])
@pytest.mark.parametrize("latent_dim", [1, 5])
def test_any_number_of_latent_dimensions(build, latent_dim, images, y):
    model = build(latent_dim)
    inputs = (images[:3], y[:3]) if isinstance(model, models.CVAE) else images[:3]
    logits, z_mean, z_log_var = model.predict(inputs, verbose=0)
    assert logits.shape == (3, 28, 28, 1)
    assert z_mean.shape == z_log_var.shape == (3, latent_dim)


# --- Initial values -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_step_that_lowers_all_weights_leaves_most_of_the_convolutional_encoders_units_on(squares, seed):
    """A unit that is off for all images gets no gradient again. With Keras' own initial values none would be left."""
    keras.utils.set_random_seed(seed)
    encoder = models.conv_encoder()
    dense = next(layer for layer in encoder.layers if isinstance(layer, keras.layers.Dense))
    dense.kernel.assign(dense.kernel - 0.01)  # as Adam does in a step at 0.01 whose gradients have one sign
    outputs = keras.Model(encoder.input, dense.output).predict(squares[0], verbose=0)
    assert outputs.shape == (1000, 16)
    assert np.any(outputs > 0, axis=0).sum() >= 8


# --- The loss -------------------------------------------------------------------------------------


def test_the_loss_is_that_of_the_images_alone(cvae, images, y):
    """From the predictions, in NumPy: the label is a condition and nothing has to reconstruct it."""
    whole = evaluate(cvae, images, y)
    z_mean, z_log_var = cvae.encode(images, y)
    kl = 0.5 * (np.exp(z_log_var) + z_mean**2 - 1 - z_log_var).sum(axis=1).mean()
    assert whole["kl"] == pytest.approx(kl, rel=1e-4)
    x = images / 255
    passes = []
    for _ in range(20):
        mu = special.expit(np.float64(cvae.predict((images, y), verbose=0)[0]))
        passes.append(-(x * np.log(mu) + (1 - x) * np.log(1 - mu)).sum(axis=(1, 2, 3)).mean())
    error = np.std(passes, ddof=1)  # of one pass, by the noise in z
    assert abs(whole["reconstruction"] - np.mean(passes)) < 5 * error + 1e-3
    assert whole["loss"] == pytest.approx(whole["reconstruction"] + whole["kl"], rel=1e-6)


def test_encoder_and_decoder_both_depend_on_the_label(cvae, images, y):
    z = np.zeros((10, 2))
    drawn = cvae.decode(z, np.eye(10)).reshape(10, -1)
    assert len(np.unique(drawn.round(4), axis=0)) == 10
    told, told_otherwise = cvae.encode(images, y)[0], cvae.encode(images, np.roll(y, 1, axis=1))[0]
    assert np.abs(told - told_otherwise).max(axis=1).min() > 1e-4


def test_an_image_meets_its_own_label_in_every_batch(cvae, images, y):
    """Each image's KL does not depend on its neighbours, which it would if labels and images were mixed up."""
    kl = [evaluate(cvae, images[k : k + 1], y[k : k + 1])["kl"] for k in range(10)]
    assert evaluate(cvae, images[:10], y[:10], batch_size=3)["kl"] == pytest.approx(np.mean(kl), rel=1e-4)


def test_decode_takes_what_lies_between_two_labels(cvae):
    z = np.zeros((3, 2))
    between = cvae.decode(z, (one_hot([3, 3, 8]) + one_hot([3, 8, 8])) / 2)
    assert np.abs(between[1] - between[0]).max() > 1e-4
    assert np.abs(between[1] - between[2]).max() > 1e-4


def test_training_on_pairs_lowers_the_loss(images, y):
    keras.utils.set_random_seed(0)
    model = BUILDERS["dense_cvae"]()
    model.compile()
    before = evaluate(model, images, y)["loss"]
    history = training.train(model, (images, y), (images, y), epochs=20, batch_size=25)
    assert evaluate(model, images, y)["loss"] < before - 50
    assert len(history["val_loss"]) == 20


def test_saved_weights_give_the_same_model(tmp_path, images, y):
    for name, build in BUILDERS.items():
        model, other = build(), build()
        model.save_weights(tmp_path / f"{name}.weights.h5")
        other.load_weights(tmp_path / f"{name}.weights.h5")
        np.testing.assert_array_equal(model.encode(images, y), other.encode(images, y))


# --- What is refused ------------------------------------------------------------------------------


def test_labels_that_are_not_one_hot_are_refused(cvae, images):
    labels = np.arange(len(images)) % 10
    said = r"y came in shape \(103,\); the conditional models take one-hot labels of shape \(n, 10\)"
    with pytest.raises(ValueError, match=said):
        cvae.encode(images, labels)
    with pytest.raises(ValueError, match=said):
        cvae.decode(np.zeros((103, 2)), labels)
    with pytest.raises(ValueError, match="y came in shape"):
        cvae.predict((images, one_hot(labels)[:, :9]), verbose=0)


def test_scaled_images_are_refused(cvae, images, y):
    with pytest.raises(TypeError, match="images came as float64"):
        cvae.encode(images / 255, y)


def test_one_label_for_each_image(images, y):
    with pytest.raises(ValueError, match=r"different lengths, \[102, 103\]; give one label for each image"):
        training.train(BUILDERS["dense_cvae"](), (images, y[:-1]), (images, y), epochs=1)


# --- Feature-wise scaling -------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5,), (4, 3, 5)])
def test_film_scales_and_shifts_each_feature_by_the_label(shape):
    x, y = keras.Input(shape), keras.Input((10,))
    model = keras.Model((x, y), models.film(x, y))
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(7, *shape)).astype("float32"), one_hot(rng.integers(0, 10, 7))
    np.testing.assert_array_equal(model.predict((features, labels), verbose=0), features)  # untrained: unchanged

    (scale, scale_bias), (shift, shift_bias) = (
        (rng.normal(size=(10, 5)).astype("float32"), rng.normal(size=5).astype("float32")) for _ in range(2)
    )
    scaling, shifting = (layer for layer in model.layers if isinstance(layer, keras.layers.Dense))
    scaling.set_weights([scale, scale_bias])
    shifting.set_weights([shift, shift_bias])
    by_hand = np.stack(
        [
            one * (scale[label] + scale_bias) + shift[label] + shift_bias
            for one, label in zip(features, labels.argmax(axis=1), strict=True)
        ]
    )
    np.testing.assert_allclose(model.predict((features, labels), verbose=0), by_hand, rtol=1e-5, atol=1e-5)


# --- Helpers of training --------------------------------------------------------------------------


def test_inputs_of_a_plain_and_of_a_conditional_model(make_vae, images):
    split = Split(images, np.uint8(np.arange(len(images)) % 10))
    assert training.inputs_of(make_vae(), split) is images
    of_cvae = training.inputs_of(BUILDERS["dense_cvae"](), split)
    assert of_cvae[0] is images
    np.testing.assert_array_equal(of_cvae[1].argmax(axis=1), split.labels)


@pytest.mark.parametrize(("steps", "at_a_time"), [(1, 1), (5, 1), (40, 2), (430, 10), (5000, 10)])
def test_steps_per_execution_leaves_twenty_reports_in_an_epoch(steps, at_a_time):
    assert training.steps_per_execution(steps) == at_a_time
