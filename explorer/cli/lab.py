"""`explorer lab`: lists the labs, or runs one and prints its code and numbers."""

import json
import sys
from typing import Any

import click

from explorer.cli.output import console
from explorer.core.formatting import wrapped
from explorer.core.terminal import is_terminal
from explorer.labs.registry import ENTRIES, find_entry

_INDENT = 19


class LabGroup(click.Group):
    """One command a lab, made from the lab's parameters when it is called; only then is torch imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: D102
        return [entry.name for entry in ENTRIES]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: D102
        if cmd_name not in self.list_commands(ctx):
            return None
        from explorer.cli.lab_run import make_command

        return make_command(find_entry(cmd_name))

    def resolve_command(  # noqa: D102
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args:
            find_entry(args[0])
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the labs without importing them."""
        with formatter.section("Labs"):
            formatter.write_dl([(entry.name, entry.claim) for entry in ENTRIES])


@click.group(cls=LabGroup, invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.pass_context
def lab(ctx: click.Context, /, as_json: bool, **values: Any) -> None:
    """Run one of the lecture's experiments; without a name, list them."""
    if ctx.invoked_subcommand is not None:
        if as_json:
            raise click.UsageError(f"--json stands before {ctx.invoked_subcommand!r}, write it after the lab", ctx)
        return
    if as_json:
        listed = [{"name": entry.name, "title": entry.title, "claim": entry.claim} for entry in ENTRIES]
        click.echo(json.dumps(listed))
        return
    output = console()
    width = max(20, output.width - _INDENT)
    for number, entry in enumerate(ENTRIES, 1):
        output.print(f"{number}  {entry.name:<{_INDENT - 3}}{entry.title}", soft_wrap=True)
        for line in wrapped(entry.claim, width, width):
            output.print(" " * _INDENT + line, soft_wrap=True)
    output.print("\nexplorer lab NAME runs one, explorer lab NAME --help lists what can be changed.")
    if is_terminal(sys.stdout):
        output.print("In the application they are behind F2.")
