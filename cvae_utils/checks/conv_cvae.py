"""Checks of exercise 07."""

import cvae_utils._quiet_start  # noqa: F401

import copy
import itertools

import numpy as np
from keras import Input, Model, layers

from cvae_utils.checks.task import Mistake, Task


class WithPlanes(Task):
    """A feature map joined with one constant plane for each class."""

    number = "7.1"
    points = 2
    section = "1. Three ways"
    hints = {
        "channels first": "your value has shape {got}, expected: {expected}. The channels of this course come last, "
        "for the planes as for the features.",
        "one plane": "your value has {got} channels for {channels} channels of features and {classes} classes, "
        "expected: {expected}. A single plane with the number of the class would say that class 8 is twice class 4. "
        "Each class needs a plane of its own.",
        "features lost": "your value has {classes} channels, as many as there are classes. Where are the features? "
        "Expected: {expected} channels, the {channels} of the features and then the planes.",
        "planes": "your value has {got} channels, expected: {expected}, for {channels} channels of features and "
        "{classes} classes.",
        "order": "the label comes in the first channels of your value. Expected: first the features, unchanged, then "
        "the planes.",
        "features": "the first {channels} channels of your value are not the features. Expected: the features, "
        "unchanged.",
        "corner": "in your value {got} of the {expected} pixels of an image hold the label, expected: all of them. A "
        "small filter sees only what is near it.",
        "mixed": "pixels of image {image} hold the label of image {other}. Each image keeps its own label, at every "
        "pixel.",
        "scrambled": "one pixel of your value holds {got} for its label, expected: {expected}, as at every pixel of "
        "that image. All the numbers are there, in the wrong places: reading an array into a new shape does not move "
        "its axes.",
        "blend": "for y = {y} your planes hold {got}, expected: the numbers of y. A label may be a blend of classes, "
        "and no class is to be chosen from it.",
        "value": "for y = {y} your planes hold {got}, expected: the numbers of y.",
    }

    def given(self, rng):
        height, width = rng.permutation(np.arange(5, 10))[:2]
        batch, channels, classes = int(rng.integers(4, 6)), int(rng.integers(2, 4)), int(rng.integers(6, 8))
        return {
            "features": rng.normal(size=(batch, height, width, channels)).astype("float32"),
            "one_hot": np.eye(classes, dtype="float32")[rng.permutation(classes)[:batch]],
            "blend": rng.dirichlet(np.ones(classes), batch).astype("float32"),
        }

    def measure(self, answer, given):
        features, one_hot, blend = given.values()
        return {
            "one_hot_label": answer(features.copy(), one_hot.copy()),
            "blended_label": answer(features.copy(), blend.copy()),
        }

    def judge(self, given, measured):
        features, one_hot, blend = given.values()
        channels, classes = features.shape[-1], one_hot.shape[-1]
        for name, y in [("one_hot_label", one_hot), ("blended_label", blend)]:
            self.judge_shape(measured[name].shape, features.shape, classes)
            value = self.numbers(measured, name, (*features.shape[:3], channels + classes))
            if not np.allclose(value[..., :channels], features, atol=1e-5):
                last = np.allclose(value[..., classes:], features, atol=1e-5)
                raise Mistake("order" if last else "features", channels=channels)
            planes = value[..., channels:]
            wrong = ~np.isclose(planes, y[:, None, None], atol=1e-5).all(axis=-1)
            if not wrong.any():
                continue
            if name == "blended_label":
                image, row, column = np.argwhere(wrong)[0]
                raise Mistake("blend", y=rounded(y[image]), got=rounded(planes[image, row, column]))
            self.explain(planes, y, wrong)
        height, width = features.shape[1:3]
        return f"{channels} + {classes} channels on {height} by {width} pixels, each image with its label, blends too."

    def judge_shape(self, got, features, classes):
        """Raise the mistake that gives this shape, if there is a name for it."""
        batch, height, width, channels = features
        expected = (batch, height, width, channels + classes)
        if got == (batch, channels + classes, height, width):
            raise Mistake("channels first", got=got, expected=expected)
        if got[:-1] == expected[:-1] and got != expected:
            hint = {channels + 1: "one plane", classes: "features lost"}.get(got[-1], "planes")
            raise Mistake(hint, got=got[-1], channels=channels, classes=classes, expected=channels + classes)

    def explain(self, planes, y, wrong):
        """Raise the mistake that puts a one-hot label into these planes, which are wrong at some pixels."""
        pixels = planes[0, ..., 0].size
        holding = (planes != 0).any(axis=-1).sum(axis=(1, 2))
        if holding.max() < pixels and np.isclose(planes.sum(axis=(1, 2)), holding[:, None] * y).all():
            raise Mistake("corner", got=holding.max(), expected=pixels)
        image, row, column = np.argwhere(wrong)[0]
        got = planes[image, row, column]
        if (same := np.isclose(y, got, atol=1e-5).all(axis=-1)).any():
            raise Mistake("mixed", image=image, other=same.argmax())
        constant = np.isclose(planes, planes[:, :1, :1]).all()
        name = "value" if constant else "scrambled"
        raise Mistake(name, y=rounded(y[image]), got=rounded(got), expected=rounded(y[image]))


def rounded(values):
    """Write numbers with two digits."""
    return "[" + ", ".join(f"{value:.2g}" for value in values) + "]"


class Modulate(Task):
    """Feature-wise scaling and shift from a table for each."""

    number = "7.2"
    points = 3
    section = "2. In code"
    hints = {
        "identity": "with tables of zeros your value is 0 everywhere, expected: the features, unchanged. These tables "
        "hold what is added to a scale of one.",
        "exponential": "your value is {got:.4f}, expected: {expected:.4f}. An exponential of the table stays "
        "positive; the formula can also turn the sign of a feature.",
        "swapped": "your value is {got:.4f}, expected: {expected:.4f}. Are the two tables in each other's place?",
        "no shift": "your value is {got:.4f}, expected: {expected:.4f}. It holds the scale and not the shift.",
        "no scale": "your value is {got:.4f}, expected: {expected:.4f}. It holds the shift and not the scale.",
        "shift scaled": "your value is {got:.4f}, expected: {expected:.4f}. The shift is added to the scaled feature; "
        "yours was scaled with it.",
        "label": "an image with label {label} was changed as label {other} says.",
        "pixels": "within one channel of one image your scale is not the same at all pixels. NumPy lines up shapes "
        "from the right: here a batch of {batch} met {batch} columns, or {channels} channels met {channels} rows, and "
        "nothing was raised.",
        "vector": "your value for a dense layer's features, without height and width, has shape {got}, expected: "
        "{expected}. How many axes of length 1 a table needs depends on the features.",
        "map": "your value for a feature map has shape {got}, expected: {expected}.",
        "in place": "your function changed the {what} it was given. Whoever called it may still need them: the "
        "next call would start from changed numbers.",
        "value": "your value is {got:.4f} for {which}, expected: {expected:.4f}.",
    }

    def given(self, rng):
        batch, channels = (int(n) for n in rng.permutation(np.arange(4, 7))[:2])
        classes = batch + 2

        def table():  # away from zero, so that each mistake shows
            return rng.choice([-1, 1], (classes, channels)) * rng.uniform(0.3, 1.5, (classes, channels))

        return {
            "map": rng.normal(size=(batch, channels, batch, channels)),  # lengths that let wrong broadcasts through
            "vector": rng.normal(size=(batch, channels)),
            "labels": rng.permutation(classes)[:batch],
            "scale": table(),
            "shift": table(),
        }

    def measure(self, answer, given):
        feature_map, vector, labels, scale, shift = given.values()

        handed_over = feature_map.copy(), labels.copy(), scale.copy(), shift.copy()
        return {
            "value_of_a_map": answer(*handed_over),
            "value_with_zeros": answer(feature_map.copy(), labels.copy(), 0 * scale, 0 * shift),
            "value_of_a_vector": answer(vector.copy(), labels.copy(), scale.copy(), shift.copy()),
            "features_kept": bool((handed_over[0] == feature_map).all()),
            "tables_kept": bool((handed_over[2] == scale).all() and (handed_over[3] == shift).all()),
        }

    def judge(self, given, measured):
        feature_map, vector, labels, scale, shift = given.values()
        zeros = measured["value_with_zeros"]
        if zeros.shape == feature_map.shape and not zeros.any():
            raise Mistake("identity")
        for name, features in [("map", feature_map), ("vector", vector)]:
            got = measured[f"value_of_a_{name}"]
            if got.shape != features.shape:
                raise Mistake(name, got=got.shape, expected=features.shape)
            got = self.numbers(measured, f"value_of_a_{name}", features.shape)
            expected = modulated(features, labels, scale, shift)
            if not close(got, expected):
                self.explain(features, given, got, expected)
        zeros = self.numbers(measured, "value_with_zeros", feature_map.shape)
        if not close(zeros, feature_map):
            raise Mistake("value", which="tables of zeros", got=zeros.flat[0], expected=feature_map.flat[0])
        for what in ("features", "tables"):
            if not self.numbers(measured, f"{what}_kept"):
                raise Mistake("in place", what=what)
        return f"a map of shape {feature_map.shape} and a vector, each image by its label; zeros change nothing."

    def explain(self, features, given, got, expected):
        """Raise the mistake that gives this value."""
        _, _, labels, scale, shift = given.values()
        place = np.abs(got - expected).argmax()
        values = {"got": got.flat[place], "expected": expected.flat[place]}
        for hint, tables in {
            "swapped": (shift, scale),
            "no shift": (scale, 0 * shift),
            "no scale": (0 * scale, shift),
            "shift scaled": (scale, (1 + scale) * shift),
            "exponential": (np.exp(scale) - 1, shift),
        }.items():
            if close(got, modulated(features, labels, *tables)):
                raise Mistake(hint, **values)
        for other in range(len(scale)):
            by_other = modulated(features, np.full_like(labels, other), scale, shift)
            right = np.isclose(got, by_other, rtol=1e-4, atol=1e-4).reshape(len(labels), -1).all(axis=1)
            if (wrong := right & (labels != other)).any():
                raise Mistake("label", label=labels[wrong][0], other=other)
        if features.ndim > 2:
            # Where the tables may get their axes of length 1: the right places, and others that NumPy lets through.
            places = [np.s_[:, None, None], np.s_[:], np.s_[:, :, None, None]]
            for of_scale, of_shift in itertools.product(places, places):
                if close(got, features * (1 + scale[labels][of_scale]) + shift[labels][of_shift]):
                    raise Mistake("pixels", batch=len(labels), channels=features.shape[-1])
        raise Mistake("value", which="a map" if features.ndim > 2 else "a vector", **values)


def close(got, expected):
    """Return whether two arrays are equal but for rounding."""
    return np.allclose(got, expected, rtol=1e-4, atol=1e-4)


def modulated(features, labels, scale, shift):
    """Return the modulated features, by a matrix product for each image."""
    each = zip(features, labels, strict=True)
    return np.stack([one @ np.diag(1 + scale[label]) + shift[label] for one, label in each])


class LabelWeights(Task):
    """What a label costs in weights."""

    number = "7.3"
    points = 3
    section = "2. In code"
    hints = {
        "first only": "{call} gives {got}, Keras counts {expected}. Yours holds the planes before the first "
        "convolution; here they come before each of them.",
        "kernel": "{call} gives {got}, Keras counts {expected}. A kernel of size 3 has 3 by 3 weights for each pair "
        "of an input and an output channel.",
        "filters": "{call} gives {got}, Keras counts {expected}. Yours is what one filter of each convolution needs. "
        "All of its filters see the planes.",
        "biases": "{call} gives {got}, Keras counts {expected}. More input channels bring more weights, and no "
        "biases: a filter has one bias, however many channels it reads.",
        "whole layer": "{call} gives {got}, Keras counts {expected}. Yours holds the weights of whole layers. How "
        "many are there with the label that are not there without it?",
        "table": "{call} gives {got}, Keras counts {expected}. The table has weights of its own.",
        "dense": "{call} gives {got}, Keras counts {expected}. The dense layer behind it has {entries} more inputs, "
        "and each input has a weight to each unit.",
        "one-hot": "{call} gives {got}, Keras counts {expected}. The dense layer gets the {entries} entries of the "
        "embedding, and not the {classes} numbers of the label.",
        "table bias": "{call} gives {got}, Keras counts {expected}. A table has a row for each class and nothing "
        "besides: the label needs no bias.",
        "dense bias": "{call} gives {got}, Keras counts {expected}. The dense layer had its biases before. More "
        "inputs bring no more of them.",
        "one table": "{call} gives {got}, Keras counts {expected}. There is a scale and a shift.",
        "one row": "{call} gives {got}, Keras counts {expected}. Yours is one scale and one shift for each feature, "
        "the same for all classes.",
        "bias": "{call} gives {got}, Keras counts {expected}. The lesson's scales and shifts came from dense layers "
        "with a bias. The tables of Task 7.2 have a row for each class and no other.",
        "units": "{call} gives {got}, Keras counts {expected}. The dense layer's features are scaled, too.",
        "kernels scaled": "{call} gives {got}, Keras counts {expected}. A channel has one scale for all its pixels, "
        "and the size of a kernel plays no part.",
        "value": "{call} gives {got}, Keras counts {expected}.",
    }
    ways = ("planes", "embedding", "scaling")

    def given(self, rng):
        return {"networks": [self.sizes(rng, depth) for depth in (2, 3)]}

    def sizes(self, rng, depth):
        """Draw the arguments of one call, without the way; all are different, so that each mistake shows."""
        units, entries = rng.permutation([13, 17, 19])[:2]
        return {
            "classes": int(rng.integers(4, 9)),
            "kernel_sizes": rng.permutation([2, 3, 5, 7])[:depth].tolist(),
            "channels": rng.permutation(np.arange(9, 13))[:depth].tolist(),
            "units": int(units),
            "entries": int(entries),
        }

    def measure(self, answer, given):
        return {
            f"{way}_in_network_{number}": answer(way, *copy.deepcopy(sizes).values())
            for way in self.ways
            for number, sizes in enumerate(given["networks"], start=1)
        }

    def judge(self, given, measured):
        networks = given["networks"]
        for way in self.ways:
            got = [self.numbers(measured, f"{way}_in_network_{number}") for number in (1, 2)]
            for value, sizes in zip(got, networks, strict=True):
                expected = keras_weights(way, **sizes) - keras_weights(None, **sizes)
                if value != expected:
                    self.explain(way, got, networks, value=value, expected=expected, sizes=sizes)
        return "Keras counts the same, for each way, in a network of two convolutions and in one of three."

    def explain(self, way, got, networks, value, expected, sizes):
        """Raise the mistake that gives these numbers for all the networks."""
        wrong = [wrong_weights(way, **network) for network in networks]
        hint = next((hint for hint in wrong[0] if got == [each[hint] for each in wrong]), "value")
        call = f"label_weights({', '.join(map(repr, (way, *sizes.values())))})"
        raise Mistake(hint, **(sizes | {"call": call, "got": f"{value:g}", "expected": expected}))


def keras_weights(way, classes, kernel_sizes, channels, units, entries):
    """Build a network that gets the label in this way, or not at all, and count its weights."""
    image, label, planes = Input((8, 8, 1)), Input((), dtype="int32"), Input((8, 8, classes))

    def film(x):
        if way != "scaling":
            return x
        scale, shift = (layers.Embedding(classes, x.shape[-1])(label) for _ in range(2))
        each = layers.Reshape((1,) * (len(x.shape) - 2) + (x.shape[-1],))
        return x + x * each(scale) + each(shift)

    x = image
    for size, n in zip(kernel_sizes, channels, strict=True):
        x = layers.Concatenate()([x, planes]) if way == "planes" else x
        x = film(layers.Conv2D(n, size, padding="same")(x))
    x = layers.Flatten()(x)
    x = layers.Concatenate()([x, layers.Embedding(classes, entries)(label)]) if way == "embedding" else x
    used = {None: [], "planes": [planes]}.get(way, [label])  # Keras up to 3.13 refuses an input that leads nowhere
    return Model([image, *used], film(layers.Dense(units)(x))).count_params()


def wrong_weights(way, classes, kernel_sizes, channels, units, entries):
    """Return what each known mistake counts."""
    kernels = [size**2 * n for size, n in zip(kernel_sizes, channels, strict=True)]
    planes, table, features = classes * sum(kernels), classes * entries, sum(channels) + units
    inputs = np.array([1, *channels[:-1]]) + classes
    return {
        "planes": {
            "first only": classes * kernels[0],
            "kernel": classes * int(np.dot(kernel_sizes, channels)),
            "filters": classes * int(np.dot(kernel_sizes, kernel_sizes)),
            "biases": planes + sum(channels),
            "whole layer": int(np.dot(kernels, inputs)) + sum(channels),
        },
        "embedding": {
            "table": entries * units,
            "dense": table,
            "one-hot": classes * units,
            "table bias": (classes + 1) * entries + entries * units,
            "dense bias": table + (entries + 1) * units,
        },
        "scaling": {
            "one table": classes * features,
            "one row": 2 * features,
            "bias": 2 * (classes + 1) * features,
            "units": 2 * classes * sum(channels),
            "kernels scaled": 2 * classes * (sum(kernels) + units),
        },
    }[way]


class RecognisedShares(Task):
    """Share of each class's images that were recognised, with Wilson's interval."""

    number = "7.4"
    points = 3
    section = "6. Is it the digit that was asked for?"
    hints = {
        "overall": "your share is the same for all classes. Expected: a row for each class, from the images that "
        "were asked to show it.",
        "transposed": "your value has shape {got}, expected: {expected}, a row for each class that was asked for.",
        "percent": "your share of class {label} is {got:.4g}, expected: {expected:.4f}. Shares go from 0 to 1.",
        "axes": "your share of class {label} is {got:.4f}, expected: {expected:.4f}. Yours is a share of the images "
        "that the classifier took for class {label}; the question is about those that were *asked* to show it.",
        "complement": "your share of class {label} is {got:.4f}, expected: {expected:.4f}. Yours counts the mistakes.",
        "all images": "your share of class {label} is {got:.4f}, expected: {expected:.4f}. Yours is a share of all "
        "images; the question is about those that were asked to show class {label}.",
        "centre": "your share of class {label} is {got:.4f}, expected: {expected:.4f}, which is what was observed. It "
        "need not lie in the middle of its interval.",
        "share": "your share of class {label} is {got:.4f}, expected: {expected:.4f}.",
        "order": "your interval of class {label} goes from {got}, expected: from {expected}. The lower end comes "
        "first.",
        "normal": "your interval of class {label}, with {n} images and a share of {share:.3f}, goes from {got}, "
        "expected: from {expected}. The standard error in it is that of the observed share, which is 0 where all "
        "images or none are recognised. It is to be that of q.",
        "one error": "your interval of class {label} goes from {got}, expected: from {expected}. It reaches one "
        "standard error to each side; 1.96 are asked for.",
        "lengths": "your interval of class {label} goes from {got}, expected: from {expected}. Asked for are its two "
        "ends, and not how far it reaches to each side.",
        "too sure": "your interval of class {label} goes from {got}, expected: from {expected}. It is as narrow as if "
        "all {total} images had been asked to show this class. There were {n}.",
        "value": "your interval of class {label}, with {n} images and a share of {share:.3f}, goes from {got}, "
        "expected: from {expected}.",
    }

    def given(self, rng):
        classes = int(rng.integers(4, 7))
        n = rng.permutation(np.arange(12, 50, 4))[:classes]
        right = np.array([n[0], 0, *(rng.uniform(0.5, 0.85, classes - 2) * n[2:])]).astype(int)  # all, none, some
        order = rng.permutation(classes)
        asked, recognised = [], []
        for label, total, hits in zip(order, n, right, strict=True):
            others = order[order != label]
            taken_for = others[np.arange(total - hits) % len(others)]
            asked += [label] * total
            recognised += [label] * hits + taken_for.tolist()
        shuffled = rng.permutation(len(asked))
        return {"asked": np.array(asked)[shuffled], "recognised": np.array(recognised)[shuffled], "classes": classes}

    def measure(self, answer, given):
        with np.errstate(all="ignore"):
            return {"value": answer(given["asked"].copy(), given["recognised"].copy(), given["classes"])}

    def judge(self, given, measured):
        asked, recognised, classes = given.values()
        shape = measured["value"].shape
        if shape in [(3,), ()]:
            raise Mistake("overall")
        if shape == (3, classes):
            raise Mistake("transposed", got=shape, expected=(classes, 3))
        value = self.numbers(measured, "value", (classes, 3))
        if np.allclose(value[:, 0], value[0, 0]):
            raise Mistake("overall")
        n = np.bincount(asked)
        share = np.bincount(asked, weights=asked == recognised) / n
        ends = wilson_by_bisection(share, n)
        if (wrong := ~np.isclose(value[:, 0], share, atol=1e-4)).any():
            self.explain_share(given, value[:, 0], share, ends, np.argmax(wrong))
        if (wrong := ~np.isclose(value[:, 1:], ends, rtol=0, atol=1.1e-3).all(axis=1)).any():
            self.explain_ends(value[:, 1:], share, n, ends, np.argmax(wrong))
        all_right = share.argmax()
        images, low = n[all_right], ends[all_right, 0]
        return f"right for {classes} classes; after {images} of {images} images a share of {low:.3f} is still possible."

    def explain_share(self, given, got, share, ends, label):
        """Raise the mistake that gives these shares."""
        asked, recognised, classes = given.values()
        hits = np.bincount(asked, weights=asked == recognised)
        with np.errstate(all="ignore"):
            wrongs = {
                "percent": 100 * share,
                "complement": 1 - share,
                "axes": hits / np.bincount(recognised, minlength=classes),
                "all images": hits / len(asked),
                "centre": ends.mean(axis=1),
            }
        for hint, wrong in wrongs.items():
            if np.allclose(got, wrong, atol=1.1e-3):
                label = np.argmax(np.abs(got - share))
                raise Mistake(hint, label=label, got=got[label], expected=share[label])
        raise Mistake("share", label=label, got=got[label], expected=share[label])

    def explain_ends(self, got, share, n, ends, label):
        """Raise the mistake that gives these ends."""
        values = {"label": label, "n": n[label], "total": n.sum(), "share": share[label]}
        values |= {"got": span(got[label]), "expected": span(ends[label])}
        if np.allclose(got[:, ::-1], ends, atol=1.1e-3):
            raise Mistake("order", **values)
        normal = 1.96 * np.sqrt(share * (1 - share) / n)[:, None] * [-1, 1]
        reach = ends - share[:, None]
        for hint, wrongs in {
            "normal": [share[:, None] + normal, np.clip(share[:, None] + normal, 0, 1), share[:, None] + normal / 1.96],
            "one error": [wilson_by_bisection(share, n, 1.0)],
            "too sure": [wilson_by_bisection(share, np.full_like(n, n.sum()))],
            "lengths": [reach, np.abs(reach), normal, np.abs(normal), (ends[:, 1:] - ends[:, :1]) / 2 * [1, 1]],
        }.items():
            if any(np.allclose(got, wrong, atol=1.1e-3) for wrong in wrongs):
                raise Mistake(hint, **values)
        raise Mistake("value", **values)


def span(ends):
    """Write both ends of an interval."""
    return f"{ends[0]:.4f} to {ends[1]:.4f}"


def wilson_by_bisection(share, n, errors=1.96):
    """Return the ends of the interval, shape (classes, 2), each found by halving the part that holds it."""

    def surprises(q):
        return (share - q) ** 2 > errors**2 * q * (1 - q) / n

    ends = []
    for outside in (np.zeros_like(share), np.ones_like(share)):
        inside = share
        for _ in range(50):
            middle = (inside + outside) / 2
            surprised = surprises(middle)
            inside, outside = np.where(surprised, inside, middle), np.where(surprised, middle, outside)
        ends.append(inside)
    return np.stack(ends, axis=1)


# What each known mistake makes of the losses of two designs.
WRONG_DIFFERENCES = {
    "sign": [lambda a, b: b.mean() - a.mean()],
    "best": [lambda a, b: a.min() - b.min(), lambda a, b: b.min() - a.min(), lambda a, b: (a - b).max()],
    "one run": [lambda a, b: a[0] - b[0], lambda a, b: a[-1] - b[-1]],
    "median": [lambda a, b: np.median(a - b), lambda a, b: np.median(a) - np.median(b)],
}
WRONG_ERRORS = {
    "n-1": [lambda a, b: np.std(a - b) / np.sqrt(len(a))],
    "spread": [
        lambda a, b: np.std(a - b, ddof=1),
        lambda a, b: np.std(a - b),
        lambda a, b: np.sqrt(np.var(a, ddof=1) + np.var(b, ddof=1)),
        lambda a, b: np.sqrt(np.var(a) + np.var(b)),
    ],
    "unpaired": [
        lambda a, b: np.sqrt((np.var(a, ddof=1) + np.var(b, ddof=1)) / len(a)),
        lambda a, b: np.sqrt((np.var(a) + np.var(b)) / len(a)),
    ],
}


class MendedComparison(Task):
    """Paired difference of two designs, its standard error, and a verdict."""

    number = "7.5"
    points = 3
    section = "3. The same budget for each"
    hints = {
        "best": "your difference is {got:.4f}, expected: {expected:.4f}. It compares the best run of each design, and "
        "a best run is partly luck: more of it the more runs there are.",
        "one run": "your difference is {got:.4f}, expected: {expected:.4f}. It comes from one pair of runs.",
        "median": "your difference is {got:.4f}, expected: {expected:.4f}. A median is not a mean, and has another "
        "standard error.",
        "sign": "your difference is {got:.4f}, expected: {expected:.4f}. It is positive where b has the lower loss.",
        "difference": "your difference is {got:.4f}, expected: {expected:.4f}.",
        "spread": "your error is {got:.4f}, expected: {expected:.4f}. It says how far single runs lie apart, and "
        "would not shrink with a hundred runs of each. Asked for is the error of a mean of {n}.",
        "unpaired": "your error is {got:.4f}, expected: {expected:.4f}. It holds what moves both losses of a run "
        "together, images that are hard for both designs. In the difference of a run this drops out.",
        "n-1": "your error is {got:.4f}, expected: {expected:.4f}. NumPy divides by n unless it is told otherwise; "
        "with {n} runs, whose own mean was taken out, that is too small.",
        "error": "your error is {got:.4f}, expected: {expected:.4f}.",
        "any difference": "with a difference of {difference:.4f} ± {error:.4f} you are sure, expected: not. Two equal "
        "designs would get there often.",
        "one-sided": "with a difference of {difference:.4f} ± {error:.4f} you are not sure, expected: sure. That b is "
        "worse can be as sure as that b is better.",
        "reversed": "you are sure where the difference is small beside its error, and not where it is large.",
        "verdict": "with a difference of {difference:.4f} ± {error:.4f} your verdict is {got}, expected: {expected}.",
    }
    # The differences of the three comparisons, in standard errors. The last two are beyond the limit of a t-test with
    # the fewest runs, too, so that its verdict passes.
    ratios = (1.9, 2.9, -2.9)

    def given(self, rng):
        comparisons = []
        for ratio in self.ratios:
            n = int(rng.integers(5, 9))
            images = np.sort(rng.normal(0, 2, n))
            images = np.concatenate([images[::2][::-1], images[1::2]])  # hardest in the first and the last run
            scatter = rng.normal(size=n)
            scatter = (scatter - scatter.mean()) / scatter.std(ddof=1)
            differences = rng.uniform(0.3, 0.5) * (scatter + ratio / np.sqrt(n))
            losses_b = rng.uniform(120, 140) + images
            comparisons.append((losses_b + differences, losses_b))
        return {"comparisons": comparisons}

    def measure(self, answer, given):
        comparisons = enumerate(given["comparisons"], start=1)
        return {f"comparison_{number}": answer(a.copy(), b.copy()) for number, (a, b) in comparisons}

    def judge(self, given, measured):
        comparisons = given["comparisons"]
        got = np.stack([self.numbers(measured, f"comparison_{number}", (3,)) for number in (1, 2, 3)], axis=1)
        difference = np.array([a.mean() - b.mean() for a, b in comparisons])
        error = np.array([jackknife_error(a - b) for a, b in comparisons])
        sure = np.array([0, 1, 1])
        self.compare(got[0], difference, comparisons, WRONG_DIFFERENCES, "difference")
        self.compare(got[1], error, comparisons, WRONG_ERRORS, "error")
        wrong = np.flatnonzero(got[2] != sure)
        if len(wrong):
            names = {(1, 1, 0): "any difference", (1, 1, 1): "any difference", (0, 1, 0): "one-sided"}
            hint = names.get(tuple(got[2]), "reversed" if np.array_equal(got[2], 1 - sure) else "verdict")
            values = {"difference": difference[wrong[0]], "error": error[wrong[0]]}
            raise Mistake(hint, got=bool(got[2][wrong[0]]), expected=bool(sure[wrong[0]]), **values)
        shown = ", ".join(f"{d:.2f} ± {e:.2f}" for d, e in zip(difference, error, strict=True))
        return f"{shown}: by the rule of two errors the first may be luck, and the others are sure."

    def compare(self, got, expected, comparisons, wrongs, last):
        """Raise the mistake that gives these numbers, if they are not the expected ones."""
        wrong = ~np.isclose(got, expected, rtol=1e-4)
        if not wrong.any():
            return
        first = wrong.argmax()
        values = {"got": got[first], "expected": expected[first], "n": len(comparisons[first][0])}
        for hint, formulas in wrongs.items():
            if any(np.allclose(got, [formula(a, b) for a, b in comparisons], rtol=1e-4) for formula in formulas):
                raise Mistake(hint, **values)
        raise Mistake(last, **values)


def jackknife_error(values):
    """Return the standard error of a mean, from the means that leave one value out."""
    n = len(values)
    means = [np.delete(values, i).mean() for i in range(n)]
    return np.sqrt((n - 1) * np.var(means))


with_planes, modulate, label_weights = WithPlanes(), Modulate(), LabelWeights()
recognised_shares, mended_comparison = RecognisedShares(), MendedComparison()
