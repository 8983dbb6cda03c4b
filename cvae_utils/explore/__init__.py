"""Explorers: move through the latent space of a trained model and see at once what it draws there.

Each of the five takes a model and needs nothing else: four a plain or conditional one, dense or convolutional, and
``completion_explorer`` one that completes images. Leave it on the last line of a cell to show it. All of them can be
used by keyboard alone.

* ``latent_explorer``: a slider for each latent dimension, and buttons for the label.
* ``grid_explorer``: the grid of styles, with the current point marked on it.
* ``transfer_explorer``: one latent point, every label at once.
* ``encoding_explorer``: a test image, encoded, and what becomes of it with another label or style.
* ``completion_explorer``: some quadrants of a test image, and the ways to complete it.
"""

from cvae_utils.explore.completion import completion_explorer
from cvae_utils.explore.encoding import encoding_explorer
from cvae_utils.explore.grid import grid_explorer
from cvae_utils.explore.latent import latent_explorer
from cvae_utils.explore.pictures import PIXELS_SHOWN, png
from cvae_utils.explore.transfer import transfer_explorer

__all__ = [
    "PIXELS_SHOWN",
    "completion_explorer",
    "encoding_explorer",
    "grid_explorer",
    "latent_explorer",
    "png",
    "transfer_explorer",
]
