"""`explorer serve`: the application in a browser, by the optional package textual-serve.

Every page that is opened gets an application of its own. What that would write to a file is sent to the browser.
"""

import shlex
import sys
from typing import Any

import click

from explorer.cli.options import given_options, open_options, opening_options, opening_view
from explorer.core.link import link_arguments
from model.errors import ModelError


@click.command()
@opening_options
@click.option("--host", default="localhost", show_default=True, help="The address to listen at.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--url", help="The address that browsers open, where it is not http://HOST:PORT.")
@click.option(
    "--pages",
    type=click.IntRange(1, 1000),
    default=8,
    show_default=True,
    help="Pages that may be open at once; each has a process of its own, of about 300 MB.",
)
@click.option("--no-tour", is_flag=True, help="Do not begin each page with the tour.")
@click.pass_context
def serve(
    ctx: click.Context, /, text: str, host: str, port: int, url: str | None, pages: int, no_tour: bool, **values: Any
) -> None:
    """Open the application in a browser on this machine.

    Whoever can reach the address can use it: behind any other host than localhost that is everyone there.
    """
    view = opening_view(text, values)
    words = [*link_arguments(view, open_options(values)), *_zeros(ctx), *(["--no-tour"] if no_tour else [])]
    command = shlex.join([sys.executable, "-m", "explorer", *words])
    try:
        from explorer.cli.serve_server import make_server
    except ImportError as error:
        raise ModelError(
            "serving needs the package textual-serve, which is not installed: "
            "python -m pip install 'attention-explorer[web]'"
        ) from error
    make_server(command, host, port, url, pages).serve()


def _zeros(ctx: click.Context) -> list[str]:
    """Return the parts of the view that were asked for as 0, which a link line leaves out as defaults."""
    asked = (option.name for option in given_options(ctx) if ctx.params[option.name or ""] == 0)
    return [word for name in asked if name in ("layer", "head", "key") for word in (f"--{name}", "0")]
