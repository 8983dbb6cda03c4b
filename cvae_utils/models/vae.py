"""The plain VAE and its dense networks."""

import cvae_utils._quiet_start  # noqa: F401

import keras
from keras import layers, ops

from cvae_utils.layers import Sampling, first_decoder_layer
from cvae_utils.losses import bernoulli_log_likelihood, gaussian_kl

IMAGE_SHAPE = (28, 28, 1)


def dense_encoder(latent_dim=2, hidden_units=512):
    """Build the encoder q(z|x): an image in, the mean and log-variance of its latent Gaussian out.

    Parameters
    ----------
    latent_dim : int
        Number of latent dimensions.
    hidden_units : int
        Width of the hidden layer.

    Returns
    -------
    keras.Model
        From uint8 images of shape (batch, 28, 28, 1) to ``[z_mean, z_log_var]``, float32, each (batch, latent_dim).
    """
    images = keras.Input(IMAGE_SHAPE, dtype="uint8", name="images")
    x = layers.Rescaling(1 / 255)(images)
    x = layers.Flatten()(x)
    x = layers.Dense(hidden_units, activation="relu")(x)
    z_mean = layers.Dense(latent_dim, name="z_mean")(x)
    z_log_var = layers.Dense(latent_dim, name="z_log_var")(x)
    return keras.Model(images, [z_mean, z_log_var], name="encoder")


def dense_decoder(latent_dim=2, hidden_units=512):
    """Build the decoder p(x|z): a latent point in, the logits of the pixel means out.

    Parameters
    ----------
    latent_dim : int
        Number of latent dimensions.
    hidden_units : int
        Width of the hidden layer.

    Returns
    -------
    keras.Model
        From z, float32 (batch, latent_dim), to logits, float32 (batch, 28, 28, 1).
    """
    z = keras.Input((latent_dim,), name="z")
    x = first_decoder_layer(hidden_units)(z)
    x = layers.Dense(28 * 28)(x)
    logits = layers.Reshape(IMAGE_SHAPE, name="logits")(x)
    return keras.Model(z, logits, name="decoder")


def check_images(images):
    """Refuse anything but uint8 images, since Keras would silently cast pixels already scaled to [0, 1] to zero.

    Parameters
    ----------
    images : array or tensor
        Expected: uint8, 0 to 255, of shape (n, 28, 28, 1).

    Raises
    ------
    TypeError, ValueError
        If the dtype or the shape is another.
    """
    dtype = keras.backend.standardize_dtype(images.dtype)
    if dtype != "uint8":
        raise TypeError(
            f"images came as {dtype}; the models take uint8 from 0 to 255, as data.load gives them, "
            "and scale them themselves"
        )
    if tuple(images.shape[1:]) != IMAGE_SHAPE:
        raise ValueError(f"images came in shape {tuple(images.shape)}; the models take (n, 28, 28, 1)")


class VAE(keras.Model):
    """A variational autoencoder; its loss is the negative ELBO in nats per image.

    Parameters
    ----------
    encoder : keras.Model
        From uint8 images to ``[z_mean, z_log_var]``.
    decoder : keras.Model
        From z to the logits of the pixel means.

    Notes
    -----
    ``fit`` and ``evaluate`` take images alone and report ``loss``, which is ``reconstruction + kl``.
    ``predict`` returns the arrays ``logits, z_mean, z_log_var``; ``encode`` and ``decode`` are one half each.
    """

    def __init__(self, encoder, decoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.sampling = Sampling()
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction")
        self.kl_tracker = keras.metrics.Mean(name="kl")
        self(encoder.input)  # builds the model, so that weights can be saved and loaded

    def call(self, images):
        check_images(images)
        z_mean, z_log_var = self.encoder(images)
        z = self.sampling((z_mean, z_log_var))
        return self.decoder(z), z_mean, z_log_var

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):
        logits, z_mean, z_log_var = y_pred
        pixels = ops.cast(x, "float32") / 255
        reconstruction = -ops.mean(bernoulli_log_likelihood(pixels, logits))
        kl = ops.mean(gaussian_kl(z_mean, z_log_var))
        batch_size = ops.shape(x)[0]
        self.reconstruction_tracker.update_state(reconstruction, sample_weight=batch_size)
        self.kl_tracker.update_state(kl, sample_weight=batch_size)
        return reconstruction + kl

    def encode(self, images):
        """Return ``z_mean`` and ``z_log_var`` of uint8 images, as arrays of shape (n, latent_dim)."""
        check_images(images)
        return self.encoder.predict(images, batch_size=250, verbose=0)

    def decode(self, z):
        """Return the pixel means μ in [0, 1] for latent points z (n, latent_dim), as an array (n, 28, 28, 1)."""
        logits = self.decoder(ops.convert_to_tensor(z, dtype="float32"))  # far quicker than predict for a few points
        return ops.convert_to_numpy(ops.sigmoid(logits))


def dense_vae(latent_dim=2, hidden_units=512):
    """Build the plain VAE of lesson 02: 784-512-2-512-784 unless told otherwise.

    Parameters
    ----------
    latent_dim : int
        Number of latent dimensions.
    hidden_units : int
        Width of the hidden layers.

    Returns
    -------
    VAE
        Not yet compiled or trained.
    """
    return VAE(dense_encoder(latent_dim, hidden_units), dense_decoder(latent_dim, hidden_units), name="dense_vae")
