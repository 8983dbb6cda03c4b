"""The grading masters: each exercise with the class's hidden tests, made from the solutions and the class's secret."""

import ast
import copy
import hashlib
import hmac
import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat

from tools.exercises import exercise_of
from tools.notebooks import ROOT, SOLUTIONS

SECRET = ROOT / "class_secret"
HIDDEN = """### BEGIN HIDDEN TESTS
from recorder import record

record({task}, {answer}, seed={seed})
### END HIDDEN TESTS
{visible}"""


@dataclass(frozen=True)
class Master:
    """One exercise, ready for grading."""

    exercise: str  # such as 04_dense_cvae
    seed: int
    notebook: nbformat.NotebookNode
    gradebook: Path


def class_secret(path=SECRET):
    """Return the secret of a class; the first call draws it and keeps it where only its owner can read it."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32) + "\n")
    return path.read_text().strip()


def seed_of(secret, exercise):
    """Return the seed of the hidden tests' inputs; it does not lead back to the secret or to another exercise."""
    digest = hmac.new(secret.encode(), exercise.encode(), hashlib.sha256).hexdigest()
    return int(digest[:12], 16)


def with_hidden_tests(solution, seed):
    """Return a copy of a solution whose check cells check again, with the class's inputs, and record."""
    notebook = copy.deepcopy(solution)
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("grade"):
            task, answer = checked(cell.source)
            cell.source = HIDDEN.format(visible=cell.source, task=task, answer=answer, seed=seed)
    return notebook


def checked(source):
    """Return the names of the check and of the answer in the source of a check cell, such as ``check.split(split)``."""
    call = ast.parse(source).body[-1].value
    return ast.unparse(call.func), ast.unparse(call.args[0])


def made(exercise, secret, folder):
    """Make the master of an exercise in a folder of its own.

    nbgrader's own database, which each sandbox gets a copy of, holds the hidden tests and no solution.
    """
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    seed = seed_of(secret, exercise)
    solution = with_hidden_tests(nbformat.read(SOLUTIONS / f"{exercise}.ipynb", as_version=4), seed)
    source = folder / "source" / exercise
    source.mkdir(parents=True)
    nbformat.write(solution, source / f"{exercise}.ipynb")
    config = Config()
    config.CourseDirectory.root = str(folder)
    # nbgrader starts alembic by its bare name, and make runs this environment without activating it.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    result = NbGraderAPI(config=config).generate_assignment(exercise)
    if not result["success"]:
        raise RuntimeError(f"nbgrader refuses solutions/{exercise}.ipynb: {result['log']}")
    return Master(exercise, seed, exercise_of(solution, hidden_tests=True), folder / "gradebook.db")
