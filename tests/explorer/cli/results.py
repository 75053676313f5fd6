"""What commands answer."""

import json
from typing import Any

from click.testing import CliRunner

from explorer.cli.main import cli


def as_json(command: str, *arguments: str) -> dict[str, Any]:
    """What a command answers with `--json`, when all goes well."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    result = CliRunner().invoke(cli, [command, *arguments, "--json"], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    answer: dict[str, Any] = json.loads(result.stdout, parse_constant=refuse)
    return answer
