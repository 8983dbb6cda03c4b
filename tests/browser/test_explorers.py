"""The explorers in JupyterLab, by keyboard alone, with the weights that the course ships."""

import io
import re

import pytest
from PIL import Image

from tests.browser import jupyterlab
from tests.browser.explorers import EXPLORER, MIDDLE_PRESSES, wait_for_explorer
from tools.patience import patient

NOTEBOOK = "explorers_for_the_tests"
CELLS = {
    "models": "from cvae_utils import explore, weights\n"
    'vae, cvae, conv = weights.load("dense_vae"), weights.load("dense_cvae"), weights.load("conv_cvae")\n'
    'completion = weights.load("completion_cvae")',
    "latent": "latent = explore.latent_explorer(conv)\nlatent",
    "latent again": "latent",
    "latent, plain": "explore.latent_explorer(vae)",
    "grid": "explore.grid_explorer(conv)",
    "grid, plain": "explore.grid_explorer(vae)",
    "transfer": "explore.transfer_explorer(conv)",
    "encoding": "explore.encoding_explorer(cvae)",
    "encoding, plain": "explore.encoding_explorer(vae)",
    "completion": "explore.completion_explorer(completion)",
    "broken": "broken = explore.latent_explorer(cvae)\nbroken",
    "break it": 'def fail(*_):\n    raise RuntimeError("broken on purpose")\n\n\nbroken.networks.decode = fail',
}
KINDS = [name for name in CELLS if name not in ("models", "latent again", "broken", "break it")]
LEGENDS = {"latent": "label", "grid": "label", "encoding": "label", "completion": "quadrants seen"}
LONGEST_BACKLOG_MILLISECONDS = 500
RAPID_MOVES = """async (explorer, pause) => {
  const slider = explorer.querySelector('input[type=range]');
  for (let move = 1; move <= 200; move += 1) {
    slider.value = (move % 40) / 10 - 2;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    if (pause) await new Promise(done => setTimeout(done, pause));
  }
  const last = Number(slider.value);
  const start = performance.now();
  while (explorer.getAttribute('aria-busy') === 'true') await new Promise(done => setTimeout(done, 1));
  return [last, performance.now() - start];
}"""


def kernel_errors(log_text):
    """List the lines of JupyterLab's log in which it, or a kernel, speaks of an error."""
    return [line for line in log_text.splitlines() if re.search(r"^\[E |Traceback|Error\b|ERROR", line)]


class Console:
    """The errors that a page wrote to its console or did not catch."""

    def __init__(self, page):
        self.errors = []
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))


@pytest.fixture(scope="module")
def opened(browser, lab, copied_course):
    """Run a notebook with all the explorers, and give its page and the page's console."""
    jupyterlab.write_notebook(copied_course, NOTEBOOK, CELLS.values())
    page = jupyterlab.new_page(browser)
    page.set_viewport_size({"width": 1300, "height": 5000})  # JupyterLab draws only what is in view
    console = Console(page)
    ran = jupyterlab.run_all(page, lab, NOTEBOOK)
    assert [output for cell in ran for output in cell["outputs"] if output["output_type"] == "error"] == []
    yield page, console
    jupyterlab.ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=jupyterlab.ARTIFACTS / "explorers.png")
    page.close()


@pytest.fixture
def explorer(opened):
    """Return a function that finds the explorer of a cell."""
    page, _ = opened
    return lambda cell: wait_for_explorer(page.locator(EXPLORER).nth(list(CELLS).index(cell) - 1))


@pytest.fixture(autouse=True)
def nothing_in_the_logs(opened, lab_log):
    """Fail a test that leaves an error in the page's console or in the log of JupyterLab and its kernels."""
    yield
    assert opened[1].errors == []
    assert kernel_errors(lab_log.read_text()) == []


@pytest.mark.parametrize("cell", KINDS)
def test_each_slider_goes_to_its_ends_and_its_middle(explorer, cell):
    shown = explorer(cell)
    assert [shown.slider(name).count() for name in ("z1", "z2")] == [1, 1]
    for index in range(2):
        shown.check_slider(index)


@pytest.mark.parametrize("cell", LEGENDS)
def test_the_labels_are_chosen_by_arrow_keys(explorer, cell):
    shown = explorer(cell)
    assert shown.at.get_by_role("group", name=LEGENDS[cell]).count() == 1
    shown.check_labels()


@pytest.mark.parametrize("cell", sorted(set(KINDS) - set(LEGENDS)))
def test_there_are_no_labels_where_there_are_none_to_choose(explorer, cell):
    assert explorer(cell).radios() == []


@pytest.mark.parametrize("cell", ["encoding", "encoding, plain", "completion"])
def test_the_first_a_middle_and_the_last_test_image(explorer, cell):
    shown = explorer(cell)
    original = shown.at.get_by_role("img", name="test image").first
    chooser = shown.at.get_by_role("spinbutton", name=re.compile("test image, 0 to"))
    last = int(chooser.get_attribute("max"))
    chooser.focus()
    for image in (last // 2, last, 0):
        before = original.get_attribute("src")

        def move(image=image):
            shown.press("Control+a")
            shown.page.keyboard.type(str(image))

        shown.check_move(move)
        assert shown.shown()[1].startswith(f"test image {image}, label ")
        assert original.get_attribute("src") != before
    shown.check_move(lambda: shown.press("ArrowUp"))
    assert shown.shown()[1].startswith("test image 1, ")


@pytest.mark.parametrize("cell", ["grid", "grid, plain"])
def test_the_point_on_the_grid_moves_by_arrow_keys_and_by_clicks(explorer, cell):
    shown = explorer(cell)
    shown.button("Reset").press("Enter")
    shown.settle()
    pad = shown.at.get_by_role("application", name=re.compile("style grid"))
    marker = pad.locator(".cvae-marker")
    pad.focus()
    for key, times, z in [
        ("ArrowRight", 32, [3, 0]),
        ("ArrowUp", 32, [3, 3]),
        ("ArrowLeft", 62, [-3, 3]),
        ("ArrowDown", 62, [-3, -3]),
        ("ArrowRight", MIDDLE_PRESSES, [0, -3]),
    ]:
        shown.check_move(lambda key=key, times=times: shown.press(key, times))
        assert shown.decoded_z() == z
    box = pad.locator("img").bounding_box()
    for part, z in [((0.5, 0.5), [0, 0]), ((0.999, 0.001), [3, 3]), ((0.5 / 13, 6.5 / 13), [-3, 0])]:
        x, y = box["x"] + part[0] * box["width"], box["y"] + part[1] * box["height"]
        shown.check_move(lambda x=x, y=y: shown.page.mouse.click(x, y))
        assert shown.decoded_z() == z
    at = marker.bounding_box()
    assert abs(at["x"] + at["width"] / 2 - x) < 2
    assert abs(at["y"] + at["height"] / 2 - y) < 2


@pytest.mark.parametrize("cell", KINDS)
def test_random_and_reset(explorer, cell):
    shown = explorer(cell)
    shown.button("Random").focus()
    shown.check_move(lambda: shown.press("Enter"))
    shown.slider("z1").focus()
    shown.check_move(lambda: shown.press("End" if shown.decoded_z()[0] < 0 else "Home"))
    shown.button("Reset").focus()
    shown.check_move(lambda: shown.press("Space"))
    if cell.startswith("encoding"):
        encoded, decoded = re.findall(r"z = (\([^)]*\))", shown.shown()[1])
        assert encoded == decoded
    else:
        assert set(shown.decoded_z()) == {0}


def test_the_completion_explorer_by_mouse(explorer):
    shown = explorer("completion")
    sliders = shown.sliders()
    assert len(sliders) == 4
    for task, name in [(2, "3"), (1, "2"), (0, "1")]:
        shown.check_move(lambda name=name: shown.at.get_by_role("radio", name=name).click())
        assert shown.names_label(task)
        assert [float(slider.input_value()) for slider in sliders] == shown.decoded_z() == [0] * 4
        box = sliders[3].bounding_box()
        right = box["x"] + box["width"] - 2, box["y"] + box["height"] / 2
        shown.check_move(lambda right=right: shown.page.mouse.click(*right))
        assert shown.decoded_z() == [0, 0, 0, 3]
    shown.check_move(lambda: shown.button("Random z").click())
    assert "drawn from the prior" in shown.shown()[1]
    shown.check_move(lambda: shown.button("Reset").click())
    assert shown.decoded_z() == [0] * 4
    assert "drawn from the prior" not in shown.shown()[1]


@pytest.mark.parametrize(
    ("cell", "size"),
    [("latent", (224, 224)), ("transfer", (560, 224)), ("encoding", (224, 224)), ("completion", (224, 224))],
)
def test_the_picture_is_saved_enlarged(explorer, cell, size):
    shown = explorer(cell)
    shown.button("Save picture").focus()
    with shown.page.expect_download() as download:
        shown.page.keyboard.press("Enter")
    assert re.fullmatch(r"[a-z_]+_explorer\.png", download.value.suggested_filename)
    image = Image.open(io.BytesIO(download.value.path().read_bytes()))
    assert (image.format, image.size) == ("PNG", size)
    assert image.convert("L").getextrema()[0] < 100, "there is no ink"


@pytest.mark.parametrize("cell", KINDS)
@pytest.mark.parametrize("pause_milliseconds", [0, 3])
def test_two_hundred_rapid_moves_end_on_the_last_one(explorer, cell, pause_milliseconds):
    shown = explorer(cell)
    last, backlog = shown.at.evaluate(RAPID_MOVES, pause_milliseconds)
    assert shown.decoded_z()[0] == last
    assert float(shown.slider("z1").input_value()) == last
    assert backlog <= patient(LONGEST_BACKLOG_MILLISECONDS)


def test_two_views_of_one_explorer_move_together_and_others_stay(explorer):
    first, second, other = explorer("latent"), explorer("latent again"), explorer("latent, plain")
    stays = other.shown()
    first.slider("z2").focus()
    first.check_move(lambda: first.press("ArrowRight", 7))
    assert second.shown() == first.shown()
    assert second.slider("z2").input_value() == first.slider("z2").input_value()
    second.slider("z1").focus()
    second.check_move(lambda: second.press("ArrowLeft", 7))
    assert first.shown() == second.shown()
    assert other.shown() == stays


def test_every_control_is_reached_by_tab(explorer):
    shown = explorer("latent")
    next(radio for radio in shown.radios() if radio.is_checked()).focus()
    names = []
    for _ in range(5):
        shown.page.keyboard.press("Tab")
        names.append(shown.page.evaluate("(e => e.labels?.[0]?.textContent || e.textContent)(document.activeElement)"))
    assert names == ["z1", "z2", "Reset", "Random z", "Save picture"]


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_text_has_contrast_and_focus_is_seen(explorer, theme):
    shown = explorer("latent")
    page = shown.page
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
    light = "true" if theme.endswith("Light") else "false"
    page.locator(f"body[data-jp-theme-light='{light}']").wait_for(state="attached")
    shown.slider("z1").focus()
    page.keyboard.press("ArrowRight")
    shown.settle()
    page.screenshot(path=jupyterlab.ARTIFACTS / f"explorers_{theme.split()[1].lower()}.png")
    assert shown.slider("z1").evaluate("slider => getComputedStyle(slider).outlineWidth") == "3px"
    text, paper = shown.at.locator(".cvae-labels input:not(:checked) + span").first.evaluate(
        "span => [getComputedStyle(span).color, getComputedStyle(span).backgroundColor]"
    )
    assert contrast(text, paper) >= 7


def contrast(*colours):
    """Return the contrast ratio of two CSS colours, as WCAG 2 defines it."""
    luminances = []
    for colour in colours:
        parts = [float(part) / 255 for part in re.findall(r"[\d.]+", colour)[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        luminances.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(luminances) + 0.05) / (min(luminances) + 0.05)


# --- The checks can fail ---------------------------------------------------------------------------


def test_a_broken_callback_shows_its_error_and_fails_the_check(explorer):
    shown = explorer("broken")
    before = shown.shown()
    shown.slider("z1").focus()
    with pytest.raises(AssertionError, match="RuntimeError: broken on purpose"):
        shown.check_move(lambda: shown.press("End"))
    assert shown.at.get_by_role("alert").inner_text() == "RuntimeError: broken on purpose"
    assert shown.shown() == before


def test_a_picture_that_stays_fails_the_check(explorer):
    shown = explorer("latent")
    with pytest.raises(AssertionError, match="the picture stayed"):
        shown.check_move(lambda: None)


def test_errors_in_the_console_are_found(opened):
    page, console = opened
    page.evaluate("console.error('on purpose'); setTimeout(() => { throw new Error('not caught'); })")
    page.wait_for_timeout(100)
    assert [text.split("\n")[0] for text in console.errors] == ["on purpose", "not caught"]
    console.errors.clear()


@pytest.mark.parametrize(
    "line",
    ["[E 2026-01-01 ServerApp] no", "Traceback (most recent call last):", "ValueError: no", "[IPKernelApp] ERROR"],
)
def test_errors_in_the_log_are_found(line):
    assert kernel_errors(f"[I ServerApp] fine\n{line}\n[W ServerApp] so so") == [line]
