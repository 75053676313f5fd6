"""The dialog of sample sentences: one is opened by key and by mouse, and those offered suit the model."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from textual.widgets import OptionList

from data.samples import SAMPLES, SHAKESPEARE_SAMPLES, Sample
from explorer.app import ExplorerApp
from explorer.screens.dialogs.samples import SamplesScreen, suitable
from model import tokenizer
from tests.explorer.conftest import Ready
from tests.explorer.helpers import screen_text

if TYPE_CHECKING:
    from explorer.core.reading import Reading

MakeApp = Callable[..., ExplorerApp]


@pytest.mark.parametrize("way", ["keys", "mouse"])
async def test_a_sample_is_opened(way: str, make_app: MakeApp, ready: Ready) -> None:
    app = make_app(text="something else", query=1)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("p")
        assert isinstance(app.screen, SamplesScreen)
        assert app.reading is not None
        sample = suitable(app.reading)[0]
        assert sample.shows in screen_text(app)
        if way == "keys":
            await pilot.press("down", "up", "enter")
        else:
            await pilot.click(OptionList, offset=(4, 1))
        await ready(pilot)
        assert app.view.text == sample.text
        assert app.view.query == len(app.reading.encoding) - 1
        await pilot.press("e", "up")
        assert app.explore.editor.text == "something else"
        await pilot.press("escape", "p", "escape")
        assert app.view.text == sample.text


def test_samples_suit_the_model() -> None:
    letters = "".join(sample.text for sample in SHAKESPEARE_SAMPLES)
    everything = letters + "".join(sample.text for sample in SAMPLES)

    def offered(alphabet: str, positions: int) -> tuple[Sample, ...]:
        shape = SimpleNamespace(n_positions=positions)
        return suitable(cast("Reading", SimpleNamespace(tokenizer=tokenizer.train_char(alphabet), shape=shape)))

    assert offered(letters, 64) == SHAKESPEARE_SAMPLES
    assert offered(everything, 1000) == SAMPLES
    assert offered(letters, 40) == tuple(sample for sample in SHAKESPEARE_SAMPLES if len(sample.text) <= 40)
    assert offered("xyz", 16) == SAMPLES
