"""The state after each whole epoch, from which an interrupted training goes on."""

import cvae_utils._quiet_start  # noqa: F401

import json
import os
from pathlib import Path

import keras

STATE_FILE = "state.json"


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
