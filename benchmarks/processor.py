"""The kinds of processor that a benchmark measures: with AVX-512, and with AVX2 alone.

Where this processor has AVX-512, the other kind is had by hiding it: a preloaded library, ``without_avx512.c``, answers
the CPUID instruction without it. Variables such as ``ONEDNN_MAX_CPU_ISA`` reach a part of the libraries only;
``benchmarks.switches`` measures which.
"""

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
SOURCE = FOLDER / "without_avx512.c"
LIBRARY = FOLDER / ".environments" / "without_avx512.so"
FLAGS = Path("/proc/cpuinfo")
AVX512_IS_SEEN = "from numpy._core._multiarray_umath import __cpu_features__ as found; print(found['AVX512F'])"


def kind_of(flags):
    """Return the kind of the processor that has these flags."""
    if "avx512f" in flags:
        return "AVX-512"
    return "AVX2" if "avx2" in flags else "other"


@functools.cache
def native():
    """Return the kind of this processor."""
    if not FLAGS.exists():
        return "unknown"
    found = re.search(r"^flags\s*: (.*)", FLAGS.read_text(), re.MULTILINE)
    return kind_of(found[1].split() if found else [])


@functools.cache
def without_avx512():
    """Compile the library that hides AVX-512, and return None if it works, otherwise why not."""
    LIBRARY.parent.mkdir(exist_ok=True)
    compiler = ["cc", "-O2", "-shared", "-fPIC", "-o", LIBRARY, SOURCE]
    try:
        subprocess.run(compiler, check=True, capture_output=True, text=True)
        child = [sys.executable, "-c", AVX512_IS_SEEN]
        seen = subprocess.run(child, env=hiding_avx512(), check=True, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError:
        return "there is no C compiler, `cc`, to make the library that hides AVX-512"
    except subprocess.CalledProcessError as error:
        return f"`{error.cmd[0]}` failed: {(error.stderr.strip().splitlines() or ['no word'])[-1]}"
    return "CPUID cannot be answered in its place here: NumPy still sees AVX-512" if seen != "False" else None


def hiding_avx512():
    """Return this process's environment variables, for a child from which AVX-512 is hidden."""
    preloaded = [str(LIBRARY), *os.environ.get("LD_PRELOAD", "").split()]
    return os.environ | {"LD_PRELOAD": " ".join(preloaded)}


def kinds():
    """List the kinds that can be measured here, this processor's own first, and say why another cannot."""
    own = native()
    if own == "AVX-512":
        reason = without_avx512()
        return (["AVX-512", "AVX2"], {}) if reason is None else (["AVX-512"], {"AVX2": reason})
    missing = [kind for kind in ("AVX-512", "AVX2") if kind != own]
    return [own], {kind: "this processor is not of the kind" for kind in missing}


def environment(kind):
    """Return the environment variables of a child that is to be of a kind."""
    return dict(os.environ) if kind == native() else hiding_avx512()


def each_kind(measure):
    """Return what a function of the kind measures for each, and which kinds are not measured, with the reason."""
    measured, unmeasured = kinds()
    return {"kinds": {kind: measure(kind) for kind in measured}, "unmeasured": unmeasured}


def in_a_child(kind, module, function, *arguments):
    """Call a function of one of the benchmarks in a child of a kind, and return what it returns, by way of JSON."""
    call = f"benchmarks.{module}.{function}(*json.loads(sys.argv[1]))"
    code = f"import json, sys, benchmarks.{module}; found = {call}; print(); print(json.dumps(found))"
    child = subprocess.run(
        [sys.executable, "-c", code, json.dumps(arguments)],
        cwd=FOLDER.parent,
        env=environment(kind),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(child.stdout.splitlines()[-1])


def own(figures):
    """Return the kind of the processor that figures of each kind were measured on."""
    return next(iter(figures["kinds"]))


def titles(figures):
    """Return how to call each kind of figures."""
    return {
        kind: kind if kind == own(figures) else f"{kind}, the AVX-512 paths switched off" for kind in figures["kinds"]
    }


def unmeasured(figures):
    """Say which kinds were not measured, and why."""
    return [f"{kind} was not measured: {reason}." for kind, reason in figures["unmeasured"].items()]


def worse(figures, badness):
    """Return the kind whose figures are the worst by a function of them, and those figures."""
    return max(figures["kinds"].items(), key=lambda item: badness(item[1]))
