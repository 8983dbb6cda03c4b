"""Tests of the tools that keep files in step with each other."""

import re

import matplotlib.image
import numpy as np
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cvae_utils import weights
from tools import lock, stamp

PYPROJECT = stamp.tomllib.loads((lock.ROOT / "pyproject.toml").read_text())


def environment():
    return yaml.safe_load((lock.ROOT / lock.ENVIRONMENT).read_text())


def test_environment_yml_is_what_the_lock_gives():
    assert (lock.ROOT / lock.ENVIRONMENT).read_text() == lock.environment_yml((lock.ROOT / lock.LAB_LOCK).read_text())


def test_environment_yml_meets_every_requirement_of_pyproject():
    *pins, course = environment()["dependencies"][-1]["pip"]
    assert course == "-e ."
    pinned = {}
    for pin in map(Requirement, pins):
        pinned.setdefault(canonicalize_name(pin.name), []).append(pin)
    groups = PYPROJECT["dependency-groups"]
    wanted = PYPROJECT["project"]["dependencies"] + groups["backend"] + [r for r in groups["lab"] if isinstance(r, str)]
    for requirement in map(Requirement, wanted):
        for pin in pinned[canonicalize_name(requirement.name)]:
            (version,) = (specifier.version for specifier in pin.specifier)
            assert requirement.specifier.contains(version), f"{requirement} against {pin}"


def test_environment_yml_has_a_python_that_the_course_allows():
    python = environment()["dependencies"][0]
    version = python.removeprefix("python=")
    assert Requirement("python" + PYPROJECT["project"]["requires-python"]).specifier.contains(version)


def test_the_locks_name_no_address():
    for name in (lock.LAB_LOCK, lock.TEST_LOCK):
        assert "://" not in (lock.ROOT / name).read_text()


def test_both_locks_agree():
    def pins(name):
        return set(re.findall(r"^[a-z0-9][\w.-]*==[\w.]+", (lock.ROOT / name).read_text(), flags=re.MULTILINE))

    assert pins(lock.LAB_LOCK) <= pins(lock.TEST_LOCK)


def test_stamping_again_changes_nothing():
    slug = stamp.repository_slug(stamp.ROOT)
    for file in stamp.stamped_files(stamp.ROOT):
        text = file.read_text(encoding="utf-8")
        assert stamp.stamp(text, slug) == text, f"{file.name} is out of step: run `make stamp`"


def test_stamp_writes_a_new_address_everywhere():
    old = stamp.repository_slug(stamp.ROOT)
    for file in stamp.stamped_files(stamp.ROOT):
        text = stamp.stamp(file.read_text(encoding="utf-8"), "ada/course-2")
        assert "ada/course-2" in text, file.name
        assert old not in text, file.name


def test_readme_shows_the_measured_results():
    readme = (stamp.ROOT / "README.md").read_text()
    for name in stamp.LESSONS.values():
        entry = weights.describe(name)
        assert f"{entry['test']['loss']:.2f}" in readme
        nll = [run["evaluation"]["nll"] for run in entry["runs"]]
        assert f"{np.mean(nll):.2f} ± {np.std(nll, ddof=1):.2f}" in readme
    for protocol in ("importance_sampling", "elbo"):
        values = weights.describe("completion_cvae")["test"]["grey"][protocol]
        assert " | ".join(f"{value:.2f}" for value in values) in readme


def test_readme_picture_is_what_the_code_draws(tmp_path):
    stamp.picture().savefig(tmp_path / "picture.png", dpi=70)
    drawn, committed = (
        matplotlib.image.imread(file) for file in (tmp_path / "picture.png", stamp.ROOT / stamp.PICTURE)
    )
    assert drawn.shape == committed.shape
    assert np.abs(drawn - committed).mean() < 0.01  # fonts may differ a little between machines
