"""Thirty and some submissions to exercise 01, honest and hostile, with what each of them should earn.

Every hostile one is bounded in itself (at most 200 processes, 3 GB, 30 seconds where it can be), so that a sandbox that
fails cannot take the machine down with it.
"""

import copy
import json
import os
from dataclasses import dataclass
from pathlib import Path

import nbformat

from tools.exercises import EXERCISES, exercise_of
from tools.notebooks import ROOT, SOLUTIONS

EXERCISE = "01_data_and_likelihood"
SOLUTION = nbformat.read(SOLUTIONS / f"{EXERCISE}.ipynb", as_version=4)
BLANK = exercise_of(SOLUTION)
POINTS = {"1.1": 3, "1.2": 2, "1.3": 3, "1.4": 4}
ALL = sum(POINTS.values())


@dataclass
class Sample:
    """One submission: how to write it into a folder, and what it should earn."""

    learner: str
    write: object  # takes the learner's folder
    points: int
    note: str = ""  # what the note for the teacher contains


def cell_of(notebook, grade_id):
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)


def saved(notebook):
    """Return a function that saves a notebook under the exercise's name."""
    return lambda folder: nbformat.write(notebook, folder / f"{EXERCISE}.ipynb")


def bytes_saved(content):
    return lambda folder: (folder / f"{EXERCISE}.ipynb").write_bytes(content)


def with_answer(source, task="1.3", start=SOLUTION):
    """Return a copy of a notebook with another answer to one task."""
    notebook = copy.deepcopy(start)
    cell_of(notebook, f"task-{task.replace('.', '-')}").source = source
    return notebook


def with_cell(source, start=SOLUTION):
    """Return a copy of a notebook with one more code cell before the first task."""
    notebook = copy.deepcopy(start)
    notebook.cells.insert(3, nbformat.v4.new_code_cell(source))
    return notebook


def answer(body):
    """Return the source of an answer to task 1.3 with this body, which may call ``right`` for the right value."""
    lines = "\n    ".join(body.strip().split("\n"))
    return f"""def right(x, logits, mask):
    return (mask * (x * logits - np.logaddexp(0, logits))).sum(axis=(1, 2, 3))


def masked_log_likelihood(x, logits, mask):
    {lines}"""


WRONG = answer("return -right(x, logits, mask)")
OTHER_STYLE = """import keras


def masked_log_likelihood(x, logits, mask):
    each = -keras.ops.softplus(-logits) * x - keras.ops.softplus(logits) * (1 - x)
    return keras.ops.sum(each * mask, axis=(1, 2, 3))"""
LYING = """class Liar:
    def __eq__(self, other):
        return True

    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__
    __hash__ = None
    shape, dtype = (), np.dtype("float64")

    def __array__(self, *args, **kwargs):
        return np.array([self], dtype=object)

    def __getattr__(self, name):
        return lambda *args, **kwargs: self


def masked_log_likelihood(x, logits, mask):
    return Liar()"""
PATCHED = """import builtins
import sys
import types

import recorder
from cvae_utils.checks import task

for name in ("split", "mended_one_hot", "masked_log_likelihood", "baseline_losses"):
    setattr(check, name, lambda *args, **kwargs: print("✓"))
    globals()[name] = lambda *args: None
task.Task.measured = lambda self, answer, seed=0: {}
task.Task.verdict = lambda self, measured, seed=0: "all is well"
recorder.record = lambda *args, **kwargs: None
sys.modules["recorder"] = types.SimpleNamespace(record=lambda *args, **kwargs: None)
np.allclose = np.array_equal = lambda *args, **kwargs: True
get_ipython().showtraceback = lambda *args, **kwargs: None"""
FORGED = (
    PATCHED
    + """
import pathlib

records = pathlib.Path("/tmp/records")
records.mkdir(exist_ok=True)
np.savez(records / "1.1.npz", first_train=np.array([{}], dtype=object))
np.savez(records / "1.2.npz", vectors=np.eye(10), dtype="float32")
np.savez_compressed(records / "1.3.npz", ordinary=np.zeros(30_000_000))
(records / "1.4.npz").write_bytes(b"PK nothing")"""
)
READS = f"""import glob

root = {str(ROOT)!r}
found = [name for name in ("solutions", "tests", "deploy", "class_secret") if glob.glob(f"{{root}}/{{name}}*")]
for path in glob.glob("/in/*") + glob.glob("/tmp/**/*", recursive=True):
    try:
        text = open(path, errors="ignore").read()
    except OSError:
        continue
    found += [path] if "order[:-" + "held_out]" in text else []  # from the solution of task 1.1
assert not found, found"""
NETWORK = """import socket

for address in (("1.1.1.1", 80), ("pypi.org", 443)):
    try:
        socket.create_connection(address, timeout=5)
    except OSError:
        continue
    raise AssertionError("the network is there")"""
FORKS = """import os
import time

for _ in range(200):
    if os.fork() == 0:
        time.sleep(20)
        os._exit(0)"""
OUTSIDE = f"""import pathlib

written = []
root = {str(ROOT)!r}
for folder in (root, root + "/cvae_utils", "/in", "/kit", "/course/cvae_utils", "/usr", "/", "/etc", "/dev/shm"):
    for name in ("outside.txt", "../outside.txt"):
        try:
            (pathlib.Path(folder) / name).write_text("I was here")
        except OSError:
            continue
        written.append(folder)
assert not set(written) - {{"/dev/shm"}}, written"""


def deleted(*grade_ids, start=SOLUTION):
    notebook = copy.deepcopy(start)
    notebook.cells = [
        cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") not in grade_ids
    ]
    return notebook


def emptied(start):
    notebook = copy.deepcopy(start)
    for number in POINTS:
        cell_of(notebook, f"check-{number.replace('.', '-')}").source = "pass"
    return notebook


def edited_metadata():
    """Points of a hundred, a check that calls itself an answer, an answer without its id."""
    notebook = with_answer(WRONG)
    cell_of(notebook, "check-1-3").metadata.nbgrader.update(points=100, grade=False, solution=True)
    cell_of(notebook, "check-1-1").metadata.nbgrader.update(points=100)
    cell_of(notebook, "task-1-4").metadata.nbgrader["grade_id"] = "check-1-2"
    return notebook


def long_output():
    notebook = copy.deepcopy(SOLUTION)
    output = nbformat.v4.new_output("stream", name="stdout", text="x" * 50_000_000)
    cell_of(notebook, "check-1-1").outputs = [output]
    return notebook


def odd_structure():
    """Valid JSON, with something else in every place where a notebook has a text or a list."""
    cells = [{"cell_type": "code", "source": {"a": 1}, "metadata": []}, 7, None]
    return json.dumps({"cells": cells, "metadata": "none", "nbformat": 4}).encode()


def linked(target):
    return lambda folder: (folder / f"{EXERCISE}.ipynb").symlink_to(target)


def other_name(name):
    def write(folder):
        saved(SOLUTION)(folder)
        (folder / f"{EXERCISE}.ipynb").rename(folder / name)

    return write


HONEST = [
    Sample("right", saved(SOLUTION), ALL),
    Sample("other style", saved(with_answer(OTHER_STYLE)), ALL),
    Sample("wrong", saved(with_answer(WRONG)), ALL - 3),
    Sample("only one task", saved(with_answer(cell_of(SOLUTION, "task-1-2").source, "1.2", start=BLANK)), 2),
    Sample("blank", saved(BLANK), 0),
    Sample("syntax error", saved(with_answer("def masked_log_likelihood(x, logits, mask)\n    return 0")), ALL - 3),
    Sample("helper in a cell of its own", saved(with_cell("import math\nhalf = 0.5")), ALL),
    Sample(
        "warns", saved(with_answer(answer("import warnings\nwarnings.warn('odd')\nreturn right(x, logits, mask)"))), ALL
    ),
]
BROKEN = [
    Sample("answer deleted", saved(deleted("task-1-2", "given-1-2")), ALL - 2),
    Sample("checks deleted", saved(deleted("check-1-1", "check-1-3")), ALL),
    Sample("checks emptied, blank", saved(emptied(BLANK)), 0),
    Sample("checks emptied, right", saved(emptied(SOLUTION)), ALL),
    Sample("metadata edited", saved(edited_metadata()), ALL - 3 - 4),
    Sample("not JSON", bytes_saved(b"<!doctype html><title>Sign in</title>"), 0, "not a Jupyter notebook"),
    Sample("nested", bytes_saved(b"[" * 200_000), 0, "not a Jupyter notebook"),
    Sample("odd structure", bytes_saved(odd_structure()), 0, "not a Jupyter notebook"),
    Sample("empty file", bytes_saved(b""), 0, "not a Jupyter notebook"),
    Sample("50 MB of output", saved(long_output()), ALL),
    Sample("a link", linked("/etc/passwd"), 0, "cannot be opened"),
    Sample("a pipe", lambda folder: os.mkfifo(folder / f"{EXERCISE}.ipynb"), 0, "no plain file"),
    Sample("another name", other_name("..%2f..%2fexercise.ipynb"), 0, "not the name of an exercise"),
    Sample("..%2f..%2fup", saved(SOLUTION), ALL),
    Sample("..\\..\\up", saved(SOLUTION), ALL),
    Sample("-rf", saved(BLANK), 0),
    Sample('=HYPERLINK("x")', saved(BLANK), 0),
    Sample("<script>alert(1)<", saved(BLANK), 0),
    Sample("two\nlines", saved(BLANK), 0),
]
HOSTILE = [
    Sample("endless loop", saved(with_answer(answer("while True: pass"))), ALL - 3),
    Sample(
        "stubborn loop",
        saved(
            with_answer(
                answer(
                    "import time\nend = time.time() + 30\nwhile time.time() < end:\n    try:\n        "
                    "while time.time() < end: pass\n    except BaseException: pass"
                )
            )
        ),
        ALL - 3,
    ),
    Sample("endless cell", saved(with_cell("while True: pass")), ALL),
    Sample("os._exit", saved(with_answer(answer("import os\nos._exit(0)"))), 0, "did not run to its end"),
    Sample("sys.exit", saved(with_answer(answer("import sys\nsys.exit(0)"))), ALL - 3),
    Sample("kills its parent", saved(with_cell("import os\nos.kill(os.getppid(), 9)")), 0, "stopped the program"),
    Sample("memory bomb", saved(with_answer(answer("return np.ones(3_000_000_000 // 8).sum()"))), ALL - 3),
    Sample("fork bomb", saved(with_cell(FORKS)), 0, "processes"),
    Sample("writes outside", saved(with_answer(f"{OUTSIDE}\n{cell_of(SOLUTION, 'task-1-3').source}")), ALL),
    Sample("reads the masters", saved(with_answer(f"{READS}\n{cell_of(SOLUTION, 'task-1-3').source}", start=BLANK)), 3),
    Sample("tries the network", saved(with_answer(f"{NETWORK}\n{cell_of(SOLUTION, 'task-1-3').source}")), ALL),
    Sample("lying object", saved(with_answer(LYING)), ALL - 3),
    Sample("patches the checks", saved(with_cell(PATCHED, start=BLANK)), 0),
    Sample("forges records", saved(with_cell(FORGED, start=BLANK)), 0),
    Sample("prints 50 MB", saved(with_cell("print('x' * 50_000_000)")), ALL),
    Sample("asks for input", saved(with_answer(answer("return float(input())"))), ALL - 3),
]
CLASS = [*HONEST, *BROKEN, *HOSTILE]


def write_class(folder, samples):
    """Write samples as the folder of submissions that a teacher has."""
    for sample in samples:
        own = Path(folder) / sample.learner
        own.mkdir(parents=True)
        sample.write(own)


assert (EXERCISES / f"{EXERCISE}.ipynb").exists()
