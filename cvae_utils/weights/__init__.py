"""Trained weights that ship with the package, so that a lesson can go on from a model that trained for longer.

``manifest.json`` holds, for each of them, the SHA-256 of its file, the recipe that made it and its measured result.
``make weights`` makes them all from nothing.
"""

import hashlib
import json
from pathlib import Path

from cvae_utils import models

FOLDER = Path(__file__).parent
BUILDERS = {
    "dense_vae": models.dense_vae,
    "dense_cvae": models.dense_cvae,
    "conv_vae": models.conv_vae,
    "conv_cvae": models.conv_cvae,
    "completion_cvae": models.completion_cvae,
    "classifier": models.conv_classifier,
}


def load(name):
    """Build a model and give it its trained weights.

    Parameters
    ----------
    name : str
        A name in the manifest, such as ``"dense_vae"``.

    Returns
    -------
    keras.Model
        Ready for ``encode`` and ``decode``; compile it to evaluate it or to train it further. ``"classifier"`` is a
        network from images to the logits of their classes, for ``cvae_utils.evaluation``.

    Raises
    ------
    ValueError
        If there are no such weights, or if their file is not the one that the manifest describes.
    """
    if name not in BUILDERS:
        raise ValueError(f"there are no trained weights named {name!r}; there are: {', '.join(BUILDERS)}")
    file = FOLDER / f"{name}.weights.h5"
    if not file.exists() or sha256(file) != describe(name)["sha256"]:
        raise ValueError(f"{file} is not the file that the course ships; install the package again")
    model = BUILDERS[name]()
    model.load_weights(file)
    return model


def describe(name):
    """Return the manifest's entry for a model, as a dict.

    ``sha256``, ``parameters``, ``recipe``; ``test``, its losses on the test set in nats per image, mean of ten passes;
    and ``runs``, the same for each of several seeds, with the CPU seconds that an epoch took, and in ``evaluation``
    what ``cvae_utils.evaluation`` finds on the test set. For the classifier ``validation`` and ``test`` hold its
    accuracy with its 95% interval. For the model of image completion ``test`` holds estimates of −log p(y|x) for each
    way to prepare the pixels, one entry for each task. Both have one run.
    """
    return json.loads((FOLDER / "manifest.json").read_text())[name]


def sha256(file):
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
