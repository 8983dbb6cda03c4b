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
# # 03 · The loss, audited
#
# The loss of a VAE is two lines of code, and there are many ways to get them wrong. Hardly any of them raises an error.
# The model trains, the numbers fall, and what comes out is grey fog, or nothing, or something that looks fine and is
# not what the formula says. In this lesson you build an instrument that measures what a written loss really weighs,
# point it at well-known tutorials, and mend eight broken losses.
#
# **You will be able to**
#
# 1. find the weight β that a written loss gives to the KL, from its values alone, without reading its code;
# 2. say why a mean in place of a sum changes the model, and by how much;
# 3. recognise a broken loss by its symptoms, and mend it;
# 4. read a rate-distortion curve, and say what a β other than 1 buys and what it costs.
#
# **Time:** 45 minutes. **Before this:** [lesson 02](02_plain_vae.ipynb).

# %%
import sys

if "google.colab" in sys.modules:  # Colab has TensorFlow already: add what it lacks, leave the rest alone
    # %pip install --quiet --no-deps pooch "cvae-course @ git+https://github.com/OWNER/cvae-course"

# %%
import matplotlib.pyplot as plt
import numpy as np

from cvae_utils import data, layers, models, plotting, training
from cvae_utils.losses import bernoulli_log_likelihood, gaussian_kl

digits = data.load("auto")
train_images, validation_images = digits.train.images[:10_000], digits.validation.images[:2_000]

# %% [markdown]
# To compare losses we have to exchange them. So write a loss as a function of what a VAE has after one pass: a batch of
# images `x`, scaled to [0, 1], the `logits` that the decoder made of the samples, and the encoder's `z_mean` and
# `z_log_var`. It returns one number for the batch. The model below is the VAE of lesson 02, smaller and with 32 latent
# dimensions. It trains by whatever loss it is given, and still keeps the true reconstruction and the true KL as
# metrics.
#
# So many dimensions, because some mistakes hardly show with two. Ten thousand images and a few epochs, because the
# symptoms come early.
#
# Here is where we are going. The two losses in the second cell differ in one word: the first sums over the pixels of an
# image, the second takes their mean.

# %%
import keras
from keras import ops

LATENT_DIM = 32
EPOCHS = 8 if digits.name == "mnist" else 25  # the embedded digits are far fewer


class AuditedVAE(models.VAE):
    def __init__(self, written_loss):
        super().__init__(models.dense_encoder(LATENT_DIM, 256), models.dense_decoder(LATENT_DIM, 256))
        self.written_loss = written_loss

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):
        super().compute_loss(x, y, y_pred)  # for its two metrics
        logits, z_mean, z_log_var = y_pred
        return self.written_loss(ops.cast(x, "float32") / 255, logits, z_mean, z_log_var)


def train_with(written_loss):
    keras.utils.set_random_seed(0)
    model = AuditedVAE(written_loss)
    return model, training.train(model, train_images, validation_images, epochs=EPOCHS, seed=0)


def reconstruct(model, images):
    return model.decode(model.sampling(model.encoder(images)))  # of a sample, which is what the loss judges


# %%
def cross_entropy(x, logits):
    return ops.softplus(logits) - x * logits  # −log p(x|z) of each pixel


def right_loss(x, logits, z_mean, z_log_var):
    return ops.mean(ops.sum(cross_entropy(x, logits), axis=(1, 2, 3))) + ops.mean(gaussian_kl(z_mean, z_log_var))


def pixel_mean_loss(x, logits, z_mean, z_log_var):
    return ops.mean(ops.mean(cross_entropy(x, logits), axis=(1, 2, 3))) + ops.mean(gaussian_kl(z_mean, z_log_var))


right, right_history = train_with(right_loss)
pixel_mean, pixel_mean_history = train_with(pixel_mean_loss)
some = validation_images[:12]
rows = np.concatenate([some / np.float32(255), reconstruct(right, some), reconstruct(pixel_mean, some)])
plotting.show(plotting.image_grid(rows, columns=12, row_names=["original", "sum", "mean"]))

# %% [markdown]
# ## 1. One word
#
# The second model draws nearly the same fog for every image. You know that fog from lesson 01: it is the mean image.
# Look at the two lines above the picture. Beside the loss, each shows the true reconstruction and the true KL, in nats
# on the validation images. The next cell sets the second model's beside the mean image. It is the first of our eight
# broken losses.

# %%
def mean_image_loss(images, of):
    mean = (images.sum(axis=0) / 255 + 0.5) / (len(images) + 1)
    average = (of.mean(axis=0) / 255).astype("float32")  # the log-likelihood is linear in x: this gives the average
    return -float(bernoulli_log_likelihood(average[None], np.float32(np.log(mean / (1 - mean)))[None])[0])


mean_image = mean_image_loss(train_images, validation_images)
print(f"validation images of {digits.name}, nats per image")
print(f"{'':12} {'reconstruction':>14} {'KL':>7} {'sum':>8}")
print(f"{'mean image':12} {mean_image:14.2f} {0:7.2f} {mean_image:8.2f}")
for name, history in {"pixel mean": pixel_mean_history, "pixel sum": right_history}.items():
    reconstruction, kl = history["val_reconstruction"][-1], history["val_kl"][-1]
    print(f"{name:12} {reconstruction:14.2f} {kl:7.2f} {reconstruction + kl:8.2f}")

# %% [markdown]
# The mean over 784 pixels makes the reconstruction 784 times smaller. The KL stays what it is. So one nat of KL now
# costs as much as 784 nats of reconstruction, and no latent variable is worth that price. The encoder says the same for
# every image, the KL is zero, and the decoder has nothing to go by. This is **posterior collapse**, and here one word
# caused it.
#
# (`reconstruct` decodes a sample of $q(z \mid x)$, not `z_mean` as lesson 02 did. For a narrow guess the two look the
# same. After a collapse `z_mean` is zero, and that is a bad place to look: in 32 dimensions hardly any sample of the
# noise comes near zero, so the decoder does not know it.)
#
# Keras' own VAE example had this mistake in 2016, after the factor of 784 had been lost in an edit (keras pull request
# 3383). It still turns up: in an issue of another repository the log reads `vae_kl_loss: 3.8347e-07`
# (AppliedDataSciencePartners/WorldModels, issue 12).
#
# ## 2. What a loss weighs
#
# The example suggests what to measure. Suppose that a loss has the form
#
# $$\text{loss} = a \cdot \text{reconstruction} + b \cdot \text{KL} + c,$$
#
# with reconstruction $= -\log p(x \mid z)$ and KL as in lesson 02, both averaged over the batch. The constant $c$ has
# no gradient. A common factor does not move the minimum, and Adam, which divides a gradient by its usual size, hardly
# notices it. What is left is the ratio:
#
# $$\beta = \frac{b}{a}, \qquad \text{loss} = a \cdot (\text{reconstruction} + \beta \cdot \text{KL}) + c$$
#
# With $\beta = 1$ the loss is the negative ELBO. A VAE with another β, on purpose, is called a **β-VAE** (Higgins and
# others 2017). Without purpose it is a bug.
#
# To find $a$ and $b$ we need not read the code. A loss is a function, and we may call it with any arguments: random
# logits and random `z_mean` and `z_log_var` will do, no network is needed. Change the logits alone, and only the
# reconstruction moves. Change the two z arguments alone, and only the KL moves. `probes` makes such points, and
# `measure` computes at each of them the reconstruction, the KL and the value of the loss.

# %% tags=["shown"]
def random_batch(rng, shape):
    return np.float32(rng.normal() + rng.uniform(0.2, 1) * rng.standard_normal(shape))


def probes(image_shape=(28, 28, 1), latent_dim=2, batch_size=128, seed=0):
    rng = np.random.default_rng(seed)
    x = np.float32(np.clip(rng.uniform(-10, 11, (batch_size, *image_shape)), 0, 1))  # black, white, and some grey
    likely = np.clip(x, 1e-6, 1 - 1e-6)
    best_logits = np.log(likely / (1 - likely))  # keeps the reconstruction small, so that rounding hides no KL
    logits = [random_batch(rng, x.shape) for _ in range(10)]
    z = [[random_batch(rng, (batch_size, latent_dim)) for _ in ("z_mean", "z_log_var")] for _ in range(10)]
    return x, {
        "logits": [(some_logits, *z[0]) for some_logits in logits],
        "z": [(best_logits, *some_z) for some_z in z],
        "logits and z": [(some_logits, *some_z) for some_logits, some_z in zip(logits, z, strict=True)],
    }


def measure(loss, log_likelihood, x, points):
    rows = []
    for logits, z_mean, z_log_var in points:
        value = np.asarray(ops.convert_to_numpy(loss(x, logits, z_mean, z_log_var)), "float64")
        if value.shape != ():
            raise ValueError(f"the loss gave an array of shape {value.shape}; it should give one number for a batch")
        if not np.isfinite(value):
            raise ValueError(f"the loss gave {value} where it should give a finite number")
        reconstruction = -ops.mean(log_likelihood(x, logits))
        kl = ops.mean(gaussian_kl(z_mean, z_log_var))
        rows.append([float(reconstruction), float(kl), float(value)])
    return np.array(rows).T


# %% [markdown]
# Now plot the values of a loss against the term that moves. Three suspects: the right loss, the pixel mean, and one
# whose KL reads `z_log_var / 2`.
#
# **Predict:** which points lie on a line, and what do the slopes of the lines tell?

# %%
def suspicious_loss(x, logits, z_mean, z_log_var):
    return ops.mean(ops.sum(cross_entropy(x, logits), axis=(1, 2, 3))) + ops.mean(gaussian_kl(z_mean, z_log_var / 2))


suspects = {"right": right_loss, "pixel mean": pixel_mean_loss, "suspicious": suspicious_loss}
x, points = probes()
fig, panels = plt.subplots(2, 3, figsize=(10, 5.2), layout="constrained")
for column, (name, loss) in enumerate(suspects.items()):
    for ax, term, changed in zip(panels[:, column], (0, 1), ("logits", "z"), strict=True):
        values = measure(loss, bernoulli_log_likelihood, x, points[changed])
        line = np.poly1d(np.polyfit(values[term], values[2], 1))
        ax.plot(values[term], line(values[term]), color="0.6")
        ax.plot(values[term], values[2], "o", color=plotting.CLASS_COLOURS[term])
        ax.set(xlabel=("reconstruction", "KL")[term], title=f"{name}: slope {line[1]:.4g}")
        ax.ticklabel_format(useOffset=False)
panels[0, 0].set_ylabel("loss, logits changed")
panels[1, 0].set_ylabel("loss, z changed")
plotting.show(
    fig, alt="Loss against reconstruction and KL for three losses. All points lie on lines but those of the last panel."
)

# %% [markdown]
# The upper slope is $a$, the lower one is $b$, and their ratio is β. For the right loss both are 1. For the pixel mean
# the upper slope is a small fraction. The third loss has a right reconstruction, but below its points leave the line:
# no weight turns the KL into what this loss adds. It has no β at all, and that is a finding, too.
#
# The instrument is these two slopes and a check that nothing is left over. Whatever two slopes cannot explain, beyond
# the rounding of float32, is reported. The check takes in a third set of points where everything changes at once, so
# that a product of the two terms, say, would be noticed.

# %% tags=["shown"]
def rounding(values):
    return 1e-6 * np.abs(values).max()


def slope(term, values):
    return np.polyfit(term, values, 1)[0] if np.ptp(values) > rounding(values) else 0.0


def effective_beta(loss, log_likelihood=bernoulli_log_likelihood, **sizes):
    x, points = probes(**sizes)
    twice = measure(loss, log_likelihood, x, points["z"][:1] * 2)[2]
    if np.ptp(twice) > rounding(twice):
        raise ValueError("this loss is random: it gave two values for the same input; average it over its noise first")
    measured = {changed: measure(loss, log_likelihood, x, some) for changed, some in points.items()}
    a = slope(measured["logits"][0], measured["logits"][2])
    b = slope(measured["z"][1], measured["z"][2])
    if a == 0:
        raise ValueError("this loss does not change with the logits: it has no reconstruction to weigh the KL against")
    for changed, (reconstruction, kl, values) in measured.items():
        rest = np.ptp(values - a * reconstruction - b * kl)
        if rest > 1e-4 * np.ptp(values) + rounding(values):
            raise ValueError(
                f"this loss is no weighted sum of reconstruction and KL: changing {changed} moves it by "
                f"{np.ptp(values):.3g}, and {rest:.3g} of that follows neither term"
            )
    return float(b / a)


# %% [markdown]
# **Predict** the five values, before you run it.

# %% tags=["nbval-check-output"]
def mean_kl(z_mean, z_log_var):
    return ops.mean(gaussian_kl(z_mean, z_log_var))


checks = {
    "right": right_loss,
    "pixel mean": pixel_mean_loss,
    "right, times 1000, plus 7": lambda *batch: 1000 * right_loss(*batch) + 7,
    "no KL": lambda x, logits, *z: right_loss(x, logits, *z) - mean_kl(*z),
    "KL with the wrong sign": lambda x, logits, *z: right_loss(x, logits, *z) - 2 * mean_kl(*z),
}
for name, loss in checks.items():
    print(f"{name:26} β = {effective_beta(loss):.3f}")

# %% [markdown]
# A factor and a constant change nothing. A loss without KL is that of a plain autoencoder, β = 0. A negative β rewards
# a guess for being far from the prior.
#
# **Think!** A loss sums the KL over the images of the batch, and takes the mean of the reconstruction over them. Which
# β has it? How would you notice when you change the batch size?
#
# <details><summary>Answer</summary>
#
# β is the batch size, which is 128 in `probes`: `effective_beta` would say 128, and 256 with `batch_size=256`. A loss
# whose best learning rate, or whose pictures, depend strongly on the batch size should be suspected of this.
#
# </details>
#
# ## 3. Well-known tutorials
#
# Now point the instrument at losses that many people have copied. Each is rewritten here in our own few lines, from the
# code that its authors published; the references name the files. Most of their decoders end in a sigmoid; that changes
# how the cross-entropy is computed and not its value, so ours take the logits.
#
# Two need care. One takes the squared error. It is a log-likelihood too, of a Gaussian with a fixed variance $s^2$:
# $-\log p(x \mid z) = \sum_i (x_i - \mu_i)^2 / (2 s^2) + \text{constant}$. So its β depends on which variance one
# means. The other draws a sample inside the loss, and its KL is $\log q(z \mid x) - \log p(z)$ at that one point. The
# first cell writes the losses, the second audits them.
#
# **Predict:** which of them give the KL its full weight, which less, which more? And what will the audit say of a loss
# that draws random numbers?

# %%
def pixels_and_kl(of_pixels, of_latent, factor=1):
    def loss(x, logits, z_mean, z_log_var):
        kl = (ops.exp(z_log_var) + z_mean**2 - 1 - z_log_var) / 2  # in each dimension
        pixels = of_pixels(cross_entropy(x, logits), axis=(1, 2, 3))
        return factor * ops.mean(pixels) + ops.mean(of_latent(kl, axis=1))

    return loss


def squared_error(x, logits, z_mean, z_log_var):
    return ops.mean((x - ops.sigmoid(logits)) ** 2) + mean_kl(z_mean, z_log_var) / 784


def gaussian(variance):
    return lambda x, logits: -ops.sum((x - ops.sigmoid(logits)) ** 2, axis=(1, 2, 3)) / (2 * variance)


def one_sample(x, logits, z_mean, z_log_var, epsilon=None):
    epsilon = keras.random.normal(ops.shape(z_mean)) if epsilon is None else epsilon
    z = z_mean + ops.exp(z_log_var / 2) * epsilon
    log_q_minus_log_p = (z**2 - epsilon**2 - z_log_var) / 2
    pixels = ops.sum(cross_entropy(x, logits), axis=(1, 2, 3))
    return ops.mean(pixels + ops.sum(log_q_minus_log_p, axis=1))


# %% tags=["nbval-check-output"]
def both_signs(*batch):
    return (one_sample(*batch, epsilon=1.0) + one_sample(*batch, epsilon=-1.0)) / 2


audits = [
    ("keras.io, VAE example", pixels_and_kl(ops.sum, ops.sum), {}),
    ("PyTorch examples, VAE", lambda *batch: 128 * pixels_and_kl(ops.sum, ops.sum)(*batch), {}),
    ("Chollet, 3rd edition, d = 2", pixels_and_kl(ops.sum, ops.mean), {}),
    ("the same with d = 32", pixels_and_kl(ops.sum, ops.mean), {"latent_dim": 32}),
    ("Foster, 2nd edition, 32 × 32", pixels_and_kl(ops.mean, ops.sum, 500), {"image_shape": (32, 32, 1)}),
    ("the same at 28 × 28", pixels_and_kl(ops.mean, ops.sum, 500), {}),
    ("Géron, 3rd edition, s² = 1/2", squared_error, {"log_likelihood": gaussian(1 / 2)}),
    ("the same, s² = 1", squared_error, {"log_likelihood": gaussian(1)}),
    ("the same, s² = 1/25", squared_error, {"log_likelihood": gaussian(1 / 25)}),
    ("the same, Bernoulli", squared_error, {}),
    ("TensorFlow, CVAE tutorial", one_sample, {}),
    ("the same, averaged over ε", both_signs, {}),
]
for name, loss, settings in audits:
    try:
        print(f"{name:30} β = {effective_beta(loss, **settings):.3f}")
    except ValueError as refusal:
        print(f"{name:30} {str(refusal).split(':')[0]}")

# %% [markdown]
# This table is the lesson's first result. From the top:
#
# **keras.io** and **PyTorch** sum over pixels and over dimensions, and get the ELBO. (PyTorch's sums over the batch as
# well, in both terms, which is a common factor.) keras.io trains on the training and test images together, so its
# printed loss says nothing about new images; but its β is right.
#
# **Chollet's book** sums over the pixels and takes the mean of the KL over everything, so that β is $1/d$, with $d$ the
# number of latent dimensions. With the book's two dimensions the weight is halved. Who changes 2 into 32, to get better
# images, changes β without knowing, and makes the latent variables far cheaper.
#
# **Foster's book** calls 500 "β", but multiplies the reconstruction by it, and this reconstruction is a mean over
# pixels. The same line at another image size has another β, as the table shows. So a "β of 500" in a text says nothing
# until one knows what it multiplies and what was averaged.
#
# **Géron's book** divides the KL by 784 because Keras takes the mean of the squared error over 784 pixels, and says so.
# (The second edition did the same with the cross-entropy, which has β = 1.) Against a Gaussian with $s^2 = \tfrac12$
# that is exactly the ELBO. But nobody chose that variance. A model whose pixels are off by 0.2, root mean square, is
# fitted best by $s^2 = 0.04$, and against that likelihood the KL weighs far too much: look at its row. A squared error
# without a variance has no β, and 1 is the β of one of its readings. Against Bernoulli it is refused.
#
# **TensorFlow's tutorial** is refused as it stands: two calls with the same arguments give two values. On average over
# $\varepsilon$ it is right. How does one average exactly? The estimate is quadratic in $\varepsilon$ and a sum over
# dimensions, so that only the mean and the variance of $\varepsilon$ matter. The two values $+1$ and $-1$ have mean 0
# and variance 1, like the noise. (That C, once more, is for *convolutional*.)
#
# **Think!** The table was made with random numbers for images. Why is its answer valid for MNIST?
#
# <details><summary>Answer</summary>
#
# Because β belongs to the formula and not to the data. If the loss is a · reconstruction + b · KL + c as a function of
# its arguments, it is so at every point, also at those that images and networks produce. Random points are only more
# varied. What the data decide is which solution a given β leads to.
#
# </details>
#
# ## 4. The wrong weight, and a log that hides it
#
# Broken loss number two is the mean over latent dimensions. It is the opposite of the pixel mean: the KL is too cheap,
# by the factor $d$.
#
# **Predict:** compared with the right loss, what happens to the reconstructions, and what to new images drawn from the
# prior?

# %%
latent_mean, latent_mean_history = train_with(pixels_and_kl(ops.sum, ops.mean))
z = np.random.default_rng(0).standard_normal((12, LATENT_DIM))
rows = [some / np.float32(255)]
for model in (right, latent_mean):
    rows += [reconstruct(model, some), model.decode(z)]
    print(f"mean width σ of the guesses: {float(ops.mean(ops.exp(model.encoder(some)[1] / 2))):.3f}")
names = ["original", "sum", "sum, new", "mean", "mean, new"]
plotting.show(plotting.image_grid(np.concatenate(rows), columns=12, row_names=names))

# %% [markdown]
# The reconstructions are at least as good as those of the right loss, and that is the trap: who judges a VAE by its
# reconstructions will prefer this one. But the new images have fallen apart. Where the KL is cheap the encoder makes
# its guesses narrow, as the printed widths show. Each image then has a tiny spot of its own, nearly all of the prior
# lies between the spots, and there the decoder has never been. (The right loss does not draw perfect digits here
# either. It had little training, and 32 dimensions are many.)
#
# Now look at the progress line of this training. It ends in `validation loss … = … + KL …`. Do the sum in your head:
# the equals sign is wrong. That is broken loss number three, **a printed loss that is not the sum of its parts**. The
# bar takes for granted that the loss is the sum. Ours weighs one of the parts by less, and the metrics beside it do
# not. Logs like this are common, and they tell more than they mean to.
#
# **Your turn.** You are given the log only: loss, reconstruction and KL, epoch by epoch. Which β was used? Find it
# before you look at the next cell.
#
# <details><summary>Hint</summary>
#
# Each epoch is one equation $\text{loss} = a \cdot \text{reconstruction} + b \cdot \text{KL}$ with the same two
# unknowns.
#
# </details>

# %%
for name, history in {"latent mean": latent_mean_history, "pixel mean": pixel_mean_history}.items():
    parts = np.stack([history["val_reconstruction"], history["val_kl"]], axis=1)
    (a, b), *_ = np.linalg.lstsq(parts, np.array(history["val_loss"]), rcond=None)
    print(f"{name}: loss = {a:.6f} · reconstruction + {b:.4f} · KL, so β = {b / a:.3f}")
    for epoch in range(3):
        loss, reconstruction, kl = (history[f"val_{part}"][epoch] for part in ("loss", "reconstruction", "kl"))
        print(f"  epoch {epoch + 1}: printed {loss:8.3f}, sum of the parts {reconstruction + kl:8.3f}")

# %% [markdown]
# The log gives the weights away without a line of code. (For the collapsed model the KL is nearly zero throughout, so
# that its $b$ may come out less exact.) The mend is in the printing: what the log calls the loss must be the sum of
# what stands beside it, so either print the weighted parts, or print the ELBO as a metric of its own, which can be
# compared between any two values of β.
#
# ## 5. No weighted sum at all
#
# The next three have no β. Each comes from real code.
#
# Number four **swaps the arguments** of the cross-entropy: the image where the prediction belongs. Libraries do not
# agree on the order. Theano's function wanted the output first, Keras' wants the target first, and code that was right
# once became wrong. Number five **names log σ what is log σ²**: its sampler uses `z_log_var` as lesson 02 does, but its
# KL takes the logarithm of the standard deviation, half of that, and puts it into the formula for the variance. (This
# is our suspect of section 2; Keras' example had it in 2016, issue 3169.) Number six has an **activity regulariser** on
# the encoder's last layer, 0.01 times the squares of `z_mean`, and it sums over the batch, as Keras 3 did until its
# issue 22018 was closed in 2026.
#
# Keras' cross-entropy takes the mean over the last axis. With one channel that is no mean at all, so number four sums
# over height and width only; with three colours it would be wrong by a factor of three as well.

# %%
def swapped_loss(x, logits, z_mean, z_log_var):
    pixels = keras.losses.binary_crossentropy(ops.sigmoid(logits), x)  # averages over the last axis, which has length 1
    return ops.mean(ops.sum(pixels, axis=(1, 2))) + mean_kl(z_mean, z_log_var)


def log_sigma_loss(x, logits, z_mean, z_log_var):
    log_sigma = z_log_var / 2
    kl = ops.sum(ops.exp(log_sigma) + z_mean**2 - 1 - log_sigma, axis=1) / 2
    return ops.mean(ops.sum(cross_entropy(x, logits), axis=(1, 2, 3))) + ops.mean(kl)


def regularised_loss(x, logits, z_mean, z_log_var):
    return right_loss(x, logits, z_mean, z_log_var) + 0.01 * ops.sum(z_mean**2)


broken_losses = {"swapped": swapped_loss, "log sigma": log_sigma_loss, "regularised": regularised_loss}
for name, loss in broken_losses.items():
    try:
        print(name, effective_beta(loss))
    except ValueError as refusal:
        print(f"{name}: {refusal}.\n")

# %% [markdown]
# Read the three sentences: each names the argument that gives the mistake away. In the first the logits are at fault,
# in the other two z is.
#
# **Predict** the symptoms. Which of the three will you recognise by its pictures, which by its numbers, and which will
# look fine?

# %%
broken = {name: train_with(loss) for name, loss in broken_losses.items()}
rows = np.concatenate([some / np.float32(255), *(reconstruct(model, some) for model, _ in broken.values())])
plotting.show(plotting.image_grid(rows, columns=12, row_names=["original", *broken]))
print(f"{'nats per image':14} {'training':>16} {'validation':>30}")
print(f"{'':14} {'printed':>8} {'true':>8} {'printed':>8} {'true':>8} {'reconstruction':>15} {'KL':>6}")
for name, (_, history) in {"right": (right, right_history), **broken}.items():
    last = {part: values[-1] for part, values in history.items()}
    print(f"{name:14} {last['loss']:8.1f} {last['reconstruction'] + last['kl']:8.1f}", end=" ")
    print(f"{last['val_loss']:8.1f} {last['val_reconstruction'] + last['val_kl']:8.1f}", end=" ")
    print(f"{last['val_reconstruction']:15.1f} {last['val_kl']:6.1f}")

# %% [markdown]
# **Swapped.** The loss is now linear in μ: each pixel costs $-\mu \log x - (1 - \mu) \log (1 - x)$. A linear function
# is cheapest at an end, so every pixel is driven to black or to white, even where the image is grey. And the images are
# mostly exactly 0 or 1, whose logarithm the library replaces by about −16, so these are enormous forces. Its slope with
# respect to the logit is the factor $\mu (1 - \mu)$ times a constant. It vanishes at both ends: a pixel that has been
# driven there never comes back. On MNIST, where most pixels are white in most images, all pixels are driven to white
# before the latent variables have learned anything: the pictures are empty and the KL dies away. (On the small digits,
# which have more black, hard black-and-white digits may survive.) The number is known. In a public repository a reader
# asked why the training stood at `loss: 431.0483 - KL_loss: 2.7520e-07` (nnormandin/Conditional_VAE, issue 1). The next
# cell computes what empty paper costs under the swapped loss.
#
# **Log σ.** The pictures are fine, and the printed loss is *better* than that of the right loss. It is too good: the
# true one, in the next column, is worse. The formula takes σ for σ², so the price of a narrow guess, $-\log \sigma$, is
# halved. A loss that is wrong in your favour is the most dangerous kind, since nobody looks for it. Only the audit
# does.
#
# **Regularised.** The KL contains $\tfrac12 \mu_z^2$ already, and this loss pulls the means to zero a second time. How
# strongly depends on the batch: with 128 images in a batch the term is $1.28$ times the mean of the squares, and with
# the 250 images of a validation batch twice as much. So on MNIST the printed validation loss jumps away from
# the training loss, although nothing is overfitted. (A small data set has no batch that large.) A loss that changes
# with the batch size has a sum where a mean belongs.

# %%
pixels = np.clip(validation_images.reshape(len(validation_images), -1) / np.float32(255), 1e-7, 1 - 1e-7)
cost_of_ink, cost_of_paper = -np.log(pixels).mean(axis=0), -np.log(1 - pixels).mean(axis=0)
print(f"empty paper costs {cost_of_paper.sum():.2f} nats under the swapped loss;")
print(f"the best image that is the same for all costs {np.minimum(cost_of_ink, cost_of_paper).sum():.2f};")
print(f"the swapped model printed {broken['swapped'][1]['val_loss'][-1]:.2f}, of which KL:")
print("by epochs", " ".join(f"{kl:.3f}" for kl in broken["swapped"][1]["val_kl"][:: max(1, EPOCHS // 8)]))
fig, ax = plt.subplots(figsize=(9, 2.6), layout="constrained")
for offset, (name, model) in enumerate({"right": right, "regularised": broken["regularised"][0]}.items()):
    spread = np.std(model.encoder(validation_images)[0], axis=0)
    ax.plot(np.sort(spread)[::-1], "os"[offset], label=name, color=plotting.CLASS_COLOURS[2 * offset])
ax.axhline(1, color="0.4", linestyle=":", label="spread of the prior")
ax.set(xlabel="latent dimension, ordered by spread", ylabel="spread of z_mean", xticks=[], ylim=(0, None))
ax.legend(ncols=3)
plotting.show(fig, alt="Spread of z_mean in each latent dimension: the regularised model's is lower.")

# %% [markdown]
# The figure shows the regulariser's work. It squeezes the means into a smaller region than they take under the right
# loss.
#
# **Your turn.** Mend the losses met so far, the three above and the two of the pixel mean and the latent mean. Work in
# a new cell, change as little as you can, and stop when `effective_beta` gives 1 for each.
#
# <details><summary>Solution</summary>
#
# * Pixel mean and latent mean: write `ops.sum` for the inner `ops.mean`. The outer mean, over the batch, stays.
# * Swapped: exchange the two arguments. Better still, give their names, `y_true=` and `y_pred=`; then the order cannot
#   be wrong. Best, use logits.
# * Log σ: the formula wants log σ², so give it `2 * log_sigma` in both places. Or name the variable for what it is, and
#   the formula of lesson 02 fits.
# * Regularised: take the term out. If the latent variables should be nearer to the prior, that is what β is for.
#
# </details>

# %% tags=["nbval-check-output"]
def mended_swap(x, logits, z_mean, z_log_var):
    pixels = keras.losses.binary_crossentropy(y_true=x, y_pred=ops.sigmoid(logits))
    return ops.mean(ops.sum(pixels, axis=(1, 2))) + mean_kl(z_mean, z_log_var)


def mended_log_sigma(x, logits, z_mean, z_log_var):
    log_sigma = z_log_var / 2
    kl = ops.sum(ops.exp(2 * log_sigma) + z_mean**2 - 1 - 2 * log_sigma, axis=1) / 2
    return ops.mean(ops.sum(cross_entropy(x, logits), axis=(1, 2, 3))) + ops.mean(kl)


for loss in (mended_swap, mended_log_sigma):
    print(f"{loss.__name__}: β = {effective_beta(loss, latent_dim=LATENT_DIM):.3f}")

# %% [markdown]
# ## 6. A right loss in the wrong surroundings
#
# The audit sees the loss and nothing else. The last two mistakes are outside of it.
#
# Number seven is **a batch size fixed inside the sampling layer**. Many older tutorials draw the noise in a shape that
# is written down as `(batch_size, latent_dim)`, and then choose a batch size that divides 60,000.
#
# **Predict:** the layer below is made for batches of 128. What happens with the 16 images that are left over at the end
# of an epoch of 10,000? And with a single one?

# %%
class FixedSampling(layers.Sampling):
    noise_shape = (128, LATENT_DIM)

    def call(self, inputs):
        z_mean, z_log_var = inputs
        return z_mean + ops.exp(z_log_var / 2) * keras.random.normal(self.noise_shape, seed=self.seed_generator)


for n in (128, 16, 1):
    try:
        print(f"{n:3} images in, {len(FixedSampling()(right.encoder(train_images[:n])))} samples out")
    except Exception as error:
        print(f"{n:3} images in: {type(error).__name__}")

# %% [markdown]
# Sixteen images end in an error. That is the good case. For one image the shapes fit each other, the noise is
# broadcast, and 128 samples come out without a word.
#
# A quick repair is tempting: let the noise have shape `(1, latent_dim)`, which fits every batch. Now nothing fails.
# **Predict:** what is lost when all images of a batch share one draw of the noise?

# %%
guess = right.encoder(train_images[:128])
x = train_images[:128] / np.float32(255)
costs = {}
for n, name in ((1, "one noise for all"), (128, "noise for each image")):
    sampling = FixedSampling(seed=0)
    sampling.noise_shape = (n, LATENT_DIM)
    costs[name] = [-float(ops.mean(bernoulli_log_likelihood(x, right.decoder(sampling(guess))))) for _ in range(300)]
    print(f"{name:20} mean {np.mean(costs[name]):.2f}, spread {np.std(costs[name]):.2f} nats")
fig, ax = plt.subplots(figsize=(8, 2.6), layout="constrained")
bins = np.histogram_bin_edges(np.concatenate(list(costs.values())), 60)
for (name, values), hatch, colour in zip(costs.items(), ("//", None), plotting.CLASS_COLOURS, strict=False):
    ax.hist(values, bins, label=name, hatch=hatch, color=colour, alpha=0.7)
ax.set(xlabel="reconstruction of the same batch, nats per image", ylabel="of 300 draws")
ax.legend()
plotting.show(fig, alt="Histograms of the reconstruction of one batch: shared noise scatters several times more.")

# %% [markdown]
# The means agree as well as the scatter allows, so no bound is broken and no test of the loss would find it. But 128
# draws that are all the same average nothing out, and the gradient becomes noisier. The mend is in lesson 02: read the
# shape from the input, `ops.shape(z_mean)`.
#
# Number eight is **early stopping on the test set, without restoring the weights**. Training goes on while the loss of
# the watched images falls, and stops when it has not fallen for some epochs. Two things go wrong. The epoch was chosen
# by the images that are then reported. And by default, Keras' `EarlyStopping` keeps the weights of the *last* epoch,
# not of the best one: the number in the report belongs to weights that no longer exist.
#
# To see both, split the validation images: one half is watched, the other half is fresh. The training set is tiny, so
# that overfitting comes quickly.
#
# **Predict:** by how much do the best epoch and the last one differ?

# %%
watched, fresh = np.array_split(digits.validation.images, 2)
keras.utils.set_random_seed(0)
stopped = AuditedVAE(right_loss)
stopped.compile(optimizer=keras.optimizers.Adam(3e-3))
stopping = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
options = {"validation_data": (watched,), "validation_batch_size": 1000, "callbacks": [stopping]}
watched_loss = stopped.fit(train_images[:500], epochs=80, batch_size=50, verbose=0, **options).history["val_loss"]
right.compile()
print("nats per image                          watched    fresh")
print(f"best epoch, number {np.argmin(watched_loss) + 1:3}                  {min(watched_loss):8.2f}")
print(f"weights that would be kept by default   {watched_loss[-1]:8.2f}")
for name, model in {"weights restored, measured again": stopped, "for comparison: the model `right`": right}.items():
    halves = [model.evaluate(half, batch_size=1000, verbose=0, return_dict=True)["loss"] for half in (watched, fresh)]
    print(f"{name:39} {halves[0]:8.2f} {halves[1]:8.2f}")
fig, ax = plt.subplots(figsize=(8, 2.4), layout="constrained")
ax.plot(np.arange(1, len(watched_loss) + 1), watched_loss, "o-", markersize=3, color=plotting.CLASS_COLOURS[0])
ax.plot(np.argmin(watched_loss) + 1, min(watched_loss), "k*", markersize=12, label="best epoch, reported")
ax.plot(len(watched_loss), watched_loss[-1], "rs", label="last epoch, kept by default")
ax.set(xlabel="epoch", ylabel="loss, watched images", ylim=(min(watched_loss) - 1, np.percentile(watched_loss, 80)))
ax.legend()
plotting.show(fig, alt=f"Loss of the watched images over {len(watched_loss)} epochs; the last one lies above the best.")

# %% [markdown]
# The first two numbers differ by what is claimed and not delivered. One argument mends it, `restore_best_weights=True`.
# The third line measures the restored weights again, with fresh noise in the samples. On MNIST they give about what the
# best epoch promised. On the small digits they may not: the best of many epochs on a few watched images was best in
# part because its noise fell well.
#
# That is the luck that lesson 01 warned of, and there is more of it in the choice of images. Compare the two columns.
# The halves differ also for a model that was chosen by neither of them, which is the last line, so only what goes
# beyond that could be luck. With thousands of watched images and a few dozen epochs to choose from it is small. It
# grows when the watched set is small and the choices are many. It costs nothing to avoid: watch the validation images,
# and keep the test images for the result.
#
# ## 7. How much KL is right?
#
# Some people set β on purpose. What do they get? The KL says how many nats, on average, a sample of $q(z \mid x)$ tells
# about its image beyond the prior. Call it the **rate**. The reconstruction says what remains to be told once $z$ is
# known: the **distortion**. (The names come from data compression, and Alemi and others 2018 brought them here.) A
# model is a point in the plane of the two, and each β is a way to choose one.
#
# We have two models already that differ in nothing but β. Four more complete the picture.
#
# **Predict:** in which direction does the curve go as β grows, and where does it end? On it, where is the smallest sum
# of the two?

# %%
def weighted(beta):
    return lambda x, logits, *z: right_loss(x, logits, *z) + (beta - 1) * mean_kl(*z)


beta = round(effective_beta(pixels_and_kl(ops.sum, ops.mean), latent_dim=LATENT_DIM), 5)
print(f"the mean over latent dimensions has β = {beta}")
models_by_beta = {beta: (latent_mean, latent_mean_history), 1: (right, right_history)}
models_by_beta |= {beta: train_with(weighted(beta)) for beta in (0.2, 3, 10, 30)}
models_by_beta = dict(sorted(models_by_beta.items()))
rate = np.array([history["val_kl"][-1] for _, history in models_by_beta.values()])
distortion = np.array([history["val_reconstruction"][-1] for _, history in models_by_beta.values()])

# %%
fig, ax = plt.subplots(figsize=(8.5, 5), layout="constrained")
best = (rate + distortion).min()
for level in best + np.array([0, 10, 20, 40]):
    ax.plot([0, rate.max()], [level, level - rate.max()], ":", color="0.6", linewidth=1)
ax.plot(rate, distortion, "o-", color=plotting.CLASS_COLOURS[0], label="one model for each β")
for beta, r, d in zip(models_by_beta, rate, distortion, strict=True):
    ax.annotate(f"β = {beta:.2g}", (r, d), xytext=(-8, -12), textcoords="offset points", ha="right")
ax.plot(0, mean_image, "k*", markersize=13, label="mean image")
for name, marker in (("log sigma", "^"), ("regularised", "s")):
    history = broken[name][1]
    ax.plot(history["val_kl"][-1], history["val_reconstruction"][-1], marker, color="tab:red", label=name)
ax.plot([], [], ":", color="0.6", label="rate + distortion constant")
ax.set(xlabel="rate: KL, nats per image", ylabel="distortion: reconstruction, nats per image")
ax.set(xlim=(-0.09 * rate.max(), None), ylim=(distortion.min() - 12, mean_image + 8))
ax.legend()
listed = ", ".join(f"β {b:.2g}: {r:.1f} and {d:.1f}" for b, r, d in zip(models_by_beta, rate, distortion, strict=True))
plotting.show(fig, alt=f"Rate-distortion curve, falling and convex. Rate and distortion in nats, {listed}.")
for k, beta in enumerate(models_by_beta):
    print(f"β = {beta:7.2g}: rate + distortion {rate[k] + distortion[k]:6.1f}", end="")
    if k + 1 < len(rate):
        chord = (distortion[k + 1] - distortion[k]) / (rate[k + 1] - rate[k])
        print(f", slope from here to the next β {chord:7.2f}", end="")
    print()

# %% [markdown]
# The dotted lines have slope −1: on each of them the ELBO is the same. The curve touches the lowest one at β = 1, which
# must be so if training has converged, for at β = 1 the loss *is* the sum. All other values give up likelihood, on
# either side.
#
# The slopes say it for every β. At the minimum of distortion + β · rate, a small step along the curve gains nothing to
# first order: the change of distortion plus β times the change of rate is zero. So **the slope of the curve at the
# point of β is −β**. Compare the printed slopes with the two values of β around them. In words: β is the exchange rate,
# the nats of distortion that the model asks for in return for one more nat of rate. Above some β no latent dimension
# pays its price. The curve ends in the star, the mean image, where we started.
#
# The two broken models show where a loss without β leads. *Log sigma* has landed close to the curve: halving the price
# of narrow guesses works much like a smaller β, only nobody had said so. *Regularised* lies above the curve. For its
# rate there is a model with less distortion, so the extra term did harm and bought nothing.
#
# Last, what the numbers look like. Each row is one β: on the left the first six of the original images above,
# reconstructed, on the right six new ones from the prior.

# %%
rows = [some[:6] / np.float32(255), np.zeros((6, 28, 28, 1), "float32")]
for model, _ in models_by_beta.values():
    rows += [reconstruct(model, some[:6]), model.decode(z[:6])]
names = ["original", *(f"β = {beta:.2g}" for beta in models_by_beta)]
plotting.show(
    plotting.image_grid(np.concatenate(rows), columns=12, row_names=names),
    alt="Left, reconstructions for each β, from sharp to fog; right, new images, worst at both ends.",
)

# %% [markdown]
# Down the left side the images lose what distinguishes them: first the details, then the digit. Down the right side it
# is not so simple. At the top the prior misses what the encoder uses. At the bottom everything is the mean image. A
# small β gives good reconstructions and poor samples, a large one safe and vague samples. Neither is a better model of
# the images; the sum above says so in nats.
#
# **Think!** A friend has two VAEs of the same data, with β = 0.1 and β = 1. The first reconstructs better and has the
# lower printed loss. They want to know which is the better generative model. Which number do you ask for?
#
# <details><summary>Answer</summary>
#
# The negative ELBO of both on images that neither has seen, reconstruction + KL with both terms at full weight. The
# printed losses are different functions, so comparing them says nothing. Even the ELBO is only a bound: it may hide the
# encoder's error, as lesson 02 showed.
#
# </details>
#
# ## Recap
#
# A written loss is a function, and calling it at random points tells which weight β it gives to the KL, or that it is
# no weighted sum at all. Sums over pixels and latent dimensions, a mean over the batch: that is the ELBO, and every
# mean in place of a sum changes β by a factor that depends on sizes. Too much weight collapses the model to the mean
# image; too little gives good reconstructions and poor samples. Some mistakes look fine, and one even looks better than
# right. On the rate-distortion curve, β is the slope, and β = 1 is where the bound is best.
#
# The eight, as a list to go through when a VAE misbehaves: mean over pixels, mean over latent dimensions, a log that is
# not the sum of its parts, swapped arguments, log σ for log σ², an activity regulariser, a fixed batch size, early
# stopping without restoring.
#
# **Exercise:** [exercise 03](../exercises/03_the_loss_audited.ipynb) has graded tasks
# on the objectives above, with checks that answer at once.
#
# **Before you go on**, find a VAE in the wild, your own or a tutorial's, write its loss as `loss(x, logits, z_mean,
# z_log_var)`, predict its β, and audit it. Then audit the loss `right_loss(x, logits, *z) - mean_kl(*z) +
# ops.maximum(mean_kl(*z), 3.0)`, known as *free bits*. Why is it refused, and what would a model trained by it do with
# its first three nats?
#
# **Next:** [lesson 04](04_dense_cvae.ipynb) gives the label to the encoder and the decoder.
#
# ## References
#
# What was audited, as published, and rewritten here:
#
# * F. Chollet, *Variational AutoEncoder*, [keras.io](https://keras.io/examples/generative/vae/), 2020, modified 2024.
# * The PyTorch team, [pytorch/examples](https://github.com/pytorch/examples), `vae/main.py`: both terms summed over
#   everything.
# * F. Chollet and M. Watson, *Deep Learning with Python*, third edition, notebook of chapter 17 in
#   fchollet/deep-learning-with-python-notebooks.
# * D. Foster, *Generative Deep Learning*, second edition, `notebooks/03_vae/02_vae_fashion` in
#   davidADSP/Generative_Deep_Learning_2nd_Edition.
# * A. Géron, *Hands-On Machine Learning with Scikit-Learn, Keras, and TensorFlow*, third edition, chapter 17.
# * The TensorFlow authors, *Convolutional Variational Autoencoder*,
#   [tensorflow.org](https://www.tensorflow.org/tutorials/generative/cvae), 2020.
#
# What is known:
#
# * I. Higgins and others, *β-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework*, ICLR 2017.
# * A. A. Alemi, B. Poole, I. Fischer, J. V. Dillon, R. A. Saurous, K. Murphy, *Fixing a Broken ELBO*, ICML 2018: the
#   rate-distortion curve.
# * D. P. Kingma and others, *Improved Variational Inference with Inverse Autoregressive Flow*, NeurIPS 2016: free bits.
# * O. Rybkin, K. Daniilidis, S. Levine, *Simple and Effective VAE Training with Calibrated Decoders*, ICML 2021: the
#   variance behind a squared error.
