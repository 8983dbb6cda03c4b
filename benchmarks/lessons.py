"""Measure each lesson in a fresh kernel: CPU seconds, wall seconds and the kernel's peak resident memory.

Run time is judged by CPU seconds: wall time depends on what else the machine does.
"""

import argparse
import sys
import threading
import time

import nbformat
import psutil
from nbclient import NotebookClient

from tools.notebooks import CELL_TIMEOUT_SECONDS, NOTEBOOKS

SAMPLES_PER_SECOND = 20
MEMORY_LIMIT_GB = 1.5
CPU_LIMIT_SECONDS = 240
LONGER_LIMITS = {"08_how_good_is_it": 360, "09_conditioning_on_anything": 360}  # they measure several models


class KernelMeter(threading.Thread):
    """Watch a process until told to stop, for its peak memory and the CPU seconds it has used."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.process = psutil.Process(pid)
        self.peak_bytes = 0
        self.cpu_seconds = 0.0
        self.stopped = threading.Event()

    def run(self):
        while not self.stopped.wait(1 / SAMPLES_PER_SECOND):
            self.read()

    def read(self):
        self.peak_bytes = max(self.peak_bytes, self.process.memory_info().rss)
        times = self.process.cpu_times()
        self.cpu_seconds = times.user + times.system


def measure(notebook_path):
    """Execute a notebook and return its CPU seconds, wall seconds and peak memory in GB."""
    notebook = nbformat.read(notebook_path, as_version=4)
    client = NotebookClient(notebook, timeout=CELL_TIMEOUT_SECONDS, resources={"metadata": {"path": NOTEBOOKS}})
    start = time.perf_counter()
    with client.setup_kernel():
        meter = KernelMeter(client.km.provisioner.pid)
        meter.start()
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
        meter.stopped.set()
        meter.join()
        meter.read()
    return meter.cpu_seconds, time.perf_counter() - start, meter.peak_bytes / 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("only", nargs="?", default="", help="the beginning of a notebook's name, such as 02")
    only = parser.parse_args().only
    print(f"{'lesson':24} {'CPU s':>7} {'wall s':>7} {'peak GB':>8}")
    over = []
    for path in sorted(NOTEBOOKS.glob(f"{only}*.ipynb")):
        cpu_seconds, wall_seconds, peak_gb = measure(path)
        print(f"{path.stem:24} {cpu_seconds:7.0f} {wall_seconds:7.0f} {peak_gb:8.2f}", flush=True)
        limit = LONGER_LIMITS.get(path.stem, CPU_LIMIT_SECONDS)
        if cpu_seconds > limit or peak_gb > MEMORY_LIMIT_GB:
            over.append(f"{path.stem} ({limit} CPU seconds, {MEMORY_LIMIT_GB} GB)")
    if over:
        sys.exit(f"over their limits: {', '.join(over)}")


if __name__ == "__main__":
    main()
