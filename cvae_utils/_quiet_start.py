"""Load Keras without its backend's start-up remarks, which no setting of TensorFlow's turns off altogether.

They are written by C++ code straight to the process's standard error, where a notebook shows them in red. A module
that needs Keras imports this one first.

One remark of TensorFlow's Python code is silenced as well: that functions are traced anew for new models and new
numbers of images. A lesson builds several models and encodes parts of the data of several sizes, and nothing is wrong
with that.
"""

import contextlib
import logging
import os


@contextlib.contextmanager
def standard_error_muted():
    """Send what is written to file descriptor 2 nowhere; Python's exceptions are raised as ever."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


with standard_error_muted():
    import keras

    keras.ops.zeros(1)  # the first operation has a remark of its own

logging.getLogger("tensorflow").addFilter(lambda remark: "tf.function retracing" not in remark.getMessage())
