"""`explorer circuits`: scores of all heads, rankings of one, JSON for scripts, and one line for what is wrong."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from explorer.cli.main import cli
from explorer.core.circuits import CircuitReader, signed
from explorer.core.loading import open_model
from tests.explorer.cli.results import as_json


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["circuits", *arguments], catch_exceptions=False)


def test_all_heads(model: str) -> None:
    heads = as_json("circuits", "--model", model)["heads"]
    assert [(head["layer"], head["head"]) for head in heads] == [
        (layer, head) for layer in range(3) for head in range(4)
    ]
    assert {head["embedding"] for head in heads[:4]} == {"plain"}
    assert {head["embedding"] for head in heads[4:]} == {"with the MLP of layer 0"}
    plain = as_json("circuits", "--model", model, "--plain-embedding")["heads"]
    assert plain[:4] == heads[:4]
    assert plain[4]["copying_score"] != heads[4]["copying_score"]
    lines = run("--model", model).stdout.splitlines()
    assert lines[1].split() == ["head", "copying", "in", "top", "5", "median", "rank", "matching"]
    assert lines[2].split()[:3] == ["L0", "H0", signed(heads[0]["copying_score"])]
    assert len(lines) == 14


def test_one_head_and_a_token(model: str) -> None:
    arguments = ("--model", model, "--layer", "1", "--head", "2")
    found = as_json("circuits", *arguments, "--token", "c", "--top", "3")
    reading = CircuitReader(open_model(model)).read(1, 2)
    assert reading is not None
    row = reading.circuits.ov.row(found["token_id"])
    assert (found["token"], found["writes"]["own_place"]) == ("c", 1 + int((row > row[found["token_id"]]).sum()))
    assert [each["value"] for each in found["writes"]["highest"]] == pytest.approx(sorted(row.tolist())[:-4:-1])
    assert [each["value"] for each in found["writes"]["lowest"]] == pytest.approx(sorted(row.tolist())[:3])
    real = [value[0] for value in found["ov_eigenvalues"]]
    assert sum(real) / sum(abs(complex(*value)) for value in found["ov_eigenvalues"]) == pytest.approx(
        found["copying_score"]
    )
    output = run(*arguments, "--token", "c").stdout
    assert "OV: looking at ‘c’, it raises" in output
    assert reading.approximation in output
    assert "token" not in as_json("circuits", *arguments)
    assert run(*arguments).stdout.splitlines()[1] == reading.copying_sentence


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--layer", "1"), "--layer and --head together"),
        (("--token", "a"), "name the head that looks at the token"),
        (("--layer", "1", "--head", "9"), "head 9 does not exist"),
        (("--layer", "1", "--head", "2", "--token", "\x1b[31m"), "does not know ‘␛[31m’"),
        (("--layer", "1", "--head", "2", "--token", "ab"), "‘ab’ is 2 tokens"),
    ],
)
def test_what_is_wrong_is_one_line(model: str, arguments: tuple[str, ...], says: str) -> None:
    result = run("--model", model, *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert says in result.stderr
    assert result.stderr[:-1].isprintable()


def test_a_missing_model_is_reported(tmp_path: Path) -> None:
    assert "no model is called" in run("--model", str(tmp_path / "none")).stderr
