"""Print, for every task, how many wrong answers were tried, rejected, and rejected with the hint meant for them."""

import cvae_utils._quiet_start  # noqa: F401

import contextlib
import io
import sys

from cvae_utils.checks import CheckFailedError
from tests.exercises import bank


def hint_for(check, answer, seed=0):
    """Return the hint with which a check rejects an answer, or None where it accepts it."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            check(answer, seed=seed)
        except CheckFailedError as failure:
            return failure.hint
    return None


def counts(topic):
    """Return (task, tried, rejected, rejected with the right hint) for each task of an exercise."""
    answers = bank.of(topic)
    for name, check in bank.checks_of(topic).items():
        wrong = [(answer, hint) for task, answer, hint in answers.wrong if task == name]
        given = [hint_for(check, answer) for answer, _ in wrong]
        meant = [hint for _, hint in wrong]
        rejected = sum(hint is not None for hint in given)
        yield f"{check.number} {name}", len(wrong), rejected, sum(a == b for a, b in zip(given, meant, strict=True))


def main():
    print(f"{'task':44}{'wrong answers':>15}{'rejected':>10}{'right hint':>12}")
    rows = [row for topic in bank.topics() for row in counts(topic)]
    for task, *numbers in rows:
        print(f"{task:44}{numbers[0]:15}{numbers[1]:10}{numbers[2]:12}")
    sums = [sum(column) for column in list(zip(*rows, strict=True))[1:]]
    print(f"{f'{len(rows)} tasks':44}{sums[0]:15}{sums[1]:10}{sums[2]:12}")
    if any(len(set(numbers)) > 1 for _, *numbers in rows):
        sys.exit("a wrong answer passed, or was rejected with another hint than the one meant for it")


if __name__ == "__main__":
    main()
