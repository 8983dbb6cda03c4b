"""Write requirements.lock, requirements-test.lock and environment.yml from pyproject.toml, or check that they match.

The locks name versions and hashes and no index's address. environment.yml, for conda and Binder, holds the same
versions without hashes, because pip cannot check hashes and install this folder in one go.
"""

import argparse
import filecmp
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
LAB_LOCK = "requirements.lock"
TEST_LOCK = "requirements-test.lock"
ENVIRONMENT = "environment.yml"
BINDER_PYTHON = "3.12"


def write_locks(folder):
    """Resolve both locks into ``folder``, keeping the versions that a lock there already has where they still fit."""
    compile_lock(folder, LAB_LOCK, group="lab")
    compile_lock(folder, TEST_LOCK, group="test", constraint=LAB_LOCK)


def compile_lock(folder, lock, group, constraint=None):
    """Resolve one dependency group of pyproject.toml for all platforms."""
    command = [ROOT / ".tools/bin/uv", "pip", "compile", "--quiet", "--universal", "--python-version=3.11"]
    command += ["--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-annotate"]
    command += ["--custom-compile-command=make lock", "--group", group, "--output-file", folder / lock]
    if constraint:
        command += ["--constraint", folder / constraint]
    subprocess.run([*command, "pyproject.toml"], cwd=ROOT, check=True)


def environment_yml(lock_text):
    """Return the text of environment.yml for a lock."""
    pins = re.findall(r"^([a-z0-9][^\\\n]*[^\\\s])\s*\\?$", lock_text, flags=re.MULTILINE)
    lines = [
        "# Made by `make lock` from pyproject.toml: change that instead.",
        "name: cvae-course",
        "channels:",
        "  - conda-forge",
        "dependencies:",
        f"  - python={BINDER_PYTHON}",
        "  - pip",
        "  - pip:",
        *(f'      - "{pin}"' for pin in pins),
        '      - "-e ."',
    ]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is out of step")
    check = parser.parse_args().check
    if not check:
        write_locks(ROOT)
        (ROOT / ENVIRONMENT).write_text(environment_yml((ROOT / LAB_LOCK).read_text()))
        return
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        for lock in (LAB_LOCK, TEST_LOCK):
            shutil.copy(ROOT / lock, fresh)
        write_locks(fresh)
        (fresh / ENVIRONMENT).write_text(environment_yml((fresh / LAB_LOCK).read_text()))
        files = (LAB_LOCK, TEST_LOCK, ENVIRONMENT)
        drifted = [name for name in files if not filecmp.cmp(fresh / name, ROOT / name, shallow=False)]
    if drifted:
        sys.exit(f"{', '.join(drifted)}: not what pyproject.toml gives; run `make lock`")


if __name__ == "__main__":
    main()
