"""Grade a class: run each notebook in a sandbox of its own, judge what its answers gave, write marks and feedback.

The folder holds one folder for each learner, and that one the notebooks, under the names that they have in
``exercises/``. What a notebook does costs nobody's marks but its own.
"""

import argparse
import concurrent.futures
import json
import os
import queue
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from deploy import masters, report, sandbox, submission
from deploy.judge import tasks_of
from tools.notebooks import SOLUTIONS

EXERCISES = tuple(sorted(path.stem for path in SOLUTIONS.glob("*.ipynb")))


@dataclass
class Result:
    """What one notebook earned."""

    learner: str
    exercise: str = ""
    tasks: list = field(default_factory=list)  # dicts: number, points, of, text
    open_answer: str = ""
    note: str = ""

    @property
    def points(self):
        return sum(task["points"] for task in self.tasks)

    @property
    def of(self):
        return sum(task["of"] for task in self.tasks)


def handed_in(folder):
    """List (learner, exercise, path) for each notebook in a folder of submissions, and a result for what is none."""
    found, odd = [], []
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink() or not entry.is_dir():
            odd.append(Result(entry.name, note="not graded: put the notebooks into a folder named after the learner"))
            continue
        for path in sorted(entry.iterdir()):
            if path.stem in EXERCISES and path.suffix == ".ipynb":
                found.append((entry.name, path.stem, path))
            else:
                odd.append(Result(entry.name, note=f"not graded: {path.name!r} is not the name of an exercise"))
        if not any(entry.iterdir()):
            odd.append(Result(entry.name, note="not graded: the folder is empty"))
    return found, odd


def graded(learner, master, path, slot):
    """Grade one notebook.

    Parameters
    ----------
    learner : str
    master : deploy.masters.Master
    path : pathlib.Path
    slot : int
        Number of the sandbox among those that run now.

    Returns
    -------
    Result
    """
    result = Result(learner, master.exercise)
    said = sandbox.run_small(["-m", "deploy.submission", path])
    taken = json.loads(said) if said else {"problem": "the file needs too much time or memory to read"}
    verdict = {"tasks": {}}
    if "problem" in taken:
        result.note = f"not graded: {taken['problem']}"
    else:
        notebook = submission.grafted(master.notebook, taken["cells"])
        result.open_answer = open_answer(notebook)
        verdict, result.note = verdict_on(notebook, master, slot)
    for number, task in sorted(tasks_of(master.exercise).items()):
        told = verdict["tasks"].get(number, {"right": False, "text": "not reached."})
        points = task.points if told["right"] else 0
        result.tasks.append({"number": number, "points": points, "of": task.points, "text": told["text"]})
    return result


def verdict_on(notebook, master, slot):
    """Run a notebook in the sandbox and judge what comes back; return the verdict and a note for the teacher."""
    with tempfile.TemporaryDirectory() as name:
        inputs = Path(name)
        inputs.chmod(0o755)
        nbformat.write(notebook, inputs / "submission.ipynb")
        shutil.copy(master.gradebook, inputs)
        try:
            content = sandbox.run(["/kit/autograde.py", master.exercise], inputs, slot)
        except sandbox.BrokenLimitError as error:
            return {"tasks": {}}, f"stopped: {error}"
        (inputs / "result.zip").write_bytes(content)
        said = sandbox.run_small(["-m", "deploy.judge", inputs / "result.zip", master.exercise, master.seed])
    verdict = json.loads(said) if said else {"tasks": {}, "problem": "what came back cannot be judged"}
    return verdict, verdict["problem"] or ""


def open_answer(notebook):
    """Return the text of the open task, empty where it is still blank."""
    texts = [
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "markdown" and cell.metadata.get("nbgrader", {}).get("solution")
    ]
    return "\n\n".join(text for text in texts if text.strip() != "YOUR ANSWER HERE")


def grade_class(folder, secret, workers):
    """Grade every notebook in a folder of submissions, some at a time.

    Returns
    -------
    list of Result
        In the order of learners and exercises.
    """
    found, results = handed_in(folder)
    slots = queue.SimpleQueue()
    for slot in range(workers):
        slots.put(slot)

    def in_a_slot(learner, master, path):
        slot = slots.get()
        try:
            return graded(learner, master, path, slot)
        except Exception as error:  # whatever one notebook makes of our own code, the others go on
            return Result(learner, master.exercise, note=f"not graded: {type(error).__name__} while grading")
        finally:
            slots.put(slot)

    with tempfile.TemporaryDirectory() as name, concurrent.futures.ThreadPoolExecutor(workers) as pool:
        made = {
            exercise: masters.made(exercise, secret, Path(name) / exercise)
            for exercise in sorted({exercise for _, exercise, _ in found})
        }
        jobs = [pool.submit(in_a_slot, learner, made[exercise], path) for learner, exercise, path in found]
        for number, job in enumerate(concurrent.futures.as_completed(jobs), start=1):
            result = job.result()
            line = f"{number} of {len(jobs)}: {result.learner!r} {result.exercise} {result.points} of {result.of}"
            print(f"{line} {result.note}".rstrip(), flush=True)
            results.append(result)
    return sorted(results, key=lambda result: (result.learner, result.exercise))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("submissions", type=Path, help="folder with a folder for each learner")
    parser.add_argument("--out", type=Path, default=Path("graded"), help="where marks.csv and feedback/ go")
    arguments = parser.parse_args()
    if not arguments.submissions.is_dir():
        sys.exit(f"SUBMISSIONS={arguments.submissions} is no folder; it should hold a folder for each learner")
    try:
        sandbox.require()
    except sandbox.NoSandboxError as error:
        sys.exit(str(error))
    results = grade_class(arguments.submissions, masters.class_secret(), workers=os.cpu_count() or 1)
    report.write(results, arguments.out)
    print(f"wrote {arguments.out}/marks.csv and {arguments.out}/feedback/")


if __name__ == "__main__":
    main()
