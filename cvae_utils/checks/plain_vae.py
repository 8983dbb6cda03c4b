"""Checks of exercise 02."""

from itertools import pairwise
from statistics import NormalDist

import numpy as np

from cvae_utils.checks.task import Mistake, Task


def log_normal(z, mean, log_var):
    """Return the logarithm of the normal density, for each number apart."""
    return -0.5 * ((z - mean) ** 2 / np.exp(log_var) + log_var + np.log(2 * np.pi))


def mean_log_ratio(mean, log_var, other_mean, other_log_var):
    """Return the mean of log q - log p under q, summed over the last axis, by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(8)
    z = mean + np.exp(log_var / 2) * nodes[:, None, None]
    each = log_normal(z, mean, log_var) - log_normal(z, other_mean, other_log_var)
    return np.tensordot(weights / weights.sum(), each, axes=1).sum(axis=-1)


class KlBetween(Task):
    """KL divergence between two diagonal Gaussians."""

    number = "2.1"
    points = 3
    section = "4. The KL term in closed form"
    hints = {
        "batch": "your value has the shape () for a batch of {n} images, expected: ({n},), one KL for each.",
        "sign": "your value is {got:.3f}, expected: {expected:.3f}. No KL divergence is negative.",
        "half": "your value is {got:.3f}, expected: {expected:.3f}: exactly half of yours.",
        "mean": "your value is {got:.3f}, expected: {expected:.3f}. You averaged over the latent dimensions; their "
        "terms are added.",
        "swapped": "your value is {got:.3f}, expected: {expected:.3f}. That is KL(p || q), and you were asked for "
        "KL(q || p): the average is over points of the encoder's q.",
        "prior ignored": "your value is {got:.3f}, expected: {expected:.3f}. That is the KL to N(0, I), whatever the "
        "prior is.",
        "prior mean": "your value is {got:.3f}, expected: {expected:.3f}. It does not change with the prior's mean.",
        "prior width": "your value is {got:.3f}, expected: {expected:.3f}. That is the KL to a prior of variance 1, "
        "in the right place. Where does the prior's width enter its density?",
        "normalisation": "your value is {got:.3f}, expected: {expected:.3f}. The difference is half the sum of "
        "prior_log_var. What stands before the exponential in a normal density?",
        "distance": "your value is {got:.3f}, expected: {expected:.3f}. How bad it is to be off by 1 depends on the "
        "prior's width: compare the terms that prior_log_var should enter with those that it does enter.",
        "log sigma": "your value is {got:.3f}, expected: {expected:.3f}. You took the log-variances for logarithms of "
        "σ.",
        "constant": "your value is {got:.3f}, expected: {expected:.3f}. The difference is the same for all images. "
        "What should come out for two equal Gaussians?",
        "difference": "your value is {got:.3f}, expected: {expected:.3f}. That is the KL of q to N(0, I) minus the KL "
        "of the prior to N(0, I). Divergences cannot be subtracted like distances on a line.",
        "value": "your value is {got:.3f}, expected: {expected:.3f}.",
    }

    def given(self, rng):
        shape = (int(rng.integers(5, 9)), int(rng.integers(2, 5)))
        names = ("z_mean", "z_log_var", "prior_mean", "prior_log_var")
        centres = (0, -1.5, 1, 0.5)  # away from 0, so that no term is small for all images
        return {
            name: (centre + rng.normal(0, 0.6, shape)).astype("float32")
            for name, centre in zip(names, centres, strict=True)
        }

    def measure(self, answer, given):
        return {"kl": answer(*(array.copy() for array in given.values()))}

    def judge(self, given, measured):
        mean, log_var, prior_mean, prior_log_var = (array.astype("float64") for array in given.values())
        n, latent_dim = mean.shape
        if measured["kl"].shape == ():
            raise Mistake("batch", n=n)
        got = self.numbers(measured, "kl", (n,))
        expected = mean_log_ratio(mean, log_var, prior_mean, prior_log_var)
        if np.allclose(got, expected, rtol=1e-3, atol=1e-4):
            return f"{n} images, {latent_dim} latent dimensions, any prior: equal to the mean of log q - log p under q."
        unit_prior = mean_log_ratio(mean, log_var, prior_mean, 0)
        for hint, wrong in {
            "sign": [-expected],
            "half": [2 * expected],
            "mean": [expected / latent_dim],
            "swapped": [mean_log_ratio(prior_mean, prior_log_var, mean, log_var)],
            "prior ignored": [mean_log_ratio(mean, log_var, 0, 0)],
            "prior mean": [mean_log_ratio(mean, log_var, 0, prior_log_var)],
            "prior width": [unit_prior],
            "normalisation": [expected - prior_log_var.sum(axis=-1) / 2],
            "distance": [
                unit_prior + prior_log_var.sum(axis=-1) / 2,
                *(
                    expected + np.sum(size * (1 - np.exp(-prior_log_var)), axis=-1) / 2
                    for size in ((mean - prior_mean) ** 2, np.exp(log_var))
                ),
            ],
            "log sigma": [
                mean_log_ratio(mean, 2 * log_var, prior_mean, 2 * prior_log_var),
                expected + np.sum(prior_log_var - log_var, axis=-1) / 2,
            ],
            "difference": [mean_log_ratio(mean, log_var, 0, 0) - mean_log_ratio(prior_mean, prior_log_var, 0, 0)],
        }.items():
            if any(np.allclose(got, value, rtol=1e-3, atol=1e-4) for value in wrong):
                raise Mistake(hint, got=got[0], expected=expected[0])
        worst = np.abs(got - expected).argmax()
        hint = "constant" if np.ptp(got - expected) < 1e-3 else "value"
        raise Mistake(hint, got=got[worst], expected=expected[worst])


class MendedSample(Task):
    """One sample for each image of a batch of any size."""

    number = "2.2"
    points = 2
    section = "5. Through the sample: the reparameterisation"
    hints = {
        "batch size": "one image gave an array of shape {got}, expected: {expected}. How many samples there are "
        "should depend on the batch alone.",
        "shared by images": "a batch of {n} images has this many different vectors of noise: {distinct}. Each image "
        "needs one of its own.",
        "shared by dimensions": "all latent dimensions of an image got the same noise, so that its samples lie on a "
        "line. Expected: noise of its own for each dimension.",
        "width": "where z_log_var is {log_var:.2f}, your samples scatter by {got:.3f} around z_mean. Expected: "
        "{expected:.3f}, the σ that belongs to this log-variance.",
        "no mean": "your samples scatter around 0. Expected: around z_mean.",
        "off centre": "your noise, (z - z_mean) / σ, has the mean {got:.3f}, expected: about 0.",
        "noise": "your noise, (z - z_mean) / σ, has the standard deviation {got:.3f}, expected: about 1.",
        "not normal": "{got:.1%} of your noise, (z - z_mean) / σ, is larger than 2 in size, expected: {expected:.1%}, "
        "as for a normal distribution.",
        "seed": "two calls with the same seed gave different samples. Make a generator from the seed inside your "
        "function.",
        "ignored": "two seeds gave the same samples. Is the seed used?",
        "global": "your function changed NumPy's global random state, and with it everything random that comes after "
        "it. `np.random.default_rng(seed)` makes a generator of its own.",
    }

    def given(self, rng):
        shape = (int(rng.integers(3000, 4000)), int(rng.integers(3, 6)))
        return {
            "z_mean": rng.normal(0, 2, shape).astype("float32"),
            "z_log_var": rng.uniform(-3, 1, shape).astype("float32"),
            "seed": int(rng.integers(1, 99)),
        }

    def measure(self, answer, given):
        z_mean, z_log_var, seed = given.values()
        state = np.random.get_state()[1].copy()
        found = {"one image": answer(z_mean[:1, :2].copy(), z_log_var[:1, :2].copy(), seed)}
        if np.shape(found["one image"]) != (1, 2):
            return found
        found |= {
            "z": answer(z_mean.copy(), z_log_var.copy(), seed),
            "again": answer(z_mean.copy(), z_log_var.copy(), seed),
        }
        # Looked at here and not at the end: when a check runs again, its end is where the last run left the state.
        found["global_state_kept"] = np.array_equal(np.random.get_state()[1], state)
        return found | {"other": answer(z_mean.copy(), z_log_var.copy(), seed + 1)}

    def judge(self, given, measured):
        z_mean, z_log_var = given["z_mean"].astype("float64"), given["z_log_var"].astype("float64")
        n = len(z_mean)
        if measured["one image"].shape != (1, 2):
            raise Mistake("batch size", got=measured["one image"].shape, expected=(1, 2))
        z, again, other = (self.numbers(measured, name, z_mean.shape) for name in ("z", "again", "other"))
        sigma = np.exp(z_log_var / 2)
        for power in (0, 0.5, 1, 2):  # wrong widths as well, so that shared noise is recognised under each
            noise = (z - z_mean) / np.exp(power * z_log_var)
            if (distinct := len(np.unique(noise.round(4), axis=0))) < n / 2:
                raise Mistake("shared by images", n=n, distinct=distinct)
            if np.allclose(noise, noise[:, :1], rtol=1e-3, atol=1e-3):
                raise Mistake("shared by dimensions")
        if abs(np.std(z / sigma) - 1) < 0.05:
            raise Mistake("no mean")
        noise = (z - z_mean) / sigma
        if abs(noise.mean()) > 0.1:
            raise Mistake("off centre", got=noise.mean())
        for side in (z_log_var < -2, z_log_var > 0):  # narrow ones and wide ones
            typical = np.sqrt(np.mean(sigma[side] ** 2))
            scatter = np.std((z - z_mean)[side])
            if abs(np.std(noise[side]) - np.std(noise)) > 0.1:
                raise Mistake("width", log_var=2 * np.log(typical), got=scatter, expected=typical)
        if abs(noise.std() - 1) > 0.05:
            raise Mistake("noise", got=noise.std())
        far, expected = np.mean(np.abs(noise) > 2), 2 * NormalDist().cdf(-2)
        if abs(far - expected) > 0.015:
            raise Mistake("not normal", got=far, expected=expected)
        if not np.array_equal(z, again):
            raise Mistake("seed")
        if np.array_equal(z, other):
            raise Mistake("ignored")
        if not self.numbers(measured, "global_state_kept"):
            raise Mistake("global")
        return f"1 image or {n}, each with noise of its own; the noise has standard deviation {noise.std():.2f}."


class SampledElbo(Task):
    """Monte Carlo estimate of the ELBO of one image."""

    number = "2.3"
    points = 3
    section = "3. The evidence and its lower bound"
    hints = {
        "samples": "your value has shape {got}. Expected: one number, the average over the samples.",
        "sign": "your value is {got:.3f}, expected: {expected:.3f}. The loss is minus the ELBO; asked for is the ELBO.",
        "sum": "your value is {got:.3f}, expected: {expected:.3f}: the sum over the samples, where their mean is "
        "wanted.",
        "log of the mean": "your value is {got:.3f}, expected: {expected:.3f}. You took the logarithm of the mean "
        "ratio. That is a bound, too, but the ELBO is the mean of the logarithm.",
        "no prior": "your value is {got:.3f}, expected: {expected:.3f}. The difference is the mean of log p(z): the "
        "joint density p(x, z) has two factors.",
        "no q": "your value is {got:.3f}, expected: {expected:.3f}. The difference is the mean of log q(z|x). Nothing "
        "in your value is the price of a narrow guess.",
        "q added": "your value is {got:.3f}, expected: {expected:.3f}. The term log q(z|x) came with the wrong sign.",
        "both signs": "your value is {got:.3f}, expected: {expected:.3f}. The terms log p(z) and log q(z|x) both came "
        "with the wrong sign.",
        "reconstruction": "your value is {got:.3f}, expected: {expected:.3f}. That is the mean of log p(x|z) alone.",
        "prior samples": "your value is {got:.3f}, expected: {expected:.3f}. Your samples are the noise itself, which "
        "comes from the prior. The average is over points of q.",
        "no noise": "your value is {got:.3f}, expected: {expected:.3f}. That is its value at z_mean alone; q also has "
        "a width.",
        "log sigma": "your value is {got:.3f}, expected: {expected:.3f}. Somewhere z_log_var served as the logarithm "
        "of σ.",
        "width forgotten": "your value is {got:.3f}, expected: {expected:.3f}. The difference is half the sum of "
        "z_log_var: a narrow density is a high one.",
        "constant": "your value is {got:.3f}, expected: {expected:.3f}. The difference depends on the number of "
        "latent dimensions alone. Does log 2π stand in one of two densities?",
        "mean": "your value is {got:.3f}, expected: {expected:.3f}. You averaged a log-density over the latent "
        "dimensions; independent dimensions add.",
        "closed form": "your value is {got:.3f}, expected: {expected:.3f}. You took the KL from a formula. The "
        "estimate is right on average, but it scatters even where q is the posterior. Take log p(z) and log q(z|x) at "
        "the samples, as for log p(x|z).",
        "other noise": "your value is {got:.3f}, expected: {expected:.3f}. Where q is the posterior and any noise will "
        "do, yours is right. Did you take all of the noise that is given, and no other?",
        "value": "your value is {got:.3f}, expected: {expected:.3f}. Where q is the posterior, yours is {own:.3f}, "
        "and the log evidence is {evidence:.3f}.",
    }

    def given(self, rng):
        """Draw a decoder with p(x|z) = N(Wz, s² I), whose posterior is known and has axes along the coordinates."""
        latent_dim = int(rng.integers(2, 4))
        directions = np.linalg.qr(rng.normal(size=(6, latent_dim)))[0]  # orthogonal columns
        weights = directions * rng.uniform(1, 2, latent_dim)
        s = rng.uniform(0.4, 0.7)
        x = weights @ rng.normal(size=latent_dim) + s * rng.normal(size=6)
        variance = 1 / (1 + (weights**2).sum(axis=0) / s**2)
        mean, log_var = variance * (weights.T @ x) / s**2, np.log(variance)
        # the posterior itself, and two worse guesses: too wide, and beside it and too narrow
        means = np.stack([mean, mean, mean + rng.choice([-1, 1], latent_dim) * rng.uniform(0.3, 0.6, latent_dim)])
        log_vars = np.stack([log_var, log_var + rng.uniform(0.5, 1, latent_dim), log_var - rng.uniform(0.5, 1)])
        epsilon = rng.normal(size=(3, 2000, latent_dim))  # so many that no worse guess comes out above the evidence
        return {"x": x, "weights": weights, "s": s, "means": means, "log_vars": log_vars, "epsilon": epsilon}

    def log_likelihood(self, given, z):
        z = np.asarray(z, "float64")
        return log_normal(given["x"], z @ given["weights"].T, 2 * np.log(given["s"])).sum(axis=-1)

    def measure(self, answer, given):
        guesses = zip(given["means"].copy(), given["log_vars"].copy(), given["epsilon"].copy(), strict=True)
        return {
            f"guess {k}": answer(lambda z: self.log_likelihood(given, z), *guess) for k, guess in enumerate(guesses, 1)
        }

    def judge(self, given, measured):
        if (shape := measured["guess 1"].shape) != ():
            raise Mistake("samples", got=shape)
        got = np.array([self.numbers(measured, f"guess {k}") for k in (1, 2, 3)])
        evidence, expected = self.expected(given)
        if np.allclose(got, expected, rtol=1e-4, atol=1e-4):
            return (
                f"the log evidence, {evidence:.3f}, for any noise where q is the posterior; "
                f"{got[1]:.3f} and {got[2]:.3f} for two worse guesses."
            )
        for hint, values in self.mistakes(given, evidence, expected):
            if np.allclose(got, values, rtol=1e-4, atol=1e-4):
                raise Mistake(hint, got=got[2], expected=expected[2])
        worst = np.abs(got - expected).argmax()
        hint = "other noise" if abs(got[0] - evidence) < 1e-3 else "value"
        raise Mistake(hint, got=got[worst], expected=expected[worst], own=got[0], evidence=evidence)

    def samples(self, given, power=0.5):
        """Return the samples of all guesses, and their log q."""
        means, log_vars = given["means"][:, None], given["log_vars"][:, None]
        z = means + np.exp(power * log_vars) * given["epsilon"]
        return z, log_normal(z, means, log_vars).sum(axis=-1)

    def log_posterior(self, given, z):
        return log_normal(z, given["means"][0], given["log_vars"][0]).sum(axis=-1)

    def expected(self, given):
        """Return log p(x) from its own density, and the ELBO as what the gap leaves of it."""
        covariance = given["weights"] @ given["weights"].T + given["s"] ** 2 * np.eye(6)
        x = given["x"]
        evidence = -0.5 * (
            x @ np.linalg.solve(covariance, x) + np.linalg.slogdet(covariance)[1] + 6 * np.log(2 * np.pi)
        )
        z, log_q = self.samples(given)
        return evidence, evidence - (log_q - self.log_posterior(given, z)).mean(axis=1)

    def mistakes(self, given, evidence, expected):
        """Yield the values that the known mistakes give for the three guesses."""
        means, log_vars = given["means"], given["log_vars"]
        latent_dim = means.shape[1]
        z, log_q = self.samples(given)
        log_p = log_normal(z, 0, 0).sum(axis=-1)
        reconstruction = self.log_likelihood(given, z).mean(axis=1)
        ratio = evidence - log_q + self.log_posterior(given, z)
        log_2pi = latent_dim * np.log(2 * np.pi) / 2
        yield "sign", -expected
        yield "sum", ratio.sum(axis=1)
        yield "log of the mean", np.log(np.exp(ratio).mean(axis=1))
        yield "no prior", expected - log_p.mean(axis=1)
        yield "no q", expected + log_q.mean(axis=1)
        yield "q added", expected + 2 * log_q.mean(axis=1)
        yield "both signs", 2 * reconstruction - expected
        yield "reconstruction", reconstruction
        yield "width forgotten", expected - log_vars.sum(axis=1) / 2
        yield "log sigma", expected + log_vars.sum(axis=1) / 2
        for sign in (-1, 1):
            yield "constant", expected + sign * log_2pi
            yield "constant", expected + sign * log_2pi / latent_dim
        yield "mean", reconstruction + (log_p - log_q).mean(axis=1) / latent_dim
        yield "closed form", reconstruction - mean_log_ratio(means, log_vars, 0, 0)
        yield from self.mistaken_samples(given, evidence)

    def mistaken_samples(self, given, evidence):
        """Yield what comes out for wrong samples, or for a wrong width in q."""
        means, log_vars = given["means"][:, None], given["log_vars"][:, None]
        kl = mean_log_ratio(given["means"], given["log_vars"], 0, 0)
        points = {"prior samples": given["epsilon"], "no noise": means, "log sigma": self.samples(given, 1)[0]}
        for hint, z in points.items():
            log_joint = evidence + self.log_posterior(given, z)
            for power in (1, 2):
                log_q = log_normal(z, means, power * log_vars).sum(axis=-1)
                yield hint, (log_joint - log_q).mean(axis=1)
            yield hint, self.log_likelihood(given, z).mean(axis=1) - kl
        z, log_q = self.samples(given)
        too_wide = log_normal(z, means, 2 * log_vars).sum(axis=-1)
        yield "log sigma", (evidence + self.log_posterior(given, z) - too_wide).mean(axis=1)


def count_weights(sizes):
    """Count weights and biases of dense layers from each size to the next."""
    return sum((m + 1) * n for m, n in pairwise(sizes))


def fill(model, rng):
    """Give a model other weights: kernels with which each layer about doubles the size of its input, biases of 0."""
    model.set_weights(
        [
            rng.normal(0, np.sqrt(8 / len(old)), old.shape) if old.ndim == 2 else np.zeros(old.shape)
            for old in model.get_weights()
        ]
    )


class MirroredNetworks(Task):
    """Encoder and decoder with several hidden layers, judged by what they do with given weights."""

    number = "2.4"
    points = 3
    section = "6. The two networks"
    fillings = 12  # with so many, an output without an activation is sure to go below 0 and above 1
    hints = {
        "outputs": "your encoder has {got}, expected: z_mean and z_log_var, two outputs.",
        "input": "the first of your models takes {got}, expected: {expected}, the images as they come. The VAE of the "
        "lesson refuses others.",
        "one head": "z_mean and z_log_var come out of the same layer, and are always equal. Each needs its own.",
        "mirror": "your {network} has hidden layers in the order {order}. From its input on, expected: {expected}.",
        "weights": "your {network} has {got:,} weights, expected: {expected:,} for images of {pixels} pixels, hidden "
        "layers {widths} and {latent_dim} latent dimensions.",
        "range": "with many sets of random weights, {name} never left the range from {low:.2f} to {high:.2f}. "
        "Expected: any real number. Has its layer an activation?",
        "scale": "pixels of 0…127 gave latent numbers of {got:.4g} in size, expected: about {expected:.1f} with these "
        "weights. Does your encoder scale pixels from 0…255 to 0…1, once?",
        "linear": "your {network} is linear: what it makes of a sum of two inputs is the sum of what it makes of "
        "each. Then several layers can do no more than one.",
        "not relu": "with all biases at 0, your {network} does not make twice as much of a doubled input. Relu units "
        "would.",
    }

    def given(self, rng):
        side, latent_dim = int(rng.integers(5, 9)), int(rng.integers(3, 6))  # neither 28 nor 2, as in the lesson
        widths = sorted(rng.choice(np.arange(12, 30), rng.integers(2, 4), replace=False).tolist(), reverse=True)
        dark, darker = rng.integers(0, 128, (2, 10, side, side, 1))
        z, other_z = rng.normal(size=(2, 10, latent_dim))
        return {
            "side": side,
            "widths": widths,
            "latent_dim": latent_dim,
            "images": np.concatenate([dark, darker, dark + darker, 2 * dark]).astype("uint8"),
            "z": np.concatenate([z, other_z, z + other_z, 2 * z]).astype("float32"),
            "seed": int(rng.integers(99)),
        }

    def measure(self, answer, given):
        rng = np.random.default_rng(given["seed"])
        encoder, decoder = answer(given["side"], list(given["widths"]), given["latent_dim"])
        images = encoder.inputs[0]
        found = {
            "input": f"{images.dtype} of shape {tuple(images.shape)}",
            "outputs": len(encoder.outputs),
            "encoder_weights": encoder.count_params(),
            "decoder_weights": decoder.count_params(),
        }
        if found["outputs"] != 2:
            return found
        names = ("z_mean", "z_log_var", "logits")
        found |= {name: [] for name in names}
        for _ in range(self.fillings):
            fill(encoder, rng)
            fill(decoder, rng)
            for name, values in zip(names, (*encoder(given["images"]), decoder(given["z"])), strict=True):
                found[name].append(np.array(values))
        return found

    def judge(self, given, measured):
        side, latent_dim = given["side"], given["latent_dim"]
        expected = f"uint8 of shape (None, {side}, {side}, 1)"
        if (got := str(measured["input"])) != expected:
            raise Mistake("input", got=got, expected=expected)
        outputs = int(self.numbers(measured, "outputs"))
        if outputs != 2:
            raise Mistake("outputs", got=f"{outputs} output" + "s" * (outputs > 1))
        n = len(given["images"])
        shapes = {"z_mean": (n, latent_dim), "z_log_var": (n, latent_dim), "logits": (n, side, side, 1)}
        first = {name: measured[name][0] for name in shapes}
        for name, shape in shapes.items():
            self.numbers(first, name, shape)
        values = {name: self.numbers(measured, name, (self.fillings, *shape)) for name, shape in shapes.items()}
        if np.allclose(values["z_mean"], values["z_log_var"], atol=1e-6):
            raise Mistake("one head")
        self.count(given, measured)
        latent = np.stack([values["z_mean"], values["z_log_var"]])[..., :20, :]
        x = given["images"][:20] / 255
        size, expected = np.sqrt(np.mean(latent**2)), np.sqrt(np.mean(x**2)) * 2 ** (len(given["widths"]) + 1)
        if not expected / 10 < size < expected * 10:
            raise Mistake("scale", got=size, expected=expected)
        for name, value in values.items():
            if value.min() >= 0 or np.abs(value).max() <= 1:
                raise Mistake("range", name=name, low=value.min(), high=value.max())
        for network, name in (("encoder", "z_mean"), ("decoder", "logits")):
            one, other, both, twice = np.split(values[name], 4, axis=1)
            if np.abs(one + other - both).max() < 1e-3 * np.abs(both).max():
                raise Mistake("linear", network=network)
            if np.abs(2 * one - twice).max() > 1e-3 * np.abs(twice).max():
                raise Mistake("not relu", network=network)
        total = int(measured["encoder_weights"] + measured["decoder_weights"])
        return f"{given['widths']} hidden units and back, {total:,} weights, outputs of any sign."

    def count(self, given, measured):
        """Compare the numbers of weights with those of the right networks."""
        pixels, latent_dim, widths = given["side"] ** 2, given["latent_dim"], given["widths"]
        for network, order, sizes in [
            ("encoder", widths, lambda hidden: [pixels, *hidden, 2 * latent_dim]),
            ("decoder", widths[::-1], lambda hidden: [latent_dim, *hidden, pixels]),
        ]:
            got, expected = int(self.numbers(measured, f"{network}_weights")), count_weights(sizes(order))
            if got == count_weights(sizes(order[::-1])) != expected:
                raise Mistake("mirror", network=network, order=order[::-1], expected=order)
            if got != expected:
                values = {"pixels": pixels, "widths": order, "latent_dim": latent_dim}
                raise Mistake("weights", network=network, got=got, expected=expected, **values)


def places(grid, mean, log_var, counts):
    """Return where points lie between the parts of equal probability: 0 in the middle of the first, 1 of the next."""
    shares_below = np.vectorize(NormalDist().cdf)((grid - mean) / np.exp(log_var / 2))
    return shares_below * counts - 0.5


def is_complete(found, counts):
    """Return whether each place of the grid is taken once, in whatever order."""
    whole = np.unique(found.round(), axis=0)
    return (
        np.allclose(found, found.round(), atol=1e-2)
        and len(whole) == len(found) == np.prod(counts)
        and whole.min() == 0
        and (whole.max(axis=0) == np.array(counts) - 1).all()
    )


class MendedGrid(Task):
    """Points that stand for equal shares of a Gaussian prior, in the order of a picture's images."""

    number = "2.5"
    points = 2
    section = "11. Walking through the plane"
    hints = {
        "infinite": "your grid has the point {got}. Only quantiles of 0 and 1 are infinite: no image should stand "
        "there.",
        "one array": "your value has shape {got}, expected: {expected}, one array with a row for each point, so that "
        "one call of the decoder does for all.",
        "exchanged": "{columns} different values of z₁ are wanted, one for each column, and {rows} of z₂. Yours are "
        "exchanged.",
        "transposed": "your points are right, but not their order: the first two are {got}, expected: {expected}. "
        "Along a row z₁ changes, and z₂ stays.",
        "upside down": "your points are right, but not their order: the first two are {got}, expected: {expected}. "
        "Images are laid out from the top, where z₂ is largest.",
        "mirrored": "your points are right, but not their order: the first two are {got}, expected: {expected}. z₁ "
        "grows to the right.",
        "order": "your points are right, but not their order: the first two are {got}, expected: {expected}.",
        "coordinates": "z₁ and z₂ are exchanged within your points.",
        "prior ignored": "your points belong to N(0, I). Expected: those of the prior that your function is given.",
        "centre": "your points belong to a prior of mean 0. Expected: those of the prior that your function is given.",
        "width": "the middle of your grid is right, and its width is not. How does σ follow from the logarithm of the "
        "variance?",
        "equal steps": "your points have equal distances. Expected: equal shares of the prior between them, hence "
        "small steps where the prior is dense.",
        "ends": "a share of {got:.4f} of the prior lies below your lowest z₁, expected: {expected:.4f}. The first of "
        "{columns} images in a row stands for a share of 1/{columns}, and lies in the middle of it.",
        "value": "a share of {got:.4f} of the prior lies below z{axis} of your point number {place}, expected: "
        "{expected:.4f}.",
    }

    def given(self, rng):
        rows, columns = rng.choice([4, 5, 6, 7, 8], 2, replace=False).tolist()
        return {
            "rows": rows,
            "columns": columns,
            "prior_mean": rng.choice([-1, 1], 2) * rng.uniform(0.5, 2, 2),
            "prior_log_var": rng.choice([-1, 1], 2) * rng.uniform(0.5, 1.5, 2),
        }

    def measure(self, answer, given):
        with np.errstate(all="ignore"):
            return {"grid": answer(*(np.copy(v) if isinstance(v, np.ndarray) else v for v in given.values()))}

    def judge(self, given, measured):
        rows, columns, mean, log_var = given.values()
        grid = measured["grid"]
        if grid.size == 2 * rows * columns and grid.shape != (rows * columns, 2):
            raise Mistake("one array", got=grid.shape, expected=(rows * columns, 2))
        if grid.dtype.kind == "f" and np.isinf(grid).any():
            wrong = grid.reshape(-1, grid.shape[-1])
            raise Mistake("infinite", got=text(wrong[np.isinf(wrong).any(axis=1)][0]))
        grid = self.numbers(measured, "grid", (rows * columns, 2))
        counts = (columns, rows)
        found = places(grid, mean, log_var, counts)  # back from points to shares, which are alike for every prior
        expected = np.array([(column, row) for row in reversed(range(rows)) for column in range(columns)])
        if np.allclose(found, expected, atol=1e-2):
            return (
                f"{rows} × {columns} points, each for {1 / rows / columns:.2%} of the prior, row by row from the top."
            )
        if is_complete(found, counts):
            self.explain_order(given, grid, found.round(), expected)
        for hint, points, other_mean, other_log_var, other_counts in [
            ("coordinates", grid[:, ::-1], mean, log_var, counts),
            ("exchanged", grid, mean, log_var, (rows, columns)),
            ("prior ignored", grid, 0, np.zeros(2), counts),
            ("centre", grid, 0, log_var, counts),
            ("width", grid, mean, np.zeros(2), counts),
            ("width", grid, mean, 2 * log_var, counts),
        ]:
            if is_complete(places(points, other_mean, other_log_var, other_counts), other_counts):
                raise Mistake(hint, rows=rows, columns=columns)
        z_1 = np.unique(grid[:, 0].round(4))
        if len(z_1) > 2 and np.ptp(np.diff(z_1)) < 1e-2 * np.ptp(z_1):
            raise Mistake("equal steps")
        got, expected = ((values + 0.5) / counts for values in (found, expected))
        if abs(got[:, 0].min() - expected[:, 0].min()) > 1e-3:
            raise Mistake("ends", got=got[:, 0].min(), expected=expected[:, 0].min(), columns=columns)
        point, axis = np.unravel_index(np.abs(got - expected).argmax(), got.shape)
        raise Mistake("value", axis="₁₂"[axis], place=point + 1, got=got[point, axis], expected=expected[point, axis])

    def explain_order(self, given, grid, found, expected):
        """Raise the mistake if the points are right and their order is not."""
        rows, columns = given["rows"], given["columns"]
        laid_out = expected.reshape(rows, columns, 2)
        hint = "order"
        for name, other in {
            "upside down": laid_out[::-1],
            "mirrored": laid_out[:, ::-1],
            "transposed": laid_out.transpose(1, 0, 2),
        }.items():
            if np.array_equal(found, other.reshape(-1, 2)):
                hint = name
        of_place = {tuple(place): point for place, point in zip(found, grid, strict=True)}
        raise Mistake(hint, got=text(*grid[:2]), expected=text(*(of_place[tuple(place)] for place in expected[:2])))


def text(*points):
    """Write points with two digits."""
    return " and ".join(f"({', '.join(f'{number:.2f}' for number in point)})" for point in points)


kl_between, mended_sample, sampled_elbo = KlBetween(), MendedSample(), SampledElbo()
mirrored_networks, mended_grid = MirroredNetworks(), MendedGrid()
