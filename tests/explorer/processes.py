"""The processes that a process has started, from /proc."""

import asyncio
from contextlib import suppress
from pathlib import Path


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
