"""A classifier, which judges what the generative models draw."""

import cvae_utils._quiet_start  # noqa: F401

import keras
from keras import layers

from cvae_utils.models.cvae import N_CLASSES
from cvae_utils.models.vae import IMAGE_SHAPE


def conv_classifier():
    """Build a small convolutional classifier, with 23,002 parameters.

    Returns
    -------
    keras.Model
        From uint8 images of shape (batch, 28, 28, 1) to a score for each class, the logits of p(y|x), float32
        (batch, 10).
    """
    images = keras.Input(IMAGE_SHAPE, dtype="uint8", name="images")
    x = layers.Rescaling(1 / 255)(images)
    for channels in (16, 32, 48):
        x = layers.Conv2D(channels, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.3)(x)
    return keras.Model(images, layers.Dense(N_CLASSES, name="logits")(x), name="classifier")
