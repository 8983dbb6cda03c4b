"""Time limits that grow with the load of the machine, and a pytest plugin that gives them to nbval.

A limit in seconds of the clock says how long something may take on a machine that has nothing else to do. On a busy one
the same work takes longer, and no limit that was chosen beforehand knows by how much. ``pytest -p tools.patience`` sets
the limits of each notebook cell just before it runs, because a run over all notebooks outlasts a change of the load.
"""

import os

import pytest

CELL_SECONDS = 600
KERNEL_START_SECONDS = 60
OUTPUT_SECONDS = 30  # nbval waits for 5 and nbclient for 4; a busy machine has taken longer


def patient(seconds):
    """Return a time limit: the seconds on an idle machine, times the processes for each core when there are more.

    Parameters
    ----------
    seconds : float
        How long it may take with the machine to itself.

    Returns
    -------
    float
        The limit now. Ask anew for each thing that is to be limited.
    """
    return seconds * max(1.0, os.getloadavg()[0] / cores())


def cores():
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def client_limits(cell_seconds):
    """Return the options of a ``NotebookClient`` that give each cell so many seconds, and its kernel time to start."""
    return {
        "timeout_func": lambda cell: patient(cell_seconds),
        "startup_timeout": round(patient(KERNEL_START_SECONDS)),
        "iopub_timeout": round(patient(OUTPUT_SECONDS)),
    }


@pytest.hookimpl(tryfirst=True)  # before nbval starts the kernel of a notebook
def pytest_runtest_setup(item):
    """Set the limits of one notebook cell."""
    if hasattr(item, "output_timeout"):
        item.config.option.nbval_cell_timeout = patient(CELL_SECONDS)
        item.config.option.nbval_kernel_startup_timeout = patient(KERNEL_START_SECONDS)
        item.output_timeout = patient(OUTPUT_SECONDS)
