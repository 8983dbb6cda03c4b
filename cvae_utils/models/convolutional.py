"""Convolutional networks for the plain and the conditional VAE."""

import cvae_utils._quiet_start  # noqa: F401

import keras
from keras import layers

from cvae_utils.layers import first_decoder_layer
from cvae_utils.models.cvae import CVAE, N_CLASSES
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

    Notes
    -----
    A unit of the dense layer adds up 3,136 inputs of one sign, so that a few steps of Adam can push it below zero for
    every image, where a relu gets no gradient and stays. Few of the sixteen units survive from Keras' own initial
    values, about half of them from weights ten times as wide. On dead units in deep networks: Lu, Shin, Su and
    Karniadakis, *Dying ReLU and Initialization* (2020).
    """
    images = keras.Input(IMAGE_SHAPE, dtype="uint8", name="images")
    x = layers.Rescaling(1 / 255)(images)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2D(64, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Flatten()(x)
    spread = keras.initializers.RandomNormal(stddev=0.25)  # ten times as wide as Keras' own, see Notes
    x = layers.Dense(16, activation="relu", kernel_initializer=spread)(x)
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
    x = first_decoder_layer(7 * 7 * 64)(z)
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


def film(x, y):
    """Scale and shift each feature by amounts that depend on the label.

    Parameters
    ----------
    x : keras.KerasTensor, shape (batch, ..., features)
        Outputs of a dense or a convolutional layer.
    y : keras.KerasTensor, shape (batch, 10)
        One-hot labels.

    Returns
    -------
    keras.KerasTensor, same shape as ``x``
        Untrained: ``x`` itself, since scales start at one and shifts at zero.

    Notes
    -----
    Source: Perez, Strub, de Vries, Dumoulin and Courville, *FiLM: Visual Reasoning with a General Conditioning Layer*
    (2018).
    """
    features = x.shape[-1]
    scale = layers.Dense(features, kernel_initializer="zeros", bias_initializer="ones")(y)
    shift = layers.Dense(features, kernel_initializer="zeros")(y)
    same_everywhere = (1,) * (len(x.shape) - 2) + (features,)
    return x * layers.Reshape(same_everywhere)(scale) + layers.Reshape(same_everywhere)(shift)


def conditional_conv_encoder(latent_dim=2):
    """Build the convolutional encoder q(z|x,y): three convolutions of stride 2, the label scaling the features of each.

    Parameters
    ----------
    latent_dim : int
        Number of latent dimensions.

    Returns
    -------
    keras.Model
        From ``(images, y)``, uint8 (batch, 28, 28, 1) and one-hot float32 (batch, 10), to ``[z_mean, z_log_var]``,
        float32, each (batch, latent_dim).
    """
    images = keras.Input(IMAGE_SHAPE, dtype="uint8", name="images")
    y = keras.Input((N_CLASSES,), name="y")
    x = layers.Rescaling(1 / 255)(images)
    for channels, kernel_size in ((16, 5), (32, 3), (64, 3)):
        x = layers.Conv2D(channels, kernel_size, strides=2, padding="same", activation="silu")(x)
        x = film(x, y)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="silu")(x)
    x = film(x, y)
    z_mean = layers.Dense(latent_dim, name="z_mean")(x)
    z_log_var = layers.Dense(latent_dim, name="z_log_var")(x)
    return keras.Model((images, y), [z_mean, z_log_var], name="encoder")


def conditional_conv_decoder(latent_dim=2):
    """Build the convolutional decoder p(x|z,y): dense layers, then transposed convolutions, the label scaling each.

    Parameters
    ----------
    latent_dim : int
        Number of latent dimensions.

    Returns
    -------
    keras.Model
        From ``(z, y)``, float32 (batch, latent_dim) and (batch, 10), to logits, float32 (batch, 28, 28, 1).
    """
    z = keras.Input((latent_dim,), name="z")
    y = keras.Input((N_CLASSES,), name="y")
    x = film(first_decoder_layer(64, activation="silu")(z), y)
    x = film(layers.Dense(128, activation="silu")(x), y)
    x = layers.Dense(7 * 7 * 16, activation="silu")(x)
    x = film(layers.Reshape((7, 7, 16))(x), y)
    for channels in (32, 16):
        x = layers.Conv2DTranspose(channels, 3, strides=2, padding="same", activation="silu")(x)
        x = film(x, y)
    logits = layers.Conv2DTranspose(1, 3, padding="same", name="logits")(x)
    return keras.Model((z, y), logits, name="decoder")


def conv_cvae(latent_dim=2):
    """Build the convolutional CVAE of lesson 07.

    Parameters
    ----------
    latent_dim : int
        Number of latent dimensions.

    Returns
    -------
    CVAE
        Not yet compiled or trained.
    """
    return CVAE(conditional_conv_encoder(latent_dim), conditional_conv_decoder(latent_dim), name="conv_cvae")
