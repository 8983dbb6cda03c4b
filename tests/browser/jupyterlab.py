"""The course's JupyterLab on a free port, and a headless Chromium: for the browser tests and for the benchmark."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import nbformat

from tools.notebooks import KERNEL
from tools.patience import patient

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "artifacts"
START_SECONDS = 180  # a busy machine has taken 100 s to show JupyterLab's first page
NOTEBOOK_SECONDS = 900
CHROMIUM_FLAGS = [
    "--no-sandbox",  # root, in a container, cannot have one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
KERNEL_IDLE = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
RUN_ALL = """() => {
  const app = window.jupyterapp;
  window.finished = false;
  app.commands.execute('notebook:clear-all-cell-outputs')
    .then(() => app.commands.execute('notebook:run-all-cells')).then(() => { window.finished = true; });
}"""
CELLS = """() => {
  const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells];
  return cells.filter(cell => cell.type === 'code').map(cell => cell.sharedModel.toJSON());
}"""


class NoBrowserError(RuntimeError):
    """There is no Chromium on this machine; the message says how to get one."""


def copy_course(course):
    """Copy the course to a folder, so that what JupyterLab saves does not touch the committed notebooks.

    The environment is shared.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().rstrip("\0").split("\0"):
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, course / name)
    for shared in (".venv", ".tools"):
        (course / shared).symlink_to(ROOT / shared)


@contextlib.contextmanager
def running_lab(course, home):
    """Run `make lab BROWSER=no` in a copy of the course, its settings in the folder ``home``.

    Yields
    ------
    (str, pathlib.Path)
        The address that it prints, and the log of the server and its kernels. A copy of the log stays in artifacts/.
    """
    (home / "jupyter_lab_config.json").write_text(json.dumps({"LabApp": {"expose_app_in_browser": True}}))
    log = home / "lab.log"
    port = free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "JUPYTER"))}
    env |= {"JUPYTER_CONFIG_DIR": str(home), "JUPYTER_DATA_DIR": str(home), "JUPYTER_RUNTIME_DIR": str(home / "run")}
    env |= {"JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces")}
    command = ["make", "lab", "BROWSER=no", f"PORT={port}"]
    with log.open("w") as output:
        server = subprocess.Popen(
            command, cwd=course, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield printed_address(server, log, port), log
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(patient(60))
        ARTIFACTS.mkdir(exist_ok=True)
        shutil.copy(log, ARTIFACTS / "lab.log")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def printed_address(server, log, port):
    """Wait until JupyterLab prints its address."""
    deadline = time.monotonic() + patient(START_SECONDS)
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        if address := re.search(rf"http://127\.0\.0\.1:{port}/\S+\?token=\w+", log.read_text()):
            return address[0]
        time.sleep(0.5)
    raise AssertionError(log.read_text())


@contextlib.contextmanager
def running_chromium():
    """Start the Chromium of this machine.

    Raises
    ------
    NoBrowserError
        If there is none.
    """
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise NoBrowserError("no Chromium here; install it, on Debian and Ubuntu by `apt-get install chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


def new_page(browser):
    """Open a page that waits as long as a busy machine needs."""
    page = browser.new_page(viewport={"width": 1300, "height": 1500})
    page.set_default_timeout(1000 * patient(START_SECONDS))
    return page


def write_notebook(course, name, sources):
    """Write a notebook with these code cells into a copy of the course."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": KERNEL})
    nbformat.write(notebook, course / "notebooks" / f"{name}.ipynb")


def open_notebook(page, address, notebook, folder="notebooks"):
    """Open a notebook and wait for its kernel."""
    base, token = address.split("/lab/")[0], address.rsplit("?", 1)[1]
    page.goto(f"{base}/lab/tree/{folder}/{notebook}.ipynb?reset&{token}")
    page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
    page.wait_for_function(KERNEL_IDLE)


def run_all(page, address, notebook):
    """Open a notebook of the folder notebooks, run all its cells and return them with their outputs."""
    open_notebook(page, address, notebook)
    page.evaluate(RUN_ALL)
    page.wait_for_function("window.finished", timeout=1000 * patient(NOTEBOOK_SECONDS))
    return page.evaluate(CELLS)
