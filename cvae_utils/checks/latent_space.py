"""Checks of exercise 05."""

import numpy as np

from cvae_utils.checks.task import Mistake, Task

CLASSES = 10
IMAGE = (28, 28, 1)  # as in the docstrings, for an answer may rely on it
HIDDEN = 12


class Toy:
    """A conditional model without training, small and smooth; it takes and refuses what the course's CVAE does."""

    def __init__(self, rng, latent_dim):
        pixels = np.prod(IMAGE)
        self.z_of_x = rng.normal(0, 2 / np.sqrt(pixels), (pixels, latent_dim))
        self.z_of_y = rng.normal(size=(CLASSES, latent_dim))
        self.h_of_z, self.h_of_y = rng.normal(size=(latent_dim, HIDDEN)), rng.normal(size=(CLASSES, HIDDEN))
        self.logits_of_h = rng.normal(0, 0.7, (HIDDEN, pixels))

    def encode(self, images, y):
        images, y = np.asarray(images), np.asarray(y)
        if images.dtype != np.uint8 or images.shape[1:] != IMAGE:
            raise ValueError(f"images came as {images.dtype} of shape {images.shape}; give uint8 (n, 28, 28, 1)")
        check_rows(len(images), "images", y)
        x = images.reshape(len(images), -1) / 255 - 0.5
        z_mean = np.tanh(x @ self.z_of_x + y @ self.z_of_y)
        return z_mean, z_mean[:, ::-1] ** 2 - 1.5

    def decode(self, z, y):
        z, y = np.asarray(z), np.asarray(y)
        if z.ndim != 2 or z.shape[1] != len(self.h_of_z):
            raise ValueError(f"z came in shape {z.shape}; give one row for each image, (n, {len(self.h_of_z)})")
        check_rows(len(z), "latent points", y)
        logits = np.tanh(z @ self.h_of_z + y @ self.h_of_y) @ self.logits_of_h
        return sigmoid(logits).reshape(-1, *IMAGE)


def check_rows(n, what, y):
    """Refuse labels that are not one row of ten numbers for each image or latent point, as the course's models do."""
    if y.ndim != 2 or y.shape[1] != CLASSES:
        raise ValueError(f"y came in shape {y.shape}; conditional models take one-hot labels of shape (n, {CLASSES})")
    if len(y) != n:
        raise ValueError(f"{n} {what} came with {len(y)} rows of y")


def sigmoid(logits):
    """Return the pixel means that belong to these logits."""
    return 1 / (1 + np.exp(-logits))


def one_hot(labels):
    """Return the rows of the identity matrix that the labels name."""
    return np.eye(CLASSES)[labels]


def counted(function):
    """Return the function, and a list to which each call of it adds an entry."""
    calls = []

    def call(*args, **kwargs):
        calls.append(1)
        return function(*args, **kwargs)

    return call, calls


def same(got, expected):
    """Compare as exactly as float32 allows."""
    return np.shape(got) == np.shape(expected) and np.allclose(got, expected, rtol=1e-3, atol=1e-4)


def furthest(got, expected):
    """Return both values of the pixel that is furthest off, for a hint to show."""
    at = np.unravel_index(np.abs(got - expected).argmax(), got.shape)
    return {"got": got[at], "expected": expected[at]}


def raise_first(got, expected, wrong, **values):
    """Raise the first mistake that gives what the answer gave; wrong holds for each hint what it gives."""
    for hint, candidates in wrong.items():
        if any(same(got, candidate) for candidate in candidates):
            raise Mistake(hint, **furthest(got, expected), **values)
    raise Mistake("value", **furthest(got, expected))


class Write(Task):
    """Digits in the handwriting of some images."""

    number = "5.1"
    points = 3
    section = "1. One z, ten digits"
    hints = {
        "label": "a pixel is {got:.3f}, expected: {expected:.3f}. The encoder was told a wrong label, or none, and "
        "took the digit for a part of the style. Each image is encoded with its own label.",
        "log-variance": "your hand was made from `z_log_var`. It says how sure the encoder is, and not where z lies.",
        "random": "two calls with the same arguments gave different images. The hand is wanted without noise.",
        "several hands": "the digits of your text came in different hands. One latent point is wanted for all of them.",
        "one image": "your hand is that of one image alone (number {which}, counted from 0). Each of them is to count.",
        "mean image": "your hand is that of the mean image. Images on top of each other make a smear that nobody "
        "wrote. Encode first, and take the mean then.",
        "cross-fade": "each of your digits is the mean of that digit in {n} hands: a cross-fade. Decode one hand.",
        "sum": "your hand is the sum of {n} latent points, which lies far out. Their mean is wanted.",
        "labels decoded": "your images show the digits of `labels`. Those of `text` are wanted.",
        "order": "your images show the right digits in another order. Expected: as in `text`, which was {text}.",
        "length": "a text of {n} digits came out right from {n} images, but one of {other} digits ended in {error}.",
        "value": "a pixel is {got:.3f}, expected: {expected:.3f}.",
    }

    def given(self, rng):
        n = int(rng.integers(4, 8))
        digits = rng.permutation(CLASSES)
        text = digits[-n:]
        if text[0] < text[-1]:
            text = text[::-1]  # so that it is never sorted
        return {
            "toy": Toy(rng, latent_dim=int(rng.integers(2, 5))),
            "images": rng.integers(0, 256, (n, *IMAGE), dtype="uint8"),
            "labels": digits[:n].astype("uint8"),
            "text": text.astype("uint8"),  # as long as the labels: some mistakes need that to run at all
            "other_text": rng.integers(0, CLASSES, n + 3).astype("uint8"),
        }

    def measure(self, answer, given):
        toy, images, labels, text, other_text = given.values()

        def written(digits):
            return answer(toy.encode, toy.decode, images.copy(), labels.copy(), digits.copy())

        found = {"images": written(text), "again": written(text)}
        try:
            found["other_text"] = written(other_text)
        except Exception as error:  # what it did with the first text is judged first
            found["error"] = f"{type(error).__name__}: {error}"
        return found

    def judge(self, given, measured):
        toy, images, labels, text, other_text = given.values()
        n = len(images)
        got = self.numbers(measured, "images", (n, *IMAGE))
        if not same(got, self.numbers(measured, "again", got.shape)):
            raise Mistake("random")
        hands = [toy.encode(image[None], one_hot([label]))[0] for image, label in zip(images, labels, strict=True)]

        def written(digits, hand=None):
            hand = sum(hands) / n if hand is None else hand
            return np.concatenate([toy.decode(hand, one_hot([digit])) for digit in digits])

        if not same(got, written(text)):
            self.explain(given, got, hands, written)
        if "error" in measured:
            raise Mistake("length", n=n, other=len(other_text), error=measured["error"])
        other, expected = self.numbers(measured, "other_text", (len(other_text), *IMAGE)), written(other_text)
        if not same(other, expected):
            raise Mistake("value", **furthest(other, expected))
        return f"texts of {n} and {len(other_text)} digits, in one hand, made of all {n} images."

    def explain(self, given, got, hands, written):
        """Raise the mistake that gives these images."""
        toy, images, labels, text, _ = given.values()
        y, some = one_hot(labels), np.ones((len(images), CLASSES))
        z_mean, z_log_var = toy.encode(images, y)
        for which, hand in enumerate(hands):
            if same(got, written(text, hand)):
                raise Mistake("one image", which=which)
        in_each_hand = np.stack([written(text, hand) for hand in hands])
        smear, mean_y = images.mean(axis=0, keepdims=True), y.mean(axis=0, keepdims=True)
        wrong_labels = [one_hot(text), 0 * some, some / CLASSES, some, np.roll(y, 1, axis=0), np.roll(y, 1, axis=1)]
        wrongly_encoded = [toy.encode(images, wrong)[0] for wrong in wrong_labels]
        wrong = {
            "label": [written(text, z.mean(axis=0, keepdims=True)) for z in wrongly_encoded],
            "log-variance": [
                written(text, z_log_var.mean(axis=0, keepdims=True)),
                toy.decode(z_log_var, one_hot(text)),
            ],
            "several hands": [toy.decode(z, one_hot(text)) for z in (z_mean, *wrongly_encoded)],
            "mean image": [
                written(text, toy.encode(image.astype("uint8"), mean_y)[0]) for image in (smear, np.round(smear))
            ],
            "cross-fade": [in_each_hand.mean(axis=0)],
            "sum": [written(text, sum(hands))],
            "labels decoded": [written(labels), toy.decode(z_mean, y)],
            "order": [written(np.sort(text)), written(text[::-1])],
        }
        raise_first(got, written(text), wrong, n=len(images), text=text.tolist())


class MendedShare(Task):
    """How much of a property arrives, digit by digit."""

    number = "5.2"
    points = 3
    section = "1. One z, ten digits"
    hints = {
        "pooled": "your value is {got:.3f}, expected: {expected:.3f}. All digits went into one fit. It then also "
        "counts what each digit has of the property by itself, in the images and in the transfers.",
        "label only": "your value is {got:.3f}, expected: {expected:.3f}. The images of one digit became several "
        "digits, and each of those has its own measure of the property.",
        "new label only": "your value is {got:.3f}, expected: {expected:.3f}. Into one digit came images of several, "
        "and each of those has its own measure of the property.",
        "separately": "your value is {got:.3f}, expected: {expected:.3f}. You took care of the image's digit and of "
        "the transfer's, but of each by itself. Nobody said that what they do just adds up.",
        "direction": "your value is {got:.3f}, expected: {expected:.3f}. A 4 that became a 9 and a 9 that became a 4 "
        "are two cases: were they put into one?",
        "correlation": "your value is {got:.3f}, expected: {expected:.3f}. A correlation says how evenly the property "
        "arrives, and not how much of it.",
        "inverse": "your value is {got:.3f}, expected: {expected:.3f}. That is how much the image changes when the "
        "transfer changes by one. The other way round is wanted.",
        "means": "your value is {got:.3f}, expected: {expected:.3f}. It comes from the means of the digits. What "
        "counts is how the images of the same digit differ from each other.",
        "origin": "your value is {got:.3f}, expected: {expected:.3f}. Your line goes through the origin: from an "
        "image that stands upright it demands a transfer that does.",
        "sum": "your value is {got:.3f}, expected: {expected:.3f}. That is a sum over the pairs of digits.",
        "sign": "where the transfers lean left when the images lean right, your value is {got:.3f}, expected: "
        "{expected:.3f}. A share can be negative.",
        "nothing": "where the transfers do not depend on the image at all, your value is {got}, expected: 0.",
        "value": "your value is {got:.3f}, expected: {expected:.3f}.",
    }

    def given(self, rng):
        digits = rng.choice(CLASSES, 4, replace=False)
        pairs = np.array([(i, j) for i in digits for j in digits if i != j])
        which = rng.permutation(np.repeat(np.arange(len(pairs)), rng.integers(4, 8, len(pairs))))
        own_before, own_after = rng.normal(0.2, 0.3, len(pairs)), rng.normal(0.2, 0.5, len(pairs))
        before = own_before[which] + rng.normal(0, 0.15, len(which))
        shares = {"some_arrives": rng.uniform(0.3, 0.7), "mirrored": -rng.uniform(0.2, 0.6), "nothing_arrives": 0.0}
        return {
            "before": before,
            # On straight lines, so that each way of averaging over the pairs is right.
            "after": {name: own_after[which] + share * before for name, share in shares.items()},
            "labels": pairs[which, 0],
            "new_labels": pairs[which, 1],
            "shares": shares,
        }

    def measure(self, answer, given):
        before, afters, labels, new_labels, _ = given.values()
        with np.errstate(all="ignore"):
            return {
                name: answer(before.copy(), after.copy(), labels.copy(), new_labels.copy())
                for name, after in afters.items()
            }

    def judge(self, given, measured):
        shares = given["shares"]
        got = np.array([self.numbers(measured, name) for name in ("some_arrives", "mirrored")])
        expected = np.array([shares["some_arrives"], shares["mirrored"]])
        if not np.allclose(got, expected, rtol=1e-4):
            self.explain(given, got, expected)
        nothing = np.asarray(measured["nothing_arrives"], "float64")
        if not same(nothing, 0.0):
            raise Mistake("nothing", got=nothing)
        return f"shares of {expected[0]:.2f}, {expected[1]:.2f} and 0, whatever the digits have by themselves."

    def explain(self, given, got, expected):
        """Raise the mistake that gives these two values."""
        afters = [given["after"][name] for name in ("some_arrives", "mirrored")]
        both = [self.wrong(given, after, share) for after, share in zip(afters, expected, strict=True)]
        for hint in both[0]:
            if any(
                np.allclose(got, candidate, rtol=1e-4) for candidate in zip(*(each[hint] for each in both), strict=True)
            ):
                raise Mistake(hint, got=got[0], expected=expected[0])
        if np.allclose(got, np.abs(expected), rtol=1e-4):
            raise Mistake("sign", got=got[1], expected=expected[1])
        at = np.abs(got - expected).argmax()
        raise Mistake("value", got=got[at], expected=expected[at])

    def wrong(self, given, after, share):
        """Return what each mistake makes of these transfers, for each of the ways to make it."""
        before, i, j = given["before"], given["labels"], given["new_labels"]
        _, pairs = np.unique(i * CLASSES + j, return_inverse=True)
        sizes = np.bincount(pairs)
        mean_before, mean_after = (np.bincount(pairs, values) / sizes for values in (before, after))
        through_origin = np.bincount(pairs, before * after) / np.bincount(pairs, before**2)
        return {
            "correlation": [np.sign(share)],
            "inverse": [1 / share],
            "sum": [share * len(sizes)],
            "pooled": [*fits(before, after, 0 * i), after.std() / before.std(), after.mean() / before.mean()],
            "label only": fits(before, after, i),
            "new label only": fits(before, after, j),
            "separately": [
                slope(without(before, i), without(after, j)),
                slope(without(before, i, j), after),
            ],
            "direction": fits(before, after, np.minimum(i, j) * CLASSES + np.maximum(i, j)),
            "means": [
                np.polyfit(mean_before, mean_after, 1)[0],
                np.polyfit(mean_before[pairs], mean_after[pairs], 1)[0],
                np.corrcoef(mean_before, mean_after)[0, 1],
                np.corrcoef(mean_before[pairs], mean_after[pairs])[0, 1],
                np.mean(mean_after / mean_before),
            ],
            "origin": [
                through_origin.mean(),
                slope(before, after),
                slope(before, after - mean_after[pairs]),
                np.mean(after / before),
            ],
        }


def without(values, *digits):
    """Return what is left of the values when each digit, of one kind or of several, has taken its share of them."""
    columns = np.hstack([one_hot(kind) for kind in digits])
    return values - columns @ np.linalg.lstsq(columns, values, rcond=None)[0]


def slope(x, y):
    """Return the slope of a line through the origin."""
    return x @ y / (x @ x)


def fits(before, after, groups):
    """Return what may be fitted to groups of images: slopes both ways and correlations, in common or averaged."""
    covariances = np.array([np.cov(before[groups == g], after[groups == g], ddof=0) for g in np.unique(groups)])
    sizes = np.array([np.sum(groups == g) for g in np.unique(groups)])
    xx, xy, yy = covariances[:, 0, 0], covariances[:, 0, 1], covariances[:, 1, 1]
    common = [sizes @ xy / (sizes @ by) for by in (xx, yy)] + [sizes @ xy / np.sqrt((sizes @ xx) * (sizes @ yy))]
    each = [xy / xx, xy / yy, xy / np.sqrt(xx * yy)]
    return [*common, *(average(values) for values in each for average in (np.mean, np.median))]


class MendedPath(Task):
    """From one latent point to another, both ends included, in one call."""

    number = "5.3"
    points = 2
    section = "2. Between two images"
    hints = {
        "count": "your path has {got} images, expected: {steps}.",
        "end": "the path does not arrive: a pixel of its last image is {got:.3f}, and of the one decoded from `z_b` "
        "{expected:.3f}.",
        "start": "a pixel of the first image is {got:.3f}, and of the one decoded from `z_a` {expected:.3f}.",
        "label": "your points are right, but they were decoded with other labels than `y`. Look at the rows that you "
        "handed over.",
        "reversed": "your path leads from `z_b` to `z_a`.",
        "one point": "all images of your path are the same. Does z move?",
        "cross-fade": "your path mixes the two decoded images pixel by pixel. z is to move, and each point of its way "
        "to be decoded.",
        "arc": "your z moves along an arc. In few dimensions the straight line will do, and it is asked for here.",
        "uneven": "both ends are right, but the images between are not those of equal steps along the line: a pixel "
        "is {got:.3f}, expected: {expected:.3f}.",
        "calls": "the images are right, but you called `decode` {got} times for {steps} images. Hand over all latent "
        "points at once.",
    }

    def given(self, rng):
        latent_dim = int(rng.integers(2, 6))
        z_a = rng.normal(size=latent_dim)
        aside = rng.normal(size=latent_dim)
        aside -= aside @ z_a / (z_a @ z_a) * z_a  # at a right angle to z_a, or an arc would be close to a line
        return {
            "toy": Toy(rng, latent_dim),
            "z_a": z_a,
            "z_b": rng.uniform(-0.5, 0.5) * z_a + aside * np.linalg.norm(z_a) / np.linalg.norm(aside),
            "y": one_hot(rng.integers(CLASSES)),
            "steps": int(rng.integers(6, 13)),
        }

    def measure(self, answer, given):
        toy, z_a, z_b, y, steps = given.values()
        decode, calls = counted(toy.decode)
        return {"images": answer(decode, z_a.copy(), z_b.copy(), y.copy(), steps), "calls": len(calls)}

    def judge(self, given, measured):
        toy, z_a, z_b, y, steps = given.values()
        got = self.numbers(measured, "images", (None, *IMAGE))
        if len(got) != steps:
            raise Mistake("count", got=len(got), steps=steps)

        def decoded(z):
            return toy.decode(z[None], y[None])[0]

        def along(way):
            return np.stack([decoded(way(step / (steps - 1))) for step in range(steps)])

        a, b = decoded(z_a), decoded(z_b)
        expected = along(lambda t: z_a + t * (z_b - z_a))
        if not same(got, expected):
            if same(got[0], b) and same(got[-1], a):
                raise Mistake("reversed")
            if same(got, np.repeat(got[:1], steps, axis=0)):
                raise Mistake("one point")
            number_by_number = np.repeat(y, steps).reshape(steps, CLASSES)
            if same(got, toy.decode(np.linspace(z_a, z_b, steps), number_by_number)):
                raise Mistake("label")
            for hint, image, end in [("end", got[-1], b), ("start", got[0], a)]:
                if not same(image, end):
                    raise Mistake(hint, **furthest(image, end))
            t = np.linspace(0, 1, steps)[:, None, None, None]
            if same(got, a + t * (b - a)):
                raise Mistake("cross-fade")
            angle = np.arccos(z_a @ z_b / np.linalg.norm(z_a) / np.linalg.norm(z_b))
            arc = along(lambda t: (np.sin((1 - t) * angle) * z_a + np.sin(t * angle) * z_b) / np.sin(angle))
            raise Mistake("arc" if same(got, arc) else "uneven", **furthest(got, expected))
        calls = self.numbers(measured, "calls")
        if calls != 1:
            raise Mistake("calls", got=int(calls), steps=steps)
        return f"{steps} images on the line from one point to the other, both included, by one call of decode."


class ExpectedImage(Task):
    """What to expect of each pixel when the label is not known for sure."""

    number = "5.4"
    points = 2
    section = "3. Between two labels"
    hints = {
        "blend": "a pixel is {got:.3f}, expected: {expected:.3f}. Those are images of blended labels, which no digit "
        "has. Decode the labels that there are, and mix what comes out.",
        "logits": "a pixel is {got:.3f}, expected: {expected:.3f}. You mixed logits or logarithms; probabilities are "
        "to be mixed.",
        "uniform": "a pixel is {got:.3f}, expected: {expected:.3f}. All labels counted the same. Is `p` used?",
        "most likely": "your images are those of the most likely label. The others may be right, too.",
        "sum": "your images are sums over the labels, not weighted by `p`: a pixel is {got:.2f}, expected: "
        "{expected:.3f}.",
        "rows": "a pixel is {got:.3f}, expected: {expected:.3f}. Each image has its own row of `p`.",
        "order": "a pixel is {got:.3f}, expected: {expected:.3f}. Latent points and labels were repeated in orders "
        "that do not fit together, or the decoded images were taken apart in another order.",
        "random": "two calls with the same arguments gave different images. No label has to be drawn.",
        "calls": "the images are right, but you called `decode` {got} times. Hand over all pairs of latent point and "
        "label at once.",
        "value": "a pixel is {got:.3f}, expected: {expected:.3f}.",
    }

    def given(self, rng):
        n, latent_dim = int(rng.integers(8, 13)), int(rng.integers(2, 5))  # enough that labels drawn twice differ
        return {
            "toy": Toy(rng, latent_dim),
            "z": rng.normal(size=(n, latent_dim)),
            "p": rng.dirichlet(np.ones(CLASSES), n),
        }

    def measure(self, answer, given):
        toy, z, p = given.values()
        decode, calls = counted(toy.decode)
        images, number = answer(decode, z.copy(), p.copy()), len(calls)
        return {"images": images, "calls": number, "again": answer(toy.decode, z.copy(), p.copy())}

    def judge(self, given, measured):
        toy, z, p = given.values()
        got = self.numbers(measured, "images", (len(z), *IMAGE))
        if not same(got, self.numbers(measured, "again", got.shape)):
            raise Mistake("random")
        each = np.stack([toy.decode(z, one_hot(np.full(len(z), label))) for label in range(CLASSES)])  # (label, n, ...)

        def mixed(images, weights=p):
            return sum(image * weight[:, None, None, None] for image, weight in zip(images, weights.T, strict=True))

        expected = mixed(each)
        if not same(got, expected):
            self.explain(given, got, expected, each, mixed)
        calls = self.numbers(measured, "calls")
        if calls != 1:
            raise Mistake("calls", got=int(calls))
        return f"each pixel's probability for {len(z)} latent points, over {CLASSES} labels, by one call of decode."

    def explain(self, given, got, expected, each, mixed):
        """Raise the mistake that gives these images."""
        toy, z, p = given.values()
        n, rows = len(z), np.arange(len(z))
        z_rows, y_rows = [np.repeat(rows, CLASSES), np.tile(rows, CLASSES)], [np.arange(CLASSES * n) % CLASSES]
        y_rows.append(np.repeat(np.arange(CLASSES), n))
        # All ways to repeat the points, to repeat the labels, and to take the images apart again.
        decoded = [toy.decode(z[i], one_hot(k)).reshape(-1, *IMAGE) for i in z_rows for k in y_rows]
        apart = [images.reshape(n, CLASSES, *IMAGE).swapaxes(0, 1) for images in decoded]
        apart += [images.reshape(CLASSES, n, *IMAGE) for images in decoded]
        wrong = {
            "blend": [toy.decode(z, p)],
            "logits": [sigmoid(mixed(np.log(each / (1 - each)))), np.exp(mixed(np.log(each)))],
            "uniform": [each.mean(axis=0)],
            "most likely": [each[p.argmax(axis=1), rows]],
            "sum": [each.sum(axis=0)],
            "rows": [mixed(each, np.broadcast_to(row, p.shape)) for row in (*p, p.mean(axis=0))],
            "order": [mixed(images) for images in apart],
        }
        raise_first(got, expected, wrong)


class CrossValidatedGain(Task):
    """What a probe saves on points that it was not fitted to, with its standard error."""

    number = "5.5"
    points = 4
    section = "4. How much of the label is left in z?"
    hints = {
        "seen": "{got} of {n} points were put to a probe that had been fitted to them. It knows their labels by "
        "heart. Expected: none.",
        "inverted": "your probes were fitted to one part each and asked about all the others. Expected: fitted to the "
        "others and asked about the one.",
        "one part": "only {got} of {n} points were put to a probe. Each part has its turn.",
        "own parts": "{got} of {n} points were put to a probe that had been fitted to others of the same part. "
        "`part` says which points belong together.",
        "labels": "your gain is {got:.3f}, expected: {expected:.3f}. Points and labels went apart. In which order do "
        "your savings stand: in that of the parts, or in that of the points?",
        "swapped": "your function returned the error first. First the gain is wanted, then its error.",
        "no entropy": "your gain is {got:.3f}, expected: {expected:.3f}. That is minus the cross-entropy: what the "
        "label costs with z, and not what z saves.",
        "even classes": "your gain is {got:.3f}, expected: {expected:.3f}. You took all classes for equally frequent. "
        "Who knows that they are not pays less without any z.",
        "sign": "your gain is {got:.3f}, expected: {expected:.3f}. The sign is wrong: it is positive where z helps.",
        "bits": "your gain is {got:.3f}, expected: {expected:.3f}. Those are bits; nats are wanted.",
        "most likely": "your gain is {got:.3f}, expected: {expected:.3f}. What counts is the probability of the label "
        "that the point has, not that of the most likely one.",
        "accuracy": "your gain is {got:.3f}, expected: {expected:.3f}. That is the share of labels named rightly, "
        "with or without chance taken off. Nats are wanted.",
        "log of mean": "your gain is {got:.3f}, expected: {expected:.3f}. You took the logarithm of a mean "
        "probability, where the mean of logarithms is wanted.",
        "parts weighted": "your gain is {got:.3f}, expected: {expected:.3f}. That is the mean over parts, and the "
        "parts have different sizes: take the mean over points.",
        "shares": "your gain is {got:.3f}, expected: {expected:.3f}. The share of a class is that among all points, "
        "and not among those of a part, or without it.",
        "gain": "your gain is {got:.3f}, expected: {expected:.3f}.",
        "spread": "your gain is right, but its error is {got:.4f}, expected: {expected:.4f}. That is the standard "
        "deviation of one point. The mean of {n} points is known better.",
        "variance": "your gain is right, but its error is {got:.5f}, expected: {expected:.4f}. Is a root missing?",
        "cost alone": "your gain is right, but its error is {got:.4f}, expected: {expected:.4f}. That is the error of "
        "the cross-entropy. The saving of a point has another part, which also differs from point to point.",
        "terms apart": "your gain is right, but its error is {got:.4f}, expected: {expected:.4f}. The two terms of a "
        "saving belong to different points. In which order does each of them stand?",
        "error": "your gain is right, but its error is {got:.4f}, expected: {expected:.4f}: standard deviation of the "
        "savings of all points, over the root of their number.",
    }

    def given(self, rng):
        classes, parts = int(rng.integers(3, 5)), int(rng.integers(3, 6))
        # Of each class one point in each part, or a probe would not know the class; then more, in uneven numbers.
        labels, part = np.divmod(np.arange(classes * parts), parts)
        more = int(rng.integers(60, 90))
        labels = np.append(labels, rng.choice(classes, more, p=np.arange(1, classes + 1) / sum(range(classes + 1))))
        part = np.append(part, rng.choice(parts, more, p=np.arange(1, parts + 1) / sum(range(parts + 1))))
        order = rng.permutation(len(labels))
        z = rng.normal(size=(len(labels), 2)) + rng.normal(0, 1.2, (classes, 2))[labels]
        return {"z": z[order], "labels": labels[order], "part": part[order]}

    def measure(self, answer, given):
        z, labels, part = given.values()
        classes = labels.max() + 1
        seen, asked, mates, fitted = np.zeros(len(z)), np.zeros(len(z)), np.zeros(len(z)), []

        def which(rows):
            return np.linalg.norm(np.asarray(rows)[:, None] - z, axis=2).argmin(axis=1)

        def fit(some_z, some_labels):
            known, some_labels = which(some_z), np.asarray(some_labels)
            if some_labels.shape != (len(known),):
                raise ValueError(f"{len(known)} rows of z came with labels of shape {some_labels.shape}")
            fitted.append(len(known))
            counts = np.bincount(some_labels, minlength=classes)
            sums = np.stack([np.asarray(some_z)[some_labels == label].sum(axis=0) for label in range(classes)])

            def probe(points):
                at = which(points)
                asked[at] += 1
                seen[at] += np.isin(at, known)
                mates[at] += np.isin(part[at], part[known])
                return probabilities(np.asarray(points), sums, counts)

            return probe

        found = answer(fit, z.copy(), labels.copy(), part.copy())
        return {"gain_and_error": found, "seen": seen, "asked": asked, "mates": mates, "fitted": sum(fitted)}

    def judge(self, given, measured):
        z, labels, part = given.values()
        n = len(z)
        gain, error = self.numbers(measured, "gain_and_error", (2,))
        y = np.eye(labels.max() + 1)[labels]
        others = part != part[:, None]  # a row for each point: which ones its probe is fitted to
        p = [probabilities(z[[i]], y[fitted].T @ z[fitted], y[fitted].sum(axis=0)) for i, fitted in enumerate(others)]
        p = np.concatenate(p)
        cost = -np.log((p * y).sum(axis=1))
        savings = -np.log(y @ y.mean(axis=0)) - cost
        expected = savings.mean()
        if not np.isclose(gain, expected, rtol=1e-4, atol=1e-5):
            if np.isclose(error, expected, rtol=1e-4):
                raise Mistake("swapped")
            self.explain_gain(given, measured, gain, p, savings)
        errors = [savings.std(ddof=ddof) / np.sqrt(n) for ddof in (0, 1)]  # both are called the standard deviation
        if not np.isclose(error, errors, rtol=1e-4).any():
            wrong = {"spread": np.multiply(errors, np.sqrt(n)), "variance": np.square(errors)}
            wrong["cost alone"] = [cost.std(ddof=ddof) / np.sqrt(n) for ddof in (0, 1)]
            apart = (savings + cost) - cost[np.argsort(part, kind="stable")]
            wrong["terms apart"] = [apart.std(ddof=ddof) / np.sqrt(n) for ddof in (0, 1)]
            hint = next((hint for hint, values in wrong.items() if np.isclose(error, values, rtol=1e-4).any()), "error")
            raise Mistake(hint, got=error, expected=errors[0], n=n)
        return f"{gain:.3f} ± {error:.3f} nats, from {n} points, none of them asked of a probe that had seen it."

    def explain_gain(self, given, measured, got, p, savings):
        """Raise the mistake that gives this value."""
        z, labels, part = given.values()
        n, expected = len(z), savings.mean()
        asked, seen, mates = (self.numbers(measured, name, (n,)) for name in ("asked", "seen", "mates"))
        if seen.any():
            raise Mistake("seen", got=np.count_nonzero(seen), n=n)
        if asked.sum() > self.numbers(measured, "fitted"):
            raise Mistake("inverted")
        if not asked.all():
            raise Mistake("one part", got=np.count_nonzero(asked), n=n)
        if mates.any():
            raise Mistake("own parts", got=np.count_nonzero(mates), n=n)
        of_label, share = p[np.arange(n), labels], np.bincount(labels)[labels] / n
        entropy, right = -np.log(share).mean(), p.argmax(axis=1) == labels
        inside = [np.mean(labels[part == k] == label) for k, label in zip(part, labels, strict=True)]
        outside = [np.mean(labels[part != k] == label) for k, label in zip(part, labels, strict=True)]
        by_part = np.argsort(part, kind="stable")
        apart = np.log(p[by_part, labels] / share)

        def over_parts(values):
            return np.mean([values[part == k].mean() for k in np.unique(part)])

        wrong = {
            "sign": [-expected],
            "no entropy": [np.log(of_label).mean(), -np.log(of_label).mean(), over_parts(np.log(of_label))],
            "even classes": [np.log(p.shape[1] * of_label).mean(), over_parts(np.log(p.shape[1] * of_label))],
            "bits": [expected / np.log(2)],
            "labels": [apart.mean()],
            "most likely": [entropy + np.log(p.max(axis=1)).mean()],
            "accuracy": [right.mean(), right.mean() - np.bincount(labels).max() / n, over_parts(right)],
            "log of mean": [entropy + np.log(of_label.mean()), np.log(np.mean(of_label / share))],
            "parts weighted": [over_parts(savings), entropy + over_parts(np.log(of_label))],
            "shares": [each(np.log(of_label / other)) for other in (inside, outside) for each in (np.mean, over_parts)],
        }
        for hint, candidates in wrong.items():
            if any(np.isclose(got, candidate, rtol=1e-5) for candidate in candidates):
                raise Mistake(hint, got=got, expected=expected)
        raise Mistake("gain", got=got, expected=expected)


def probabilities(points, sums, counts):
    """Return the classes' probabilities by a round Gaussian for each, from sums and counts; never zero, as promised."""
    means = sums / np.maximum(counts, 1)[:, None]
    log_p = np.log(np.maximum(counts, 1e-9)) - ((points[:, None] - means) ** 2).sum(axis=2) / 2
    p = np.exp(log_p - log_p.max(axis=1, keepdims=True))
    return 0.95 * p / p.sum(axis=1, keepdims=True) + 0.05 / len(counts)


write, mended_share, mended_path = Write(), MendedShare(), MendedPath()
expected_image, cross_validated_gain = ExpectedImage(), CrossValidatedGain()
