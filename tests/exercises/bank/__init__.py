"""Wrong answers to every task, each with the hint that is meant for it, and right ones in another style.

A module for each exercise, of the same name as its checks. `make check-bank` prints how many are rejected.
"""

import importlib
from dataclasses import dataclass, field

from cvae_utils.checks import Task
from tools.notebooks import SOLUTIONS


@dataclass
class Bank:
    """The answers to one exercise: (task, answer, hint) for the wrong ones, (task, answer) for the right ones."""

    wrong: list = field(default_factory=list)
    right: list = field(default_factory=list)

    def rejected(self, task, hint):
        """Add the decorated answer to the wrong ones of a task."""

        def add(answer):
            self.wrong.append((task, answer, hint))
            return answer

        return add

    def accepted(self, task):
        """Add the decorated answer to the right ones of a task."""

        def add(answer):
            self.right.append((task, answer))
            return answer

        return add


def topics():
    """List the names of the exercises, without their numbers, in their order."""
    return [path.stem.split("_", 1)[1] for path in sorted(SOLUTIONS.glob("*.ipynb"))]


def of(topic):
    """Return the answers to one exercise."""
    return importlib.import_module(f"tests.exercises.bank.{topic}").bank


def checks_of(topic):
    """Return the checks of one exercise by the name of the answer, in the order of the tasks."""
    module = importlib.import_module(f"cvae_utils.checks.{topic}")
    found = {name: value for name, value in vars(module).items() if isinstance(value, Task)}
    return dict(sorted(found.items(), key=lambda item: item[1].number))
