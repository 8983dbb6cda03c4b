"""Tests of the trained weights that ship with the package."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from cvae_utils import data, evaluation, training, weights
from cvae_utils.data import one_hot
from cvae_utils.models import CVAE
from cvae_utils.quadrants import TASKS, seen_flags

FILES = sorted(weights.BUILDERS)
NAMES = [name for name in FILES if name not in ("classifier", "completion_cvae")]
DATA_DIR = os.environ.get("CVAE_DATA_DIR", "")


@pytest.fixture(scope="module")
def models():
    """Build and load each model once."""
    return {name: weights.load(name) for name in FILES}


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """Have the weights in a folder that a test may spoil."""
    folder = shutil.copytree(weights.FOLDER, tmp_path / "weights")
    monkeypatch.setattr(weights, "FOLDER", folder)
    return folder


def test_manifest_names_files_and_builders_agree():
    manifest = json.loads((weights.FOLDER / "manifest.json").read_text())
    assert sorted(manifest) == FILES
    assert sorted(file.name for file in weights.FOLDER.glob("*.weights.h5")) == [f"{name}.weights.h5" for name in FILES]
    assert {file.suffix for file in weights.FOLDER.iterdir() if file.is_file()} == {".py", ".json", ".h5"}


@pytest.mark.parametrize("name", FILES)
def test_the_file_is_the_one_described(models, name):
    entry = weights.describe(name)
    assert weights.sha256(weights.FOLDER / f"{name}.weights.h5") == entry["sha256"]
    assert entry["parameters"] == models[name].count_params()
    assert {"data", "images", "seed", "epochs", "batch_size", "learning_rate"} <= set(entry["recipe"])


@pytest.mark.parametrize("name", NAMES)
def test_the_losses_are_the_sum_of_their_parts(name):
    entry = weights.describe(name)
    for losses in (entry["test"], *entry["runs"]):
        assert losses["loss"] == pytest.approx(losses["reconstruction"] + losses["kl"], abs=0.002)


@pytest.mark.parametrize("name", NAMES)
def test_the_first_of_three_runs_is_the_one_that_ships(name):
    entry = weights.describe(name)
    assert [run["seed"] for run in entry["runs"]] == [entry["recipe"]["seed"], 1, 2] == [0, 1, 2]
    assert {part: entry["runs"][0][part] for part in entry["test"]} == entry["test"]
    assert len({run["loss"] for run in entry["runs"]}) == 3
    assert all(run["cpu_seconds_per_epoch"] > 0 for run in entry["runs"])


@pytest.mark.parametrize("name", NAMES)
def test_the_promised_bounds_hold(models, name):
    bound = {"dense_vae": 147, "dense_cvae": 129.8, "conv_vae": 145, "conv_cvae": 127}[name]
    assert weights.describe(name)["test"]["loss"] <= bound
    assert models["conv_vae"].count_params() == 134_165
    assert models["conv_cvae"].count_params() <= 400_000


def test_the_classifier_is_small_and_good():
    entry = weights.describe("classifier")
    assert (weights.FOLDER / "classifier.weights.h5").stat().st_size <= 150_000
    for part in ("validation", "test"):
        assert entry[part]["low"] < entry[part]["accuracy"] < entry[part]["high"]
        assert entry[part]["accuracy"] >= 0.99


def test_every_run_was_judged():
    """The figures of lesson 08, from all test images and three seeds."""
    for name in NAMES:
        for run in weights.describe(name)["runs"]:
            found = run["evaluation"]
            assert found["nll"] < run["loss"]  # 100 draws against one
            assert found["active_units"] == 2
            assert ("conditional_accuracy" in found) == name.endswith("cvae")
    for name in ("dense_cvae", "conv_cvae"):
        for run in weights.describe(name)["runs"]:
            found = run["evaluation"]
            assert found["conditional_accuracy"]["low"] >= 0.98
            assert found["nll"] < found["nll_without_label"] < found["nll"] + np.log(10)
            assert 0.9 < found["bayes_accuracy"] < 1
            assert 0.1 < found["coverage"] < 0.9


def test_image_completion_keeps_its_promises():
    found = weights.describe("completion_cvae")["test"]
    grey = found["grey"]
    assert (np.array(grey["importance_sampling"]) <= [63.9, 44.7, 20.9]).all()  # Sohn, Lee and Yan (2015)
    assert (np.array(grey["elbo"]) < [71.8, 51.0, 24.2]).all()  # Pyro's example
    for protocol in found.values():
        assert (np.array(protocol["importance_sampling"]) < protocol["elbo"]).all()
        assert (np.array(protocol["importance_sampling"]) < protocol["monte_carlo"]).all()
    assert (
        np.array(found["missing_binarised"]["importance_sampling"]) < grey["importance_sampling"]
    ).all()  # by Jensen


def test_sha256_of_a_known_file(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert weights.sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_all_together_are_small():
    assert sum(file.stat().st_size for file in weights.FOLDER.rglob("*") if file.is_file()) < 10e6


@pytest.mark.parametrize("name", NAMES)
def test_loading_again_gives_the_same_model(models, name, images):
    again = weights.load(name)
    assert again is not models[name]
    labels = [one_hot(np.arange(len(images)) % 10)] if isinstance(again, CVAE) else []
    np.testing.assert_array_equal(again.encode(images, *labels), models[name].encode(images, *labels))
    z = np.random.default_rng(0).normal(size=(len(images), 2))
    decoded = models[name].decode(z, *labels)
    np.testing.assert_array_equal(again.decode(z, *labels), decoded)
    assert decoded.std(axis=0).max() > 0.1  # trained: the images differ from point to point


def test_unknown_names_are_refused():
    with pytest.raises(
        ValueError,
        match=r"named 'cvae'; there are: dense_vae, dense_cvae, conv_vae, conv_cvae, completion_cvae, classifier",
    ):
        weights.load("cvae")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["one bit", "cut short", "empty"])
def test_a_damaged_file_is_refused(copied, name, damage):
    file = copied / f"{name}.weights.h5"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes({"one bit": content, "cut short": content[:1000], "empty": b""}[damage])
    with pytest.raises(ValueError, match=rf"{name}.weights.h5 is not the file that the course ships; install the pack"):
        weights.load(name)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(copied, name):
    (copied / f"{name}.weights.h5").unlink()
    with pytest.raises(ValueError, match="install the package again"):
        weights.load(name)


needs_mnist = pytest.mark.skipif(
    not Path(DATA_DIR, "mnist.npz").is_file(), reason="needs MNIST: no mnist.npz in $CVAE_DATA_DIR"
)


@needs_mnist
def test_measured_again_the_classifier_is_as_good_as_the_manifest_says(models):
    test = data.load("mnist").test
    found = evaluation.accuracy(models["classifier"], test.images, test.labels)
    assert found == pytest.approx(weights.describe("classifier")["test"], abs=2e-4)


@needs_mnist
@pytest.mark.parametrize("name", NAMES)
def test_measured_again_a_model_reaches_what_the_manifest_says(models, name):
    model = models[name]
    model.compile()
    inputs = training.inputs_of(model, data.load("mnist").test)
    passes = [model.evaluate(inputs, batch_size=1000, verbose=0, return_dict=True) for _ in range(2)]
    measured = {part: np.mean([one[part] for one in passes]) for part in passes[0]}
    claimed = weights.describe(name)["test"]
    assert measured == pytest.approx(claimed, abs=0.2)
    assert measured["kl"] == pytest.approx(claimed["kl"], abs=0.002)  # there is no noise in it


@needs_mnist
def test_measured_again_image_completion_reaches_what_the_manifest_says(models):
    model, images = models["completion_cvae"], data.load("mnist").test.images
    model.compile()
    for quadrants, claimed in zip(TASKS, weights.describe("completion_cvae")["test"]["grey"]["elbo"], strict=True):
        seen = seen_flags(quadrants, len(images))
        measured = model.evaluate((images, seen), batch_size=1000, verbose=0, return_dict=True)["loss"]
        assert measured == pytest.approx(claimed, abs=0.15)
