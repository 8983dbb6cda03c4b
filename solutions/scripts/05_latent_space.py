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
# # Exercise 05 · Exploring the latent space
#
# Five graded tasks and an open one, on the objectives of [lesson 05](../notebooks/05_latent_space.ipynb): carry a style
# over (5.1) and measure how much of it arrives (5.2), walk between two images (5.3), deal with a label that is not
# one-hot (5.4), and probe $z$ with error bars (5.5). **Time:** 40 minutes.
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

from cvae_utils import plotting, weights
from cvae_utils.checks import latent_space as check
from cvae_utils.data import one_hot

cvae = weights.load("dense_cvae")

# %% [markdown]
# ## Task 5.1 · A number in somebody's hand (3 points)
#
# Somebody left a few handwritten digits, and a number has to be written in the same hand. One digit shows a hand only
# roughly. So take the mean of `z_mean` over all of them, and decode it with each digit of the number.
#
# `encode(images, y)` and `decode(z, y)` are those of any conditional model, called as in the lesson: the first gives
# `z_mean` and `z_log_var`, the second pixel means.

# %% nbgrader={"grade": false, "grade_id": "task-5-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def write(encode, decode, images, labels, text):
    """Return images of the digits in text, shape (m, 28, 28, 1), in the hand of the given images.

    images: uint8 (n, 28, 28, 1); labels: the digits that they show, (n,); text: the digits to write, (m,).
    """
    ### BEGIN SOLUTION
    z_mean, _ = encode(images, one_hot(labels))
    hand = z_mean.mean(axis=0, keepdims=True)
    return decode(np.repeat(hand, len(text), axis=0), one_hot(text))
    ### END SOLUTION


# %% [markdown]
# To try it, let the trained CVAE itself write a sample at a latent point that we choose. Your number should look as if
# it had been decoded from that point.

# %%
sample, number = np.array([2, 7, 1, 8, 4]), np.arange(10)
chosen, elsewhere = np.array([[1.2, -0.6]]), np.array([[-1.2, 0.6]])
images = np.uint8(255 * cvae.decode(np.repeat(chosen, 5, axis=0), one_hot(sample)))
yours = np.asarray(write(cvae.encode, cvae.decode, images, sample, number))
for point, expected in ((chosen, "little"), (elsewhere, "several times as much")):
    other = cvae.decode(np.repeat(point, 10, axis=0), one_hot(number))
    apart = np.abs(yours - other).sum() / len(number)
    print(f"your digits differ from those at z = {point[0].tolist()} by {apart:5.1f} in ink    expected: {expected}")
plotting.show(
    plotting.image_grid(np.concatenate([images / 255, yours]), columns=5, row_names=["sample", "yours", ""]),
    alt="Above, a sample of five digits in one hand. Below, the digits 0 to 9 as your function wrote them.",
)

# %% nbgrader={"grade": true, "grade_id": "check-5-1", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.write(write)

# %% [markdown]
# ## Task 5.2 · Find the bug: a decoder that deserves nothing (3 points)
#
# A correlation says how evenly a property is carried over, and not how much of it: if a tenth of each slant arrives,
# the correlation is 1. The *share* that arrives is a slope: by how much the slant of the transfer grows when that of
# the image grows by one, among images of the same digit. A share of 1 means that all of it arrives, 0 that nothing
# does, and below 0 that it arrives mirrored.
#
# The function below takes the slants of some images and of their transfers, with the digits of both. Somebody praised a
# model by it. Below it are slants that we invented, so that the right answers are known. Each digit has a slant of its
# own, and the images of a digit scatter around it. Each 0 is transferred to a 1 and each 1 to a 0, each 2 to a 3 and so
# on.

# %% nbgrader={"grade": false, "grade_id": "given-5-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
def buggy_share(before, after, labels, new_labels):
    slope, _ = np.polyfit(before, after, deg=1)
    return slope


rng = np.random.default_rng(0)
labels = rng.integers(0, 10, 500)
new_labels = labels ^ 1  # 0 and 1 change places, 2 and 3, ...
own_slant = np.arange(10) / 10
before = own_slant[labels] + rng.normal(0, 0.1, 500)
blind = own_slant[new_labels]  # a decoder that never looks at z
print(f"a decoder that never looks at z: {buggy_share(before, blind, labels, new_labels):.2f}    expected: 0")
half = blind + (before - own_slant[labels]) / 2
print(f"one that carries over a half:    {buggy_share(before, half, labels, new_labels):.2f}    expected: 0.5")

# %% [markdown]
# Write `mended_share`. It has to be right whatever the mean slants are, and wherever the images of a digit go: to one
# other digit or to several. If you get several shares on the way, average them; in the check they agree, so any average
# will do. Where images of one digit go to another, there are at least four of them.

# %% nbgrader={"grade": false, "grade_id": "task-5-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mended_share(before, after, labels, new_labels):
    """Return the share of a property that arrives, a number; all arguments have shape (n,), an entry for each image."""
    ### BEGIN SOLUTION
    pairs = 10 * labels + new_labels
    slopes = [np.polyfit(before[pairs == pair], after[pairs == pair], deg=1)[0] for pair in np.unique(pairs)]
    return np.mean(slopes)
    ### END SOLUTION


# %% tags=["nbval-check-output"]
for share in (0, 0.5, 1, -0.5):
    after = own_slant[new_labels] + share * (before - own_slant[labels])
    yours = np.round(mended_share(before, after, labels, new_labels), 2) + 0
    print(f"your value: {yours:5.2f}    expected: {share:5.2f}")

# %% nbgrader={"grade": true, "grade_id": "check-5-2", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.mended_share(mended_share)

# %% [markdown]
# ## Task 5.3 · Find the bug: a film of one digit (2 points)
#
# This function makes a film of a digit that changes its style, from the latent point `z_a` to `z_b` along a straight
# line. Code like it is easy to find. There are two mistakes in it, and the lines below it show what comes of each.

# %% nbgrader={"grade": false, "grade_id": "given-5-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
def buggy_path(decode, z_a, z_b, y, steps):
    images = []
    for i in range(steps):
        t = i / steps
        z = (1 - t) * z_a + t * z_b
        images.append(decode(z[None], y[None])[0])
    return np.stack(images)


def report(make_path, steps):
    calls = []

    def decode(z, y):
        calls.append(z)
        return cvae.decode(z, y)

    path = np.asarray(make_path(decode, z_a, z_b, seven, steps))
    for name, image, z in (("first", path[0], z_a), ("last", path[-1], z_b)):
        apart = np.abs(image - cvae.decode(z[None], seven[None])[0]).sum()
        print(f"the {name} image is {apart:.1f} in ink away from where it should be    expected: 0.0")
    print(f"images: {len(path)}    calls of the decoder: {len(calls)}")
    return path


z_a, z_b, seven = np.array([-1.5, 0.5]), np.array([1.5, -0.5]), one_hot(7)
film = report(buggy_path, steps=64)

# %% [markdown]
# Write `mended_path`.

# %% nbgrader={"grade": false, "grade_id": "task-5-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mended_path(decode, z_a, z_b, y, steps):
    """Return the images of the path, (steps, 28, 28, 1); z_a and z_b have shape (d,), y is one-hot, shape (10,)."""
    ### BEGIN SOLUTION
    z = np.linspace(z_a, z_b, steps)
    return decode(z, np.repeat(y[None], steps, axis=0))
    ### END SOLUTION


# %%
film = report(mended_path, steps=11)
plotting.show(plotting.image_grid(film, columns=11), alt="Eleven images of a 7 on its way from one slant to another.")

# %% nbgrader={"grade": true, "grade_id": "check-5-3", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check.mended_path(mended_path)

# %% [markdown]
# ## Task 5.4 · A label that could not be read (2 points)
#
# A label is smudged. It may be a 3, with probability 0.7, or else a 5. Which picture is to be expected, given $z$? It
# is tempting to hand 0.7 and 0.3 to the decoder as its $y$. Section 3 showed what comes of that. The rules of
# probability have an answer of their own. The pixel is black if the label is 3 and the decoder draws a black pixel for
# it, or if the label is 5 and the decoder draws a black pixel for that, and so on:
#
# $$p(x_i = 1 \mid z) = \sum_{k} p_k \; p(x_i = 1 \mid z, y = k)$$
#
# Here $x_i$ is a pixel, $k$ runs over the ten labels, and $p_k$ is the probability that the label is $k$. Write it for
# a batch in which each image has its own $z$ and its own probabilities. Call `decode` once.

# %% nbgrader={"grade": false, "grade_id": "task-5-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def expected_image(decode, z, p):
    """Return the probability that each pixel is black, (n, 28, 28, 1); z: (n, d); p: (n, 10), each row sums to 1."""
    ### BEGIN SOLUTION
    n, classes = p.shape
    images = decode(np.repeat(z, classes, axis=0), np.tile(np.eye(classes), (n, 1)))
    images = images.reshape(n, classes, *images.shape[1:])
    return (p[:, :, None, None, None] * images).sum(axis=1)
    ### END SOLUTION


# %%
points = np.array([[0, 0], [-1.2, 0], [1.2, 0], [0, -1.2], [0, 1.2]])
three, five = np.repeat(one_hot([3]), 5, axis=0), np.repeat(one_hot([5]), 5, axis=0)
smudged = 0.7 * three + 0.3 * five
apart = np.abs(expected_image(cvae.decode, points, three) - cvae.decode(points, three)).max()
print(f"where the label is certainly 3, a pixel differs from the decoded 3 by up to {apart:.2f}    expected: 0.00")
yours, blended = np.asarray(expected_image(cvae.decode, points, smudged)), cvae.decode(points, smudged)
apart = np.abs(yours - blended).sum(axis=(1, 2, 3)).mean()
print(f"where it is smudged, yours and the blend differ by {apart:.1f} in ink    expected: far from 0")
rows = np.concatenate([cvae.decode(points, three), cvae.decode(points, five), yours, blended])
plotting.show(
    plotting.image_grid(rows, columns=5, row_names=["3", "5", "yours", "label blended"]),
    alt="Five latent points decoded as 3, as 5, as what to expect of a smudged label, and with a blend of both labels.",
)

# %% nbgrader={"grade": true, "grade_id": "check-5-4", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check.expected_image(expected_image)

# %% [markdown]
# ## Task 5.5 · A probe for few images (4 points)
#
# Where there are few test images, the error bars of a probe are wide. *Cross-validation* lets each image be a test
# image once. Cut the points into parts. For each part, fit a probe to all the others, and ask it about the points of
# this one. What the probe saves on point $i$, with encoding $z_i$ and label $y_i$, is
#
# $$s_i = \log p(y_i \mid z_i) - \log p(y_i)$$
#
# in nats. The first term is the logarithm of the probability that the probe gave to the right label. The second is that
# of the share of this label among all points, which one knows without $z$. The mean of $s_i$ over all points is the
# lower bound of section 4, entropy minus cross-entropy. Return it together with its standard error.
#
# Any classifier may be the probe. `fit(z, labels)` gives a function, and that function gives, for some encodings, an
# array of shape (their number, classes) with probabilities above zero. `part` says for each point which part it belongs
# to. The parts have different sizes.

# %% nbgrader={"grade": false, "grade_id": "task-5-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def cross_validated_gain(fit, z, labels, part):
    """Return the mean saving in nats and its standard error; z: (n, d); labels and part: whole numbers, (n,)."""
    ### BEGIN SOLUTION
    given_z = np.zeros(len(z))
    for k in np.unique(part):
        probe = fit(z[part != k], labels[part != k])
        p = probe(z[part == k])
        given_z[part == k] = np.log(p[np.arange(len(p)), labels[part == k]])
    share = np.bincount(labels) / len(labels)
    saved = given_z - np.log(share[labels])
    return saved.mean(), saved.std() / np.sqrt(len(saved))
    ### END SOLUTION


# %% [markdown]
# Try it where the answer is known. Two classes lie around −1 and +1, each with width 1, and one of them is three times
# as frequent as the other. The best possible probe is known, and so is what it saves on these points. The probe that
# you try is the lesson's, nearest neighbours who vote.

# %%
from sklearn.neighbors import NearestNeighbors


def neighbours(z, labels):
    k, classes = round(np.sqrt(len(z))), labels.max() + 1
    search = NearestNeighbors(n_neighbors=k).fit(z)

    def probe(points):
        found = labels[search.kneighbors(points, return_distance=False)]
        votes = np.stack([(found == label).sum(axis=1) for label in range(classes)], axis=1)
        return (votes + 1) / (k + classes)

    return probe


rng = np.random.default_rng(0)
toy_labels, toy_part = (rng.random(3000) < 0.75).astype(int), rng.integers(0, 5, 3000)
side = 2 * toy_labels - 1
toy_z = rng.normal(size=(3000, 1)) + side[:, None]
best = -np.logaddexp(0, -side * (2 * toy_z[:, 0] + np.log(3))) - np.log(np.where(toy_labels == 1, 0.75, 0.25))
nats, error = cross_validated_gain(neighbours, toy_z, toy_labels, toy_part)
print(f"your value: {nats:.3f} ± {error:.3f} nats    expected: a little below {best.mean():.3f}")
nats, error = cross_validated_gain(neighbours, rng.permutation(toy_z), toy_labels, toy_part)
print(f"your value with shuffled points: {nats:.3f} ± {error:.3f} nats    expected: a little below 0")

# %% nbgrader={"grade": true, "grade_id": "check-5-5", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check.cross_validated_gain(cross_validated_gain)

# %% [markdown]
# ## Open task · Probe for something else
#
# What else can be read off $z$? Choose a property of the image that is neither its label nor its slant, and cut it into
# ten classes of equal size. The lesson's last task shows how. Predict first: does the $z$ of the plain VAE tell more of
# it, or that of the CVAE? Then measure it on the validation images of `data.load("auto")` by your function of task 5.5,
# beside a row with shuffled classes. Do it again among the images of one digit at a time, with four classes, since
# there are fewer images. Explain what you see. Import `data` from `cvae_utils`; `weights.load("dense_vae")` gives the
# plain VAE. (Both models know MNIST only. If you do not have it, train both first, as the lesson does.) Write your
# answer in the cell below, and code in new cells after it.

# %% [markdown] nbgrader={"grade": true, "grade_id": "open-5", "locked": false, "points": 0, "schema_version": 3, "solution": true, "task": false}
# One way, with the ink of the MNIST validation images. Over all digits the VAE's $z$ tells much more of the ink than
# the CVAE's. Both rows with shuffled classes lie a little below zero, so zero is not the mark to read against. Among
# the images of one digit it is the other way round: on average over the digits the CVAE's $z$ tells more. Both findings
# have one reason. A 1 has little ink and a 0 has much, and the VAE's $z$ gives the digit away. The CVAE's $z$ hardly
# does, because the label reaches the decoder by another way. Its two numbers are free for what the label leaves open,
# and ink is a part of that. What to look for in an answer: the same classes for both models, points that the probe has
# not seen, nats with errors beside a shuffled row, and the caution that a gain is a lower bound: a small one does not
# show that $z$ holds little.
