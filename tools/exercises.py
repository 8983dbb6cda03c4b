"""Make the exercises from the solutions, by nbgrader's own preprocessors and without its gradebook.

What a learner opens, ``exercises/NN_topic.ipynb``, is the solution without its answers: in their place stands a line
that raises NotImplementedError with the number of the task.
"""

import argparse
import copy
import sys

import nbformat
from nbgrader import preprocessors

from tools.notebooks import KERNEL, ROOT, SOLUTIONS

EXERCISES = ROOT / "exercises"
KEPT_METADATA = ("tags", "nbgrader", "editable", "deletable")


class ClearNumberedSolutions(preprocessors.ClearSolutions):
    """Put the number of the task into the line that stands in place of the answer."""

    def preprocess_cell(self, cell, resources, cell_index):
        number = cell.metadata.get("nbgrader", {}).get("grade_id", "").removeprefix("task-").replace("-", ".")
        self.code_stub = {"python": f'# YOUR CODE HERE\nraise NotImplementedError("Task {number}")'}
        return super().preprocess_cell(cell, resources, cell_index)


STEPS = (
    preprocessors.LockCells,
    ClearNumberedSolutions,
    preprocessors.ClearOutput,
    preprocessors.CheckCellMetadata,
    preprocessors.ComputeChecksums,
    preprocessors.ClearHiddenTests,
    preprocessors.ClearMarkScheme,
    preprocessors.ComputeChecksums,  # of what the learner gets
    preprocessors.CheckCellMetadata,
)


def exercise_of(solution, hidden_tests=False):
    """Return a solution notebook without its answers and outputs.

    Parameters
    ----------
    solution : nbformat.NotebookNode
        In nbgrader's source format; it is not changed.
    hidden_tests : bool
        Whether to leave the hidden tests in: for grading, never for a learner.

    Returns
    -------
    nbformat.NotebookNode
        With the same cell ids, so that the same solution always gives the same exercise.
    """
    notebook = nbformat.from_dict(copy.deepcopy(solution))
    resources = {"unique_key": "exercise", "nbgrader": {}}
    for step in STEPS:
        if hidden_tests and step is preprocessors.ClearHiddenTests:
            continue
        notebook, resources = step().preprocess(notebook, resources)
    for cell in notebook.cells:
        cell.metadata = {name: value for name, value in cell.metadata.items() if name in KEPT_METADATA}
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    return notebook


def solution_regions(solution):
    """Return the lines of each answer in a solution notebook, those that stand nowhere else in it.

    Returns
    -------
    list of list of str
        One list for each region between the markers, and for each written answer; without the space around the lines.
    """
    regions, elsewhere = [], set()
    for cell in solution.cells:
        written = cell.cell_type == "markdown" and cell.metadata.get("nbgrader", {}).get("solution", False)
        within = written
        regions += [[]] if written else []
        for line in filter(None, map(str.strip, cell.source.splitlines())):
            if "### BEGIN SOLUTION" in line:
                within = True
                regions.append([])
            elif "### END SOLUTION" in line:
                within = False
            elif within:
                regions[-1].append(line)
            else:
                elsewhere.add(line)
    return [[line for line in region if line not in elsewhere] for region in regions]


def exercise_text(solution_path):
    """Return the text of the exercise notebook that belongs to a solution."""
    return nbformat.writes(exercise_of(nbformat.read(solution_path, as_version=4))) + "\n"


def drifted(solutions=SOLUTIONS, exercises=EXERCISES):
    """Say which exercises are not what the solutions give.

    Returns
    -------
    list of str
        One sentence for each; empty when all are in step.
    """
    wanted = {path.name: exercise_text(path) for path in sorted(solutions.glob("*.ipynb"))}
    there = {path.name: path.read_text(encoding="utf-8") for path in exercises.glob("*.ipynb")}
    return [
        *(f"{name} is missing" for name in wanted.keys() - there.keys()),
        *(f"{name} has no solution" for name in there.keys() - wanted.keys()),
        *(
            f"{name} is not what its solution gives"
            for name in wanted.keys() & there.keys()
            if wanted[name] != there[name]
        ),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when an exercise is out of step")
    if parser.parse_args().check:
        if found := drifted():
            sys.exit("; ".join(sorted(found)) + ": run `make exercises`")
        return
    EXERCISES.mkdir(exist_ok=True)
    for path in sorted(SOLUTIONS.glob("*.ipynb")):
        (EXERCISES / path.name).write_text(exercise_text(path), encoding="utf-8")


if __name__ == "__main__":
    main()
