"""Tests that no lesson has more to do on the embedded digits than on MNIST."""

import math
import re

import pytest

from tools import cell_costs, notebooks

SCRIPTS = sorted((notebooks.NOTEBOOKS / "scripts").glob("*.py"))
BATCH = 250  # the largest batch of a recipe: a last batch is filled up
TRAINED_ON = {"03_the_loss_audited": 10_000}  # images of MNIST, where a lesson takes fewer than all
ALL_MNIST, ALL_DIGITS = 55_000, 1_375
SYNTHETIC = "epochs=6 if digits.name"  # lesson 08 learns from as many drawn images as there are validation images
EPOCHS = re.compile(r'(\d+) if digits\.name == "mnist" else (\d+)')
IMAGES_AND_EPOCHS = re.compile(r'\(([\d_]+), (\d+)\) if digits\.name == "mnist" else \(len\(digits\.train\), (\d+)\)')


def filled_up(images):
    return BATCH * math.ceil(images / BATCH)


def passes(script):
    """Yield the images that go through a network on MNIST and on the digits, for each place that says how many."""
    for line in script.read_text(encoding="utf-8").splitlines():
        if match := IMAGES_AND_EPOCHS.search(line):
            images, epochs, on_digits = (int(number) for number in match.groups())
            yield epochs * images, on_digits * filled_up(ALL_DIGITS)
        elif match := EPOCHS.search(line):
            epochs, on_digits = (int(number) for number in match.groups())
            if SYNTHETIC in line:
                yield epochs * 5_000, on_digits * filled_up(125)
            else:
                yield epochs * TRAINED_ON.get(script.stem, ALL_MNIST), on_digits * filled_up(ALL_DIGITS)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_at_most_half_the_images_pass_on_the_digits(script):
    assert [pair for pair in passes(script) if pair[1] > pair[0] / 2] == []


def test_the_places_are_found():
    assert sum(len(list(passes(script))) for script in SCRIPTS) >= 11


def test_no_training_on_the_digits_alone_takes_long():
    """Where MNIST has the shipped weights, the digits train for a few epochs."""
    found = 0
    for script in SCRIPTS:
        blocks = re.findall(r'^if digits\.name != "mnist":\n((?: +.*\n)+)', script.read_text(), flags=re.MULTILINE)
        for block in filter(lambda block: "training." in block, blocks):
            found += 1
            assert max(int(number) for number in re.findall(r"\b\d+\b(?!e)", block) if number != "64") <= 10
    assert found == 3


@pytest.mark.parametrize(
    ("on_mnist", "on_digits", "too_much"), [(1.0, 4.0, []), (1.0, 4.2, [1]), (100.0, 112.0, []), (100.0, 114.0, [1])]
)
def test_a_cell_may_cost_a_little_more(on_mnist, on_digits, too_much):
    assert cell_costs.dearer([on_mnist, 5.0], [on_digits, 0.0]) == too_much


def test_costs_are_the_kernels_cpu_seconds_and_the_data_the_digits(tmp_path):
    script = tmp_path / "scripts" / "lesson.py"
    script.parent.mkdir()
    busy = "import time\n\nwhile time.process_time() < 1.5 + start: pass"
    cells = ["from cvae_utils import data\n\ndata.load('auto').name", "import time\ntime.sleep(2)", busy]
    cells[1] += "\nstart = time.process_time()"
    script.write_text("".join(f"# %%\n{cell}\n\n" for cell in cells))
    (_, asleep, awake), printed = cell_costs.costs(script, cell_costs.without_mnist(str(tmp_path)))
    assert cell_costs.FELL_BACK in printed
    assert asleep < 1 < awake < 3
