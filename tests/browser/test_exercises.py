"""The exercises as a learner meets them in JupyterLab: blank at first, then with the right answer to the first task."""

import nbformat
import pytest

from tests.browser.jupyterlab import ARTIFACTS, open_notebook
from tools.exercises import EXERCISES
from tools.notebooks import SOLUTIONS

MOST_SECONDS = 2
NAMES = sorted(path.stem for path in EXERCISES.glob("*.ipynb"))
RUN_CELL = """async index => {
  const notebook = window.jupyterapp.shell.currentWidget.content;
  await notebook.scrollToItem(index, 'start');
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  const start = performance.now();
  await window.jupyterapp.commands.execute('notebook:run-cell');
  return (performance.now() - start) / 1000;
}"""
SOURCE = """([index, source]) => {
  window.jupyterapp.shell.currentWidget.content.model.cells.get(index).sharedModel.setSource(source);
}"""
CELLS = "() => [...window.jupyterapp.shell.currentWidget.content.model.cells].map(cell => cell.toJSON())"


def index_of(cells, grade_id):
    return next(i for i, cell in enumerate(cells) if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def outputs_of(page, index):
    return page.evaluate(CELLS)[index]["outputs"]


@pytest.mark.parametrize("name", NAMES)
def test_the_first_check_answers_at_once(page, lab, name):
    open_notebook(page, lab, name, folder="exercises")
    cells = page.evaluate(CELLS)
    number = int(name[:2])
    answer, check = (index_of(cells, f"{kind}-{number}-1") for kind in ("task", "check"))
    for index in range(answer + 1):  # the imports, and the blank answer
        if cells[index]["cell_type"] == "code":
            page.evaluate(RUN_CELL, index)
            assert [output["ename"] for output in outputs_of(page, index) if output["output_type"] == "error"] == []
    page.evaluate(RUN_CELL, check)
    (blank,) = outputs_of(page, check)
    assert f"Task {number}.1: not done yet" in blank["evalue"]
    shown = page.locator(f".jp-Cell[data-windowed-list-index='{check}'] .jp-OutputArea-output")
    shown.get_by_text("not done yet").wait_for()
    assert "Traceback" not in shown.inner_text()

    solution = nbformat.read(SOLUTIONS / f"{name}.ipynb", as_version=4).cells
    page.evaluate(SOURCE, [answer, solution[index_of(solution, f"task-{number}-1")].source])
    page.evaluate(RUN_CELL, answer)
    seconds = min(page.evaluate(RUN_CELL, check) for _ in range(3))
    (passed,) = outputs_of(page, check)
    assert passed["text"].startswith(f"✓ Task {number}.1: ")
    assert seconds < MOST_SECONDS
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"exercise_{name}.png")
