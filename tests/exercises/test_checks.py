"""Tests of what all checks share: whatever an answer does, a check raises its own error and nothing else, in time."""

import contextlib
import threading

import numpy as np
import pytest

from cvae_utils.checks import CheckFailedError, Task
from cvae_utils.checks.limits import call_within
from cvae_utils.checks.task import HINTS, Mistake, plain
from tests.exercises import bank

TASKS = [(topic, name) for topic in bank.topics() for name in bank.checks_of(topic)]


class Liar:
    """Says that it equals everything."""

    __hash__ = None
    shape, dtype = (), np.dtype("float64")

    def __eq__(self, other):
        return True

    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__

    def __array__(self, *args, **kwargs):
        return np.array([self], dtype=object)

    def __iter__(self):
        return iter([self, self])


class LyingArray(np.ndarray):
    def __eq__(self, other):
        return np.ones(self.shape, bool)

    def __array_ufunc__(self, *args, **kwargs):
        return np.ones(3)

    def __array_function__(self, *args, **kwargs):
        return True


class NoText(Exception):  # noqa: N818
    def __str__(self):
        raise SystemExit


def endless(*args, **kwargs):
    while True:
        pass


def stubborn(*args, **kwargs):
    for _ in range(5):
        with contextlib.suppress(BaseException):
            endless()


def raising(error):
    def answer(*args, **kwargs):
        raise error

    return answer


def returning(value):
    return lambda *args, **kwargs: value


def recursive(*args, **kwargs):
    return recursive(*args, **kwargs)


ODD = {
    "none": returning(None),
    "text": returning("seven"),
    "nan": returning(np.nan),
    "empty": returning(np.zeros(0)),
    "odd shape": returning(np.zeros((3, 1, 4, 1, 5))),
    "object": returning(object()),
    "dict": returning({"a": 1}),
    "type": returning(int),
    "liar": returning(Liar()),
    "lying array": returning(np.zeros(3).view(LyingArray)),
    "complex": returning(1j),
    "generator": lambda *args, **kwargs: (x for x in ()),
    "itself": lambda *args, **kwargs: itself,
    "raises": raising(ValueError("no")),
    "raises {braces}": raising(ValueError("{got}")),
    "exits": raising(SystemExit(0)),
    "interrupts": raising(KeyboardInterrupt()),
    "stops": raising(StopIteration()),
    "no text": raising(NoText()),
    "recursion": recursive,
    "no arguments": lambda: 0,
    "endless": endless,
    "stubborn": stubborn,
    "a class": Liar,
    "no function": 3,
    "nothing": None,
}


def itself():
    """Stand for a function that returns a function."""


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(("topic", "name"), TASKS)
def test_an_odd_answer_is_rejected_and_nothing_else_is_raised(topic, name, odd, monkeypatch):
    check = bank.checks_of(topic)[name]
    monkeypatch.setattr(type(check), "seconds", 0.1 if odd in ("endless", "stubborn") else 30)
    with pytest.raises(CheckFailedError, match=f"✗ Task {check.number}: "):
        check(ODD[odd])


@pytest.mark.parametrize(("topic", "name"), TASKS)
def test_a_blank_answer_is_said_to_be_blank(topic, name):
    check = bank.checks_of(topic)[name]
    with pytest.raises(CheckFailedError, match=f"Task {check.number}: not done yet") as failure:
        check(raising(NotImplementedError(f"Task {check.number}")))
    assert failure.value.hint == "blank"


@pytest.mark.parametrize(("topic", "name"), TASKS)
def test_hints_can_be_told_apart_and_belong_to_a_check(topic, name):
    check = bank.checks_of(topic)[name]
    assert check.number
    assert check.points in range(1, 5)
    assert len(set(check.hints.values())) == len(check.hints)
    assert type(check).__doc__


@pytest.mark.parametrize(("topic", "name"), TASKS)
def test_a_seed_gives_the_same_inputs_and_another_seed_others(topic, name):
    check = bank.checks_of(topic)[name]
    first, again, other = (repr_of(check.drawn(seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def repr_of(given):
    with np.printoptions(threshold=10**6):
        return {key: repr(value) for key, value in given.items() if " at 0x" not in repr(value)}


class Double(Task):
    """Twice the number."""

    number, points, section = "9.1", 1, "1. Twice"
    hints = {"half": "your value is {got}: half of it, expected: twice."}

    def given(self, rng):
        return {"x": rng.normal(size=3)}

    def measure(self, answer, given):
        return {"y": answer(given["x"])}

    def judge(self, given, measured):
        y = self.numbers(measured, "y", (3,))
        if np.allclose(y, given["x"] / 2):
            raise Mistake("half", got=y[0])
        assert np.allclose(y, 2 * given["x"])
        return "twice"


double = Double()


def test_a_pass_says_what_was_verified(capsys):
    double(lambda x: 2 * x, seed=5)
    assert capsys.readouterr().out == "✓ Task 9.1: twice\n"


def test_a_failure_names_the_mistake_the_value_and_the_section():
    with pytest.raises(CheckFailedError) as failure:
        double(lambda x: x / 2)
    text = str(failure.value)
    assert "half of it" in text
    assert text.endswith("Read again: lesson 09, section 1. Twice")
    assert failure.value._render_traceback_() == text.splitlines()
    assert failure.value.__suppress_context__


def test_an_error_is_told_with_the_line_that_raised_it():
    def answer(x):
        return x.reshape(7)

    with pytest.raises(CheckFailedError) as failure:
        double(answer)
    text = " ".join(str(failure.value).split())
    assert "cannot reshape array of size 3 into shape (7,), in the line `return x.reshape(7)`" in text


def test_an_answer_that_writes_into_its_input_does_not_change_what_is_expected():
    def answer(x):
        x *= 2
        return x

    double(answer)


def test_the_learners_own_interrupt_ends_the_check(monkeypatch):
    def join(thread, seconds):
        raise KeyboardInterrupt

    release = threading.Event()
    monkeypatch.setattr(threading.Thread, "join", lambda thread, seconds: release.set() or join(thread, seconds))
    with pytest.raises(KeyboardInterrupt):
        call_within(10, release.wait)


def test_an_endless_loop_is_stopped():
    running = []

    def answer():
        running.append(threading.current_thread())
        endless()

    with pytest.raises(TimeoutError, match=r"took longer than 0\.1 seconds"):
        call_within(0.1, answer)
    running[0].join(60)
    assert not running[0].is_alive()


@pytest.mark.parametrize("value", [1, 2.5, True, "a", [1, 2], np.float32(3), np.ones((2, 3)), [[1.0], [2.0]]])
def test_plain_keeps_values(value):
    assert np.array_equal(plain(value), np.array(value))
    assert type(plain(value)) is np.ndarray


def test_plain_takes_the_data_of_a_lying_array_and_not_its_word():
    assert plain(np.zeros(3).view(LyingArray)).tolist() == [0, 0, 0]


@pytest.mark.parametrize("value", [object(), Liar(), {1: 2}, [1, [2, 3]], 1j, [object()]])
def test_plain_refuses_what_is_no_number(value):
    with pytest.raises(Mistake, match="type"):
        plain(value)


def test_every_general_hint_can_be_written():
    fields = {"got": 1, "expected": 2, "where": "", "error": "no", "seconds": 10.0}
    assert all(text.format(**fields) for text in HINTS.values())
