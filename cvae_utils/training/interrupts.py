"""The stop button: training ends between two steps and the model keeps what it has learned."""

import cvae_utils._quiet_start  # noqa: F401

import contextlib
import signal
import threading

import keras


class StopOnInterrupt(keras.callbacks.Callback):
    """End training after the steps during which the interrupt came."""

    def __init__(self, interrupted):
        super().__init__()
        self.interrupted = interrupted

    def on_train_batch_end(self, batch, logs=None):
        if self.interrupted.is_set():
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):  # the interrupt may come while the validation loss is measured
        self.on_train_batch_end(None)


@contextlib.contextmanager
def interrupt_flag():
    """Turn the first interrupt into a flag that is set; the second one raises KeyboardInterrupt as usual.

    Stopping between two steps matters: on the JAX backend a model interrupted in the middle of one has lost its
    weights.
    """
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only the main thread receives signals
        yield interrupted
        return

    def set_flag(signal_number, frame):
        interrupted.set()
        signal.signal(signal.SIGINT, previous)

    previous = signal.signal(signal.SIGINT, set_flag)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, previous)


def interruption_message(epochs_begun, epochs, checkpoint):
    """Say what an interrupt left: the model, and the way to go on."""
    way_on = (
        f"Run the same call again to go on from the last whole epoch, kept in {checkpoint}."
        if checkpoint
        else "Training it again starts from these weights, with a fresh learning-rate schedule."
    )
    return f"Interrupted in epoch {epochs_begun} of {epochs}. The model keeps what it has learned. {way_on}"
