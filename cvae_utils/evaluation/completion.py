"""How likely a model of image completion finds the missing pixels: log p(y|x), estimated in two ways, in nats."""

import cvae_utils._quiet_start  # noqa: F401

import keras
import numpy as np
from keras import ops

from cvae_utils.evaluation.likelihood import weigh_draws
from cvae_utils.layers import LOG_VAR_RANGE
from cvae_utils.losses import missing_log_likelihood
from cvae_utils.models import check_images, check_seen, quadrant_mask
from cvae_utils.models.vae import IMAGE_SHAPE


def binarised(images, seed=0):
    """Draw each pixel black or white, with its grey value as the probability of black.

    Parameters
    ----------
    images : array, uint8 (n, 28, 28, 1)
        Grey images.
    seed : int
        Draws the pixels.

    Returns
    -------
    array, uint8, same shape
        Pixels of 0 and 255.

    Notes
    -----
    Source: Salakhutdinov and Murray, *On the Quantitative Analysis of Deep Belief Networks* (2008).
    """
    draws = np.random.default_rng(seed).random(images.shape, dtype="float32")
    return np.where(draws < images / np.float32(255), np.uint8(255), np.uint8(0))


def composite(seen_part, missing_part, seen):
    """Take the seen quadrants of one image and the missing ones of another.

    Parameters
    ----------
    seen_part, missing_part : array, uint8 (n, 28, 28, 1)
        Say, grey images and the same images binarised.
    seen : array, float32 (n, 4)
        Which quadrants are seen.

    Returns
    -------
    array, uint8 (n, 28, 28, 1)
    """
    return np.where(ops.convert_to_numpy(quadrant_mask(seen)) == 1, seen_part, missing_part)


def scoring_network(decoder):
    """Build the network that scores the missing pixels under latent points, so that only one number of each leaves it.

    Parameters
    ----------
    decoder : keras.Model
        From ``[z, features]`` to logits.

    Returns
    -------
    keras.Model
        From ``[images, seen, z, features]`` to log p(y|x,z), float32 (batch,).
    """
    images, seen = keras.Input(IMAGE_SHAPE, dtype="uint8"), keras.Input((4,))
    z, features = (keras.Input(part.shape[1:]) for part in decoder.inputs)
    pixels = ops.cast(images, "float32") / 255
    scores = missing_log_likelihood(pixels, decoder([z, features]), 1 - quadrant_mask(seen))
    return keras.Model([images, seen, z, features], scores)


def completion_log_weights(model, images, seen, k, *, proposal="recognition", seed=0):
    """Draw z, and return log p(y|x,z) + log p(z|x) − log r(z) for each draw, where r is what z was drawn from.

    Parameters
    ----------
    model : CompletionCVAE
        A trained model.
    images : array, uint8 (n, 28, 28, 1)
        Whole images.
    seen : array, float32 (n, 4)
        Which quadrants are seen.
    k : int
        Draws for each image.
    proposal : str
        ``"recognition"`` draws from q(z|x,y): importance sampling. ``"prior"`` draws from p(z|x): plain Monte Carlo.
    seed : int
        Draws the noise.

    Returns
    -------
    array, float32 (n, k)
        In nats, for ``importance_weighted_bound``. The mean over recognition's draws estimates the ELBO.

    Raises
    ------
    ValueError
        If ``k`` is below 1 or ``proposal`` has another name.

    Notes
    -----
    Both estimators: Sohn, Lee and Yan, *Learning Structured Output Representation using Deep Conditional Generative
    Models* (2015).
    """
    if proposal not in ("recognition", "prior"):
        raise ValueError(f'proposal is {proposal!r}; draw from "recognition" or from "prior"')
    check_images(images)
    check_seen(seen)
    features = model.encoder.predict((images, seen), batch_size=1000, verbose=0)
    whole = model.encoder.predict((images, np.ones_like(seen)), batch_size=1000, verbose=0)
    p_mean, p_log_var = model.prior.predict([features], batch_size=1000, verbose=0)
    r_mean, r_log_var = p_mean, p_log_var
    if proposal == "recognition":
        r_mean, r_log_var = model.recognition.predict([whole, features], batch_size=1000, verbose=0)
    p_log_var, r_log_var = (np.clip(log_var, *LOG_VAR_RANGE) for log_var in (p_log_var, r_log_var))
    network = scoring_network(model.decoder)

    def weigh(of, epsilon):
        z = r_mean[of] + np.exp(r_log_var[of] / 2) * epsilon
        from_prior = (z - p_mean[of]) * np.exp(-p_log_var[of] / 2)
        log_ratio = (epsilon**2 - from_prior**2 + r_log_var[of] - p_log_var[of]).sum(axis=1) / 2
        return network.predict_on_batch([images[of], seen[of], z, features[of]]) + log_ratio

    return weigh_draws(weigh, len(images), k, p_mean.shape[1], seed)
