"""Wrong answers to every task, each with the hint that is meant for it, and right ones in another style.

A module for each exercise, of the same name as its checks.
"""

from dataclasses import dataclass, field


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
