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
# # 04 · A dense CVAE
#
# The VAE of lesson 02 cannot be asked for a seven. In this lesson you tell the model the label, in two places and a few
# lines of code. That is all it takes to get a conditional VAE (CVAE): a model that draws the digit that you ask for, in
# a handwriting that you choose.
#
# **You will be able to**
#
# 1. write the ELBO of $\log p(x \mid y)$, and say what each of its parts is conditioned on;
# 2. turn a VAE into a CVAE, in code, and say what each changed line does;
# 3. generate a digit of your choice, and all digits in one handwriting;
# 4. say why the latent map of a CVAE shows no classes, and why that is good;
# 5. measure what the label is worth in the encoder and in the decoder, and compare a CVAE with a VAE fairly.
#
# **Time:** 60 minutes. **Before this:** [lesson 02](02_plain_vae.ipynb) and [lesson 03](03_the_loss_audited.ipynb).

# %%
import sys

if "google.colab" in sys.modules:  # Colab has TensorFlow already: add what it lacks, leave the rest alone
    # %pip install --quiet --no-deps pooch "cvae-course @ git+https://github.com/OWNER/cvae-course"

# %%
import matplotlib.pyplot as plt
import numpy as np

from cvae_utils import code_diff, data, explore, models, plotting, training, weights
from cvae_utils.data import one_hot

digits = data.load("auto")

# %% [markdown]
# Here is where we are going. In each row the latent point $z$ stays the same, and only the label changes. (The model
# that draws this comes with the course; it was trained on MNIST.)

# %%
trained = weights.load("dense_cvae")
z = np.array([[-1.3, -0.6], [0.0, 0.0], [0.7, 1.0], [1.3, -0.6]])
every_digit = trained.decode(np.repeat(z, 10, axis=0), one_hot(np.tile(np.arange(10), len(z))))
plotting.show(
    plotting.image_grid(every_digit, columns=10, row_names=[f"z = ({a:.1f}, {b:.1f})" for a, b in z]),
    alt="Four rows, one for each latent point; in each the digits 0 to 9. Slant and stroke stay alike along a row.",
)

# %% [markdown]
# ## 1. The story, told with a label
#
# Lesson 02 told how an image comes about: draw $z$, then draw the pixels. Now we are told the label $y$ beforehand, and
# everything may depend on it:
#
# $$z \sim p(z \mid y), \qquad x \sim p(x \mid z, y)$$
#
# We want a high probability for each image *given its label*, $p(x \mid y) = \int p(x \mid z, y)\, p(z \mid y)\, dz$.
# This is the same integral as before with a $y$ behind every bar, and it is intractable for the same reason. So an
# encoder helps again, and it may look at the label too: $q(z \mid x, y)$. Nothing in the derivation of lesson 02 asked
# what the distributions are conditioned on. Put the $y$ in everywhere, and it holds line by line:
#
# $$\log p(x \mid y) \;\ge\; \text{ELBO} =
# \underbrace{\mathbb{E}_{q(z \mid x, y)}\big[\log p(x \mid z, y)\big]}_{-\text{ reconstruction}}
# - \underbrace{\mathrm{KL}\big(q(z \mid x, y)\,\|\,p(z \mid y)\big)}_{\text{KL}}$$
#
# The gap is $\mathrm{KL}(q(z \mid x, y)\,\|\,p(z \mid x, y))$, once more the encoder's error. This is the objective of
# Sohn, Lee and Yan (2015). Beware of their letters: what they call $x$ is the condition, and what they call $y$ is
# generated. Many tutorials write $c$ for the condition, since it can be anything: a label, part of an image, a sentence.
# Here it is the label.
#
# One choice is ours: the prior $p(z \mid y)$. We take the standard normal for every label,
#
# $$p(z \mid y) = \mathcal{N}(0, I).$$
#
# It says that the style is drawn without looking at the label. That is a statement about $z$, and the KL term will push
# the model to make it true. (In the paper the prior is a third network, which looks at the condition.)
#
# **Predict:** which of the two terms will be smaller than in the VAE of lesson 02, and why?
#
# <details><summary>Answer</summary>
#
# Both can be. The decoder need not learn from $z$ which digit to draw, so $z$ needs fewer nats: the KL can fall. And the
# two numbers of $z$ are now free for the style, so the reconstruction can be better as well. Section 4 measures both.
#
# </details>
#
# ## 2. A few lines
#
# A label goes into a network as its one-hot vector from lesson 01, glued to the other input. In the encoder it joins the
# 784 pixels; in the decoder it joins $z$. The diff shows all that changes from lesson 02: lines with − go, lines with +
# come.

# %%
code_diff.show_diff(
    [models.dense_encoder, models.dense_decoder], [models.conditional_dense_encoder, models.conditional_dense_decoder]
)

# %% [markdown]
# In full:

# %% tags=["shown"]
import keras
from keras import layers, ops

from cvae_utils.layers import first_decoder_layer
from cvae_utils.models import IMAGE_SHAPE

N_CLASSES = 10


def conditional_dense_encoder(latent_dim=2, hidden_units=512):
    images = keras.Input(IMAGE_SHAPE, dtype="uint8", name="images")
    y = keras.Input((N_CLASSES,), name="y")
    x = layers.Rescaling(1 / 255)(images)
    x = layers.Flatten()(x)
    x = layers.Concatenate()([x, y])
    x = layers.Dense(hidden_units, activation="relu")(x)
    z_mean = layers.Dense(latent_dim, name="z_mean")(x)
    z_log_var = layers.Dense(latent_dim, name="z_log_var")(x)
    return keras.Model((images, y), [z_mean, z_log_var], name="encoder")


def conditional_dense_decoder(latent_dim=2, hidden_units=512):
    z = keras.Input((latent_dim,), name="z")
    y = keras.Input((N_CLASSES,), name="y")
    x = layers.Concatenate()([z, y])
    x = first_decoder_layer(hidden_units)(x)
    x = layers.Dense(28 * 28)(x)
    logits = layers.Reshape(IMAGE_SHAPE, name="logits")(x)
    return keras.Model((z, y), logits, name="decoder")


# %% [markdown]
# **Predict:** how many weights does the label add to each network?

# %% tags=["nbval-check-output"]
for name, plain, conditional in (
    ("encoder", models.dense_encoder(), conditional_dense_encoder()),
    ("decoder", models.dense_decoder(), conditional_dense_decoder()),
):
    before, after = plain.count_params(), conditional.count_params()
    print(f"{name}: {before:,} before, {after:,} now, {after - before:,} more; by hand 10 · 512 = {10 * 512:,}")

# %% [markdown]
# Ten rows of 512 weights are what the label gets in each first layer: multiplied by a one-hot vector, they are ten bias
# vectors, one for each class, of which the label chooses one. That is little, and it is enough.
#
# The model changes as little. `call` hands the label on, and `compute_loss` takes the images out of the pair and leaves
# the rest to the VAE.

# %%
code_diff.show_diff(
    [models.VAE.call, models.VAE.encode, models.VAE.decode], [models.CVAE.call, models.CVAE.encode, models.CVAE.decode]
)

# %% tags=["shown"]
from cvae_utils.models import VAE, check_images, check_one_hot


class CVAE(VAE):
    def call(self, inputs):
        images, y = inputs
        check_images(images)
        check_one_hot(y)
        z_mean, z_log_var = self.encoder((images, y))
        z = self.sampling((z_mean, z_log_var))
        return self.decoder((z, y)), z_mean, z_log_var

    def compute_loss(self, x, y=None, y_pred=None, sample_weight=None, training=True):
        images, _ = x  # the label is a condition: nothing has to reconstruct it
        return super().compute_loss(images, y, y_pred, sample_weight, training)

    def encode(self, images, y):
        check_images(images)
        check_one_hot(y)
        return self.encoder.predict((images, y), batch_size=250, verbose=0)

    def decode(self, z, y):
        check_one_hot(y)
        z, y = (ops.convert_to_tensor(part, dtype="float32") for part in (z, y))
        return ops.convert_to_numpy(ops.sigmoid(self.decoder((z, y))))


# %% [markdown]
# Beware of one letter with three meanings. In the course's mathematics $y$ is the label, in the code `y` is its one-hot
# vector, and Keras has a `y` of its own in `compute_loss`, the target of supervised training. That one is `None` here:
# the label is an *input*. `check_one_hot` refuses anything but ten numbers for each image, such as labels as whole
# numbers, which would be broadcast silently. It does not ask whether the ten are one-hot, and section 8 makes use of
# that.
#
# **Think!** Some CVAEs on the web glue the label to the image, as our encoder does, and then have the decoder
# reconstruct all 794 numbers. What does that cost, and what does it buy?
#
# <details><summary>Answer</summary>
#
# The decoder is given $y$, so it can copy the ten numbers at no cost once it has learned to. It buys nothing, and it
# costs a little training. Worse is the mix-up in what is measured: the loss is then no longer the negative ELBO of
# $\log p(x \mid y)$, and while the copying is imperfect the loss carries nats that have nothing to do with images.
#
# </details>
#
# ## 3. What the decoder gets to see
#
# To generate, glue a latent point and a one-hot vector together. This is what reaches the decoder's first dense layer
# when we ask for a 7 at $z = (0.5, -1)$:

# %% tags=["nbval-check-output"]
z = np.array([[0.5, -1.0]])
y = one_hot([7])
print("z           ", z)
print("y           ", y)
print("[z, one-hot]", np.concatenate([z, y], axis=1))

# %% [markdown]
# Twelve numbers: two to say how, ten to say what.
#
# ## 4. Training
#
# The recipe is that of lesson 02, with fewer epochs, to leave time for what follows. The inputs are now pairs of images
# and one-hot labels.
#
# **Predict:** lesson 01 gave the loss of the class mean. A CVAE whose $z$ says nothing would end there. How far below
# will this one be?

# %%
def pair(split):
    return split.images, one_hot(split.labels)


keras.utils.set_random_seed(0)
cvae = CVAE(conditional_dense_encoder(), conditional_dense_decoder())
epochs = 8 if digits.name == "mnist" else 100
recipe = {"epochs": epochs, "batch_size": 250, "learning_rate": 2e-2, "seed": 0}
history = training.train(cvae, pair(digits.train), pair(digits.validation), **recipe)

# %%
plotting.show(plotting.training_history(history))

# %% [markdown]
# To know what the label is worth we need the same network without it, trained alike.
#
# **Predict:** a label of ten classes can tell at most $\log 10 \approx 2.3$ nats. Will the VAE's loss be higher than the
# CVAE's by more than that, or by less?

# %%
def class_mean_loss(train, test):
    losses = np.empty(len(test))
    for label in range(10):
        known = train.images[train.labels == label]
        mean = (known.sum(axis=0) / 255 + 0.5) / (len(known) + 1)  # as in lesson 01: one image more, half black
        x = test.images[test.labels == label] / np.float32(255)
        losses[test.labels == label] = -(x * np.log(mean) + (1 - x) * np.log(1 - mean)).sum(axis=(1, 2, 3))
    return losses.mean()


keras.utils.set_random_seed(0)
vae = models.dense_vae()
vae_history = training.train(vae, digits.train.images, digits.validation.images, **recipe)

# %%
test = digits.test
results = {
    "VAE, same recipe": vae.evaluate(test.images, batch_size=1000, verbose=0, return_dict=True),
    "CVAE": cvae.evaluate(pair(test), batch_size=1000, verbose=0, return_dict=True),
}
print(f"test images of {digits.name}, nats per image     loss  reconstruction    KL")
print(f"class mean                          {class_mean_loss(digits.train, test):8.2f}")
for name, result in results.items():
    print(f"{name:35} {result['loss']:8.2f} {result['reconstruction']:15.2f} {result['kl']:5.2f}")
with_label = results["CVAE"]["loss"] + np.log(10)
print(f"{'CVAE, and log 10 for the label':35} {with_label:8.2f}")
assert with_label < results["VAE, same recipe"]["loss"]

# %% [markdown]
# Both terms have fallen. But is the comparison fair? The two losses measure different things: the VAE's bounds
# $-\log p(x)$, while the CVAE's bounds $-\log p(x \mid y)$, and it was told $y$. To say an image *and* its label, the
# CVAE needs $-\log p(x, y) = -\log p(x \mid y) - \log p(y)$, and with ten equally frequent classes $-\log p(y)$ is
# $\log 10$. That is the last row. To say an image and its label can never be cheaper than to say the image alone,
# $-\log p(x) \le -\log p(x, y)$. So the last row is at least what the CVAE would charge for the image alone, and even
# it lies far below the VAE's. The label's own nats explain only a small part of the difference. (All rows are bounds,
# and lesson 02 showed that the VAE's gap is not small; but it is nowhere near this difference.)
#
# **Think!** Where does the rest come from? Both models have two latent dimensions, and lesson 01 showed that a model can
# find the label out by itself.
#
# <details><summary>Answer</summary>
#
# The VAE has to keep the ten classes apart in its two dimensions, and so has less room for style. The label gives the
# CVAE a third, discrete dimension for nothing. With many latent dimensions there would be room for both: "a CVAE
# reconstructs better" is a statement about a bottleneck. You can test it at the end of the lesson.
#
# </details>
#
# ## 5. The encoding of one image
#
# What does the encoder say of a single image? Two Gaussians, one for each latent dimension. Draw from them, decode, and
# see what it was unsure about. Then tell it a wrong label. The cell does so for two images; each stands at the left of
# its rows.
#
# **Predict:** what will the decoder draw, from the image of one digit and the label of another?

# %%
rows, names = [], []
for k in (1, 0):
    image, label = digits.validation.images[k : k + 1], digits.validation.labels[k : k + 1]
    for told in (label, (label + 5) % 10):
        z_mean, z_log_var = cvae.encode(image, one_hot(told))
        width = np.exp(z_log_var / 2)
        print(f"a {label[0]}, told it is a {told[0]}: z_mean {z_mean[0].round(2)}, σ {width[0].round(2)}")
        noise = np.random.default_rng(0).standard_normal((7, 2))
        rows += [image / 255, cvae.decode(z_mean + width * noise, np.repeat(one_hot(told), 7, axis=0))]
        names.append(f"told {told[0]}")
plotting.show(
    plotting.image_grid(np.concatenate(rows), columns=8, row_names=names),
    alt=f"Two images, and seven samples decoded from their encodings; the rows were {', '.join(names)}.",
)

# %% [markdown]
# The seven samples of a row differ little: σ is small beside the prior's width of 1, so the encoder is rather sure.
# Told the wrong label, the decoder no longer draws the digit of the image: which digit it is comes from $y$. But
# compare the two `z_mean` of each image. This image and this label never came together in training, so that the encoder
# is guessing. Where the guess lies within the prior, the wrong digit is clear and in a similar hand. Where it lies far
# outside, more than 3 from the origin or so, the decoder is guessing too, and the drawing may be neither digit.
#
# Now choose an image yourself. The explorer encodes it with its own label; then you change the label, or move $z$.
# **Find out:** which of the image's traits are lost already in the first decoded picture? Of those that are left, which
# does the picture keep when you go through the other nine labels?

# %%
explore.encoding_explorer(cvae)

# %% [markdown]
# <details><summary>What to look for</summary>
#
# Two numbers keep little more than how the digit leans, how wide it is and how bold. Ornaments are lost at once. The
# lean mostly survives a change of the label; width and boldness do so for some labels and not for others.
#
# </details>
#
# ## 6. The latent map
#
# Encode all training images, each with its label, and draw a map as in lesson 02.
#
# **Predict:** where on the map will the sevens lie?

# %%
z_mean, z_log_var = cvae.encode(*pair(digits.train))
plotting.show(plotting.latent_map(z_mean, digits.train.labels, digits.class_names))

# %% [markdown]
# Everywhere. In lesson 02 the classes formed islands; here the ten digits lie on top of one another in one round cloud.
# Many learners take this for a failure at first sight. It is what the prior asked for: $p(z \mid y)$ is the same for
# every label, so each digit should fill the same standard normal. To look at the layers, peel them off one by one.
#
# **Predict:** in one dimension, 95% of a standard normal lie within 2 of the origin. In the plane, within a circle of
# radius 2, is it more or less?

# %%
fig, panels = plt.subplots(2, 5, figsize=(10, 4.4), layout="constrained", sharex=True, sharey=True)
for label, ax in enumerate(panels.flat):
    of_class = z_mean[digits.train.labels == label]
    ax.scatter(*of_class[:1500].T, s=2, color=plotting.CLASS_COLOURS[label])
    ax.add_patch(plt.Circle((0, 0), 2, fill=False, linestyle="--"))
    inside = np.mean(np.sum(of_class**2, axis=1) < 4)
    ax.set(title=f"{digits.class_names[label]}: {inside:.0%} inside", aspect="equal", xlim=(-4, 4), ylim=(-4, 4))
print(f"a standard normal in the plane has {1 - np.exp(-2):.0%} inside")
plotting.show(
    fig, alt="Ten clouds of latent points, one for each digit, all around the origin, alike in width, not all round."
)

# %% [markdown]
# It is less, $1 - e^{-r^2/2}$ within radius $r$, because both coordinates have to be small at once.
#
# The clouds are alike but not the same, and some are not round: compare the 1 with the others. Averaged over the images
# of a class, the KL has two parts: how much $z$ tells about which image it was, and how far the cloud of the class is
# from the prior. The second pulls every cloud towards the round one. But it can be outbid: where another shape saves
# more in reconstruction, the model pays for it.
#
# To put a number on the two maps, take the share of the variance of $z$ that lies *between* the classes: 0 when all
# class means coincide, 1 when each class is a single point.
#
# **Predict** it for the VAE and for the CVAE.

# %%
def share_between_classes(z, labels):
    means = np.stack([z[labels == label].mean(axis=0) for label in range(10)])
    return means[labels].var(axis=0).sum() / z.var(axis=0).sum()


of_vae = share_between_classes(vae.encode(digits.train.images)[0], digits.train.labels)
of_cvae = share_between_classes(z_mean, digits.train.labels)
print(f"variance between classes: VAE {of_vae:.1%}, CVAE {of_cvae:.1%}")
assert of_cvae < of_vae / 4

# %% [markdown]
# This number sees only the centres of the clouds. Lesson 05 also looks at their shapes, and measures how well the digit
# can still be guessed from $z$.
#
# ## 7. A seven, please
#
# Generation follows the story of section 1: choose $y$, draw $z$ from the prior, decode.

# %%
rng = np.random.default_rng(0)
plotting.show(
    plotting.image_grid(cvae.decode(rng.standard_normal((24, 2)), one_hot([7] * 24)), columns=12),
    alt="24 sevens in different handwritings, decoded from random points of the prior.",
)

# %% [markdown]
# Every one is a seven, and they differ in style. Now lay a grid over the plane, eight by eight, with the quantiles of
# lesson 02, once for a seven and once for a two.
#
# **Predict:** will the same place in the two grids show the same style?

# %%
grid = plotting.prior_grid(8)
fig, panels = plt.subplots(1, 2, figsize=(11, 5.6), layout="constrained")
for ax, digit in zip(panels, (7, 2), strict=True):
    ax.imshow(plotting.tile(cvae.decode(grid, one_hot([digit] * 64)), columns=8), **plotting.INK_ON_PAPER)
    ax.set_xticks(28 * np.arange(0.5, 8), [f"{value:.1f}" for value in grid[:8, 0]])
    ax.set_yticks(28 * np.arange(0.5, 8), [f"{value:.1f}" for value in grid[::8, 1]])
    ax.set(title=f"label {digit}", xlabel="$z_1$", ylabel="$z_2$")
plotting.show(fig, alt="8 by 8 sevens and 8 by 8 twos on the same grid of latent points; the style changes smoothly.")

# %% [markdown]
# Compare the same corner of both grids. The slant goes together well, because leaning is the same kind of change for
# every digit. What has no counterpart, such as the loop of a 2, falls to $z$ as well, and is found wherever there was
# room. Nobody told the model that style means the same for all digits. It comes about because the decoder shares its
# weights between the digits.
#
# Move the sliders and change the digit. **Find out:** set a strongly slanted 1. Do the other nine digits lean the same
# way at that point? Then look for a point with a bold 0. Is the 4 there bold too?

# %%
explore.latent_explorer(cvae)

# %% [markdown]
# <details><summary>What to look for</summary>
#
# The lean usually carries over to most digits, the weight of the stroke to several. It depends on the run which
# direction of the plane means what. Lesson 05 measures it instead of looking.
#
# </details>
#
# ## 8. Along the number line
#
# The one-hot vector need not be one-hot for the decoder to compute something. Keep $z$ fixed and walk from $y = 0$ to
# $y = 9$, with stops half-way between neighbours, where $y$ is half one digit and half the next.
#
# **Predict:** is a stop between 3 and 4 a digit, a mixture of two, or nothing?

# %%
stops = np.arange(0, 9.5, 0.5)
below, above = one_hot(np.floor(stops).astype(int)), one_hot(np.ceil(stops).astype(int))
walk = cvae.decode(np.zeros((len(stops), 2)), (below + above) / 2)
plotting.show(
    plotting.image_grid(walk, columns=len(stops)),
    alt="From 0 to 9 at one latent point, with a mixture of neighbours after each digit but the last.",
)

# %% [markdown]
# The stops between are something between, sometimes close to one of the two and sometimes like neither. The model never
# saw such labels in training, and $p(x \mid z, y)$ makes no promise for them. That the digits are ordered is our idea
# and not the model's: between 0 and 1 it knows no ½.
#
# ## 9. Does the label have to go into both networks?
#
# The decoder must know the label, or nothing could be asked of it. But the encoder sees the image, and could read the
# label there. Test it: train four models alike, in which the label is replaced by zeros in one network, in the other, in
# both or in none. The number of weights stays the same.
#
# **Predict** the order of the four. Which label is worth more, the decoder's or the encoder's?

# %%
def blind(network):
    first, y = network.input  # the same network behind an input whose label is overwritten by zeros
    return keras.Model((first, y), network((first, ops.zeros_like(y))), name=network.name)


def without(name):
    keras.utils.set_random_seed(0)
    encoder, decoder = conditional_dense_encoder(), conditional_dense_decoder()
    encoder = encoder if name in ("both", "encoder only") else blind(encoder)
    return CVAE(encoder, decoder if name in ("both", "decoder only") else blind(decoder))


short = 3 if digits.name == "mnist" else 50
ablation = {}
for name in ("both", "decoder only", "encoder only", "neither"):
    model = without(name)
    training.train(model, pair(digits.train), pair(digits.validation), epochs=short, seed=0)
    ablation[name] = model.evaluate(pair(digits.validation), batch_size=1000, verbose=0, return_dict=True)

# %%
fig, ax = plt.subplots(figsize=(8, 2.6), layout="constrained")
left = np.zeros(4)
for part, name, colour, hatch in (
    ("reconstruction", "reconstruction", "tab:blue", ""),
    ("kl", "KL", "tab:orange", "//"),
):
    values = np.array([result[part] for result in ablation.values()])
    ax.barh(list(ablation), values, left=left, label=name, color=colour, hatch=hatch)
    left += values
for position, total in enumerate(left):
    ax.text(total + 0.5, position, f"{total:.1f}", va="center")
ax.invert_yaxis()
ax.set(xlabel=f"nats per validation image after {short} epochs (the axis begins at 100)")
ax.set(ylabel="label goes into", xlim=(100, left.max() + 12))
ax.legend(loc="upper right")
description = ", ".join(f"{name} {total:.1f}" for name, total in zip(ablation, left, strict=True))
plotting.show(fig, alt=f"Bars of reconstruction plus KL for four places of the label: {description} nats.")

# %% [markdown]
# The decoder's label makes nearly all the difference. Without it, $z$ must carry the digit again, and we are back at
# the plain VAE. The first two rows show the encoder's share. It is small, because an image shows its label. Each bar is
# a single short run, so hold this difference against the spread between seeds in section 10. If some of it is real,
# then probably because the label spares the encoder the work of reading it.
#
# The third row is a curious case: the encoder is told and the decoder is not. Its loss is still a bound, on
# $-\log p(x)$, because *any* distribution may stand for $q$ in the derivation of lesson 02, also one that knows more
# than the image. But there is no knob any more: a digit cannot be asked for.
#
# **Think!** With the label in the decoder only, can one still generate a chosen digit? And what about the map?
#
# <details><summary>Answer</summary>
#
# Yes. Generating needs only the decoder and the prior. The map looks as in section 6, because it is the decoder's label
# that makes it unnecessary to keep the digits apart in $z$.
#
# </details>
#
# ## 10. Trained for longer
#
# The weights that come with the course had more epochs on MNIST, and a learning rate chosen for them; `make weights`
# makes them from nothing, and measures them: mean of ten passes over the test set. Training from several seeds shows
# how much of a difference is luck: ± is the standard deviation over them.

# %%
for name in ("dense_vae", "dense_cvae"):
    shipped = weights.describe(name)
    losses = np.array([run["loss"] for run in shipped["runs"]])
    print(
        f"{name:10} {shipped['recipe']['epochs']} epochs of MNIST: test loss {shipped['test']['loss']:.2f}; "
        f"{len(losses)} seeds: {losses.mean():.2f} ± {losses.std(ddof=1):.2f}"
    )
print(f"trained in this lesson, {epochs} epochs of {digits.name}: {results['CVAE']['loss']:.2f}")

# %% [markdown]
# For comparison with the literature: the Keras notebook that this network is taken from (Normandin, in the references)
# prints a test loss of 131.01 after 42 epochs. It has the same sizes and the same grey pixels, Adam with a learning
# rate of 0.001, batches of 250, all 60,000 training images, and it watched the test set all the time. Our recipe
# differs in two ways: a higher learning rate, which falls to zero at the end, and a first decoder layer whose units do
# not all bend at the origin. It also had 5,000 images fewer to learn from, which it kept for validation.
#
# ## Recap
#
# A CVAE is a VAE with a $y$ behind every bar: $q(z \mid x, y)$, $p(x \mid z, y)$, and a prior $p(z \mid y)$, here the
# same for all labels. In code the one-hot label is glued to the input of both networks. The label then need not be in
# $z$: the KL falls, the reconstruction improves, and the classes of the latent map lie on top of one another. The
# decoder's label does nearly all of it. To compare with a VAE, add the label's $\log 10$ nats.
#
# **Exercise:** [exercise 04](../exercises/04_dense_cvae.ipynb) has graded tasks
# on the objectives above, with checks that answer at once.
#
# **Before you go on**, train a CVAE with labels that are shuffled, `one_hot(rng.permutation(digits.train.labels))`, and
# predict its loss and its map first. Then train VAE and CVAE with twenty latent dimensions, `latent_dim=20` in all four
# networks: how much of the CVAE's advantage is left?
#
# <details><summary>What to expect of the first</summary>
#
# The label now says nothing about the image. The loss is about that of the VAE, and the map shows classes again.
#
# </details>
#
# **Next:** [lesson 05](05_latent_space.ipynb) takes the latent space of this model apart: style transfer, blending, and
# what is left of the label in $z$.
#
# ## References
#
# * K. Sohn, H. Lee, X. Yan, *Learning Structured Output Representation using Deep Conditional Generative Models*,
#   NeurIPS 2015: the CVAE and its objective.
# * D. P. Kingma, D. J. Rezende, S. Mohamed, M. Welling, *Semi-supervised Learning with Deep Generative Models*,
#   NeurIPS 2014: the same model as the supervised half of another; digits in one handwriting.
# * N. Normandin, *Conditional_VAE*, [github.com/nnormandin/Conditional_VAE](https://github.com/nnormandin/Conditional_VAE): the
#   notebook with this network, and the number that section 10 compares with.
