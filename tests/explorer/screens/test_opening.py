"""What `explorer` opens on: a head that shows something when nothing is asked for, else just what is asked for."""

import pytest
import torch

from data import bundled
from data.samples import OPENING_HEAD, SAMPLES
from explorer import app
from explorer.cli import terminal
from explorer.cli.main import main
from explorer.core.loading import open_model
from explorer.view import View
from model.tokenizer import encode


def opened(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> View:
    views: list[View] = []
    monkeypatch.setattr(terminal, "is_terminal", lambda stream: True)
    monkeypatch.setattr(app, "run", lambda view=None: views.append(app.ExplorerApp(view).view))
    monkeypatch.delenv("TEXTUAL_DRIVER", raising=False)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert not ended.value.code
    return views[0]


def test_without_options_a_head_of_stories_that_shows_something(monkeypatch: pytest.MonkeyPatch) -> None:
    view = opened(monkeypatch)
    assert (view.model, view.text) == (bundled.DEFAULT, SAMPLES[0].text)
    assert (view.layer, view.head) == OPENING_HEAD
    model = open_model(view.model)
    weights = model.trace(encode(model.tokenizer, view.text).ids).head(view.layer, view.head).weights
    tokens = encode(model.tokenizer, view.text).tokens
    assert int(torch.argmax(weights[-1])) == view.key
    assert tokens[view.key].strip() == "ate"
    assert weights[-1].max() > 0.9


@pytest.mark.parametrize("options", [("--text", SAMPLES[0].text), ("--layer", "0"), ("--no-scale",)])
def test_with_any_option_what_is_asked_for(monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]) -> None:
    view = opened(monkeypatch, *options)
    assert (view.layer, view.head) == (0, 0)
    assert view.text == SAMPLES[0].text
