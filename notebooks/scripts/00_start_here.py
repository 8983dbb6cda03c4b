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
# # 00 · Start here
#
# This course is about a kind of model that can be asked for *a seven, in this handwriting*, and draws it: the
# conditional variational autoencoder (CVAE). You will build up to it from a plain VAE, one step at a time, and at each
# step you will measure what the step was worth.
#
# **You will be able to**
#
# 1. run a lesson, and get back on your feet when something goes wrong;
# 2. check that your machine has what the course needs;
# 3. move a point through the latent space of a trained model, and say what happens there.
#
# **Time:** 10 minutes. **Before this:** some Python; you have trained a neural network before, in any library.

# %% [markdown]
# ## 1. How a lesson works
#
# A lesson is a notebook: text, code, and the output of the code. Click into a code cell and press **Shift + Enter** to
# run it and go on to the next one. Run the cells from top to bottom; each one may need what the ones above it made.
#
# Three things come back again and again.
#
# * **Predict.** Before a cell whose result may surprise you, there is a question. Answer it before you run the cell, best
#   in writing. A wrong prediction is where you learn most.
# * **Think!** A question with its answer folded away. Open it when you have one of your own.
# * **A slider with a question.** Only moving it gives the answer.
#
# When something seems stuck, use the square *stop* button. When nothing makes sense any more, choose *Kernel → Restart
# Kernel and Run All Cells* from the menu. That is never wrong, and no lesson takes more than a few minutes.
#
# ## 2. Your machine
#
# The first code cell is the same in every lesson. On Colab it installs the course's small package; elsewhere it does
# nothing.

# %%
import sys

if "google.colab" in sys.modules:  # Colab has TensorFlow already: add what it lacks, leave the rest alone
    # %pip install --quiet --no-deps pooch "cvae-course @ git+https://github.com/OWNER/cvae-course"

# %% [markdown]
# Two processor cores and 2 GB of free memory are enough for everything; a graphics card is not needed. The next cell
# loads the course's package, and with it Keras and TensorFlow, which takes a few seconds. If the one after it prints
# versions and no error, your machine is ready.

# %%
from cvae_utils import data, explore, plotting, weights

# %%
import keras
import matplotlib
import numpy as np

print(f"Python {sys.version.split()[0]}, Keras {keras.__version__} on {keras.backend.backend()}")
print(f"NumPy {np.__version__}, Matplotlib {matplotlib.__version__}")

# %% [markdown]
# Now the data: MNIST, handwritten digits. They are fetched once, about 11 MB, and kept. Without a network the cell says
# so and takes a smaller set of digits instead. Every cell still runs then; numbers and pictures differ from those that the
# text speaks of, and the trained models are still those of MNIST.

# %%
digits = data.load("auto")
print(f"{len(digits.train):,} images to train on, {len(digits.test):,} to test with")
plotting.show(
    plotting.image_grid(digits.train.images[:36], columns=12), alt="36 handwritten digits of the training set."
)

# %% [markdown]
# ## 3. A first walk
#
# The course brings trained models along. This one is the convolutional CVAE of lesson 07, where the course's ladder of
# models ends. It draws a digit from a label, which says *what*, and two numbers called $z_1$ and $z_2$, which say *how*.
# Nobody told it what the two numbers should mean.
#
# **Predict:** both sliders start at 0. When you move $z_1$ slowly from one end to the other, will the picture jump
# from one handwriting to another, or change smoothly? Will it stay the same digit?
#
# Then move them, and **find out:** which slider makes the digit lean? Choose a point where the 1 leans strongly to the
# right, and look at the other digits at the same point. (A slider that has the focus can also be moved with the arrow
# keys.)

# %%
cvae = weights.load("conv_cvae")
explore.latent_explorer(cvae)

# %% [markdown]
# <details><summary>What to look for</summary>
#
# The picture never jumps, because the network that draws it is a continuous function of the two numbers, though in places
# it changes fast. It stays the digit that you chose nearly everywhere. Where the 1 leans, most of the other digits lean as
# well: the model has found out by itself that leaning is something that all digits can do. Not everything is shared in
# this way. Lesson 05 measures what is.
#
# </details>
#
# The pair $(z_1, z_2)$ is a point in what is called the **latent space**. The next picture keeps the point and changes the
# label along each row, and goes to another point from row to row.

# %%
angles = 2 * np.pi * np.arange(6) / 6
points = 1.3 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
every_digit = cvae.decode(
    np.repeat(points, 10, axis=0), np.tile(np.eye(10), (6, 1))
)  # each label as a row of the unit matrix
plotting.show(
    plotting.image_grid(every_digit, columns=10, row_names=[f"z = ({a:.1f}, {b:.1f})" for a, b in points]),
    alt="Six rows, one for each latent point, of the digits 0 to 9; within a row they are written in one style.",
)

# %% [markdown]
# **Think!** Suppose that a model has the two numbers but no knob for the digit, and you want it to draw a 7. What would you
# have to do? And what if you like the handwriting of one particular 3, and want a 7 in the same hand?
#
# <details><summary>Answer</summary>
#
# For the 7 you would have to search the latent space for a place where sevens are. The second wish could not be granted:
# which digit it is and how it is written would be mixed in the same two numbers. Lesson 02 builds that model. Telling the
# model the digit, so that the numbers need not hold it, is what *conditional* means.
#
# </details>
#
# ## 4. The way ahead
#
# | lesson | you build |
# | --- | --- |
# | [01 Data and likelihood](01_data_and_likelihood.ipynb) | the number that says how good a model is, and baselines for it |
# | [02 A plain VAE](02_plain_vae.ipynb) | a model that finds two numbers for each image by itself, from derivation to map |
# | [03 The loss, audited](03_the_loss_audited.ipynb) | a test for the loss of any VAE, and eight broken losses, mended |
# | [04 A dense CVAE](04_dense_cvae.ipynb) | the label, into encoder and decoder: a few lines |
# | [05 Exploring the latent space](05_latent_space.ipynb) | one handwriting for all digits, blends, a probe for what is left of the label |
# | [06 A convolutional VAE](06_conv_vae.ipynb) | strided convolutions and their transposes, by hand and in Keras |
# | [07 A convolutional CVAE](07_conv_cvae.ipynb) | the model that you have just walked through, and a table of the whole ladder |
#
# ## Recap
#
# Run cells from top to bottom; predict before you run; when lost, restart and run all. A trained CVAE draws an image from
# a label and a few latent numbers, and moving through these changes the image smoothly.
#
# **Next:** [lesson 01](01_data_and_likelihood.ipynb) asks what it means for such a model to be good.
#
# ## References
#
# * D. P. Kingma, M. Welling, *An Introduction to Variational Autoencoders*, Foundations and Trends in Machine Learning 12(4),
#   2019: the book to have beside this course.
# * D. P. Kingma, D. J. Rezende, S. Mohamed, M. Welling, *Semi-supervised Learning with Deep Generative Models*,
#   NeurIPS 2014: the label as a condition, digit and style apart.
# * K. Sohn, H. Lee, X. Yan, *Learning Structured Output Representation using Deep Conditional Generative Models*,
#   NeurIPS 2015: where the name CVAE comes from.
