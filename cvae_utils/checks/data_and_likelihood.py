"""Checks of exercise 01."""

import numpy as np

from cvae_utils.checks.task import Mistake, Task


class Split(Task):
    """Two parts of a data set, shuffled, without overlap."""

    number = "1.1"
    points = 3
    section = "2. Three parts, three purposes"
    hints = {
        "form": "your function returned something else than two pairs. Expected: ((train_images, train_labels), "
        "(validation_images, validation_labels)).",
        "sizes": "the parts have {got} images; from {n} images with held_out={held_out}, expected: {expected}.",
        "pairs": "images and labels went apart: {wrong} of {n} images came with the label of another image. Draw one "
        "order and use it for both.",
        "overlap": "{common} images are in both parts. A model could learn those by heart, and the validation loss "
        "would not notice.",
        "repeated": "{repeated} images occur more than once within a part. Draw an order of all images, without "
        "replacement.",
        "unshuffled": "the data came sorted by label, and your validation part holds the classes {classes} only. "
        "Shuffle before you cut.",
        "seed": "two calls with the same seed gave different parts. Make a generator from the seed inside your "
        "function.",
        "ignored": "two seeds gave the same parts. Is the seed used?",
        "global": "your function changed NumPy's global random state, and with it everything random that comes after "
        "it. `np.random.default_rng(seed)` makes a generator of its own.",
        "changed": "your function changed the arrays that it was given. Whoever called it finds them in another order "
        "afterwards. Draw an order and take the images in that order, instead of shuffling in place.",
    }

    def given(self, rng):
        n = int(rng.integers(150, 250))
        labels = np.sort(rng.integers(0, 10, n)).astype("uint8")
        images = rng.integers(0, 256, (n, 4, 4, 1), dtype="uint8")
        images[:, 0, 0, 0] = np.arange(n)  # names each image
        return {
            "images": images,
            "labels": labels,
            "held_out": int(rng.integers(40, 60)),
            "seed": int(rng.integers(99)),
        }

    def measure(self, answer, given):
        images, labels, held_out, seed = given.values()
        state = np.random.get_state()[1].copy()
        found = {"global_state_kept": True, "arguments_kept": True}
        for run, run_seed in [("", seed), ("again_", seed), ("other_", seed + 1)]:
            own_images, own_labels = images.copy(), labels.copy()
            parts = answer(own_images, own_labels, held_out, run_seed)
            if parts is None:
                raise Mistake("none")
            try:
                (train, train_labels), (validation, validation_labels) = parts
            except (TypeError, ValueError):
                raise Mistake("form") from None
            found |= {
                f"{run}train_images": train,
                f"{run}train_labels": train_labels,
                f"{run}validation_images": validation,
                f"{run}validation_labels": validation_labels,
            }
            # after each call: the state that one seed leaves may be the one that an earlier check has left
            found["global_state_kept"] &= np.array_equal(np.random.get_state()[1], state)
            found["arguments_kept"] &= np.array_equal(own_images, images) and np.array_equal(own_labels, labels)
        return found

    def judge(self, given, measured):
        n, held_out = len(given["images"]), given["held_out"]
        names = {
            key: self.numbers(measured, key, (None, 4, 4, 1))[:, 0, 0, 0].astype(int)
            for key in measured
            if key.endswith("_images")
        }
        train, validation = names["train_images"], names["validation_images"]
        if (len(train), len(validation)) != (n - held_out, held_out):
            got, expected = f"{len(train)} and {len(validation)}", f"{n - held_out} and {held_out}"
            raise Mistake("sizes", got=got, n=n, held_out=held_out, expected=expected)
        for part in (train, validation):
            if repeated := len(part) - len(np.unique(part)):
                raise Mistake("repeated", repeated=repeated)
        if common := len(np.intersect1d(train, validation)):
            raise Mistake("overlap", common=common)
        labels = np.concatenate(
            [
                self.numbers(measured, "train_labels", (n - held_out,)),
                self.numbers(measured, "validation_labels", (held_out,)),
            ]
        )
        if wrong := np.sum(given["labels"][np.concatenate([train, validation])] != labels):
            raise Mistake("pairs", wrong=wrong, n=n)
        classes = np.unique(given["labels"][validation])
        if len(classes) < 6:
            raise Mistake("unshuffled", classes=", ".join(map(str, classes)))
        if not np.array_equal(names["again_train_images"], train):
            raise Mistake("seed")
        if np.array_equal(np.sort(names["other_train_images"]), np.sort(train)):
            raise Mistake("ignored")
        if not self.numbers(measured, "global_state_kept"):
            raise Mistake("global")
        if not self.numbers(measured, "arguments_kept"):
            raise Mistake("changed")
        return f"{n - held_out} and {held_out} images, each with its own label, none in both; the seed decides which."


class MendedOneHot(Task):
    """One-hot vectors whose width does not depend on the batch."""

    number = "1.2"
    points = 2
    section = "3. Labels as one-hot vectors"
    hints = {
        "width": "a batch with the labels {labels} gave vectors of length {got}, expected: {classes}. A network's "
        "input has a fixed width, whatever labels happen to be in a batch.",
        "off by one": "each 1 stands one place {where} the one that the label names. Classes count from 0, and K "
        "classes need K places.",
        "sum": "the rows sum to {got}, expected: 1 each. One place is 1, all others are 0.",
        "values": "your vectors hold the values {got}, expected: only 0 and 1.",
        "place": "label {label} has its 1 at place {got}, expected: {label}.",
        "dtype": "your vectors have the data type {got}, expected: float32, which is what the networks compute in.",
        "axes": "your value has shape {got}: one column for each label. Expected: one row for each, {expected}.",
    }

    def given(self, rng):
        classes = int(rng.integers(8, 14))
        some = 1 + rng.choice(classes - 3, 5, replace=False)  # neither the first nor the last class
        return {"labels": np.append(some, some[0]).astype("uint8"), "classes": classes}

    def measure(self, answer, given):
        vectors = answer(given["labels"].copy(), given["classes"])
        return {"vectors": vectors, "dtype": str(getattr(vectors, "dtype", type(vectors).__name__))}

    def judge(self, given, measured):
        labels, classes = given["labels"], given["classes"]
        vectors = self.numbers({"vectors": measured["vectors"]}, "vectors", (None, None))
        if vectors.shape == (classes, len(labels)):
            raise Mistake("axes", got=vectors.shape, expected=(len(labels), classes))
        if len(vectors) == len(labels) and vectors.shape[1] != classes:
            raise Mistake("width", labels=labels.tolist(), got=vectors.shape[1], classes=classes)
        vectors = self.numbers({"vectors": vectors}, "vectors", (len(labels), classes))
        if set(np.unique(vectors)) - {0, 1}:
            raise Mistake("values", got=", ".join(f"{value:g}" for value in np.unique(vectors)[:5]))
        sums = vectors.sum(axis=1)
        if (sums != 1).any():
            raise Mistake("sum", got=f"{sums[sums != 1][0]:g}")
        places = vectors.argmax(axis=1)
        for step, where in [(1, "after"), (-1, "before")]:
            if np.array_equal(places, (labels.astype(int) + step) % classes):
                raise Mistake("off by one", where=where)
        if (wrong := places != labels).any():
            raise Mistake("place", label=labels[wrong][0], got=places[wrong][0])
        if "float32" not in str(measured["dtype"]):
            raise Mistake("dtype", got=measured["dtype"])
        return f"{len(labels)} labels of {classes} classes give shape {vectors.shape}, the 1 where the label says."


def sigmoid(logits):
    """Return the pixel means that belong to these logits; good enough for small ones."""
    return 1 / (1 + np.exp(-logits))


class MaskedLogLikelihood(Task):
    """Log-likelihood of the pixels that were seen."""

    number = "1.3"
    points = 3
    section = "5. Logits, or how never to take the logarithm of zero"
    hints = {
        "sign": "for an ordinary image your value is {got:.3f}, expected: {expected:.3f}. The sign is wrong: no "
        "probability is above 1, so no log-likelihood of binary pixels is above 0.",
        "mask ignored": "your value stays at {got:.3f} when other pixels are masked. Only pixels whose mask is 1 "
        "count.",
        "mask inverted": "your value is that of the pixels whose mask is 0. A mask of 1 means: this pixel was seen.",
        "mean": "your value is {got:.4f}, expected: {expected:.3f}. That is the mean over pixels; the log-likelihood "
        "of an image is their sum.",
        "masked pixels": "your value is {got:.3f}, expected: {expected:.3f}. The pixels that were not seen still add "
        "to it: multiply each whole term of the sum by the mask, not what goes into it.",
        "swapped": "your value is {got:.3f}, expected: {expected:.3f}. Are image and logits in each other's place?",
        "unsafe": "for logits of ±{size:g} your value is {got}, expected: {expected:g}. Somewhere an exponential "
        "overflows or a logarithm gets a zero.",
        "clipped": "for logits of ±{size:g} your value is {got:.2f}, expected: {expected:g}. A probability was "
        "clipped on the way: no clipping is needed where the probability itself is never computed.",
        "batch": "your value has the shape () for a batch of {n} images, expected: ({n},), one sum for each.",
        "value": "your value is {got:.3f}, expected: {expected:.3f}.",
    }

    def given(self, rng):
        shape = (int(rng.integers(4, 8)), 6, 6, 1)
        x = np.float32(np.clip(rng.uniform(-1, 2, shape), 0, 1))
        return {
            "x": x,
            "logits": rng.normal(size=shape).astype("float32"),
            "mask": (rng.random(shape) < 0.4).astype("float32"),
            "size": float(rng.integers(300, 900)),
        }

    def measure(self, answer, given):
        x, logits, mask, size = given.values()
        far = np.where(x > 0.5, size, -size).astype("float32")  # right about black and white, as sure as can be
        with np.errstate(all="ignore"):  # the check says it in plainer words
            return {
                "ordinary": answer(x.copy(), logits.copy(), mask.copy()),
                "other_mask": answer(x.copy(), logits.copy(), 1 - mask),
                "sure": answer(np.round(x), far, mask.copy()),
                "wrong": answer(1 - np.round(x), far, mask.copy()),
            }

    def expected(self, x, logits, mask):
        mu = sigmoid(logits.astype("float64"))
        return (mask * np.log(mu**x * (1 - mu) ** (1 - x))).sum(axis=(1, 2, 3))

    def judge(self, given, measured):
        x, logits, mask, size = given.values()
        if measured["ordinary"].shape == ():
            raise Mistake("batch", n=len(x))
        got = self.numbers({"your value": measured["ordinary"]}, "your value", (len(x),))
        expected = self.expected(x, logits, mask)
        if not np.allclose(got, expected, rtol=1e-4, atol=1e-4):
            self.explain(given, measured, got, expected)
        for name, expected in [("sure", np.zeros(len(x))), ("wrong", -size * mask.sum(axis=(1, 2, 3)))]:
            far = measured[name].astype("float64")
            if (lost := ~np.isfinite(far)).any():
                raise Mistake("unsafe", size=size, got=far[lost][0], expected=expected[lost][0])
            if not np.allclose(far, expected, rtol=1e-4, atol=1e-2):
                raise Mistake("clipped", size=size, got=far[0], expected=expected[0])
        return f"right for grey pixels and any mask, and finite for logits of ±{size:g}."

    def explain(self, given, measured, got, expected):
        """Raise the mistake that gives this value."""
        x, logits, mask, _ = given.values()
        everything = self.expected(x, logits, np.ones_like(mask))
        at_even_odds = (1 - mask).sum(axis=(1, 2, 3)) * np.log(0.5)  # the price of a logit of 0
        with np.errstate(all="ignore"):
            swapped = (mask * (logits * np.log(x) + (1 - logits) * np.log(1 - x))).sum(axis=(1, 2, 3))
            swapped_terms = (mask * (x * logits - np.logaddexp(0, x))).sum(axis=(1, 2, 3))
        # what the lost pixels add where only the other of the two terms is masked
        softplus = ((1 - mask) * np.logaddexp(0, logits)).sum(axis=(1, 2, 3))
        ink = ((1 - mask) * x * logits).sum(axis=(1, 2, 3))
        pixels = x[0].size
        for hint, values in [
            ("sign", [-expected]),
            ("mask inverted", [everything - expected]),
            ("mask ignored", [everything, everything / pixels]),
            ("mean", [expected / pixels, expected / mask.sum(axis=(1, 2, 3))]),
            ("masked pixels", [expected + at_even_odds, expected - softplus, expected + ink]),
            ("swapped", [swapped, swapped_terms]),
        ]:
            if any(np.allclose(got, value, rtol=1e-3, atol=1e-3) for value in values):
                raise Mistake(hint, got=got[0], expected=expected[0])
        raise Mistake("value", got=got[0], expected=expected[0])


def baselines(x, y, test_x, test_y, black_added=0.5, images_added=1):
    """Return both losses; the test images enter by their mean alone, since a loss is linear in them."""

    def share(train, test):
        black = (x[train].sum(axis=0) / 255 + black_added) / (train.sum() + images_added)
        ink = test_x[test].mean(axis=0) / 255
        with np.errstate(all="ignore"):  # where too little is added, a mean may be 0 or above 1
            return -test.mean() * np.sum(ink * np.log(black) + (1 - ink) * np.log(1 - black))

    return share(y >= 0, test_y >= 0), sum(share(y == label, test_y == label) for label in np.unique(test_y))


def close(values, expected):
    """Return which losses agree; to count in an image of 127/255 instead of 1/2 changes them by more than this."""
    return np.isclose(values, expected, rtol=2e-5)


class BaselineLosses(Task):
    """Losses of the mean image and of the class means."""

    number = "1.4"
    points = 4
    section = "7. Three baselines and a floor"
    hints = {
        "test means": "{which} is {got:.3f}, expected: {expected:.3f}. Your means come from the test images. A "
        "baseline is a model like any other: it learns from training images and is tested on others.",
        "train images": "{which} is {got:.3f}, expected: {expected:.3f}. That is the loss of the training images. "
        "Which images show how good a model is?",
        "infinite": "{which} is {got}, expected: a finite number. A pixel without ink in all training images is rare, "
        "not impossible: count one more image, half black everywhere.",
        "pixel mean": "{which} is {got:.4f}, expected: {expected:.3f}: the mean over pixels, where their sum is "
        "wanted.",
        "sign": "{which} is {got:.3f}, expected: {expected:.3f}. A loss is minus the log-likelihood.",
        "swapped": "the two losses came in the wrong order: first the mean image's, then the class means'.",
        "class": "the loss of the class means is {got:.3f}, expected: {expected:.3f}. Each test image is to be "
        "compared with the mean of its own class.",
        "classes weighted": "the loss of the class means is {got:.3f}, expected: {expected:.3f}. You averaged over "
        "classes; average over images, or a rare class counts as much as a frequent one.",
        "image added": "{which} is {got:.3f}, expected: {expected:.3f}. Look at the image that you count in: it is one "
        "image, and exactly half black.",
        "scale": "{which} is {got:.3f}, expected: {expected:.3f}. Are the pixels scaled from 0…255 to 0…1?",
        "value": "{which} is {got:.3f}, expected: {expected:.3f}.",
    }
    which = ("the loss of the mean image", "the loss of the class means")

    def given(self, rng):
        classes = int(rng.integers(3, 6))
        taste = rng.random((classes, 16)) ** 2  # how often each pixel is black, in each class
        parts = []
        for n in (60, 40):
            labels = np.concatenate(
                [np.arange(classes), rng.choice(classes, n, p=np.arange(1, classes + 1) * 2 / classes / (classes + 1))]
            )
            ink = np.clip(taste[labels] + rng.normal(0, 0.3, (len(labels), 16)), 0, 1) * 255
            parts += [ink.astype("uint8").reshape(-1, 4, 4, 1), labels.astype("uint8")]
        parts[0][:, 0, 0, 0] = 0  # white in all training images, and not in all test images
        parts[2][::5, 0, 0, 0] = 200
        return dict(zip(("images", "labels", "test_images", "test_labels"), parts, strict=True))

    def measure(self, answer, given):
        with np.errstate(all="ignore"):
            mean_image, class_means = answer(*(array.copy() for array in given.values()))
        return {"mean_image": mean_image, "class_means": class_means}

    def judge(self, given, measured):
        names = ("mean_image", "class_means")
        for name, which in zip(names, self.which, strict=True):
            value = measured[name]
            if value.shape == () and value.dtype.kind == "f" and not np.isfinite(value):
                raise Mistake("infinite", which=which, got=value)
        got = [self.numbers(measured, name) for name in names]
        expected = baselines(*given.values())
        if close(got, expected).all():
            return f"{expected[0]:.2f} nats for the mean image, {expected[1]:.2f} for the mean image of the class."
        if close(got, expected[::-1]).all():
            raise Mistake("swapped")
        x, y, test_x, test_y = given.values()
        for index, which in enumerate(self.which):
            if close(got[index], expected[index]):
                continue
            for hint, wrong in {
                "sign": [-expected[index]],
                "pixel mean": [expected[index] / 16],
                "test means": [baselines(test_x, test_y, test_x, test_y)[index]],
                "class": [baselines(x, y, test_x, (test_y.astype(int) + step) % (y.max() + 1))[1] for step in (1, -1)],
                "classes weighted": [
                    np.mean([baselines(x, y, test_x[test_y == k], test_y[test_y == k])[1] for k in np.unique(y)])
                ],
                "train images": [baselines(x, y, x, y)[index]],
                "scale": [baselines(x, y, 255.0 * test_x, test_y)[index]],
                "image added": [
                    baselines(*given.values(), black, images)[index]
                    for black, images in [(127 / 255, 1), (128 / 255, 1), (0.5 / 255, 1), (0.5, 0), (1, 1), (1, 2)]
                ],
            }.items():
                if close(got[index], wrong).any():
                    raise Mistake(hint, which=which, got=got[index], expected=expected[index])
            hint = "scale" if abs(got[index]) > 20 * expected[index] else "value"
            raise Mistake(hint, which=which, got=got[index], expected=expected[index])


split, mended_one_hot = Split(), MendedOneHot()
masked_log_likelihood, baseline_losses = MaskedLogLikelihood(), BaselineLosses()
