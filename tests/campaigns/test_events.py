"""Random keys, clicks, pastes and resizes, with `explorer show` as the judge of the numbers. A try is a session."""

import json

import pytest
import torch
from click.testing import CliRunner

from explorer.app import ExplorerApp
from explorer.cli.main import cli
from explorer.core.link import link_arguments
from explorer.view import View
from model.checkpoint import Checkpoint
from tests.campaigns.tries import tries
from tests.explorer.conftest import Opener
from tests.explorer.test_replay import check_numbers, replay

EVENTS = 2000
"""The number of events in each session."""


def shown(view: View, model: Checkpoint) -> dict[str, object]:
    """What `explorer show --json` prints for a view."""
    plain = View(
        **{name: getattr(view, name) for name in ("layer", "head", "causal", "scale", "scope", "ablated")},
        model=str(model.path),
        text="x",
    )
    words = link_arguments(plain)
    place = words.index("--text")
    text = {"args": [view.text]} if view.text != "-" else {"args": ["-"], "input": "-\n"}
    arguments = ["show", "--json", *words[:place], *words[place + 2 :], "--", *text["args"]]
    result = CliRunner().invoke(cli, arguments, input=text.get("input"), catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert isinstance(found, dict)
    return found


@pytest.mark.slow
@pytest.mark.usefixtures("unhurried")
async def test_whatever_is_pressed_the_numbers_are_those_of_show(opener: Opener) -> None:
    def judge(app: ExplorerApp) -> None:
        reading, model = app.reading, opener(app.view.model)
        check_numbers(app, model)
        assert reading is not None
        if reading.left_out:
            return  # `show` refuses such a text
        found = shown(app.view, model)
        assert found["token_ids"] == list(reading.encoding.ids)
        for name in ("scores", "scaled", "weights", "mixed"):
            there = torch.tensor(found[name])
            torch.testing.assert_close(getattr(reading.stages, name).double(), there.double(), rtol=1e-4, atol=1e-5)
        assert found["loss"] == pytest.approx(reading.as_set.loss, rel=1e-4, abs=1e-5)

    for dice in tries(5):
        await replay(dice.choice(["bpe", "char"]), EVENTS, dice, opener, judge)
