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
# # Exercise 09 · Conditioning on anything
#
# Four graded tasks and an open one, on the objectives of [lesson 09](../notebooks/09_conditioning_on_anything.ipynb):
# what a blur costs and what a latent variable changes (9.1), the loss with a learned prior (9.2), $\log p$ of one
# missing part after the other (9.3), an angle as condition (9.4), and figures in a table (the open task). **Time:** 40
# minutes.
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

from cvae_utils.checks import conditioning_on_anything as check

# %% [markdown]
# ## Task 9.1 · What one guess costs (3 points)
#
# How much does a blur cost, in nats? Suppose that we knew all pictures that fit what is seen. `pictures` has a row for
# each, with a column for each pixel: 1 is black, 0 is white. No two rows are the same, but some pixels are the same in
# all of them. There may be thousands of pixels. `shares` says how often each picture occurs; each share is above 0, and
# together they are 1. Three numbers tell the story:
#
# * `guess`: the lowest mean of $-\log p(y|x)$ over the pictures that is possible with one guess, which is a mean
#   $\mu_i$ for each pixel $i$, and the pixels independent;
# * `choice`: the lowest mean of $-\log p(y|x)$ that is possible at all. A model whose $z$ chooses the picture reaches
#   it, if it gives each picture its share as the probability;
# * `hit`: the probability that one drawing of the best guess, each pixel drawn on its own with probability $\mu_i$ of
#   being black, is any of the pictures.

# %% nbgrader={"grade": false, "grade_id": "task-9-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def price_of_one_guess(pictures, shares):
    """Return (guess, choice, hit), three numbers; pictures has shape (n, pixels) and shares (n,)."""
    ### BEGIN SOLUTION
    mu = shares @ pictures
    log_p = np.log(np.where(pictures == 1, mu, 1 - mu)).sum(axis=1)
    return -shares @ log_p, -shares @ np.log(shares), np.exp(log_p).sum()
    ### END SOLUTION


# %% tags=["nbval-check-output"]
row = np.arange(6) < 3
left_or_right = np.float64([row, ~row])  # three black pixels to the left, or three to the right
for pixels in (6, 8):
    two = np.pad(left_or_right, ((0, 0), (0, pixels - 6)))  # the pixels that are added are white in both
    guess, choice, hit = price_of_one_guess(two, np.array([0.5, 0.5]))
    print(f"your values with {pixels} pixels: guess {guess:.3f}, choice {choice:.3f}, hit {hit:.5f}")
print(f"expected twice: {6 * np.log(2):.3f}, as for six coins; {np.log(2):.3f}, as for one; {2 / 2**6:.5f}")
guess, choice, hit = price_of_one_guess(left_or_right, np.array([0.75, 0.25]))
print(f"your values with unequal shares: guess {guess:.3f}, choice {choice:.3f}, hit {hit:.5f}")
print("expected: both losses lower, the guess still six times the choice, and more hits")

# %% nbgrader={"grade": true, "grade_id": "check-9-1", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.price_of_one_guess(price_of_one_guess)

# %% [markdown]
# ## Task 9.2 · Find the bug: trained on what it will not have (3 points)
#
# This is a CVAE's loss in NumPy, for flat images. `mask` is 1 where a pixel is seen and 0 where it is missing. Three
# networks are handed in: `prior(seen)`, `recognition(images, seen)` and `decode(z, seen)`, where `seen` is an image
# with zeros in place of all missing pixels. The first two return a mean and a *standard deviation*; `decode` returns
# logits of all pixels. The loss fell in training. The completions were poor.

# %% nbgrader={"grade": false, "grade_id": "given-9-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
def buggy_loss(images, mask, prior, recognition, decode, epsilon):
    seen = mask * images
    gaussians = {"p": prior(images), "q": recognition(images, seen)}
    mean, std = gaussians["q"]
    logits = decode(mean + std * epsilon, seen)
    each = np.logaddexp(0, logits) - images * logits
    kl = (std**2 + mean**2 - 1) / 2 - np.log(std)
    return each.sum(axis=1) + kl.sum(axis=1)


def try_out(loss, prior_mean=0.0, logit_where_seen=0.0):
    images, mask = np.full((1, 6), 0.9), np.float64([[1, 1, 0, 0, 0, 0]])  # two pixels of six are seen
    read = []

    def prior(seen):
        read.append(np.count_nonzero(seen))
        return np.array([[prior_mean]]), np.array([[0.5]])

    def recognition(images, seen):
        return np.array([[2.0]]), np.array([[0.5]])

    value = loss(images, mask, prior, recognition, lambda z, seen: mask * logit_where_seen, np.zeros((1, 1)))
    return f"{value[0]:.3f} (the prior network read {', '.join(map(str, read))} pixels)"


print("with a prior far from q:    ", try_out(buggy_loss))
print("with a prior equal to q:    ", try_out(buggy_loss, prior_mean=2.0))
print("other logits where seen:    ", try_out(buggy_loss, prior_mean=2.0, logit_where_seen=-5.0))

# %% [markdown]
# There are three mistakes in it. Write `mended_loss`, the negative conditional ELBO of the lesson for these networks,
# in nats for each image.

# %% nbgrader={"grade": false, "grade_id": "task-9-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mended_loss(images, mask, prior, recognition, decode, epsilon):
    """Return shape (batch,); images and mask have shape (batch, pixels), epsilon has (batch, latent_dim)."""
    ### BEGIN SOLUTION
    x = images * mask
    p_mean, p_std = prior(x)  # it read the answer
    q_mean, q_std = recognition(images, x)
    logits = decode(q_mean + q_std * epsilon, x)
    missing = (1 - mask) * (np.logaddexp(0, logits) - images * logits)  # seen pixels counted, too
    ratio = q_std / p_std  # the KL went to N(0, I)
    kl = (ratio**2 + ((q_mean - p_mean) / p_std) ** 2 - 1) / 2 - np.log(ratio)
    return missing.sum(axis=1) + kl.sum(axis=1)
    ### END SOLUTION


# %% tags=["nbval-check-output"]
print("your value with a prior far from q:     ", try_out(mended_loss))
print("your value with a prior equal to q:     ", try_out(mended_loss, prior_mean=2.0))
print("your value, other logits where seen:    ", try_out(mended_loss, prior_mean=2.0, logit_where_seen=-5.0))
print(f"expected: twice {4 * np.log(2):.3f}, even odds for four pixels. In the first line 8 more: half the square of")
print("the distance of the means, which is four standard deviations. The prior network reads 2 pixels.")

# %% nbgrader={"grade": true, "grade_id": "check-9-2", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.mended_loss(mended_loss)

# %% [markdown]
# ## Task 9.3 · One part after the other (3 points)
#
# A model completes three missing quadrants from one. Now part $a$ of what was missing, say the quadrant at the top
# left, comes to light. What is still missing is part $b$. How probable is $b$ now? No other model is needed. Given $z$
# and $x$ the pixels are independent, so that $p(a, b|x, z) = p(a|x, z)\, p(b|x, z)$, and
#
# $$p(b|x, a) = \frac{p(a, b|x)}{p(a|x)} .$$
#
# Both can be estimated from the same draws of $z$, from any distribution $r(z)$, as in section 6 of the lesson. You get
# $\log p(a|x,z)$, $\log p(b|x,z)$ and the log-ratio $\log p(z|x) - \log r(z)$ of $k$ draws for each of $n$ images.
# Write the estimate of $\log p(b|x, a)$ for each image. With many pixels and many latent dimensions all three are
# numbers of hundreds or thousands, and others for each image: your function has to stay finite. (The difference of two
# bounds is an estimate, and no bound any more.)

# %% nbgrader={"grade": false, "grade_id": "task-9-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def log_p_of_the_rest(log_a, log_b, log_ratio):
    """Return log p(b|x,a), shape (n,); all arguments have shape (n, k)."""
    ### BEGIN SOLUTION
    first, both = log_a + log_ratio, log_a + log_b + log_ratio
    return np.logaddexp.reduce(both, axis=1) - np.logaddexp.reduce(first, axis=1)  # log k cancels
    ### END SOLUTION


# %%
def log_gaussian(value, mean, variance):
    return -((value - mean) ** 2 / variance + np.log(2 * np.pi * variance)) / 2


a, b = 1.5, 1.0  # a model with a known answer: z from N(0, 1), and each of two pixels is z plus noise of variance ¼
exact = log_gaussian(b, a / 1.25, 0.25 + 0.2)  # given a, the mean of z is a/1.25 and its variance 0.2
rng = np.random.default_rng(0)
print(f"expected: about {exact:.2f} on average, from wherever z was drawn, and the spread least in the last line")
for name, mean, variance in (("the prior", 0.0, 1.0), ("a wide Gaussian", 1.0, 4.0), ("near the answer", 1.1, 0.2)):
    z = mean + np.sqrt(variance) * rng.normal(size=(300, 100))  # 300 estimates, each from 100 draws
    log_ratio = log_gaussian(z, 0, 1) - log_gaussian(z, mean, variance)
    values = np.array(log_p_of_the_rest(log_gaussian(a, z, 0.25), log_gaussian(b, z, 0.25), log_ratio))
    print(f"your values with z from {name:15}: {values.mean():.3f} on average, spread {values.std():.3f}")
unknown = log_gaussian(b, 0, 1.25)
print(f"log p(b|x) is {unknown:.2f}: the two pixels share their z, and so a tells something about b")

# %% nbgrader={"grade": true, "grade_id": "check-9-3", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.log_p_of_the_rest(log_p_of_the_rest)

# %% [markdown]
# ## Task 9.4 · Which way up? (3 points)
#
# A model of rotated digits says how probable an image is at a given angle. By Bayes' rule it says as well how probable
# each angle is, given the image: $p(\alpha|x) \propto p(x|\alpha)\, p(\alpha)$. You get $\log p(x|\alpha)$ for each of
# several angles, the angles in degrees, and $p(\alpha)$. Write a function that makes one angle of them, and says how
# sure it is.
#
# Halfway between 359° and 1° lies 0°. So each angle becomes a point of the unit circle first, as in the lesson. The
# mean of these points, with $p(\alpha|x)$ as weights, is a point inside the circle. Its direction is the mean angle.
# Its distance from the centre says how sure that is: 1 where a single angle is possible, 0 where all angles are equally
# so.
#
# Some things look the same before a full turn: a plain 0 after 180°, a cross with four equal arms after 90°. So your
# function is told the `period` after which a picture repeats. One period is one whole turn of the circle. The mean
# angle is an angle of the image again, in degrees, from 0 up to the period. The numbers $\log p(x|\alpha)$ may lie
# hundreds or thousands below 0.

# %% nbgrader={"grade": false, "grade_id": "task-9-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mean_angle(log_p_x, angles, p, period):
    """Return (mean, certainty), both of shape (n,); log_p_x has shape (n, m), angles and p have (m,)."""
    ### BEGIN SOLUTION
    log_joint = log_p_x + np.log(p)
    weights = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    turn = 2 * np.pi * angles / period
    cosine, sine = weights @ np.cos(turn), weights @ np.sin(turn)
    return np.arctan2(sine, cosine) / (2 * np.pi) * period % period, np.hypot(cosine, sine)
    ### END SOLUTION


# %%
four, even = np.array([10.0, 100.0, 190.0, 350.0]), np.full(4, 0.25)
impossible = -9999.0
for possible, period, expected in (
    ([0, 1], 360, "55, in the middle, and 0.707"),
    ([0, 3], 360, "0 or nearly 360, and 0.985"),
    ([0, 2], 360, "any angle, and 0: they are opposite"),
    ([0, 2], 180, "10 and 1: they are the same"),
):
    log_p_x = np.full((1, 4), impossible)
    log_p_x[0, possible] = -130
    (mean,), (certainty,) = mean_angle(log_p_x, four, even, period)
    print(
        f"{four[possible]} possible, period {period}: your values {mean:6.2f}, {certainty:.3f}    expected: {expected}"
    )

# %% nbgrader={"grade": true, "grade_id": "check-9-4", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.mean_angle(mean_angle)

# %% [markdown]
# ## Open task · How low can a figure go?
#
# Somebody publishes a figure for one quadrant seen that lies ten nats below the lesson's. A better model is one
# explanation. How far can you get without one? Take `weights.load("completion_cvae")`, a thousand validation images and
# the bottom left quadrant. Find at least four choices of protocol that might lower the figure while the model stays as
# it is. Predict for each by how many nats, then measure. Which of them could a reader notice in a table that has
# nothing but names and figures? Write your answer in the cell below, and code in new cells after it.

# %% [markdown] nbgrader={"grade": true, "grade_id": "open-9", "locked": false, "points": 0, "schema_version": 3, "solution": true, "task": false}
# One answer, measured on the first thousand validation images of MNIST. The starting point is grey pixels, importance
# sampling and 100 draws.
#
# | choice | how | change in nats |
# | --- | --- | --- |
# | all pixels cut at one half | `np.where(images > 127, np.uint8(255), np.uint8(0))` | about −11 |
# | the first term of the ELBO alone | `reconstruction` of `evaluate` | about −9 |
# | missing pixels drawn | `composite(images, binarised(images), seen)` | about −2½ |
# | training images, 5,000 against 5,000 | `digits.train.images[:5000]` | about −1 |
# | 1,000 draws, on 200 images | `k` of `completion_log_weights` | about −0.1 |
# | all pixels drawn | `binarised(images)` | about +1½ |
# | ones only | `images[labels == 1]` | less than half of all |
#
# One might expect more from more draws, since the step from the ELBO to 100 draws is worth two nats. But importance
# sampling has nearly arrived there. Drawing the missing pixels lowers the figure. Drawing the seen ones as well raises
# it, probably because the model was never shown such ragged digits. Cutting at one half brings the whole ten nats by
# itself: no grey is left to pay for.
#
# A reader can notice almost nothing. One might hope that the row of a simple model betrays the pixels. But the loss of
# the mean image is linear in the missing pixels, and when they are cut it moves by about a tenth of a nat. Only the
# ones give themselves away: their figure lies below the floor for grey pixels that the lesson's section 1 computes for
# all digits, where no model can get. The first term of the ELBO alone looks like any good result. So the
# protocol belongs beside the figures.
#
# What to look for in an answer: a prediction before each measurement, one change at a time, the error of a difference
# measured on the same images, and a word on choices that did not help.
