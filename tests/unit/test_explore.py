"""Tests of `cvae_utils.explore`: what the explorers draw, say, and answer to the page."""

import importlib.util
import io
import os
import subprocess
import sys
import types

import ipywidgets
import numpy as np
import pytest
import traitlets
from PIL import Image
from scipy import special

from cvae_utils import data, explore
from cvae_utils.explore.networks import Networks
from cvae_utils.quadrants import QUADRANTS, TASKS

WIDGET = "application/vnd.jupyter.widget-view+json"
OF_POINTS_AND_LABELS = ["latent_explorer", "grid_explorer", "transfer_explorer", "encoding_explorer"]
ALL = [*OF_POINTS_AND_LABELS, "completion_explorer"]


class Decoder:
    """A stand-in for a decoder, each of whose pixels depends on all of z and on the rest; it counts its calls.

    The rest is a one-hot label, or the features of what is seen of an image.
    """

    def __init__(self, latent_dim, n_rest):
        self.inputs = [np.empty((1, latent_dim))] + ([np.empty((1, n_rest))] if n_rest else [])
        self.to_logits = np.random.default_rng(0).normal(size=(latent_dim + n_rest, 784))
        self.batches = []
        self.broken = False

    def predict_on_batch(self, inputs):
        if self.broken:
            raise RuntimeError("the decoder is broken\nand more than one line says so")
        inputs = np.concatenate(inputs, axis=1) if isinstance(inputs, (tuple, list)) else inputs
        self.batches.append(len(inputs))
        return (inputs @ self.to_logits).reshape(-1, 28, 28, 1)


def model_of(latent_dim, n_classes=0):
    """Return a stand-in for a model, whose encoder's z depends on the image and on the label."""

    def encode(inputs):
        images, y = inputs if n_classes else (inputs, np.zeros((1, 1)))
        z_mean = images.reshape(1, -1)[:, 300 : 300 + latent_dim] / 100 + y @ np.arange(y.shape[1]) / 10
        return z_mean, np.zeros_like(z_mean)

    encoder = types.SimpleNamespace(predict_on_batch=encode)
    return types.SimpleNamespace(encoder=encoder, decoder=Decoder(latent_dim, n_classes))


def completion_model_of(latent_dim):
    """Return a stand-in for a completion model, whose features are a pixel of each quadrant that is seen.

    The mean and the spread of its prior follow from them, each dimension's in its own way.
    """

    def read(inputs):
        images, seen = inputs
        return images[:, [3, 3, 20, 20], [3, 20, 3, 20], 0] / 255 * seen

    to_mean, to_log_var = np.random.default_rng(2).normal(size=(2, 4, latent_dim))
    encoder = types.SimpleNamespace(predict_on_batch=read)
    prior = types.SimpleNamespace(predict_on_batch=lambda inputs: [inputs[0] @ to_mean, inputs[0] @ to_log_var])
    return types.SimpleNamespace(encoder=encoder, prior=prior, decoder=Decoder(latent_dim, 4))


def expected_means(model, z, label=0):
    n_classes = sum(part.shape[-1] for part in model.decoder.inputs[1:])
    return special.expit(np.concatenate([z, np.eye(n_classes)[label]] if n_classes else [z]) @ model.decoder.to_logits)


def expected_png(model, z, label=0):
    return explore.png(expected_means(model, z, label).reshape(28, 28))


def pixels(png):
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.mode) == ("PNG", "L")
    return np.asarray(image)


@pytest.fixture(autouse=True)
def some_test_images(monkeypatch):
    """Give the explorers of images seven images of noise, labels 3 to 9, in place of a data set."""
    images = np.random.default_rng(1).integers(0, 256, (7, 28, 28, 1), "uint8")
    split = data.Split(images, np.arange(3, 10, dtype="uint8"))
    monkeypatch.setattr(data, "load", lambda name: types.SimpleNamespace(test={"auto": split}[name]))
    return split


@pytest.fixture
def page():
    """Return a function that sends an explorer a message as the page does, and gives what it answers."""

    def send(widget, **content):
        answers = []
        widget.send = answers.append
        widget._handle_custom_msg({"view": "a", "number": 5, **content}, [])
        return answers

    return send


# --- Pictures ---------------------------------------------------------------------------------------


def test_a_png_is_black_on_white():
    means = np.zeros((28, 28, 1), "float32")
    means[3, 5], means[4, 5] = 1, 0.5
    shown = pixels(explore.png(means))
    expected = np.full((28, 28), 255)
    expected[3, 5], expected[4, 5] = 0, 128
    np.testing.assert_array_equal(shown, expected)


def test_extreme_logits_give_means_of_zero_and_one():
    model = model_of(1)
    model.decoder.predict_on_batch = lambda z: np.float32([-1e4, 0, 1e4])
    np.testing.assert_array_equal(Networks(model).decode([[0]], [0]), [0, 0.5, 1])


# --- Every explorer ---------------------------------------------------------------------------------


@pytest.fixture(params=ALL)
def constructor(request):
    return getattr(explore, request.param)


@pytest.fixture
def model(constructor):
    """Give a model of two dimensions that the explorer takes."""
    return completion_model_of(2) if constructor is explore.completion_explorer else model_of(2, 10)


@pytest.mark.parametrize("latent_dim", [1, 2, 5])
@pytest.mark.parametrize("n_classes", [0, 10])
@pytest.mark.parametrize("name", OF_POINTS_AND_LABELS)
def test_any_number_of_latent_dimensions_with_and_without_labels(name, latent_dim, n_classes):
    if name == "transfer_explorer" and not n_classes:
        pytest.skip("refused, as another test shows")
    widget = getattr(explore, name)(model_of(latent_dim, n_classes))
    seen = {widget.picture}
    for i in range(latent_dim):
        widget.z = [0.5 * (j == i) for j in range(latent_dim)]
        words = ", ".join("0.5" if j == i else "0.0" for j in range(latent_dim))
        assert f"decoded from z = ({words})" in widget.readout
        seen.add(widget.picture)
    assert len(seen) == latent_dim + 1
    assert widget.error == ""


def test_random_is_drawn_from_the_prior_and_reset_goes_back(page):
    widget = explore.latent_explorer(model_of(200, 10))
    at_first = widget.picture
    widget.label = 3
    page(widget, button="random")
    assert 0.8 < np.std(widget.z) < 1.2
    assert widget.label == 3
    assert widget.picture != at_first
    page(widget, button="reset")
    assert (widget.z, widget.label, widget.picture) == ([0] * 200, 0, at_first)


def test_the_page_moves_the_point_and_has_its_answer(constructor, model, page):
    widget = constructor(model)
    before = widget.picture
    assert page(widget, z=[1.5, -0.2]) == [{"view": "a", "answered": 5}]
    assert widget.z == [1.5, -0.2]
    assert "z = (1.5, -0.2)" in widget.readout
    assert widget.picture != before


@pytest.mark.skipif(ipywidgets.__version__ < "8", reason="without a kernel, ipywidgets 7 has nothing to send")
def test_the_page_gets_picture_and_readout_in_one_message_before_the_answer(monkeypatch, page):
    widget = explore.latent_explorer(model_of(2, 10))
    sent = []
    monkeypatch.setattr(widget, "send_state", lambda key=None: sent.append(set(key)))
    monkeypatch.setattr(widget, "_send", lambda content, buffers=None: sent.append(content))
    widget._answer(widget, {"view": "a", "number": 1, "button": "reset"}, [])
    widget._answer(widget, {"view": "a", "number": 2, "z": [1, 2], "label": 4}, [])
    states = [keys for keys in sent if isinstance(keys, set) and keys]
    assert states == [{"z", "label", "picture", "readout"}]


def test_several_changes_at_once_are_drawn_once(page):
    model = model_of(2, 10)
    widget = explore.latent_explorer(model)
    widget.z, widget.label = [1, 1], 5
    model.decoder.batches.clear()
    page(widget, button="reset")
    assert model.decoder.batches == [1]


def test_an_error_while_drawing_is_shown_and_the_picture_stays(constructor, model, page):
    widget = constructor(model)
    picture, readout = widget.picture, widget.readout
    model.decoder.broken = True
    assert page(widget, z=[1.0, 1.0]) == [{"view": "a", "answered": 5}]
    assert widget.error == "RuntimeError: the decoder is broken"
    assert (widget.picture, widget.readout) == (picture, readout)
    model.decoder.broken = False
    page(widget, z=[1.0, 1.1])
    assert widget.error == ""
    assert widget.picture != picture


def test_an_error_without_a_message_is_shown_by_its_name(page):
    def interrupted(z):
        raise StopIteration

    model = model_of(2)
    widget = explore.latent_explorer(model)
    model.decoder.predict_on_batch = interrupted
    page(widget, z=[1.0, 1.0])
    assert widget.error == "StopIteration"


def test_a_model_that_is_broken_from_the_start_fails_in_the_cell(constructor, model):
    model.decoder.broken = True
    with pytest.raises(RuntimeError, match="the decoder is broken"):
        constructor(model)


def test_wrong_values_are_refused_by_name():
    widget = explore.latent_explorer(model_of(2, 10))
    with pytest.raises(traitlets.TraitError, match=r"z came as \[1.0\]; it takes 2 finite numbers"):
        widget.z = [1.0]
    with pytest.raises(traitlets.TraitError, match=r"z came as .*nan"):
        widget.z = [1.0, np.nan]
    with pytest.raises(traitlets.TraitError, match="label came as 10; the labels of this model are 0 to 9"):
        widget.label = 10
    assert (widget.z, widget.label) == ([0, 0], 0)


def test_a_wrong_value_from_the_page_is_shown_and_answered(page):
    widget = explore.encoding_explorer(model_of(2, 10))
    assert page(widget, image=7) == [{"view": "a", "answered": 5}]
    assert widget.error == "TraitError: image came as 7; the test images are 0 to 6"


def test_what_is_no_model_is_refused_by_name(constructor):
    with pytest.raises(TypeError, match=r"takes a (VAE or a |Completion)CVAE.*got str.*weights\.load"):
        constructor("conv_cvae")


def test_a_model_of_image_completion_is_sent_to_its_own_explorer():
    with pytest.raises(TypeError, match=r"completes images and takes no labels.*completion_explorer"):
        explore.latent_explorer(completion_model_of(2))


def test_zero_has_no_sign_in_the_readout():
    widget = explore.latent_explorer(model_of(2))
    widget.z = [-0.04, 0.04]
    assert widget.readout == "decoded from z = (0.0, 0.0)"


def test_without_a_kernel_there_is_a_strip_with_alt_text(constructor, model):
    widget = constructor(model)
    bundle, metadata = widget._repr_mimebundle_()
    assert bundle[WIDGET]["model_id"] == widget.model_id
    alt = metadata["image/png"]["alt"]
    assert bundle["text/plain"] == alt
    assert f'alt="{alt}"' in bundle["text/html"]
    assert "Run the cell" in alt
    height, width = pixels(bundle["image/png"]).shape
    assert width >= 10 * 28
    assert height >= 2 * 28


@pytest.mark.parametrize("n_classes", [0, 10])
def test_the_strip_of_the_latent_explorer_goes_through_each_dimension(n_classes):
    model = model_of(2, n_classes)
    strip = pixels(explore.latent_explorer(model)._repr_mimebundle_()[0]["image/png"])[::2, ::2]
    assert strip.shape == (2 * 28, 9 * 28)
    np.testing.assert_array_equal(strip[:28, :28], pixels(expected_png(model, [-3, 0])))
    np.testing.assert_array_equal(strip[28:, -28:], pixels(expected_png(model, [0, 3])))


def test_the_old_way_of_displaying_is_off():
    """IPython asks for `_ipython_display_` first, and that of ipywidgets 7 shows no strip."""
    from IPython.utils.dir2 import get_real_method

    assert get_real_method(explore.latent_explorer(model_of(2)), "_ipython_display_") is None


def test_the_front_end_comes_with_the_package():
    widget = explore.latent_explorer(model_of(2))
    assert "export default { render }" in widget._esm
    assert ".cvae-explorer" in widget._css


# --- The latent explorer ----------------------------------------------------------------------------


def test_the_latent_explorer_decodes_the_point_with_the_label():
    model = model_of(3, 10)
    widget = explore.latent_explorer(model)
    assert widget.n_classes == 10
    for z, label in [([0.0, 0.0, 0.0], 0), ([1.5, -3.0, 0.2], 7)]:
        widget.z, widget.label = z, label
        assert widget.picture == expected_png(model, z, label)
        assert widget.readout == f"decoded from z = ({z[0]}, {z[1]}, {z[2]}) and the label {label}"


def test_a_plain_model_has_no_labels():
    model = model_of(2)
    widget = explore.latent_explorer(model)
    assert widget.n_classes == 0
    widget.z = [0.0, 2.0]
    assert widget.picture == expected_png(model, [0, 2])
    assert widget.readout == "decoded from z = (0.0, 2.0)"


# --- The grid explorer ------------------------------------------------------------------------------


def test_the_grid_has_its_ends_at_three_standard_deviations():
    model = model_of(2, 10)
    widget = explore.grid_explorer(model)
    grid = pixels(widget.grid)
    assert grid.shape == (13 * 28, 13 * 28)
    places = {(-3, 3): np.s_[:28, :28], (3, 3): np.s_[:28, -28:], (-3, -3): np.s_[-28:, :28]}
    places[0, 0] = np.s_[6 * 28 : 7 * 28, 6 * 28 : 7 * 28]
    for z, place in places.items():
        np.testing.assert_array_equal(grid[place], pixels(expected_png(model, z)))


def test_the_grid_is_decoded_once_for_each_label():
    model = model_of(2, 10)
    widget = explore.grid_explorer(model)
    grids = {widget.grid}
    for z, label in [([1.0, 1.0], 0), ([1.0, 2.0], 4), ([0.0, 2.0], 4), ([0.0, 0.0], 0)]:
        widget.z, widget.label = z, label
        grids.add(widget.grid)
    assert len(grids) == model.decoder.batches.count(13 * 13) == 2
    assert widget.grid_readout.endswith("label 0")


def test_the_grid_follows_the_other_dimensions():
    model = model_of(4, 10)
    widget = explore.grid_explorer(model)
    for third in (0.5, 1.0, 1.5):
        widget.z = [0.0, 0.0, third, -1.0]
    np.testing.assert_array_equal(pixels(widget.grid)[:28, :28], pixels(expected_png(model, [-3, 3, 1.5, -1])))
    assert len(widget.grids) == 1


def test_the_grid_of_one_dimension_is_a_strip():
    model = model_of(1)
    widget = explore.grid_explorer(model)
    grid = pixels(widget.grid)
    assert grid.shape == (28, 13 * 28)
    np.testing.assert_array_equal(grid[:, -28:], pixels(expected_png(model, [3])))
    assert "z2" not in widget.grid_readout


# --- The transfer explorer --------------------------------------------------------------------------


def test_every_label_is_decoded_in_one_batch():
    model = model_of(2, 10)
    widget = explore.transfer_explorer(model)
    model.decoder.batches.clear()
    widget.z = [1.0, -1.0]
    assert model.decoder.batches == [10]
    picture = pixels(widget.picture)
    assert picture.shape == (2 * 28, 5 * 28)
    for label in range(10):
        row, column = divmod(label, 5)
        shown = picture[28 * row : 28 * (row + 1), 28 * column : 28 * (column + 1)]
        np.testing.assert_array_equal(shown, pixels(expected_png(model, [1, -1], label)))
    assert widget.n_classes == 0, "there is no label to choose"


def test_the_strip_of_the_transfer_explorer_has_a_row_for_each_style():
    model = model_of(2, 10)
    strip = pixels(explore.transfer_explorer(model)._repr_mimebundle_()[0]["image/png"])[::2, ::2]
    assert strip.shape == (5 * 28, 10 * 28)
    np.testing.assert_array_equal(strip[-28:, 3 * 28 : 4 * 28], pixels(expected_png(model, [3, 0], 3)))


def test_a_model_without_labels_has_no_style_to_transfer():
    with pytest.raises(ValueError, match=r"takes no labels.*use a conditional model"):
        explore.transfer_explorer(model_of(2))


# --- The encoding explorer --------------------------------------------------------------------------


def encoded(split, i, label=0):
    return split.images[i].reshape(-1)[300:302] / 100 + label / 10


def test_the_image_is_encoded_with_its_own_label(some_test_images):
    model = model_of(2, 10)
    widget = explore.encoding_explorer(model)
    for i in (0, 4):
        widget.image = i
        np.testing.assert_allclose(widget.z, encoded(some_test_images, i, label=i + 3), rtol=1e-6)
        assert widget.label == i + 3
        assert widget.original == explore.png(some_test_images.images[i] / np.float32(255))
        assert widget.picture == expected_png(model, np.float32(widget.z), i + 3)
        assert widget.readout.startswith(f"test image {i}, label {i + 3}, encoded at z = (")
        assert widget.readout.endswith(f"and the label {i + 3}")


def test_the_label_of_the_encoded_image_can_be_changed_and_reset(some_test_images, page):
    model = model_of(2, 10)
    widget = explore.encoding_explorer(model)
    start, z, original = widget.picture, widget.z, widget.original
    widget.label = 8
    assert widget.picture == expected_png(model, np.float32(z), 8)
    assert (widget.z, widget.original) == (z, original)
    widget.z = [0.0, 0.0]
    page(widget, button="reset")
    assert (widget.z, widget.label, widget.picture) == (z, 3, start)


def test_a_plain_model_encodes_without_the_label(some_test_images):
    widget = explore.encoding_explorer(model_of(2))
    widget.image = 2
    np.testing.assert_allclose(widget.z, encoded(some_test_images, 2), rtol=1e-6)
    assert widget.label == 0
    assert "label 5, encoded" in widget.readout
    assert "and the label" not in widget.readout


def test_random_takes_another_image(page):
    widget = explore.encoding_explorer(model_of(2, 10))
    for _ in range(20):
        before = widget.image
        page(widget, button="random")
        assert widget.image != before
        assert widget.label == widget.image + 3


def test_an_error_while_encoding_is_shown(page):
    model = model_of(2, 10)
    widget = explore.encoding_explorer(model)
    picture = widget.picture
    model.encoder.predict_on_batch = None
    page(widget, image=1)
    assert widget.error == "TypeError: 'NoneType' object is not callable"
    assert widget.picture == picture


# --- The completion explorer ------------------------------------------------------------------------


def seen_mask(label):
    """Return where a pixel is seen in a task, bool (28, 28)."""
    seen = np.zeros((28, 28), bool)
    for quadrant in TASKS[label]:
        row, column = divmod(QUADRANTS.index(quadrant), 2)
        seen[14 * row : 14 * (row + 1), 14 * column : 14 * (column + 1)] = True
    return seen


def completed(model, image, label, epsilon):
    """Return a completion at the prior's mean and ``epsilon`` standard deviations from it, pixel means (28, 28)."""
    flags = np.float32([[quadrant in TASKS[label] for quadrant in QUADRANTS]])
    features = model.encoder.predict_on_batch((image[np.newaxis], flags))
    mean, log_var = model.prior.predict_on_batch([features])
    z = mean[0] + np.exp(log_var[0] / 2) * epsilon
    means = special.expit(np.concatenate([z, features[0]]) @ model.decoder.to_logits).reshape(28, 28)
    return np.where(seen_mask(label), image[..., 0] / 255, means)


def along(n, *moves):
    """Return n zeros, but for the given ``(index, value)``."""
    epsilon = np.zeros(n)
    for index, value in moves:
        epsilon[index] = value
    return epsilon


def most_moving(model, image, label, n):
    """List the four dimensions that move the missing pixels most, found one by one."""
    change = []
    for i in range(n):
        below, above = (completed(model, image, label, along(n, (i, value))) for value in (-2, 2))
        change.append(np.sum((above - below)[~seen_mask(label)] ** 2))
    return sorted(range(n), key=lambda i: -change[i])[:4]


def is_near(png, means):
    """Say whether a picture shows pixel means, but for one step of its 256 greys."""
    return np.abs(pixels(png).astype(int) - pixels(explore.png(means))).max() <= 1


def test_what_is_seen_is_shown_with_the_rest_grey(some_test_images):
    widget = explore.completion_explorer(completion_model_of(6))
    for image, label in [(0, 0), (0, 1), (4, 1), (4, 2)]:
        widget.image, widget.label = image, label
        shown, whole = pixels(widget.original), 255 - some_test_images.images[image, ..., 0]
        np.testing.assert_array_equal(shown[seen_mask(label)], whole[seen_mask(label)])
        assert set(shown[~seen_mask(label)]) == {128}
        assert widget.original_readout == f"test image {image}, label {image + 3}, seen: {', '.join(TASKS[label])}"
        assert widget.readout.startswith(widget.original_readout)
    assert (widget.label_legend, widget.label_texts) == ("quadrants seen", ["1", "2", "3"])


@pytest.mark.parametrize("label", [0, 1, 2])
def test_the_sliders_move_the_missing_pixels_along_the_dimensions_that_move_them_most(some_test_images, label):
    model = completion_model_of(9)
    widget = explore.completion_explorer(model)
    choices = set()
    for i, image in enumerate(some_test_images.images):
        widget.image, widget.label = i, label
        chosen = most_moving(model, image, label, 9)
        choices.add(tuple(chosen))
        assert is_near(widget.picture, completed(model, image, label, np.zeros(9)))
        at_the_mean = pixels(widget.picture)
        for slider, value in [(0, -2.0), (1, 1.5), (3, 3.0)]:
            widget.z = along(4, (slider, value)).tolist()
            assert is_near(widget.picture, completed(model, image, label, along(9, (chosen[slider], value))))
            moved = pixels(widget.picture) != at_the_mean
            assert moved[~seen_mask(label)].any()
            assert not moved[seen_mask(label)].any()
    assert len(choices) > 1, "the images do not tell right choices from a fixed one"


@pytest.mark.parametrize(("latent_dim", "sliders"), [(1, 1), (3, 3), (4, 4), (5, 4), (48, 4)])
def test_there_are_four_sliders_at_most(latent_dim, sliders):
    widget = explore.completion_explorer(completion_model_of(latent_dim))
    assert widget.z == [0] * sliders
    rest = latent_dim - sliders
    expected = f", the other {rest} dimensions at the prior's mean" if rest else "0.0)"
    assert widget.readout.endswith(expected)
    with pytest.raises(traitlets.TraitError, match=rf"it takes {sliders} finite numbers, one for each slider"):
        widget.z = [0.0] * (sliders + 1)


def test_random_draws_every_dimension_and_reset_goes_back_to_the_mean(some_test_images, page):
    model = completion_model_of(9)
    widget = explore.completion_explorer(model)
    widget.image, widget.label = 2, 1
    at_the_mean, readout = widget.picture, widget.readout
    chosen = most_moving(model, some_test_images.images[2], 1, 9)
    widget.rng = np.random.default_rng(7)
    epsilon = np.random.default_rng(7).normal(size=9)
    page(widget, button="random")
    np.testing.assert_allclose(widget.z, epsilon[chosen])
    assert is_near(widget.picture, completed(model, some_test_images.images[2], 1, epsilon))
    assert widget.readout.endswith("the other 5 dimensions drawn from the prior")
    page(widget, z=[0.0, 0.5, -1.0, 2.0])
    epsilon[chosen] = widget.z
    assert is_near(widget.picture, completed(model, some_test_images.images[2], 1, epsilon))
    page(widget, button="reset")
    assert (widget.image, widget.label, widget.z) == (2, 1, [0] * 4)
    assert (widget.picture, widget.readout) == (at_the_mean, readout)


@pytest.mark.parametrize("change", [{"image": 5}, {"label": 2}])
def test_another_image_or_task_begins_at_its_own_mean(some_test_images, page, change):
    model = completion_model_of(9)
    widget = explore.completion_explorer(model)
    page(widget, button="random")
    model.decoder.batches.clear()
    page(widget, **change)
    assert model.decoder.batches == [2 * 9, 1], "one batch to choose the dimensions, and one picture"
    assert widget.z == [0] * 4
    image = some_test_images.images[widget.image]
    assert is_near(widget.picture, completed(model, image, widget.label, np.zeros(9)))
    assert widget.readout.endswith("at the prior's mean")


def test_a_fourth_task_is_refused(page):
    widget = explore.completion_explorer(completion_model_of(2))
    with pytest.raises(traitlets.TraitError, match="label came as 3; it is 0, 1 or 2, where one, two or three"):
        widget.label = 3
    page(widget, label=-1)
    assert widget.error.startswith("TraitError: label came as -1")
    assert widget.label == 0


def test_after_an_image_that_could_not_be_read_the_last_one_is_completed(some_test_images, page):
    model = completion_model_of(5)
    widget = explore.completion_explorer(model)
    picture = widget.picture
    read, model.encoder.predict_on_batch = model.encoder.predict_on_batch, None
    page(widget, image=1)
    assert widget.error == "TypeError: 'NoneType' object is not callable"
    assert widget.picture == picture
    model.encoder.predict_on_batch = read
    page(widget, z=[1.0, 0.0, 0.0, 0.0])
    (first, *_) = most_moving(model, some_test_images.images[0], 0, 5)
    assert is_near(widget.picture, completed(model, some_test_images.images[0], 0, along(5, (first, 1))))
    assert widget.readout.startswith("test image 0, ")


def test_the_strip_of_the_completion_explorer_ends_with_the_truth(some_test_images):
    model = completion_model_of(9)
    widget = explore.completion_explorer(model)
    widget.image, widget.label = 3, 1
    widget.random()  # the strip is the same each time, whatever has been drawn
    bundle, metadata = widget._repr_mimebundle_()
    strip = pixels(bundle["image/png"])[::2, ::2].astype(int)
    assert strip.shape == (28, 9 * 28)
    seen, mean, *drawn, truth = np.split(strip, 9, axis=1)
    image = some_test_images.images[3]
    np.testing.assert_array_equal(seen, pixels(widget.original))
    np.testing.assert_array_equal(truth, 255 - image[..., 0])
    assert np.abs(mean - pixels(explore.png(completed(model, image, 1, np.zeros(9))))).max() <= 1
    assert len({frame.tobytes() for frame in drawn}) == 6
    for frame in drawn:
        np.testing.assert_array_equal(frame[seen_mask(1)], truth[seen_mask(1)])
    widget.random()
    assert widget._repr_mimebundle_()[0]["image/png"] == bundle["image/png"]
    alt = metadata["image/png"]["alt"]
    for words in ("test image 3, label 6, seen: top left, bottom left", "at the mean", "last the whole image"):
        assert words in alt


def test_a_model_without_a_prior_completes_nothing():
    with pytest.raises(
        TypeError, match=r"takes a CompletionCVAE, with its encoder, its prior and its decoder.*weights"
    ):
        explore.completion_explorer(model_of(2, 10))


# --- Real models ------------------------------------------------------------------------------------

REAL = """
import numpy as np, types
from cvae_utils import data, explore, models, quadrants
split = data.Split(np.full((3, 28, 28, 1), 9, "uint8"), np.uint8([1, 2, 3]))
data.load = lambda name: types.SimpleNamespace(test=split)
built = [models.dense_vae(3, 8), models.dense_cvae(1, 8), models.conv_cvae(2)]
for model in built:
    conditional = isinstance(model, models.CVAE)
    names = ["latent", "grid", "encoding"] + ["transfer"] * conditional
    for widget in [getattr(explore, name + "_explorer")(model) for name in names]:
        before = widget.picture
        widget.z = [1.5] * len(widget.z)
        assert widget.error == "" and widget.picture != before
    latent = explore.latent_explorer(model)
    labels = (data.one_hot([0]),) if conditional else ()
    assert latent.picture == explore.png(model.decode(np.zeros((1, len(latent.z))), *labels)[0])
    image = (split.images[:1], data.one_hot([1]))[: 1 + conditional]
    np.testing.assert_allclose(explore.encoding_explorer(model).z, model.encode(*image)[0][0], rtol=1e-3, atol=1e-4)
model = models.completion_cvae(latent_dim=6, hidden_units=16)
widget = explore.completion_explorer(model)
seen = quadrants.seen_flags(quadrants.TASKS[1], 1)
widget.image, widget.label, widget.z = 1, 1, [3.0, 0.0, 0.0, 0.0]
features = model.encoder.predict((split.images[1:2], seen), verbose=0)
mean, log_var = model.prior.predict([features], verbose=0)
shown = []
for dimension in range(6):
    z = mean + np.exp(log_var / 2) * np.eye(6)[dimension] * 3
    logits = model.decoder.predict([z, features], verbose=0)
    shown.append(explore.png(models.filled_in(split.images[1:2], seen, logits)[0]))
assert widget.error == "" and shown.count(widget.picture) == 1
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_real_models_of_each_kind(backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"}
    run = subprocess.run([sys.executable, "-c", REAL], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
