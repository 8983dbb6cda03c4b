"""One latent point, every label at once."""

import numpy as np

from cvae_utils import plotting
from cvae_utils.explore.networks import Networks
from cvae_utils.explore.pictures import strip
from cvae_utils.explore.widget import FURTHEST, Explorer, point_in_words, sweep

COLUMNS = 5
FRAMES = 5
WIDTH_SHOWN = 112 * COLUMNS


class TransferExplorer(Explorer):
    """Sliders for the latent dimensions, and what the decoder makes of their values with each label."""

    movable = ("z",)

    def _start(self):
        self.heading = "Style transfer explorer"
        self.picture_width = WIDTH_SHOWN
        self.labels = np.arange(self.networks.n_classes)
        self.n_classes = 0  # every label is shown: there is none to choose

    def _drawn(self):
        return plotting.tile(self._all_labels(self.z), columns=COLUMNS), (
            f"the labels 0 to {self.labels[-1]}, from the top left, {COLUMNS} in a row: each decoded from "
            f"{point_in_words(self.z)}"
        )

    def _frames(self):
        frames = np.concatenate([self._all_labels(point) for point in sweep(self.z, 0, FRAMES)])
        alt = (
            f"{FRAMES} rows of the labels 0 to {self.labels[-1]}, each row decoded from {point_in_words(self.z)}, but "
            f"for z1, which goes from -{FURTHEST} to {FURTHEST} from row to row. Run the cell for the sliders."
        )
        return strip(frames, columns=len(self.labels)), alt

    def _all_labels(self, z):
        return self.networks.decode(np.tile(z, (len(self.labels), 1)), self.labels)


def transfer_explorer(model):
    """Return sliders for one latent point, with the image that the decoder makes of it for each label.

    Parameters
    ----------
    model : CVAE
        A trained conditional model.

    Returns
    -------
    TransferExplorer
        Its values are in units of the prior's standard deviation.

    Raises
    ------
    TypeError
        If ``model`` is not such a model.
    ValueError
        If the model has no labels.
    """
    if Networks(model).n_classes == 0:
        raise ValueError(
            "this model takes no labels, so there is no style to carry from one to another; "
            'use a conditional model, such as weights.load("dense_cvae"), or latent_explorer'
        )
    return TransferExplorer(model)
