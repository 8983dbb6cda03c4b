"""How long a learner waits: from a fresh clone to JupyterLab's first page, and for the first import."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks.results import Skipped, spread, table
from tests.browser.jupyterlab import free_port

TITLE = "From a fresh clone to the first page, and the first import"
ROOT = Path(__file__).parents[1]
LONGEST_SECONDS = 1200
IMPORTS = {
    "nothing, Python alone": "pass",
    "cvae_utils": "import cvae_utils",
    "cvae_utils.data and cvae_utils.plotting": "import cvae_utils.data, cvae_utils.plotting",
    "keras on its own": "import keras",
    "cvae_utils.models": "import cvae_utils.models",
}
IMPORT_ROUNDS = 3
LONGEST_IMPORT_SECONDS = 0.5


def quiet_environment(caches):
    """Return this process's environment variables with the package caches in a folder, and without its `.venv`."""
    hidden = ("VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    path = [folder for folder in kept["PATH"].split(os.pathsep) if Path(folder) != Path(sys.executable).parent]
    return kept | {
        "PATH": os.pathsep.join(path),
        "UV_CACHE_DIR": str(caches / "uv"),
        "PIP_CACHE_DIR": str(caches / "pip"),
    }


def python_of_this_environment():
    """Return the Python that this environment was made from."""
    return str(Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}"))


def page_answers(address):
    """Return whether JupyterLab sends its page."""
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return b"jupyter-config-data" in answer.read()
    except (urllib.error.URLError, OSError):
        return False


def seconds_to_first_page(folder, caches):
    """Clone the course into a folder, and return how long it takes from there to JupyterLab's first page."""
    start = time.perf_counter()
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    port = free_port()
    log = folder.with_suffix(".log")
    command = ["make", "lab", "BROWSER=no", f"PORT={port}", f"PYTHON={python_of_this_environment()}"]
    with log.open("w") as output:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env=quiet_environment(caches),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        while time.perf_counter() - start < LONGEST_SECONDS:
            if server.poll() is not None:
                raise Skipped(f"`make lab` ended: {(log.read_text().strip().splitlines() or ['no word'])[-1]}")
            address = re.search(rf"http://127\.0\.0\.1:{port}/\S+\?token=\w+", log.read_text())
            if address and page_answers(address[0]):
                return time.perf_counter() - start
            time.sleep(0.2)
        raise Skipped(f"no page within {LONGEST_SECONDS} s")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)


def import_seconds():
    """Return the seconds that fresh processes take for each import, in turns."""
    found = {name: [] for name in IMPORTS}
    for _ in range(IMPORT_ROUNDS):
        for name, statement in IMPORTS.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], cwd=ROOT, check=True, capture_output=True)
            found[name].append(time.perf_counter() - start)
    return found


def measure():
    pages = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for cache in ("an empty package cache", "a warm package cache"):
            pages[cache] = seconds_to_first_page(folder / cache.replace(" ", "_"), folder / "caches")
        course = folder / "a_warm_package_cache"
        size = sum(file.stat().st_size for file in (course / ".venv").rglob("*") if not file.is_symlink())
    return {"pages": pages, "environment_mb": size / 1e6, "imports": import_seconds()}


def page(figures):
    pages = [[f"with {cache}", f"{seconds:.0f}"] for cache, seconds in figures["pages"].items()]
    imports = [[name, spread(seconds)] for name, seconds in figures["imports"].items()]
    return (
        "From `git clone` of this repository on the same disk until JupyterLab sends its page, the environment of "
        f"{figures['environment_mb']:.0f} MB included:\n\n"
        + table(["`make lab`", "s"], pages)
        + "\nA fresh process that imports, seconds, in turns:\n\n"
        + table(["import", "s"], imports)
    )


def broken(figures):
    imports = figures["imports"]
    longer = min(
        course - alone for course, alone in zip(imports["cvae_utils"], imports["nothing, Python alone"], strict=True)
    )
    return [f"importing cvae_utils takes {longer:.2f} s"] if longer > LONGEST_IMPORT_SECONDS else []
