"""AttentionPanel: which tokens it requests, which head it draws, and what it says meanwhile."""

from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.content import Content

from explorer.training.attention import read_heads
from explorer.training.messages import WatchTokens
from explorer.training.run_state import RunState
from explorer.training.session import TrainingSession
from explorer.view import Stage, View, move_head, move_query
from explorer.widgets.training.attention import AttentionPanel
from tests.explorer import fake_training as fake
from tests.explorer.fake_training import FakeProcess

EXPLORED = View("stories", "the cat sat", query=2, layer=1, head=1, stage=Stage.SCORES, scale=2.0, stepping=True)


class Host(App[None]):
    """A panel on a run that has started."""

    def __init__(self) -> None:
        super().__init__()
        self.session = TrainingSession(self, FakeProcess)
        self.run_state: RunState = self.session.start(fake.request())
        self.process = FakeProcess.made[-1]

    def compose(self) -> Any:
        yield AttentionPanel(self.session, self.run_state)

    @property
    def panel(self) -> AttentionPanel:
        return self.query_one(AttentionPanel)

    @property
    def panel_title(self) -> str:
        return Content.from_markup(self.panel.border_title or "").plain

    def begin(self, *, can_read: bool = True) -> None:
        self.session.read_heads = read_heads if can_read else None
        self.run_state.apply(fake.started())
        self.panel.set_default_view(EXPLORED)
        self.panel.request_heads()

    def send_heads(self, step: int) -> None:
        self.run_state.apply(fake.heads(step, self.process.ids))
        self.panel.show_run(self.run_state)


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeProcess, "made", [])


@pytest.fixture
def app() -> Host:
    return Host()


async def test_it_begins_with_the_sentence_and_head_of_explore_as_trained(app: Host) -> None:
    async with app.run_test():
        app.begin()
        assert app.panel.view == View("run-x", "the cat sat", query=2, layer=1, head=1, stage=Stage.WEIGHTS)
        assert app.process.commands == [WatchTokens(tuple(fake.TOKENIZER.encode("the cat sat").ids))]
        assert app.panel_title == "attention comes with the next step · ‘the cat sat’"
        app.panel.set_default_view(View("stories", "another"))
        assert app.panel.view.text == "the cat sat", "what was chosen for the run stays"


async def test_it_draws_the_heads_that_were_sent_last(app: Host) -> None:
    async with app.run_test():
        app.begin()
        app.panel.change(move_head(-1))
        assert app.panel.view.head == 1, "as long as nothing is known there is nowhere to go"
        for step in (3, 9):
            app.send_heads(step)
            assert app.panel_title == f"weights L1 H1 after step {step} · ‘the cat sat’"
        first = app.panel.reading
        app.panel.change(move_head(-1))
        app.panel.change(move_query(1))
        assert app.panel_title.startswith("weights L1 H0")
        assert app.panel.reading is not None
        assert first is not None
        assert app.panel.reading.as_set is first.as_set, "a step of the query reads nothing again"
        assert app.panel.view.query == 3


async def test_before_torch_is_imported_it_waits(app: Host) -> None:
    async with app.run_test():
        app.begin(can_read=False)
        app.send_heads(1)
        assert app.panel.reading is None
        assert app.panel_title == "attention comes with the next step · ‘the cat sat’"
        app.session.enable_attention(read_heads)
        app.panel.show_run(app.run_state)
        assert app.panel_title == "weights L1 H1 after step 1 · ‘the cat sat’"


async def test_another_sentence_is_watched_and_one_without_tokens_is_not(
    app: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app.run_test():
        app.begin()
        app.send_heads(1)
        view = app.panel.view
        app.panel.look_at(View("run-x", "the dog", layer=1))
        assert app.process.ids == tuple(fake.TOKENIZER.encode("the dog").ids)
        assert app.panel.reading is None, "of these tokens nothing was sent yet"
        app.panel.look_at(View("run-x", "ÄÖ"), quiet=True)
        app.panel.look_at(View("run-x", ""), quiet=True)
        assert app.panel.view.text == "the dog"
        commands = len(app.process.commands)
        app.panel.look_at(View("run-x", "the dog", query=1))
        assert len(app.process.commands) == commands, "the same tokens are not requested twice"
        assert app.panel.matrix.display, "what was sent last is shown until then"
        app.run_state.end(130, "")
        app.panel.look_at(View("run-x", "the hen"))
        assert app.panel_title == "the run ended before its attention was sent · ‘the hen’"
        assert not app.panel.matrix.display, "not that of another sentence, as no other will come"
        monkeypatch.setattr(RunState, "openable", Path("run-x"))
        app.panel.show_run(app.run_state)
        assert app.panel_title == "the run has ended: enter opens its model · ‘the hen’"
        app.panel.look_at(view)
        assert app.panel_title == "weights L1 H1 after step 1 · ‘the cat sat’", "what was sent last stays known"


async def test_a_long_sentence_is_cut_to_what_is_watched(app: Host) -> None:
    async with app.run_test():
        app.begin()
        app.panel.look_at(View("run-x", "the cat sat on the mat"))
        app.send_heads(1)
        assert app.panel_title == "weights L0 H0 after step 1, the first 16 tokens · ‘the cat sat on the mat’"


async def test_a_click_on_a_cell_chooses_query_and_key(app: Host) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        app.begin()
        app.send_heads(1)
        await pilot.pause()
        before = app.panel.view
        await pilot.click(app.panel.matrix, offset=(8, 4))
        assert (app.panel.view.query, app.panel.view.key) != (before.query, before.key)
