"""What is shown and kept of a training while it runs."""

import cvae_utils._quiet_start  # noqa: F401

import sys

import keras
from tqdm import tqdm


class Record(keras.callbacks.Callback):
    """Append the losses of each epoch to ``history``."""

    def __init__(self, history):
        super().__init__()
        self.history = history

    def on_epoch_end(self, epoch, logs=None):
        for name, value in logs.items():
            self.history.setdefault(name, []).append(float(value))


class ProgressBar(keras.callbacks.Callback):
    """One bar for the whole training, with the parts of the loss and the time left.

    It is text on standard output, which a terminal, every notebook front end and a saved notebook show alike.
    """

    def on_train_begin(self, logs=None):
        self.bar = None

    def on_epoch_begin(self, epoch, logs=None):
        if self.bar is None:
            steps = self.params["steps"]
            self.bar = tqdm(
                total=self.params["epochs"] * steps,
                initial=epoch * steps,
                unit="step",
                ncols=118,
                file=sys.stdout,
                mininterval=0.5,
                bar_format="{percentage:3.0f}%|{bar:20}| {desc} [{elapsed}, {remaining} left]{postfix}",
            )
        self.done_in_epoch = 0
        self.bar.set_description_str(f"epoch {epoch + 1}/{self.params['epochs']}", refresh=False)

    def on_train_batch_end(self, batch, logs=None):
        if "loss" in logs:
            self.show(logs, "")
        done = min(batch + 1, self.params["steps"])  # a call stands for several steps, of which the last may not exist
        self.bar.update(done - self.done_in_epoch)
        self.done_in_epoch = done

    def on_epoch_end(self, epoch, logs=None):
        self.show(logs, "val_")

    def on_train_end(self, logs=None):
        self.bar.close()

    def show(self, logs, prefix):
        name = "validation loss" if prefix else "loss"
        words = loss_in_words(logs, prefix, hasattr(self.model, "kl_weight"))
        self.bar.set_postfix_str(f"{name} {words}", refresh=False)


def loss_in_words(logs, prefix, may_be_weighted):
    """Return the loss as the sum of its parts, in words, of which the KL may be weighted while it is warmed up.

    For other models the sum is taken for granted; lesson 03 shows a loss for which it does not hold.
    """
    loss = logs[prefix + "loss"]
    if prefix + "kl" not in logs:
        return f"{loss:.1f}"
    reconstruction, kl = logs[prefix + "reconstruction"], logs[prefix + "kl"]
    weight = (loss - reconstruction) / kl if may_be_weighted and kl else 1
    return f"{loss:.1f} = {reconstruction:.1f} + " + ("KL" if weight > 0.995 else f"{weight:.2f} KL") + f" {kl:.1f}"
