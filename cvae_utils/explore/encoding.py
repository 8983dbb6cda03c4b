"""A test image, encoded, and what becomes of it with another label or style."""

import numpy as np
import traitlets

from cvae_utils import data
from cvae_utils.explore.pictures import png, strip
from cvae_utils.explore.widget import FRAMES, FURTHEST, Explorer, point_in_words, sweep


class EncodingExplorer(Explorer):
    """A test image beside what the decoder makes of its latent point, both of which can be changed.

    Parameters
    ----------
    model : VAE or CVAE
        A trained model.
    test : data.Split
        The images to choose from.

    Attributes
    ----------
    image : int
        Index of the test image. Setting it encodes that image with its own label, and draws anew.
    original : bytes
        A PNG of the test image.
    original_readout : str
        Which image it is, in words.
    """

    image = traitlets.Int().tag(sync=True)
    n_images = traitlets.Int().tag(sync=True)
    original = traitlets.Bytes().tag(sync=True)
    original_readout = traitlets.Unicode().tag(sync=True)

    movable = ("z", "label", "image")

    def __init__(self, model, test):
        self.test = test
        super().__init__(model)
        self.observe(self._encode, "image")

    def reset(self):
        """Go back to where the encoder puts the image, and to its own label."""
        self._encode()

    def random(self):
        """Take another image at random."""
        others = np.delete(np.arange(self.n_images), self.image)
        self.image = int(self.rng.choice(others))

    def _start(self):
        self.heading = "Encoding explorer"
        self.random_button = "Random image"
        self.n_images = len(self.test)
        self._take_image()

    def _encode(self, _=None):
        with self._error_on_the_page(), self._drawing_once():
            self._take_image()

    def _take_image(self):
        """Encode the image with its own label, and go to that point."""
        image, label = self.test.images[self.image], int(self.test.labels[self.image])
        self.encoded = self.networks.encode(image, label).tolist()
        self.z, self.label = self.encoded, label if self.n_classes else 0
        self.original = png(image / np.float32(255))
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
        frames = np.stack([self.test.images[self.image, ..., 0] / np.float32(255), *decoded])
        alt = f"{self.original_readout}; beside it, decoded with {varied}. Run the cell to change them."
        return strip(frames, columns=len(frames)), alt

    @traitlets.validate("image")
    def _check_image(self, proposal):
        last = len(self.test) - 1
        if not 0 <= proposal.value <= last:
            raise traitlets.TraitError(f"image came as {proposal.value}; the test images are 0 to {last}")
        return proposal.value


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
