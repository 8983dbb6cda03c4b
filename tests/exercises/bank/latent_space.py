"""Answers to exercise 05."""

import cvae_utils._quiet_start  # noqa: F401

import numpy as np
from keras import ops

from tests.exercises.bank import Bank

bank = Bank()


def one_hot(labels):
    return np.eye(10, dtype="float32")[labels]


# --- 5.1 write ---


@bank.accepted("write")
def digit_by_digit(encode, decode, images, labels, text):
    hand = sum(encode(images[[i]], one_hot(labels[[i]]))[0][0] for i in range(len(images))) / len(images)
    return [decode(hand[None], one_hot([digit]))[0] for digit in text.tolist()]


@bank.accepted("write")
def in_float32(encode, decode, images, labels, text):
    z_mean, _ = encode(images, one_hot(labels))
    hand = np.float32(z_mean).mean(axis=0)
    return np.float32(decode(np.tile(hand, (len(text), 1)), one_hot(text)))


@bank.accepted("write")
def by_keras(encode, decode, images, labels, text):
    y = ops.one_hot(ops.convert_to_tensor(labels, "int32"), 10)
    hand = ops.mean(ops.convert_to_tensor(encode(images, y)[0], "float32"), axis=0, keepdims=True)
    digits = ops.one_hot(ops.convert_to_tensor(text, "int32"), 10)
    return ops.convert_to_tensor(decode(ops.repeat(hand, len(text), axis=0), digits))


def in_hand(decode, z, text):
    return decode(np.repeat(np.reshape(z, (1, -1)), len(text), axis=0), one_hot(text))


@bank.rejected("write", "label")
def encoded_with_the_new_labels(encode, decode, images, labels, text):
    return in_hand(decode, encode(images, one_hot(text))[0].mean(axis=0), text)


@bank.rejected("write", "label")
def encoded_without_label(encode, decode, images, labels, text):
    return in_hand(decode, encode(images, np.zeros((len(images), 10)))[0].mean(axis=0), text)


@bank.rejected("write", "label")
def encoded_with_shifted_labels(encode, decode, images, labels, text):
    return in_hand(decode, encode(images, one_hot((labels + 1) % 10))[0].mean(axis=0), text)


@bank.rejected("write", "log-variance")
def second_result(encode, decode, images, labels, text):
    _, z = encode(images, one_hot(labels))
    return in_hand(decode, z.mean(axis=0), text)


@bank.rejected("write", "random")
def sampled(encode, decode, images, labels, text):
    z_mean, z_log_var = encode(images, one_hot(labels))
    z = z_mean + np.exp(z_log_var / 2) * np.random.default_rng().normal(size=z_mean.shape)
    return in_hand(decode, z.mean(axis=0), text)


@bank.rejected("write", "value")
def sampled_with_a_seed(encode, decode, images, labels, text):
    z_mean, z_log_var = encode(images, one_hot(labels))
    z = z_mean + np.exp(z_log_var / 2) * np.random.default_rng(0).normal(size=z_mean.shape)
    return in_hand(decode, z.mean(axis=0), text)


@bank.rejected("write", "several hands")
def digit_for_digit(encode, decode, images, labels, text):
    return decode(encode(images, one_hot(labels))[0], one_hot(text))


@bank.rejected("write", "several hands")
def encoded_and_decoded_with_the_new_labels(encode, decode, images, labels, text):
    return decode(encode(images, one_hot(text))[0], one_hot(text))


@bank.rejected("write", "one image")
def only_the_first(encode, decode, images, labels, text):
    return in_hand(decode, encode(images, one_hot(labels))[0][0], text)


@bank.rejected("write", "one image")
def overwritten_in_a_loop(encode, decode, images, labels, text):
    for image, label in zip(images, labels, strict=True):
        z, _ = encode(image[None], one_hot([label]))
    return in_hand(decode, z, text)


@bank.rejected("write", "mean image")
def mean_before_encoding(encode, decode, images, labels, text):
    image = images.mean(axis=0, keepdims=True).astype("uint8")
    return in_hand(decode, encode(image, one_hot(labels).mean(axis=0, keepdims=True))[0], text)


@bank.rejected("write", "cross-fade")
def mean_after_decoding(encode, decode, images, labels, text):
    z_mean, _ = encode(images, one_hot(labels))
    return np.mean([in_hand(decode, z, text) for z in z_mean], axis=0)


@bank.rejected("write", "sum")
def summed(encode, decode, images, labels, text):
    return in_hand(decode, encode(images, one_hot(labels))[0].sum(axis=0), text)


@bank.rejected("write", "labels decoded")
def own_labels(encode, decode, images, labels, text):
    return in_hand(decode, encode(images, one_hot(labels))[0].mean(axis=0), labels)


@bank.rejected("write", "labels decoded")
def reconstructed(encode, decode, images, labels, text):
    return decode(encode(images, one_hot(labels))[0], one_hot(labels))


@bank.rejected("write", "order")
def sorted_digits(encode, decode, images, labels, text):
    return in_hand(decode, encode(images, one_hot(labels))[0].mean(axis=0), np.sort(text))


@bank.rejected("write", "length")
def as_long_as_the_images(encode, decode, images, labels, text):
    z_mean, _ = encode(images, one_hot(labels))
    return decode(np.repeat(z_mean.mean(axis=0, keepdims=True), len(images), axis=0), one_hot(text))


@bank.rejected("write", "value")
def over_all_axes(encode, decode, images, labels, text):
    z_mean, _ = encode(images, one_hot(labels))
    return in_hand(decode, np.full(z_mean.shape[1], z_mean.mean()), text)


@bank.rejected("write", "raised")
def whole_number_labels(encode, decode, images, labels, text):
    return in_hand(decode, encode(images, labels)[0].mean(axis=0), text)


# --- 5.2 mended_share ---


def by_groups(before, after, groups, measure):
    return [measure(before[groups == group], after[groups == group]) for group in np.unique(groups)]


def slope(before, after):
    before = before - before.mean()
    return before @ after / (before @ before)


def correlation(before, after):
    return np.corrcoef(before, after)[0, 1]


def pair(labels, new_labels):
    return 10 * labels + new_labels


@bank.accepted("mended_share")
def mean_of_slopes(before, after, labels, new_labels):
    return np.mean(by_groups(before, after, pair(labels, new_labels), slope))


@bank.accepted("mended_share")
def less_the_means(before, after, labels, new_labels):
    before = before.copy()
    for i, j in set(zip(labels.tolist(), new_labels.tolist(), strict=True)):
        chosen = (labels == i) & (new_labels == j)
        before[chosen] -= before[chosen].mean()
    return float(before @ after / (before @ before))


@bank.accepted("mended_share")
def by_least_squares(before, after, labels, new_labels):
    groups = np.unique(pair(labels, new_labels), return_inverse=True)[1]
    return np.linalg.lstsq(np.column_stack([before, np.eye(groups.max() + 1)[groups]]), after)[0][0]


@bank.accepted("mended_share")
def weighted_in_float32(before, after, labels, new_labels):
    groups = pair(labels, new_labels)
    sizes = by_groups(before, after, groups, lambda b, a: len(b))
    return np.float32(np.average(by_groups(before, after, groups, slope), weights=sizes))


@bank.rejected("mended_share", "pooled")
def as_found(before, after, labels, new_labels):
    return slope(before, after)


@bank.rejected("mended_share", "pooled")
def pooled_correlation(before, after, labels, new_labels):
    return correlation(before, after)


@bank.rejected("mended_share", "pooled")
def less_one_mean(before, after, labels, new_labels):
    before, after = before - before.mean(), after - after.mean()
    return before @ after / (before @ before)


@bank.rejected("mended_share", "pooled")
def ratio_of_spreads_of_all(before, after, labels, new_labels):
    return after.std() / before.std()


@bank.rejected("mended_share", "label only")
def by_label(before, after, labels, new_labels):
    return np.mean(by_groups(before, after, labels, slope))


@bank.rejected("mended_share", "label only")
def correlation_by_label_as_in_the_lesson(before, after, labels, new_labels):
    return np.mean(by_groups(before, after, labels, correlation))


@bank.rejected("mended_share", "label only")
def less_the_means_by_label(before, after, labels, new_labels):
    before, after = before.copy(), after.copy()
    for label in np.unique(labels):
        before[labels == label] -= before[labels == label].mean()
        after[labels == label] -= after[labels == label].mean()
    return before @ after / (before @ before)


@bank.rejected("mended_share", "new label only")
def by_new_label(before, after, labels, new_labels):
    return np.mean(by_groups(before, after, new_labels, slope))


@bank.rejected("mended_share", "separately")
def less_the_means_of_each_side(before, after, labels, new_labels):
    before, after = before.copy(), after.copy()
    for label in np.unique(labels):
        before[labels == label] -= before[labels == label].mean()
        after[new_labels == label] -= after[new_labels == label].mean()
    return before @ after / (before @ before)


@bank.rejected("mended_share", "separately")
def a_mean_for_each_label_and_one_for_each_new_label(before, after, labels, new_labels):
    columns = np.column_stack([before, one_hot(labels), one_hot(new_labels)])
    return np.linalg.lstsq(columns, after, rcond=None)[0][0]


@bank.rejected("mended_share", "direction")
def both_directions_in_one(before, after, labels, new_labels):
    groups = pair(np.minimum(labels, new_labels), np.maximum(labels, new_labels))
    return np.mean(by_groups(before, after, groups, slope))


@bank.rejected("mended_share", "correlation")
def correlation_by_pair(before, after, labels, new_labels):
    return np.mean(by_groups(before, after, pair(labels, new_labels), correlation))


@bank.rejected("mended_share", "inverse")
def arguments_swapped(before, after, labels, new_labels):
    return mean_of_slopes(after, before, labels, new_labels)


@bank.rejected("mended_share", "means")
def slope_of_means(before, after, labels, new_labels):
    groups = pair(labels, new_labels)
    means = by_groups(before, after, groups, lambda b, a: (b.mean(), a.mean()))
    return slope(*np.transpose(means))


@bank.rejected("mended_share", "origin")
def through_the_origin(before, after, labels, new_labels):
    return np.mean(by_groups(before, after, pair(labels, new_labels), lambda b, a: b @ a / (b @ b)))


@bank.rejected("mended_share", "origin")
def only_the_transfers_less_their_mean(before, after, labels, new_labels):
    after = after.copy()
    for group in np.unique(pair(labels, new_labels)):
        after[pair(labels, new_labels) == group] -= after[pair(labels, new_labels) == group].mean()
    return before @ after / (before @ before)


@bank.rejected("mended_share", "sum")
def summed_over_pairs(before, after, labels, new_labels):
    return np.sum(by_groups(before, after, pair(labels, new_labels), slope))


@bank.rejected("mended_share", "sign")
def ratio_of_spreads(before, after, labels, new_labels):
    return np.mean(by_groups(before, after, pair(labels, new_labels), lambda b, a: a.std() / b.std()))


@bank.rejected("mended_share", "nothing")
def divided_by_the_spread_of_the_transfers(before, after, labels, new_labels):
    groups = pair(labels, new_labels)
    return np.mean(by_groups(before, after, groups, lambda b, a: correlation(b, a) * a.std() / b.std()))


@bank.rejected("mended_share", "value")
def digits_as_numbers(before, after, labels, new_labels):
    columns = np.column_stack([before, labels, new_labels, np.ones(len(before))])
    return np.linalg.lstsq(columns, after, rcond=None)[0][0]


@bank.rejected("mended_share", "shape")
def one_slope_for_each_pair(before, after, labels, new_labels):
    return by_groups(before, after, pair(labels, new_labels), slope)


# --- 5.3 mended_path ---


def at(decode, z, y):
    return decode(z, np.repeat(y[None], len(z), axis=0))


@bank.accepted("mended_path")
def by_linspace(decode, z_a, z_b, y, steps):
    return at(decode, np.linspace(z_a, z_b, steps), y)


@bank.accepted("mended_path")
def by_a_list_of_points(decode, z_a, z_b, y, steps):
    points = [z_a + (z_b - z_a) * i / (steps - 1) for i in range(steps)]
    return [image for image in np.float32(decode(np.array(points), np.tile(y, (steps, 1))))]


@bank.rejected("mended_path", "end")
def found_path(decode, z_a, z_b, y, steps):
    images = []
    for i in range(steps):
        t = i / steps
        images.append(decode(((1 - t) * z_a + t * z_b)[None], y[None])[0])
    return np.stack(images)


@bank.rejected("mended_path", "end")
def found_path_in_one_call(decode, z_a, z_b, y, steps):
    t = np.arange(steps)[:, None] / steps
    return at(decode, (1 - t) * z_a + t * z_b, y)


@bank.rejected("mended_path", "end")
def without_endpoint(decode, z_a, z_b, y, steps):
    return at(decode, np.linspace(z_a, z_b, steps, endpoint=False), y)


@bank.rejected("mended_path", "end")
def between_the_ends(decode, z_a, z_b, y, steps):
    return at(decode, np.linspace(z_a, z_b, steps + 2)[1:-1], y)


@bank.rejected("mended_path", "start")
def counted_from_one(decode, z_a, z_b, y, steps):
    t = np.arange(1, steps + 1)[:, None] / steps
    return at(decode, (1 - t) * z_a + t * z_b, y)


@bank.rejected("mended_path", "label")
def label_repeated_number_by_number(decode, z_a, z_b, y, steps):
    return decode(np.linspace(z_a, z_b, steps), np.repeat(y, steps).reshape(steps, -1))


@bank.rejected("mended_path", "reversed")
def from_b_to_a(decode, z_a, z_b, y, steps):
    t = np.linspace(0, 1, steps)[:, None]
    return at(decode, t * z_a + (1 - t) * z_b, y)


@bank.rejected("mended_path", "count")
def one_image_more(decode, z_a, z_b, y, steps):
    return at(decode, np.linspace(z_a, z_b, steps + 1), y)


@bank.rejected("mended_path", "calls")
def still_in_a_loop(decode, z_a, z_b, y, steps):
    return np.concatenate([decode(z[None], y[None]) for z in np.linspace(z_a, z_b, steps)])


@bank.rejected("mended_path", "calls")
def ends_by_themselves(decode, z_a, z_b, y, steps):
    inside = at(decode, np.linspace(z_a, z_b, steps)[1:-1], y)
    return np.concatenate([decode(z_a[None], y[None]), inside, decode(z_b[None], y[None])])


@bank.rejected("mended_path", "cross-fade")
def cross_fade(decode, z_a, z_b, y, steps):
    a, b = at(decode, np.stack([z_a, z_b]), y)
    return np.linspace(a, b, steps)


@bank.rejected("mended_path", "one point")
def does_not_move(decode, z_a, z_b, y, steps):
    return at(decode, np.repeat(z_a[None], steps, axis=0), y)


@bank.rejected("mended_path", "arc")
def spherical(decode, z_a, z_b, y, steps):
    t = np.linspace(0, 1, steps)[:, None]
    angle = np.arccos(z_a @ z_b / np.linalg.norm(z_a) / np.linalg.norm(z_b))
    return at(decode, (np.sin((1 - t) * angle) * z_a + np.sin(t * angle) * z_b) / np.sin(angle), y)


@bank.rejected("mended_path", "uneven")
def slow_at_both_ends(decode, z_a, z_b, y, steps):
    t = (1 - np.cos(np.linspace(0, np.pi, steps)[:, None])) / 2
    return at(decode, (1 - t) * z_a + t * z_b, y)


@bank.rejected("mended_path", "raised")
def label_not_repeated(decode, z_a, z_b, y, steps):
    return decode(np.linspace(z_a, z_b, steps), y[None])


# --- 5.4 expected_image ---


def every_pair(decode, z, p):
    images = decode(np.repeat(z, 10, axis=0), np.tile(np.eye(10), (len(z), 1)))
    return images.reshape(len(z), 10, *images.shape[1:])


def weighted(images, p):
    return (images * p[:, :, None, None, None]).sum(axis=1)


@bank.accepted("expected_image")
def label_after_label(decode, z, p):
    images = decode(np.tile(z, (10, 1)), np.repeat(np.eye(10), len(z), axis=0)).reshape(10, len(z), -1)
    return np.einsum("knd,nk->nd", images, p).reshape(-1, 28, 28, 1)


@bank.accepted("expected_image")
def added_up_from_zeros(decode, z, p):
    images, found = every_pair(decode, z, p), np.zeros((len(z), 28, 28, 1))
    for k in range(10):
        found += p[:, k].reshape(-1, 1, 1, 1) * images[:, k]
    return found


@bank.accepted("expected_image")
def as_a_list_in_float32(decode, z, p):
    return [np.tensordot(row, images, 1) for row, images in zip(np.float32(p), every_pair(decode, z, p), strict=True)]


@bank.accepted("expected_image")
def only_what_is_possible(decode, z, p):
    rows, labels = np.nonzero(p > 0)
    images = decode(z[rows], one_hot(labels))
    found = np.zeros((len(z), *images.shape[1:]))
    np.add.at(found, rows, images * p[rows, labels][:, None, None, None])
    return found


@bank.rejected("expected_image", "blend")
def blended_label(decode, z, p):
    return decode(z, p)


@bank.rejected("expected_image", "logits")
def mixed_logits(decode, z, p):
    images = every_pair(decode, z, p)
    return 1 / (1 + np.exp(-weighted(np.log(images) - np.log1p(-images), p)))


@bank.rejected("expected_image", "logits")
def geometric_mean(decode, z, p):
    return np.exp(weighted(np.log(every_pair(decode, z, p)), p))


@bank.rejected("expected_image", "uniform")
def mean_over_labels(decode, z, p):
    return every_pair(decode, z, p).mean(axis=1)


@bank.rejected("expected_image", "most likely")
def best_guess(decode, z, p):
    return decode(z, one_hot(p.argmax(axis=1)))


@bank.rejected("expected_image", "sum")
def unweighted_sum(decode, z, p):
    return every_pair(decode, z, p).sum(axis=1)


@bank.rejected("expected_image", "rows")
def first_row_for_all(decode, z, p):
    return weighted(every_pair(decode, z, p), np.repeat(p[:1], len(p), axis=0))


@bank.rejected("expected_image", "rows")
def mean_row_for_all(decode, z, p):
    return weighted(every_pair(decode, z, p), np.repeat(p.mean(axis=0, keepdims=True), len(p), axis=0))


@bank.rejected("expected_image", "order")
def both_tiled(decode, z, p):
    images = decode(np.tile(z, (10, 1)), np.tile(np.eye(10), (len(z), 1)))
    return weighted(images.reshape(len(z), 10, *images.shape[1:]), p)


@bank.rejected("expected_image", "order")
def both_repeated(decode, z, p):
    images = decode(np.repeat(z, 10, axis=0), np.repeat(np.eye(10), len(z), axis=0))
    return weighted(images.reshape(len(z), 10, *images.shape[1:]), p)


@bank.rejected("expected_image", "order")
def taken_apart_wrongly(decode, z, p):
    images = decode(np.tile(z, (10, 1)), np.repeat(np.eye(10), len(z), axis=0))
    return weighted(images.reshape(len(z), 10, *images.shape[1:]), p)


@bank.rejected("expected_image", "random")
def label_drawn(decode, z, p):
    rng = np.random.default_rng()
    return decode(z, one_hot([rng.choice(10, p=row / row.sum()) for row in p]))


@bank.rejected("expected_image", "calls")
def label_by_label(decode, z, p):
    return sum(p[:, k, None, None, None] * decode(z, np.tile(one_hot(k), (len(z), 1))) for k in range(10))


@bank.rejected("expected_image", "value")
def weights_squared(decode, z, p):
    return weighted(every_pair(decode, z, p), p**2)


@bank.rejected("expected_image", "shape")
def labels_not_summed(decode, z, p):
    return every_pair(decode, z, p) * p[:, :, None, None, None]


# --- 5.5 cross_validated_gain ---


def held_out(fit, z, labels, part):
    p = np.zeros((len(z), labels.max() + 1))
    for k in np.unique(part):
        p[part == k] = fit(z[part != k], labels[part != k])(z[part == k])
    return p


def of_label(p, labels):
    return p[np.arange(len(labels)), labels]


def share(labels):
    return (np.bincount(labels) / len(labels))[labels]


def mean_and_error(savings):
    return savings.mean(), savings.std() / np.sqrt(len(savings))


@bank.accepted("cross_validated_gain")
def by_parts_in_a_list(fit, z, labels, part):
    saved = []
    for k in range(part.max() + 1):
        probe = fit(z[part != k], labels[part != k])
        for label, row in zip(labels[part == k], probe(z[part == k]), strict=True):
            saved.append(float(np.log(row[label]) - np.log((labels == label).mean())))
    return np.mean(saved), np.std(saved, ddof=1) / len(saved) ** 0.5


@bank.accepted("cross_validated_gain")
def point_by_point(fit, z, labels, part):
    rows = [fit(z[part != part[i]], labels[part != part[i]])(z[i : i + 1])[0] for i in range(len(z))]
    return list(mean_and_error(np.float32(np.log(of_label(np.array(rows), labels) / share(labels)))))


@bank.accepted("cross_validated_gain")
def asked_twice(fit, z, labels, part):
    held_out(fit, z, labels, part)
    return mean_and_error(np.log(of_label(held_out(fit, z, labels, part), labels)) - np.log(share(labels)))


@bank.rejected("cross_validated_gain", "seen")
def fitted_to_all(fit, z, labels, part):
    return mean_and_error(np.log(of_label(fit(z, labels)(z), labels) / share(labels)))


@bank.rejected("cross_validated_gain", "seen")
def asked_about_the_same(fit, z, labels, part):
    p = np.zeros((len(z), labels.max() + 1))
    for k in np.unique(part):
        p[part == k] = fit(z[part == k], labels[part == k])(z[part == k])
    return mean_and_error(np.log(of_label(p, labels) / share(labels)))


@bank.rejected("cross_validated_gain", "inverted")
def parts_exchanged(fit, z, labels, part):
    saved = []
    for k in np.unique(part):
        p = fit(z[part == k], labels[part == k])(z[part != k])
        saved.append(np.log(of_label(p, labels[part != k]) / share(labels)[part != k]))
    return mean_and_error(np.concatenate(saved))


@bank.rejected("cross_validated_gain", "one part")
def one_split(fit, z, labels, part):
    p = fit(z[part != 0], labels[part != 0])(z[part == 0])
    return mean_and_error(np.log(of_label(p, labels[part == 0]) / share(labels)[part == 0]))


@bank.rejected("cross_validated_gain", "labels")
def concatenated(fit, z, labels, part):
    p = [fit(z[part != k], labels[part != k])(z[part == k]) for k in np.unique(part)]
    return mean_and_error(np.log(of_label(np.concatenate(p), labels) / share(labels)))


@bank.rejected("cross_validated_gain", "swapped")
def error_first(fit, z, labels, part):
    return by_parts_in_a_list(fit, z, labels, part)[::-1]


@bank.rejected("cross_validated_gain", "no entropy")
def minus_cross_entropy(fit, z, labels, part):
    return mean_and_error(np.log(of_label(held_out(fit, z, labels, part), labels)))


@bank.rejected("cross_validated_gain", "no entropy")
def cross_entropy(fit, z, labels, part):
    return mean_and_error(-np.log(of_label(held_out(fit, z, labels, part), labels)))


@bank.rejected("cross_validated_gain", "even classes")
def log_of_the_number_of_classes(fit, z, labels, part):
    p = held_out(fit, z, labels, part)
    return mean_and_error(np.log(p.shape[1]) + np.log(of_label(p, labels)))


@bank.rejected("cross_validated_gain", "sign")
def cost_less_entropy(fit, z, labels, part):
    return mean_and_error(np.log(share(labels) / of_label(held_out(fit, z, labels, part), labels)))


@bank.rejected("cross_validated_gain", "bits")
def in_bits(fit, z, labels, part):
    return mean_and_error(np.log2(of_label(held_out(fit, z, labels, part), labels) / share(labels)))


@bank.rejected("cross_validated_gain", "most likely")
def probability_of_the_guess(fit, z, labels, part):
    return mean_and_error(np.log(held_out(fit, z, labels, part).max(axis=1) / share(labels)))


@bank.rejected("cross_validated_gain", "accuracy")
def share_of_right_guesses(fit, z, labels, part):
    return mean_and_error(held_out(fit, z, labels, part).argmax(axis=1) == labels)


@bank.rejected("cross_validated_gain", "log of mean")
def logarithm_last(fit, z, labels, part):
    p = of_label(held_out(fit, z, labels, part), labels)
    return np.log(p.mean()) - np.log(share(labels)).mean(), p.std() / np.sqrt(len(p))


@bank.rejected("cross_validated_gain", "parts weighted")
def mean_of_parts(fit, z, labels, part):
    saved = np.log(of_label(held_out(fit, z, labels, part), labels) / share(labels))
    means = np.array([saved[part == k].mean() for k in np.unique(part)])
    return mean_and_error(means)


@bank.rejected("cross_validated_gain", "shares")
def entropy_of_each_part(fit, z, labels, part):
    saved = np.zeros(len(z))
    for k in np.unique(part):
        p = fit(z[part != k], labels[part != k])(z[part == k])
        saved[part == k] = np.log(of_label(p, labels[part == k]) / share(labels[part == k]))
    return mean_and_error(saved)


@bank.rejected("cross_validated_gain", "shares")
def shares_of_the_others(fit, z, labels, part):
    p = of_label(held_out(fit, z, labels, part), labels)
    others = [np.mean(labels[part != k] == label) for k, label in zip(part, labels, strict=True)]
    return mean_and_error(np.log(p / others))


@bank.rejected("cross_validated_gain", "own parts")
def parts_of_its_own(fit, z, labels, part):
    return point_by_point(fit, z, labels, np.random.default_rng(0).integers(0, 5, len(z)))


@bank.rejected("cross_validated_gain", "own parts")
def one_point_at_a_time(fit, z, labels, part):
    return point_by_point(fit, z, labels, np.arange(len(z)))


@bank.rejected("cross_validated_gain", "gain")
def summed_over_points(fit, z, labels, part):
    saved = np.log(of_label(held_out(fit, z, labels, part), labels) / share(labels))
    return saved.sum(), saved.std() * np.sqrt(len(saved))


@bank.rejected("cross_validated_gain", "gain")
def each_row_with_all_labels(fit, z, labels, part):
    saved = np.zeros(len(z))
    for k in np.unique(part):
        p = fit(z[part != k], labels[part != k])(z[part == k])
        saved[part == k] = np.log(p[:, labels[part == k]]).mean(axis=1)
    return mean_and_error(saved - np.log(share(labels)))


@bank.rejected("cross_validated_gain", "spread")
def standard_deviation(fit, z, labels, part):
    saved = np.log(of_label(held_out(fit, z, labels, part), labels) / share(labels))
    return saved.mean(), saved.std()


@bank.rejected("cross_validated_gain", "variance")
def variance_of_the_mean(fit, z, labels, part):
    saved = np.log(of_label(held_out(fit, z, labels, part), labels) / share(labels))
    return saved.mean(), saved.var() / len(saved)


@bank.rejected("cross_validated_gain", "cost alone")
def error_of_the_cross_entropy(fit, z, labels, part):
    cost = -np.log(of_label(held_out(fit, z, labels, part), labels))
    return -np.log(share(labels)).mean() - cost.mean(), cost.std() / np.sqrt(len(cost))


@bank.rejected("cross_validated_gain", "terms apart")
def costs_by_part_and_shares_by_point(fit, z, labels, part):
    parts = [part == k for k in np.unique(part)]
    logs = [np.log(of_label(fit(z[~one], labels[~one])(z[one]), labels[one])) for one in parts]
    return mean_and_error(np.concatenate(logs) - np.log(share(labels)))


@bank.rejected("cross_validated_gain", "error")
def error_over_parts(fit, z, labels, part):
    saved = np.log(of_label(held_out(fit, z, labels, part), labels) / share(labels))
    means = np.array([saved[part == k].mean() for k in np.unique(part)])
    return saved.mean(), means.std() / np.sqrt(len(means))


@bank.rejected("cross_validated_gain", "raised")
def one_hot_labels(fit, z, labels, part):
    return by_parts_in_a_list(fit, z, np.eye(labels.max() + 1, dtype=int)[labels], part)
