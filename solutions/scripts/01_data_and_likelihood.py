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
# # Exercise 01 · Data and likelihood
#
# Four graded tasks and an open one, on the objectives of [lesson 01](../notebooks/01_data_and_likelihood.ipynb): the parts
# of a data set (1.1), one-hot labels (1.2), the log-likelihood from logits (1.3), and baselines (1.4). **Time:** 30 minutes.
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

from cvae_utils.checks import data_and_likelihood as check

# %% [markdown]
# ## Task 1.1 · Two parts of one data set (3 points)
#
# Some data sets come without a validation part, and sorted by label. Write `split`, which shuffles images and labels and
# cuts them in two. `held_out` images go into the second part, all others into the first. The `seed` decides the order: the
# same seed gives the same parts. The arrays that were handed in stay as they are.

# %% nbgrader={"grade": false, "grade_id": "task-1-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def split(images, labels, held_out, seed):
    """Return ((train_images, train_labels), (validation_images, validation_labels))."""
    ### BEGIN SOLUTION
    order = np.random.default_rng(seed).permutation(len(images))
    train, validation = order[:-held_out], order[-held_out:]
    return (images[train], labels[train]), (images[validation], labels[validation])
    ### END SOLUTION


# %%
letters, numbers = np.array(list("aaabbbccc")), np.arange(9)
(train, train_numbers), (validation, validation_numbers) = split(letters, numbers, held_out=3, seed=0)
print("your parts:", "".join(train), "and", "".join(validation), "    expected: six letters and three, in some order")
print("your labels:", train_numbers, validation_numbers, "    expected: 0, 1, 2 with a; 3, 4, 5 with b; 6, 7, 8 with c")

# %% nbgrader={"grade": true, "grade_id": "check-1-1", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.split(split)

# %% [markdown]
# ## Task 1.2 · Find the bug: a batch without nines (2 points)
#
# This function was found in a tutorial, which calls one-hot vectors "vectors of dimension $K - 1$". It worked on the whole
# training set, or seemed to, and then a network refused one batch.

# %% nbgrader={"grade": false, "grade_id": "given-1-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
def buggy_one_hot(labels):
    return np.float32(labels[:, None] == np.arange(labels.max()))


print("labels 0, 1, 2:", buggy_one_hot(np.array([0, 1, 2])).tolist())
print("labels 3, 9, 1:", buggy_one_hot(np.array([3, 9, 1])).shape)

# %% [markdown]
# There are two mistakes in its only line. Write `mended_one_hot`, which is told how many classes there are.

# %% nbgrader={"grade": false, "grade_id": "task-1-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mended_one_hot(labels, classes):
    """Return float32 vectors of shape (len(labels), classes)."""
    ### BEGIN SOLUTION
    return np.float32(labels[:, None] == np.arange(classes))
    ### END SOLUTION


# %%
print("your shapes:", mended_one_hot(np.array([0, 1, 2]), 10).shape, mended_one_hot(np.array([3, 9, 1]), 10).shape)
print("expected: the same twice")

# %% nbgrader={"grade": true, "grade_id": "check-1-2", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check.mended_one_hot(mended_one_hot)

# %% [markdown]
# ## Task 1.3 · The pixels that were seen (3 points)
#
# A scanner lost some pixels of each image. Whether a model explains the image is to be judged by the others alone:
#
# $$\sum_{i\,:\,m_i = 1} \log p(x_i), \qquad p(x_i) = \mu_i^{x_i} (1 - \mu_i)^{1 - x_i}, \qquad \mu_i = \mathrm{sigmoid}(\ell_i)$$
#
# Here $x_i$ is a pixel between 0 and 1, $\ell_i$ its logit, and $m_i$ is 1 where the pixel was seen and 0 where it was
# not. Write it for a batch, one number for each image, in NumPy. It must stay finite for logits of any size.
# `np.logaddexp(0, a)` is softplus.

# %% nbgrader={"grade": false, "grade_id": "task-1-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def masked_log_likelihood(x, logits, mask):
    """Return the log-likelihood of the seen pixels, shape (batch,); all arguments are (batch, height, width, 1)."""
    ### BEGIN SOLUTION
    each = x * logits - np.logaddexp(0, logits)
    return (mask * each).sum(axis=(1, 2, 3))
    ### END SOLUTION


# %%
ink, sure = np.ones((2, 4, 4, 1)), np.full((2, 4, 4, 1), 1000.0)
half_seen = np.zeros((2, 4, 4, 1))
half_seen[:, :2] = 1
print(
    "your value for logits of 0:",
    masked_log_likelihood(ink, 0 * sure, half_seen),
    "    expected: 8 pixels of log ½ each",
)
print("your value where ink was certain:", masked_log_likelihood(ink, sure, half_seen), "    expected: 0, no surprise")
print(
    "your value where paper was certain:", masked_log_likelihood(ink, -sure, half_seen), "    expected: finite and bad"
)

# %% nbgrader={"grade": true, "grade_id": "check-1-3", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.masked_log_likelihood(masked_log_likelihood)

# %% [markdown]
# ## Task 1.4 · Baselines for any data set (4 points)
#
# Somebody shows you a model of their own images, with its loss in nats. To judge it you need two baselines: the loss of
# the mean image, and the loss of the mean image of the class. Write a function that gives both. Pixels without ink in all
# training images must not make a loss infinite: count one more image, which is half black everywhere, as in the lesson, once
# for the mean image and once for each class. Labels count from 0, and every class occurs among the training images.

# %% nbgrader={"grade": false, "grade_id": "task-1-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def baseline_losses(images, labels, test_images, test_labels):
    """Return the two losses on the test images, in nats per image. Images are uint8 of shape (n, height, width, 1)."""

    ### BEGIN SOLUTION
    def mean_ink(some):
        return (some.reshape(len(some), -1).sum(axis=0) / 255 + 0.5) / (len(some) + 1)

    def loss(mu):
        x = test_images.reshape(len(test_images), -1) / 255
        return -np.mean(np.sum(x * np.log(mu) + (1 - x) * np.log(1 - mu), axis=1))

    class_means = np.stack([mean_ink(images[labels == label]) for label in range(labels.max() + 1)])
    return loss(mean_ink(images)), loss(class_means[test_labels])
    ### END SOLUTION


# %%
black_and_white = np.repeat(np.uint8([0, 255]), 50).reshape(100, 1, 1, 1) * np.ones((1, 4, 4, 1), "uint8")
kind = np.repeat(np.uint8([0, 1]), 50)
of_mean_image, of_class_means = baseline_losses(black_and_white, kind, black_and_white, kind)
print(f"your losses: {of_mean_image:.3f} and {of_class_means:.3f}")
print(f"expected: {16 * np.log(2):.3f}, all pixels at even odds; and nearly 0, since the label says everything")

# %% nbgrader={"grade": true, "grade_id": "check-1-4", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check.baseline_losses(baseline_losses)

# %% [markdown]
# ## Open task · A baseline of your own
#
# Think of a model without a network that beats the class means, train it on the training images of
# `data.load("auto")`, and give its loss on the validation images. Say what it knows that a class mean does not. Is the
# loss that you give an honest result? Write your answer in the cell below, and code in new cells after it.

# %% [markdown] nbgrader={"grade": true, "grade_id": "open-1", "locked": false, "points": 0, "schema_version": 3, "solution": true, "task": false}
# One way: several means for each class, found by `sklearn.cluster.KMeans` on the images of the class, mixed with the
# share of images that fell to each. It knows that a seven comes with a bar and without. The loss of an image is
# $-\log \sum_k \pi_k\, p(x \mid k)$ over the means of its class, computed with `np.logaddexp.reduce`. Each mean has the
# half-black image counted in, and so a mean of few images is a poor one: the loss rises again when there are too many
# means. Their number is chosen on the validation images. So the loss on these is no honest result any more; that needs
# the test images, once.
#
# What to look for in an answer: a loss in nats, pixels summed, means from training images only, and a reason for the
# gain.
