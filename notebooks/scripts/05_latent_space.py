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
# # 05 · Exploring the latent space
#
# The CVAE of lesson 04 has two inputs: a label that says which digit, and a latent point that says how it is written.
# In this lesson you move each of them alone and measure what happens. Does a handwriting carry over to another digit?
# Is there anything between two images, or between two labels? And is the label really gone from $z$?
#
# **You will be able to**
#
# 1. transfer the style of one image to all ten digits, and measure how much of it arrives;
# 2. interpolate between two images, and say what makes a path better than a cross-fade;
# 3. say what a decoder does with a label that it has never seen;
# 4. measure how much of the label is left in $z$, with error bars, and say what such a probe can and cannot show.
#
# **Time:** 45 minutes. **Before this:** [lesson 04](04_dense_cvae.ipynb).

# %%
import sys

if "google.colab" in sys.modules:  # Colab has TensorFlow already: add what it lacks, leave the rest alone
    # %pip install --quiet --no-deps pooch "cvae-course @ git+https://github.com/OWNER/cvae-course"

# %%
import ipywidgets
import matplotlib.pyplot as plt
import numpy as np

from cvae_utils import data, explore, losses, models, plotting, training, weights
from cvae_utils.data import one_hot

digits = data.load("auto")

# %% [markdown]
# No model needs to be built here. The weights that come with the course are those of lessons 02 and 04, trained for
# longer. They know MNIST and nothing else, so on other digits the cell trains both models first. Then it draws where we
# are going: three paths from one image to another. In the first row $z$ moves, in the second the label does, in the
# third both.

# %%
import keras

vae, cvae = weights.load("dense_vae"), weights.load("dense_cvae")
if digits.name != "mnist":
    print(f"The weights that come with the course know MNIST. Training both models on {digits.name} instead.")
    keras.utils.set_random_seed(0)
    vae, cvae = models.dense_vae(), models.dense_cvae()
    for model in (vae, cvae):
        inputs, held_out = (training.inputs_of(model, split) for split in (digits.train, digits.validation))
        training.train(model, inputs, held_out, epochs=10, batch_size=64, learning_rate=1e-2)

t = np.linspace(0, 1, 11)[:, None]  # a column, so that it multiplies each coordinate
start, end = np.array([[-1.5, 0.5]]), np.array([[1.5, -0.5]])
moving_z, moving_y = (1 - t) * start + t * end, (1 - t) * one_hot([4]) + t * one_hot([9])
fixed_z, fixed_y = np.repeat(start, 11, axis=0), np.repeat(one_hot([4]), 11, axis=0)
paths = cvae.decode(
    np.concatenate([moving_z, fixed_z, moving_z]),
    np.concatenate([fixed_y, moving_y, moving_y]),
)
plotting.show(
    plotting.image_grid(paths, columns=11, row_names=["z moves", "y moves", "both move"]),
    alt="Three rows of eleven images. A 4 changes its style, or turns into a 9, or does both.",
)

# %% [markdown]
# ## 1. One z, ten digits
#
# **Style transfer** takes two steps. Encode an image with its own label, which gives its $z$. Then decode that $z$ with
# another label. If $z$ holds the style and nothing else, you get another digit by the same hand.
#
# The cell does this for many images and all ten labels. It calls `decode` ten times, each time for all $z$ and one label:
# ten thousand calls for one image each would take many times as long.
#
# **Predict:** which properties of an image will you find again along its row? And which not, given that $z$ is two
# numbers?

# %%
# The validation images, as long as there are enough of them to measure something for each digit.
some = digits.validation if len(digits.validation) > 1000 else digits.train
images, labels = some.images[:1000] / np.float32(255), some.labels[:1000]
z, _ = cvae.encode(some.images[:1000], one_hot(labels))


def as_each_digit(z):
    return np.stack([cvae.decode(z, one_hot(np.full(len(z), digit))) for digit in range(10)], axis=1)


transfers = as_each_digit(z)
with_original = np.concatenate([images[:, None], transfers], axis=1)
plotting.show(
    plotting.image_grid(
        with_original[:10].reshape(-1, 28, 28, 1), columns=11, row_names=[f"a {label}" for label in labels[:10]]
    ),
    alt="Ten rows: an image at the left, then the digits 0 to 9 decoded from its z. The rows differ in lean and width.",
)

# %% [markdown]
# Each row has one hand, more or less: rows lean, rows stand, rows are wide or narrow. Individual traits do not
# arrive: the hook of a certain 7, or the gap at the top of a 4. Two numbers cannot hold them.
#
# Move $z$ and watch all ten digits at once. **Find out:** is there a direction in which they all lean over together?
# Now move so that the 1 gets as bold as you can make it. What do the 0 and the 8 do meanwhile?

# %%
explore.transfer_explorer(cvae)

# %% [markdown]
# <details><summary>What to look for</summary>
#
# All of them lean together. With the boldness it is different: the ten do not agree on one direction for it, and while
# one digit gets bolder another may get thinner, or narrower.
#
# </details>
#
# Pictures like these are easy to like, so let us measure.
#
# Two properties of an image can be computed from its ink. **Ink** is the sum of the pixels: thick strokes and large
# digits have more of it. **Slant** tells how far the ink moves to the right for each pixel upwards. Think of the ink as
# a cloud of points at rows $r$ and columns $c$, weighted by the pixels; the slant is the slope of the line of best fit
# of column on row, with the sign turned because rows are counted downwards:
#
# $$\text{slant} = -\frac{\mathrm{Cov}(r, c)}{\mathrm{Var}(r)}$$
#
# Check it on a stroke that we draw ourselves, upright and leaning.

# %% tags=["nbval-check-output"]
def ink(images):
    return images.sum(axis=(1, 2, 3))


def slant(images):
    weight = images[..., 0] / images[..., 0].sum(axis=(1, 2), keepdims=True)
    r, c = np.mgrid[:28, :28].astype("float32")
    dr = r - (weight * r).sum(axis=(1, 2))[:, None, None]
    dc = c - (weight * c).sum(axis=(1, 2))[:, None, None]
    return -(weight * dr * dc).sum(axis=(1, 2)) / (weight * dr**2).sum(axis=(1, 2))


strokes = np.zeros((2, 28, 28, 1))
strokes[0, 4:24, 14] = 1
strokes[1, np.arange(4, 24), np.arange(23, 3, -1)] = 1
print("ink  ", ink(strokes))
print("slant", slant(strokes).round(2) + 0)

# %% [markdown]
# If a property is carried over, then images with more of it have transfers with more of it. So take all images of one
# digit, and correlate the property of the image with that of its transfer to another digit. Ten digits to ten digits
# gives a table of a hundred correlations for each property. On its diagonal the label does not change: that is only
# reconstruction. For a control, decode random points of the prior instead: that correlation must be near zero.
#
# **Predict:** which of the two properties carries over better?

# %%
def carried_over(measure, decoded):
    before, after = measure(images), measure(decoded.reshape(-1, 28, 28, 1)).reshape(-1, 10)
    return np.array(
        [np.corrcoef(before[labels == i], after[labels == i], rowvar=False)[0, 1:] for i in range(10)]
    )  # row: the image's digit; column: the transfer's


rng = np.random.default_rng(0)
random_z = rng.standard_normal(z.shape)
by_chance = as_each_digit(random_z)
other = ~np.eye(10, dtype=bool)
tables = {"slant": carried_over(slant, transfers), "ink": carried_over(ink, transfers)}
print("mean correlation    same digit   other digits   random z")
for (name, table), measure in zip(tables.items(), (slant, ink), strict=True):
    control = carried_over(measure, by_chance)
    print(f"{name:16} {table.diagonal().mean():13.2f} {table[other].mean():14.2f} {control.mean():10.2f}")
assert tables["slant"][other].mean() > 0.2

# %%
fig, panels = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
for ax, (name, table) in zip(panels, tables.items(), strict=True):
    shown = ax.imshow(table, cmap="RdBu", vmin=-1, vmax=1)
    for i, j in np.ndindex(10, 10):
        ax.text(
            j,
            i,
            f"{table[i, j]:.1f}",
            ha="center",
            va="center",
            fontsize=7,
            color="w" if abs(table[i, j]) > 0.6 else "k",
        )
    ax.set(title=name, xlabel="digit of the transfer", ylabel="digit of the image", xticks=range(10), yticks=range(10))
fig.colorbar(shown, ax=panels, label="correlation", shrink=0.8)
odd_one = {name: ((table + table.T) * other).sum(axis=0).argmin() for name, table in tables.items()}
for name, digit in odd_one.items():
    mean = (tables[name] + tables[name].T)[digit, other[digit]].mean() / 2
    print(f"{name}: the digit that agrees least with the others is {digit}, mean correlation {mean:.2f}")
plotting.show(
    fig,
    alt="Two tables of correlations. Between two digits they are "
    + " and ".join(f"{table[other].mean():.2f} on average for {name}" for name, table in tables.items()),
)

# %% [markdown]
# The slant arrives; on MNIST nearly as well as in a reconstruction. With the ink it is another matter: already on the
# diagonal it is less well kept, and between digits it depends on the pair. The lines above the figure name the digits
# that agree least. Where a number is well below zero, that digit keeps the property upside down: where it has more ink,
# the others have less. (More ink can mean bolder strokes, or larger or wider digits; the slider of lesson 04 tells you
# which.) That surprises those who take "style" for a thing that the model knows.
#
# **Think!** Rotate the latent plane for the class 1 only, and build the rotation into encoder and decoder for that
# label. What happens to the ELBO? And to style transfer from and to 1?
#
# <details><summary>Answer</summary>
#
# The ELBO need not change at all. A standard normal looks the same from all sides, and the decoder can undo the turn
# before it draws. (A mirror image of the plane does as well. Strictly, the turn must be by a right angle for Gaussians
# with axes parallel to the coordinates.) But a transferred style would now mean something else. So the loss does not
# ask for a common language of style. It comes about because the decoder shares its weights between the digits, and then
# one direction that leans all of them is cheap to learn. Where that is not cheap, as for the ink of a single stroke, a
# digit may go its own way.
#
# </details>
#
# ## 2. Between two images
#
# Two images of one class have two latent points. What lies between? The simplest path is the straight line,
#
# $$z(t) = (1 - t)\, z_a + t\, z_b, \qquad 0 \le t \le 1,$$
#
# where $z_a$ and $z_b$ are the two `z_mean` and $t$ tells how far we are. Compare it with the **cross-fade**, which
# mixes the two decoded images pixel by pixel.
#
# **Predict:** what does each of the two show half-way between a digit that leans left and one that leans right?

# %%
def line(a, b, steps=11):
    t = np.linspace(0, 1, steps, dtype="float32")[None, :, None]
    return (1 - t) * a[:, None] + t * b[:, None]  # (n, steps, dimensions)


def decode_paths(z, y):
    return np.stack([cvae.decode(z[:, step], y[:, step]) for step in range(z.shape[1])], axis=1)


def cross_fade(means):
    return line(means[:, 0].reshape(-1, 784), means[:, -1].reshape(-1, 784), means.shape[1]).reshape(means.shape)


chosen = []
for digit in (0, 4, 7):
    of_digit = np.flatnonzero(labels == digit)
    by_slant = of_digit[slant(images[of_digit]).argsort()]
    chosen.append(by_slant[[5, -6]])  # nearly the least slanted and nearly the most
a, b = np.transpose(chosen)
inside = decode_paths(line(z[a], z[b]), line(one_hot(labels[a]), one_hot(labels[b])))
strips = np.stack([inside, cross_fade(inside)], axis=1).reshape(-1, 28, 28, 1)
plotting.show(
    plotting.image_grid(strips, columns=11, row_names=["line in z", "cross-fade"] * 3),
    alt="Three digits on the way from one slant to another. The line in z turns them; the cross-fade shows both.",
)

# %% [markdown]
# The line in $z$ turns one image into the other through images that somebody might have written. The cross-fade shows
# both on top of each other. A number that tells the two apart is the **greyness**: how undecided the pixels are. Lesson
# 01 has the measure, the entropy of a pixel that is black with probability $\mu$, summed over the image in nats. A
# sharp image has little of it.
#
# Measure it on many random pairs, and also on pairs of *different* classes. For these the label has to change too, and
# there are two ways: mix the two one-hot vectors in the same proportion as the latent points, or switch from one to the
# other half-way.
#
# That makes five paths: line and cross-fade within a class, and between two classes the line with the label mixed, the
# line with the label switched, and the cross-fade. **Predict:** which of the five curves will have a hump in the
# middle?

# %%
def greyness(means):
    mu = np.clip(means, 1e-6, 1 - 1e-6)
    return -(mu * np.log(mu) + (1 - mu) * np.log(1 - mu)).sum(axis=(-3, -2, -1))


a = rng.integers(0, len(z), 300)
same = np.array([rng.choice(np.flatnonzero(labels == labels[i])) for i in a])
different = np.array([rng.choice(np.flatnonzero(labels != labels[i])) for i in a])
one, partner = np.concatenate([[a, different], [different, a]], axis=1)  # both ways: no digit is always the first
y_mixed = line(one_hot(labels[one]), one_hot(labels[partner]))
y_switched = np.repeat(one_hot(labels[np.stack([one, partner])]), [6, 5], axis=0).swapaxes(0, 1)
between = decode_paths(line(z[one], z[partner]), y_mixed)
within = decode_paths(line(z[a], z[same]), np.repeat(one_hot(labels[a])[:, None], 11, axis=1))
curves = {
    "same class: line in z": greyness(within),
    "same class: cross-fade": greyness(cross_fade(within)),
    "two classes: line in z, label mixed": greyness(between),
    "two classes: cross-fade": greyness(cross_fade(between)),
    "two classes: line in z, label switched": greyness(decode_paths(line(z[one], z[partner]), y_switched)),
}

# %%
fig, ax = plt.subplots(figsize=(8, 3.6), layout="constrained")
for (name, grey), style in zip(curves.items(), ("o-", "o--", "s-", "s--", "^:"), strict=True):
    ax.plot(np.linspace(0, 1, 11), grey.mean(axis=0), style, markersize=4, label=name)
ax.set(xlabel="t, from one image to the other", ylabel="greyness in nats")
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
humps = {name: grey[:, 5].mean() - grey[:, [0, 10]].mean() for name, grey in curves.items()}
for name, hump in humps.items():
    print(f"{name:40} half-way {hump:+6.1f} nats against the ends")
assert abs(humps["same class: line in z"]) < humps["same class: cross-fade"] / 2
plotting.show(
    fig,
    alt="Greyness along five paths: level where the label is one-hot, a hump where images or labels are mixed.",
)

# %% [markdown]
# The humps of the cross-fades are no finding. The entropy is a concave function, so a mean of two images can never be
# less grey than the two are on average. The other three curves are findings. While $z$ moves, the image stays about as
# sharp as its ends. That holds even between two classes, if the label switches: the
# path then has one jump, and a proper digit on each side of it. But a mixed label makes the image about as grey as a
# cross-fade. So the two inputs behave differently. In training the decoder saw points of $z$ all over the plane, with
# noise added. Of the labels it saw the ten corners and nothing between. Section 3 looks into this.
#
# ### A straight line in many dimensions
#
# Half-way between two random points the line is, as a rule, nearer to the origin than its ends are. In the plane that
# does no harm, for many draws lie that near to the origin. **Predict:** what about a hundred dimensions? Half-way
# between two random draws from the prior, which share of draws lies nearer to the origin than this point?

# %% tags=["nbval-check-output"]
draws = np.random.default_rng(0)
for dimensions in (2, 10, 100):
    from_here, to_there, another = draws.standard_normal((3, 20_000, dimensions))
    length = np.linalg.norm(another, axis=1)
    half_way = np.linalg.norm((from_here + to_there) / 2, axis=1)
    nearer = np.mean(length < half_way)
    print(f"{dimensions:3} dimensions: length of a draw {length.mean():4.1f} ± {length.std():.1f}", end=", ")
    print(f"half-way {half_way.mean():4.1f}; nearer to the origin than half-way: {nearer:.0%}")

# %% [markdown]
# In many dimensions practically all draws have the same length, near $\sqrt{d}$ in $d$ dimensions. The density is still
# highest at the origin, but there is hardly any room near it: nearly all of the volume lies further out. So the draws
# fill a thin shell, and the line cuts through its hollow inside, where the decoder was hardly trained. The remedy is to
# walk along the shell, which is called *spherical* interpolation (White 2016). With two latent dimensions we can do
# without.
#
# ## 3. Between two labels
#
# Now $z$ stays and only the label moves, from one corner to another:
#
# $$y(t) = (1 - t)\, y_a + t\, y_b$$
#
# Move the slider. **Find out:** start at 0 and go up until you would no longer call the picture by its first name. Note
# the value. Then come down from 1 until you would no longer call it by its second. Are the two values the same? And is
# there a jump anywhere?

# %%
first, second = 3, 5
slider = ipywidgets.FloatSlider(value=0, min=0, max=1, step=0.02, description="t")
picture = ipywidgets.Image(format="png", width=explore.PIXELS_SHOWN, height=explore.PIXELS_SHOWN)
readout = ipywidgets.Label()


def draw(_=None):
    t = slider.value
    mean = cvae.decode(np.zeros((1, 2)), (1 - t) * one_hot([first]) + t * one_hot([second]))[0]
    picture.value = explore.png(np.kron(mean, np.ones((8, 8, 1))))  # enlarged here, or the page would blur it
    readout.value = f"decoded from z = (0, 0) and {1 - t:.2f} of {first}, {t:.2f} of {second}"


slider.observe(draw, "value")
draw()
ipywidgets.HBox([ipywidgets.VBox([slider, readout]), picture])

# %% [markdown]
# <details><summary>What to look for</summary>
#
# There is no jump. The decoder is a continuous function, though some steps change the picture more than others do.
# Where a digit stops being itself is decided in your eye. Many people find two different values,
# because they hold on to what they saw first. Change `first` and `second` in the cell and run it again.
#
# </details>
#
# Some pairs of digits blend better than others. To rank them, decode each of the 45 pairs half-way, at a hundred latent
# points, and take the greyness that this adds to that of the ends.
#
# **Predict:** which pairs blend best, and which worst? And is a blend half-way the same as a cross-fade half-way?

# %%
def blend(i, j, z, steps=11):
    y = line(one_hot([i]), one_hot([j]), steps)
    return decode_paths(np.repeat(z[:, None], steps, axis=1), np.repeat(y, len(z), axis=0))


points = rng.standard_normal((100, 2))
added = {}
for i in range(10):
    for j in range(i + 1, 10):
        left, middle, right = greyness(blend(i, j, points, steps=3)).mean(axis=0)
        added[i, j] = middle - (left + right) / 2
ranked = sorted(added, key=added.get)
means = np.concatenate([blend(i, j, points) for i, j in ranked[::9]])  # of every ninth pair
steps = np.abs(np.diff(means, axis=1)).sum(axis=(2, 3, 4))
ratios = steps.max(axis=1) / steps.min(axis=1)
print(
    f"largest step along t over the smallest: median {np.median(ratios):.1f}, 90% below {np.quantile(ratios, 0.9):.1f}"
)
between_ends = np.abs(means[:, 0] - means[:, -1]).sum(axis=(1, 2, 3)).mean()
half_way = np.abs(means - cross_fade(means))[:, 5].sum(axis=(1, 2, 3)).mean()
print(f"the two ends differ by {between_ends:.1f} in ink, blend and cross-fade half-way by {half_way:.1f}")
ends = np.clip(means[:, [0, -1]], 1e-6, 1 - 1e-6)
mixed_logits = 1 / (1 + np.exp(-np.log(ends / (1 - ends)).mean(axis=1)))
middles = {"blend": means[:, 5], "cross-fade": cross_fade(means)[:, 5], "logits of the ends mixed": mixed_logits}
for name, middle in middles.items():
    print(f"{name:24} half-way {greyness(middle).mean() - greyness(ends).mean():+5.1f} nats against the ends")

# %%
rows, names = [], []
for i, j in (*ranked[:2], *ranked[-2:]):
    path = blend(i, j, np.zeros((1, 2)))
    rows += [path, cross_fade(path)]
    names += [f"{i} and {j}: {added[i, j]:+.0f} nats", "cross-fade"]
plotting.show(
    plotting.image_grid(np.concatenate(rows).reshape(-1, 28, 28, 1), columns=11, row_names=names),
    alt=f"The two pairs that blend best and the two that blend worst, with cross-fades: {', '.join(names[::2])}.",
)

# %% [markdown]
# Many of the pairs that blend well are written alike but for a stroke that opens or closes. Digits that share few
# strokes tend to blend badly: between them there is a smear, in which one fades while the other comes. With a hundred
# points each, these numbers are too uncertain to say which pair is really the first.
#
# So is a blend a cross-fade? No: half-way the two are different images, though they are about equally grey. To see
# where the grey comes from, follow the label through the decoder. Multiplied by the first layer's weights it is a bias,
# which now moves along a line. If no `relu` bent on the way, the logits would move along a line, too, and half-way they
# would be the mean of the logits at the ends. The last printed row shows that such an image would be sharp. But many of
# the units switch on or off between two corners, and nobody trained the decoder for what they add up to half-way. The
# grey comes from there.
#
# A blend says nothing about what lies between two digits in the world. It shows how a network continues outside of what
# it has seen. One can go further out. **Predict** what the decoder draws for a label of ten zeros, for $y = 1/10$
# everywhere, and for twice a one-hot vector.

# %%
three = one_hot([3])
odd_labels = {
    "all zeros": 0 * three,
    "1/10 each": np.full((1, 10), 0.1),
    "3, half": three / 2,
    "3": three,
    "3, twice": 2 * three,
    "3, four times": 4 * three,
    "minus 3": -three,
}
at = np.array([[0, 0], [-1.2, 0], [1.2, 0], [0, -1.2], [0, 1.2]])
odd = np.concatenate([cvae.decode(at, np.repeat(y, len(at), axis=0)) for y in odd_labels.values()])
plotting.show(
    plotting.image_grid(odd, columns=len(at), row_names=list(odd_labels)),
    alt="Five images for each of seven labels: fog for none, a blur for half of one, hard edges for multiples.",
)

# %% [markdown]
# Zeros do not mean "any digit": nobody taught the decoder that they should. It draws a smear, which is not even the
# mean image. (It could be taught: replace the label by zeros for a tenth of the training images, and zeros will come to
# mean "not told".) A tenth of each is fog as well: the middle between all corners is as strange to the decoder as any
# other place without training. With multiples of the label the edges get harder and the five columns more and more
# alike: the label's share of the bias drowns that of $z$. At minus 3 not even a stroke is left.
#
# ## 4. How much of the label is left in z?
#
# The prior says that $z$ is drawn without looking at the label. The map of lesson 04 looked as if that had come true,
# and its clouds were "alike but not the same". Let us put a number on it.
#
# Ask a classifier. It gets $z$ and nothing else, and has to name the digit. Such a classifier is called a **probe**. If
# it does better than chance on images that it has not seen, then $z$ knows something of the label; we say that the
# label **leaks**. Chance is what one gets by always naming the most frequent class.
#
# The probe should be strong, or finding nothing would mean nothing. In two dimensions there is a simple strong one:
# look at the nearest neighbours, and let them vote. With $\sqrt{n}$ neighbours among $n$ points it comes as near to the
# best possible classifier as you like, when $n$ grows (Stone 1977). There is nothing to train and nothing random in it.
#
# The votes are also probabilities, so they can be scored in nats. Someone who knows only how frequent the classes are
# pays the entropy $H(y)$ for naming the label. Someone who sees $z$ through the probe pays the probe's cross-entropy.
# The saving is what $z$ is worth:
#
# $$H(y) - \text{cross-entropy} \;\le\; I(z; y)$$
#
# On the right is the **mutual information** of $z$ and $y$, what a perfect classifier would save. A probe can only fall
# short of it. So it gives a *lower* bound: it can show that the label is there, and never that it is not.
#
# Here is the probe.

# %% tags=["shown"]
from cvae_utils.evaluation import check_encodings


def leakage_probe(z, labels, z_test, labels_test):
    from sklearn.neighbors import NearestNeighbors

    check_encodings(z, labels)
    check_encodings(z_test, labels_test)
    neighbours = round(np.sqrt(len(z)))
    nearest = NearestNeighbors(n_neighbors=neighbours).fit(z).kneighbors(z_test, return_distance=False)
    classes = max(labels.max(), labels_test.max()) + 1
    votes = np.stack([(labels[nearest] == label).sum(axis=1) for label in range(classes)], axis=1)
    right = votes.argmax(axis=1) == labels_test
    p = (votes + 1) / (neighbours + classes)  # one vote more for each class, or a surprise could cost infinity
    p_y = np.bincount(labels_test) / len(labels_test)
    gain = np.log(p[np.arange(len(p)), labels_test]) - np.log(p_y[labels_test])
    return {
        "accuracy": right.mean(),
        "accuracy_error": right.std() / np.sqrt(len(right)),
        "chance": np.mean(labels_test == np.bincount(labels).argmax()),
        "nats": gain.mean(),
        "nats_error": gain.std() / np.sqrt(len(gain)),
    }


# %% [markdown]
# Before you believe an instrument, try it where the answer is known: two classes, one around −1 and one around +1, each
# with width 1. The best classifier looks at the sign, and is right as often as a normal distribution lies below one
# standard deviation. That share and the mutual information are integrals over a line, which a fine grid gives exactly
# enough. And where the two classes do not differ, the probe must find nothing.

# %%
def known_answer(distance, step=0.001):
    z = np.arange(-9, 9, step)
    of_class = np.exp(-((z - distance * np.array([[-0.5], [0.5]])) ** 2) / 2) / np.sqrt(2 * np.pi)
    accuracy = of_class.max(axis=0).sum() / 2 * step
    return accuracy, (of_class * np.log(of_class / of_class.mean(axis=0))).sum() / 2 * step


for distance in (2, 0):
    toy_labels = rng.integers(0, 2, 30_000)
    toy_z = rng.standard_normal((30_000, 2)) + distance * np.stack([toy_labels - 0.5, 0 * toy_labels], axis=1)
    found = leakage_probe(toy_z[:20_000], toy_labels[:20_000], toy_z[20_000:], toy_labels[20_000:])
    accuracy, nats = known_answer(distance)
    print(
        f"{distance} apart: accuracy {found['accuracy']:.1%} ± {found['accuracy_error']:.1%}, best {accuracy:.1%};",
        end=" ",
    )
    print(f"at least {found['nats']:.3f} ± {found['nats_error']:.3f} nats of {nats:.3f}")

# %% [markdown]
# Both come out right within their errors: the bound holds up to the scatter of the test points. Where there is nothing
# to find, the nats fall a little below zero, by about $(K - 1) / 2k$ for $K$ classes and $k$ neighbours, because the
# votes of finitely many neighbours scatter. So read nats against a row with shuffled labels, and not against zero.
#
# Now the two models. The probe learns from the encodings of the training images and is tested on images that
# neither the model nor the probe has seen. Three details matter.
#
# - The CVAE's encoder is told the label, as in training. We ask about the $z$ that the decoder is fed: drawn from
#   $q(z \mid x, y)$, over all images of a class, it should look the same for every class.
# - These draws are samples, not means. So we probe both `z_mean` and samples of $q$.
# - The error bars are standard errors over the test images, for these weights. Another training gives another encoder, so
#   three more CVAEs, trained here for a moment from three seeds, show how much that matters after so short a training.
#
# **Predict** the accuracy for the plain VAE and for the CVAE. Chance is a little above 10%.

# %%
briefly = []
epochs = 2 if digits.name == "mnist" else 30
pairs = [(part.images, one_hot(part.labels)) for part in (digits.train, digits.validation)]
for seed in range(3):
    keras.utils.set_random_seed(seed)
    model = models.dense_cvae()
    training.train(model, *pairs, epochs=epochs, seed=seed)
    briefly.append(model)

# %%
def encodings(model, split, sampled=False):
    inputs = (split.images, one_hot(split.labels)) if isinstance(model, models.CVAE) else (split.images,)
    z_mean, z_log_var = model.encode(*inputs)
    return z_mean + np.exp(z_log_var / 2) * rng.standard_normal(z_mean.shape) if sampled else z_mean


def probe(model, sampled=False, shuffle=lambda labels: labels):
    z, z_test = (encodings(model, split, sampled) for split in (digits.train, digits.test))
    return leakage_probe(z, shuffle(digits.train.labels), z_test, digits.test.labels)


results = {
    "VAE, z_mean": probe(vae),
    "VAE, samples": probe(vae, sampled=True),
    "CVAE, z_mean": probe(cvae),
    "CVAE, samples": probe(cvae, sampled=True),
    **{f"CVAE, {epochs} epochs, seed {seed}": probe(model) for seed, model in enumerate(briefly)},
    "CVAE, labels shuffled": probe(cvae, shuffle=rng.permutation),
}
chance = results["CVAE, z_mean"]["chance"]
print(f"test images of {digits.name}; always naming the most frequent class: {chance:.1%}")
for name, found in results.items():
    print(f"{name:24} accuracy {found['accuracy']:6.1%} ± {found['accuracy_error']:.1%}", end="   ")
    print(f"at least {found['nats']:6.3f} ± {found['nats_error']:.3f} nats of {np.log(10):.1f}")
assert digits.name != "mnist" or results["VAE, z_mean"]["accuracy"] > 0.6

# %%
fig, ax = plt.subplots(figsize=(8, 3.2), layout="constrained")
accuracies, errors = ([found[key] for found in results.values()] for key in ("accuracy", "accuracy_error"))
colours = ["tab:orange" if name.startswith("VAE") else "tab:blue" for name in results]
bars = ax.barh(list(results), accuracies, xerr=errors, color=colours, capsize=3)
ax.bar_label(
    bars, [f"{accuracy:.1%} ± {error:.1%}" for accuracy, error in zip(accuracies, errors, strict=True)], padding=14
)
ax.axvline(chance, color="k", linestyle="--", label="chance")
ax.invert_yaxis()
ax.set(xlabel="accuracy of the probe on test images", xlim=(0, 1.2))
ax.legend(loc="lower right")
described = ", ".join(f"{name} {accuracy:.1%}" for name, accuracy in zip(results, accuracies, strict=True))
plotting.show(fig, alt=f"Bars with error bars: {described}; chance is {chance:.1%}.")

# %% [markdown]
# The two numbers of a plain VAE give most digits away. Those of the CVAE give away little. But on MNIST it is not
# nothing: the bar ends many standard errors beyond chance, and the last bar shows what the probe finds when there is
# really nothing to find. (On MNIST it is a little less than chance: the probe then
# guesses among all the classes, and chance always names the most frequent one.) Samples and means tell nearly the same,
# because the encoder's Gaussians are narrow. (On the small data set the error bars are several times as wide, and the
# smaller differences drown in them.)
#
# ### Why is there anything left?
#
# The KL term asks the Gaussian of *each image* to be near the prior. The probe sees another thing: all the images of
# one class together, their Gaussians piled up. Call that pile $q(z \mid y)$, the **aggregated posterior** of the class.
# Where two piles differ, the probe has something to hold on to. Draw each pile by its mean and its spread.

# %%
fig, panels = plt.subplots(1, 2, figsize=(10, 4.8), layout="constrained")
angle = np.linspace(0, 2 * np.pi, 100)
circle = np.stack([np.cos(angle), np.sin(angle)])
for ax, name, model in zip(panels, ("VAE", "CVAE"), (vae, cvae), strict=True):
    pile = encodings(model, digits.train, sampled=True)
    for label in range(10):
        of_class = pile[digits.train.labels == label]
        mean, colour = of_class.mean(axis=0), plotting.CLASS_COLOURS[label]
        ellipse = mean[:, None] + np.linalg.cholesky(np.cov(of_class.T)) @ circle
        ax.plot(*ellipse, color=colour)
        badge = {"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": colour}
        ax.text(*ellipse[:, 10 * label], str(label), ha="center", va="center", fontsize=9, bbox=badge)
        ax.plot(*mean, "+", color=colour)
    ax.plot(*circle, "k--", linewidth=1, label="prior")
    ax.set(title=name, aspect="equal", xlabel="$z_1$", ylabel="$z_2$")
panels[1].legend()
plotting.show(
    fig,
    alt="One-standard-deviation ellipses of the ten classes: scattered for the VAE, nearly concentric for the CVAE.",
)

# %% [markdown]
# On the right (mind the scale) each class has a centre, drawn as a cross, and an ellipse of its own, near the prior's
# circle but not on it. Is that all that the probe uses? Take it away and probe again: first move each class so that its
# mean is zero, then also stretch it until its covariance is that of the prior. This is a diagnosis and not a cure,
# since one has to know the labels to do it. It is done on validation images.
#
# **Predict:** what will be left of the CVAE's leak after each step?

# %%
def removed(z, labels, shape=False):
    changed = []
    for label in range(10):
        of_class = z[0][labels[0] == label]
        spread = np.linalg.cholesky(np.cov(of_class.T)) if shape else np.eye(2)
        changed.append((of_class.mean(axis=0), np.linalg.inv(spread).T))
    means, stretches = map(np.array, zip(*changed, strict=True))
    return [np.einsum("ni,nij->nj", part - means[y], stretches[y]) for part, y in zip(z, labels, strict=True)]


known, asked = digits.train.labels, digits.validation.labels
for name, model in (("VAE", vae), ("CVAE", cvae)):
    encoded = [encodings(model, split) for split in (digits.train, digits.validation)]
    for what, (learn, test), learn_labels in (
        ("as it is", encoded, known),
        ("class means removed", removed(encoded, (known, asked)), known),
        ("and covariances", removed(encoded, (known, asked), shape=True), known),
        ("labels shuffled", encoded, rng.permutation(known)),
    ):
        found = leakage_probe(learn, learn_labels, test, asked)
        print(f"{name:4} {what:20} accuracy {found['accuracy']:.1%} ± {found['accuracy_error']:.1%}", end="   ")
        print(f"at least {found['nats']:6.3f} ± {found['nats_error']:.3f} nats")

# %% [markdown]
# Count from the row with shuffled labels. On MNIST, place and spread are most of the CVAE's leak, but not all of it: its
# piles also differ a little in shape. In the VAE they differ far more. What is left there after both steps is more than
# the whole leak of the CVAE.
#
# It is tempting to say that the loss just does not look at the piles. But it does. Averaged over all images, the KL
# term is a sum of three parts, none of them negative:
#
# $$\mathbb{E}\big[\mathrm{KL}(q(z \mid x, y)\,\|\,p(z))\big] = I(z; x \mid y) + I(z; y) + \mathrm{KL}(q(z)\,\|\,p(z))$$
#
# The first is what $z$ tells about the image beyond its label: style, which the decoder needs. The second is the leak.
# The third is the mismatch of the whole cloud with the prior. (Hoffman and Johnson 2016; the label splits their first
# part in two.) So each nat of leak costs a nat of loss and tells the decoder what it is told anyway. What does the leak
# cost?

# %%
z_mean, z_log_var = cvae.encode(digits.validation.images, one_hot(digits.validation.labels))
kl = float(np.mean(losses.gaussian_kl(z_mean, z_log_var)))
samples = [encodings(cvae, split, sampled=True) for split in (digits.train, digits.validation)]
leak = leakage_probe(samples[0], known, samples[1], asked)
print(f"KL term {kl:.2f} nats per image, of which leak at least {leak['nats']:.2f} ± {leak['nats_error']:.2f}")

# %% [markdown]
# Next to the price of style the leak is small change, and there is little to gain by removing it. Part of it goes with
# longer training: on MNIST, compare the CVAEs that were trained for a moment with the one that was trained for long.
# Another part the model may be paying for, as lesson 04 said: a pile of another shape can save more in reconstruction
# than it costs. This comparison cannot tell the two apart.
#
# **Think!** A probe on somebody's CVAE finds exactly chance. Which of these follow? (a) $z$ holds no information on the
# label. (b) A style transferred from one digit to another means the same for both.
#
# <details><summary>Answer</summary>
#
# Neither. (a) The probe may be too weak: a straight line between classes finds nothing in two rings around one centre,
# and if two of fifty dimensions know the label while the rest is noise, nearest neighbours find little. A probe bounds
# the information from below. (b) Section 1: the piles of all classes may be the same round cloud, with the styles
# within it turned or mirrored from class to class. To be independent of the label and to have a common meaning are two
# things.
#
# </details>
#
# ## Recap
#
# Decode one $z$ with ten labels, and slant carries over best, other traits less; no term of the loss asks for a common
# meaning of style. Along a straight line in $z$ images stay sharp, since the decoder was trained all over the plane.
# Along a line between labels they do not, since it only saw the corners. A probe that sees $z$ alone names most digits
# of a VAE. Of a CVAE it names little more than chance does; what it finds there is that the clouds of the classes
# differ a little, mostly in place and spread. What a probe finds is a lower bound.
#
# **Exercise:** [exercise 05](../exercises/05_latent_space.ipynb) has graded tasks
# on the objectives above, with checks that answer at once.
#
# **Before you go on**, probe what else is in $z$. Turn the slant into ten classes of equal size,
# `np.searchsorted(np.quantile(s, np.arange(0.1, 1, 0.1)), s)` for slants `s`, with the quantiles of the training images
# for both sets, and probe both models for it. Which of the two knows the slant better, and why? Then replace the nearest
# neighbours by `sklearn.linear_model.LogisticRegression`, and predict first for which model it loses more.
#
# <details><summary>What to expect</summary>
#
# On MNIST the VAE, which surprises many. In a CVAE the slant in $z$ is relative to the digit, and the digits differ in
# their mean slant; the probe is not told the digit. Probe within each digit, and the CVAE knows it better. The
# straight lines of the logistic regression lose nearly everything on the VAE, where each island has a direction of slant
# of its own, and little on the CVAE.
#
# </details>
#
# **Next:** [lesson 06](06_conv_vae.ipynb) gives the VAE convolutions.
#
# ## References
#
# * T. White, *Sampling Generative Networks*, arXiv:1609.04468, 2016: spherical interpolation.
# * G. Alain, Y. Bengio, *Understanding Intermediate Layers Using Linear Classifier Probes*, arXiv:1610.01644, 2016: the word "probe".
# * C. J. Stone, *Consistent Nonparametric Regression*, The Annals of Statistics 5(4), 1977: nearest neighbours reach the best classifier.
# * D. Barber, F. Agakov, *The IM Algorithm: A Variational Approach to Information Maximization*, NeurIPS 2003: the lower bound.
# * M. D. Hoffman, M. J. Johnson, *ELBO Surgery: Yet Another Way to Carve Up the Variational Evidence Lower Bound*, NeurIPS workshop 2016.
