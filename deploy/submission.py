"""What is taken from a learner's notebook: the source of its code cells, and the written answer. Nothing else.

Run as a program it reads one notebook and prints JSON. `deploy.grade` runs it in a process of its own with little
memory, since a file can be made to cost more to read than it weighs.
"""

import copy
import json
import os
import stat
import sys

MOST_BYTES = 100_000_000  # of the file; outputs may be long
MOST_SOURCE = 1_000_000  # characters in all cells together


class UnreadableError(ValueError):
    """A submission that is no notebook; the message says why, for the learner."""


def read(path):
    """Read the cells of a notebook.

    Parameters
    ----------
    path : str or pathlib.Path

    Returns
    -------
    list of dict
        ``kind`` (code or markdown), ``id`` (the grade id, or None) and ``source``.

    Raises
    ------
    UnreadableError
        If it is a link, no plain file, too long, no JSON, or no notebook.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise UnreadableError(f"the file cannot be opened ({error.strerror}); hand in the notebook itself") from None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnreadableError("this is no plain file; hand in the notebook itself")
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise UnreadableError(
            f"the file is longer than {MOST_BYTES // 1_000_000} MB; clear the outputs, save, and hand it in again"
        )
    try:
        cells = json.loads(content)["cells"]
        found = [cell for cell in map(plain_cell, cells) if cell]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UnreadableError("this is not a Jupyter notebook; save it in JupyterLab and hand it in again") from None
    if sum(len(cell["source"]) for cell in found) > MOST_SOURCE:
        raise UnreadableError(f"the cells hold more than {MOST_SOURCE:,} characters; remove what is no answer")
    return found


def plain_cell(cell):
    """Return what is taken from one cell, or None for a cell of another kind."""
    if cell["cell_type"] not in ("code", "markdown"):
        return None
    source = cell["source"]
    source = source if isinstance(source, str) else "".join(source)
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return {"kind": cell["cell_type"], "id": grade_id if isinstance(grade_id, str) else None, "source": source}


def grafted(master, cells):
    """Put a learner's cells into the master, which alone decides what is checked.

    Every graded cell of the master is there, in its order, with its own metadata; an answer that was deleted is blank
    again. A learner's other code cells stay behind the graded cell that they followed, because answers may need them.

    Parameters
    ----------
    master : nbformat.NotebookNode
        The exercise with its hidden tests.
    cells : list of dict
        From `read`.

    Returns
    -------
    nbformat.NotebookNode
        A new notebook.
    """
    import nbformat

    ids = [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in master.cells]
    known = set(ids) - {None}
    first = next(index for index, grade_id in enumerate(ids) if grade_id)
    preamble = [copy.deepcopy(cell) for cell in master.cells[:first] if cell.cell_type == "code"]  # the imports
    answers, others, last = {}, {None: preamble}, None
    for cell in cells:
        if cell["id"] in known:
            last = cell["id"]
            answers[last] = cell["source"]  # of two cells with one id, which a copy makes, the later
        elif cell["kind"] == "code":
            others.setdefault(last, []).append(nbformat.v4.new_code_cell(cell["source"]))
    notebook = nbformat.v4.new_notebook(metadata=master.metadata, cells=others[None])
    for grade_id, cell in zip(ids, master.cells, strict=True):
        if grade_id is None:
            continue
        cell = copy.deepcopy(cell)
        if cell.metadata.nbgrader.solution:
            cell.source = answers.get(grade_id, cell.source)
        notebook.cells += [cell, *others.get(grade_id, [])]
    return notebook


if __name__ == "__main__":
    try:
        print(json.dumps({"cells": read(sys.argv[1])}))
    except (UnreadableError, MemoryError) as error:
        print(json.dumps({"problem": str(error) or "reading the file needs too much memory"}))
