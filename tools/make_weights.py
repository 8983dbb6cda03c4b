"""Train the weights that the package ships, from nothing, and write their manifest."""

import argparse
import json

import keras
import numpy as np

from cvae_utils import data, training, weights

SEED = 0
TEST_PASSES = 10
RECIPES = {"dense_vae": {"epochs": 80, "batch_size": 128, "learning_rate": 6e-3}}


def make(name, dataset):
    """Train one model, write its weights, and return its entry in the manifest."""
    recipe = RECIPES[name]
    keras.utils.set_random_seed(SEED)
    model = weights.BUILDERS[name]()
    training.train(model, dataset.train.images, dataset.validation.images, seed=SEED, **recipe)
    passes = [
        model.evaluate(dataset.test.images, batch_size=1000, verbose=0, return_dict=True) for _ in range(TEST_PASSES)
    ]
    trained = weights.BUILDERS[name]()  # a fresh model has no optimizer, whose state would triple the file
    trained.set_weights(model.get_weights())
    file = weights.FOLDER / f"{name}.weights.h5"
    trained.save_weights(file)
    return {
        "sha256": weights.sha256(file),
        "recipe": {"data": dataset.name, "images": len(dataset.train), "seed": SEED, **recipe},
        "test": {part: round(float(np.mean([p[part] for p in passes])), 3) for part in passes[0]},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="the models to train; all of them unless told otherwise")
    names = parser.parse_args().names or list(RECIPES)
    dataset = data.load("mnist")
    manifest_file = weights.FOLDER / "manifest.json"
    manifest = json.loads(manifest_file.read_text()) if manifest_file.exists() else {}
    for name in names:
        manifest[name] = make(name, dataset)
        print(name, manifest[name]["test"])
        manifest_file.write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    main()
