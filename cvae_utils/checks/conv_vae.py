"""Checks of exercise 06."""

import cvae_utils._quiet_start  # noqa: F401

import contextlib

import numpy as np
from keras import layers, ops

from cvae_utils.checks.task import Mistake, Task


class OutputSize(Task):
    """Output sizes of strided and transposed convolutions."""

    number = "6.1"
    points = 2
    section = "2. Stride and padding"
    hints = {
        "fraction": "for {case} your value is {got:g}. A size is a whole number.",
        "another kind": "for {case} your value is {got:g}, expected: {expected:g}. With {args} your function gives the "
        "sizes that belong to {others}.",
        "kernel": "for {case} your value is {got:g}, expected: {expected:g}. With a larger kernel your size changes. "
        'Padding "same" makes up for the kernel, whatever its size. Or are kernel and stride in each other\'s place?',
        "stride": "for {case} your value is {got:g}, expected: {expected:g}. Your value is that of stride 1.",
        "rounding": "for {case} your value is {got:g}, expected: {expected:g}. Where the steps do not come out "
        "even, something is left over at the edge. It gets a window, too, filled up by the padding.",
        "windows": "for {case} your value is {got:g}, expected: {expected:g}: a window is missing. Count them in a "
        "drawing. How many are there when the image is as large as the kernel?",
        "hangs over": "for {case} your value is {got:g}, expected: {expected:g}. Without padding, a window that hangs "
        "over the edge does not count.",
        "smallest": "for {case} your value is {got:g}, expected: {expected:g}. An ordinary layer takes several sizes "
        "to the size {n}. Yours is the smallest of them. Which one does Keras take?",
        "copies": "for {case} your value is {got:g}, expected: {expected:g}. Each input places one copy of the "
        "kernel. Where does the last copy begin, and how far does it reach?",
        "value": "for {case} your value is {got:g}, expected: {expected:g}.",
    }
    kinds = ((False, "same"), (False, "valid"), (True, "same"), (True, "valid"))
    only_the_kernel_differs = ((0, 4), (8, 9))  # pairs of cases

    def given(self, rng):
        cases = []
        while len(cases) < 4:  # sizes that do not come out even: these need rounding
            stride = int(rng.integers(2, 4))
            kernel, n = int(rng.integers(stride + 1, stride + 4)), int(rng.integers(12, 30))
            if n % stride == 1 and (n - kernel) % stride:
                cases.append((n, kernel, stride))
        n, kernel, stride = cases[0]
        cases += [(n, kernel + 1, stride), (n, kernel, 1), (kernel, kernel, stride)]
        return {"cases": cases + [(8 * stride, k, stride) for k in (stride, 4, 5)] + [(kernel + 1, kernel, stride)]}

    def measure(self, answer, given):
        return {
            self.spelled(case, kind): answer(*case, kind[1], kind[0]) for kind in self.kinds for case in given["cases"]
        }

    def spelled(self, case, kind):
        """Write a case as the call of a function."""
        return "n={}, kernel={}, stride={}, ".format(*case) + self.arguments(kind)

    def arguments(self, kind):
        """Write the arguments that say which kind of layer it is."""
        return f'padding="{kind[1]}", transposed={kind[0]}'

    def judge(self, given, measured):
        cases = given["cases"]
        got = {
            kind: np.array([self.numbers(measured, self.spelled(case, kind)) for case in cases]) for kind in self.kinds
        }
        expected = {kind: np.array([keras_size(*case, *kind) for case in cases]) for kind in self.kinds}
        for kind in self.kinds:
            wrong = got[kind] != expected[kind]
            if wrong.any():
                i = int(wrong.argmax())
                values = {"n": cases[i][0], "got": got[kind][i], "expected": expected[kind][i]}
                values["case"] = self.spelled(cases[i], kind)
                for other in self.kinds:
                    if np.array_equal(got[kind], expected[other]):
                        raise Mistake("another kind", args=self.arguments(kind), others=self.arguments(other), **values)
                raise Mistake(self.hint(kind, got, expected, cases), **values)
        return f"{4 * len(cases)} sizes are those of Keras' layers, with both paddings and in both directions."

    def hint(self, kind, got, expected, cases):
        """Name the mistake in the sizes of one kind."""
        n, kernel, stride = np.array(cases).T
        difference = got[kind] - expected[kind]
        if (got[kind] % 1).any():
            return "fraction"
        if np.array_equal(got[kind], [keras_size(n, kernel, 1, *kind) for n, kernel, _ in cases]):
            return "stride"
        if kind[1] == "same" and any(got[kind][i] != got[kind][j] for i, j in self.only_the_kernel_differs):
            return "kernel"
        if kind == (False, "same") and np.isin(difference, (0, -1)).all():
            return "rounding"
        if kind == (False, "valid") and np.isin(difference, (0, -1)).all():
            return "windows"
        if kind == (False, "valid") and np.isin(difference, (0, 1)).all():
            return "hangs over"
        if kind == (True, "same") and np.array_equal(difference, 1 - stride):
            return "smallest"
        if kind == (True, "valid") and any(np.array_equal(difference, miss) for miss in (stride, -kernel, 0 * n - 1)):
            return "copies"
        return "value"


def keras_size(n, kernel, stride, transposed, padding):
    """Return the output size of a Keras layer with an input of size n."""
    kind = layers.Conv1DTranspose if transposed else layers.Conv1D
    return kind(1, kernel, strides=stride, padding=padding).compute_output_shape((None, n, 1))[1]


def integers(rng, shape):
    """Draw small integers other than zero: their sums are exact in float32."""
    return (rng.integers(1, 10, shape) * rng.choice([-1, 1], shape)).astype("float32")


def keras_transposed(x, kernel, stride, padding="same"):
    """Return the transposed convolution of one image, by Keras."""
    return np.asarray(ops.conv_transpose(x[None], kernel, strides=stride, padding=padding))[0]


def begins_at(part, image):
    """Return the row and the column of an image where a part begins, or None; outside the image all is zero."""
    margin = max(part.shape)
    padded = np.pad(image, ((margin, margin), (margin, margin), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, part.shape)
    if not part.any() or not len(found := np.argwhere(np.isclose(windows, part).all(axis=(-3, -2, -1)))):
        return None
    return found[0, :2] - margin


class TransposedConvolution(Task):
    """Copies of the kernel, added up and cut to size, with several channels."""

    number = "6.2"
    points = 3
    section = "3. The way back: transposed convolutions"
    hints = {
        "uncut": "an image of {n} with stride {stride} and a kernel of {k} × {k} became one of {got}, expected: "
        '{expected}. That is the size without padding. Padding "same" cuts off what is too much.',
        "size": "an image of {n} with stride {stride} and a kernel of {k} × {k} became one of {got}, expected: "
        "{expected}. This layer enlarges height and width by the stride.",
        "stretched": "a single pixel became a block of equal pixels, and the kernel was laid over that. It is to "
        "become one copy of the kernel. Only copies of *different* pixels lie {stride} apart.",
        "flipped": "a single pixel of value 1 became your kernel, but turned round. It places the kernel as it is.",
        "axes": "a single pixel of value 1 became your kernel, but with rows and columns exchanged.",
        "cut": "your copies of the kernel are whole, but not in their place. With a kernel of {k} × {k} and stride "
        "{stride}, that of the pixel in row {row}, column {column} begins at {got}, expected: {expected}. What is too "
        "much is cut off as zeros are added on the way down: some before, some after.",
        "overwritten": "a single pixel became only the first {stride} × {stride} weights of your kernel. The copies of "
        "the pixels after it, which are zero, took the place of the others. Where copies overlap, they are added.",
        "overlap": "two neighbouring pixels gave {got:g} where their copies overlap, expected: {expected:g}, the sum "
        "of what they give one by one.",
        "exchanged": "with one channel your values are right, with several they are not: you read the channels of the "
        "kernel the other way round. `kernel[:, :, 0, 1]` leads to channel 0 from channel 1.",
        "channels": "with one channel your values are right, with several they are not; the largest difference from "
        "Keras is {got:g}. Each channel out gets something from every channel in, by weights of its own.",
        "numbers": "with {channels} channels in and {channels} out your values are right. With {channels} in and "
        "{other} out {what}. Where does the output's last length come from?",
        "value": "the largest difference between your values and Keras' is {got:g}, expected: 0.",
    }
    dot = (1, 2)

    def given(self, rng):
        stride, channels = int(rng.integers(2, 4)), int(rng.integers(2, 4))
        k = stride + 3  # three rows too many: one is cut off before, two after
        other_stride = 5 - stride
        height, width = (int(n) for n in rng.choice([4, 5, 6, 7], 2, replace=False))
        dots = np.zeros((2, height, width, 1), "float32")
        dots[0][self.dot], dots[1, 2, 2] = 1, 1
        return {
            "stride": stride,
            "dots": dots,
            "kernel": integers(rng, (k, k, 1, 1)),
            "other_stride": other_stride,
            "small_kernel": integers(rng, (other_stride + 1, other_stride + 1, 1, 1)),  # one row too many
            "x": integers(rng, (height, width, channels)),
            "square": integers(rng, (k, k, channels, channels)),
            "oblong": integers(rng, (k, k, channels + 2, channels)),
        }

    def measure(self, answer, given):
        stride, dots, kernel, other_stride, small_kernel, x, square, oblong = given.values()
        found = {
            "one_pixel": answer(dots[0].copy(), kernel.copy(), stride),
            "with_another_stride": answer(dots[0].copy(), small_kernel.copy(), other_stride),
            "another_pixel": answer(dots[1].copy(), kernel.copy(), stride),
            "both_pixels": answer(dots.sum(axis=0), kernel.copy(), stride),
            "as_many_channels": answer(x.copy(), square.copy(), stride),
        }
        with contextlib.suppress(ValueError, IndexError):  # a wrong shape inside the answer: judged as one outside
            found["other_channels"] = answer(x.copy(), oblong.copy(), stride)
        return found

    def judge(self, given, measured):
        stride, dots, kernel, other_stride, small_kernel, x, square, oblong = given.values()
        self.judge_one_pixel(stride, dots[0], kernel, measured["one_pixel"])
        self.judge_one_pixel(other_stride, dots[0], small_kernel, measured["with_another_stride"])
        one_by_one = sum(self.numbers(measured, f"{which}_pixel", (None, None, 1)) for which in ("one", "another"))
        together = self.numbers(measured, "both_pixels", one_by_one.shape)
        if (wrong := ~np.isclose(together, one_by_one)).any():
            raise Mistake("overlap", got=together[wrong][0], expected=one_by_one[wrong][0])
        expected = keras_transposed(x, square, stride)
        got = self.numbers(measured, "as_many_channels", expected.shape)
        if not np.allclose(got, expected):
            exchanged = np.allclose(got, keras_transposed(x, square.swapaxes(2, 3), stride))
            raise Mistake("exchanged" if exchanged else "channels", got=np.abs(got - expected).max())
        expected, got = keras_transposed(x, oblong, stride), measured.get("other_channels")
        if got is None or got.shape != expected.shape or not np.allclose(got, expected):
            what = "your code raises an error"
            if got is not None:
                what = f"the output has shape {got.shape}" if got.shape != expected.shape else "they are wrong"
            raise Mistake("numbers", channels=x.shape[2], other=oblong.shape[2], what=what)
        return f"the same as Keras, from shape {x.shape} to {got.shape}, and for as many channels out as in."

    def judge_one_pixel(self, stride, dot, kernel, measured):
        """Judge what a single pixel became."""
        expected, whole = keras_transposed(dot, kernel, stride), keras_transposed(dot, kernel, stride, "valid")
        values = {"k": len(kernel), "stride": stride}
        if len(measured.shape) == 3 and measured.shape[:2] != expected.shape[:2]:
            sizes = [" × ".join(map(str, shape[:2])) for shape in (dot.shape, measured.shape, expected.shape)]
            values |= dict(zip(("n", "got", "expected"), sizes, strict=True))
            raise Mistake("uncut" if measured.shape[:2] == whole.shape[:2] else "size", **values)
        got = self.numbers({"one pixel": measured}, "one pixel", expected.shape)
        if np.allclose(got, expected):
            return
        turned, first = kernel[::-1, ::-1], np.zeros_like(kernel)
        first[:stride, :stride] = kernel[:stride, :stride]
        block = np.pad(dot.repeat(stride, axis=0).repeat(stride, axis=1), ((9, 9), (9, 9), (0, 0)))
        images = [("cut", whole)]
        images += [("flipped", keras_transposed(dot, turned, stride, "valid"))]
        images += [("axes", keras_transposed(dot, kernel.swapaxes(0, 1), stride, "valid"))]
        images += [("overwritten", keras_transposed(dot, first, stride, "valid"))]
        images += [("stretched", np.asarray(ops.conv(block[None], weights))[0]) for weights in (kernel, turned)]
        right = begins_at(expected, whole)
        for hint, image in images:
            if (begin := begins_at(got, image)) is not None:
                row, column = place = np.array(self.dot)
                places = [f"({i}, {j})" for i, j in (place * stride - begin, place * stride - right)]
                raise Mistake(hint, row=row, column=column, got=places[0], expected=places[1], **values)
        raise Mistake("value", got=np.abs(got - expected).max())


def pattern_inside(kernel, stride):
    """Return the repeating block of outputs for inputs of 1, by Keras: from the middle of an image large enough."""
    steps = -(-len(kernel) // stride)
    ones = np.ones((steps + 2, steps + 2, 1), "float32")
    outputs = keras_transposed(ones, np.float32(kernel)[:, :, None, None], stride, "valid")[:, :, 0]
    inside = slice(steps * stride, (steps + 1) * stride)
    return outputs[inside, inside]


class InnerPattern(Task):
    """What a kernel with weights of its own draws where all inputs are equal."""

    number = "6.3"
    points = 2
    section = "4. The checkerboard"
    hints = {
        "hits": "{example} You counted the copies that hit each pixel. Each adds one of the weights, and these differ.",
        "mean": "{example} Copies that overlap are added, and nothing is divided.",
        "neighbours": "{example} You added weights that are neighbours in the kernel. Copies lie {stride} pixels "
        "apart: which weights of them meet in one pixel?",
        "edge": "{example} That is the corner of the image, which a single copy reaches. Look further inside.",
        "axes": "{example} Rows and columns are exchanged.",
        "place": "{example} The numbers are right, their places are not. The first entry belongs to the rows and "
        "columns 0, {stride}, {twice} and so on, where copies begin.",
        "other sizes": "a kernel of 3 × 3 with stride 2 came out right, one of {k} × {k} with stride {stride} did "
        "not. Your first row is {got}, expected: {expected}.",
        "other places": "a kernel of 3 × 3 with stride 2 came out right. With one of {k} × {k} and stride {stride} the "
        "numbers are right, their places are not. Your first row is {got}, expected: {expected}.",
        "gaps": "a kernel of {k} × {k} with stride {stride} leaves gaps between its copies, where nothing is added. "
        "Your value has shape {shape} and the first row {got}, expected: {expected}.",
        "value": "{example}",
    }
    example = "for the kernel {kernel} and stride {stride} your value is {got}, expected: {expected}."

    def given(self, rng):
        kernel = integers(rng, (3, 3))
        while len(np.unique(pattern_inside(kernel, 2))) < 4:  # so that each number has its place
            kernel = integers(rng, (3, 3))
        stride = int(rng.integers(3, 5))
        return {
            "three_by_three": (kernel, 2),
            "twice_the_stride": (integers(rng, (2 * stride, 2 * stride)), stride),
            "more_than_twice": (integers(rng, (2 * stride + 1, 2 * stride + 1)), stride),
            "less_than_the_stride": (integers(rng, (stride - 1, stride - 1)), stride),
        }

    def measure(self, answer, given):
        return {name: answer(kernel.copy(), stride) for name, (kernel, stride) in given.items()}

    def judge(self, given, measured):
        for name, (kernel, stride) in given.items():
            expected, k = pattern_inside(kernel, stride), len(kernel)
            if k < stride and measured[name].ndim == 2:
                shape, got = measured[name].shape, measured[name]
                if shape != expected.shape or not np.allclose(got, expected):
                    first = written(got[0] if len(got) else got)
                    raise Mistake("gaps", k=k, stride=stride, shape=shape, got=first, expected=written(expected[0]))
            got = self.numbers(measured, name, expected.shape)
            if np.allclose(got, expected):
                continue
            if k != 3:
                moved = np.allclose(np.sort(got, axis=None), np.sort(expected, axis=None))
                hint = "other places" if moved else "other sizes"
                raise Mistake(hint, k=k, stride=stride, got=written(got[0]), expected=written(expected[0]))
            example = self.example.format(
                kernel=written(kernel), stride=stride, got=written(got), expected=written(expected)
            )
            raise Mistake(self.hint(kernel, got, expected), example=example, stride=stride, twice=2 * stride)
        kernel, stride = given["twice_the_stride"]
        apart = np.ptp(pattern_inside(kernel, stride))
        size = f"{2 * stride} × {2 * stride}"
        return f"right for four kernels. That of {size} hits evenly, and still its outputs are up to {apart:g} apart."

    def hint(self, kernel, got, expected):
        """Name the mistake in the pattern of a kernel of 3 × 3 with stride 2."""
        hits = pattern_inside(np.ones_like(kernel), 2)
        neighbours = [[kernel[:i][-2:, :j][:, -2:].sum() for j in (2, 3)] for i in (2, 3)]
        parts = np.add.reduceat(np.add.reduceat(kernel, [0, 2], axis=0), [0, 2], axis=1)
        moved = [np.roll(expected, move, axis=(0, 1)) for move in np.ndindex(2, 2)]
        ratio = np.abs(got).sum() / np.abs(expected).sum()
        for name, wrong in [
            ("hits", [hits, hits / hits.max()]),
            ("mean", [expected / hits, expected * ratio]),
            ("edge", [kernel[:2, :2], kernel[-2:, -2:]]),
            ("neighbours", [neighbours, parts]),
            ("axes", [expected.T]),
            ("place", moved),
        ]:
            if any(np.allclose(got, value) for value in wrong):
                return name
        return "value"


def written(numbers):
    """Return numbers as lists, whole ones without a decimal point."""
    return np.array2string(
        np.round(np.asarray(numbers, "float64"), 3), separator=", ", formatter={"float": "{:g}".format}
    ).replace("\n", "")


def built(shape, network):
    """Build layers in Keras; return of each the shape of its kernel, and the places in its input and output."""
    found = []
    for kind, units, *window in network:
        if kind == "dense":
            layer, shape = layers.Dense(units), (int(np.prod(shape)),)
        else:
            strided = {"conv": layers.Conv2D, "transposed": layers.Conv2DTranspose}[kind]
            layer = strided(units, window[0], strides=window[1], padding="same")
        layer.build((None, *shape))
        before, shape = shape, layer.compute_output_shape((None, *shape))[1:]
        found.append((kind, layer.kernel.shape, int(np.prod(before[:-1])), int(np.prod(shape[:-1]))))
    return found


class NetworkCost(Task):
    """Parameters and multiplications of a network, from a description of its layers."""

    number = "6.4"
    points = 3
    section = "5. The two networks"
    hints = {
        "exchanged": "your two numbers came in the wrong order: first the parameters, then the multiplications.",
        "no biases": "{example} Where are the biases?",
        "biases": "{example} How many biases does a layer have?",
        "kernel": "{example} A kernel has a height and a width.",
        "channels in": "{example} A kernel has a square of weights for each channel that it reads.",
        "flat": "{example} A dense layer reads all numbers of its input, at all places.",
        "added biases": "{example} A bias is added. It costs no multiplication.",
        "once": "{example} You use each weight once. Is that so in a convolution?",
        "input places": "{example} A convolution computes a sum at each place where its kernel stops.",
        "output places": "{example} A transposed convolution takes each number of its *input* times the kernel.",
        "rounding": "{example} Which size does an image of odd height or width become?",
        "value": "{example}",
        "handed on": "{example} Without the last of these layers both numbers were right. Which shape does that layer "
        "get from the ones before?",
    }
    example = (
        "for the input shape {shape} and the layers {network} you count {got:,.0f} {what}, expected: {expected:,}."
    )

    def given(self, rng):
        shape = (int(rng.integers(4, 8)) * 2 + 1, int(rng.integers(4, 8)) * 2, int(rng.choice([2, 4])))
        channels = [int(n) for n in rng.choice(np.arange(5, 12), 5, replace=False)]
        k = int(rng.choice([3, 5]))  # neither a number of channels
        convolution, transposed = ("conv", channels[0], k, 2), ("transposed", channels[1], k, int(rng.integers(2, 4)))
        dense = ("dense", channels[2])
        deep = [convolution, ("conv", channels[3], 3, 1), transposed, dense, ("dense", channels[4])]
        networks = [[convolution], [transposed], [dense]] + [deep[:n] for n in range(2, 6)]
        return {"shape": shape, "networks": networks}

    def measure(self, answer, given):
        return {f"network {i}": answer(given["shape"], list(network)) for i, network in enumerate(given["networks"])}

    def judge(self, given, measured):
        for i, network in enumerate(given["networks"]):
            got = self.numbers(measured, f"network {i}", (2,))
            found = built(given["shape"], network)
            weights = sum(np.prod(kernel) for _, kernel, *_ in found)
            biases = sum(units for _, units, *_ in network)
            uses = [
                np.prod(kernel) * (before if kind == "transposed" else after) for kind, kernel, before, after in found
            ]
            expected = np.array([weights + biases, sum(uses)])
            if np.array_equal(got, expected):
                continue
            if np.array_equal(got, expected[::-1]):
                raise Mistake("exchanged")
            wrong = int(got[0] == expected[0])
            hint = "handed on"
            if len(network) == 1:
                hint = (self.parameters_hint, self.multiplications_hint)[wrong](
                    given["shape"], network[0], got[wrong], *found
                )
            example = self.example.format(
                shape=given["shape"],
                network=network,
                got=got[wrong],
                what=("parameters", "multiplications")[wrong],
                expected=int(expected[wrong]),
            )
            raise Mistake(hint, example=example)
        parameters, work = f"{got[0]:,.0f} parameters", f"{got[1]:,.0f} multiplications"
        return f"right for each kind of layer, and for {len(network)} in a row: {parameters}, {work}."

    def parameters_hint(self, shape, layer, got, found):
        """Name the mistake in the parameters of one layer."""
        kind, units, *window = layer
        weights = np.prod(found[1])
        channels = shape[-1]
        mistakes = {"no biases": [weights], "biases": [weights + 1, weights + channels, 2 * weights]}
        if kind == "dense":
            mistakes["flat"] = [channels * units + more for more in (0, units)]
        else:
            k = window[0]
            mistakes["kernel"] = [weights / k + more for more in (0, units)]
            mistakes["channels in"] = [weights / channels + more for more in (0, units)]
        return self.first_that_gives(got, mistakes) or "value"

    def multiplications_hint(self, shape, layer, got, found):
        """Name the mistake in the multiplications of one layer."""
        kind, units, *window = layer
        _, kernel, before, after = found
        weights, places = np.prod(kernel), before if kind == "transposed" else after
        mistakes = {"added biases": [(weights + units) * places, weights * places + units]}
        if kind != "dense":
            down = [n // window[1] for n in shape[:2]]
            mistakes |= {
                "once": [weights, weights + units],
                "output places" if kind == "transposed" else "input places": [
                    (weights + more) * (after if kind == "transposed" else before) for more in (0, units)
                ],
                "rounding": [(weights + more) * np.prod(down) for more in (0, units)],
                "channels in": [weights * places / shape[-1]],
                "kernel": [weights * places / window[0]],
            }
        return self.first_that_gives(got, mistakes) or "value"

    def first_that_gives(self, got, mistakes):
        """Return the first mistake among whose values is the one found."""
        return next((hint for hint, values in mistakes.items() if np.isclose(values, got).any()), None)


class MendedEarlyStopping(Task):
    """Where early stopping ends, what it keeps, and what may be reported."""

    number = "6.5"
    points = 4
    section = "10. Stopping early, done right"
    stopped = "for the validation losses {losses} and patience {patience} the run stops after epoch {got:g}, expected: "
    stopped += "{expected}. "
    kept = "for the validation losses {losses} and patience {patience}, where the run stops after epoch {stopped}, you "
    kept += "keep the weights of epoch {got:g}, expected: {expected}. "
    reported = (
        "where epoch {epoch} is kept and the test losses are {losses} you report {got:g}, expected: {expected:g}. "
    )
    hints = {
        "test": "with the same validation losses and other test losses you {what} epoch {got:g} instead of "
        "{before:g}. The test set must have no say in that.",
        "previous": stopped + "An epoch is no improvement just because it is better than the one before.",
        "ties": stopped + "An equal loss is no improvement.",
        "itself": stopped + "No epoch counts as an improvement. Is each compared with itself, too?",
        "not in a row": stopped + "An improvement in between starts the count again.",
        "patience": stopped + "Count how many epochs after the best one still run.",
        "never": stopped + "The run goes on through all epochs.",
        "at the best": stopped + "That is the best epoch. That none better follows can be known only later.",
        "from zero": "you {what} epoch {got:g}, expected: {expected}. The first epoch is number 1.",
        "stopped": stopped,
        "last": kept + "You keep the last weights, and these are not the best.",
        "future": kept + "That epoch never ran.",
        "ran out": kept + "A run whose losses end before the rule stops it has a best epoch, too.",
        "first": kept + "Of equal losses the first one counts.",
        "kept": kept,
        "validation": reported + "That is the validation loss, and it chose the epoch.",
        "lowest": reported + "You report the lowest test loss. So the test set has chosen after all.",
        "other epoch": reported + "That is the test loss of an epoch whose weights are not kept.",
        "reported": reported,
    }

    def given(self, rng):
        patience, falling = int(rng.integers(3, 5)), int(rng.integers(3, 6))

        def jitter(n):
            return rng.uniform(0, 0.9, n).round(1)

        first = 150 + np.cumsum(rng.uniform(2, 6, falling))[::-1].round(1)
        low = first[-1]
        bump = [first[0], first[0] + 1.5, *first[1:]]  # an epoch that is no improvement, and then improvements again
        up_and_down = low + np.resize([5, 2], patience + 2) + jitter(patience + 2)
        worse = low + 2 + np.arange(patience + 2) + jitter(patience + 2)
        validation = {
            "ups and downs": [*bump, *up_and_down, low - 8, low - 9],
            "epochs run out": [*first, *worse[1:patience], low - 2, *worse[: patience - 1]],
            "ties": [*first, worse[0], low, *worse[1:]],
        }
        curves = {}
        for name, losses in validation.items():
            test = np.array(losses) + 1 + np.arange(len(losses)) % 3 + jitter(len(losses))
            best = best_epoch(losses, stop(losses, patience))
            test[best + 1] = min(test[best - 1], losses[best - 1]) - 1.3  # an epoch soon after the best one is lucky
            curves[name] = (np.round(losses, 1).tolist(), test.round(1).tolist())
        losses = curves["ups and downs"][0]
        rising = 160 + 3 * np.arange(len(losses)) + jitter(len(losses))
        curves["other test losses"] = (losses, rising.round(1).tolist())
        return {"patience": patience, "curves": curves}

    def measure(self, answer, given):
        return {
            name: answer(list(validation), list(test), given["patience"])
            for name, (validation, test) in given["curves"].items()
        }

    def judge(self, given, measured):
        curves, patience = given["curves"], given["patience"]
        got = {name: self.numbers(measured, name, (3,)) for name in curves}
        for i, what in enumerate(("stop after", "keep the weights of")):
            before, after = got["ups and downs"][i], got["other test losses"][i]
            if before != after:
                raise Mistake("test", what=what, got=after, before=before)
        ends = {name: stop(validation, patience) for name, (validation, _) in curves.items()}
        best = {name: best_epoch(validation, ends[name]) for name, (validation, _) in curves.items()}
        for i, (what, expected) in enumerate({"stop after": ends, "keep the weights of": best}.items()):
            wrong = [name for name in curves if got[name][i] != expected[name]]
            if not wrong:
                continue
            name = wrong[0]
            values = {"what": what, "got": got[name][i], "expected": expected[name], "stopped": ends[name]}
            hint = (self.stopped_hint, self.kept_hint)[i]({name: got[name][i] for name in curves}, given, ends, best)
            raise Mistake(hint, losses=listed(curves[name][0]), patience=patience, **values)
        for name, (validation, test) in curves.items():
            if not np.isclose(got[name][2], test[best[name] - 1]):
                hint = "reported"
                if np.isclose(got[name][2], validation[best[name] - 1]):
                    hint = "validation"
                elif np.isclose(got[name][2], [min(test), min(test[: ends[name]])]).any():
                    hint = "lowest"
                elif np.isclose(got[name][2], test).any():
                    hint = "other epoch"
                values = {"got": got[name][2], "expected": test[best[name] - 1], "epoch": best[name]}
                raise Mistake(hint, losses=listed(test), **values)
        return "it stops and keeps what the validation losses say, and reports the test loss of just that epoch."

    def stopped_hint(self, got, given, ends, best):
        """Name the mistake in where the runs stop."""
        validation = {name: losses for name, (losses, _) in given["curves"].items()}
        patience = given["patience"]

        def by(rule, patience=patience):
            return {name: stop(losses, patience, rule) for name, losses in validation.items()}

        def in_all(losses):
            waits = np.cumsum([0] + [not lower(losses[:i], losses[i]) for i in range(1, len(losses))])
            return int(np.argmax(waits == patience)) + 1 if patience in waits else len(losses)

        for hint, wrong in {
            "from zero": {name: end - 1 for name, end in ends.items()},
            "never": {name: len(losses) for name, losses in validation.items()},
            "at the best": best,
            "previous": by(lambda before, loss: loss < before[-1]),
            "ties": by(lambda before, loss: loss <= min(before)),
            "itself": by(lambda before, loss: loss < min(*before, loss)),
            "not in a row": {name: in_all(losses) for name, losses in validation.items()},
        }.items():
            if got == wrong:
                return hint
        return "patience" if got in (by(lower, patience + 1), by(lower, patience - 1)) else "stopped"

    def kept_hint(self, got, given, ends, best):
        """Name the mistake in which weights the runs keep."""
        validation = {name: losses for name, (losses, _) in given["curves"].items()}
        if got == {name: epoch - 1 for name, epoch in best.items()}:
            return "from zero"
        if got == ends:
            return "last"
        if got == {name: best_epoch(losses, len(losses)) for name, losses in validation.items()}:
            return "future"
        wrong = [name for name in got if got[name] != best[name]]
        return {("epochs run out",): "ran out", ("ties",): "first"}.get(tuple(wrong), "kept")


def lower(before, loss):
    """Return whether a loss is below all losses before it."""
    return loss < min(before)


def stop(losses, patience, improves=lower):
    """Return the first epoch that ends a row of ``patience`` epochs without improvement, or else the last one."""
    improved = [True] + [improves(losses[:i], losses[i]) for i in range(1, len(losses))]
    ends = [i for i in range(patience, len(losses)) if not any(improved[i - patience + 1 : i + 1])]
    return (ends[0] if ends else len(losses) - 1) + 1


def best_epoch(losses, stopped):
    """Return the epoch of the lowest loss of a run that stopped after an epoch."""
    return int(np.argmin(losses[:stopped])) + 1


def listed(losses):
    """Write losses in a row."""
    return " ".join(f"{loss:.1f}" for loss in losses)


output_size, transposed_convolution, inner_pattern = OutputSize(), TransposedConvolution(), InnerPattern()
network_cost, mended_early_stopping = NetworkCost(), MendedEarlyStopping()
