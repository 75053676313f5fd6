"""`explorer heads`: the names of heads that were built for a purpose, their costs, and what one reads from another."""

import string

import pytest
from click.testing import CliRunner, Result

from explorer.cli.main import cli
from explorer.core import head_costs, head_scores
from explorer.core.formatting import rise
from explorer.core.head_kinds import HEAD_KINDS
from tests.explorer.cli.results import as_json
from tests.model.built import INDUCTION, PREVIOUS_TOKEN, induction_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("models") / "built"
    induction_model(directory, string.ascii_letters + " .,!?'\"\n", n_positions=48)
    return str(directory)


@pytest.fixture(autouse=True)
def _little_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_scores, "STORIES", 4)
    monkeypatch.setattr(head_costs, "MOST_TOKENS", 300)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["heads", *arguments], catch_exceptions=False)


def test_json_has_every_score_cost_and_path(model: str) -> None:
    found = as_json("heads", "--model", model)
    assert list(found) == ["model", "links", "heads"]
    assert set(found["links"]) < set(HEAD_KINDS)
    heads = {(each["layer"], each["head"]): each for each in found["heads"]}
    assert list(heads) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    for each in heads.values():
        assert list(each) == ["layer", "head", "name", "scores", "loss_change", "reads_from"]
        assert list(each["loss_change"]) == ["text", "repeated", "unrepeated"]
        assert set(found["links"]) < set(each["scores"]) <= set(HEAD_KINDS)
        assert all(0 <= x <= 1 for score in each["scores"].values() for x in (score["score"], score["baseline"]))
    assert {head: each["name"] for head, each in heads.items()} == {
        (0, 0): None,
        PREVIOUS_TOKEN: "previous_token",
        INDUCTION: "induction",
        (1, 1): None,
    }
    built = heads[INDUCTION]
    assert built["loss_change"]["repeated"] > 2
    assert built["loss_change"]["unrepeated"] < built["loss_change"]["repeated"] / 4
    assert built["reads_from"].pop("induction_fall") > 0.5 * built["scores"]["induction"]["score"]
    assert built["reads_from"] == {"layer": 0, "head": 1}
    assert all(each["reads_from"] is None for head, each in heads.items() if head != INDUCTION)


def test_the_table_says_the_same(model: str) -> None:
    found = as_json("heads", "--model", model)
    lines = run("--model", model, "--by", "score").stdout.splitlines()
    assert lines[0] == "built · 2 layers × 2 heads · by score"
    assert lines[1].split() == ["head", "does", "score", "baseline", "cost", "on", "stories", "on", "repeats"]
    assert lines[2].startswith("L0 H1       previous token")
    assert lines[3].startswith("L1 H0       induction")
    assert "reads from L0 H1 (previous token 1): induction falls by ." in lines[3]
    assert all("(" in line for line in lines[4:])  # in brackets what does not stand out
    cost = found["heads"][2]["loss_change"]
    assert lines[3].split()[5:7] == [rise(cost["text"]), rise(cost["repeated"])]


def test_orders(model: str) -> None:
    def order(by: str, *more: str) -> list[str]:
        return [line[:5] for line in run("--model", model, "--by", by, *more).stdout.splitlines()[2:]]

    costs = as_json("heads", "--model", model)["heads"]
    by_cost = sorted(costs, key=lambda each: -each["loss_change"]["text"])
    assert order("cost") == [f"L{each['layer']} H{each['head']}" for each in by_cost]
    assert order("name", "--no-cost") == ["L0 H1", "L1 H0", "L0 H0", "L1 H1"]
    assert order("position", "--no-cost") == ["L0 H0", "L0 H1", "L1 H0", "L1 H1"]


def test_without_costs_nothing_is_ablated(model: str) -> None:
    for each in as_json("heads", "--model", model, "--no-cost")["heads"]:
        assert list(each) == ["layer", "head", "name", "scores"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--by", "cost", "--no-cost"), "leave out --no-cost"),
        (("--by", "luck"), "'luck'"),
        (("--model", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: tuple[str, ...], says: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_the_default_is_the_bundled_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_scores, "STORIES", 1)
    assert as_json("heads", "--no-cost")["model"] == "stories"
