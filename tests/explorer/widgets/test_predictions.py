"""The predictions: their numbers against the logits, a token chosen, and the sentence that it is appended to."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from explorer.app import ExplorerApp
from explorer.core.continuation import appended
from explorer.core.formatting import label
from explorer.core.reading import Reading
from explorer.core.readings import ReadingService
from explorer.view import LAST, View
from explorer.widgets.key_line import KeyLine
from explorer.widgets.panels.predictions import PredictionsPanel
from model.checkpoint import Checkpoint
from model.errors import ModelError
from model.settings import Scope
from model.tokenizer import encode
from model.trace import Prediction, Trace
from tests.explorer.conftest import SENTENCES, Ready
from tests.explorer.helpers import lines, messages, press

MakeApp = Callable[..., ExplorerApp]
CHANGED = View("bpe", SENTENCES[0], query=3, scale=1.5, causal=False, scope=Scope.MODEL)


def read(model: Checkpoint, view: View) -> Reading:
    engine = ReadingService()
    engine.add_model(view.model, model)
    return engine.read(view)


def figures(reading: Reading) -> dict[str, list[float]]:
    """Losses and divergences, here and of the text, from the logits in double precision."""
    ids, query = reading.encoding.ids, reading.view.query
    now, before = (trace.logits.double().log_softmax(-1) for trace in (reading.as_set, reading.as_trained))
    losses = [[-dist[i, ids[i + 1]].item() for i in range(len(ids) - 1)] for dist in (before, now)]
    kl = (before.exp() * (before - now)).sum(-1)
    return {
        "here": [each[query] for each in losses],
        "text": [sum(each) / len(each) for each in losses],
        "kl": [kl[query].item(), kl.mean().item()],
    }


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_both_sides_stand_side_by_side(make_app: MakeApp, ready: Ready, size: tuple[int, int]) -> None:
    app = make_app(CHANGED)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        await press(pilot, "a")
        await pilot.pause()
        assert app.reading is not None
        panel = app.explore.query_one(PredictionsPanel)
        found = figures(app.reading)
        written = lines(panel)
        for i in range(2):
            assert written[1].count(f"loss here {found['here'][i]:.2f}, text {found['text'][i]:.2f}") >= 1
        assert f"KL {found['kl'][0]:.3f} here, {found['kl'][1]:.3f} text" in str(panel.border_title)
        for trace, half in ((app.reading.as_trained, 0), (app.reading.as_set, 1)):
            top = trace.logits[3].softmax(-1).topk(3)
            middle = panel.scrollable_content_region.width // 2
            for row, (token_id, p) in enumerate(zip(top.indices.tolist(), top.values.tolist(), strict=True), 2):
                cell = (written[row][:middle], written[row][middle:])[half]
                assert label(app.reading.token_text(token_id))[:8] in cell
                assert f"{p:.2f}".lstrip("0") in cell


@pytest.mark.parametrize("size", [(60, 18), (120, 36)])
async def test_predictions_that_only_a_space_tells_apart_are_told_apart(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch, bpe_model: Checkpoint, size: tuple[int, int]
) -> None:
    ids = [encode(bpe_model.tokenizer, text).ids[0] for text in ("a", " a")]
    found = tuple(Prediction(token_id, 0.25) for token_id in ids)
    monkeypatch.setattr(Trace, "predictions", lambda trace, position, count: found[:count])
    app = make_app(query=4)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        drawn = "\n".join(lines(app.explore.query_one(PredictionsPanel)))
        assert "‘a’" in drawn
        assert "‘␣a’" in drawn


async def test_the_text_itself_stands_where_both_sides_would_be_the_same(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=4)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        reading, panel = app.reading, app.explore.query_one(PredictionsPanel)
        assert reading is not None
        middle = panel.scrollable_content_region.width // 2
        lines = [(line.plain[:middle], line.plain[middle:]) for line in panel.content_lines]
        assert [half.split() for half in lines[0]] == [["as", "trained"], ["the", "text", "itself"]]
        probabilities = reading.as_trained.logits.double().softmax(-1)
        for row, (_, right) in enumerate(lines[2:8]):
            at = 4 - 2 + row  # from the second token before
            p = probabilities[at, reading.encoding.ids[at + 1]].item()
            assert label(reading.encoding.tokens[at + 1])[:6] in right
            assert f" {f'{p:.2f}'.removeprefix('0')} " in right
            assert f" {-math.log(p):.2f} " in right
            assert ("✓" in right) == (at == 4)
        before = app.view
        await pilot.pause()  # laid out
        await pilot.click(panel, offset=(middle + 5, 4))
        await pilot.pause(0)
        assert app.view == before  # a token of the text is not one to append
        assert not messages(app)
        await pilot.click(panel, offset=(5, 4))
        await pilot.pause(0)
        assert app.view.text != before.text or messages(app)  # a byte cannot be appended


@pytest.mark.parametrize("size", [(60, 18), (80, 24)])
async def test_one_line_has_both_losses_and_divergences(make_app: MakeApp, ready: Ready, size: tuple[int, int]) -> None:
    app = make_app(CHANGED)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        assert app.reading is not None
        await pilot.pause()
        found = figures(app.reading)
        (text,) = lines(app.explore.query_one(PredictionsPanel))
        for word in ("here", "text"):
            assert "→".join(f"{loss:.2f}" for loss in found[word]) in text
        for kl in found["kl"]:
            assert f"{kl:.2f}".lstrip("0") in text.partition("KL")[2]


def test_divergence_is_computed_once_for_a_trace(bpe_model: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = read(bpe_model, CHANGED)
    first = reading.divergences
    assert reading.at(replace(reading.view, query=0)).divergences is first
    monkeypatch.setattr("model.trace.kl_divergences", lambda *_: pytest.fail("computed again"))
    assert reading.at(replace(reading.view, head=1)).divergences is first


async def write(pilot: Pilot[None], app: ExplorerApp, key: str = "enter") -> None:
    await press(pilot, key)
    assert app.reading is not None
    assert app.reading.view == app.view


async def test_the_model_writes_token_by_token(make_app: MakeApp, ready: Ready, bpe_model: Checkpoint) -> None:
    app = make_app(query=LAST)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        start = app.view
        await press(pilot, "enter")
        assert app.view == start  # only where a token is chosen
        await press(pilot, "a")
        assert "enter append" in app.explore.query_one(KeyLine).render().plain
        texts = [start.text]
        for keys in (["down", "down", "up"], [], ["down"]):
            before = app.view
            await press(pilot, *keys)
            assert app.view == before  # arrows choose a token here
            rank = keys.count("down") - keys.count("up")
            ids = encode(bpe_model.tokenizer, app.view.text).ids
            best = bpe_model.trace(ids).logits[-1].topk(4).indices[rank].item()
            assert app.reading is not None
            expected = app.view.text + bpe_model.tokenizer.decode([best])
            await write(pilot, app)
            assert app.view.text == expected
            assert app.view.query == len(app.reading.encoding) - 1
            assert app.view.key == app.reading.row.weights[0].argmax()
            texts.append(expected)
        for text in reversed(texts[:-1]):
            await write(pilot, app, "backspace")
            assert app.view.text == text
        assert app.view == start
        assert not app.explore.is_possible("take_back")
        await press(pilot, "e")  # typing takes the footer, and gives it back
        assert "enter keep" in app.explore.query_one(KeyLine).render().plain
        await press(pilot, "escape")
        assert "? help" in app.explore.query_one(KeyLine).render().plain
        assert "append" not in app.explore.query_one(KeyLine).render().plain


async def test_writing_on_from_the_middle_can_be_taken_back(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(query=3)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        start = app.view
        assert app.reading is not None
        kept = "".join(app.reading.encoding.tokens[:4])
        await press(pilot, "a")
        await write(pilot, app)
        assert app.view.text.startswith(kept)
        assert app.view.text != start.text
        await press(pilot, "m")
        await write(pilot, app, "backspace")
        assert app.view == replace(start, causal=False)  # what was switched since stays


async def test_a_click_on_a_token_appends_it(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(replace(CHANGED, query=LAST))
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert app.reading is not None
        panel = app.explore.query_one(PredictionsPanel)
        await pilot.pause()  # laid out
        middle = panel.size.width // 2
        for x, trace in ((3, app.reading.as_trained), (middle + 3, app.reading.as_set)):
            before = app.view.text
            chosen = trace.predictions(app.view.query)[1].token_id
            expected = before + app.reading.tokenizer.decode([chosen])
            await pilot.click(panel, offset=(x, 4))  # title, names, losses, first token, second token
            await pilot.pause(0)
            assert app.view.text == expected
            await press(pilot, "backspace")
            assert app.view.text == before


async def test_a_full_context_takes_no_more(make_app: MakeApp, ready: Ready) -> None:
    app = make_app(model="char", text="abcdefg.abcdefg.", query=LAST)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await press(pilot, "a", "enter")
        assert app.view.text == "abcdefg.abcdefg."
        assert any("context is full" in message for message in messages(app))


def test_what_is_no_text_is_refused(bpe_model: Checkpoint) -> None:
    reading = read(bpe_model, replace(CHANGED, text="a cat", query=1))
    vocabulary = bpe_model.tokenizer.get_vocab()
    half = next(i for token, i in vocabulary.items() if bpe_model.tokenizer.decode([i]) == "\ufffd" and len(token) == 1)
    for token_id in (half, max(vocabulary.values()) + 100):
        with pytest.raises(ModelError, match="no text"):
            appended(reading, token_id)


def test_a_token_keeps_its_space(bpe_model: Checkpoint) -> None:
    reading = read(bpe_model, replace(CHANGED, text="the cat", query=LAST))
    ids: Any = encode(bpe_model.tokenizer, " dog").ids
    text = appended(reading, ids[0])
    assert text.startswith("the cat ")
