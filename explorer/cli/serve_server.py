"""The web server of `explorer serve`. This module needs the optional package textual-serve."""

import asyncio
import logging
import re
import signal
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, web
from textual_serve.app_service import AppService
from textual_serve.server import Server

from model.errors import ModelError

_FOREIGN_LINK = re.compile(r"<link\b[^>]*//fonts\.googleapis\.com[^>]*>")
_FOCUS = """<script>
  const waiting = setInterval(() => {
    const keys = document.querySelector(".xterm-helper-textarea");
    if (keys && document.body.classList.contains("-first-byte")) { keys.focus(); clearInterval(waiting); }
  }, 100);
</script>
"""
"""Gives the terminal the keys as soon as the application is seen: otherwise the page would take none before a click.

Earlier, the terminal would send that it has the focus over a connection that is not open yet.
"""

_ICON = '<link rel="icon" href="data:,">'
"""An empty one: browsers ask for a file otherwise, which there is not."""

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def make_server(command: str, host: str, port: int, url: str | None = None, most_pages: int = 8) -> Server:
    """Return a server that runs `command` for every page opened.

    Raises ModelError if `url` is not the address of a web page.
    """
    if url is not None and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc):
        raise ModelError(f"{url!r} is no address of a page, write one such as http://localhost:8000")
    name = f"[{host}]" if ":" in host else host
    names = sorted(_LOOPBACK, key=name.__ne__) if name in _LOOPBACK else [name]  # the given name first
    addresses = [f"http://{name}:{port}".removesuffix(":80") for name in names]
    return ExplorerServer(
        command,
        host=host,
        port=port,
        public_url=url or addresses[0],
        allowed_origins={url.rstrip("/")} if url else set(addresses),
        most_pages=most_pages,
    )


class ExplorerServer(Server):
    """A server that prints one line, refuses connections from pages of other sites, and limits their number."""

    def __init__(
        self, command: str, host: str, port: int, public_url: str, allowed_origins: set[str], most_pages: int
    ) -> None:
        super().__init__(command, host=host, port=port, title="Attention Explorer", public_url=public_url)
        self.allowed_origins = allowed_origins
        self._most_pages = most_pages
        self._open: set[web.WebSocketResponse] = set()
        self._pages = 0

    def initialize_logging(self) -> None:
        """Log errors only, in the form of the other messages on standard error."""
        logging.basicConfig(level=logging.ERROR, format="explorer: %(message)s")

    def serve(self, debug: bool = False) -> None:
        """Serve until Ctrl-C, and print the address once it can be opened."""
        self.debug = debug
        self.initialize_logging()
        loop = asyncio.new_event_loop()
        with suppress(NotImplementedError):  # on Windows
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self.request_exit)
        web.run_app(
            self._make_app(),
            host=self.host,
            port=self.port,
            handle_signals=False,
            loop=loop,
            print=lambda *_: print(f"serving on {self.public_url} (ctrl+c ends it)", flush=True),
        )

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.on_response_prepare.append(self._protect)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Print nothing: the port is not bound yet."""

    async def on_shutdown(self, app: web.Application) -> None:
        """Close the pages that are open, which ends their applications."""
        for socket in list(self._open):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    async def _protect(self, request: web.Request, response: web.StreamResponse) -> None:
        """Forbid other sites to show the page in a frame, where clicks could be stolen, and itself to ask them."""
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["Content-Security-Policy"] = (
            f"frame-ancestors 'none'; style-src 'self' {self.public_url} 'unsafe-inline'; "
            f"font-src 'self' {self.public_url} data:"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"

    async def handle_index(self, request: web.Request) -> Any:
        """Return the page, without the font that it would fetch from another host, and with the focus set."""
        response = await super().handle_index(request)
        if isinstance(response, web.Response):
            page = _FOREIGN_LINK.sub("", response.text or "")
            response.text = page.replace("</head>", f"{_ICON}</head>").replace("</body>", f"{_FOCUS}</body>")
        return response

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Accept a connection from a page of this server alone: browsers let any page connect to any address."""
        if request.headers.get("Origin") not in self.allowed_origins:
            raise web.HTTPForbidden(text="this page may not open the application")
        if self._pages >= self._most_pages:
            raise web.HTTPServiceUnavailable(text=f"{self._most_pages} pages are open already: close one")
        self._pages += 1
        try:
            return await super().handle_websocket(request)
        finally:
            self._pages -= 1

    async def _process_messages(self, websocket: web.WebSocketResponse, app_service: AppService) -> None:
        self._open.add(websocket)
        try:
            await super()._process_messages(websocket, app_service)
        finally:
            self._open.discard(websocket)
