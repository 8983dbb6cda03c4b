"""What the switches for AVX-512 change: each library's matrix products and exponentials with and without it.

The libraries have environment variables of their own, and not all of them do what they say. The preloaded library of
``processor`` is what the other benchmarks switch AVX-512 off with; here each is shown to have an effect, or not.
"""

import json
import subprocess
import sys

from benchmarks import peers, processor
from benchmarks.results import Skipped, table

TITLE = "What switching AVX-512 off changes"
LARGEST_RATIO = 0.9  # of the speed with a switch to that without, if the switch is said to have an effect
NATIVELY, PRELOADED = "natively", "the preloaded library"
VARIABLES = {
    "tensorflow": {"ONEDNN_MAX_CPU_ISA": "AVX2", "XLA_FLAGS": "--xla_cpu_max_isa=AVX2"},
    "numpy": {"OPENBLAS_CORETYPE": "Haswell"},
    "jax": {"XLA_FLAGS": "--xla_cpu_max_isa=AVX2"},
    "pytorch": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
}
TASKS = {"product": "product, GFLOP/s", "exponentials": "exponentials, million/s"}


def environments(library):
    """Return the environment variables under each switch for a library, by how the switch is called."""
    own = processor.environment(processor.native()) | {"TF_ENABLE_ONEDNN_OPTS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    by_variable = {f"`{name}={value}`": own | {name: value} for name, value in VARIABLES[library].items()}
    return {NATIVELY: own, **by_variable, PRELOADED: own | processor.environment("AVX2")}


def pythons():
    """Return the Python that has each library, and why one is missing."""
    found, reasons = {"tensorflow": sys.executable, "numpy": sys.executable}, {}
    of_scripts = {"jax_way.py": "jax", "pytorch_way.py": "pytorch"}
    for peer in peers.peers():
        if library := of_scripts.get(peer.script):
            try:
                found[library] = peers.python_for(peer)
            except Skipped as reason:
                reasons[library] = str(reason)
    return found, reasons


def measure():
    kinds, unmeasured = processor.kinds()
    if "AVX2" not in kinds or "AVX-512" not in kinds:
        raise Skipped("; ".join(f"{kind}: {reason}" for kind, reason in unmeasured.items()))
    found, reasons = pythons()
    speeds = {}
    for library, python in found.items():
        for switch, environment in environments(library).items():
            command = [python, "speed.py", library]
            child = subprocess.run(
                command, cwd=peers.CONTESTANTS, env=environment, check=True, stdout=subprocess.PIPE, text=True
            )
            for title, by_task in json.loads(child.stdout).items():
                speeds.setdefault(title, {})[switch] = by_task
    return {"speeds": speeds, "skipped": reasons}


def effects(by_switch):
    """Say for each switch of a library and each task by how much the speed changes."""
    native = by_switch[NATIVELY]
    return {
        switch: {task: by_task[task] / native[task] for task in TASKS}
        for switch, by_task in by_switch.items()
        if switch != NATIVELY
    }


def worded(ratio):
    """Say whether a ratio of speeds is an effect."""
    return f"{ratio:.2f}" + ("" if ratio < LARGEST_RATIO else ", none")


def page(figures):
    rows = []
    for title, by_switch in figures["speeds"].items():
        changed = effects(by_switch)
        for switch, by_task in by_switch.items():
            row = [f"{title}, {switch}"]
            for task in TASKS:
                row += [f"{by_task[task]:.0f}", worded(changed[switch][task]) if switch in changed else ""]
            rows.append(row)
    header = ["library and switch"]
    for title in TASKS.values():
        header += [title, "with the switch : without"]
    text = (
        "Best of a few: products of two 2,048 × 2,048 float32 matrices, and exponentials of a million float32 numbers. "
        f"A switch has an effect where the speed falls below {LARGEST_RATIO} of that without it; *none* marks those "
        "that have not. The other parts of this page switch AVX-512 off by the preloaded library, "
        "`benchmarks/without_avx512.c`."
    )
    skipped = [f"{library} was skipped: {reason}" for library, reason in figures["skipped"].items()]
    return "\n\n".join([text, table(header, rows), *skipped]) + "\n"


def broken(figures):
    """Return nothing: a switch without effect is told and not promised away."""
    return []
