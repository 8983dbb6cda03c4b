"""Tests of the benchmarks' own arithmetic, their protocol and their page. What they measure is not tested here."""

import itertools
import json
import subprocess
import sys
import types

import numpy as np
import pytest

from benchmarks import lessons, limit, peers, processor, recipe, results, switches
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
    assert f"instruction sets: {processor.native()};" in text
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


def test_the_kind_of_a_processor_from_its_flags(tmp_path, monkeypatch):
    assert processor.kind_of(["avx", "avx2", "avx512f", "avx512_vnni"]) == "AVX-512"
    assert processor.kind_of(["avx", "avx2"]) == "AVX2"
    assert processor.kind_of(["sse4_2", "avx"]) == processor.kind_of([]) == "other"
    monkeypatch.setattr(processor, "FLAGS", tmp_path / "cpuinfo")
    assert processor.native.__wrapped__() == "unknown"
    (tmp_path / "cpuinfo").write_text("model name\t: One\nflags\t\t: fpu avx2\nbugs\t\t: avx512f\n")
    assert processor.native.__wrapped__() == "AVX2"
    (tmp_path / "cpuinfo").write_text("Features\t: fp asimd\n")
    assert processor.native.__wrapped__() == "other"


def test_a_kind_that_cannot_be_had_is_listed_with_the_reason(monkeypatch):
    monkeypatch.setattr(processor, "native", lambda: "AVX-512")
    monkeypatch.setattr(processor, "without_avx512", lambda: None)
    assert processor.each_kind(str.lower) == {"kinds": {"AVX-512": "avx-512", "AVX2": "avx2"}, "unmeasured": {}}
    monkeypatch.setattr(processor, "without_avx512", lambda: "there is no compiler")
    figures = processor.each_kind(str.lower)
    assert figures == {"kinds": {"AVX-512": "avx-512"}, "unmeasured": {"AVX2": "there is no compiler"}}
    assert processor.unmeasured(figures) == ["AVX2 was not measured: there is no compiler."]
    monkeypatch.setattr(processor, "native", lambda: "AVX2")
    assert list(processor.each_kind(str.lower)["unmeasured"]) == ["AVX-512"]


def test_the_library_that_hides_avx512_is_checked(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert "no C compiler" in processor.without_avx512.__wrapped__()


@pytest.mark.skipif(len(processor.kinds()[0]) < 2, reason="AVX-512 cannot be hidden here")
def test_a_child_without_avx512_does_not_see_it():
    code = [sys.executable, "-c", processor.AVX512_IS_SEEN]
    seen = [
        subprocess.run(code, env=processor.environment(kind), check=True, capture_output=True, text=True).stdout.strip()
        for kind in processor.kinds()[0]
    ]
    assert seen == ["True", "False"]
    real_fault = [sys.executable, "-c", "import ctypes; ctypes.string_at(0)"]
    assert subprocess.run(real_fault, env=processor.environment("AVX2"), check=False).returncode == -11


def test_a_child_of_a_kind_returns_what_a_function_returns():
    assert processor.in_a_child(processor.native(), "processor", "kind_of", ["avx2"]) == "AVX2"


def both_kinds(own, other):
    """Return figures of both kinds of processor."""
    return {"kinds": {"AVX-512": own, "AVX2": other}, "unmeasured": {}}


def test_the_worse_of_two_kinds_and_how_they_are_called():
    figures = both_kinds({"x": 3}, {"x": 2})
    assert processor.worse(figures, lambda found: found["x"]) == ("AVX-512", {"x": 3})
    assert processor.worse(figures, lambda found: -found["x"]) == ("AVX2", {"x": 2})
    entry = {"instructions": "AVX-512", "figures": figures}
    assert results.instructions(entry) == "AVX-512; and AVX2, the AVX-512 paths switched off"
    assert results.instructions({"instructions": "AVX2", "figures": {}}) == "AVX2"


def test_a_switch_without_effect_is_said_to_have_none():
    speeds = {switches.NATIVELY: (100, 1000), "`A=1`": (95, 500), switches.PRELOADED: (60, 510)}
    by_switch = {name: {"product": one, "exponentials": two} for name, (one, two) in speeds.items()}
    text = switches.page({"speeds": {"NumPy": by_switch}, "skipped": {"jax": "no network"}})
    assert "| NumPy, `A=1` | 95 | 0.95, none | 500 | 0.50 |" in text and "jax was skipped: no network" in text


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
        self.title, self.seconds, self.epochs = title, seconds, []
        self.built = {"parameters": 7, "versions": "1", "batch_size": 128}
        self.clock = 0

    def train_epoch(self):
        self.clock += self.seconds
        self.epochs.append(
            {"cpu": self.seconds + 1, "clock": self.seconds, "loss": 10 - len(self.epochs), "peak_gb": 1}
        )


def race(course, *, scored=True, **others):
    """Return the epochs of the course and of others, by the seconds that an epoch takes."""
    contestants = [Fake(peers.COURSE, course), *(Fake(title, seconds) for title, seconds in others.items())]
    return peers.compete(contestants, 6 if scored else 4, scored=scored)


def of_all_networks(found):
    return dict.fromkeys(peers.NETWORKS, found)


def test_a_quicker_peer_goes_on_until_it_has_had_as_much_time():
    found = race(6, quick=4, slow=20)
    assert [len(entry["epochs"]) for entry in found.values()] == [6, 9, 6]
    assert peers.loss_at_the_same_time(found, peers.COURSE) == (5, 6)
    assert peers.loss_at_the_same_time(found, "quick")[1] == 9
    assert peers.loss_at_the_same_time(found, "slow")[1] == 2
    assert peers.ratios(found, "slow", "clock") == [20 / 6] * 5
    assert peers.against_the_fastest(found) == ("quick", 7 / 5)
    assert [len(entry["epochs"]) for entry in race(6, scored=False, quick=4).values()] == [4, 4]


def test_the_course_has_to_be_no_slower_than_the_fastest_on_each_kind():
    equal, slower = race(6, other=6, slow=20), race(6, scored=False, other=5.9, slow=20)
    for found in (equal, slower):
        for loss, epoch in enumerate(found[peers.COURSE]["epochs"]):
            epoch["loss"] = -loss  # the best of all
    kept = both_kinds(of_all_networks(equal), of_all_networks(equal)) | {"skipped": {}}
    assert peers.broken(kept) == []
    assert "takes 1.00 of the CPU seconds of the fastest peer, other; promised is at most 1.0" in peers.page(kept)
    kept["kinds"]["AVX2"] = {**kept["kinds"]["AVX2"], "dense": slower}
    assert peers.broken(kept) == ["an epoch of the dense network takes 1.014 of the CPU seconds of other on AVX2"]
    with_losses = peers.broken(both_kinds({"dense": race(6, quick=5)}, {}))
    assert any("quick has a lower loss on the dense network after the same time" in one for one in with_losses)
    assert any("quick has a lower loss on the dense network after as many epochs" in one for one in with_losses)


def test_the_page_of_the_peers_tells_kinds_batches_and_both_ways_to_count_time():
    own, other = race(6, slow=20), race(6, scored=False, slow=6.5)
    text = peers.page(both_kinds(of_all_networks(own), of_all_networks(other)) | {"skipped": {}})
    lines = [line.split(" | ") for line in text.splitlines()]
    titles = next(row for row in lines if "ratio of CPU s" in row)
    slow = dict(zip(titles, next(row for row in lines if row[0].startswith("| slow")), strict=True))
    assert slow["ratio of s"].startswith("3.33") and slow["ratio of CPU s"].startswith("3.00")  # 20/6, (20+1)/(6+1)
    assert slow["s an epoch"].startswith("20.0") and slow["CPU s"].startswith("21.0") and slow["batch"] == "128"
    assert "784-512-2**, AVX-512 (7 weights)" in text
    assert "784-512-2**, AVX2, the AVX-512 paths switched off (7 weights)" in text
    assert text.count("loss, same time") == len(peers.NETWORKS)  # of the processor's own kind only


def test_the_readme_shows_the_worse_kind():
    figures = both_kinds(of_all_networks(race(6, slow=20)), of_all_networks(race(6, scored=False, slow=6.5)))
    (_, times), (_, losses), *_ = stamp.peers_rows(figures)
    assert times == "slow 1.07 (AVX2)" and losses == "slow 9.0"
    quick, slow = recipe_figures([20], [130]), recipe_figures([30], [])
    ((_, said),) = stamp.recipe_rows(both_kinds(quick, slow))
    assert said == "0.300 (0.300 to 0.300) of the CPU time (AVX2); test loss 130.00 (130.00 to 130.00), to reach 131.0"
    lesson = {"notebooks": {"01_one": [60, 120, 1.4, 0.4]}}
    longer = {"notebooks": {"01_one": [90, 180, 1.2, 0.4]}}
    ((_, said),) = stamp.lessons_rows(both_kinds(lesson, longer))
    assert said == "3 minutes, 90 CPU seconds; the longest 3.0 minutes (AVX2); the largest kernel 1.40 GB"


def test_the_order_turns_round_after_each_turn(monkeypatch):
    order = []
    monkeypatch.setattr(Fake, "train_epoch", lambda self: order.append(self.title))
    peers.compete([Fake(title, 1) for title in (peers.COURSE, "one", "two")], 2, scored=False)
    assert order == [peers.COURSE, "one", "two", "two", "one", peers.COURSE]


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


def contestant(script, network, epochs, data_file):
    """Start a contestant in this environment."""
    return peers.Contestant("one", [sys.executable, script, network, epochs, data_file], None)


@pytest.mark.parametrize(
    ("script", "network", "parameters"),
    [("course.py", "dense conditional", 817_940), ("keras_way.py", "dense", 807_700)],
)
def test_contestants_train_an_epoch_at_a_time(script, network, parameters, data_file):
    one = contestant(script, network, 3, data_file)
    for _ in range(3):
        one.train_epoch()
    one.close()
    assert one.built["parameters"] == parameters
    assert one.built["batch_size"] == (250 if script == "course.py" else 128)
    losses = [epoch["loss"] for epoch in one.epochs]
    assert 40 < losses[-1] < 0.9 * losses[0]
    assert one.clock == sum(epoch["clock"] for epoch in one.epochs) > 0


@pytest.mark.parametrize("script", ["course.py", "keras_way.py"])
def test_contestants_have_the_same_convolutional_cvae(script, data_file):
    one = contestant(script, "convolutional conditional", 1, data_file)
    one.close()
    assert one.built["parameters"] == 285_237


def test_data_is_cut_to_so_many_images(data_file, tmp_path):
    arrays = np.load(data_file)
    splits = {
        name: types.SimpleNamespace(images=arrays[f"{name}_images"], labels=arrays[f"{name}_labels"])
        for name in ("train", "test")
    }
    peers.write_data(tmp_path / "cut.npz", splits, {"train": 12, "test": None})
    cut = np.load(tmp_path / "cut.npz")
    assert [len(cut[name]) for name in ("train_images", "train_labels", "test_images")] == [12, 12, 1000]


def test_a_contestants_peak_memory_is_its_own():
    large = np.ones(40_000_000)  # 320 MB here, which a child must not inherit
    command = [sys.executable, "-c", "import turns; print(turns.peak_bytes())"]
    child = subprocess.run(command, cwd=peers.CONTESTANTS, check=True, capture_output=True, text=True)
    assert 10e6 < int(child.stdout) < 150e6 < large.nbytes


def test_a_contestant_that_fails_says_why(data_file):
    with pytest.raises(RuntimeError, match="no such network"):
        contestant("course.py", "no such network", 1, data_file)


def test_a_peer_that_cannot_be_installed_is_skipped_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "ENVIRONMENTS", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    peer = peers.Peer("one", "one_way.py", ("no-such-package-anywhere==1",), ("dense",))
    with pytest.raises(results.Skipped, match="no-such-package-anywhere"):
        peers.python_for(peer)


def recipe_figures(seconds, losses):
    """Return figures of the dense CVAE whose published run takes 100 s, in ten parts."""
    return {
        "dense_cvae": {
            "published": {
                "epochs": 42,
                "batch_size": 250,
                "parts": 10.0,
                "turns": [[10, 10], [10, 10], [14, 14], [9, 9]],
            },
            "course": {
                "settings": {"epochs": 10, "batch_size": 250},
                "turns": [[each, each] for each in seconds],
                "losses": losses,
            },
        }
    }


def test_the_time_of_a_published_recipe_follows_from_its_parts():
    (found,) = recipe_figures([20], [130]).values()
    assert recipe.published_time(found, 0) == 100
    found["published"]["turns"][0] = [13, 10]  # it also compiles
    assert recipe.published_time(found, 0) == 103 and recipe.published_time(found, 1) == 100


def test_every_turn_of_a_recipe_has_to_be_quick_and_every_seed_good(monkeypatch):
    monkeypatch.setattr(recipe, "COMPARISONS", {"dense_cvae": recipe.COMPARISONS["dense_cvae"]})
    good = recipe_figures([16, 19.9, 18], [130.5, 131.0, 130.7])
    kept = both_kinds(good, recipe_figures([20], []))
    assert recipe.broken(kept) == []
    text = recipe.page(kept)
    assert "0.180 (0.160 to 0.199), at most 0.2" in text and "130.70 (130.50 to 131.00)" in text
    (slow,) = recipe.broken(both_kinds(good, recipe_figures([21], [])))
    assert "0.210 of the published recipe's CPU time on AVX2" in slow
    (poor,) = recipe.broken(both_kinds(recipe_figures([20, 20, 20], [130.5, 131.1, 130.6]), {}))
    assert "131.10 nats from one of its seeds, not 131.0" in poor


def lessons_figures(which=None, value=None):
    """Return the figures of two notebooks, with one of the first's changed."""
    notebooks = {"06_conv_vae": [239, 130, 1.4, 0.4], "08_how_good_is_it": [299, 200, 1.2, 0.4]}
    if which is not None:
        notebooks["06_conv_vae"][which] = value
    return {"notebooks": notebooks}


def test_each_lesson_has_limits_on_avx2_and_the_course_on_both():
    kept = both_kinds(lessons_figures(0, 400), lessons_figures())
    assert lessons.broken(kept) == []
    assert "| **all** | **699** | **330** | **1.40** |  | **538** | **330** | **1.40** |  |" in lessons.page(kept)
    for which, value, said in ((0, 241, "241 CPU s and 1.40 GB on AVX2"), (2, 1.6, "1.60 GB on AVX2")):
        (missed,) = lessons.broken(both_kinds(lessons_figures(), lessons_figures(which, value)))
        assert said in missed
    (missed,) = lessons.broken(both_kinds(lessons_figures(0, 1300), lessons_figures()))
    assert missed == "all notebooks together take 1599 CPU s on AVX-512"
    two = lessons.broken(both_kinds(lessons_figures(), lessons_figures(0, 2000)))
    assert "all notebooks together take 2299 CPU s on AVX2" in two
    assert lessons.broken({"kinds": {"other": lessons_figures(0, 5000)}, "unmeasured": {}}) == []


def limit_figures(step):
    """Return the figures of a model whose step takes 10 ms in `fit`."""
    row = {"batch_size": 250, "operations": 1e9, "peak": [200.0] * 2, "fit": [10.0] * 2}
    return {"dense_vae": row | {"step": [step] * 2, "update": [1.0] * 2, "products": [6.0] * 2}}


def test_the_loop_and_the_pipeline_have_a_limit():
    assert limit.broken(limit_figures(8.6)) == []
    assert "14%" in limit.page(limit_figures(8.6))
    (missed,) = limit.broken(limit_figures(8.4))
    assert "dense_vae spends 16% of a step" in missed
