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
# # 06 · A convolutional VAE
#
# The dense networks of lesson 02 do not know that an image is an image. Shuffle the pixels of all images in the same
# way, and a dense network learns just as well. Convolutions build in two facts: neighbouring pixels belong together,
# and a stroke is a stroke wherever it lies. In this lesson you work out by hand what a convolution and its transpose
# compute, build a VAE from them with far fewer weights, and find out what that buys and what it costs.
#
# **You will be able to**
#
# 1. compute a convolution by hand, and say what happens to it when the image shifts;
# 2. work out the output size, the padding and the number of weights of strided and transposed convolutions;
# 3. say why a transposed convolution can draw a checkerboard, and test whether a network does;
# 4. compare two models by loss, by parameters and by computing time, and find out what limits them;
# 5. stop training early without fooling yourself.
#
# **Time:** 60 minutes. **Before this:** [lesson 02](02_plain_vae.ipynb). Nothing here needs the lessons between.

# %%
import sys

if "google.colab" in sys.modules:  # Colab has TensorFlow already: add what it lacks, leave the rest alone
    # %pip install --quiet --no-deps pooch "cvae-course @ git+https://github.com/OWNER/cvae-course"

# %%
import time

import matplotlib.pyplot as plt
import numpy as np

from cvae_utils import code_diff, data, explore, losses, models, plotting, training, weights
from cvae_utils.layers import first_decoder_layer
from cvae_utils.models import IMAGE_SHAPE, VAE

digits = data.load("auto")

# %% [markdown]
# Here is where we are going: 15 by 15 points of the latent plane, drawn by a trained convolutional decoder.

# %%
import keras
from keras import layers, ops

shipped_conv = weights.load("conv_vae")
plotting.show(plotting.manifold(shipped_conv.decode, n=15))

# %% [markdown]
# ## 1. What a convolution computes
#
# Take a small square of weights, the **kernel**. Lay it on a patch of the image, multiply each weight with the pixel
# below it, and add up. That is one output. Move the kernel by one pixel and repeat. The outputs form an image again,
# called a **feature map**.
#
# Below, the kernel has +1 in its left column and −1 in its right one. **Predict** on paper: the output at the top left,
# and where the outputs are zero.

# %% tags=["nbval-check-output"]
def convolve(x, kernel):
    k = len(kernel)
    places = range(len(x) - k + 1)
    return np.array([[np.sum(x[i : i + k, j : j + k] * kernel) for j in places] for i in places])


x = np.array([[0, 1, 1, 1, 0], [0, 0, 0, 1, 0], [0, 0, 1, 0, 0], [0, 0, 1, 0, 0], [0, 0, 1, 0, 0]], "float32")
kernel = np.array([[1, 0, -1], [1, 0, -1], [1, 0, -1]], "float32")
by_hand = convolve(x, kernel)
by_keras = ops.conv(x[None, :, :, None], kernel[:, :, None, None], padding="valid")
print(by_hand.astype(int))
assert np.array_equal(by_hand, np.asarray(by_keras)[0, :, :, 0])

# %% [markdown]
# The output is far from zero where the left and the right column of the patch hold different amounts of ink: beside a
# vertical stroke. On the stroke itself it is zero. (In mathematics a convolution turns the kernel round first. Networks
# do not, and learn the turned kernel if they need it.)
#
# A layer has many kernels, and each makes its own feature map, or **channel**. When the input has several channels, a
# kernel has a square of weights for each of them, and adds all up. So a kernel has shape (height, width, channels in),
# and the layer's weights have shape (height, width, channels in, channels out), plus a bias for each channel out.
#
# Two things make this different from a dense layer. An output depends only on a small patch, and the same weights serve
# everywhere. **Predict** how many weights each needs to make 32 channels of 14 by 14 from an image of 28 by 28, with
# kernels of 3 by 3.

# %% tags=["nbval-check-output"]
outputs = 14 * 14 * 32
print(f"dense:       {28 * 28 * outputs + outputs:9,}")
print(f"convolution: {3 * 3 * 1 * 32 + 32:9,}")

# %% [markdown]
# ### A shifted image
#
# Sharing the weights has a consequence. Shift the image, and the feature map shifts with it. A dense layer has no such
# rule. The figure shows an image on a larger canvas and the same image four pixels further right, with a feature map of
# a random convolution of stride 2 (it moves by two pixels at each step, more below) and the outputs of a random dense
# layer.

# %%
rng = np.random.default_rng(0)
canvas = np.pad(digits.validation.images[0, :, :, 0] / np.float32(255), 10)  # wide margins: no shift leaves it
kernels = rng.standard_normal((3, 3, 1, 32), dtype="float32")
dense_weights = rng.standard_normal((canvas.size, 24 * 24), dtype="float32")


def conv_features(image):
    return np.asarray(ops.conv(image[None, :, :, None], kernels, strides=2, padding="same"))[0]


fig, panels = plt.subplots(2, 3, figsize=(7.5, 5), layout="constrained")
for row, image in zip(panels, (canvas, np.roll(canvas, 4, axis=1)), strict=True):
    row[0].imshow(image, cmap="gray_r")
    row[1].imshow(conv_features(image)[..., 0], cmap="gray_r")
    row[2].imshow((image.ravel() @ dense_weights).reshape(24, 24), cmap="gray_r")
for ax, title in zip(panels[0], ("image", "one conv. feature map", "576 dense features"), strict=True):
    ax.set_title(title)
for ax in panels.ravel():
    ax.set(xticks=[], yticks=[])
plotting.show(fig, alt="Below, all is shifted: image and feature map keep their shape, the dense features change.")

# %% [markdown]
# The feature map has moved by two of its cells. **Predict:** does the rule also hold when the image moves by one pixel,
# or by three?

# %%
features = conv_features(canvas)
for shift in (1, 2, 3, 4):
    moved = conv_features(np.roll(canvas, shift, axis=1))
    expected = np.roll(features, shift // 2, axis=1)
    error = np.abs(moved - expected).mean() / np.abs(features).mean()
    print(f"shift by {shift} pixels: features differ from the shifted ones by {error:4.0%} of their mean size")

# %% [markdown]
# With stride 2 the rule holds for even shifts only. After an odd one, the kernels stop at other places than before, and
# the feature map is a different one. After two such layers it takes shifts by four. (Zhang 2019 looks into this, and
# mends it.) So the features shift *with* the image through any number of layers of stride 1, away from the edges, and
# through layers with strides only for certain shifts. And to shift with the image is not to ignore the shift. Section 8
# puts our network to the test.
#
# ## 2. Stride and padding
#
# A layer of **stride** $s$ moves its kernel by $s$ pixels at each step, and so shrinks the image. With **padding**
# "same", zeros are added around the image such that the output size is
#
# $$\text{out} = \lceil n / s \rceil,$$
#
# whatever the kernel. Here $n$ is the input size, and the brackets mean rounding up. How many zeros does that take? The
# last window begins at $(\text{out} - 1)\, s$ and ends $k$ pixels later, for a kernel of size $k$. What hangs over the
# edge is the padding:
#
# $$\text{padding} = \max\big((\text{out} - 1)\, s + k - n,\; 0\big)$$
#
# Half of it goes before the image, half after. When the number is odd, Keras puts the odd zero after, that is at the
# bottom and on the right.
#
# **Predict** for our first layer, $n = 28$, $k = 3$, $s = 2$: the output size, and the zeros on each side.

# %% tags=["nbval-check-output"]
def same_padding(n, k, s):
    out = -(-n // s)  # n / s rounded up
    total = max((out - 1) * s + k - n, 0)
    return out, total // 2, total - total // 2


print(" n k s   out before after")
for n, k, s in [(28, 3, 1), (28, 3, 2), (14, 3, 2), (7, 3, 2), (28, 4, 2), (28, 5, 2)]:
    out, before, after = same_padding(n, k, s)
    x = np.arange(n * n, dtype="float32").reshape(1, n, n, 1) % 11
    kernel = np.arange(k * k, dtype="float32").reshape(k, k, 1, 1)
    by_hand = convolve(np.pad(x[0, :, :, 0], (before, after)), kernel[:, :, 0, 0])[::s, ::s]
    by_keras = np.asarray(ops.conv(x, kernel, strides=s, padding="same"))[0, :, :, 0]
    assert by_keras.shape == (out, out) and np.allclose(by_hand, by_keras)
    print(f"{n:2} {k} {s} {out:5} {before:6} {after:5}")

# %% [markdown]
# The assertion compares values and not only sizes, so the zeros are where the formula puts them. Our first layer has
# none on the left and one on the right: its windows begin at pixels 0, 2, 4 and so on.
#
# This is more than a curiosity. PyTorch's `padding=1` puts one zero on *each* side, and its windows begin at −1, 1, 3.
# The output has the same size, and weights copied from one library to the other see everything one pixel off.
#
# **Think!** An image of 28 pixels goes through three layers of stride 2 with "same" padding. Which sizes come out? And
# if a decoder then doubles the size three times?
#
# <details><summary>Answer</summary>
#
# 14, 7, 4, and back 8, 16, 32. Rounding up happened on the way down, and nothing on the way up knows of it. Two layers
# fit 28 well, because 28 can be halved twice. Decoders with a third layer crop, or begin from 7.
#
# </details>
#
# ## 3. The way back: transposed convolutions
#
# The decoder has to get from small to large. It needs a layer that does to sizes the opposite of a strided convolution.
#
# A convolution is linear, so it is a matrix. Write it down for one dimension: six inputs, a kernel (1, 2, 3), stride 2.
# The formula of section 2 gives three outputs and one zero of padding on the right. Each row of the matrix is one
# position of the kernel. **Predict** its three rows.

# %%
def conv_matrix(kernel, n, s):
    out, before, after = same_padding(n, len(kernel), s)
    matrix = np.zeros((out, before + n + after), "float32")
    for i in range(out):
        matrix[i, i * s : i * s + len(kernel)] = kernel
    return matrix[:, before : before + n]  # what meets the padding is multiplied by zero: drop it


A = conv_matrix([1, 2, 3], n=6, s=2)
fig, panels = plt.subplots(1, 2, figsize=(7, 3), layout="constrained")
for ax, matrix, name in zip(panels, (A, A.T), ("A: 6 in, 3 out", "its transpose: 3 in, 6 out"), strict=True):
    ax.imshow(matrix, cmap="Blues", vmax=5)
    for (i, j), value in np.ndenumerate(matrix):
        ax.text(j, i, f"{value:.0f}", ha="center", va="center")
    ax.set(xlabel="input", ylabel="output", title=name, xticks=range(matrix.shape[1]), yticks=range(len(matrix)))
plotting.show(fig, alt="Matrix A with rows 123000, 001230 and 000012, and its transpose with 6 rows and 3 columns.")

# %% [markdown]
# The transpose of $A$ takes three numbers to six. This is the **transposed convolution**, with the same kernel. Read it
# by its columns: each input places a copy of the kernel on the output, multiplied by its value, two pixels after the
# copy before. Where copies overlap, they are added. What hangs over the end is cut off: that is the padding of the way
# down. So a convolution *gathers* a patch into one number, and its
# transpose *scatters* one number over a patch.
#
# **Predict** what it makes of the inputs 1, 10, 100. They are chosen so that the digits of each sum show which copies
# are in it.

# %% tags=["nbval-check-output"]
down = layers.Conv1D(1, 3, strides=2, padding="same", use_bias=False)
up = layers.Conv1DTranspose(1, 3, strides=2, padding="same", use_bias=False)
down.build((None, 6, 1))
up.build((None, 3, 1))
for layer in (down, up):
    layer.set_weights([np.array([1, 2, 3], "float32").reshape(3, 1, 1)])
six, three = np.array([1, 0, 2, 0, 1, 3], "float32"), np.array([1, 10, 100], "float32")
print("down: A six     =", (A @ six).astype(int), "  Keras", np.asarray(down(six[None, :, None])).ravel().astype(int))
print("up:   Aᵀ three  =", (A.T @ three).astype(int))
print("           Keras ", np.asarray(up(three[None, :, None])).ravel().astype(int))
assert np.allclose(A @ six, np.asarray(down(six[None, :, None])).ravel())
assert np.allclose(A.T @ three, np.asarray(up(three[None, :, None])).ravel())

# %% [markdown]
# Keras computes just this. (Training needs it, too: the gradient of $A x$ with respect to $x$ needs the product with
# $A^\top$, so every convolution has a transposed one in its backward pass.)
#
# The output size with padding "same" is $n \cdot s$. There is a choice in it: a convolution of stride 2 makes three
# outputs of six inputs, but also of five. The way back could be to either, and Keras takes the larger.
#
# **Think!** Some call this layer a *deconvolution*. Does it undo the convolution?
#
# <details><summary>Answer</summary>
#
# No. $A^\top A$ is not the identity, and cannot be: $A$ has three outputs, so what differs only in the other three
# directions of the input is lost. The transpose undoes the *size*. What values are good there is for training to find
# out, and in a decoder the kernel is learned for itself and not taken from the encoder.
#
# </details>
#
# ## 4. The checkerboard
#
# The sum above had overlaps at every second place only. Now look at it in two dimensions: let all inputs and all
# weights be 1, so that each output counts how many copies of the kernel hit it.
#
# **Predict:** with stride 2, for which of the kernel sizes 2, 3 and 4 do all inner pixels get the same?

# %% tags=["nbval-check-output"]
hits = {}
for k in (2, 3, 4):
    ones, kernel = np.ones((1, 7, 7, 1), "float32"), np.ones((k, k, 1, 1), "float32")
    hits[k] = np.asarray(ops.conv_transpose(ones, kernel, strides=2, padding="same"))[0, :, :, 0].astype(int)
    print(f"kernel {k}: hits in the third row:", *hits[k][2])

# %%
fig, panels = plt.subplots(1, 3, figsize=(8, 2.9), layout="constrained")
for ax, (k, counts) in zip(panels, hits.items(), strict=True):
    ax.imshow(counts, cmap="viridis", vmin=0, vmax=4)
    ax.set(title=f"kernel {k} × {k}, stride 2", xticks=[], yticks=[])
plotting.show(
    fig, alt="Hits of each pixel. Even inside for kernels 2 and 4, a checkerboard of 1, 2 and 4 for kernel 3."
)

# %% [markdown]
# A kernel of 3 does not divide evenly into steps of 2: one pixel is hit once, the next twice, and in two dimensions up
# to four times. Odena, Dumoulin and Olah (2016) showed that this leaves a checkerboard in generated images, and advise
# a kernel size that is a multiple of the stride, or enlarging the image first and convolving after.
#
# The network of this lesson has kernels of 3 and stride 2, and we keep it, since it is the one that everybody copies.
# Does it draw checkerboards? Look at the **spectrum**, the power of the waves of each frequency along the rows of the
# decoded images. A pattern that repeats every $m$ pixels shows as a peak at the frequency $1/m$. **Predict** where the
# peaks of the untrained decoder will be. (What becomes of a pattern of period 2 when another layer of stride 2 follows?)
# And which of them will training leave?

# %%
def row_spectrum(network):
    means = network.decode(np.random.default_rng(0).standard_normal((200, 2)))[..., 0]
    means = means - means.mean(axis=2, keepdims=True)
    return (np.abs(np.fft.rfft(means, axis=2)) ** 2).mean(axis=(0, 1))


keras.utils.set_random_seed(0)
drawn = {"convolutional, untrained": (models.conv_vae(), "-"), "convolutional, trained": (shipped_conv, "--")}
drawn["dense of lesson 02, trained"] = (weights.load("dense_vae"), ":")
fig, (ax, picture) = plt.subplots(1, 2, figsize=(9, 3), width_ratios=(2.4, 1), layout="constrained")
for name, (network, style) in drawn.items():
    ax.semilogy(np.fft.rfftfreq(28)[1:], row_spectrum(network)[1:], style, marker=".", label=name)
ax.set(xlabel="waves per pixel", ylabel="power")
ax.legend(loc="upper right", fontsize="small")
untrained = drawn["convolutional, untrained"][0]
picture.imshow(untrained.decode(np.zeros((1, 2)))[0, :, :, 0], cmap="gray_r")
picture.set(title="untrained, at z = 0", xticks=[], yticks=[])
plotting.show(fig, alt="Spectra of three decoders, and what the untrained one draws: a regular grid.")

# %% [markdown]
# Before training there are peaks at one half and at one quarter (a pattern of period 2, made twice as wide by the next
# layer), and the picture shows the grid. Uneven hits are only one cause of it. The four pixels of a 2 × 2 block are
# made by different weights of the kernel, and random weights differ. So untrained kernels of 2 or 4 draw a grid as
# well: even hits do not prevent it, the weights have to be balanced. Training does that here, since every pixel of
# every image asks for it. Afterwards both peaks are gone, and the decoder is about as smooth as the dense one.
#
# **Think!** In the decoder, the last convolution has stride 1. What is it good for, apart from making one channel of
# 32?
#
# <details><summary>Answer</summary>
#
# Its patches of 3 × 3 overlap evenly, and each covers both kinds of pixels, those hit often and those hit rarely. So it
# can smooth out what the layers before it left uneven.
#
# </details>
#
# ## 5. The two networks
#
# The encoder: two convolutions of stride 2 with 32 and 64 channels, a dense layer of 16, and the two heads for `z_mean`
# and `z_log_var`. The decoder: a dense layer to 7 × 7 × 64, two transposed convolutions of stride 2 with 64 and 32
# channels, and one of stride 1 that makes the single channel of logits. All kernels are 3 × 3.
#
# **Predict**, on paper: the output shape and the number of parameters of each layer. A convolution from $c$ to $d$
# channels has $k \cdot k \cdot c \cdot d$ weights and $d$ biases, transposed or not. Which layer is the largest?

# %% tags=["nbval-check-output"]
encoder_by_hand = {
    "convolution, 1 to 32 channels": 3 * 3 * 1 * 32 + 32,
    "convolution, 32 to 64 channels": 3 * 3 * 32 * 64 + 64,
    "dense, 7·7·64 to 16": 7 * 7 * 64 * 16 + 16,
    "two heads, 16 to 2 each": 2 * (16 * 2 + 2),
}
decoder_by_hand = {
    "dense, 2 to 7·7·64": 2 * 7 * 7 * 64 + 7 * 7 * 64,
    "transposed, 64 to 64 channels": 3 * 3 * 64 * 64 + 64,
    "transposed, 64 to 32 channels": 3 * 3 * 64 * 32 + 32,
    "transposed, 32 to 1 channel": 3 * 3 * 32 * 1 + 1,
}
for parts in (encoder_by_hand, decoder_by_hand):
    for name, count in parts.items():
        print(f"{name:31} {count:7,}")
    print(f"{'together':31} {sum(parts.values()):7,}\n")

# %% [markdown]
# The largest layer of this convolutional encoder is a dense one. A feature map has to be flattened at some point, and
# 3,136 numbers times 16 outweighs both convolutions. Now in Keras:

# %% tags=["shown"]
def conv_encoder(latent_dim=2):
    images = keras.Input(IMAGE_SHAPE, dtype="uint8", name="images")
    x = layers.Rescaling(1 / 255)(images)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2D(64, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Flatten()(x)
    spread = keras.initializers.RandomNormal(stddev=0.25)  # ten times as wide as Keras' own: section 6 says why
    x = layers.Dense(16, activation="relu", kernel_initializer=spread)(x)
    z_mean = layers.Dense(latent_dim, name="z_mean")(x)
    z_log_var = layers.Dense(latent_dim, name="z_log_var")(x)
    return keras.Model(images, [z_mean, z_log_var], name="encoder")


def conv_decoder(latent_dim=2):
    z = keras.Input((latent_dim,), name="z")
    x = first_decoder_layer(7 * 7 * 64)(z)
    x = layers.Reshape((7, 7, 64))(x)
    x = layers.Conv2DTranspose(64, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2DTranspose(32, 3, strides=2, padding="same", activation="relu")(x)
    logits = layers.Conv2DTranspose(1, 3, padding="same", name="logits")(x)
    return keras.Model(z, logits, name="decoder")


# %%
encoder, decoder = conv_encoder(), conv_decoder()
encoder.summary(line_length=90)
decoder.summary(line_length=90)

# %% [markdown]
# Parameters are what a network stores. What it *computes* is another matter. A weight of a dense layer is used once for
# each image, a weight of a convolution once for each place that the kernel stops at. **Predict:** this network has far
# fewer parameters than that of lesson 02. Does an image take fewer multiplications, too? The figure after the table
# says which layers hold the parameters, and which do the work.

# %% tags=["nbval-check-output"]
def places(layer):
    if isinstance(layer, layers.Conv2D):
        return np.prod(layer.output.shape[1:3])
    if isinstance(layer, layers.Conv2DTranspose):
        return np.prod(layer.input.shape[1:3])  # it scatters from each place of its input
    return 1


def multiplications(network):
    return {layer: int(places(layer) * np.prod(layer.kernel.shape)) for layer in network.layers if layer.weights}


vaes = {"dense, lesson 02": models.dense_vae(), "convolutional": VAE(encoder, decoder)}
print("                    parameters  multiplications for an image")
for name, vae in vaes.items():
    together = sum(multiplications(vae.encoder).values()) + sum(multiplications(vae.decoder).values())
    print(f"{name:19} {vae.count_params():10,} {together:14,}")
assert encoder.count_params() == sum(encoder_by_hand.values()) == 69_076
assert decoder.count_params() == sum(decoder_by_hand.values()) == 65_089
assert vaes["convolutional"].count_params() == 134_165

# %%
fig, panels = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True, layout="constrained")
for network, colour in ((encoder, plotting.CLASS_COLOURS[0]), (decoder, plotting.CLASS_COLOURS[2])):
    for layer, work in multiplications(network).items():
        sizes = " × ".join(str(size) for size in layer.output.shape[1:])
        kind = layer.name if layer.name.startswith("z_") else type(layer).__name__
        label = f"{network.name}: {kind} to {sizes}"
        for ax, value in zip(panels, (layer.count_params(), work), strict=True):
            ax.bar_label(ax.barh(label, value, color=colour), fmt="{:,.0f}", padding=2, fontsize="small")
for ax, title in zip(panels, ("parameters", "multiplications for an image"), strict=True):
    ax.set(title=title, xticks=[])
    ax.margins(x=0.35)
panels[0].invert_yaxis()
plotting.show(fig, alt="Bars for each layer. A dense layer has most parameters, transposed convolutions most work.")

# %% [markdown]
# Few parameters and much arithmetic: keep the two apart when someone calls a network small.
#
# What has to change in the code of lesson 02? Only the two networks. The class `VAE` with its loss takes any encoder
# and any decoder, and stays as it is.

# %%
code_diff.show_diff([models.dense_encoder, models.dense_decoder], [models.conv_encoder, models.conv_decoder])

# %% [markdown]
# **Think!** Both decoders have `first_decoder_layer`, which spreads the bends of its relu units over the plane. In the
# dense network it has 512 units, here 3,136. What are these units now?
#
# <details><summary>Answer</summary>
#
# Each is one channel at one place of a 7 × 7 image. They have weights of their own, shared with no other place: this
# dense layer decides *where* something is drawn. The transposed convolutions after it share their weights, and decide
# what a stroke looks like.
#
# </details>
#
# ## 6. Training
#
# The recipe is that of lesson 02, `training.train`. Time is measured in CPU seconds, which hardly depend on what else
# the machine does. (On a graphics card they miss most of the work: use the clock there.) With the convolutional network
# go two dense ones: one sees each image as often, the other three times as often.
#
# **Predict** from the multiplications: how many times longer will an epoch of the convolutional network take?

# %%
epochs = 2 if digits.name == "mnist" else 35  # the embedded digits are forty times fewer
runs = {}
for name, build, passes in [
    ("dense, same epochs", models.dense_vae, epochs),
    ("dense, 3 times the epochs", models.dense_vae, 3 * epochs),
    ("convolutional", models.conv_vae, epochs),
]:
    keras.utils.set_random_seed(0)
    vae = build()
    start = time.process_time()
    history = training.train(vae, digits.train.images, digits.validation.images, epochs=passes, seed=0)
    runs[name] = (vae, time.process_time() - start)
    print(f"{name}: {runs[name][1] / passes:.1f} CPU seconds an epoch")
conv = runs["convolutional"][0]

# %% [markdown]
# On MNIST the ratio of the times is not far from the ratio of the multiplications. That need not be so on other
# machines, for graphics cards are built for many equal multiplications at once. How good the three networks have become
# is in section 7.
#
# ### Units that die
#
# One line of the encoder still lacks its reason: `spread`, the initial weights of the dense layer of 16. All that the
# encoder passes on goes through these sixteen numbers. Their activation is a relu. Where the weighted sum of a unit is
# negative, the unit is *off*: its output is zero, and no gradient comes through it. A unit that is off for one image
# can learn from another. A unit that is off for all images gets no gradient at all, and as a rule it stays off. It is
# **dead**.
#
# **Predict:** how many of the sixteen are on for at least one of the validation images, before training and after? And
# how many of the 512 relu units of the dense encoder?

# %%
def units_on(vae, images):
    dense = next(layer for layer in vae.encoder.layers if isinstance(layer, layers.Dense))
    outputs = keras.Model(vae.encoder.input, dense.output).predict(images, batch_size=250, verbose=0)
    return np.any(outputs > 0, axis=0)  # True or False for each unit


for name, vae in {
    "convolutional, untrained": untrained,
    "convolutional, section 6": conv,
    "convolutional, course's": shipped_conv,
    "dense, section 6": runs["dense, same epochs"][0],
    "dense, course's weights": weights.load("dense_vae"),
}.items():
    on = units_on(vae, digits.validation.images)
    print(f"{name:24} {on.sum():3} of {len(on)} units")

# %% [markdown]
# Training kills units. A unit here adds up 3,136 inputs, and none of them is negative, since they come out of a relu
# themselves. The gradient of a weight is the gradient of the unit's sum times the weight's input. So for one image the
# gradients of all its weights have the same sign, or are zero: the weights go up together, or down together. And Adam
# divides each gradient by its usual size, so that a small gradient moves a weight about as far as a large one does. The
# sum falls by thousands of small amounts at once, and a few such steps can take it below zero for every image. (The
# layers below go on learning from the units that are left, so now and then a dead unit comes back.)
#
# `spread` draws the initial weights with ten times the standard deviation that Keras would take, $\sqrt{2/(3136+16)}$
# for a layer from 3,136 to 16. The sums of different images are further apart then, and the same step counts for
# less. With Keras' own values fewer units survive. An unlucky seed is left with a single one, and then the encoder
# puts all images on one line of the plane. The code runs all the same, and the loss falls, only not as far. (Lu et
# al. 2020 study dead units in deep networks.)
#
# The dense encoder starts from Keras' own values. On MNIST it has lost units by the hundred, and is none the worse for
# it: of 512, enough are left to find two numbers. Dead units hurt where a layer is narrow.
#
# ## 7. The result
#
# A fair comparison needs a common zero. Lesson 01 gave one: the mean image, which knows nothing about the image at
# hand. What a model gains over it, in nats, we can divide by its parameters and by its CPU seconds. The last two rows
# are the weights that come with the course, trained for longer by `make weights`, each with epochs, batch size and
# learning rate of its own (`weights.describe` tells them). Their seconds are those of that training.
#
# The next cell looks at the test set. From here on nothing is chosen by it. **Predict** the order of the first three
# rows in the column of the loss, and in the last two columns.

# %%
mean_image = (digits.train.images.sum(axis=0) / 255 + 0.5) / (len(digits.train) + 1)
logits = np.log(mean_image / (1 - mean_image))[None]
average_test_image = digits.test.images.mean(axis=0)[None] / 255  # the likelihood's logarithm is linear in x
baseline = -float(losses.bernoulli_log_likelihood(average_test_image, logits)[0])
for name, row_name in (("dense_vae", "dense, course's weights"), ("conv_vae", "convolutional, course's")):
    about = weights.describe(name)
    seconds = about["recipe"]["epochs"] * about["runs"][0]["cpu_seconds_per_epoch"]
    runs[row_name] = (weights.load(name), seconds)
    runs[row_name][0].compile()

# %%
results = {}
print(
    f"test images of {digits.name}; mean image {baseline:.2f} nats                  gain: nats per thousand  nats per"
)
print("                             loss  reconstr.   KL  parameters  CPU s    parameters  CPU second")
for name, (vae, seconds) in runs.items():
    results[name] = result = vae.evaluate(digits.test.images, batch_size=250, verbose=0, return_dict=True)
    gain, size = baseline - result["loss"], vae.count_params()
    print(f"{name:26} {result['loss']:6.2f} {result['reconstruction']:10.2f} {result['kl']:4.1f} {size:11,}", end="")
    print(f" {seconds:6.0f} {1000 * gain / size:13.3f} {gain / seconds:11.2f}")
for name in ("dense_vae", "conv_vae"):
    from_seeds = " ".join(f"{run['loss']:.2f}" for run in weights.describe(name)["runs"])
    print(f"{name}: the course's recipe from three seeds, test loss on MNIST: {from_seeds}")
if digits.name != "mnist":
    print("The course's weights know MNIST. On these other digits their rows say nothing.")

# %%
fig, ax = plt.subplots(figsize=(7.5, 3.2), layout="constrained")
shown = list(runs) if digits.name == "mnist" else list(runs)[:3]
for name in shown:
    is_conv = name.startswith("conv")
    colour, marker = (plotting.CLASS_COLOURS[2], "s") if is_conv else (plotting.CLASS_COLOURS[0], "o")
    ax.plot(runs[name][1], results[name]["loss"], marker, color=colour, markersize=8)
    spot = (runs[name][1], results[name]["loss"])
    ax.annotate(name, spot, xytext=(0, -16 if is_conv else 7), textcoords="offset points", ha="center")
ax.set(xlabel="CPU seconds of training", ylabel="test loss, nats per image", xscale="log")
ax.margins(x=0.2, y=0.2)
points = ", ".join(f"{name} {results[name]['loss']:.1f} nats after {runs[name][1]:.0f} s" for name in shown)
plotting.show(fig, alt=f"Test loss against CPU seconds: {points}.")

# %% [markdown]
# Read the table in three ways.
#
# *By images seen*, rows one and three: on MNIST the two are close, and another seed may turn their order round. *By
# seconds* the dense network is far ahead. With three times as many epochs it is better still, and has used less than
# half of the time. *By parameters* the convolutional network is far ahead, in the short runs and in the long ones. On
# MNIST, trained for long, it is also the better one by its loss, and has taken more than twice the seconds. The lines
# below the table say how far the seed alone moves a result, and that is a lot. The first of the three runs is the one
# in the table, and for both networks it happens to be the best. Smaller differences than those between seeds mean
# nothing. The gap between the two kinds is larger than that: on MNIST all three convolutional runs end below all three
# dense ones.
#
# Do not make too much of the ratios. The first nats are the easiest, so short runs always look good by seconds. And the
# mean image, our zero, has 784 parameters itself. What the table does say: when memory is scarce, or images are large,
# share weights. For a dense network the number of weights grows with the number of pixels in every layer next to the
# image; a kernel of 3 × 3 stays what it is. (The dense layers inside our convolutional network grow, too.) For small
# digits on two processor cores, the dense network is the sensible choice.
#
# The same network elsewhere: the Keras documentation prints 146.95 after 30 epochs, for grey pixels and for training
# and test images pooled ([keras.io](https://keras.io/examples/generative/vae/)). Jake Tae's tutorial (in the references)
# prints 151.33 on the test images, after 12 epochs of batches of 32 and with early stopping on those same images.
# Section 10 looks at what is wrong with that.
#
# **Think!** Which number of ours is to be compared with 146.95?
#
# <details><summary>Answer</summary>
#
# None in this table. Its images were all trained on, and it is a mean over an epoch in which the weights still changed.
# The loss on training images comes nearest; section 9 prints it for the course's weights.
#
# </details>
#
# ## 8. What it has learned
#
# The latent map, as in lesson 02: on MNIST that of the course's weights, which trained for longer, on other digits that
# of your own run. **Predict:** will the pairs of digits that run into each other be the same as with the dense network?

# %%
longest = shipped_conv if digits.name == "mnist" else conv
z_mean, _ = longest.encode(digits.test.images)
plotting.show(plotting.latent_map(z_mean, digits.test.labels, digits.class_names))

# %% [markdown]
# Neighbours are again those that are written alike. On MNIST the picture at the top of the lesson shows the same plane
# decoded. Move the two sliders. **Find out:** cross the border between two digits slowly, say from a 9 to a 7 or from a
# 3 to an 8. Does a stroke *move* over to its new place, or does one fade while another one appears?

# %%
explore.latent_explorer(longest)

# %% [markdown]
# <details><summary>What to look for</summary>
#
# Between digits the strokes mostly fade in and out, as with the dense network. Within a class they do turn and lean, but
# the network has no operation that moves something. The convolutions know what a stroke looks like anywhere; *where* it
# is drawn is decided by the dense layer before them, which has learned each of the 7 × 7 places on its own.
#
# </details>
#
# And the shifts of section 1? Shift all validation images to the right and measure the loss. Neither network has seen
# such images.
#
# **Predict:** which of the two suffers less?

# %%
chosen = ("dense, course's weights", "convolutional, course's")
if digits.name != "mnist":
    chosen = ("dense, 3 times the epochs", "convolutional")
compared = {name.split(",")[0]: runs[name][0] for name in chosen}
shifts = np.arange(5)
fig, ax = plt.subplots(figsize=(6, 2.8), layout="constrained")
for (name, vae), style in zip(compared.items(), ("o-", "s--"), strict=True):
    shifted = [np.roll(digits.validation.images[:1000], shift, axis=2) for shift in shifts]
    curve = [vae.evaluate(images, batch_size=250, verbose=0, return_dict=True)["loss"] for images in shifted]
    ax.plot(shifts, curve, style, label=name)
    print(f"{name:14}", " ".join(f"{value:6.1f}" for value in curve))
ax.set(xlabel="shift to the right, pixels", ylabel="loss, nats per image", xticks=shifts)
ax.legend()
plotting.show(fig, alt="Loss against the shift: both curves rise steeply, to more than twice the loss without a shift.")

# %% [markdown]
# Neither of them copes, and the difference between them is small next to what a few pixels cost. That surprises many.
# After the convolutions comes a flattened image and a dense layer, which knows each place by its weights, and a decoder
# that has never drawn a digit off the centre has no $z$ for one. Sharing weights saves weights. It does not make a
# network that ignores shifts; for that one would train on shifted images, or give up the place on purpose, by averaging
# each channel over all places.
#
# ## 9. What limits it?
#
# Two networks, built on opposite ideas, end within a few nats of each other. Perhaps something other than the layers
# limits the loss. Lesson 02 split a loss into $-\log p(x)$, which depends on the decoder alone, and the gap, which is
# the encoder's error. With two latent dimensions both can be had: average the likelihood of an image over a fine grid
# of points that have equal shares of the prior. The cell does so for training images and for new ones. A network that
# has learned the training images by heart has a lower loss on them.
#
# **Predict** which half of a VAE learns by heart, the encoder or the decoder.

# %%
def minus_log_evidence(vae, images, n=100):
    x = (images / np.float32(255)).reshape(len(images), -1)
    z = plotting.prior_grid(n)
    log_sum = np.full(len(x), -np.inf)
    for start in range(0, len(z), 500):
        logits = np.asarray(vae.decoder(z[start : start + 500])).reshape(-1, 784)
        log_p = x @ logits.T - np.logaddexp(0, logits).sum(axis=1)
        log_sum = np.logaddexp(log_sum, np.logaddexp.reduce(log_p, axis=1))
    return np.log(len(z)) - log_sum


seen, new = digits.train.images[:5000], digits.validation.images
print("nats per image                    loss  = -log p(x) + encoder's gap")
for name, vae in compared.items():
    of_both = minus_log_evidence(vae, np.concatenate([seen, new]))
    parts = {"training images": (seen, of_both[: len(seen)]), "new images": (new, of_both[len(seen) :])}
    for kind, (images, evidence) in parts.items():
        loss = vae.evaluate(images, batch_size=250, verbose=0, return_dict=True)["loss"]
        decoder_part = evidence.mean()
        print(f"{name:13} {kind:15} {loss:10.1f} {decoder_part:13.1f} {loss - decoder_part:15.1f}")

# %% [markdown]
# On MNIST the decoders have learned next to nothing by heart: $-\log p(x)$ is about the same for new images as for
# those of the training. Nearly all the learning by heart is in the encoders. They know where the training images
# belong, and for new ones they have to guess. (Cremer, Li and Duvenaud 2018 take such gaps apart. For this reason the
# recipe of the dense network lets its encoder's weights decay a little.) And the gaps are not little: on new images
# each of them is larger than the whole difference between the two losses. The convolutional decoder is the better one
# by more than that difference, and its encoder loses a part of it again. (The grid leaves out the edge of the prior.
# The few images that lie there get too small a likelihood, seen and new alike, so that all gaps are a little larger
# than printed.)
#
# And the rest? The decoder gets two numbers for each image, whatever comes before and after. Give the dense network of
# the first row in section 7 eight, and leave all else.
#
# **Predict** what six more numbers are worth, next to the few nats between the two kinds of network.

# %%
keras.utils.set_random_seed(0)
eight = models.dense_vae(latent_dim=8)
training.train(eight, digits.train.images, digits.validation.images, epochs=epochs, seed=0)
two = runs["dense, same epochs"][0]
for latent_dim, vae in ((2, two), (8, eight)):
    loss = vae.evaluate(digits.validation.images, batch_size=250, verbose=0, return_dict=True)
    print(f"{latent_dim} latent dimensions: " + ", ".join(f"{name} {value:.1f}" for name, value in loss.items()))

# %%
examples = digits.validation.images[:12]
rows = [examples / np.float32(255), two.decode(two.encode(examples)[0]), eight.decode(eight.encode(examples)[0])]
names = ["original", "2 dimensions", "8 dimensions"]
plotting.show(plotting.image_grid(np.concatenate(rows), columns=12, row_names=names))

# %% [markdown]
# That is what limits both. The KL rises, since eight numbers say more about an image than two, and each nat of it saves
# more than one of reconstruction. On MNIST no choice of layers in this lesson comes near that. The course stays with
# two because two can be drawn.
#
# ## 10. Stopping early, done right
#
# The tutorial of section 7 gave `fit` the test images as validation data, with a rule to stop when their loss had not
# fallen for two epochs. It prints a loss of 151.33 at epoch 12 and ends at epoch 14 with 151.70, and those last weights
# are the ones that draw its pictures. That is two mistakes: the wrong images are watched, and the wrong weights are
# kept.
#
# To see what they cost we need a run that learns by heart, and with two latent dimensions that takes long. So take the
# dense network with eight, only 200 training images, and plain `fit` with Adam at a constant learning rate.
# `EarlyStopping` watches the loss on *validation* images. The callback before it keeps the loss of each of these images
# after each epoch, for later.
#
# **Predict:** will the validation loss rise smoothly once the network overfits?

# %%
few = digits.train.images[:200]
watched = digits.validation.images[:1000]


class Keep(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.losses = []  # one row for each epoch, one column for each validation image

    def on_epoch_end(self, epoch, logs=None):
        logits, z_mean, z_log_var = self.model.predict(watched, batch_size=250, verbose=0)
        reconstruction = -losses.bernoulli_log_likelihood(watched / np.float32(255), logits)
        self.losses.append(np.asarray(reconstruction + losses.gaussian_kl(z_mean, z_log_var)))

    def on_train_end(self, logs=None):
        self.last_weights = self.model.get_weights()  # before EarlyStopping, next in the list, replaces them


keras.utils.set_random_seed(0)
overfitting = models.dense_vae(latent_dim=8)
overfitting.compile(optimizer=keras.optimizers.Adam(2e-3))
keep = Keep()
stopping = keras.callbacks.EarlyStopping(monitor="val_loss", patience=20, restore_best_weights=True)
training_options = {"epochs": 100, "batch_size": 20, "verbose": 0, "callbacks": [keep, stopping]}
curves = overfitting.fit(few, validation_data=(watched,), validation_batch_size=250, **training_options).history

# %%
stopped, best = len(curves["loss"]), int(np.argmin(curves["val_loss"])) + 1
fig, ax = plt.subplots(figsize=(7.5, 3), layout="constrained")
ax.plot(np.arange(1, stopped + 1), curves["loss"], "-", label="training")
ax.plot(np.arange(1, stopped + 1), curves["val_loss"], "--", label="validation")
ax.axvline(best, color="black", linestyle=":", label=f"best epoch, {best}")
ax.set(xlabel="epoch", ylabel="loss, nats per image", ylim=(None, curves["val_loss"][2]))
ax.legend()
plotting.show(fig, alt=f"Training loss falls on; validation loss is lowest after epoch {best} of {stopped}.")

# %%
weights_of = {"last": keep.last_weights, "best": overfitting.get_weights()}
print("weights   validation    test")
for name, values in weights_of.items():
    overfitting.set_weights(values)
    row = [
        np.mean([overfitting.evaluate(images, batch_size=250, verbose=0, return_dict=True)["loss"] for _ in range(3)])
        for images in (watched, digits.test.images)
    ]
    print(f"{name:8} {row[0]:11.2f} {row[1]:7.2f}")

# %% [markdown]
# The training loss falls on and on. The validation loss does not rise smoothly, and hardly rises at all: it stops
# falling, and jumps up and down. What grows is the distance between the two curves.
#
# After the best epoch the run went on for as many epochs as `patience` allows, in case something better came, and
# ended. `restore_best_weights=True` then went back to the best ones. Without it, which is Keras' default, you would
# keep the last. The difference between the rows is what that is worth. Part of it is learning by heart. Another part is
# that the curve jumps up and down: at a constant rate the weights never come to rest, and the last epoch may be a bad
# one. (In older versions of Keras the weights were restored only if the rule had stopped the run, and not when the
# epochs ran out.)
#
# ### Why not watch the test set?
#
# Suppose that we choose the epoch by a set of images, and report the loss on *the same* images. The curve has noise in
# it: other images, another noise. Of many noisy numbers we pick the smallest, and the smallest is more likely to be one
# whose noise is negative. So what we report is too good, on average, even though each single epoch's number is honest.
#
# We can measure by how much. `keep.losses` has the loss of each validation image after each epoch. Draw two groups of
# $n$ images at random, choose the epoch by the first group, and compare the two groups at that epoch. Some images are
# simply harder than others, which has nothing to do with the choice, so we first take away each image's own mean over
# the epochs.
#
# **Predict:** how does the effect change with $n$?

# %%
table = np.stack(keep.losses)
centred = table - table.mean(axis=0)
print("images  the choosing group is too good by")
for n in (10, 30, 70, 200, 500):
    if 2 * n <= table.shape[1]:
        differences = []
        for _ in range(2000):
            order = rng.permutation(table.shape[1])
            chooses, reports = centred[:, order[:n]].mean(axis=1), centred[:, order[n : 2 * n]].mean(axis=1)
            differences.append(reports[chooses.argmin()] - chooses.min())
        error = np.std(differences) / np.sqrt(len(differences))  # of the draws; the images and the run are the same
        print(f"{n:6} {np.mean(differences):10.2f} ± {error:.2f} nats")

# %% [markdown]
# With few images, the set that chose promises nats that others do not get. With larger groups the effect soon shrinks.
# How soon depends on the run. Most of the ups and downs of the curve are no luck of the images, they are common to all
# images. If one epoch is better than all others by more than the noise of a group, all groups agree on it, and the
# effect is gone. If several epochs are nearly equal, noise goes on choosing between them, and the effect falls more
# slowly, at worst about as $1/\sqrt{n}$. Other machines round differently, and may give you either kind of run.
#
# So choosing one of some dozens of epochs by MNIST's ten thousand test images flatters by next to nothing. Two reasons
# for the rule remain. Nobody knows the size of the effect without other images to measure it on. And an epoch is not
# all that is chosen: with the learning rate, the layers, the seed and the fifth idea of the day, choices add up, and no
# fresh images are left to report on.
#
# ### Or do without
#
# The course's `training.train` has no early stopping. Its learning rate falls to zero, so the weights come to rest by
# the end. Below it trains the same network on the same 200 images, for a number of epochs fixed beforehand. (Its peak
# rate is higher, since a rate that falls is near its peak for a short time only.)
#
# **Predict:** is its last epoch closer to the best or to the last one of the run above?

# %%
keras.utils.set_random_seed(0)
scheduled = models.dense_vae(latent_dim=8)
falling = training.train(scheduled, few, watched, epochs=40, batch_size=20, learning_rate=5e-3, seed=0)
fig, ax = plt.subplots(figsize=(7.5, 3), layout="constrained")
lowest = {}
for (name, curve), style in zip({"constant": curves, "falling": falling}.items(), ("--", "-"), strict=True):
    ax.plot(np.arange(1, len(curve["val_loss"]) + 1), curve["val_loss"], style, label=f"{name} learning rate")
    lowest[name] = min(curve["val_loss"])
    print(f"{name:8} rate: lowest {lowest[name]:.2f}, last {curve['val_loss'][-1]:.2f} nats on the validation images")
ax.set(xlabel="epoch", ylabel="validation loss, nats", ylim=(min(lowest.values()) - 3, curves["val_loss"][2]))
ax.legend()
plotting.show(fig, alt="Validation loss by epoch: jagged at a constant rate, smooth towards the end at a falling one.")

# %% [markdown]
# On MNIST the last epoch of the falling rate is within a few nats of the best one of the constant rate, with nothing
# watched and nothing restored. It does not cure the learning by heart: its own lowest loss came earlier. With so few
# images it would have been better to stop there. With many it is the other way round: the small steps at the end bring
# the last nats, and a schedule that is cut short never takes them. So choose the *number* of epochs by the validation
# set, and run a new schedule to its end. With enough images, as in all other lessons, little is left for early stopping
# to do.
#
# ## Recap
#
# A convolution lays the same few weights on every patch, so it needs few of them, and its outputs shift with the image,
# by multiples of the stride. Padding "same" gives sizes $\lceil n/s \rceil$, with the odd zero at the end; the
# transposed convolution multiplies by the transposed matrix and gives $n \cdot s$. Strided transposed convolutions can
# draw checkerboards, the more so if the kernel is no multiple of the stride, and training can remove them. A relu
# unit that is off for all images is dead, and only a higher loss gives it away. The convolutional VAE has far fewer
# parameters than the dense one, needs many times the multiplications, and gets a few nats further when it trains for
# long; more latent numbers are worth far more than that. Stop early by a validation set and restore the best weights,
# or let the learning rate fall to zero.
#
# **Exercise:** [exercise 06](../exercises/06_conv_vae.ipynb) has graded tasks
# on the objectives above, with checks that answer at once.
#
# **Before you go on**, give both strided transposed convolutions of the decoder kernels of 4 × 4. Work out its number
# of parameters by hand, then check. Predict the spectrum of the untrained decoder, and draw it by `row_spectrum`: are
# the peaks gone, and why, or why not? Then work out which of the layers change, and by how many parameters, in
# `models.conv_vae(latent_dim=8)`.
#
# **Next:** [lesson 07](07_conv_cvae.ipynb) gives this network the label, in three ways.
#
# ## References
#
# * Y. LeCun, B. Boser, J. S. Denker, D. Henderson, R. E. Howard, W. Hubbard, L. D. Jackel, *Backpropagation Applied to
#   Handwritten Zip Code Recognition*, Neural Computation 1(4), 1989: convolutions with stride 2 on digits.
# * V. Dumoulin, F. Visin, *A guide to convolution arithmetic for deep learning*, arXiv:1603.07285, 2016: sizes and
#   transposes, with pictures.
# * A. Odena, V. Dumoulin, C. Olah, *[Deconvolution and Checkerboard Artifacts](https://distill.pub/2016/deconv-checkerboard/)*,
#   Distill, 2016.
# * R. Zhang, *Making Convolutional Networks Shift-Invariant Again*, ICML 2019.
# * J. Tae, *[A Step Up with Variational Autoencoders](https://jaketae.github.io/study/vae/)*, 2020: this network with 134,165
#   parameters, and the training log that sections 7 and 10 quote.
# * F. Chollet, *[Variational AutoEncoder](https://keras.io/examples/generative/vae/)*, Keras documentation, 2020: the
#   network of this lesson.
# * L. Prechelt, *Early Stopping – But When?*, in *Neural Networks: Tricks of the Trade*, Springer, 1998.
# * L. Lu, Y. Shin, Y. Su, G. E. Karniadakis, *Dying ReLU and Initialization: Theory and Numerical Examples*,
#   Communications in Computational Physics 28(5), 2020.
# * C. Cremer, X. Li, D. Duvenaud, *Inference Suboptimality in Variational Autoencoders*, ICML 2018.
# * G. C. Cawley, N. L. C. Talbot, *On Over-fitting in Model Selection and Subsequent Selection Bias in Performance
#   Evaluation*, JMLR 11, 2010.
