"""Layers that Keras does not bring."""

import cvae_utils._quiet_start  # noqa: F401

import keras
from keras import ops

# float32 overflows in exp(89). Inside this range the formulas are exact; outside it they stay finite.
LOG_VAR_RANGE = (-30.0, 20.0)


class Sampling(keras.layers.Layer):
    """Draw z from a diagonal Gaussian by the reparameterisation z = z_mean + σ·ε, ε from N(0, I).

    Parameters
    ----------
    seed : int, optional
        Seed of the noise. Without one, Keras draws a seed from the generator that ``keras.utils.set_random_seed`` sets.

    Notes
    -----
    Called on a pair ``(z_mean, z_log_var)``, float tensors of shape ``(batch, latent_dim)``, it returns z of the same
    shape. Source: Kingma and Welling, *Auto-Encoding Variational Bayes* (2013), section 2.4.
    """

    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs):
        z_mean, z_log_var = inputs
        sigma = ops.exp(0.5 * ops.clip(z_log_var, *LOG_VAR_RANGE))
        epsilon = keras.random.normal(ops.shape(z_mean), seed=self.seed_generator)
        return z_mean + sigma * epsilon


def first_decoder_layer(units, activation="relu"):
    """Return a dense layer whose units bend in different places of the latent space, all over the prior.

    With Keras' own initial values, biases of zero and small weights, every unit would bend along a line through the
    origin, and training would first have to move those lines apart.

    Parameters
    ----------
    units : int
        Width of the layer.
    activation : str
        The unit's function, one that bends at zero.

    Returns
    -------
    keras.layers.Dense
        With weights from N(0, 1) and biases from the uniform distribution on [−1, 1].
    """
    return keras.layers.Dense(
        units,
        activation=activation,
        kernel_initializer=keras.initializers.RandomNormal(stddev=1.0),
        bias_initializer=keras.initializers.RandomUniform(-1.0, 1.0),
    )
