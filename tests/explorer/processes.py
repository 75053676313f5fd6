"""The application in a process of its own, and the processes that a process has started, from /proc."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]


def environment(state: Path) -> dict[str, str]:
    """For the application when it runs outside the checkout, where what is pressed may write files."""
    return os.environ | {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(state), "OMP_NUM_THREADS": "1"}


@asynccontextmanager
async def serve(*options: str, state: Path, stderr: int | None = None) -> AsyncIterator[tuple[Process, str]]:
    """`explorer serve` at work in the directory of its state, and the first line that it wrote."""
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "explorer", "serve", *options],
        cwd=state, env=environment(state), stdout=asyncio.subprocess.PIPE, stderr=stderr,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield process, (await process.stdout.readline()).decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def children(pid: int) -> list[int]:
    """The processes that a process has started and that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid and state != "Z":
                found.append(int(path.parent.name))
    return found


async def gone(*pids: int) -> None:
    """Wait until these processes have ended."""
    async with asyncio.timeout(60):
        while any(map(_is_running, pids)):
            await asyncio.sleep(0.1)


def _is_running(pid: int) -> bool:
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False
