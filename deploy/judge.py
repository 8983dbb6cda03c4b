"""Judge, outside the sandbox, what the answers gave inside it.

Run as a program it reads one zip from the sandbox and prints JSON. It never runs anything from the zip: numbers and
texts are all it takes, and what does not look like the record of a task counts as a wrong answer.
"""

import importlib
import io
import json
import sys
import zipfile

import numpy as np

from cvae_utils.checks import CheckFailedError, Task

MOST_UNPACKED = 50_000_000  # bytes
LONGEST_TEXT = 1000


def tasks_of(exercise):
    """Return the tasks of an exercise, a dict of number to `Task`."""
    module = importlib.import_module(f"cvae_utils.checks.{exercise.split('_', 1)[1]}")
    return {task.number: task for task in vars(module).values() if isinstance(task, Task)}


def judged(content, exercise, seed):
    """Judge what a sandbox returned.

    Parameters
    ----------
    content : bytes
        A zip with ``nbgrader.json`` and, for each task, ``4.2.npz`` or ``4.2.txt``.
    exercise : str
        Such as ``"04_dense_cvae"``.
    seed : int
        The class's.

    Returns
    -------
    dict
        ``problem``, a text or None, and ``tasks``: number to ``{"right": bool, "text": str}``. Right is what both
        nbgrader and the judge call right.
    """
    tasks = tasks_of(exercise)
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED:
            raise ValueError("too long")
        nbgrader = json.loads(archive.read("nbgrader.json"))
        points = {str(name): float(value or 0) for name, value in nbgrader.get("points", {}).items()}
        problem = nbgrader.get("problem")
    except Exception:
        return {"problem": "the notebook stopped the program that grades it", "tasks": not_reached(tasks)}
    found = {}
    for number, task in tasks.items():
        right, text = judged_task(task, archive, seed)
        if right and points.get(f"check-{number.replace('.', '-')}", 0) < task.points:
            right, text = False, "the check in the notebook failed."
        found[number] = {"right": right, "text": text[:LONGEST_TEXT]}
    return {"problem": None if problem is None else str(problem)[:LONGEST_TEXT], "tasks": found}


def judged_task(task, archive, seed):
    """Return whether a task's record is that of a right answer, and what to tell the learner."""
    names = archive.namelist()
    if f"{task.number}.txt" in names:
        return False, archive.read(f"{task.number}.txt").decode("utf-8", "replace")
    if f"{task.number}.npz" not in names:
        return False, "not reached: an earlier cell ended the notebook, or the answer's cell did not run."
    try:
        with np.load(io.BytesIO(archive.read(f"{task.number}.npz")), allow_pickle=False) as arrays:
            measured = {name: arrays[name] for name in arrays}
        return True, task.verdict(measured, seed)
    except CheckFailedError as failure:
        return False, str(failure)
    except Exception:
        return False, "what the answer gave cannot be read."


def not_reached(tasks):
    """Return the verdict on each task where nothing came back."""
    return {number: {"right": False, "text": "not reached."} for number in tasks}


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        print(json.dumps(judged(file.read(), sys.argv[2], int(sys.argv[3]))))
