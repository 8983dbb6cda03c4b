"""Compare what each cell costs on the embedded digits with what it costs on MNIST, in CPU seconds of the kernel.

A learner without MNIST has the smaller data set and should not wait longer for it. The lessons are executed on both, as
their scripts say, and nothing is written. Run it as
``python -m tools.cell_costs [beginning of a lesson's name]`` where MNIST is: in ``CVAE_DATA_DIR``, or in a cache.
"""

import argparse
import os
import sys
import tempfile

import psutil
from nbclient import NotebookClient

from cvae_utils import data
from tools.notebooks import CELL_TIMEOUT_SECONDS, KERNEL, NOTEBOOKS, from_script
from tools.patience import client_limits

MOST_TIMES = 1.1
MOST_MORE_SECONDS = 3.0  # loading weights and compiling scatter by so much
FELL_BACK = "load('auto') falls back"


def cpu_seconds(client):
    """Return the CPU seconds that a client's kernel has used so far, its children included."""
    return sum(psutil.Process(client.km.provisioner.pid).cpu_times()[:4])


def costs(script, environment):
    """Execute a lesson in a fresh kernel; return the CPU seconds of each of its code cells, and what was printed."""
    notebook = from_script(script)
    before, after = [], []

    client = NotebookClient(
        notebook,
        kernel_name=KERNEL["name"],
        **client_limits(CELL_TIMEOUT_SECONDS),
        resources={"metadata": {"path": script.parent.parent}},
        on_cell_execute=lambda **_: before.append(cpu_seconds(client)),
        on_cell_executed=lambda **_: after.append(cpu_seconds(client)),
    )
    client.execute(env=environment)
    printed = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
    return [end - start for start, end in zip(before, after, strict=True)], printed


def without_mnist(folder):
    """Return an environment in which MNIST is nowhere: no folder, empty caches, and a proxy that nobody answers."""
    nowhere = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")}
    kept = {name: value for name, value in os.environ.items() if name.lower() not in ("cvae_data_dir", "no_proxy")}
    return kept | nowhere | {"KERAS_HOME": folder, "XDG_CACHE_HOME": folder}


def dearer(on_mnist, on_digits):
    """Return the numbers, from 1, of the cells that cost more on the digits than on MNIST, beyond what scatters."""
    pairs = enumerate(zip(on_mnist, on_digits, strict=True), start=1)
    return [number for number, (mnist, digits) in pairs if digits > MOST_TIMES * mnist + MOST_MORE_SECONDS]


def compare(script):
    """Execute a lesson on both data sets, and say which cells cost too much: one line for each."""
    on_mnist, printed = costs(script, dict(os.environ))
    assert FELL_BACK not in printed
    with tempfile.TemporaryDirectory() as folder:
        on_digits, printed = costs(script, without_mnist(folder))
    assert FELL_BACK in printed
    print(f"{script.stem}: {sum(on_mnist):.0f} CPU seconds on MNIST, {sum(on_digits):.0f} on the digits", flush=True)
    return [
        f"{script.stem}, code cell {number}: {on_digits[number - 1]:.1f} CPU seconds on the digits, "
        f"{on_mnist[number - 1]:.1f} on MNIST"
        for number in dearer(on_mnist, on_digits)
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("only", nargs="?", default="", help="the beginning of a notebook's name, such as 02")
    only = parser.parse_args().only
    scripts = sorted((NOTEBOOKS / "scripts").glob(f"{only}*.py"))
    if data.load("auto").name != "mnist":
        sys.exit("there is no MNIST here to compare with: set CVAE_DATA_DIR")
    found = [line for script in scripts for line in compare(script)]
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
