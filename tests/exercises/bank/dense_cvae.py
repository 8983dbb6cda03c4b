"""Answers to exercise 04."""

import cvae_utils._quiet_start  # noqa: F401

import math

import keras
import numpy as np
from keras import layers, ops

from cvae_utils.data import one_hot
from cvae_utils.models import film
from tests.exercises.bank import Bank

bank = Bank()


# --- 4.1 style_sheet ---


def in_rows(images, digits, styles):
    return images.reshape(len(digits), len(styles), 28, 28, 1)


@bank.accepted("style_sheet")
def by_index_grids(decode, styles, digits):
    row, column = np.indices((len(digits), len(styles))).reshape(2, -1)
    return in_rows(decode(np.asarray(styles)[column], np.eye(10)[np.asarray(digits)[row]]), digits, styles)


@bank.accepted("style_sheet")
def styles_first_and_then_turned(decode, styles, digits):
    pairs = [(z, y) for z in styles for y in one_hot(digits)]
    images = decode([z for z, _ in pairs], np.stack([y for _, y in pairs]))
    return images.reshape(len(styles), len(digits), 28, 28, 1).swapaxes(0, 1)


@bank.accepted("style_sheet")
def as_keras_tensors_in_lists(decode, styles, digits):
    z = ops.tile(ops.convert_to_tensor(styles), (len(digits), 1))
    images = decode(z, ops.repeat(ops.one_hot(digits, 10), len(styles), axis=0))
    return [list(images[k * len(styles) : (k + 1) * len(styles)]) for k in range(len(digits))]


@bank.rejected("style_sheet", "calls")
def a_call_for_each_digit(decode, styles, digits):
    return np.stack([decode(styles, one_hot([digit] * len(styles))) for digit in digits])


@bank.rejected("style_sheet", "calls")
def a_call_for_each_picture(decode, styles, digits):
    return np.array([[decode(z[None], one_hot([digit]))[0] for z in styles] for digit in digits])


@bank.rejected("style_sheet", "one-hot")
def class_numbers(decode, styles, digits):
    return in_rows(decode(np.tile(styles, (len(digits), 1)), np.repeat(digits, len(styles))), digits, styles)


@bank.rejected("style_sheet", "one-hot")
def a_column_of_class_numbers(decode, styles, digits):
    y = np.repeat(digits, len(styles))[:, None]
    return in_rows(decode(np.tile(styles, (len(digits), 1)), y), digits, styles)


@bank.rejected("style_sheet", "one-hot")
def too_few_classes(decode, styles, digits):
    y = np.eye(len(digits))[np.repeat(np.arange(len(digits)), len(styles))]
    return in_rows(decode(np.tile(styles, (len(digits), 1)), y), digits, styles)


@bank.rejected("style_sheet", "one-hot")
def sheet_of_labels(decode, styles, digits):
    z = np.broadcast_to(styles, (len(digits), *styles.shape))
    return decode(z, np.repeat(one_hot(digits)[:, None], len(styles), axis=1))


@bank.rejected("style_sheet", "pairs")
def not_repeated(decode, styles, digits):
    return decode(styles, one_hot(digits))


@bank.rejected("style_sheet", "pairs")
def repeated_along_the_wrong_axis(decode, styles, digits):
    return decode(np.tile(styles, len(digits)), np.repeat(one_hot(digits), len(styles), axis=0))


@bank.rejected("style_sheet", "pairs")
def flattened(decode, styles, digits):
    return decode(np.repeat(styles, len(digits)), np.tile(one_hot(digits), (len(styles), 1)))


@bank.rejected("style_sheet", "swapped")
def label_first(decode, styles, digits):
    return decode(np.repeat(one_hot(digits), len(styles), axis=0), np.tile(styles, (len(digits), 1)))


@bank.rejected("style_sheet", "flat")
def not_reshaped(decode, styles, digits):
    return decode(np.tile(styles, (len(digits), 1)), np.repeat(one_hot(digits), len(styles), axis=0))


@bank.rejected("style_sheet", "axes")
def as_in_the_lesson(decode, styles, digits):
    images = decode(np.repeat(styles, len(digits), axis=0), one_hot(np.tile(digits, len(styles))))
    return images.reshape(len(styles), len(digits), 28, 28, 1)


@bank.rejected("style_sheet", "order")
def batch_as_in_the_lesson(decode, styles, digits):
    images = decode(np.repeat(styles, len(digits), axis=0), one_hot(np.tile(digits, len(styles))))
    return in_rows(images, digits, styles)


@bank.rejected("style_sheet", "style")
def both_repeated(decode, styles, digits):
    images = decode(np.repeat(styles, len(digits), axis=0), np.repeat(one_hot(digits), len(styles), axis=0))
    return in_rows(images, digits, styles)


@bank.rejected("style_sheet", "digit")
def both_tiled(decode, styles, digits):
    images = decode(np.tile(styles, (len(digits), 1)), np.tile(one_hot(digits), (len(styles), 1)))
    return in_rows(images, digits, styles)


@bank.rejected("style_sheet", "digit")
def digits_counted_up(decode, styles, digits):
    return by_index_grids(decode, styles, np.arange(len(digits)))


@bank.rejected("style_sheet", "digit")
def digits_sorted(decode, styles, digits):
    return by_index_grids(decode, styles, np.sort(digits))


@bank.rejected("style_sheet", "style")
def one_style_for_all(decode, styles, digits):
    return by_index_grids(decode, np.broadcast_to(styles[:1], styles.shape), digits)


@bank.rejected("style_sheet", "style")
def a_new_z_for_each_picture(decode, styles, digits):
    z = np.random.default_rng(0).standard_normal((len(styles) * len(digits), styles.shape[1]))
    return in_rows(decode(z, np.repeat(one_hot(digits), len(styles), axis=0)), digits, styles)


@bank.rejected("style_sheet", "not one-hot")
def whole_number_times_one_hot(decode, styles, digits):
    y = one_hot(digits) * (np.asarray(digits)[:, None] + 1)
    return in_rows(decode(np.tile(styles, (len(digits), 1)), np.repeat(y, len(styles), axis=0)), digits, styles)


@bank.rejected("style_sheet", "pixels")
def inverted(decode, styles, digits):
    sheet = by_index_grids(decode, styles, digits)
    return np.where(np.arange(28)[:, None, None] > 1, 1 - sheet, sheet)


# --- 4.2 two_label_decoder ---


def inputs_of(latent_dim, digits, pens):
    return (
        keras.Input((latent_dim,), name="z"),
        keras.Input((digits,), name="y"),
        keras.Input((pens,), name="pen"),
    )


def glued(parts, shape, hidden="relu", output=None, more=0):
    x = layers.Dense(32, activation=hidden)(layers.Concatenate()(parts) if len(parts) > 1 else parts[0])
    x = layers.Dense(math.prod(shape) + more, activation=output)(x)
    return x if more else layers.Reshape(shape)(x)


@bank.accepted("two_label_decoder")
def by_a_sum_of_layers(latent_dim, digits, pens, shape):
    z, y, pen = inputs = inputs_of(latent_dim, digits, pens)
    x = layers.Add()([layers.Dense(24, use_bias=part is z)(part) for part in (z, y, pen)])
    x = layers.Activation("tanh")(x)
    x = layers.Dense(24, activation="silu")(x)
    return keras.Model(inputs, layers.Reshape(shape)(layers.Dense(math.prod(shape))(x)))


@bank.accepted("two_label_decoder")
def by_film_that_starts_at_the_identity(latent_dim, digits, pens, shape):
    z, y, pen = inputs = inputs_of(latent_dim, digits, pens)
    x = film(film(layers.Dense(24, activation="relu")(z), y), pen)
    return keras.Model(list(inputs), layers.Reshape(shape)(layers.Dense(math.prod(shape))(x)))


@bank.accepted("two_label_decoder")
def by_subclassing(latent_dim, digits, pens, shape):
    class Decoder(keras.Model):
        def __init__(self):
            super().__init__()
            self.stack = keras.Sequential(
                [layers.Dense(24, "relu"), layers.Dense(math.prod(shape)), layers.Reshape(shape)]
            )

        def call(self, inputs):
            return self.stack(ops.concatenate(inputs, axis=-1))

    return Decoder()


@bank.accepted("two_label_decoder")
def by_transposed_convolution(latent_dim, digits, pens, shape):
    inputs = inputs_of(latent_dim, digits, pens)
    height, width, channels = shape
    x = layers.Dense(height * width * 3, activation="elu")(layers.Concatenate()(inputs))
    return keras.Model(
        inputs, layers.Conv2DTranspose(channels, 3, padding="same")(layers.Reshape((height, width, 3))(x))
    )


def unused(x):
    """Connect an input without using it: Keras up to 3.13 refuses a model with one that leads nowhere."""
    return layers.Rescaling(0.0)(x)


@bank.rejected("two_label_decoder", "pen ignored")
def pen_forgotten(latent_dim, digits, pens, shape):
    z, y, pen = inputs_of(latent_dim, digits, pens)
    return keras.Model((z, y, pen), glued([z, y, unused(pen)], shape))


@bank.rejected("two_label_decoder", "y ignored")
def digit_forgotten(latent_dim, digits, pens, shape):
    z, y, pen = inputs_of(latent_dim, digits, pens)
    return keras.Model((z, y, pen), glued([z, unused(y), pen], shape))


@bank.rejected("two_label_decoder", "y ignored")
def both_labels_forgotten(latent_dim, digits, pens, shape):
    z, y, pen = inputs_of(latent_dim, digits, pens)
    return keras.Model((z, y, pen), glued([z, unused(y), unused(pen)], shape))


@bank.rejected("two_label_decoder", "z ignored")
def z_forgotten(latent_dim, digits, pens, shape):
    z, y, pen = inputs_of(latent_dim, digits, pens)
    return keras.Model((z, y, pen), glued([unused(z), y, pen], shape))


@bank.rejected("two_label_decoder", "pen ignored")
def one_label_twice(latent_dim, digits, pens, shape):
    z, y, pen = inputs_of(latent_dim, digits, pens)
    return keras.Model((z, y, pen), glued([z, y, y, unused(pen)], shape))


@bank.rejected("two_label_decoder", "probabilities")
def sigmoid_in_the_last_layer(latent_dim, digits, pens, shape):
    inputs = inputs_of(latent_dim, digits, pens)
    return keras.Model(inputs, glued(inputs, shape, output="sigmoid"))


@bank.rejected("two_label_decoder", "bounded")
def tanh_in_the_last_layer(latent_dim, digits, pens, shape):
    inputs = inputs_of(latent_dim, digits, pens)
    return keras.Model(inputs, glued(inputs, shape, output="tanh"))


@bank.rejected("two_label_decoder", "never negative")
def relu_everywhere(latent_dim, digits, pens, shape):
    inputs = inputs_of(latent_dim, digits, pens)
    return keras.Model(inputs, glued(inputs, shape, output="relu"))


@bank.rejected("two_label_decoder", "added")
def labels_after_the_hidden_layer(latent_dim, digits, pens, shape):
    z, y, pen = inputs_of(latent_dim, digits, pens)
    x = layers.Concatenate()([layers.Dense(32, activation="relu")(z), y, pen])
    return keras.Model((z, y, pen), layers.Reshape(shape)(layers.Dense(math.prod(shape))(x)))


@bank.rejected("two_label_decoder", "added")
def pen_after_the_hidden_layer(latent_dim, digits, pens, shape):
    z, y, pen = inputs_of(latent_dim, digits, pens)
    x = layers.Dense(32, activation="relu")(layers.Concatenate()([z, y]))
    return keras.Model(
        (z, y, pen), layers.Reshape(shape)(layers.Dense(math.prod(shape))(layers.Concatenate()([x, pen])))
    )


@bank.rejected("two_label_decoder", "added")
def no_activation_at_all(latent_dim, digits, pens, shape):
    inputs = inputs_of(latent_dim, digits, pens)
    return keras.Model(inputs, glued(inputs, shape, hidden=None))


@bank.rejected("two_label_decoder", "added")
def an_image_for_each_input(latent_dim, digits, pens, shape):
    inputs = inputs_of(latent_dim, digits, pens)
    return keras.Model(inputs, layers.Add()([glued([part], shape) for part in inputs]))


@bank.rejected("two_label_decoder", "inputs")
def labels_first(latent_dim, digits, pens, shape):
    z, y, pen = inputs_of(latent_dim, digits, pens)
    return keras.Model((y, pen, z), glued([z, y, pen], shape))


@bank.rejected("two_label_decoder", "inputs")
def labels_in_the_other_order(latent_dim, digits, pens, shape):
    z, y, pen = inputs_of(latent_dim, digits, pens)
    return keras.Model((z, pen, y), glued([z, y, pen], shape))


@bank.rejected("two_label_decoder", "inputs")
def one_input_for_all(latent_dim, digits, pens, shape):
    everything = keras.Input((latent_dim + digits + pens,))
    return keras.Model(everything, glued([everything], shape))


@bank.rejected("two_label_decoder", "inputs")
def two_inputs_as_in_the_lesson(latent_dim, digits, pens, shape):
    z, y, _ = inputs_of(latent_dim, digits, pens)
    return keras.Model((z, y), glued([z, y], shape))


@bank.rejected("two_label_decoder", "inputs")
def ten_digits_whatever_is_said(latent_dim, digits, pens, shape):
    inputs = inputs_of(latent_dim, 10, pens)
    return keras.Model(inputs, glued(inputs, shape))


@bank.rejected("two_label_decoder", "inputs")
def labels_as_numbers(latent_dim, digits, pens, shape):
    z, y, pen = keras.Input((latent_dim,)), keras.Input(()), keras.Input(())
    x = [layers.Embedding(n, 4)(label) for label, n in ((y, digits), (pen, pens))]
    return keras.Model((z, y, pen), glued([z, *x], shape))


@bank.rejected("two_label_decoder", "labels too")
def labels_reconstructed(latent_dim, digits, pens, shape):
    inputs = inputs_of(latent_dim, digits, pens)
    return keras.Model(inputs, glued(inputs, shape, more=digits + pens))


@bank.rejected("two_label_decoder", "flat")
def in_one_row(latent_dim, digits, pens, shape):
    inputs = inputs_of(latent_dim, digits, pens)
    return keras.Model(inputs, layers.Flatten()(glued(inputs, shape)))


@bank.rejected("two_label_decoder", "model")
def only_the_output(latent_dim, digits, pens, shape):
    return glued(inputs_of(latent_dim, digits, pens), shape)


@bank.rejected("two_label_decoder", "shape")
def shape_of_the_lesson(latent_dim, digits, pens, shape):
    inputs = inputs_of(latent_dim, digits, pens)
    return keras.Model(inputs, glued(inputs, (28, 28, 1)))


# --- 4.3 mended_loss ---


def softplus(logits):
    return np.logaddexp(0, logits)


def kl(z_mean, z_log_var):
    return 0.5 * np.sum(np.exp(z_log_var) + z_mean**2 - 1 - z_log_var, axis=1)


def nats(xy, logits):
    return np.sum(softplus(logits) - xy * logits, axis=1)


@bank.accepted("mended_loss")
def by_the_package(xy, logits, z_mean, z_log_var, classes):
    from cvae_utils import losses

    image, label = np.split(xy, [xy.shape[1] - classes], axis=1)
    return losses.gaussian_kl(z_mean, z_log_var) - losses.bernoulli_log_likelihood(image, logits[:, : -label.shape[1]])


@bank.accepted("mended_loss")
def by_a_loop(xy, logits, z_mean, z_log_var, classes):
    found = []
    for x, each, mean, log_var in zip(xy.tolist(), logits.tolist(), z_mean.tolist(), z_log_var.tolist(), strict=True):
        loss = sum((m * m + math.exp(v) - v - 1) / 2 for m, v in zip(mean, log_var, strict=True))
        for pixel, logit in list(zip(x, each, strict=True))[: len(x) - classes]:
            black = 1 / (1 + math.exp(-logit))
            loss -= pixel * math.log(black) + (1 - pixel) * math.log(1 - black)
        found.append(loss)
    return found


@bank.accepted("mended_loss")
def by_weights_of_zero(xy, logits, z_mean, z_log_var, classes):
    is_pixel = np.arange(xy.shape[1]) < xy.shape[1] - classes
    return (softplus(logits) - xy * logits) @ is_pixel + kl(z_mean, z_log_var)


@bank.rejected("mended_loss", "labels")
def as_found(xy, logits, z_mean, z_log_var, classes):
    return xy.shape[1] * np.mean(softplus(logits) - xy * logits, axis=1) + kl(z_mean, z_log_var)


@bank.rejected("mended_loss", "labels")
def a_sum_over_everything_less_the_price(xy, logits, z_mean, z_log_var, classes):
    return nats(xy, logits) + kl(z_mean, z_log_var) - np.log(classes)


@bank.rejected("mended_loss", "labels")
def scaled_to_the_pixels(xy, logits, z_mean, z_log_var, classes):
    return (xy.shape[1] - classes) * np.mean(softplus(logits) - xy * logits, axis=1) + kl(z_mean, z_log_var)


@bank.rejected("mended_loss", "labels")
def label_taken_out_of_the_target_only(xy, logits, z_mean, z_log_var, classes):
    x = xy.copy()
    x[:, -classes:] = 0
    return nats(x, logits) + kl(z_mean, z_log_var)


@bank.rejected("mended_loss", "labels")
def label_as_cross_entropy(xy, logits, z_mean, z_log_var, classes):
    of_label = logits[:, -classes:]
    price = np.logaddexp.reduce(of_label, axis=1) - np.sum(xy[:, -classes:] * of_label, axis=1)
    return nats(xy[:, :-classes], logits[:, :-classes]) + price + kl(z_mean, z_log_var)


@bank.rejected("mended_loss", "labels")
def sizes_of_mnist(xy, logits, z_mean, z_log_var, classes):
    return nats(xy[:, :784], logits[:, :784]) + kl(z_mean, z_log_var)


@bank.rejected("mended_loss", "fixed")
def ten_classes(xy, logits, z_mean, z_log_var, classes):
    return nats(xy[:, :-10], logits[:, :-10]) + kl(z_mean, z_log_var)


@bank.rejected("mended_loss", "zeros")
def multiplied_by_zero(xy, logits, z_mean, z_log_var, classes):
    is_pixel = np.arange(xy.shape[1]) < xy.shape[1] - classes
    return nats(xy * is_pixel, logits * is_pixel) + kl(z_mean, z_log_var)


@bank.rejected("mended_loss", "factor")
def factor_left_as_it_was(xy, logits, z_mean, z_log_var, classes):
    image, of_image = xy[:, :-classes], logits[:, :-classes]
    return xy.shape[1] * np.mean(softplus(of_image) - image * of_image, axis=1) + kl(z_mean, z_log_var)


@bank.rejected("mended_loss", "mean")
def factor_dropped(xy, logits, z_mean, z_log_var, classes):
    image, of_image = xy[:, :-classes], logits[:, :-classes]
    return np.mean(softplus(of_image) - image * of_image, axis=1) + kl(z_mean, z_log_var)


@bank.rejected("mended_loss", "wrong end")
def label_thought_to_come_first(xy, logits, z_mean, z_log_var, classes):
    return nats(xy[:, classes:], logits[:, classes:]) + kl(z_mean, z_log_var)


@bank.rejected("mended_loss", "no KL")
def reconstruction_alone(xy, logits, z_mean, z_log_var, classes):
    return nats(xy[:, :-classes], logits[:, :-classes])


@bank.rejected("mended_loss", "price")
def joint_with_the_label(xy, logits, z_mean, z_log_var, classes):
    return nats(xy[:, :-classes], logits[:, :-classes]) + kl(z_mean, z_log_var) + np.log(classes)


@bank.rejected("mended_loss", "sign")
def the_elbo(xy, logits, z_mean, z_log_var, classes):
    return -nats(xy[:, :-classes], logits[:, :-classes]) - kl(z_mean, z_log_var)


@bank.rejected("mended_loss", "sign")
def kl_subtracted(xy, logits, z_mean, z_log_var, classes):
    return nats(xy[:, :-classes], logits[:, :-classes]) - kl(z_mean, z_log_var)


@bank.rejected("mended_loss", "batch")
def mean_over_the_batch(xy, logits, z_mean, z_log_var, classes):
    return np.mean(nats(xy[:, :-classes], logits[:, :-classes]) + kl(z_mean, z_log_var))


@bank.rejected("mended_loss", "raised")
def cut_in_one_place_only(xy, logits, z_mean, z_log_var, classes):
    return nats(xy[:, :-classes], logits) + kl(z_mean, z_log_var)


@bank.rejected("mended_loss", "value")
def labels_in_the_kl(xy, logits, z_mean, z_log_var, classes):
    return nats(xy[:, :-classes], logits[:, :-classes]) + kl(z_mean, z_log_var) + xy[:, -classes:].sum(axis=1)


# --- 4.4 fair_gain ---


def shares(labels):
    return np.bincount(labels, minlength=10) / len(labels)


def entropy(labels):
    p = shares(labels)[shares(labels) > 0]
    return -np.sum(p * np.log(p))


def price(learned_from, paid_for):
    return -np.mean(np.log(shares(learned_from)[paid_for]))


@bank.accepted("fair_gain")
def by_scikit_learn(vae_loss, cvae_loss, train_labels, test_labels):
    from sklearn.metrics import log_loss

    classes, counts = np.unique(train_labels, return_counts=True)
    p = np.broadcast_to(counts / counts.sum(), (len(test_labels), len(classes)))
    return vae_loss - (cvae_loss + log_loss(test_labels, p, labels=classes))


@bank.accepted("fair_gain")
def by_dictionaries(vae_loss, cvae_loss, train_labels, test_labels):
    from collections import Counter

    known = Counter(train_labels.tolist())
    total = sum(math.log(len(train_labels) / known[label]) for label in test_labels.tolist())
    return np.array(vae_loss - cvae_loss - total / len(test_labels), "float32")


@bank.accepted("fair_gain")
def by_a_weighted_sum_over_classes(vae_loss, cvae_loss, train_labels, test_labels):
    p, occurs = shares(train_labels), shares(test_labels)
    seen = occurs > 0
    return ops.convert_to_tensor(vae_loss - cvae_loss + float(np.sum(occurs[seen] * np.log(p[seen]))), dtype="float64")


@bank.rejected("fair_gain", "unpaid")
def better_reconstructions(vae_loss, cvae_loss, train_labels, test_labels):
    return vae_loss - cvae_loss


@bank.rejected("fair_gain", "log 10")
def ten_equal_classes(vae_loss, cvae_loss, train_labels, test_labels):
    return vae_loss - cvae_loss - np.log(10)


@bank.rejected("fair_gain", "equal classes")
def log_of_the_number_of_classes(vae_loss, cvae_loss, train_labels, test_labels):
    return vae_loss - cvae_loss - np.log(len(np.unique(train_labels)))


@bank.rejected("fair_gain", "equal classes")
def log_of_the_highest_label(vae_loss, cvae_loss, train_labels, test_labels):
    return vae_loss - cvae_loss - np.log(train_labels.max() + 1)


@bank.rejected("fair_gain", "bits")
def logarithm_to_base_two(vae_loss, cvae_loss, train_labels, test_labels):
    return vae_loss - cvae_loss + np.mean(np.log2(shares(train_labels)[test_labels]))


@bank.rejected("fair_gain", "test shares")
def entropy_of_the_test_labels(vae_loss, cvae_loss, train_labels, test_labels):
    return vae_loss - cvae_loss - entropy(test_labels)


@bank.rejected("fair_gain", "train labels")
def entropy_of_the_training_labels(vae_loss, cvae_loss, train_labels, test_labels):
    return vae_loss - cvae_loss - entropy(train_labels)


@bank.rejected("fair_gain", "value")
def all_labels_together(vae_loss, cvae_loss, train_labels, test_labels):
    return vae_loss - cvae_loss - entropy(np.concatenate([train_labels, test_labels]))


@bank.rejected("fair_gain", "direction")
def price_added_to_the_vae(vae_loss, cvae_loss, train_labels, test_labels):
    return vae_loss + price(train_labels, test_labels) - cvae_loss


@bank.rejected("fair_gain", "direction")
def sign_of_the_logarithm(vae_loss, cvae_loss, train_labels, test_labels):
    return vae_loss - (cvae_loss + np.mean(np.log(shares(train_labels)[test_labels])))


@bank.rejected("fair_gain", "sign")
def what_the_cvae_loses(vae_loss, cvae_loss, train_labels, test_labels):
    return cvae_loss + price(train_labels, test_labels) - vae_loss


@bank.rejected("fair_gain", "classes")
def mean_over_classes(vae_loss, cvae_loss, train_labels, test_labels):
    return vae_loss - cvae_loss + np.log(shares(train_labels)[np.unique(train_labels)]).mean()


@bank.rejected("fair_gain", "mean first")
def logarithm_of_the_mean(vae_loss, cvae_loss, train_labels, test_labels):
    return vae_loss - cvae_loss + np.log(shares(train_labels)[test_labels].mean())


@bank.rejected("fair_gain", "smoothed")
def one_image_more_of_each_class(vae_loss, cvae_loss, train_labels, test_labels):
    counts = np.bincount(train_labels) + 1
    return vae_loss - cvae_loss + np.log(counts / counts.sum())[test_labels].mean()


@bank.rejected("fair_gain", "sum")
def price_of_all_labels(vae_loss, cvae_loss, train_labels, test_labels):
    return vae_loss - cvae_loss + np.log(shares(train_labels)[test_labels]).sum()


@bank.rejected("fair_gain", "nan")
def zero_times_the_logarithm_of_zero(vae_loss, cvae_loss, train_labels, test_labels):
    return vae_loss - cvae_loss + np.sum(shares(test_labels) * np.log(shares(train_labels)))


# --- 4.5 class_cloud ---


def of_class(z_mean, z_log_var, labels, label):
    chosen = labels == label
    return z_mean[chosen], z_log_var[chosen]


@bank.accepted("class_cloud")
def by_the_mean_of_squares(z_mean, z_log_var, labels, label):
    mean, log_var = of_class(z_mean.astype("float64"), z_log_var.astype("float64"), labels, label)
    centre = mean.mean(axis=0)
    return list(centre), list((mean**2 + np.exp(log_var)).mean(axis=0) - centre**2)


@bank.accepted("class_cloud")
def by_keras(z_mean, z_log_var, labels, label):
    weight = ops.cast(ops.expand_dims(labels == label, -1), "float32")
    weight = weight / ops.sum(weight)
    centre = ops.sum(weight * z_mean, axis=0)
    return centre, ops.sum(weight * ((z_mean - centre) ** 2 + ops.exp(0.5 * z_log_var) ** 2), axis=0)


@bank.accepted("class_cloud")
def in_one_array(z_mean, z_log_var, labels, label):
    each = [(z_mean[i], np.exp(z_log_var[i])) for i in np.flatnonzero(labels == label)]
    centre = sum(mean for mean, _ in each) / len(each)
    return np.stack([centre, sum((mean - centre) ** 2 + width for mean, width in each) / len(each)])


@bank.rejected("class_cloud", "points only")
def variance_of_the_map(z_mean, z_log_var, labels, label):
    mean, _ = of_class(z_mean, z_log_var, labels, label)
    return mean.mean(axis=0), mean.var(axis=0)


@bank.rejected("class_cloud", "widths only")
def mean_width(z_mean, z_log_var, labels, label):
    mean, log_var = of_class(z_mean, z_log_var, labels, label)
    return mean.mean(axis=0), np.exp(log_var).mean(axis=0)


@bank.rejected("class_cloud", "log variance")
def exponential_forgotten(z_mean, z_log_var, labels, label):
    mean, log_var = of_class(z_mean, z_log_var, labels, label)
    return mean.mean(axis=0), mean.var(axis=0) + log_var.mean(axis=0)


@bank.rejected("class_cloud", "sigma")
def sigma_for_its_square(z_mean, z_log_var, labels, label):
    mean, log_var = of_class(z_mean, z_log_var, labels, label)
    return mean.mean(axis=0), mean.var(axis=0) + np.exp(log_var / 2).mean(axis=0)


@bank.rejected("class_cloud", "sigma")
def log_variance_taken_for_log_sigma(z_mean, z_log_var, labels, label):
    mean, log_var = of_class(z_mean, z_log_var, labels, label)
    return mean.mean(axis=0), mean.var(axis=0) + np.mean(np.exp(log_var) ** 2, axis=0)


@bank.rejected("class_cloud", "sigma")
def square_of_the_mean_width(z_mean, z_log_var, labels, label):
    mean, log_var = of_class(z_mean, z_log_var, labels, label)
    return mean.mean(axis=0), mean.var(axis=0) + np.exp(log_var / 2).mean(axis=0) ** 2


@bank.rejected("class_cloud", "averaged logarithm")
def mean_before_the_exponential(z_mean, z_log_var, labels, label):
    mean, log_var = of_class(z_mean, z_log_var, labels, label)
    return mean.mean(axis=0), mean.var(axis=0) + np.exp(log_var.mean(axis=0))


@bank.rejected("class_cloud", "standard deviation")
def root(z_mean, z_log_var, labels, label):
    mean, variance = by_the_mean_of_squares(z_mean, z_log_var, labels, label)
    return mean, np.sqrt(variance)


@bank.rejected("class_cloud", "about zero")
def mean_not_subtracted(z_mean, z_log_var, labels, label):
    mean, log_var = of_class(z_mean, z_log_var, labels, label)
    return mean.mean(axis=0), (mean**2 + np.exp(log_var)).mean(axis=0)


@bank.rejected("class_cloud", "all classes")
def label_ignored(z_mean, z_log_var, labels, label):
    return z_mean.mean(axis=0), z_mean.var(axis=0) + np.exp(z_log_var).mean(axis=0)


@bank.rejected("class_cloud", "one number")
def dimensions_averaged(z_mean, z_log_var, labels, label):
    mean, log_var = of_class(z_mean, z_log_var, labels, label)
    return mean.mean(), mean.var() + np.exp(log_var).mean()


@bank.rejected("class_cloud", "value")
def widths_subtracted(z_mean, z_log_var, labels, label):
    mean, log_var = of_class(z_mean, z_log_var, labels, label)
    return mean.mean(axis=0), mean.var(axis=0) - np.exp(log_var).mean(axis=0)


@bank.rejected("class_cloud", "pair")
def variance_alone(z_mean, z_log_var, labels, label):
    return by_the_mean_of_squares(z_mean, z_log_var, labels, label)[1]


@bank.rejected("class_cloud", "order")
def variance_first(z_mean, z_log_var, labels, label):
    return by_the_mean_of_squares(z_mean, z_log_var, labels, label)[::-1]


@bank.rejected("class_cloud", "sample")
def divided_by_one_less(z_mean, z_log_var, labels, label):
    mean, log_var = of_class(z_mean, z_log_var, labels, label)
    return mean.mean(axis=0), mean.var(axis=0, ddof=1) + np.exp(log_var).mean(axis=0)


@bank.rejected("class_cloud", "drawn")
def from_samples(z_mean, z_log_var, labels, label):
    mean, log_var = of_class(z_mean, z_log_var, labels, label)
    z = mean + np.exp(log_var / 2) * np.random.default_rng().standard_normal((10_000, *mean.shape))
    return z.mean(axis=(0, 1)), z.var(axis=(0, 1))


@bank.rejected("class_cloud", "mean")
def another_class(z_mean, z_log_var, labels, label):
    return by_the_mean_of_squares(z_mean, z_log_var, labels, (label + 1) % (labels.max() + 1))


@bank.rejected("class_cloud", "shape")
def along_the_wrong_axis(z_mean, z_log_var, labels, label):
    mean, log_var = of_class(z_mean, z_log_var, labels, label)
    return mean.mean(axis=1), mean.var(axis=1) + np.exp(log_var).mean(axis=1)
