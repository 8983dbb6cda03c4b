"""Tests of `cvae_utils.explore`: the sliders move the picture."""

import io
import types

import ipywidgets
import numpy as np
import pytest
from PIL import Image
from scipy import special

from cvae_utils import explore


def parts(widget, kind):
    """List the widgets of one kind within a widget, from the top left."""
    inside = [found for child in getattr(widget, "children", ()) for found in parts(child, kind)]
    return [widget, *inside] if isinstance(widget, kind) else inside


def pixels(png):
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG" and image.mode == "L"
    return np.asarray(image)


def conditional_model_of(latent_dim):
    """Return a stand-in for a conditional model, each of whose pixels depends on all of z and on the label."""
    to_pixels = np.random.default_rng(0).normal(size=(latent_dim + 10, 784))
    return types.SimpleNamespace(
        decoder=types.SimpleNamespace(inputs=[np.empty((1, latent_dim)), np.empty((1, 10))]),
        decode=lambda z, y: special.expit(np.concatenate([z, y], axis=1) @ to_pixels).reshape(-1, 28, 28, 1),
    )


def model_of(latent_dim):
    """Return a stand-in for a model, each of whose pixels depends on all of z."""
    to_pixels = np.random.default_rng(0).normal(size=(latent_dim, 784))
    return types.SimpleNamespace(
        decoder=types.SimpleNamespace(inputs=[np.empty((1, latent_dim))]),
        decode=lambda z: special.expit(z @ to_pixels).reshape(-1, 28, 28, 1),
    )


@pytest.mark.parametrize("latent_dim", [2, 5])
def test_there_is_a_slider_for_each_latent_dimension(latent_dim):
    sliders = parts(explore.latent_explorer(model_of(latent_dim)), ipywidgets.FloatSlider)
    assert [slider.description for slider in sliders] == [f"z{i + 1}" for i in range(latent_dim)]
    assert {(slider.value, slider.min, slider.max) for slider in sliders} == {(0, -3, 3)}


@pytest.mark.parametrize("latent_dim", [2, 5])
def test_each_slider_moves_the_picture_and_the_readout(latent_dim):
    model = model_of(latent_dim)
    widget = explore.latent_explorer(model)
    (picture,), (readout,) = parts(widget, ipywidgets.Image), parts(widget, ipywidgets.Label)
    z = np.zeros((1, latent_dim))
    seen = {(picture.value, readout.value)}
    assert picture.value == explore.png(model.decode(z)[0])
    for i, slider in enumerate(parts(widget, ipywidgets.FloatSlider)):
        slider.value = z[0, i] = (i + 1) / 2
        assert picture.value == explore.png(model.decode(np.float32(z))[0])
        assert readout.value == f"decoded from z = ({', '.join(f'{value:.1f}' for value in z[0])})"
        seen.add((picture.value, readout.value))
    assert len({png for png, _ in seen}) == len({text for _, text in seen}) == latent_dim + 1


def test_the_picture_is_enlarged_and_black_on_white():
    means = np.zeros((28, 28, 1), "float32")
    means[3, 5] = 1
    shown = pixels(explore.png(means))
    assert shown.shape == (224, 224)
    expected = np.full((28, 28), 255)
    expected[3, 5] = 0
    np.testing.assert_array_equal(shown, np.kron(expected, np.ones((8, 8))))


def test_it_works_with_a_real_model(make_vae):
    widget = explore.latent_explorer(make_vae(latent_dim=3))
    (picture,), sliders = parts(widget, ipywidgets.Image), parts(widget, ipywidgets.FloatSlider)
    first = pixels(picture.value)
    sliders[2].value = 3
    assert len(sliders) == 3
    assert first.shape == (int(picture.height), int(picture.width)) == (224, 224)
    assert not np.array_equal(pixels(picture.value), first)


def test_a_plain_model_has_no_buttons_for_the_label():
    assert parts(explore.latent_explorer(model_of(2)), ipywidgets.ToggleButtons) == []


def test_the_buttons_of_a_conditional_model_choose_the_label():
    model = conditional_model_of(2)
    widget = explore.latent_explorer(model)
    (buttons,) = parts(widget, ipywidgets.ToggleButtons)
    (picture,) = parts(widget, ipywidgets.Image)
    (readout,) = parts(widget, ipywidgets.Label)
    sliders = parts(widget, ipywidgets.FloatSlider)
    assert list(buttons.options) == [str(label) for label in range(10)]
    sliders[1].value = 1.5
    for label in (0, 7):
        buttons.value = str(label)
        expected = model.decode(np.array([[0, 1.5]]), np.eye(10)[[label]])[0]
        assert picture.value == explore.png(expected)
        assert readout.value == f"decoded from z = (0.0, 1.5) and the label {label}"
