"""Checks of exercise 08."""

import numpy as np

from cvae_utils.checks.task import Mistake, Task


def density(z, mean, variance):
    """Return the density of independent Gaussians at z; good enough for few dimensions."""
    each = np.exp(-((z - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    return each.prod(axis=-1)


def told_apart(right, wrongs, rtol):
    """Return whether no mistake gives the right number or that of another mistake; wrongs maps a hint to numbers."""
    values = np.array([right, *(value for numbers in wrongs.values() for value in numbers)])
    hints = np.array(["", *(hint for hint, numbers in wrongs.items() for _ in numbers)])
    return not (np.isclose(values, values[:, None], rtol=rtol, atol=0) & (hints != hints[:, None])).any()


class MixedLogWeights(Task):
    """Log-weights of draws from a mixture of encoder and prior."""

    number = "8.1"
    points = 3
    section = "1. A tighter bound, and a case with a known answer"
    hints = {
        "each dimension": "your value has shape {got}, expected: {expected}. A point has one density, the product "
        "over its latent dimensions.",
        "encoder alone": "your first value is {got:.3f}, expected: {expected:.3f}. Yours is the weight of a draw from "
        "the encoder. Which density do these points come from?",
        "prior alone": "your first value is {got:.3f}, expected: {expected:.3f}. Yours is the log-likelihood itself, "
        "the weight of a draw from the prior. Which density do these points come from?",
        "other share": "your first value is {got:.3f}, expected: {expected:.3f}. The share belongs to the prior; what "
        "is left of 1 belongs to the encoder.",
        "no share": "your first value is {got:.3f}, expected: {expected:.3f}. In yours the two densities count the "
        "same, whatever the share is.",
        "mean of logs": "your first value is {got:.3f}, expected: {expected:.3f}. Yours mixes the logarithms of the "
        "densities. The density of a mixture is a sum of densities.",
        "joint": "your first value is {got:.3f}, expected: {expected:.3f}. Above the line of a weight stands p(x|z) "
        "p(z), with p(z) in it whatever z was drawn from.",
        "sign": "your first value is {got:.3f}, expected: {expected:.3f}. What stands below the line and what above "
        "it?",
        "log-variance": "your first value is {got:.3f}, expected: {expected:.3f}. z_log_var is the logarithm of σ², "
        "not σ, not log σ and not σ².",
        "constant": "your first value is {got:.3f}, expected: {expected:.3f}. In a mixture nothing cancels unless "
        "both densities lose the same factor. Does each of them integrate to 1, whatever σ is?",
        "mean": "your first value is {got:.3f}, expected: {expected:.3f}. Yours averages over the latent dimensions, "
        "where the logarithm of a density is their sum.",
        "unsafe": "with {dimensions} latent dimensions one of your values is {got}, expected: {expected:.3f}. A "
        "density of so many dimensions is too large or too small for a floating-point number. Where does an "
        "exponential of it come in?",
        "value": "your first value is {got:.3f}, expected: {expected:.3f}.",
    }

    def given(self, rng):
        share = float(rng.uniform(0.15, 0.3))
        return {
            "share": share,
            "ordinary": self.points_of(rng, int(rng.integers(3, 6)), int(rng.integers(6, 9)), int(rng.integers(2, 4))),
            "high": self.points_of(rng, 2, 4, int(rng.integers(900, 1100))),
        }

    def points_of(self, rng, n, k, dimensions):
        """Draw log-likelihoods, points and encodings; half of the points of an image come from the prior."""
        z_mean, z_log_var = rng.normal(size=(n, dimensions)), rng.uniform(-3, -1, (n, dimensions))
        epsilon = rng.normal(size=(n, k, dimensions))
        z = np.where(np.arange(k)[:, None] % 2, epsilon, z_mean[:, None] + np.exp(z_log_var / 2)[:, None] * epsilon)
        return rng.normal(-130, 5, (n, k)), z, z_mean, z_log_var

    def measure(self, answer, given):
        share = given["share"]
        with np.errstate(all="ignore"):  # the check says it in plainer words
            return {
                "in_few_dimensions": answer(*(array.copy() for array in given["ordinary"]), share),
                "in_many_dimensions": answer(*(array.copy() for array in given["high"]), share),
            }

    def judge(self, given, measured):
        share = given["share"]
        log_likelihood, z, z_mean, z_log_var = given["ordinary"]
        shape = measured["in_few_dimensions"].shape
        if shape == z.shape:
            raise Mistake("each dimension", got=shape, expected=log_likelihood.shape)
        got = self.numbers(measured, "in_few_dimensions", log_likelihood.shape)
        p, q = density(z, 0, np.ones(1)), density(z, z_mean[:, None], np.exp(z_log_var)[:, None])
        expected = np.log(np.exp(log_likelihood) * p / (share * p + (1 - share) * q))
        if not np.allclose(got, expected, rtol=0, atol=1e-3):
            self.explain(given, got, expected, p, q)
        log_likelihood, z, z_mean, z_log_var = given["high"]
        values = self.numbers({"value": np.nan_to_num(measured["in_many_dimensions"])}, "value", log_likelihood.shape)
        # log q − log p, in which the constants cancel; neither density is ever computed
        ratio = (z**2 - (z - z_mean[:, None]) ** 2 / np.exp(z_log_var)[:, None] - z_log_var[:, None]).sum(axis=-1) / 2
        larger = np.maximum(ratio, 0)
        expected = log_likelihood - larger - np.log(share * np.exp(-larger) + (1 - share) * np.exp(ratio - larger))
        if (wrong := ~np.isclose(values, expected, rtol=1e-4, atol=1e-2)).any():
            got = measured["in_many_dimensions"][wrong][0]
            raise Mistake("unsafe", dimensions=z.shape[-1], got=f"{got:.3f}", expected=expected[wrong][0])
        return f"right for a share of {share:.2f}, and finite with {z.shape[-1]} latent dimensions."

    def explain(self, given, got, expected, p, q):
        """Raise the mistake that gives these log-weights."""
        share = given["share"]
        log_likelihood, z, z_mean, z_log_var = given["ordinary"]
        mean, log_var, dimensions = z_mean[:, None], z_log_var[:, None], z.shape[-1]
        r = share * p + (1 - share) * q
        scale = np.exp(z_log_var / 2).prod(axis=-1)[:, None]  # the product of the σ of an image
        flat = (2 * np.pi) ** (dimensions / 2)

        def mixed(q, p=p):
            return np.log(p / (share * p + (1 - share) * q))

        for hint, wrongs in {
            "encoder alone": [np.log(p / q)],
            "prior alone": [np.zeros_like(p)],
            "other share": [np.log(p / ((1 - share) * p + share * q))],
            "no share": [np.log(p / (p + q)), np.log(2 * p / (p + q))],
            "mean of logs": [np.log(p) - share * np.log(p) - (1 - share) * np.log(q)],
            "joint": [-np.log(r), np.log(q / r)],
            "sign": [np.log(r / p)],
            "log-variance": [
                mixed(density(z, mean, np.exp(2 * log_var))),
                mixed(density(z, mean, log_var**2)),
                mixed(density(z, mean, np.abs(log_var))),
                mixed(density(z, mean, np.exp(log_var / 2))),
            ],
            "constant": [mixed(q * scale), mixed(q * flat), mixed(q / flat), mixed(q / scale), mixed(q * scale**2)],
            "mean": [
                p_log - np.logaddexp(np.log(share) + p_log, np.log1p(-share) + np.log(q) / dimensions)
                for p_log in [np.log(p) / dimensions]
            ],
        }.items():
            if any(np.allclose(got, log_likelihood + wrong, rtol=0, atol=1e-3) for wrong in wrongs):
                raise Mistake(hint, got=got[0, 0], expected=expected[0, 0])
        first = np.argmax(np.abs(got - expected) > 1e-3)
        raise Mistake("value", got=got.flat[first], expected=expected.flat[first])


def jackknife_error(values):
    """Return the standard error of a mean, from the means that leave one value out."""
    n = len(values)
    return np.sqrt((n - 1) * np.var([np.delete(values, i).mean() for i in range(n)]))


def error(values, ddof=1):
    """Return the standard error of the mean over the first axis."""
    return np.std(values, axis=0, ddof=ddof) / np.sqrt(len(values))


# What each known mistake makes of the nats of two designs, each of shape (seeds, images).
WRONG_LEADS = {
    "sign": [lambda a, b: b.mean() - a.mean()],
    "sum": [
        lambda a, b: (a - b).sum(),
        lambda a, b: (a - b).sum(axis=1).mean(),
        lambda a, b: (a - b).sum(axis=0).mean(),
    ],
    "best seed": [lambda a, b: a.mean(axis=1).min() - b.mean(axis=1).min(), lambda a, b: a.min() - b.min()],
    "one seed": [lambda a, b: a[0].mean() - b[0].mean(), lambda a, b: a[-1].mean() - b[-1].mean()],
}
WRONG_OVER_IMAGES = {
    "spread of images": [lambda a, b: np.std((a - b).mean(axis=0)), lambda a, b: np.std(a - b)],
    "other images": [
        lambda a, b: np.hypot(error(a.mean(axis=0)), error(b.mean(axis=0))),
        lambda a, b: np.hypot(error(a.ravel()), error(b.ravel())),
        lambda a, b: np.hypot(error(a.T).mean(), error(b.T).mean()),
    ],
    "every value": [lambda a, b: error((a - b).ravel())],
    "seed by seed": [lambda a, b: error((a - b).T).mean(), lambda a, b: error(a[0] - b[0])],
}
WRONG_OVER_SEEDS = {
    "paired seeds": [lambda a, b: error((a - b).mean(axis=1)), lambda a, b: error((a - b).mean(axis=1), 0)],
    "spread of seeds": [
        lambda a, b: np.hypot(np.std(a.mean(axis=1), ddof=1), np.std(b.mean(axis=1), ddof=1)),
        lambda a, b: np.hypot(np.std(a.mean(axis=1)), np.std(b.mean(axis=1))),
        lambda a, b: np.std((a - b).mean(axis=1), ddof=1),
        lambda a, b: np.std((a - b).mean(axis=1)),
    ],
    "n-1": [lambda a, b: np.hypot(error(a.mean(axis=1), 0), error(b.mean(axis=1), 0))],
    "errors added": [lambda a, b: error(a.mean(axis=1)) + error(b.mean(axis=1))],
    "one design": [lambda a, b: error(a.mean(axis=1)), lambda a, b: error(b.mean(axis=1))],
    "image by image": [
        lambda a, b: np.hypot(error(a), error(b)).mean(),
        lambda a, b: error(a - b).mean(),
    ],
}


class LeadWithErrors(Task):
    """The lead of one design over another, and how far other images or other seeds would move it."""

    number = "8.2"
    points = 3
    section = "2. The course's models"
    hints = {
        "sign": "your lead is {got:.4f}, expected: {expected:.4f}. It is positive where b needs fewer nats.",
        "sum": "your lead is {got:.4f}, expected: {expected:.4f}, a mean over images and seeds.",
        "best seed": "your lead is {got:.4f}, expected: {expected:.4f}. It compares the best of each design. A best "
        "seed is luck in part.",
        "one seed": "your lead is {got:.4f}, expected: {expected:.4f}. It comes from one seed of each design.",
        "lead": "your lead is {got:.4f}, expected: {expected:.4f}.",
        "order": "your errors are {first:.4f} and {second:.4f}, expected: the same in the other order. Other images "
        "come first, other seeds second.",
        "spread of images": "your error for other images is {got:.4f}, expected: {expected:.4f}. Yours says how far "
        "single images lie apart, and it stays as it is with a million of them. How far does their mean move?",
        "other images": "your error for other images is {got:.4f}, expected: {expected:.4f}. Yours is right where "
        "each design has images of its own. Here an image that is hard for one is hard for the other, too.",
        "every value": "your error for other images is {got:.4f}, expected: {expected:.4f}. Yours counts {values} "
        "values as independent. There are {images} images; another seed on the same image is no new image.",
        "seed by seed": "your error for other images is {got:.4f}, expected: {expected:.4f}. Yours is the error of "
        "the lead of a single pair of seeds. Asked for is that of the mean over all.",
        "over images": "your error for other images is {got:.4f}, expected: {expected:.4f}.",
        "paired seeds": "your error for other seeds is {got:.4f}, expected: {expected:.4f}. Yours takes the seeds of "
        "the two designs in pairs. What do a seed of a and the one of b with the same number have in common? Shuffle "
        "the seeds of b: your error changes.",
        "spread of seeds": "your error for other seeds is {got:.4f}, expected: {expected:.4f}. Yours says how far "
        "single seeds lie apart. Asked for is how far the means of {seeds} seeds would move.",
        "n-1": "your error for other seeds is {got:.4f}, expected: {expected:.4f}. NumPy divides by n unless it is "
        "told otherwise; with {seeds} seeds, whose own mean was taken out, that is too small.",
        "errors added": "your error for other seeds is {got:.4f}, expected: {expected:.4f}. The errors of two "
        "independent numbers are not added: in part they cancel.",
        "one design": "your error for other seeds is {got:.4f}, expected: {expected:.4f}. Yours has the seeds of one "
        "design only; both would be trained again.",
        "image by image": "your error for other seeds is {got:.4f}, expected: {expected:.4f}. Yours is that of a "
        "single image. The mean over all images moves less.",
        "over seeds": "your error for other seeds is {got:.4f}, expected: {expected:.4f}.",
    }

    wrongs = (WRONG_LEADS, WRONG_OVER_IMAGES, WRONG_OVER_SEEDS)

    def given(self, rng):
        while True:  # until no mistake gives the right number by chance, or that of another mistake
            given = self.draw(rng)
            if all(
                told_apart(
                    right, {hint: [f(*given.values()) for f in formulas] for hint, formulas in wrongs.items()}, 0.01
                )
                for right, wrongs in zip(self.expected(given), self.wrongs, strict=True)
            ):
                return given

    def draw(self, rng):
        """Draw nats that differ by seed, by image, and by image and design."""
        seeds, n = int(rng.integers(3, 6)), int(rng.integers(200, 300))
        images, taste = rng.normal(0, 20, n), rng.normal(0, 4, n)  # hard for both, and harder for a than for b
        nats = []
        for level, scale in ((132, 0.5), (130.5, rng.uniform(0.3, 0.8))):
            luck = scale * (rng.uniform(-1, 1, seeds) + np.arange(seeds))
            luck = np.roll(
                np.sort(luck), 1
            )  # alike for both, so that pairing would matter, and the best is not the first
            nats.append(level + luck[:, None] + images + rng.normal(0, 3, (seeds, n)))
        return {"nats_a": nats[0] + taste, "nats_b": nats[1]}

    def expected(self, given):
        """Return the lead and both errors."""
        a, b = given.values()
        of_seeds = np.sqrt(sum(jackknife_error(nats.mean(axis=1)) ** 2 for nats in (a, b)))
        return a.mean() - b.mean(), jackknife_error((a - b).mean(axis=0)), of_seeds

    def measure(self, answer, given):
        return {"value": answer(given["nats_a"].copy(), given["nats_b"].copy())}

    def judge(self, given, measured):
        got = self.numbers(measured, "value", (3,))
        expected = self.expected(given)
        if np.allclose(got[[0, 2, 1]], expected, rtol=4e-3):
            raise Mistake("order", first=got[1], second=got[2])
        for values in zip(got, expected, self.wrongs, ("lead", "over images", "over seeds"), strict=True):
            self.compare(given, *values)
        lead, over_images, over_seeds = got
        return f"{lead:.2f} nats, ± {over_images:.2f} with other images, ± {over_seeds:.2f} with other seeds."

    def compare(self, given, got, expected, wrongs, last):
        """Raise the mistake that gives this number, if it is not the expected one."""
        near = 4e-3 if last == "over images" else 1e-4  # among 200 images it makes no odds whether one is taken off
        if np.isclose(got, expected, rtol=near):
            return
        seeds, images = given["nats_a"].shape
        values = {"got": got, "expected": expected, "seeds": seeds, "images": images, "values": seeds * images}
        for hint, formulas in wrongs.items():
            if any(np.isclose(got, formula(*given.values()), rtol=near) for formula in formulas):
                raise Mistake(hint, **values)
        raise Mistake(last, **values)


class MendedHint(Task):
    """What an image costs a CVAE that is told which labels are possible, and what it thinks of each label."""

    number = "8.3"
    points = 3
    section = "3. VAE against CVAE, fairly"
    hints = {
        "not told": "for image {image}, told {told}, your nats are {got:.4f}, expected: {expected:.4f}. Yours pay for "
        "the hint as well. What was told costs nothing: condition on it.",
        "mean of logs": "for image {image}, told {told}, your nats are {got:.4f}, expected: {expected:.4f}. Yours "
        "average the logarithms of the weights of a label, and get the bound of a single draw.",
        "sum of weights": "for image {image}, told {told}, your nats are {got:.4f}, expected: {expected:.4f}. Yours "
        "add up the {k} weights of a label, where their mean estimates p(x|y).",
        "logs of labels": "for image {image}, told {told}, your nats are {got:.4f}, expected: {expected:.4f}. Yours "
        "average log p(x|y) over the labels. The probabilities are what is averaged.",
        "best label": "for image {image}, told {told}, your nats are {got:.4f}, expected: {expected:.4f}. Yours take "
        "the best label alone; the others make the image likelier, too.",
        "even labels": "for image {image}, told {told}, your nats are {got:.4f}, expected: {expected:.4f}. Yours "
        "count all labels alike. Some are more frequent: p_y.",
        "no hint": "for image {image}, told {told}, your nats are {got:.4f}, expected: {expected:.4f}. Yours are the "
        "same for every hint.",
        "sign": "for image {image}, told {told}, your nats are {got:.4f}, expected: {expected:.4f}. Yours are a "
        "log-likelihood; nats are what the image costs.",
        "unsafe": "for image {image}, with weights near e^{size:.0f}, your value is {got}, expected: {expected}. Such "
        "a weight is 0 as a floating-point number, and images differ by hundreds of nats. Stay with logarithms, for "
        "each image on its own.",
        "impossible": "for image {image} you give label {label} a probability of {got:.4f}, expected: 0. It was told "
        "that this is not the label.",
        "not one": "for image {image} your probabilities add up to {got:.4f}, expected: 1.",
        "likelihood": "for image {image} your probability of label {label} is {got:.4f}, expected: {expected:.4f}. "
        "Yours comes from p(x|y) alone. A rare label needs better evidence.",
        "probability": "for image {image} your probability of label {label} is {got:.4f}, expected: {expected:.4f}.",
        "value": "for image {image}, told {told}, your nats are {got:.4f}, expected: {expected:.4f}.",
    }

    def given(self, rng):
        n, classes, k = int(rng.integers(5, 7)), int(rng.integers(5, 7)), int(rng.integers(3, 6))
        possible = np.zeros((n, classes), dtype=bool)
        possible[0] = True  # told nothing
        possible[1, rng.integers(classes)] = True  # told everything
        for row in possible[2:]:
            row[rng.permutation(classes)[: rng.integers(2, classes - 1)]] = True
        p_y = np.arange(1, classes + 1) + rng.uniform(0, 0.5, classes)
        return {
            "log_w": rng.normal(-4, 0.3, (n, classes, 1)) + rng.normal(0, 1.5, (n, classes, k)),
            "p_y": rng.permutation(p_y / p_y.sum()),
            "possible": possible,
            "shift": -rng.uniform(800, 1000) * np.arange(1, n + 1),
        }

    def measure(self, answer, given):
        log_w, p_y, possible, shift = given.values()
        measured = {}
        with np.errstate(all="ignore"):  # the check says it in plainer words
            for name, values in [("", log_w), ("_far", log_w + shift[:, None, None])]:
                nats, p = answer(values.copy(), p_y.copy(), possible.copy())
                measured |= {f"nats{name}": nats, f"probabilities{name}": p}
        return measured

    def judge(self, given, measured):
        log_w, p_y, possible, shift = given.values()
        got = self.numbers(measured, "nats", (len(log_w),))
        joint = np.exp(log_w).mean(axis=2) * p_y * possible
        expected = -np.log(joint.sum(axis=1) / (possible @ p_y))
        if (wrong := ~np.isclose(got, expected, rtol=0, atol=1e-4)).any():
            self.explain(given, got, expected, wrong)
        p = joint / joint.sum(axis=1, keepdims=True)
        self.judge_probabilities(given, self.numbers(measured, "probabilities", possible.shape), p)
        pairs = [("nats_far", expected - shift), ("probabilities_far", p)]
        for name, expected in pairs:
            values = self.numbers({name: np.nan_to_num(measured[name])}, name, expected.shape)
            close = np.isclose(values, expected, rtol=1e-6, atol=1e-4).reshape(len(log_w), -1)
            if not close.all():
                image = np.argmin(close.all(axis=1))
                place = (image, np.argmin(close[image]))[: values.ndim]
                shown = {"got": f"{measured[name][place]:.4f}", "expected": f"{expected[place]:.4f}"}
                raise Mistake("unsafe", image=image, size=shift[image], **shown)
        return f"right for {len(log_w)} images told nothing, something or all, with weights down to e^{shift[-1]:.0f}."

    def explain(self, given, got, expected, wrong):
        """Raise the mistake that gives these nats."""
        log_w, p_y, possible, _ = given.values()
        weights, prior = np.exp(log_w), possible * p_y / (possible @ p_y)[:, None]
        p_x_y, bound = weights.mean(axis=2), log_w.mean(axis=2)
        even = possible / possible.sum(axis=1, keepdims=True)

        def told(p_x_y, prior=prior):
            return -np.log((p_x_y * prior).sum(axis=1))

        nothing = told(p_x_y, p_y)
        for hint, wrongs in {
            "not told": [told(p_x_y, p_y * possible)],
            "sign": [-expected],
            "mean of logs": [told(np.exp(bound)), told(np.exp(bound), p_y * possible)],
            "sum of weights": [told(weights.sum(axis=2)), told(weights.sum(axis=2), p_y * possible)],
            "logs of labels": [-(np.log(p_x_y) * prior).sum(axis=1), -(np.log(p_x_y) * even).sum(axis=1)],
            "best label": [
                -np.log(p_x_y * rest).max(axis=1) for rest in (np.where(possible, 1, 1e-300), prior + 1e-300)
            ],
            "even labels": [told(p_x_y, even), told(p_x_y, possible)],
            "no hint": [nothing, told(p_x_y, np.full_like(even, 1 / len(p_y)))],
        }.items():
            if any(np.allclose(got, values, rtol=0, atol=1e-4) for values in wrongs):
                self.say(given, hint, got, expected, wrong)
        self.say(given, "value", got, expected, wrong)

    def say(self, given, hint, got, expected, wrong):
        """Raise a mistake with the values of the image that shows it best."""
        image = np.argmax(np.where(wrong, np.abs(got - expected), -1))
        labels = np.flatnonzero(given["possible"][image])
        told = (
            f"that its label is one of {', '.join(map(str, labels))}" if len(labels) > 1 else f"its label, {labels[0]}"
        )
        told = "nothing" if given["possible"][image].all() else told
        k = given["log_w"].shape[2]
        raise Mistake(hint, image=image, told=told, got=got[image], expected=expected[image], k=k)

    def judge_probabilities(self, given, got, p):
        """Compare the probabilities of the labels."""
        log_w, possible = given["log_w"], given["possible"]
        wrong = ~np.isclose(got, p, rtol=0, atol=1e-4)
        if not wrong.any():
            return
        image, label = np.unravel_index(np.argmax(np.abs(got - p)), p.shape)
        values = {"image": image, "label": label, "got": got[image, label], "expected": p[image, label]}
        likelihood = np.exp(log_w).mean(axis=2) * possible
        if np.allclose(got, likelihood / likelihood.sum(axis=1, keepdims=True), atol=1e-4):
            raise Mistake("likelihood", **values)
        if len(outside := np.argwhere(~possible & (np.abs(got) > 1e-4))):
            image, label = outside[0]
            raise Mistake("impossible", image=image, label=label, got=got[image, label])
        if (off := ~np.isclose(got.sum(axis=1), 1, atol=1e-3)).any():
            raise Mistake("not one", image=off.argmax(), got=got.sum(axis=1)[off][0])
        raise Mistake("probability", **values)


def distances(some, others):
    """Return the distance of each row to each other row, shape (len(some), len(others))."""
    return np.sqrt(((some[:, None] - others[None]) ** 2).sum(axis=-1))


class CopiedShare(Task):
    """The share of made images that lie nearest to a training image, and what it would be without copying."""

    number = "8.4"
    points = 3
    section = "6. Is there enough variety?"
    hints = {
        "order": "your numbers came in the wrong order: first the share, then what an honest generator would reach.",
        "not a share": "your share is {got:g}, expected: {expected:.4f}. A share lies between 0 and 1.",
        "any class": "your share is {got:.4f}, expected: {expected:.4f}. Yours looks for the nearest image among all "
        "classes; the question is about those of the class that was asked for.",
        "new images": "your share is {got:.4f}, expected: {expected:.4f}. Yours counts the images that are nearest to "
        "a new one.",
        "turned round": "your share is {got:.4f}, expected: {expected:.4f}. Yours starts from the training images, as "
        "coverage starts from the real ones. Here each made image is asked.",
        "farthest": "your share is {got:.4f}, expected: {expected:.4f}. Yours takes the farthest image where the "
        "nearest is asked for.",
        "mean distance": "your share is {got:.4f}, expected: {expected:.4f}. Yours compares mean distances. A copy is "
        "near one image, and as far from the others as any.",
        "classes weighted": "your share is {got:.4f}, expected: {expected:.4f}. Yours averages over classes; average "
        "over the made images.",
        "share": "your share is {got:.4f}, expected: {expected:.4f}.",
        "half": "for an honest generator you expect {got:.4f}, expected: {expected:.4f}. One half would be right for "
        "as many training images as new ones. There are more of one kind, in every class.",
        "all classes": "for an honest generator you expect {got:.4f}, expected: {expected:.4f}. Yours takes all "
        "classes together. A made image has only those of its own class to be near to, and their proportion is "
        "another in every class.",
        "honest classes": "for an honest generator you expect {got:.4f}, expected: {expected:.4f}. Yours averages "
        "over classes, though more images were made of some.",
        "honest new": "for an honest generator you expect {got:.4f}, expected: {expected:.4f}. Yours is the share of "
        "the new images.",
        "ratio": "for an honest generator you expect {got:.4f}, expected: {expected:.4f}. Yours is a ratio of "
        "training images to new ones. How many are there to be nearest to, of both kinds together?",
        "honest": "for an honest generator you expect {got:.4f}, expected: {expected:.4f}.",
    }

    def given(self, rng):
        while True:  # until no mistake gives the right number by chance, or that of another mistake
            given = self.draw(rng)
            if all(
                told_apart(right, {hint: [value] for hint, value in wrongs.items()}, 1e-5)
                for right, wrongs in zip(self.expected(given), self.wrongs(given), strict=True)
            ):
                return given

    def draw(self, rng):
        """Draw classes that overlap; about half of what was made are copies."""
        classes = int(rng.integers(3, 5))
        centres = rng.normal(0, 0.8, (classes, 3))
        parts = {"made": rng.integers(20, 40, classes), "train": rng.integers(20, 40, classes)}
        parts["new"] = rng.integers(8, 18, classes)
        given = {}
        for name, counts in parts.items():
            labels = rng.permutation(np.repeat(np.arange(classes), counts))
            given |= {name: centres[labels] + rng.normal(size=(len(labels), 3)), f"{name}_labels": labels}
        for row, label in enumerate(given["made_labels"]):
            if rng.random() < 0.5:
                of_class = np.flatnonzero(given["train_labels"] == label)
                given["made"][row] = given["train"][rng.choice(of_class)] + rng.normal(0, 0.02, 3)
        return given

    def expected(self, given):
        """Return both numbers, over all real images at once."""
        made, made_labels, train, train_labels, new, new_labels = given.values()
        labels = np.concatenate([train_labels, new_labels])
        learned = np.arange(len(labels)) < len(train)
        same = made_labels[:, None] == labels
        nearest = np.where(same, distances(made, np.concatenate([train, new])), np.inf).argmin(axis=1)
        return learned[nearest].mean(), ((same & learned).sum(axis=1) / same.sum(axis=1)).mean()

    def wrongs(self, given):
        """Return what each known mistake gives, for the share and for what an honest generator would reach."""
        made, made_labels, train, train_labels, new, new_labels = given.values()
        classes = np.unique(made_labels)
        to_train, to_new, between = distances(made, train), distances(made, new), distances(train, new)
        blocked = [
            np.where(labels == others, d, np.nan)
            for labels, others, d in [
                (made_labels[:, None], train_labels, to_train),
                (made_labels[:, None], new_labels, to_new),
                (train_labels[:, None], new_labels, between),
            ]
        ]
        to_train_of_class, to_new_of_class, between_of_class = blocked
        nearer = np.nanmin(to_train_of_class, axis=1) < np.nanmin(to_new_of_class, axis=1)
        n_train, n_new = (np.array([np.sum(labels == c) for c in classes]) for labels in (train_labels, new_labels))
        n_made = np.bincount(made_labels)
        honest = n_train / (n_train + n_new)
        return {
            "any class": np.mean(to_train.min(axis=1) < to_new.min(axis=1)),
            "new images": 1 - nearer.mean(),
            "turned round": np.mean(np.nanmin(to_train_of_class, axis=0) < np.nanmin(between_of_class, axis=1)),
            "farthest": np.mean(np.nanmax(to_train_of_class, axis=1) > np.nanmax(to_new_of_class, axis=1)),
            "mean distance": np.mean(np.nanmean(to_train_of_class, axis=1) < np.nanmean(to_new_of_class, axis=1)),
            "classes weighted": np.mean([nearer[made_labels == c].mean() for c in classes]),
        }, {
            "half": 0.5,
            "all classes": len(train) / (len(train) + len(new)),
            "honest classes": honest.mean(),
            "honest new": 1 - np.average(honest, weights=n_made),
            "ratio": np.average(n_train / n_new, weights=n_made),
        }

    def measure(self, answer, given):
        return {"value": answer(*(array.copy() for array in given.values()))}

    def judge(self, given, measured):
        got = self.numbers(measured, "value", (2,))
        expected = self.expected(given)
        if np.allclose(got, expected[::-1], atol=1e-6):
            raise Mistake("order")
        if not 0 <= got[0] <= 1:
            raise Mistake("not a share", got=got[0], expected=expected[0])
        for value, right, wrongs, last in zip(got, expected, self.wrongs(given), ("share", "honest"), strict=True):
            if np.isclose(value, right, atol=1e-6):
                continue
            hint = next((hint for hint, wrong in wrongs.items() if np.isclose(value, wrong, atol=1e-6)), last)
            raise Mistake(hint, got=value, expected=right)
        share, honest = expected
        return f"{share:.2f} of the made images lie nearest to a training image; an honest share is {honest:.2f}."


mixed_log_weights, lead_with_errors = MixedLogWeights(), LeadWithErrors()
mended_hint, copied_share = MendedHint(), CopiedShare()
