"""Every wrong answer is rejected with the hint meant for it, and every right one passes, whatever its style."""

import pytest

from tests.exercises import bank
from tests.exercises.bank.__main__ import hint_for

WRONG = [(topic, *entry) for topic in bank.topics() for entry in bank.of(topic).wrong]
RIGHT = [(topic, *entry) for topic in bank.topics() for entry in bank.of(topic).right]
TASKS = [(topic, name) for topic in bank.topics() for name in bank.checks_of(topic)]
SEEDS = (0, 20_261_121)  # the learner's, and one as a class may have


def label(entry):
    return "-".join(part if isinstance(part, str) else part.__name__ for part in entry[:3])


@pytest.mark.parametrize("entry", WRONG, ids=label)
def test_a_wrong_answer_is_rejected_with_its_own_hint(entry):
    topic, task, answer, hint = entry
    assert [hint_for(bank.checks_of(topic)[task], answer, seed) for seed in SEEDS] == [hint] * len(SEEDS)


@pytest.mark.parametrize("entry", RIGHT, ids=label)
def test_a_right_answer_in_another_style_passes(entry):
    topic, task, answer = entry
    assert [hint_for(bank.checks_of(topic)[task], answer, seed) for seed in SEEDS] == [None] * len(SEEDS)


@pytest.mark.parametrize(("topic", "name"), TASKS)
def test_each_task_has_its_share_of_answers(topic, name):
    check, answers = bank.checks_of(topic)[name], bank.of(topic)
    hints = [hint for task, _, hint in answers.wrong if task == name]
    assert len(hints) >= (8 if check.points > 1 else 4)
    assert sum(hint in check.hints for hint in hints) >= len(hints) - 2, "most have a hint of the task's own"
    assert any(task == name for task, _ in answers.right)


@pytest.mark.parametrize(("topic", "name"), TASKS)
def test_no_hint_is_without_a_wrong_answer(topic, name):
    hints = {hint for task, _, hint in bank.of(topic).wrong if task == name}
    assert set(bank.checks_of(topic)[name].hints) <= hints
