"""The conditional VAE and its dense networks: the label goes into the encoder and into the decoder."""

import cvae_utils._quiet_start  # noqa: F401

import keras
from keras import layers, ops

from cvae_utils.layers import first_decoder_layer
from cvae_utils.models.vae import IMAGE_SHAPE, VAE, check_images

N_CLASSES = 10


def conditional_dense_encoder(latent_dim=2, hidden_units=512):
    """Build the encoder q(z|x,y): an image and its label in, the mean and log-variance of its latent Gaussian out.

    Parameters
    ----------
    latent_dim : int
        Number of latent dimensions.
    hidden_units : int
        Width of the hidden layer.

    Returns
    -------
    keras.Model
        From ``(images, y)``, uint8 (batch, 28, 28, 1) and one-hot float32 (batch, 10), to ``[z_mean, z_log_var]``,
        float32, each (batch, latent_dim).
    """
    images = keras.Input(IMAGE_SHAPE, dtype="uint8", name="images")
    y = keras.Input((N_CLASSES,), name="y")
    x = layers.Rescaling(1 / 255)(images)
    x = layers.Flatten()(x)
    x = layers.Concatenate()([x, y])
    x = layers.Dense(hidden_units, activation="relu")(x)
    z_mean = layers.Dense(latent_dim, name="z_mean")(x)
    z_log_var = layers.Dense(latent_dim, name="z_log_var")(x)
    return keras.Model((images, y), [z_mean, z_log_var], name="encoder")


def conditional_dense_decoder(latent_dim=2, hidden_units=512):
    """Build the decoder p(x|z,y): a latent point and a label in, the logits of the pixel means out.

    Parameters
    ----------
    latent_dim : int
        Number of latent dimensions.
    hidden_units : int
        Width of the hidden layer.

    Returns
    -------
    keras.Model
        From ``(z, y)``, float32 (batch, latent_dim) and (batch, 10), to logits, float32 (batch, 28, 28, 1).
    """
    z = keras.Input((latent_dim,), name="z")
    y = keras.Input((N_CLASSES,), name="y")
    x = layers.Concatenate()([z, y])
    x = first_decoder_layer(hidden_units)(x)
    x = layers.Dense(28 * 28)(x)
    logits = layers.Reshape(IMAGE_SHAPE, name="logits")(x)
    return keras.Model((z, y), logits, name="decoder")


def check_one_hot(y):
    """Refuse anything but one row of ten numbers for each label: whole-number labels would be broadcast silently.

    Parameters
    ----------
    y : array or tensor
        Expected: one-hot labels of shape (n, 10), as ``data.one_hot`` makes them.

    Raises
    ------
    ValueError
        If the shape is another.
    """
    if len(y.shape) != 2 or y.shape[1] != N_CLASSES:
        raise ValueError(
            f"y came in shape {tuple(y.shape)}; the conditional models take one-hot labels of shape (n, {N_CLASSES}): "
            "make them by data.one_hot(labels)"
        )


class CVAE(VAE):
    """A conditional variational autoencoder; its loss is the negative conditional ELBO in nats per image.

    Parameters
    ----------
    encoder : keras.Model
        From ``(images, y)``, uint8 images and one-hot labels, to ``[z_mean, z_log_var]``.
    decoder : keras.Model
        From ``(z, y)`` to the logits of the pixel means.

    Notes
    -----
    ``fit``, ``evaluate`` and ``predict`` take the pair ``(images, y)`` where those of the VAE take images. Rows of y
    need not be one-hot: the decoder also takes what lies between two classes.

    Source: Sohn, Lee and Yan, *Learning Structured Output Representation using Deep Conditional Generative Models*
    (2015), with N(0, I) as the prior p(z|y).
    """

    def call(self, inputs):
        images, y = inputs
        check_images(images)
        check_one_hot(y)
        z_mean, z_log_var = self.encoder((images, y))
        z = self.sampling((z_mean, z_log_var))
        return self.decoder((z, y)), z_mean, z_log_var

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):
        images, _ = x  # the label is a condition: nothing has to reconstruct it
        return super().compute_loss(images, y, y_pred, sample_weight, training)

    def encode(self, images, y):
        """Return ``z_mean`` and ``z_log_var`` of uint8 images and their one-hot labels, as arrays (n, latent_dim)."""
        check_images(images)
        check_one_hot(y)
        return self.encoder.predict((images, y), batch_size=250, verbose=0)

    def decode(self, z, y):
        """Return the pixel means μ in [0, 1], (n, 28, 28, 1), for latent points (n, latent_dim) and labels (n, 10)."""
        check_one_hot(y)
        z, y = (ops.convert_to_tensor(part, dtype="float32") for part in (z, y))
        return ops.convert_to_numpy(ops.sigmoid(self.decoder((z, y))))


def dense_cvae(latent_dim=2, hidden_units=512):
    """Build the dense CVAE of lesson 04: 784+10-512-2, and 2+10-512-784 back, unless told otherwise.

    Parameters
    ----------
    latent_dim : int
        Number of latent dimensions.
    hidden_units : int
        Width of the hidden layers.

    Returns
    -------
    CVAE
        Not yet compiled or trained.
    """
    encoder = conditional_dense_encoder(latent_dim, hidden_units)
    return CVAE(encoder, conditional_dense_decoder(latent_dim, hidden_units), name="dense_cvae")
