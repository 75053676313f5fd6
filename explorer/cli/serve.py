"""`explorer serve`: the application in a browser, by the optional package textual-serve.

Every page that is opened has an application of its own. What it would write to a file it sends to the browser instead.
"""

import logging
import shlex
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from explorer.cli.main import application_options, opening_view
from explorer.core.link import link_arguments
from model.errors import ModelError

if TYPE_CHECKING:
    from textual_serve.server import Server

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

_WITHOUT = (
    "serving needs the package textual-serve, which is not installed: python -m pip install 'attention-explorer[web]'"
)


@click.command()
@application_options
@click.option("--host", default="localhost", show_default=True, help="The address to listen at.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--url", help="The address that browsers open, where it is not http://HOST:PORT.")
def serve(text: str, host: str, port: int, url: str | None, **values: Any) -> None:
    """Open the application in a browser on this machine.

    Whoever can reach the address can use it: behind any other host than localhost that is everyone there.
    """
    view = opening_view(text, values)
    command = shlex.join([sys.executable, "-m", "explorer", *link_arguments(view)])
    make_server(command, host, port, url).serve()


def make_server(command: str, host: str, port: int, url: str | None = None) -> "Server":
    """A server that runs `command` for every page opened.

    Raises ModelError where textual-serve is not installed or `url` is no address of a web page.
    """
    try:
        from aiohttp import web
        from textual_serve.server import Server
    except ImportError as error:
        raise ModelError(_WITHOUT) from error
    if url is not None and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc):
        raise ModelError(f"{url!r} is no address of a page, write one such as http://localhost:8000")

    name = f"[{host}]" if ":" in host else host
    names = sorted(_LOOPBACK, key=name.__ne__) if name in _LOOPBACK else [name]
    addresses = [f"http://{name}:{port}".removesuffix(":80") for name in names]
    ours = {url.rstrip("/")} if url else set(addresses)

    class OurServer(Server):
        """Says one line, and answers no page of another site."""

        def initialize_logging(self) -> None:
            logging.basicConfig(level=logging.ERROR, format="explorer: %(message)s")

        async def on_startup(self, app: web.Application) -> None:
            print(f"serving on {self.public_url} (ctrl+c ends it)", flush=True)

        async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
            # Browsers let any page open a websocket to any address: the keys must come from our own page.
            if request.headers.get("Origin") not in ours:
                raise web.HTTPForbidden(text="this page may not open the application")
            return await super().handle_websocket(request)

    return OurServer(command, host=host, port=port, title="Attention Explorer", public_url=url or addresses[0])
