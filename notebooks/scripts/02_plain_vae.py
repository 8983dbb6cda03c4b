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
# A variational autoencoder (VAE) finds out, without being told, what distinguishes one image from another, and writes it
# down in a few numbers. In this lesson the few are two, so that we can look at all of them. You derive its loss, build it
# from a handful of lines, train it in a minute, and walk through what it has learned.
#
# **You will be able to**
#
# 1. derive the ELBO from the evidence, and say what the gap between them is;
# 2. compute the KL divergence between two Gaussians in closed form;
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
# The distribution $p(z)$ is called the **prior**: a standard normal distribution, in as many independent dimensions as
# $z$ has. The second factor is the Bernoulli likelihood of lesson 01, with logits that the decoder computes from $z$.
#
# The course keeps to this notation.
#
# | symbol | in code | meaning |
# | --- | --- | --- |
# | $x$ | `images`, `x` | an image of 784 pixels |
# | $y$ | `labels` | its label, from lesson 04 on |
# | $z$ | `z` | the latent variables of an image |
# | $\varepsilon$ | `epsilon` | noise from $\mathcal{N}(0, I)$ |
# | $p(x \mid z)$ | `decoder` | the likelihood, by its logits |
# | $q(z \mid x)$ | `encoder` | a Gaussian guess of the $z$ behind an image |
# | $\mu_z, \log \sigma^2$ | `z_mean`, `z_log_var` | the mean and the logarithm of the variance of that guess |
#
# How good is the story? As before: by the probability that it gives to the images, which is called the **evidence**.
# To get it, we have to sum over everything that $z$ could have been:
#
# $$p(x) = \int p(x \mid z)\, p(z)\, dz$$
#
# ## 2. Why not just compute it?
#
# An integral over a distribution is an average over samples from it: draw $k$ points from the prior, decode each, and
# average the likelihoods of the image. The trained decoder lets us try that on one test image.
#
# **Predict:** the likelihoods of an image under 10,000 points of the prior are added up. How many of the points make up
# 99% of the sum?

# %%
def log_likelihoods(image, z):
    logits = np.asarray(trained.decoder(z))
    return np.asarray(losses.bernoulli_log_likelihood(np.broadcast_to(image / np.float32(255), logits.shape), logits))


image = digits.validation.images[7:8]
rng = np.random.default_rng(0)
for k in (10, 100, 1_000, 10_000):
    estimates = []
    for _ in range(3):
        log_p = log_likelihoods(image, rng.standard_normal((k, 2), dtype="float32"))
        estimates.append(np.logaddexp.reduce(log_p) - np.log(k))
    print(f"k = {k:6,}: log p(x) is estimated as", "  ".join(f"{estimate:8.2f}" for estimate in estimates))
share = np.sort(np.exp(log_p - log_p.max()))[::-1]
needed = np.searchsorted(share.cumsum() / share.sum(), 0.99) + 1
print(f"{needed} of the {k:,} points make up 99% of the sum")

# %% [markdown]
# Most of the prior has nothing to do with this image. With few points the estimate depends on whether one of them happens
# to fall near a $z$ that fits, and it is nearly always too low. With two latent dimensions one may try ten thousand
# points; with ten dimensions even that would hit nothing. And training needs the number for thousands of images, again
# and again.
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
# **posterior**: which $z$ may really be behind this image, given our decoder. Put that in, and multiply above and below
# by $q(z \mid x)$:
#
# $$\log p(x)
# = \mathbb{E}_{q}\left[\log \frac{p(x, z)}{q(z \mid x)} \cdot \frac{q(z \mid x)}{p(z \mid x)}\right]
# = \underbrace{\mathbb{E}_{q}\left[\log \frac{p(x, z)}{q(z \mid x)}\right]}_{\text{ELBO}}
# + \underbrace{\mathbb{E}_{q}\left[\log \frac{q(z \mid x)}{p(z \mid x)}\right]}_{\mathrm{KL}(q(z \mid x)\,\|\,p(z \mid x))}$$
#
# The second term is a **Kullback-Leibler divergence**: the average, over points from $q$, of how much more probable
# $q$ finds them than the other distribution does. It is zero when the two are the same, and never negative:
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
# both in nats per image. Making it smaller does two things at once: it raises the evidence, and it closes the gap.
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
# With two latent dimensions everything in the equation can be computed: decode a fine grid over the whole plane, and
# replace integrals by sums. The cell below does so for sixteen validation images, with the decoder and the encoder that
# drew the picture above.
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


z_mean, z_log_var = trained.encode(images)
sigma = np.exp(z_log_var / 2)
log_q = np.stack([log_normal(grid, mean, scale) for mean, scale in zip(z_mean, sigma, strict=True)])
log_joint = log_likelihood + log_normal(grid, 0, 1)  # log p(x, z)
log_evidence = np.logaddexp.reduce(log_joint, axis=1) + log_area  # log p(x)
log_posterior = log_joint - log_evidence[:, None]  # log p(z|x)
q = np.exp(log_q + log_area)
elbo = np.sum(q * (log_joint - log_q), axis=1)
gap = np.sum(q * (log_q - log_posterior), axis=1)
for name, values in {"log evidence": log_evidence, "ELBO": elbo, "gap": gap, "ELBO + gap": elbo + gap}.items():
    print(f"{name:13}", " ".join(f"{value:7.1f}" for value in values[:10]))
print(f"the gap over all 16: smallest {gap.min():.1f}, mean {gap.mean():.1f}, largest {gap.max():.1f} nats")
assert np.allclose(elbo + gap, log_evidence, atol=0.1)

# %% [markdown]
# The two sides agree for every image, and the gaps are very different. Look at the image with the smallest and the one
# with the largest:

# %%
fig, panels = plt.subplots(1, 2, figsize=(10, 4.3), layout="constrained")
levels = [-4.5, -2.0, -0.5]  # below the peak, in nats: for a Gaussian 3, 2 and 1 standard deviations
for ax, k, name in zip(panels, (gap.argmin(), gap.argmax()), ("smallest gap", "largest gap"), strict=True):
    for log_density, colour, style in ((log_posterior[k], "tab:blue", "solid"), (log_q[k], "tab:red", "dashed")):
        height = (log_density - log_density.max()).reshape(len(axis), len(axis))
        ax.contour(axis, axis, height, levels, colors=colour, linestyles=style)
    inside = grid[(log_posterior[k] > log_posterior[k].max() - 6) | (log_q[k] > log_q[k].max() - 6)]
    ax.set(xlim=(inside[:, 0].min(), inside[:, 0].max()), ylim=(inside[:, 1].min(), inside[:, 1].max()))
    ax.set(xlabel="$z_1$", ylabel="$z_2$", title=f"{name}, {gap[k]:.1f} nats (a {digits.validation.labels[k]})")
    ax.plot([], [], color="tab:blue", label="posterior p(z|x)")
    ax.plot([], [], color="tab:red", linestyle="dashed", label="encoder's q(z|x)")
panels[1].legend()
plotting.show(fig, alt="Contours of the posterior and of q for two images. Left they overlap, right they lie apart.")

# %% [markdown]
# On the left the encoder's Gaussian lies on the posterior and misses only its exact shape. On the right it is in the
# wrong place: the encoder has one set of weights for all images, and for this image its guess is off. The bound is loose
# there, by as much as the gap says. That surprises many, since the loss shows only the sum of both errors: a bad ELBO may
# be the fault of the decoder or of the encoder. (The name of the second is *amortisation gap*.)
#
# Note the scale of the axes, too. Compared with the prior, which fills the plane from about −3 to 3, an image occupies a
# tiny spot. That is why so few samples of the prior ever found it.
#
# ## 4. The KL term in closed form
#
# The KL term compares the encoder's Gaussian with the standard normal prior, in each latent dimension. For Gaussians the
# integral can be done once and for all. In one dimension, with $q = \mathcal{N}(\mu, \sigma^2)$,
#
# $$\mathrm{KL} = \mathbb{E}_q\left[\log q(z) - \log p(z)\right]
# = \mathbb{E}_q\left[-\tfrac12 \log \sigma^2 - \frac{(z - \mu)^2}{2\sigma^2} + \frac{z^2}{2}\right]
# = \tfrac12 \left(\sigma^2 + \mu^2 - 1 - \log \sigma^2\right)$$
#
# The constants $\tfrac12 \log 2\pi$ cancel. The last step uses that under $q$ the mean of $(z - \mu)^2$ is $\sigma^2$ and
# the mean of $z^2$ is $\sigma^2 + \mu^2$. With several dimensions the terms are added.
#
# The encoder puts out $\log \sigma^2$ and not $\sigma$, because a network's output can be any real number and
# $\sigma^2 = e^{\log \sigma^2}$ is then always positive. Beware of code that calls this value `sigma` or `log_sigma`: the
# factor 2 between $\log \sigma$ and $\log \sigma^2$ is a popular mistake.

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
# deviation ($\mu = 1$, $\sigma^2 = 1$), and for one that is in the right place but twice as wide ($\mu = 0$,
# $\sigma^2 = 4$).

# %% tags=["nbval-check-output"]
z_mean = np.array([[0.0], [1.0], [0.0]], "float32")
z_log_var = np.log([[1.0], [1.0], [4.0]]).astype("float32")
print("closed form:", np.round(np.asarray(gaussian_kl(z_mean, z_log_var)), 3), "nats")

# %% [markdown]
# A formula that one has derived oneself deserves a check. The definition says: draw from $q$ and average
# $\log q(z) - \log p(z)$.

# %%
mean, scale = np.array([0.5, -1.0]), np.array([0.3, 1.5])
samples = mean + scale * rng.standard_normal((200_000, 2))
log_ratio = log_normal(samples, mean, scale) - log_normal(samples, 0, 1)
closed = float(gaussian_kl(mean[None], 2 * np.log(scale)[None])[0])
error = log_ratio.std() / np.sqrt(len(log_ratio))
print(f"closed form {closed:.4f}, from samples {log_ratio.mean():.4f} ± {error:.4f}")
assert abs(closed - log_ratio.mean()) < 5 * error

# %% [markdown]
# ## 5. Through the sample: the reparameterisation
#
# The reconstruction term is an average over $z$ from $q(z \mid x)$, and training takes just one sample for each image.
# Now we need the gradient with respect to the encoder's outputs. But how does one differentiate a random draw?
#
# Write the draw as a formula. A sample of $\mathcal{N}(\mu, \sigma^2)$ is a sample of the standard normal, stretched and
# moved:
#
# $$z = \mu + \sigma\,\varepsilon, \qquad \varepsilon \sim \mathcal{N}(0, 1)$$
#
# The randomness now comes from $\varepsilon$, which depends on nothing, and $z$ is an ordinary function of $\mu$ and
# $\sigma$ with derivatives 1 and $\varepsilon$. This is the **reparameterisation**.
#
# It is not the only way. One can also differentiate the density instead of the sample, which gives the *score-function*
# estimator $f(z)\,(z - \mu) / \sigma^2$. Both are right on average. Compare them where the answer is known: the mean of
# $f(z) = z^2$ is $\mu^2 + \sigma^2$, so its derivative with respect to $\mu$ is $2\mu$.
#
# **Predict:** both estimate the same number from the same 32 samples. By what factor do their errors differ?

# %%
mu, sigma_1 = 1.5, 0.5
z = mu + sigma_1 * rng.standard_normal((2_000, 32))
by_reparameterisation = (2 * z).mean(axis=1)
by_score = (z**2 * (z - mu) / sigma_1**2).mean(axis=1)
print(f"true derivative {2 * mu:.2f}")
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
# Here the factor is moderate. It grows with the number of dimensions and with the size of $f$, and our $f$ is a
# log-likelihood of more than a hundred nats. That is why VAEs became practical with the reparameterisation.
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
# It asks the input for its shape when it is called, so that it works for a batch of any size, and the last batch of an
# epoch is often a smaller one. The factor 0.5 turns $\log \sigma^2$ into $\log \sigma$.
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
    x = layers.Dense(hidden_units, activation="relu")(z)
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
# The last layer of the decoder has no activation: it puts out logits, as lesson 01 asked for.
#
# **Think!** `z_mean` and `z_log_var` have no activation either. What would a `relu` on `z_mean` do?
#
# <details><summary>Answer</summary>
#
# It would press all the images into the quarter of the plane where both coordinates are positive. The prior fills the
# whole plane, and a decoder fed from the prior would get points that it has never seen in training for three draws out of
# four.
#
# </details>
#
# ## 7. The model and its loss
#
# Now put the parts together. `call` encodes, samples and decodes. `compute_loss` is where Keras asks for the loss, and it
# holds the two terms, one line each. Each line sums over pixels or latent dimensions first and then averages over the
# batch. Both terms are also kept as metrics, so that the printed loss is the sum of its printed parts.

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
        self(keras.Input(IMAGE_SHAPE, dtype="uint8"))  # builds the model, so that weights can be saved and loaded

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
        return self.encoder.predict(images, batch_size=1000, verbose=0)

    def decode(self, z):
        logits = self.decoder(ops.convert_to_tensor(z, dtype="float32"))  # far quicker than predict for a few points
        return ops.convert_to_numpy(ops.sigmoid(logits))


# %% [markdown]
# `check_images` refuses images that are not `uint8`, so that nobody scales them twice without noticing. The rest of the
# package has the same code as this notebook; from the next lesson on we import it.
#
# **Predict:** the loss of a VAE that has not been trained yet. You know one of its two parts from lesson 01.

# %%
keras.utils.set_random_seed(0)
vae = VAE(dense_encoder(), dense_decoder())
vae.compile(optimizer="adam")
untrained = vae.evaluate(digits.validation.images, batch_size=1000, verbose=0, return_dict=True)
print({name: round(value, 1) for name, value in untrained.items()}, f"and 784 log 2 = {784 * np.log(2):.1f}")

# %% [markdown]
# Random weights give logits near zero, so every pixel is near $\mu = ½$: the price of knowing nothing. The KL is small,
# since the encoder's guess is near the prior when its outputs are near zero.
#
# ## 8. Training
#
# `training.train` is a short function around Keras' `fit`: the Adam optimiser, a learning rate that rises over the first
# tenth of the steps and then falls to zero, a progress bar, and an order of the images that depends on the seed alone. You
# may press the stop button of the notebook at any time; the model keeps what it has learned so far.
#
# **Predict:** which of the two terms falls, and which one rises? Where will the loss end: you know three bounds.

# %%
epochs = 15 if digits.name == "mnist" else 100  # the embedded digits are forty times fewer
history = training.train(vae, digits.train.images, digits.validation.images, epochs=epochs, seed=0)

# %%
plotting.show(plotting.training_history(history))

# %% [markdown]
# After the turmoil of the first epoch the KL term goes **up**. Many expect all parts of a loss to fall. But a KL of zero
# would mean that $z$ says nothing about the image; the model pays for KL as long as each nat saves more than one nat of
# reconstruction. When the curves flatten, one more nat of KL saves just one nat.
#
# Validation lies close to training: with two numbers for each image there is little room for learning images by heart.
#
# ## 9. The result
#
# The test set, once. The mean image is the bound of lesson 01: what a VAE would reach whose latent variable says nothing.

# %%
def mean_image_loss(train, test):
    mean = (train.images.sum(axis=0) / 255 + 0.5) / (len(train) + 1)
    average_test_image = test.images.mean(axis=0) / 255  # the likelihood is linear in x, so it gives the average
    return -float(bernoulli_log_likelihood(average_test_image[None], np.log(mean / (1 - mean))[None])[0])


result = vae.evaluate(digits.test.images, batch_size=1000, verbose=0, return_dict=True)
bound = mean_image_loss(digits.train, digits.test)
print(f"test images of {digits.name}, nats per image      loss  reconstruction    KL")
print(f"mean image                            {bound:8.2f} {bound:15.2f} {0:5.2f}")
print(
    f"this VAE                              {result['loss']:8.2f} {result['reconstruction']:15.2f} {result['kl']:5.2f}"
)
assert abs(result["loss"] - result["reconstruction"] - result["kl"]) < 1e-2
assert result["loss"] < bound

# %% [markdown]
# A few nats of KL buy a far larger saving in reconstruction. That is the pixels' dependence on each other, which the mean
# image could not express: once $z$ is known, hundreds of pixels are known a little better.
#
# What do the images look like that cost so many nats?

# %%
chosen = digits.test.images[:12]
z_mean, z_log_var = vae.encode(chosen)
plotting.show(plotting.reconstructions(chosen, vae.decode(z_mean)))

# %% [markdown]
# **Think!** The reconstructions are blurred, and now and then one is another digit. The usual explanation is that VAEs are
# blurry. Which two causes can you name that have nothing to do with VAEs as such?
#
# <details><summary>Answer</summary>
#
# What is drawn is not a sample of $p(x \mid z)$ but its mean, and a mean over everything that the image might be is smooth.
# And two numbers are few: images that differ in more than two ways have to share a $z$. With more latent dimensions the
# picture gets sharper at once, as later lessons measure.
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
# Classes gather, although nobody asked for it. To know the digit saves many nats, so the digit is what the two numbers
# have been spent on first. Where two classes run into each other, look at how one writes them: usually 4 and 9 overlap,
# and 3, 5 and 8.
#
# **Think!** The encoder gives a Gaussian for each image, and this map draws only its mean. How wide are the Gaussians,
# and why does it matter?
#
# <details><summary>Answer</summary>
#
# `np.exp(z_log_var / 2).mean(axis=0)` says how wide: a small fraction of the prior's width. The decoder sees samples and
# not means, so what lies within one width of a point must decode to nearly the same image. The width is the resolution at
# which the plane can hold information, and the KL term counts it: about $\log(1 / \sigma)$ nats in each dimension.
#
# </details>
#
# ## 11. Walking through the plane
#
# Move the two sliders. They are in units of the prior's standard deviation. **Find out:** start at a clear 1 and move to a
# clear 0 in as straight a line as you can. Which digits do you meet on the way, and is there a place on it where the
# picture is no digit at all?

# %%
explore.latent_explorer(vae)

# %% [markdown]
# <details><summary>What to look for</summary>
#
# The path depends on the run, since nothing fixes which digit lies where. On most paths there are stretches where the
# image is something between two digits. The decoder is a continuous function, so it has to pass through something on the
# way from one to the other.
#
# </details>
#
# The whole plane at once is the picture at the top of this lesson, now drawn by your own model. The grid does not take
# equal steps in $z$. It takes equal steps in **probability**: each image stands for the same share of the prior, because
# the grid goes through its quantiles.
#
# **Think!** Some tutorials cut the axis by `ppf(np.linspace(0, 1, n))`. What is the first point of that grid?
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
# And now please draw a 7. There is no way to ask: which $z$ makes a 7 is known only from the map. Nor can you ask for *this*
# handwriting, but as a 3. Digit and style are mixed in the same two numbers. A model that is told the label can leave it
# out of $z$: that is the conditional VAE, **CVAE** for short. In this course CVAE always means *conditional*; a
# well-known TensorFlow tutorial uses the same letters for *convolutional*.
#
# ## 13. Trained for longer
#
# A minute of training is not all that this network can do. The weights that come with the course had more epochs of the
# same recipe, on MNIST; `make weights` makes them from nothing.

# %%
recipe = weights.describe("dense_vae")["recipe"]
trained.compile()
longer = trained.evaluate(digits.test.images, batch_size=1000, verbose=0, return_dict=True)
print(f"trained here, {epochs} epochs: {result['loss']:.2f} nats on the test images")
print(f"weights of the course, {recipe['epochs']} epochs of {recipe['data']}: {longer['loss']:.2f} nats")

# %% [markdown]
# For comparison: the example of the Keras documentation, with a convolutional network and the same two latent dimensions,
# prints a loss of 146.95 after 30 epochs, on training and test images pooled ([keras.io](https://keras.io/examples/generative/vae/)).
# Lesson 06 looks at what convolutions buy.
#
# ## Recap
#
# The log evidence of an image is the ELBO plus the encoder's error, $\mathrm{KL}(q(z \mid x)\,\|\,p(z \mid x))$. The loss
# is the negative ELBO: reconstruction plus KL to the prior, in nats. The reparameterisation takes the gradient through the
# sample, with far less noise than the alternative. The KL rises during training because knowledge about the image costs
# it. A plain VAE sorts images by digit without being told, and cannot be asked for one.
#
# **Before you go on**, change one thing and predict its effect before you run it: `hidden_units=64`, or
# `latent_dim=8` (the latent map and the manifold then refuse to be drawn; why?). Which of the two terms pays for it?
#
# ## References
#
# * D. P. Kingma, M. Welling, *Auto-Encoding Variational Bayes*, arXiv:1312.6114, 2013. Appendix B has the KL.
# * D. J. Rezende, S. Mohamed, D. Wierstra, *Stochastic Backpropagation and Approximate Inference in Deep Generative Models*,
#   ICML 2014: the same idea, found independently.
# * C. Doersch, *Tutorial on Variational Autoencoders*, arXiv:1606.05908, 2016.
# * S. Mohamed, M. Rosca, M. Figurnov, A. Mnih, *Monte Carlo Gradient Estimation in Machine Learning*, JMLR 21, 2020: the
#   score function and the reparameterisation compared.
