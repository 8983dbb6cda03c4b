"""What the explorers of a test image share: the choice of the image, and its own picture beside the model's."""

import numpy as np
import traitlets

from cvae_utils.explore.widget import Explorer


class ImageExplorer(Explorer):
    """An explorer that starts from a test image, which the page can change.

    It says in ``_take_image`` what it makes of the image before the first drawing, and whenever it is another.

    Parameters
    ----------
    model : keras.Model
        A trained model.
    test : data.Split
        The images to choose from.

    Attributes
    ----------
    image : int
        Index of the test image. Setting it takes that image, and draws anew.
    original : bytes
        A PNG of what the model gets of the test image.
    original_readout : str
        What that is, in words.
    """

    image = traitlets.Int().tag(sync=True)
    n_images = traitlets.Int().tag(sync=True)
    original = traitlets.Bytes().tag(sync=True)
    original_readout = traitlets.Unicode().tag(sync=True)
    original_caption = traitlets.Unicode("original").tag(sync=True)
    picture_caption = traitlets.Unicode("decoded").tag(sync=True)

    movable = ("z", "label", "image")
    taken_by = ("image",)  # the traits whose change calls for `_take_image`

    def __init__(self, model, test):
        self.test = test
        super().__init__(model)
        self.observe(self._take_anew, self.taken_by)

    def _start(self):
        self.n_images = len(self.test)
        self._take_image()

    def _take_anew(self, _=None):
        with self._error_on_the_page(), self._drawing_once():
            self._take_image()

    def _take_image(self):
        """Set what follows from the image, the original and its readout included."""
        raise NotImplementedError

    def _pixels(self):
        """Return the test image as pixels in [0, 1], float32 (28, 28)."""
        return self.test.images[self.image, ..., 0] / np.float32(255)

    @traitlets.validate("image")
    def _check_image(self, proposal):
        last = len(self.test) - 1
        if not 0 <= proposal.value <= last:
            raise traitlets.TraitError(f"image came as {proposal.value}; the test images are 0 to {last}")
        return proposal.value
