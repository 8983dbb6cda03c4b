"""Measure the explorers: from a move to its picture in the kernel, and from a key press to the changed picture.

In the kernel each move is handled as the page's messages are, and after each move the naive way takes its turn:
``predict``, a new figure, ``imshow``, ``savefig``. In the browser the key is an arrow on a slider, in JupyterLab.
"""

import json
import tempfile
import time
from io import BytesIO
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.results import Skipped, table

TITLE = "From a move of the hand to its picture"
MODELS = ["dense_vae", "dense_cvae", "conv_vae", "conv_cvae"]
EXPLORERS = ["latent", "grid", "transfer", "encoding"]
WARM_UP_MOVES = 5
MOVES = 20
KERNEL_LIMIT_MS = {"dense": 4.0, "conv": 10.0, "completion": 10.0}
SMALLEST_DENSE_RATIO = 25.0
BROWSER_LIMIT_MS = 100.0
BROWSER_MOVES = 25
ROUND_TRIPS = """explorer => {
  const picture = [...explorer.querySelectorAll('img.cvae-picture')].at(-1);
  let pressed = 0;
  window.roundTrips = [];
  explorer.addEventListener('keydown', event => { pressed = event.timeStamp; });
  picture.addEventListener('load', () => { window.roundTrips.push(performance.now() - pressed); });
}"""


def pairs():
    """List the explorers that each model has."""
    moved = [(name, kind) for name in MODELS for kind in EXPLORERS if kind != "transfer" or name.endswith("cvae")]
    return [*moved, ("completion_cvae", "completion")]


def milliseconds(function, *arguments):
    """Return how long a call takes."""
    start = time.perf_counter()
    function(*arguments)
    return 1e3 * (time.perf_counter() - start)


def decode_naively(model, z, labels):
    """Return what ``predict`` makes of a point with each of the labels, in one picture."""
    from cvae_utils.data import one_hot
    from cvae_utils.plotting import tile

    points = np.tile(np.float32(z), (len(labels), 1))
    inputs = points if len(model.decoder.inputs) == 1 else (points, one_hot(labels))
    means = 1 / (1 + np.exp(-model.decoder.predict(inputs, verbose=0)))
    return tile(means, columns=min(5, len(labels)))


def complete_naively(model, image):
    """Return a completion of an image, of which one quadrant is seen, by the three networks' ``predict``."""
    from cvae_utils.quadrants import TASKS, seen_flags

    return model.complete(image[np.newaxis], seen_flags(TASKS[0], 1))[0, ..., 0]


def draw_naively(means):
    """Draw a picture in a new figure."""
    from matplotlib import pyplot

    from cvae_utils.plotting import INK_ON_PAPER

    fig, ax = pyplot.subplots()
    ax.imshow(means, **INK_ON_PAPER)
    fig.savefig(BytesIO(), format="png")
    pyplot.close(fig)


def measure_pair(name, kind):
    """Return the median milliseconds of a move, in the explorer and in the naive way, which take turns."""
    from cvae_utils import explore, weights

    model = weights.load(name)
    widget = getattr(explore, f"{kind}_explorer")(model)
    labels = list(range(10)) if kind == "transfer" else [0]

    def naive_way(z):
        if kind == "completion":
            draw_naively(complete_naively(model, widget.test.images[0]))
        else:
            draw_naively(decode_naively(model, z, labels))

    quick, naive = [], []
    for number, z_1 in enumerate(np.linspace(-2, 2, WARM_UP_MOVES + MOVES)):
        z = [z_1] + [0.5] * (len(widget.z) - 1)
        message = {"view": "benchmark", "number": number, "z": z}
        quick.append(milliseconds(widget._handle_custom_msg, message, []))
        naive.append(milliseconds(naive_way, z))
    return median(quick[WARM_UP_MOVES:]), median(naive[WARM_UP_MOVES:])


def measure_in_this_kernel():
    """Print the medians for each model and explorer as one line of JSON."""
    print(json.dumps([[name, kind, *measure_pair(name, kind)] for name, kind in pairs()]))


def measure_kernel():
    """Have a fresh kernel measure; return rows of model, explorer, milliseconds, and those of the naive way."""
    import nbformat
    from nbclient import NotebookClient

    from tools.notebooks import CELL_TIMEOUT_SECONDS, ROOT

    cell = nbformat.v4.new_code_cell("from benchmarks import explorers\nexplorers.measure_in_this_kernel()")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(notebook, timeout=CELL_TIMEOUT_SECONDS, resources={"metadata": {"path": ROOT}}).execute()
    printed = "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
    return json.loads(printed.splitlines()[-1])


def measure_browser():
    """Return rows of model, explorer, and the median milliseconds from key press to changed picture."""
    from tests.browser import jupyterlab
    from tests.browser.explorers import EXPLORER, wait_for_explorer

    sources = ["from cvae_utils import explore, weights"]
    sources += [f'explore.{kind}_explorer(weights.load("{name}"))' for name, kind in pairs()]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        course, home = Path(folder, "course"), Path(folder, "home")
        course.mkdir()
        home.mkdir()
        jupyterlab.copy_course(course)
        jupyterlab.write_notebook(course, "explorers_to_measure", sources)
        with jupyterlab.running_lab(course, home) as (address, _), jupyterlab.running_chromium() as browser:
            page = jupyterlab.new_page(browser)
            page.set_viewport_size({"width": 1300, "height": 6500})  # JupyterLab draws only what is in view
            jupyterlab.run_all(page, address, "explorers_to_measure")
            for i, (name, kind) in enumerate(pairs()):
                explorer = wait_for_explorer(page.locator(EXPLORER).nth(i))
                rows.append([name, kind, median(round_trips(explorer))])
    return rows


def round_trips(explorer):
    """Press an arrow key again and again; list the milliseconds until the picture had changed."""
    explorer.slider("z1").focus()
    explorer.press("Home")
    explorer.at.evaluate(ROUND_TRIPS)
    for number in range(1, BROWSER_MOVES + 1):
        explorer.page.keyboard.press("ArrowRight")
        explorer.page.wait_for_function(f"window.roundTrips.length >= {number}")
    return explorer.page.evaluate("window.roundTrips")


def measure():
    from tests.browser.jupyterlab import NoBrowserError

    try:
        browser = measure_browser()
    except NoBrowserError as reason:
        raise Skipped(str(reason)) from reason
    return {"kernel": measure_kernel(), "browser": browser}


def page(figures):
    rows = [
        [f"`{name}`, {kind}", f"{quick:.1f}", f"{naive:.0f}", f"{naive / quick:.0f}", f"{round_trip:.0f}"]
        for (name, kind, quick, naive), (_, _, round_trip) in zip(figures["kernel"], figures["browser"], strict=True)
    ]
    return (
        "Medians. In the kernel, from a move to its picture, in turns with `predict`, a new figure and `imshow`; in "
        "the browser, from a key press to the changed picture.\n\n"
        + table(["explorer", "kernel, ms", "the naive way, ms", "ratio", "browser, ms"], rows)
    )


def broken(figures):
    missed = []
    for name, kind, quick, naive in figures["kernel"]:
        networks = name.split("_")[0]
        if quick > KERNEL_LIMIT_MS[networks]:
            missed.append(f"{name} {kind} takes {quick:.1f} ms in the kernel")
        if networks == "dense" and naive / quick < SMALLEST_DENSE_RATIO:
            missed.append(f"{name} {kind} is {naive / quick:.0f} times quicker than the naive way")
    missed += [
        f"{name} {kind} takes {round_trip:.0f} ms in the browser"
        for name, kind, round_trip in figures["browser"]
        if round_trip > BROWSER_LIMIT_MS
    ]
    return missed
