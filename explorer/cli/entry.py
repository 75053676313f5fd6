"""The entry point of the command `explorer`, which makes Ctrl-C quiet even while commands are being imported."""

import os
import signal
import sys
from types import FrameType

from explorer.core import exit_codes


class _Interrupts:
    """A handler of SIGINT that raises KeyboardInterrupt and remembers that it did."""

    def __init__(self) -> None:
        self.came = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        raise KeyboardInterrupt


def main() -> None:
    """Run the command line of this process.

    While it is imported and once it has ended, Ctrl-C ends the process at once: nothing can be lost then. What an
    interrupted import or library raises instead of KeyboardInterrupt ends the process as quietly.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # ignored, as in a shell's background job
        from explorer.cli.main import main as run

        run()
        return
    signal.signal(signal.SIGINT, _leave)
    from explorer.cli.main import main as run

    interrupts = _Interrupts()
    signal.signal(signal.SIGINT, interrupts)
    try:
        run()
    except Exception:
        if not interrupts.came:
            raise
        sys.exit(exit_codes.INTERRUPTED)
    except KeyboardInterrupt:  # a second one, while the first was dealt with
        sys.exit(exit_codes.INTERRUPTED)
    finally:
        signal.signal(signal.SIGINT, _leave)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(exit_codes.INTERRUPTED)
