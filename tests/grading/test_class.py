"""A class of submissions, honest and hostile, graded for real. `make test-grading` runs it; it takes some minutes."""

import csv
import hashlib
import time

import pytest

from deploy import grade, masters, report, sandbox
from tests.grading import samples
from tools.notebooks import ROOT
from tools.patience import patient

MOST_SECONDS = 15 * 60


def digest_of_the_course():
    """Return a digest of every tracked and untracked file of the repository that a submission might have changed."""
    digest = hashlib.sha256()
    for folder in ("cvae_utils", "deploy", "exercises", "solutions", "tests", "tools", "notebooks"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and "records" not in path.parts:
                digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    """Grade the class; give its folder of results, and how long it took."""
    sandbox.require()
    folder = tmp_path_factory.mktemp("class")
    samples.write_class(folder / "submissions", samples.CLASS)
    before = digest_of_the_course()
    start = time.monotonic()
    results = grade.grade_class(folder / "submissions", masters.class_secret(folder / "secret"), workers=2)
    report.write(results, folder / "graded")
    seconds = time.monotonic() - start
    assert digest_of_the_course() == before, "a submission changed the course"
    return folder, seconds


@pytest.fixture(scope="module")
def rows(marked):
    with (marked[0] / "graded" / "marks.csv").open(newline="", encoding="utf-8") as file:
        return {row["learner"]: row for row in csv.DictReader(file)}


def test_a_class_of_thirty_and_more_ends_in_time(marked, rows):
    assert len(rows) == len(samples.CLASS) >= 30
    assert marked[1] < patient(MOST_SECONDS)


@pytest.mark.parametrize("sample", samples.CLASS, ids=lambda sample: repr(sample.learner))
def test_each_earns_what_it_should(rows, sample):
    row = rows[report.cell(sample.learner)]
    assert (int(row["points"]), sample.note in row["note"]) == (sample.points, True), row


def test_each_learner_has_one_page_in_the_folder(marked):
    pages = list((marked[0] / "graded").rglob("*.html"))
    assert len(pages) == len(samples.CLASS)
    assert {page.parent for page in pages} == {marked[0] / "graded" / "feedback"}


def test_feedback_holds_no_test_and_no_secret(marked):
    secret = (marked[0] / "secret").read_text().strip()
    seed = str(masters.seed_of(secret, samples.EXERCISE))
    for page in (marked[0] / "graded" / "feedback").glob("*.html"):
        text = page.read_text(encoding="utf-8")
        for told in (secret, seed, "HIDDEN", "record(", "<script", "Traceback"):
            assert told not in text, page.name
