"""The lessons as a learner meets them: `make lab`, a real browser, run all cells, look."""

import re
import urllib.error
import urllib.request

import pytest

from tests.browser.explorers import EXPLORER, wait_for_explorer
from tests.browser.jupyterlab import ARTIFACTS, run_all
from tools.notebooks import NOTEBOOKS
from tools.patience import patient

LESSONS = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
EXPLORER_CELLS = """() => {
  const explores = cell => (cell.toJSON().outputs ?? []).some(
    output => output.data?.['application/vnd.jupyter.widget-view+json'] && output.data?.['image/png']);
  const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells];
  return cells.flatMap((cell, index) => explores(cell) ? [index] : []);
}"""
SCROLL_TO = "index => window.jupyterapp.shell.currentWidget.content.scrollToItem(index, 'start')"


def picture_with_alt(page, beginning):
    """Scroll to the picture whose alt text begins so, which JupyterLab draws only then, and return it."""
    page.evaluate(
        """async beginning => {
          const notebook = window.jupyterapp.shell.currentWidget.content;
          const shows = cell => (cell.toJSON().outputs ?? []).some(
            output => output.metadata?.['image/png']?.alt?.startsWith(beginning));
          await notebook.scrollToItem([...notebook.model.cells].findIndex(shows), 'start');
        }""",
        beginning,
    )
    picture = page.locator(f"img[alt^='{beginning}']")
    picture.wait_for()
    return picture


def explorers(page):
    """Scroll to each explorer of a lesson, which JupyterLab draws only then, and give them one by one."""
    for index in page.evaluate(EXPLORER_CELLS):
        page.evaluate(SCROLL_TO, index)
        yield wait_for_explorer(page.locator(f".jp-Cell[data-windowed-list-index='{index}'] {EXPLORER}"))


def test_lab_prints_an_address_on_loopback_that_needs_its_token(lab):
    assert lab.startswith("http://127.0.0.1:")
    assert "/lab/tree/notebooks/00_start_here.ipynb?token=" in lab
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(lab.split("/lab/")[0] + "/api/contents", timeout=patient(30))


@pytest.mark.parametrize("lesson", LESSONS)
def test_lesson_runs_without_an_error(page, lab, lesson):
    cells = run_all(page, lab, lesson)
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert [output["ename"] for output in outputs if output["output_type"] == "error"] == []
    assert [output["text"] for output in outputs if output.get("name") == "stderr"] == []
    if lesson == "02_plain_vae":
        latent_map = picture_with_alt(page, "Scatter plot of")
        assert latent_map.evaluate("image => image.complete && image.naturalWidth > 300")
    moved = 0
    for explorer in explorers(page):
        explorer.check_every_control()
        moved += 1
    assert moved == sum(len(re.findall(r"explore\.\w+_explorer\(", cell["source"])) for cell in cells)
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{lesson}.png")
