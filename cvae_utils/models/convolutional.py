"""Convolutional networks for the plain and the conditional VAE."""

import cvae_utils._quiet_start  # noqa: F401

import keras
from keras import layers

from cvae_utils.models.vae import IMAGE_SHAPE, VAE


def conv_encoder(latent_dim=2):
    """Build the convolutional encoder q(z|x): two convolutions of stride 2, a small dense layer, two heads.

    Parameters
    ----------
    latent_dim : int
        Number of latent dimensions.

    Returns
    -------
    keras.Model
        From uint8 images of shape (batch, 28, 28, 1) to ``[z_mean, z_log_var]``, float32, each (batch, latent_dim).
    """
    images = keras.Input(IMAGE_SHAPE, dtype="uint8", name="images")
    x = layers.Rescaling(1 / 255)(images)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2D(64, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(16, activation="relu")(x)
    z_mean = layers.Dense(latent_dim, name="z_mean")(x)
    z_log_var = layers.Dense(latent_dim, name="z_log_var")(x)
    return keras.Model(images, [z_mean, z_log_var], name="encoder")


def conv_decoder(latent_dim=2):
    """Build the convolutional decoder p(x|z): a dense layer to 7×7×64, then transposed convolutions up to 28×28.

    Parameters
    ----------
    latent_dim : int
        Number of latent dimensions.

    Returns
    -------
    keras.Model
        From z, float32 (batch, latent_dim), to logits, float32 (batch, 28, 28, 1).
    """
    z = keras.Input((latent_dim,), name="z")
    x = layers.Dense(7 * 7 * 64, activation="relu")(z)
    x = layers.Reshape((7, 7, 64))(x)
    x = layers.Conv2DTranspose(64, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2DTranspose(32, 3, strides=2, padding="same", activation="relu")(x)
    logits = layers.Conv2DTranspose(1, 3, padding="same", name="logits")(x)
    return keras.Model(z, logits, name="decoder")


def conv_vae(latent_dim=2):
    """Build the convolutional VAE of lesson 06; with two latent dimensions it has 134,165 parameters.

    Parameters
    ----------
    latent_dim : int
        Number of latent dimensions.

    Returns
    -------
    VAE
        Not yet compiled or trained.
    """
    return VAE(conv_encoder(latent_dim), conv_decoder(latent_dim), name="conv_vae")
