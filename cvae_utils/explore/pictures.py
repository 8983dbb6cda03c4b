"""Small pictures, made quickly."""

from io import BytesIO

import numpy as np
from PIL import Image

from cvae_utils.plotting import tile

PIXELS_SHOWN = 224  # width of one image on the page: eight times its own


def png(means):
    """Return pixel means as the bytes of a PNG, black ink on white, at their own size: the page enlarges it.

    Parameters
    ----------
    means : array, float (height, width) or (height, width, 1)
        Pixel means in [0, 1].

    Returns
    -------
    bytes
    """
    pixels = np.uint8(np.rint(255 * (1 - means.reshape(means.shape[:2]))))
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)  # a higher level takes longer than decoding
    return file.getvalue()


def strip(frames, columns):
    """Return frames, pixel means (n, height, width), side by side at twice their size, as pixel means."""
    return tile(frames, columns).repeat(2, axis=0).repeat(2, axis=1)
