"""The course's models: Keras models whose loss is the negative ELBO, in nats per image.

``vae`` has the plain VAE with dense networks, ``cvae`` the conditional one, and ``convolutional`` has convolutional
networks for both. ``completion`` has models of what is missing of an image, given the rest. ``classifier`` has the
judge of what the others draw.
"""

from cvae_utils.models.classifier import conv_classifier
from cvae_utils.models.completion import (
    CompletionCVAE,
    CompletionNetwork,
    check_seen,
    completion_cvae,
    completion_decoder,
    completion_encoder,
    completion_network,
    filled_in,
    gaussian_head,
    quadrant_mask,
)
from cvae_utils.models.convolutional import (
    conditional_conv_decoder,
    conditional_conv_encoder,
    conv_cvae,
    conv_decoder,
    conv_encoder,
    conv_vae,
    film,
)
from cvae_utils.models.cvae import (
    CVAE,
    N_CLASSES,
    check_one_hot,
    conditional_dense_decoder,
    conditional_dense_encoder,
    dense_cvae,
)
from cvae_utils.models.vae import IMAGE_SHAPE, VAE, check_images, dense_decoder, dense_encoder, dense_vae

__all__ = [
    "CVAE",
    "IMAGE_SHAPE",
    "N_CLASSES",
    "VAE",
    "CompletionCVAE",
    "CompletionNetwork",
    "check_images",
    "check_one_hot",
    "check_seen",
    "completion_cvae",
    "completion_decoder",
    "completion_encoder",
    "completion_network",
    "conditional_conv_decoder",
    "conditional_conv_encoder",
    "conditional_dense_decoder",
    "conditional_dense_encoder",
    "conv_classifier",
    "conv_cvae",
    "conv_decoder",
    "conv_encoder",
    "conv_vae",
    "dense_cvae",
    "dense_decoder",
    "dense_encoder",
    "dense_vae",
    "filled_in",
    "film",
    "gaussian_head",
    "quadrant_mask",
]
