"""Sliders for walking through a latent space."""

from io import BytesIO

import ipywidgets
import numpy as np
from PIL import Image

from cvae_utils.data import one_hot

FURTHEST = 3.0  # standard deviations of the prior: 99.7% of it lies within, in each dimension
PIXELS_SHOWN = 224


def latent_explorer(model):
    """Return a slider for each latent dimension, with the image that the decoder makes of their values.

    For a CVAE there is also a row of buttons that choose the label.

    Parameters
    ----------
    model : VAE or CVAE
        A trained model; its ``decode`` makes the image.

    Returns
    -------
    ipywidgets.Widget
        Leave it on the last line of a cell to show it. The sliders are in units of the prior's standard deviation.
    """
    latent_dim = model.decoder.inputs[0].shape[-1]
    sliders = [
        ipywidgets.FloatSlider(
            value=0, min=-FURTHEST, max=FURTHEST, step=0.1, description=f"z{i + 1}", readout_format=".1f"
        )
        for i in range(latent_dim)
    ]
    conditional = len(model.decoder.inputs) == 2
    n_classes = model.decoder.inputs[1].shape[-1] if conditional else 1
    digit = ipywidgets.ToggleButtons(
        options=[str(label) for label in range(n_classes)],
        value="0",
        description="digit",
        style={"button_width": "2em"},
    )
    controls = [*sliders, digit] if conditional else sliders
    picture = ipywidgets.Image(format="png", width=PIXELS_SHOWN, height=PIXELS_SHOWN)
    picture.layout.object_fit = "contain"
    readout = ipywidgets.Label()

    def draw(_=None):
        z = np.array([[slider.value for slider in sliders]], "float32")
        point = f"z = ({', '.join(f'{value:.1f}' for value in z[0])})"
        if conditional:
            picture.value = png(model.decode(z, one_hot([int(digit.value)]))[0])
            readout.value = f"decoded from {point} and the label {digit.value}"
        else:
            picture.value = png(model.decode(z)[0])
            readout.value = f"decoded from {point}"

    for control in controls:
        control.observe(draw, "value")
    draw()
    return ipywidgets.HBox([ipywidgets.VBox([*controls, readout]), picture])


def png(means):
    """Return an image of pixel means, (28, 28, 1) in [0, 1], as the bytes of an enlarged PNG, black ink on white."""
    pixels = np.uint8(255 * (1 - means[..., 0]))
    file = BytesIO()
    Image.fromarray(pixels).resize((PIXELS_SHOWN, PIXELS_SHOWN), Image.Resampling.NEAREST).save(file, "PNG")
    return file.getvalue()
