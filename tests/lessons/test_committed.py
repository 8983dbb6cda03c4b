"""Tests of the committed notebooks, and of the checks themselves on notebooks that were spoiled on purpose."""

import ast
import copy
import inspect
import re
import shutil
import subprocess
import sys

import nbformat
import pytest

from tools import notebooks
from tools.patience import patient

LESSONS = sorted(notebooks.NOTEBOOKS.glob("*.ipynb"))


def code_cells(lesson):
    return [cell for cell in nbformat.read(lesson, as_version=4).cells if cell.cell_type == "code"]


def markdown(lesson):
    cells = nbformat.read(lesson, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.fixture(params=LESSONS, ids=lambda lesson: lesson.stem)
def lesson(request):
    return request.param


def test_there_is_a_notebook_for_each_script_and_the_other_way_round():
    scripts = {script.stem for script in (notebooks.NOTEBOOKS / "scripts").glob("*.py")}
    assert scripts == {lesson.stem for lesson in LESSONS}
    assert scripts


def test_in_step_executed_in_order_and_readable(lesson):
    assert notebooks.problems(lesson) == []


def test_building_from_the_script_changes_no_cell(lesson):
    committed = nbformat.read(lesson, as_version=4)
    fresh = notebooks.from_script(notebooks.script_of(lesson))
    assert [(cell.id, cell.cell_type, cell.source) for cell in committed.cells] == [
        (cell.id, cell.cell_type, cell.source) for cell in fresh.cells
    ]


def test_has_the_shape_of_a_lesson(lesson):
    text = markdown(lesson)
    for part in ("You will be able to", "**Time:**", "**Predict", "**Think!**", "## Recap", "## References"):
        assert part in text, f"{part!r} is missing"
    assert text.count("<details>") == text.count("</details>") == text.count("<summary>")
    assert text.count("**Think!**") <= text.count("<details>")


def test_links_lead_to_files_that_exist(lesson):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", markdown(lesson)):
        assert (lesson.parent / target).exists(), target


def test_leads_to_its_exercise(lesson):
    if lesson.stem.startswith("00"):
        pytest.skip("the first lesson has nothing to compute")
    assert f"](../exercises/{lesson.name})" in markdown(lesson)


def test_compares_at_least_one_output_strictly(lesson):
    if lesson.stem.startswith("00"):
        pytest.skip("the first lesson only shows versions and pictures, which differ between machines")
    tags = [cell.metadata.get("tags", []) for cell in code_cells(lesson)]
    assert any("nbval-check-output" in cell_tags for cell_tags in tags)


# --- What a lesson teaches is what the package holds -----------------------------------------------


def definitions(source):
    """Return {name: dump of the syntax tree} of functions, classes and constants.

    Left out are docstrings, and decorators of the package's own use, whose names begin with an underscore.
    """
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            node.decorator_list = [each for each in node.decorator_list if not ast.unparse(each).startswith("_")]
            for part in ast.walk(node):
                if isinstance(part, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(part) is not None:
                    part.body = part.body[1:]
            found[node.name] = ast.dump(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.dump(node)
    return found


def taught_modules():
    from cvae_utils import evaluation, layers, losses, models, quadrants
    from cvae_utils.evaluation import encodings, likelihood, samples
    from cvae_utils.models import convolutional, cvae, vae

    completion = (quadrants, models.completion, evaluation.completion)
    return (layers, losses, encodings, likelihood, samples, vae, cvae, convolutional, *completion)


def package_definitions():
    from cvae_utils import data

    found = {}
    for module in (data, *taught_modules()):
        found |= definitions(inspect.getsource(module))
    return found


def shown_definitions(lesson):
    """Return {name: dump of the syntax tree} of what a lesson's cells tagged `shown` define."""
    shown = [cell.source for cell in code_cells(lesson) if "shown" in cell.metadata.get("tags", [])]
    return {name: tree for source in shown for name, tree in definitions(source).items()}


def test_shown_code_is_the_packages_code(lesson):
    package = package_definitions()
    for name, tree in shown_definitions(lesson).items():
        assert tree == package.get(name), f"{name} in the lesson differs from the package's"


def test_everything_taught_is_shown_in_one_lesson():
    """Checks of the input and the functions that only put two networks together are not taught."""
    shown = [name for lesson in LESSONS for name in shown_definitions(lesson)]
    assert len(shown) == len(set(shown)), "a definition is shown in two lessons"
    builders = {"dense_vae", "dense_cvae", "conv_vae", "conv_cvae", "completion_network", "completion_cvae"}
    for module in taught_modules():
        taught = {name for name in definitions(inspect.getsource(module)) if not name.startswith(("_", "check_"))}
        assert taught - builders <= set(shown), f"{module.__name__} holds what no lesson shows"


def test_nothing_is_used_before_the_lesson_that_shows_it():
    """The lessons are in the order in which they are read; an import of what comes later would be a black box."""
    shown_in = {name: lesson for lesson in LESSONS for name in shown_definitions(lesson)}
    for lesson in LESSONS:
        code = "\n".join(cell.source for cell in code_cells(lesson))
        for name, shows in shown_in.items():
            if shows > lesson:
                assert not re.search(rf"(?<!def )\b(losses|layers|models|data|evaluation)\.{name}\b", code), name
                assert not re.search(rf"^from cvae_utils.*\b{name}\b", code, flags=re.MULTILINE), name


def test_the_comparison_ignores_docstrings_and_private_decorators_and_nothing_else():
    plain = definitions("def f(x):\n    return x + 1\n")
    assert definitions('def f(x):\n    """Add one."""\n    return x + 1\n') == plain
    assert definitions("def f(x):\n    return x + 2\n") != plain
    assert definitions("@_quicker\ndef f(x):\n    return x + 1\n") == plain
    assert definitions("@cache\ndef f(x):\n    return x + 1\n") != plain


# --- The checks can fail ---------------------------------------------------------------------------


@pytest.fixture
def spoiled(tmp_path):
    """Return a function that spoils a copy of lesson 01 and says what the check finds."""
    original = notebooks.NOTEBOOKS / "01_data_and_likelihood.ipynb"
    (tmp_path / "scripts").mkdir()
    shutil.copy(notebooks.script_of(original), tmp_path / "scripts")
    notebook = nbformat.read(original, as_version=4)

    def check(spoil):
        changed = copy.deepcopy(notebook)
        spoil(changed, [cell for cell in changed.cells if cell.cell_type == "code"])
        nbformat.write(changed, tmp_path / original.name)
        return notebooks.problems(tmp_path / original.name)

    assert check(lambda notebook, code: None) == []
    return check


def find_output(code, wanted):
    return next(output for cell in code for output in cell.outputs if wanted(output))


def spoil_code(notebook, code):
    code[-1].source += "\n1 + 1"


def spoil_text(notebook, code):
    notebook.cells[0].source += " More."


def spoil_tags(notebook, code):
    next(cell for cell in code if "shown" in cell.metadata.get("tags", [])).metadata["tags"] = []


def spoil_order(notebook, code):
    code[3].execution_count, code[4].execution_count = code[4].execution_count, code[3].execution_count


def spoil_execution(notebook, code):
    code[5].execution_count = None


def spoil_with_error(notebook, code):
    code[2].outputs.append(nbformat.v4.new_output("error", ename="ValueError", evalue="no", traceback=[]))


def spoil_with_stderr(notebook, code):
    code[2].outputs.append(nbformat.v4.new_output("stream", name="stderr", text="a warning"))


def spoil_alt(notebook, code):
    find_output(code, lambda output: "image/png" in output.get("data", {})).metadata = {}


def spoil_with_path(notebook, code):
    find_output(code, lambda output: "text" in output)["text"] += "/home/ada/data/mnist.npz"


def spoil_with_widget(notebook, code):
    output = find_output(code, lambda output: "image/png" in output.get("data", {}))
    output.data[notebooks.LIVE_WIDGET] = {"model_id": "a1b2", "version_major": 2, "version_minor": 1}


def spoil_length(notebook, code):
    code[-1].source = "\n".join(["x = 1"] * 40)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_code, "differs from its pair"),
        (spoil_text, "differs from its pair"),
        (spoil_tags, "differs from its pair"),
        (spoil_order, "not executed in order"),
        (spoil_execution, "not executed in order"),
        (spoil_with_error, "raised ValueError"),
        (spoil_with_stderr, "wrote to stderr"),
        (spoil_alt, "without alt text"),
        (spoil_with_path, "/home/ada"),
        (spoil_with_widget, "a widget whose kernel is gone"),
        (spoil_length, "has 40 lines"),
    ],
)
def test_finds_a_spoiled_notebook(spoiled, spoil, said):
    assert any(said in problem for problem in spoiled(spoil))


def test_finds_a_missing_pair(spoiled, tmp_path):
    (tmp_path / "scripts" / "01_data_and_likelihood.py").unlink()
    assert any("is missing" in problem for problem in spoiled(lambda notebook, code: None))


EXPLORER = """\
import types
import numpy as np
from cvae_utils import explore

decoder = types.SimpleNamespace(inputs=[np.empty((1, 2))], predict_on_batch=lambda z: np.zeros((len(z), 28, 28, 1)))
explore.latent_explorer(types.SimpleNamespace(encoder=None, decoder=decoder))
"""


def built_from(folder, source):
    """Build a notebook of one cell, which must have no problems, and return it."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    (folder / "scripts").mkdir()
    path = folder / "lesson.ipynb"
    notebooks.script_of(path).write_text(notebooks.to_script(notebook))
    notebooks.build(path)
    assert notebooks.problems(path) == []
    return nbformat.read(path, as_version=4)


def test_a_built_notebook_shows_an_explorers_strip_in_place_of_the_widget(tmp_path):
    built = built_from(tmp_path, EXPLORER)
    (output,) = built.cells[0].outputs
    assert set(output.data) == {"image/png", "text/html", "text/plain"}
    assert output.metadata["image/png"]["alt"] == output.data["text/plain"]
    assert "widgets" not in built.metadata


def test_a_built_notebook_shows_nothing_in_place_of_any_other_widget(tmp_path):
    built = built_from(tmp_path, "import ipywidgets\n\nipywidgets.FloatSlider()")
    assert built.cells[0].outputs == []


@pytest.mark.parametrize(
    ("source", "output", "passes"),
    [
        ("print(6 * 7)", "42\n", True),
        ("print(6 * 7)", "43\n", False),  # the committed output is not what the code prints
        ("raise ValueError('no')", "", False),
    ],
)
def test_nbval_fails_on_a_changed_strict_output_and_on_an_error(tmp_path, source, output, passes):
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["nbval-check-output"]}, execution_count=1)
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=output)] if output else []
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": notebooks.KERNEL})
    nbformat.write(notebook, tmp_path / "lesson.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tools.patience", "--nbval-lax"]
    run = subprocess.run([*command, "lesson.ipynb"], cwd=tmp_path, capture_output=True, text=True, timeout=patient(300))
    assert (run.returncode == 0) == passes, run.stdout
