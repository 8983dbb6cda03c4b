"""Tests of the sandbox alone, with small programs."""

import pytest

from deploy import sandbox
from tools.notebooks import ROOT


@pytest.fixture(scope="module", autouse=True)
def needs_a_sandbox():
    try:
        sandbox.require()
    except sandbox.NoSandboxError as error:
        pytest.skip(str(error))


def said(program, tmp_path, **limits):
    tmp_path.chmod(0o755)
    return sandbox.run(["-c", program], tmp_path, limits=sandbox.Limits(**limits)).decode().strip()


def test_a_program_reads_its_inputs_and_cannot_change_them(tmp_path):
    (tmp_path / "answer.txt").write_text("42")
    assert said("print(open('/in/answer.txt').read())", tmp_path) == "42"
    assert said("open('/in/answer.txt', 'w').write('43')", tmp_path) == ""
    assert (tmp_path / "answer.txt").read_text() == "42"


def test_a_program_sees_the_package_and_nothing_else_of_the_course(tmp_path):
    program = f"import os; print(sorted(os.listdir({str(ROOT)!r}) if os.path.exists({str(ROOT)!r}) else []))"
    assert said(program, tmp_path) in ("[]", "['.venv']")  # the environment, where it lies in the course's folder
    assert said("import cvae_utils; print(cvae_utils.__file__)", tmp_path) == "/course/cvae_utils/__init__.py"


def test_a_program_has_no_network_no_home_and_no_secrets_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("CLASS_TOKEN", "a secret")
    program = "import os, socket; print(socket.if_nameindex(), os.environ.get('CLASS_TOKEN'), os.path.expanduser('~'))"
    assert said(program, tmp_path) == "[(1, 'lo')] None /tmp"


def test_what_a_program_writes_is_gone_with_it(tmp_path):
    assert said("open('/tmp/x', 'w').write('here'); print(open('/tmp/x').read())", tmp_path) == "here"
    assert said("import os; print(os.path.exists('/tmp/x'))", tmp_path) == "False"


@pytest.mark.parametrize(
    ("program", "limits", "broken"),
    [
        ("import time; time.sleep(60)", {"seconds": 1.0}, "longer than 1 seconds"),
        ("print('x' * 3_000_000)", {"output": 1_000_000}, "more than 1 MB"),
        (
            "import os, time\nfor _ in range(30): os.fork() or time.sleep(20)\ntime.sleep(20)",
            {"processes": 10},
            "more than 10 processes",
        ),
        ("x = b'x' * 400_000_000\nimport time; time.sleep(60)", {"memory": 200_000_000}, "0.2 GB of memory"),
    ],
)
def test_a_broken_limit_ends_the_program(tmp_path, program, limits, broken):
    with pytest.raises(sandbox.BrokenLimitError, match=broken):
        said(program, tmp_path, **limits)


def test_too_much_memory_is_an_error_that_python_can_tell(tmp_path):
    program = "try:\n    b'x' * 900_000_000\nexcept MemoryError:\n    print('no')"
    assert said(program, tmp_path, process_memory=500_000_000) == "no"


def test_the_number_of_processes_has_an_end_of_its_own(tmp_path):
    """Without the watch, too: a real fork bomb is quicker than any watch."""
    program = """
import os
import time

try:
    for _ in range(60):
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
except OSError:
    print("no more")
"""
    assert said(program, tmp_path, threads=30) == "no more"


def test_a_full_disk_is_the_programs_own(tmp_path):
    program = "try:\n    open('/tmp/x', 'wb').write(b'x' * 5_000_000)\nexcept OSError:\n    print('full')"
    assert said(program, tmp_path, disk=1_000_000) == "full"
