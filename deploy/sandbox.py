"""Run what nobody has read: inside bubblewrap, with limits on memory, processes, time, and on what it may say.

A program in the sandbox has no network, sees the system, the environment and ``cvae_utils`` read-only, and can write
into its own ``/tmp`` alone, which is gone when it ends. The rest of this repository, solutions included, is not there.
"""

import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent
KIT = Path(__file__).parent / "inside"
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/ld.so.cache", "/etc/alternatives")
NOBODY = 61_000  # root's sandboxes run as users from here on, each as one of its own, so that each has its own limits
LOOK_SECONDS = 0.1
ENVIRONMENT = {
    "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
    "HOME": "/tmp",
    "USER": "learner",
    "LANG": "C.UTF-8",
    "PYTHONPATH": "/course:/kit",
    "PYTHONDONTWRITEBYTECODE": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


@dataclass(frozen=True)
class Limits:
    """What one program in the sandbox may use."""

    seconds: float = 240.0  # wall-clock time
    cpu_seconds: int = 240  # of one process
    memory: int = 2_500_000_000  # bytes, all processes together
    process_memory: int = 2_000_000_000  # bytes, one process: what is beyond it raises MemoryError there
    processes: int = 40
    threads: int = 400
    disk: int = 300_000_000  # bytes, in its /tmp, which is memory, too
    output: int = 30_000_000  # bytes that it may return


class NoSandboxError(RuntimeError):
    """There is no bubblewrap here; the message says how to get it."""


class BrokenLimitError(RuntimeError):
    """The program was stopped; the message says which limit it broke."""


def require():
    """Raise `NoSandboxError` where programs cannot be shut in."""
    if sys.platform != "linux" or not (shutil.which("bwrap") and shutil.which("prlimit")):
        raise NoSandboxError(
            "grading runs learners' code inside bubblewrap, which is not here; install it on Linux, for example by "
            "`apt-get install bubblewrap`"
        )
    probe = subprocess.run(
        [*command(ROOT / "deploy", 0, Limits()), "-c", "print(6 * 7)"], capture_output=True, text=True
    )
    if probe.stdout.strip() != "42":
        raise NoSandboxError(f"bubblewrap is here but cannot start a program: {probe.stderr.strip()[:300]}")


def command(inputs, slot, limits):
    """Return the beginning of a command line that runs this Python in the sandbox.

    Parameters
    ----------
    inputs : pathlib.Path
        A folder that the program finds as ``/in``, read-only.
    slot : int
        Number of the sandbox among those that run at the same time.
    limits : Limits
    """
    bwrap = ["bwrap", "--die-with-parent", "--new-session", "--unshare-pid", "--unshare-net", "--unshare-ipc"]
    bwrap += ["--unshare-uts", "--unshare-cgroup-try", "--hostname", "sandbox"]
    bwrap += [*mounts(inputs, limits), "--chdir", "/tmp", "--clearenv"]
    bwrap += [part for name, value in ENVIRONMENT.items() for part in ("--setenv", name, value)]
    confine = ["prlimit", f"--cpu={limits.cpu_seconds}", f"--data={limits.process_memory}", "--core=0"]
    confine += [f"--nproc={limits.threads}", f"--fsize={limits.disk}", f"{sys.prefix}/bin/python"]
    if os.geteuid() != 0:
        return [*bwrap, "--unshare-user", "--disable-userns", "--", *confine]
    # Root is exempt from the limit on processes, inside a user namespace too: become somebody else.
    somebody = [f"--reuid={NOBODY + slot}", f"--regid={NOBODY + slot}", "--clear-groups"]
    return [*bwrap, "--", "setpriv", *somebody, "--bounding-set=-all", "--no-new-privs", "--", *confine]


def mounts(inputs, limits):
    """Return the options that say which files there are in a sandbox."""
    # First of all, because this repository itself may lie below /tmp.
    options = ["--perms", "1777", "--size", str(limits.disk), "--tmpfs", "/tmp"]
    for path in filter(os.path.exists, (*SYSTEM, sys.prefix, sys.base_prefix)):
        above = [str(folder) for folder in reversed(Path(path).parents)][1:]  # would be closed to others but root
        options += [part for folder in above for part in ("--perms", "0755", "--dir", folder)]
        options += ["--ro-bind", path, path]
    options += ["--perms", "0755", "--dir", "/course"]
    options += ["--ro-bind", str(ROOT / "cvae_utils"), "/course/cvae_utils", "--ro-bind", str(KIT), "/kit"]
    options += ["--ro-bind", str(inputs), "/in", "--dev", "/dev", "--proc", "/proc"]
    return [*options, "--perms", "0755", "--size", "4096", "--tmpfs", "/dev/shm"]


def run(arguments, inputs, slot=0, limits=None):
    """Run Python in the sandbox until it ends or breaks a limit.

    Parameters
    ----------
    arguments : list of str
        What follows ``python``.
    inputs : pathlib.Path
        A folder that it finds as ``/in``.
    slot : int
        See `command`.
    limits : Limits, optional

    Returns
    -------
    bytes
        What it wrote to its standard output.

    Raises
    ------
    BrokenLimitError
        If it was stopped. Everything in the sandbox has ended then.
    """
    limits = limits or Limits()
    process = subprocess.Popen(
        [*command(inputs, slot, limits), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    said = []

    def listen():
        said.append(process.stdout.read(limits.output + 1))
        if len(said[0]) > limits.output:
            process.kill()  # or it would wait for somebody to read the rest

    reader = threading.Thread(target=listen, daemon=True)
    reader.start()
    try:
        watch(process, limits)
    finally:
        process.kill()  # bubblewrap takes everything in the sandbox with it
        process.wait()
    reader.join(10)
    output = said[0] if said else b""
    if len(output) > limits.output:
        raise BrokenLimitError(f"it wrote more than {limits.output // 1_000_000} MB")
    return output


def watch(process, limits):
    """Wait until a sandbox ends; raise `BrokenLimitError` as soon as it uses too much."""
    deadline = time.monotonic() + limits.seconds
    inside = psutil.Process(process.pid)
    while process.poll() is None:
        if time.monotonic() > deadline:
            raise BrokenLimitError(f"it took longer than {limits.seconds:g} seconds")
        memory, count = 0, 0
        try:
            for child in inside.children(recursive=True):
                count += 1
                usage = child.memory_info()
                memory += usage.rss - usage.shared
        except psutil.NoSuchProcess:
            continue  # one ended while it was looked at
        if count > limits.processes:
            raise BrokenLimitError(f"it started more than {limits.processes} processes")
        if memory > limits.memory:
            raise BrokenLimitError(f"it used more than {limits.memory / 1e9:g} GB of memory")
        time.sleep(LOOK_SECONDS)


def run_small(arguments, seconds=60, memory=2_000_000_000):
    """Run our own code on data from a learner, in a process that cannot take the machine's memory or time.

    Returns
    -------
    bytes or None
        Its standard output; None if it failed or was stopped.
    """
    command = ["prlimit", f"--data={memory}", f"--cpu={seconds}", "--core=0", sys.executable, *map(str, arguments)]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=5 * seconds, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        return None
    return done.stdout
