"""The Train screen on a process that steps when told: its numbers, its parts, every size, and hostile text."""

import itertools
import math
from collections.abc import Callable
from random import Random

import pytest
import torch
from textual.widgets import Static

from explorer.actions import TRAIN, actions_of, footer
from explorer.app import ExplorerApp
from explorer.screens.dialogs.help import HelpScreen
from explorer.screens.explore import ExploreScreen
from explorer.screens.train import PARTS, TrainScreen
from explorer.training.attention import unpack_heads
from explorer.training.messages import Pause, WriteSample
from explorer.view import Stage
from explorer.widgets.key_line import KeyLine
from tests.explorer import fake_training as fake
from tests.explorer.fake_training import FakeProcess
from tests.explorer.watched import TEXT, attention, figures, opened, part, plain, seen, send_all, title
from tests.explorer.watched import app as app
from tests.explorer.watched import made as made
from tests.parameters import slow

SIZES = ((60, 18), (80, 24), (120, 36))


async def test_the_figures_are_those_of_the_events(app: ExplorerApp) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        screen, process = await opened(pilot)
        assert "no step is done yet, 400 to go" in figures(screen)
        send_all(process)
        await pilot.pause()
        assert figures(screen) == (
            "step 30 of 400 · loss 2.345 · validation 2.468 at 30 · learning rate 0.0025 · 6,400 tokens/s · "
            "1 min 01 s left"
        )
        assert title(screen) == (
            "Train · run-x · training · 2 layers × 2 heads, n_embd 8 · 12,345 parameters · cpu, float32"
        )
        assert seen(screen) == list(PARTS)
        assert str(part(screen, "sample").border_title) == "sample after step 30"
        assert plain(screen, "sample") == "so it was"
        assert str(part(screen, "activations").border_title) == "activations at step 30"
        assert [line.split()[0] for line in plain(screen, "activations").splitlines()[1:]] == [
            *("h.0.attn", "h.0.mlp", "h.0", "h.1.attn", "h.1.mlp", "h.1")
        ]
        assert plain(screen, "activations").splitlines()[1].endswith(" 1.2     ")
        ratios = {line.split()[0]: line.split()[-1] for line in plain(screen, "updates").splitlines()[1:]}
        assert ratios == {"wte.w": "1.0×10⁻³", "h.0.ln_1.b": "–", "h.1.mlp.c_proj.w": "0.01"}
        vocabulary = fake.CONFIG.vocab_size
        assert f"ln({vocabulary}) = {math.log(vocabulary):.2f}" in plain(screen, "loss")
        assert attention(screen) == f"weights L0 H0 after step 30 · ‘{TEXT}’"


async def test_the_attention_is_that_of_the_latest_event(app: ExplorerApp) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        screen, process = await opened(pilot)
        assert attention(screen) == f"attention comes with the next step · ‘{TEXT}’"
        for step in (3, 9):
            process.show_heads(step)
            await pilot.pause()
            reading, heads = screen.attention.reading, screen.run.heads
            assert reading is not None
            assert heads is not None
            q, k = (numbers[0] for numbers in unpack_heads(heads)[0][:2])
            masked = torch.full((len(TEXT),) * 2, float("-inf")).triu(1)
            expected = torch.softmax(q @ k.T / fake.CONFIG.head_size**0.5 + masked, -1)
            painter = screen.attention.matrix.painter
            assert painter is not None
            torch.testing.assert_close(painter.numbers.matrix, expected, rtol=1e-4, atol=1e-5)
            assert f"after step {step}" in attention(screen)


async def test_keys_choose_head_query_key_and_stage(app: ExplorerApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen, process = await opened(pilot)
        before = screen.attention.view
        await pilot.press("right_square_bracket", "left")
        assert screen.attention.view == before, "as long as nothing is known of the attention there is nowhere to go"
        process.show_heads(1)
        await pilot.pause()
        for key, name, value in (
            ("right_square_bracket", "head", 1),
            ("left_square_bracket", "head", 0),
            ("full_stop", "layer", 1),
            ("comma", "layer", 0),
            ("home", "query", 0),
            ("right", "query", 1),
            ("l", "query", 2),
            ("h", "query", 1),
            ("end", "query", len(TEXT) - 1),
            ("left", "query", len(TEXT) - 2),
            ("down", "key", 1),
            ("j", "key", 2),
            ("up", "key", 1),
            ("1", "stage", Stage.SCORES),
            ("4", "stage", Stage.WEIGHTS),
        ):
            await pilot.press(key)
            assert getattr(screen.attention.view, name) == value, key
            assert screen.attention.reading is not None
            assert getattr(screen.attention.reading.view, name) == value
        await pilot.press("z")
        assert screen.attention.matrix.zoom is not None
        await pilot.click(screen.attention.matrix, offset=(8, 3))
        assert (screen.attention.view.query, screen.attention.view.key) != (len(TEXT) - 2, 1)


async def test_hostile_text_is_shown_and_not_obeyed(app: ExplorerApp) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        screen, process = await opened(pilot, "run [bold]\x1b[31m")
        process.sample(1, "\n[red]x[/red]\x1b[2J\x07\u202ey\n" + "w" * 300)
        await pilot.pause()
        assert plain(screen, "sample").splitlines()[0] == "[red]x[/red]␛[2J␇·y"
        assert max(len(line) for line in plain(screen, "sample").splitlines()) <= 120
        assert plain(screen, "sample").count("w") == 300
        assert "run␣[bold]␛[31m" in title(screen)
        assert "\x1b" not in app.export_screenshot()


async def test_parts_in_turn_by_key_and_by_mouse_and_one_in_full(app: ExplorerApp) -> None:
    async with app.run_test(size=(60, 18)) as pilot:
        screen, process = await opened(pilot)
        send_all(process)
        await pilot.pause()
        for name in ("sample", "activations", "gradients", "updates", "loss", "attention"):
            await pilot.press("tab")
            assert seen(screen) == [name]
        await pilot.press("shift+tab")
        assert seen(screen) == ["loss"]
        place = str(screen.query_one("#parts", Static).content).index("gradients")
        await pilot.click("#parts", offset=(place + 1, 0))
        assert seen(screen) == ["gradients"]
        await pilot.resize_terminal(120, 36)
        assert seen(screen) == list(PARTS)
        await pilot.press("f")
        assert seen(screen) == ["gradients"]
        await pilot.press("p")
        assert seen(screen) == ["updates"]
        await pilot.press("escape")
        assert seen(screen) == list(PARTS)
        await pilot.click("#sample", offset=(5, 1))
        assert screen.part == "sample"


async def test_a_long_part_scrolls(app: ExplorerApp) -> None:
    async with app.run_test(size=(60, 18)) as pilot:
        screen, process = await opened(pilot)
        process.sample(1, "\n".join(f"line {n}" for n in range(60)))
        await pilot.press("tab")
        sample = part(screen, "sample")
        for keys, place in (
            (["pagedown"], sample.size.height - 1),
            (["pageup"], 0),
            (["pagedown"] * 20, 60 - sample.size.height),
        ):
            await pilot.press(*keys)
            await pilot.pause()
            assert sample.scroll_offset.y == place


@pytest.mark.parametrize("size", [SIZES[0], *map(slow, SIZES[1:])])
async def test_nothing_is_cut_off_at_any_size(app: ExplorerApp, size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        screen, process = await opened(pilot)
        send_all(process)
        await pilot.pause()
        for name in PARTS:
            screen.action_show_part(name)
            await pilot.pause()
            shown = screen.query_one(f"#{name}")
            assert screen.region.contains_region(shown.region)
            assert shown.region.height >= 5
            assert len(seen(screen)) == {60: 1, 80: 1 if name == "loss" else 2, 120: 6}[size[0]]
        assert len(str(screen.query_one("#parts", Static).content)) <= size[0]
        for words in ("step 30", "loss 2.345", "validation 2.468", "0.0025", "6,400 tok", "1 min 01 s left"):
            assert words in figures(screen).replace("30/400", "step 30")
        assert not screen.query_one("#too-small").display


async def test_below_the_smallest_size_one_line_says_so(app: ExplorerApp) -> None:
    async with app.run_test(size=(60, 18)) as pilot:
        screen, _ = await opened(pilot)
        for columns, rows in ((59, 18), (60, 17), (20, 5)):
            await pilot.resize_terminal(columns, rows)
            assert screen.query_one("#too-small").display
            assert f"{columns}×{rows}" in str(screen.query_one("#too-small", Static).content)
            assert seen(screen) == []
        await pilot.resize_terminal(60, 18)
        assert seen(screen) == ["attention"]


async def test_every_action_is_found_in_the_help_and_the_footer_does_what_keys_do(app: ExplorerApp) -> None:
    keys = list(itertools.chain.from_iterable(action.keys for action in actions_of(TRAIN)))
    assert len(keys) == len(set(keys))
    async with app.run_test(size=(160, 40)) as pilot:
        screen, process = await opened(pilot)
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape", "f1")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape")
        assert isinstance(app.screen, TrainScreen)
        line = screen.query_one(KeyLine)
        shown = line.render().plain
        assert [place.caption for place in footer(TRAIN) if f" {place.caption}  " not in shown] == []
        await pilot.click(KeyLine, offset=(shown.index("space pause") + 1, 0))
        assert process.commands[-1] == Pause()
        await pilot.click(KeyLine, offset=(shown.index("r sample"), 0))
        assert process.commands[-1] == WriteSample()
        await pilot.click(KeyLine, offset=(shown.index("esc back") + 1, 0))
        assert isinstance(app.screen, ExploreScreen)


@pytest.mark.parametrize("theme", ["ansi-dark", slow("textual-light"), slow("grey")])
async def test_in_every_theme(app: ExplorerApp, theme: str) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        screen, process = await opened(pilot)
        send_all(process)
        app.theme = theme
        await pilot.pause()
        curve = part(screen, "loss")
        styles = {style.color for line in curve.content_lines for _, style in line.parts if style is not None}
        assert len(styles) >= 2
        await pilot.press("T")
        assert app.theme != theme


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, slow(2)])
async def test_random_keys_and_news_break_nothing(app: ExplorerApp, made: list[FakeProcess], seed: int) -> None:
    """Whatever is pressed while whatever is told, at changing sizes; quitting alone is left out."""
    random = Random(seed)
    keys = [action.keys[0] for action in actions_of(TRAIN) if action.name not in ("quit", "palette")]
    news: list[Callable[[FakeProcess, int], None]] = [
        lambda process, step: process.step(fake.metrics(step, 2.0)),
        lambda process, step: process.step(fake.metrics(step, 2.0, validation_loss=2.5, prefix_loss=3.0)),
        lambda process, step: process.observe(step, random.choice([None, -3.0, -9.0])),
        lambda process, step: process.sample(step, "the\n" * random.randrange(40)),
        lambda process, step: process.show_heads(step),
        lambda process, step: process.pause(random.random() < 0.5),
        lambda process, step: process.end(random.choice([0, 2, 130]), "why"),
    ]
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        for step in range(1, 60):
            if not isinstance(app.screen, TrainScreen):
                await pilot.press("escape")
                app.explore.action_train()
            await pilot.press(random.choice([*keys, "x", "enter", "backspace"]))
            if app.training.is_training:
                if not app.training.run or not app.training.run.has_started:
                    made[-1].start(done=step - 1)
                    await pilot.pause()
                random.choice(news)(made[-1], step)
            if random.random() < 0.1:
                await pilot.resize_terminal(*random.choice([*SIZES, (40, 10)]))
        if app.training.is_training:
            made[-1].end(130)
            await pilot.pause()
        assert app.is_running
    assert app.training.run is not None
    assert not app.training.is_training
