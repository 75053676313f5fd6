"""`explorer serve`: the application reaches a browser on this machine, and only a page of its own."""

import asyncio
import json
import re
import shlex
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from click.testing import CliRunner
from textual_serve.app_service import AppService

from explorer.cli.main import cli
from explorer.cli.serve_server import make_server
from explorer.core.link import link_arguments
from explorer.view import View
from model.checkpoint import Checkpoint
from model.errors import ModelError
from tests.explorer.processes import ROOT, environment, serve
from tests.explorer.terminal import ESCAPE
from tests.ports import free_port


@asynccontextmanager
async def serving(command: str, **options: Any) -> AsyncIterator[str]:
    port = free_port()
    server = make_server(command, "127.0.0.1", port, **options)
    test_server = TestServer(await server._make_app(), host="127.0.0.1", port=port)
    await test_server.start_server()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await test_server.close()


@pytest.fixture
async def started(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[Process]]:
    """The applications that were started; they have ended before the loop closes."""
    processes: list[Process] = []
    start = AppService._open_app_process

    async def noted(self: AppService, width: int = 80, height: int = 24) -> Process:
        processes.append(await start(self, width, height))
        return processes[-1]

    monkeypatch.setattr(AppService, "_open_app_process", noted)
    yield processes
    for process in processes:
        async with asyncio.timeout(60):
            await process.communicate()


async def receive(browser: aiohttp.ClientWebSocketResponse, until: str) -> str:
    """What comes until a text is in it: frames of the screen and messages to the page."""
    written = ""
    async with asyncio.timeout(120):
        while until not in written:
            message = await browser.receive()
            assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), written
            written += message.data if isinstance(message.data, str) else message.data.decode()
    return written


async def test_the_application_comes_to_the_browser(
    char_model: Checkpoint, tmp_path: Path, started: list[Process]
) -> None:
    view = View(str(char_model.path), "a bad fed cab", head=2)
    words = [sys.executable, "-m", "explorer", *link_arguments(view)]
    command = f"cd {tmp_path} && PYTHONPATH={ROOT} XDG_STATE_HOME={tmp_path} OMP_NUM_THREADS=1 {shlex.join(words)}"
    async with serving(command) as address, aiohttp.ClientSession() as session:
        async with session.get(address) as page:
            assert page.status == 200
            assert "Attention Explorer" in await page.text()
        ours = {"Origin": address}
        async with session.ws_connect(f"{address}/ws?width=80&height=24", headers=ours) as browser:
            await receive(browser, "L0 H2")
            # What it writes goes to the browser and not to a file of the machine that serves.
            await browser.send_str(json.dumps(["stdin", "w"]))
            await receive(browser, "tiny-char-L0H2.json")
            await browser.send_str(json.dumps(["stdin", "\r"]))
            key = (
                (await receive(browser, "deliver_file_start")).rpartition('deliver_file_start", "')[2].partition('"')[0]
            )
            async with session.get(f"{address}/download/{key}") as download:
                assert "tiny-char-L0H2.json" in download.headers["Content-Disposition"]
                assert json.loads(await download.text())["text"] == view.text
            await browser.send_str(json.dumps(["stdin", "q"]))
            async with asyncio.timeout(60):
                while not browser.closed:
                    await browser.receive()
    assert len(started) == 1
    assert not list(tmp_path.glob("*.json"))


@pytest.mark.parametrize(
    ("options", "passed_on"),
    [
        ((), ""),
        (("--layer", "0"), "--layer 0"),
        (("--layer", "0", "--head", "1", "--key", "0"), "--head 1 --key 0 --layer 0"),
        (("--dtype", "bfloat16", "--bos"), "--dtype bfloat16 --bos"),
    ],
)
def test_what_is_asked_for_as_0_is_not_left_to_the_opening_rule(
    char_model: Checkpoint, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], passed_on: str
) -> None:
    commands: list[str] = []

    def note(command: str, *_: object) -> SimpleNamespace:
        commands.append(command)
        return SimpleNamespace(serve=lambda: None)

    monkeypatch.setattr("explorer.cli.serve_server.make_server", note)
    result = CliRunner().invoke(cli, ["serve", "--model", str(char_model.path), *options], catch_exceptions=False)
    assert result.exit_code == 0
    assert commands[0].endswith(f"--model {char_model.path} {passed_on}".rstrip())


@pytest.mark.parametrize("origin", ["http://evil.example", "null", None])
async def test_a_page_of_another_site_is_refused(origin: str | None, tmp_path: Path) -> None:
    started = tmp_path / "started"
    async with serving(f"touch {started}") as address, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{address}/ws", headers={"Origin": origin} if origin else {})
        assert refused.value.status == 403
    assert not started.exists()


async def test_a_page_cannot_be_framed_asks_no_other_host_and_has_few_neighbours(started: list[Process]) -> None:
    async with serving("exec cat", most_pages=1) as address, aiohttp.ClientSession() as session:
        async with session.get(address) as page:
            assert page.headers["X-Frame-Options"] == "DENY"
            allowed = page.headers["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in allowed
            assert "googleapis" not in allowed
            assert f"style-src 'self' {address} 'unsafe-inline'" in allowed
            text = await page.text()
            assert set(re.findall(r"""(?:src|href)=["'](https?://[^/"']+)""", text)) == {address}
            assert "keys.focus()" in text
        ours = {"Origin": address}
        async with session.ws_connect(f"{address}/ws", headers=ours):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{address}/ws", headers=ours)
            assert refused.value.status == 503
            started[0].kill()


@pytest.mark.slow
async def test_an_application_ends_with_its_server_and_keeps_no_history(char_model: Checkpoint, tmp_path: Path) -> None:
    """As when the server is killed: its end of the pipes is closed."""
    served = environment(tmp_path) | {"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "explorer", "--no-tour", "--model", str(char_model.path), "--text", "a bad fed cab"],
        cwd=tmp_path, env=served, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    written = b""
    async with asyncio.timeout(120):
        while b"weights" not in written:
            written += await process.stdout.read(65536)
        process.stdin.write(AppService.encode_packet(b"D", b"e deaf\r"))
        while b"cab deaf" not in ESCAPE.sub(b"", written):
            written += await process.stdout.read(65536)
        process.stdin.close()
        while await process.stdout.read(65536):
            pass
        await process.wait()
    assert not list(tmp_path.rglob("sentences.json"))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
async def test_ctrl_c_closes_the_pages_that_are_open(char_model: Checkpoint, tmp_path: Path) -> None:
    port = free_port()
    address = f"http://localhost:{port}"
    running = serve("--model", str(char_model.path), "--port", str(port), state=tmp_path)
    async with asyncio.timeout(120), aiohttp.ClientSession() as session, running as (server, first_line):
        assert first_line == f"serving on {address} (ctrl+c ends it)\n"
        async with session.ws_connect(f"{address}/ws", headers={"Origin": address}) as browser:  # it is bound
            await receive(browser, "weights")
            server.send_signal(signal.SIGINT)
            while not browser.closed:
                await browser.receive()
            assert browser.close_code == aiohttp.WSCloseCode.GOING_AWAY  # told, not timed out
        await server.wait()


@pytest.fixture
def without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("textual_serve", "explorer.cli.serve_server"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "textual_serve", None)


@pytest.mark.usefixtures("without_the_extra")
def test_without_the_extra_one_line_says_how_to_get_it(char_model: Checkpoint) -> None:
    result = CliRunner().invoke(cli, ["serve", "--model", str(char_model.path)])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "attention-explorer[web]" in result.stderr


@pytest.mark.parametrize("url", ["localhost:8000", "file:///etc", "http://", "x"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ModelError, match="no address of a page"):
        make_server("true", "localhost", 8000, url)


def test_a_port_that_is_taken_is_one_line(char_model: Checkpoint, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        words = ["--model", str(char_model.path), "--host", "127.0.0.1", "--port", port]
        done = subprocess.run(
            [sys.executable, "-m", "explorer", "serve", *words],
            cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("explorer: ")
    assert done.stderr.count("\n") == 1


def test_addresses() -> None:
    assert make_server("true", "localhost", 8000).public_url == "http://localhost:8000"
    assert make_server("true", "::1", 80).public_url == "http://[::1]"
    assert make_server("true", "0.0.0.0", 8000, "https://here.example/x").public_url == "https://here.example/x"
