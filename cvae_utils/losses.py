"""The two terms of the ELBO, in nats for each image.

All functions take and return Keras tensors, so that they can be differentiated, and also accept NumPy arrays.
"""

import cvae_utils._quiet_start  # noqa: F401

from keras import ops

from cvae_utils.layers import LOG_VAR_RANGE


def bernoulli_log_likelihood(x, logits):
    """Return log p(x|z), the log-likelihood of the pixels under independent Bernoulli distributions.

    Parameters
    ----------
    x : tensor, shape (batch, ...)
        Pixels in [0, 1]. Grey values count as the means of binary pixels.
    logits : tensor, same shape as ``x``
        Log-odds of the pixel means: μ = sigmoid(logits).

    Returns
    -------
    tensor, shape (batch,)
        Sum over all pixels, in nats.

    Raises
    ------
    ValueError
        If the two shapes differ. Broadcasting would give a number, and a wrong one.

    Notes
    -----
    x·log μ + (1 − x)·log(1 − μ) equals x·logits − softplus(logits), which never takes the logarithm of zero.
    """
    if x.shape != logits.shape:
        raise ValueError(
            f"x has shape {tuple(x.shape)} and logits have shape {tuple(logits.shape)}; give both the same shape"
        )
    pixel_axes = tuple(range(1, len(x.shape)))
    return ops.sum(x * logits - ops.softplus(logits), axis=pixel_axes)


def gaussian_kl(z_mean, z_log_var):
    """Return KL( N(z_mean, diag(exp(z_log_var))) || N(0, I) ).

    Parameters
    ----------
    z_mean, z_log_var : tensor, shape (batch, latent_dim)
        Mean and logarithm of the variance (log σ², not log σ) in each latent dimension.

    Returns
    -------
    tensor, shape (batch,)
        Sum over the latent dimensions, in nats.

    Notes
    -----
    Source: Kingma and Welling, *Auto-Encoding Variational Bayes* (2013), appendix B.
    """
    z_log_var = ops.clip(z_log_var, *LOG_VAR_RANGE)
    return 0.5 * ops.sum(ops.exp(z_log_var) + z_mean**2 - 1.0 - z_log_var, axis=-1)
