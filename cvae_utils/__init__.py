"""Helpers for the course *From VAE to CVAE*.

Every function that a lesson teaches is written out in that lesson first; this package holds the same code, so that
the next lesson can import it. Import the modules by name, for example ``from cvae_utils import data, models``.
Importing the package alone loads neither Keras nor TensorFlow.
"""

import os

# TensorFlow reads this once, when it is first imported: leave its start-up remarks out of the notebooks.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
