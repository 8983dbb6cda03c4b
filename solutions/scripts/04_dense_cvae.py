# ---
# jupyter:
#   jupytext:
#     cell_metadata_filter: tags,nbgrader,-all
#     notebook_metadata_filter: kernelspec,-jupytext.text_representation.jupytext_version
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exercise 04 · A dense CVAE
#
# Five graded tasks and an open one, on the objectives of [lesson 04](../notebooks/04_dense_cvae.ipynb): all digits in
# one handwriting (4.1), networks that know the label (4.2), what the conditional ELBO is made of (4.3), a fair
# comparison (4.4), and the latent map of a class (4.5). **Time:** 40 minutes.
#
# In each task, write your answer in place of the line that raises `NotImplementedError`. The cell after it shows *your
# value* beside a *property* that it should have; change that cell as you like. Then comes the check: it says at once
# what is right, or which mistake is likely and where to read. Run the cells from the top; nothing is sent anywhere.

# %%
import sys

if "google.colab" in sys.modules:  # Colab has TensorFlow already: add what it lacks, leave the rest alone
    # %pip install --quiet --no-deps pooch "cvae-course @ git+https://github.com/OWNER/cvae-course"

# %%
import math

import numpy as np

from cvae_utils import plotting, weights
from cvae_utils.checks import dense_cvae as check
from cvae_utils.data import one_hot

# %%
import keras
from keras import layers, ops

# %% [markdown]
# ## Task 4.1 · A sheet of handwriting (2 points)
#
# To compare the handwritings of a CVAE, put some digits below one another: a row for each digit, and down each column
# one style. `decode(z, y)` is the decoder of a trained model. It takes latent points of shape (n, latent_dim) and
# one-hot vectors of shape (n, 10), and returns images of shape (n, 28, 28, 1). Write `style_sheet`, which draws any
# digits in any styles. A digit may occur twice, and the latent space may have any number of dimensions. A hundred calls
# take far longer than one call for a hundred images, so call `decode` once.

# %% nbgrader={"grade": false, "grade_id": "task-4-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def style_sheet(decode, styles, digits):
    """Return images, shape (k, m, 28, 28, 1): row i shows digits[i], column j has z = styles[j].

    styles has shape (m, latent_dim); digits has shape (k,) and holds whole numbers from 0 to 9.
    """
    ### BEGIN SOLUTION
    k, m = len(digits), len(styles)
    images = decode(np.tile(styles, (k, 1)), one_hot(np.repeat(digits, m)))
    return images.reshape(k, m, 28, 28, 1)
    ### END SOLUTION


# %%
angle = np.arange(8) * np.pi / 4
styles = 1.5 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
sheet = style_sheet(weights.load("dense_cvae").decode, styles, np.array([2, 0, 4, 2]))
print("your shape:", np.shape(sheet), "    expected: (4, 8, 28, 28, 1)")
print("expected: 2, 0, 4, 2 down each column, in one handwriting, and the first and the last row alike")
plotting.show(
    plotting.image_grid(np.reshape(sheet, (-1, 28, 28, 1)), columns=len(styles), row_names=["2", "0", "4", "2 again"]),
    alt="Four rows of eight images each, for the digits 2, 0, 4 and 2; down a column the handwriting should be one.",
)

# %% nbgrader={"grade": true, "grade_id": "check-4-1", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check.style_sheet(style_sheet)

# %% [markdown]
# ## Task 4.2 · The digit and the pen (4 points)
#
# Some images show a digit in colour, each written with one of several pens. So there are two labels: the digit $y$ and
# the pen, each as a one-hot vector. Build the decoder of $p(x \mid z, y, \text{pen})$ as a Keras model.
#
# - Its inputs are $z$, $y$ and the pen, in this order.
# - Its output has the shape of one image, `shape`, such as (16, 12, 3). It is what the loss of the course wants to get
#   from a decoder.
# - A broad pen makes the *stroke* broader, and where the stroke runs is a matter of $z$. So what each label changes in
#   the output must itself depend on $z$.
#
# How many hidden layers there are, and how wide they are, is for you to choose. Small ones will do, since nothing is
# trained here. `math.prod(shape)` counts the numbers in an image. The check gives your weights random values.

# %% nbgrader={"grade": false, "grade_id": "task-4-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def two_label_decoder(latent_dim, digits, pens, shape):
    """Return a keras.Model from (z, y, pen) to an output of shape (batch, *shape).

    The inputs have shape (batch, latent_dim), (batch, digits) and (batch, pens); shape is (height, width, channels).
    """
    ### BEGIN SOLUTION
    z = keras.Input((latent_dim,), name="z")
    y = keras.Input((digits,), name="y")
    pen = keras.Input((pens,), name="pen")
    x = layers.Concatenate()([z, y, pen])
    x = layers.Dense(64, activation="relu")(x)
    x = layers.Dense(math.prod(shape))(x)
    return keras.Model((z, y, pen), layers.Reshape(shape, name="logits")(x))
    ### END SOLUTION


# %%
keras.utils.set_random_seed(0)
decoder = two_label_decoder(2, 10, 4, (16, 12, 3))
here, there = np.array([[0.5, -1.0]], "float32"), np.array([[-1.0, 2.0]], "float32")
seven, two, pencil, brush = one_hot([7]), one_hot([2]), one_hot([0], 4), one_hot([3], 4)
print("your shape:", tuple(decoder((here, seven, pencil)).shape), "    expected: (1, 16, 12, 3)")
for name, point, y, pen in (("z", there, seven, pencil), ("y", here, two, pencil), ("pen", here, seven, brush)):
    change = decoder((point, y, pen)) - decoder((here, seven, pencil))
    print(f"your largest change when only {name} changes: {float(ops.max(ops.abs(change))):.3f}    expected: not 0")
of_pen = [decoder((point, seven, brush)) - decoder((point, seven, pencil)) for point in (here, there)]
apart = float(ops.max(ops.abs(of_pen[0] - of_pen[1])))
print(f"what your pen changes here and there differs by {apart:.3f}    expected: not 0")

# %% nbgrader={"grade": true, "grade_id": "check-4-2", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check.two_label_decoder(two_label_decoder)

# %% [markdown]
# ## Task 4.3 · Find the bug: the same picture, other losses (3 points)
#
# This loss was found in a notebook on CVAEs. Its data pipeline writes the pixels of an image and its one-hot label into
# one row `xy`, the label last. Encoder and loss both get that row, and the decoder's `logits` have the same shape.
# Below, three decoders draw exactly the same picture from the same $z$, and are told the same label.

# %% nbgrader={"grade": false, "grade_id": "given-4-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
def buggy_loss(xy, logits, z_mean, z_log_var):
    each = np.logaddexp(0, logits) - xy * logits
    reconstruction = xy.shape[1] * each.mean(axis=1)
    kl = 0.5 * np.sum(np.exp(z_log_var) + z_mean**2 - 1 - z_log_var, axis=1)
    return reconstruction + kl


rng = np.random.default_rng(0)
xy = np.concatenate([rng.random((1, 784)), one_hot([7])], axis=1)
z_mean, z_log_var = np.array([[0.5, -1.0]]), np.array([[-4.0, -4.0]])
picture = rng.standard_normal((1, 784))
decoders = {
    name: np.concatenate([picture, rest], axis=1)
    for name, rest in {"A": one_hot([7]) * 20 - 10, "B": np.zeros((1, 10)), "C": one_hot([1]) * 20 - 10}.items()
}
for name, logits in decoders.items():
    print(f"decoder {name}: loss {buggy_loss(xy, logits, z_mean, z_log_var)[0]:.3f}")

# %% [markdown]
# As models of the image, given its label, the three are equally good. Write `mended_loss`, the negative ELBO of
# $\log p(x \mid y)$ for each image. Images may have any number of pixels, and there may be any number of classes.

# %% nbgrader={"grade": false, "grade_id": "task-4-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mended_loss(xy, logits, z_mean, z_log_var, classes):
    """Return the loss of each image in nats, shape (batch,).

    xy and logits have shape (batch, pixels + classes), z_mean and z_log_var have shape (batch, latent_dim).
    """
    ### BEGIN SOLUTION
    of_pixels = (np.logaddexp(0, logits) - xy * logits)[:, :-classes]
    to_prior = 0.5 * (np.exp(z_log_var) + z_mean**2 - 1 - z_log_var)
    return of_pixels.sum(axis=1) + to_prior.sum(axis=1)
    ### END SOLUTION


# %%
for name, logits in decoders.items():
    print(f"decoder {name}: your loss {mended_loss(xy, logits, z_mean, z_log_var, 10)[0]:.3f}")
print("expected: the same three times")
nothing = np.zeros((1, 2))
print(f"your loss for logits of 0, encoded as the prior: {mended_loss(xy, 0 * xy, nothing, nothing, 10)[0]:.3f}")
print(f"expected: {784 * np.log(2):.3f}, all 784 pixels at even odds")

# %% nbgrader={"grade": true, "grade_id": "check-4-3", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.mended_loss(mended_loss)

# %% [markdown]
# ## Task 4.4 · What is left of the lead (3 points)
#
# A VAE and a CVAE were trained on letters, where an e is far more frequent than an x. The CVAE's loss is lower, but it
# was told the label. To compare it with the VAE it has to say the label, too, and this costs $-\log p(y)$ nats for each
# image.
#
# In the lesson $p(y)$ was the same for all classes. Here it is not: $p(y)$ is the share of the class, and like every
# part of a model it is learned from the training images. Both losses are means over the test images, and so is what the
# labels cost. Write `fair_gain`: by how many nats per image is the CVAE ahead when its labels are paid for? Not every
# number below the highest label has to occur as a label. Each class of the test images occurs among the training
# images.

# %% nbgrader={"grade": false, "grade_id": "task-4-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def fair_gain(vae_loss, cvae_loss, train_labels, test_labels):
    """Return one number, above 0 if the CVAE is ahead; the losses are numbers, the labels whole numbers, shape (n,)."""
    ### BEGIN SOLUTION
    share = np.bincount(train_labels) / len(train_labels)
    price = -np.log(share[test_labels]).mean()
    return vae_loss - (cvae_loss + price)
    ### END SOLUTION


# %% tags=["nbval-check-output"]
all_alike, coin, one_in_four = np.array([3, 3, 3, 3]), np.array([1, 2, 1, 2]), np.array([5, 5, 0, 5])
for name, value, price in (
    ("only one class", fair_gain(150.0, 140.0, all_alike, all_alike), 0),
    ("two equal classes", fair_gain(150.0, 140.0, coin, coin), np.log(2)),
    ("only the rarer of two classes tested", fair_gain(150.0, 140.0, one_in_four, np.array([0, 0])), np.log(4)),
):
    print(f"{name}: of a lead of 10 nats you leave {value:.3f}, expected: {10 - price:.3f}")

# %% nbgrader={"grade": true, "grade_id": "check-4-4", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.fair_gain(fair_gain)

# %% [markdown]
# ## Task 4.5 · The cloud of a class (2 points)
#
# The prior says that $z$ looks the same for every label: mean 0 and variance 1 in each dimension. Does the encoder keep
# to it? The map of the lesson cannot quite say so, because it shows `z_mean`, one point for each image, and the decoder
# gets $z$. So take the cloud of $z$ itself: choose one of the images of a class at random, each equally likely, and
# draw $z$ from its Gaussian $q(z \mid x, y)$. What mean and what variance does such a $z$ have? Write `class_cloud`,
# which computes both exactly, without drawing anything.

# %% nbgrader={"grade": false, "grade_id": "task-4-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def class_cloud(z_mean, z_log_var, labels, label):
    """Return (mean, variance) of z over the images with this label, each of shape (latent_dim,).

    z_mean and z_log_var have shape (n, latent_dim), labels has shape (n,).
    """
    ### BEGIN SOLUTION
    of_class = labels == label
    centres, variances = z_mean[of_class], np.exp(z_log_var[of_class])
    return centres.mean(axis=0), centres.var(axis=0) + variances.mean(axis=0)
    ### END SOLUTION


# %% tags=["nbval-check-output"]
kinds = np.array([0, 0, 1])  # two images of class 0, and one of another class
for name, means, log_variances in (
    ("says nothing", [[0.0, 0.0], [0.0, 0.0], [9.0, 9.0]], [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]),
    ("is sure, at -1 and at 1", [[-1.0, 1.0], [1.0, -1.0], [9.0, 9.0]], [[-30.0, -30.0], [-30.0, -30.0], [0.0, 0.0]]),
):
    mean, variance = class_cloud(np.array(means), np.array(log_variances), kinds, label=0)
    print(f"an encoder that {name}: your mean {np.round(mean, 3) + 0.0}, your variance {np.round(variance, 3)}")
print("expected: the mean and the variance of the prior, both times")

# %% nbgrader={"grade": true, "grade_id": "check-4-5", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check.class_cloud(class_cloud)

# %% [markdown]
# ## Open task · More room
#
# "A CVAE reconstructs better" may be a statement about a bottleneck. Train a VAE and a CVAE of lesson 04 on
# `data.load("auto")` with two latent dimensions, and both again with twenty, for as many epochs as in the lesson.
# Predict first: how much of the CVAE's lead will be left, and in which of the two terms of the loss? Compare fairly, on
# the validation images. Then say what lead two perfect models would have. Write your answer in the cell below, and code
# in new cells after it.

# %% [markdown] nbgrader={"grade": true, "grade_id": "open-4", "locked": false, "points": 0, "schema_version": 3, "solution": true, "task": false}
# `models.dense_vae(latent_dim=20)` and `models.dense_cvae(latent_dim=20)` are the two models, `training.train` trains
# them, and `fair_gain` compares their validation losses.
#
# Two dimensions: the CVAE is ahead by much more than the price of the label, mostly in the reconstruction. Twenty
# dimensions: the two reconstructions are nearly the same, because there is room for style and class. What is left of
# the lead is KL: the VAE still has to say in $z$ which digit it is, and pays for it there. The price of the label takes
# half of that or more. In our runs, on MNIST and on the digits of scikit-learn, a small lead stayed even then.
#
# Perfect models have the $p(x)$ and the $p(x \mid y)$ of the data itself, with no gap in their bounds. For them
# $p(x)\, p(y \mid x) = p(x \mid y)\, p(y)$, and so $-\log p(x) = -\log p(x \mid y) - \log p(y) + \log p(y \mid x)$. The
# lead, with the label paid for, is the mean of $\log p(y \mid x)$, which is never above 0: to say an image and its
# label cannot be cheaper than to say the image. A lead above 0 means that the VAE is worse than it could be, in its
# networks or in its bound.
#
# What to look for in an answer: nats of validation images, both models trained alike, the label paid for, the two terms
# looked at apart, and more than one seed before a small difference is believed.
