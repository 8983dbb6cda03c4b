"""The course's models and recipe."""

import keras
import numpy as np
from turns import SEED, Turns, arguments

from cvae_utils import models, training
from cvae_utils.data import one_hot

NETWORKS = {
    "dense": models.dense_vae,
    "dense 400-20": lambda: models.dense_vae(latent_dim=20, hidden_units=400),
    "dense conditional": models.dense_cvae,
    "convolutional": models.conv_vae,
    "convolutional conditional": models.conv_cvae,
}
SETTINGS = {
    "dense": {"batch_size": 250, "learning_rate": 2e-2},
    "dense 400-20": {"batch_size": 250, "learning_rate": 1e-2},
    "dense conditional": {"batch_size": 250, "learning_rate": 3e-2},
    "convolutional": {"batch_size": 128, "learning_rate": 8e-3},
    "convolutional conditional": {"batch_size": 128, "learning_rate": 1e-2},
}
VALIDATION_IMAGES = 250  # the others have no validation at all


class TakeTurns(keras.callbacks.Callback):
    """Let an epoch begin when the driver says so; what ``train`` does after it, too, counts as its time."""

    def __init__(self, turns, test_inputs):
        super().__init__()
        self.turns, self.test_inputs = turns, test_inputs

    def on_epoch_begin(self, epoch, logs=None):
        self.turns.begin()

    def on_epoch_end(self, epoch, logs=None):
        self.turns.end(self.test_loss)

    def test_loss(self):
        return self.model.evaluate(self.test_inputs, batch_size=1000, verbose=0, return_dict=True)["loss"]


def main():
    network, epochs, arrays = arguments()
    turns = Turns()
    keras.utils.set_random_seed(SEED)
    model = NETWORKS[network]()

    def inputs(split):
        images = arrays[f"{split}_images"]
        return (images, one_hot(arrays[f"{split}_labels"])) if isinstance(model, models.CVAE) else images

    validation = keras.tree.map_structure(lambda part: part[:VALIDATION_IMAGES], inputs("validation"))
    fit = model.fit
    extra = TakeTurns(turns, inputs("test"))
    model.fit = lambda *given, callbacks, **named: fit(*given, callbacks=[*callbacks, extra], **named)
    settings = SETTINGS[network]
    versions = f"Keras {keras.__version__}, NumPy {np.__version__}"
    turns.ready(model.count_params(), versions, settings["batch_size"])
    training.train(model, inputs("train"), validation, epochs=epochs, **settings, seed=SEED)


main()
