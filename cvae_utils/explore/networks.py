"""The two networks of a model, called in the quickest way that Keras has for a few inputs.

``predict`` sets up a loop over batches at each call, and calling the network as a function runs its layers one by one.
``predict_on_batch`` runs the compiled network, on each of Keras' backends.
"""

import numpy as np

from cvae_utils.data import one_hot


class Networks:
    """The encoder and decoder of a model, for latent points and whole-number labels.

    Parameters
    ----------
    model : VAE or CVAE
        A trained model.

    Attributes
    ----------
    latent_dim : int
    n_classes : int
        0 for a model without labels.

    Raises
    ------
    TypeError
        If the model has no encoder or no decoder, or if it is a model of image completion.
    """

    def __init__(self, model):
        if not (hasattr(model, "encoder") and hasattr(model, "decoder")):
            raise TypeError(
                f"an explorer takes a VAE or a CVAE, with its encoder and its decoder, and got {type(model).__name__}: "
                'give it one that you trained, or weights.load("conv_cvae")'
            )
        if hasattr(model, "prior"):
            raise TypeError(
                f"{type(model).__name__} completes images and takes no labels; show it by completion_explorer(model)"
            )
        self.encoder, self.decoder = model.encoder, model.decoder
        z, *y = self.decoder.inputs
        self.latent_dim = z.shape[-1]
        self.n_classes = y[0].shape[-1] if y else 0

    def decode(self, z, labels):
        """Return pixel means in [0, 1], float32 (n, 28, 28, 1).

        Parameters
        ----------
        z : array or sequence, float (n, latent_dim)
            Latent points, in units of the prior's standard deviation.
        labels : sequence of int, length n
            Ignored by a model without labels.
        """
        return pixel_means(self.decoder.predict_on_batch(self._with_labels(np.asarray(z, "float32"), labels)))

    def encode(self, image, label):
        """Return ``z_mean`` of one image, uint8 (28, 28, 1), as an array (latent_dim,)."""
        z_mean, _ = self.encoder.predict_on_batch(self._with_labels(image[np.newaxis], [label]))
        return np.asarray(z_mean)[0]

    def _with_labels(self, inputs, labels):
        return (inputs, one_hot(np.asarray(labels), self.n_classes)) if self.n_classes else inputs


def pixel_means(logits):
    """Return the pixel means in [0, 1] of a decoder's logits, as an array of the same shape."""
    return (1 + np.tanh(np.asarray(logits) / 2)) / 2  # the logistic function, in a form that cannot overflow
