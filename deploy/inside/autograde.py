"""Run nbgrader's autograde on one notebook inside the sandbox; return its points and the records as a zip.

The zip goes to standard output, which the learner's kernel does not inherit.
"""

import io
import json
import os
import shutil
import sys
import zipfile
from pathlib import Path

from recorder import RECORDS

COURSE = Path("/tmp/course")
MOST_RECORDED = 20_000_000  # bytes


def autograde(exercise):
    """Grade ``/in/submission.ipynb`` in a course of its own; return the points of each graded cell, or the problem."""
    from nbgrader.api import Gradebook
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    submitted = COURSE / "submitted" / "learner" / exercise
    submitted.mkdir(parents=True)
    shutil.copy("/in/submission.ipynb", submitted / f"{exercise}.ipynb")
    shutil.copy("/in/gradebook.db", COURSE)
    config = Config()
    config.CourseDirectory.root = str(COURSE)
    config.Execute.timeout = 60
    config.Execute.startup_timeout = 120
    config.Execute.iopub_timeout = 60  # a busy machine has taken longer than nbclient's 4 seconds
    config.IgnorePattern.enabled = True  # a warning costs no points
    config.IgnorePattern.pattern = ".*"
    result = NbGraderAPI(config=config).autograde(exercise, "learner")
    if not result["success"]:
        return {"problem": "the notebook did not run to its end"}
    with Gradebook(f"sqlite:///{COURSE}/gradebook.db") as gradebook:
        grades = gradebook.find_submission_notebook(exercise, exercise, "learner").grades
        return {"points": {grade.name: grade.auto_score for grade in grades}}


def packed(verdict):
    """Return a zip of nbgrader's verdict and of the records, as far as they are not too long."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("nbgrader.json", json.dumps(verdict))
        left = MOST_RECORDED
        for file in sorted(RECORDS.glob("*")):
            left -= file.stat().st_size
            if left > 0:
                archive.write(file, file.name)
    return buffer.getvalue()


if __name__ == "__main__":
    returned = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        verdict = autograde(sys.argv[1])
    except BaseException as error:  # a kernel that dies takes nbgrader's run with it; what was recorded is still there
        verdict = {"problem": f"the notebook did not run to its end ({type(error).__name__})"}
    with returned:
        returned.write(packed(verdict))
