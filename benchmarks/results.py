"""What the benchmarks measured, kept in results.json, and the page that is written from it, RESULTS.md.

A benchmark is a module with a ``TITLE``; a function ``measure``, which returns its figures as something that JSON can
hold and raises ``Skipped`` where this machine lacks what it needs; ``page``, which words them in Markdown; and
``broken``, which lists the promises that they do not keep.
"""

import datetime
import importlib.metadata
import json
import os
import platform
import re
from pathlib import Path
from statistics import median

import psutil

from benchmarks import processor

FOLDER = Path(__file__).parent
STORE = FOLDER / "results.json"
PAGE = FOLDER / "RESULTS.md"
PACKAGES = ["tensorflow", "keras", "numpy", "ipywidgets", "jupyterlab"]
PREAMBLE = """# Measured

Written by `make bench` from `benchmarks/results.json`; `python -m benchmarks NAME` measures one part anew. Times on a
shared machine swing, so each comparison takes turns within one run, and its ratio is what counts. A spread is the
smallest and the largest of the turns. What was tried on the way, also without success, is in [LOG.md](LOG.md).
"""


class Skipped(Exception):  # noqa: N818 (nothing went wrong)
    """A benchmark needs what this machine lacks; the message says what."""


def processor_name():
    """Return the name of the processor."""
    if Path("/proc/cpuinfo").exists():
        named = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
        if named:
            return named[1]
    return platform.processor() or platform.machine()


def version(package):
    """Return the version of a package, also where TensorFlow comes as its smaller build."""
    for name in (package, f"{package}-cpu"):
        try:
            return f"{package} {importlib.metadata.version(name)}"
        except importlib.metadata.PackageNotFoundError:
            continue
    return f"no {package}"


def circumstances():
    """Describe when, where and with what something is about to be measured."""
    gb = psutil.virtual_memory().total / 1e9
    return {
        "date": datetime.date.today().isoformat(),
        "machine": f"{processor_name()}, {os.cpu_count()} cores, {gb:.0f} GB of memory, {platform.system()}",
        "instructions": processor.native(),
        "versions": ", ".join([f"Python {platform.python_version()}", *map(version, PACKAGES)]),
        "load": round(os.getloadavg()[0], 1),  # of other work, since the benchmark has not begun
    }


def load():
    """Return all that was measured, by the name of the benchmark."""
    return json.loads(STORE.read_text(encoding="utf-8")) if STORE.exists() else {}


def record(name, benchmark):
    """Run a benchmark, keep its figures and write the page anew; return its section and what it does not keep."""
    entry = circumstances()
    try:
        entry["figures"] = benchmark.measure()
    except Skipped as reason:
        return f"## {benchmark.TITLE}\n\nSkipped: {reason}\n", []
    STORE.write_text(json.dumps(load() | {name: entry}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return section(benchmark, entry), benchmark.broken(entry["figures"])


def instructions(entry):
    """Say which instruction sets were used: the processor's own, and those of the kinds that were measured."""
    figures = entry["figures"]
    titles = processor.titles(figures) if "kinds" in figures else {entry["instructions"]: entry["instructions"]}
    return "; and ".join(titles.values())


def section(benchmark, entry):
    """Word one benchmark's figures."""
    kept = benchmark.broken(entry["figures"])
    promises = "All its promises are kept." if not kept else f"Not kept: {'; '.join(kept)}."
    return (
        f"## {benchmark.TITLE}\n\n{benchmark.page(entry['figures'])}\n{promises}\n\n"
        f"*{entry['date']}; {entry['machine']}; instruction sets: {instructions(entry)}; {entry['versions']}; load "
        f"before the run {entry['load']}.*\n"
    )


def write_page(benchmarks):
    """Write RESULTS.md from what is kept."""
    kept = load()
    sections = [section(benchmark, kept[name]) for name, benchmark in benchmarks.items() if name in kept]
    PAGE.write_text("\n".join([PREAMBLE, *sections]), encoding="utf-8")


def table(header, rows):
    """Return a Markdown table whose first column is text and whose others are figures."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in (header, rule, *rows)) + "\n"


def spread(values, digits=".2f"):
    """Return the median of a few values with the smallest and the largest, as text."""
    return f"{median(values):{digits}} ({min(values):{digits}} to {max(values):{digits}})"
