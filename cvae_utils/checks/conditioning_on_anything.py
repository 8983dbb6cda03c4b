"""Checks of exercise 09."""

import itertools
import math

import numpy as np

from cvae_utils.checks.task import Mistake, Task


def agree(got, expected):
    """Return whether values agree as well as float32 allows."""
    return bool(np.allclose(got, expected, rtol=1e-4, atol=1e-4))


def nats(counts):
    """Return the entropy of what occurs this often, from whole numbers, along the first axis."""
    total = np.sum(counts, axis=0)
    return np.log(total) - sum(count * np.log(np.maximum(count, 1)) for count in counts) / total


class PriceOfOneGuess(Task):
    """What a blur costs, what a choice costs, and how rarely a blur gives a picture."""

    number = "9.1"
    points = 3
    section = "2. One guess"
    names = ("guess", "choice", "hit")
    hints = {
        "form": "your function returned something else than three numbers. Expected: (guess, choice, hit).",
        "not finite": "your {which} is {got}, expected: a finite number. Some pixels are the same in all pictures, "
        "and cost nothing. Does a logarithm get a zero?",
        "underflow": "with {pixels} pixels your {which} is {got}, expected: {expected:.2f}. A product of so many "
        "probabilities is too small for a computer's numbers. Its logarithm is not.",
        "order": "your three numbers came in another order. Expected: (guess, choice, hit).",
        "sign": "your {which} is {got:.4f}, expected: {expected:.4f}. Both losses are mean values of minus a "
        "logarithm of a probability.",
        "bits": "your {which} is {got:.4f}, expected: {expected:.4f}. Yours is in bits; nats come from the natural "
        "logarithm.",
        "pixel mean": "your {which} is {got:.4f}, expected: {expected:.4f}: the mean over pixels, where their sum is "
        "wanted.",
        "equal shares": "your {which} is {got:.4f}, expected: {expected:.4f}. Yours counts each picture as often as "
        "any other, in one place at least. The shares differ.",
        "one picture": "your {which} is {got:.4f}, expected: {expected:.4f}. A guess that is the most frequent "
        "picture, all black and white, pays dearly where another picture comes. Which pixel means pay least?",
        "free": "your choice is {got:.4f}, expected: {expected:.4f}. Once z is known the picture is certain. But z "
        "has to be paid for, too: log p(y|x) is the logarithm of an average over z.",
        "independent": "your choice is {got:.4f}, the same as your guess; expected: {expected:.4f}. That adds up "
        "pixel by pixel. The probability of a whole picture is not a product over pixels.",
        "hit weighted": "your hit is {got:.3g}, expected: {expected:.3g}. Yours is the mean over the pictures. Any "
        "one of them is a hit, and no two can come at once.",
        "hit one": "your hit is {got:.3g}, expected: {expected:.3g}. Yours is the probability of one of the pictures. "
        "Any one of them is a hit.",
        "hit from loss": "your hit is {got:.3g}, expected: {expected:.3g}. The mean of a logarithm is not the "
        "logarithm of a sum: a loss in nats does not say how often a picture is hit.",
        "value": "your {which} is {got:.4g}, expected: {expected:.4g}.",
    }

    def given(self, rng):
        n = int(rng.integers(4, 7))
        counts = np.full(n, 1)
        counts[0] = 14  # clearly more frequent than the mean
        np.add.at(counts, rng.integers(0, n, 32 - counts.sum()), 1)  # shares in 32nds add up to 1 without rounding
        names = rng.permutation(2**n - 2)[:9] + 1  # of ways in which a pixel differs between the pictures
        pictures = np.concatenate([names >> np.arange(n)[:, None] & 1, np.eye(n, dtype=int)], axis=1)
        same = np.repeat([[0, 0, 1]], n, axis=0)
        pictures = rng.permutation(np.concatenate([pictures, same], axis=1), axis=1)
        return {"pictures": pictures.astype("float64"), "shares": counts / 32}

    def large(self, given):
        """Return pictures of more pixels: the same ones, many times side by side."""
        return np.tile(given["pictures"], (1, 150))

    def measure(self, answer, given):
        found = {}
        for prefix, pictures in (("", given["pictures"].copy()), ("large_", self.large(given))):
            with np.errstate(all="ignore"):
                values = answer(pictures, given["shares"].copy())
            if values is None:
                raise Mistake("none")
            try:
                values = dict(zip(self.names, values, strict=True))
            except (TypeError, ValueError):
                raise Mistake("form") from None
            found |= {prefix + name: value for name, value in values.items()}
        return found

    def expected(self, pictures, shares):
        """Return the three numbers, from counts."""
        counts = np.rint(32 * shares).astype(int)
        black = counts @ pictures.astype(int)
        each = [math.prod(b if ink else 32 - b for ink, b in zip(row, black.tolist(), strict=True)) for row in pictures]
        return nats([black, 32 - black]).sum(), nats(counts), float(sum(each) / 32 ** len(black))

    def judge(self, given, measured):
        for name in self.names:
            value = measured[name]
            if value.shape == () and value.dtype.kind == "f" and not np.isfinite(value):
                raise Mistake("not finite", which=name, got=value)
        got = [self.numbers(measured, name) for name in self.names]
        expected = self.expected(**given)
        if not np.allclose(got, expected, rtol=1e-3, atol=1e-6):
            self.explain(given, got, expected)
        pictures = self.large(given)
        for name, wanted in zip(self.names, self.expected(pictures, given["shares"]), strict=True):
            large = float(measured[f"large_{name}"])
            if not np.isclose(large, wanted, rtol=1e-3, atol=1e-6):
                raise Mistake("underflow", pixels=pictures.shape[1], which=name, got=large, expected=wanted)
        guess, choice, hit = expected
        return f"{guess:.2f} nats for one guess, {choice:.2f} for a choice; the guess gives a picture in {hit:.2%}."

    def explain(self, given, got, expected):
        """Raise the mistake that gives these values."""
        pictures, shares = given.values()
        n = len(shares)
        if any(np.allclose(got, [expected[i] for i in order]) for order in itertools.permutations(range(3))):
            raise Mistake("order")
        equal = np.full(n, 1 / n)
        means = {"shares": shares @ pictures, "equal": equal @ pictures}
        with np.errstate(all="ignore"):
            log_p = {name: np.log(np.where(pictures == 1, mu, 1 - mu)).sum(axis=1) for name, mu in means.items()}
        mean_of_logs = [-log_p["equal"].mean(), -log_p["equal"] @ shares, -log_p["shares"].mean()]
        each = np.exp(log_p["shares"])
        known = [
            {
                "sign": [-expected[0]],
                "bits": [expected[0] / np.log(2)],
                "pixel mean": [expected[0] / pictures.shape[1]],
                "equal shares": [*mean_of_logs, n * mean_of_logs[2], n * mean_of_logs[0]],
            },
            {
                "independent": [got[0]],
                "sign": [-expected[1]],
                "bits": [expected[1] / np.log(2)],
                "equal shares": [np.log(n), -np.log(shares).mean(), -np.log(shares).sum()],
                "free": [0],
            },
            {
                "hit weighted": [each @ shares, each.mean()],
                "hit one": [each[shares.argmax()], each.max(), each.min()],
                "equal shares": [np.exp(log_p["equal"]).sum()],
                "hit from loss": [np.exp(-expected[0]), n * np.exp(-expected[0]), np.exp(expected[1] - expected[0])],
            },
        ]
        for which, value, wanted, mistakes in zip(self.names, got, expected, known, strict=True):
            if np.isclose(value, wanted, rtol=1e-3, atol=1e-6):
                continue
            for hint, values in mistakes.items():
                if np.isclose(value, values, rtol=1e-3, atol=1e-8).any():
                    raise Mistake(hint, which=which, got=value, expected=wanted)
            hint = "one picture" if which == "guess" and value > 1.5 * wanted else "value"
            raise Mistake(hint, which=which, got=value, expected=wanted)


class MendedLoss(Task):
    """The negative conditional ELBO with a learned prior."""

    number = "9.2"
    points = 3
    section = "3. A latent variable, and a prior that looks"
    hints = {
        "standard prior": "your value is {got:.3f}, expected: {expected:.3f}. Your KL does not change when the prior "
        "network gives another mean and another width. Whatever z is drawn from later has to be in the loss.",
        "seen pixels": "your value is {got:.3f}, expected: {expected:.3f}. Pixels that are seen still count in your "
        "likelihood. Nobody has to predict them.",
        "prior reads": "your value is {got:.3f}, expected: {expected:.3f}. Your prior network reads missing pixels. "
        "Who completes an image does not have them.",
        "decoder reads": "your value is {got:.3f}, expected: {expected:.3f}. Your decoder reads missing pixels: it "
        "has only to copy the answer.",
        "recognition reads": "your value is {got:.3f}, expected: {expected:.3f}. Your recognition network reads the "
        "seen part only. It is there to look at the answer as well.",
        "inverted": "your value is {got:.3f}, expected: {expected:.3f}. Seen and missing changed places somewhere: "
        "`mask` is 1 where a pixel is seen.",
        "masked before": "your value is {got:.3f}, expected: {expected:.3f}. Each seen pixel still adds log 2, the "
        "price of a logit of 0. Take those pixels out of the sum, not out of what goes into it.",
        "z": "your value is {got:.3f}, expected: {expected:.3f}. Your z comes from the prior. The loss averages over "
        "z from q.",
        "reversed": "your value is {got:.3f}, expected: {expected:.3f}. The KL is not symmetric, and yours is KL(p || "
        "q).",
        "variance": "your value is {got:.3f}, expected: {expected:.3f}. These networks return a standard deviation. "
        "Is it taken for a variance, or for the logarithm of one?",
        "no KL": "your value is {got:.3f}, expected: {expected:.3f}. There is no KL in it.",
        "mean": "your value is {got:.3f}, expected: {expected:.3f}. A mean over pixels or over latent dimensions "
        "stands where a sum belongs.",
        "sign": "your value is {got:.3f}, expected: {expected:.3f}. One of the two terms, or the whole, has the wrong "
        "sign. A loss is minus the ELBO.",
        "batch": "your value has the shape () for a batch of {n} images, expected: ({n},), one loss for each.",
        "value": "your value is {got:.3f}, expected: {expected:.3f}.",
    }

    def given(self, rng):
        n, pixels, latent = int(rng.integers(4, 7)), int(rng.integers(11, 15)), int(rng.integers(2, 5))
        mask = np.float64(np.argsort(rng.random((n, pixels))) < pixels // 3)
        return {
            "images": rng.random((n, pixels)),
            "mask": mask,
            "epsilon": rng.normal(size=(n, latent)),
            "prior_weights": rng.normal(0, 0.6, (2, pixels, latent)),
            "recognition_weights": rng.normal(0, 0.6, (2, 2 * pixels, latent)),
            "decoder_weights": rng.normal(0, 0.8, (pixels + latent, pixels)),
        }

    def networks(self, given):
        """Return three small networks, in NumPy."""

        def head(weights, lift):
            def network(*inputs):
                features = np.concatenate([np.asarray(each) for each in inputs], axis=1)
                return lift + np.tanh(features @ weights[0]), np.exp(0.6 * np.tanh(features @ weights[1]) - lift)

            return network

        def decode(z, seen):
            return np.concatenate([np.asarray(z), np.asarray(seen)], axis=1) @ given["decoder_weights"]

        return head(given["prior_weights"], 0.2), head(given["recognition_weights"], 0.7), decode

    def measure(self, answer, given):
        with np.errstate(all="ignore"):
            return {
                "your value": answer(
                    given["images"].copy(), given["mask"].copy(), *self.networks(given), given["epsilon"].copy()
                )
            }

    def terms(self, given, prior_reads="seen", recognition_reads="images", decoder_reads="seen", z_from="q"):
        """Return minus the log-likelihood of each pixel, and the means and standard deviations of q and of p."""
        images, mask, epsilon = given["images"], given["mask"], given["epsilon"]
        parts = {"images": images, "seen": mask * images, "missing": images - mask * images}
        prior, recognition, decode = self.networks(given)
        p, q = prior(parts[prior_reads]), recognition(parts[recognition_reads], parts["seen"])
        mean, std = q if z_from == "q" else p
        mu = 1 / (1 + np.exp(-decode(mean + std * epsilon, parts[decoder_reads])))
        return -images * np.log(mu) - (1 - images) * np.log(1 - mu), q, p

    def divergence(self, q, p):
        """Return the KL in each dimension as a mean of log q − log p, by quadrature: exact for two Gaussians."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(3)
        z = q[0] + q[1] * nodes[:, None, None]
        log_q, log_p = (-(((z - mean) / std) ** 2) / 2 - np.log(std) for mean, std in (q, p))
        return np.tensordot(weights / weights.sum(), log_q - log_p, axes=1)

    def judge(self, given, measured):
        n = len(given["images"])
        if measured["your value"].shape == ():
            raise Mistake("batch", n=n)
        got = self.numbers(measured, "your value", (n,))
        each, q, p = self.terms(given)
        expected = (each * (1 - given["mask"])).sum(axis=1) + self.divergence(q, p).sum(axis=1)
        if agree(got, expected):
            return "the missing pixels count, the KL goes to the learned prior, and nothing but q reads the answer."
        for hint, value in self.mistakes(given):
            if agree(got, value):
                raise Mistake(hint, got=got[0], expected=expected[0])
        raise Mistake("value", got=got[0], expected=expected[0])

    def mistakes(self, given):
        """Name known mistakes, each with the value that it gives."""
        missing, unit = 1 - given["mask"], (0, 1)
        for prior_reads, scored, to in itertools.product(("seen", "images"), (missing, 1), ("p", "unit")):
            each, q, p = self.terms(given, prior_reads=prior_reads)
            value = (each * scored).sum(axis=1) + self.divergence(q, p if to == "p" else unit).sum(axis=1)
            hint = "standard prior" if to == "unit" else "seen pixels" if scored is not missing else "prior reads"
            yield hint, value
        for hint, reading in [
            ("decoder reads", {"decoder_reads": "images"}),
            ("recognition reads", {"recognition_reads": "seen"}),
            ("recognition reads", {"recognition_reads": "missing"}),
            ("inverted", {"prior_reads": "missing"}),
            ("inverted", {"decoder_reads": "missing"}),
            ("inverted", {"prior_reads": "missing", "decoder_reads": "missing"}),
            ("z", {"z_from": "p"}),
        ]:
            each, q, p = self.terms(given, **reading)
            yield hint, (each * missing).sum(axis=1) + self.divergence(q, p).sum(axis=1)
        each, q, p = self.terms(given)
        reconstruction, divergence = (each * missing).sum(axis=1), self.divergence(q, p)
        kl = divergence.sum(axis=1)
        yield "inverted", (each * given["mask"]).sum(axis=1) + kl
        yield "masked before", reconstruction + given["mask"].sum(axis=1) * np.log(2) + kl
        yield "reversed", reconstruction + self.divergence(p, q).sum(axis=1)
        for misread in (np.sqrt, np.square, lambda std: np.exp(std / 2)):
            other_q, other_p = ((mean, misread(std)) for mean, std in (q, p))
            yield "variance", reconstruction + self.divergence(other_q, other_p).sum(axis=1)
        yield "no KL", reconstruction
        for pixels in (missing.sum(axis=1), missing.shape[1]):
            yield "mean", reconstruction / pixels + kl
            yield "mean", reconstruction / pixels + divergence.mean(axis=1)
        yield "mean", reconstruction + divergence.mean(axis=1)
        for signs in ((-1, -1), (1, -1), (-1, 1)):
            yield "sign", signs[0] * reconstruction + signs[1] * kl


class LogPOfTheRest(Task):
    """log p of one missing part given the other one, from the draws of a single model."""

    number = "9.3"
    points = 3
    section = "6. How likely is the missing part?"
    hints = {
        "joint": "your value is {got:.3f}, expected: {expected:.3f}. Yours is log p(a,b|x), the price of both parts. "
        "Part a is seen by now.",
        "not updated": "your value is {got:.3f}, expected: {expected:.3f}. Yours is log p(b|x). Part a says something "
        "about z, and so about b.",
        "turned round": "your value is {got:.3f}, expected: {expected:.3f}. Yours is log p(a|x,b).",
        "mean of logs": "your value is {got:.3f}, expected: {expected:.3f}. Yours averages logarithms over the draws. "
        "It is probabilities that have to be averaged.",
        "no ratio": "your value is {got:.3f}, expected: {expected:.3f}. Yours is right where z was drawn from the "
        "prior. Elsewhere each draw has to be corrected for where it came from.",
        "ratio once": "your value is {got:.3f}, expected: {expected:.3f}. Two averages over the draws are needed "
        "here. The correction belongs into both of them.",
        "ratio inverted": "your value is {got:.3f}, expected: {expected:.3f}. Is the correction upside down? Think of "
        "a z that the prior hardly ever gives: such a draw must count little.",
        "product": "your value is {got:.3f}, expected: {expected:.3f}. A conditional probability is a quotient of two "
        "others, not their product.",
        "draws": "your value is {got:.3f}, expected: {expected:.3f}. They differ by the logarithm of the number of "
        "draws, once or twice. Is a sum where a mean should be?",
        "sign": "your value is {got:.3f}, expected: {expected:.3f}. log p is wanted, not the loss.",
        "axis": "your value has shape {got}, expected: {expected}, one number for each image. The draws are in the "
        "second axis.",
        "unsafe": "for {where} your value is {got}, expected: {expected:.2f}. Somewhere an exponential overflows or "
        "is rounded to zero. Images differ by hundreds of nats: each needs a scale of its own.",
        "value": "your value is {got:.3f}, expected: {expected:.3f}.",
    }

    def given(self, rng):
        shape = int(rng.integers(3, 6)), int(rng.integers(7, 13))
        return {
            "log_a": rng.normal(-3, 1.2, shape),
            "log_b": rng.normal(-5, 1.2, shape),
            "log_ratio": rng.normal(-1, 1.2, shape),
            "nats": float(rng.integers(800, 1500)),
        }

    def far(self, given):
        """Return inputs with large numbers, by name: where they are large, the inputs, and how far the result moves."""
        log_a, log_b, log_ratio, nats = given.values()
        steps = nats * np.arange(1, len(log_a) + 1)[:, None]  # another one for each image
        return {
            "many_pixels": ("images of many pixels", (log_a - steps, log_b - 2 * steps, log_ratio), -2 * steps[:, 0]),
            "small_ratios": (f"ratios of e^-{nats:g} and less", (log_a, log_b, log_ratio - steps), 0 * steps[:, 0]),
            "large_ratios": (f"ratios of e^{nats:g} and more", (log_a, log_b, log_ratio + steps), 0 * steps[:, 0]),
        }

    def measure(self, answer, given):
        inputs = {"ordinary": (given["log_a"], given["log_b"], given["log_ratio"])}
        inputs |= {name: arrays for name, (_, arrays, _) in self.far(given).items()}
        with np.errstate(all="ignore"):  # the check says it in plainer words
            return {name: answer(*(array.copy() for array in arrays)) for name, arrays in inputs.items()}

    def judge(self, given, measured):
        n, draws = given["log_a"].shape
        if measured["ordinary"].shape in ((), (draws,), (n, draws), (n, 1)):
            raise Mistake("axis", got=measured["ordinary"].shape, expected=(n,))
        got = self.numbers({"your value": measured["ordinary"]}, "your value", (n,))
        a, b, ratio = (np.exp(given[name]) for name in ("log_a", "log_b", "log_ratio"))  # small numbers need no care
        expected = np.log(np.average(b, weights=a * ratio, axis=1))  # the draws that explain a tell what b will be
        if not agree(got, expected):
            self.explain(given, got, expected)
        for name, (where, _, moved) in self.far(given).items():
            far = measured[name].astype("float64")
            if (wrong := ~np.isclose(far, expected + moved, rtol=1e-4, atol=1e-2)).any():
                raise Mistake("unsafe", where=where, got=far[wrong][0], expected=(expected + moved)[wrong][0])
        return f"right for {draws} draws from anywhere, and finite for images and ratios of any size."

    def explain(self, given, got, expected):
        """Raise the mistake that gives this value."""
        a, b, ratio = (np.exp(given[name]) for name in ("log_a", "log_b", "log_ratio"))
        log_k = np.log(a.shape[1])

        def log_mean(weights):
            return np.log(weights.mean(axis=1))

        both, first, second = a * b * ratio, a * ratio, b * ratio
        for hint, values in {
            "sign": [-expected],
            "joint": [log_mean(both), log_mean(a * b)],
            "not updated": [log_mean(b), log_mean(second), log_mean(second) - log_mean(ratio)],
            "turned round": [log_mean(both) - log_mean(second), log_mean(a * b) - log_mean(b)],
            "mean of logs": [np.log(b).mean(axis=1), np.log(second).mean(axis=1), np.log(both).mean(axis=1)],
            "no ratio": [log_mean(a * b) - log_mean(a)],
            "ratio once": [log_mean(both) - log_mean(a), log_mean(a * b) - log_mean(first)],
            "ratio inverted": [log_mean(a * b / ratio) - log_mean(a / ratio)],
            "product": [
                log_mean(both) + log_mean(first),
                log_mean(first) + log_mean(second),
                log_mean(a) + log_mean(b),
            ],
            "draws": [expected + factor * log_k for factor in (-2, -1, 1, 2)],
        }.items():
            if any(agree(got, value) for value in values):
                raise Mistake(hint, got=got[0], expected=expected[0])
        raise Mistake("value", got=got[0], expected=expected[0])


class MeanAngle(Task):
    """The angle of an image, as a mean over the circle, and how sure it is."""

    number = "9.4"
    points = 3
    section = "8. Other conditions"
    hints = {
        "form": "your function returned something else than two arrays. Expected: (mean, certainty).",
        "straight mean": "your mean is {got:.2f}, expected: {expected:.2f}. Yours is a mean of numbers on a line. The "
        "mean of 359° and 1° is not 180°.",
        "most probable": "your mean is {got:.2f}, expected: {expected:.2f}. Yours is the most probable of the angles. "
        "It says nothing of the angles beside it.",
        "half": "your mean is {got:.2f}, expected: {expected:.2f}, half a period away. A tangent alone cannot tell a "
        "direction from the opposite one.",
        "mirrored": "your mean is {got:.2f}, expected: {expected:.2f}. Have sine and cosine changed places, or a sign?",
        "radians": "your mean is {got:.4f}, expected: {expected:.2f}. Is there a conversion between degrees and "
        "radians missing?",
        "period": "your mean is {got:.2f}, expected: {expected:.2f}, with a period of {period:g}°. Angles that are a "
        "period apart are the same angle, and have to come out as the same point of the circle.",
        "turned": "your mean is {got:.2f}, expected: {expected:.2f}. It is an angle of the circle on which a period "
        "is a whole turn. Which angle of the image is that?",
        "range": "your mean is {got:.2f}, which is the same angle as {expected:.2f}. Expected: a number from 0 up to "
        "the period, {period:g}.",
        "likelihood alone": "your mean is {got:.2f}, expected: {expected:.2f}. Yours leaves out p(angle): angles that "
        "occur more often need less evidence.",
        "prior alone": "your mean is {got:.2f}, expected: {expected:.2f}. Yours is the same for all images, and does "
        "not look at them.",
        "logs as weights": "your mean is {got:.2f}, expected: {expected:.2f}. Yours weighs by logarithms. The weight "
        "of an angle is its probability, given the image.",
        "not normalised": "your certainty is {got:.4g}, expected: {expected:.4f}. Given the image, the probabilities "
        "of all angles together are 1.",
        "squared": "your certainty is {got:.4f}, expected: {expected:.4f}. Yours is the square of the distance.",
        "complement": "your certainty is {got:.4f}, expected: {expected:.4f}: 1 where a single angle is possible.",
        "best": "your certainty is {got:.4f}, expected: {expected:.4f}. Yours is the probability of the most probable "
        "angle. Two angles side by side are as good as one.",
        "axis": "your {which} has shape {got}, expected: {expected}, one number for each image.",
        "unsafe": "for images of many pixels, with log p(x|angle) near {size:g}, your {which} is {got}, expected: "
        "{expected:.4f}. Somewhere an exponential is rounded to zero.",
        "value": "your {which} is {got:.4f}, expected: {expected:.4f}.",
    }

    def given(self, rng):
        n, period = int(rng.integers(4, 7)), float(rng.choice([90, 120, 180]))
        m = int(rng.integers(8, 12))
        angles = (np.arange(m) + rng.uniform(0, 0.8, m)) * period / m  # all around the circle
        # the images point all around the circle, too, and one of them across the seam
        middle = rng.permutation((np.arange(n) + rng.uniform(-0.2, 0.2, n)) * period / n)[:, None]
        p = rng.uniform(1, 6, m)
        turn = 2 * np.pi * (angles - middle) / period
        return {
            "log_p_x": 3 * np.cos(turn) + rng.normal(0, 0.3, turn.shape) - 3,
            "angles": angles,
            "p": p / p.sum(),
            "period": period,
            "size": -float(rng.integers(1000, 1500)),
        }

    def measure(self, answer, given):
        log_p_x, angles, p, period, size = given.values()
        steps = size * np.arange(1, len(log_p_x) + 1)[:, None]  # another one for each image
        whole_turn = angles * (360 / period)
        found = {}
        for prefix, values, at, of in [
            ("", log_p_x, angles, period),
            ("whole_turn_", log_p_x, whole_turn, 360.0),
            ("large_", log_p_x + steps, angles, period),
        ]:
            with np.errstate(all="ignore"):
                pair = answer(values.copy(), at.copy(), p.copy(), of)
            if pair is None:
                raise Mistake("none")
            try:
                mean, certainty = pair
            except (TypeError, ValueError):
                raise Mistake("form") from None
            found |= {f"{prefix}mean": mean, f"{prefix}certainty": certainty}
        return found

    def judge(self, given, measured):
        log_p_x, angles, p, period, size = given.values()
        n = len(log_p_x)
        for which in ("mean", "certainty"):
            if measured[which].shape in ((), (len(angles),), log_p_x.shape):
                raise Mistake("axis", which=which, got=measured[which].shape, expected=(n,))
        mean, certainty = (self.numbers(measured, which, (n,)) for which in ("mean", "certainty"))
        centres = self.centres(given, np.exp(log_p_x) * p)
        self.judge_mean(given, mean, centres)
        expected = np.abs(centres)
        if not agree(certainty, expected):
            self.explain_certainty(given, certainty, expected)
        whole = self.numbers(measured, "whole_turn_mean", (n,))
        if not self.same(whole, self.angle(centres, 360), 360).all():
            raise Mistake("period", got=whole[0], expected=self.angle(centres, 360)[0], period=360)
        for which, wanted in (("mean", self.angle(centres, period)), ("certainty", expected)):
            far = measured[f"large_{which}"].astype("float64")
            right = self.same(far, wanted, period) if which == "mean" else np.isclose(far, wanted, atol=1e-3)
            if not right.all():
                got, wanted = far[~right][0], wanted[~right][0]
                raise Mistake("unsafe", size=size, which=which, got=got, expected=wanted)
        return f"right across the seam and for the periods {period:g}° and 360°, and safe for images of any size."

    def centres(self, given, weights):
        """Return the mean point of each image, as a complex number inside the unit circle."""
        circle = np.exp(2j * np.pi * given["angles"] / given["period"])
        return np.array([np.average(circle, weights=row) for row in weights])

    def angle(self, centres, period):
        """Return the angle that belongs to a point, from 0 up to the period."""
        return np.angle(centres) / (2 * np.pi) % 1 * period

    def same(self, some, others, period):
        """Return which angles agree, whole periods aside."""
        with np.errstate(invalid="ignore"):  # an answer may hold infinity
            apart = np.abs((some - others + period / 2) % period - period / 2)
        return apart < 1e-3 * period

    def judge_mean(self, given, got, centres):
        """Raise the mistake that gives these angles, if they are not the expected ones."""
        log_p_x, angles, p, period, _ = given.values()
        expected = self.angle(centres, period)
        wrong = ~self.same(got, expected, period)
        if not wrong.any():
            outside = (got < -1e-3 * period) | (got > period * 1.001)
            if outside.any():
                raise Mistake("range", got=got[outside][0], expected=expected[outside][0], period=period)
            return
        likelihood = np.exp(log_p_x)
        weights = likelihood * p

        def directions(weights):
            return self.angle(self.centres(given, weights), period)

        one_turn, as_radians, whole_as_radians = (
            np.array([np.average(np.exp(1j * turn), weights=row) for row in weights])
            for turn in (np.deg2rad(angles), angles, angles * 360 / period)
        )
        turned = self.angle(centres, 360)
        known = {
            "straight mean": [weights @ angles / weights.sum(axis=1), likelihood @ angles / likelihood.sum(axis=1)],
            "most probable": [angles[weights.argmax(axis=1)], angles[likelihood.argmax(axis=1)]],
            "turned": [turned, np.where(turned > 180, turned - 360, turned)],
            "period": [np.rad2deg(np.angle(one_turn)) % 360, np.rad2deg(np.angle(one_turn)) % period],
            "radians": [
                *[np.angle(some) % wrap for some in (centres, one_turn) for wrap in (2 * np.pi, period)],
                *[np.angle(centres) * period / 360, np.angle(centres), np.angle(one_turn)],
                *[self.angle(some, wrap) for some in (as_radians, whole_as_radians) for wrap in (period, 360)],
            ],
            "likelihood alone": [directions(likelihood)],
            "prior alone": [directions(np.broadcast_to(p, likelihood.shape))],
            "logs as weights": [directions(log_p_x + np.log(p)), directions(log_p_x)],
        }
        first = np.argmax(wrong)
        for hint, values in known.items():
            if any(np.allclose(got, value, rtol=1e-3, atol=1e-3) for value in values):
                raise Mistake(hint, got=got[first], expected=expected[first], period=period)
        if self.same(2 * got, 2 * expected, period).all():
            raise Mistake("half", got=got[first], expected=expected[first])
        if self.same(got, -expected, period).all() or self.same(got, period / 4 - expected, period).all():
            raise Mistake("mirrored", got=got[first], expected=expected[first])
        raise Mistake("value", which="mean", got=got[first], expected=expected[first])

    def explain_certainty(self, given, got, expected):
        """Raise the mistake that gives these certainties."""
        log_p_x, _, p, _, _ = given.values()
        likelihood = np.exp(log_p_x)
        weights = likelihood * p
        total = weights.sum(axis=1)
        for hint, values in {
            "squared": [expected**2],
            "complement": [1 - expected, 1 - expected**2],
            "not normalised": [expected * total, expected * likelihood.sum(axis=1), (expected * total) ** 2],
            "best": [weights.max(axis=1) / total, weights.max(axis=1), likelihood.max(axis=1)],
        }.items():
            if any(agree(got, value) for value in values):
                raise Mistake(hint, which="certainty", got=got[0], expected=expected[0])
        raise Mistake("value", which="certainty", got=got[0], expected=expected[0])


price_of_one_guess, mended_loss = PriceOfOneGuess(), MendedLoss()
log_p_of_the_rest, mean_angle = LogPOfTheRest(), MeanAngle()
