"""Answers to exercise 07."""

import numpy as np

from tests.exercises.bank import Bank

bank = Bank()


# --- 7.1 with_planes ---


def everywhere(features, y):
    return np.ones((*features.shape[:3], 1)) * y[:, None, None]


def joined(*parts):
    return np.concatenate(parts, axis=-1)


@bank.accepted("with_planes")
def by_filling(features, y):
    batch, height, width, channels = features.shape
    result = np.empty((batch, height, width, channels + y.shape[1]))
    result[..., :channels] = features
    for image in range(batch):
        result[image, :, :, channels:] = y[image]
    return result


@bank.accepted("with_planes")
def by_keras(features, y):
    from keras import ops

    height, width = features.shape[1:3]
    planes = ops.tile(ops.reshape(y, (len(y), 1, 1, -1)), (1, height, width, 1))
    return ops.concatenate([features, planes], axis=-1)


@bank.accepted("with_planes")
def by_moving_the_axes(features, y):
    height, width = features.shape[1:3]
    first = np.repeat(y, height * width, axis=1).reshape(*y.shape, height, width)
    return joined(features, first.transpose(0, 2, 3, 1)).tolist()


@bank.rejected("with_planes", "channels first")
def channels_first(features, y):
    return joined(features, everywhere(features, y)).transpose(0, 3, 1, 2)


@bank.rejected("with_planes", "one plane")
def number_of_the_class(features, y):
    return joined(features, everywhere(features, y.argmax(axis=1)[:, None]))


@bank.rejected("with_planes", "features lost")
def planes_alone(features, y):
    return everywhere(features, y)


@bank.rejected("with_planes", "planes")
def one_class_less(features, y):
    return joined(features, everywhere(features, y[:, :-1]))


@bank.rejected("with_planes", "order")
def planes_before(features, y):
    return joined(everywhere(features, y), features)


@bank.rejected("with_planes", "features")
def label_on_the_features_too(features, y):
    return joined(features + y.argmax(axis=1)[:, None, None, None], everywhere(features, y))


@bank.rejected("with_planes", "corner")
def in_a_corner(features, y):
    planes = np.zeros((*features.shape[:3], y.shape[1]))
    planes[:, 0, 0] = y
    return joined(features, planes)


@bank.rejected("with_planes", "corner")
def in_the_first_row(features, y):
    planes = np.zeros((*features.shape[:3], y.shape[1]))
    planes[:, 0] = y[:, None]
    return joined(features, planes)


@bank.rejected("with_planes", "mixed")
def tiled_over_the_batch(features, y):
    height, width = features.shape[1:3]
    return joined(features, np.tile(y, (height * width, 1)).reshape(*features.shape[:3], -1))


@bank.rejected("with_planes", "mixed")
def first_label_for_all(features, y):
    return joined(features, everywhere(features, np.repeat(y[:1], len(y), axis=0)))


@bank.rejected("with_planes", "scrambled")
def repeated_and_reshaped(features, y):
    height, width = features.shape[1:3]
    return joined(features, np.repeat(y, height * width, axis=1).reshape(*features.shape[:3], -1))


@bank.rejected("with_planes", "blend")
def class_chosen(features, y):
    return joined(features, everywhere(features, np.eye(y.shape[1])[y.argmax(axis=1)]))


@bank.rejected("with_planes", "blend")
def rounded_to_integers(features, y):
    return joined(features, everywhere(features, y.astype(int)))


@bank.rejected("with_planes", "value")
def shared_among_the_pixels(features, y):
    return joined(features, everywhere(features, y) / features[0, ..., 0].size)


@bank.rejected("with_planes", "raised")
def square_images_only(features, y):
    size = features.shape[1]
    return joined(features, np.ones((len(y), size, size, 1)) * y[:, None, None])


# --- 7.2 modulate ---


def rows(features, labels, table):
    return table[labels].reshape(len(labels), *[1] * (features.ndim - 2), -1)


@bank.accepted("modulate")
def by_a_loop(features, labels, scale, shift):
    return [(1 + scale[label]) * one + shift[label] for one, label in zip(features, labels, strict=True)]


@bank.accepted("modulate")
def by_einsum(features, labels, scale, shift):
    y = np.eye(len(scale))[labels]
    s, t = y @ scale, y @ shift
    return (
        features + np.einsum("b...c,bc->b...c", features, s) + np.einsum("b...c,bc->b...c", np.ones_like(features), t)
    )


@bank.accepted("modulate")
def by_keras_film(features, labels, scale, shift):
    from keras import ops

    return ops.add(ops.multiply(features, rows(features, labels, 1 + scale)), rows(features, labels, shift))


@bank.rejected("modulate", "identity")
def scale_alone(features, labels, scale, shift):
    return features * rows(features, labels, scale) + rows(features, labels, shift)


@bank.rejected("modulate", "exponential")
def positive_scale(features, labels, scale, shift):
    return features * np.exp(rows(features, labels, scale)) + rows(features, labels, shift)


@bank.rejected("modulate", "swapped")
def tables_swapped(features, labels, scale, shift):
    return by_a_loop(features, labels, shift, scale)


@bank.rejected("modulate", "no shift")
def only_scaled(features, labels, scale, shift):
    return by_a_loop(features, labels, scale, 0 * shift)


@bank.rejected("modulate", "no scale")
def only_shifted(features, labels, scale, shift):
    return features + rows(features, labels, shift)


@bank.rejected("modulate", "shift scaled")
def shifted_before(features, labels, scale, shift):
    return (features + rows(features, labels, shift)) * rows(features, labels, 1 + scale)


@bank.rejected("modulate", "label")
def counted_from_one(features, labels, scale, shift):
    return by_a_loop(features, labels - 1, scale, shift)


@bank.rejected("modulate", "label")
def first_label(features, labels, scale, shift):
    return features * (1 + scale[labels[0]]) + shift[labels[0]]


@bank.rejected("modulate", "label")
def place_in_the_batch(features, labels, scale, shift):
    return by_a_loop(features, np.arange(len(labels)), scale, shift)


@bank.rejected("modulate", "pixels")
def batch_against_columns(features, labels, scale, shift):
    return features * (1 + scale[labels]) + shift[labels]


@bank.rejected("modulate", "pixels")
def channels_against_rows(features, labels, scale, shift):
    if features.ndim == 2:
        return batch_against_columns(features, labels, scale, shift)
    return features * (1 + scale[labels][:, :, None, None]) + shift[labels][:, :, None, None]


@bank.rejected("modulate", "vector")
def maps_only(features, labels, scale, shift):
    return features * (1 + scale[labels][:, None, None]) + shift[labels][:, None, None]


@bank.rejected("modulate", "map")
def mean_over_the_pixels(features, labels, scale, shift):
    each = features.reshape(len(features), -1, features.shape[-1]).mean(axis=1)
    return each * (1 + scale[labels]) + shift[labels]


@bank.rejected("modulate", "in place")
def overwritten(features, labels, scale, shift):
    features *= rows(features, labels, 1 + scale)
    features += rows(features, labels, shift)
    return features


@bank.rejected("modulate", "in place")
def one_added_to_the_table(features, labels, scale, shift):
    scale += 1
    return features * rows(features, labels, scale) + rows(features, labels, shift)


@bank.rejected("modulate", "value")
def negative_parts_cut(features, labels, scale, shift):
    return np.maximum(0, np.array(by_a_loop(features, labels, scale, shift)))


@bank.rejected("modulate", "value")
def mean_of_all_classes(features, labels, scale, shift):
    return features * (1 + scale.mean(axis=0)) + shift.mean(axis=0)


# --- 7.3 label_weights ---


def counted(
    way, classes, kernel_sizes, channels, units, entries, planes=None, embedding=None, scaling=None
):  # right, but for the number that is given
    right = {
        "planes": sum(classes * size**2 * n for size, n in zip(kernel_sizes, channels, strict=True)),
        "embedding": classes * entries + entries * units,
        "scaling": 2 * classes * (sum(channels) + units),
    }
    given = {"planes": planes, "embedding": embedding, "scaling": scaling}[way]
    return right[way] if given is None else given


@bank.accepted("label_weights")
def by_shapes(way, classes, kernel_sizes, channels, units, entries):
    shapes = {
        "planes": [(k, k, classes, c) for k, c in zip(kernel_sizes, channels, strict=True)],
        "embedding": [(classes, entries), (entries, units)],
        "scaling": [(classes, n) for n in (*channels, units) for table in ("scale", "shift")],
    }
    return sum(np.prod(shape) for shape in shapes[way])


@bank.accepted("label_weights")
def as_a_float(way, classes, kernel_sizes, channels, units, entries):
    kernels, channels = np.array(kernel_sizes, float), np.array(channels)
    if way == "planes":
        return kernels**2 @ channels * classes
    return entries * (classes + units) if way == "embedding" else np.float32(2 * classes * (channels.sum() + units))


@bank.rejected("label_weights", "first only")
def planes_at_the_input(way, classes, kernel_sizes, channels, *sizes):
    at_input = kernel_sizes[0] ** 2 * classes * channels[0]
    return counted(way, classes, kernel_sizes, channels, *sizes, planes=at_input)


@bank.rejected("label_weights", "kernel")
def kernels_of_one_row(way, classes, kernel_sizes, channels, *sizes):
    return counted(way, classes, kernel_sizes, channels, *sizes, planes=classes * np.dot(kernel_sizes, channels))


@bank.rejected("label_weights", "biases")
def planes_with_biases(way, classes, kernel_sizes, channels, *sizes):
    planes = sum((classes * k * k + 1) * c for k, c in zip(kernel_sizes, channels, strict=True))
    return counted(way, classes, kernel_sizes, channels, *sizes, planes=planes)


@bank.rejected("label_weights", "filters")
def one_filter_of_each(way, classes, kernel_sizes, channels, *sizes):
    planes = sum(classes * size**2 for size in kernel_sizes)
    return counted(way, classes, kernel_sizes, channels, *sizes, planes=planes)


@bank.rejected("label_weights", "whole layer")
def whole_convolutions(way, classes, kernel_sizes, channels, *sizes):
    from keras import layers

    planes, before = 0, 1
    for size, n in zip(kernel_sizes, channels, strict=True):
        convolution = layers.Conv2D(n, size)
        convolution.build((None, 9, 9, before + classes))
        planes, before = planes + convolution.count_params(), n
    return counted(way, classes, kernel_sizes, channels, *sizes, planes=planes)


@bank.rejected("label_weights", "table")
def table_forgotten(way, classes, kernel_sizes, channels, units, entries):
    return counted(way, classes, kernel_sizes, channels, units, entries, embedding=entries * units)


@bank.rejected("label_weights", "dense")
def dense_layer_forgotten(way, classes, kernel_sizes, channels, units, entries):
    return counted(way, classes, kernel_sizes, channels, units, entries, embedding=classes * entries)


@bank.rejected("label_weights", "one-hot")
def no_embedding_at_all(way, classes, kernel_sizes, channels, units, entries):
    return counted(way, classes, kernel_sizes, channels, units, entries, embedding=classes * units)


@bank.rejected("label_weights", "table bias")
def table_with_a_bias(way, classes, kernel_sizes, channels, units, entries):
    embedding = (classes + 1) * entries + entries * units
    return counted(way, classes, kernel_sizes, channels, units, entries, embedding=embedding)


@bank.rejected("label_weights", "dense bias")
def biases_of_the_dense_layer(way, classes, kernel_sizes, channels, units, entries):
    embedding = classes * entries + (entries + 1) * units
    return counted(way, classes, kernel_sizes, channels, units, entries, embedding=embedding)


@bank.rejected("label_weights", "one row")
def the_same_for_all_classes(way, classes, kernel_sizes, channels, units, entries):
    return counted(way, classes, kernel_sizes, channels, units, entries, scaling=2 * (sum(channels) + units))


@bank.rejected("label_weights", "one table")
def scale_without_shift(way, classes, kernel_sizes, channels, units, entries):
    return counted(way, classes, kernel_sizes, channels, units, entries, scaling=classes * (sum(channels) + units))


@bank.rejected("label_weights", "bias")
def as_in_the_lesson(way, classes, kernel_sizes, channels, units, entries):
    scaling = 2 * (classes + 1) * (sum(channels) + units)
    return counted(way, classes, kernel_sizes, channels, units, entries, scaling=scaling)


@bank.rejected("label_weights", "units")
def maps_scaled_only(way, classes, kernel_sizes, channels, units, entries):
    return counted(way, classes, kernel_sizes, channels, units, entries, scaling=2 * classes * sum(channels))


@bank.rejected("label_weights", "kernels scaled")
def each_place_of_a_kernel_scaled(way, classes, kernel_sizes, channels, units, entries):
    places = sum(k * k * c for k, c in zip(kernel_sizes, channels, strict=True))
    return counted(way, classes, kernel_sizes, channels, units, entries, scaling=2 * classes * (places + units))


@bank.rejected("label_weights", "value")
def one_label_for_all_classes(way, classes, *sizes):
    return counted(way, classes - 1, *sizes)


@bank.rejected("label_weights", "none")
def one_way_without_return(way, *sizes):
    return None if way == "scaling" else counted(way, *sizes)


# --- 7.4 recognised_shares ---


def shares(asked, recognised, classes):
    n = np.bincount(asked, minlength=classes)
    return np.bincount(asked[asked == recognised], minlength=classes) / n, n


def wilson(share, n, errors=1.96):
    centre = (share + errors**2 / (2 * n)) / (1 + errors**2 / n)
    reach = errors / (1 + errors**2 / n) * np.sqrt(share * (1 - share) / n + errors**2 / (4 * n**2))
    return centre - reach, centre + reach


def columns(*values):
    return np.stack(values, axis=1)


@bank.accepted("recognised_shares")
def by_the_formula(asked, recognised, classes):
    share, n = shares(asked, recognised, classes)
    return columns(share, *wilson(share, n))


@bank.accepted("recognised_shares")
def by_a_grid(asked, recognised, classes):
    q, result = np.linspace(0, 1, 2001), []
    for label in range(classes):
        right = recognised[asked == label] == label
        share = right.mean()
        possible = q[np.abs(share - q) <= 1.96 * np.sqrt(q * (1 - q) / len(right))]
        result.append((share, possible.min(initial=share), possible.max(initial=share)))
    return result


@bank.accepted("recognised_shares")
def by_scipy(asked, recognised, classes):
    from scipy.stats import binomtest

    result = []
    for label in range(classes):
        right = recognised[asked == label] == label
        interval = binomtest(int(right.sum()), len(right)).proportion_ci(method="wilson")
        result.append([right.mean(), interval.low, interval.high])
    return result


@bank.accepted("recognised_shares")
def by_roots(asked, recognised, classes):
    result = []
    for share, n in zip(*shares(asked, recognised, classes), strict=True):
        roots = np.roots([1 + 1.96**2 / n, -2 * share - 1.96**2 / n, share**2])
        result.append([share, *np.sort(roots.real)])
    return np.array(result)


@bank.rejected("recognised_shares", "normal")
def as_in_the_lesson_times_two(asked, recognised, classes):
    share, n = shares(asked, recognised, classes)
    reach = 1.96 * np.sqrt(share * (1 - share) / n)
    return columns(share, share - reach, share + reach)


@bank.rejected("recognised_shares", "normal")
def clipped(asked, recognised, classes):
    return np.clip(as_in_the_lesson_times_two(asked, recognised, classes), 0, 1)


@bank.rejected("recognised_shares", "normal")
def one_standard_error_as_in_the_lesson(asked, recognised, classes):
    share, n = shares(asked, recognised, classes)
    error = np.sqrt(share * (1 - share) / n)
    return columns(share, share - error, share + error)


@bank.rejected("recognised_shares", "axes")
def of_those_recognised(asked, recognised, classes):
    return by_the_formula(recognised, asked, classes)


@bank.rejected("recognised_shares", "axes")
def confusion_with_swapped_axes(asked, recognised, classes):
    confusion = np.zeros((classes, classes))
    np.add.at(confusion, (asked, recognised), 1)
    n = confusion.sum(axis=0)
    share = np.diag(confusion) / n
    return columns(share, *wilson(share, n))


@bank.rejected("recognised_shares", "overall")
def one_share_for_all(asked, recognised, classes):
    share, n = np.mean(asked == recognised), len(asked)
    return np.tile([share, *wilson(share, n)], (classes, 1))


@bank.rejected("recognised_shares", "overall")
def one_share_with_the_images_of_each_class(asked, recognised, classes):
    share, (_, n) = np.full(classes, np.mean(asked == recognised)), shares(asked, recognised, classes)
    return columns(share, *wilson(share, n))


@bank.rejected("recognised_shares", "overall")
def one_row(asked, recognised, classes):
    share, n = np.mean(asked == recognised), len(asked)
    return share, *wilson(share, n)


@bank.rejected("recognised_shares", "all images")
def of_all_images(asked, recognised, classes):
    share = np.bincount(asked[asked == recognised], minlength=classes) / len(asked)
    return columns(share, *wilson(share, len(asked)))


@bank.rejected("recognised_shares", "too sure")
def n_of_all_classes(asked, recognised, classes):
    share, _ = shares(asked, recognised, classes)
    return columns(share, *wilson(share, len(asked)))


@bank.rejected("recognised_shares", "one error")
def one_error(asked, recognised, classes):
    share, n = shares(asked, recognised, classes)
    return columns(share, *wilson(share, n, 1.0))


@bank.rejected("recognised_shares", "centre")
def centre_for_share(asked, recognised, classes):
    low, high = wilson(*shares(asked, recognised, classes))
    return columns((low + high) / 2, low, high)


@bank.rejected("recognised_shares", "percent")
def percent(asked, recognised, classes):
    return 100 * by_the_formula(asked, recognised, classes)


@bank.rejected("recognised_shares", "complement")
def share_of_mistakes(asked, recognised, classes):
    share, n = shares(asked, recognised, classes)
    return columns(1 - share, *wilson(1 - share, n))


@bank.rejected("recognised_shares", "order")
def upper_end_first(asked, recognised, classes):
    return by_the_formula(asked, recognised, classes)[:, [0, 2, 1]]


@bank.rejected("recognised_shares", "lengths")
def how_far_it_reaches(asked, recognised, classes):
    share, low, high = by_the_formula(asked, recognised, classes).T
    return columns(share, share - low, high - share)


@bank.rejected("recognised_shares", "transposed")
def one_column_per_class(asked, recognised, classes):
    return by_the_formula(asked, recognised, classes).T


@bank.rejected("recognised_shares", "value")
def two_more_of_each(asked, recognised, classes):  # Agresti and Coull's
    share, n = shares(asked, recognised, classes)
    middle = (share * n + 2) / (n + 4)
    reach = 1.96 * np.sqrt(middle * (1 - middle) / (n + 4))
    return columns(share, middle - reach, middle + reach)


@bank.rejected("recognised_shares", "value")
def root_forgotten(asked, recognised, classes):
    q, result = np.linspace(0, 1, 2001), []
    for share, n in zip(*shares(asked, recognised, classes), strict=True):
        possible = q[np.abs(share - q) <= 1.96 * q * (1 - q) / n]
        result.append((share, possible.min(initial=share), possible.max(initial=share)))
    return result


@bank.rejected("recognised_shares", "share")
def classes_shifted(asked, recognised, classes):
    return np.roll(by_the_formula(asked, recognised, classes), 1, axis=0)


# --- 7.5 mended_comparison ---


def verdict(difference, error):
    return difference, error, abs(difference) > 2 * error


def paired_error(a, b, ddof=1):
    return np.std(a - b, ddof=ddof) / np.sqrt(len(a))


@bank.accepted("mended_comparison")
def by_the_statistics_module(losses_a, losses_b):
    from statistics import mean, stdev

    differences = [float(a) - float(b) for a, b in zip(losses_a, losses_b, strict=True)]
    difference, error = mean(differences), stdev(differences) / len(differences) ** 0.5
    return difference, error, difference < -2 * error or difference > 2 * error


@bank.accepted("mended_comparison")
def by_a_t_test(losses_a, losses_b):  # stricter than two errors when there are few runs
    from scipy.stats import sem, ttest_rel

    difference = losses_a.mean() - losses_b.mean()
    return np.array([difference, sem(losses_a - losses_b), ttest_rel(losses_a, losses_b).pvalue < 0.05])


@bank.accepted("mended_comparison")
def by_covariance(losses_a, losses_b):
    (var_a, both), (_, var_b) = np.cov(losses_a, losses_b)
    return verdict(losses_a.mean() - losses_b.mean(), np.sqrt((var_a + var_b - 2 * both) / len(losses_a)))


@bank.rejected("mended_comparison", "best")
def as_found(losses_a, losses_b):
    difference = min(losses_a) - min(losses_b)
    error = np.sqrt(np.var(losses_a) + np.var(losses_b))
    return difference, error, difference > 0


@bank.rejected("mended_comparison", "best")
def best_run_with_a_right_error(losses_a, losses_b):
    return verdict(losses_a.min() - losses_b.min(), paired_error(losses_a, losses_b))


@bank.rejected("mended_comparison", "one run")
def last_run(losses_a, losses_b):
    return verdict(losses_a[-1] - losses_b[-1], paired_error(losses_a, losses_b))


@bank.rejected("mended_comparison", "median")
def medians(losses_a, losses_b):
    return verdict(np.median(losses_a) - np.median(losses_b), paired_error(losses_a, losses_b))


@bank.rejected("mended_comparison", "sign")
def b_minus_a(losses_a, losses_b):
    return verdict(losses_b.mean() - losses_a.mean(), paired_error(losses_a, losses_b))


@bank.rejected("mended_comparison", "difference")
def in_percent(losses_a, losses_b):
    return verdict(100 * (1 - losses_b.mean() / losses_a.mean()), paired_error(losses_a, losses_b))


@bank.rejected("mended_comparison", "spread")
def one_line_mended(losses_a, losses_b):
    return verdict(losses_a.mean() - losses_b.mean(), np.sqrt(np.var(losses_a) + np.var(losses_b)))


@bank.rejected("mended_comparison", "spread")
def scatter_of_the_differences(losses_a, losses_b):
    return verdict(losses_a.mean() - losses_b.mean(), np.std(losses_a - losses_b, ddof=1))


@bank.rejected("mended_comparison", "unpaired")
def runs_taken_apart(losses_a, losses_b):
    error = np.sqrt((np.var(losses_a, ddof=1) + np.var(losses_b, ddof=1)) / len(losses_a))
    return verdict(losses_a.mean() - losses_b.mean(), error)


@bank.rejected("mended_comparison", "n-1")
def numpy_default(losses_a, losses_b):
    return verdict(losses_a.mean() - losses_b.mean(), paired_error(losses_a, losses_b, ddof=0))


@bank.rejected("mended_comparison", "error")
def root_of_n_minus_one_too(losses_a, losses_b):
    error = np.std(losses_a - losses_b, ddof=1) / np.sqrt(len(losses_a) - 1)
    return verdict(losses_a.mean() - losses_b.mean(), error)


@bank.rejected("mended_comparison", "error")
def variance_over_n(losses_a, losses_b):
    return verdict(losses_a.mean() - losses_b.mean(), np.var(losses_a - losses_b, ddof=1) / len(losses_a))


@bank.rejected("mended_comparison", "any difference")
def lower_is_better(losses_a, losses_b):
    difference = losses_a.mean() - losses_b.mean()
    return difference, paired_error(losses_a, losses_b), difference > 0


@bank.rejected("mended_comparison", "any difference")
def one_error_is_enough(losses_a, losses_b):
    difference, error = losses_a.mean() - losses_b.mean(), paired_error(losses_a, losses_b)
    return difference, error, abs(difference) > error


@bank.rejected("mended_comparison", "one-sided")
def only_when_b_is_better(losses_a, losses_b):
    difference, error = losses_a.mean() - losses_b.mean(), paired_error(losses_a, losses_b)
    return difference, error, difference > 2 * error


@bank.rejected("mended_comparison", "reversed")
def within_the_noise(losses_a, losses_b):
    difference, error = losses_a.mean() - losses_b.mean(), paired_error(losses_a, losses_b)
    return difference, error, abs(difference) < 2 * error


@bank.rejected("mended_comparison", "verdict")
def three_errors_are_needed(losses_a, losses_b):
    difference, error = losses_a.mean() - losses_b.mean(), paired_error(losses_a, losses_b)
    return difference, error, abs(difference) > 3 * error


@bank.rejected("mended_comparison", "shape")
def without_a_verdict(losses_a, losses_b):
    return losses_a.mean() - losses_b.mean(), paired_error(losses_a, losses_b)


@bank.rejected("mended_comparison", "verdict")
def never_sure(losses_a, losses_b):
    difference, error = losses_a.mean() - losses_b.mean(), paired_error(losses_a, losses_b)
    return difference, error, abs(difference) > 10 * error
