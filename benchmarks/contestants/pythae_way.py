"""Pythae's ``VAE`` with its own networks, 784-512-z, and its own trainer: Adam at 0.001, batches of 128."""

import logging
import tempfile
from importlib.metadata import version

import torch
from pythae.data.datasets import BaseDataset
from pythae.models import VAE, VAEConfig
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from pythae.trainers.training_callbacks import TrainingCallback
from turns import BATCH_SIZE, SEED, Turns, arguments

MANY_EPOCHS = 1000  # the driver ends the training


class TakeTurns(TrainingCallback):
    """Let an epoch begin when the driver says so."""

    def __init__(self, turns, test_loss):
        self.turns, self.test_loss = turns, test_loss

    def on_epoch_begin(self, training_config, **kwargs):
        self.turns.begin()

    def on_epoch_end(self, training_config, **kwargs):
        self.turns.end(self.test_loss)


def main():
    _, _, arrays = arguments()
    turns = Turns()
    logging.disable(logging.INFO)
    torch.manual_seed(SEED)
    model = VAE(VAEConfig(input_dim=(1, 28, 28), latent_dim=2, reconstruction_loss="bce"))

    def images(split):
        return torch.from_numpy(arrays[f"{split}_images"]).reshape(-1, 1, 28, 28).float() / 255

    train = images("train")
    parts_of_test = images("test").split(1000)

    def test_loss():
        model.eval()
        with torch.no_grad():
            return sum(model({"data": part}).loss.item() for part in parts_of_test) / len(parts_of_test)

    with tempfile.TemporaryDirectory() as folder:
        trainer = BaseTrainer(
            model=model,
            train_dataset=BaseDataset(train, torch.zeros(len(train))),
            training_config=BaseTrainerConfig(
                output_dir=folder,
                num_epochs=MANY_EPOCHS,
                learning_rate=1e-3,
                per_device_train_batch_size=BATCH_SIZE,
                optimizer_cls="Adam",
                seed=SEED,
                no_cuda=True,
            ),
            callbacks=[TakeTurns(turns, test_loss)],
        )
        parameters = sum(weight.numel() for weight in model.parameters())
        turns.ready(parameters, f"pythae {version('pythae')}, PyTorch {torch.__version__}")
        trainer.train()


main()
