"""Measure each notebook in a fresh kernel: CPU seconds, seconds on the clock and the kernel's peak resident memory.

All of them on each kind of processor: on this one's own one after the other, on the other kind two at a time, as the
tests run them. Run time is judged by CPU seconds: wall time depends on what else the machine does. Part of the memory
are pages of files, nearly all of them of TensorFlow's library: processes share them, and a system that runs short can
drop them.
"""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import psutil
from nbclient import NotebookClient

from benchmarks import processor
from benchmarks.results import table
from tools.notebooks import CELL_TIMEOUT_SECONDS, NOTEBOOKS, SOLUTIONS

TITLE = "Run time and memory of every notebook"

SAMPLES_PER_SECOND = 20
MEMORY_LIMIT_GB = 1.5
CPU_LIMIT_SECONDS = {"AVX2": 240}  # of a notebook, on the slower kind of processor
LONGER_CPU_LIMIT_SECONDS = {"AVX2": 300}  # of those that measure several models
LONGER_FROM = "08"
COURSE_LIMIT_SECONDS = {"AVX-512": 1500, "AVX2": 2200}  # of CPU, of all notebooks together


class KernelMeter(threading.Thread):
    """Watch a process until told to stop, for its peak memory and the CPU seconds it has used."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.process = psutil.Process(pid)
        self.peak_bytes = 0
        self.peak_bytes_of_files = 0
        self.cpu_seconds = 0.0
        self.stopped = threading.Event()

    def run(self):
        while not self.stopped.wait(1 / SAMPLES_PER_SECOND):
            self.read()

    def read(self):
        memory = self.process.memory_info()
        if memory.rss > self.peak_bytes:
            self.peak_bytes, self.peak_bytes_of_files = memory.rss, getattr(memory, "shared", 0)  # Linux tells
        times = self.process.cpu_times()
        self.cpu_seconds = times.user + times.system


def measure_notebook(path, folder, environment):
    """Execute a notebook and return its CPU seconds, wall seconds, and peak memory in GB, of which of files."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=CELL_TIMEOUT_SECONDS, resources={"metadata": {"path": folder}})
    start = time.perf_counter()
    with client.setup_kernel(env=environment):
        meter = KernelMeter(client.km.provisioner.pid)
        meter.start()
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
        meter.stopped.set()
        meter.join()
        meter.read()
    wall_seconds = time.perf_counter() - start
    return [meter.cpu_seconds, wall_seconds, meter.peak_bytes / 1e9, meter.peak_bytes_of_files / 1e9]


def measure_kind(kind):
    """Measure every lesson, and every exercise by its solution, on one kind of processor."""
    environment = processor.environment(kind)
    paths = [path for folder in (NOTEBOOKS, SOLUTIONS) for path in sorted(folder.glob("*.ipynb"))]
    with ThreadPoolExecutor(max_workers=1 if kind == processor.native() else 2) as pool:
        rows = pool.map(lambda path: measure_notebook(path, path.parent, environment), paths)
        found = {NOTEBOOKS.name: {}, SOLUTIONS.name: {}}
        for path, row in zip(paths, rows, strict=True):
            found[path.parent.name][path.stem] = row
    return found


def measure():
    return processor.each_kind(measure_kind)


def cpu_limit_of(name, kind):
    """Return how many CPU seconds a notebook may take on a kind of processor; None where nothing is promised."""
    return (LONGER_CPU_LIMIT_SECONDS if name >= LONGER_FROM else CPU_LIMIT_SECONDS).get(kind)


def listed(folders):
    """Return the figures of all notebooks of one kind by folder and name."""
    return {f"{folder}/{name}": row for folder, notebooks in folders.items() for name, row in notebooks.items()}


def totals(folders):
    """Return the CPU seconds and the seconds of all notebooks together, and the largest peak."""
    cpu, wall, peak, _ = zip(*listed(folders).values(), strict=True)
    return sum(cpu), sum(wall), max(peak)


def page(figures):
    by_kind = {kind: listed(folders) for kind, folders in figures["kinds"].items()}
    rows = []
    for notebook in by_kind[processor.own(figures)]:
        row = [notebook]
        for found in by_kind.values():
            cpu, wall, peak, of_files = found[notebook]
            row += [f"{cpu:.0f}", f"{wall:.0f}", f"{peak:.2f}", f"{of_files:.2f}"]
        rows.append(row)
    row = ["**all**"]
    for folders in figures["kinds"].values():
        cpu, wall, peak = totals(folders)
        row += [f"**{cpu:.0f}**", f"**{wall:.0f}**", f"**{peak:.2f}**", ""]
    header = ["notebook"]
    for kind in figures["kinds"]:
        header += [f"{kind}: CPU s", "s", "peak GB", "of which files"]
    titles = " and ".join(processor.titles(figures).values())
    text = (
        f"On {titles}. Each notebook from a fresh kernel, one after the other; with the AVX-512 paths switched off, "
        "two at a time, as the tests run them. The exercises are measured by their solutions, which hold every answer. "
        "Memory is the kernel's largest resident set; part of it are pages of files, nearly all of TensorFlow's "
        "library, which processes share and a system that runs short can drop. At "
        f"most {MEMORY_LIMIT_GB} GB are promised; on AVX2, {CPU_LIMIT_SECONDS['AVX2']} CPU seconds for a notebook "
        f"({LONGER_CPU_LIMIT_SECONDS['AVX2']} from {LONGER_FROM} on); and for all together "
        + ", ".join(f"{limit:,} on {kind}" for kind, limit in COURSE_LIMIT_SECONDS.items())
        + "."
    )
    return "\n\n".join([text, table(header, [*rows, row]), *processor.unmeasured(figures)]) + "\n"


def broken(figures):
    missed = []
    for kind, folders in figures["kinds"].items():
        for folder, notebooks in folders.items():
            for name, (cpu, _, peak, _) in notebooks.items():
                limit = cpu_limit_of(name, kind)
                if peak > MEMORY_LIMIT_GB or (limit and cpu > limit):
                    missed.append(f"{folder}/{name} takes {cpu:.0f} CPU s and {peak:.2f} GB on {kind}")
        total, limit = totals(folders)[0], COURSE_LIMIT_SECONDS.get(kind)
        if limit and total > limit:
            missed.append(f"all notebooks together take {total:.0f} CPU s on {kind}")
    return missed
