"""What the explorers share: the widget between the page and the model."""

import contextlib
import math
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from cvae_utils import plotting
from cvae_utils.explore.networks import Networks
from cvae_utils.explore.pictures import PIXELS_SHOWN, png

HERE = Path(__file__).parent
FURTHEST = 3.0  # standard deviations of the prior: 99.7% of it lies within, in each dimension
FRAMES = 9  # of a strip, from one end of a latent dimension to the other


class Explorer(anywidget.AnyWidget):
    """A widget that shows what a model makes of a latent point and a label.

    An explorer says what it draws in ``_drawn``, and what stands in its place on a page without a kernel in
    ``_frames``.

    Parameters
    ----------
    model : keras.Model
        A trained model.

    Attributes
    ----------
    z : list of float, one for each slider
        The point, in units of the prior's standard deviation. Setting it draws anew.
    label : int
        Setting it draws anew. 0 for a model without labels.
    picture : bytes
        A PNG of what the model makes of them.
    readout : str
        What the picture shows, in words.
    error : str
        Why there is no picture of the current point; empty when there is one.

    Notes
    -----
    The page never changes a trait: it sends a message, and the kernel changes the traits, draws, and answers with the
    message's number. The page sends its next message, with the newest values, only after that answer.
    """

    _esm = HERE / "explorer.js"
    _css = HERE / "explorer.css"
    _ipython_display_ = None  # that of ipywidgets 7 would take the place of `_repr_mimebundle_`

    z = traitlets.List(traitlets.Float()).tag(sync=True)
    label = traitlets.Int().tag(sync=True)
    picture = traitlets.Bytes().tag(sync=True)
    readout = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)

    # What the page has to know once.
    heading = traitlets.Unicode().tag(sync=True)
    furthest = traitlets.Float(FURTHEST).tag(sync=True)
    n_classes = traitlets.Int().tag(sync=True)
    label_legend = traitlets.Unicode("label").tag(sync=True)
    label_texts = traitlets.List(traitlets.Unicode()).tag(sync=True)
    picture_width = traitlets.Int(PIXELS_SHOWN).tag(sync=True)
    random_button = traitlets.Unicode("Random z").tag(sync=True)

    movable = ("z", "label")  # the traits that the page may move
    drawn_by = ("z", "label")  # the traits whose change calls for another picture
    networks_of = Networks  # how the model is called
    most_sliders = math.inf  # one for each latent dimension

    def __init__(self, model):
        self.networks = self.networks_of(model)
        self.rng = np.random.default_rng()
        self.n_sliders = min(self.networks.latent_dim, self.most_sliders)
        n_classes = self.networks.n_classes
        super().__init__(z=[0.0] * self.n_sliders, n_classes=n_classes, label_texts=[str(i) for i in range(n_classes)])
        self._start()
        self._show(*self._drawn())  # what fails here fails in the learner's cell
        self.observe(self._draw, self.drawn_by)
        self.on_msg(self._answer)

    def reset(self):
        """Go back to the beginning: the prior's mean and the label 0."""
        with self._drawing_once():
            self.z, self.label = [0.0] * len(self.z), 0

    def random(self):
        """Go to a point drawn from the prior; the label stays."""
        self.z = self.rng.normal(size=len(self.z)).tolist()

    def _start(self):
        """Set what an explorer needs before its first drawing."""

    def _drawn(self):
        """Return the picture, pixel means (height, width), and its readout."""
        return self._means(self.z, self.label), f"decoded from {self._in_words()}"

    def _frames(self):
        """Return a strip of frames, pixel means (height, width), and its alt text."""
        raise NotImplementedError

    def _means(self, z, label):
        """Return the picture of a point and a label, pixel means (28, 28)."""
        return self.networks.decode([z], [label])[0, ..., 0]

    def _in_words(self):
        return point_in_words(self.z) + (f" and the label {self.label}" if self.n_classes else "")

    def _show(self, means, readout):
        with self.hold_sync():
            self.picture, self.readout, self.error = png(means), readout, ""

    def _draw(self, _=None):
        with self._error_on_the_page():
            self._show(*self._drawn())

    @contextlib.contextmanager
    def _drawing_once(self):
        """Draw once, after several changes."""
        self.unobserve(self._draw, self.drawn_by)
        try:
            yield
        finally:
            self.observe(self._draw, self.drawn_by)
        self._draw()  # not after an error, which it would clear

    @contextlib.contextmanager
    def _error_on_the_page(self):
        """Show an error in the widget, because a notebook has no place for what is raised in a callback."""
        try:
            yield
        except Exception as error:
            message = str(error).strip().splitlines()
            self.error = ": ".join([type(error).__name__, *message[:1]])

    def _answer(self, _, content, buffers):
        """Do what the page asks for, and say that it is done."""
        try:
            with self._error_on_the_page(), self.hold_sync():
                self._obey(content)
        finally:  # without an answer the page would wait for ever
            self.send({"view": content["view"], "answered": content["number"]})

    def _obey(self, content):
        if "button" in content:
            {"reset": self.reset, "random": self.random}[content["button"]]()
        for name in self.movable:
            if name in content:
                setattr(self, name, content[name])

    @traitlets.validate("z")
    def _check_z(self, proposal):
        z, n = proposal.value, self.n_sliders
        if len(z) != n or not all(map(math.isfinite, z)):
            raise traitlets.TraitError(f"z came as {z}; it takes {n} finite numbers, one for each slider")
        return z

    @traitlets.validate("label")
    def _check_label(self, proposal):
        last = max(self.networks.n_classes - 1, 0)
        if not 0 <= proposal.value <= last:
            raise traitlets.TraitError(f"label came as {proposal.value}; the labels of this model are 0 to {last}")
        return proposal.value

    def _repr_mimebundle_(self, **kwargs):
        """Return the live widget, and the strip of frames for a page without a kernel."""
        live, live_metadata = super()._repr_mimebundle_(**kwargs)
        means, alt = self._frames()
        strip, metadata = plotting.picture_bundle(png(means), alt)
        return {**live, **strip}, {**metadata, **live_metadata}


def point_in_words(z):
    """Return a latent point as text, its values to one decimal."""
    return f"z = ({', '.join(f'{round(value, 1) + 0.0:.1f}' for value in z)})"  # + 0.0 turns -0.0 into 0.0


def sweep(z, dimension, n=FRAMES):
    """Return n points from one end of a latent dimension to the other, the other dimensions as in ``z``."""
    points = np.tile(np.asarray(z, "float32"), (n, 1))
    points[:, dimension] = np.linspace(-FURTHEST, FURTHEST, n)
    return points
