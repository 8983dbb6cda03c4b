"""Tests of the time limits that grow with the load."""

import os
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import pytest

from tools import notebooks, patience


@pytest.mark.parametrize(("load", "limit"), [(0.0, 10), (2.0, 10), (6.0, 30), (16.0, 80)])
def test_a_limit_grows_with_the_processes_for_each_core(load, limit, monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0, 0))
    monkeypatch.setattr(patience, "cores", lambda: 2)
    assert patience.patient(10) == limit


def test_the_limits_of_a_cell_are_set_before_it_runs(monkeypatch):
    monkeypatch.setattr(patience, "patient", lambda seconds: 4 * seconds)
    item = SimpleNamespace(output_timeout=5, config=SimpleNamespace(option=SimpleNamespace()))
    patience.pytest_runtest_setup(item)
    assert item.output_timeout == 4 * patience.OUTPUT_SECONDS
    assert vars(item.config.option) == {
        "nbval_cell_timeout": 4 * patience.CELL_SECONDS,
        "nbval_kernel_startup_timeout": 4 * patience.KERNEL_START_SECONDS,
    }


def test_nbval_in_a_worker_takes_its_limit_from_here(tmp_path):
    """Each worker of `make test` has to load the plugin, too: a limit of a moment stops the cell there."""
    cells = [nbformat.v4.new_code_cell("import time; time.sleep(600)", execution_count=1)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": notebooks.KERNEL})
    nbformat.write(notebook, tmp_path / "lesson.ipynb")
    (tmp_path / "impatience.py").write_text("from tools import patience\n\npatience.CELL_SECONDS = 0.1\n")
    plugins = [part for name in ("no:cacheprovider", "impatience", "tools.patience") for part in ("-p", name)]
    command = [sys.executable, "-m", "pytest", "-q", "-n", "1", *plugins, "--nbval-lax", "lesson.ipynb"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=patience.patient(300))
    assert run.returncode == 1
    assert "Timeout of" in run.stdout, run.stdout
