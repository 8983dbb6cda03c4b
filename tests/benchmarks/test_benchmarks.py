"""Tests of the benchmarks' own arithmetic, their protocol and their page. What they measure is not tested here."""

import itertools
import json
import subprocess
import sys
import types

import numpy as np
import pytest

from benchmarks import lessons, limit, peers, recipe, results
from benchmarks.__main__ import BENCHMARKS
from tools import stamp


def test_the_page_is_what_the_kept_figures_give(tmp_path, monkeypatch):
    written = results.PAGE.read_text(encoding="utf-8")
    monkeypatch.setattr(results, "PAGE", tmp_path / "RESULTS.md")
    results.write_page(BENCHMARKS)
    assert (tmp_path / "RESULTS.md").read_text(encoding="utf-8") == written
    assert {benchmark.TITLE for benchmark in BENCHMARKS.values()} >= {
        line.removeprefix("## ") for line in written.splitlines() if line.startswith("## ")
    }


@pytest.fixture
def one_benchmark(tmp_path, monkeypatch):
    """Return a benchmark that counts its runs, whose figures are kept in a folder of their own."""
    monkeypatch.setattr(results, "STORE", tmp_path / "results.json")
    monkeypatch.setattr(results, "PAGE", tmp_path / "RESULTS.md")
    runs = itertools.count(1)
    return types.SimpleNamespace(
        TITLE="A count",
        measure=lambda: {"runs": next(runs)},
        page=lambda figures: f"{figures['runs']} runs\n",
        broken=lambda figures: ["it ran twice"] if figures["runs"] > 1 else [],
    )


def test_a_benchmark_is_recorded_with_its_circumstances(one_benchmark):
    text, missed = results.record("count", one_benchmark)
    assert missed == []
    assert "## A count\n\n1 runs\n\nAll its promises are kept.\n" in text
    kept = json.loads(results.STORE.read_text())["count"]
    assert kept["figures"] == {"runs": 1}
    assert "keras" in kept["versions"] and "cores" in kept["machine"] and kept["date"] in text
    text, missed = results.record("count", one_benchmark)
    assert missed == ["it ran twice"] and "Not kept: it ran twice." in text
    results.write_page({"count": one_benchmark})
    assert results.PAGE.read_text().endswith(text)


def test_what_is_skipped_says_why_and_leaves_the_earlier_figures(one_benchmark):
    results.record("count", one_benchmark)
    before = results.STORE.read_text()

    def cannot():
        raise results.Skipped("there is no network")

    one_benchmark.measure = cannot
    text, missed = results.record("count", one_benchmark)
    assert "Skipped: there is no network" in text and not missed
    assert results.STORE.read_text() == before


def test_a_spread_is_the_median_with_both_ends():
    assert results.spread([3.0, 1.0, 2.0]) == "2.00 (1.00 to 3.00)"
    assert results.table(["a", "b"], [["x", 1]]) == "| a | b |\n| --- | ---: |\n| x | 1 |\n"


def count(name, batch_size):
    import keras

    from cvae_utils import models

    model = getattr(models, name)()
    model.compile(optimizer=keras.optimizers.Adam())
    model.optimizer.build(model.trainable_variables)
    return limit.count_operations(model, np.zeros((batch_size, 28, 28, 1), "uint8"))


def test_operations_of_a_dense_step_by_hand():
    images_in, heads, latent_in, pixels_out = 784 * 512, 2 * 512 * 2, 2 * 512, 512 * 784
    assert count("dense_vae", 8) == 2 * 8 * (2 * images_in + 3 * (heads + latent_in + pixels_out))


def test_operations_of_a_convolutional_step_by_hand():
    encoder = 9 * 1 * 32 * 14 * 14 + 9 * 32 * 64 * 7 * 7 + 7 * 7 * 64 * 16 + 16 * 4
    decoder = 2 * 7 * 7 * 64 + 9 * 64 * 64 * 7 * 7 + 9 * 64 * 32 * 14 * 14 + 9 * 32 * 1 * 28 * 28
    # The gradient of the images is in the graph, and is dropped when it runs: a third of a percent.
    assert count("conv_vae", 8) == pytest.approx(2 * 8 * 3 * (encoder + decoder), rel=0.005)


class Fake:
    """A contestant whose epochs take a given time and whose loss is the number of epochs left to ten."""

    def __init__(self, title, seconds):
        self.title, self.seconds, self.epochs, self.built = title, seconds, [], {"parameters": 7, "versions": "1"}
        self.clock = 0

    def train_epoch(self):
        self.clock += self.seconds
        self.epochs.append(
            {"cpu": self.seconds + 1, "clock": self.seconds, "loss": 10 - len(self.epochs), "peak_gb": 1}
        )


def test_a_quicker_peer_goes_on_until_it_has_had_as_much_time():
    found = peers.compete("dense", [Fake("the course", 6), Fake("quick", 4), Fake("slow", 20)])
    n = peers.EPOCHS["dense"]
    assert [len(entry["epochs"]) for entry in found.values()] == [n, -(-6 * n // 4), n]
    assert peers.loss_at_the_same_time(found, "the course") == (10 - (n - 1), n)
    assert peers.loss_at_the_same_time(found, "quick")[1] == -(-6 * n // 4)
    assert peers.loss_at_the_same_time(found, "slow")[1] == -(-6 * n // 20)
    assert peers.ratios(found, "slow", "clock") == [20 / 6] * (n - 1)
    missed = peers.broken({"networks": {"dense": found}})
    assert any("quick has a shorter epoch" in one for one in missed)
    assert any("quick has a lower loss on the dense network after the same time" in one for one in missed)
    assert not any("slow" in one and "epoch of" in one for one in missed)


def test_peers_are_compared_by_the_clock_and_by_cpu_seconds():
    found = peers.compete("dense", [Fake("the course", 6), Fake("slow", 20)])
    table = [line.split(" | ") for line in peers.page({"networks": {"dense": found}, "skipped": {}}).splitlines()]
    titles = next(row for row in table if "ratio of CPU s" in row)
    slow = dict(zip(titles, next(row for row in table if row[0].startswith("| slow")), strict=True))
    by_clock, by_cpu = slow["ratio of s"], slow["ratio of CPU s"]
    assert by_clock.startswith("3.33") and by_cpu.startswith("3.00")  # 20 / 6, (20 + 1) / (6 + 1)
    assert slow["s an epoch"].startswith("20.0") and slow["CPU s"].startswith("21.0")
    ((_, times), _) = stamp.peers_rows({"networks": {"dense": found}})
    assert times == f"slow {by_clock}, CPU 3.00"


def test_the_order_turns_round_after_each_turn(monkeypatch):
    order = []
    monkeypatch.setattr(Fake, "train_epoch", lambda self: order.append(self.title))
    contestants = [Fake(title, 1) for title in ("the course", "one", "two")]
    peers.compete("dense", contestants)
    assert order[:6] == ["the course", "one", "two", "two", "one", "the course"]


@pytest.fixture
def data_file(tmp_path):
    labels = np.arange(1000) % 10
    images = np.random.default_rng(0).integers(0, 60, (1000, 28, 28, 1), dtype="uint8")
    for image, label in zip(images, labels, strict=True):
        image[3:25, 2 * label : 2 * label + 8] = 200
    arrays = {f"{split}_images": images for split in ("train", "validation", "test")}
    arrays |= {f"{split}_labels": labels for split in ("train", "validation", "test")}
    np.savez(tmp_path / "data.npz", **arrays)
    return tmp_path / "data.npz"


@pytest.mark.parametrize(("script", "network"), [("course.py", "dense conditional"), ("keras_way.py", "dense")])
def test_contestants_train_an_epoch_at_a_time(script, network, data_file):
    contestant = peers.Contestant("one", sys.executable, script, network, data_file)
    for _ in range(3):
        contestant.train_epoch()
    contestant.close()
    assert contestant.built["parameters"] == {"dense": 807_700, "dense conditional": 817_940}[network]
    losses = [epoch["loss"] for epoch in contestant.epochs]
    assert 40 < losses[-1] < 0.9 * losses[0]
    assert contestant.clock == sum(epoch["clock"] for epoch in contestant.epochs) > 0


def test_a_contestants_peak_memory_is_its_own():
    large = np.ones(40_000_000)  # 320 MB here, which a child must not inherit
    command = [sys.executable, "-c", "import turns; print(turns.peak_bytes())"]
    child = subprocess.run(command, cwd=peers.CONTESTANTS, check=True, capture_output=True, text=True)
    assert 10e6 < int(child.stdout) < 150e6 < large.nbytes


def test_a_contestant_that_fails_says_why(data_file, monkeypatch):
    monkeypatch.setitem(peers.EPOCHS, "no such network", 1)
    with pytest.raises(RuntimeError, match="no such network"):
        peers.Contestant("one", sys.executable, "course.py", "no such network", data_file)


def test_a_peer_that_cannot_be_installed_is_skipped_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "ENVIRONMENTS", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    peer = peers.Peer("one", "one_way.py", ("no-such-package-anywhere==1",), ("dense",))
    with pytest.raises(results.Skipped, match="no-such-package-anywhere"):
        peers.python_for(peer)


def recipe_figures(seconds, losses):
    """Return figures of the dense CVAE whose published run took 100 s in four turns."""
    return {
        "dense_cvae": {
            "published": {"epochs": 42, "batch_size": 250, "turns": [[25, 25]] * 4, "loss": 131.2},
            "course": {"settings": {"epochs": 10}, "turns": [[each, each] for each in seconds], "losses": losses},
        }
    }


def test_every_turn_of_a_recipe_has_to_be_quick_and_every_seed_good():
    kept = recipe_figures([20, 24.9, 22], [130.5, 131.0, 130.7])
    assert recipe.broken(kept) == []
    text = recipe.page(kept)
    assert "0.220 (0.200 to 0.249), at most 0.25" in text and "130.70 (130.50 to 131.00)" in text
    (slow,) = recipe.broken(recipe_figures([20, 26, 22], [130.5, 130.6, 130.7]))
    assert "0.260 of the published recipe's CPU time" in slow
    (poor,) = recipe.broken(recipe_figures([20, 20, 20], [130.5, 131.1, 130.6]))
    assert "131.10 nats from one of its seeds, not 131.0" in poor


def test_each_lesson_has_limits_and_the_course_as_a_whole():
    kept = {"notebooks": {"06_conv_vae": [239, 130, 1.4, 0.4], "08_how_good_is_it": [300, 200, 1.2, 0.4]}}
    assert lessons.broken(kept) == []
    assert "**539** | **330** | **1.40**" in lessons.page(kept)
    for which, value, said in ((0, 241, "241 CPU s"), (2, 1.6, "1.60 GB"), (1, 1100, "whole course takes 1300 s")):
        notebooks = {name: list(row) for name, row in kept["notebooks"].items()}
        notebooks["06_conv_vae"][which] = value
        (missed,) = lessons.broken({"notebooks": notebooks})
        assert said in missed
