"""Tests of `cvae_utils.evaluation.samples`: known intervals, judges that are known, and generators that are spoiled."""

import os
import types
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from cvae_utils import data, evaluation, models, weights
from cvae_utils.evaluation import accuracy, coverage, features, generate, samples, wilson_interval

DATA_DIR = os.environ.get("CVAE_DATA_DIR", "")


def judge_of_corners(images, **_):
    """Take the grey value of the first pixel for the class."""
    return np.eye(10)[images[:, 0, 0, 0]]


CLASSIFIER = types.SimpleNamespace(predict=judge_of_corners)


def with_corners(labels):
    images = np.zeros((len(labels), 28, 28, 1), "uint8")
    images[:, 0, 0, 0] = labels
    return images


# --- Shares and their intervals ---------------------------------------------------------------------


@pytest.mark.parametrize("right", [0, 1, 5, 37, 99, 100])
@pytest.mark.parametrize("n", [100, 10_000])
def test_wilsons_interval_is_that_of_scipy(right, n):
    known = stats.binomtest(right, n).proportion_ci(method="wilson")
    assert wilson_interval(right, n) == pytest.approx((known.low, known.high), abs=1e-5)


def test_known_intervals():
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I
    low, high = wilson_interval(10, 10)
    assert high == 1 and low == pytest.approx(10 / (10 + 1.96**2))
    assert wilson_interval(1, 1)[0] > 0.2
    assert wilson_interval(0, 10) == (0, pytest.approx(1 - low))


@pytest.mark.parametrize("q", [0.5, 0.9, 0.99])
def test_holds_the_truth_in_about_95_of_100_cases(q):
    counts = np.random.default_rng(0).binomial(200, q, 5000)
    held = [low <= q <= high for low, high in (wilson_interval(int(right), 200) for right in counts)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize(("right", "n"), [(11, 10), (-1, 10), (0, 0)])
def test_refuses_what_is_no_share(right, n):
    with pytest.raises(ValueError, match=rf"{right} of {n} cases is no share"):
        wilson_interval(right, n)


def test_accuracy_is_the_share_of_images_that_show_what_was_asked_for():
    asked = np.arange(200) % 10
    shown = np.where(np.arange(200) < 30, (asked + 1) % 10, asked)
    low, high = wilson_interval(170, 200)
    assert accuracy(CLASSIFIER, with_corners(shown), asked) == {"accuracy": 0.85, "low": low, "high": high}
    assert accuracy(CLASSIFIER, with_corners(asked), np.uint8(asked))["accuracy"] == 1
    assert accuracy(CLASSIFIER, with_corners(asked[:1] + 1), asked[:1])["accuracy"] == 0


@pytest.mark.parametrize(
    ("images", "labels", "raised", "said"),
    [
        (np.zeros((5, 28, 28, 1)), np.zeros(5, int), TypeError, "images came as float64; the models take uint8"),
        (np.zeros((5, 28, 28), "uint8"), np.zeros(5, int), ValueError, r"images came in shape \(5, 28, 28\)"),
        (with_corners(np.zeros(5)), np.zeros(4, int), ValueError, r"shape \(4,\) with 5 images; give one whole number"),
        (with_corners(np.zeros(5)), np.eye(5), ValueError, r"float64 of shape \(5, 5\) with 5 images; give one whole"),
        (with_corners(np.zeros(0)), np.zeros(0, int), ValueError, "with 0 images; give one whole number"),
    ],
)
def test_refuses_what_a_judge_cannot_read(images, labels, raised, said):
    with pytest.raises(raised, match=said):
        accuracy(CLASSIFIER, images, labels)
    with pytest.raises(raised, match=said):
        evaluation.synthetic_accuracy(images, labels, with_corners([0]), np.array([0]), epochs=1)


# --- Drawing from a CVAE ----------------------------------------------------------------------------


def test_generated_images_are_the_decoders_means_at_points_of_the_prior(monkeypatch):
    cvae, labels = weights.load("dense_cvae"), np.arange(25) % 10
    z = np.random.default_rng(3).standard_normal((25, 2), dtype="float32")
    drawn = generate(cvae, labels, seed=3)
    assert drawn.dtype == "uint8" and drawn.shape == (25, 28, 28, 1)
    np.testing.assert_allclose(drawn, 255 * cvae.decode(z, data.one_hot(labels)), atol=0.51)
    monkeypatch.setattr(samples, "POINTS_AT_ONCE", 7)
    np.testing.assert_allclose(generate(cvae, labels, seed=3), np.float32(drawn), atol=1)
    assert np.abs(generate(cvae, labels, seed=4) - np.float32(drawn)).max() > 100


def test_what_a_trained_model_draws_is_recognised_unless_the_labels_are_mixed_up():
    cvae, classifier, asked = weights.load("conv_cvae"), weights.load("classifier"), np.arange(500) % 10
    drawn = generate(cvae, asked)
    assert accuracy(classifier, drawn, asked)["low"] > 0.95
    assert accuracy(classifier, drawn, (asked + 1) % 10)["high"] < 0.05
    assert accuracy(classifier, np.random.default_rng(0).permutation(drawn), asked)["high"] < 0.2


def test_features_are_what_the_last_layer_weighs(images):
    classifier = weights.load("classifier")
    kernel, bias = classifier.layers[-1].get_weights()
    scores = classifier.predict(images, verbose=0)
    np.testing.assert_allclose(features(classifier, images) @ kernel + bias, scores, rtol=1e-3, atol=1e-3)


# --- Coverage ---------------------------------------------------------------------------------------


def cloud(n, seed, dimensions=8):
    """Return n points of each of two classes far apart, with their labels."""
    labels = np.repeat([0, 1], n)
    return np.random.default_rng(seed).standard_normal((2 * n, dimensions)) + 20 * labels[:, np.newaxis], labels


def covered(spoil, n=400):
    """Return the coverage of real points by points that ``spoil`` makes of others from the same distribution."""
    made, labels = cloud(n, 1)
    return coverage(*spoil(made, labels), *cloud(n, 0))["coverage"]


@pytest.mark.parametrize("times", [0.25, 1, 3])
def test_the_same_distribution_is_covered_as_much_as_theory_says(times):
    runs = [coverage(*cloud(int(200 * times), 100 + seed), *cloud(200, seed)) for seed in range(20)]
    shares = np.array([run["coverage"] for run in runs])
    assert shares.mean() == pytest.approx(runs[0]["perfect"], abs=4 * shares.std() / np.sqrt(20))
    assert runs[0]["perfect"] == pytest.approx(1 - (1 + times) ** -5, abs=0.01)


def test_a_generator_that_lacks_variety_fails():
    few = [
        covered(lambda made, labels, kinds=kinds: (made[labels * 400 + np.arange(800) % kinds], labels))
        for kinds in (1, 3, 10, 30)
    ]
    assert few[0] < 0.05 and few[1] < 0.1 and few[2] < 0.2 and few[3] < 0.5
    assert few == sorted(few)
    narrow = covered(
        lambda made, labels: (20 * labels[:, np.newaxis] + 0.1 * (made - 20 * labels[:, np.newaxis]), labels)
    )
    assert narrow < 0.7 < 0.9 < covered(lambda made, labels: (made, labels))


def test_classes_count_alone():
    assert covered(lambda made, labels: (made, 1 - labels)) == 0
    assert covered(lambda made, labels: (made[labels == 0], labels[labels == 0])) == pytest.approx(0.48, abs=0.02)
    assert covered(lambda made, labels: (made + 100, labels)) == 0


def test_coverage_refuses_what_does_not_fit():
    real, labels = cloud(5, 0)
    with pytest.raises(ValueError, match="class 0 has 5 real images; give at least 6 of each class"):
        coverage(real, labels, real, labels)
    with pytest.raises(ValueError, match=r"of shape \(9,\); give one whole number"):
        coverage(real, labels[1:], real, labels)


@pytest.mark.skipif(not Path(DATA_DIR, "mnist.npz").is_file(), reason="needs MNIST: no mnist.npz in $CVAE_DATA_DIR")
def test_digits_of_few_kinds_fail_and_real_ones_pass():
    digits, classifier = data.load("mnist"), weights.load("classifier")
    real = features(classifier, digits.test.images[:3000]), digits.test.labels[:3000]
    train = digits.train.images[:3000], digits.train.labels[:3000]
    first = np.array([np.flatnonzero(train[1] == label)[:3] for label in range(10)])

    def share(images, labels):
        return coverage(features(classifier, images), labels, *real)["coverage"]

    asked = np.arange(3000) % 10
    repeated = train[0][first[asked, np.arange(3000) % 3]]
    means = np.array([train[0][train[1] == label].mean(axis=0) for label in range(10)])
    cvae = weights.load("conv_cvae")
    assert share(*train) > 0.85
    assert share(repeated, asked) < 0.05
    assert share(np.uint8(means)[asked], asked) < 0.05
    drawn = share(generate(cvae, asked), asked)
    assert 0.2 < drawn < 0.8
    narrow = np.uint8(255 * cvae.decode(0.1 * np.random.default_rng(0).standard_normal((3000, 2)), data.one_hot(asked)))
    assert share(narrow, asked) < drawn / 2


# --- A classifier that has only seen generated images -----------------------------------------------


def test_what_a_classifier_learns_from_generated_images_depends_on_their_labels(squares):
    made, labels = squares
    mixed, some = np.random.default_rng(0).permutation(labels), labels < 5

    def learned(made, made_labels):
        return evaluation.synthetic_accuracy(made, made_labels, squares[0][:200], labels[:200], epochs=8)

    assert learned(made, labels)["accuracy"] > 0.95
    assert learned(made, mixed)["high"] < 0.5
    assert learned(made[some], labels[some])["high"] < 0.7  # five of ten classes were never drawn


def test_the_classifier_is_the_size_that_it_claims():
    assert models.conv_classifier().count_params() == 23_002
