"""The grid of styles, and a point on it."""

import itertools

import numpy as np
import traitlets

from cvae_utils import plotting
from cvae_utils.explore.pictures import png
from cvae_utils.explore.widget import FURTHEST, Explorer

SIDE = 13  # images along each side: half a standard deviation from one to the next


class GridExplorer(Explorer):
    """The decoded images of a grid over z1 and z2, the current point marked on it, and the image of that point.

    Attributes
    ----------
    grid : bytes
        A PNG of the grid, one row of it where there is one latent dimension.
    grid_readout : str
        What the grid shows, in words.
    """

    grid = traitlets.Bytes().tag(sync=True)
    grid_readout = traitlets.Unicode().tag(sync=True)
    grid_side = traitlets.Int(SIDE).tag(sync=True)

    def _start(self):
        self.heading = "Style grid explorer"
        self.grids = {}

    def _drawn(self):
        drawn = super()._drawn()
        self.grid = self._grid_png()
        axes = "z1 grows to the right" + (", z2 upwards" if len(self.z) > 1 else "")
        self.grid_readout = f"The style grid: {axes}, from -{FURTHEST} to {FURTHEST}" + (
            f"; label {self.label}" if self.n_classes else ""
        )
        return drawn

    def _frames(self):
        return self._grid_means(), f"{self.grid_readout}. Run the cell to move a point on it."

    def _grid_png(self):
        """Return the grid as a PNG; it is decoded once for each label and each place in the other dimensions."""
        place = (self.label, *self.z[2:])
        if place not in self.grids:
            if place[1:] != next(iter(self.grids), place)[1:]:
                self.grids.clear()  # or a walk through the other dimensions would fill the memory
            self.grids[place] = png(self._grid_means())
        return self.grids[place]

    def _grid_means(self):
        points = self._grid_points()
        return plotting.tile(self.networks.decode(points, [self.label] * len(points)), columns=SIDE)

    def _grid_points(self):
        """List the points of the grid, row by row from the top: z1 grows to the right, z2 upwards."""
        along = np.linspace(-FURTHEST, FURTHEST, SIDE)
        if len(self.z) == 1:
            return along[:, np.newaxis]
        return [(z_1, z_2, *self.z[2:]) for z_2, z_1 in itertools.product(along[::-1], along)]


def grid_explorer(model):
    """Return the style grid as a pad: click on it, or use arrow keys or sliders, to move the point that is decoded.

    The grid spans the first two latent dimensions. Any others have a slider each, and the grid follows them.

    Parameters
    ----------
    model : VAE or CVAE
        A trained model.

    Returns
    -------
    GridExplorer
        Its values are in units of the prior's standard deviation.

    Raises
    ------
    TypeError
        If ``model`` is not such a model.
    """
    return GridExplorer(model)
