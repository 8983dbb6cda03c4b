"""A time limit for code that nobody has read."""

import contextlib
import ctypes
import threading

TRIES = 20  # an answer may catch what is thrown at it, but hardly twenty times


class StoppedError(BaseException):
    """Thrown into an answer that took too long; no ``except Exception`` catches it."""


class RaisedError(Exception):
    """The function raised; ``__cause__`` says what."""


def call_within(seconds, function, *args, **kwargs):
    """Call a function, and come back when it has ended or the time is over, whichever is first.

    Parameters
    ----------
    seconds : float
        How long it may take, in wall-clock time.
    function : callable
        It runs in a thread of its own, because signals exist neither on Windows nor outside the main thread.

    Returns
    -------
    object
        What the function returned.

    Raises
    ------
    TimeoutError
        If it took too long. Its thread is stopped where Python can stop it: not inside one long call into C.
    RaisedError
        If the function raised anything, ``SystemExit`` included; its ``__cause__`` is what was raised.
    """
    result = {}

    def run():
        try:
            result["value"] = function(*args, **kwargs)
        except StoppedError:
            pass
        except BaseException as error:  # an answer may raise anything
            result["error"] = error

    thread = threading.Thread(target=run, daemon=True, name="answer")
    thread.start()
    try:
        thread.join(seconds)
    finally:  # on the learner's own interrupt, too
        if thread.is_alive():
            stop(thread)
    if "error" in result:
        raise RaisedError from result["error"]
    if "value" not in result:
        raise TimeoutError(f"took longer than {seconds:g} seconds")
    return result["value"]


def stop(thread):
    """Throw `StoppedError` into a thread until it ends or has resisted often enough."""
    for _ in range(TRIES):
        with contextlib.suppress(ctypes.ArgumentError):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(StoppedError))
        thread.join(0.05)
        if not thread.is_alive():
            return
