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
# # Exercise 07 · A convolutional CVAE
#
# Five graded tasks and an open one, on the objectives of [lesson 07](../notebooks/07_conv_cvae.ipynb): the label as
# planes (7.1) and by feature-wise scaling (7.2), what each way costs in weights (7.3), whether a digit is the one that
# was asked for (7.4), and what runs of two designs show, those of the ladder among them (7.5). **Time:** 40 minutes.
#
# In each task, write your answer in place of the line that raises `NotImplementedError`. The cell after it shows *your
# value* beside a *property* that it should have; change that cell as you like. Then comes the check: it says at once
# what is right, or which mistake is likely and where to read. Run the cells from the top; nothing is sent anywhere.

# %%
import sys

if "google.colab" in sys.modules:  # Colab has TensorFlow already: add what it lacks, leave the rest alone
    # %pip install --quiet --no-deps pooch "cvae-course @ git+https://github.com/OWNER/cvae-course"

# %%
import numpy as np

from cvae_utils import weights
from cvae_utils.checks import conv_cvae as check

# %% [markdown]
# ## Task 7.1 · Planes for any feature map (2 points)
#
# The lesson's planes were made of Keras layers, for square maps and ten classes. Write them in NumPy, joined to a
# feature map from the middle of any network: of any height and width, and with any number of channels and classes.
# Behind the channels of the features comes one plane for each class. It holds, at every pixel of an image, the number
# that the image's label has for this class. Often that is 1 or 0, but a label may also be a blend, as in lesson 05.

# %% nbgrader={"grade": false, "grade_id": "task-7-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def with_planes(features, y):
    """Return (batch, height, width, channels + classes) from (batch, height, width, channels) and (batch, classes)."""
    ### BEGIN SOLUTION
    planes = np.broadcast_to(y[:, None, None, :], (*features.shape[:3], y.shape[1]))
    return np.concatenate([features, planes], axis=-1)
    ### END SOLUTION


# %% tags=["nbval-check-output"]
blank = np.zeros((2, 3, 5, 4))  # two maps of 3 by 5 pixels and 4 channels
joined = np.array(with_planes(blank, np.array([[0.0, 1.0], [0.25, 0.75]])))
print("your shape:", joined.shape, "    expected: (2, 3, 5, 6)")
print("your last pixels:", joined[:, -1, -1].tolist(), "    expected: four zeros and the label, for each image")
print("your sum over the pixels:", joined.sum(axis=(1, 2))[:, 4:].tolist(), "    expected: 3 · 5 times the labels")

# %% nbgrader={"grade": true, "grade_id": "check-7-1", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check.with_planes(with_planes)

# %% [markdown]
# ## Task 7.2 · Scaling that starts from nothing (3 points)
#
# In the lesson the scales of a fresh network were one, because a bias started there. Another way is to learn what is
# added to one:
#
# $$\mathrm{film}(h, y)_c = (1 + s_{y,c})\, h_c + t_{y,c}$$
#
# Here $h_c$ is channel $c$ of the features, and $s$ and $t$ are two tables with a row for each class and a column for
# each channel. Where both hold zeros, the label changes nothing. Weight decay pulls all weights to zero, and so pulls
# this network to one that ignores the label.
#
# Write it in NumPy. The labels are class numbers, one for each image. The features may be a map, of shape
# (batch, height, width, channels), or come from a dense layer and have the shape (batch, channels).

# %% nbgrader={"grade": false, "grade_id": "task-7-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def modulate(features, labels, scale, shift):
    """Return an array of the features' shape; labels has shape (batch,), the tables s and t (classes, channels)."""
    ### BEGIN SOLUTION
    shape = (len(features), *[1] * (features.ndim - 2), features.shape[-1])
    return features * (1 + scale[labels].reshape(shape)) + shift[labels].reshape(shape)
    ### END SOLUTION


# %% tags=["nbval-check-output"]
h = np.arange(8.0).reshape(1, 2, 2, 2)
s, t = np.zeros((2, 3, 2))  # two tables for three classes and two channels
s[1], t[1] = [-1, 0], [0, 10]
for label in (1, 2):
    value = np.array(modulate(h, np.array([label]), s, t))
    print(f"your value for class {label}: first channel {value[..., 0].ravel()}, second {value[..., 1].ravel()}")
print(f"expected for class 1: zeros, and 10 more than {h[..., 1].ravel()}; for class 2: h, unchanged")

# %% nbgrader={"grade": true, "grade_id": "check-7-2", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.modulate(modulate)

# %% [markdown]
# ## Task 7.3 · What does the label cost? (3 points)
#
# Take an encoder of several convolutions, a flattening and a dense layer. It gets the label in one of three ways, which
# are not all built as in the lesson:
#
# * `"planes"`: planes for all classes are joined to the input of *every* convolution;
# * `"embedding"`: a table without bias has `entries` numbers for each class, and these are joined to the input of the
#   dense layer;
# * `"scaling"`: behind every convolution and behind the dense layer comes `modulate` of Task 7.2, each time with two
#   tables of its own.
#
# How many more weights does the network have than without a label? Write the count for any sizes. Convolution $i$ has a
# kernel of `kernel_sizes[i]` by `kernel_sizes[i]` and gives `channels[i]` channels.

# %% nbgrader={"grade": false, "grade_id": "task-7-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def label_weights(way, classes, kernel_sizes, channels, units, entries):
    """Return a number; kernel_sizes and channels are lists, the dense layer has that many units."""
    ### BEGIN SOLUTION
    if way == "planes":
        return classes * sum(size**2 * filters for size, filters in zip(kernel_sizes, channels, strict=True))
    if way == "embedding":
        return classes * entries + entries * units
    return 2 * classes * (sum(channels) + units)
    ### END SOLUTION


# %% tags=["nbval-check-output"]
from keras import layers


def count(layer, *shape_of_an_input):
    layer.build((None, *shape_of_an_input))
    return layer.count_params()


planes = count(layers.Conv2D(8, 3), 9, 9, 1 + 10) - count(layers.Conv2D(8, 3), 9, 9, 1)
embedding = count(layers.Embedding(10, 4)) + count(layers.Dense(6), 20 + 4) - count(layers.Dense(6), 20)
print("your planes before one convolution:", label_weights("planes", 10, [3], [8], 6, 4), "    Keras counts", planes)
print("your embedding:", label_weights("embedding", 10, [3], [8], 6, 4), "    Keras counts", embedding)
for classes in (10, 1000):
    lesson = {way: label_weights(way, classes, [5, 3, 3], [16, 32, 64], 128, 16) for way in check.label_weights.ways}
    print(f"your numbers for the lesson's encoder and {classes} classes:", lesson)
print("expected: a hundred times as many with 1,000 classes, but for one way. Why not for that one?")

# %% nbgrader={"grade": true, "grade_id": "check-7-3", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.label_weights(label_weights)

# %% [markdown]
# ## Task 7.4 · Which digits can it draw? (3 points)
#
# One share for all digits hides a digit that fails. But of one digit there are few images. If all 50 of them are
# recognised, the lesson's formula gives 100% ± 0%, as if nothing could go wrong any more.
#
# Turn the question round. Suppose that the true share of a class is $q$. Then the observed share $p$ of $n$ images lies
# within 1.96 standard errors of $q$ in about 95% of all cases, and the standard error is that of $q$. *Wilson's
# interval* holds each $q$ between 0 and 1 for which the observed share would be no surprise:
#
# $$|p - q| \le 1.96\, \sqrt{\frac{q\,(1 - q)}{n}}$$
#
# Write a function that gives, for each class that was asked for, the share $p$ of its images that were recognised as
# it, and both ends of this interval. Squared, the condition is a quadratic one in $q$. Or try out a fine grid of values
# of $q$: an error of 0.001 is allowed. Each class is asked for at least once.

# %% nbgrader={"grade": false, "grade_id": "task-7-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def recognised_shares(asked, recognised, classes):
    """Return (classes, 3): share, lower end, upper end; asked and recognised are class numbers, shape (images,)."""
    ### BEGIN SOLUTION
    q = np.linspace(0, 1, 10_001)
    rows = []
    for label in range(classes):
        right = recognised[asked == label] == label
        p = right.mean()
        possible = q[(p - q) ** 2 <= 1.96**2 * q * (1 - q) / len(right)]
        rows.append([p, possible.min(), possible.max()])
    return np.array(rows)
    ### END SOLUTION


# %%
asked, recognised = np.repeat([0, 1], [50, 20]), np.repeat([0, 1], [60, 10])  # 50 of 50, and 10 of 20
for label, (p, *ends) in enumerate(recognised_shares(asked, recognised, 2)):
    q, n = np.array(ends), np.sum(asked == label)
    print(f"your share of class {label}: {p:.3f}, your interval: {q[0]:.3f} to {q[1]:.3f}")
    print("   distance of its lower end in standard errors:", np.round((p - q[0]) / np.sqrt(q[0] * (1 - q[0]) / n), 2))
print("expected: class 0 from below 1 to 1, class 1 equally far to both sides of ½; distances of 1.96, or close by")

# %% nbgrader={"grade": true, "grade_id": "check-7-4", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.recognised_shares(recognised_shares)

# %% [markdown]
# ## Task 7.5 · Find the bug: the better design (3 points)
#
# Two designs were trained several times. Run $i$ of both had the same seed, which also drew the images that were held
# out for validation. So `losses_a[i]` and `losses_b[i]` are losses on the same images. This function was to say how much
# lower b's loss is, how sure that is, and whether b is better.

# %% nbgrader={"grade": false, "grade_id": "given-7-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
def buggy_comparison(losses_a, losses_b):
    difference = min(losses_a) - min(losses_b)
    error = np.sqrt(np.var(losses_a) + np.var(losses_b))
    return difference, error, difference > 0


rng = np.random.default_rng(0)
images = rng.normal(0, 2, 8)  # the held-out images are hard with one seed and easy with another
a, b = 130 + images + rng.normal(0, 0.1, 8), 129.5 + images + rng.normal(0, 0.1, 8)
print("eight runs, a minus b:", np.round(a - b, 1))
print("found: {:.2f} ± {:.2f}".format(*buggy_comparison(a, b)))

same = rng.normal(130, 1, (1000, 2, 30))  # 1,000 times 30 runs of a design and 30 more runs of the same design
wins = np.mean([buggy_comparison(*runs)[2] for runs in same])
print(f"a design against itself: the second is better in {wins:.0%} of the cases")
for n in (5, 5000):
    print(f"error with {n} runs: {buggy_comparison(*rng.normal(130, 1, (2, n)))[1]:.2f}")

# %% [markdown]
# Each of its three lines has a mistake, or more than one. Write `mended_comparison`, which returns
#
# * by how much b's loss is lower than a's in the mean, so that a negative number says that a is better;
# * the standard error of this number, which tells how far it may be off because the runs are few;
# * whether the two designs differ for sure: whether the first number is more than two of the second away from zero.
#
# Two standard errors are a rule of thumb. With three runs chance gets there more often than with thirty.

# %% nbgrader={"grade": false, "grade_id": "task-7-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mended_comparison(losses_a, losses_b):
    """Return (difference, error, sure) from two arrays of shape (runs,); run i of both had the same seed."""
    ### BEGIN SOLUTION
    each = losses_a - losses_b
    difference, error = each.mean(), each.std(ddof=1) / np.sqrt(len(each))
    return difference, error, abs(difference) > 2 * error
    ### END SOLUTION


# %%
print("your value for the eight runs: {:.2f} ± {:.2f}, sure: {}".format(*mended_comparison(a, b)))
print("expected: about the same as in each of the eight, and sure")
for n in (3, 30):
    found = np.mean([mended_comparison(*runs[:, :n])[2] for runs in same])
    print(f"your share of differences found where there is none, {n} runs: {found:.0%}")
print("expected: about 5% with 30 runs, and more with 3")
ladder = {
    name: np.array([run["loss"] for run in weights.describe(name)["runs"]])
    for name in ("dense_vae", "conv_vae", "dense_cvae", "conv_cvae")
}
for one, other in (("dense_vae", "conv_vae"), ("dense_cvae", "conv_cvae")):
    difference, error, sure = mended_comparison(ladder[one], ladder[other])
    print(f"your verdict on the ladder: {other} is lower than {one} by {difference:.2f} ± {error:.2f}, sure: {sure}")
print("expected: what the lesson says of these two steps, below its table")

# %% nbgrader={"grade": true, "grade_id": "check-7-5", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.mended_comparison(mended_comparison)

# %% [markdown]
# ## Open task · A fourth way
#
# Think of a fourth way to give the label to the networks of the lesson's section 2. Say what it can do that one of the
# three cannot, and predict whether that helps. Count by hand what it costs. Then compare it with that one of the three,
# by the budget of the lesson's section 3, with several seeds and `mended_comparison`. What does your result show, and
# what not? A run takes as long as one of the lesson's, whose networks you copy from there. Write your answer in the
# cell below, and code in new cells after it.

# %% [markdown] nbgrader={"grade": true, "grade_id": "open-7", "locked": false, "points": 0, "schema_version": 3, "solution": true, "task": false}
# One way: keep the planes in the encoder. In the decoder, add to the first map a map that is learned for each class,
# `x + Reshape((7, 7, 16))(Dense(7 * 7 * 16, use_bias=False)(y))`. A constant plane says the same everywhere. A learned
# map can also say *where*: it can put a mean four in its place, which the layers behind it change. It costs
# $10 \cdot 7 \cdot 7 \cdot 16$ weights, the planes that it replaces $10 \cdot 3 \cdot 3 \cdot 32$. Prediction: a little
# better than planes, and worse than scaling, since the label comes just as late.
#
# Tried on MNIST, with planes and with scaling beside it: with each of the first three seeds the learned maps were better
# than the planes, and `mended_comparison` was sure. With the next two seeds they were worse by several nats, and nothing
# was sure any more: this design seems to depend on luck more than the other two. Scaling was better than both with every
# seed. So at this place the other form could not be shown to help. A longer training may change that.
#
# What to look for in an answer: a prediction made before the run, a count that Keras confirms, the same budget and the
# same seeds for both designs, a difference with its standard error, and no claim beyond these. "No difference could be
# shown" is a good answer, too.
