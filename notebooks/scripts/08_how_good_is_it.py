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
# # 08 · How good is it?
#
# So far one number has judged our models: the loss, a bound on how likely they find an image. In this lesson you make
# the bound tighter, put error bars on it, and compare a CVAE with a VAE fairly. Then you ask what a bound cannot
# answer. Does the model draw what it is asked for? Does it draw enough *different* images? Several numbers come out,
# and each of them alone can be fooled.
#
# **You will be able to**
#
# 1. bound $\log p(x)$ by many draws instead of one, say why that is tighter, and test it where the answer is known;
# 2. put an error bar on a likelihood, on a difference of two models and on a share, and say what the bar does not cover;
# 3. compare a CVAE with a VAE, and use a CVAE as a classifier;
# 4. measure whether a model draws what it is asked for, and how varied its images are;
# 5. say, for each of these numbers, which bad model it would praise.
#
# **Time:** 60 minutes. **Before this:** [lesson 05](05_latent_space.ipynb) and [lesson 07](07_conv_cvae.ipynb).

# %%
import sys

if "google.colab" in sys.modules:  # Colab has TensorFlow already: add what it lacks, leave the rest alone
    # %pip install --quiet --no-deps pooch "cvae-course @ git+https://github.com/OWNER/cvae-course"

# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np

from cvae_utils import data, models, plotting, training, weights
from cvae_utils.data import one_hot

digits = data.load("auto")

# %% [markdown]
# The models are those of lessons 02, 04 and 07, as the course ships them. With them comes a small classifier, the
# *judge*; sections 5 to 7 need it. All of these know MNIST and nothing else, so on other digits the cell trains them
# a little further. We measure on validation images. The test images are for the table at the end.

# %%
import keras

vae, dense, conv, judge = map(weights.load, ("dense_vae", "dense_cvae", "conv_cvae", "classifier"))
if digits.name != "mnist":
    print(
        f"The weights that come with the course know MNIST. All four networks train on for a moment, on {digits.name}."
    )
    for model, epochs in ((vae, 8), (dense, 8), (conv, 3)):  # of small batches, to take more steps
        inputs, held_out = (training.inputs_of(model, split) for split in (digits.train, digits.validation))
        training.train(model, inputs, held_out, epochs=epochs, batch_size=64, learning_rate=1e-2)
    training.train_classifier(judge, digits.train.images, digits.train.labels, epochs=3, batch_size=64)

# %% [markdown]
# Here is where we are going. Four generators were asked for the same digits. The first is the CVAE of lesson 07. The
# second knows one image of each digit. The third has learned the training images by heart, and the fourth is the first
# again, but with 99 images out of 100 replaced by noise.
#
# **Predict:** for which of them can you think of a number that calls it good?

# %%
asked = digits.validation.labels
rng = np.random.default_rng(0)
of_digit = [np.flatnonzero(digits.train.labels == label) for label in range(10)]


def from_memory(kinds=None):  # one of the first `kinds` training images of the digit that is asked for
    return digits.train.images[[rng.choice(of_digit[label][:kinds]) for label in asked]]


by_cvae = conv.decode(rng.standard_normal((14, 2)), one_hot(asked[:14]))
noise = rng.integers(0, 2, (14, 28, 28, 1))
noise_mostly = np.where(np.arange(14)[:, None, None, None] == 9, by_cvae, noise)  # one image is not noise
rows = [by_cvae, from_memory(1)[:14] / 255, from_memory()[:14] / 255, noise_mostly]
names = ["CVAE", "one of each", "by heart", "99% noise"]
plotting.show(
    plotting.image_grid(np.concatenate(rows), columns=14, row_names=names),
    alt="Four rows of 14 digits: smooth ones by a CVAE, one image of each digit, real training images, mostly noise.",
)

# %% [markdown]
# ## 1. A tighter bound, and a case with a known answer
#
# Lesson 02 found that the ELBO lies below $\log p(x)$ by $\mathrm{KL}(q(z \mid x)\,\|\,p(z \mid x))$, the encoder's
# error. So a loss mixes two things: how good the model is, and how well its encoder guesses. To judge the model alone,
# we want to be nearer to $\log p(x)$. Draw more than one $z$.
#
# Call the **weight** of a draw $z$ from the encoder
#
# $$w = \frac{p(x \mid z)\, p(z)}{q(z \mid x)}.$$
#
# On average it is exactly what we want, whatever the encoder says:
# $\mathbb{E}_{q}[w] = \int q(z \mid x)\, \frac{p(x \mid z)\, p(z)}{q(z \mid x)}\, dz = p(x)$. (All that $q$ must not do
# is to rule out a $z$ that counts.) So the mean of $k$ weights is an unbiased estimate of $p(x)$. But a model is judged
# by $\log p(x)$, and the logarithm of an unbiased estimate is not unbiased. The logarithm is concave: an estimate that
# is too small pulls it down further than one that is too large by as much pushes it up. This is Jensen's inequality,
# and it gives a bound:
#
# $$L_k = \mathbb{E}\Big[\log \frac{1}{k} \sum_{i=1}^{k} w_i\Big]
# \;\le\; \log \mathbb{E}\Big[\frac{1}{k} \sum_{i=1}^{k} w_i\Big] = \log p(x), \qquad z_1, \dots, z_k \sim q(z \mid x).$$
#
# $L_1$ is the ELBO. The mean of more weights scatters less, and over a short stretch a logarithm is nearly straight. So
# the bound rises with $k$ and tends to $\log p(x)$. When $k$ is large the gap is about $v / 2k$, where $v$ is the
# variance of $w / p(x)$, if it has one: twice the draws, half the gap. This is the **importance-weighted bound** of
# Burda, Grosse and Salakhutdinov (2015). For a CVAE put a $y$ behind every bar, as in lesson 04.
#
# A weight is about $e^{-130}$, and float32 ends at $e^{-103}$. So everything stays a logarithm, and
# `np.logaddexp.reduce` adds: it takes the largest term out first, $\log \sum_i e^{a_i} = m + \log \sum_i e^{a_i - m}$
# with $m = \max a_i$, and then one term of the sum is 1. To estimate $L_k$ we draw some multiple of $k$ points, cut
# them into groups of $k$, and average over the groups.
#
# **Predict** $L_1$, $L_2$ and $L_4$ for an image whose four weights are 1, 3, 2, 2.

# %% tags=["shown", "nbval-check-output"]
def importance_weighted_bound(log_w, k):
    draws = log_w.shape[1]
    if k < 1 or draws % k:
        raise ValueError(f"{draws} draws cannot be cut into groups of {k}; k must divide their number")
    groups = np.float64(log_w).reshape(len(log_w), draws // k, k)
    return (np.logaddexp.reduce(groups, axis=2) - np.log(k)).mean(axis=1)  # never takes exp of a large number


for k in (1, 2, 4):
    for shift in (0, -1000):  # the second time all weights are smaller by a factor of e^1000
        bound = importance_weighted_bound(np.log([[1.0, 3.0, 2.0, 2.0]]) + shift, k)[0]
        print(f"L_{k} of e^{shift} times the weights: {bound:.3f}", end="   " if shift == 0 else "\n")

# %% [markdown]
# $L_1$ is the mean of the four logarithms, and $L_4$ the logarithm of the mean weight, $\log 2$. In pairs, both means
# happen to be 2.
#
# Before you believe an instrument, try it where the answer is known. Take a model so simple that its $p(x)$ has a
# formula: $z$ from $\mathcal{N}(0, I)$ in two dimensions, and four "pixels" $x = Wz$ plus Gaussian noise of variance
# $\sigma^2$. A sum of Gaussians is Gaussian, so $p(x) = \mathcal{N}(0, WW^\top + \sigma^2 I)$, and the posterior is
# Gaussian, too. We give the model two encoders: the exact posterior, and one that is off and too wide. The poor one is
# off by the same amount for each image, so that its gap, a KL between two Gaussians, is one number.
#
# **Predict:** what will the weights of a single image look like with the *exact* encoder?

# %%
W, noise_variance = np.array([[0.8, 0.1], [-0.3, 0.6], [0.5, 0.5], [0.0, -0.9]]), 0.25


def log_gaussian(x, mean, covariance):
    off = x - mean
    squares = (off @ np.linalg.inv(covariance) * off).sum(axis=-1)
    return -(squares + np.linalg.slogdet(2 * np.pi * covariance)[1]) / 2


rng = np.random.default_rng(0)
x = rng.standard_normal((1000, 2)) @ W.T + np.sqrt(noise_variance) * rng.standard_normal((1000, 4))
exact = log_gaussian(x, 0, W @ W.T + noise_variance * np.eye(4))  # log p(x)
posterior_covariance = np.linalg.inv(np.eye(2) + W.T @ W / noise_variance)
posterior_mean = x @ W @ posterior_covariance / noise_variance


def toy_log_weights(q_mean, q_covariance, k):
    z = q_mean[:, None] + rng.standard_normal((len(x), k, 2)) @ np.linalg.cholesky(q_covariance).T
    log_likelihood = log_gaussian(x[:, None], z @ W.T, noise_variance * np.eye(4))
    return log_likelihood + log_gaussian(z, 0, np.eye(2)) - log_gaussian(z, q_mean[:, None], q_covariance)


# %% tags=["nbval-check-output"]
def error(values):  # the standard error of their mean
    return values.std() / np.sqrt(len(values))


shift, poor_covariance = np.array([0.3, -0.2]), 1.6 * np.diag(posterior_covariance.diagonal())
ratio = np.linalg.solve(posterior_covariance, poor_covariance)
off = shift @ np.linalg.solve(posterior_covariance, shift)
toy_gap = (np.trace(ratio) + off - 2 - np.log(np.linalg.det(ratio))) / 2  # the KL between two Gaussians
perfect_log_w = toy_log_weights(posterior_mean, posterior_covariance, 1000)
poor_log_w = toy_log_weights(posterior_mean + shift, poor_covariance, 1000)
print(f"log p(x) {exact.mean():.2f} ± {error(exact):.2f}; gap of the poor encoder {toy_gap:.4f}")
for k in (1, 10, 1000):
    perfect, poor = (importance_weighted_bound(log_w, k) - exact for log_w in (perfect_log_w, poor_log_w))
    assert np.abs(perfect).max() < 1e-9
    print(f"k = {k:4}: L_k - log p(x) is 0 with the exact encoder,", end=" ")
    print(f"{poor.mean():7.4f} ± {error(poor):.4f} with the poor one")
    if k != 10:
        assert abs(poor.mean() + {1: toy_gap, 1000: 0}[k]) < 3 * error(poor)
print("within three standard errors: minus the gap at k = 1, nothing at k = 1000")

# %% [markdown]
# With the exact posterior each weight *is* $p(x)$, since $p(x \mid z)\, p(z) = p(z \mid x)\, p(x)$. They do not scatter
# at all, and every $k$ gives the exact value. With the poor encoder $k = 1$ gives what the formula for its gap says,
# and the thousand draws reach the exact value within their error.
#
# Two different error bars stand in that output. The first line has the standard error of $\log p(x)$ over images, which
# scatters because some images are less likely than others. The rows below have the error of a *difference* for the same
# images, and it is much smaller. Section 2 makes use of that.
#
# The figure shows why the gap closes. Left: the estimates of one image's $\log p(x)$ from means of $k$ weights.

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
for k, style in ((1, ":"), (10, "--"), (100, "-")):
    groups = poor_log_w.reshape(len(x), -1, k) - exact[:, None, None]
    estimates = np.logaddexp.reduce(groups, axis=2).ravel() - np.log(k)
    left.hist(estimates, np.linspace(-4, 2, 121), density=True, histtype="step", linestyle=style, label=f"k = {k}")
left.axvline(0, color="k", linewidth=1)
left.set(xlabel="estimate − log p(x), in nats", ylabel="density", xlim=(-4, 2))
left.legend()
ks = np.array([1, 2, 5, 10, 20, 50, 100, 200, 500])
gaps = [(exact - importance_weighted_bound(poor_log_w, k)).mean() for k in ks]
spread = np.exp(2 * (poor_log_w - exact[:, None])).mean() - 1  # the variance of w / p(x), whose mean is 1
right.loglog(ks, gaps, "o-", label="log p(x) − $L_k$")
right.loglog(ks, spread / 2 / ks, "k--", label="v / 2k")
right.set(xlabel="k", ylabel="gap in nats")
right.legend()
plotting.show(
    fig,
    alt=f"Left: histograms of the estimates, the wider and further left the smaller k. Right: the gap falls from "
    f"{gaps[0]:.2f} nats at k = 1 to {gaps[-1]:.3f} at k = {ks[-1]} and approaches the line v over 2k.",
)

# %% [markdown]
# A single weight is often far too small and never far too large: the long tail lies on the left. Means of many weights
# are nearly symmetric about the truth, and on the right the gap falls as the line says.
#
# **Think!** Suppose that the encoder's Gaussian were too *narrow* instead of too wide. What would happen to the few
# draws that land in its tails, and to $v$?
#
# <details><summary>Answer</summary>
#
# In the tails of $q$ there is plenty of posterior and hardly any $q$, so that a draw from there has an enormous weight,
# and such a draw hardly ever comes. For Gaussians, $v$ is infinite as soon as the variance of $q$ is at most half that
# of the posterior. The bound still holds and still rises. But it rises slowly, nothing in the draws tells so, and the
# line $v/2k$ is no help. Keep this in mind for the next section.
#
# </details>
#
# ## 2. The course's models
#
# For images, the weight of a draw $z = z_\text{mean} + \sigma\epsilon$ has the logarithm
#
# $$\log w = \log p(x \mid z) + \tfrac{1}{2} \sum_j \big( \epsilon_j^2 - z_j^2 + \log \sigma_j^2 \big).$$
#
# The sum over the latent dimensions $j$ is $\log p(z) - \log q(z \mid x)$, with the constants of the two Gaussians
# cancelled. Most of the code handles many points at once: the likelihood is computed behind the decoder, in one
# network, so that of the 784 logits of a point only one number comes back.

# %% tags=["shown"]
from keras import ops

from cvae_utils.evaluation import check_inputs
from cvae_utils.layers import LOG_VAR_RANGE
from cvae_utils.losses import bernoulli_log_likelihood

POINTS_AT_ONCE = 250


def likelihood_network(decoder, image_shape, log_likelihood):
    images = keras.Input(image_shape, dtype="uint8")
    code = [keras.Input(part.shape[1:]) for part in decoder.inputs]
    logits = decoder(code if len(code) > 1 else code[0])
    return keras.Model([images, *code], log_likelihood(ops.cast(images, "float32") / 255, logits))


def weigh_draws(weigh, n_images, k, latent_dim, seed):
    if k < 1:
        raise ValueError(f"k is {k}; draw at least one point for each image")
    rng = np.random.default_rng(seed)
    log_w = np.empty(n_images * k, "float32")
    for start in range(0, len(log_w), POINTS_AT_ONCE):
        chunk = slice(start, start + POINTS_AT_ONCE)
        of = np.arange(start, start + len(log_w[chunk])) // k  # the image that each point belongs to
        epsilon = rng.standard_normal((len(of), latent_dim), dtype="float32")
        log_w[chunk] = weigh(of, epsilon)
    return log_w.reshape(n_images, k)


def log_weights(model, inputs, k, *, seed=0, log_likelihood=bernoulli_log_likelihood):
    images, *y = check_inputs(model, inputs)
    z_mean, z_log_var = model.encode(images, *y)
    z_log_var = np.clip(z_log_var, *LOG_VAR_RANGE)
    network = likelihood_network(model.decoder, images.shape[1:], log_likelihood)

    def weigh(of, epsilon):
        z = z_mean[of] + np.exp(z_log_var[of] / 2) * epsilon
        log_ratio = (epsilon**2 - z**2 + z_log_var[of]).sum(axis=1) / 2
        return network.predict_on_batch([images[of], z, *(part[of] for part in y)]) + log_ratio

    return weigh_draws(weigh, len(images), k, z_mean.shape[1], seed)


def negative_log_likelihood(model, inputs, k, *, seed=0, log_likelihood=bernoulli_log_likelihood):
    bound = importance_weighted_bound(log_weights(model, inputs, k, seed=seed, log_likelihood=log_likelihood), k)
    return {"nll": -bound.mean(), "nll_error": bound.std() / np.sqrt(len(bound))}


# %% [markdown]
# `negative_log_likelihood` is the usual one-call form; below we keep the weights of each image. (The convolutional
# decoder takes about ten times as long for a point as the dense ones, which is why the cell looks at a part of the
# validation images.)
#
# **Predict:** for which of the three models will the bound fall most from one draw to a hundred?

# %%
few = data.Split(digits.validation.images[:2000], digits.validation.labels[:2000])
compared = {"VAE": vae, "dense CVAE": dense, "conv CVAE": conv}
log_w = {name: log_weights(model, training.inputs_of(model, few), 100) for name, model in compared.items()}
print(f"{len(few):,} validation images of {digits.name}; −L_k in nats, ± standard error over the images")
print("              k = 1             k = 10            k = 100")
for name in compared:
    bounds = [-importance_weighted_bound(log_w[name], k) for k in (1, 10, 100)]
    print(f"{name:10} " + "   ".join(f"{bound.mean():6.2f} ± {error(bound):4.2f}" for bound in bounds))

# %% [markdown]
# The VAE's bound falls most. Its row bounds $-\log p(x)$, the others $-\log p(x \mid y)$; section 3 makes them
# comparable. First the error bars. By these alone the two CVAEs are not far apart: a few standard errors at most.
#
# But the standard error answers another question: how far would the mean move with *other images*? For a comparison we
# have the *same* images, and an image that is hard for one model is hard for the other as well. What they have in
# common cancels in the difference, image by image.
#
# **Predict:** how much smaller is the error of the mean difference than the two errors put together?

# %%
nll = {name: -importance_weighted_bound(log_w[name], 100) for name in compared}
one, other = nll["dense CVAE"], nll["conv CVAE"]
seeds = {
    name: np.array([run["loss"] for run in weights.describe(name)["runs"]]) for name in ("dense_cvae", "conv_cvae")
}
print(f"dense − conv {(one - other).mean():.2f} nats")
print(f"± {np.hypot(error(one), error(other)):.2f} if the two had been measured on different images")
print(f"± {error(one - other):.2f} on the same images, difference by difference")
for name, values in seeds.items():
    print(f"± {values.std(ddof=1):.2f} standard deviation of {name}'s test loss over {len(values)} seeds of MNIST")
fig, ax = plt.subplots(figsize=(4.6, 4.2), layout="constrained")
ax.scatter(one, other, s=4, alpha=0.5)
ends = [min(one.min(), other.min()), max(one.max(), other.max())]
ax.plot(ends, ends, "k--", linewidth=1, label="equal")
ax.set(xlabel="dense CVAE, −log p(x|y) in nats", ylabel="conv CVAE, −log p(x|y) in nats", aspect="equal")
ax.legend()
correlation = np.corrcoef(one, other)[0, 1]
plotting.show(fig, alt=f"Each image's nats under both CVAEs: a narrow cloud along the diagonal, r = {correlation:.2f}.")

# %% [markdown]
# On MNIST, on the same images, the difference is many standard errors from zero. So these weights of the convolutional
# CVAE are better than these weights of the dense one; that much is certain. Whether its *architecture* is better is a
# third question: train both again, and another seed gives other weights. That spread is in the last lines. It is not
# reduced by more images, and it has to be compared with the difference, too. State which of the three a ± means; papers
# often do not.
#
# None of the three covers the *gap*: $-L_{100}$ is not $-\log p(x)$. With two latent dimensions we can find out how far
# off it is, by adding up $p(x \mid z)\, p(z)$ over a fine grid of the plane as in lessons 02 and 06, this time out to
# the edge of the prior.
#
# **Predict:** is the gap a few tenths of a nat for all images, or something else?

# %%
def log_p_by_grid(decoder, images, y=None, spacing=0.05, reach=5):
    axis = np.arange(-reach, reach + spacing / 2, spacing, dtype="float32")
    z = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    log_prior = -(z**2).sum(axis=1) / 2 - np.log(2 * np.pi)
    x = images.reshape(len(images), -1) / np.float32(255)
    total, highest, peak = np.full(len(x), -np.inf), np.full(len(x), -np.inf), np.zeros((len(x), 2))
    for start in range(0, len(z), 1000):
        chunk = slice(start, start + 1000)
        points = z[chunk]
        code = points if y is None else (points, np.repeat(one_hot([y]), len(points), axis=0))
        logits = decoder.predict_on_batch(code).reshape(-1, 784)
        log_p_x_z = x @ logits.T - np.logaddexp(0, logits).sum(axis=1) + log_prior[chunk]
        top = log_p_x_z.max(axis=1)
        total = np.logaddexp(total, top + np.log(np.exp(log_p_x_z - top[:, None]).sum(axis=1)))  # log-sum-exp by hand
        peak[top > highest] = points[log_p_x_z.argmax(axis=1)][top > highest]
        highest = np.maximum(highest, top)
    return total + 2 * np.log(spacing), peak


# %%
by_grid, peak = log_p_by_grid(vae.decoder, few.images)
finer, _ = log_p_by_grid(vae.decoder, few.images[:200], spacing=0.025)
conditional = np.empty(len(few))
for label in range(10):
    conditional[few.labels == label] = log_p_by_grid(dense.decoder, few.images[few.labels == label], label)[0]
gap = {"VAE": nll["VAE"] + by_grid, "dense CVAE": nll["dense CVAE"] + conditional}
moved = finer - by_grid[:200]
print(f"half the spacing moves log p(x) of {len(moved)} images by {moved.mean():.3f} on average,", end=" ")
print(f"{np.abs(moved).max():.2f} at most")
for name, values in gap.items():
    worst = np.sort(values)[::-1][: len(values) // 20]
    print(f"{name:10} −L_100 {nll[name].mean():.2f} ± {error(nll[name]):.2f},", end=" ")
    print(f"grid {(nll[name] - values).mean():.2f}")
    print(
        f"           gap: median {np.median(values):.2f}, mean {values.mean():.2f}, largest {values.max():.0f};",
        end=" ",
    )
    print(f"one image in twenty makes up {worst.sum() / values.sum():.0%} of it")

# %%
i = gap["VAE"].argmax()
fig, panels = plt.subplots(1, 5, figsize=(11, 2.9), layout="constrained", width_ratios=(2.4, 2.2, 1, 1, 1))
for (name, values), style in zip(gap.items(), ("-", "--"), strict=True):
    panels[0].loglog(np.sort(values)[::-1].clip(1e-3), np.arange(1, len(values) + 1) / len(values), style, label=name)
panels[0].set(xlabel="gap in nats", ylabel="share of images with more", xlim=(1e-2, 500))
panels[0].legend()
z_mean, z_log_var = vae.encode(few.images[[i]])
draws = z_mean + np.exp(z_log_var / 2) * np.random.default_rng(0).standard_normal((100, 2))
panels[1].plot(*draws.T, "o", markersize=3, color="tab:red", label="100 draws from q")
panels[1].plot(*peak[i], "*", markersize=12, color="tab:blue", label="peak of the posterior")
panels[1].add_patch(plt.Circle((0, 0), 2, fill=False, linestyle=":"))
panels[1].set(xlabel="$z_1$", ylabel="$z_2$", aspect="equal", xlim=(-5, 5), ylim=(-5, 5))
panels[1].legend(fontsize=7, loc="upper left")
pictures = [few.images[i] / 255, vae.decode(z_mean)[0], vae.decode(peak[[i]])[0]]
for ax, picture, title in zip(panels[2:], pictures, ("image", "at z_mean", "at the peak"), strict=True):
    ax.imshow(picture, **plotting.INK_ON_PAPER)
    ax.set(title=title, xticks=[], yticks=[])
plotting.show(
    fig,
    alt=f"Left: the share of images with a gap above a given size, up to {gap['VAE'].max():.0f} nats. Then the image "
    "with the largest gap: its draws lie away from the peak of its posterior, whose decoded image fits better.",
)

# %% [markdown]
# Half of all images have hardly any gap, and a few have a large one, on MNIST an enormous one. For these the encoder's
# Gaussian is narrow and in the wrong place: all of the hundred draws land on one spot, the point that explains the
# image lies elsewhere, and a thousand draws would hardly reach it. This is the "too narrow" of the last question.
# Nothing in the draws tells: the standard error over the images is as small as ever. **An error bar covers what the
# draws have seen.** The bound remains a bound. But here it charges the VAE for its encoder's mistakes, and more so than
# the CVAE.
#
# (The grid is an instrument as well and was tried, too: half the spacing gives nearly the same, says the first line.
# But it is no bound, and beyond three or four dimensions nobody can afford a grid. From here on we use the bound and
# remember the gap.)
#
# ## 3. VAE against CVAE, fairly
#
# A CVAE's $-\log p(x \mid y)$ was told the label. Lesson 04 added $\log 10$ for it: to say image and label costs
# $-\log p(x, y) = -\log p(x \mid y) - \log p(y)$, which is at least $-\log p(x)$. Now we can do better and compute the
# CVAE's own $-\log p(x)$, by adding up over the labels that the image might have:
#
# $$p(x) = \sum_y p(x \mid y)\, p(y), \qquad
# \log p(x) = \log \sum_y \exp\big[\log p(x \mid y) + \log p(y)\big].$$
#
# It takes ten times the work: each image is encoded and scored under each label. With the bound $L_k$ in place of
# $\log p(x \mid y)$ the result is a lower bound on $\log p(x)$.
#
# **Predict** for the dense CVAE: how many of the $\log 10 \approx 2.3$ nats of a label will its $-\log p(x)$ cost more
# than its $-\log p(x \mid y)$? And which model wins?

# %% tags=["shown"]
def log_joint(cvae, images, p_y, k, *, seed=0, log_likelihood=bernoulli_log_likelihood):
    columns = []
    for label, p in enumerate(p_y):
        y = one_hot(np.full(len(images), label), len(p_y))
        log_w = log_weights(cvae, (images, y), k, seed=seed, log_likelihood=log_likelihood)
        columns.append(importance_weighted_bound(log_w, k) + np.log(p))
    return np.stack(columns, axis=1)


# %%
p_y = np.bincount(digits.train.labels) / len(digits.train)
joint = {name: log_joint(compared[name], few.images, p_y, 10) for name in ("dense CVAE", "conv CVAE")}
each = np.arange(len(few))
print(f"nats per validation image of {digits.name}       less than the VAE by, on the same images")
print(f"VAE         −log p(x), k = 100      {nll['VAE'].mean():6.2f} ± {error(nll['VAE']):.2f}")
for name, log_p in joint.items():
    with_label = -log_p[each, few.labels]
    for what, values in {
        "−log p(x|y), k = 10": with_label + np.log(p_y[few.labels]),
        "  and −log p(y)": with_label,
        "−log p(x), k = 10": -np.logaddexp.reduce(log_p, axis=1),
    }.items():
        less = nll["VAE"] - values
        print(f"{name:11} {what:23} {values.mean():6.2f} ± {error(values):.2f} {less.mean():8.2f} ± {error(less):.2f}")

# %% [markdown]
# Each CVAE's third row lies below its second, as it must, and above its first, as long as the model knows something of
# the label (section 4 comes back to this). On MNIST even the second row is far below the VAE. The draws lean towards
# the VAE, which got a hundred where the CVAE got ten for each label. The gap leans the other way: by the grid of
# section 2, what the VAE's encoder costs is a fair part of the difference, but not most of it.
#
# So the label helps beyond its own nats, even when the model is not told it. A CVAE that sums over its labels is a VAE
# with a third latent variable: a discrete one with ten values, which in training was no secret.
#
# **Think!** A friend compares a VAE of *twenty* latent dimensions with a CVAE of twenty, and finds that the CVAE's
# $-\log p(x \mid y)$ is lower by 1.5 nats. Is the CVAE the better model of images?
#
# <details><summary>Answer</summary>
#
# The comparison cannot tell. It was told the label, which is worth up to 2.3 nats. In between anything is possible;
# only its $-\log p(x)$ decides.
#
# </details>
#
# ## 4. A CVAE is a classifier
#
# We have $\log p(x, y)$ for every label. Bayes' rule turns that into a classifier at no cost:
# $p(y \mid x) = p(x, y) / p(x)$. Name the label under which the model finds the image most likely.
#
# Its accuracy is a share, and for an error bar on a share lesson 07 used $\sqrt{p(1-p)/n}$, which claims certainty when
# all are right. *Wilson's interval* does better, and you may have built it in task 7.4: it holds each share $q$ under
# which the observed one would be no surprise, with the standard error of $q$ and not of what was observed.
#
# **Predict:** how many of a hundred new digits will it name correctly? No part of the training asked it to classify.
#
# The figure shows the images that the convolutional CVAE is most mistaken about, and below them what it made of each
# under its true label and under the best of the others. (Where that one is better by a negative number, it was right.)

# %% tags=["shown"]
import math


def bayes_classify(cvae, images, p_y, k, *, seed=0, log_likelihood=bernoulli_log_likelihood):
    return log_joint(cvae, images, p_y, k, seed=seed, log_likelihood=log_likelihood).argmax(axis=1)


def wilson_interval(right, n):
    if n < 1 or not 0 <= right <= n:
        raise ValueError(f"{right} of {n} cases is no share; right goes from 0 to n, and n from 1")
    errors = 1.96
    centre = (right + errors**2 / 2) / (n + errors**2)
    reach = errors * math.sqrt(right * (n - right) / n + errors**2 / 4) / (n + errors**2)
    return max(0.0, centre - reach), min(1.0, centre + reach)  # rounding may leave the ends just outside


# %%
assert np.array_equal(bayes_classify(dense, few.images[:50], p_y, 10), joint["dense CVAE"][:50].argmax(axis=1))
for name, log_p in joint.items():
    right = int((log_p.argmax(axis=1) == few.labels).sum())
    low, high = wilson_interval(right, len(few))
    print(f"{name:10} names {right / len(few):.1%} correctly, 95% interval {low:.1%} to {high:.1%}")
log_p = joint["conv CVAE"]
others = np.where(one_hot(few.labels) == 1, -np.inf, log_p)
most = (log_p[each, few.labels] - others.max(axis=1)).argsort()[:14]
pairs = few.labels[most], others.argmax(axis=1)[most]
rows = [few.images[most] / np.float32(255)]
for labels in pairs:
    rows.append(conv.decode(conv.encode(few.images[most], one_hot(labels))[0], one_hot(labels)))
print("true label     ", *pairs[0])
print("best other     ", *pairs[1])
print("better by, nats", *(others.max(axis=1) - log_p[each, few.labels])[most].round().astype(int))
plotting.show(
    plotting.image_grid(np.concatenate(rows), columns=14, row_names=["image", "true label", "best other"]),
    alt="The 14 images that the conv CVAE is most mistaken about, and its reconstructions under two labels each.",
)

# %% [markdown]
# Compare the lower two rows. Where the true digit was written in a manner that two numbers cannot hold, another digit
# in a fitting style explains more of the ink. The model asks which *picture* is nearer, pixel for pixel, and not which
# strokes make a digit. A network that was trained to classify does better, as the next section shows; this one comes
# free.
#
# A classifier also says how sure it is. Is it right to be? If it gives its choice a probability of 0.9, it should be
# wrong in one case out of ten. So add up $1 - \max_y p(y \mid x)$ over the images: that is how many errors it *expects*
# to make.
#
# **Predict:** will it make more errors than it expects, or fewer?

# %%
edges = [0, 1e-6, 1e-3, 0.1, 1]
names = ["below 1 in 10⁶", "to 1 in 1000", "to 1 in 10", "above"]
fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
for offset, (name, log_p) in zip((-0.1, 0.1), joint.items(), strict=True):
    log_p_y_x = log_p - np.logaddexp.reduce(log_p, axis=1, keepdims=True)
    choice = log_p.argmax(axis=1)
    doubt = -np.expm1(log_p_y_x.max(axis=1)).clip(max=0)  # 1 − p of its choice
    mistaken = choice != few.labels
    cost = -log_p_y_x[each, few.labels]
    print(f"{name:10} expects {doubt.sum():5.1f} errors in {len(few):,} images and makes {mistaken.sum()};", end=" ")
    print(f"−log p(y|x) {cost.mean():.2f} nats of {-np.log(p_y[few.labels]).mean():.2f}")
    for position, (low, high) in enumerate(pairwise(edges)):
        inside = (doubt >= low) & (doubt < high)
        if inside.any():
            share, ends = mistaken[inside].mean(), wilson_interval(int(mistaken[inside].sum()), int(inside.sum()))
            bar = np.abs(np.array(ends) - share)[:, None]
            colour, mark = ("tab:blue", "o") if offset < 0 else ("tab:orange", "s")
            ax.errorbar(
                position + offset, share, bar, fmt=mark, color=colour, capsize=3, label=None if position else name
            )
ax.set_xticks(range(4), names)
ax.set(xlabel="how likely it thinks it is to be wrong", ylabel="share that is wrong", ylim=(0, None))
ax.legend()
plotting.show(fig, alt="Share of wrong answers against the doubt of the classifier; far more are wrong than it thinks.")

# %% [markdown]
# It makes many times the errors that it expects. Why? It takes the 784 pixels for independent given $z$. A stroke in an
# unexpected place is one accident, but the model counts each of its pixels as evidence of its own, and so it comes to
# many nats between two labels where one or two would be fair. A model that takes what hangs together for independent is
# overconfident as a rule.
#
# The last number of each line is the classifier's cross-entropy. It has to do with section 3, because
#
# $$\log p(x \mid y) - \log p(x) = \log p(y \mid x) - \log p(y).$$
#
# Averaged over images, the left side is what the label is worth to the model. The right side is what the model knows of
# the label from the image: $H(y)$, which is about $\log 10$, minus that cross-entropy. So a perfect classifier would
# pay the whole $\log 10$ for not being told. Ours pays less because it is often mistaken *and sure of it*, and then a
# wrong label does the image better service than the right one.
#
# ## 5. Does it draw what it is asked for?
#
# Now look at the images that a model draws. Ask it for digits, and let a judge that knows only real images say what it
# sees: the share of images that it takes for what was asked is the **conditional accuracy**. Lesson 07 had nearest
# neighbours for a judge. This one is a small convolutional network, which `make weights` trained on the training
# images. A judge makes mistakes, too, so its own accuracy on real images belongs beside every judgement.
#
# **Predict:** which digit will fail most often, and what will the judge take it for?

# %% tags=["shown"]
from cvae_utils.evaluation import check_labelled


def generate(cvae, labels, *, seed=0):
    points, label_input = cvae.decoder.inputs
    z = np.random.default_rng(seed).standard_normal((len(labels), points.shape[1]), dtype="float32")
    y = one_hot(labels, label_input.shape[1])
    images = np.empty((len(labels), *cvae.decoder.outputs[0].shape[1:]), "uint8")
    for start in range(0, len(labels), POINTS_AT_ONCE):
        chunk = slice(start, start + POINTS_AT_ONCE)
        logits = cvae.decoder.predict_on_batch((z[chunk], y[chunk]))
        images[chunk] = np.rint(255 * (1 + np.tanh(logits / 2)) / 2)  # the logistic function, which cannot overflow
    return images


def accuracy(classifier, images, labels):
    check_labelled(images, labels)
    named = classifier.predict(images, batch_size=500, verbose=0).argmax(axis=1)
    right = int((named == labels).sum())
    low, high = wilson_interval(right, len(labels))
    return {"accuracy": right / len(labels), "low": low, "high": high}


# %%
def percent(found):
    return f"{found['accuracy']:6.1%} ({found['low']:.1%} to {found['high']:.1%})"


print(f"{'the judge on real validation images':36} {percent(accuracy(judge, digits.validation.images, asked))}")
drawn = {name: generate(compared[name], asked) for name in ("dense CVAE", "conv CVAE")}
for name, images in drawn.items():
    print(f"{name + ', ' + format(len(asked), ',') + ' images':36} {percent(accuracy(judge, images, asked))}")
    of_each = [accuracy(judge, images[asked == label], asked[asked == label]) for label in range(10)]
    worst = min(range(10), key=lambda label: of_each[label]["accuracy"])
    print(f"{'    worst digit: ' + str(worst):36} {percent(of_each[worst])}")
scores = judge.predict(drawn["conv CVAE"], batch_size=500, verbose=0)
others = np.where(one_hot(asked) == 1, -np.inf, scores)
disputed = (scores[np.arange(len(asked)), asked] - others.max(axis=1)).argsort()[:28]
print("asked for         ", *asked[disputed])
print("the judge saw     ", *scores[disputed].argmax(axis=1))
plotting.show(
    plotting.image_grid(drawn["conv CVAE"][disputed], columns=14),
    alt="The 28 drawn images in which the judge sees least of what was asked for: "
    + " ".join(map(str, asked[disputed])),
)

# %% [markdown]
# As in lesson 07, the drawn digits are recognised as well as real ones, or better. Now look at those that are not. On
# MNIST most of them are one digit in one style, and most of these you will read as what was asked for: it is the judge
# that fails. It learned from sharp images, and a faint stroke is new to it. So where the conditional accuracy is near
# the judge's own, it tells good from bad, but no longer good from better.
#
# The model's digits are clearer than real ones. Is that good?
#
# ## 6. Is there enough variety?
#
# A generator that always draws the same perfect 4 has a perfect conditional accuracy. We need a number that such a
# generator fails. Turn the question round: is there, for each *real* image, a drawn one nearby? **Coverage** (Naeem and
# others 2020) says what "nearby" is by the real images themselves. Around each, draw a ball that reaches to its fifth
# nearest real neighbour of the same class. The real image is covered if at least one drawn image of its class lies in
# its ball. The scale runs from 0 to a little below 1: with as many drawn images as real ones, even new real images
# would miss a few balls. More real images have smaller balls, so compare coverages only for the same real images.
#
# Distances need a space. We take what the last layer of the judge sees, 432 numbers for each image.
#
# To try the instrument, give it generators whose variety we know: one or ten training images of each digit, over and
# over; the mean image of each digit; and, at the other end, training images at random. Measure in the judge's features
# and also in plain pixels.
#
# **Predict:** which of these generators will look good in pixels though it should not?

# %% tags=["shown"]
from cvae_utils.evaluation import check_encodings

NEIGHBOURS = 5


def features(classifier, images):
    models.check_images(images)
    body = keras.Model(classifier.inputs, classifier.layers[-1].input)
    return body.predict(images, batch_size=500, verbose=0)


def coverage(made, made_labels, real, real_labels):
    from sklearn.neighbors import NearestNeighbors

    check_encodings(made, made_labels)
    check_encodings(real, real_labels)
    covered, perfect = [], []
    for label in np.unique(real_labels):
        of_class, made_of_class = real[real_labels == label], made[made_labels == label]
        n, m = len(of_class), len(made_of_class)
        if n <= NEIGHBOURS:
            raise ValueError(f"class {label} has {n} real images; give at least {NEIGHBOURS + 1} of each class")
        reach = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(of_class).kneighbors()[0][:, -1]
        nearest = NearestNeighbors(n_neighbors=1).fit(made_of_class).kneighbors(of_class)[0][:, 0] if m else np.inf
        covered.append(nearest <= reach)
        others = n - 1 - np.arange(NEIGHBOURS)
        perfect.append(np.full(n, 1 - np.prod(others / (others + m))))
    return {"coverage": np.concatenate(covered).mean(), "perfect": np.concatenate(perfect).mean()}


# %%
means = np.uint8([digits.train.images[digits.train.labels == label].mean(axis=0) for label in range(10)])
generators = {
    "one image of each digit": from_memory(1),
    "ten images of each digit": from_memory(10),
    "mean image of each digit": means[asked],
    "dense CVAE": drawn["dense CVAE"],
    "conv CVAE": drawn["conv CVAE"],
    "training images": from_memory(),
}
pixels = digits.validation.images.reshape(len(asked), -1) / np.float32(255)
real = features(judge, digits.validation.images)
found = {}
print(f"{'conditional accuracy':>49}   coverage  in pixels")
for name, images in generators.items():
    obeys, in_features = accuracy(judge, images, asked), coverage(features(judge, images), asked, real, asked)
    in_pixels = coverage(images.reshape(len(asked), -1) / np.float32(255), asked, pixels, asked)
    found[name] = obeys["accuracy"], in_features["coverage"], in_pixels["coverage"]
    print(f"{name:25} {percent(obeys):24} {found[name][1]:9.3f} {found[name][2]:10.3f}")

# %%
fig, ax = plt.subplots(figsize=(8, 3.4), layout="constrained")
for offset, column, name, colour, hatch in (
    (-0.2, 1, "in the judge's features", "tab:blue", ""),
    (0.2, 2, "in pixels", "tab:orange", "//"),
):
    values = [shares[column] for shares in found.values()]
    bars = ax.barh(np.arange(len(found)) + offset, values, 0.38, color=colour, hatch=hatch, label=name)
    ax.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
ax.axvline(in_features["perfect"], color="k", linestyle="--", linewidth=1, label="new real images, on average")
ax.set_yticks(range(len(found)), list(found))
ax.invert_yaxis()
ax.set(xlabel="coverage of the validation images", xlim=(0, 1.1))
fig.legend(loc="outside lower center", ncols=3, fontsize=8)
described = ", ".join(f"{name} {shares[1]:.2f}" for name, shares in found.items())
plotting.show(
    fig, alt=f"Bars of coverage for six generators, in the judge's features and in pixels. Features: {described}."
)

# %% [markdown]
# By conditional accuracy a single image of each digit is about as good as anything. Coverage sees through it. On
# MNIST the CVAEs lie in between, far from the real images: two numbers for the style are few.
#
# In pixels the CVAEs seem to cover nearly everything, and on MNIST the mean image alone covers a good part. An image of
# 784 pixels is far from every other one, its neighbours included, and a blurred image, which differs a little
# everywhere, is nearer to it than a real one that differs in the place of its strokes. Pixels reward blur. (The judge's
# features have their taste, too; a coverage says little without the space that it was measured in. On the small data
# set it says little anyway: a ball that reaches to the fifth of a dozen images is large.)
#
# **A second opinion.** If the drawn images were as good as real ones, one could *learn* from them. Train a classifier
# on drawn images alone, and test it on real ones (Ravuri and Vinyals 2019).

# %% tags=["shown"]
def synthetic_accuracy(made, labels, test_images, test_labels, *, epochs, seed=0):
    check_labelled(made, labels)
    keras.utils.set_random_seed(seed)
    classifier = models.conv_classifier()
    training.train_classifier(classifier, made, labels, epochs=epochs, seed=seed)
    return accuracy(classifier, test_images, test_labels)


for name in ("mean image of each digit", "ten images of each digit", "conv CVAE", "training images"):
    learned = synthetic_accuracy(
        generators[name],
        asked,
        digits.validation.images,
        digits.validation.labels,
        epochs=6 if digits.name == "mnist" else 60,
    )
    print(f"learned from {len(asked):,} images, {name:25} {percent(learned)} of real images right")

# %% [markdown]
# The ends are as expected. What surprises on MNIST is the middle: ten real images of each digit, moved about by up to
# two pixels as all images are in this training, teach about as much as thousands of drawn ones, at a fraction of their
# coverage. To a classifier, real strokes are worth more than a variety of means. So this is a number of its own, and no
# substitute for coverage. (Each row is a single short training, and the intervals are only those of the images; the
# table at the end has more images and three seeds.)
#
# One more number belongs to this section because papers report it. A latent dimension that the encoder leaves alone, so
# that its `z_mean` is the same for all images, carries nothing: lesson 03 met this as collapse. **Active units** are
# the dimensions whose `z_mean` has a variance above 0.01 over the images.

# %% tags=["shown", "nbval-check-output"]
def active_units(z_mean):
    if z_mean.ndim != 2 or len(z_mean) < 2:
        raise ValueError(f"z_mean has shape {z_mean.shape}; give one row for each of at least two images")
    return z_mean.var(axis=0) > 0.01


print(active_units(np.linspace(-1.0, 1.0, 101)[:, None] * [1, 0.05, 0]), "for an active, a faint and a dead dimension")

# %% [markdown]
# ## 7. What likelihood does not see
#
# Which of these numbers decides? Many would say the likelihood: it is what the model was trained for. So let us try to
# improve it. Two latent dimensions limit our models; train a dense CVAE with twenty, for a few seconds.
#
# **Predict** for this model, against the dense CVAE of two dimensions: its likelihood, its active units, and its
# conditional accuracy.

# %%
n_images, epochs = (20_000, 3) if digits.name == "mnist" else (len(digits.train), 20)
part = data.Split(digits.train.images[:n_images], digits.train.labels[:n_images])
keras.utils.set_random_seed(0)
twenty = models.dense_cvae(latent_dim=20)
training.train(twenty, training.inputs_of(twenty, part), training.inputs_of(twenty, few), epochs=epochs, seed=0)

inputs = training.inputs_of(twenty, few)
drawn["twenty"] = generate(twenty, asked)
obeys, covered = accuracy(judge, drawn["twenty"], asked), coverage(features(judge, drawn["twenty"]), asked, real, asked)
found["twenty"] = obeys["accuracy"], covered["coverage"]
for model, name in ((dense, "dense CVAE"), (twenty, "twenty")):
    bound, active = negative_log_likelihood(model, inputs, 100), active_units(model.encode(*inputs)[0])
    print(f"{len(active):2} dimensions: −log p(x|y) {bound['nll']:6.2f} ± {bound['nll_error']:.2f},", end=" ")
    print(f"{active.sum()} active, conditional accuracy {found[name][0]:.1%}, coverage {found[name][1]:.2f}")
reconstructed = [model.decode(model.encode(*inputs)[0][:14], inputs[1][:14]) for model in (dense, twenty)]
rows = [
    few.images[:14] / np.float32(255),
    *reconstructed,
    *(drawn[name][:14] / 255 for name in ("dense CVAE", "twenty")),
]
names = ["image", "2: reconstructed", "20: reconstructed", "2: drawn", "20: drawn"]
plotting.show(
    plotting.image_grid(np.concatenate(rows), columns=14, row_names=names),
    alt="Images, reconstructions by CVAEs of 2 and of 20 dimensions, and digits drawn by both; of these the judge "
    f"recognises {found['dense CVAE'][0]:.0%} and {found['twenty'][0]:.0%}.",
)

# %% [markdown]
# By likelihood the twenty dimensions win, on MNIST by more than anything else in this lesson. The reconstructions show
# why. But on MNIST ask this model for a digit, and most of the time the judge sees another. The likelihood of an image
# asks for the $z$ where *this image* would be. To draw, one takes $z$ from the prior, and after so short a training
# most of the prior is where no image has ever been encoded. (Longer training mends much of it. Try it at the end.)
#
# This has been taken to the extreme (Theis, van den Oord and Bethge 2016). Mix a good model with pure noise, one part
# to ninety-nine: $p_\text{mix}(x) = 0.01\, p(x) + 0.99\, p_\text{noise}(x)$. Of a hundred images that it draws,
# ninety-nine are noise. Yet $\log p_\text{mix}(x) \ge \log p(x) + \log 0.01$.
#
# And the other way round: the generator that learned all training images by heart. To have a likelihood, it must allow
# for some other grey values than those it has seen. So say that it takes a training image $t$ at random, and draws from
# pixel means $\mu = (1 - \varepsilon)\, t + \varepsilon / 2$, for a small $\varepsilon$. The density is a mixture like
# that of lesson 01, with as many parts as there are images.
#
# **Predict:** where will these two stand by $-\log p(x)$, next to the VAE and the CVAEs? For the second, does it matter
# whether $\varepsilon$ is 0.000001 or 0.05?

# %%
def by_heart(images, epsilon):  # −log p(x) of each image under the mixture of all training images
    x = images.reshape(len(images), -1) / np.float32(255)
    total = np.full(len(x), -np.inf)
    for start in range(0, len(digits.train), 2000):
        t = digits.train.images[start : start + 2000].reshape(-1, 784) / np.float32(255)
        mu = (1 - epsilon) * t + epsilon / 2
        log_p = x @ (np.log(mu) - np.log1p(-mu)).T + np.log1p(-mu).sum(axis=1)
        top = log_p.max(axis=1)
        total = np.logaddexp(total, top + np.log(np.exp(log_p - top[:, None]).sum(axis=1)))
    return np.log(len(digits.train)) - total


fewer, learned = few.images[:1000], digits.train.images[:500]
log_p = {name: np.logaddexp.reduce(joint[name], axis=1) for name in joint}
log_p["20 dimensions, k = 10"] = np.logaddexp.reduce(log_joint(twenty, fewer, p_y, 10), axis=1)
mixed = np.logaddexp(log_p["conv CVAE"] + np.log(0.01), np.log(0.99) - 784 * np.log(2))
minus_log_p = {"VAE": nll["VAE"]} | {name: -values for name, values in log_p.items()}
minus_log_p["conv CVAE, 99% noise"] = -mixed
for epsilon in (1e-6, 1e-3, 0.05):
    minus_log_p[f"by heart, ε = {epsilon:g}"] = by_heart(fewer, epsilon)
for name, values in minus_log_p.items():
    print(f"{name:22} −log p(x) {values[: len(fewer)].mean():7.2f} ± {error(values[: len(fewer)]):.2f}")
print(f"{'ε = 0.05, on images that it has learned by heart':48} {by_heart(learned, 0.05).mean():.2f}")

# %%
real_draw = rng.random((len(asked), 1, 1, 1)) < 0.01
noisy = np.where(real_draw, drawn["conv CVAE"], np.uint8(255) * rng.integers(0, 2, drawn["conv CVAE"].shape, "uint8"))
covered = coverage(features(judge, noisy), asked, real, asked)
found["noisy"] = accuracy(judge, noisy, asked)["accuracy"], covered["coverage"]
board = {
    "conv CVAE": ("conv CVAE", "conv CVAE"),
    "20 dimensions": ("20 dimensions, k = 10", "twenty"),
    "99% noise": ("conv CVAE, 99% noise", "noisy"),
    "by heart": ("by heart, ε = 0.05", "training images"),
}
fig, panels = plt.subplots(1, 3, figsize=(10, 2.3), layout="constrained", sharey=True)
scores = [(minus_log_p[density][: len(fewer)].mean(), *found[made][:2]) for density, made in board.values()]
titles = ("−log p(x) in nats: less is better", "conditional accuracy", "coverage")
for ax, values, title in zip(panels, zip(*scores, strict=True), titles, strict=True):
    bars = ax.barh(list(board), values, color=["tab:blue", "tab:blue", "tab:red", "tab:orange"])
    ax.bar_label(bars, fmt="%.1f" if ax is panels[0] else "%.2f", padding=3)
    ax.set(title=title, xlim=(0, 1.25 * max(values)))
panels[0].invert_yaxis()
described = "; ".join(f"{name} {a:.1f}, {b:.2f}, {c:.2f}" for name, (a, b, c) in zip(board, scores, strict=True))
plotting.show(fig, alt=f"Bars of −log p(x), conditional accuracy and coverage. {described}.")

# %% [markdown]
# The mixture loses exactly $\log 100 \approx 4.6$ nats. On MNIST it is still a better model than the VAE by likelihood,
# by a wide margin, and 99 of 100 images that it draws are rubbish. The two numbers that look at drawn images see that
# at once.
#
# The generator that learned by heart shows the reverse. Whether $\varepsilon$ is a millionth or a twentieth, its images
# look the same to the eye, and its likelihood moves by tens of nats. At the best of the three it surprises once more:
# on MNIST it beats the VAE on *new* images, while conditional accuracy and coverage find it all but perfect. And it has
# not learned a thing. What gives it away is the last line: on the images that it knows it is better, on MNIST by very
# much. Learning by heart is seen when you measure on training images *as well*.
#
# So on MNIST the CVAE that most people would choose by eye stands out in none of the panels. A likelihood says how
# little a new image surprises the model. Conditional accuracy says that it obeys, coverage that it does not repeat
# itself, and a comparison with training images that it does not merely remember. No one of them can be left out.
#
# ## 8. The table
#
# Now the lesson's result, the four models of the ladder of lesson 07. `make weights` trained each from three seeds and
# measured them on the 10,000 *test* images of MNIST: bounds with $k = 100$; $-\log p(x)$ of a CVAE and its
# classifier with $k = 10$ for each label; drawn images with the labels of the test set; a classifier trained for 6
# epochs on 20,000 drawn images. ± is the standard deviation over the seeds.
#
# **Predict:** in which columns will the two CVAEs differ by more than their ±?

# %%
runs = {name: weights.describe(name)["runs"] for name in ("dense_vae", "dense_cvae", "conv_vae", "conv_cvae")}
cvaes = ("dense_cvae", "conv_cvae")
shares = {"conditional_accuracy": "conditional accuracy", "coverage": "coverage", "bayes_accuracy": "as a classifier"}
shares["synthetic_accuracy"] = "taught by its images"


def over_seeds(name, key):
    values = [run["evaluation"][key] for run in runs[name]]
    return np.array([value["accuracy"] if isinstance(value, dict) else value for value in values])


def show_spread(values):
    return f"{values.mean():.2f} ± {values.std(ddof=1):.2f}"


without_label = {name: over_seeds(name, "nll_without_label" if name in cvaes else "nll") for name in runs}
print(f"nats per test image of MNIST{'−log p(x|y)':>18}{'−log p(x)':>18}    active units")
for name, values in without_label.items():
    given_label = show_spread(over_seeds(name, "nll")) if name in cvaes else "–"
    units = "/".join(str(units) for units in over_seeds(name, "active_units"))
    print(f"{name:28}{given_label:>18}{show_spread(values):>18}    {units}")
print("\n%         " + "".join(f"{title:>21}" for title in shares.values()))
for name in cvaes:
    print(f"{name:10}" + "".join(f"{show_spread(100 * over_seeds(name, key)):>21}" for key in shares))
print(f"\nthe judge on real test images: {percent(weights.describe('classifier')['test'])}")

# %%
fig, panels = plt.subplots(1, 5, figsize=(11, 2.6), layout="constrained", width_ratios=(2, 1, 1, 1, 1))
columns = {"−log p(x) in nats": without_label}
columns |= {title: {name: 100 * over_seeds(name, key) for name in cvaes} for key, title in shares.items()}
for ax, (title, of_models) in zip(panels, columns.items(), strict=True):
    for position, (name, values) in enumerate(of_models.items()):
        mark = {"marker": "s" if name.startswith("conv") else "o", "fillstyle": "none", "linestyle": ""}
        ax.plot([position] * len(values), values, color="tab:blue" if name in cvaes else "tab:orange", **mark)
    ax.set_title(title if title.startswith("−") else f"{title}, %", fontsize=8)
    ax.set_xticks(range(len(of_models)), list(of_models), rotation=40, fontsize=8)
    ax.set_xlim(-0.5, len(of_models) - 0.5)
    ax.grid(axis="y", alpha=0.3)
described = ", ".join(f"{name} {values.mean():.1f}" for name, values in without_label.items())
plotting.show(fig, alt=f"Five panels with one mark for each model and seed. −log p(x): {described} nats on average.")

# %% [markdown]
# What the table says: the step from VAE to CVAE is many times the spread over the seeds, and it is not the label's own
# nats. For the smaller steps hold each difference against its ±, and mind that a standard deviation of three values is
# itself uncertain, by a factor of two or more. Active units separate nothing here; they would show a collapse.
# (Coverage is lower than in section 6: twice as many real images have smaller balls, and the writers of the test images
# are others.)
#
# What it cannot say: whether another data set would give the same order; which model is best when each gets more time;
# how much of the VAEs' distance is their encoders' fault (section 2: for them $k = 100$ is not tight); and whether the
# judge, which learned from the same training images as the models, shares their blind spots.
#
# For scale, numbers from the literature. On *binarised* MNIST, drawn anew in each epoch, Burda and others (2015) report
# a VAE with 50 latent dimensions at 86.76 nats and their importance-weighted one at 84.78, both with $k = 5000$ on the
# test set; a class-conditional model of 100 dimensions (nbip, in the references) reaches 82.32 nats. None of these can
# be held against our table. Ours have two dimensions, and grey pixels as Bernoulli means have a floor that binary ones
# do not have (lesson 01).
#
# **Think!** You may add one column to this table, and you have to defend it. What bad model would get through all the
# columns so far?
#
# <details><summary>Answer</summary>
#
# One that learned the training images by heart and blurs them a little: section 7 built it. The column to add is
# $-\log p(x)$ on training images, or their difference. Another that gets through draws most digits well and fails a
# rare kind of one: all columns are averages over images. The worst class of each would show it, as in section 5.
#
# </details>
#
# ## Recap
#
# The mean of $k$ weights is an unbiased estimate of $p(x)$; its logarithm is on average too low, and less so the larger
# $k$ is. An error bar over images, one for a difference on the same images and a spread over seeds answer three
# questions, and none of them shows what the draws have not seen. Summing a CVAE over its labels gives its own
# $-\log p(x)$, which can be compared with a VAE's, and a classifier that is too sure of itself. Conditional accuracy
# misses repetition, coverage misses copies, likelihood misses what is drawn. Report them together, each with its
# protocol.
#
# **Exercise:** [exercise 08](../exercises/08_how_good_is_it.ipynb) has graded tasks
# on the objectives above, with checks that answer at once.
#
# **Before you go on**, train the CVAE of twenty dimensions for three or four times as many epochs, on all the training
# images, and predict first which of its numbers will move. Then mend the classifier's confidence: divide `joint` by a
# number $T$ before you take the log-sum-exp, choose $T$ on the first half of the images by the cross-entropy, and see
# whether it holds on the other half. Does the accuracy change?
#
# <details><summary>What to expect of both</summary>
#
# On MNIST all of them improve: the likelihood by several nats, the conditional accuracy from a minority of the images
# to most of them, the coverage to more than that of two dimensions. So part of what section 7 showed was too short a
# training. The likelihood, which was excellent already, did not warn of it.
#
# The best $T$ is far above 1, and it roughly counts how many pixels act as one. The cross-entropy falls to a fraction.
# The accuracy stays exactly as it is: dividing all ten by one number does not change which is the largest.
#
# </details>
#
# **Next:** [lesson 09](09_conditioning_on_anything.ipynb) conditions on more than a label: on part of an image.
#
# ## References
#
# * Y. Burda, R. Grosse, R. Salakhutdinov, *Importance Weighted Autoencoders*, arXiv:1509.00519, 2015 (ICLR 2016): the bound,
#   active units, and the numbers of section 8.
# * L. Theis, A. van den Oord, M. Bethge, *A Note on the Evaluation of Generative Models*, ICLR 2016: likelihood and samples
#   are two things.
# * E. B. Wilson, *Probable Inference, the Law of Succession, and Statistical Inference*, JASA 22, 1927: the interval.
# * M. F. Naeem, S. J. Oh, Y. Uh, Y. Choi, J. Yoo, *Reliable Fidelity and Diversity Metrics for Generative Models*, ICML 2020:
#   coverage.
# * S. Ravuri, O. Vinyals, *Classification Accuracy Score for Conditional Generative Models*, NeurIPS 2019: learning from drawn
#   images.
# * nbip, *IWAE*, [github.com/nbip/IWAE](https://github.com/nbip/IWAE): the class-conditional model of section 8.
