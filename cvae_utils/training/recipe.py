"""The training recipe: Adam under a warm-up and a cosine decay."""

import cvae_utils._quiet_start  # noqa: F401

import keras
import numpy as np

from cvae_utils.data import one_hot
from cvae_utils.models import CVAE
from cvae_utils.training.batches import CompletionBatches, ShiftedBatches, ShuffledBatches, draw_tasks, ready_to_fit
from cvae_utils.training.checkpoints import SaveCheckpoint, restore
from cvae_utils.training.interrupts import StopOnInterrupt, interrupt_flag, interruption_message
from cvae_utils.training.optimizer import Adam
from cvae_utils.training.progress import ProgressBar, Record

WARM_UP_FRACTION = 0.1
EVALUATION_BATCH_SIZE = 250  # the outputs of the layers of `conv_vae` alone take 0.2 MB for an image


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
    return fit(model, batches, validation_inputs, epochs, learning_rate, encoder_weight_decay, checkpoint)


def train_completion(
    model,
    images,
    validation_images,
    *,
    epochs,
    batch_size=256,
    learning_rate=2e-3,
    encoder_weight_decay=None,
    kl_warm_up=0,
    seed=0,
    checkpoint=None,
):
    """Train a model of image completion: for each image and epoch, one of the three tasks is drawn.

    Otherwise the recipe is that of ``train``.

    Parameters
    ----------
    model : CompletionCVAE or CompletionNetwork
        It is compiled here; training starts from the weights that it has.
    images, validation_images : array, uint8 (n, 28, 28, 1)
        Whole images. For the validation loss the tasks are drawn once.
    epochs, batch_size, learning_rate, encoder_weight_decay, seed, checkpoint
        As for ``train``. The weights of all networks but the decoder decay.
    kl_warm_up : int
        Epochs during which the weight of the KL in the training loss rises from 0 to 1, so that the model learns to
        use z before it learns to do without. The validation loss has the weight 1 throughout.

    Returns
    -------
    dict of str to list of float
        As for ``train``; for a ``CompletionNetwork`` only ``loss`` and ``val_loss``.

    Raises
    ------
    ValueError
        If ``checkpoint`` holds the state of a different call, or if a model without a KL is to be warmed up.

    Notes
    -----
    Source of the warm-up: Bowman et al., *Generating Sentences from a Continuous Space* (2016).
    """
    if kl_warm_up and not hasattr(model, "kl_weight"):
        raise ValueError(f"{type(model).__name__} has no KL to warm up; leave kl_warm_up at 0")
    batches = CompletionBatches(images, batch_size, seed)
    validation_inputs = (validation_images, draw_tasks(len(validation_images), seed))
    return fit(
        model,
        batches,
        validation_inputs,
        epochs,
        learning_rate,
        encoder_weight_decay,
        checkpoint,
        callbacks=[KLWarmUp(kl_warm_up, batches)],
    )


def fit(model, batches, validation_inputs, epochs, learning_rate, encoder_weight_decay, checkpoint, callbacks=()):
    """Train a model on batches by the recipe, and return its history, as ``train`` describes them."""
    schedule = learning_rate_schedule(learning_rate, epochs * len(batches))
    optimizer = Adam(schedule, weight_decay=encoder_weight_decay)
    optimizer.exclude_from_weight_decay(var_list=model.decoder.trainable_variables)
    model.compile(
        optimizer=optimizer,
        steps_per_execution=steps_per_execution(len(batches)),
    )
    model.optimizer.build(model.trainable_variables)  # so that a checkpoint can fill them

    recipe = {
        "model": model.name,
        "parameters": model.count_params(),
        "images": batches.n_images,
        "epochs": int(epochs),  # a NumPy integer could not be written as JSON
        "batch_size": int(batches.batch_size),
        "learning_rate": float(learning_rate),
        "encoder_weight_decay": None if encoder_weight_decay is None else float(encoder_weight_decay),
        "seed": int(batches.seed),
        **{key: value for callback in callbacks for key, value in callback.recipe.items()},
    }
    history = restore(model, checkpoint, recipe) if checkpoint else {}
    epochs_done = len(history.get("loss", []))
    if epochs_done:
        print(f"Going on from {checkpoint}, after epoch {epochs_done} of {epochs}.")
    if epochs_done == epochs:
        return history

    with interrupt_flag() as interrupted:
        model.fit(
            ready_to_fit(batches),
            validation_data=(validation_inputs,),
            validation_batch_size=EVALUATION_BATCH_SIZE,
            epochs=epochs,
            initial_epoch=epochs_done,
            shuffle=False,  # ShuffledBatches does it, in an order that a resumed run can repeat
            verbose=0,
            callbacks=[
                Reseed(batches),
                *callbacks,
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
        optimizer=Adam(learning_rate_schedule(learning_rate, epochs * len(batches))),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        steps_per_execution=steps_per_execution(len(batches)),
    )
    classifier.fit(ready_to_fit(batches), epochs=epochs, shuffle=False, verbose=0, callbacks=[Reseed(batches)])


class Reseed(keras.callbacks.Callback):
    """Derive the order of the images and the noise of an epoch from the seed and the number of the epoch."""

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch, logs=None):
        self.batches.shuffle(epoch)
        if hasattr(self.model, "sampling"):
            noise_state = np.random.SeedSequence((self.batches.seed, epoch)).generate_state(2)
            self.model.sampling.seed_generator.state.assign(noise_state)


class KLWarmUp(keras.callbacks.Callback):
    """Raise the weight of the KL from 0 to 1, a little before each of the steps of the first epochs.

    Without such epochs the weight is 1, whatever an earlier training that was interrupted has left.
    """

    def __init__(self, epochs, batches):
        super().__init__()
        self.steps = epochs * len(batches)
        self.recipe = {"kl_warm_up": int(epochs)}

    def on_epoch_begin(self, epoch, logs=None):
        self.steps_before = epoch * self.params["steps"]

    def on_train_batch_begin(self, batch, logs=None):
        if hasattr(self.model, "kl_weight"):
            self.model.kl_weight.assign(min(1.0, (self.steps_before + batch) / self.steps) if self.steps else 1.0)
