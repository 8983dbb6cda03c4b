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
# # Exercise 08 · How good is it?
#
# Four graded tasks and an open one, on the objectives of [lesson 08](../notebooks/08_how_good_is_it.ipynb): a bound
# from many draws, tried where the answer is known (8.1), error bars and what each of them covers (8.2), a CVAE without
# its label and what it thinks of each label (8.3), and a number that sees through a generator which conditional
# accuracy and coverage praise (8.4). **Time:** 40 minutes.
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

from cvae_utils import data
from cvae_utils.checks import how_good_is_it as check
from cvae_utils.evaluation import importance_weighted_bound

# %% [markdown]
# ## Task 8.1 · Rule nothing out (3 points)
#
# In the lesson, images with a large gap had an encoder that was narrow and in the wrong place. No draw came near the
# $z$ that explains the image. A remedy is to draw some of the points from somewhere else. For each point, toss a coin:
# with probability $s$ draw it from the prior, otherwise from the encoder. Such points have the density of a mixture,
#
# $$r(z) = s\, p(z) + (1 - s)\, q(z \mid x),$$
#
# where $p(z) = \mathcal{N}(0, I)$ and $q(z \mid x)$ is the encoder's Gaussian. Now $r$ takes the place that $q$ had in
# the weight of a draw. No weight can exceed $p(x \mid z) / s$ any more.
#
# Write the logarithms of the weights. The points $z$ are drawn already. You do not need to know which of the two each
# point came from: any point could have come from either. There may be a thousand latent dimensions, and the result must
# be finite.

# %% nbgrader={"grade": false, "grade_id": "task-8-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mixed_log_weights(log_likelihood, z, z_mean, z_log_var, share):
    """Return log w of points drawn from r, shape (n, k), in nats.

    log_likelihood is log p(x|z), shape (n, k); z has shape (n, k, latent_dim), z_mean and z_log_var (n, latent_dim);
    share is s, a number between 0 and 1.
    """
    ### BEGIN SOLUTION
    mean, log_var = z_mean[:, None], z_log_var[:, None]
    log_p = -0.5 * (z**2 + np.log(2 * np.pi)).sum(axis=-1)
    log_q = -0.5 * ((z - mean) ** 2 / np.exp(log_var) + log_var + np.log(2 * np.pi)).sum(axis=-1)
    log_r = np.logaddexp(np.log(share) + log_p, np.log(1 - share) + log_q)
    return log_likelihood + log_p - log_r
    ### END SOLUTION


# %% [markdown]
# Try it where the answer is known. Two "pixels" are $z$ plus Gaussian noise of variance ¼, so that $p(x)$ and the
# posterior have formulas. The encoder is off, and its variance is a tenth of what it should be.

# %%
rng = np.random.default_rng(0)
x = np.sqrt(1.25) * rng.standard_normal((1000, 1, 2))
log_p_x = -(x**2).sum(axis=(1, 2)) / 2.5 - np.log(2 * np.pi * 1.25)
z_mean, z_log_var = 0.8 * x[:, 0] + [0.5, -0.5], np.full((1000, 2), np.log(0.02))
for s in (1e-9, 0.1, 0.5):
    epsilon = rng.standard_normal((1000, 100, 2))
    by_encoder = z_mean[:, None] + np.exp(z_log_var / 2)[:, None] * epsilon
    z = np.where(rng.random((1000, 100, 1)) < s, epsilon, by_encoder)
    log_likelihood = -2 * ((x - z) ** 2).sum(axis=2) - np.log(2 * np.pi * 0.25)
    log_w = mixed_log_weights(log_likelihood, z, z_mean, z_log_var, s)
    gaps = [f"{(log_p_x - importance_weighted_bound(log_w, k)).mean():6.3f}" for k in (1, 10, 100)]
    print(f"s = {s:5g}: your gaps for k = 1, 10, 100:", *gaps, end="    ")
    print(f"your largest weight by p(x|z): {np.exp((log_w - log_likelihood).max()):.4g}")
print("expected: gaps above 0 that fall with k, and with k = 100 the less gap the larger s; no weight above p(x|z) / s")

# %% nbgrader={"grade": true, "grade_id": "check-8-1", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.mixed_log_weights(mixed_log_weights)

# %% [markdown]
# Look at the first column of gaps again. Why does a larger $s$ make the bound of one draw worse, and that of a hundred
# draws better? The open task comes back to this.

# %% [markdown]
# ## Task 8.2 · Two errors of one number (3 points)
#
# Two designs, a and b, were each trained with several seeds. All these networks were measured on the same images:
# `nats_a[i, j]` is $-\log p(x \mid y)$ of image $j$ under the network of design a that seed $i$ gave. The lead of b is
# the mean of a's nats minus the mean of b's. How sure is it? There are two answers, and a ± has to say which it is.
#
# * *Other images.* Suppose that these very networks were measured on as many other images. How far would the lead move?
# * *Other seeds.* Suppose that both designs were trained anew, each with as many other seeds, and measured on these
#   very images. How far would the lead move?
#
# A seed draws the first weights of a network and the order of its batches. The designs have different weights to draw.
#
# Write a function that returns the lead and its standard error for each of the two cases. In both ask what the nats of
# a and b have in common. There are few seeds, so take `ddof=1` for them, as the lesson did for its spread over seeds.

# %% nbgrader={"grade": false, "grade_id": "task-8-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def lead_with_errors(nats_a, nats_b):
    """Return (lead, error with other images, error with other seeds); both arrays have shape (seeds, images)."""
    ### BEGIN SOLUTION
    of_image = nats_a.mean(axis=0) - nats_b.mean(axis=0)
    of_seed_a, of_seed_b = nats_a.mean(axis=1), nats_b.mean(axis=1)
    over_images = of_image.std() / np.sqrt(len(of_image))
    over_seeds = np.sqrt((of_seed_a.var(ddof=1) + of_seed_b.var(ddof=1)) / len(of_seed_a))
    return of_image.mean(), over_images, over_seeds
    ### END SOLUTION


# %%
rng = np.random.default_rng(1)
hard = rng.normal(130, 20, 400)  # some images are hard for every network
luck_a, luck_b = rng.normal(0, 0.5, (2, 4, 1))  # of the four seeds of each design
a, b = 1 + luck_a + hard + rng.normal(0, 4, (4, 400)), luck_b + hard + rng.normal(0, 4, (4, 400))
harder = 100 * rng.standard_normal(400)
changed = {
    "these networks and images": (a, b),
    "the same images, four times over": (np.tile(a, 4), np.tile(b, 4)),
    "seeds of b in another order": (a, b[::-1]),
    "images harder, alike for a and b": (a + harder, b + harder),
    "one seed of a worse by 8 nats": (a + 8 * np.eye(4)[:, :1], b),
}
for name, nats in changed.items():
    print("{:33} your lead {:5.2f}, ± {:.3f} other images, ± {:.3f} other seeds".format(name, *lead_with_errors(*nats)))
print("expected: half of the first error in the second row, else the same; the second error moves in the last row only")

# %% nbgrader={"grade": true, "grade_id": "check-8-2", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.lead_with_errors(lead_with_errors)

# %% [markdown]
# ## Task 8.3 · Find the bug: the more it is told (3 points)
#
# A CVAE can be told less than the label and more than nothing. "It is an even digit" leaves five labels. This function
# gets the log-weights of each image under each label, the probability $p(y)$ of each label, and which labels are
# possible after the hint. It was to return two things:
#
# * $-\log p(x \mid \text{hint})$ for each image. With all labels possible it is $-\log p(x)$, with a single one
#   $-\log p(x \mid y)$. Here $p(x \mid y)$ is estimated from all $k$ draws together, for the tightest bound.
# * $p(y \mid x, \text{hint})$ for each image and label, which makes the CVAE a classifier that can take a hint.

# %% nbgrader={"grade": false, "grade_id": "given-8-3", "locked": true, "schema_version": 3, "solution": false, "task": false}
def buggy_hint(log_w, p_y, possible):
    p = np.exp(log_w.mean(axis=2)) * p_y * possible
    return -np.log(p.sum(axis=1)), p / p.sum(axis=1, keepdims=True)


p_y = np.full(10, 0.1)
no_use = np.full((3, 10, 4), -5.0)  # three times the same image, to a CVAE that draws the same for every label
told = np.array([[1] * 10, [1, 0] * 5, [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]], dtype=bool)  # nothing; it is even; it is a 4
print("told nothing, that it is even, that it is a 4:", np.round(buggy_hint(no_use, p_y, told)[0], 3))
one_label = np.log([[[1.0, 3.0, 2.0, 2.0]]])
print("four weights with the mean 2:", buggy_hint(one_label, np.ones(1), np.ones((1, 1), bool))[0])
with np.errstate(all="ignore"):
    print("an image of many pixels:", *(value[0] for value in buggy_hint(no_use - 1000, p_y, told)))

# %% [markdown]
# To this model a hint is of no use, but by the first line it makes an image cost more, and the more the more is told.
# There is more than one mistake. Write `mended_hint`.

# %% nbgrader={"grade": false, "grade_id": "task-8-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mended_hint(log_w, p_y, possible):
    """Return nats, shape (n,), and probabilities, shape (n, classes).

    log_w has shape (n, classes, k), p_y (classes,); possible holds True or False, shape (n, classes).
    """
    ### BEGIN SOLUTION
    log_p_x_y = np.logaddexp.reduce(log_w, axis=2) - np.log(log_w.shape[2])
    joint = np.where(possible, log_p_x_y + np.log(p_y), -np.inf)
    log_p = np.logaddexp.reduce(joint, axis=1)
    return np.log(possible @ p_y) - log_p, np.exp(joint - log_p[:, None])
    ### END SOLUTION


# %% tags=["nbval-check-output"]
nats, p = mended_hint(no_use, p_y, told)
print("your nats, told nothing, even, a 4:", np.round(nats, 3), "    expected: 5 each time")
nats, p = mended_hint(one_label, np.ones(1), np.ones((1, 1), bool))
print("your value for four weights with the mean 2:", np.round(nats, 3), "    expected: minus the log of 2")
nats, p = mended_hint(no_use - 1000, p_y, told)
print("your nats for an image of many pixels:", np.round(nats, 3), "    expected: 1000 more than in the first line")
print("your probabilities, told that it is even:", np.round(p[1], 3), "    expected: five of a fifth")

# %% nbgrader={"grade": true, "grade_id": "check-8-3", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.mended_hint(mended_hint)

# %% [markdown]
# ## Task 8.4 · Who copies? (3 points)
#
# A generator that learned the training images by heart is praised by conditional accuracy and by coverage. Its images
# give it away in another manner: they lie near training images, nearer than to images that it has never seen.
#
# So take, for each made image, all real images of the class that it was asked to show: those the generator was trained
# on and new ones. Which of them is nearest? The share of made images whose nearest is a *training* image is the first
# number.
#
# The second is what to hold it against: the share that an *honest* generator would reach on average, one whose images
# have the same distribution as real images of that class. To such a made image, every real image of the class is the
# nearest with the same probability, whichever kind it is.
#
# Write both. There may be any number of images of each kind and class, and none lie equally near. Each class that was
# asked for has training images and new images.

# %% nbgrader={"grade": false, "grade_id": "task-8-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def copied_share(made, made_labels, train, train_labels, new, new_labels):
    """Return (share, honest share); the images are points of shape (number, features), the labels whole numbers."""

    ### BEGIN SOLUTION
    def nearest(points, others):
        return ((points[:, None] - others[None]) ** 2).sum(axis=2).min(axis=1)

    copied = honest = 0
    for label in np.unique(made_labels):
        of_class, learned, unseen = made[made_labels == label], train[train_labels == label], new[new_labels == label]
        copied += np.sum(nearest(of_class, learned) < nearest(of_class, unseen))
        honest += len(of_class) * len(learned) / (len(learned) + len(unseen))
    return copied / len(made), honest / len(made)
    ### END SOLUTION


# %% [markdown]
# Try it on the digits that come with scikit-learn, in blocks of 4 by 4 pixels. Half of the training images are what the
# generators learned from, the other half are new. The test images take the part of an honest generator: none could be
# more so. The others copy what they learned from, and add noise to hide it.

# %%
digits = data.load("digits")


def points(images):
    return images.reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49) / 255


images, labels = points(digits.train.images), digits.train.labels
half = len(images) // 2
rng = np.random.default_rng(0)
copies = rng.choice(half, 300, replace=False)
generators = {"test images": (points(digits.test.images), digits.test.labels)}
for noise in (0.02, 0.1, 0.2):
    hidden = images[copies] + noise * rng.standard_normal((300, 49))
    generators[f"copies, noise {noise}"] = hidden, labels[copies]
for name, (made, asked) in generators.items():
    share, honest = copied_share(made, asked, images[:half], labels[:half], images[half:], labels[half:])
    error = np.sqrt(honest * (1 - honest) / len(made))
    print(f"{name:18} your share {share:.3f}; if it were honest {honest:.3f} ± {error:.3f}")
print("expected: test images within two or three ± of honest; copies far above, the more noise the less")

# %% nbgrader={"grade": true, "grade_id": "check-8-4", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.copied_share(copied_share)

# %% [markdown]
# ## Open task · How much of the gap was the encoder's fault?
#
# Section 2 of the lesson found that $-L_{100}$ charges the VAE for its encoder's mistakes, and the grid said how much.
# Go back there with task 8.1. **Predict** first: what will points from the mixture do to $L_1$, $L_{10}$ and $L_{100}$
# of the plain VAE, for several $s$ between 0 and 1? Then measure it on the lesson's 2,000 validation images of
# `data.load("auto")`, with errors of differences on the same images, and compare with the grid. Which images gain? May
# you report the best $s$ that you found? Would it be a remedy for a model with twenty dimensions, too?
#
# `weights.load("dense_vae")` gives the VAE, and `evaluation.likelihood_network` a network for $\log p(x \mid z)$; the
# lesson's `log_weights` shows how to use it. (The weights know MNIST only. Without MNIST, train the VAE first as the
# lesson does.) Write your answer in the cell below, and code in new cells after it.

# %% [markdown] nbgrader={"grade": true, "grade_id": "open-8", "locked": false, "points": 0, "schema_version": 3, "solution": true, "task": false}
# One way: tried on MNIST for $s$ from one in a hundred to 1. $L_1$ gets worse with every $s$, soon by tens of nats and
# more. It is a mean of logarithms, and a point from the prior hardly ever explains the image: each costs hundreds of
# nats. $L_{100}$ gets better until most of the points come from the prior, and far worse when all do. In a mean of a
# hundred weights a useless point counts as 0. If half of the points are useless, that costs $\log 2$, and a single good
# point can gain far more. $L_{10}$ lies between: it hardly gains, and loses with a large $s$. So an encoder that is
# best for the ELBO need not be the best one to measure with.
#
# At the best $s$ about half of the gap that the grid found is gone, by many standard errors of the difference. One
# image in twenty accounts for nearly all of it. These are the ones with an encoder in the wrong place. For many of the
# others the bound gets a little worse. What remains is for want of points: with a thousand of them the mixture closes
# most of the gap, and a thousand of the encoder's alone close little of it.
#
# Each $s$ gives a lower bound, whatever the model and its encoder, so the best of them is a bound, too. But the
# estimates have errors, and the best of several estimates is partly luck: choose $s$ on some images and report it on
# others. For the CVAE of section 7 with twenty dimensions the bound got no better, and the worse the larger $s$: there
# hardly any point of the prior comes near the $z$ of an image, and those points are lost. What to look for in an
# answer: a prediction made before the run, differences on the same images, the median beside the mean or the images
# that gain, a reason why $L_1$ and $L_{100}$ part, and no claim that the gap is closed.
