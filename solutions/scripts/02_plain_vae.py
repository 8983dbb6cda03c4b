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
# # Exercise 02 · A plain VAE
#
# Five graded tasks and an open one, on the objectives of [lesson 02](../notebooks/02_plain_vae.ipynb): the KL in closed
# form (2.1), the sample (2.2), the ELBO and its gap (2.3), the networks (2.4), and the grid of decoded points (2.5).
# The open task is on training and evaluation. **Time:** 40 minutes.
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
from scipy.stats import norm

from cvae_utils import losses, models, plotting, weights
from cvae_utils.checks import plain_vae as check

# %%
import keras
from keras import layers

# %% [markdown]
# ## Task 2.1 · The KL to another prior (3 points)
#
# The prior need not be the standard normal. A network may say, from a part of the image or from its label, where $z$ is
# to be expected. Such a *learned prior* is a Gaussian with a mean and a width of its own, and the KL term has to
# compare the encoder's guess with it:
#
# $$\mathrm{KL}(q\,\|\,p), \qquad q = \mathcal{N}(\mu_z, \mathrm{diag}(\sigma^2)), \qquad
# p = \mathcal{N}(\mu_p, \mathrm{diag}(\sigma_p^2))$$
#
# Here $\mu_z$ is `z_mean`, $\log \sigma^2$ is `z_log_var`, $\mu_p$ is `prior_mean`, and $\log \sigma_p^2$ is
# `prior_log_var`. Do the calculation of the lesson's section 4 once more: only $\log p(z)$ has changed. Then write the
# result in NumPy, for a batch, in nats.

# %% nbgrader={"grade": false, "grade_id": "task-2-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def kl_between(z_mean, z_log_var, prior_mean, prior_log_var):
    """Return KL(q || p) for each image, shape (batch,); all arguments have shape (batch, latent_dim)."""
    ### BEGIN SOLUTION
    squares = np.exp(z_log_var) + (z_mean - prior_mean) ** 2  # the mean of (z - prior_mean)² under q
    each = squares / np.exp(prior_log_var) - 1 + prior_log_var - z_log_var
    return 0.5 * each.sum(axis=-1)
    ### END SOLUTION


# %% tags=["nbval-check-output"]
somewhere, narrow, wide = np.array([[0.0, 1.0]]), np.log([[0.2, 0.3]]), np.log([[2.0, 3.0]])
standard = float(losses.gaussian_kl(somewhere, wide)[0])
print(f"your value for the prior N(0, I):  {kl_between(somewhere, wide, 0 * wide, 0 * wide)[0]:.3f}", end="")
print(f"    expected: {standard:.3f}, as in the lesson")
print(f"your value for a prior equal to q: {kl_between(somewhere, wide, somewhere, wide)[0]:.3f}    expected: 0")
print(f"your value, both moved by 5:       {kl_between(somewhere + 5, wide, 0 * wide + 5, 0 * wide)[0]:.3f}", end="")
print("    expected: as in the first line")
print(f"your value, q narrow, prior wide:  {kl_between(somewhere, narrow, somewhere, wide)[0]:.3f}")
print(f"your value, q wide, prior narrow:  {kl_between(somewhere, wide, somewhere, narrow)[0]:.3f}", end="")
print("    expected: much more than in the line above")

# %% nbgrader={"grade": true, "grade_id": "check-2-1", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.kl_between(kl_between)

# %% [markdown]
# ## Task 2.2 · Find the bug: a sampling function (2 points)
#
# Both mistakes in this function were found in widely copied VAEs, written here in NumPy. One survived because every
# batch that the model ever saw was of the same size. The other survived because a VAE can learn to live with it.

# %% nbgrader={"grade": false, "grade_id": "given-2-2", "locked": true, "schema_version": 3, "solution": false, "task": false}
BATCH_SIZE, LATENT_DIM = 100, 2


def buggy_sample(z_mean, z_log_var, seed):
    epsilon = np.random.default_rng(seed).standard_normal((BATCH_SIZE, LATENT_DIM))
    return z_mean + np.exp(z_log_var) * epsilon


hundred = np.zeros((100, 2))
print("100 images with σ = 3: standard deviation", buggy_sample(hundred, hundred + np.log(9), seed=0).std().round(1))
print("1 image: samples of shape", buggy_sample(hundred[:1], hundred[:1], seed=0).shape)

# %% [markdown]
# Write `mended_sample`, for batches of any size and any number of latent dimensions. The seed decides the noise.

# %% nbgrader={"grade": false, "grade_id": "task-2-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mended_sample(z_mean, z_log_var, seed):
    """Return one sample of q(z|x) for each image, of the same shape as z_mean and z_log_var: (batch, latent_dim)."""
    ### BEGIN SOLUTION
    epsilon = np.random.default_rng(seed).standard_normal(z_mean.shape)
    return z_mean + np.exp(0.5 * z_log_var) * epsilon
    ### END SOLUTION


# %%
middle, log_nine = np.full((10_000, 3), 5.0), np.full((10_000, 3), np.log(9))
z = mended_sample(middle, log_nine, seed=0)
print(f"your samples: mean {z.mean():.2f}, standard deviation {z.std():.2f}    expected: about 5 and 3")
print("your samples of two equal images:", z[:2].round(2).tolist(), "   expected: six different numbers")
print("your shape for one image:", mended_sample(middle[:1], log_nine[:1], seed=0).shape, "   expected: (1, 3)")

# %% nbgrader={"grade": true, "grade_id": "check-2-2", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check.mended_sample(mended_sample)

# %% [markdown]
# ## Task 2.3 · The ELBO from samples (3 points)
#
# The lesson computed the ELBO on a grid over the plane. With more than two or three latent dimensions no grid is fine
# enough, and what remains is an average over samples $z_j = \mu_z + \sigma \varepsilon_j$ from $q(z \mid x)$:
#
# $$\text{ELBO} \approx \frac{1}{k} \sum_{j=1}^{k} \log \frac{p(x \mid z_j)\, p(z_j)}{q(z_j \mid x)}$$
#
# Write it for one image. The noise is given, $k$ vectors $\varepsilon_j$, and so is the decoder, as a function
# `log_likelihood`: from $k$ points $z$ to their $k$ values of $\log p(x \mid z)$. The prior is $\mathcal{N}(0, I)$. Use
# no formula for the KL: take all the densities at the samples. That gives you a sharp test. Where $q$ is the true
# posterior, the ratio is $p(x)$ for each single $z_j$, and the noise has no effect.

# %% nbgrader={"grade": false, "grade_id": "task-2-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def sampled_elbo(log_likelihood, z_mean, z_log_var, epsilon):
    """Return one number, in nats; z_mean and z_log_var have shape (latent_dim,), and epsilon has (k, latent_dim)."""

    ### BEGIN SOLUTION
    def log_density(z, mean, log_var):
        return -0.5 * ((z - mean) ** 2 / np.exp(log_var) + log_var + np.log(2 * np.pi)).sum(axis=1)

    z = z_mean + np.exp(0.5 * z_log_var) * epsilon
    log_p, log_q = log_density(z, 0, 0), log_density(z, z_mean, z_log_var)
    return np.mean(log_likelihood(z) + log_p - log_q)
    ### END SOLUTION


# %% [markdown]
# To try it, take a world where everything is known: one latent dimension, one pixel whose value may be any number, and
# $p(x \mid z) = \mathcal{N}(z, 1)$. Then the evidence is $p(x) = \mathcal{N}(0, 2)$, and the posterior
# $\mathcal{N}(x/2, \tfrac12)$. (The second parameter is the variance.)

# %%
x = 1.5
evidence = norm(0, np.sqrt(2)).logpdf(x)
for k in (1, 10_000):
    noise = np.random.default_rng(k).standard_normal((k, 1))
    for name, mean, variance in [("the posterior", x / 2, 0.5), ("too wide", x / 2, 1.0), ("misplaced", 0.0, 0.5)]:
        value = sampled_elbo(lambda z: norm(z, 1).logpdf(x).sum(axis=-1), np.array([mean]), np.log([variance]), noise)
        elsewhere = "the noise decides" if k == 1 else f"below {evidence:.3f}"
        expected = f"{evidence:.3f}" if name == "the posterior" else elsewhere
        print(f"your value with k = {k:6,} and q {name:13}: {value:.3f}    expected: {expected}")

# %% nbgrader={"grade": true, "grade_id": "check-2-3", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.sampled_elbo(sampled_elbo)

# %% [markdown]
# ## Task 2.4 · Deeper networks, for images of any size (3 points)
#
# The lesson's networks have one hidden layer. Build both with any number of them. The list `widths` names their units
# from the image inwards, and the decoder goes the same way back. All layers that hold weights are dense, hidden ones
# have relu units, and biases may start as Keras likes. Think of what each output may be: $\mu_z$, $\log \sigma^2$, and
# the logits.

# %% nbgrader={"grade": false, "grade_id": "task-2-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mirrored_networks(side, widths, latent_dim):
    """Return (encoder, decoder), two Keras models.

    The encoder goes from uint8 images (batch, side, side, 1) to [z_mean, z_log_var], each (batch, latent_dim); the
    decoder from z (batch, latent_dim) to logits (batch, side, side, 1).
    """
    ### BEGIN SOLUTION
    images = keras.Input((side, side, 1), dtype="uint8")
    x = layers.Flatten()(layers.Rescaling(1 / 255)(images))
    for width in widths:
        x = layers.Dense(width, activation="relu")(x)
    encoder = keras.Model(images, [layers.Dense(latent_dim)(x), layers.Dense(latent_dim)(x)])

    x = z = keras.Input((latent_dim,))
    for width in reversed(widths):
        x = layers.Dense(width, activation="relu")(x)
    logits = layers.Reshape((side, side, 1))(layers.Dense(side * side)(x))
    return encoder, keras.Model(z, logits)
    ### END SOLUTION


# %%
lesson = models.dense_encoder().count_params(), models.dense_decoder().count_params()
yours = tuple(network.count_params() for network in mirrored_networks(28, [512], 2))
print("your weights with one hidden layer:", yours, "   expected: as in the lesson,", lesson)
deep = models.VAE(*mirrored_networks(28, [60, 40], 3))
for network in (deep.encoder, deep.decoder):
    print("your layers:", " ".join(str(w.shape) for w in network.get_weights() if w.ndim == 2))
print("expected: the second line is the first one, backwards, with one pair less of (40, 3)")
print("your logits:", deep.decoder(np.zeros((5, 3))).shape, "   expected: (5, 28, 28, 1)")

# %% nbgrader={"grade": true, "grade_id": "check-2-4", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.mirrored_networks(mirrored_networks)

# %% [markdown]
# ## Task 2.5 · Find the bug: a picture of the plane (2 points)
#
# A tutorial draws the latent plane with these points. It decodes them one by one, and lays out the images row by row
# from the top, as many in a row as there are rows.

# %% nbgrader={"grade": false, "grade_id": "given-2-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
def buggy_points(n):
    quantiles = norm.ppf(np.linspace(0, 1, n))
    return [np.array([[z_1, z_2]]) for z_1 in quantiles for z_2 in quantiles]


print(len(buggy_points(8)), "calls of the decoder")
print("first row of images:", [z.round(1).tolist() for z in buggy_points(4)[:4]])

# %% [markdown]
# Write `mended_grid`, with all the points in one array, for one call of the decoder. The picture may be wider than
# high, and the prior is any Gaussian with axes along the coordinates. In the picture $z_1$ should grow to the right and
# $z_2$ upwards. Cut each axis into parts of equal probability, as many as there are images along it. Each coordinate of
# an image's point halves its part, in probability again.

# %% nbgrader={"grade": false, "grade_id": "task-2-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mended_grid(rows, columns, prior_mean, prior_log_var):
    """Return points of shape (rows * columns, 2), row by row from the top; the prior's parameters have shape (2,)."""

    ### BEGIN SOLUTION
    def axis(n, mean, log_var):
        return norm(mean, np.exp(0.5 * log_var)).ppf((np.arange(n) + 0.5) / n)

    z_1 = axis(columns, prior_mean[0], prior_log_var[0])
    z_2 = axis(rows, prior_mean[1], prior_log_var[1])
    return np.stack(np.meshgrid(z_1, z_2[::-1]), axis=-1).reshape(-1, 2)
    ### END SOLUTION


# %% tags=["nbval-check-output"]
points = mended_grid(2, 3, np.array([10.0, 20.0]), np.zeros(2))
print("your points:", [[round(float(number), 2) for number in point] for point in points])
print("expected: z_1 is 10 in the middle of each row, z_2 once above 20 and once below; all of them finite")
print("your shape:", points.shape, "   expected: (6, 2)")

# %%
trained = weights.load("dense_vae")
grid = mended_grid(4, 12, np.array([0.0, 0.0]), np.array([0.0, -2.0]))
plotting.show(
    plotting.image_grid(trained.decode(grid), columns=12),
    alt="Four rows of twelve digits, decoded from a flat piece of the latent plane; most are like their neighbours.",
)
print("expected: images that are mostly like their neighbours, since these are neighbours in the plane")

# %% nbgrader={"grade": true, "grade_id": "check-2-5", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check.mended_grid(mended_grid)

# %% [markdown]
# ## Open task · One change, and what it does to both terms
#
# Change one thing in the VAE, but not what the lesson proposes at its end, fewer hidden units or eight latent
# dimensions. It may be the networks of task 2.4, their activation, another number of latent dimensions, or the weight
# of a term. Write down first what will happen to the reconstruction and to the KL, in which direction and about how
# far, and why. Then train the VAE with and without the change, a few epochs each and alike in everything else, and
# compare both terms on the validation images. How do you know that the difference is not a matter of the seed? Write
# your answer in the cell below, and code in new cells after it.

# %% [markdown] nbgrader={"grade": true, "grade_id": "open-2", "locked": false, "points": 0, "schema_version": 3, "solution": true, "task": false}
# The change: `models.dense_vae(latent_dim=1)` instead of `models.dense_vae()`.
#
# The prediction: the KL falls, to about half if both dimensions carried as much. The reconstruction rises, and by more
# than the KL falls. For the model with two dimensions could have left one of them unused, at no KL. It used it, so each
# nat that it paid there must have saved more than one. The loss is the sum, so it rises.
#
# The test: three epochs on 20,000 training images of MNIST, by `training.train` and with
# `keras.utils.set_random_seed(seed)` before each model is built, for three seeds; then `evaluate` on the validation
# images. The KL did fall, to a little more than half, and the reconstruction rose by several nats for each nat of KL
# that was saved. The same happened on the embedded digits with 40 epochs. With another seed both terms moved by far
# less than with the change.
#
# What to look for in an answer: a prediction for each term, made before the run; one change only; the same epochs, data
# and seeds on both sides; validation images; more than one seed; and a reason, also where the prediction failed.
