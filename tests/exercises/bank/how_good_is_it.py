"""Answers to exercise 08."""

import numpy as np

from tests.exercises.bank import Bank

bank = Bank()


# --- 8.1 mixed_log_weights ---


def log_gaussian(z, mean, log_var):
    return -0.5 * ((z - mean) ** 2 / np.exp(log_var) + log_var + np.log(2 * np.pi))


def logs(z, z_mean, z_log_var):
    """Return log p(z) and log q(z|x) of each point."""
    return (log_gaussian(z, *both).sum(axis=-1) for both in ((0, np.zeros(1)), (z_mean[:, None], z_log_var[:, None])))


def mixture(log_p, log_q, share):
    return np.logaddexp(np.log(share) + log_p, np.log1p(-share) + log_q)


@bank.accepted("mixed_log_weights")
def by_scipy(log_likelihood, z, z_mean, z_log_var, share):
    from scipy.special import logsumexp
    from scipy.stats import norm

    log_p = norm.logpdf(z).sum(axis=-1)
    log_q = norm.logpdf(z, z_mean[:, None], np.exp(z_log_var[:, None] / 2)).sum(axis=-1)
    both = np.stack([log_p, log_q], axis=-1)
    return (log_likelihood + log_p - logsumexp(both, b=[share, 1 - share], axis=-1)).tolist()


@bank.accepted("mixed_log_weights")
def without_constants(log_likelihood, z, z_mean, z_log_var, share):
    log_p = -(z**2).sum(axis=-1) / 2
    log_q = -((z - z_mean[:, None]) ** 2 / np.exp(z_log_var)[:, None]).sum(axis=-1) / 2
    log_q -= z_log_var.sum(axis=-1, keepdims=True) / 2
    return log_likelihood - np.logaddexp(np.log(share), np.log(1 - share) + log_q - log_p)


@bank.accepted("mixed_log_weights")
def by_a_loop_and_keras(log_likelihood, z, z_mean, z_log_var, share):
    from keras import ops

    rows = []
    for mean, log_var, of_image, scores in zip(z_mean, z_log_var, z, log_likelihood, strict=True):
        log_p, log_q = (log_gaussian(of_image, *both).sum(axis=1) for both in ((0, np.zeros(1)), (mean, log_var)))
        rows.append(scores + log_p - mixture(log_p, log_q, share))
    return ops.convert_to_tensor(np.array(rows))


@bank.rejected("mixed_log_weights", "each dimension")
def never_summed(log_likelihood, z, z_mean, z_log_var, share):
    log_p = log_gaussian(z, 0, np.zeros(1))
    log_q = log_gaussian(z, z_mean[:, None], z_log_var[:, None])
    return log_likelihood[..., None] + log_p - mixture(log_p, log_q, share)


@bank.rejected("mixed_log_weights", "encoder alone")
def as_in_the_lesson(log_likelihood, z, z_mean, z_log_var, share):
    log_p, log_q = logs(z, z_mean, z_log_var)
    return log_likelihood + log_p - log_q


@bank.rejected("mixed_log_weights", "prior alone")
def as_if_from_the_prior(log_likelihood, z, z_mean, z_log_var, share):
    return log_likelihood


@bank.rejected("mixed_log_weights", "other share")
def share_of_the_encoder(log_likelihood, z, z_mean, z_log_var, share):
    return by_scipy(log_likelihood, z, z_mean, z_log_var, 1 - share)


@bank.rejected("mixed_log_weights", "no share")
def plain_sum(log_likelihood, z, z_mean, z_log_var, share):
    log_p, log_q = logs(z, z_mean, z_log_var)
    return log_likelihood + log_p - np.logaddexp(log_p, log_q)


@bank.rejected("mixed_log_weights", "no share")
def even_odds(log_likelihood, z, z_mean, z_log_var, share):
    return by_scipy(log_likelihood, z, z_mean, z_log_var, 0.5)


@bank.rejected("mixed_log_weights", "mean of logs")
def logarithms_mixed(log_likelihood, z, z_mean, z_log_var, share):
    log_p, log_q = logs(z, z_mean, z_log_var)
    return log_likelihood + log_p - share * log_p - (1 - share) * log_q


@bank.rejected("mixed_log_weights", "joint")
def no_prior_above(log_likelihood, z, z_mean, z_log_var, share):
    return log_likelihood - mixture(*logs(z, z_mean, z_log_var), share)


@bank.rejected("mixed_log_weights", "joint")
def encoder_above(log_likelihood, z, z_mean, z_log_var, share):
    log_p, log_q = logs(z, z_mean, z_log_var)
    return log_likelihood + log_q - mixture(log_p, log_q, share)


@bank.rejected("mixed_log_weights", "sign")
def upside_down(log_likelihood, z, z_mean, z_log_var, share):
    log_p, log_q = logs(z, z_mean, z_log_var)
    return log_likelihood - log_p + mixture(log_p, log_q, share)


@bank.rejected("mixed_log_weights", "log-variance")
def log_of_sigma(log_likelihood, z, z_mean, z_log_var, share):
    return by_scipy(log_likelihood, z, z_mean, 2 * z_log_var, share)


@bank.rejected("mixed_log_weights", "log-variance")
def sigma_as_variance(log_likelihood, z, z_mean, z_log_var, share):
    return by_scipy(log_likelihood, z, z_mean, z_log_var / 2, share)


@bank.rejected("mixed_log_weights", "constant")
def without_log_sigma(log_likelihood, z, z_mean, z_log_var, share):
    log_p, log_q = logs(z, z_mean, z_log_var)
    return log_likelihood + log_p - mixture(log_p, log_q + z_log_var.sum(axis=1, keepdims=True) / 2, share)


@bank.rejected("mixed_log_weights", "constant")
def log_var_not_halved(log_likelihood, z, z_mean, z_log_var, share):
    log_p, log_q = logs(z, z_mean, z_log_var)
    return log_likelihood + log_p - mixture(log_p, log_q - z_log_var.sum(axis=1, keepdims=True) / 2, share)


@bank.rejected("mixed_log_weights", "constant")
def two_pi_in_one_only(log_likelihood, z, z_mean, z_log_var, share):
    log_q = list(logs(z, z_mean, z_log_var))[1]
    log_p = -(z**2).sum(axis=-1) / 2
    return log_likelihood + log_p - mixture(log_p, log_q, share)


@bank.rejected("mixed_log_weights", "mean")
def mean_over_dimensions(log_likelihood, z, z_mean, z_log_var, share):
    log_p, log_q = (value / z.shape[-1] for value in logs(z, z_mean, z_log_var))
    return log_likelihood + log_p - mixture(log_p, log_q, share)


@bank.rejected("mixed_log_weights", "unsafe")
def by_densities(log_likelihood, z, z_mean, z_log_var, share):
    p, q = (np.exp(value) for value in logs(z, z_mean, z_log_var))
    return log_likelihood + np.log(p / (share * p + (1 - share) * q))


@bank.rejected("mixed_log_weights", "unsafe")
def by_the_ratio(log_likelihood, z, z_mean, z_log_var, share):
    log_p, log_q = logs(z, z_mean, z_log_var)
    return log_likelihood - np.log(share + (1 - share) * np.exp(log_q - log_p))


@bank.rejected("mixed_log_weights", "unsafe")
def never_zero(log_likelihood, z, z_mean, z_log_var, share):
    log_p, log_q = logs(z, z_mean, z_log_var)
    return log_likelihood + log_p - np.log(share * np.exp(log_p) + (1 - share) * np.exp(log_q) + 1e-30)


@bank.rejected("mixed_log_weights", "value")
def in_bits(log_likelihood, z, z_mean, z_log_var, share):
    return np.array(by_scipy(log_likelihood, z, z_mean, z_log_var, share)) / np.log(2)


@bank.rejected("mixed_log_weights", "shape")
def the_bound(log_likelihood, z, z_mean, z_log_var, share):
    log_w = np.array(by_scipy(log_likelihood, z, z_mean, z_log_var, share))
    return np.logaddexp.reduce(log_w, axis=1) - np.log(log_w.shape[1])


# --- 8.2 lead_with_errors ---


def standard_error(values, ddof=1):
    return values.std(ddof=ddof) / np.sqrt(len(values))


def over_images(a, b):
    return standard_error((a - b).mean(axis=0), 0)


def over_seeds(a, b, ddof=1):
    return np.hypot(standard_error(a.mean(axis=1), ddof), standard_error(b.mean(axis=1), ddof))


@bank.accepted("lead_with_errors")
def step_by_step(nats_a, nats_b):
    seeds, images = nats_a.shape
    per_image = np.mean(nats_a, axis=0) - np.mean(nats_b, axis=0)
    of_images = np.sqrt(np.sum((per_image - per_image.mean()) ** 2) / (images - 1) / images)
    squares = [np.sum((m - m.mean()) ** 2) / (seeds - 1) / seeds for m in (nats_a.mean(axis=1), nats_b.mean(axis=1))]
    return [float(nats_a.mean() - nats_b.mean()), float(of_images), float(np.sqrt(sum(squares)))]


@bank.accepted("lead_with_errors")
def by_covariance(nats_a, nats_b):
    seeds, images = nats_a.shape
    both = np.cov(nats_a.mean(axis=0), nats_b.mean(axis=0))
    of_images = np.sqrt((both[0, 0] + both[1, 1] - 2 * both[0, 1]) / images)
    of_seeds = np.sqrt(sum(np.cov(nats.mean(axis=1)) for nats in (nats_a, nats_b)) / seeds)
    return np.array([(nats_a - nats_b).mean(), of_images, of_seeds])


@bank.rejected("lead_with_errors", "sign")
def lead_of_a(nats_a, nats_b):
    return step_by_step(nats_b, nats_a)


@bank.rejected("lead_with_errors", "sum")
def summed_over_images(nats_a, nats_b):
    return (nats_a - nats_b).sum(axis=1).mean(), over_images(nats_a, nats_b), over_seeds(nats_a, nats_b)


@bank.rejected("lead_with_errors", "best seed")
def best_against_best(nats_a, nats_b):
    lead = nats_a.mean(axis=1).min() - nats_b.mean(axis=1).min()
    return lead, over_images(nats_a, nats_b), over_seeds(nats_a, nats_b)


@bank.rejected("lead_with_errors", "one seed")
def first_seeds(nats_a, nats_b):
    return nats_a[0].mean() - nats_b[0].mean(), over_images(nats_a, nats_b), over_seeds(nats_a, nats_b)


@bank.rejected("lead_with_errors", "lead")
def median_lead(nats_a, nats_b):
    return np.median(nats_a - nats_b), over_images(nats_a, nats_b), over_seeds(nats_a, nats_b)


@bank.rejected("lead_with_errors", "order")
def seeds_first(nats_a, nats_b):
    return (nats_a - nats_b).mean(), over_seeds(nats_a, nats_b), over_images(nats_a, nats_b)


@bank.rejected("lead_with_errors", "spread of images")
def no_root_of_the_images(nats_a, nats_b):
    return (nats_a - nats_b).mean(), (nats_a - nats_b).mean(axis=0).std(), over_seeds(nats_a, nats_b)


@bank.rejected("lead_with_errors", "other images")
def unpaired_images(nats_a, nats_b):
    error = np.hypot(standard_error(nats_a.mean(axis=0)), standard_error(nats_b.mean(axis=0)))
    return (nats_a - nats_b).mean(), error, over_seeds(nats_a, nats_b)


@bank.rejected("lead_with_errors", "other images")
def unpaired_values(nats_a, nats_b):
    error = np.hypot(standard_error(nats_a.ravel(), 0), standard_error(nats_b.ravel(), 0))
    return (nats_a - nats_b).mean(), error, over_seeds(nats_a, nats_b)


@bank.rejected("lead_with_errors", "every value")
def all_values_independent(nats_a, nats_b):
    return (nats_a - nats_b).mean(), standard_error((nats_a - nats_b).ravel()), over_seeds(nats_a, nats_b)


@bank.rejected("lead_with_errors", "seed by seed")
def mean_of_errors(nats_a, nats_b):
    errors = [over_images(a[None], b[None]) for a, b in zip(nats_a, nats_b, strict=True)]
    return (nats_a - nats_b).mean(), np.mean(errors), over_seeds(nats_a, nats_b)


@bank.rejected("lead_with_errors", "over images")
def a_variance(nats_a, nats_b):
    return (nats_a - nats_b).mean(), over_images(nats_a, nats_b) ** 2, over_seeds(nats_a, nats_b)


@bank.rejected("lead_with_errors", "paired seeds")
def seeds_in_pairs(nats_a, nats_b):
    of_seed = (nats_a - nats_b).mean(axis=1)
    return of_seed.mean(), over_images(nats_a, nats_b), standard_error(of_seed)


@bank.rejected("lead_with_errors", "spread of seeds")
def no_root_of_the_seeds(nats_a, nats_b):
    spread = np.hypot(nats_a.mean(axis=1).std(ddof=1), nats_b.mean(axis=1).std(ddof=1))
    return (nats_a - nats_b).mean(), over_images(nats_a, nats_b), spread


@bank.rejected("lead_with_errors", "n-1")
def numpys_own_divisor(nats_a, nats_b):
    return (nats_a - nats_b).mean(), over_images(nats_a, nats_b), over_seeds(nats_a, nats_b, 0)


@bank.rejected("lead_with_errors", "errors added")
def plain_sum_of_errors(nats_a, nats_b):
    error = standard_error(nats_a.mean(axis=1)) + standard_error(nats_b.mean(axis=1))
    return (nats_a - nats_b).mean(), over_images(nats_a, nats_b), error


@bank.rejected("lead_with_errors", "one design")
def seeds_of_b(nats_a, nats_b):
    return (nats_a - nats_b).mean(), over_images(nats_a, nats_b), standard_error(nats_b.mean(axis=1))


@bank.rejected("lead_with_errors", "image by image")
def of_each_image(nats_a, nats_b):
    errors = np.sqrt((nats_a.var(axis=0, ddof=1) + nats_b.var(axis=0, ddof=1)) / len(nats_a))
    return (nats_a - nats_b).mean(), over_images(nats_a, nats_b), errors.mean()


@bank.rejected("lead_with_errors", "over seeds")
def images_counted_as_seeds(nats_a, nats_b):
    error = over_seeds(nats_a, nats_b) / np.sqrt(nats_a.shape[1])
    return (nats_a - nats_b).mean(), over_images(nats_a, nats_b), error


# --- 8.3 mended_hint ---


def mean_weight(log_w):
    return np.logaddexp.reduce(log_w, axis=-1) - np.log(log_w.shape[-1])


def from_log_p(log_p_x_y, p_y, possible, paid=0.0):
    """Return both results from log p(x|y)."""
    joint = np.where(possible, log_p_x_y + np.log(p_y), -np.inf)
    log_p = np.logaddexp.reduce(joint, axis=1)
    return np.log(possible @ p_y) - log_p + paid, np.exp(joint - log_p[:, None])


def right(log_w, p_y, possible):
    return from_log_p(mean_weight(log_w), p_y, possible)


@bank.accepted("mended_hint")
def by_a_new_prior(log_w, p_y, possible):
    nats, probabilities = [], []
    for of_image, labels in zip(log_w, possible, strict=True):
        prior = p_y[labels] / p_y[labels].sum()
        log_joint = mean_weight(of_image[labels]) + np.log(prior)
        largest = log_joint.max()
        total = largest + np.log(np.exp(log_joint - largest).sum())
        p = np.zeros(len(p_y))
        p[labels] = np.exp(log_joint - total)
        nats.append(float(-total))
        probabilities.append(p.tolist())
    return nats, probabilities


@bank.accepted("mended_hint")
def by_scipy_and_keras(log_w, p_y, possible):
    from keras import ops
    from scipy.special import logsumexp

    with np.errstate(divide="ignore"):
        log_prior = np.log(possible * p_y)
    joint = logsumexp(log_w, axis=2) - np.log(log_w.shape[2]) + log_prior
    total = logsumexp(joint, axis=1, keepdims=True)
    nats = logsumexp(log_prior, axis=1) - total[:, 0]
    return ops.convert_to_tensor(nats), ops.convert_to_tensor(np.exp(joint - total))


@bank.rejected("mended_hint", "mean of logs")
def as_found(log_w, p_y, possible):
    p = np.exp(log_w.mean(axis=2)) * p_y * possible
    return -np.log(p.sum(axis=1)), p / p.sum(axis=1, keepdims=True)


@bank.rejected("mended_hint", "mean of logs")
def only_the_bound_of_one_draw(log_w, p_y, possible):
    return from_log_p(log_w.mean(axis=2), p_y, possible)


@bank.rejected("mended_hint", "not told")
def joint_of_image_and_hint(log_w, p_y, possible):
    return from_log_p(mean_weight(log_w), p_y, possible, -np.log(possible @ p_y))


@bank.rejected("mended_hint", "sum of weights")
def summed_draws(log_w, p_y, possible):
    return from_log_p(np.logaddexp.reduce(log_w, axis=2), p_y, possible)


@bank.rejected("mended_hint", "logs of labels")
def mean_of_log_p(log_w, p_y, possible):
    prior = possible * p_y / (possible @ p_y)[:, None]
    return -(prior * mean_weight(log_w)).sum(axis=1), right(log_w, p_y, possible)[1]


@bank.rejected("mended_hint", "best label")
def likeliest_label(log_w, p_y, possible):
    best = np.where(possible, mean_weight(log_w), -np.inf).max(axis=1)
    return -best, right(log_w, p_y, possible)[1]


@bank.rejected("mended_hint", "even labels")
def each_label_the_same(log_w, p_y, possible):
    return from_log_p(mean_weight(log_w), np.full(len(p_y), 1 / len(p_y)), possible)


@bank.rejected("mended_hint", "no hint")
def deaf(log_w, p_y, possible):
    return from_log_p(mean_weight(log_w), p_y, np.ones_like(possible))


@bank.rejected("mended_hint", "sign")
def log_likelihood(log_w, p_y, possible):
    nats, p = right(log_w, p_y, possible)
    return -nats, p


@bank.rejected("mended_hint", "value")
def log_ten_for_all(log_w, p_y, possible):
    joint = mean_weight(log_w) + np.log(p_y)
    nats = -np.logaddexp.reduce(joint, axis=1) - np.log(len(p_y) / possible.sum(axis=1))
    return nats, right(log_w, p_y, possible)[1]


@bank.rejected("mended_hint", "unsafe")
def by_exponentials(log_w, p_y, possible):
    p = np.exp(log_w).mean(axis=2) * p_y * possible
    return -np.log(p.sum(axis=1) / (possible @ p_y)), p / p.sum(axis=1, keepdims=True)


@bank.rejected("mended_hint", "unsafe")
def one_maximum_for_all(log_w, p_y, possible):
    nats, p = by_exponentials(log_w - log_w.max(), p_y, possible)
    return nats - log_w.max(), p


@bank.rejected("mended_hint", "unsafe")
def safe_nats_only(log_w, p_y, possible):
    return right(log_w, p_y, possible)[0], by_exponentials(log_w, p_y, possible)[1]


@bank.rejected("mended_hint", "likelihood")
def most_likely_image(log_w, p_y, possible):
    even = np.full(len(p_y), 1 / len(p_y))
    return right(log_w, p_y, possible)[0], right(log_w, even, possible)[1]


@bank.rejected("mended_hint", "impossible")
def labels_out_of_the_question(log_w, p_y, possible):
    return right(log_w, p_y, possible)[0], right(log_w, p_y, np.ones_like(possible))[1]


@bank.rejected("mended_hint", "not one")
def joint_probabilities(log_w, p_y, possible):
    nats, p = right(log_w, p_y, possible)
    return nats, p * (possible @ p_y)[:, None]


@bank.rejected("mended_hint", "probability")
def its_choice(log_w, p_y, possible):
    nats, p = right(log_w, p_y, possible)
    return nats, np.eye(len(p_y))[p.argmax(axis=1)]


# --- 8.4 copied_share ---


def squares(points, others):
    return ((points[:, None] - others[None]) ** 2).sum(axis=2)


def same_class(labels, others):
    return labels[:, None] == others[None]


def nearest(points, labels, others, other_labels):
    return np.where(same_class(labels, other_labels), squares(points, others), np.inf).min(axis=1)


def copied(made, made_labels, train, train_labels, new, new_labels):
    to_new = nearest(made, made_labels, new, new_labels)
    return nearest(made, made_labels, train, train_labels) < to_new


def honest(made_labels, train_labels, new_labels):
    train, new = same_class(made_labels, train_labels).sum(axis=1), same_class(made_labels, new_labels).sum(axis=1)
    return np.mean(train / (train + new))


@bank.accepted("copied_share")
def by_neighbours(made, made_labels, train, train_labels, new, new_labels):
    from sklearn.neighbors import NearestNeighbors

    real, labels = np.vstack([train, new]), np.concatenate([train_labels, new_labels])
    hits, chances = [], []
    for point, label in zip(made, made_labels, strict=True):
        of_class = np.flatnonzero(labels == label)
        first = NearestNeighbors(n_neighbors=1).fit(real[of_class]).kneighbors([point], return_distance=False)[0, 0]
        hits.append(of_class[first] < len(train))
        chances.append(np.mean(of_class < len(train)))
    return float(np.mean(hits)), float(np.mean(chances))


@bank.accepted("copied_share")
def as_an_array(made, made_labels, train, train_labels, new, new_labels):
    share = copied(made, made_labels, train, train_labels, new, new_labels).mean()
    return np.float32([share, honest(made_labels, train_labels, new_labels)])


@bank.rejected("copied_share", "order")
def honest_first(*real_and_made):
    return as_an_array(*real_and_made)[::-1]


@bank.rejected("copied_share", "not a share")
def in_percent(*real_and_made):
    return 100 * as_an_array(*real_and_made)


@bank.rejected("copied_share", "not a share")
def a_count(made, made_labels, train, train_labels, new, new_labels):
    number = copied(made, made_labels, train, train_labels, new, new_labels).sum()
    return number, honest(made_labels, train_labels, new_labels)


@bank.rejected("copied_share", "any class")
def labels_ignored(made, made_labels, train, train_labels, new, new_labels):
    share = np.mean(squares(made, train).min(axis=1) < squares(made, new).min(axis=1))
    return share, honest(made_labels, train_labels, new_labels)


@bank.rejected("copied_share", "any class")
def labels_ignored_in_both(made, made_labels, train, train_labels, new, new_labels):
    share = np.mean(squares(made, train).min(axis=1) < squares(made, new).min(axis=1))
    return share, len(train) / (len(train) + len(new))


@bank.rejected("copied_share", "new images")
def nearer_to_new(made, made_labels, train, train_labels, new, new_labels):
    share = 1 - copied(made, made_labels, train, train_labels, new, new_labels).mean()
    return share, honest(made_labels, train_labels, new_labels)


@bank.rejected("copied_share", "new images")
def parts_exchanged(made, made_labels, train, train_labels, new, new_labels):
    return as_an_array(made, made_labels, new, new_labels, train, train_labels)


@bank.rejected("copied_share", "turned round")
def from_training_images(made, made_labels, train, train_labels, new, new_labels):
    to_made = nearest(train, train_labels, made, made_labels)
    share = np.mean(to_made < nearest(train, train_labels, new, new_labels))
    return share, honest(made_labels, train_labels, new_labels)


@bank.rejected("copied_share", "farthest")
def by_the_farthest(made, made_labels, train, train_labels, new, new_labels):
    farthest = [
        np.where(same_class(made_labels, labels), squares(made, real), -1).max(axis=1)
        for real, labels in ((train, train_labels), (new, new_labels))
    ]
    return np.mean(farthest[0] > farthest[1]), honest(made_labels, train_labels, new_labels)


@bank.rejected("copied_share", "mean distance")
def by_mean_distances(made, made_labels, train, train_labels, new, new_labels):
    hits = [
        np.linalg.norm(train[train_labels == label] - point, axis=1).mean()
        < np.linalg.norm(new[new_labels == label] - point, axis=1).mean()
        for point, label in zip(made, made_labels, strict=True)
    ]
    return np.mean(hits), honest(made_labels, train_labels, new_labels)


@bank.rejected("copied_share", "classes weighted")
def mean_of_classes(made, made_labels, train, train_labels, new, new_labels):
    hits = copied(made, made_labels, train, train_labels, new, new_labels)
    shares = [hits[made_labels == label].mean() for label in np.unique(made_labels)]
    return np.mean(shares), honest(made_labels, train_labels, new_labels)


@bank.rejected("copied_share", "share")
def never_nearer(made, made_labels, train, train_labels, new, new_labels):
    return 0.0, honest(made_labels, train_labels, new_labels)


def with_honest(answer):
    """Return an answer with the right share."""

    def whole(made, made_labels, train, train_labels, new, new_labels):
        share = copied(made, made_labels, train, train_labels, new, new_labels).mean()
        return share, answer(made_labels, train_labels, new_labels)

    whole.__name__ = answer.__name__
    return whole


@bank.rejected("copied_share", "half")
@with_honest
def one_half(made_labels, train_labels, new_labels):
    return 0.5


@bank.rejected("copied_share", "all classes")
@with_honest
def proportion_of_all(made_labels, train_labels, new_labels):
    return len(train_labels) / (len(train_labels) + len(new_labels))


@bank.rejected("copied_share", "honest classes")
@with_honest
def mean_of_proportions(made_labels, train_labels, new_labels):
    train, new = np.bincount(train_labels), np.bincount(new_labels)
    return np.mean(train / (train + new))


@bank.rejected("copied_share", "honest new")
@with_honest
def proportion_of_new(made_labels, train_labels, new_labels):
    return 1 - honest(made_labels, train_labels, new_labels)


@bank.rejected("copied_share", "ratio")
@with_honest
def odds(made_labels, train_labels, new_labels):
    return np.mean((np.bincount(train_labels) / np.bincount(new_labels))[made_labels])


@bank.rejected("copied_share", "honest")
@with_honest
def nothing_expected(made_labels, train_labels, new_labels):
    return 0.0
