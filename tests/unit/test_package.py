"""Tests of the package as a whole: what importing it costs and prints, and that it runs on another backend."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import cvae_utils

HERE = Path(__file__).parent
PACKAGE = Path(cvae_utils.__file__).parent
HEAVY = ("tensorflow", "keras", "jax", "torch", "matplotlib")


def python(code, **environment):
    """Run code in a fresh interpreter."""
    settings = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(
        [sys.executable, "-c", code], env={**settings, **environment}, capture_output=True, text=True, check=False
    )


def test_importing_the_package_is_quick_and_loads_nothing_heavy():
    run = python(
        "import time; start = time.process_time()\n"
        "import cvae_utils\n"
        "seconds = time.process_time() - start\n"
        "import json, sys; print(json.dumps([seconds, list(sys.modules)]))"
    )
    assert run.returncode == 0, run.stderr
    seconds, modules = json.loads(run.stdout)
    assert seconds < 0.5
    assert not set(HEAVY) & set(modules)


@pytest.mark.parametrize(
    ("machine", "before", "after"),
    [("x86_64", None, "1"), ("AMD64", None, "1"), ("x86_64", "0", "0"), ("arm64", None, None)],
)
def test_onednn_is_on_by_itself_on_x86_unless_the_user_has_said_otherwise(machine, before, after):
    run = python(
        f"import os, platform; platform.machine = lambda: {machine!r}\n"
        f"os.environ.pop('TF_ENABLE_ONEDNN_OPTS', None)\n"
        f"os.environ.update({{'TF_ENABLE_ONEDNN_OPTS': {before!r}}} if {before!r} else {{}})\n"
        "import cvae_utils; print(os.environ.get('TF_ENABLE_ONEDNN_OPTS'))"
    )
    assert run.stdout.strip() == str(after), run.stderr


def test_data_and_figures_need_no_backend():
    run = python("import cvae_utils.data, cvae_utils.plotting, cvae_utils.explore, sys; print(*sys.modules)")
    assert run.returncode == 0, run.stderr
    assert not {"tensorflow", "keras", "jax", "torch"} & set(run.stdout.split())


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_module_imports_a_backend_but_where_it_feeds_tensorflow(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    in_functions = {id(node) for function in functions for node in ast.walk(function)}
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {(node.module or "").split(".")[0]}
        else:
            continue
        if file.parent == PACKAGE / "training" and file.stem in ("batches", "optimizer") and id(node) in in_functions:
            names -= {"tensorflow"}  # inside a function, so that JAX never loads it
        imported |= names
    assert not imported & {"tensorflow", "jax", "torch"}


def test_starting_keras_prints_nothing_and_leaves_standard_error_open():
    run = python("import cvae_utils.models, os; os.write(2, b'still there')")
    assert run.returncode == 0, run.stderr
    assert run.stdout == ""
    assert run.stderr == "still there"


def test_many_models_one_after_the_other_cause_no_remarks():
    run = python(
        "import numpy as np\n"
        "from cvae_utils.models import dense_vae\n"
        "for n in range(4):\n"
        "    vae = dense_vae(hidden_units=2)\n"
        "    for m in (1000, 1300, 2, 2001):\n"
        "        vae.encode(np.zeros((m + n, 28, 28, 1), 'uint8'))\n"
        "import logging; logging.getLogger('tensorflow').warning('another remark')"
    )
    assert run.returncode == 0
    assert run.stderr.splitlines()[0].endswith("another remark"), run.stderr


def test_a_failing_start_of_keras_is_still_seen():
    run = python("import cvae_utils.models", KERAS_BACKEND="no_such_backend")
    assert run.returncode != 0
    assert "no_such_backend" in run.stderr


# Left out under JAX: what does not touch the backend, or repeats on it what another test shows.
LEFT_OUT_ON_JAX = (
    "wrong_images killed learning_rate progress_bar another_thread failed_write outside seed_decides_the_result "
    "first_epoch during_validation other_settings another_model several_differences finished_checkpoint "
    "predict_samples work_alone untrained split "
    "without_a_seed weights_move shapes_and_dtypes any_batch_size parameter_counts fit_lowers second_interrupt"
)


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
@pytest.mark.skipif(os.environ.get("KERAS_BACKEND") == "jax", reason="the whole session runs on JAX already")
def test_the_same_code_runs_on_jax(tmp_path):
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", tmp_path / "base"),
            *(HERE / f"test_{name}.py" for name in ("losses", "layers", "models", "training")),
            *("-k", f"not ({' or '.join(LEFT_OUT_ON_JAX.split())})"),
        ],
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            "JAX_PLATFORMS": "cpu",
            # Compiling is most of the work: do it without finesse, and once for models of the same form.
            "XLA_FLAGS": "--xla_backend_optimization_level=0",
            "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "compiled"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
            "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
    assert " passed" in run.stdout
