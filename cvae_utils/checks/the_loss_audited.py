"""Checks of exercise 03."""

import cvae_utils._quiet_start  # noqa: F401

from statistics import NormalDist

import numpy as np
from keras import ops

from cvae_utils.checks.task import Mistake, Task


def near(got, expected):
    """Return whether a weight is this one, but for rounding."""
    return np.isclose(got, expected, rtol=1e-2, atol=1e-6)


class BetaOf(Task):
    """β from a description of the loss."""

    number = "3.1"
    points = 2
    section = "3. Well-known tutorials"
    hints = {
        "inverse": "your β is {got:.4g} for {case}, expected: {expected:.4g}. β is the weight of the KL when the "
        "reconstruction has weight 1, not the other way round.",
        "factor ignored": "your β is {got:.4g} for {case}, expected: {expected:.4g}. The factor has no effect on your "
        "value.",
        "factor": "your β is {got:.4g} for {case}, expected: {expected:.4g}. With a larger factor the pixels weigh "
        "more. Does the KL then weigh more or less beside them?",
        "pixels ignored": "your β is {got:.4g} for {case}, expected: {expected:.4g}. It is the same as if the pixels "
        "were summed.",
        "pixels": "your β is {got:.4g} for {case}, expected: {expected:.4g}. A mean over pixels makes the "
        "reconstruction small. Does the KL then weigh more or less beside it?",
        "latent ignored": "your β is {got:.4g} for {case}, expected: {expected:.4g}. It is the same as if the latent "
        "dimensions were summed.",
        "latent": "your β is {got:.4g} for {case}, expected: {expected:.4g}. A mean over latent dimensions makes the "
        "KL small. Does it then weigh more or less?",
        "sizes": "your β is {got:.4g} for {case}, expected: {expected:.4g}. Which of the two sizes belongs to which "
        "term?",
        "names": "your β is {got:.4g} for {case}, expected: {expected:.4g}. It is right for a loss with the words "
        '"sum" and "mean" exchanged.',
        "value": "your β is {got:.4g} for {case}, expected: {expected:.4g}.",
    }

    def given(self, rng):
        words = [(pixels, latent) for pixels in ("sum", "mean") for latent in ("sum", "mean")]
        factors = [1.0] * 4 + [*rng.uniform(2, 9, 2), *rng.uniform(0.1, 0.5, 2)]
        sizes = zip(rng.integers(100, 3000, 8).tolist(), rng.integers(3, 60, 8).tolist(), strict=True)
        return {
            "cases": [(*of, float(factor), *size) for of, factor, size in zip(words * 2, factors, sizes, strict=True)]
        }

    def measure(self, answer, given):
        return {f"case {k}": answer(*case) for k, case in enumerate(given["cases"])}

    def beta(self, of_pixels, of_latent, factor, pixels, latent_dim):
        """Find both weights by adding one nat: to one of the pixels, to one of the latent dimensions."""
        nat = {n: np.eye(1, n) for n in (pixels, latent_dim)}
        return getattr(np, of_latent)(nat[latent_dim]) / (factor * getattr(np, of_pixels)(nat[pixels]))

    def judge(self, given, measured):
        got = np.array([self.numbers(measured, f"case {k}") for k in range(len(given["cases"]))])
        expected = np.array([self.beta(*case) for case in given["cases"]])
        right = np.isclose(got, expected, rtol=1e-4)
        if right.all():
            return f"{len(got)} losses, with β from {expected.min():.2g} to {expected.max():.2g}."
        other = {"sum": "mean", "mean": "sum"}
        wrong = {
            "inverse": lambda p, k, f, n, d: 1 / self.beta(p, k, f, n, d),
            "factor ignored": lambda p, k, f, n, d: self.beta(p, k, 1, n, d),
            "factor": lambda p, k, f, n, d: self.beta(p, k, 1 / f, n, d),
            "pixels ignored": lambda p, k, f, n, d: self.beta("sum", k, f, n, d),
            "pixels": lambda p, k, f, n, d: self.beta("sum", k, f, n, d) ** 2 / self.beta(p, k, f, n, d),
            "latent ignored": lambda p, k, f, n, d: self.beta(p, "sum", f, n, d),
            "latent": lambda p, k, f, n, d: self.beta(p, "sum", f, n, d) ** 2 / self.beta(p, k, f, n, d),
            "sizes": lambda p, k, f, n, d: self.beta(p, k, f, d, n),
            "names": lambda p, k, f, n, d: self.beta(other[p], other[k], f, n, d),
        }
        alike = (
            hint
            for hint, other_beta in wrong.items()
            if np.allclose(got, [other_beta(*case) for case in given["cases"]], rtol=1e-4)
        )
        first = int(np.argmin(right))
        p, k, f, n, d = given["cases"][first]
        case = f"{f:.3g} times the {p} over {n} pixels plus the {k} over {d} latent dimensions"
        raise Mistake(next(alike, "value"), got=got[first], expected=expected[first], case=case)


def cross_entropy(x, mu):
    """Return −log p(x|z), summed over pixels, averaged over images, by way of the pixel means."""
    return -np.log(mu**x * (1 - mu) ** (1 - x)).sum() / len(x)


def sigmoid(logits):
    """Return the pixel means that belong to these logits; good enough for small ones."""
    return 1 / (1 + np.exp(-logits.astype("float64")))


def mean_kl(z_mean, z_log_var):
    """Return the KL, averaged over images: the mean of log q(z|x) − log p(z) at ε = 1 and ε = −1."""
    z = [z_mean + np.exp(z_log_var / 2, dtype="float64") * epsilon for epsilon in (1, -1)]
    return np.mean([((z_of**2 - 1 - z_log_var) / 2).sum() / len(z_of) for z_of in z])


def slope(term, values, tolerance=1e-3):
    """Return the slope of the line that the values make over a term, NaN if they make none."""
    line = np.polyfit(term, values, 1)
    rest = np.abs(values - np.polyval(line, term)).max()
    return line[0] if rest <= tolerance * np.ptp(values) + 1e-5 * np.abs(values).max() else np.nan


class MendedLoss(Task):
    """The negative ELBO with Bernoulli pixels, from logits."""

    number = "3.2"
    points = 3
    section = "5. No weighted sum at all"
    hints = {
        "batch": "your value has the shape ({n},) for a batch of {n} images, expected: (), their mean.",
        "logits": "with other logits your loss goes from {low:.4g} to {high:.4g} and does not follow the "
        "reconstruction. It does what it would do if the logits were taken for pixel means. Logits may be any number.",
        "swapped": "with other logits your loss goes from {low:.4g} to {high:.4g} and does not follow the "
        "reconstruction. It does what it would do with image and prediction in each other's place.",
        "squared": "with other logits your loss goes from {low:.4g} to {high:.4g} like a squared error. The pixels "
        "here are Bernoulli, as in lesson 02.",
        "pixels": "with other logits your loss goes from {low:.4g} to {high:.4g}, the reconstruction from {a:.4g} to "
        "{b:.4g}, and the first is no multiple of the second.",
        "log sigma": "with other z your loss does not follow the KL. It does what it would do if z_log_var were log σ.",
        "kl": "with other z your loss goes from {low:.4g} to {high:.4g}, the KL from {a:.4g} to {b:.4g}, and the "
        "first is no multiple of the second.",
        "pixel mean": "one nat of reconstruction counts {a:.4g} in your loss, expected: 1. These images have {pixels} "
        "values each, and somewhere their mean was taken.",
        "channel mean": "one nat of reconstruction counts {a:.4g} in your loss, expected: 1. These images have "
        "{channels} channels, and somewhere the mean over them was taken.",
        "wrong sum": "one nat of reconstruction counts {a:.4g} in your loss, expected: 1. These are {n} images of "
        "{pixels} values each. You have a sum over the images, and a mean over the values.",
        "fixed size": "one nat of reconstruction counts {a:.4g} in your loss, expected: 1. Your loss is made for "
        "images of 28 × 28 pixels; these have {pixels} values each.",
        "sign": "your value is {got:.3f}, expected: {expected:.3f}. That is the ELBO, which a model should raise; a "
        "loss is to be lowered.",
        "pixel sign": "one nat of reconstruction counts {a:.4g} in your loss, expected: 1. So the loss is lowest for "
        "the worst images.",
        "kl sign": "one nat of KL counts {b:.4g} in your loss, expected: 1. So a guess is paid for being far from the "
        "prior.",
        "latent mean": "one nat of KL counts {b:.4g} in your loss, expected: 1. There are {latent_dim} latent "
        "dimensions here, and somewhere their mean was taken.",
        "half": "one nat of KL counts {b:.4g} in your loss, expected: 1. Compare the factor in front of the sum.",
        "no kl": "other z do not change your loss. Where is the KL?",
        "no reconstruction": "other logits do not change your loss. Where is the reconstruction?",
        "batch sum": "one nat counts {a:.4g} in the reconstruction of your loss, and {b:.4g} in its KL; expected: 1 "
        "and 1. This batch holds {n} images, and a loss is averaged over them.",
        "unit": "β is right, but your value is {got:.4f}, expected: {expected:.3f} nats. One nat counts {a:.4g} in "
        "your loss.",
        "constant": "both weights are right, but your value is {got:.3f}, expected: {expected:.3f}: a constant is too "
        "much or missing.",
        "weights": "one nat counts {a:.4g} in the reconstruction of your loss, and {b:.4g} in its KL; expected: 1 and "
        "1.",
    }

    def given(self, rng):
        n, latent_dim = int(rng.integers(7, 10)), int(rng.integers(4, 6))
        shape = (n, *rng.integers(4, 7, 2).tolist(), int(rng.integers(2, 4)))
        return {
            "x": rng.uniform(0.05, 0.95, shape).astype("float32"),
            "logits": [rng.normal(rng.normal(), rng.uniform(1, 2), shape).astype("float32") for _ in range(6)],
            "z": [
                [rng.normal(0, scale, (n, latent_dim)).astype("float32") for scale in rng.uniform(0.5, 1.5, 2)]
                for _ in range(6)
            ],
        }

    def measure(self, answer, given):
        x, logits, z = given.values()

        def value(some_logits, some_z):
            return answer(*(array.copy() for array in (x, some_logits, *some_z)))

        with np.errstate(all="ignore"):  # the check says it in plainer words
            return {
                "one batch": value(logits[0], z[0]),
                "logits changed": [value(some_logits, z[0]) for some_logits in logits],
                "z changed": [value(logits[0], some_z) for some_z in z],
                "both changed": [value(*both) for both in zip(logits, z, strict=True)],
            }

    def judge(self, given, measured):
        x, logits, z = given.values()
        if measured["one batch"].shape == (len(x),):
            raise Mistake("batch", n=len(x))
        self.numbers(measured, "one batch")
        by_logits, by_z, by_both = (
            self.numbers(measured, f"{which} changed", (len(z),)) for which in ("logits", "z", "both")
        )
        reconstruction = np.array([cross_entropy(x, sigmoid(some)) for some in logits])
        kl = np.array([mean_kl(*some) for some in z])
        got = np.concatenate([by_logits, by_z, by_both])
        expected = np.concatenate([reconstruction + kl[0], reconstruction[0] + kl, reconstruction + kl])
        if np.allclose(got, expected, rtol=1e-4):
            return f"the negative ELBO at {len(got)} points: one nat counts 1 in either term."
        a, b = slope(reconstruction, by_logits), slope(kl, by_z)
        if np.isnan(a):
            ends = {"low": by_logits.min(), "high": by_logits.max(), "a": reconstruction.min()}
            raise Mistake(self.pixels_as(x, logits, by_logits), **ends, b=reconstruction.max())
        if np.isnan(b):
            log_sigma = np.array([mean_kl(z_mean, z_log_var / 2) for z_mean, z_log_var in z])
            hint = "kl" if np.isnan(slope(log_sigma, by_z)) else "log sigma"
            raise Mistake(hint, low=by_z.min(), high=by_z.max(), a=kl.min(), b=kl.max())
        sizes = {"n": len(x), "pixels": x[0].size, "channels": x.shape[-1], "latent_dim": z[0][0].shape[1]}
        far = np.argmax(np.abs(got - expected))
        raise Mistake(self.weighed_as(a, b, **sizes), a=a, b=b, got=got[far], expected=expected[far], **sizes)

    def pixels_as(self, x, logits, values):
        """Name the mistake that makes a loss change like these values where the logits change."""
        log_x, log_not_x = np.log(x), np.log(1 - x)
        terms = {
            "logits": [lambda some: cross_entropy(x, np.clip(some.astype("float64"), 1e-7, 1 - 1.2e-7))],
            "swapped": [
                lambda some: -(some * log_x + (1 - some) * log_not_x).sum(),
                lambda some: -(sigmoid(some) * log_x + (1 - sigmoid(some)) * log_not_x).sum(),
                lambda some: -(some * x).sum(),
                lambda some: -(sigmoid(some) * x).sum(),
            ],
            "squared": [lambda some: ((x - sigmoid(some)) ** 2).sum(), lambda some: ((x - some) ** 2).sum()],
        }
        for hint, wrong in terms.items():
            if any(not np.isnan(slope([term(some) for some in logits], values, 0.01)) for term in wrong):
                return hint
        return "pixels"

    def weighed_as(self, a, b, n, pixels, channels, latent_dim):
        """Name the mistake that gives these weights to the reconstruction and to the KL."""
        found = {
            "sign": near(a, -1) and near(b, -1),
            "no reconstruction": near(a, 0),
            "pixel mean": near(a, 1 / pixels) and not near(b, 1 / pixels),
            "channel mean": near(a, 1 / channels),
            "wrong sum": near(a, n / pixels),
            "fixed size": near(a, 784 / pixels),
            "pixel sign": near(a, -1),
            "batch sum": near(a, n) or near(b, n),
            "no kl": near(b, 0),
            "kl sign": near(b, -1),
            "latent mean": near(b, 1 / latent_dim),
            "constant": near(a, 1) and near(b, 1),
            "unit": near(a, b),
            "half": near(abs(b), 2) or near(abs(b), 0.5),
            "weights": True,
        }
        return next(hint for hint, true in found.items() if true)


class GaussianLoss(Task):
    """The negative ELBO with Gaussian pixels."""

    number = "3.3"
    points = 3
    section = "3. Well-known tutorials"
    hints = {
        "batch": "your value has the shape ({n},) for a batch of {n} images, expected: (), their mean.",
        "no constant": "for images that the decoder meets exactly, and a guess that is the prior, your loss is "
        "{got:.3f}, expected: {expected:.3f} with σ = {sigma:.3f}. What is left there is the constant of the density.",
        "one constant": "the constant of your loss is {got:.3f}, expected: {expected:.3f} with σ = {sigma:.3f}. That "
        "is one pixel's; an image has {pixels}.",
        "fixed size": "the constant of your loss is {got:.3f}, expected: {expected:.3f} with σ = {sigma:.3f}. It is "
        "made for images of 28 × 28 pixels; these have {pixels}.",
        "constant without sigma": "the constant of your loss is {got:.3f} whatever σ is, expected: {expected:.3f} "
        "with σ = {sigma:.3f}. How high is the density of a narrow Gaussian at its centre?",
        "pi": "the constant of your loss is {got:.3f}, expected: {expected:.3f} with σ = {sigma:.3f}. Is there a 2π "
        "in the density you started from?",
        "constant half": "the constant of your loss is {got:.3f}, expected: {expected:.3f} with σ = {sigma:.3f}. "
        "Compare the factor in front of the logarithm, and whether a root or a square is missing in it.",
        "constant sign": "the constant of your loss is {got:.3f}, expected: {expected:.3f} with σ = {sigma:.3f}. Has "
        "the logarithm the sign of a loss?",
        "constant": "for images that the decoder meets exactly, and a guess that is the prior, your loss is "
        "{got:.3f}, expected: {expected:.3f} with σ = {sigma:.3f}.",
        "means": "your loss is not lowest where `mean` equals the image. `mean` holds pixel means already, not logits.",
        "pixel mean": "the squared errors add {got:.4f} to your loss, expected: {expected:.3f} with σ = {sigma:.3f}. "
        "That is the mean over pixels, where their sum is wanted.",
        "half": "the squared errors add {got:.3f} to your loss, expected: {expected:.3f} with σ = {sigma:.3f}. Look "
        "at the density again: what is the square divided by?",
        "sigma": "the squared errors add {got:.3f} to your loss, expected: {expected:.3f} with σ = {sigma:.3f}. Is σ "
        "a standard deviation in your formula, or a variance?",
        "sigma ignored": "the squared errors add {got:.3f} to your loss, whatever σ is. A pixel that is off by little "
        "should surprise more when σ is small.",
        "squares sign": "the squared errors add {got:.3f} to your loss, expected: {expected:.3f}. So a worse image "
        "has a lower loss.",
        "squares": "the squared errors add {got:.3f} to your loss, expected: {expected:.3f} with σ = {sigma:.3f}.",
        "batch sum": "{term} {got:.3f} to your loss, expected: {expected:.3f}. A sum over the {n} images of the "
        "batch, where their mean is wanted?",
        "no kl": "other z do not change your loss. Where is the KL?",
        "kl weighted": "the KL adds {got:.3f} to your loss with σ = {sigma:.3f}, expected: {expected:.3f} with any σ.",
        "kl": "the KL adds {got:.3f} to your loss, expected: {expected:.3f}.",
        "rounded": "your value is {got:.4f}, expected: {expected:.4f} with σ = {sigma:.3f}. Each part alone is nearly "
        "right. Did you round a constant?",
    }

    def given(self, rng):
        n, latent_dim = int(rng.integers(6, 9)), int(rng.integers(3, 5))
        shape = (n, *rng.integers(4, 7, 2).tolist(), 1)
        x = rng.random(shape)
        return {
            "x": x.astype("float32"),
            "mean": (x + rng.normal(0, 0.3, shape)).astype("float32"),
            "z_mean": rng.normal(0, 1, (n, latent_dim)).astype("float32"),
            "z_log_var": rng.normal(-1, 1, (n, latent_dim)).astype("float32"),
            "sigmas": [float(rng.uniform(*ends)) for ends in [(0.1, 0.2), (0.5, 0.6), (1.5, 2)]],
        }

    def measure(self, answer, given):
        *arrays, sigmas = given.values()
        x, mean, *z = (ops.convert_to_tensor(array) for array in arrays)  # as a model's compute_loss gives them
        prior = [ops.zeros_like(part) for part in z]
        with np.errstate(all="ignore"):
            return {
                "one batch": answer(x, mean, *z, sigmas[0]),
                "constant": [answer(x, x, *prior, sigma) for sigma in sigmas],
                "squares": [answer(x, mean, *prior, sigma) for sigma in sigmas],
                "kl": [answer(x, x, *z, sigma) for sigma in sigmas],
                "all": [answer(x, mean, *z, sigma) for sigma in sigmas],
            }

    def judge(self, given, measured):
        x, mean, z_mean, z_log_var, sigmas = given.values()
        if measured["one batch"].shape == (len(x),):
            raise Mistake("batch", n=len(x))
        self.numbers(measured, "one batch")
        constant, squares, kl, everything = (
            self.numbers(measured, name, (3,)) for name in ("constant", "squares", "kl", "all")
        )
        expected = np.array([[self.surprise(0 * x, sigma), self.surprise(x - mean, sigma)] for sigma in sigmas]).T
        expected_kl = mean_kl(z_mean, z_log_var)
        pairs = [(constant, expected[0]), (everything, expected[1] + expected_kl)]
        if all(np.allclose(*pair, rtol=1e-4, atol=1e-3) for pair in pairs):
            return f"right for σ = {', '.join(f'{sigma:.2f}' for sigma in sigmas)}, constant and KL included."
        sizes = {"n": len(x), "pixels": x[0].size}
        self.check_constant(x, constant, expected[0], np.array(sigmas), sizes)
        self.check_squares(squares - constant, expected[1] - expected[0], np.array(sigmas), sizes)
        self.check_kl(kl - constant, expected_kl, np.array(sigmas), sizes)
        raise Mistake("rounded", got=everything[0], expected=expected[1, 0] + expected_kl, sigma=sigmas[0])

    def surprise(self, errors, sigma):
        """Return minus the logarithm of the density of these errors, averaged over images."""
        density = np.vectorize(NormalDist(0, sigma).pdf)(errors.astype("float64"))
        return -np.log(density).sum() / len(errors)

    def check_constant(self, x, got, expected, sigma, sizes):
        """Refuse a loss that is wrong where the decoder is right."""
        pixels = sizes["pixels"]
        log_sigma, log_pi = np.log(sigma), np.log(np.sqrt(2 * np.pi))
        unmet = [((x - sigmoid(x)) ** 2).sum() / len(x) * weight for weight in (1 / sigma**2 / 2, 1 / sigma**2)]
        wrong = {
            "means": [expected + some for some in unmet],
            "no constant": [np.zeros(3)],
            "one constant": [expected / pixels],
            "fixed size": [expected / pixels * 784],
            "constant without sigma": [np.full(3, pixels * log_pi)],
            "pi": [pixels * log_sigma],
            "constant half": [
                2 * expected,
                expected / 2,
                pixels * (log_sigma / 2 + log_pi),
                pixels * (2 * log_sigma + log_pi),
                pixels * (log_sigma + 2 * log_pi),
            ],
            "constant sign": [-expected, pixels * (log_pi - log_sigma), pixels * (log_sigma - log_pi)],
            "batch sum": [sizes["n"] * expected],
        }
        self.compare("constant", wrong, got, expected, sigma, term="the constant adds", **sizes)

    def check_squares(self, got, expected, sigma, sizes):
        """Refuse a loss in which errors weigh what they should not."""
        pixels = sizes["pixels"]
        wrong = {
            "pixel mean": [expected / pixels, 2 * expected / pixels, expected * 2 * sigma**2 / pixels],
            "half": [2 * expected],
            "sigma": [expected * sigma, expected * 2 * sigma, expected / sigma**2],
            "sigma ignored": [expected * sigma**2, expected * 2 * sigma**2],
            "squares sign": [-expected],
            "batch sum": [sizes["n"] * expected],
        }
        self.compare("squares", wrong, got, expected, sigma, term="the squared errors add", **sizes)

    def check_kl(self, got, expected, sigma, sizes):
        """Refuse a KL with another weight than 1."""
        expected = np.full(3, expected)
        if np.ptp(got) > 1e-2 * np.abs(got).max() + 1e-3:
            wrong = {"kl weighted": [got]}
        else:
            wrong = {"no kl": [np.zeros(3)], "batch sum": [sizes["n"] * expected]}
        self.compare("kl", wrong, got, expected, sigma, term="the KL adds", **sizes)

    def compare(self, name, wrong, got, expected, sigma, **values):
        """Raise the mistake that gives these numbers, or the one of this name; nothing if they are right."""
        tolerance = {"rtol": 2e-3, "atol": 1e-3}
        if np.allclose(got, expected, **tolerance):
            return
        far = int(np.argmax(np.abs(got - expected)))
        hints = (hint for hint, some in wrong.items() if any(np.allclose(got, value, **tolerance) for value in some))
        raise Mistake(next(hints, name), got=got[far], expected=expected[far], sigma=sigma[far], **values)


class MendedBeta(Task):
    """β from a training log, whatever factor and constant its loss has."""

    number = "3.4"
    points = 3
    section = "4. The wrong weight, and a log that hides it"
    hints = {
        "inverse": "your β is {got:.4g}, expected: {expected:.4g}. That is one over it: β is the weight of the KL "
        "over that of the reconstruction.",
        "weight": "your β is {got:.4g}, expected: {expected:.4g}. You found the weight of the KL. The reconstruction "
        "has one, too.",
        "share": "your β is {got:.4g}, expected: {expected:.4g}. You gave the share of the KL in both weights.",
        "one term": "your β is {got:.4g}, expected: {expected:.4g}. You followed the loss along one term at a time, "
        "but in a log both change together.",
        "factor": "your β is {got:.4g}, expected: {expected:.4g}, for a loss that was multiplied by some factor. A "
        "common factor of both terms must not move β.",
        "constant": "your β is {got:.4g}, expected: {expected:.4g}, for a loss with a constant in it. A constant must "
        "not move β.",
        "both": "your β is {got:.4g}, expected: {expected:.4g}, for a loss with both a factor and a constant.",
        "value": "your β is {got:.4g}, expected: {expected:.4g}, for a loss without any factor or constant.",
    }

    def given(self, rng):
        epochs = int(rng.integers(6, 10))
        weights = [(1, 0), (rng.uniform(3, 20), 0), (1, rng.uniform(200, 900)), (rng.uniform(0.1, 0.4), -500)]
        logs = []
        for (a, c), beta in zip(
            weights, rng.permutation([*rng.uniform(0.1, 0.6, 2), *rng.uniform(2, 6, 2)]), strict=True
        ):
            far = np.exp(-np.arange(epochs) / rng.uniform(2, 4))
            reconstruction = 100 + 90 * far + rng.normal(0, 2, epochs)
            kl = 20 - 14 * far + rng.normal(0, 1, epochs)
            logs.append({"a": a, "beta": beta, "log": (a * (reconstruction + beta * kl) + c, reconstruction, kl)})
        return {"logs": logs}

    def measure(self, answer, given):
        with np.errstate(all="ignore"):  # the check says it in plainer words
            return {f"log {k}": answer(*(part.copy() for part in log["log"])) for k, log in enumerate(given["logs"])}

    def judge(self, given, measured):
        logs = given["logs"]
        got = np.array([self.numbers(measured, f"log {k}") for k in range(len(logs))])
        beta, a = (np.array([log[name] for log in logs]) for name in ("beta", "a"))
        right = np.isclose(got, beta, rtol=1e-3)
        if right.all():
            return (
                f"β = {', '.join(f'{value:.2f}' for value in beta)} from {len(logs)} logs with factors and constants."
            )
        along = np.array([[np.polyfit(term, log["log"][0], 1)[0] for term in log["log"][1:]] for log in logs]).T
        wrong = {
            "inverse": [1 / beta],
            "weight": [a * beta],
            "share": [beta / (1 + beta)],
            "one term": [along[1], along[1] / along[0]],
        }
        for hint, some in wrong.items():
            if any(near(got, values).all() for values in some):
                worst = int(np.argmin(right))
                raise Mistake(hint, got=got[worst], expected=beta[worst])
        for k, hint in enumerate(("value", "factor", "constant", "both")):  # from the simplest log to the last
            if not right[k]:
                raise Mistake(hint, got=got[k], expected=beta[k])


class Undominated(Task):
    """The runs that no other run beats."""

    number = "3.5"
    points = 2
    section = "7. How much KL is right?"
    hints = {
        "indices": "your value has shape {got}, expected: ({n},), one True or False for each run.",
        "marks": "your value holds {got}, expected: True or False for each run, nothing else.",
        "none kept": "you keep none of the runs. Does a run dominate itself, or is one better number enough for you?",
        "inverted": "you marked the runs that are dominated, and left the others.",
        "direction": "your marks would be right if more nats were better, in one of the two columns. Both are costs.",
        "sum": "you keep only the run with the lowest sum. That is the best for β = 1; other runs may be right for "
        "others.",
        "ties": "you keep run {k} ({run}), although run {other} ({rival}) is the same in one number and lower in the "
        "other. That is enough to dominate it.",
        "twins": "you drop run {k} ({run}). Run {other} has the same two numbers, so that neither is better in any.",
        "line": "you drop run {k} ({run}). It lies above the line between two others, but no single run is at least "
        "as good in both numbers.",
        "kept": "you keep run {k} ({run}), although run {other} ({rival}) dominates it.",
        "dropped": "you drop run {k} ({run}), although no other run is at least as good in both numbers.",
    }

    def given(self, rng):
        rate = np.cumsum(rng.uniform(2.5, 4, int(rng.integers(7, 10))))
        distortion = 80 + 90 * np.exp(-rate / 5)  # the lowest sum is at neither end
        step, drop = np.diff(rate), -np.diff(distortion)
        runs = list(zip(rate, distortion, strict=True))
        a, b, c, d = rng.choice(len(step) - 1, 4, replace=False)  # a place on the curve for each special case
        self_made = [
            (rate[a] + step[a] / 2, distortion[a] - 0.15 * drop[a]),  # undominated, but above the line
            (rate[b + 1], distortion[b + 1] + 0.3 * drop[b]),  # dominated: the same rate
            (rate[c] + step[c] / 3, distortion[c]),  # dominated: the same distortion
            (rate[d], distortion[d]),  # a twin
            *((rate[k] + rng.uniform(0.5, 2), distortion[k] + rng.uniform(1, 9)) for k in (a, d)),  # dominated in both
        ]
        table = np.array(runs + self_made)[rng.permutation(len(runs) + len(self_made))]
        return {"rate": table[:, 0], "distortion": table[:, 1]}

    def measure(self, answer, given):
        return {"kept": answer(given["rate"].copy(), given["distortion"].copy())}

    def kept(self, rate, distortion, enough=1):
        """Compare every run with all runs; one that is no worse must be better in ``enough`` numbers to dominate."""
        runs = list(zip(rate, distortion, strict=True))
        kept = []
        for r, d in runs:
            rivals = [int(r2 < r) + int(d2 < d) for r2, d2 in runs if r2 <= r and d2 <= d]
            kept.append(not any(better >= enough for better in rivals))
        return np.array(kept)

    def judge(self, given, measured):
        rate, distortion = given["rate"], given["distortion"]
        if measured["kept"].shape != rate.shape:
            raise Mistake("indices", got=measured["kept"].shape, n=len(rate))
        if set(measured["kept"].tolist()) - {0, 1}:
            raise Mistake("marks", got=", ".join(map(str, measured["kept"].tolist()[:3])) + ", …")
        got = self.numbers(measured, "kept", rate.shape).astype(bool)
        expected = self.kept(rate, distortion)
        if np.array_equal(got, expected):
            return f"{expected.sum()} of {len(rate)} runs are worth a look, the twins among them."
        if not got.any():
            raise Mistake("none kept")
        if np.array_equal(got, ~expected):
            raise Mistake("inverted")
        signs = [(-1, 1), (1, -1), (-1, -1)]
        if any(np.array_equal(got, self.kept(r * rate, d * distortion)) for r, d in signs):
            raise Mistake("direction")
        total = rate + distortion
        if np.all(total[got] <= total.min() + 1e-9):
            raise Mistake("sum")
        found = {k: self.mistake_about(k, rate, distortion, got[k]) for k in np.flatnonzero(got != expected)}
        k = min(found, key=lambda k: ("kept", "dropped", "twins", "line").index(found[k]))  # the plainest first
        ties = np.array_equal(got, self.kept(rate, distortion, enough=2))
        rivals = self.rivals_of(k, rate, distortion)
        other = rivals[np.argmin(total[rivals])] if len(rivals) else k
        run, rival = (f"rate {rate[j]:.2f}, distortion {distortion[j]:.2f}" for j in (k, other))
        raise Mistake("ties" if ties else found[k], k=k, other=other, run=run, rival=rival)

    def rivals_of(self, k, rate, distortion):
        """Return the other runs that are not worse than this one in either number."""
        return np.flatnonzero((rate <= rate[k]) & (distortion <= distortion[k]) & (np.arange(len(rate)) != k))

    def mistake_about(self, k, rate, distortion, kept):
        """Name the mistake about one run that was wrongly kept or wrongly dropped."""
        if kept:
            return "kept"
        if len(self.rivals_of(k, rate, distortion)):
            return "twins"  # it is not dominated, so a rival must be the same
        betas = np.geomspace(1e-3, 1e3, 400)[:, None]
        costs = distortion + betas * rate
        return "dropped" if (costs[:, k] <= costs.min(axis=1) + 1e-9).any() else "line"


beta_of, mended_loss, gaussian_loss = BetaOf(), MendedLoss(), GaussianLoss()
mended_beta, undominated = MendedBeta(), Undominated()
