"""The folder for learners holds what they need and nothing of a teacher's, and a leak is found."""

import re
import shutil

import nbformat
import pytest

from deploy import release
from tools.notebooks import ROOT, SOLUTIONS


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release") / "course"
    release.write(folder)
    return folder


def test_a_release_leaks_nothing(released):
    assert release.leaks(released, secret="0" * 64) == []


def test_a_release_has_what_a_learner_needs(released):
    for name in ("README.md", "Makefile", "requirements.lock", "pyproject.toml", "cvae_utils/checks/task.py"):
        assert (released / name).is_file()
    solutions = {path.name for path in SOLUTIONS.glob("*.ipynb")}
    assert {path.name for path in (released / "exercises").glob("*")} == solutions
    assert {path.name for path in (released / "notebooks").glob("*.ipynb")} > solutions


def test_the_readme_of_a_release_speaks_of_what_is_there(released):
    text = (released / "README.md").read_text()
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (released / target).exists(), target
    for missing in ("make test", "make grade", "solutions/", "For teachers", "<!-- end -->"):
        assert missing not in text
    assert "make lab" in text
    assert "## Licence" in text


def test_a_release_overwrites_nothing(released):
    with pytest.raises(FileExistsError, match="not empty"):
        release.write(released)


def plant_solution(folder):
    shutil.copy(next(SOLUTIONS.glob("01*.ipynb")), folder / "exercises" / "01_data_and_likelihood.ipynb")


def plant_solution_without_markers(folder):
    path = folder / "exercises" / "01_data_and_likelihood.ipynb"
    notebook = nbformat.read(next(SOLUTIONS.glob("01*.ipynb")), as_version=4)
    for cell in notebook.cells:
        cell.source = cell.source.replace("### BEGIN SOLUTION", "").replace("### END SOLUTION", "")
    nbformat.write(notebook, path)


def plant_answer_in_the_package(folder):
    notebook = nbformat.read(next(SOLUTIONS.glob("01*.ipynb")), as_version=4)
    answer = next(cell.source for cell in notebook.cells if cell.source.startswith("def split"))
    (folder / "cvae_utils" / "helpful.py").write_text(
        answer.replace("### BEGIN SOLUTION\n", "").replace("### END", "#")
    )


def plant_hidden_test(folder):
    (folder / "exercises" / "notes.txt").write_text("### BEGIN HIDDEN TESTS")


def plant_teachers_folder(folder):
    shutil.copytree(ROOT / "deploy", folder / "deploy")


def plant_secret(folder):
    (folder / "README.md").write_text("our secret is " + "0" * 64)


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        (plant_solution, "BEGIN SOLUTION"),
        (plant_solution_without_markers, "a line of its solution"),
        (plant_answer_in_the_package, "helpful.py holds a solution of 01"),
        (plant_hidden_test, "HIDDEN TESTS"),
        (plant_teachers_folder, "deploy is there"),
        (plant_secret, "the class's secret"),
    ],
)
def test_a_leak_is_found(released, tmp_path, plant, said):
    folder = tmp_path / "course"
    shutil.copytree(released, folder)
    plant(folder)
    assert any(said in finding for finding in release.leaks(folder, secret="0" * 64))
