"""The served page in a real browser: what a visitor sees, and what the page asks for."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from model.checkpoint import Checkpoint
from tests.explorer.cli import chromium
from tests.explorer.cli.chromium import browser
from tests.explorer.processes import children, gone, serve
from tests.ports import free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium.FOUND is None, reason="needs chromium: apt-get install chromium"),
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
]


async def test_two_visitors(char_model: Checkpoint, tmp_path: Path) -> None:
    port = free_port()
    address = f"http://localhost:{port}"
    view = ["--model", str(char_model.path), "--text", "a bad fed cab", "--port", str(port)]
    async with serve(*view, state=tmp_path) as (server, first_line):
        assert address in first_line
        async with browser(tmp_path / "profile") as visitors:
            first, second = await visitors.new_page(), await visitors.new_page()
            blank = await first.picture()
            await first.go(address)
            await first.wait_for("weights")
            assert len(await first.picture()) > 2 * len(blank)
            start = len(first.received)
            await first.press("m")  # without a click before
            await first.wait_for("mask off", start)
            await first.press("e deaf\r")
            await first.wait_for("cab deaf", start)

            await second.go(address)
            await second.wait_for("weights")
            await second.press("e")
            await second.wait_for("earlier sentences")
            await second.call("Input.dispatchKeyEvent", type="keyDown", key="ArrowUp", windowsVirtualKeyCode=38)
            await second.press("ff\r")
            await second.wait_for("cabff")
            assert "deaf" not in second.text()

            for page in (first, second):
                assert page.complaints == []  # nothing that it needs is forbidden by its own rules
                asked = [urlsplit(url) for url in page.requests]
                assert {url.netloc for url in asked if url.scheme not in ("data", "blob")} == {f"localhost:{port}"}
                assert page.headers["x-frame-options"] == "DENY"
                assert "frame-ancestors 'none'" in page.headers["content-security-policy"]

            assert len(children(server.pid)) == 2
            both = children(server.pid)
            await first.close()
            await second.close()
            await gone(*both)
        server.terminate()
        await server.wait()
