"""Image completion: from the quadrants of an image that are seen, by one guess and by a CVAE with a learned prior."""

import cvae_utils._quiet_start  # noqa: F401

import keras
import numpy as np
from keras import layers, ops

from cvae_utils.layers import Sampling
from cvae_utils.losses import gaussian_kl_between, missing_log_likelihood
from cvae_utils.models.vae import IMAGE_SHAPE, check_images
from cvae_utils.quadrants import QUADRANTS


def quadrant_mask(seen):
    """Spread one flag for each quadrant over its pixels.

    Parameters
    ----------
    seen : tensor, shape (batch, 4)
        As ``seen_flags`` makes them.

    Returns
    -------
    tensor, shape (batch, 28, 28, 1)
        1 where a pixel is seen, 0 where it is missing.
    """
    height, width, channels = IMAGE_SHAPE
    flags = ops.reshape(seen, (-1, 2, 2, channels))
    return ops.repeat(ops.repeat(flags, height // 2, axis=1), width // 2, axis=2)


def completion_encoder(hidden_units=224):
    """Build the network that reads the seen part of an image.

    Parameters
    ----------
    hidden_units : int
        Width of both hidden layers, of which the second is the output.

    Returns
    -------
    keras.Model
        From ``(images, seen)``, uint8 (batch, 28, 28, 1) and float32 (batch, 4), to features, float32
        (batch, hidden_units), which do not depend on the pixels that are missing.
    """
    images = keras.Input(IMAGE_SHAPE, dtype="uint8", name="images")
    seen = keras.Input((len(QUADRANTS),), name="seen")
    x = layers.Rescaling(1 / 255)(images) * quadrant_mask(seen)
    x = layers.Concatenate()([layers.Flatten()(x), seen])
    x = layers.Dense(hidden_units, activation="silu")(x)
    features = layers.Dense(hidden_units, activation="silu", name="features")(x)
    return keras.Model((images, seen), features, name="encoder")


def gaussian_head(n_inputs, hidden_units, latent_dim, name):
    """Build the network that makes a latent Gaussian of features.

    Parameters
    ----------
    n_inputs : int
        How many sets of features it reads: one for the prior p(z|x), two for the recognition q(z|x,y).
    hidden_units : int
        Features in a set.
    latent_dim : int
        Number of latent dimensions.
    name : str
        Name of the network.

    Returns
    -------
    keras.Model
        From a list of ``n_inputs`` sets of features, float32 (batch, hidden_units), to ``[mean, log_var]``, float32,
        each (batch, latent_dim).
    """
    features = [keras.Input((hidden_units,)) for _ in range(n_inputs)]
    x = layers.Concatenate()(features) if n_inputs > 1 else features[0]
    return keras.Model(features, [layers.Dense(latent_dim)(x), layers.Dense(latent_dim)(x)], name=name)


def completion_decoder(latent_dim=48, hidden_units=224):
    """Build the decoder p(y|x,z): a latent point and the features of what is seen in, logits out.

    Parameters
    ----------
    latent_dim : int
        Number of latent dimensions; 0 for a network that makes one guess.
    hidden_units : int
        Width of the hidden layers, and number of features.

    Returns
    -------
    keras.Model
        From ``[z, features]``, or ``[features]`` without latent dimensions, to the logits of all pixel means, float32
        (batch, 28, 28, 1). Those of the seen pixels mean nothing.
    """
    features = keras.Input((hidden_units,), name="seen_features")
    z = [keras.Input((latent_dim,), name="z")] if latent_dim else []
    x = layers.Concatenate()([*z, features]) if z else features
    x = layers.Dense(hidden_units, activation="silu")(x)
    x = layers.Dense(hidden_units, activation="silu")(x)
    x = layers.Dense(28 * 28)(x)
    logits = layers.Reshape(IMAGE_SHAPE, name="logits")(x)
    return keras.Model([*z, features], logits, name="decoder")


def check_seen(seen):
    """Refuse anything but four flags for each image.

    Parameters
    ----------
    seen : array or tensor
        Expected: shape (n, 4), as ``seen_flags`` makes them.

    Raises
    ------
    ValueError
        If the shape is another.
    """
    if len(seen.shape) != 2 or seen.shape[1] != len(QUADRANTS):
        raise ValueError(
            f"seen came in shape {tuple(seen.shape)}; give one flag for each quadrant, (n, {len(QUADRANTS)}): "
            "make them by seen_flags(quadrants, n)"
        )


class CompletionNetwork(keras.Model):
    """A network that completes an image by its best guess; its loss is −log p(y|x) of the missing pixels, in nats.

    Parameters
    ----------
    encoder : keras.Model
        From ``(images, seen)`` to features.
    decoder : keras.Model
        From features to the logits of all pixel means.

    Notes
    -----
    ``fit`` and ``evaluate`` take the pair ``(images, seen)`` of whole images: the missing part is the target.
    """

    def __init__(self, encoder, decoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self(encoder.input)  # builds the model, so that weights can be saved and loaded

    def call(self, inputs):
        images, seen = inputs
        check_images(images)
        check_seen(seen)
        return self.decoder([self.encoder((images, seen))])

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):
        images, seen = x
        pixels = ops.cast(images, "float32") / 255
        return -ops.mean(missing_log_likelihood(pixels, y_pred, 1 - quadrant_mask(seen)))

    def complete(self, images, seen):
        """Return pixel means in [0, 1], (n, 28, 28, 1): the seen pixels as they are, the missing ones guessed."""
        return filled_in(images, seen, self.predict((images, seen), batch_size=1000, verbose=0))


class CompletionCVAE(keras.Model):
    """A CVAE whose condition is the seen part x of an image, and whose output is the missing part y.

    Its loss is the negative conditional ELBO of the missing pixels, in nats per image, with a learned prior p(z|x).

    Parameters
    ----------
    encoder : keras.Model
        From ``(images, seen)`` to features. It reads the seen part for the prior, and the whole image for q.
    prior, recognition : keras.Model
        From the features of the seen part to ``[mean, log_var]`` of p(z|x), and from the features of the whole image
        and of the seen part to those of q(z|x,y).
    decoder : keras.Model
        From z and the features of the seen part to the logits of all pixel means.

    Notes
    -----
    ``fit`` and ``evaluate`` take the pair ``(images, seen)`` of whole images: the missing part is the target. In
    training, ``kl_weight`` multiplies the KL; in evaluation it counts fully.

    Source: Sohn, Lee and Yan, *Learning Structured Output Representation using Deep Conditional Generative Models*
    (2015).
    """

    def __init__(self, encoder, prior, recognition, decoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.prior = prior
        self.recognition = recognition
        self.decoder = decoder
        self.sampling = Sampling()
        self.kl_weight = self.add_weight(shape=(), initializer="ones", trainable=False, name="kl_weight")
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction")
        self.kl_tracker = keras.metrics.Mean(name="kl")
        self(encoder.input)  # builds the model, so that weights can be saved and loaded

    def gaussians(self, images, seen):
        """Return ``[mean, log_var]`` of q(z|x,y), the same of p(z|x), and the features of the seen part."""
        features = self.encoder((images, seen))
        whole = self.encoder((images, ops.ones_like(seen)))
        return self.recognition([whole, features]), self.prior([features]), features

    def call(self, inputs):
        images, seen = inputs
        check_images(images)
        check_seen(seen)
        q, p, features = self.gaussians(images, seen)
        return self.decoder([self.sampling(q), features]), q, p

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):
        images, seen = x
        logits, q, p = y_pred
        pixels = ops.cast(images, "float32") / 255
        reconstruction = -ops.mean(missing_log_likelihood(pixels, logits, 1 - quadrant_mask(seen)))
        kl = ops.mean(gaussian_kl_between(*q, *p))
        batch_size = ops.shape(images)[0]
        self.reconstruction_tracker.update_state(reconstruction, sample_weight=batch_size)
        self.kl_tracker.update_state(kl, sample_weight=batch_size)
        return reconstruction + (self.kl_weight * kl if training else kl)

    def complete(self, images, seen, seed=0):
        """Return one completion of each image, with z drawn from p(z|x), as pixel means in [0, 1], (n, 28, 28, 1).

        The seen pixels are as they were. Repeat an image to get several completions of it.
        """
        check_images(images)
        check_seen(seen)
        features = self.encoder.predict((images, seen), batch_size=1000, verbose=0)
        mean, log_var = self.prior.predict([features], batch_size=1000, verbose=0)
        epsilon = np.random.default_rng(seed).standard_normal(mean.shape, dtype="float32")
        z = mean + np.exp(log_var / 2) * epsilon
        return filled_in(images, seen, self.decoder.predict([z, features], batch_size=1000, verbose=0))


def filled_in(images, seen, logits):
    """Return the seen pixels as they are and the means of the missing ones, float32 (n, 28, 28, 1) in [0, 1]."""
    mask = ops.convert_to_numpy(quadrant_mask(seen))
    means = (1 + np.tanh(logits / 2)) / 2  # the logistic function, which cannot overflow in this form
    return mask * (images / np.float32(255)) + (1 - mask) * means


def completion_network(hidden_units=224):
    """Build the deterministic network of lesson 09.

    Parameters
    ----------
    hidden_units : int
        Width of the hidden layers.

    Returns
    -------
    CompletionNetwork
        Not yet compiled or trained.
    """
    encoder, decoder = completion_encoder(hidden_units), completion_decoder(0, hidden_units)
    return CompletionNetwork(encoder, decoder, name="completion_network")


def completion_cvae(latent_dim=48, hidden_units=224):
    """Build the CVAE of lesson 09.

    Parameters
    ----------
    latent_dim : int
        Number of latent dimensions.
    hidden_units : int
        Width of the hidden layers.

    Returns
    -------
    CompletionCVAE
        Not yet compiled or trained.
    """
    return CompletionCVAE(
        completion_encoder(hidden_units),
        gaussian_head(1, hidden_units, latent_dim, name="prior"),
        gaussian_head(2, hidden_units, latent_dim, name="recognition"),
        completion_decoder(latent_dim, hidden_units),
        name="completion_cvae",
    )
