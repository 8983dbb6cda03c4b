"""The course's models against the ways in which a learner would otherwise train the same networks.

Each contestant is a process in an environment of its own, made here. They take turns, an epoch each, on the same
images, and are scored on the same test images. A peer that has used less time than the course's whole run goes on until
it has used as much.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.results import Skipped, spread, table
from cvae_utils import data

TITLE = "Against the ways in which a learner would otherwise do it"
FOLDER = Path(__file__).parent
CONTESTANTS = FOLDER / "contestants"
ENVIRONMENTS = FOLDER / ".environments"
PYTORCH_BUILDS = "https://download.pytorch.org/whl/cpu"  # without CUDA, which would be ten times as large
EPOCHS = {"dense": 8, "dense 400-20": 8, "dense conditional": 8, "convolutional": 4}
NETWORKS = {
    "dense": "`dense_vae`, 784-512-2",
    "dense 400-20": "the network of PyTorch's example, 784-400-20",
    "dense conditional": "`dense_cvae`, 784-512-2 with the label",
    "convolutional": "`conv_vae`, the network of the keras.io example",
}


@dataclass(frozen=True)
class Peer:
    """A way to train a VAE: its script in `contestants`, what to install for it, and which networks it has."""

    title: str
    script: str
    requirements: tuple
    networks: tuple


def tensorflow_requirement():
    """Return the requirement that installs the TensorFlow that the course runs on."""
    for name in ("tensorflow-cpu", "tensorflow"):
        with contextlib.suppress(PackageNotFoundError):
            return f"{name}=={version(name)}"
    raise Skipped("it needs TensorFlow, as the course does")


def peers():
    """List the peers."""
    keras = (f"keras=={version('keras')}", tensorflow_requirement())
    return [
        Peer("keras.io's way", "keras_way.py", keras, tuple(EPOCHS)),
        Peer("PyTorch's way", "pytorch_way.py", ("numpy>=2,<3", "torch==2.13.0"), tuple(EPOCHS)),
        Peer("pythae 0.1.2", "pythae_way.py", ("numpy>=2,<3", "torch==2.13.0", "pythae==0.1.2"), ("dense",)),
    ]


def python_for(peer):
    """Make a peer's environment, unless it is there already, and return its Python."""
    folder = ENVIRONMENTS / Path(peer.script).stem
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    installed = folder / "installed.json"
    if not (installed.exists() and json.loads(installed.read_text()) == list(peer.requirements)):
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--retries", "2", "--extra-index-url", PYTORCH_BUILDS]
        run = subprocess.run([*pip, *peer.requirements], capture_output=True, text=True, check=False)
        if run.returncode:
            raise Skipped((run.stderr.strip().splitlines() or ["pip failed"])[-1])
        installed.write_text(json.dumps(peer.requirements))
    return python


class Contestant:
    """A process that trains one network, an epoch at a time."""

    def __init__(self, title, python, script, network, data_file):
        self.title = title
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed in `close`)
        self.process = subprocess.Popen(
            [python, script, network, str(EPOCHS[network]), data_file],
            cwd=CONTESTANTS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        self.epochs = []
        self.built = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.log.seek(0)
            raise RuntimeError(f"{self.title} stopped: {self.log.read()[-2000:]}")
        return json.loads(line)

    def train_epoch(self):
        self.process.stdin.write("epoch\n")
        self.process.stdin.flush()
        self.epochs.append(self.answer())

    @property
    def clock(self):
        """Seconds that all epochs have taken so far."""
        return sum(epoch["clock"] for epoch in self.epochs)

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()
        self.log.close()


def compete(network, contestants):
    """Let the contestants train in turns, the first of them the course; return their epochs."""
    course, *others = contestants
    for turn in range(EPOCHS[network]):
        for contestant in contestants[:: -1 if turn % 2 else 1]:
            contestant.train_epoch()
    for peer in others:
        while peer.clock < course.clock:
            peer.train_epoch()
    return {each.title: {**each.built, "epochs": each.epochs} for each in contestants}


def write_data(file):
    """Write the images and labels that all are trained and scored on."""
    try:
        dataset = data.load("mnist")
    except data.DataError as error:
        raise Skipped(f"it needs MNIST: {error}") from error
    splits = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    np.savez(
        file,
        **{f"{name}_images": split.images for name, split in splits.items()},
        **{f"{name}_labels": split.labels for name, split in splits.items()},
    )


def measure():
    pythons, reasons = {}, {}
    for peer in peers():
        try:
            pythons[peer] = python_for(peer)
        except Skipped as reason:
            reasons[peer.title] = str(reason)
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        data_file = Path(folder, "data.npz")
        write_data(data_file)
        for network in EPOCHS:
            with contextlib.ExitStack() as stack:
                contestants = []
                scripts = [("the course", sys.executable, "course.py")]
                scripts += [(p.title, python, p.script) for p, python in pythons.items() if network in p.networks]
                for title, python, script in scripts:
                    contestants.append(Contestant(title, python, script, network, data_file))
                    stack.callback(contestants[-1].close)
                results[network] = compete(network, contestants)
    return {"networks": results, "skipped": reasons}


def ratios(found, title, which):
    """List a contestant's time for each epoch after the first, which also compiles, over the course's."""
    course = found["the course"]["epochs"]
    pairs = list(zip(found[title]["epochs"], course, strict=False))
    return [epoch[which] / ours[which] for epoch, ours in pairs[1:]]


def loss_at_the_same_time(found, title):
    """Return the test loss after the first epoch that ends no sooner than the course's whole run, and its number."""
    course_clock = sum(epoch["clock"] for epoch in found["the course"]["epochs"])
    clock = 0
    for number, epoch in enumerate(found[title]["epochs"], start=1):
        clock += epoch["clock"]
        if clock >= course_clock:
            return epoch["loss"], number
    raise AssertionError(f"{title} trained for less time than the course")  # compete goes on until it has not


def page(figures):
    text = [
        "Seconds of an epoch after the first (which also compiles): median, smallest and largest; a ratio is the "
        "peer's to the course's in the same turn. keras.io's way at times stands still for up to twenty seconds, "
        "probably in TensorFlow's input pipeline (LOG.md: waiting for nothing): that is in its seconds, as a learner"
        " would meet it, and not in its CPU seconds. Test loss in nats, one noise sample an image: after as many "
        "epochs as the course's whole run has, and after as much time (the first epoch that ends no sooner, "
        "compiling too). All train on the same 55,000 images from seed 0. The course's way computes a validation "
        "loss, here on 250 images; the others compute none."
    ]
    for network, found in figures["networks"].items():
        n_epochs = len(found["the course"]["epochs"])
        rows = []
        for title, entry in found.items():
            later = entry["epochs"][1:]
            of_clock, of_cpu = (
                "1" if title == "the course" else spread(ratios(found, title, which)) for which in ("clock", "cpu")
            )
            row = [
                f"{title} ({entry['versions']})",
                spread([epoch["clock"] for epoch in later], ".1f"),
                spread([epoch["cpu"] for epoch in later], ".1f"),
                of_clock,
                of_cpu,
                f"{entry['epochs'][n_epochs - 1]['loss']:.2f}",
            ]
            loss, number = loss_at_the_same_time(found, title)
            row.append(f"{loss:.2f}" if title == "the course" else f"{loss:.2f} ({number} epochs)")
            rows.append([*row, f"{max(epoch['peak_gb'] for epoch in entry['epochs']):.2f}"])
        parameters = {entry["parameters"] for entry in found.values()}
        losses = [f"loss, {n_epochs} epochs", "loss, same time"]
        header = ["", "s an epoch", "CPU s", "ratio of s", "ratio of CPU s", *losses, "peak GB"]
        text += [
            f"**{NETWORKS[network]}** ({' or '.join(f'{n:,}' for n in sorted(parameters))} weights)",
            table(header, rows),
        ]
    text += [f"{title} was skipped: {reason}" for title, reason in figures["skipped"].items()]
    return "\n\n".join(text)


def broken(figures):
    missed = []
    for network, found in figures["networks"].items():
        course = found["the course"]["epochs"]
        for title in found:
            if title == "the course":
                continue
            if median(ratios(found, title, "clock")) < 1:
                missed.append(f"{title} has a shorter epoch of the {network} network")
            if found[title]["epochs"][len(course) - 1]["loss"] <= course[-1]["loss"]:
                missed.append(f"{title} has a lower loss on the {network} network after as many epochs")
            if loss_at_the_same_time(found, title)[0] <= course[-1]["loss"]:
                missed.append(f"{title} has a lower loss on the {network} network after the same time")
    return missed
