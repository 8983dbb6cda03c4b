"""Answers to exercise 09."""

import cvae_utils._quiet_start  # noqa: F401

import numpy as np
from keras import ops

from cvae_utils.losses import gaussian_kl_between, missing_log_likelihood
from tests.exercises.bank import Bank

bank = Bank()


# --- 9.1 price_of_one_guess ---


def log_p_of(pictures, mu):
    return np.log(np.where(pictures == 1, mu, 1 - mu)).sum(axis=1)


def by_pixels(pictures, shares):
    mu = np.clip(shares @ pictures, 1e-12, 1 - 1e-12)
    guess = -np.sum(mu * np.log(mu) + (1 - mu) * np.log(1 - mu))
    log_p = pictures @ np.log(mu) + (1 - pictures) @ np.log(1 - mu)
    return guess, -np.sum(shares * np.log(shares)), np.exp(np.logaddexp.reduce(log_p))


bank.accepted("price_of_one_guess")(by_pixels)


@bank.accepted("price_of_one_guess")
def by_a_loop(pictures, shares):
    guess = choice = hit = 0
    mu = sum(share * picture for share, picture in zip(shares, pictures, strict=True))
    for share, picture in zip(shares.tolist(), pictures, strict=True):
        log_p = sum(np.log(m if ink else 1 - m) for ink, m in zip(picture, mu, strict=True))
        guess, choice, hit = guess - share * log_p, choice - share * np.log(share), hit + np.exp(log_p)
    return [guess, np.float64(choice), hit]


@bank.accepted("price_of_one_guess")
def by_tensors(pictures, shares):
    return tuple(ops.convert_to_tensor(np.float32(value)) for value in by_pixels(pictures, shares))


@bank.rejected("price_of_one_guess", "not finite")
def zero_times_log_zero(pictures, shares):
    mu = shares @ pictures
    return -np.sum(mu * np.log(mu) + (1 - mu) * np.log(1 - mu)), *by_pixels(pictures, shares)[1:]


@bank.rejected("price_of_one_guess", "not finite")
def most_frequent_picture(pictures, shares):
    guess = pictures[shares.argmax()]
    return -shares @ log_p_of(pictures, guess), *by_pixels(pictures, shares)[1:]


@bank.rejected("price_of_one_guess", "one picture")
def clipped_most_frequent_picture(pictures, shares):
    guess = np.clip(pictures[shares.argmax()], 1e-7, 1 - 1e-7)
    return -shares @ log_p_of(pictures, guess), *by_pixels(pictures, shares)[1:]


@bank.rejected("price_of_one_guess", "one picture")
def guess_in_black_and_white(pictures, shares):
    guess = np.clip(np.rint(shares @ pictures), 1e-3, 1 - 1e-3)
    return -shares @ log_p_of(pictures, guess), *by_pixels(pictures, shares)[1:]


@bank.rejected("price_of_one_guess", "equal shares")
def mean_without_shares(pictures, shares):
    return by_pixels(pictures, np.full(len(shares), 1 / len(shares)))


@bank.rejected("price_of_one_guess", "equal shares")
def mean_loss_without_shares(pictures, shares):
    return -log_p_of(pictures, shares @ pictures).mean(), *by_pixels(pictures, shares)[1:]


@bank.rejected("price_of_one_guess", "equal shares")
def log_of_their_number(pictures, shares):
    guess, _, hit = by_pixels(pictures, shares)
    return guess, np.log(len(shares)), hit


@bank.rejected("price_of_one_guess", "pixel mean")
def mean_over_pixels(pictures, shares):
    guess, choice, hit = by_pixels(pictures, shares)
    return guess / pictures.shape[1], choice, hit


@bank.rejected("price_of_one_guess", "sign")
def log_likelihoods(pictures, shares):
    guess, choice, hit = by_pixels(pictures, shares)
    return -guess, -choice, hit


@bank.rejected("price_of_one_guess", "bits")
def in_bits(pictures, shares):
    guess, choice, hit = by_pixels(pictures, shares)
    return guess / np.log(2), choice / np.log(2), hit


@bank.rejected("price_of_one_guess", "free")
def given_z_it_is_certain(pictures, shares):
    guess, _, hit = by_pixels(pictures, shares)
    return guess, 0.0, hit


@bank.rejected("price_of_one_guess", "independent")
def choice_pixel_by_pixel(pictures, shares):
    guess, _, hit = by_pixels(pictures, shares)
    return guess, guess, hit


@bank.rejected("price_of_one_guess", "hit weighted")
def mean_probability(pictures, shares):
    guess, choice, _ = by_pixels(pictures, shares)
    return guess, choice, shares @ np.exp(log_p_of(pictures, shares @ pictures))


@bank.rejected("price_of_one_guess", "hit one")
def most_frequent_is_hit(pictures, shares):
    guess, choice, _ = by_pixels(pictures, shares)
    return guess, choice, np.exp(log_p_of(pictures, shares @ pictures))[shares.argmax()]


@bank.rejected("price_of_one_guess", "hit from loss")
def exp_of_the_loss(pictures, shares):
    guess, choice, _ = by_pixels(pictures, shares)
    return guess, choice, np.exp(-guess)


@bank.rejected("price_of_one_guess", "underflow")
def by_products(pictures, shares):
    mu = shares @ pictures
    p = np.prod(np.where(pictures == 1, mu, 1 - mu), axis=1)
    return -shares @ np.log(p), -shares @ np.log(shares), p.sum()


@bank.rejected("price_of_one_guess", "value")
def choice_without_its_logarithm(pictures, shares):
    guess, _, hit = by_pixels(pictures, shares)
    return guess, shares @ (1 - shares), hit


@bank.rejected("price_of_one_guess", "order")
def another_order(pictures, shares):
    guess, choice, hit = by_pixels(pictures, shares)
    return choice, guess, hit


@bank.rejected("price_of_one_guess", "form")
def the_gain_alone(pictures, shares):
    guess, choice, _ = by_pixels(pictures, shares)
    return guess - choice


# --- 9.2 mended_loss ---


def softplus_loss(images, logits):
    return np.logaddexp(0, logits) - images * logits


def kl_of(q_mean, q_std, p_mean=0.0, p_std=1.0):
    return np.log(p_std / q_std) + (q_std**2 + (q_mean - p_mean) ** 2) / (2 * p_std**2) - 0.5


def loss(
    images, mask, prior, recognition, decode, epsilon, *, to_prior="seen", to_decoder="seen", kl=kl_of, scored=None
):
    parts = {"seen": mask * images, "images": images, "missing": (1 - mask) * images}
    p, q = prior(parts[to_prior]), recognition(images, parts["seen"])
    logits = decode(q[0] + q[1] * epsilon, parts[to_decoder])
    weights = 1 - mask if scored is None else scored(mask)
    return (weights * softplus_loss(images, logits)).sum(axis=1) + kl(*q, *p).sum(axis=1)


@bank.accepted("mended_loss")
def by_the_package(images, mask, prior, recognition, decode, epsilon):
    seen = np.where(mask == 1, images, 0)
    p, q = ((mean, 2 * np.log(std)) for mean, std in (prior(seen), recognition(images, seen)))
    logits = decode(q[0] + np.exp(q[1] / 2) * epsilon, seen)
    return gaussian_kl_between(*q, *p) - missing_log_likelihood(images, logits, 1 - mask)


@bank.accepted("mended_loss")
def image_by_image(images, mask, prior, recognition, decode, epsilon):
    values = []
    for image, m, e in zip(images, mask, epsilon, strict=True):
        seen = (m * image)[None]
        (p_mean,), (p_std,) = prior(seen)
        (q_mean,), (q_std,) = recognition(image[None], seen)
        (logits,) = decode((q_mean + q_std * e)[None], seen)
        mu = 1 / (1 + np.exp(-logits))
        nats = -(image * np.log(mu) + (1 - image) * np.log(1 - mu))
        values.append(nats[m == 0].sum() + kl_of(q_mean, q_std, p_mean, p_std).sum())
    return values


def standard_kl(q_mean, q_std, p_mean, p_std):
    return kl_of(q_mean, q_std)


def all_pixels(mask):
    return np.ones_like(mask)


def wrong_loss(hint, name, **mistakes):
    def answer(*given):
        return loss(*given, **mistakes)

    answer.__name__ = name
    bank.rejected("mended_loss", hint)(answer)


wrong_loss("standard prior", "as_found", to_prior="images", kl=standard_kl, scored=all_pixels)
wrong_loss("standard prior", "only_pixels_mended", kl=standard_kl)
wrong_loss("seen pixels", "only_kl_and_prior_mended", scored=all_pixels)
wrong_loss("seen pixels", "only_kl_mended", to_prior="images", scored=all_pixels)
wrong_loss("prior reads", "prior_left_as_it_was", to_prior="images")
wrong_loss("inverted", "prior_reads_missing_pixels", to_prior="missing")
wrong_loss("inverted", "seen_pixels_scored", scored=lambda mask: mask)
wrong_loss("decoder reads", "decoder_reads_all", to_decoder="images")
wrong_loss("reversed", "kl_turned_round", kl=lambda q_mean, q_std, p_mean, p_std: kl_of(p_mean, p_std, q_mean, q_std))
wrong_loss(
    "variance",
    "variance_for_std",
    kl=lambda q_mean, q_std, p_mean, p_std: kl_of(q_mean, q_std**0.5, p_mean, p_std**0.5),
)
wrong_loss("no KL", "kl_left_out", kl=lambda q_mean, *rest: 0 * q_mean)
wrong_loss("sign", "kl_subtracted", kl=lambda *parameters: -kl_of(*parameters))
wrong_loss(
    "mean",
    "mean_over_dimensions",
    kl=lambda *parameters: kl_of(*parameters) / parameters[0].shape[1],
)


@bank.rejected("mended_loss", "variance")
def std_for_log_variance(images, mask, prior, recognition, decode, epsilon):
    def kl(*parameters):
        return np.asarray(gaussian_kl_between(*parameters))[:, None]

    return loss(images, mask, prior, recognition, decode, epsilon, kl=kl)


@bank.rejected("mended_loss", "recognition reads")
def recognition_without_the_answer(images, mask, prior, recognition, decode, epsilon):
    return loss(images, mask, prior, lambda images, seen: recognition(seen, seen), decode, epsilon)


@bank.rejected("mended_loss", "masked before")
def logits_masked(images, mask, prior, recognition, decode, epsilon):
    def masked(z, seen):
        return (1 - mask) * decode(z, seen)

    return loss(images, mask, prior, recognition, masked, epsilon, scored=all_pixels)


@bank.rejected("mended_loss", "z")
def z_from_the_prior(images, mask, prior, recognition, decode, epsilon):
    p_mean, p_std = prior(mask * images)
    return loss(images, mask, prior, recognition, lambda z, seen: decode(p_mean + p_std * epsilon, seen), epsilon)


@bank.rejected("mended_loss", "sign")
def the_elbo(*given):
    return -loss(*given)


@bank.rejected("mended_loss", "mean")
def mean_over_missing_pixels(*given):
    return loss(*given, scored=lambda mask: (1 - mask) / (1 - mask).sum(axis=1, keepdims=True))


@bank.rejected("mended_loss", "batch")
def mean_over_the_batch(*given):
    return loss(*given).mean()


@bank.rejected("mended_loss", "value")
def mean_distance_in_variances(*given):
    def kl(q_mean, q_std, p_mean, p_std):
        return kl_of(q_mean / p_std**2, q_std / p_std, p_mean / p_std**2)

    return loss(*given, kl=kl)


# --- 9.3 log_p_of_the_rest ---


def log_mean(log_w):
    return np.logaddexp.reduce(log_w, axis=1) - np.log(log_w.shape[1])


@bank.accepted("log_p_of_the_rest")
def by_weights(log_a, log_b, log_ratio):
    def weights(log_w):
        return np.exp(log_w - log_w.max(axis=1, keepdims=True))

    share = weights(log_a + log_ratio)
    share /= share.sum(axis=1, keepdims=True)
    scale = (np.log(share + 1e-300) + log_b).max(axis=1)
    return scale + np.log((share * np.exp(log_b - scale[:, None])).sum(axis=1))


@bank.accepted("log_p_of_the_rest")
def image_by_image_in_keras(log_a, log_b, log_ratio):
    first = ops.convert_to_tensor(log_a + log_ratio)
    return [
        ops.logsumexp(each + b) - ops.logsumexp(each)
        for each, b in zip(first, ops.convert_to_tensor(log_b), strict=True)
    ]


@bank.accepted("log_p_of_the_rest")
def by_bounds(log_a, log_b, log_ratio):
    return log_mean(log_a + log_b + log_ratio) - log_mean(log_a + log_ratio)


@bank.rejected("log_p_of_the_rest", "joint")
def both_parts(log_a, log_b, log_ratio):
    return log_mean(log_a + log_b + log_ratio)


@bank.rejected("log_p_of_the_rest", "not updated")
def as_if_a_said_nothing(log_a, log_b, log_ratio):
    return log_mean(log_b + log_ratio)


@bank.rejected("log_p_of_the_rest", "not updated")
def mean_of_p_b(log_a, log_b, log_ratio):
    return log_mean(log_b)


@bank.rejected("log_p_of_the_rest", "turned round")
def a_given_b(log_a, log_b, log_ratio):
    return log_mean(log_a + log_b + log_ratio) - log_mean(log_b + log_ratio)


@bank.rejected("log_p_of_the_rest", "mean of logs")
def difference_of_elbos(log_a, log_b, log_ratio):
    return (log_a + log_b + log_ratio).mean(axis=1) - (log_a + log_ratio).mean(axis=1)


@bank.rejected("log_p_of_the_rest", "no ratio")
def as_from_the_prior(log_a, log_b, log_ratio):
    return log_mean(log_a + log_b) - log_mean(log_a)


@bank.rejected("log_p_of_the_rest", "ratio once")
def ratio_in_the_joint_only(log_a, log_b, log_ratio):
    return log_mean(log_a + log_b + log_ratio) - log_mean(log_a)


@bank.rejected("log_p_of_the_rest", "ratio once")
def ratio_below_only(log_a, log_b, log_ratio):
    return log_mean(log_a + log_b) - log_mean(log_a + log_ratio)


@bank.rejected("log_p_of_the_rest", "ratio inverted")
def ratio_subtracted(log_a, log_b, log_ratio):
    return by_bounds(log_a, log_b, -log_ratio)


@bank.rejected("log_p_of_the_rest", "product")
def logs_added(log_a, log_b, log_ratio):
    return log_mean(log_a + log_b + log_ratio) + log_mean(log_a + log_ratio)


@bank.rejected("log_p_of_the_rest", "draws")
def a_sum_and_a_mean(log_a, log_b, log_ratio):
    return np.logaddexp.reduce(log_a + log_b + log_ratio, axis=1) - log_mean(log_a + log_ratio)


@bank.rejected("log_p_of_the_rest", "sign")
def as_a_loss(log_a, log_b, log_ratio):
    return -by_bounds(log_a, log_b, log_ratio)


@bank.rejected("log_p_of_the_rest", "axis")
def over_images(log_a, log_b, log_ratio):
    return by_bounds(log_a.T, log_b.T, log_ratio.T)


@bank.rejected("log_p_of_the_rest", "axis")
def one_number(log_a, log_b, log_ratio):
    return by_bounds(log_a, log_b, log_ratio).mean()


@bank.rejected("log_p_of_the_rest", "unsafe")
def plain_exponentials(log_a, log_b, log_ratio):
    first = np.exp(log_a + log_ratio)
    return np.log((first * np.exp(log_b)).mean(axis=1) / first.mean(axis=1))


@bank.rejected("log_p_of_the_rest", "unsafe")
def one_scale_for_all_images(log_a, log_b, log_ratio):
    def log_sum(log_w):
        return log_w.max() + np.log(np.exp(log_w - log_w.max()).sum(axis=1))

    return log_sum(log_a + log_b + log_ratio) - log_sum(log_a + log_ratio)


@bank.rejected("log_p_of_the_rest", "unsafe")
def a_small_number_added(log_a, log_b, log_ratio):
    first = np.exp(log_a + log_ratio)
    return np.log((first * np.exp(log_b)).sum(axis=1) + 1e-300) - np.log(first.sum(axis=1) + 1e-300)


@bank.rejected("log_p_of_the_rest", "value")
def ratio_not_a_logarithm(log_a, log_b, log_ratio):
    return by_bounds(log_a, log_b, np.log1p(np.exp(log_ratio)))


# --- 9.4 mean_angle ---


def posterior(log_p_x, p):
    log_joint = log_p_x + np.log(p)
    return np.exp(log_joint - np.logaddexp.reduce(log_joint, axis=1)[:, None])


def on_the_circle(weights, angles, period):
    centre = weights @ np.exp(2j * np.pi * angles / period)
    return np.angle(centre) / (2 * np.pi) % 1 * period, np.abs(centre)


@bank.accepted("mean_angle")
def by_complex_numbers(log_p_x, angles, p, period):
    return on_the_circle(posterior(log_p_x, p), angles, period)


@bank.accepted("mean_angle")
def by_a_loop_over_images(log_p_x, angles, p, period):
    means, certainties = [], []
    for row in log_p_x:
        weights = p * np.exp(row - row.max())
        degrees = np.deg2rad(360 / period * angles)
        x, y = (np.average(part(degrees), weights=weights) for part in (np.cos, np.sin))
        mean = np.rad2deg(np.arctan2(y, x)) * period / 360
        means.append(mean if mean >= 0 else mean + period)
        certainties.append((x * x + y * y) ** 0.5)
    return means, certainties


@bank.accepted("mean_angle")
def by_tensors_of_keras(log_p_x, angles, p, period):
    weights = ops.softmax(ops.convert_to_tensor(log_p_x + np.log(p)), axis=1)
    turn = ops.convert_to_tensor(2 * np.pi * angles / period)
    x, y = (ops.sum(weights * part(turn), axis=1) for part in (ops.cos, ops.sin))
    return ops.mod(ops.arctan2(y, x) * (period / (2 * np.pi)), period), ops.sqrt(x**2 + y**2)


@bank.rejected("mean_angle", "straight mean")
def mean_on_a_line(log_p_x, angles, p, period):
    weights = posterior(log_p_x, p)
    return weights @ angles, on_the_circle(weights, angles, period)[1]


@bank.rejected("mean_angle", "most probable")
def best_angle(log_p_x, angles, p, period):
    weights = posterior(log_p_x, p)
    return angles[weights.argmax(axis=1)], weights.max(axis=1)


@bank.rejected("mean_angle", "best")
def certainty_of_the_best(log_p_x, angles, p, period):
    weights = posterior(log_p_x, p)
    return on_the_circle(weights, angles, period)[0], weights.max(axis=1)


@bank.rejected("mean_angle", "half")
def tangent_alone(log_p_x, angles, p, period):
    weights, turn = posterior(log_p_x, p), 2 * np.pi * angles / period
    x, y = weights @ np.cos(turn), weights @ np.sin(turn)
    return np.arctan(y / x) / (2 * np.pi) * period % period, np.hypot(x, y)


@bank.rejected("mean_angle", "mirrored")
def arguments_swapped(log_p_x, angles, p, period):
    weights, turn = posterior(log_p_x, p), 2 * np.pi * angles / period
    x, y = weights @ np.cos(turn), weights @ np.sin(turn)
    return np.arctan2(x, y) / (2 * np.pi) * period % period, np.hypot(x, y)


@bank.rejected("mean_angle", "mirrored")
def sine_turned_round(log_p_x, angles, p, period):
    return on_the_circle(posterior(log_p_x, p), -angles, period)


@bank.rejected("mean_angle", "radians")
def degrees_for_radians(log_p_x, angles, p, period):
    centre = posterior(log_p_x, p) @ np.exp(1j * angles * 360 / period)
    return np.rad2deg(np.angle(centre)) * period / 360 % period, np.abs(centre)


@bank.rejected("mean_angle", "radians")
def result_in_radians(log_p_x, angles, p, period):
    centre = posterior(log_p_x, p) @ np.exp(2j * np.pi * angles / period)
    return np.angle(centre) % period, np.abs(centre)


@bank.rejected("mean_angle", "period")
def period_ignored(log_p_x, angles, p, period):
    return on_the_circle(posterior(log_p_x, p), angles, 360)


@bank.rejected("mean_angle", "period")
def period_at_the_end_only(log_p_x, angles, p, period):
    mean, certainty = on_the_circle(posterior(log_p_x, p), angles, 360)
    return mean % period, certainty


@bank.rejected("mean_angle", "turned")
def not_turned_back(log_p_x, angles, p, period):
    return on_the_circle(posterior(log_p_x, p), angles * 360 / period, 360)


@bank.rejected("mean_angle", "range")
def below_zero(log_p_x, angles, p, period):
    mean, certainty = on_the_circle(posterior(log_p_x, p), angles, period)
    return np.where(mean > period / 2, mean - period, mean), certainty


@bank.rejected("mean_angle", "likelihood alone")
def no_bayes(log_p_x, angles, p, period):
    return by_complex_numbers(log_p_x, angles, np.ones_like(p), period)


@bank.rejected("mean_angle", "prior alone")
def image_ignored(log_p_x, angles, p, period):
    return by_complex_numbers(0 * log_p_x, angles, p, period)


@bank.rejected("mean_angle", "logs as weights")
def weighed_by_logarithms(log_p_x, angles, p, period):
    weights = log_p_x + np.log(p)
    return on_the_circle(weights / weights.sum(axis=1, keepdims=True), angles, period)


@bank.rejected("mean_angle", "not normalised")
def joint_for_posterior(log_p_x, angles, p, period):
    return on_the_circle(np.exp(log_p_x) * p, angles, period)


@bank.rejected("mean_angle", "squared")
def square_of_the_distance(log_p_x, angles, p, period):
    mean, certainty = by_complex_numbers(log_p_x, angles, p, period)
    return mean, certainty**2


@bank.rejected("mean_angle", "complement")
def spread_for_certainty(log_p_x, angles, p, period):
    mean, certainty = by_complex_numbers(log_p_x, angles, p, period)
    return mean, 1 - certainty


@bank.rejected("mean_angle", "unsafe")
def plain_probabilities(log_p_x, angles, p, period):
    weights = np.exp(log_p_x) * p
    return on_the_circle(weights / weights.sum(axis=1, keepdims=True), angles, period)


@bank.rejected("mean_angle", "unsafe")
def one_maximum_for_all_images(log_p_x, angles, p, period):
    weights = np.exp(log_p_x - log_p_x.max()) * p
    return on_the_circle(weights / (weights.sum(axis=1, keepdims=True) + 1e-12), angles, period)


@bank.rejected("mean_angle", "axis")
def one_angle_for_all_images(log_p_x, angles, p, period):
    return on_the_circle(posterior(log_p_x, p).mean(axis=0), angles, period)


@bank.rejected("mean_angle", "form")
def angle_alone(log_p_x, angles, p, period):
    return by_complex_numbers(log_p_x, angles, p, period)[0]


@bank.rejected("mean_angle", "value")
def mean_of_angles_around_the_best(log_p_x, angles, p, period):
    weights = posterior(log_p_x, p) ** 2
    return on_the_circle(weights / weights.sum(axis=1, keepdims=True), angles, period)
