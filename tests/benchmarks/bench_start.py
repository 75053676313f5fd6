"""How long until something is seen: the first frame, and the first matrix, each in a pseudo-terminal of its own.

    python -m tests.benchmarks.bench_start [--repeats 7] [--model shakespeare] [--processor]

In one run and in turn: the application until its first frame and until its first matrix, a minimal Textual application
until its first frame, and Python until it has imported `textual.app`, torch, and both. All are whole processes, timed
from their start; the medians are reported, and as ratios:

    first frame / a minimal application's first frame          aim: at most 1.3
    first matrix / (import torch + import textual.app)         aim: at most 1.25

Everything is read from a warm disk cache: each is run once before it is timed. On a machine that is busy with other
things `--processor` counts the processor time of each process instead of the time that passes (Linux).
"""

import argparse
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

COLUMNS, ROWS = 120, 36
LONGEST = 120.0
"""Seconds after which a process is given up."""

MINIMAL = """
from textual.app import App
from textual.widgets import Static

class Minimal(App):
    def compose(self):
        yield Static("MINIMAL-FRAME")

Minimal().run()
"""


class Clock:
    """Seconds from the start of a process: those that pass, or those that it has had a processor for."""

    processor = False

    def __init__(self) -> None:
        self._begun = time.perf_counter()

    def read(self, pid: int) -> float:
        """Now; a process that has ended, but was not waited for, can still be asked."""
        if not self.processor:
            return time.perf_counter() - self._begun
        tasks = Path(f"/proc/{pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def seconds_until(command: list[str], marks: list[bytes], environment: dict[str, str]) -> list[float]:
    """Run a command in a pseudo-terminal; seconds from its start until each mark, in order, has been written."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    clock, begun = Clock(), time.perf_counter()
    process = subprocess.Popen(
        command, stdin=side, stdout=side, stderr=side, env=environment, start_new_session=True, close_fds=True
    )
    os.close(side)
    written, found = b"", []
    try:
        while len(found) < len(marks):
            left = LONGEST - (time.perf_counter() - begun)
            if left < 0 or not select.select([main], [], [], left)[0]:
                raise TimeoutError(f"{command}: {marks[len(found)]!r} was not written")
            try:
                piece = os.read(main, 1 << 16)
            except OSError:  # the other end is closed
                piece = b""
            if not piece:
                raise ChildProcessError(f"{command} ended before {marks[len(found)]!r}: {written[-600:]!r}")
            now = clock.read(process.pid)
            written += piece
            while len(found) < len(marks) and marks[len(found)] in written:
                found.append(now)
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # its own group, made above
        process.wait()
        os.close(main)
    return found


def seconds_of(code: str, environment: dict[str, str]) -> float:
    """Python until it has run this."""
    command = [sys.executable, "-c", f"{code}\nprint('DO' + 'NE', flush=True)"]
    return seconds_until(command, [b"DONE"], environment)[0]


def once(model: str, environment: dict[str, str]) -> dict[str, float]:
    """Each of them once."""
    explorer = [sys.executable, "-m", "explorer", "--model", model]
    # The footer is in the first frame; the title of the first matrix is written with its numbers.
    frame, matrix = seconds_until(explorer, [b"query", "q·kᵀ".encode()], environment)
    return {
        "python": seconds_of("pass", environment),
        "import textual.app": seconds_of("import textual.app", environment),
        "import torch": seconds_of("import torch", environment),
        "import both": seconds_of("import textual.app, torch", environment),
        "minimal application, first frame": seconds_until(
            [sys.executable, "-c", MINIMAL], [b"MINIMAL-FRAME"], environment
        )[0],
        "explorer, first frame": frame,
        "explorer, first matrix": matrix,
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=7, help="runs of each (default %(default)s)")
    parser.add_argument("--model", default="shakespeare", help="the model to open (default %(default)s)")
    parser.add_argument("--processor", action="store_true", help="count processor time")
    options = parser.parse_args()
    Clock.processor = options.processor
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(root)}
    once(options.model, environment)
    runs = [once(options.model, environment) for _ in range(options.repeats)]
    medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    for name, seconds in medians.items():
        print(f"{name:34} {seconds * 1e3:8.0f} ms")
    start = medians["python"]
    sum_of_imports = medians["import torch"] + medians["import textual.app"] - start
    frame, matrix = medians["explorer, first frame"], medians["explorer, first matrix"]
    print(f"first frame / minimal application's    {frame / medians['minimal application, first frame']:8.2f}")
    print(f"first frame / import textual.app       {frame / medians['import textual.app']:8.2f}")
    print(f"first frame / import torch             {frame / medians['import torch']:8.2f}")
    print(f"first matrix / (torch + textual.app)   {matrix / sum_of_imports:8.2f}")


if __name__ == "__main__":
    main()
