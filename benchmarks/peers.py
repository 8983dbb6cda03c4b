"""The course's models against the ways in which a learner would otherwise train the same networks.

Each contestant is a process in an environment of its own, made here. They take turns, an epoch each, on the same
images, and are scored on the same test images. A peer that has used less time than the course's whole run goes on until
it has used as much. On the kind of processor that is had by switching AVX-512 off there are fewer epochs and no scores:
the arithmetic is the same, and only its time differs.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import processor
from benchmarks.results import Skipped, spread, table
from cvae_utils import data

TITLE = "Against the ways in which a learner would otherwise do it"
FOLDER = Path(__file__).parent
CONTESTANTS = FOLDER / "contestants"
ENVIRONMENTS = FOLDER / ".environments"
PYTORCH_BUILDS = "https://download.pytorch.org/whl/cpu"  # without CUDA, which would be ten times as large
COURSE = "the course"
LARGEST_RATIO = 1.0  # of the course's CPU seconds of an epoch to those of the fastest peer
TEST_IMAGES_UNSCORED = 1000  # the least that every contestant takes


@dataclass(frozen=True)
class Network:
    """A network that all train: how it is called, for how many epochs, and on how many images (None for all)."""

    title: str
    epochs: int = 6
    epochs_unscored: int = 4
    images: int | None = None


NETWORKS = {
    "dense": Network("`dense_vae`, 784-512-2"),
    "dense 400-20": Network("the network of PyTorch's example, 784-400-20"),
    "dense conditional": Network("`dense_cvae`, 784-512-2 with the label"),
    "convolutional": Network("`conv_vae`, the network of the keras.io example", 5, 3, 12_800),
    "convolutional conditional": Network("`conv_cvae`, with the label at every layer", 5, 3, 12_800),
}
DENSE = tuple(name for name in NETWORKS if name.startswith("dense"))


@dataclass(frozen=True)
class Peer:
    """A way to train a VAE: its script in `contestants`, what to install, which networks it has, and its switches."""

    title: str
    script: str
    requirements: tuple
    networks: tuple
    switches: dict = field(default_factory=dict, hash=False)  # environment variables that make it quicker


def tensorflow_requirement():
    """Return the requirement that installs the TensorFlow that the course runs on."""
    for name in ("tensorflow-cpu", "tensorflow"):
        with contextlib.suppress(PackageNotFoundError):
            return f"{name}=={version(name)}"
    raise Skipped("it needs TensorFlow, as the course does")


def peers():
    """List the peers."""
    keras = (f"keras=={version('keras')}", tensorflow_requirement())
    torch = ("numpy>=2,<3", "torch==2.13.0")
    one_dnn = {"TF_ENABLE_ONEDNN_OPTS": "1"}  # off where there is no AVX-512; the course switches it on by itself
    return [
        Peer("keras.io's way", "keras_way.py", keras, tuple(NETWORKS), one_dnn),
        Peer("PyTorch's way", "pytorch_way.py", torch, tuple(NETWORKS)),
        Peer("JAX", "jax_way.py", ("numpy>=2,<3", "jax==0.10.2", "optax==0.2.8"), DENSE),
        Peer("pythae 0.1.2", "pythae_way.py", (*torch, "pythae==0.1.2"), ("dense",)),
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

    def __init__(self, title, command, environment):
        self.title = title
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed in `close`)
        self.process = subprocess.Popen(
            list(map(str, command)),
            cwd=CONTESTANTS,
            env=environment,
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


def compete(contestants, epochs, *, scored):
    """Let the contestants train in turns, the first of them the course; return their epochs."""
    course, *others = contestants
    for turn in range(epochs):
        for contestant in contestants[:: -1 if turn % 2 else 1]:
            contestant.train_epoch()
    for peer in others:
        while scored and peer.clock < course.clock:
            peer.train_epoch()
    return {each.title: {**each.built, "epochs": each.epochs} for each in contestants}


def load_splits():
    """Return the splits of MNIST that all are trained and scored on."""
    try:
        dataset = data.load("mnist")
    except data.DataError as error:
        raise Skipped(f"it needs MNIST: {error}") from error
    return {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}


def write_data(file, splits, n_images):
    """Write so many of the images and labels of each split; None stands for all."""
    np.savez(
        file,
        **{f"{name}_images": split.images[: n_images.get(name)] for name, split in splits.items()},
        **{f"{name}_labels": split.labels[: n_images.get(name)] for name, split in splits.items()},
    )


def race(name, kind, pythons, splits):
    """Let all that have a network train it on one kind of processor; return their epochs."""
    network, scored = NETWORKS[name], kind == processor.native()
    epochs = network.epochs if scored else network.epochs_unscored
    environment = processor.environment(kind)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        file = Path(folder, "data.npz")
        write_data(file, splits, {"train": network.images} | ({} if scored else {"test": TEST_IMAGES_UNSCORED}))
        starts = [(COURSE, sys.executable, "course.py", {})]
        starts += [(p.title, python, p.script, p.switches) for p, python in pythons.items() if name in p.networks]
        contestants = []
        for title, python, script, switches in starts:
            command = [python, script, name, epochs, file]
            contestants.append(Contestant(title, command, environment | switches))
            stack.callback(contestants[-1].close)
        return compete(contestants, epochs, scored=scored)


def measure():
    pythons, reasons = {}, {}
    for peer in peers():
        try:
            pythons[peer] = python_for(peer)
        except Skipped as reason:
            reasons[peer.title] = str(reason)
    splits = load_splits()
    return processor.each_kind(lambda kind: {name: race(name, kind, pythons, splits) for name in NETWORKS}) | {
        "skipped": reasons
    }


def later_epochs(found, title):
    """List a contestant's epochs after the first, which also compiles, as many as the course has."""
    return found[title]["epochs"][1 : len(found[COURSE]["epochs"])]


def ratios(found, title, which):
    """List a contestant's time for each of those epochs over the course's in the same turn."""
    pairs = zip(later_epochs(found, title), later_epochs(found, COURSE), strict=True)
    return [epoch[which] / ours[which] for epoch, ours in pairs]


def cpu_seconds(found, title):
    """Return a contestant's median CPU seconds of an epoch."""
    return median(epoch["cpu"] for epoch in later_epochs(found, title))


def against_the_fastest(found):
    """Return the peer with the fewest CPU seconds, and the course's over those: medians."""
    fastest = min((title for title in found if title != COURSE), key=lambda title: cpu_seconds(found, title))
    return fastest, cpu_seconds(found, COURSE) / cpu_seconds(found, fastest)


def loss_at_the_same_time(found, title):
    """Return the test loss after the first epoch that ends no sooner than the course's whole run, and its number."""
    course_clock = sum(epoch["clock"] for epoch in found[COURSE]["epochs"])
    clock = 0
    for number, epoch in enumerate(found[title]["epochs"], start=1):
        clock += epoch["clock"]
        if clock >= course_clock:
            return epoch["loss"], number
    raise AssertionError(f"{title} trained for less time than the course")  # compete goes on until it has not


def losses_row(found, title):
    """Word a contestant's losses: after as many epochs, and after the same time."""
    loss, number = loss_at_the_same_time(found, title)
    same_time = f"{loss:.2f}" if title == COURSE else f"{loss:.2f} ({number} epochs)"
    return [f"{found[title]['epochs'][len(found[COURSE]['epochs']) - 1]['loss']:.2f}", same_time]


def contestants_table(found, *, scored):
    """Return the table of one network on one kind of processor."""
    header = ["", "batch", "s an epoch", "CPU s", "ratio of s", "ratio of CPU s"]
    header += [f"loss, {len(found[COURSE]['epochs'])} epochs", "loss, same time"] if scored else []
    rows = []
    for title, entry in found.items():
        later = later_epochs(found, title)
        rows.append(
            [
                f"{title} ({entry['versions']})",
                entry["batch_size"],
                spread([epoch["clock"] for epoch in later], ".1f"),
                spread([epoch["cpu"] for epoch in later], ".1f"),
                *("1" if title == COURSE else spread(ratios(found, title, which)) for which in ("clock", "cpu")),
                *(losses_row(found, title) if scored else []),
                f"{max(epoch['peak_gb'] for epoch in entry['epochs']):.2f}",
            ]
        )
    return table([*header, "peak GB"], rows)


def page(figures):
    text = [
        "Seconds of an epoch after the first (which also compiles): median, smallest and largest; a ratio is the "
        "peer's to the course's in the same turn. keras.io's way at times stands still for up to twenty seconds, "
        "probably in TensorFlow's input pipeline (LOG.md: waiting for nothing): that is in its seconds, as a learner"
        " would meet it, and not in its CPU seconds. Test loss in nats, one noise sample an image: after as many "
        "epochs as the course's whole run has, and after as much time (the first epoch that ends no sooner, "
        "compiling too). All train on the same images from seed 0: the dense networks on all 55,000, the convolutional "
        "ones on 12,800 of them, so that an epoch there is a quarter of a whole one. The course's way computes a "
        "validation loss, here on 250 images; the others compute none. Where the AVX-512 paths are switched off, there "
        "are fewer epochs and no losses: the arithmetic is the same. keras.io's way runs with oneDNN on "
        "(`TF_ENABLE_ONEDNN_OPTS=1`), which the course switches on by itself, and PyTorch's with its fused Adam. "
        "JAX, a plain jitted step, has the dense networks only: XLA's convolutions on a CPU take several times as long "
        "as the others'. Pythae has its own network, the dense one."
    ]
    titles = processor.titles(figures)
    for name, network in NETWORKS.items():
        for kind, networks in figures["kinds"].items():
            found = networks[name]
            fastest, ratio = against_the_fastest(found)
            parameters = {entry["parameters"] for entry in found.values()}
            text += [
                f"**{network.title}**, {titles[kind]} ({' or '.join(f'{n:,}' for n in sorted(parameters))} weights)",
                contestants_table(found, scored=kind == processor.own(figures)),
                f"The course's epoch takes {ratio:.2f} of the CPU seconds of the fastest peer, {fastest}; promised is "
                f"at most {LARGEST_RATIO}.",
            ]
    text += [f"{title} was skipped: {reason}" for title, reason in figures["skipped"].items()]
    return "\n\n".join([*text, *processor.unmeasured(figures)]) + "\n"


def broken(figures):
    missed = []
    for kind, networks in figures["kinds"].items():
        for name, found in networks.items():
            fastest, ratio = against_the_fastest(found)
            if ratio > LARGEST_RATIO:
                missed.append(
                    f"an epoch of the {name} network takes {ratio:.3f} of the CPU seconds of {fastest} on {kind}"
                )
    for name, found in figures["kinds"][processor.own(figures)].items():
        course = found[COURSE]["epochs"]
        for title in found:
            if title == COURSE:
                continue
            if found[title]["epochs"][len(course) - 1]["loss"] <= course[-1]["loss"]:
                missed.append(f"{title} has a lower loss on the {name} network after as many epochs")
            if loss_at_the_same_time(found, title)[0] <= course[-1]["loss"]:
                missed.append(f"{title} has a lower loss on the {name} network after the same time")
    return missed
