"""Visitors of `explorer serve` who do anything, and servers that end in any way. A try is a server.

No application outlives its page or its server, other sites are refused, and no visitor keeps others from theirs.
"""

import asyncio
import json
import random
import signal
from asyncio.subprocess import Process
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import aiohttp
import pytest

from model.checkpoint import Checkpoint
from tests.campaigns.tries import tries
from tests.explorer.cli.test_serve import receive
from tests.explorer.processes import children, gone, serve
from tests.ports import free_port

PAGES = 2
"""The most pages that may be open at once."""

GARBAGE = (
    *('["stdin", "m"]', '["stdin", "\\u001b[31337m"]', '["resize", {"width": 1, "height": 1}]', '["ping", 1]'),
    *('["resize", {"width": 100000, "height": 100000}]', '["resize", {}]', '["stdin"]', "[]", "{}", "x", ""),
    *("[" * 9999, '["focus"]', '["blur"]', '["nothing", null]', '["stdin", 3]', "\udcff\udcfe", "x" * 2**20),
)


async def visit(session: aiohttp.ClientSession, address: str, server: Process, dice: random.Random) -> None:
    """Open pages until there are too many, send anything, and close them; their applications end."""
    ours = {"Origin": address}
    async with AsyncExitStack() as pages:
        open_pages = [
            await pages.enter_async_context(session.ws_connect(f"{address}/ws?width=80&height=24", headers=ours))
            for _ in range(PAGES)
        ]
        for headers, refused in ((ours, 503), ({"Origin": "http://evil.example"}, 403), ({}, 403)):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await session.ws_connect(f"{address}/ws", headers=headers)
            assert caught.value.status == refused
        if dice.random() < 0.7:
            await receive(open_pages[0], "weights")
        for sent in dice.choices(GARBAGE, k=dice.randrange(8)):
            with suppress(ConnectionError):
                await open_pages[1].send_frame(sent.encode(errors="surrogateescape"), aiohttp.WSMsgType.TEXT)
    await gone(*children(server.pid))
    async with session.ws_connect(f"{address}/ws?width=80&height=24", headers=ours) as page:
        await receive(page, "weights")
        await page.send_str(json.dumps(["stdin", "q"]))
    await gone(*children(server.pid))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
async def test_whatever_visitors_do_nothing_outlives_its_page_or_its_server(
    char_model: Checkpoint, tmp_path: Path
) -> None:
    view = ["--model", str(char_model.path), "--text", "a bad fed cab"]
    for dice in tries(2):
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        words = [*view, "--host", "127.0.0.1", "--port", str(port), "--pages", str(PAGES)]
        running = serve(*words, state=tmp_path, stderr=asyncio.subprocess.DEVNULL)
        async with asyncio.timeout(600), aiohttp.ClientSession() as session, running as (server, first_line):
            assert "serving on" in first_line
            await visit(session, address, server, dice)
            page = await session.ws_connect(f"{address}/ws?width=80&height=24", headers={"Origin": address})
            if dice.random() < 0.5:
                await receive(page, "weights")
            orphans = children(server.pid)
            server.send_signal(dice.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
            await server.wait()
            await gone(*orphans)
            await page.close()
