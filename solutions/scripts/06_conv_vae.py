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
# # Exercise 06 · A convolutional VAE
#
# Five graded tasks and an open one, on the objectives of [lesson 06](../notebooks/06_conv_vae.ipynb): output sizes
# (6.1), a transposed convolution by hand, and what a shift does to it (6.2), the checkerboard (6.3), parameters and
# multiplications (6.4), and early stopping (6.5). **Time:** 40 minutes.
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

from cvae_utils import models
from cvae_utils.checks import conv_vae as check

# %% [markdown]
# ## Task 6.1 · Four output sizes (2 points)
#
# The lesson gives the output size for padding "same", of a strided convolution and of a transposed one. Keras knows a
# second padding, "valid", which is none at all. On the way down, the kernel then stops only where all of it lies on the
# image. On the way up, nothing is cut off: the output holds all copies of the kernel, whole. Write the size for all
# four cases. The kernel is never smaller than the stride, and never larger than an image on the way down.

# %% nbgrader={"grade": false, "grade_id": "task-6-1", "locked": false, "schema_version": 3, "solution": true, "task": false}
def output_size(n, kernel, stride, padding, transposed):
    """Return the output size for input size n; padding is "same" or "valid", transposed is True or False."""
    ### BEGIN SOLUTION
    if transposed:
        return n * stride if padding == "same" else (n - 1) * stride + kernel
    return -(-n // stride) if padding == "same" else (n - kernel) // stride + 1
    ### END SOLUTION


# %% tags=["nbval-check-output"]
down = output_size(28, 3, 2, "same", False)
print("your sizes of the lesson's encoder:", down, output_size(down, 3, 2, "same", False), "    expected: 14 and 7")
print("your size for a kernel as large as the image:", output_size(5, 5, 3, "valid", False), "    expected: 1")
print("your size for one pixel on the way up:", output_size(1, 5, 3, "valid", True), "    expected: 5, one copy")

# %% nbgrader={"grade": true, "grade_id": "check-6-1", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check.output_size(output_size)

# %% [markdown]
# ## Task 6.2 · A transposed convolution in two dimensions (3 points)
#
# The lesson writes a transposed convolution as a matrix, in one dimension and with one channel. A decoder's layer works
# on images with several channels. Its kernel has shape (k, k, channels out, channels in), as in Keras: for each pair of
# a channel out and a channel in, a square of weights. Write the layer in NumPy, for one image and without a bias, with
# padding "same" and square kernels that are no smaller than the stride. Keras' `Conv2DTranspose` cuts as the lesson
# says, and your values should be its values.

# %% nbgrader={"grade": false, "grade_id": "task-6-2", "locked": false, "schema_version": 3, "solution": true, "task": false}
def transposed_convolution(x, kernel, stride):
    """Return shape (height·stride, width·stride, channels_out) for x of shape (height, width, channels_in)."""
    ### BEGIN SOLUTION
    height, width, _ = x.shape
    k, _, channels_out, _ = kernel.shape
    whole = np.zeros(((height - 1) * stride + k, (width - 1) * stride + k, channels_out))
    for i in range(height):
        for j in range(width):
            whole[i * stride : i * stride + k, j * stride : j * stride + k] += kernel @ x[i, j]
    before = (k - stride) // 2
    return whole[before : before + height * stride, before : before + width * stride]
    ### END SOLUTION


# %% tags=["nbval-check-output"]
dots, weights = np.zeros((4, 4, 1)), np.arange(1.0, 10.0).reshape(3, 3, 1, 1)
dots[1, 1], dots[1, 2] = 1, 10
image = np.asarray(transposed_convolution(dots, weights, 2))
print("your values for two pixels, 1 and 10:")
print(image[:, :, 0].astype(int))
print("expected: two copies of the kernel, two columns apart, the right one times 10, and their sum where they overlap")
moved = transposed_convolution(np.roll(dots, 1, axis=0), weights, 2)
same = np.array_equal(moved, np.roll(image, 2, axis=0))
print("image shifted by 1, output shifted by 2:", same, "    expected: True")

# %% nbgrader={"grade": true, "grade_id": "check-6-2", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.transposed_convolution(transposed_convolution)

# %% [markdown]
# ## Task 6.3 · The checkerboard of a given kernel (2 points)
#
# The lesson counts hits: all weights are 1. Real weights differ, and so even hits are no guarantee of an even image.
# Take a transposed convolution of one channel, without padding, in which all inputs are 1. Away from the edges its
# output repeats every $s$ pixels, in both directions, where $s$ is the stride. So a block of $s \times s$ numbers says
# it all, and there is no checkerboard if they are equal. Write the function that returns this block. Entry $[a, b]$
# is the output in the rows $a,\ a + s,\ a + 2s, \dots$ and the columns $b,\ b + s,\ b + 2s, \dots$, as far as they lie
# inside. Here the kernel may be smaller than the stride.

# %% nbgrader={"grade": false, "grade_id": "task-6-3", "locked": false, "schema_version": 3, "solution": true, "task": false}
def inner_pattern(kernel, stride):
    """Return the repeating block of outputs, shape (stride, stride), for a kernel of shape (k, k)."""
    ### BEGIN SOLUTION
    return np.array([[kernel[a::stride, b::stride].sum() for b in range(stride)] for a in range(stride)])
    ### END SOLUTION


# %% tags=["nbval-check-output"]
for k in (2, 3, 4):
    print(f"your block for {k} × {k} weights of 1, stride 2:", np.asarray(inner_pattern(np.ones((k, k)), 2)).tolist())
print("expected: the hits of the lesson's figure, uneven for kernel 3 only")
tent = np.outer([0.5, 1, 0.5], [0.5, 1, 0.5])
print("your block for the kernel")
print(tent)
print("is", np.asarray(inner_pattern(tent, 2)).tolist(), "    expected: even, although the hits are not")

# %% nbgrader={"grade": true, "grade_id": "check-6-3", "locked": true, "points": 2, "schema_version": 3, "solution": false, "task": false}
check.inner_pattern(inner_pattern)

# %% [markdown]
# ## Task 6.4 · What a network costs (3 points)
#
# Before you build a network you can know what it costs. Here a network is a list of layers, each a tuple:
#
# * `("conv", channels, kernel, stride)` is a convolution with so many channels out, a square kernel and padding "same";
# * `("transposed", channels, kernel, stride)` is a transposed one;
# * `("dense", units)` first flattens what it gets.
#
# All layers have biases. Count the parameters, biases included, and the multiplications for one image, both as the
# lesson does. After a dense layer come only dense ones.

# %% nbgrader={"grade": false, "grade_id": "task-6-4", "locked": false, "schema_version": 3, "solution": true, "task": false}
def network_cost(shape, network):
    """Return (parameters, multiplications); shape is that of the input, (height, width, channels)."""
    ### BEGIN SOLUTION
    parameters = multiplications = 0
    for kind, units, *window in network:
        if kind == "dense":
            weights, places, shape = np.prod(shape) * units, 1, (units,)
        else:
            kernel, stride = window
            height, width, channels = shape
            weights = kernel * kernel * channels * units
            if kind == "conv":
                height, width = -(-height // stride), -(-width // stride)
            places = height * width
            if kind == "transposed":
                height, width = height * stride, width * stride
            shape = (height, width, units)
        parameters += weights + units
        multiplications += weights * places
    return parameters, multiplications
    ### END SOLUTION


# %% tags=["nbval-check-output"]
two_heads_in_one = ("dense", 4)
encoder = [("conv", 32, 3, 2), ("conv", 64, 3, 2), ("dense", 16), two_heads_in_one]
print(f"your parameters of the lesson's encoder: {network_cost((28, 28, 1), encoder)[0]:,}")
print(f"expected: {models.conv_encoder().count_params():,}")
_, down = network_cost((28, 28, 3), [("conv", 5, 4, 2)])
_, up = network_cost((14, 14, 5), [("transposed", 3, 4, 2)])
print(f"your multiplications from 28 × 28 to 14 × 14: {down:,}, and of the way back: {up:,}")
print("expected: the same, for the way back is the transposed matrix")

# %% nbgrader={"grade": true, "grade_id": "check-6-4", "locked": true, "points": 3, "schema_version": 3, "solution": false, "task": false}
check.network_cost(network_cost)

# %% [markdown]
# ## Task 6.5 · Find the bug: early stopping (4 points)
#
# This function was put together from several training scripts. It gets the losses after each epoch of a run, on the
# validation images and on the test images, and replays early stopping. It returns three numbers: the epoch after which
# the run stops, the epoch whose weights are kept, and the test loss to be reported for them. Epochs count from 1. A run
# can also end because there are no more epochs.

# %% nbgrader={"grade": false, "grade_id": "given-6-5", "locked": true, "schema_version": 3, "solution": false, "task": false}
def buggy_early_stopping(validation_losses, test_losses, patience):
    waited = 0
    for epoch in range(2, len(test_losses) + 1):
        better = test_losses[epoch - 1] < test_losses[epoch - 2]
        waited = 0 if better else waited + 1
        if waited == patience:
            break
    return epoch, epoch, min(test_losses[:epoch])


validation_losses = [190.1, 172.4, 166.3, 169.0, 165.2, 168.5, 166.4, 169.1, 167.3, 170.6, 168.2, 171.7]
test_losses = [191.5, 174.2, 167.7, 169.9, 167.1, 169.3, 165.8, 171.0, 168.6, 172.4, 169.5, 173.3]
stopped, kept, report = buggy_early_stopping(validation_losses, test_losses, patience=3)
print(f"with patience 3 it stops after epoch {stopped} and keeps the weights of epoch {kept}")
print(f"it reports {report}; a user of these weights will measure {test_losses[kept - 1]}")

# %% [markdown]
# There are four mistakes in it. `patience` is not one of them: it means that the run stops as soon as so many epochs in
# a row have brought no improvement. An equal loss is no improvement. Every run has at least two epochs. Write
# `mended_early_stopping`.

# %% nbgrader={"grade": false, "grade_id": "task-6-5", "locked": false, "schema_version": 3, "solution": true, "task": false}
def mended_early_stopping(validation_losses, test_losses, patience):
    """Return (epoch of the stop, epoch kept, loss to report) for two lists of the same length, one loss an epoch."""
    ### BEGIN SOLUTION
    best = 1
    for epoch in range(2, len(validation_losses) + 1):
        if validation_losses[epoch - 1] < validation_losses[best - 1]:
            best = epoch
        if epoch - best == patience:
            break
    return epoch, best, test_losses[best - 1]
    ### END SOLUTION


# %% tags=["nbval-check-output"]
stopped, kept, report = mended_early_stopping(validation_losses, test_losses, 3)
print(f"your run stops after epoch {stopped}, keeps epoch {kept} and reports {report}")
print(f"expected: what is reported is the test loss of what is kept, {test_losses[kept - 1]}")
others = mended_early_stopping(validation_losses, test_losses[::-1], 3)[:2]
print("your two epochs with other test losses:", *others, "    expected: as before")
print("your two epochs if it only gets worse:", *mended_early_stopping([1, 2, 3, 4], [1, 1, 1, 1], 2)[:2], end="")
print("    expected: 3 1")

# %% nbgrader={"grade": true, "grade_id": "check-6-5", "locked": true, "points": 4, "schema_version": 3, "solution": false, "task": false}
check.mended_early_stopping(mended_early_stopping)

# %% [markdown]
# ## Open task · Enlarge first, convolve after
#
# Odena, Dumoulin and Olah advise to enlarge the image first, for example by `layers.UpSampling2D(2)`, and then to
# convolve with stride 1. Build the decoder of the lesson that way, with the same channels, kernels and activations. Put
# it into a `VAE` with the lesson's encoder. Compare the two: parameters, multiplications, the spectrum before training
# by the lesson's `row_spectrum`, and after some training the loss and the CPU seconds. **Predict** each before you
# look. Which of the two would you use? Write your answer
# in the cell below, and code in new cells after it.

# %% [markdown] nbgrader={"grade": true, "grade_id": "open-6", "locked": false, "points": 0, "schema_version": 3, "solution": true, "task": false}
# `UpSampling2D` has no parameters, and a kernel has as many weights either way, so both decoders have the same number
# of parameters. But a convolution after the enlargement stops at each place of the larger image, where the transposed
# one starts from each place of the smaller: four times the multiplications in both layers that enlarge. Before training
# the lesson's decoder has peaks at one half and at one quarter; with enlarging first they are gone. What is left falls
# off towards high frequencies: neighbours that are copies or averages of each other hold little of them.
#
# After training there is little to gain, since training removes the peaks of the lesson's decoder anyway. We trained
# both on ten thousand MNIST images for a few epochs: the losses were closer to each other than those of two seeds of
# the same network often are, and the enlarging decoder took more than twice the CPU seconds. So for these digits the
# transposed convolution is the better deal. On larger and more colourful images, where a grid is seen at once, the
# other may be worth its price. What to look for in an answer: the factor four *with a reason*, spectra of both before
# *and* after training, losses on validation images, and no conclusion from a difference that another seed would turn
# round.
