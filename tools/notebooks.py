"""Build the notebooks from their scripts, execute them, and check what is committed.

A lesson is written in ``notebooks/scripts/NN_topic.py``, its jupytext pair, and the solution of its exercise in
``solutions/scripts/NN_topic.py``. ``build`` makes the notebook from the script and executes it, ``check`` says what is
wrong with the committed ones.
"""

import argparse
import hashlib
import re
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
from jupytext.config import load_jupytext_config

from tools.patience import client_limits

ROOT = Path(__file__).parent.parent
NOTEBOOKS = ROOT / "notebooks"
SOLUTIONS = ROOT / "solutions"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
CELL_TIMEOUT_SECONDS = 900
LONGEST_CODE_CELL = 30
LIVE_WIDGET = "application/vnd.jupyter.widget-view+json"
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|root|tmp|work|Users|mnt|var)/[\w.-]+")


def script_of(notebook):
    """Return the path of a notebook's jupytext pair."""
    return notebook.parent / "scripts" / f"{notebook.stem}.py"


def from_script(script):
    """Read a script as a notebook without outputs, with cell ids from the grade ids, or else from the cells' content.

    Jupytext would draw the ids at random, and each build would change every cell.
    """
    notebook = jupytext.read(script)
    seen = set()
    for cell in notebook.cells:
        text = cell.cell_type + cell.source
        while (cell_id := hashlib.sha256(text.encode()).hexdigest()[:8]) in seen:
            text += "again"
        seen.add(cell_id)
        cell.id = cell.metadata.get("nbgrader", {}).get("grade_id", cell_id)
    notebook.nbformat_minor = 5
    notebook.metadata = {"kernelspec": KERNEL}
    return notebook


def to_script(notebook):
    """Return the text of the script that belongs to a notebook, as JupyterLab with jupytext would save it."""
    fmt = {"extension": ".py", "format_name": "percent"}
    load_jupytext_config(str(NOTEBOOKS)).set_default_format_options(fmt)
    bare = nbformat.from_dict({**notebook, "metadata": {"kernelspec": KERNEL}})
    return jupytext.writes(bare, fmt=fmt)


def build(notebook_path):
    """Make a notebook from its script and execute it as a learner would, from top to bottom in a fresh kernel.

    The code is formatted on the way, in the script too.
    """
    from nbclient import NotebookClient

    script = script_of(notebook_path)
    nbformat.write(from_script(script), notebook_path)
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", notebook_path], check=True)
    script.write_text(to_script(nbformat.read(notebook_path, as_version=4)), encoding="utf-8")
    notebook = from_script(script)
    client = NotebookClient(
        notebook,
        kernel_name=KERNEL["name"],
        **client_limits(CELL_TIMEOUT_SECONDS),
        resources={"metadata": {"path": notebook_path.parent}},
        record_timing=False,
        coalesce_streams=True,  # keeps the last state of a progress bar only
        store_widget_state=False,
    )
    client.execute()
    drop_live_widgets(notebook)
    notebook.metadata["language_info"] = {"name": "python"}  # without the version of this machine's Python
    nbformat.write(notebook, notebook_path)


def drop_live_widgets(notebook):
    """Take the live widgets out of a notebook's outputs; what an explorer shows without a kernel stays.

    The kernel of a committed notebook is gone: JupyterLab would say that it does not find the widget, in place of the
    picture. A widget with nothing to show in its place leaves no output.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not shows_only_a_widget(output)]
            for output in cell.outputs:
                output.get("data", {}).pop(LIVE_WIDGET, None)
                output.get("metadata", {}).pop(LIVE_WIDGET, None)


def shows_only_a_widget(output):
    """Return whether an output is a widget and its name in Python, and nothing else."""
    return LIVE_WIDGET in output.get("data", {}) and set(output.data) <= {LIVE_WIDGET, "text/plain"}


def problems(notebook_path):
    """Say what is wrong with a committed notebook: its pair, its execution, or what its outputs show.

    Parameters
    ----------
    notebook_path : pathlib.Path
        A notebook whose script lies in the folder ``scripts`` beside it.

    Returns
    -------
    list of str
        One sentence for each problem; empty when all is well.
    """
    notebook = nbformat.read(notebook_path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = []
    script = script_of(notebook_path)
    if not script.exists():
        found.append(f"its pair scripts/{script.name} is missing")
    elif to_script(notebook) != script.read_text(encoding="utf-8"):
        found.append(
            f"it differs from its pair scripts/{script.name}: "
            f"run `make {notebook_path.parent.name} ONLY={notebook_path.stem}`"
        )
    counts = [cell.execution_count for cell in code]
    if counts != list(range(1, len(code) + 1)):
        found.append(f"its cells were not executed in order from a fresh kernel: their counts are {counts}")
    for number, cell in enumerate(code, start=1):
        found += [f"code cell {number} {problem}" for problem in problems_of_cell(cell)]
    return found


def problems_of_cell(cell):
    """Say what is wrong with one code cell and its outputs."""
    lines = cell.source.count("\n") + 1
    if lines > LONGEST_CODE_CELL and "shown" not in cell.metadata.get("tags", []):
        yield f"has {lines} lines; split it, a learner reads at most {LONGEST_CODE_CELL} at once"
    for output in cell.outputs:
        if output.output_type == "error":
            yield f"raised {output.ename}"
        if output.get("name") == "stderr":
            yield f"wrote to stderr: {output.text[:80]!r}"
        if LIVE_WIDGET in output.get("data", {}):
            yield "shows a widget whose kernel is gone"
        if "image/png" in output.get("data", {}) and not output.metadata.get("image/png", {}).get("alt"):
            yield "shows a figure without alt text: use plotting.show"
        if match := MACHINE_PATH.search(
            str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))
        ):
            yield f"shows a path of the machine that ran it: {match[0]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("verb", choices=["build", "check"])
    parser.add_argument("only", nargs="?", default="", help="the beginning of a notebook's name, such as 02")
    parser.add_argument("--folder", choices=["notebooks", "solutions"], default="notebooks")
    arguments = parser.parse_intermixed_args()
    folder = ROOT / arguments.folder
    scripts = sorted((folder / "scripts").glob(f"{arguments.only}*.py"))
    if not scripts:
        sys.exit(f"no script in {arguments.folder}/scripts begins with {arguments.only!r}")
    notebooks = [folder / f"{script.stem}.ipynb" for script in scripts]
    if arguments.verb == "build":
        for notebook in notebooks:
            print(f"executing {notebook.name}")
            build(notebook)
    found = [f"{notebook.name}: {problem}" for notebook in notebooks for problem in problems(notebook)]
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
