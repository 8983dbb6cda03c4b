"""The two terms of the ELBO, in nats for each image, and the weight that a written loss gives to the second.

The terms take and return Keras tensors, so that they can be differentiated, and also accept NumPy arrays.
"""

import cvae_utils._quiet_start  # noqa: F401

import functools

import keras
import numpy as np
from keras import ops

from cvae_utils.layers import LOG_VAR_RANGE


def _differentiated_by_formula(log_likelihood):
    """Return ``bernoulli_log_likelihood`` with its derivatives written down.

    They are logits, by x, and x − sigmoid(logits), by logits. TensorFlow, which derives them step by step, makes five
    arrays of the images' size where these make three: a tenth of a dense model's training step (benchmarks/LOG.md).
    """

    @ops.custom_gradient
    def by_formula(x, logits):
        def gradient(upstream):
            upstream = ops.reshape(upstream, (-1,) + (1,) * (len(logits.shape) - 1))
            return upstream * logits, upstream * (x - ops.sigmoid(logits))

        return log_likelihood(x, logits), gradient

    @functools.wraps(log_likelihood)
    def chosen(x, logits):
        symbolic = isinstance(logits, keras.KerasTensor)  # a keras.Model is being put together
        return (log_likelihood if symbolic else by_formula)(x, logits)

    return chosen


@_differentiated_by_formula
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


def missing_log_likelihood(x, logits, missing):
    """Return the log-likelihood of the missing pixels alone, under independent Bernoulli distributions.

    Parameters
    ----------
    x : tensor, shape (batch, ...)
        Pixels in [0, 1] of the whole image.
    logits : tensor, same shape as ``x``
        Log-odds of the pixel means.
    missing : tensor, same shape as ``x``
        1 where a pixel is missing and has to be predicted, 0 where it is given.

    Returns
    -------
    tensor, shape (batch,)
        Sum over the missing pixels, in nats.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    if not x.shape[1:] == logits.shape[1:] == missing.shape[1:]:
        raise ValueError(
            f"x has shape {tuple(x.shape)}, logits have {tuple(logits.shape)} and missing has {tuple(missing.shape)}; "
            "give all three the same shape"
        )
    pixel_axes = tuple(range(1, len(x.shape)))
    return ops.sum(missing * (x * logits - ops.softplus(logits)), axis=pixel_axes)


def gaussian_kl_between(q_mean, q_log_var, p_mean, p_log_var):
    """Return KL( N(q_mean, diag(exp(q_log_var))) || N(p_mean, diag(exp(p_log_var))) ).

    Parameters
    ----------
    q_mean, q_log_var, p_mean, p_log_var : tensor, shape (batch, latent_dim)
        Means and logarithms of the variances. With p_mean = p_log_var = 0 this is ``gaussian_kl``.

    Returns
    -------
    tensor, shape (batch,)
        Sum over the latent dimensions, in nats.

    Notes
    -----
    Measured in units of p's standard deviation, q has the mean (q_mean − p_mean) / σ_p and the log-variance
    q_log_var − p_log_var, and p is N(0, I).
    """
    q_log_var, p_log_var = (ops.clip(log_var, *LOG_VAR_RANGE) for log_var in (q_log_var, p_log_var))
    return gaussian_kl((q_mean - p_mean) * ops.exp(-0.5 * p_log_var), q_log_var - p_log_var)


def random_batch(rng, shape):
    """Return a float32 array of normal numbers whose common mean and spread are random, too."""
    return np.float32(rng.normal() + rng.uniform(0.2, 1) * rng.standard_normal(shape))


def probes(image_shape=(28, 28, 1), latent_dim=2, batch_size=128, seed=0):
    """Return a batch x and lists of points (logits, z_mean, z_log_var) by what changes from one point to the next."""
    rng = np.random.default_rng(seed)
    x = np.float32(np.clip(rng.uniform(-10, 11, (batch_size, *image_shape)), 0, 1))  # black, white, and some grey
    likely = np.clip(x, 1e-6, 1 - 1e-6)
    best_logits = np.log(likely / (1 - likely))  # keeps the reconstruction small, so that rounding hides no KL
    logits = [random_batch(rng, x.shape) for _ in range(10)]
    z = [[random_batch(rng, (batch_size, latent_dim)) for _ in ("z_mean", "z_log_var")] for _ in range(10)]
    return x, {
        "logits": [(some_logits, *z[0]) for some_logits in logits],
        "z": [(best_logits, *some_z) for some_z in z],
        "logits and z": [(some_logits, *some_z) for some_logits, some_z in zip(logits, z, strict=True)],
    }


def measure(loss, log_likelihood, x, points):
    """Return the reconstruction, the KL and the loss at each point, as an array of shape (3, points)."""
    rows = []
    for logits, z_mean, z_log_var in points:
        value = np.asarray(ops.convert_to_numpy(loss(x, logits, z_mean, z_log_var)), "float64")
        if value.shape != ():
            raise ValueError(f"the loss gave an array of shape {value.shape}; it should give one number for a batch")
        if not np.isfinite(value):
            raise ValueError(f"the loss gave {value} where it should give a finite number")
        reconstruction = -ops.mean(log_likelihood(x, logits))
        kl = ops.mean(gaussian_kl(z_mean, z_log_var))
        rows.append([float(reconstruction), float(kl), float(value)])
    return np.array(rows).T


def rounding(values):
    """Return what float32 rounding may change in numbers of this size."""
    return 1e-6 * np.abs(values).max()


def slope(term, values):
    """Return the slope of the line of best fit, 0 where the values do not change."""
    return np.polyfit(term, values, 1)[0] if np.ptp(values) > rounding(values) else 0.0


def effective_beta(loss, log_likelihood=bernoulli_log_likelihood, **sizes):
    """Find the weight β that a loss gives to the KL, from its values alone.

    A loss is called at random points. Where its values are a·reconstruction + b·KL + c, it has the same gradient,
    up to the factor a, as reconstruction + β·KL with β = b / a.

    Parameters
    ----------
    loss : callable
        ``loss(x, logits, z_mean, z_log_var)``, the loss of one batch as one number, from float32 arrays. Wrap a loss
        that wants pixel means: ``lambda x, logits, *z: loss(x, ops.sigmoid(logits), *z)``.
    log_likelihood : callable
        ``log_likelihood(x, logits)``, log p(x|z) in nats, shape (batch,). β depends on it: the squared error, say, is
        one Gaussian likelihood for each variance.
    **sizes
        What to probe the loss with, where β may depend on it: ``image_shape`` (28, 28, 1) for a mean over pixels,
        ``latent_dim`` 2 for a mean over latent dimensions, ``batch_size`` 128 for a sum over the batch in one term
        alone. Another ``seed`` than 0 chooses other points.

    Returns
    -------
    float
        β: 1 for the negative ELBO, 0 for an autoencoder, negative for a sign that is wrong. A weight below about
        1e-5 drowns in float32 rounding and may come out as 0.

    Raises
    ------
    ValueError
        If the loss is no weighted sum of the two terms, does not depend on the reconstruction, gives different values
        for the same input, or does not give one finite number.

    Notes
    -----
    Source of the name β: Higgins et al., *β-VAE* (ICLR 2017).
    """
    x, points = probes(**sizes)
    twice = measure(loss, log_likelihood, x, points["z"][:1] * 2)[2]
    if np.ptp(twice) > rounding(twice):
        raise ValueError("this loss is random: it gave two values for the same input; average it over its noise first")
    measured = {changed: measure(loss, log_likelihood, x, some) for changed, some in points.items()}
    a = slope(measured["logits"][0], measured["logits"][2])
    b = slope(measured["z"][1], measured["z"][2])
    if a == 0:
        raise ValueError("this loss does not change with the logits: it has no reconstruction to weigh the KL against")
    for changed, (reconstruction, kl, values) in measured.items():
        rest = np.ptp(values - a * reconstruction - b * kl)
        if rest > 1e-4 * np.ptp(values) + rounding(values):
            raise ValueError(
                f"this loss is no weighted sum of reconstruction and KL: changing {changed} moves it by "
                f"{np.ptp(values):.3g}, and {rest:.3g} of that follows neither term"
            )
    return float(b / a)
