"""A time limit for code that nobody has read."""

import contextlib
import ctypes
import threading

TRIES = 500  # an answer may catch what is thrown at it, and be called many times


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
        except BaseException as error:  # an answer may raise anything
            result["error"] = error

    thread = threading.Thread(target=run, daemon=True, name="answer")
    thread.start()
    try:
        thread.join(seconds)
        if not result:
            raise TimeoutError(f"took longer than {seconds:g} seconds")
    finally:  # on the learner's own interrupt, too
        stop(thread, result)
    if "error" in result:
        raise RaisedError from result["error"]
    return result["value"]


def stop(thread, result):
    """Throw SystemExit, which no ``except Exception`` catches, into a thread until it ends or resists too often.

    Nothing is thrown any more once there is a result: it would end the thread's own clean-up.
    """
    for _ in range(TRIES):
        if result or not thread.is_alive():
            return
        with contextlib.suppress(ctypes.ArgumentError):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
        thread.join(0.01)
