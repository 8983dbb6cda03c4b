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
# # 01 · Data and likelihood
#
# Before a model can be good or bad, we need a number that says how good. This lesson builds that number, the
# log-likelihood of an image, and computes what it is for some simple models that need no neural network. Every model of
# the course is measured against them.
#
# **You will be able to**
#
# 1. load MNIST in three parts and say what each part is for;
# 2. encode labels as one-hot vectors;
# 3. compute the Bernoulli log-likelihood of an image from logits, without ever taking the logarithm of zero;
# 4. say what a loss of so many nats means, by three *baselines* that a model has to beat and a *floor* that none can pass.
#
# **Time:** 30 minutes. **Before this:** lesson 00; you have met logarithms, probability and NumPy arrays.

# %%
import sys

if "google.colab" in sys.modules:  # Colab has TensorFlow already: add what it lacks, leave the rest alone
    # %pip install --quiet --no-deps pooch "cvae-course @ git+https://github.com/OWNER/cvae-course"

# %%
import matplotlib.pyplot as plt
import numpy as np

from cvae_utils import data, losses, plotting

# %% [markdown]
# ## 1. The data
#
# MNIST holds scans of handwritten digits, 28 by 28 pixels, each with its label. `load("auto")` fetches it once and
# keeps it. Where it cannot be had, it gives the smaller digits that come with scikit-learn instead, and says so.

# %%
digits = data.load("auto")
for part in ("train", "validation", "test"):
    split = getattr(digits, part)
    print(f"{part:10} {len(split):6,} images of shape {split.images.shape[1:]}, dtype {split.images.dtype}")

# %% [markdown]
# An image is an array of whole numbers from 0 (paper) to 255 (ink): `uint8`, one byte a pixel. The last axis, of
# length 1, is the colour channel, which convolutions will want. The course keeps images in this form everywhere and
# lets the models scale them, which needs a quarter of the memory of `float32`.
#
# The figure draws ink as black. Each row holds images of one class, just as they come.

# %%
examples = np.concatenate([digits.train.images[digits.train.labels == label][:12] for label in range(10)])
plotting.show(plotting.image_grid(examples, columns=12, row_names=[f"label {name}" for name in digits.class_names]))

# %% [markdown]
# Look along the rows. A four may be open or closed at the top; a one may lean; a stroke may be thick or thin. The label says which digit it is, and everything
# else that differs within a row we will call **style**. Separating the two is what this course is about.
#
# ## 2. Three parts, three purposes
#
# The **training** images fit the weights. The **validation** images choose between models: how many epochs, which
# learning rate, when to stop. The **test** images are looked at once, for the result that you report.
#
# Why not choose by the test images? Suppose that you try fifty settings and keep the one that scores best on the test
# set. Part of its lead is luck on just those images, and the score that you report contains that luck. Many tutorials
# watch the test set while they train and stop when it looks best; their figures contain that luck too.
#
# The validation part is drawn from the training images by a seed, so that you and your neighbour have the same one.
# Another seed draws another part. The test part never changes.

# %%
again = data.load("auto", seed=0)
other = data.load("auto", seed=1)
print("same seed, same validation images:      ", np.array_equal(digits.validation.images, again.validation.images))
print("other seed, same validation images:     ", np.array_equal(digits.validation.images, other.validation.images))
print("other seed, same test images:           ", np.array_equal(digits.test.images, other.test.images))

# %% tags=["nbval-check-output"]
assert np.array_equal(digits.validation.images, again.validation.images)
assert not np.array_equal(digits.validation.images, other.validation.images)
assert np.array_equal(digits.test.images, other.test.images)
print(digits.train.images.shape[1:], digits.train.images.dtype, digits.train.labels.dtype)
del again, other  # two more copies of the data would only fill the memory

# %% [markdown]
# **Think!** The split is random. Why is that better than taking the last images of the training set?
#
# <details><summary>Answer</summary>
#
# A file has an order, and the order may mean something. MNIST's writers were of two groups, census employees and school
# pupils, and in its test file one group comes after the other. A part from one end of a file could hold other
# handwriting than the rest, and a model chosen by it would be chosen for that handwriting.
#
# </details>
#
# ## 3. Labels as one-hot vectors
#
# The label of an image is a number from 0 to 9. A network that is given the number itself would be told that 8 is twice
# as much as 4 and lies between 7 and 9. None of this is true of the classes. So we give each class a direction of
# its own: a vector of ten zeros with a single one at the place of the class, a **one-hot** vector.
#
# **Predict:** what is the shape of `one_hot([3, 0])`, and where are its ones?

# %% tags=["shown", "nbval-check-output"]
def one_hot(labels, classes=10):
    return np.eye(classes, dtype="float32")[labels]


print(one_hot([3, 0]))
print(one_hot([3, 0]).shape)

# %% [markdown]
# Row `i` of the identity matrix is the one-hot vector of class `i`, so indexing it with the labels gives all of them
# at once. There is one entry for each class: ten classes, ten entries. You may read elsewhere of vectors with one entry
# less. A layer with a bias can indeed do with nine, since the bias stands for the tenth. Ten treat all classes alike, and
# leave the vector of zeros free to mean "no label".
#
# ## 4. How likely is one pixel?
#
# A model that generates images is a probability distribution over images, and a good one gives the images of the test
# set a high probability. We build that probability from the smallest part, one pixel.
#
# For the moment let a pixel $x$ be black or white, $x \in \{0, 1\}$. The model says with which probability $\mu$ it is
# black. So the probability of what we see is $\mu$ when $x = 1$ and $1 - \mu$ when $x = 0$. Written as one formula, that
# is the **Bernoulli distribution**:
#
# $$p(x \mid \mu) = \mu^{x} (1 - \mu)^{1 - x}$$
#
# An image has 784 pixels, and if we take them as independent given $\mu$, their probabilities are multiplied. A product
# of 784 numbers below one is too small for float32, which ends near $10^{-45}$, so we take logarithms and add:
#
# $$\log p(x \mid \mu) = \sum_{i=1}^{784} \big[\, x_i \log \mu_i + (1 - x_i) \log (1 - \mu_i) \,\big]$$
#
# Here $x_i$ is pixel $i$ of the image and $\mu_i$ the probability that the model gives it to be black. The logarithm is
# the natural one, and the unit that comes with it is the **nat**. One nat less of log-likelihood means that the image is
# $e \approx 2.7$ times less probable. What we will minimise is the negative log-likelihood, so smaller is better.
#
# **Predict:** three pixels are 1, 0, 1, and the model says 0.8, 0.1, 0.5. Which pixel costs most, and is the sum nearer
# to 1 or to 3 nats?

# %% tags=["nbval-check-output"]
x = np.array([1, 0, 1])
mu = np.array([0.8, 0.1, 0.5])
cost = -(x * np.log(mu) + (1 - x) * np.log(1 - mu))
print("cost of each pixel:", cost.round(3), "nats")
print("negative log-likelihood:", cost.sum().round(3), "nats")

# %% [markdown]
# The third pixel costs most, $\log 2 \approx 0.693$ nats: that is the price of saying "I do not know". A model that
# says 0.5 everywhere pays it 784 times, and every model that has learned something must pay less:

# %% tags=["nbval-check-output"]
print(f"knowing nothing costs 784 log 2 = {784 * np.log(2):.1f} nats per image")

# %% [markdown]
# ## 5. Logits, or how never to take the logarithm of zero
#
# What does a model pay that is sure, and wrong? It says $\mu = 1$ for a white pixel.
#
# **Predict:** the cost, before you run the cell.

# %% tags=["nbval-check-output"]
with np.errstate(divide="ignore"):
    print("cost of being sure and wrong:", -np.log(1 - np.float32(1.0)))
mu = 1 / (1 + np.exp(np.float32(-20)))  # a sigmoid, far out
print("sigmoid(20) in float32:", mu)

# %% [markdown]
# Infinity is the right answer: a model that calls something impossible is infinitely wrong when it happens. But the
# second line shows a trap. A sigmoid never reaches 1, and still float32 rounds it to 1 from about 17 on. The model was not quite sure, the
# computer made it so, and the loss is lost.
#
# The way out is to avoid computing $\mu$. Let the network output the **logit** $\ell$, any real number, with
# $\mu = \mathrm{sigmoid}(\ell) = 1 / (1 + e^{-\ell})$. Put that into the formula:
#
# $$x \log \mu + (1 - x) \log (1 - \mu)
# \;=\; x \log \frac{\mu}{1 - \mu} + \log (1 - \mu)
# \;=\; x\,\ell - \log (1 + e^{\ell})
# \;=\; x\,\ell - \mathrm{softplus}(\ell)$$
#
# The first equality collects the terms with $x$. The second uses $\log \frac{\mu}{1-\mu} = \ell$ and
# $1 - \mu = 1 / (1 + e^{\ell})$. The third is the definition of $\mathrm{softplus}(\ell) = \log(1 + e^\ell)$, a function
# that can be computed for any $\ell$ without trouble, and Keras has it. This is the function that every model of the course uses. It lives in
# `cvae_utils.losses`, and this is its code:

# %% tags=["shown"]
from keras import ops


def bernoulli_log_likelihood(x, logits):
    if x.shape != logits.shape:
        raise ValueError(
            f"x has shape {tuple(x.shape)} and logits have shape {tuple(logits.shape)}; give both the same shape"
        )
    pixel_axes = tuple(range(1, len(x.shape)))
    return ops.sum(x * logits - ops.softplus(logits), axis=pixel_axes)


# %% [markdown]
# It sums over all axes but the first, so that each image of a batch gets its own number. It refuses two shapes that
# differ, because NumPy would stretch one to fit the other, and the result would be a number that means nothing.
#
# The three pixels from above must give the same sum, and being sure and wrong must now cost something finite.

# %% tags=["nbval-check-output"]
x = np.array([[1, 0, 1]], "float32")
logits = np.log([[0.8 / 0.2, 0.1 / 0.9, 0.5 / 0.5]]).astype("float32")
print(f"the three pixels:      {-float(bernoulli_log_likelihood(x, logits)[0]):.3f} nats")
white, sure = np.array([[0.0]], "float32"), np.array([[20.0]], "float32")
print(f"logit 20, white pixel: {-float(bernoulli_log_likelihood(white, sure)[0]):.3f} nats")
assert losses.bernoulli_log_likelihood(x, logits) == bernoulli_log_likelihood(x, logits)  # the package's is the same

# %% [markdown]
# ## 6. Grey pixels
#
# MNIST is not black and white. What share of its pixels is grey? The validation images are enough to tell.

# %%
counts = np.bincount(digits.validation.images.ravel(), minlength=256)
share_grey = counts[1:255].sum() / counts.sum()
fig, ax = plt.subplots(figsize=(7, 2.4), layout="constrained")
ax.bar(np.arange(256) / 255, counts, width=1 / 255, color=plotting.CLASS_COLOURS[0])
ax.set(
    xlabel="pixel value x", ylabel="number of pixels", yscale="log", title=f"{share_grey:.0%} of all pixels are grey"
)
plotting.show(fig, alt=f"Histogram of pixel values on a log scale; {share_grey:.0%} lie strictly between 0 and 1.")

# %% [markdown]
# Many of MNIST's grey pixels are nearly black, for its ink is mostly 253 and not 255; the others lie on the edges of the
# strokes. There are two ways to deal with them. Some papers turn each grey pixel into black with probability $x$, which
# is called **binarisation**. The tutorials that this course grew from keep the grey and put it into the same formula, and
# so do we. For a grey $x$ the formula is the average of its two values at black and at white, weighted by $x$ and
# $1 - x$: what one would pay on average if the pixel were binarised.
#
# For one fixed $\mu$ the two agree, then, on average. But a model trained on binarised images sees other images and
# learns another $\mu$, and images binarised at a fixed threshold are easier still. So losses of different kinds cannot be
# compared, and a number from a paper always needs to say which kind it is. And strictly, with grey $x$ the formula is no
# longer the logarithm of a probability, since over all grey values it does not add up to one. It is a cross-entropy, and
# like most of the literature we keep the name. (The *continuous Bernoulli* distribution adds the missing constant.)
#
# Grey has a consequence that surprises many. **Predict:** a pixel has $x = 0.3$. Which $\mu$ costs least? How much is
# left to pay at that $\mu$?

# %%
mu = np.linspace(0.001, 0.999, 999)
fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
for grey, style in ((0.0, "-"), (0.3, "--"), (1.0, ":")):
    cost = -(grey * np.log(mu) + (1 - grey) * np.log(1 - mu))
    ax.plot(mu, cost, style, label=f"x = {grey}")
    if 0 < grey < 1:
        ax.plot(mu[cost.argmin()], cost.min(), "ko")
        print(f"x = {grey}: cheapest at mu = {mu[cost.argmin()]:.2f}, where it costs {cost.min():.3f} nats")
ax.set(xlabel="μ, the model's probability of black", ylabel="cost in nats", ylim=(0, 3))
ax.legend()
plotting.show(
    fig, alt="Cost against μ for x = 0, 0.3 and 1. For x = 0.3 the minimum lies at μ = 0.3 and is above zero."
)

# %% [markdown]
# Setting the derivative $-\frac{x}{\mu} + \frac{1 - x}{1 - \mu}$ to zero gives $\mu = x$. What is left to pay there,
# $-x \log x - (1 - x) \log (1 - x)$, is the **entropy** of a coin that shows black with probability $x$. So a model that reproduces every image exactly does not reach a loss of zero. It reaches the **grey floor**, the entropy of
# the grey pixels, summed over the image. No model can go below it.
#
# **Think!** A friend prints the reconstruction loss of a VAE on grey MNIST and gets 20 nats per image, below the floor
# that you will compute in a moment. What do you tell them?
#
# <details><summary>Answer</summary>
#
# That the number is not this loss. They may have averaged over something that should be summed, or binarised the
# images, or left out a term. A value below a bound is never good news; it is a bug report. A later lesson collects the
# usual ones.
#
# </details>
#
# ## 7. Three baselines and a floor
#
# Now the numbers that everything else is measured against: saying ½ everywhere, saying the mean of all training images,
# saying the mean of the image's class, and the best that any $\mu$ could do.
#
# Start with the average image. Each of its pixels is the $\mu$ that costs least on the training set.

# %%
train_pixels = digits.train.images.reshape(len(digits.train), -1)
mean_image = train_pixels.mean(axis=0) / 255
class_means = np.stack([train_pixels[digits.train.labels == label].mean(axis=0) / 255 for label in range(10)])
gallery = np.concatenate([mean_image[None], class_means]).reshape(-1, 28, 28)
plotting.show(
    plotting.image_grid(gallery, columns=11), alt="The mean of all training images, then of each class, 0 to 9."
)

# %% [markdown]
# **Predict:** some pixels in the corner are white in every training image, so their mean is exactly 0. What happens to
# the log-likelihood of the validation set if a single one of its images has ink there?

# %%
validation_pixels = digits.validation.images.reshape(len(digits.validation), -1) / 255
impossible = (validation_pixels[:, mean_image == 0] > 0).any(axis=1)
print(f"{np.sum(mean_image == 0)} pixels have no ink in any training image")
print(f"validation images with ink on one of them: {impossible.sum()} of {len(impossible):,}")
print("validation images that are impossible under the mean of their class:")
for label in range(10):
    images = validation_pixels[digits.validation.labels == label]
    impossible = (images[:, class_means[label] == 0] > 0).any(axis=1)
    print(f"  class {label}: {impossible.sum():2} of {len(images):3}")

# %% [markdown]
# A single image like that makes the loss of the whole set infinite. (On the small data set there happens to be none; a
# new image could still be one.) "Never seen" is not "impossible", and the usual way to say so is to pretend to have seen
# one more image, which is half black everywhere. It changes nothing that can be seen, and "never" becomes "hardly ever".

# %%
def doubtful_mean(pixels):
    return np.float32((pixels.sum(axis=0) / 255 + 0.5) / (len(pixels) + 1))


def negative_log_likelihood(x, mu):
    return -float(np.mean(bernoulli_log_likelihood(x, np.broadcast_to(np.log(mu / (1 - mu)), x.shape))))


mean_image = doubtful_mean(train_pixels)
class_means = np.stack([doubtful_mean(train_pixels[digits.train.labels == label]) for label in range(10)])

# %% [markdown]
# Now the result, and the only cell of the lesson that looks at the test set. **Predict** the order of the four rows
# before you run it, and guess how many nats it is worth to know the label.

# %%
test_pixels = digits.test.images.reshape(len(digits.test), -1) / np.float32(255)
sure_enough = np.clip(test_pixels, 1e-7, 1 - 1e-7)  # the logit of a pixel that is exactly 0 would be infinite
scores = {
    "knowing nothing, μ = ½": 784 * np.log(2),
    "mean image": negative_log_likelihood(test_pixels, mean_image),
    "mean image of the class": negative_log_likelihood(test_pixels, class_means[digits.test.labels]),
    "grey floor": negative_log_likelihood(test_pixels, sure_enough),
}
print(f"negative log-likelihood on the test images of {digits.name}, nats per image")
for name, nats in scores.items():
    print(f"  {name:25} {nats:7.2f}")

# %%
fig, ax = plt.subplots(figsize=(8, 2), layout="constrained")
bars = ax.barh(list(scores), list(scores.values()), color=plotting.CLASS_COLOURS[0])
ax.bar_label(bars, fmt="%.1f", padding=3)
ax.invert_yaxis()
ax.set(xlabel="nats per image, smaller is better", xlim=(0, 620))
description = ", ".join(f"{name} {nats:.1f}" for name, nats in scores.items())
plotting.show(fig, alt=f"Bar chart of four negative log-likelihoods in nats per image: {description}.")

# %% [markdown]
# Keep these numbers in mind; each of them has a meaning for the models to come.
#
# * A VAE, from the next lesson on, describes each image by a few numbers, its *latent variables*. One that ignores them
#   can at best put out the mean image. When a training run stalls at the second number, that is what has happened. It is
#   called **posterior collapse**.
# * A conditional VAE that ignores its latent variables but uses its label puts out the mean of the class: the third
#   number. A CVAE has to beat it before its latent variables are worth anything.
# * The last is the floor. No model can remove the part of its loss that lies below it.
#
# The second and the third number differ by far more than the label can tell: to name one of ten classes takes at most
# $\log 10 \approx 2.3$ nats. Where does the rest come from? Build a model that is *not* told the label and knows only that
# there are ten class means, mixed in the proportions $p(y)$ of the training set:
#
# $$p(x) = \sum_y p(y)\, p(x \mid y)$$
#
# **Predict:** is its loss nearer to that of the mean image, or to that of the class mean?

# %%
logits = np.log(class_means / (1 - class_means))
log_p = test_pixels @ logits.T - np.logaddexp(0, logits).sum(axis=1)  # log p(x|y) of each test image and class
log_p_y = np.log(np.bincount(digits.train.labels) / len(digits.train))
mixture = -np.logaddexp.reduce(log_p + log_p_y, axis=1).mean()
print(f"mean of the image's class, label told    {scores['mean image of the class']:7.2f}")
print(f"mixture of the ten means, label not told {mixture:7.2f}")

# %% [markdown]
# **Think!** How can a model that is not told the label do as well as one that is?
#
# <details><summary>Answer</summary>
#
# It finds the label out. The pixels of an image depend on each other, and seeing the image leaves little doubt which mean
# fits. What costs so much in the mean image is not that the label is missing, but that its pixels are independent of each
# other, so that it has to pay for each of them separately. On MNIST the mixture even does a little better: for an image
# that looks like another class it may use that class's mean.
#
# In general, within one model, $\log p(x \mid y) - \log p(x) = \log \frac{p(y \mid x)}{p(y)} \le -\log p(y)$, about 2.3
# nats. Remember this when someone says that a CVAE reconstructs better than a VAE: it was also told more.
#
# </details>
#
# ## Recap
#
# The log-likelihood of an image is a sum over its pixels, in nats, and a model is good when the test images get a high
# one. Networks put out logits, and $x\ell - \mathrm{softplus}(\ell)$ computes the log-likelihood safely. Grey pixels
# leave a floor that no model can pass, and two averages give baselines that a model has to beat. The test set gives
# results and nothing else.
#
# **Exercise:** [exercise 01](../exercises/01_data_and_likelihood.ipynb) has graded tasks
# on the objectives above, with checks that answer at once.
#
# **Before you go on**, try two things in a new cell. Compute the four numbers for `data.load("digits")`: which one moves
# most, and why? Then replace `ops.softplus(logits)` by `ops.log(1 + ops.exp(logits))` and find the smallest whole positive
# logit, in float32, for which the result is infinite. What happens at −17?
#
# **Next:** [lesson 02](02_plain_vae.ipynb) builds a model that beats the mean image by finding out, for each image,
# a small number of things worth knowing.
#
# ## References
#
# * Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-based learning applied to document recognition*, Proceedings
#   of the IEEE 86(11), 1998. It describes MNIST and the two groups of writers.
# * C. Yadav, L. Bottou, *Cold Case: The Lost MNIST Digits*, NeurIPS 2019: how MNIST was made, and in which order.
# * E. Alpaydin, C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning Repository, 1998: the digits
#   in scikit-learn.
# * R. Salakhutdinov, I. Murray, *On the quantitative analysis of deep belief networks*, ICML 2008: MNIST binarised
#   at random.
# * G. Loaiza-Ganem, J. P. Cunningham, *The continuous Bernoulli: fixing a pervasive error in variational autoencoders*,
#   NeurIPS 2019.
# * M. A. Petroff, *Accessible color sequences for data visualization*, arXiv:2107.02270, 2021: the colours of the
#   figures.
