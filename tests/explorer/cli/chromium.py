"""A page in Debian's chromium, driven over its debugging protocol by aiohttp, which textual-serve needs anyway.

Playwright or Selenium would bring a browser or a server of their own for the dozen calls that are needed here.
"""

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.explorer.terminal import ESCAPE

FOUND = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 120.0
OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-extensions", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--remote-debugging-port=0", "--window-size=1280,800"),
)


class Page:
    """A tab, with all that it has asked for, received and complained of."""

    def __init__(self, browser: "Browser", target: str, session: str) -> None:
        self._browser, self._target, self._session = browser, target, session
        self.requests: list[str] = []
        self.headers: dict[str, str] = {}
        self.complaints: list[str] = []
        self.received = b""

    async def call(self, method: str, **values: Any) -> dict[str, Any]:
        """Call a method of the protocol."""
        return await self._browser.call(method, self._session, **values)

    async def go(self, address: str) -> None:
        """Open an address."""
        await self.call("Page.navigate", url=address)

    def note(self, method: str, values: dict[str, Any]) -> None:
        """Keep what an event of the protocol says."""
        if method == "Network.requestWillBeSent":
            self.requests.append(values["request"]["url"])
        elif method == "Network.responseReceived" and values["type"] == "Document":
            self.headers = {name.lower(): value for name, value in values["response"]["headers"].items()}
        elif method == "Network.webSocketCreated":
            self.requests.append(values["url"])
        elif method == "Network.webSocketFrameReceived":
            frame = values["response"]
            self.received += base64.b64decode(frame["payloadData"]) if frame["opcode"] == 2 else b""
        elif method == "Log.entryAdded" and values["entry"]["level"] == "error":
            self.complaints.append(f"{values['entry']['text']} {values['entry'].get('url', '')}")
        elif method == "Runtime.exceptionThrown":
            thrown = values["exceptionDetails"]
            self.complaints.append(thrown.get("exception", {}).get("description", thrown["text"]))

    def text(self, start: int = 0) -> str:
        """What the application has written since `start`, without escape sequences."""
        return ESCAPE.sub(b"", self.received[start:]).decode(errors="replace")

    async def wait_for(self, wanted: str, start: int = 0) -> None:
        """Wait until the application has written this."""
        async with asyncio.timeout(PATIENCE):
            while wanted not in self.text(start):
                await asyncio.sleep(0.05)

    async def press(self, keys: str) -> None:
        """Press keys as a person does: they go to whatever has the focus."""
        for key in keys:
            name = {"\r": "Enter"}.get(key, key)
            values = {"key": name, "text": key, **({"windowsVirtualKeyCode": 13} if key == "\r" else {})}
            await self.call("Input.dispatchKeyEvent", type="keyDown", **values)
            await self.call("Input.dispatchKeyEvent", type="keyUp", key=name)

    async def picture(self) -> bytes:
        """The page as a PNG file."""
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])

    async def close(self) -> None:
        """Close the tab."""
        await self._browser.call("Target.closeTarget", targetId=self._target)


class Browser:
    """A running chromium."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._pages: dict[str, Page] = {}
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            values = json.loads(message.data)
            if "id" in values:
                self._answers.pop(values["id"]).set_result(values)
            elif page := self._pages.get(values.get("sessionId", "")):
                page.note(values["method"], values["params"])

    async def call(self, method: str, session: str = "", **values: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        number = max(self._answers, default=0) + 1
        self._answers[number] = asyncio.get_running_loop().create_future()
        message = {"id": number, "method": method, "params": values, **({"sessionId": session} if session else {})}
        await self._socket.send_json(message)
        async with asyncio.timeout(PATIENCE):
            answer = await self._answers[number]
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    async def new_page(self) -> Page:
        """Open an empty tab that shares nothing with the others."""
        context = (await self.call("Target.createBrowserContext"))["browserContextId"]
        target = (await self.call("Target.createTarget", url="about:blank", browserContextId=context))["targetId"]
        session = (await self.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        page = self._pages[session] = Page(self, target, session)
        for domain in ("Page", "Runtime", "Network", "Log"):
            await page.call(f"{domain}.enable")
        return page


@asynccontextmanager
async def browser(directory: Path) -> AsyncIterator[Browser]:
    """Run chromium with a profile of its own in a directory."""
    assert FOUND is not None
    process = await asyncio.create_subprocess_exec(
        *[FOUND, *OPTIONS, f"--user-data-dir={directory}", "about:blank"],
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    port = directory / "DevToolsActivePort"
    try:
        async with asyncio.timeout(PATIENCE):
            while not port.exists() or len(port.read_text().split()) < 2:
                await asyncio.sleep(0.05)
        number, path = port.read_text().split()
        async with aiohttp.ClientSession() as session:
            address = f"ws://127.0.0.1:{number}{path}"
            async with session.ws_connect(address, max_msg_size=0) as socket:
                yield Browser(socket)
    finally:
        process.kill()
        await process.wait()
