"""A JupyterLab started for the tests, and a page of a headless Chromium on it."""

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

import pytest

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "artifacts"
START_SECONDS = 180  # a busy machine has taken 100 s to show JupyterLab's first page
CHROMIUM_FLAGS = [
    "--no-sandbox",  # root, in a container, cannot have one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def copied_course(tmp_path_factory):
    """Copy the course, so that what JupyterLab saves does not touch the committed notebooks; share its environment."""
    course = tmp_path_factory.mktemp("course")
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
    return course


@pytest.fixture(scope="session")
def lab(copied_course, tmp_path_factory):
    """Run `make lab BROWSER=no` and give the address that it prints."""
    home = tmp_path_factory.mktemp("home")
    (home / "jupyter_lab_config.json").write_text(json.dumps({"LabApp": {"expose_app_in_browser": True}}))
    log = home / "lab.log"
    port = free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "JUPYTER"))}
    env |= {"JUPYTER_CONFIG_DIR": str(home), "JUPYTER_DATA_DIR": str(home), "JUPYTER_RUNTIME_DIR": str(home / "run")}
    env |= {"JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces")}
    command = ["make", "lab", "BROWSER=no", f"PORT={port}"]
    with log.open("w") as output:
        server = subprocess.Popen(
            command, cwd=copied_course, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield printed_address(server, log, port)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)
        ARTIFACTS.mkdir(exist_ok=True)
        shutil.copy(log, ARTIFACTS / "lab.log")


def printed_address(server, log, port):
    """Wait until JupyterLab prints its address."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        if address := re.search(rf"http://127\.0\.0\.1:{port}/\S+\?token=\w+", log.read_text()):
            return address[0]
        time.sleep(0.5)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.fail("no Chromium here; install it, on Debian and Ubuntu by `apt-get install chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1300, "height": 1500})
    page.set_default_timeout(START_SECONDS * 1000)
    yield page
    page.close()
