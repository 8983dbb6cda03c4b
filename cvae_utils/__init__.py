"""Helpers for the course *From VAE to CVAE*.

Every function that a lesson teaches is written out in that lesson first; this package holds the same code, so that
the next lesson can import it. Import the modules by name, for example ``from cvae_utils import data, models``.
Importing the package alone loads neither Keras nor TensorFlow.
"""

import os
import platform

# TensorFlow reads these once, when it is first imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # leave its start-up remarks out of the notebooks
# Intel's oneDNN, also on x86 processors without AVX-512, where TensorFlow leaves it off: an epoch of the dense VAE then
# takes two thirds of the CPU seconds. Elsewhere TensorFlow decides.
if platform.machine() in ("x86_64", "AMD64"):
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
