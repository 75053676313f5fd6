"""What `explorer` opens on: what is asked for, and for the rest a head, a query and a key that show something."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from data import bundled
from data.samples import SAMPLES, SHAKESPEARE_SAMPLES, place_of
from explorer import app
from explorer.app import ExplorerApp
from explorer.cli.main import main
from explorer.core.opening import EVERYTHING, Undecided
from explorer.core.readings import ReadingService
from explorer.core.telling import tellingness
from explorer.screens.dialogs import models
from explorer.view import LAST, View
from explorer.widgets.panels.row_table import RowTable
from model.checkpoint import Checkpoint
from tests.explorer.conftest import Opener, Ready
from tests.explorer.helpers import screen_text, until


def opened(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[View | None, Undecided | None]:
    """The view that a command line opens, and what is left open about it."""
    views: list[tuple[View | None, Undecided | None]] = []

    def run(view: View | None, undecided: Undecided | None, **_: Any) -> None:
        views.append((view, undecided))

    monkeypatch.setattr("explorer.cli.main.is_terminal", lambda stream: True)
    monkeypatch.setattr(app, "run", run)
    monkeypatch.delenv("TEXTUAL_DRIVER", raising=False)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert not ended.value.code
    return views[0]


@pytest.mark.parametrize(
    ("options", "undecided"),
    [
        ((), EVERYTHING),
        (("--text", "a"), EVERYTHING),
        (("--no-scale",), EVERYTHING),
        (("--layer", "0"), Undecided(layer=False)),
        (("--layer", "2", "--head", "4"), Undecided(layer=False, head=False)),
        (("--layer", "0", "--head", "0", "--key", "0"), None),
        (("--query", "3"), None),  # complete, as a link line is
        (("--query", "3", "--layer", "1"), None),
    ],
)
def test_only_what_is_not_asked_for_is_left_open(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], undecided: Undecided | None
) -> None:
    assert opened(monkeypatch, *options)[1] == undecided


@pytest.mark.parametrize(
    ("model", "text"),
    [
        *((bundled.DEFAULT, sample.text) for sample in SAMPLES),
        *(("shakespeare", sample.text) for sample in SHAKESPEARE_SAMPLES),
    ],
)
def test_every_sample_opens_on_an_earlier_token_that_is_found(service: ReadingService, model: str, text: str) -> None:
    reading = service.read(View(model, text, LAST))
    view = reading.decide(reading.view, EVERYTHING)
    weights = reading.at(view).stages.weights[view.query]
    assert view.query == len(reading.encoding) - 1
    assert view.key == int(weights.argmax())
    place = place_of(text, model)
    own = place is not None and place.query == view.query  # may be about the token just before
    assert 0 <= view.key < view.query - (0 if own else 1)
    assert weights[view.key] > 3 / (view.query + 1)  # three times the share of an even split


@pytest.fixture(scope="module")
def service() -> ReadingService:
    return ReadingService()


def test_a_sample_opens_its_own_head_if_it_is_about_the_query(service: ReadingService) -> None:
    sample = SAMPLES[0]
    place = sample.place
    assert place is not None
    reading = service.read(View(place.model, sample.text, LAST))
    view = reading.decide(reading.view, EVERYTHING)
    assert (view.layer, view.head, view.query, view.key) == (place.layer, place.head, place.query, place.key)
    earlier = reading.decide(replace(reading.view, query=5), EVERYTHING)
    assert (earlier.layer, earlier.head) != (place.layer, place.head)
    asked = reading.decide(replace(reading.view, layer=1), Undecided(layer=False))
    assert asked.layer == 1


def test_a_head_that_finds_something_is_more_telling_than_a_positional_one() -> None:
    n = 8
    previous, first = torch.zeros(n, n), torch.zeros(n, n)
    previous[range(n), [0, *range(n - 1)]] = 1.0
    first[:, 0] = 1.0
    uniform = torch.ones(n, n).tril() / torch.arange(1, n + 1)[:, None]
    finds = uniform.clone()
    for query, key in ((3, 1), (5, 2), (7, 3)):
        finds[query] = torch.eye(n)[key]
    heads = torch.stack((previous, first, uniform, finds, torch.eye(n)))
    visible = torch.ones(n, n, dtype=torch.bool).tril()
    values = tellingness(heads, visible, n - 1)
    assert max(values) == values[3] > 0
    assert values[0] == values[1] == values[4] == 0
    assert values[2] < 0.05
    assert max(tellingness(heads, visible, n - 1, key=5)) < 0.05


@given(st.text("abcdefg .é", min_size=1, max_size=16), st.data())
def test_what_is_asked_for_stays(char_model: Checkpoint, text: str, data: st.DataObject) -> None:
    """Also in a random model, where nothing is worth looking at, and for texts of one or two tokens."""
    reading = ReadingService(lambda name: char_model).read(View("char", text, data.draw(st.integers(0, len(text) - 1))))
    asked = View(
        "char", text, reading.view.query, data.draw(st.integers(0, len(text) - 1)), data.draw(st.integers(0, 2)),
        data.draw(st.integers(0, 3)), causal=data.draw(st.sampled_from([None, False])),
    )  # fmt: skip
    undecided = Undecided(*data.draw(st.tuples(*[st.booleans()] * 3)))
    view = reading.decide(asked, undecided)
    assert undecided.layer or view.layer == asked.layer
    assert undecided.head or view.head == asked.head
    weights = reading.at(view).stages.weights[view.query]
    assert view.key == (int(weights.argmax()) if undecided.key else asked.key)
    assert (view.query, view.causal) == (asked.query, asked.causal)
    assert view == reading.decide(asked, undecided)


async def test_a_text_opens_with_its_key_in_view(opener: Opener, ready: Ready) -> None:
    view = View("bpe", "once upon a time there was a little fox who ate", LAST, causal=False)
    app = ExplorerApp(view, opener, undecided=EVERYTHING)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert app.reading is not None
        assert app.view == app.reading.decide(view, EVERYTHING)
        assert app.view.causal is False
        table = app.explore.query_one(RowTable)
        assert table.scroll_offset.y <= app.view.key < table.scroll_offset.y + table.size.height - 1
        assert f"L{app.view.layer} H{app.view.head}" in screen_text(app)


async def test_another_model_and_a_sample_open_on_their_own_head(
    opener: Opener, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "problem_of", lambda name: "")  # of a name that only the opener of the test knows
    app = ExplorerApp(View("char", "a bad fed cab", query=3), opener)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert (app.view.layer, app.view.head, app.view.query, app.view.key) == (0, 0, 3, 0)
        await pilot.press("M", *"bpe", "enter")
        await until(pilot, lambda: app.view.model == "bpe")
        await ready(pilot)
        assert app.reading is not None
        assert app.view == app.reading.decide(View("bpe", "a bad fed cab", query=3), EVERYTHING)
        await pilot.press("p", "down", "enter")
        await ready(pilot)
        assert app.reading is not None
        assert app.view == app.reading.decide(View("bpe", app.view.text, LAST), EVERYTHING)
        assert app.view.text != "a bad fed cab"
        # From the last token to the last token, at whatever index it is: "char" reads only the first 16.
        for model in ("char", "bpe"):
            await pilot.press("M", *model, "enter")
            await until(pilot, lambda model=model: app.view.model == model)
            await ready(pilot)
            assert app.reading is not None
            assert app.view == app.reading.decide(View(model, app.view.text, LAST), EVERYTHING)
