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
# # Exercise 03 · The loss, audited
#
# Five graded tasks and an open one, on the objectives of [lesson 03](../notebooks/03_the_loss_audited.ipynb): what
# means and sums do to β (3.1), a broken loss to mend (3.2), the likelihood behind a squared error (3.3), β from the
# values of a loss (3.4), and the rate-distortion plane (3.5). **Time:** 40 minutes.
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

from cvae_utils.checks import the_loss_audited as check
from cvae_utils.losses import effective_beta, gaussian_kl

# %%
import keras
from keras import ops

# %% [markdown]
# ## Task 3.1 · One sentence in an appendix (2 points)
#
# Often there is no code, only a sentence: "the loss is 10 times the mean of the cross-entropy over pixels plus the sum
# of the KL over latent dimensions". That is enough to say which β was used. Write `beta_of`, which says it for any
# loss of the form
#
# $$\text{loss} = \text{factor} \cdot P + L$$
#
# Here the factor is a number, $P$ is the sum or the mean of $-\log p(x_i \mid z)$ over the pixels $x_i$ of an image,
# and $L$ is the sum or the mean of the KL over the latent dimensions. Both are averaged over the batch. As always, β
# counts nats of the summed KL against nats of the summed reconstruction.

# %% nbgrader={"grade": false, "grade_id": "task-3-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def beta_of(of_pixels, of_latent, factor, pixels, latent_dim):
    """Return β; `of_pixels` and `of_latent` are "sum" or "mean", `pixels` and `latent_dim` say of how many."""
    ### BEGIN SOLUTION
    weight_of_reconstruction = factor / (pixels if of_pixels == "mean" else 1)
    weight_of_kl = 1 / (latent_dim if of_latent == "mean" else 1)
    return weight_of_kl / weight_of_reconstruction
    ### END SOLUTION


# %% tags=["nbval-check-output"]
print(f"your β of the ELBO: {beta_of('sum', 'sum', 1, 784, 2):.3f}    expected: 1")
print("your β of both means for 10, 100, 1000 pixels:", end=" ")
print(*[f"{beta_of('mean', 'mean', 1, pixels, 10):.3f}" for pixels in (10, 100, 1000)])
print("expected: 1 where there are as many pixels as dimensions, and then ten times as much at each step")

# %% nbgrader={"grade": true, "grade_id": "check-3-1", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check.beta_of(beta_of)

# %% [markdown]
# ## Task 3.2 · Find the bug: a loss that is soon content (3 points)
#
# This loss was put together from pieces of several tutorials. Each piece works where it comes from. The loss falls
# from the first batch on, and it does not stop at zero.

# %% nbgrader={"grade": false, "grade_id": "given-3-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
def buggy_loss(x, logits, z_mean, z_log_var):
    flat_x, flat_logits = (ops.reshape(images, (len(images), -1)) for images in (x, logits))
    reconstruction = keras.losses.binary_crossentropy(flat_x, flat_logits)
    kl = ops.sum(1 + z_log_var - z_mean**2 - ops.exp(z_log_var), axis=1) / 2
    return ops.mean(reconstruction + kl)


black, prior = np.ones((1, 28, 28, 1), "float32"), np.zeros((1, 2), "float32")
for logit in (-5, 0, 1, 5):
    print(f"a black image, all logits {logit:2}: {float(buggy_loss(black, logit * black, prior, prior)):7.3f}")
for z_mean in (0, 1, 5):
    print(f"the last one with z_mean = {z_mean}: {float(buggy_loss(black, 5 * black, prior + z_mean, prior)):7.3f}")
try:
    print("β =", effective_beta(buggy_loss))
except ValueError as refusal:
    print(f"audit: {refusal}")

# %% [markdown]
# There are three mistakes in it. Write `mended_loss`, the negative ELBO with Bernoulli pixels, in nats. It should do
# for images of any size, with any number of channels.

# %% nbgrader={"grade": false, "grade_id": "task-3-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mended_loss(x, logits, z_mean, z_log_var):
    """Return one number; images and logits have shape (batch, height, width, channels), z (batch, latent_dim)."""
    ### BEGIN SOLUTION
    pixels = ops.softplus(logits) - x * logits  # from logits: Keras took them for pixel means
    per_image = ops.sum(pixels, axis=(1, 2, 3))  # and averaged over the pixels, its last axis
    two_kl = ops.sum(ops.exp(z_log_var) + z_mean**2 - 1 - z_log_var, axis=1)  # the sign was that of -KL
    return ops.mean(per_image + two_kl / 2)
    ### END SOLUTION


# %%
even = float(mended_loss(black, 0 * black, prior, prior))
print(f"your loss of a black image at even odds: {even:.2f}    expected: {784 * np.log(2):.2f}, log 2 for each pixel")
for image_shape, latent_dim in (((28, 28, 1), 2), ((8, 8, 3), 10)):
    beta = effective_beta(mended_loss, image_shape=image_shape, latent_dim=latent_dim)
    print(f"your β for images of shape {image_shape} and {latent_dim} latent dimensions: {beta:.3f}    expected: 1")

# %% nbgrader={"grade": true, "grade_id": "check-3-2", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.mended_loss(mended_loss)

# %% [markdown]
# ## Task 3.3 · What a squared error leaves out (3 points)
#
# A squared error is minus the log-likelihood of a Gaussian, but for a factor and for what does not depend on the
# prediction. Where σ is chosen, learned, or compared, both are needed. Let each pixel have
#
# $$p(x_i \mid z) = \mathcal{N}(x_i;\, \mu_i,\, \sigma^2)$$
#
# where $\mu_i$ is what the decoder predicts for pixel $x_i$, and σ is one standard deviation for all pixels (the
# lesson called it $s$). Write `gaussian_loss`, the negative ELBO with this likelihood, with every constant, in nats
# per image, averaged over the batch. `gaussian_kl` of the lesson gives the KL of each image. σ is a plain number:
# NumPy's functions do for it, and what they return mixes with tensors. The density of a number may be above 1, so this
# loss may be below 0.

# %% nbgrader={"grade": false, "grade_id": "task-3-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def gaussian_loss(x, mean, z_mean, z_log_var, sigma):
    """Return one number from float32 tensors, images (batch, height, width, 1) and z (batch, latent_dim)."""
    ### BEGIN SOLUTION
    each = ((x - mean) / sigma) ** 2 / 2 + np.log(sigma * np.sqrt(2 * np.pi))
    return ops.mean(ops.sum(each, axis=(1, 2, 3)) + gaussian_kl(z_mean, z_log_var))
    ### END SOLUTION


# %%
def squared_error(x, logits, z_mean, z_log_var):
    return ops.mean(ops.sum((x - ops.sigmoid(logits)) ** 2, axis=(1, 2, 3)) + gaussian_kl(z_mean, z_log_var))


def your_likelihood(sigma):
    def log_likelihood(x, logits):
        no_kl = ops.zeros((len(x), 2))
        return -gaussian_loss(ops.convert_to_tensor(x), ops.sigmoid(logits), no_kl, no_kl, sigma)

    return log_likelihood


exact, no_kl = ops.ones((1, 28, 28, 1)), ops.zeros((1, 2))
wide, narrow = (float(gaussian_loss(exact, exact, no_kl, no_kl, sigma)) for sigma in (1.0, 0.5))
print(f"what halving σ gains where all pixels are right: {wide - narrow:.3f}    expected: {784 * np.log(2):.3f}")
print("β of squared error + KL, measured against your likelihood:")
for sigma in (1.0, 0.5**0.5, 0.2):
    print(f"  σ² = {sigma**2:.2f}: {effective_beta(squared_error, your_likelihood(sigma)):6.3f}")
print("expected: 1 for σ² = ½, and the more, the smaller σ is")

# %% nbgrader={"grade": true, "grade_id": "check-3-3", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.gaussian_loss(gaussian_loss)

# %% [markdown]
# ## Task 3.4 · Find the bug: a β that follows the factor (3 points)
#
# Somebody reads β off training logs. A log has one entry for each epoch: the loss that was printed, and the
# reconstruction and the KL in nats, true and unweighted. The function agrees with the known β of their own runs.

# %% nbgrader={"grade": false, "grade_id": "given-3-4", "locked": true, "schema_version": 3, "solution": false, "task": false}
def buggy_beta(loss, reconstruction, kl):
    return np.mean((loss - reconstruction) / kl)


reconstruction = np.array([181.3, 152.9, 141.2, 133.8, 129.5, 126.1])
kl = np.array([6.1, 11.4, 14.9, 16.2, 17.7, 18.1])
loss = reconstruction + 0.25 * kl
print(f"their own run: {buggy_beta(loss, reconstruction, kl):.3f}")
print(f"the same with a loss ten times as large: {buggy_beta(10 * loss, reconstruction, kl):.3f}")
print(f"the same with a loss larger by 100: {buggy_beta(loss + 100, reconstruction, kl):.3f}")

# %% [markdown]
# All three logs come from the same loss, as far as its minimum goes. Write `mended_beta`, which finds β from any log
# of a loss that is a weighted sum of the two terms, up to a constant. You may rely on at least four epochs.

# %% nbgrader={"grade": false, "grade_id": "task-3-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mended_beta(loss, reconstruction, kl):
    """Return β, one number, from three arrays of shape (epochs,)."""
    ### BEGIN SOLUTION
    terms = np.stack([reconstruction, kl, np.ones(len(kl))], axis=1)
    (a, b, _), *_ = np.linalg.lstsq(terms, loss, rcond=None)
    return b / a
    ### END SOLUTION


# %% tags=["nbval-check-output"]
for name, values in {"as it is": loss, "times ten": 10 * loss, "plus 100": loss + 100, "both": 10 * loss + 100}.items():
    print(f"your β, loss {name:9}: {mended_beta(values, reconstruction, kl):6.3f}    expected: 0.250")

# %% nbgrader={"grade": true, "grade_id": "check-3-4", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.mended_beta(mended_beta)

# %% [markdown]
# ## Task 3.5 · Runs worth a look (2 points)
#
# A group has trained many VAEs of the same data, with different networks and different β, and kept two numbers of
# each: the rate and the distortion on validation images. Which of them should they look at? Not at a run that another
# one **dominates**. A run dominates another if it is not worse in either number, and better in at least one. Less is
# better in both. Write `undominated`, which marks the runs that no other run dominates. Two runs with the same numbers
# do not dominate each other.

# %% nbgrader={"grade": false, "grade_id": "task-3-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def undominated(rate, distortion):
    """Return True or False for each run, shape (runs,); `rate` and `distortion` are arrays of the same shape."""
    ### BEGIN SOLUTION
    not_worse = (rate[:, None] <= rate) & (distortion[:, None] <= distortion)
    better = (rate[:, None] < rate) | (distortion[:, None] < distortion)
    return ~(not_worse & better).any(axis=0)
    ### END SOLUTION


# %% tags=["nbval-check-output"]
rate = np.array([0.0, 4.0, 9.0, 10.0, 15.0, 18.0, 30.0])
distortion = np.array([206.0, 165.0, 150.0, 128.0, 131.0, 109.0, 103.0])
marks = undominated(rate, distortion)
for r, d, mark in zip(rate, distortion, marks, strict=True):
    print(f"rate {r:4.0f}, distortion {d:4.0f}, sum {r + d:4.0f}: {'marked' if mark else ''}")
print("expected: no mark at rate 15, which the run above it beats in both numbers")
for beta in (0.1, 1, 3, 30):
    preferred = np.argmin(distortion + beta * rate)
    print(f"the run with the lowest loss for β = {beta:3} has rate {rate[preferred]:.0f}; is it marked?", end=" ")
    print(f"{bool(marks[preferred])}    expected: True")

# %% nbgrader={"grade": true, "grade_id": "check-3-5", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check.undominated(undominated)

# %% [markdown]
# ## Open task · An audit in the wild
#
# Find a VAE that lesson 03 has not audited, in a repository that people use or in a project of your own. Rewrite its
# loss in a few lines of your own as `loss(x, logits, z_mean, z_log_var)`. Predict its β from the text, then measure
# it. Say which likelihood you measured against, whether the printed loss is the sum of its printed parts, and whether
# training and validation use the same loss. Write your answer in the cell below, and code in new cells after it.

# %% [markdown] nbgrader={"grade": true, "grade_id": "open-3", "locked": false, "points": 0, "schema_version": 3, "solution": true, "task": false}
# One answer: the `VanillaVAE` of AntixK/PyTorch-VAE on GitHub, from its files `models/vanilla_vae.py` (commit 2946d7a),
# `experiment.py` (8bf7be5), `configs/vae.yaml` (a6896b9) and `dataset.py` (af3f9a5). Images are 64 × 64 with three
# colours, and there are 128 latent dimensions. The loss is the squared error, averaged over everything, plus 0.00025
# times the KL, which is summed over dimensions and averaged over the batch. As a loss for the audit, with a sigmoid in
# place of the last layer:
#
# ```python
# def wild(x, logits, z_mean, z_log_var):
#     return ops.mean((x - ops.sigmoid(logits)) ** 2) + 0.00025 * ops.mean(gaussian_kl(z_mean, z_log_var))
#
# def gaussian(variance):
#     return lambda x, logits: -ops.sum((x - ops.sigmoid(logits)) ** 2, axis=(1, 2, 3)) / (2 * variance)
#
# sizes = {"image_shape": (64, 64, 3), "latent_dim": 128, "batch_size": 8}
# for variance in (1 / 2, 0.01):
#     print(variance, effective_beta(wild, gaussian(variance), **sizes))
# ```
#
# Prediction: the mean makes the reconstruction $64 \cdot 64 \cdot 3$ times smaller, and the squared error alone is
# $2 \sigma^2$ times what it is in the likelihood of a Gaussian. So
#
# $$\beta = \frac{0.00025 \cdot 64 \cdot 64 \cdot 3}{2 \sigma^2}$$
#
# The audit agrees. The weight looks tiny, and yet β is above 1 for every σ that suits pixels between 0 and 1: about 3
# for $\sigma^2 = \tfrac12$, and about 150 for pixels that are off by 0.1, root mean square. The log holds the KL with a
# minus sign and without its weight, so the parts do not add up to the loss. The validation step calls the same function
# with a weight of 1 in place of 0.00025, so the validation loss is that of another model, with a β that is 4,000 times
# larger; and its images are the test part of the data set.
#
# What to look for in an answer: a prediction before the measurement, a named likelihood, sizes as in the code that was
# audited, and a look at what is printed.
