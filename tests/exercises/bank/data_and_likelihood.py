"""Answers to exercise 01."""

import numpy as np

from tests.exercises.bank import Bank

bank = Bank()


# --- 1.1 split ---


def parts(images, labels, train, validation):
    return (images[train], labels[train]), (images[validation], labels[validation])


@bank.accepted("split")
def by_drawing_the_held_out(images, labels, held_out, seed):
    chosen = np.random.default_rng(seed).choice(len(images), held_out, replace=False)
    held = np.isin(np.arange(len(images)), chosen)
    return parts(images, labels, ~held, held)


@bank.accepted("split")
def by_scikit_learn(images, labels, held_out, seed):
    from sklearn.model_selection import train_test_split

    train, validation, train_labels, validation_labels = train_test_split(
        images, labels, test_size=held_out, random_state=seed
    )
    return (train, train_labels), (validation, validation_labels)


@bank.rejected("split", "unshuffled")
def without_shuffling(images, labels, held_out, seed):
    return (images[:-held_out], labels[:-held_out]), (images[-held_out:], labels[-held_out:])


@bank.rejected("split", "pairs")
def shuffled_apart(images, labels, held_out, seed):
    rng = np.random.default_rng(seed)
    images, labels = rng.permutation(images), rng.permutation(labels)
    return without_shuffling(images, labels, held_out, seed)


@bank.rejected("split", "pairs")
def only_images_shuffled(images, labels, held_out, seed):
    return without_shuffling(np.random.default_rng(seed).permutation(images), labels, held_out, seed)


@bank.rejected("split", "sizes")
def parts_exchanged(images, labels, held_out, seed):
    order = np.random.default_rng(seed).permutation(len(images))
    return parts(images, labels, order[:held_out], order[held_out:])


@bank.rejected("split", "sizes")
def all_images_to_train(images, labels, held_out, seed):
    order = np.random.default_rng(seed).permutation(len(images))
    return parts(images, labels, order, order[:held_out])


@bank.rejected("split", "overlap")
def two_draws(images, labels, held_out, seed):
    rng = np.random.default_rng(seed)
    train = rng.choice(len(images), len(images) - held_out, replace=False)
    return parts(images, labels, train, rng.choice(len(images), held_out, replace=False))


@bank.rejected("split", "repeated")
def with_replacement(images, labels, held_out, seed):
    order = np.random.default_rng(seed).choice(len(images), len(images))
    return parts(images, labels, order[:-held_out], order[-held_out:])


@bank.rejected("split", "seed")
def no_seed(images, labels, held_out, seed):
    order = np.random.default_rng().permutation(len(images))
    return parts(images, labels, order[:-held_out], order[-held_out:])


@bank.rejected("split", "ignored")
def one_seed_for_all(images, labels, held_out, seed):
    order = np.random.default_rng(0).permutation(len(images))
    return parts(images, labels, order[:-held_out], order[-held_out:])


@bank.rejected("split", "global")
def global_seed(images, labels, held_out, seed):
    np.random.seed(seed)
    order = np.random.permutation(len(images))
    return parts(images, labels, order[:-held_out], order[-held_out:])


def in_place(images, labels, held_out, seed):
    for array in (images, labels):
        np.random.default_rng(seed).shuffle(array)
    return without_shuffling(images, labels, held_out, seed)


@bank.accepted("split")
def copies_in_place(images, labels, held_out, seed):
    return in_place(images.copy(), labels.copy(), held_out, seed)


bank.rejected("split", "changed")(in_place)


@bank.rejected("split", "form")
def four_arrays(images, labels, held_out, seed):
    return [array for part in copies_in_place(images, labels, held_out, seed) for array in part]


@bank.rejected("split", "shape")
def images_and_then_labels(images, labels, held_out, seed):
    return tuple(zip(*copies_in_place(images, labels, held_out, seed), strict=True))


@bank.rejected("split", "none")
def labels_forgotten(images, labels, held_out, seed):
    order = np.random.default_rng(seed).permutation(len(images))
    return (images[order[:-held_out]], None), (images[order[-held_out:]], None)


# --- 1.2 mended_one_hot ---


@bank.accepted("mended_one_hot")
def by_rows_of_the_identity(labels, classes):
    return np.eye(classes, dtype="float32")[labels]


@bank.accepted("mended_one_hot")
def by_a_loop(labels, classes):
    vectors = np.zeros((len(labels), classes), "float32")
    for row, label in enumerate(labels):
        vectors[row, label] = 1
    return vectors


@bank.rejected("mended_one_hot", "width")
def as_found(labels, classes):
    return np.float32(labels[:, None] == np.arange(labels.max()))


@bank.rejected("mended_one_hot", "width")
def one_mistake_left(labels, classes):
    return np.float32(labels[:, None] == np.arange(labels.max() + 1))


@bank.rejected("mended_one_hot", "width")
def one_class_less(labels, classes):
    return np.float32(labels[:, None] == np.arange(classes - 1))


@bank.rejected("mended_one_hot", "width")
def distinct_labels(labels, classes):
    return np.float32(labels[:, None] == np.unique(labels))


@bank.rejected("mended_one_hot", "off by one")
def counted_from_one(labels, classes):
    return np.float32(labels[:, None] == np.arange(1, classes + 1))


@bank.rejected("mended_one_hot", "axes")
def transposed(labels, classes):
    return by_rows_of_the_identity(labels, classes).T


@bank.rejected("mended_one_hot", "values")
def label_itself(labels, classes):
    return by_rows_of_the_identity(labels, classes) * (labels[:, None] + 1)


@bank.rejected("mended_one_hot", "sum")
def all_places_up_to(labels, classes):
    return np.float32(labels[:, None] >= np.arange(classes))


@bank.rejected("mended_one_hot", "dtype")
def booleans(labels, classes):
    return labels[:, None] == np.arange(classes)


@bank.rejected("mended_one_hot", "place")
def reversed_classes(labels, classes):
    return by_rows_of_the_identity(labels, classes)[:, ::-1]


# --- 1.3 masked_log_likelihood ---


def log_mu(logits):
    return -np.logaddexp(0, -logits)


def all_pixels(each):
    return each.sum(axis=(1, 2, 3))


@bank.accepted("masked_log_likelihood")
def by_two_log_sigmoids(x, logits, mask):
    return np.einsum("nhwc,nhwc->n", mask, x * log_mu(logits) + (1 - x) * log_mu(-logits))


@bank.accepted("masked_log_likelihood")
def by_picking(x, logits, mask):
    each = np.maximum(logits, 0) - x * logits + np.log1p(np.exp(-np.abs(logits)))
    return [-one[seen == 1].sum() for one, seen in zip(each, mask, strict=True)]


@bank.rejected("masked_log_likelihood", "sign")
def as_a_loss(x, logits, mask):
    return all_pixels(mask * (np.logaddexp(0, logits) - x * logits))


@bank.rejected("masked_log_likelihood", "mask ignored")
def no_mask(x, logits, mask):
    return all_pixels(x * logits - np.logaddexp(0, logits))


@bank.rejected("masked_log_likelihood", "mask inverted")
def lost_pixels(x, logits, mask):
    return by_two_log_sigmoids(x, logits, 1 - mask)


@bank.rejected("masked_log_likelihood", "mean")
def mean_of_all(x, logits, mask):
    return (mask * (x * logits - np.logaddexp(0, logits))).mean(axis=(1, 2, 3))


@bank.rejected("masked_log_likelihood", "mean")
def mean_of_seen(x, logits, mask):
    return by_two_log_sigmoids(x, logits, mask) / all_pixels(mask)


@bank.rejected("masked_log_likelihood", "masked pixels")
def masked_before(x, logits, mask):
    return by_two_log_sigmoids(mask * x, mask * logits, np.ones_like(mask))


@bank.rejected("masked_log_likelihood", "masked pixels")
def only_the_first_term_masked(x, logits, mask):
    return all_pixels(mask * x * logits - np.logaddexp(0, logits))


@bank.rejected("masked_log_likelihood", "masked pixels")
def only_the_second_term_masked(x, logits, mask):
    return all_pixels(x * logits - mask * np.logaddexp(0, logits))


@bank.rejected("masked_log_likelihood", "swapped")
def arguments_swapped(x, logits, mask):
    return all_pixels(mask * (x * logits - np.logaddexp(0, x)))


@bank.rejected("masked_log_likelihood", "batch")
def one_number(x, logits, mask):
    return (mask * (x * logits - np.logaddexp(0, logits))).sum()


@bank.rejected("masked_log_likelihood", "unsafe")
def naive_sigmoid(x, logits, mask):
    mu = 1 / (1 + np.exp(-logits))
    return all_pixels(mask * (x * np.log(mu) + (1 - x) * np.log(1 - mu)))


@bank.rejected("masked_log_likelihood", "unsafe")
def naive_softplus(x, logits, mask):
    return all_pixels(mask * (x * logits - np.log(1 + np.exp(logits))))


@bank.rejected("masked_log_likelihood", "clipped")
def clipped_probability(x, logits, mask):
    mu = np.clip(1 / (1 + np.exp(-logits)), 1e-7, 1 - 1e-7)
    return all_pixels(mask * (x * np.log(mu) + (1 - x) * np.log(1 - mu)))


@bank.rejected("masked_log_likelihood", "value")
def in_bits(x, logits, mask):
    return by_two_log_sigmoids(x, logits, mask) / np.log(2)


# --- 1.4 baseline_losses ---


def mean_ink(images, more=0.5):
    return (images.sum(axis=0) / 255 + more) / (len(images) + 2 * more)


def loss(images, mu, pixels=np.sum):
    x = images / 255
    return -pixels(x * np.log(mu) + (1 - x) * np.log(1 - mu), axis=(1, 2, 3)).mean()


def means(images, labels, **more):
    return np.stack([mean_ink(images[labels == label], **more) for label in range(labels.max() + 1)])


@bank.accepted("baseline_losses")
def by_logits(images, labels, test_images, test_labels):
    def nats(mu, x):
        logits = np.log(mu) - np.log1p(-mu)
        return (np.logaddexp(0, logits) - x * logits).sum(axis=-1).mean()

    flat, x = images.reshape(len(images), -1), test_images.reshape(len(test_images), -1) / 255.0
    one_more = {
        k: np.vstack([flat[labels == k], np.full((1, flat.shape[1]), 127.5)]) / 255 for k in set(labels.tolist())
    }
    per_image = np.stack([one_more[label].mean(axis=0) for label in test_labels.tolist()])
    return nats(np.vstack([flat, np.full((1, flat.shape[1]), 127.5)]).mean(axis=0) / 255, x), nats(per_image, x)


@bank.rejected("baseline_losses", "test means")
def from_test_images(images, labels, test_images, test_labels):
    return by_logits(test_images, test_labels, test_images, test_labels)


@bank.rejected("baseline_losses", "test means")
def class_means_from_test_images(images, labels, test_images, test_labels):
    return loss(test_images, mean_ink(images)), loss(test_images, means(test_images, test_labels)[test_labels])


@bank.rejected("baseline_losses", "train images")
def never_tested(images, labels, test_images, test_labels):
    return by_logits(images, labels, images, labels)


@bank.rejected("baseline_losses", "image added")
def half_black_in_whole_numbers(images, labels, test_images, test_labels):
    def mean(some):
        return np.concatenate([some, np.full_like(some[:1], 127)]).mean(axis=0) / 255

    classes = np.stack([mean(images[labels == label]) for label in range(labels.max() + 1)])
    return loss(test_images, mean(images)), loss(test_images, classes[test_labels])


@bank.rejected("baseline_losses", "image added")
def one_black_and_one_white(images, labels, test_images, test_labels):
    return loss(test_images, mean_ink(images, 1)), loss(test_images, means(images, labels, more=1)[test_labels])


@bank.rejected("baseline_losses", "infinite")
def never_is_impossible(images, labels, test_images, test_labels):
    return loss(test_images, mean_ink(images, 0)), loss(test_images, means(images, labels, more=0)[test_labels])


@bank.rejected("baseline_losses", "pixel mean")
def mean_over_pixels(images, labels, test_images, test_labels):
    return tuple(loss(test_images, mu, np.mean) for mu in (mean_ink(images), means(images, labels)[test_labels]))


@bank.rejected("baseline_losses", "sign")
def log_likelihoods(images, labels, test_images, test_labels):
    return tuple(-value for value in by_logits(images, labels, test_images, test_labels))


@bank.rejected("baseline_losses", "swapped")
def wrong_order(images, labels, test_images, test_labels):
    return by_logits(images, labels, test_images, test_labels)[::-1]


@bank.rejected("baseline_losses", "class")
def off_by_one_class(images, labels, test_images, test_labels):
    classes = means(images, labels)
    return loss(test_images, mean_ink(images)), loss(test_images, np.roll(classes, 1, axis=0)[test_labels])


@bank.rejected("baseline_losses", "classes weighted")
def mean_of_class_losses(images, labels, test_images, test_labels):
    each = [loss(test_images[test_labels == k], mu) for k, mu in enumerate(means(images, labels))]
    return loss(test_images, mean_ink(images)), np.mean(each)


@bank.rejected("baseline_losses", "scale")
def unscaled(images, labels, test_images, test_labels):
    def nats(mu):
        return -(test_images * np.log(mu) + (1.0 - test_images) * np.log(1 - mu)).sum(axis=(1, 2, 3)).mean()

    return nats(mean_ink(images)), nats(means(images, labels)[test_labels])


@bank.rejected("baseline_losses", "value")
def clipped_means(images, labels, test_images, test_labels):
    def clipped(mu):
        return np.clip(mu, 1e-3, 1 - 1e-3)

    classes = means(images, labels, more=0)
    return loss(test_images, clipped(mean_ink(images, 0))), loss(test_images, clipped(classes)[test_labels])
