"""What is in z: how much of the label, and how many of its dimensions are in use."""

import numpy as np


def leakage_probe(z, labels, z_test, labels_test):
    """Measure how much of the label a classifier can read off z.

    The classifier asks the nearest √n of the n points in ``z`` for their labels and lets them vote. It is free of
    randomness, and in a few dimensions hardly any classifier finds more.

    Parameters
    ----------
    z, z_test : array, float (n, latent_dim) and (n_test, latent_dim)
        Encodings, of the images that the probe learns from and of the ones that it is tested on.
    labels, labels_test : array, int (n,) and (n_test,)
        Their classes, from 0.

    Returns
    -------
    dict of str to float
        ``accuracy``, the share of test points that it gets right; ``chance``, what it gets right by always naming the
        class that is most frequent in ``labels``; ``nats``, H(y) minus its cross-entropy, a lower bound on the
        mutual information I(z; y) in nats, up to sampling error. It falls a little below zero where there is nothing to
        find. ``accuracy_error`` and ``nats_error`` are the standard errors over the test points, for this probe and
        these encoders.

    Raises
    ------
    ValueError
        If an array of encodings is not of shape (n, latent_dim), or if there is not one label for each of its rows.

    Notes
    -----
    With √n neighbours the classifier comes as near to the best possible one as you like when n grows: Stone,
    *Consistent Nonparametric Regression* (1977). Each class starts with one vote, so that no probability is zero. The
    bound: Barber and Agakov, *The IM Algorithm* (2003).
    """
    from sklearn.neighbors import NearestNeighbors

    check_encodings(z, labels)
    check_encodings(z_test, labels_test)
    neighbours = round(np.sqrt(len(z)))
    nearest = NearestNeighbors(n_neighbors=neighbours).fit(z).kneighbors(z_test, return_distance=False)
    classes = max(labels.max(), labels_test.max()) + 1
    votes = np.stack([(labels[nearest] == label).sum(axis=1) for label in range(classes)], axis=1)
    right = votes.argmax(axis=1) == labels_test
    p = (votes + 1) / (neighbours + classes)  # one vote more for each class, or a surprise could cost infinity
    p_y = np.bincount(labels_test) / len(labels_test)
    gain = np.log(p[np.arange(len(p)), labels_test]) - np.log(p_y[labels_test])
    return {
        "accuracy": right.mean(),
        "accuracy_error": right.std() / np.sqrt(len(right)),
        "chance": np.mean(labels_test == np.bincount(labels).argmax()),
        "nats": gain.mean(),
        "nats_error": gain.std() / np.sqrt(len(gain)),
    }


def check_encodings(z, labels):
    """Refuse encodings that are not one row for each label.

    Parameters
    ----------
    z : array
        Expected: shape (n, latent_dim).
    labels : array
        Expected: shape (n,), whole numbers; one-hot vectors are refused.

    Raises
    ------
    ValueError
        If a shape is another, or if the labels are no whole numbers.
    """
    if z.ndim != 2:
        raise ValueError(f"z has shape {z.shape}; give one row for each image, (n, latent_dim)")
    if labels.shape != (len(z),) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"labels came as {labels.dtype} of shape {labels.shape}; "
            f"give one whole number for each of the {len(z)} rows of z"
        )


def active_units(z_mean):
    """Tell which latent dimensions depend on the image: those whose mean has a variance above 0.01 over images.

    Parameters
    ----------
    z_mean : array, float (n, latent_dim)
        What the encoder gives for n images, in units of the prior's standard deviation.

    Returns
    -------
    array, bool (latent_dim,)
        Their sum is the number of active units.

    Raises
    ------
    ValueError
        If ``z_mean`` is not of shape (n, latent_dim), or has fewer than two rows.

    Notes
    -----
    Source: Burda, Grosse and Salakhutdinov, *Importance Weighted Autoencoders* (2015). They find the variances far
    apart, above 0.01 or well below, so that the limit hardly matters.
    """
    if z_mean.ndim != 2 or len(z_mean) < 2:
        raise ValueError(f"z_mean has shape {z_mean.shape}; give one row for each of at least two images")
    return z_mean.var(axis=0) > 0.01
