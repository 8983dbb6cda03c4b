"""Write the folder that goes to learners, and make sure that nothing in it is a teacher's.

It holds the lessons, the exercises, the package, and what installs them: of what `FOR_LEARNERS` names, the files that
are tracked.
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from deploy.masters import SECRET
from tools.exercises import drifted, solution_regions
from tools.notebooks import ROOT, SOLUTIONS

FOR_LEARNERS = (
    "notebooks/*.ipynb",
    "exercises/*.ipynb",
    "cvae_utils",
    "pictures",
    "README.md",
    "LICENSE",
    "LICENSE-TEXT",
    "CITATION.cff",
    "Makefile",
    "pyproject.toml",
    "requirements.lock",
    "environment.yml",
)
OF_TEACHERS = ("solutions", "deploy", "tests", "tools", "benchmarks", "notebooks/scripts", ".git", SECRET.name)
MARKERS = ("BEGIN SOLUTION", "END SOLUTION", "HIDDEN TESTS", "MARK SCHEME", "from recorder import")
NOT_IN_README = re.compile(
    r"<!-- not in the folder for learners -->\n.*?<!-- end -->\n|^make test .*?\n", flags=re.DOTALL | re.MULTILINE
)
SHORTEST_LINE = 15  # characters; a shorter line of a solution, such as `return x`, may stand anywhere


def write(folder):
    """Copy what is for learners into a new folder; its README speaks of nothing else.

    Raises
    ------
    FileExistsError
        If the folder is there already and not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is there already and not empty; remove it, or name another by RELEASE=folder")
    listed = subprocess.run(["git", "ls-files", "-z", "--", *FOR_LEARNERS], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    readme = folder / "README.md"
    readme.write_text(NOT_IN_README.sub("", readme.read_text(encoding="utf-8")), encoding="utf-8")


def leaks(folder, secret=None):
    """Say what in a folder is not for learners.

    Parameters
    ----------
    folder : pathlib.Path
    secret : str, optional
        The class's.

    Returns
    -------
    list of str
        One sentence for each finding; empty when all is well.
    """
    found = [f"{name} is there" for name in OF_TEACHERS if (folder / name).exists()]
    solutions = {path.name: solution_regions(nbformat.read(path, as_version=4)) for path in SOLUTIONS.glob("*.ipynb")}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name, lines = path.relative_to(folder), lines_of(path)
        text = "\n".join(lines)
        found += [f"{name} holds {marker!r}" for marker in MARKERS if marker in text]
        if secret and secret in text:
            found.append(f"{name} holds the class's secret")
        for exercise, regions in solutions.items():
            blocks = ["\n".join(region) for region in regions if len(region) > 1]
            found += [f"{name} holds a solution of {exercise}: {block}" for block in blocks if block in text]
            if name == Path("exercises", exercise):
                answers = {line for region in regions for line in region if len(line) >= SHORTEST_LINE}
                found += [f"{name} holds a line of its solution: {line}" for line in sorted(answers & set(lines))]
    return found


def lines_of(path):
    """Return the lines of a file, or of a notebook's cells, without the space around them and without empty ones."""
    if path.suffix == ".ipynb":
        text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    else:
        text = path.read_text(encoding="utf-8", errors="ignore")
    return [line.strip() for line in text.splitlines() if line.strip()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("release"))
    folder = parser.parse_args().folder
    if found := drifted():
        sys.exit("; ".join(found) + ": run `make exercises` first")
    try:
        write(folder)
    except FileExistsError as error:
        sys.exit(str(error))
    if found := leaks(folder, SECRET.read_text().strip() if SECRET.exists() else None):
        shutil.rmtree(folder)
        sys.exit("not released:\n" + "\n".join(found))
    files = sum(path.is_file() for path in folder.rglob("*"))
    print(f"wrote {folder}/: {files} files, and nothing of a teacher's in them")


if __name__ == "__main__":
    main()
