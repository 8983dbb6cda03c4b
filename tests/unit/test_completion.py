"""Tests of image completion: the models, their loss, their training and the estimates of their likelihood."""

import itertools
import re

import keras
import numpy as np
import pytest
from scipy import special, stats

from cvae_utils import evaluation, models, training
from cvae_utils.losses import gaussian_kl, gaussian_kl_between, missing_log_likelihood
from cvae_utils.quadrants import QUADRANTS, TASKS, seen_flags

PLACES = {  # rows and columns of each quadrant
    "top left": (slice(0, 14), slice(0, 14)),
    "top right": (slice(0, 14), slice(14, 28)),
    "bottom left": (slice(14, 28), slice(0, 14)),
    "bottom right": (slice(14, 28), slice(14, 28)),
}


@pytest.fixture(scope="module")
def make():
    """Build a small model whose weights and noise follow from ``seed``, the biases of its Gaussians not zero."""

    def make(seed=0, latent_dim=3):
        keras.utils.set_random_seed(seed)
        model = models.completion_cvae(latent_dim, hidden_units=16)
        rng = np.random.default_rng(seed)
        for network in (model.prior, model.recognition):
            for layer in network.layers:
                if isinstance(layer, keras.layers.Dense):
                    layer.bias.assign(rng.normal(0, 0.7, layer.bias.shape))
        model.compile(optimizer="adam")
        return model

    return make


@pytest.fixture(scope="module")
def seen(images):
    """Flags of the three tasks in turn, in float32."""
    rows = np.concatenate([seen_flags(task, 1) for task in TASKS])
    return rows[np.arange(len(images)) % 3]


def missing_pixels(seen):
    """Return 1 where a pixel is missing, by the quadrants' places."""
    missing = np.ones((len(seen), 28, 28, 1))
    for row, flags in zip(missing, seen, strict=True):
        for name, flag in zip(QUADRANTS, flags, strict=True):
            row[PLACES[name]] = 1 - flag
    return missing


def gaussians(model, images, seen):
    """Return the model's q, p and features as arrays."""
    q, p, features = model.gaussians(keras.ops.convert_to_tensor(images), keras.ops.convert_to_tensor(seen))
    return keras.tree.map_structure(keras.ops.convert_to_numpy, (q, p, features))


def log_likelihood(images, seen, logits):
    """Return log p(y|x,z) in NumPy, float64."""
    x, mu = images / 255, special.expit(np.float64(logits))
    return (missing_pixels(seen) * (x * np.log(mu) + (1 - x) * np.log(1 - mu))).sum(axis=(1, 2, 3))


# --- What is seen ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", QUADRANTS)
def test_a_quadrants_mask_covers_it_and_nothing_else(name):
    mask = np.asarray(models.quadrant_mask(seen_flags([name], 2)))
    assert mask.shape == (2, 28, 28, 1)
    assert mask[(0, *PLACES[name])].min() == 1
    assert mask.sum() == 2 * 14 * 14


def test_the_tasks_are_those_of_the_paper():
    assert [seen_flags(task, 1).sum() for task in TASKS] == [1, 2, 3]
    assert all(set(few) < set(more) for few, more in itertools.pairwise(TASKS))


def test_an_unknown_quadrant_is_refused():
    with pytest.raises(ValueError, match="no quadrant middle; there are: top left, top right"):
        seen_flags(["top left", "middle"], 3)


def test_flags_of_another_shape_are_refused(make, images):
    with pytest.raises(ValueError, match=r"seen came in shape \(103, 3\); .* seen_flags"):
        make().complete(images, np.ones((103, 3), "float32"))


# --- The models -----------------------------------------------------------------------------------


def test_the_condition_is_what_is_seen_and_nothing_else(make, images, seen):
    """Features and prior stay when missing pixels change; recognition does not."""
    model = make()
    other = np.where(missing_pixels(seen) == 1, 255 - images, images).astype("uint8")
    q, p, features = gaussians(model, images, seen)
    q_other, p_other, features_other = gaussians(model, other, seen)
    np.testing.assert_array_equal(features, features_other)
    np.testing.assert_array_equal(p, p_other)
    assert np.abs(q[0] - q_other[0]).max(axis=1).min() > 1e-3
    flipped = np.where(missing_pixels(seen) == 1, images, 255 - images).astype("uint8")
    assert np.abs(features - gaussians(model, flipped, seen)[2]).max(axis=1).min() > 1e-3


def test_a_completion_keeps_what_is_seen_and_differs_elsewhere(make, images, seen):
    model, kept = make(), missing_pixels(seen) == 0
    one, two = model.complete(images, seen, seed=1), model.complete(images, seen, seed=2)
    np.testing.assert_allclose(one[kept], (images / 255)[kept], atol=1e-6)
    np.testing.assert_allclose(two[kept], (images / 255)[kept], atol=1e-6)
    assert np.abs(one - two)[~kept].max() > 1e-3
    np.testing.assert_array_equal(one, model.complete(images, seen, seed=1))
    guess = models.completion_network(16).complete(images, seen)
    np.testing.assert_allclose(guess[kept], (images / 255)[kept], atol=1e-6)


def test_the_loss_is_that_of_the_missing_pixels_with_the_learned_prior(make, images, seen):
    model = make()
    whole = model.evaluate((images, seen), batch_size=50, verbose=0, return_dict=True)
    q, p, _ = gaussians(model, images, seen)
    kl = 0.5 * (np.exp(q[1] - p[1]) + (q[0] - p[0]) ** 2 / np.exp(p[1]) - 1 + p[1] - q[1]).sum(axis=1).mean()
    assert whole["kl"] == pytest.approx(kl, rel=1e-4)
    passes = [-log_likelihood(images, seen, model.predict((images, seen), verbose=0)[0]).mean() for _ in range(20)]
    assert abs(whole["reconstruction"] - np.mean(passes)) < 5 * np.std(passes, ddof=1) + 1e-3
    assert whole["loss"] == pytest.approx(whole["reconstruction"] + whole["kl"], rel=1e-6)


def test_the_networks_loss_is_that_of_the_missing_pixels(images, seen):
    keras.utils.set_random_seed(0)
    network = models.completion_network(16)
    network.compile(optimizer="adam")
    logits = network.predict((images, seen), verbose=0)
    found = network.evaluate((images, seen), batch_size=50, verbose=0, return_dict=True)["loss"]
    assert found == pytest.approx(-log_likelihood(images, seen, logits).mean(), rel=1e-5)


# --- The terms of the loss ------------------------------------------------------------------------


def test_kl_between_two_gaussians():
    rng = np.random.default_rng(0)
    q_mean, q_log_var, p_mean, p_log_var = rng.normal(0, 0.5, (4, 7, 3)).astype("float32")
    found = np.asarray(gaussian_kl_between(q_mean, q_log_var, p_mean, p_log_var))
    z = q_mean + np.exp(q_log_var / 2) * rng.standard_normal((200_000, 7, 3))
    log_ratio = stats.norm.logpdf(z, q_mean, np.exp(q_log_var / 2)) - stats.norm.logpdf(
        z, p_mean, np.exp(p_log_var / 2)
    )
    draws = log_ratio.sum(axis=2)
    assert (np.abs(found - draws.mean(axis=0)) < 4 * draws.std(axis=0) / np.sqrt(len(draws))).all()
    standard = gaussian_kl_between(q_mean, q_log_var, 0 * p_mean, 0 * p_log_var)
    np.testing.assert_allclose(standard, gaussian_kl(q_mean, q_log_var), rtol=1e-6)
    np.testing.assert_allclose(gaussian_kl_between(q_mean, q_log_var, q_mean, q_log_var), 0, atol=1e-6)


def test_seen_pixels_do_not_count():
    rng = np.random.default_rng(0)
    x, logits = rng.random((2, 5, 28, 28, 1)).astype("float32")
    missing = (rng.random(x.shape) < 0.5).astype("float32")
    found = np.asarray(missing_log_likelihood(x, logits, missing))
    moved = np.asarray(missing_log_likelihood(x, logits + 3 * (1 - missing), missing))
    np.testing.assert_array_equal(found, moved)
    rest = np.asarray(missing_log_likelihood(x, logits, 1 - missing))
    np.testing.assert_allclose(found + rest, missing_log_likelihood(x, logits, np.ones_like(x)), rtol=1e-5)
    with pytest.raises(ValueError, match="same shape"):
        missing_log_likelihood(x, logits, missing[:, :14])


# --- Training -------------------------------------------------------------------------------------


def train(model, images, **settings):
    return training.train_completion(
        model, images, images[:20], **{"epochs": 3, "batch_size": 25, "learning_rate": 1e-2, **settings}
    )


def test_training_lowers_the_loss_on_every_task(make, images):
    model = make()

    def losses():
        return [
            model.evaluate((images, seen_flags(task, len(images))), verbose=0, return_dict=True)["loss"]
            for task in TASKS
        ]

    before = losses()
    history = train(model, images, epochs=20)
    assert all(after < 0.85 * start for after, start in zip(losses(), before, strict=True))
    assert history["val_loss"][-1] == pytest.approx(history["val_reconstruction"][-1] + history["val_kl"][-1], rel=1e-5)


def test_the_network_trains_too(images):
    keras.utils.set_random_seed(0)
    history = train(models.completion_network(16), images, epochs=20)
    assert set(history) == {"loss", "val_loss"}
    assert history["val_loss"][-1] < 0.85 * history["val_loss"][0]


def test_each_epoch_draws_all_tasks_anew(images):
    batches = training.CompletionBatches(images, 25, seed=0)
    drawn = []
    for epoch in (0, 1, 0):
        batches.shuffle(epoch)
        of = {}
        for index in range(len(batches)):
            ((some, flags),) = batches[index]
            of |= {image.tobytes(): int(row.sum()) for image, row in zip(some, flags, strict=True)}
        drawn.append(of)
    assert drawn[0] == drawn[2] != drawn[1]
    assert len(drawn[0]) == len(images)
    counts = np.bincount(list(drawn[0].values()), minlength=4)
    assert counts[0] == 0
    assert counts[1:].min() > 15


def test_kl_warm_up_goes_from_nothing_to_one_and_is_shown(make, images, capsys):
    model = make()
    history = train(model, images, epochs=4, kl_warm_up=2)
    weights = [
        (loss - reconstruction) / kl
        for loss, reconstruction, kl in zip(*(history[part] for part in ("loss", "reconstruction", "kl")), strict=True)
    ]
    assert 0 < weights[0] < 0.5 < weights[1] < 1
    assert weights[2:] == pytest.approx([1, 1], rel=1e-3)
    assert keras.ops.convert_to_numpy(model.kl_weight) == 1
    shown = capsys.readouterr().out
    assert re.search(r"loss \d+\.\d = \d+\.\d \+ 0\.\d\d KL \d", shown)
    assert re.search(r"loss \d+\.\d = \d+\.\d \+ KL \d", shown)
    validation = history["val_loss"][0] - history["val_reconstruction"][0] - history["val_kl"][0]
    assert validation == pytest.approx(0, abs=1e-2)


def test_the_weight_of_the_kl_is_one_without_a_warm_up(make, images):
    model = make()
    model.kl_weight.assign(0.3)  # as an interrupted warm-up leaves it
    history = train(model, images, epochs=1)
    assert history["loss"][0] == pytest.approx(history["reconstruction"][0] + history["kl"][0], rel=1e-3)
    with pytest.raises(ValueError, match="CompletionNetwork has no KL to warm up"):
        train(models.completion_network(16), images, kl_warm_up=1)


def test_a_resumed_training_ends_like_an_uninterrupted_one(make, images, tmp_path, monkeypatch):
    whole = make()
    train(whole, images, kl_warm_up=2)
    begin = training.KLWarmUp.on_epoch_begin
    monkeypatch.setattr(training.KLWarmUp, "on_epoch_begin", stop_at_epoch(2, begin))
    with pytest.raises(KeyboardInterrupt):
        train(make(), images, kl_warm_up=2, checkpoint=tmp_path)
    monkeypatch.setattr(training.KLWarmUp, "on_epoch_begin", begin)
    resumed = make(seed=1)
    train(resumed, images, kl_warm_up=2, checkpoint=tmp_path)
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="kl_warm_up=2"):
        train(make(), images, kl_warm_up=1, checkpoint=tmp_path)


def stop_at_epoch(last, then):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == last:
            raise KeyboardInterrupt
        then(self, epoch, logs)

    return on_epoch_begin


# --- The likelihood -------------------------------------------------------------------------------


def test_both_estimates_agree_with_a_sum_over_a_grid(make, images, seen):
    """With one latent dimension, log p(y|x) is a sum over a fine grid of z."""
    model, few, of = make(latent_dim=1), images[:6], seen[:6]
    _, (mean, log_var), features = gaussians(model, few, of)
    grid = np.linspace(-8, 8, 801, dtype="float32")
    z = mean + np.exp(log_var / 2) * grid[:, np.newaxis, np.newaxis]  # (grid, images, 1)
    logits = model.decoder.predict([z.reshape(-1, 1), np.tile(features, (len(grid), 1))], verbose=0, batch_size=2000)
    times = (len(grid), 1, 1, 1)
    likelihoods = log_likelihood(np.tile(few, times), np.tile(of, times[:2]), logits).reshape(len(grid), len(few))
    joint = likelihoods + stats.norm.logpdf(grid)[:, np.newaxis] + np.log(grid[1] - grid[0])
    exact = special.logsumexp(joint, axis=0)
    for proposal in ("recognition", "prior"):
        log_w = np.float64(evaluation.completion_log_weights(model, few, of, 4000, proposal=proposal))
        weights = np.exp(log_w - exact[:, np.newaxis])
        error = weights.std(axis=1) / np.sqrt(log_w.shape[1])
        assert (np.abs(weights.mean(axis=1) - 1) < 4 * error + 1e-3).all(), proposal


def test_the_mean_log_weight_is_the_elbo(make, images, seen):
    model = make()
    log_w = evaluation.completion_log_weights(model, images, seen, 200)
    losses = [model.evaluate((images, seen), verbose=0, return_dict=True)["loss"] for _ in range(20)]
    error = np.std(losses, ddof=1) + (log_w.std(axis=1) / np.sqrt(log_w.shape[1])).mean()
    assert abs(-log_w.mean() - np.mean(losses)) < 4 * error


def test_draws_do_not_depend_on_how_many_are_decoded_at_once(make, images, seen, monkeypatch):
    model = make()
    whole = evaluation.completion_log_weights(model, images, seen, 3)
    monkeypatch.setattr("cvae_utils.evaluation.likelihood.POINTS_AT_ONCE", 50)
    np.testing.assert_allclose(evaluation.completion_log_weights(model, images, seen, 3), whole, rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"k": 0}, "k is 0"), ({"k": 1, "proposal": "posterior"}, "proposal is 'posterior'")],
)
def test_wrong_settings_are_refused(make, images, seen, settings, message):
    with pytest.raises(ValueError, match=message):
        evaluation.completion_log_weights(make(), images, seen, **settings)


def test_binarised_pixels_have_the_grey_values_as_means():
    images = np.full((50, 28, 28, 1), 51, "uint8")
    drawn = evaluation.binarised(images, seed=0)
    assert set(np.unique(drawn)) == {0, 255}
    share, n = (drawn == 255).mean(), drawn.size
    assert abs(share - 0.2) < 4 * np.sqrt(0.2 * 0.8 / n)
    assert (evaluation.binarised(np.full_like(images, 255)) == 255).all()
    assert (evaluation.binarised(np.zeros_like(images)) == 0).all()
    assert (drawn != evaluation.binarised(images, seed=1)).any()


def test_a_composite_takes_each_quadrant_from_its_own_image(images, seen):
    mixed = evaluation.composite(images, 255 - images, seen)
    expected = np.where(missing_pixels(seen) == 1, 255 - images, images)
    np.testing.assert_array_equal(mixed, expected)
    assert mixed.dtype == np.uint8
