"""How likely a model finds an image: log p(x) or log p(x|y), bounded by importance sampling, in nats."""

import cvae_utils._quiet_start  # noqa: F401

import keras
import numpy as np
from keras import ops

from cvae_utils.data import one_hot
from cvae_utils.layers import LOG_VAR_RANGE
from cvae_utils.losses import bernoulli_log_likelihood

POINTS_AT_ONCE = 250  # of the latent space to decode; 1,000 take no less time and 200 MB for 60


def check_inputs(model, inputs):
    """Refuse images alone for a model that takes labels, and the other way round.

    Parameters
    ----------
    model : VAE or CVAE
        One of the course's models.
    inputs : array, or tuple of arrays of the same length
        Expected: images for a VAE, the pair of images and one-hot labels for a CVAE.

    Returns
    -------
    tuple of arrays
        The images, and for a CVAE the labels.

    Raises
    ------
    ValueError
        If the model takes something else, or if there is not one label for each image.
    """
    parts = inputs if isinstance(inputs, tuple) else (inputs,)
    if len(parts) != len(model.decoder.inputs):
        wanted = "images alone" if len(model.decoder.inputs) == 1 else "a pair of images and one-hot labels"
        raise ValueError(f"{model.name} takes {wanted}; training.inputs_of(model, split) gives what a model takes")
    if len({len(part) for part in parts}) > 1:
        raise ValueError(f"{len(parts[0])} images came with {len(parts[1])} labels; give one label for each image")
    return parts


def likelihood_network(decoder, image_shape, log_likelihood):
    """Build the network that scores images under latent points, so that only one number of each leaves it.

    Parameters
    ----------
    decoder : keras.Model
        From z, or from ``(z, y)``, to logits.
    image_shape : tuple of int
        Shape of one image.
    log_likelihood : callable
        ``log_likelihood(x, logits)``, log p(x|z) in nats, shape (batch,).

    Returns
    -------
    keras.Model
        From ``[images, z]`` or ``[images, z, y]``, with images in uint8, to log p(x|z), float32 (batch,).
    """
    images = keras.Input(image_shape, dtype="uint8")
    code = [keras.Input(part.shape[1:]) for part in decoder.inputs]
    logits = decoder(code if len(code) > 1 else code[0])
    return keras.Model([images, *code], log_likelihood(ops.cast(images, "float32") / 255, logits))


def weigh_draws(weigh, n_images, k, latent_dim, seed):
    """Draw noise for k points of each image, and return the log-weight of each, a limited number of points at a time.

    Parameters
    ----------
    weigh : callable
        ``weigh(of, epsilon)``, the log-weights, float (points,), of the points with the noise ``epsilon``, float32
        (points, latent_dim), that belong to the images with the indices ``of``, int (points,).
    n_images, k, latent_dim : int
        Images, draws for each, and latent dimensions.
    seed : int
        Draws the noise, which does not depend on how many points are decoded at once.

    Returns
    -------
    array, float32 (n_images, k)
        In nats.

    Raises
    ------
    ValueError
        If ``k`` is below 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; draw at least one point for each image")
    rng = np.random.default_rng(seed)
    log_w = np.empty(n_images * k, "float32")
    for start in range(0, len(log_w), POINTS_AT_ONCE):
        chunk = slice(start, start + POINTS_AT_ONCE)
        of = np.arange(start, start + len(log_w[chunk])) // k  # the image that each point belongs to
        epsilon = rng.standard_normal((len(of), latent_dim), dtype="float32")
        log_w[chunk] = weigh(of, epsilon)
    return log_w.reshape(n_images, k)


def log_weights(model, inputs, k, *, seed=0, log_likelihood=bernoulli_log_likelihood):
    """Draw z from the encoder, and return log p(x|z) + log p(z) − log q(z|x) for each draw.

    Parameters
    ----------
    model : VAE or CVAE
        A trained model: ``encode`` gives ``z_mean, z_log_var``, and ``decoder`` is a network to logits.
    inputs : array, or pair of arrays
        Images, uint8 (n, 28, 28, 1); for a CVAE the pair of images and one-hot labels, float32 (n, 10).
    k : int
        Draws for each image.
    seed : int
        Draws the noise.
    log_likelihood : callable
        ``log_likelihood(x, logits)``, log p(x|z) in nats, shape (batch,), of pixels x in [0, 1].

    Returns
    -------
    array, float32 (n, k)
        In nats. For a CVAE each term is conditional on y.

    Raises
    ------
    ValueError
        If ``k`` is below 1, or if ``inputs`` is not what the model takes.

    Notes
    -----
    With z = z_mean + σ·ε the constants of the two Gaussians cancel: log p(z) − log q(z|x) = ½ Σ (ε² − z² + log σ²).
    """
    images, *y = check_inputs(model, inputs)
    z_mean, z_log_var = model.encode(images, *y)
    z_log_var = np.clip(z_log_var, *LOG_VAR_RANGE)
    network = likelihood_network(model.decoder, images.shape[1:], log_likelihood)

    def weigh(of, epsilon):
        z = z_mean[of] + np.exp(z_log_var[of] / 2) * epsilon
        log_ratio = (epsilon**2 - z**2 + z_log_var[of]).sum(axis=1) / 2
        return network.predict_on_batch([images[of], z, *(part[of] for part in y)]) + log_ratio

    return weigh_draws(weigh, len(images), k, z_mean.shape[1], seed)


def importance_weighted_bound(log_w, k):
    """Return L_k, a lower bound on log p(x) that rises with k; L_1 is the ELBO.

    L_k is the expectation of log (1/k) Σ w over k draws. The estimate has no bias: the draws of an image are cut into
    groups of k, and the bounds of the groups are averaged.

    Parameters
    ----------
    log_w : array, float (n, draws)
        What ``log_weights`` gives.
    k : int
        Draws in one group; a divisor of the number of draws.

    Returns
    -------
    array, float64 (n,)
        For each image, in nats.

    Raises
    ------
    ValueError
        If the draws cannot be cut into groups of k.

    Notes
    -----
    Source: Burda, Grosse and Salakhutdinov, *Importance Weighted Autoencoders* (2015).
    """
    draws = log_w.shape[1]
    if k < 1 or draws % k:
        raise ValueError(f"{draws} draws cannot be cut into groups of {k}; k must divide their number")
    groups = np.float64(log_w).reshape(len(log_w), draws // k, k)
    return (np.logaddexp.reduce(groups, axis=2) - np.log(k)).mean(axis=1)  # never takes exp of a large number


def negative_log_likelihood(model, inputs, k, *, seed=0, log_likelihood=bernoulli_log_likelihood):
    """Bound −log p(x) from above by −L_k, on average over images: for a CVAE, −log p(x|y).

    Parameters
    ----------
    model, inputs, k, seed, log_likelihood
        As for ``log_weights``.

    Returns
    -------
    dict of str to float
        ``nll``, in nats per image, and ``nll_error``, its standard error over the images.

    Raises
    ------
    ValueError
        As ``log_weights``.
    """
    bound = importance_weighted_bound(log_weights(model, inputs, k, seed=seed, log_likelihood=log_likelihood), k)
    return {"nll": -bound.mean(), "nll_error": bound.std() / np.sqrt(len(bound))}


def log_joint(cvae, images, p_y, k, *, seed=0, log_likelihood=bernoulli_log_likelihood):
    """Return log p(x, y) = log p(x|y) + log p(y) for each class y, with L_k in place of log p(x|y).

    Its log-sum-exp over the classes is log p(x), which compares a CVAE with a VAE. Without its log-sum-exp it is
    log p(y|x).

    Parameters
    ----------
    cvae : CVAE
        A trained model.
    images : array, uint8 (n, 28, 28, 1)
        No labels: each class is tried in turn.
    p_y : array, float (classes,)
        The probability of each class.
    k, seed, log_likelihood
        As for ``log_weights``. All classes get the same noise.

    Returns
    -------
    array, float64 (n, classes)
        In nats.

    Raises
    ------
    ValueError
        As ``log_weights``.
    """
    columns = []
    for label, p in enumerate(p_y):
        y = one_hot(np.full(len(images), label), len(p_y))
        log_w = log_weights(cvae, (images, y), k, seed=seed, log_likelihood=log_likelihood)
        columns.append(importance_weighted_bound(log_w, k) + np.log(p))
    return np.stack(columns, axis=1)


def bayes_classify(cvae, images, p_y, k, *, seed=0, log_likelihood=bernoulli_log_likelihood):
    """Name the class under which a generative model finds an image most likely: argmax of log p(x|y) + log p(y).

    Parameters
    ----------
    cvae, images, p_y, k, seed, log_likelihood
        As for ``log_joint``.

    Returns
    -------
    array, int (n,)
        Classes from 0.

    Raises
    ------
    ValueError
        As ``log_weights``.
    """
    return log_joint(cvae, images, p_y, k, seed=seed, log_likelihood=log_likelihood).argmax(axis=1)
