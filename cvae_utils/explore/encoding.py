"""A test image, encoded, and what becomes of it with another label or style."""

import numpy as np

from cvae_utils import data
from cvae_utils.explore.image import ImageExplorer
from cvae_utils.explore.pictures import png, strip
from cvae_utils.explore.widget import FRAMES, FURTHEST, point_in_words, sweep


class EncodingExplorer(ImageExplorer):
    """A test image beside what the decoder makes of its latent point, both of which can be changed.

    Another image is encoded with its own label.
    """

    def reset(self):
        """Go back to where the encoder puts the image, and to its own label."""
        self._take_anew()

    def random(self):
        """Take another image at random."""
        others = np.delete(np.arange(self.n_images), self.image)
        self.image = int(self.rng.choice(others))

    def _start(self):
        self.heading = "Encoding explorer"
        self.random_button = "Random image"
        super()._start()

    def _take_image(self):
        """Encode the image with its own label, and go to that point."""
        image, label = self.test.images[self.image], int(self.test.labels[self.image])
        self.encoded = self.networks.encode(image, label).tolist()
        self.z, self.label = self.encoded, label if self.n_classes else 0
        self.original = png(self._pixels())
        self.original_readout = f"test image {self.image}, label {label}, encoded at {point_in_words(self.encoded)}"

    def _drawn(self):
        means, readout = super()._drawn()
        return means, f"{self.original_readout}; {readout}"

    def _frames(self):
        if self.n_classes:
            points, labels = [self.z] * self.n_classes, range(self.n_classes)
            varied = f"the labels 0 to {self.n_classes - 1}"
        else:
            points, labels = sweep(self.z, 0), [0] * FRAMES
            varied = f"z1 from -{FURTHEST} to {FURTHEST}"
        decoded = [self._means(point, label) for point, label in zip(points, labels, strict=True)]
        frames = np.stack([self._pixels(), *decoded])
        alt = f"{self.original_readout}; beside it, decoded with {varied}. Run the cell to change them."
        return strip(frames, columns=len(frames)), alt


def encoding_explorer(model):
    """Return a test image, encoded, with controls that change its label or its style and decode it again.

    The images are those of ``data.load("auto")``.

    Parameters
    ----------
    model : VAE or CVAE
        A trained model.

    Returns
    -------
    EncodingExplorer
        Its values are in units of the prior's standard deviation.

    Raises
    ------
    TypeError
        If ``model`` is not such a model.
    """
    return EncodingExplorer(model, data.load("auto").test)
