"""The way of the VAE example on keras.io: float images, probabilities, a train_step of one's own with a gradient tape.

After https://keras.io/examples/generative/vae/ (François Chollet), with its settings: Adam at 0.001, batches of 128.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from turns import BATCH_SIZE, SEED, Turns, arguments

N_CLASSES = 10


class Sampling(layers.Layer):
    """Draw z from the Gaussian of an image."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(SEED)

    def call(self, inputs):
        z_mean, z_log_var = inputs
        epsilon = keras.random.normal(ops.shape(z_mean), seed=self.seed_generator)
        return z_mean + ops.exp(0.5 * z_log_var) * epsilon


def dense_encoder(images, label, hidden_units):
    """Return the last hidden features of a dense encoder."""
    x = layers.Flatten()(images)
    return layers.Dense(hidden_units, activation="relu")(layers.Concatenate()([x, *label]) if label else x)


def dense_decoder(z, label, hidden_units):
    """Return the pixel means of a dense decoder."""
    x = layers.Dense(hidden_units, activation="relu")(layers.Concatenate()([z, *label]) if label else z)
    return layers.Reshape((28, 28, 1))(layers.Dense(784, activation="sigmoid")(x))


def conv_encoder(images):
    """Return the last hidden features of the example's own encoder."""
    x = layers.Conv2D(32, 3, activation="relu", strides=2, padding="same")(images)
    x = layers.Conv2D(64, 3, activation="relu", strides=2, padding="same")(x)
    return layers.Dense(16, activation="relu")(layers.Flatten()(x))


def conv_decoder(z):
    """Return the pixel means of the example's own decoder."""
    x = layers.Reshape((7, 7, 64))(layers.Dense(7 * 7 * 64, activation="relu")(z))
    x = layers.Conv2DTranspose(64, 3, activation="relu", strides=2, padding="same")(x)
    x = layers.Conv2DTranspose(32, 3, activation="relu", strides=2, padding="same")(x)
    return layers.Conv2DTranspose(1, 3, activation="sigmoid", padding="same")(x)


def film(x, label):
    """Scale and shift each feature by amounts that depend on the label; at first by one and by zero."""
    features = x.shape[-1]
    scale = layers.Dense(features, kernel_initializer="zeros", bias_initializer="ones")(label)
    shift = layers.Dense(features, kernel_initializer="zeros")(label)
    same_everywhere = (1,) * (len(x.shape) - 2) + (features,)
    return x * layers.Reshape(same_everywhere)(scale) + layers.Reshape(same_everywhere)(shift)


def conditional_conv_encoder(images, label):
    """Return the last hidden features of the encoder of the course's convolutional CVAE."""
    x = images
    for channels, kernel_size in ((16, 5), (32, 3), (64, 3)):
        x = layers.Conv2D(channels, kernel_size, activation="silu", strides=2, padding="same")(x)
        x = film(x, label)
    return film(layers.Dense(128, activation="silu")(layers.Flatten()(x)), label)


def conditional_conv_decoder(z, label):
    """Return the pixel means of the decoder of the course's convolutional CVAE."""
    x = film(layers.Dense(64, activation="silu")(z), label)
    x = film(layers.Dense(128, activation="silu")(x), label)
    x = layers.Reshape((7, 7, 16))(layers.Dense(7 * 7 * 16, activation="silu")(x))
    x = film(x, label)
    for channels in (32, 16):
        x = layers.Conv2DTranspose(channels, 3, activation="silu", strides=2, padding="same")(x)
        x = film(x, label)
    return layers.Conv2DTranspose(1, 3, activation="sigmoid", padding="same")(x)


def build(network):
    """Return encoder and decoder."""
    latent_dim, hidden_units = (20, 400) if network == "dense 400-20" else (2, 512)
    images, z = keras.Input((28, 28, 1)), keras.Input((latent_dim,))
    to_encoder, to_decoder = (
        ([keras.Input((N_CLASSES,))], [keras.Input((N_CLASSES,))]) if network.endswith("conditional") else ([], [])
    )
    if network == "convolutional":
        features, means = conv_encoder(images), conv_decoder(z)
    elif network == "convolutional conditional":
        features, means = conditional_conv_encoder(images, *to_encoder), conditional_conv_decoder(z, *to_decoder)
    else:
        features = dense_encoder(images, to_encoder, hidden_units)
        means = dense_decoder(z, to_decoder, hidden_units)
    z_mean, z_log_var = layers.Dense(latent_dim)(features), layers.Dense(latent_dim)(features)
    encoder = keras.Model([images, *to_encoder], [z_mean, z_log_var, Sampling()([z_mean, z_log_var])])
    return encoder, keras.Model([z, *to_decoder], means)


class VAE(keras.Model):
    """The example's model: all of the loss in train_step."""

    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.total_loss_tracker = keras.metrics.Mean(name="loss")
        self.reconstruction_loss_tracker = keras.metrics.Mean(name="reconstruction_loss")
        self.kl_loss_tracker = keras.metrics.Mean(name="kl_loss")

    @property
    def metrics(self):
        return [self.total_loss_tracker, self.reconstruction_loss_tracker, self.kl_loss_tracker]

    def losses_of(self, images, *label):
        z_mean, z_log_var, z = self.encoder([images, *label])
        reconstruction = self.decoder([z, *label])
        crossentropy = ops.sum(keras.losses.binary_crossentropy(images, reconstruction), axis=(1, 2))
        kl = -0.5 * (1 + z_log_var - ops.square(z_mean) - ops.exp(z_log_var))
        return ops.mean(crossentropy), ops.mean(ops.sum(kl, axis=1))

    def train_step(self, data):
        with tf.GradientTape() as tape:
            reconstruction_loss, kl_loss = self.losses_of(*data[0])
            total_loss = reconstruction_loss + kl_loss
        gradients = tape.gradient(total_loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        return self.track(total_loss, reconstruction_loss, kl_loss)

    def test_step(self, data):
        reconstruction_loss, kl_loss = self.losses_of(*data[0])
        return self.track(reconstruction_loss + kl_loss, reconstruction_loss, kl_loss)

    def track(self, *losses):
        for tracker, loss in zip(self.metrics, losses, strict=True):
            tracker.update_state(loss)
        return {tracker.name: tracker.result() for tracker in self.metrics}


def main():
    network, _, arrays = arguments()
    turns = Turns()
    keras.utils.set_random_seed(SEED)
    model = VAE(*build(network))
    model.compile(optimizer=keras.optimizers.Adam(1e-3))

    def inputs(split):
        images = arrays[f"{split}_images"].astype("float32") / 255
        labels = np.eye(N_CLASSES, dtype="float32")[arrays[f"{split}_labels"]]
        return (images, labels) if network.endswith("conditional") else (images,)

    train, test = inputs("train"), inputs("test")
    versions = f"Keras {keras.__version__}, TensorFlow {tf.__version__}"
    turns.ready(model.encoder.count_params() + model.decoder.count_params(), versions)
    while True:
        turns.begin()
        model.fit(train, epochs=1, batch_size=BATCH_SIZE, verbose=0)
        turns.end(lambda: model.evaluate(test, batch_size=1000, verbose=0, return_dict=True)["loss"])


main()
