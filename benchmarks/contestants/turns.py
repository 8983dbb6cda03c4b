"""A contestant's side of the comparison: one epoch when the driver asks for it, and what it cost.

A contestant is a script that runs in its own environment. It reads a line from standard input for each epoch, and
answers with a line of JSON: CPU seconds, seconds on the clock, and the test loss after the epoch, which is not part of
its time.
"""

import argparse
import json
import re
import resource
import sys
import time
from pathlib import Path

import numpy as np

SEED = 0
BATCH_SIZE = 128


def arguments():
    """Return which network to train, for how many epochs, and the arrays of the data."""
    parser = argparse.ArgumentParser()
    parser.add_argument("network")
    parser.add_argument("epochs", type=int)
    parser.add_argument("data")
    given = parser.parse_args()
    return given.network, given.epochs, np.load(given.data)


def peak_bytes():
    """Return the largest resident set so far; on Linux not by ``getrusage``, which counts the parent's from before."""
    if Path("/proc/self/status").exists():
        return 1024 * int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class Turns:
    """Waits for the driver before each epoch, and tells it what the epoch took."""

    def __init__(self):
        self.answers = sys.stdout
        sys.stdout = sys.stderr  # what a library prints must not get between the answers

    def ready(self, parameters, versions, batch_size=BATCH_SIZE):
        """Say that the network is built, and how many images a step takes."""
        self.answer(parameters=int(parameters), versions=versions, batch_size=batch_size)

    def begin(self):
        """Wait until it is this contestant's turn."""
        if not sys.stdin.readline():
            sys.exit()  # the comparison is over
        self.cpu, self.clock = time.process_time(), time.perf_counter()

    def end(self, test_loss):
        """Answer with what the epoch took, and then with the loss that a function measures."""
        took = {"cpu": time.process_time() - self.cpu, "clock": time.perf_counter() - self.clock}
        self.answer(**took, loss=float(test_loss()), peak_gb=peak_bytes() / 1e9)

    def answer(self, **values):
        print(json.dumps(values), file=self.answers, flush=True)
