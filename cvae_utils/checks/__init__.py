"""Checks of the exercises: one for each task, run in the notebook after the answer.

A module for each exercise notebook, of the same name: ``from cvae_utils.checks import data_and_likelihood as check``,
then ``check.split(split)``. A check calls the answer with inputs drawn by a seed and looks at what comes back, never
at the answer's text. It either prints what it verified or raises `CheckFailedError`, whose message names the likely
mistake and the section of the lesson to read again.

``task.py`` holds what all checks share, ``limits.py`` the time limit. How a check is made: see `task.Task`.
"""

from cvae_utils.checks.task import CheckFailedError, Task

__all__ = ["CheckFailedError", "Task"]
