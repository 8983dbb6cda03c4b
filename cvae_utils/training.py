"""The training recipe: Adam under a warm-up and a cosine decay, a progress bar, a graceful interrupt, checkpoints."""

import cvae_utils._quiet_start  # noqa: F401

import contextlib
import json
import math
import os
import signal
import sys
import threading
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from cvae_utils.data import one_hot
from cvae_utils.models import CVAE

WARM_UP_FRACTION = 0.1
EVALUATION_BATCH_SIZE = 1000
STATE_FILE = "state.json"


def train(
    model,
    inputs,
    validation_inputs,
    *,
    epochs,
    batch_size=128,
    learning_rate=1e-2,
    encoder_weight_decay=None,
    seed=0,
    checkpoint=None,
):
    """Train a model with the course's recipe and return its losses, epoch by epoch.

    The learning rate rises linearly over the first tenth of the steps, then falls along a cosine to zero. An interrupt
    (the stop button of a notebook, Ctrl-C in a terminal) ends training after the steps under way and keeps the model; a
    second one stops at once.

    Parameters
    ----------
    model : keras.Model
        One of the course's models. It is compiled here; training starts from the weights that it has.
    inputs, validation_inputs : array, or tuple of arrays of the same length
        What to train on, and what to measure the loss on after each epoch: images, uint8 (n, 28, 28, 1), for a VAE; the
        pair of images and one-hot labels, float32 (n, 10), for a CVAE.
    epochs : int
        Passes over the training images.
    batch_size : int
        Images in one step.
    learning_rate : float
        Peak of the schedule.
    encoder_weight_decay : float, optional
        Share of the encoder's weights that a step takes away, before it is multiplied by the learning rate (decoupled
        weight decay, Loshchilov and Hutter 2019). A VAE that trains for long learns by heart in its encoder and not in
        its decoder; lesson 06 measures it.
    seed : int
        Orders the images and draws the noise. The same seed and the same initial weights give the same result on the
        same machine.
    checkpoint : path, optional
        Folder that keeps the state after each whole epoch. Where it holds the state of the same call already, training
        goes on from there and ends where an uninterrupted run would have ended.

    Returns
    -------
    dict of str to list of float
        ``loss``, ``reconstruction`` and ``kl``, in nats per image, and the same with ``val_`` before them: one entry
        for each epoch, the interrupted one included.

    Raises
    ------
    ValueError
        If ``checkpoint`` holds the state of a different call, or if there is not one label for each image.
    """
    batches = ShuffledBatches(inputs, batch_size, seed)
    schedule = learning_rate_schedule(learning_rate, epochs * len(batches))
    optimizer = keras.optimizers.Adam(schedule, weight_decay=encoder_weight_decay)
    optimizer.exclude_from_weight_decay(var_list=model.decoder.trainable_variables)
    model.compile(
        optimizer=optimizer,
        steps_per_execution=steps_per_execution(len(batches)),
        jit_compile=jit_compile(model),
    )
    model.optimizer.build(model.trainable_variables)  # so that a checkpoint can fill them

    recipe = {
        "model": model.name,
        "parameters": model.count_params(),
        "images": batches.n_images,
        "epochs": int(epochs),  # a NumPy integer could not be written as JSON
        "batch_size": int(batch_size),
        "learning_rate": float(learning_rate),
        "encoder_weight_decay": None if encoder_weight_decay is None else float(encoder_weight_decay),
        "seed": int(seed),
    }
    history = restore(model, checkpoint, recipe) if checkpoint else {}
    epochs_done = len(history.get("loss", []))
    if epochs_done:
        print(f"Going on from {checkpoint}, after epoch {epochs_done} of {epochs}.")
    if epochs_done == epochs:
        return history

    with interrupt_flag() as interrupted:
        model.fit(
            batches,
            validation_data=(validation_inputs,),
            validation_batch_size=EVALUATION_BATCH_SIZE,
            epochs=epochs,
            initial_epoch=epochs_done,
            shuffle=False,  # ShuffledBatches does it, in an order that a resumed run can repeat
            verbose=0,
            callbacks=[
                Reseed(batches, seed),
                StopOnInterrupt(interrupted),
                Record(history),
                *([SaveCheckpoint(checkpoint, recipe, history, interrupted)] if checkpoint else []),
                ProgressBar(),
            ],
        )
    if interrupted.is_set():
        print(interruption_message(len(history["loss"]), epochs, checkpoint))
    return history


def inputs_of(model, split):
    """Return what a model takes of a split of the data: its images, and for a CVAE also their one-hot labels.

    Parameters
    ----------
    model : VAE or CVAE
        One of the course's models.
    split : data.Split
        A part of a data set.

    Returns
    -------
    array, or pair of arrays
        For ``train``, ``evaluate`` and ``predict``.
    """
    return (split.images, one_hot(split.labels)) if isinstance(model, CVAE) else split.images


def learning_rate_schedule(peak, steps):
    """Return a linear rise to ``peak`` over the first tenth of the steps, then a cosine to zero at the last one."""
    warm_up_steps = max(1, round(WARM_UP_FRACTION * steps))
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=peak,
        warmup_steps=warm_up_steps,
        decay_steps=max(1, steps - warm_up_steps),
    )


def steps_per_execution(steps):
    """Return how many of an epoch's steps run at a time: ten save a sixth of the time, while the bar still moves."""
    return min(10, max(1, steps // 20))


def jit_compile(model):
    """Return Keras' own choice, except that TensorFlow's CPU kernels are left to do convolutions: XLA's are slower."""
    convolutional = any(
        isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose)
        for network in (model.encoder, model.decoder)
        for layer in network.layers
    )
    return False if convolutional and keras.backend.backend() == "tensorflow" else "auto"


def train_classifier(classifier, images, labels, *, epochs, batch_size=128, learning_rate=4e-3, seed=0):
    """Train a classifier on images that are moved by up to two pixels, another way in each epoch.

    The optimizer and its schedule are those of ``train``.

    Parameters
    ----------
    classifier : keras.Model
        From uint8 images to logits. It is compiled here.
    images : array, uint8 (n, 28, 28, 1)
        What to learn from.
    labels : array, int (n,)
        Their classes, from 0.
    epochs : int
        Passes over the images.
    batch_size : int
        Images in one step.
    learning_rate : float
        Peak of the schedule.
    seed : int
        Orders and moves the images; the initial weights are not drawn here.

    Raises
    ------
    ValueError
        If there is not one label for each image.
    """
    batches = ShiftedBatches((images, labels), batch_size, seed)
    classifier.compile(
        optimizer=keras.optimizers.Adam(learning_rate_schedule(learning_rate, epochs * len(batches))),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        steps_per_execution=steps_per_execution(len(batches)),
        jit_compile=keras.backend.backend() != "tensorflow",  # see jit_compile below
    )
    classifier.fit(batches, epochs=epochs, shuffle=False, verbose=0)


class ShuffledBatches(keras.utils.PyDataset):
    """Batches of inputs in an order that depends on the seed and the epoch alone, so that a resumed run repeats it."""

    def __init__(self, inputs, batch_size, seed):
        super().__init__()
        lengths = {len(part) for part in keras.tree.flatten(inputs)}
        if len(lengths) > 1:
            raise ValueError(f"the inputs have different lengths, {sorted(lengths)}; give one label for each image")
        self.inputs = inputs
        self.n_images = lengths.pop()
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle(epoch=0)

    def shuffle(self, epoch):
        self.order = np.random.default_rng((self.seed, epoch)).permutation(self.n_images)

    def __len__(self):
        return math.ceil(self.n_images / self.batch_size)

    def __getitem__(self, index):
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        return (keras.tree.map_structure(lambda part: part[chosen], self.inputs),)


class ShiftedBatches(ShuffledBatches):
    """Batches of images and labels, each image moved by up to two pixels in each direction, another way in each epoch.

    What comes in at the border is background.
    """

    SHIFT = 2

    def shuffle(self, epoch):
        super().shuffle(epoch)
        self.epoch = epoch
        self.shifts = np.random.default_rng((self.seed, epoch, 1)).integers(0, 2 * self.SHIFT + 1, (self.n_images, 2))

    def on_epoch_end(self):
        self.shuffle(self.epoch + 1)

    def __getitem__(self, index):
        ((images, labels),) = super().__getitem__(index)
        margin = (self.SHIFT, self.SHIFT)
        padded = np.pad(images[..., 0], ((0, 0), margin, margin))
        windows = np.lib.stride_tricks.sliding_window_view(padded, images.shape[1:3], axis=(1, 2))
        down, right = self.shifts[index * self.batch_size :][: len(images)].T
        return windows[np.arange(len(images)), down, right][..., np.newaxis], labels


class Reseed(keras.callbacks.Callback):
    """Derive the order of the images and the noise of an epoch from the seed and the number of the epoch."""

    def __init__(self, batches, seed):
        super().__init__()
        self.batches = batches
        self.seed = seed

    def on_epoch_begin(self, epoch, logs=None):
        self.batches.shuffle(epoch)
        noise_state = np.random.SeedSequence((self.seed, epoch)).generate_state(2)
        self.model.sampling.seed_generator.state.assign(noise_state)


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
        loss, reconstruction, kl = (logs[prefix + part] for part in ("loss", "reconstruction", "kl"))
        self.bar.set_postfix_str(f"{name} {loss:.1f} = {reconstruction:.1f} + KL {kl:.1f}", refresh=False)


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


class SaveCheckpoint(keras.callbacks.Callback):
    """Write weights, optimizer and history after each whole epoch.

    The file ``state.json`` is replaced last and in one step, so that the folder holds a complete state at any moment.
    """

    def __init__(self, folder, recipe, history, interrupted):
        super().__init__()
        self.folder = Path(folder)
        self.recipe = recipe
        self.history = history
        self.interrupted = interrupted

    def on_train_begin(self, logs=None):
        if not (self.folder / STATE_FILE).exists():  # an interrupted first epoch starts anew from the same weights
            self.save(epochs_done=0)

    def on_epoch_end(self, epoch, logs=None):
        if not self.interrupted.is_set():  # or the epoch may be incomplete
            self.save(epochs_done=epoch + 1)

    def save(self, epochs_done):
        self.folder.mkdir(parents=True, exist_ok=True)
        weights = self.folder / f"epoch_{epochs_done:04d}.weights.h5"
        self.model.save_weights(weights)
        state = {"recipe": self.recipe, "weights": weights.name, "history": self.history}
        draft = self.folder / f"{STATE_FILE}.part"
        draft.write_text(json.dumps(state))
        os.replace(draft, self.folder / STATE_FILE)
        for old in self.folder.glob("epoch_*.weights.h5"):
            if old != weights:
                old.unlink()


def restore(model, folder, recipe):
    """Load the state that ``SaveCheckpoint`` left in ``folder`` into the model and return its history.

    Returns an empty history where the folder holds no state, and refuses the state of another recipe.
    """
    state_file = Path(folder) / STATE_FILE
    if not state_file.exists():
        return {}
    state = json.loads(state_file.read_text())
    different = [name for name in recipe if recipe[name] != state["recipe"].get(name)]
    if different:
        was = ", ".join(f"{name}={state['recipe'].get(name)!r}" for name in different)
        now = ", ".join(f"{name}={recipe[name]!r}" for name in different)
        raise ValueError(
            f"the checkpoint in {folder} was made with {was}, this call has {now}; "
            "use the same settings, or another folder"
        )
    model.load_weights(Path(folder) / state["weights"])
    return state["history"]
