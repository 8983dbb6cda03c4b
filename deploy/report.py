"""Write the marks of a class as one CSV, and one page of feedback for each learner."""

import csv
import hashlib
import itertools
import re
from pathlib import Path

COLUMNS = ("learner", "exercise", "points", "of", "tasks", "open answer", "note")
TEMPLATE = Path(__file__).parent / "feedback.html"


def write(results, folder):
    """Write ``marks.csv`` and ``feedback/LEARNER.html``.

    Parameters
    ----------
    results : list of deploy.grade.Result
        Sorted by learner.
    folder : pathlib.Path
        It is made if it is not there.
    """
    pages = folder / "feedback"
    pages.mkdir(parents=True, exist_ok=True)
    with (folder / "marks.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        rows.writerows([cell(value) for value in row(result)] for result in results)
    for learner, some in itertools.groupby(results, key=lambda result: result.learner):
        (pages / f"{file_name(learner)}.html").write_text(page(learner, list(some)), encoding="utf-8")


def row(result):
    """Return the row of one notebook."""
    tasks = "; ".join(f"{task['number']}: {task['points']}/{task['of']}" for task in result.tasks)
    answered = "to be read" if result.open_answer else ""
    return result.learner, result.exercise, result.points, result.of, tasks, answered, result.note


def cell(value):
    """Return a value as a spreadsheet will show it: never as a formula, whatever a learner is called."""
    if isinstance(value, int | float):
        return value
    text = printable(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def printable(text):
    """Return a text that every encoding and every terminal can take."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "")


def file_name(learner):
    """Return a name for the page of a learner that stays in its folder, and differs where their names differ."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", learner)[:60]
    return (
        plain if plain == learner else f"{plain}-{hashlib.sha256(learner.encode('utf-8', 'replace')).hexdigest()[:8]}"
    )


def page(learner, results):
    """Return one learner's page of feedback, as HTML. Whatever it quotes is escaped."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(learner=printable(learner), results=results)
