"""Tests of `cvae_utils.evaluation.encodings`: the probe and the active units, where the answer is known."""

import numpy as np
import pytest
from scipy import integrate, stats

from cvae_utils.evaluation import active_units, leakage_probe


def labels_of(n, classes=10):
    return np.arange(n) % classes


def two_gaussians(n, distance, seed):
    """Return points of two classes, N(±distance/2, 1) in the first dimension and noise in the second."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    z = rng.standard_normal((n, 2))
    z[:, 0] += distance * (labels - 0.5)
    return z, labels


def information(distance):
    """Return I(z; y) of the two classes in nats: the entropy of their mixture minus that of each."""

    def integrand(z):
        mixture = (stats.norm.pdf(z, distance / 2) + stats.norm.pdf(z, -distance / 2)) / 2
        return -mixture * np.log(mixture)

    return integrate.quad(integrand, -12, 12)[0] - stats.norm.entropy()


@pytest.mark.parametrize("distance", [1.0, 2.0, 3.0])
def test_comes_near_the_best_classifier_and_the_true_information(distance):
    found = leakage_probe(*two_gaussians(20_000, distance, 0), *two_gaussians(20_000, distance, 1))
    assert found["accuracy"] == pytest.approx(stats.norm.cdf(distance / 2), abs=4 * found["accuracy_error"])
    assert found["nats"] == pytest.approx(information(distance), abs=0.01 + 4 * found["nats_error"])
    assert found["nats"] < information(distance) + 4 * found["nats_error"]


def test_finds_what_has_neither_a_mean_nor_a_straight_border():
    """Rings around the origin: a linear probe would see nothing."""

    def rings(seed):
        rng = np.random.default_rng(seed)
        angle, radius = rng.uniform(0, 2 * np.pi, 5_000), 1 + labels_of(5_000, 2) + rng.normal(0, 0.1, 5_000)
        return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), labels_of(5_000, 2)

    assert leakage_probe(*rings(0), *rings(1))["accuracy"] > 0.99


def test_finds_nothing_where_there_is_nothing():
    rng = np.random.default_rng(0)
    z, z_test = rng.standard_normal((2, 10_000, 2))
    found = leakage_probe(z, labels_of(10_000), z_test, labels_of(10_000))
    assert found["accuracy"] == pytest.approx(0.1, abs=4 * found["accuracy_error"])
    assert -0.1 < found["nats"] < 0


def test_finds_all_where_the_label_is_all_there_is():
    labels = labels_of(10_000)
    z = labels[:, np.newaxis] + np.random.default_rng(0).normal(0, 0.01, (10_000, 1))
    found = leakage_probe(z, labels, z[:1000], labels[:1000])
    assert found["accuracy"] == 1 and found["accuracy_error"] == 0
    assert np.log(10) - 0.1 < found["nats"] < np.log(10)


def test_the_errors_are_those_of_repeated_tests():
    z, labels = two_gaussians(2_000, 2.0, 0)
    runs = [leakage_probe(z, labels, *two_gaussians(500, 2.0, seed)) for seed in range(1, 101)]
    for name in ("accuracy", "nats"):
        spread = np.std([run[name] for run in runs])
        assert np.mean([run[f"{name}_error"] for run in runs]) == pytest.approx(spread, rel=0.25)


def test_chance_is_the_test_share_of_the_class_most_frequent_in_training():
    z = np.random.default_rng(0).standard_normal((10, 2))
    labels, labels_test = np.array([0] * 3 + [1] * 7), np.array([0] * 6 + [1] * 4)
    assert leakage_probe(z, labels, z, labels_test)["chance"] == 0.4


def test_a_class_that_the_probe_never_saw_costs_a_finite_number():
    z = np.random.default_rng(0).standard_normal((20, 2))
    found = leakage_probe(z, np.zeros(20, int), z, np.array([0] * 19 + [3]))
    assert found["accuracy"] == 0.95 and np.isfinite(found["nats"])


def test_the_type_of_the_labels_does_not_matter():
    z, labels = two_gaussians(500, 2.0, 0)
    assert leakage_probe(z, np.uint8(labels), z, np.uint8(labels)) == leakage_probe(z, labels, z, labels)


@pytest.mark.parametrize(
    ("shape", "labels", "said"),
    [
        ((6,), np.zeros(6, int), r"z has shape \(6,\); give one row"),
        ((6, 28, 28, 1), np.zeros(6, int), r"z has shape \(6, 28, 28, 1\); give one row"),
        ((6, 2), np.zeros(5, int), r"of shape \(5,\); give one whole number for each of the 6 rows"),
        ((6, 2), np.eye(6, dtype="float32"), r"float32 of shape \(6, 6\); give one whole number"),
        ((6, 2), np.zeros(6), r"float64 of shape \(6,\); give one whole number"),
    ],
)
@pytest.mark.parametrize("where", ["learns", "is tested"])
def test_refuses_what_does_not_fit(shape, labels, said, where):
    wrong, right = (np.zeros(shape), labels), (np.zeros((6, 2)), np.zeros(6, int))
    with pytest.raises(ValueError, match=said):
        leakage_probe(*(wrong + right if where == "learns" else right + wrong))


def test_a_unit_is_active_if_its_mean_follows_the_image():
    noise = np.random.default_rng(0).standard_normal((10_000, 4))
    z_mean = noise * [1.0, 0.11, 0.09, 0.0] + [0, 0, 0, 5]  # a mean far from zero that never moves is no activity
    assert active_units(z_mean).tolist() == [True, True, False, False]


def test_the_units_of_a_known_encoder(images, make_vae):
    vae = make_vae(latent_dim=3)
    z_mean = vae.encoder.get_layer("z_mean")
    kernel, _ = z_mean.get_weights()
    z_mean.set_weights([kernel * [1, 0, 1], np.float32([0, 3, 0])])
    assert active_units(vae.encode(images)[0]).tolist() == [True, False, True]


@pytest.mark.parametrize("shape", [(10,), (1, 2), (0, 2), (4, 28, 28, 1)])
def test_active_units_refuses_what_is_no_set_of_encodings(shape):
    with pytest.raises(ValueError, match=r"z_mean has shape .*; give one row for each of at least two images"):
        active_units(np.zeros(shape))
