"""Tests of `cvae_utils.plotting`: every pixel and point where it should be, and a description with every figure."""

import base64
import io
import re
import types
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure
from PIL import Image
from scipy import stats

from cvae_utils import plotting

CLASS_NAMES = tuple("0123456789")


@pytest.fixture
def displayed(monkeypatch):
    """List what is displayed, as a notebook's kernel would get it."""
    from IPython.core.displaypub import CapturingDisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell

    shell = types.SimpleNamespace(display_pub=CapturingDisplayPublisher())
    monkeypatch.setattr(InteractiveShell, "initialized", lambda: True)
    monkeypatch.setattr(InteractiveShell, "instance", lambda: shell)
    return shell.display_pub.outputs


@pytest.fixture
def pyplot_figure():
    pyplot.switch_backend("agg")
    yield pyplot.figure()
    pyplot.close("all")


@pytest.fixture(scope="module")
def few_images():
    return np.random.default_rng(0).integers(0, 256, (7, 28, 28, 1), np.uint8)


@pytest.fixture(scope="module")
def points():
    """Give 120 latent points of every class but 4, with their labels: class k lies around (k, −k)."""
    rng = np.random.default_rng(1)
    labels = np.resize(np.delete(np.arange(10), 4), 120).astype("uint8")
    return rng.normal(labels[:, np.newaxis] * [1.0, -1.0], 0.1), labels


def history(epochs):
    curve = 150 + 50 / np.arange(1, epochs + 1)
    parts = {"loss": curve + 5, "reconstruction": curve, "kl": np.full(epochs, 5.0)}
    return {name: list(values) for name, values in parts.items()} | {
        "val_" + name: list(1.01 * values) for name, values in parts.items()
    }


def drawn(fig):
    """Draw a figure for real, so that faults of layout show, and return it."""
    fig.savefig(io.BytesIO(), format="png")
    return fig


# --- tile -----------------------------------------------------------------------------------------


def test_tile_puts_each_image_in_its_row_and_column(few_images):
    laid_out = plotting.tile(few_images, columns=3)
    assert laid_out.shape == (3 * 28, 3 * 28) and laid_out.dtype == "float32"
    for i, image in enumerate(few_images):
        row, column = divmod(i, 3)
        cell = laid_out[28 * row : 28 * (row + 1), 28 * column : 28 * (column + 1)]
        np.testing.assert_allclose(cell, image[..., 0] / 255, rtol=1e-6)
    assert (laid_out[56:, 28:] == 0).all()


def test_tile_takes_means_as_they_are_and_any_height_and_width():
    means = np.random.default_rng(2).uniform(size=(4, 3, 5))
    laid_out = plotting.tile(means, columns=2)
    assert laid_out.shape == (6, 10)
    np.testing.assert_allclose(laid_out[3:, :5], means[2], rtol=1e-6)
    np.testing.assert_array_equal(laid_out, plotting.tile(means[..., np.newaxis], columns=2))


def test_tile_with_fewer_images_than_columns(few_images):
    laid_out = plotting.tile(few_images[:2], columns=5)
    assert laid_out.shape == (28, 140)
    assert (laid_out[:, 56:] == 0).all() and laid_out[:, 28:56].any()


def test_tile_leaves_its_input_alone(few_images):
    before = few_images.copy()
    plotting.tile(few_images, columns=3)
    np.testing.assert_array_equal(few_images, before)


# --- prior_grid and manifold ----------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 5, 15])
def test_prior_grid_cuts_the_prior_into_equal_cells(n):
    z = plotting.prior_grid(n)
    assert z.shape == (n * n, 2) and z.dtype == "float32"
    assert np.isfinite(z).all()
    for axis in (0, 1):
        values = np.unique(z[:, axis])
        np.testing.assert_allclose(stats.norm.cdf(values), (np.arange(n) + 0.5) / n, atol=1e-6)
        np.testing.assert_allclose(values, -values[::-1], atol=1e-6)
    assert len(np.unique(z, axis=0)) == n * n


def test_prior_grid_runs_right_and_from_the_top_down():
    z = plotting.prior_grid(5).reshape(5, 5, 2)
    z_1, z_2 = z[..., 0], z[..., 1]
    assert z_1[0, 0] == z_1.min() and z_2[0, 0] == z_2.max()
    assert (np.diff(z_1, axis=1) > 0).all() and (np.diff(z_1, axis=0) == 0).all()
    assert (np.diff(z_2, axis=0) < 0).all() and (np.diff(z_2, axis=1) == 0).all()


def test_manifold_decodes_once_and_draws_each_point_in_its_place():
    calls = []

    def decode(z):
        calls.append(z)
        return np.broadcast_to(stats.norm.cdf(z[:, :1, np.newaxis, np.newaxis]), (len(z), 28, 28, 1))

    fig = drawn(plotting.manifold(decode, n=5))
    assert [z.shape for z in calls] == [(25, 2)] and calls[0].dtype == "float32"
    (ax,) = fig.axes
    picture = ax.images[0].get_array()
    assert picture.shape == (140, 140)
    np.testing.assert_allclose(picture[::28, ::28], np.tile([0.1, 0.3, 0.5, 0.7, 0.9], (5, 1)), atol=1e-6)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["-1.3", "0.0", "1.3"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["1.3", "0.0", "-1.3"]
    assert list(ax.get_xticks()) == list(ax.get_yticks()) == [14, 70, 126]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # row 0 at the top, where the labels have the largest z2


# --- The other figures ----------------------------------------------------------------------------


def test_image_grid_draws_ink_on_paper(few_images):
    (ax,) = drawn(plotting.image_grid(few_images, columns=3, row_names=["a", "b", "c"])).axes
    np.testing.assert_array_equal(ax.images[0].get_array(), plotting.tile(few_images, 3))
    assert ax.images[0].get_clim() == (0, 1) and ax.images[0].get_cmap().name == "gray_r"
    assert [(tick, label.get_text()) for tick, label in zip(ax.get_yticks(), ax.get_yticklabels(), strict=True)] == [
        (14, "a"),
        (42, "b"),
        (70, "c"),
    ]


def test_reconstructions_stand_below_their_originals(few_images):
    means = np.float32(1 - few_images / 255)
    fig = drawn(plotting.reconstructions(few_images, means))
    picture = fig.axes[0].images[0].get_array()
    assert picture.shape == (56, 7 * 28)
    np.testing.assert_allclose(picture[:28, 28:56], few_images[1, ..., 0] / 255, rtol=1e-6)
    np.testing.assert_allclose(picture[28:], 1 - picture[:28], atol=1e-6)
    assert f"off by {abs(2 * few_images / 255 - 1).mean():.2f} on average" in fig.alt


def test_latent_map_draws_every_point_in_its_class_colour(points):
    z, labels = points
    fig = drawn(plotting.latent_map(z, labels, CLASS_NAMES))
    found = {}
    for collection in fig.axes[0].collections:
        for position in collection.get_offsets():
            found[tuple(position)] = tuple(collection.get_facecolor()[0][:3])
    colours = {
        label: tuple(np.array(pyplot.matplotlib.colors.to_rgb(plotting.CLASS_COLOURS[label]))) for label in labels
    }
    assert found == {tuple(position): colours[label] for position, label in zip(z, labels, strict=True)}


def test_latent_map_without_one_of_the_classes(points):
    fig = plotting.latent_map(*points, CLASS_NAMES)
    present = list("012356789")
    assert fig.axes[0].get_legend() is None  # markers and badges name the digits already
    assert [text.get_text() for text in fig.axes[0].texts] == present
    assert re.findall(r"(\d) at \(", fig.alt) == present


def test_latent_map_names_the_classes():
    names = ["T-shirt", "Trouser"]
    fig = plotting.latent_map(np.eye(2), np.array([0, 1]), names)
    assert [text.get_text() for text in fig.axes[0].get_legend().get_texts()] == names
    assert "T-shirt at (1.0, 0.0), Trouser at (0.0, 1.0)" in fig.alt


@pytest.mark.parametrize("shape", [(10, 3), (10, 1), (10,)])
def test_latent_map_takes_two_dimensions_only(shape):
    with pytest.raises(ValueError, match=r"z has shape \(10,.*\); a latent map needs \(n, 2\), so choose two of the"):
        plotting.latent_map(np.zeros(shape), np.zeros(10, int), CLASS_NAMES)


@pytest.mark.parametrize("epochs", [1, 20])
def test_training_history_draws_both_curves_of_each_part(epochs):
    values = history(epochs)
    fig = drawn(plotting.training_history(values))
    for ax, part in zip(fig.axes, ("loss", "reconstruction", "kl"), strict=True):
        training, validation = ax.lines
        np.testing.assert_array_equal(training.get_xdata(), np.arange(1, epochs + 1))
        np.testing.assert_allclose(training.get_ydata(), values[part])
        np.testing.assert_allclose(validation.get_ydata(), values["val_" + part])
        low, high = ax.get_ylim()
        assert low < min(values["val_" + part]) and max(values["val_" + part]) < high
    first, last = (values["val_reconstruction"][i] for i in (0, -1))
    assert f"reconstruction from {first:.1f} to {last:.1f} nats" in fig.alt


def test_every_figure_has_a_description(few_images, points):
    figures = [
        plotting.image_grid(few_images, columns=3),
        plotting.image_grid(few_images, columns=7, row_names=["only"]),
        plotting.reconstructions(few_images, few_images / 255),
        plotting.latent_map(*points, CLASS_NAMES),
        plotting.manifold(lambda z: np.zeros((len(z), 28, 28, 1)), n=3),
        plotting.training_history(history(3)),
    ]
    for fig in figures:
        assert isinstance(fig, Figure)
        assert len(fig.alt) > 20 and fig.alt.endswith(".")
    assert len({fig.alt for fig in figures}) == len(figures)
    assert pyplot.get_fignums() == []  # or notebooks would draw them twice


# --- show -----------------------------------------------------------------------------------------


def test_show_displays_a_png_with_its_description(displayed, few_images):
    fig = plotting.image_grid(few_images, columns=3)
    assert plotting.show(fig) is None
    (output,) = displayed
    assert set(output["data"]) == {"text/html", "image/png", "text/plain"}
    assert output["metadata"] == {"image/png": {"alt": fig.alt}}
    assert output["data"]["text/plain"] == fig.alt
    assert Image.open(io.BytesIO(output["data"]["image/png"])).format == "PNG"


def test_show_displays_html_whose_picture_has_the_description(displayed, few_images):
    alt = 'Digits "3" & <5>.'
    plotting.show(plotting.image_grid(few_images, columns=3), alt=alt)
    (output,) = displayed
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, dict(attributes)))
    parser.feed(output["data"]["text/html"])
    ((tag, attributes),) = found
    assert (tag, attributes["alt"]) == ("img", alt)
    assert base64.b64decode(attributes["src"].removeprefix("data:image/png;base64,")) == output["data"]["image/png"]


def test_show_takes_a_description_and_prefers_it(displayed, few_images):
    plotting.show(plotting.image_grid(few_images, columns=3), alt="Seven squares of noise.")
    assert displayed[0]["metadata"]["image/png"]["alt"] == "Seven squares of noise."


def test_show_closes_a_figure_of_pyplots(pyplot_figure, displayed):
    assert pyplot.get_fignums() == [pyplot_figure.number]
    plotting.show(pyplot_figure, alt="Nothing.")
    assert pyplot.get_fignums() == []
    assert len(displayed) == 1


@pytest.mark.parametrize("alt", [None, ""])
@pytest.mark.parametrize("figures_alt", [None, ""])
def test_show_refuses_a_figure_without_description(displayed, alt, figures_alt):
    fig = Figure()
    if figures_alt is not None:
        fig.alt = figures_alt
    with pytest.raises(ValueError, match=r"this figure has no alt text; say in a sentence what it shows: show\(fig"):
        plotting.show(fig, alt=alt)
    assert displayed == []
