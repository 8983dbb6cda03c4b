"""What all checks share: draw inputs, call the answer safely, judge what it gave, say what is wrong."""

import linecache
import textwrap
import zlib

import numpy as np

from cvae_utils.checks.limits import RaisedError, call_within

HINTS = {
    "blank": "not done yet: replace the line that raises NotImplementedError by your answer.",
    "callable": "it expects your function, but got {got}. Hand over its name, without parentheses.",
    "raised": "your code raised {error}.",
    "slow": "your code took longer than {seconds:g} seconds. Does a loop in it never end?",
    "none": "your function returned None. Does it end with `return`?",
    "type": "your function returned {got} where numbers were expected{where}.",
    "shape": "your value{where} has shape {got}, expected: {expected}.",
    "nan": "your value{where} holds {got}, expected: finite numbers only.",
    "odd": "what your function returned cannot be judged ({error}).",
}


class CheckFailedError(AssertionError):
    """An answer did not pass its check.

    Attributes
    ----------
    number : str
        The task, such as ``"4.2"``.
    hint : str
        Short name of the mistake, a key of the task's ``hints`` or of `HINTS`.
    """

    def __init__(self, number, hint, message):
        super().__init__(message)
        self.number = number
        self.hint = hint

    def _render_traceback_(self):  # IPython's own hook: shows the message without a traceback through this package
        return [textwrap.fill(line, 110, break_long_words=False) for line in str(self).splitlines()]


class Mistake(Exception):  # noqa: N818 - a finding of a check, raised to end it, and turned into CheckFailedError
    """What a check found to be wrong, by the name of its hint and the values that the hint's text wants."""

    def __init__(self, hint, **values):
        super().__init__(hint)
        self.hint = hint
        self.values = values


class Task:
    """The check of one task: call it on the answer.

    A subclass sets the attributes below and defines three methods. They are kept apart so that ``measure`` can run
    where the learner's code runs and ``judge`` elsewhere, out of that code's reach.

    Attributes
    ----------
    number : str
        Such as ``"4.2"``: lesson and task.
    points : int
        What a right answer earns.
    section : str
        Heading of the section of the lesson to read again, such as ``"4. Training"``.
    hints : dict of str to str
        The text for each mistake that this check can tell apart, by a short name. A text may hold fields such as
        ``{got}``, filled in from the `Mistake`.
    seconds : float
        Time limit for the answer's code, in wall-clock time: no right answer needs two, and a busy machine may be ten
        times slower.
    """

    number = points = section = None
    hints = {}
    seconds = 30.0

    def given(self, rng):
        """Draw the inputs.

        Parameters
        ----------
        rng : numpy.random.Generator

        Returns
        -------
        dict of str to object
        """
        raise NotImplementedError

    def measure(self, answer, given):
        """Call the answer on the inputs and return what it gave, as a dict of str to numbers, arrays or texts.

        Everything that the learner's code computes is computed here; nothing is judged here.
        """
        raise NotImplementedError

    def judge(self, given, measured):
        """Return what was verified, in one sentence, or raise `Mistake`.

        ``measured`` holds plain NumPy arrays. It may come from a file that a hostile program wrote: take what is
        needed by `numbers`, which checks shape and content.
        """
        raise NotImplementedError

    def __call__(self, answer, seed=0):
        """Check an answer; print what was verified.

        Parameters
        ----------
        answer : callable
            The learner's function.
        seed : int
            Draws the inputs. A right answer passes with every seed.

        Raises
        ------
        CheckFailedError
            If the answer is not right, whatever it did. Nothing else is ever raised.
        """
        verified = self.verdict(self.measured(answer, seed), seed)
        print(f"✓ Task {self.number}: {verified}")

    def measured(self, answer, seed=0):
        """Run the answer within its time limit.

        Returns
        -------
        dict of str to numpy.ndarray
            Plain arrays of numbers or texts, whatever types the answer returned.

        Raises
        ------
        CheckFailedError
            If the answer raises, takes too long, or returns what is neither number, array nor text.
        """

        def run():
            return {name: plain(value, name) for name, value in self.measure(answer, self.drawn(seed)).items()}

        try:
            if not callable(answer):
                raise Mistake("callable", got=f"a value of type {type(answer).__name__}")
            return call_within(self.seconds, run)
        except Mistake as mistake:
            failure = self.failure(mistake)
        except TimeoutError:
            failure = self.failure(Mistake("slow", seconds=self.seconds))
        except RaisedError as raised:
            failure = self.failure(mistake_of(raised.__cause__))
        raise failure from None

    def verdict(self, measured, seed=0):
        """Judge what was measured with a seed's inputs; return what was verified or raise `CheckFailedError`."""
        try:
            return self.judge(self.drawn(seed), measured)
        except Mistake as mistake:
            failure = self.failure(mistake)
        except Exception as error:  # values that no honest answer gives
            failure = self.failure(Mistake("odd", error=f"{type(error).__name__}: {error}"))
        raise failure from None

    def drawn(self, seed):
        """Return the inputs of a seed, others for each task."""
        return self.given(np.random.default_rng([seed, zlib.crc32(self.number.encode())]))

    def failure(self, mistake):
        """Return the error that tells the learner of a mistake."""
        text = (HINTS | self.hints)[mistake.hint].format(**mistake.values)
        message = f"✗ Task {self.number}: {' '.join(text.split())}"
        if mistake.hint != "blank":
            message += f"\nRead again: lesson {self.number.split('.')[0].zfill(2)}, section {self.section}"
        return CheckFailedError(self.number, mistake.hint, message)

    def numbers(self, measured, name, shape=()):
        """Take one array of finite numbers out of what was measured.

        Parameters
        ----------
        measured : dict of str to numpy.ndarray
        name : str
        shape : tuple of int or None
            The shape that is wanted; None in place of a length allows any.

        Returns
        -------
        numpy.ndarray, float64 (float for the shape ``()``)

        Raises
        ------
        Mistake
            ``type``, ``shape`` or ``nan``.
        """
        value = measured.get(name)
        where = "" if len(measured) == 1 else f" ({name.replace('_', ' ')})"
        if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
            raise Mistake("type", got="text or nothing", where=where)
        if len(value.shape) != len(shape) or any(
            wanted not in (None, got) for got, wanted in zip(value.shape, shape, strict=True)
        ):
            raise Mistake("shape", got=value.shape, expected=spelled(shape), where=where)
        value = value.astype("float64")
        if not np.isfinite(value).all():
            raise Mistake("nan", got="NaN" if np.isnan(value).any() else "infinity", where=where)
        return value if shape else float(value)


def spelled(shape):
    """Write a shape as Python does, with the word any for None."""
    lengths = ", ".join("any" if length is None else str(length) for length in shape)
    return f"({lengths},)" if len(shape) == 1 else f"({lengths})"


def plain(value, name="value"):
    """Copy a value into an array of NumPy's own class, so that no method of the answer's is called after this.

    Parameters
    ----------
    value : object
        A number, a text, an array, a tensor of any backend, or a list of such.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    Mistake
        ``none`` for None, ``type`` for what NumPy cannot hold without Python objects.
    """
    if value is None:
        raise Mistake("none")
    got = type(value).__name__
    try:
        array = np.array(value, subok=False)
    except Exception:  # conversion may run the answer's own code
        array = None
    if type(array) is not np.ndarray or array.dtype.kind not in "biufU":
        raise Mistake("type", got=f"a value of type {got}", where=f" ({name.replace('_', ' ')})")
    return array


def mistake_of(error):
    """Say what an error means that ended the call of an answer."""
    if isinstance(error, Mistake):
        return error
    try:
        text = str(error)
    except BaseException:  # even its text may be the answer's own code
        text = "an error without a text"
    if isinstance(error, NotImplementedError) and text.startswith("Task"):
        return Mistake("blank")
    return Mistake("raised", error=textwrap.shorten(f"{type(error).__name__}: {text}", 200) + last_line(error))


def last_line(error):
    """Quote the last line of the learner's own code that an error went through."""
    last, trace = None, error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "site-packages" not in code.co_filename and not code.co_filename.startswith(__file__.rsplit("/", 2)[0]):
            last = linecache.getline(code.co_filename, trace.tb_lineno).strip() or last
        trace = trace.tb_next
    return f", in the line `{last}`" if last else ""
