"""How good generated images are, in the eyes of a classifier that has only seen real ones, or the other way round."""

import cvae_utils._quiet_start  # noqa: F401

import math

import keras
import numpy as np

from cvae_utils import models, training
from cvae_utils.data import one_hot
from cvae_utils.evaluation.encodings import check_encodings
from cvae_utils.evaluation.likelihood import POINTS_AT_ONCE

NEIGHBOURS = 5


def generate(cvae, labels, *, seed=0):
    """Let a CVAE draw an image for each label, with z from the prior.

    Parameters
    ----------
    cvae : CVAE
        A trained model.
    labels : array, int (n,)
        The classes to draw, from 0.
    seed : int
        Draws z.

    Returns
    -------
    array, uint8 (n, 28, 28, 1)
        The pixel means, 0 to 255, as a data set holds images.
    """
    points, label_input = cvae.decoder.inputs
    z = np.random.default_rng(seed).standard_normal((len(labels), points.shape[1]), dtype="float32")
    y = one_hot(labels, label_input.shape[1])
    images = np.empty((len(labels), *cvae.decoder.outputs[0].shape[1:]), "uint8")
    for start in range(0, len(labels), POINTS_AT_ONCE):
        chunk = slice(start, start + POINTS_AT_ONCE)
        logits = cvae.decoder.predict_on_batch((z[chunk], y[chunk]))
        images[chunk] = np.rint(255 * (1 + np.tanh(logits / 2)) / 2)  # the logistic function, which cannot overflow
    return images


def check_labelled(images, labels):
    """Refuse anything but uint8 images with one whole number for each.

    Parameters
    ----------
    images : array
        Expected: uint8, 0 to 255, of shape (n, 28, 28, 1).
    labels : array
        Expected: shape (n,), whole numbers; one-hot vectors are refused.

    Raises
    ------
    TypeError, ValueError
        If a dtype or a shape is another, or if there are no images.
    """
    models.check_images(images)
    if labels.shape != (len(images),) or labels.dtype.kind not in "iu" or len(images) == 0:
        raise ValueError(
            f"labels came as {labels.dtype} of shape {labels.shape} with {len(images)} images; "
            "give one whole number for each image"
        )


def wilson_interval(right, n):
    """Return Wilson's 95% interval for a share of which n cases were observed.

    It holds each share q from which the observed one is at most 1.96 of q's own standard errors away, √(q(1 − q)/n).
    Where all cases are right it still says how many wrong ones may be left.

    Parameters
    ----------
    right : int
        How many cases were right.
    n : int
        How many there were.

    Returns
    -------
    low, high : float
        Both between 0 and 1.

    Raises
    ------
    ValueError
        If ``right`` is not between 0 and n, or if n is 0.

    Notes
    -----
    Source: Wilson, *Probable Inference, the Law of Succession, and Statistical Inference* (1927).
    """
    if n < 1 or not 0 <= right <= n:
        raise ValueError(f"{right} of {n} cases is no share; right goes from 0 to n, and n from 1")
    errors = 1.96
    centre = (right + errors**2 / 2) / (n + errors**2)
    reach = errors * math.sqrt(right * (n - right) / n + errors**2 / 4) / (n + errors**2)
    return max(0.0, centre - reach), min(1.0, centre + reach)  # rounding may leave the ends just outside


def accuracy(classifier, images, labels):
    """Return the share of images that a classifier takes for what their labels say.

    With images that a CVAE was asked to draw, and the labels that it was asked for, this is its conditional accuracy;
    with real images it says how far to trust the classifier.

    Parameters
    ----------
    classifier : keras.Model
        From uint8 images to a score for each class, such as ``weights.load("classifier")``.
    images : array, uint8 (n, 28, 28, 1)
        What to judge.
    labels : array, int (n,)
        What they should show, from 0.

    Returns
    -------
    dict of str to float
        ``accuracy``, and ``low`` and ``high``, the ends of its 95% interval (Wilson's).

    Raises
    ------
    TypeError, ValueError
        If these are no uint8 images, or if there is not one label for each.
    """
    check_labelled(images, labels)
    named = classifier.predict(images, batch_size=500, verbose=0).argmax(axis=1)
    right = int((named == labels).sum())
    low, high = wilson_interval(right, len(labels))
    return {"accuracy": right / len(labels), "low": low, "high": high}


def features(classifier, images):
    """Return what a classifier's last layer sees of each image: a space where near means alike to the classifier.

    Parameters
    ----------
    classifier : keras.Model
        From uint8 images, through a last dense layer, to a score for each class.
    images : array, uint8 (n, 28, 28, 1)
        Real or generated.

    Returns
    -------
    array, float32 (n, features)
    """
    models.check_images(images)
    body = keras.Model(classifier.inputs, classifier.layers[-1].input)
    return body.predict(images, batch_size=500, verbose=0)


def coverage(made, made_labels, real, real_labels):
    """Return the share of real images that have a generated one nearby, which a generator of few kinds cannot raise.

    Draw a ball around each real image that reaches to its fifth nearest real neighbour of the same class. The image
    counts as covered if at least one generated image of its class lies in the ball. Give about as many generated images
    of each class as real ones.

    Parameters
    ----------
    made, real : array, float (m, features) and (n, features)
        Generated and real images as ``features`` gives them. In pixels the mean image of a class, which is near
        everything, would cover much.
    made_labels, real_labels : array, int (m,) and (n,)
        What the generated images were asked to show, and what the real ones show.

    Returns
    -------
    dict of str to float
        ``coverage``, and ``perfect``, what new images of the same distribution would reach on average.

    Raises
    ------
    ValueError
        If an array of features is not of shape (n, features), if there is not one label for each of its rows, or if a
        class has no more than five real images.

    Notes
    -----
    Source: Naeem, Oh, Uh, Choi and Yoo, *Reliable Fidelity and Diversity Metrics for Generative Models* (2020). Where
    all images come from one distribution, one is left uncovered only if its five nearest neighbours are all real.
    """
    from sklearn.neighbors import NearestNeighbors

    check_encodings(made, made_labels)
    check_encodings(real, real_labels)
    covered, perfect = [], []
    for label in np.unique(real_labels):
        of_class, made_of_class = real[real_labels == label], made[made_labels == label]
        n, m = len(of_class), len(made_of_class)
        if n <= NEIGHBOURS:
            raise ValueError(f"class {label} has {n} real images; give at least {NEIGHBOURS + 1} of each class")
        reach = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(of_class).kneighbors()[0][:, -1]
        nearest = NearestNeighbors(n_neighbors=1).fit(made_of_class).kneighbors(of_class)[0][:, 0] if m else np.inf
        covered.append(nearest <= reach)
        others = n - 1 - np.arange(NEIGHBOURS)
        perfect.append(np.full(n, 1 - np.prod(others / (others + m))))
    return {"coverage": np.concatenate(covered).mean(), "perfect": np.concatenate(perfect).mean()}


def synthetic_accuracy(made, labels, test_images, test_labels, *, epochs, seed=0):
    """Train a classifier on generated images alone, and return how many real ones it gets right.

    Parameters
    ----------
    made : array, uint8 (n, 28, 28, 1)
        Generated images to learn from.
    labels : array, int (n,)
        What they were asked to show.
    test_images : array, uint8 (n_test, 28, 28, 1)
        Real images.
    test_labels : array, int (n_test,)
        What they show.
    epochs : int
        Passes over the generated images.
    seed : int
        Draws the initial weights, orders and shifts the images.

    Returns
    -------
    dict of str to float
        As ``accuracy`` gives it.

    Raises
    ------
    TypeError, ValueError
        As ``accuracy``, for either set.

    Notes
    -----
    Source: Ravuri and Vinyals, *Classification Accuracy Score for Conditional Generative Models* (2019). Read it
    against the same for as many real images.
    """
    check_labelled(made, labels)
    keras.utils.set_random_seed(seed)
    classifier = models.conv_classifier()
    training.train_classifier(classifier, made, labels, epochs=epochs, seed=seed)
    return accuracy(classifier, test_images, test_labels)
