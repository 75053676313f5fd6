"""The web server of `explorer serve`. This module needs the optional package textual-serve."""

import logging
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.server import Server

from model.errors import ModelError

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def make_server(command: str, host: str, port: int, url: str | None = None) -> Server:
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
    )


class ExplorerServer(Server):
    """A server that prints one line and refuses connections from pages of other sites."""

    def __init__(self, command: str, host: str, port: int, public_url: str, allowed_origins: set[str]) -> None:
        super().__init__(command, host=host, port=port, title="Attention Explorer", public_url=public_url)
        self.allowed_origins = allowed_origins

    def initialize_logging(self) -> None:
        """Log errors only, in the form of the other messages on standard error."""
        logging.basicConfig(level=logging.ERROR, format="explorer: %(message)s")

    async def on_startup(self, app: web.Application) -> None:
        """Print the address."""
        print(f"serving on {self.public_url} (ctrl+c ends it)", flush=True)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Accept a connection from a page of this server alone: browsers let any page connect to any address."""
        if request.headers.get("Origin") not in self.allowed_origins:
            raise web.HTTPForbidden(text="this page may not open the application")
        return await super().handle_websocket(request)
