"""The course's models and recipe."""

import keras
import numpy as np
from turns import BATCH_SIZE, SEED, Turns, arguments

from cvae_utils import models, training
from cvae_utils.data import one_hot

NETWORKS = {
    "dense": models.dense_vae,
    "dense 400-20": lambda: models.dense_vae(latent_dim=20, hidden_units=400),
    "dense conditional": models.dense_cvae,
    "convolutional": models.conv_vae,
}
VALIDATION_IMAGES = 250  # the others have no validation at all
LEARNING_RATES = {"dense 400-20": 5e-3, "convolutional": 8e-3}


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
    turns.ready(model.count_params(), f"Keras {keras.__version__}, NumPy {np.__version__}")
    training.train(
        model,
        inputs("train"),
        validation,
        epochs=epochs,
        batch_size=BATCH_SIZE,
        learning_rate=LEARNING_RATES.get(network, 1e-2),
        seed=SEED,
    )


main()
