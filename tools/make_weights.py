"""Train the weights that the package ships, from nothing, and write their manifest.

Each model is trained from several seeds, which shows how far a result depends on the draw, and judged. The first seed's
weights ship. The classifier that judges their images is trained from that seed alone, and before them; the model of
image completion also from one seed.
"""

import argparse
import json
import time

import h5py
import keras
import numpy as np

from cvae_utils import data, evaluation, models, quadrants, training, weights

SEEDS = (0, 1, 2)
TEST_PASSES = 10
NLL_DRAWS = 100
BAYES_DRAWS = 10
SYNTHETIC_IMAGES = 20_000
SYNTHETIC_EPOCHS = 6
COMPLETION_DRAWS = 100
COMPLETION_PROTOCOLS = {  # what becomes of the grey pixels: of those that are seen, of those that are missing
    "grey": lambda images, seen: images,
    "missing_binarised": lambda images, seen: evaluation.composite(images, evaluation.binarised(images), seen),
    "all_binarised": lambda images, seen: evaluation.binarised(images),
    "all_thresholded": lambda images, seen: np.where(images > 127, np.uint8(255), np.uint8(0)),
}
RECIPES = {
    "classifier": {"epochs": 12, "batch_size": 128, "learning_rate": 4e-3},
    "dense_vae": {"epochs": 50, "batch_size": 64, "learning_rate": 5e-3, "encoder_weight_decay": 0.1},
    "dense_cvae": {"epochs": 40, "batch_size": 128, "learning_rate": 6e-3},
    "conv_vae": {"epochs": 20, "batch_size": 64, "learning_rate": 6e-3},
    "conv_cvae": {"epochs": 40, "batch_size": 128, "learning_rate": 1e-2},
    "completion_cvae": {
        "epochs": 140,
        "batch_size": 256,
        "learning_rate": 2e-3,
        "encoder_weight_decay": 0.2,
        "kl_warm_up": 20,
    },
}


def train(name, dataset, seed):
    """Train one model from one seed; return it with its results on the test set and its CPU seconds per epoch."""
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
    return model, {
        "seed": seed,
        **losses,
        "cpu_seconds_per_epoch": round(cpu_seconds, 1),
        "evaluation": rounded(judge(model, dataset)),
    }


def judge(model, dataset):
    """Return what lesson 08 measures of a model on all images of the test set."""
    test = dataset.test
    inputs = training.inputs_of(model, test)
    found = {
        "draws": NLL_DRAWS,
        **evaluation.negative_log_likelihood(model, inputs, NLL_DRAWS),
        "active_units": int(evaluation.active_units(model.encode(*evaluation.check_inputs(model, inputs))[0]).sum()),
    }
    if not isinstance(model, models.CVAE):
        return found
    classifier = weights.load("classifier")
    made = evaluation.generate(model, test.labels)
    p_y = np.bincount(dataset.train.labels) / len(dataset.train)
    log_p = evaluation.log_joint(model, test.images, p_y, BAYES_DRAWS)
    log_p_x = np.logaddexp.reduce(log_p, axis=1)
    many = np.random.default_rng(0).choice(len(p_y), SYNTHETIC_IMAGES, p=p_y)
    covered = evaluation.coverage(
        evaluation.features(classifier, made),
        test.labels,
        evaluation.features(classifier, test.images),
        test.labels,
    )
    return found | {
        "conditional_accuracy": evaluation.accuracy(classifier, made, test.labels),
        "coverage": covered["coverage"],
        "bayes_draws": BAYES_DRAWS,
        "bayes_accuracy": float(np.mean(log_p.argmax(axis=1) == test.labels)),
        "nll_without_label": -log_p_x.mean(),
        "synthetic_accuracy": evaluation.synthetic_accuracy(
            evaluation.generate(model, many, seed=1), many, test.images, test.labels, epochs=SYNTHETIC_EPOCHS
        )["accuracy"],
    }


def rounded(found):
    """Return what was found with four digits after the point, for a manifest that people read."""
    return {
        key: rounded(value) if isinstance(value, dict) else value if isinstance(value, int) else round(float(value), 4)
        for key, value in found.items()
    }


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
        entry[part] = rounded(found)
    entry["cpu_seconds_per_epoch"] = round(cpu_seconds, 1)
    print(name, entry["validation"], entry["test"], flush=True)
    record(name, entry)


def make_completion(name, dataset):
    """Train the model of image completion, ship its weights in half precision, and record what lesson 09 measures."""
    keras.utils.set_random_seed(SEEDS[0])
    model = weights.BUILDERS[name]()
    start = time.process_time()
    training.train_completion(model, dataset.train.images, dataset.validation.images, seed=SEEDS[0], **RECIPES[name])
    cpu_seconds = (time.process_time() - start) / RECIPES[name]["epochs"]
    ship(name, model)
    entry = {
        "sha256": halve(weights.FOLDER / f"{name}.weights.h5"),
        "parameters": model.count_params(),
        "recipe": {"data": dataset.name, "images": len(dataset.train), "seed": SEEDS[0], **RECIPES[name]},
        "draws": COMPLETION_DRAWS,
    }
    record(name, entry)
    shipped = weights.load(name)
    entry["validation"] = {"grey": judge_completion(shipped, dataset.validation.images, "grey")}
    entry["test"] = {
        protocol: judge_completion(shipped, dataset.test.images, protocol) for protocol in COMPLETION_PROTOCOLS
    }
    entry["cpu_seconds_per_epoch"] = round(cpu_seconds, 1)
    print(name, entry["test"], flush=True)
    record(name, entry)


def judge_completion(model, images, protocol):
    """Return estimates of −log p(y|x), in nats per image, each as a list with one entry for each task."""
    found = {"importance_sampling": [], "error": [], "elbo": [], "monte_carlo": []}
    for task in quadrants.TASKS:
        seen = quadrants.seen_flags(task, len(images))
        prepared = COMPLETION_PROTOCOLS[protocol](images, seen)
        log_w = evaluation.completion_log_weights(model, prepared, seen, COMPLETION_DRAWS)
        bound = evaluation.importance_weighted_bound(log_w, COMPLETION_DRAWS)
        found["importance_sampling"].append(-bound.mean())
        found["error"].append(bound.std() / np.sqrt(len(bound)))
        found["elbo"].append(-log_w.mean(dtype="float64"))
        log_w = evaluation.completion_log_weights(model, prepared, seen, COMPLETION_DRAWS, proposal="prior")
        found["monte_carlo"].append(-evaluation.importance_weighted_bound(log_w, COMPLETION_DRAWS).mean())
    return {estimate: [round(float(value), 3) for value in values] for estimate, values in found.items()}


def halve(file):
    """Store a file of weights in half precision, and return its SHA-256; the results are those of this file."""
    whole = file.with_suffix(".whole")
    file.rename(whole)
    with h5py.File(whole) as source, h5py.File(file, "w") as target:

        def copy(path, item):
            if isinstance(item, h5py.Dataset):
                target.create_dataset(path, data=item[()].astype("float16"))
            else:
                target.require_group(path)
            target[path].attrs.update(item.attrs)

        source.visititems(copy)
    whole.unlink()
    return weights.sha256(file)


SPECIAL = {"classifier": make_classifier, "completion_cvae": make_completion}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="the models to train; all of them unless told otherwise")
    names = parser.parse_args().names or list(RECIPES)
    dataset = data.load("mnist")
    for name in names:
        SPECIAL.get(name, make)(name, dataset)


if __name__ == "__main__":
    main()
