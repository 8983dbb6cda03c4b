"""Checks of exercise 04."""

import itertools
import math

import numpy as np

from cvae_utils.checks.task import Mistake, Task


class Decode:
    """Stands in for a decoder: writes z and y into the first pixels, so that a picture says what it was made from."""

    def __init__(self, latent_dim, pictures):
        self.latent_dim = latent_dim
        self.pictures = pictures
        self.calls = 0

    def __call__(self, z, y):
        z, y = np.asarray(z, "float32"), np.asarray(y, "float32")
        self.calls += 1
        if z.shape[1:] == (10,) and y.shape[1:] == (self.latent_dim,):
            raise Mistake("swapped", z=z.shape, y=y.shape)
        if y.shape[1:] != (10,):
            raise Mistake("one-hot", got=y.shape, n=self.pictures)
        if z.shape != (len(y), self.latent_dim):
            raise Mistake("pairs", z=z.shape, y=y.shape, n=self.pictures)
        images = np.zeros((len(z), 28, 28, 1), "float32")
        images[:, 0, : self.latent_dim, 0] = z
        images[:, 1, :10, 0] = y
        return images


class StyleSheet(Task):
    """Some digits in some styles, drawn by one call of the decoder."""

    number = "4.1"
    points = 2
    section = "7. A seven, please"
    hints = {
        "calls": "decode was called {got} times, expected: once. One batch can hold all pictures of the sheet.",
        "one-hot": "decode got labels of shape {got}, expected: ({n}, 10), a one-hot vector of ten numbers for each "
        "picture of the sheet.",
        "pairs": "decode got z of shape {z} and y of shape {y}, expected: {n} rows in each. Every picture of the "
        "sheet needs a z and a y of its own.",
        "swapped": "decode got z of shape {z} and y of shape {y}. They stand in each other's place.",
        "flat": "your value has shape {got}: one long row of pictures. Expected: {expected}, by rows and columns.",
        "axes": "your value has shape {got}: a row for each style. Expected: {expected}, a row for each digit.",
        "order": "your sheet holds the right pictures in the wrong places. At row {row}, column {column} there is a "
        "{got} in style {style}, expected: a {expected} in style {column}. Which of the two changes first along your "
        "batch?",
        "not one-hot": "the label behind the picture at row {row}, column {column} is {got}, expected: a single 1 "
        "among zeros.",
        "digit": "the picture at row {row}, column {column} is a {got}, expected: a {expected}. The list of digits is "
        "{digits}, in this order.",
        "style": "the picture at row {row}, column {column} has z = {got}, expected: {expected}, which is style "
        "{column}. A column is one handwriting.",
        "pixels": "your pictures are not as decode gave them. Return them unchanged.",
    }

    def given(self, rng):
        styles, digits = rng.permutation(np.arange(3, 7))[:2]  # two different numbers, or rows could pass for columns
        some = rng.choice(10, digits - 1, replace=False)
        some[:2] = sorted(some[:2], reverse=True)  # not in order, and with one that comes twice
        latent_dim = rng.integers(2, 6)
        return {
            "styles": rng.standard_normal((styles, latent_dim)).astype("float32"),
            "digits": np.append(some, some[0]),
        }

    def measure(self, answer, given):
        styles, digits = given.values()
        decode = Decode(styles.shape[1], len(styles) * len(digits))
        sheet = answer(decode, styles.copy(), digits.copy())
        return {"sheet": sheet, "calls": decode.calls}

    def judge(self, given, measured):
        styles, digits = given.values()
        rows, columns, latent_dim = len(digits), len(styles), styles.shape[1]
        expected = (rows, columns, 28, 28, 1)
        got = measured["sheet"].shape
        calls = self.numbers(measured, "calls")
        if calls != 1:
            raise Mistake("calls", got=int(calls))
        if got == (rows * columns, 28, 28, 1):
            raise Mistake("flat", got=got, expected=expected)
        if got == (columns, rows, 28, 28, 1):
            raise Mistake("axes", got=got, expected=expected)
        sheet = self.numbers(measured, "sheet", expected)
        z, y = sheet[:, :, 0, :latent_dim, 0], sheet[:, :, 1, :10, 0]
        for row, column in np.argwhere((np.sort(y) != np.eye(10)[9]).any(axis=-1))[:1]:
            values = ", ".join(f"{value:.3g}" for value in y[row, column])
            raise Mistake("not one-hot", row=row, column=column, got=values)
        digit = y.argmax(axis=-1)
        distance = np.abs(z[:, :, None] - styles).max(axis=-1)  # of each picture's z to each style
        style = np.where(distance.min(axis=-1) < 1e-5, distance.argmin(axis=-1), -1)
        wrong_digit, wrong_style = digit != digits[:, None], style != np.arange(columns)
        pictures = sorted(zip(digit.flat, style.flat, strict=True))
        permuted = pictures == sorted(itertools.product(digits, range(columns)))
        for row, column in np.argwhere(wrong_digit | wrong_style)[:1]:
            if permuted and wrong_digit.any() and wrong_style.any():
                values = {"got": digit[row, column], "style": style[row, column], "expected": digits[row]}
                raise Mistake("order", row=row, column=column, **values)
        for row, column in np.argwhere(wrong_digit)[:1]:
            values = {"got": digit[row, column], "expected": digits[row], "digits": digits.tolist()}
            raise Mistake("digit", row=row, column=column, **values)
        for row, column in np.argwhere(wrong_style)[:1]:
            values = {"got": short(z[row, column]), "expected": short(styles[column])}
            raise Mistake("style", row=row, column=column, **values)
        if np.count_nonzero(sheet) != np.count_nonzero(z) + np.count_nonzero(y):
            raise Mistake("pixels")
        return f"{rows} digits in {columns} styles by one call, a row for each digit and one style down each column."


def every_combination(given):
    """Return z, y and pen, one row for each combination of a point, a digit and a pen."""
    of_z, of_y, of_pen = np.indices((len(given["z"]), given["digits"], given["pens"])).reshape(3, -1)
    y, pen = np.eye(given["digits"], dtype="float32")[of_y], np.eye(given["pens"], dtype="float32")[of_pen]
    return given["z"][of_z], y, pen


class TwoLabelDecoder(Task):
    """A decoder that two labels go into."""

    number = "4.2"
    points = 4
    section = "2. A few lines"
    hints = {
        "model": "your function returned {got}, expected: a keras.Model, made from its inputs and its output.",
        "inputs": "your model takes inputs of shape {got}, expected: {expected}, for z, y and pen in this order.",
        "labels too": "your model puts out {got} numbers for an image, expected: the {pixels} pixels in shape "
        "{expected}. The labels are conditions: nothing has to reconstruct them.",
        "flat": "your model puts out {got} numbers in one row, expected: shape {expected}.",
        "probabilities": "all outputs of your model lie between {low:.3g} and {high:.3g}. Expected: logits, which may "
        "be any number; the sigmoid comes later, in the loss and in `decode`.",
        "bounded": "all outputs of your model lie between {low:.3g} and {high:.3g}, whatever the weights. Expected: "
        "logits, which may be any number. The last layer needs no activation.",
        "never negative": "no output of your model is below 0. Expected: logits of both signs. A pixel that is "
        "probably white has a negative one.",
        "z ignored": "your logits change by {got:.3g} when only z changes. Expected: more than 0, or all images of a "
        "digit look alike.",
        "y ignored": "your logits change by {got:.3g} when only y changes. Expected: more than 0, or no digit can be "
        "asked for.",
        "pen ignored": "your logits change by {got:.3g} when only the pen changes. Expected: more than 0. Does the "
        "third input go anywhere?",
        "added": "what {label} adds to your logits is the same for every z. Expected: that it depends on z, so that a "
        "stroke moves with the handwriting. Where does {label} meet z, and is there an activation after that?",
    }

    def given(self, rng):
        latent_dim = int(rng.integers(2, 5))
        return {
            "latent_dim": latent_dim,
            "digits": int(rng.integers(7, 10)),
            "pens": int(rng.integers(5, 7)),
            "shape": (int(rng.integers(3, 6)), int(rng.integers(6, 9)), int(rng.integers(2, 4))),
            "z": rng.normal(0, 2, (12, latent_dim)).astype("float32"),
            "seed": int(rng.integers(1000)),
        }

    def measure(self, answer, given):
        model = answer(given["latent_dim"], given["digits"], given["pens"], given["shape"])
        import keras  # here, since judging needs none

        if model is None:
            raise Mistake("none")
        if not isinstance(model, keras.Model):
            raise Mistake("model", got=f"a value of type {type(model).__name__}")
        expected = [(given[name],) for name in ("latent_dim", "digits", "pens")]
        inputs = [tuple(one.shape[1:]) for one in getattr(model, "inputs", None) or []]
        if inputs not in ([], expected):  # a model made by subclassing does not know its inputs beforehand
            raise Mistake("inputs", got=inputs, expected=expected)
        combinations = every_combination(given)
        model(combinations)  # makes the weights, where they are not yet made
        rng = np.random.default_rng(given["seed"])
        for weight in model.trainable_weights:  # as if trained: what starts at zero says nothing of what it may become
            weight.assign(0.5 * rng.standard_normal(tuple(weight.shape)))
        return {"logits": model(combinations)}

    def judge(self, given, measured):
        shape, n = given["shape"], len(given["z"]) * given["digits"] * given["pens"]
        pixels, got = math.prod(shape), measured["logits"].shape
        more = math.prod(got[1:]) - pixels
        if more in (given["digits"], given["pens"], given["digits"] + given["pens"]):
            raise Mistake("labels too", got=pixels + more, pixels=pixels, expected=shape)
        if got == (n, pixels):
            raise Mistake("flat", got=pixels, expected=shape)
        logits = self.numbers(measured, "logits", (n, *shape))
        low, high = logits.min(), logits.max()
        for hint, found in {
            "probabilities": low >= 0 and high <= 1,
            "bounded": low >= -1.001 and high <= 1.001,
            "never negative": low >= 0,
        }.items():
            if found:
                raise Mistake(hint, low=low, high=high)
        logits = logits.reshape(len(given["z"]), given["digits"], given["pens"], pixels)
        least = 1e-4 * np.ptp(logits)  # float32 rounds
        for axis, name in enumerate(("z", "y", "pen")):
            if (change := np.ptp(logits, axis=axis).max()) <= least:
                raise Mistake(f"{name} ignored", got=change)
        by_z = logits - logits[:1]  # what z changes, for each digit and pen
        for axis, name in enumerate(("y", "pen"), start=1):
            if np.ptp(by_z, axis=axis).max() <= least:
                raise Mistake("added", label=name)
        return f"logits of shape {shape}; z, digit and pen all matter, and what the labels change depends on z."


def averaged(value, z_mean, z_log_var):
    """Return the average of value(z, mean, variance) over each Gaussian, by a quadrature that is exact for squares."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    z_mean, variance = z_mean.astype("float64"), np.exp(z_log_var.astype("float64"))
    total = sum(
        weight * value(z_mean + node * variance**0.5, z_mean, variance)
        for node, weight in zip(nodes, weights, strict=True)
    )
    return total / weights.sum()


def log_ratio(z, mean, variance):
    """Return log q(z) - log p(z), in each dimension."""
    return -0.5 * (z - mean) ** 2 / variance - 0.5 * np.log(variance) + 0.5 * z**2


class MendedLoss(Task):
    """The negative ELBO of log p(x|y), from a pipeline that glues labels to images."""

    number = "4.3"
    points = 3
    section = "2. A few lines"
    hints = {
        "labels": "your value is {got:.3f}, expected: {expected:.3f}. It changes with the last {classes} logits of "
        "each row, though they say nothing about the image. What does p(x|z,y) describe?",
        "zeros": "your value is {got:.3f}, expected: {expected:.3f}. It is too large by {classes} · log 2: a logit of "
        "0 still costs something. Numbers that are no pixels should not be in the sum at all.",
        "factor": "your value is {got:.3f}, expected: {expected:.3f}. The pixels count a little too much. By how many "
        "numbers do you multiply their mean?",
        "wrong end": "your value is {got:.3f}, expected: {expected:.3f}. You left out the first {classes} columns; "
        "the labels stand last.",
        "fixed": "your value is {got:.3f}, expected: {expected:.3f}. This batch has {pixels} pixels and {classes} "
        "classes. Is another number written into your function?",
        "mean": "your value is {got:.3f}, expected: {expected:.3f}. That is the mean over pixels, where their sum is "
        "wanted.",
        "no KL": "your value is {got:.3f}, expected: {expected:.3f}. That is the reconstruction alone.",
        "price": "your value is {got:.3f}, expected: {expected:.3f}. You added the price of a label, log {classes}. "
        "But in p(x|y) the label is given.",
        "sign": "your value is {got:.3f}, expected: {expected:.3f}. Check the signs: both terms of a loss are costs.",
        "batch": "your value has the shape () for a batch of {n} images, expected: ({n},), one number for each.",
        "value": "your value is {got:.3f}, expected: {expected:.3f}.",
    }

    def given(self, rng):
        n, pixels, classes = int(rng.integers(4, 8)), int(rng.integers(30, 50)), int(rng.integers(4, 8))
        x = np.clip(rng.uniform(-1, 2, (n, pixels)), 0, 1)
        latent_dim = int(rng.integers(2, 6))
        return {
            "xy": np.concatenate([x, np.eye(classes)[rng.integers(0, classes, n)]], axis=1).astype("float32"),
            "logits": rng.normal(0, 2, (n, pixels + classes)).astype("float32"),
            "z_mean": rng.normal(size=(n, latent_dim)).astype("float32"),
            "z_log_var": rng.normal(-1, 1, (n, latent_dim)).astype("float32"),
            "classes": classes,
        }

    def measure(self, answer, given):
        xy, logits, z_mean, z_log_var, classes = given.values()
        other = logits.copy()
        other[:, -classes:] *= -2  # about the labels only
        return {
            name: answer(xy.copy(), some.copy(), z_mean.copy(), z_log_var.copy(), classes)
            for name, some in {"value": logits, "other": other}.items()
        }

    def reconstruction(self, given, columns=slice(None)):
        """Return minus the log-likelihood of some columns."""
        x, logits = given["xy"][:, columns].astype("float64"), given["logits"][:, columns].astype("float64")
        black = 1 / (1 + np.exp(-logits))
        return -np.log(black**x * (1 - black) ** (1 - x)).sum(axis=1)

    def judge(self, given, measured):
        n, classes, pixels = len(given["xy"]), given["classes"], given["xy"].shape[1] - given["classes"]
        if measured["value"].shape == ():
            raise Mistake("batch", n=n)
        got, other = (self.numbers({"value": measured[name]}, "value", (n,)) for name in ("value", "other"))
        of_pixels = self.reconstruction(given, slice(pixels))
        kl = averaged(log_ratio, given["z_mean"], given["z_log_var"]).sum(axis=1)
        expected = of_pixels + kl
        blind = np.allclose(other, got, rtol=1e-5, atol=1e-4)  # to what the decoder says of the label
        if np.allclose(got, expected, rtol=1e-4, atol=1e-3) and blind:
            return "the negative ELBO of the image given its label, the same whatever the decoder says of the label."
        numbers = {"got": got[0], "expected": expected[0], "pixels": pixels, "classes": classes}
        for hint, values in {
            "zeros": [expected + classes * np.log(2)],
            "factor": [of_pixels * (pixels + classes) / pixels + kl],
            "wrong end": [self.reconstruction(given, slice(classes, None)) + kl],
            "fixed": [self.reconstruction(given, slice(-10)) + kl],
            "mean": [of_pixels / pixels + kl, of_pixels / (pixels + classes) + kl],
            "no KL": [of_pixels],
            "price": [expected + np.log(classes), expected + np.log(10)],
            "sign": [of_pixels - kl, -of_pixels + kl, -expected],
        }.items():
            if any(np.allclose(got, value, rtol=1e-4, atol=1e-3) for value in values):
                raise Mistake(hint, **numbers)
        raise Mistake("value" if blind else "labels", **numbers)


class FairGain(Task):
    """What is left of a CVAE's advantage when the labels are paid for."""

    number = "4.4"
    points = 3
    section = "4. Training"
    hints = {
        "unpaid": "your value is {got:.4f}, expected: {expected:.4f}. The label is not paid for: the CVAE was told it.",
        "log 10": "your value is {got:.4f}, expected: {expected:.4f}. You paid log 10, which is the price of one of "
        "ten equally frequent classes. These are not ten, and not equally frequent.",
        "equal classes": "your value is {got:.4f}, expected: {expected:.4f}. You paid as if all classes were equally "
        "frequent. The label of a frequent class is cheaper.",
        "bits": "your value is {got:.4f}, expected: {expected:.4f}. The losses are in nats and your price of the "
        "label is in another unit.",
        "test shares": "your value is {got:.4f}, expected: {expected:.4f}. You took the shares of the classes from "
        "the test labels. But p(y) is part of the model, and a model learns from training data.",
        "train labels": "your value is {got:.4f}, expected: {expected:.4f}. You paid for the training labels. The "
        "losses are those of test images.",
        "direction": "your value is {got:.4f}, expected: {expected:.4f}. Paying for the labels has made the CVAE's "
        "lead larger. It should become smaller.",
        "sign": "your value is {got:.4f}, expected: {expected:.4f}. It should be positive when the CVAE is ahead.",
        "classes": "your value is {got:.4f}, expected: {expected:.4f}. You averaged the price over classes; average "
        "over images, or a rare class counts as much as a frequent one.",
        "mean first": "your value is {got:.4f}, expected: {expected:.4f}. You averaged probabilities and then took "
        "the logarithm. Each label has a price; average the prices.",
        "smoothed": "your value is {got:.4f}, expected: {expected:.4f}. Something was added to the counts of the "
        "classes. No class of the test images is missing among the training images.",
        "sum": "your value is {got:.4f}, expected: {expected:.4f}. The losses are per image; so must the price be.",
        "value": "your value is {got:.4f}, expected: {expected:.4f}.",
    }

    def given(self, rng):
        # not all numbers occur as labels, 0 for one
        occurring = np.sort(rng.choice(np.arange(1, 9), int(rng.integers(4, 7)), replace=False))
        share = rng.permutation(np.arange(1, len(occurring) + 1) ** 2)

        def draw(n, power):
            p = share**power / np.sum(share**power)
            return rng.permutation(np.concatenate([occurring, rng.choice(occurring, n, p=p)]))

        return {
            "vae_loss": float(rng.uniform(140, 150)),
            "cvae_loss": float(rng.uniform(130, 139)),
            "train_labels": draw(int(rng.integers(150, 250)), 1.0),
            "test_labels": draw(int(rng.integers(50, 100)), 2.0),
        }

    def measure(self, answer, given):
        with np.errstate(all="ignore"):
            return {"gain": answer(*(value.copy() if np.ndim(value) else value for value in given.values()))}

    def judge(self, given, measured):
        vae_loss, cvae_loss, train, test = given.values()
        got = self.numbers(measured, "gain")
        raw = vae_loss - cvae_loss
        price = mean_price(train, test)
        expected = raw - price
        if np.isclose(got, expected, rtol=0, atol=1e-4):
            return f"{raw:.2f} nats ahead, of which the labels cost {price:.2f}: {expected:.2f} are left."
        occurring = np.unique(train)
        for hint, wrong in {
            "unpaid": [0],
            "log 10": [np.log(10)],
            "equal classes": [np.log(len(occurring)), np.log(train.max() + 1), np.log(train.max())],
            "bits": [price / np.log(2), price / np.log(10)],
            "test shares": [mean_price(test, test), mean_price(test, train)],
            "train labels": [mean_price(train, train)],
            "direction": [-price],
            "sign": [2 * raw - price, 2 * raw + price],
            "classes": [mean_price(train, occurring)],
            "mean first": [-np.log(np.mean([np.mean(train == label) for label in test]))],
            "smoothed": [
                mean_price(np.concatenate([train, added]), test) for added in (occurring, np.arange(train.max() + 1))
            ],
            "sum": [price * len(test), price * len(train)],
        }.items():
            if any(np.isclose(got, raw - value, rtol=0, atol=1e-4) for value in wrong):
                raise Mistake(hint, got=got, expected=expected)
        raise Mistake("value", got=got, expected=expected)


def mean_price(learned_from, paid_for):
    """Return what the labels cost on average, in nats, by counting equal pairs."""
    return np.log(len(learned_from)) - np.mean(np.log(np.sum(learned_from == paid_for[:, None], axis=1)))


class ClassCloud(Task):
    """Mean and variance of z over all images of a class."""

    number = "4.5"
    points = 2
    section = "6. The latent map"
    hints = {
        "points only": "your variance is {got}, expected: {expected}. That is how far the means of the Gaussians lie "
        "apart. But z is drawn from Gaussians, and each has a width.",
        "widths only": "your variance is {got}, expected: {expected}. That is the width of the Gaussians alone. They "
        "also lie in different places.",
        "log variance": "your variance is {got}, expected: {expected}. You used z_log_var as if it were the variance.",
        "sigma": "your variance is {got}, expected: {expected}. The widths enter wrongly: which of σ and σ² is "
        "exp(z_log_var), and which of the two can be averaged?",
        "averaged logarithm": "your variance is {got}, expected: {expected}. You averaged the logarithms of the "
        "variances; the mean of a logarithm is not the logarithm of the mean.",
        "standard deviation": "your variance is {got}, expected: {expected}. That is the standard deviation.",
        "about zero": "your variance is {got}, expected: {expected}. You took the mean square of z, which is the "
        "variance only where the mean is 0.",
        "all classes": "your values are those of all images together: mean {got}, expected: {expected} for class "
        "{label} alone.",
        "one number": "your value ({which}) has the shape (), expected: ({latent_dim},), one number for each latent "
        "dimension.",
        "pair": "your function returned {got}, expected: two arrays, the mean and the variance.",
        "order": "mean and variance came in the wrong order.",
        "sample": "your variance is {got}, expected: {expected}. You divided by one less than the number of images, "
        "which is for guessing from a sample. Here every image of the class is known.",
        "drawn": "two calls with the same arguments gave {got} and {again}. Nothing has to be drawn: the mean and the "
        "variance of each Gaussian are known.",
        "mean": "your mean is {got}, expected: {expected}.",
        "value": "your variance is {got}, expected: {expected}.",
    }

    def given(self, rng):
        classes = int(rng.integers(3, 6))
        latent_dim = int(rng.integers(3, 6))  # more than 2, or the variance alone could pass for a pair
        labels = rng.permutation(np.repeat(np.arange(classes), rng.integers(6, 12, classes)))
        centres, spreads = rng.normal(0, 1, (classes, latent_dim)), rng.uniform(0.4, 1.2, (classes, latent_dim))
        z_mean = rng.normal(centres[labels], spreads[labels])
        return {
            "z_mean": z_mean.astype("float32"),
            "z_log_var": rng.normal(-0.7, 0.6, z_mean.shape).astype("float32"),
            "labels": labels.astype("uint8"),
            "label": int(rng.integers(classes)),
        }

    def measure(self, answer, given):
        z_mean, z_log_var, labels, label = given.values()
        found = {}
        for run in ("", "_again"):
            returned = answer(z_mean.copy(), z_log_var.copy(), labels.copy(), label)
            if returned is None:
                raise Mistake("none")
            if not hasattr(returned, "__len__") or len(returned) != 2:
                raise Mistake("pair", got=f"a value of type {type(returned).__name__}")
            found |= {f"mean{run}": returned[0], f"variance{run}": returned[1]}
        return found

    def judge(self, given, measured):
        label, latent_dim = given["label"], given["z_mean"].shape[1]
        for name in ("mean", "variance"):
            if measured[name].shape == ():
                raise Mistake("one number", which=name, latent_dim=latent_dim)
        mean, variance, again = (
            self.numbers(measured, name, (latent_dim,)) for name in ("mean", "variance", "variance_again")
        )
        if not np.allclose(variance, again, rtol=1e-6):
            raise Mistake("drawn", got=short(variance), again=short(again))
        of_class = given["labels"] == label
        z_mean, z_log_var = given["z_mean"][of_class].astype("float64"), given["z_log_var"][of_class].astype("float64")
        true_mean, true_variance = cloud(z_mean, z_log_var)
        if close(mean, true_mean) and close(variance, true_variance):
            return f"the cloud of class {label} has mean {short(mean)} and variance {short(variance)}, widths included."
        all_mean, _ = cloud(given["z_mean"], given["z_log_var"])
        if close(mean, all_mean):
            raise Mistake("all classes", got=short(mean), expected=short(true_mean), label=label)
        if close(mean, true_variance) and close(variance, true_mean):
            raise Mistake("order")
        if not close(mean, true_mean):
            raise Mistake("mean", got=short(mean), expected=short(true_mean))
        spread, n = z_mean.var(axis=0), len(z_mean)
        widths, sigma = np.exp(z_log_var), np.exp(z_log_var / 2)
        for hint, values in {
            "points only": [spread, spread * n / (n - 1)],
            "widths only": [widths.mean(axis=0), sigma.mean(axis=0) ** 2, widths.mean(axis=0) / n],
            "log variance": [
                spread + z_log_var.mean(axis=0),
                z_log_var.mean(axis=0),
                spread + np.square(z_log_var).mean(axis=0),
            ],
            "sigma": [
                spread + sigma.mean(axis=0),
                spread + sigma.mean(axis=0) ** 2,
                spread + np.square(widths).mean(axis=0),
                spread + np.square(widths.mean(axis=0)),
            ],
            "averaged logarithm": [spread + np.exp(z_log_var.mean(axis=0))],
            "standard deviation": [np.sqrt(true_variance), np.sqrt(spread) + sigma.mean(axis=0), np.sqrt(spread)],
            "about zero": [true_variance + true_mean**2],
            "sample": [widths.mean(axis=0) + spread * n / (n - 1), true_variance * n / (n - 1)],
        }.items():
            if any(close(variance, value) for value in values):
                raise Mistake(hint, got=short(variance), expected=short(true_variance))
        raise Mistake("value", got=short(variance), expected=short(true_variance))


def cloud(z_mean, z_log_var):
    """Return mean and variance of a mixture of equally frequent Gaussians, from the averages of z and of z²."""
    first, second = (averaged(lambda z, *_, k=k: z**k, z_mean, z_log_var).mean(axis=0) for k in (1, 2))
    return first, second - first**2


def close(value, expected):
    """Return whether two arrays agree up to what float32 rounds."""
    return np.allclose(value, expected, rtol=1e-4, atol=1e-4)


def short(values):
    """Write an array as a learner would."""
    return f"({', '.join(f'{value:.3f}' for value in values)})"


style_sheet, two_label_decoder, mended_loss = StyleSheet(), TwoLabelDecoder(), MendedLoss()
fair_gain, class_cloud = FairGain(), ClassCloud()
