"""Tests of the instructor kit: what it takes from a notebook, what it hides, and a few submissions graded for real."""

import csv
import io
import json
import os
import zipfile

import nbformat
import numpy as np
import pytest

from cvae_utils.checks import data_and_likelihood as check
from deploy import grade, judge, masters, report, sandbox, submission
from tests.grading import samples


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    return masters.made(samples.EXERCISE, "a secret", tmp_path_factory.mktemp("master") / "course")


def read(tmp_path, write):
    write(tmp_path)
    return submission.read(tmp_path / f"{samples.EXERCISE}.ipynb")


# --- What is taken from a submission ---


def test_only_sources_are_taken(tmp_path):
    cells = read(tmp_path, samples.saved(samples.long_output()))
    assert {tuple(sorted(cell)) for cell in cells} == {("id", "kind", "source")}
    assert sum(len(cell["source"]) for cell in cells) < 20_000


@pytest.mark.parametrize("sample", [s for s in samples.BROKEN if "not a Jupyter" in s.note], ids=lambda s: s.learner)
def test_what_is_no_notebook_is_said_so(tmp_path, sample):
    with pytest.raises(submission.UnreadableError, match="not a Jupyter notebook"):
        read(tmp_path, sample.write)


def test_a_link_is_not_followed(tmp_path):
    with pytest.raises(submission.UnreadableError, match="cannot be opened"):
        read(tmp_path, samples.linked("/etc/passwd"))


def test_a_graft_has_every_cell_of_the_master_and_its_metadata(tmp_path, master):
    notebook = submission.grafted(master.notebook, read(tmp_path, samples.saved(samples.edited_metadata())))
    graded = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    wanted = [cell for cell in master.notebook.cells if "nbgrader" in cell.metadata]
    assert [cell.metadata for cell in graded] == [cell.metadata for cell in wanted]
    for cell, own in zip(graded, wanted, strict=True):
        assert cell.metadata.nbgrader.solution or cell.source == own.source


def test_a_graft_keeps_answers_and_cells_of_the_learners_own_in_their_order(tmp_path, master):
    notebook = submission.grafted(master.notebook, read(tmp_path, samples.saved(samples.with_cell("half = 0.5"))))
    sources = [cell.source for cell in notebook.cells]
    assert samples.cell_of(samples.SOLUTION, "task-1-4").source in sources
    assert sources.index("half = 0.5") < sources.index(samples.cell_of(samples.SOLUTION, "task-1-1").source)


# --- What stays with the teacher ---


def test_the_master_holds_hidden_tests_and_no_solution(master):
    text = nbformat.writes(master.notebook)
    assert text.count("BEGIN HIDDEN TESTS") == len(samples.POINTS)
    assert str(master.seed) in text
    assert "order[:-held_out]" not in text
    assert "order[:-held_out]" in nbformat.writes(samples.SOLUTION)
    assert b"order[:-held_out]" not in master.gradebook.read_bytes()


def test_a_master_is_made_without_an_activated_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.defpath)  # as under make, which calls .venv/bin/python by its path
    assert masters.made(samples.EXERCISE, "a secret", tmp_path / "course").gradebook.exists()


def test_a_seed_belongs_to_one_class_and_one_exercise():
    seeds = {masters.seed_of(secret, name) for secret in ("a", "b") for name in ("01_x", "02_y")}
    assert len(seeds) == 4
    assert masters.seed_of("a", "01_x") in seeds


def test_the_secret_is_drawn_once_and_only_its_owner_reads_it(tmp_path):
    first = masters.class_secret(tmp_path / "secret")
    assert masters.class_secret(tmp_path / "secret") == first
    assert len(first) == 64
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0


# --- The judge believes nothing ---


def zipped(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


def arrays(**values):
    buffer = io.BytesIO()
    np.savez(buffer, **values)
    return buffer.getvalue()


ALL_POINTS = json.dumps({"points": {f"check-{number.replace('.', '-')}": of for number, of in samples.POINTS.items()}})


def verdict(record, points=ALL_POINTS):
    content = zipped(nbgrader__json=points, **{"1__2__npz": record})
    return judge.judged(content, samples.EXERCISE, seed=3)["tasks"]["1.2"]


def right_record(seed=3):
    return arrays(**check.mended_one_hot.measured(lambda y, k: np.eye(k, dtype="float32")[y], seed))


def test_the_judge_accepts_the_record_of_a_right_answer():
    assert verdict(right_record())["right"]


def test_the_judge_wants_nbgraders_word_too():
    assert not verdict(right_record(), points=json.dumps({"points": {"check-1-2": 0.0}}))["right"]
    assert not verdict(right_record(), points=json.dumps({"problem": "died"}))["right"]


@pytest.mark.parametrize(
    "record",
    [
        right_record(seed=4),  # of other inputs
        arrays(),
        arrays(vectors=np.eye(10), dtype="float32"),
        arrays(vectors=np.array([{}], dtype=object), dtype="float32"),  # a pickle
        b"PK nothing",
    ],
    ids=["other seed", "empty", "made up", "pickle", "no zip"],
)
def test_the_judge_rejects_any_other_record(record):
    assert not verdict(record)["right"]


@pytest.mark.parametrize("content", [b"", b"PK", zipped(), zipped(nbgrader__json="[]"), zipped(nbgrader__json="{")])
def test_the_judge_survives_what_is_no_result(content):
    found = judge.judged(content, samples.EXERCISE, seed=0)
    assert found["problem"]
    assert not any(task["right"] for task in found["tasks"].values())


# --- The report ---


def test_names_of_pages_stay_in_the_folder_and_differ():
    learners = [sample.learner for sample in samples.CLASS] + ["a/b", "a_b", "..", "ä", "x" * 300]
    names = [report.file_name(learner) for learner in learners]
    assert len(set(names)) == len(learners)
    assert all(
        name and set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") for name in names
    )
    assert max(map(len, names)) < 100


def test_the_report_escapes_what_it_quotes(tmp_path):
    task = {"number": "1.1", "points": 0, "of": 3, "text": "<img src=x onerror=alert(1)>"}
    results = [grade.Result("=1+1", samples.EXERCISE, [task], open_answer="<b>me</b>")]
    report.write(results, tmp_path)
    with (tmp_path / "marks.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["learner"] == "'=1+1"
    (page,) = (tmp_path / "feedback").iterdir()
    assert "<img" not in page.read_text()
    assert "<b>" not in page.read_text()
    assert "&lt;img" in page.read_text()


def test_a_page_holds_its_own_learners_data_and_nobody_elses(tmp_path):
    def result(learner):
        task = {"number": "1.1", "points": 0, "of": 3, "text": f"the hint for {learner}"}
        return grade.Result(learner, samples.EXERCISE, [task], f"the words of {learner}", f"the note on {learner}")

    learners = ["ada", "grace", "..%2fup"]
    report.write([result(learner) for learner in learners], tmp_path)
    for learner in learners:
        text = (tmp_path / "feedback" / f"{report.file_name(learner)}.html").read_text()
        for part in ("the hint for", "the words of", "the note on"):
            assert [name for name in learners if f"{part} {name}" in text] == [learner]


# --- For real ---

FEW = (
    "right",
    "wrong",
    "blank",
    "syntax error",
    "os._exit",
    "patches the checks",
    "reads the masters",
    "tries the network",
)


@pytest.fixture(scope="module")
def marks(tmp_path_factory):
    """Grade a few submissions in the sandbox; `make test-grading` grades all."""
    try:
        sandbox.require()
    except sandbox.NoSandboxError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("few")
    samples.write_class(folder, [sample for sample in samples.CLASS if sample.learner in FEW])
    return {result.learner: result for result in grade.grade_class(folder, "a secret", workers=2)}


@pytest.mark.parametrize("sample", [s for s in samples.CLASS if s.learner in FEW], ids=lambda s: s.learner)
def test_a_submission_graded_for_real(marks, sample):
    assert marks[sample.learner].points == sample.points, marks[sample.learner]
    assert sample.note in marks[sample.learner].note


def test_a_wrong_answer_gets_its_hint_and_a_blank_one_its_number(marks):
    texts = {learner: {task["number"]: task["text"] for task in marks[learner].tasks} for learner in ("wrong", "blank")}
    assert "The sign is wrong" in texts["wrong"]["1.3"]
    for number, text in texts["blank"].items():
        assert f"Task {number}: not done yet" in text
