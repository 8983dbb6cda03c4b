"""Which quadrants of an image are seen: the condition of image completion."""

import numpy as np

QUADRANTS = ("top left", "top right", "bottom left", "bottom right")
TASKS = (("bottom left",), ("top left", "bottom left"), ("top left", "top right", "bottom left"))


def seen_flags(quadrants, n):
    """Say which quadrants of n images are seen.

    Parameters
    ----------
    quadrants : sequence of str
        Names of the quadrants that are seen, from ``QUADRANTS``. ``TASKS`` has those of Sohn, Lee and Yan (2015).
    n : int
        Number of images.

    Returns
    -------
    array, float32 (n, 4)
        The same row for each image: 1 for a quadrant that is seen, 0 for one that is missing.

    Raises
    ------
    ValueError
        If a quadrant has another name.
    """
    unknown = set(quadrants) - set(QUADRANTS)
    if unknown:
        raise ValueError(f"there is no quadrant {', '.join(sorted(unknown))}; there are: {', '.join(QUADRANTS)}")
    row = [float(quadrant in quadrants) for quadrant in QUADRANTS]
    return np.tile(np.array(row, "float32"), (n, 1))
