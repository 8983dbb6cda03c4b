"""A slider for each latent dimension."""

import numpy as np

from cvae_utils.explore.pictures import strip
from cvae_utils.explore.widget import FRAMES, FURTHEST, Explorer, sweep


class LatentExplorer(Explorer):
    """A slider for each latent dimension and buttons for the label; the decoded image beside them."""

    def _start(self):
        self.heading = "Latent explorer"

    def _frames(self):
        rows = min(2, len(self.z))
        points = [point for dimension in range(rows) for point in sweep(self.z, dimension)]
        frames = np.stack([self._means(point, self.label) for point in points])
        names = " and ".join(f"z{i + 1}" for i in range(rows))
        alt = (
            f"A strip of {FRAMES} frames for each of {names}, which goes from -{FURTHEST} to {FURTHEST}; otherwise "
            f"{self.readout}. Run the cell for the sliders."
        )
        return strip(frames, columns=FRAMES), alt


def latent_explorer(model):
    """Return a slider for each latent dimension, with the image that the decoder makes of their values.

    For a CVAE there are also buttons that choose the label.

    Parameters
    ----------
    model : VAE or CVAE
        A trained model.

    Returns
    -------
    LatentExplorer
        Its values are in units of the prior's standard deviation.

    Raises
    ------
    TypeError
        If ``model`` is not such a model.
    """
    return LatentExplorer(model)
