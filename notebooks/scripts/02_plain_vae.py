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
# # 02 · A plain VAE
#
# A variational autoencoder (VAE) finds out, without being told, what distinguishes one image from another, and writes
# it down in a few numbers. In this lesson the few are two, so that we can look at all of them. You derive its loss,
# build it from a handful of lines, train it in a minute, and walk through what it has learned.
#
# **You will be able to**
#
# 1. derive the ELBO from the evidence, and say what the gap between them is;
# 2. compute the KL divergence from a diagonal Gaussian to the standard normal in closed form;
# 3. say why a sample is written as $z = \mu_z + \sigma \varepsilon$, and what would go wrong without it;
# 4. build, train and evaluate a VAE in Keras;
# 5. read a latent map and a grid of decoded points, and draw both honestly.
#
# **Time:** 60 minutes. **Before this:** [lesson 01](01_data_and_likelihood.ipynb).

# %%
import sys

if "google.colab" in sys.modules:  # Colab has TensorFlow already: add what it lacks, leave the rest alone
    # %pip install --quiet --no-deps pooch "cvae-course @ git+https://github.com/OWNER/cvae-course"

# %%
import matplotlib.pyplot as plt
import numpy as np

from cvae_utils import data, explore, losses, plotting, training, weights

digits = data.load("auto")

# %% [markdown]
# Here is where we are going. Each little image is what a trained decoder draws for one point of the plane. Nobody told
# it that there are ten digits.

# %%
trained = weights.load("dense_vae")
plotting.show(plotting.manifold(trained.decode))

# %% [markdown]
# ## 1. A story about images
#
# The mean image of lesson 01 is a poor model because it says the same for every image. A better one tells a story in
# two steps. First somebody draws a few hidden numbers $z$, the **latent** variables: how slanted, how round, how thick.
# Then a network, the **decoder**, turns $z$ into the probability of black for each pixel, and the pixels are drawn.
#
# $$z \sim p(z) = \mathcal{N}(0, I), \qquad x \sim p(x \mid z)$$
#
# Read $\sim$ as "is drawn from". The distribution $p(z)$ is called the **prior**: a standard normal distribution, in as
# many independent dimensions as $z$ has, each with variance 1. The second is the Bernoulli likelihood of lesson 01, with
# logits that the decoder computes from $z$.
#
# The course keeps to this notation.
#
# | symbol | in code | meaning |
# | --- | --- | --- |
# | $x$ | `images`, `x` | an image of 784 pixels |
# | $\mu$ | `mean`, `means` | the probability of black for each pixel, as in lesson 01 |
# | $y$ | `labels` | its label, which this model never sees |
# | $z$ | `z` | the latent variables of an image |
# | $\varepsilon$ | `epsilon` | noise from $\mathcal{N}(0, I)$ |
# | $p(x \mid z)$ | `decoder` | the likelihood, by its logits |
# | $q(z \mid x)$ | `encoder` | a Gaussian guess for the $z$ behind an image |
# | $\mu_z, \log \sigma^2$ | `z_mean`, `z_log_var` | the mean of that guess, and the logarithm of its variance |
#
# How good is the story? As before: by the probability that it gives to the images, which is called the **evidence**.
# To get it, we have to sum over everything that $z$ could have been:
#
# $$p(x) = \int p(x \mid z)\, p(z)\, dz$$
#
# ## 2. Why not just compute it?
#
# An integral over a distribution can be estimated by an average over samples from it: draw $k$ points from the prior,
# decode each, and average the likelihoods of the image. The trained decoder lets us try that on one validation image.
# The likelihoods are far too small for float32, so they stay logarithms: `np.logaddexp.reduce` gives the logarithm of a
# sum of exponentials, and subtracting $\log k$ makes the sum a mean.
#
# **Predict:** the likelihoods of an image under 10,000 points of the prior are added up. How many of the points make up
# 99% of the sum?

# %%
def log_likelihoods(image, z):
    logits = np.asarray(trained.decoder(z))
    return np.asarray(losses.bernoulli_log_likelihood(np.broadcast_to(image / np.float32(255), logits.shape), logits))


if digits.name != "mnist":
    print("The trained weights know MNIST. On these other digits the numbers below are worse.")
image = digits.validation.images[7:8]
rng = np.random.default_rng(0)
for k in (10, 100, 1_000, 10_000):
    estimates = []
    for _ in range(3):
        log_p = log_likelihoods(image, rng.standard_normal((k, 2), dtype="float32"))
        estimates.append(np.logaddexp.reduce(log_p) - np.log(k))
    print(f"k = {k:6,}: log p(x) is estimated as", "  ".join(f"{estimate:8.2f}" for estimate in estimates))
shares = np.sort(np.exp(log_p - log_p.max()))[::-1]  # of the sum, the largest first
needed = np.searchsorted(shares.cumsum() / shares.sum(), 0.99) + 1
print(f"{needed} of the {k:,} points make up 99% of the sum")

# %% [markdown]
# Most of the prior has nothing to do with this image. The estimate depends on whether one of the points happens to fall
# near a $z$ that fits: with ten points it is nearly always far too low, and with a hundred it still scatters by several
# nats. With two latent dimensions one may try ten thousand points. But if, say, a tenth of each dimension fits, then in
# ten dimensions one point in $10^{10}$ does. And training needs the number for thousands of images, again and again.
#
# So we should look where the image is. That is the idea of the VAE: a second network, the **encoder**, reads the image
# and says where its $z$ may lie. Its answer is a Gaussian, $q(z \mid x) = \mathcal{N}(\mu_z, \mathrm{diag}(\sigma^2))$,
# with a mean and a variance in each latent dimension.
#
# ## 3. The evidence and its lower bound
#
# What does the encoder buy us? Take the logarithm of the evidence, and average it over $z$ from $q$. It does not depend
# on $z$, so the average changes nothing:
#
# $$\log p(x) = \mathbb{E}_{q(z \mid x)}\big[\log p(x)\big]$$
#
# By the definition of conditional probability, $p(x) = p(x, z) / p(z \mid x)$. Here $p(z \mid x)$ is the true
# **posterior**: which $z$ may really be behind this image, given our decoder. Put that in, and multiply numerator
# and denominator by $q(z \mid x)$:
#
# $$\log p(x)
# = \mathbb{E}_{q}\left[\log \frac{p(x, z)}{q(z \mid x)} \cdot \frac{q(z \mid x)}{p(z \mid x)}\right]
# = \underbrace{\mathbb{E}_{q}\left[\log \frac{p(x, z)}{q(z \mid x)}\right]}_{\text{ELBO}}
# + \underbrace{\mathbb{E}_{q}\left[\log \frac{q(z \mid x)}{p(z \mid x)}\right]}_{\mathrm{KL}(q(z \mid x)\,\|\,p(z \mid
# x))}$$
#
# The second term is a **Kullback-Leibler divergence**: the average, over points from $q$, of the logarithm of the ratio
# of the two densities. It is never negative, and zero only when the two are the same:
#
# <details><summary>Why it is never negative</summary>
#
# The logarithm is concave, so the mean of a logarithm is at most the logarithm of the mean (Jensen's inequality):
#
# $$-\mathrm{KL}(q \,\|\, p) = \mathbb{E}_q\left[\log \frac{p(z)}{q(z)}\right] \le \log \mathbb{E}_q\left[\frac{p(z)}{q(z)}\right]
# = \log \int q(z) \frac{p(z)}{q(z)}\, dz \le \log 1 = 0$$
#
# </details>
#
# So the first term can never be larger than the log evidence. Hence its name, **evidence lower bound**, ELBO. And the
# gap is not a mystery: it is exactly $\mathrm{KL}(q(z \mid x)\,\|\,p(z \mid x))$, the encoder's error about this image.
#
# The ELBO only needs what we have. Write $p(x, z) = p(x \mid z)\,p(z)$ and split the logarithm:
#
# $$\text{ELBO} = \underbrace{\mathbb{E}_{q(z \mid x)}\big[\log p(x \mid z)\big]}_{-\text{ reconstruction}}
# - \underbrace{\mathrm{KL}\big(q(z \mid x)\,\|\,p(z)\big)}_{\text{KL}}$$
#
# The first part asks: if $z$ comes from the encoder's guess, how probable is the image? The second is the price of the
# guess: how far it is from the prior, which knows nothing about the image. The loss of a VAE is the negative ELBO,
#
# $$\text{loss} = \text{reconstruction} + \text{KL},$$
#
# both in nats per image. It equals $-\log p(x)$ plus the gap. Making it smaller raises the evidence, or closes the gap,
# or both; it may even trade one for the other.
#
# **Think!** Two KL divergences have appeared, $\mathrm{KL}(q(z \mid x)\,\|\,p(z \mid x))$ and
# $\mathrm{KL}(q(z \mid x)\,\|\,p(z))$. Which of them is part of the loss, and is a value of zero good news?
#
# <details><summary>Answer</summary>
#
# The second is in the loss. The first cannot be computed, because the true posterior is not known. Zero would be good
# news for the first: the bound is tight. It would be bad news for the second: the encoder says the same for every image,
# and so the decoder can only draw the mean image.
#
# </details>
#
# ### The identity, checked
#
# With two latent dimensions everything in the equation can be computed: decode a fine grid over the plane, and replace
# each integral by a sum times the area of a grid cell. The two cells below do so for sixteen validation images, with
# the networks that drew the picture above.
#
# **Predict:** is the gap about the same for all images?

# %%
spacing = 0.02
axis = np.arange(-4.5, 4.5, spacing, dtype="float32")
grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
log_area = 2 * np.log(spacing)
images = digits.validation.images[:16]
x = (images / np.float32(255)).reshape(16, 784)
log_likelihood = np.empty((16, len(grid)), "float32")
for start in range(0, len(grid), 5_000):  # x·ℓ − softplus(ℓ) for all pairs of an image and a point
    logits = np.asarray(trained.decoder(grid[start : start + 5_000])).reshape(-1, 784)
    log_likelihood[:, start : start + 5_000] = x @ logits.T - np.logaddexp(0, logits).sum(axis=1)


# %%
def log_normal(z, mean, scale):
    return (-0.5 * ((z - mean) / scale) ** 2 - np.log(scale) - 0.5 * np.log(2 * np.pi)).sum(axis=-1)


def elbo_and_gap(mean, scale):
    log_q = np.stack([log_normal(grid, *of_image) for of_image in zip(mean, scale, strict=True)])
    q = np.exp(log_q + log_area)
    return np.sum(q * (log_joint - log_q), axis=1), np.sum(q * (log_q - log_posterior), axis=1)


log_joint = log_likelihood + log_normal(grid, 0, 1)  # log p(x, z)
log_evidence = np.logaddexp.reduce(log_joint, axis=1) + log_area  # log p(x)
log_posterior = log_joint - log_evidence[:, None]  # log p(z|x)
q_mean, q_log_var = trained.encode(images)
elbo, gap = elbo_and_gap(q_mean, np.exp(q_log_var / 2))
for half in (slice(0, 8), slice(8, 16)):
    for name, values in {"log evidence": log_evidence, "ELBO": elbo, "gap": gap, "ELBO + gap": elbo + gap}.items():
        print(f"{name:13}", " ".join(f"{value:7.1f}" for value in values[half]))
    print()
assert np.allclose(elbo + gap, log_evidence, atol=0.1)

# %% [markdown]
# The two sides agree for every image. (The eighth is the image of section 2: compare its log evidence with the
# estimates there.) But the gaps are very different. Look at the image with the smallest and the one with the largest:

# %%
fig, panels = plt.subplots(1, 2, figsize=(10, 4.3), layout="constrained")
levels = [-4.5, -2.0, -0.5]  # below the peak, in nats: for a Gaussian 3, 2 and 1 standard deviations
for ax, k, name in zip(panels, (gap.argmin(), gap.argmax()), ("smallest gap", "largest gap"), strict=True):
    log_q = log_normal(grid, q_mean[k], np.exp(q_log_var[k] / 2))
    for log_density, colour, style in ((log_posterior[k], "tab:blue", "solid"), (log_q, "tab:red", "dashed")):
        height = (log_density - log_density.max()).reshape(len(axis), len(axis))
        ax.contour(axis, axis, height, levels, colors=colour, linestyles=style)
    inside = grid[(log_posterior[k] > log_posterior[k].max() - 6) | (log_q > log_q.max() - 6)]
    ax.set(xlim=(inside[:, 0].min(), inside[:, 0].max()), ylim=(inside[:, 1].min(), inside[:, 1].max()))
    ax.set(xlabel="$z_1$", ylabel="$z_2$", title=f"{name}, {gap[k]:.1f} nats (a {digits.validation.labels[k]})")
    ax.plot([], [], color="tab:blue", label="posterior p(z|x)")
    ax.plot([], [], color="tab:red", linestyle="dashed", label="encoder's q(z|x)")
panels[1].legend()
plotting.show(fig, alt="Contours of the posterior and of q for two images. Left they overlap, right they lie apart.")

# %% [markdown]
# On the left the encoder's Gaussian lies within the posterior, and its being too narrow costs little. On the right it
# is in the wrong place: for this image the encoder is simply mistaken. That surprises many, since the loss shows only
# the sum of both errors: a bad ELBO may be the fault of the decoder or of the encoder.
#
# There are two reasons for a gap. A Gaussian with axes parallel to the coordinates may not have the posterior's shape,
# and one network has to guess for all images. Which of them is to blame here? Give each image a Gaussian of its own,
# with the mean and the width of its posterior:

# %%
posterior = np.exp(log_posterior + log_area)
own_mean = posterior @ grid
own_width = np.sqrt(posterior @ grid**2 - own_mean**2)
own_elbo, own_gap = elbo_and_gap(own_mean, own_width)
print(f"mean gap with the encoder's Gaussians      {gap.mean():6.2f} nats")
print(f"mean gap with a Gaussian for each image    {own_gap.mean():6.2f} nats")

# %% [markdown]
# The second number is what the shape costs, at most, and is called the *approximation gap*. The rest of the first comes
# from sharing one network, and is called the *amortisation gap* (Cremer, Li and Duvenaud 2018). Nearly all of it is the
# second kind: a Gaussian would do, but the encoder does not find it.
#
# Note the scale of the axes, too. Compared with the prior, which fills the plane from about −3 to 3, an image occupies a
# tiny spot. That is why so few samples of the prior ever found it.
#
# ## 4. The KL term in closed form
#
# The KL term compares the encoder's Gaussian with the standard normal prior, in each latent dimension. For Gaussians the
# integral can be done once and for all. In one dimension, with $q = \mathcal{N}(\mu_z, \sigma^2)$,
#
# $$\mathrm{KL} = \mathbb{E}_q\left[\log q(z) - \log p(z)\right]
# = \mathbb{E}_q\left[-\tfrac12 \log \sigma^2 - \frac{(z - \mu_z)^2}{2\sigma^2} + \frac{z^2}{2}\right]
# = \tfrac12 \left(\sigma^2 + \mu_z^2 - 1 - \log \sigma^2\right)$$
#
# The constants $\tfrac12 \log 2\pi$ cancel. The last step uses that under $q$ the mean of $(z - \mu_z)^2$ is $\sigma^2$
# and the mean of $z^2$ is $\sigma^2 + \mu_z^2$. With several dimensions the terms are added.
#
# The encoder puts out $\log \sigma^2$ and not $\sigma$, because a network's output can be any real number and
# $\sigma^2 = e^{\log \sigma^2}$ is then always positive. Beware of code that calls this value `sigma` or `log_sigma`:
# the factor 2 between $\log \sigma$ and $\log \sigma^2$ is a popular mistake.

# %% tags=["shown"]
from keras import ops

LOG_VAR_RANGE = (-30.0, 20.0)


def gaussian_kl(z_mean, z_log_var):
    z_log_var = ops.clip(z_log_var, *LOG_VAR_RANGE)
    return 0.5 * ops.sum(ops.exp(z_log_var) + z_mean**2 - 1.0 - z_log_var, axis=-1)


# %% [markdown]
# The clipping changes nothing in normal life. It keeps one wild batch from turning every weight into `nan`: the
# exponential overflows float32 at 89.
#
# **Predict** by the formula, before you run it: the KL for a guess that has the right width but is off by one standard
# deviation ($\mu_z = 1$, $\sigma^2 = 1$), and for one that is in the right place but twice as wide ($\mu_z = 0$,
# $\sigma^2 = 4$).

# %% tags=["nbval-check-output"]
z_mean = np.array([[0.0], [1.0], [0.0]], "float32")
z_log_var = np.log([[1.0], [1.0], [4.0]]).astype("float32")
print("closed form:", np.round(np.asarray(gaussian_kl(z_mean, z_log_var)), 3), "nats")

# %% [markdown]
# A formula that one has derived oneself deserves a check. The definition says: draw from $q$ and average
# $\log q(z) - \log p(z)$. And with this formula the ELBO of section 3 can be had in another way, by its two parts.

# %%
mean, scale = np.array([0.5, -1.0]), np.array([0.3, 1.5])
samples = mean + scale * rng.standard_normal((200_000, 2))
log_ratio = log_normal(samples, mean, scale) - log_normal(samples, 0, 1)
closed = float(gaussian_kl(mean[None], 2 * np.log(scale)[None])[0])
error = log_ratio.std() / np.sqrt(len(log_ratio))
print(f"closed form {closed:.4f}, from samples {log_ratio.mean():.4f} ± {error:.4f}")
assert abs(closed - log_ratio.mean()) < 5 * error
by_parts = np.sum(np.exp(log_normal(grid, q_mean[0], np.exp(q_log_var[0] / 2)) + log_area) * log_likelihood[0])
by_parts -= float(gaussian_kl(q_mean[:1], q_log_var[:1])[0])
print(f"ELBO of the first image, reconstruction and KL computed apart {by_parts:.2f}, in section 3 {elbo[0]:.2f}")
assert abs(by_parts - elbo[0]) < 0.1

# %% [markdown]
# ## 5. Through the sample: the reparameterisation
#
# The reconstruction term is an average over $z$ from $q(z \mid x)$, and training takes just one sample for each image.
# Now we need the gradient with respect to the encoder's outputs. But how does one differentiate a random draw?
#
# Write the draw as a formula. A sample of $\mathcal{N}(\mu_z, \sigma^2)$ is a sample of the standard normal, stretched
# and moved:
#
# $$z = \mu_z + \sigma\,\varepsilon, \qquad \varepsilon \sim \mathcal{N}(0, 1)$$
#
# The randomness now comes from $\varepsilon$, which depends on nothing, and $z$ is an ordinary function of $\mu_z$ and
# $\sigma$ with derivatives 1 and $\varepsilon$. This is the **reparameterisation**.
#
# It is not the only way. One can also differentiate the density instead of the sample:
#
# $$\frac{d}{d\mu_z} \int q(z) f(z)\, dz = \int \frac{d q(z)}{d\mu_z} f(z)\, dz
# = \mathbb{E}_q\left[f(z)\, \frac{d \log q(z)}{d\mu_z}\right] = \mathbb{E}_q\left[f(z)\, \frac{z - \mu_z}{\sigma^2}\right]$$
#
# The average of these terms over samples is called the *score-function* estimator. Both are right on average. Compare
# them where the answer is known: the mean of $f(z) = z^2$ is $\mu_z^2 + \sigma^2$, so its derivative with respect to
# $\mu_z$ is $2\mu_z$.
#
# **Predict:** both estimate the same number from the same 32 samples. Which of the two scatters more, and why?

# %%
mean, scale = 1.5, 0.5
z = mean + scale * rng.standard_normal((2_000, 32))
by_reparameterisation = (2 * z).mean(axis=1)  # f'(z) times dz/dmean, which is 1
by_score = (z**2 * (z - mean) / scale**2).mean(axis=1)
print(f"true derivative {2 * mean:.2f}")
print(f"reparameterisation {by_reparameterisation.mean():.2f}, spread {by_reparameterisation.std():.2f}")
print(f"score function     {by_score.mean():.2f}, spread {by_score.std():.2f}")
fig, ax = plt.subplots(figsize=(7, 2.6), layout="constrained")
bins = np.linspace(-1, 7, 81)
ax.hist(by_score, bins, label="score function", color="tab:orange", alpha=0.7)
ax.hist(by_reparameterisation, bins, label="reparameterisation", color="tab:blue", alpha=0.7, hatch="//")
ax.set(xlabel="estimated derivative", ylabel="of 2,000 batches")
ax.legend()
plotting.show(
    fig, alt="Two histograms around the true derivative; the one by reparameterisation is several times narrower."
)

# %% [markdown]
# The score function uses only the values of $f$, while the reparameterisation also uses its slope. Without further
# tricks the difference grows with the number of dimensions and with the size of $f$: add a constant to $f$, and the
# score function gets noisier, while the other stays as it is. Our $f$ is a log-likelihood of more than a hundred nats.
# This is the main reason why VAEs use the reparameterisation.
#
# As a Keras layer:

# %% tags=["shown"]
import keras


class Sampling(keras.layers.Layer):
    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs):
        z_mean, z_log_var = inputs
        sigma = ops.exp(0.5 * ops.clip(z_log_var, *LOG_VAR_RANGE))
        epsilon = keras.random.normal(ops.shape(z_mean), seed=self.seed_generator)
        return z_mean + sigma * epsilon


# %% [markdown]
# It reads the shape from its input, so that it also works for the last batch of an evaluation, which may be smaller. The
# factor 0.5 turns $\log \sigma^2$ into $\log \sigma$.
#
# ## 6. The two networks
#
# Encoder and decoder are mirror images: 784 pixels, a hidden layer of 512, two latent dimensions, and back. The encoder
# has two outputs side by side.
#
# **Predict:** how many weights does each have? A dense layer from $m$ to $n$ has $m \cdot n$ weights and $n$ biases.

# %% tags=["shown"]
from keras import layers

IMAGE_SHAPE = (28, 28, 1)


def first_decoder_layer(units, activation="relu"):
    return keras.layers.Dense(
        units,
        activation=activation,
        kernel_initializer=keras.initializers.RandomNormal(stddev=1.0),
        bias_initializer=keras.initializers.RandomUniform(-1.0, 1.0),
    )


def dense_encoder(latent_dim=2, hidden_units=512):
    images = keras.Input(IMAGE_SHAPE, dtype="uint8", name="images")
    x = layers.Rescaling(1 / 255)(images)
    x = layers.Flatten()(x)
    x = layers.Dense(hidden_units, activation="relu")(x)
    z_mean = layers.Dense(latent_dim, name="z_mean")(x)
    z_log_var = layers.Dense(latent_dim, name="z_log_var")(x)
    return keras.Model(images, [z_mean, z_log_var], name="encoder")


def dense_decoder(latent_dim=2, hidden_units=512):
    z = keras.Input((latent_dim,), name="z")
    x = first_decoder_layer(hidden_units)(z)
    x = layers.Dense(28 * 28)(x)
    logits = layers.Reshape(IMAGE_SHAPE, name="logits")(x)
    return keras.Model(z, logits, name="decoder")


# %% tags=["nbval-check-output"]
hidden = 784 * 512 + 512
heads = 2 * (512 * 2 + 2)
print(f"encoder by hand {hidden + heads:,}, in Keras {dense_encoder().count_params():,}")
decoder = (2 * 512 + 512) + (512 * 784 + 784)
print(f"decoder by hand {decoder:,}, in Keras {dense_decoder().count_params():,}")

# %% [markdown]
# The last layer of the decoder has no activation: it puts out logits, as lesson 01 asked for. Its first layer is an
# ordinary dense layer except for the values that it starts from. A relu unit bends along one line through the plane of
# $z$. Keras would start with biases of zero, so that all the lines go through the origin; these values spread them over
# the prior at once.
#
# **Think!** `z_mean` and `z_log_var` have no activation either. What would a `relu` on `z_mean` do?
#
# <details><summary>Answer</summary>
#
# On `z_mean` it would press all the images into the quarter of the plane where both coordinates are positive. The prior
# fills the whole plane, so that a decoder fed from the prior would get points that it has hardly seen in training for
# three draws out of four. On `z_log_var` it would be worse: σ could never be below 1, so no guess could be narrower than
# the prior.
#
# </details>
#
# ## 7. The model and its loss
#
# Now put the parts together. `call` encodes, samples and decodes. `compute_loss` is where Keras asks for the loss, and
# it holds the two terms, one line each. Each line sums over pixels or latent dimensions first and then averages over
# the batch. Both terms are also kept as metrics, so that the printed loss is the sum of its printed parts.

# %% tags=["shown"]
from cvae_utils.losses import bernoulli_log_likelihood
from cvae_utils.models import check_images


class VAE(keras.Model):
    def __init__(self, encoder, decoder, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.decoder = decoder
        self.sampling = Sampling()
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction")
        self.kl_tracker = keras.metrics.Mean(name="kl")
        self(encoder.input)  # builds the model, so that weights can be saved and loaded

    def call(self, images):
        check_images(images)
        z_mean, z_log_var = self.encoder(images)
        z = self.sampling((z_mean, z_log_var))
        return self.decoder(z), z_mean, z_log_var

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):
        logits, z_mean, z_log_var = y_pred
        pixels = ops.cast(x, "float32") / 255
        reconstruction = -ops.mean(bernoulli_log_likelihood(pixels, logits))
        kl = ops.mean(gaussian_kl(z_mean, z_log_var))
        batch_size = ops.shape(x)[0]
        self.reconstruction_tracker.update_state(reconstruction, sample_weight=batch_size)
        self.kl_tracker.update_state(kl, sample_weight=batch_size)
        return reconstruction + kl

    def encode(self, images):
        check_images(images)
        return self.encoder.predict(images, batch_size=250, verbose=0)

    def decode(self, z):
        logits = self.decoder(ops.convert_to_tensor(z, dtype="float32"))  # far quicker than predict for a few points
        return ops.convert_to_numpy(ops.sigmoid(logits))


# %% [markdown]
# `check_images` refuses images that are not `uint8`, so that nobody scales them twice without noticing. The trackers
# average over the batches, each weighted by its size, because the last one of an evaluation may be smaller. The rest
# of the package has the same code as this notebook; from the next lesson on we import it.
#
# **Predict:** the loss of a VAE that has not been trained yet: is its first part above or below $784 \log 2$, the price
# of knowing nothing from lesson 01?

# %%
keras.utils.set_random_seed(0)
vae = VAE(dense_encoder(), dense_decoder())
vae.compile(optimizer="adam")
untrained = vae.evaluate(digits.validation.images, batch_size=1000, verbose=0, return_dict=True)
print({name: round(value, 1) for name, value in untrained.items()}, f"and 784 log 2 = {784 * np.log(2):.1f}")

# %% [markdown]
# Logits of zero would say $\mu = ½$ for every pixel: the price of knowing nothing. An untrained network does worse than
# that, because its logits are random: it claims to know something, and is wrong. The KL is small, since the encoder's
# guess is near the prior when its outputs are near zero.
#
# ## 8. Training
#
# `training.train` is a short function around Keras' `fit`: the Adam optimiser, a learning rate that rises over the
# first tenth of the steps and then falls to zero, a progress bar, and an order of the images that depends on the seed
# alone. You may press the stop button of the notebook at any time; the model keeps what it has learned so far.
#
# **Predict:** which of the two terms falls, and which one rises? And where will the loss end? Lesson 01 gave you two
# baselines and a floor to guess by.

# %%
epochs = 15 if digits.name == "mnist" else 100  # the embedded digits are forty times fewer
recipe = {"batch_size": 250, "learning_rate": 2e-2, "seed": 0}
history = training.train(vae, digits.train.images, digits.validation.images, epochs=epochs, **recipe)

# %%
plotting.show(plotting.training_history(history))

# %% [markdown]
# After the turmoil of the first epoch the KL term goes **up**. Many expect all parts of a loss to fall. But a KL of zero
# would mean that $z$ says nothing about the image; the model pays for KL as long as each nat saves more than one nat of
# reconstruction. At the optimum one more nat would save just one. Our curves flatten earlier than that, because the
# learning rate falls to zero; section 13 shows what longer training gains.
#
# Validation stays near training. Two numbers for each image leave little room for learning images by heart, but not
# none: the distance between the curves grows with the epochs, and more so on a small data set.
#
# ## 9. The result
#
# Now the test set: from here on nothing is chosen any more. The mean image is the baseline of lesson 01, which is what a
# VAE would reach whose latent variables say nothing, and the floor is what no model can pass.

# %%
def mean_image_loss(train, test):
    mean = (train.images.sum(axis=0) / 255 + 0.5) / (len(train) + 1)
    average_test_image = test.images.mean(axis=0) / 255  # the log-likelihood is linear in x: this gives the average
    return -float(bernoulli_log_likelihood(average_test_image[None], np.log(mean / (1 - mean))[None])[0])


def grey_floor(images):
    value = np.arange(1, 255) / 255
    entropy = -value * np.log(value) - (1 - value) * np.log(1 - value)
    return np.bincount(images.ravel(), minlength=256)[1:255] @ entropy / len(images)


result = vae.evaluate(digits.test.images, batch_size=1000, verbose=0, return_dict=True)
baseline = mean_image_loss(digits.train, digits.test)
print(f"test images of {digits.name}, nats per image      loss  reconstruction    KL")
print(f"mean image                            {baseline:8.2f} {baseline:15.2f} {0:5.2f}")
print(
    f"this VAE                              {result['loss']:8.2f} {result['reconstruction']:15.2f} {result['kl']:5.2f}"
)
print(f"grey floor                            {grey_floor(digits.test.images):8.2f}")
assert abs(result["loss"] - result["reconstruction"] - result["kl"]) < 1e-2
assert result["loss"] < baseline

# %% [markdown]
# A few nats of KL buy a far larger saving in reconstruction. That is the pixels' dependence on each other, which the
# mean image could not express: once $z$ is known, hundreds of pixels are known a little better.
#
# What do the images look like that cost so many nats?

# %%
chosen = digits.test.images[:12]
z_mean, z_log_var = vae.encode(chosen)
plotting.show(plotting.reconstructions(chosen, vae.decode(z_mean)))

# %% [markdown]
# **Think!** The reconstructions are blurred, and several are another digit. Which causes can you name, besides "VAEs are
# blurry"?
#
# <details><summary>Answer</summary>
#
# What is drawn is the mean of $p(x \mid z)$, and a mean over everything that the image might be is smooth. (A sample
# would not help: it would be speckled, because the pixels are drawn independently.) Two numbers are few: images that
# differ in more than two ways have to share a $z$. And for some images the encoder points to the wrong place, as in
# section 3, which gives another digit.
#
# </details>
#
# ## 10. The latent map
#
# Encode all test images and draw each at its `z_mean`, with the label as colour and as the digit itself. The model has
# never seen a label.
#
# **Predict:** will images with the same label lie together? Which pairs of digits will be neighbours?

# %%
z_mean, z_log_var = vae.encode(digits.test.images)
plotting.show(plotting.latent_map(z_mean, digits.test.labels, digits.class_names))

# %% [markdown]
# Classes gather, although nobody asked for it. To know the digit saves many nats, and so the two numbers seem to have
# been spent on the digit first. Where two classes run into each other, look at how one writes them: usually 4 and 9
# overlap, and 3, 5 and 8.
#
# **Think!** The encoder gives a Gaussian for each image, and this map draws only its mean. How wide are the Gaussians,
# and why does it matter?
#
# <details><summary>Answer</summary>
#
# `np.exp(z_log_var / 2).mean(axis=0)` says how wide: a small fraction of the prior's width. The decoder sees samples
# and not means, so what lies within one width of a point must decode to nearly the same image. The width is the
# resolution at which the plane can hold information, and the KL term counts it: on average over the images about
# $\log(1 / \sigma)$ nats in each dimension.
#
# </details>
#
# ## 11. Walking through the plane
#
# The grid shows the plane in equal steps, in units of the prior's standard deviation, and the red circle marks the point
# that is decoded beside it. Drag it, or use the arrow keys or the sliders. **Find out:** start at a clear 1 and move to a
# clear 0 in as straight a line as you can. Which digits do you meet on the way, and is there a place on it where the
# picture is no digit at all?

# %%
explore.grid_explorer(vae)

# %% [markdown]
# <details><summary>What to look for</summary>
#
# The path depends on the run, since nothing fixes which digit lies where. On most paths there are stretches where the
# image is something between two digits. The decoder is a continuous function, so it has to pass through something on the
# way from one to the other.
#
# </details>
#
# That grid takes equal steps in $z$, so that its outer half shows what the model hardly ever generates. The picture at
# the top of this lesson, below drawn by your own model, takes equal steps in **probability**: each image stands for the
# same share of the prior, because the grid goes through its quantiles.
#
# **Think!** Some tutorials take the points `norm.ppf(np.linspace(0, 1, n))`, where `norm.ppf` is SciPy's quantile
# function of the standard normal. What is the first point of that grid?
#
# <details><summary>Answer</summary>
#
# The quantile of 0, which is minus infinity. The picture then shows whatever the decoder makes of infinite input, or
# `nan`. Others use equal steps from −15 to 15 or so, where all but the middle of the picture is territory the model
# was never trained on. `plotting.prior_grid` takes the quantiles of ½/n, 1½/n, and so on.
#
# </details>

# %%
plotting.show(plotting.manifold(vae.decode))

# %% [markdown]
# ## 12. New images, and a limit
#
# To generate, follow the story of section 1: draw $z$ from the prior, decode it. The encoder is not needed any more.

# %%
z = np.random.default_rng(1).standard_normal((24, 2))
plotting.show(plotting.image_grid(vae.decode(z), columns=12), alt="24 new digits, decoded from points of the prior.")

# %% [markdown]
# And now please draw a 7. There is no way to ask: which $z$ makes a 7 is known only from the map. Nor can you ask for
# *this* handwriting, but as a 3. Digit and style are mixed in the same two numbers. A model that is told the label can
# leave it out of $z$: that is the conditional VAE, **CVAE** for short. In this course CVAE always means *conditional*;
# a well-known TensorFlow tutorial uses the same letters for *convolutional*.
#
# ## 13. Trained for longer
#
# A minute of training is not all that this network can do. The weights that come with the course had more epochs on
# MNIST, with smaller batches and one more ingredient, which lesson 06 motivates; `make weights` makes them from nothing.

# %%
shipped = weights.describe("dense_vae")
print(f"trained here, {epochs} epochs of {digits.name}: {result['loss']:.2f} nats on its test images")
print(f"the course's weights, {shipped['recipe']['epochs']} epochs of mnist: {shipped['test']['loss']:.2f} nats")
if digits.name != "mnist":
    print("These are two data sets: the two numbers cannot be compared.")
trained.compile()
for part in ("train", "validation", "test"):
    images = getattr(digits, part).images[:10_000]
    loss = trained.evaluate(images, batch_size=1000, verbose=0, return_dict=True)["loss"]
    print(f"the course's weights on {len(images):6,} {part:10} images of {digits.name}: {loss:.2f} nats")

# %% [markdown]
# On MNIST the loss on training images lies below the other two: in that many epochs the network did learn some of
# them by heart. (Its encoder did. Lesson 06 measures both halves.) Tutorials often print only the training loss. The
# example of the Keras documentation, with a convolutional network and two latent dimensions, prints 146.95 after 30
# epochs on training and test images pooled ([keras.io](https://keras.io/examples/generative/vae/)); the number to hold
# against it is our training loss, and neither says how good the model is on new images.
#
# ## Recap
#
# The log evidence of an image is the ELBO plus the encoder's error, $\mathrm{KL}(q(z \mid x)\,\|\,p(z \mid x))$. The
# loss is the negative ELBO: reconstruction plus KL to the prior, in nats. The reparameterisation takes the gradient
# through the sample, with far less noise than the alternative. The KL rises during training because knowledge about the
# image costs it. A plain VAE sorts images by digit without being told, and cannot be asked for one.
#
# **Exercise:** [exercise 02](../exercises/02_plain_vae.ipynb) has graded tasks
# on the objectives above, with checks that answer at once.
#
# **Before you go on**, change one thing and predict its effect on both terms before you run it: `hidden_units=64` in
# both networks, or eight latent dimensions, `VAE(dense_encoder(latent_dim=8), dense_decoder(latent_dim=8))`. With
# eight, the map and the grid of sections 10 and 11 cannot be drawn any more. Why?
#
# ## References
#
# * D. P. Kingma, M. Welling, *Auto-Encoding Variational Bayes*, arXiv:1312.6114, 2013. Appendix B has the KL.
# * D. J. Rezende, S. Mohamed, D. Wierstra, *Stochastic Backpropagation and Approximate Inference in Deep Generative Models*,
#   ICML 2014: the same idea, found independently.
# * C. Cremer, X. Li, D. Duvenaud, *Inference Suboptimality in Variational Autoencoders*, ICML 2018: the two gaps.
# * C. Doersch, *Tutorial on Variational Autoencoders*, arXiv:1606.05908, 2016.
# * S. Mohamed, M. Rosca, M. Figurnov, A. Mnih, *Monte Carlo Gradient Estimation in Machine Learning*, JMLR 21, 2020: the
#   score function and the reparameterisation compared.
