"""`explorer find`: a table for people, JSON for scripts, and one line for what cannot be found."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from explorer.cli.main import cli
from explorer.core.loading import open_model
from tests.explorer.cli.results import as_json

TEXT = "a bad fed cab"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["find", *arguments], catch_exceptions=False)


def test_heads_by_weight(model: str) -> None:
    found = as_json("find", TEXT, "--model", model, "--query", "fed", "--key", "bad")
    assert (found["query"], found["key"], found["by"]) == (8, 4, "weight")
    trace = open_model(model).trace(found["token_ids"])
    assert len(found["heads"]) == 12
    for each in found["heads"]:
        row = trace.head(each["layer"], each["head"]).weights[8]
        assert each["weight"] == pytest.approx(row[4].item(), rel=1e-5)
        assert each["is_largest_of_row"] == (int(row.argmax()) == 4)
    result = run(TEXT, "--model", model, "--query", "8", "--key", "4", "--top", "3")
    lines = result.stdout.splitlines()
    assert "8 ‘d’ looks at 4 ‘d’ · 12 heads by weight" in lines[0]
    best = found["heads"][0]
    assert lines[2].startswith(f"L{best['layer']} H{best['head']}")
    assert len(lines) == 5


def test_heads_are_ranked_by_the_effect_of_ablating_them(model: str) -> None:
    found = as_json("find", TEXT, "--model", model, "--by", "loss")
    assert found["key"] is None
    assert "weight" not in found["heads"][0]
    losses = [each["loss_change"] for each in found["heads"]]
    assert losses == sorted(losses, reverse=True)
    assert all(each["kl"] > 0 for each in found["heads"])
    lines = run(TEXT, "--model", model, "--by", "kl", "--key", "0").stdout.splitlines()
    assert "12 heads by kl" in lines[0]
    assert "KL when ablated" in lines[1]


def test_the_chosen_one_of_several_occurrences_is_reported(model: str) -> None:
    result = run(TEXT, "--model", model, "--query", "f", "--key", "a", "--json")
    assert json.loads(result.stdout)["key"] == 3  # the last one that the query may see
    assert result.stderr == "explorer: ‘a’ is at 0, 3 and 11: 3 is used\n"
    result = run(TEXT, "--model", model, "--query", "bad", "--key", "cab")
    assert "the mask hides this key from this query" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--query", "f"), "name the token looked at with --key"),
        (("--key", "zebra"), "there is no ‘zebra’ in the text"),
        (("--key", "\x1b[31m"), "there is no"),
        (("--key", "13"), "token 13 does not exist: the text has tokens 0 to 12"),
        (("--key", "a", "--by", "luck"), "'luck'"),
        (("--key", "a", "--top", "0"), "--top"),
    ],
)
def test_what_cannot_be_found_is_one_line(model: str, arguments: tuple[str, ...], says: str) -> None:
    result = run(TEXT, "--model", model, *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert says in result.stderr
    assert result.stderr[:-1].isprintable()


def test_a_text_that_is_too_long_is_refused(model: str, tmp_path: Path) -> None:
    assert "reads at most 16" in run("a" * 17, "--model", model, "--key", "0").stderr
    assert "no model is called" in run("a", "--model", str(tmp_path / "none"), "--key", "0").stderr
