"""Tests of `cvae_utils.training`: the recipe, real interrupts, and resuming to the very same weights."""

import contextlib
import io
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import threading

import keras
import numpy as np
import pytest
from tqdm import tqdm

from cvae_utils import models, training
from cvae_utils.training import checkpoints, progress, recipe

EPOCHS = 3
BATCH_SIZE = 25  # 103 images: four full batches and one of three
STEPS = 5  # in an epoch
PARTS = ("loss", "reconstruction", "kl")


def train(model, images, **settings):
    return training.train(model, images, images[:20], **{"epochs": EPOCHS, "batch_size": BATCH_SIZE, **settings})


def assert_same_weights(model, other):
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.fixture(scope="module")
def uninterrupted(make_vae, images):
    """Return (model, history, text printed) of a run from start to end."""
    model = make_vae()
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        history = train(model, images)
    return model, history, printed.getvalue()


@contextlib.contextmanager
def do_in_training(action, epoch, step=None):
    """Have an action done at the start of one step, or (without ``step``) of the validation that follows an epoch."""

    class Record(training.Record):
        def on_epoch_begin(self, epoch, logs=None):
            self.epoch = epoch

        def on_train_batch_begin(self, batch, logs=None):
            if (self.epoch, batch) == (epoch, step):
                action()

        def on_test_batch_begin(self, batch, logs=None):
            if step is None and self.epoch == epoch:
                action()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipe, "Record", Record)
        yield


def interrupt():
    signal.raise_signal(signal.SIGINT)


def users_handler(signal_number, frame):
    """Stand in for the handler that was there before. Unlike Python's own it does not end the whole test session."""
    raise RuntimeError("the interrupt was not kept from the handler that was there before")


@pytest.fixture(autouse=True)
def the_users_handler():
    usual = signal.signal(signal.SIGINT, users_handler)
    yield
    signal.signal(signal.SIGINT, usual)


# --- Parts of the recipe --------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [20, 40])
def test_learning_rate_rises_and_falls(steps):
    schedule = training.learning_rate_schedule(0.006, steps)
    rates = np.array([float(schedule(step)) for step in range(steps + 1)])
    top = steps // 10
    assert rates[0] == 0
    assert rates[top] == rates.max() == pytest.approx(0.006)
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(np.diff(rates[: top + 1]), 0.006 / top, rtol=1e-4)
    assert (np.diff(rates[top:]) < 0).all()
    np.testing.assert_allclose(rates[top + (steps - top) // 2], 0.003, rtol=0.02)  # half-way down the cosine


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_learning_rate_of_a_very_short_run(steps):
    schedule = training.learning_rate_schedule(0.006, steps)
    rates = np.array([float(schedule(step)) for step in range(steps + 1)])
    assert np.isfinite(rates).all() and (rates >= 0).all() and rates.max() == pytest.approx(0.006)


def order(batches):
    return np.concatenate([batches[i][0] for i in range(len(batches))])


def test_batches_hold_each_image_once_and_the_last_is_filled_up_from_the_beginning():
    batches = training.ShuffledBatches(np.arange(103), 25, seed=0)
    for epoch in range(3):
        batches.shuffle(epoch)
        assert order(batches).shape == (125,)
        once, again = order(batches)[:103], order(batches)[103:]
        assert not np.array_equal(once, np.arange(103))
        np.testing.assert_array_equal(np.sort(once), np.arange(103))
        np.testing.assert_array_equal(again, once[:22])
    assert len(training.ShuffledBatches(np.arange(100), 25, seed=0)) == 4
    fewer_than_a_batch = training.ShuffledBatches(np.arange(3), 7, seed=0)
    assert len(fewer_than_a_batch) == 1
    assert np.bincount(order(fewer_than_a_batch)).tolist() in ([3, 2, 2], [2, 3, 2], [2, 2, 3])


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="other backends take the batches as they are")
def test_tensorflow_gets_the_same_batches_in_a_pipeline_of_its_own():
    batches = training.CompletionBatches(np.arange(103), 25, seed=0)
    ready = training.ready_to_fit(batches)
    assert ready.options().autotune.enabled is False  # it stops training for seconds
    for epoch in (0, 1):
        batches.shuffle(epoch)
        for index, ((images, seen),) in enumerate(ready):
            np.testing.assert_array_equal(images, batches[index][0][0])
            np.testing.assert_array_equal(seen, batches[index][0][1])
            assert images.shape == (25,)
        assert index == len(batches) - 1 == len(ready) - 1


def test_the_order_depends_on_seed_and_epoch_alone():
    orders = {}
    for seed, epoch in itertools.product((0, 1), (0, 1, 2)):
        batches = training.ShuffledBatches(np.arange(103), 25, seed)
        batches.shuffle(epoch)
        orders[seed, epoch] = order(batches)
    for one, two in itertools.combinations(orders.values(), 2):
        assert not np.array_equal(one, two)
    batches = training.ShuffledBatches(np.arange(103), 40, seed=1)
    np.testing.assert_array_equal(order(batches)[:103], orders[1, 0][:103])
    for epoch in (2, 0, 1):
        np.random.seed(epoch)
        batches.shuffle(epoch)
        np.testing.assert_array_equal(order(batches)[:103], orders[1, epoch][:103])


# --- A run ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"weight_decay": 0.1}, {"amsgrad": True}, {"clipnorm": 0.5}])
def test_adam_is_keras_adam(settings):
    """Also with a schedule, from gradients of very different sizes, and for scalars."""
    start = [np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4), np.float32(2.0)]
    found = []
    for adam in (keras.optimizers.Adam, training.Adam):
        weights = [keras.Variable(value) for value in start]
        optimizer = adam(training.learning_rate_schedule(0.1, 8), **settings)
        for step in range(8):
            gradients = [keras.ops.convert_to_tensor((np.sin(step + value) ** 5).astype("float32")) for value in start]
            optimizer.apply(gradients, weights)
        found.append([np.asarray(keras.ops.convert_to_numpy(one)) for one in (*weights, *optimizer.variables)])
    for theirs, ours in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
    assert not np.allclose(found[0][0], start[0], atol=0.1)


def test_weight_decay_shrinks_the_encoder_and_leaves_the_decoder(uninterrupted, make_vae, images):
    without, with_decay = uninterrupted[0], make_vae()
    train(with_decay, images, encoder_weight_decay=30.0)
    shrunk, kept = (
        [np.linalg.norm(b) / np.linalg.norm(a) for a, b in zip(x.get_weights(), y.get_weights(), strict=True)]
        for x, y in ((without.encoder, with_decay.encoder), (without.decoder, with_decay.decoder))
    )
    assert shrunk[0] < 0.5
    assert kept == pytest.approx(np.ones(len(kept)), abs=0.2)


def test_history_has_every_epoch_and_adds_up(uninterrupted, images):
    model, history, _ = uninterrupted
    assert set(history) == {prefix + part for prefix in ("", "val_") for part in PARTS}
    assert {len(values) for values in history.values()} == {EPOCHS}
    for prefix in ("", "val_"):
        loss, *parts = (np.array(history[prefix + part]) for part in PARTS)
        np.testing.assert_allclose(loss, sum(parts), rtol=1e-5)
    assert history["loss"][-1] < history["loss"][0]
    of_validation = model.evaluate(images[:20], verbose=0, return_dict=True)["kl"]
    assert history["val_kl"][-1] == pytest.approx(of_validation, rel=1e-5)
    assert model.encode(images)[0].std(axis=0).max() > 0.1  # the encoder has not collapsed


def test_the_whole_schedule_is_run(uninterrupted):
    model, history, _ = uninterrupted
    assert int(model.optimizer.iterations) == EPOCHS * STEPS
    assert float(model.optimizer.learning_rate) == pytest.approx(0, abs=1e-9)
    assert len(set(history["val_kl"])) == EPOCHS  # no epoch passes at a rate of zero: nothing else moves the KL


def test_the_seed_decides_the_result(uninterrupted, make_vae, images):
    """The initial weights and the seed of ``train`` decide; the seed of the model's own noise does not."""
    same, other = make_vae(seed=1), make_vae(seed=0)
    same.set_weights(make_vae(seed=0).get_weights())
    assert train(same, images) == uninterrupted[1]
    assert_same_weights(same, uninterrupted[0])
    train(other, images, seed=1)
    assert not np.array_equal(other.get_weights()[0], uninterrupted[0].get_weights()[0])


def test_an_epochs_noise_and_order_follow_from_seed_and_epoch(make_vae):
    model = make_vae()
    seen = []
    for seed, epoch in [(0, 0), (0, 1), (1, 0), (0, 0)]:
        batches = training.ShuffledBatches(np.arange(103), 25, seed)
        reseed = training.Reseed(batches)
        reseed.set_model(model)
        reseed.on_epoch_begin(epoch)
        noise = keras.ops.convert_to_numpy(model.sampling((np.zeros((1, 2)), np.zeros((1, 2)))))
        seen.append((*noise.ravel(), *order(batches)))
    assert seen[0] == seen[3]
    noises, orders = {tuple(values[:2]) for values in seen}, {tuple(values[2:]) for values in seen}
    assert len(noises) == len(orders) == 3


def test_progress_bar_shows_the_parts_and_the_time_left(uninterrupted):
    _, history, text = uninterrupted
    bars = text.split("\r")
    assert "Interrupted" not in text
    assert "\n" not in text.strip()
    assert bars[-1].startswith("100%|")
    assert f"epoch {EPOCHS}/{EPOCHS}" in bars[-1]
    assert re.search(r"\[\d\d:\d\d, \d\d:\d\d left\]", bars[-1])
    loss, reconstruction, kl = (history["val_" + part][-1] for part in PARTS)
    assert f"validation loss {loss:.1f} = {reconstruction:.1f} + KL {kl:.1f}" in bars[-1]
    assert len(bars[-1].rstrip()) < 118  # nothing cut off


def test_the_progress_bar_takes_for_granted_that_the_loss_is_the_sum(make_vae, images, capsys):
    model = make_vae()
    right = model.compute_loss
    model.compute_loss = lambda *given, **named: 0.5 * right(*given, **named)
    train(model, images, epochs=1)
    last = capsys.readouterr().out.replace("\r", "\n").strip().splitlines()[-1]
    loss, reconstruction, kl = map(float, re.search(r"loss (\S+) = (\S+) \+ KL (\S+)", last).groups())
    assert loss == pytest.approx((reconstruction + kl) / 2, abs=0.2)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_progress_bar_ends_at_100_percent_when_several_steps_run_at_a_time(make_vae, images, batch_size, capsys):
    assert training.steps_per_execution(-(-len(images) // batch_size)) > 1
    train(make_vae(), images, epochs=2, batch_size=batch_size)
    assert capsys.readouterr().out.split("\r")[-1].startswith("100%|")


def test_progress_bar_is_on_standard_output_and_shows_the_training_loss(make_vae, images, capsys, monkeypatch):
    monkeypatch.setattr(progress, "tqdm", lambda **settings: tqdm(**{**settings, "mininterval": 0}))
    train(make_vae(), images, epochs=1)
    printed = capsys.readouterr()
    assert re.search(r"\| epoch 1/1 \[.*left\], loss \d+\.\d = \d+\.\d \+ KL \d+\.\d", printed.out)
    assert "left]" not in printed.err


def test_scaled_images_are_refused(make_vae, images):
    with pytest.raises(TypeError, match="images came as float"):
        train(make_vae(), images / 255)


def test_training_in_another_thread(uninterrupted, make_vae, images):
    model, results = make_vae(), []
    thread = threading.Thread(target=lambda: results.append(train(model, images)))
    thread.start()
    thread.join()
    assert results == [uninterrupted[1]]
    assert_same_weights(model, uninterrupted[0])
    assert signal.getsignal(signal.SIGINT) is users_handler


# --- Interrupts -----------------------------------------------------------------------------------


def test_an_interrupt_ends_training_and_keeps_the_model(make_vae, images, capsys):
    model, untrained = make_vae(), make_vae()
    with do_in_training(interrupt, epoch=1, step=2):
        history = train(model, images)
    assert signal.getsignal(signal.SIGINT) is users_handler
    assert int(model.optimizer.iterations) == STEPS + 3  # the step under way is the last
    assert {len(values) for values in history.values()} == {2}
    assert not np.array_equal(model.get_weights()[0], untrained.get_weights()[0])
    assert np.isfinite(model.encode(images)).all()
    assert np.isfinite(model.evaluate(images, verbose=0)).all()

    last_line = capsys.readouterr().out.splitlines()[-1]
    assert last_line.startswith("Interrupted in epoch 2 of 3. The model keeps what it has learned. Training it again")


def test_a_second_interrupt_stops_at_once(make_vae, images):
    def twice():
        interrupt()
        steps.append("between")
        interrupt()
        steps.append("after")

    steps = []
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with do_in_training(twice, epoch=1, step=2), pytest.raises(KeyboardInterrupt):
        train(make_vae(), images)
    assert steps == ["between"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_from_outside(make_vae, images):
    """Sent by another thread while the steps run; which step sees it is left to chance."""
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    model = make_vae()
    with do_in_training(timer.start, epoch=0, step=1):
        history = train(model, images, epochs=200)
    assert len(history["loss"]) < 200
    assert np.isfinite(model.encode(images)).all()


def test_an_interrupt_during_validation_ends_training_there(make_vae, images, tmp_path):
    model = make_vae()
    with do_in_training(interrupt, epoch=1):
        history = train(model, images, checkpoint=tmp_path)
    assert int(model.optimizer.iterations) == 2 * STEPS
    assert len(history["loss"]) == 2


# --- Checkpoints ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(make_vae, images, tmp_path_factory):
    """A folder with the checkpoint of a finished run of one epoch, and the run's history."""
    folder = tmp_path_factory.mktemp("finished")
    return folder, train(make_vae(), images, epochs=1, checkpoint=folder)


def assert_resumes_to(uninterrupted, model, images, folder):
    """Train on from a checkpoint and compare with the run that was never interrupted."""
    history = train(model, images, checkpoint=folder)
    assert history == uninterrupted[1]
    assert_same_weights(model, uninterrupted[0])


def test_a_checkpoint_takes_numpys_numbers(make_vae, images, tmp_path):
    numbers = {"epochs": np.int64(1), "seed": np.int64(3), "learning_rate": np.float32(0.001)}
    assert train(make_vae(), images, checkpoint=tmp_path, **numbers) == train(
        make_vae(), images, checkpoint=tmp_path, **numbers
    )


def test_resuming_after_an_interrupt(uninterrupted, make_vae, images, tmp_path, capsys):
    folder = tmp_path / "made" / "on" / "demand"
    with do_in_training(interrupt, epoch=1, step=2):
        train(make_vae(), images, checkpoint=folder)
    assert sorted(file.name for file in folder.iterdir()) == ["epoch_0001.weights.h5", "state.json"]
    text = capsys.readouterr().out
    assert text.count("Interrupted") == 1
    assert f"Run the same call again to go on from the last whole epoch, kept in {folder}." in text
    assert_resumes_to(uninterrupted, make_vae(seed=7), images, str(folder))
    text = capsys.readouterr().out
    assert text.startswith(f"Going on from {folder}, after epoch 1 of 3.\n")
    assert text.split("\r")[1].startswith(" 33%|") and "Interrupted" not in text
    assert sorted(file.name for file in folder.iterdir()) == ["epoch_0003.weights.h5", "state.json"]


def test_resuming_after_an_interrupt_in_the_first_epoch(uninterrupted, make_vae, images, tmp_path):
    with do_in_training(interrupt, epoch=0, step=2):
        train(make_vae(), images, checkpoint=tmp_path)
    assert_resumes_to(uninterrupted, make_vae(seed=7), images, tmp_path)


def test_resuming_after_the_process_was_killed(uninterrupted, make_vae, images, tmp_path):
    child = """if True:
        import os, sys
        import keras, numpy as np
        from cvae_utils import models, training

        class Record(training.Record):
            def on_train_batch_end(self, batch, logs=None):
                if self.history and batch == 2:
                    os._exit(3)

        training.recipe.Record = Record
        images = np.load(sys.argv[1])
        keras.utils.set_random_seed(0)
        model = models.dense_vae(hidden_units=32)
        training.train(model, images, images[:20], epochs=3, batch_size=25, checkpoint=sys.argv[2])
    """
    np.save(tmp_path / "images.npy", images)
    folder = tmp_path / "checkpoint"
    run = subprocess.run([sys.executable, "-c", child, tmp_path / "images.npy", folder], capture_output=True, text=True)
    assert run.returncode == 3, run.stderr
    assert_resumes_to(uninterrupted, make_vae(seed=7), images, folder)


@pytest.mark.parametrize("at_fault", ["save_weights", "replace"])
def test_a_failed_write_leaves_the_last_state(uninterrupted, make_vae, images, tmp_path, monkeypatch, at_fault):
    model, written = make_vae(), []
    save_weights, replace = model.save_weights, os.replace

    def failing_save(path):
        written.append(path.name)
        save_weights(path)
        if path.name == "epoch_0002.weights.h5" and at_fault == "save_weights":
            path.write_bytes(path.read_bytes()[:1000])
            raise OSError(28, "No space left on device")

    def failing_replace(source, target):
        if written[-1] == "epoch_0002.weights.h5" and at_fault == "replace":
            raise OSError(28, "No space left on device")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(model, "save_weights", failing_save)
        patch.setattr(checkpoints.os, "replace", failing_replace)
        with pytest.raises(OSError, match="No space left"):
            train(model, images, checkpoint=tmp_path)
    assert signal.getsignal(signal.SIGINT) is users_handler
    assert_resumes_to(uninterrupted, make_vae(seed=7), images, tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["epoch_0003.weights.h5", "state.json"]


def test_a_finished_checkpoint_is_not_trained_again(finished, make_vae, images, monkeypatch):
    folder, history = finished
    model = make_vae(seed=7)
    monkeypatch.setattr(model, "fit", lambda *_, **__: pytest.fail("it was trained again"))
    assert train(model, images, epochs=1, checkpoint=folder) == history
    kl = model.evaluate(images[:20], verbose=0, return_dict=True)["kl"]
    assert kl == pytest.approx(history["val_kl"][-1], rel=1e-5)


@pytest.mark.parametrize(
    ("setting", "old", "new"),
    [
        ("epochs", 1, 5),
        ("batch_size", 25, 50),
        ("learning_rate", 0.01, 0.001),
        ("encoder_weight_decay", None, 0.1),
        ("seed", 0, 1),
        ("images", 103, 90),
    ],
)
def test_a_checkpoint_of_other_settings_is_refused(finished, make_vae, images, setting, old, new):
    folder, _ = finished
    model, same_seed = make_vae(), make_vae()
    settings = {"epochs": 1, "checkpoint": folder} | ({} if setting == "images" else {setting: new})
    sentence = f"was made with {setting}={old}, this call has {setting}={new}; use the same settings, or another folder"
    with pytest.raises(ValueError, match=re.escape(sentence)):
        train(model, images[:90] if setting == "images" else images, **settings)
    assert_same_weights(model, same_seed)


def test_a_checkpoint_of_another_model_is_refused(finished, make_vae, images):
    with pytest.raises(ValueError, match=r"made with parameters=\d+, this call has parameters=\d+; use the same"):
        train(make_vae(hidden_units=17), images, epochs=1, checkpoint=finished[0])


def test_several_differences_are_all_named(finished, make_vae, images, tmp_path):
    folder = shutil.copytree(finished[0], tmp_path / "copy")
    with pytest.raises(ValueError, match=r"made with epochs=1, seed=0, this call has epochs=2, seed=4;"):
        train(make_vae(), images, epochs=2, seed=4, checkpoint=folder)
    assert (folder / "state.json").read_bytes() == (finished[0] / "state.json").read_bytes()


# --- The classifier ----------------------------------------------------------------------------------


def test_shifted_batches_move_each_image_a_little_and_keep_its_label():
    rng = np.random.default_rng(0)
    images = np.zeros((100, 28, 28, 1), "uint8")
    images[:, 3:25, 3:25] = rng.integers(1, 256, (100, 22, 22, 1))
    labels = np.arange(100)
    batches = training.ShiftedBatches((images, labels), 20, seed=0)
    moves = []
    for epoch in range(2):
        moved, moved_labels = map(np.concatenate, zip(*(batches[i] for i in range(len(batches))), strict=True))
        assert moved.dtype == "uint8" and moved.shape == images.shape
        assert sorted(moved_labels) == labels.tolist() and list(moved_labels) != labels.tolist()
        for image, label in zip(moved[..., 0], moved_labels, strict=True):
            rows, columns = image.any(axis=1).argmax(), image.any(axis=0).argmax()  # the first that are not empty
            np.testing.assert_array_equal(image[rows : rows + 22, columns : columns + 22], images[label, 3:25, 3:25, 0])
            moves.append((epoch, label, rows - 3, columns - 3))
        batches.shuffle(epoch=1)
    assert {move[2] for move in moves} == {move[3] for move in moves} == {-2, -1, 0, 1, 2}
    first, second = ({move[1]: move[2:] for move in moves if move[0] == epoch} for epoch in range(2))
    assert np.mean([first[label] == second[label] for label in labels]) < 0.2  # one in 25 by chance


def test_a_classifier_learns_and_the_seed_decides_how(squares):
    images, labels = (part[:160] for part in squares)

    def trained(seed):
        keras.utils.set_random_seed(0)
        classifier = models.conv_classifier()
        training.train_classifier(classifier, images, labels, epochs=8, batch_size=16, seed=seed)
        return classifier.predict(images, verbose=0)

    first = trained(0)
    assert np.mean(first.argmax(axis=1) == labels) > 0.9
    np.testing.assert_allclose(trained(0), first, atol=1e-3)
    assert np.abs(trained(1) - first).max() > 0.1


def test_a_classifier_needs_a_label_for_each_image(images):
    with pytest.raises(ValueError, match="give one label for each image"):
        training.train_classifier(models.conv_classifier(), images, np.zeros(5, int), epochs=1)
