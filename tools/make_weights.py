"""Train the weights that the package ships, from nothing, and write their manifest.

Each model is trained from several seeds, which shows how far a result depends on the draw. The first seed's weights
ship. The classifier that judges their images is trained from that seed alone.
"""

import argparse
import json
import time

import keras
import numpy as np

from cvae_utils import data, evaluation, training, weights

SEEDS = (0, 1, 2)
TEST_PASSES = 10
RECIPES = {
    "dense_vae": {"epochs": 50, "batch_size": 64, "learning_rate": 5e-3, "encoder_weight_decay": 0.1},
    "dense_cvae": {"epochs": 40, "batch_size": 128, "learning_rate": 6e-3},
    "conv_vae": {"epochs": 20, "batch_size": 64, "learning_rate": 6e-3},
    "conv_cvae": {"epochs": 40, "batch_size": 128, "learning_rate": 1e-2},
    "classifier": {"epochs": 12, "batch_size": 128, "learning_rate": 4e-3},
}


def train(name, dataset, seed):
    """Train one model from one seed; return it with its losses on the test set and its CPU seconds per epoch."""
    recipe = RECIPES[name]
    keras.utils.set_random_seed(seed)
    model = weights.BUILDERS[name]()
    inputs, validation_inputs, test_inputs = (
        training.inputs_of(model, split) for split in (dataset.train, dataset.validation, dataset.test)
    )
    start = time.process_time()
    training.train(model, inputs, validation_inputs, seed=seed, **recipe)
    cpu_seconds = (time.process_time() - start) / recipe["epochs"]
    passes = [model.evaluate(test_inputs, batch_size=1000, verbose=0, return_dict=True) for _ in range(TEST_PASSES)]
    losses = {part: round(float(np.mean([one[part] for one in passes])), 3) for part in passes[0]}
    return model, {"seed": seed, **losses, "cpu_seconds_per_epoch": round(cpu_seconds, 1)}


def ship(name, model):
    """Write a model's weights to where the package keeps them, and return the SHA-256 of the file."""
    bare = weights.BUILDERS[name]()  # a fresh model has no optimizer, whose state would triple the file
    bare.set_weights(model.get_weights())
    file = weights.FOLDER / f"{name}.weights.h5"
    bare.save_weights(file)
    return weights.sha256(file)


def record(name, entry):
    """Write one model's entry into the manifest, which is read anew because another process may have written to it."""
    file = weights.FOLDER / "manifest.json"
    manifest = json.loads(file.read_text()) if file.exists() else {}
    manifest[name] = entry
    ordered = {known: manifest[known] for known in RECIPES if known in manifest}
    file.write_text(json.dumps(ordered, indent=2) + "\n")


def make(name, dataset):
    """Train one model from each seed, ship the first one's weights, and record all results."""
    model, result = train(name, dataset, SEEDS[0])
    print(name, result, flush=True)
    entry = {
        "sha256": ship(name, model),
        "parameters": model.count_params(),
        "recipe": {"data": dataset.name, "images": len(dataset.train), "seed": SEEDS[0], **RECIPES[name]},
        "test": {part: result[part] for part in ("loss", "reconstruction", "kl")},
        "runs": [result],
    }
    record(name, entry)
    for seed in SEEDS[1:]:
        _, result = train(name, dataset, seed)
        print(name, result, flush=True)
        entry["runs"].append(result)
        record(name, entry)


def make_classifier(name, dataset):
    """Train the classifier, ship its weights, and record how many validation and test images it gets right."""
    keras.utils.set_random_seed(SEEDS[0])
    classifier = weights.BUILDERS[name]()
    start = time.process_time()
    training.train_classifier(classifier, dataset.train.images, dataset.train.labels, seed=SEEDS[0], **RECIPES[name])
    cpu_seconds = (time.process_time() - start) / RECIPES[name]["epochs"]
    entry = {
        "sha256": ship(name, classifier),
        "parameters": classifier.count_params(),
        "recipe": {"data": dataset.name, "images": len(dataset.train), "seed": SEEDS[0], **RECIPES[name]},
    }
    for part, split in (("validation", dataset.validation), ("test", dataset.test)):
        found = evaluation.accuracy(classifier, split.images, split.labels)
        entry[part] = {key: round(value, 4) for key, value in found.items()}
    entry["cpu_seconds_per_epoch"] = round(cpu_seconds, 1)
    print(name, entry["validation"], entry["test"], flush=True)
    record(name, entry)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="the models to train; all of them unless told otherwise")
    names = parser.parse_args().names or list(RECIPES)
    dataset = data.load("mnist")
    for name in names:
        (make_classifier if name == "classifier" else make)(name, dataset)


if __name__ == "__main__":
    main()
