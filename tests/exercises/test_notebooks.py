"""Tests of the solutions, and of the exercises made from them."""

import re
import shutil

import IPython.core.inputtransformer2
import nbformat
import pytest

from cvae_utils.checks import CheckFailedError
from deploy.masters import checked
from tests.exercises import bank
from tools import exercises, notebooks

SOLUTIONS = sorted(notebooks.SOLUTIONS.glob("*.ipynb"))


@pytest.fixture(params=SOLUTIONS, ids=lambda path: path.stem)
def solution(request):
    return request.param


def cells_of(path):
    return nbformat.read(path, as_version=4).cells


def grade_id(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def exercise_of(solution):
    return exercises.EXERCISES / solution.name


def test_there_is_an_exercise_for_each_lesson_that_has_something_to_compute():
    lessons = {path.name for path in notebooks.NOTEBOOKS.glob("*.ipynb")} - {"00_start_here.ipynb"}
    assert {path.name for path in SOLUTIONS} == lessons


def test_the_solution_is_in_step_with_its_script_and_executed(solution):
    assert notebooks.problems(solution) == []


def test_building_from_the_script_changes_no_cell(solution):
    fresh = notebooks.from_script(notebooks.script_of(solution))
    assert [(cell.id, cell.source) for cell in cells_of(solution)] == [(cell.id, cell.source) for cell in fresh.cells]


def test_each_answer_has_its_check_and_each_check_its_points(solution):
    topic, number = solution.stem.split("_", 1)[1], int(solution.stem[:2])
    cells = {grade_id(cell): cell for cell in cells_of(solution) if grade_id(cell)}
    checks = bank.checks_of(topic)
    assert 3 <= len(checks) <= 5
    for place, (name, check) in enumerate(checks.items(), start=1):
        assert check.number == f"{number}.{place}"
        answer, test = cells[f"task-{number}-{place}"], cells[f"check-{number}-{place}"]
        assert test.source == f"check.{name}({name})"
        assert checked(test.source) == (f"check.{name}", name)
        assert test.metadata.nbgrader.points == check.points
        assert re.search(rf"^def {name}\(", answer.source, flags=re.MULTILINE)
        assert "### BEGIN SOLUTION" in answer.source
        title = next(c.source for c in cells_of(solution) if c.source.startswith(f"## Task {check.number} · "))
        assert f"({check.points} point" in title.splitlines()[0]
    assert f"open-{number}" in cells
    assert any(grade_id(cell).startswith("given-") for cell in cells.values()), "no bug to find"


def test_each_hint_points_at_a_section_that_exists(solution):
    lesson = (notebooks.NOTEBOOKS / solution.name).read_text(encoding="utf-8")
    headings = {
        line.removeprefix("## ")
        for cell in nbformat.reads(lesson, as_version=4).cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if line.startswith("## ")
    }
    for check in bank.checks_of(solution.stem.split("_", 1)[1]).values():
        assert check.section in headings


def test_links_lead_to_files_that_exist(solution):
    text = "\n".join(cell.source for cell in cells_of(solution) if cell.cell_type == "markdown")
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert f"../notebooks/{solution.name}" in targets
    for target in targets:
        assert (solution.parent / target).exists(), target


def test_every_solution_shows_its_checks_passing(solution):
    for cell in cells_of(solution):
        if grade_id(cell).startswith("check-"):
            (output,) = cell.outputs
            assert output.text.startswith("✓ Task ")


# --- The exercises ---


def test_exercises_are_what_the_solutions_give():
    assert exercises.drifted() == []


def spoil(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: spoil(next(folder.glob("01*")), "YOUR CODE", "MY CODE"), "is not what its solution gives"),
        (lambda folder: next(folder.glob("01*")).unlink(), "is missing"),
        (lambda folder: shutil.copy(next(folder.glob("01*")), folder / "99_other.ipynb"), "has no solution"),
        (lambda folder: spoil(next(folder.glob("01*")), '"locked": true', '"locked": false'), "is not what"),
    ],
)
def test_the_gate_finds_a_drifted_copy(tmp_path, change, said):
    shutil.copytree(exercises.EXERCISES, tmp_path / "exercises")
    assert exercises.drifted(exercises=tmp_path / "exercises") == []
    change(tmp_path / "exercises")
    (found,) = exercises.drifted(exercises=tmp_path / "exercises")
    assert said in found


def test_an_exercise_holds_no_line_of_its_solution_and_no_output(solution):
    regions = exercises.solution_regions(nbformat.read(solution, as_version=4))
    assert len(regions) == len(bank.checks_of(solution.stem.split("_", 1)[1])) + 1
    text = "\n".join(cell.source for cell in cells_of(exercise_of(solution)))
    assert [line for region in regions for line in region if len(line) > 12 and line in text] == []
    assert "SOLUTION" not in text
    for cell in cells_of(exercise_of(solution)):
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None


def test_cell_ids_are_the_grade_ids(solution):
    for cell in cells_of(exercise_of(solution)):
        assert grade_id(cell) in ("", cell.id)


def test_the_blank_exercise_is_reported_task_by_task(solution):
    """Run every cell as a learner would who goes on after each error."""
    transform = IPython.core.inputtransformer2.TransformerManager().transform_cell
    namespace, reported, undone = {}, [], set()
    for cell in cells_of(exercise_of(solution)):
        if cell.cell_type != "code":
            continue
        try:
            exec(compile(transform(cell.source), "cell", "exec"), namespace)
        except CheckFailedError as failure:
            reported.append((failure.number, failure.hint))
        except NotImplementedError as error:
            undone.add(str(error))
    numbers = [check.number for check in bank.checks_of(solution.stem.split("_", 1)[1]).values()]
    assert reported == [(number, "blank") for number in numbers]
    assert undone <= {f"Task {number}" for number in numbers}
