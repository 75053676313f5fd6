"""Standard output of the commands."""

import os
import sys
from contextlib import suppress


def silence_output() -> None:
    """Send what is still buffered to the null device, once standard output cannot be written any more.

    Otherwise the interpreter would try to flush it at exit, and fail with a traceback.
    """
    with suppress(OSError, ValueError, AttributeError):  # there may be no file behind it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
