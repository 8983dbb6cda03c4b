"""Measure each notebook in a fresh kernel: CPU seconds, seconds on the clock and the kernel's peak resident memory.

Run time is judged by CPU seconds: wall time depends on what else the machine does. Part of the memory are pages of
files, nearly all of them of TensorFlow's library: processes share them, and a system that runs short can drop them.
"""

import threading
import time

import nbformat
import psutil
from nbclient import NotebookClient

from benchmarks.results import table
from tools.notebooks import CELL_TIMEOUT_SECONDS, NOTEBOOKS, SOLUTIONS

TITLE = "Run time and memory of every notebook"

SAMPLES_PER_SECOND = 20
MEMORY_LIMIT_GB = 1.5
CPU_LIMIT_SECONDS = 240
COURSE_LIMIT_SECONDS = 20 * 60  # of two quiet cores
LONGER_LIMITS = {"08_how_good_is_it": 360, "09_conditioning_on_anything": 360}  # they measure several models


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


def measure_notebook(path, folder):
    """Execute a notebook and return its CPU seconds, wall seconds, and peak memory in GB, of which of files."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=CELL_TIMEOUT_SECONDS, resources={"metadata": {"path": folder}})
    start = time.perf_counter()
    with client.setup_kernel():
        meter = KernelMeter(client.km.provisioner.pid)
        meter.start()
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
        meter.stopped.set()
        meter.join()
        meter.read()
    wall_seconds = time.perf_counter() - start
    return [meter.cpu_seconds, wall_seconds, meter.peak_bytes / 1e9, meter.peak_bytes_of_files / 1e9]


def measure():
    """Measure every lesson, and every exercise by its solution."""
    return {
        folder.name: {path.stem: measure_notebook(path, folder) for path in sorted(folder.glob("*.ipynb"))}
        for folder in (NOTEBOOKS, SOLUTIONS)
    }


def limit_of(name):
    return LONGER_LIMITS.get(name, CPU_LIMIT_SECONDS)


def page(figures):
    rows = [
        [f"{folder}/{name}", f"{cpu:.0f}", f"{wall:.0f}", f"{peak:.2f}", f"{of_files:.2f}"]
        for folder, notebooks in figures.items()
        for name, (cpu, wall, peak, of_files) in notebooks.items()
    ]
    everything = [row for notebooks in figures.values() for row in notebooks.values()]
    rows.append(
        [
            "**all**",
            f"**{sum(cpu for cpu, _, _, _ in everything):.0f}**",
            f"**{sum(wall for _, wall, _, _ in everything):.0f}**",
            f"**{max(peak for _, _, peak, _ in everything):.2f}**",
            "",
        ]
    )
    return (
        "Each notebook from a fresh kernel, one after the other. The exercises are measured by their solutions, which "
        "hold every answer. Memory is the kernel's largest resident set; part of it are pages of files, nearly all of "
        "TensorFlow's library, which processes share and a system that runs short can drop.\n\n"
        + table(["notebook", "CPU s", "s", "peak GB", "of which files"], rows)
    )


def broken(figures):
    missed = [
        f"{folder}/{name} takes {cpu:.0f} CPU s and {peak:.2f} GB"
        for folder, notebooks in figures.items()
        for name, (cpu, _, peak, _) in notebooks.items()
        if cpu > limit_of(name) or peak > MEMORY_LIMIT_GB
    ]
    total = sum(wall for notebooks in figures.values() for _, wall, _, _ in notebooks.values())
    if total > COURSE_LIMIT_SECONDS:
        missed.append(f"the whole course takes {total:.0f} s")
    return missed
