"""A test image of which some quadrants are seen, and what a CVAE with a learned prior makes of the rest."""

import numpy as np
import traitlets

from cvae_utils import data
from cvae_utils.explore.image import ImageExplorer
from cvae_utils.explore.networks import pixel_means
from cvae_utils.explore.pictures import png, strip
from cvae_utils.explore.widget import FRAMES, point_in_words
from cvae_utils.quadrants import TASKS, seen_flags

SLIDERS = 4
REACH = 2.0  # standard deviations to either side, over which it is measured how far a dimension moves the completion
MID_GREY = 0.5  # of what is missing: over so wide an area, neither paper nor ink


class CompletionNetworks:
    """The three networks of a ``CompletionCVAE`` that complete an image, called as ``Networks`` calls its two.

    Parameters
    ----------
    model : CompletionCVAE
        A trained model.

    Attributes
    ----------
    latent_dim : int
    n_classes : int
        The number of tasks, among which the explorer's label chooses.

    Raises
    ------
    TypeError
        If the model has no encoder, no prior or no decoder.
    """

    n_classes = len(TASKS)

    def __init__(self, model):
        if not all(hasattr(model, name) for name in ("encoder", "prior", "decoder")):
            raise TypeError(
                "completion_explorer takes a CompletionCVAE, with its encoder, its prior and its decoder, and got "
                f'{type(model).__name__}: give it one that you trained, or weights.load("completion_cvae")'
            )
        self.encoder, self.prior, self.decoder = model.encoder, model.prior, model.decoder
        self.latent_dim = self.decoder.inputs[0].shape[-1]

    def read(self, image, seen):
        """Return the features of what is seen of an image, and the mean and standard deviation of p(z|x).

        Parameters
        ----------
        image : array, uint8 (28, 28, 1)
        seen : array, float32 (1, 4)
            As ``seen_flags`` makes them.

        Returns
        -------
        tuple of arrays, each float32 (1, n)
        """
        features = self.encoder.predict_on_batch((image[np.newaxis], seen))
        mean, log_var = self.prior.predict_on_batch([features])
        return np.asarray(features), np.asarray(mean), np.exp(np.asarray(log_var) / 2)

    def decode(self, z, features):
        """Return all pixels' means, (n, 28, 28), for n latent points and the features of one image."""
        logits = self.decoder.predict_on_batch([np.float32(z), np.repeat(features, len(z), axis=0)])
        return pixel_means(logits)[..., 0]


class CompletionExplorer(ImageExplorer):
    """The seen quadrants of a test image beside a completion, with sliders for what moves that completion most.

    The label is the index of a task: how many quadrants are seen, less one. The sliders follow the latent dimensions
    along which this completion changes most, and are chosen anew with each image and task; their values are in standard
    deviations of p(z|x) from its mean. All other dimensions stay where they are: at the mean, or where
    ``random`` has drawn them.
    """

    drawn_by = ("z",)
    taken_by = ("image", "label")
    networks_of = CompletionNetworks
    most_sliders = SLIDERS

    def reset(self):
        """Go back to the mean of p(z|x), in all dimensions; image and task stay."""
        self._go_to(np.zeros(self.networks.latent_dim))

    def random(self):
        """Draw all dimensions from p(z|x); image and task stay."""
        self._go_to(self.rng.normal(size=self.networks.latent_dim))

    def _start(self):
        self.heading = "Completion explorer"
        self.label_legend = "quadrants seen"
        self.label_texts = [str(len(task)) for task in TASKS]
        self.original_caption, self.picture_caption = "seen", "completed"
        super()._start()

    def _go_to(self, epsilon):
        with self._drawing_once():
            self.epsilon = epsilon
            self.z = epsilon[self.chosen].tolist()

    def _take_image(self):
        """Read what is seen of the image, choose the dimensions that move it most, and go to the prior's mean."""
        task = TASKS[self.label]
        seen = seen_flags(task, 1)
        mask = np.kron(seen.reshape(2, 2), np.ones((14, 14))) == 1
        taken = mask, self._pixels(), *self.networks.read(self.test.images[self.image], seen)
        self.chosen = self._moving_most(taken)
        self.taken = taken
        self.epsilon = np.zeros(self.networks.latent_dim)
        self.z = [0.0] * self.n_sliders
        self.original = png(self._seen_part())
        label = self.test.labels[self.image]
        self.original_readout = f"test image {self.image}, label {label}, seen: {', '.join(task)}"

    def _moving_most(self, taken):
        """List the dimensions along which the completion changes most, from ``REACH`` below the mean to as far above.

        A change is the sum of squares over the missing pixels; all other dimensions are at the mean.
        """
        reach = REACH * np.eye(self.networks.latent_dim)
        below, above = np.split(self._completions(np.concatenate([-reach, reach]), taken), 2)
        change = np.square(above - below).sum(axis=(1, 2))
        return np.argsort(-change, kind="stable")[: self.n_sliders]

    def _seen_part(self):
        """Return what is seen of the image, the rest grey, as pixel means (28, 28)."""
        seen, pixels, *_ = self.taken
        return np.where(seen, pixels, MID_GREY)

    def _completions(self, epsilon, taken):
        """Return a completion for each row of epsilon, (n, latent_dim), as pixel means (n, 28, 28)."""
        seen, pixels, features, mean, sd = taken
        return np.where(seen, pixels, self.networks.decode(mean + sd * epsilon, features))

    def _drawn(self):
        epsilon = self.epsilon.copy()
        epsilon[self.chosen] = self.z
        others = np.delete(epsilon, self.chosen)
        where = "drawn from the prior" if others.any() else "at the prior's mean"
        readout = f"{self.original_readout}; completed at {point_in_words(self.z)}" + (
            f", the other {len(others)} dimensions {where}" if len(others) else ""
        )
        return self._completions(epsilon[np.newaxis], self.taken)[0], readout

    def _frames(self):
        n = FRAMES - 3
        epsilon = np.random.default_rng(0).normal(size=(n, self.networks.latent_dim))
        completions = self._completions(np.concatenate([np.zeros_like(epsilon[:1]), epsilon]), self.taken)
        _, pixels, *_ = self.taken
        frames = np.stack([self._seen_part(), *completions, pixels])
        alt = (
            f"{self.original_readout}, the rest grey; beside it the completion at the mean of the prior p(z|x), {n} "
            "with z drawn from it, and last the whole image. Run the cell to change them."
        )
        return strip(frames, columns=len(frames)), alt

    @traitlets.validate("label")
    def _check_label(self, proposal):
        if not 0 <= proposal.value < len(TASKS):
            raise traitlets.TraitError(
                f"label came as {proposal.value}; it is 0, 1 or 2, where one, two or three quadrants are seen"
            )
        return proposal.value


def completion_explorer(model):
    """Return a test image of which some quadrants are seen, with controls that move what a model makes of the rest.

    The images are those of ``data.load("auto")``. z1 to z4 are the latent dimensions that move this completion most.

    Parameters
    ----------
    model : CompletionCVAE
        A trained model.

    Returns
    -------
    CompletionExplorer
        Its values are in units of the standard deviation of the learned prior p(z|x).

    Raises
    ------
    TypeError
        If ``model`` is not such a model.
    """
    return CompletionExplorer(model, data.load("auto").test)
