"""The header names what is changed, and where, at every width."""

from dataclasses import replace
from typing import Any

import pytest
from textual.app import App, ComposeResult

from explorer.core.reading import Reading
from explorer.core.readings import ReadingService
from explorer.view import View
from explorer.widgets.header import HeaderLine
from explorer.widgets.wording import heads_text
from model.checkpoint import Checkpoint
from model.settings import Scope
from tests.explorer.conftest import SENTENCES

WIDTHS = (60, 80, 100, 120, 200)
BASE = View("bpe", SENTENCES[0], query=3, layer=1, head=2)


class Plain(HeaderLine):
    """A header without a screen: its words need no styles."""

    def style_of(self, name: str) -> Any:
        return None


class HeaderApp(App[None]):
    """A header that writes down what is clicked."""

    def __init__(self) -> None:
        super().__init__()
        self.selected: list[str] = []

    def compose(self) -> ComposeResult:
        yield HeaderLine()

    def on_header_line_part_selected(self, event: HeaderLine.PartSelected) -> None:
        self.selected.append(event.action)


def read(model: Checkpoint, **changes: Any) -> Reading:
    engine = ReadingService()
    engine.add_model("bpe", model)
    return engine.read(replace(BASE, **changes))


def told(reading: Reading, width: int) -> list[str]:
    lines = [line.plain.rstrip() for line in Plain().lines(reading, width)]
    assert all(len(text) <= width for text in lines)
    return lines


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("changes", [{"scale": 1.0}, {"causal": False}, {"scale": 0.03125, "causal": False}])
def test_the_changed_heads_are_named(bpe_model: Checkpoint, width: int, changes: dict[str, Any]) -> None:
    for scope, where in ((Scope.HEAD, "L1 H2"), (Scope.LAYER, "L1"), (Scope.MODEL, "all heads")):
        text = " ".join(told(read(bpe_model, scope=scope, **changes), width))
        assert ("*mask off" in text) == ("causal" in changes)
        assert ("*scale" in text) == ("scale" in changes)
        assert where in text.partition("*")[2].partition("on ")[2]


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_marked_as_trained(bpe_model: Checkpoint, width: int) -> None:
    for scope in Scope:
        (text,) = told(read(bpe_model, scope=scope), width)
        assert "*" not in text
        assert text.endswith(f"on {scope}") or text.endswith(f"on: {scope}")


@pytest.mark.parametrize("width", WIDTHS)
def test_every_ablated_head_is_named(bpe_model: Checkpoint, width: int) -> None:
    for heads in ({(1, 2)}, {(0, 0), (0, 1), (0, 2), (0, 3), (1, 1), (1, 3)}):
        ablated = frozenset(heads)
        lines = told(read(bpe_model, ablated=ablated, causal=False, scale=0.03125, scope=Scope.MODEL), width)
        text = " ".join(lines).replace("  ", " ")
        assert f"*ablated {heads_text(ablated)}" in text
        assert "*mask off" in text
        assert "on all heads" in text or "model: all heads" in text


def test_what_does_not_fit_says_that_there_is_more(bpe_model: Checkpoint) -> None:
    reading = read(bpe_model, causal=False)
    many = frozenset((layer, head) for layer in range(12) for head in range(0, 12, 2))
    reading = replace(reading, view=replace(reading.view, ablated=many))
    lines = told(reading, 60)
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert "L11 H0,2,4,6,8,10" in heads_text(many)


def test_left_out_tokens_are_counted_at_every_width(bpe_model: Checkpoint) -> None:
    reading = read(bpe_model, text=" ".join(SENTENCES) * 3, causal=False, ablated=frozenset({(0, 1)}))
    assert reading.left_out
    for width in WIDTHS:
        assert f"{reading.left_out:,} tokens left out" in " ".join(told(reading, width))


def test_heads_are_written_by_layer() -> None:
    assert heads_text(frozenset({(2, 3)})) == "L2 H3"
    assert heads_text(frozenset({(2, 5), (0, 1), (2, 6), (2, 7), (2, 3)})) == "L0 H1; L2 H3,5–7"
    assert heads_text(frozenset({(0, 1), (0, 2)})) == "L0 H1,2"


@pytest.mark.parametrize("width", WIDTHS)
def test_a_step_of_training_is_named_at_every_width(bpe_model: Checkpoint, width: int) -> None:
    reading = read(bpe_model, causal=False, scale=1.0, scope=Scope.MODEL)
    for name, shown in (("a long name of a model", "a long n"), ("x y\x1b", "x␣y␛")):
        at_step = replace(reading, model_name=f"{name}@12000")
        text = " ".join(told(at_step, width))
        assert text.startswith(shown.replace(" ", "␣")[:7])
        assert "step 12,000" in text
        assert "@" not in text
        assert "\x1b" not in text
    header = Plain()
    header.own_step = 300
    assert "step 300" in header.lines(reading, width)[0].plain
    assert "step" not in " ".join(told(reading, width))
    literal = replace(reading, model_name="x@y")
    assert " ".join(told(literal, width)).startswith("x@y")


@pytest.mark.parametrize("width", [70, 160])
async def test_a_click_finds_the_part_below_it_in_every_wording(bpe_model: Checkpoint, width: int) -> None:
    reading = read(bpe_model, causal=False, scale=0.03125, scope=Scope.MODEL, ablated=frozenset({(0, 1)}))
    app = HeaderApp()
    async with app.run_test(size=(width, 6)) as pilot:
        header = app.query_one(HeaderLine)
        header.show(replace(reading, model_name="a long name@12000"))
        await pilot.pause()
        text = header.content_lines[0].plain
        assert (" · " in text) == (width == 160)
        for words in ("long", "step", "L1 H2", "*mask", "*scale", "all heads"):
            await pilot.click(header, offset=(text.index(words) + 1, 0))
        await pilot.click(header, offset=(text.index(" L1 H2"), 0))
        assert app.selected == ["models", "heads", "mask", "scale", "scope"]
