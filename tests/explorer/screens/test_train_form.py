"""The form of a new run: what it asks for, how it is filled in, what is wrong with it, and that nothing is lost."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Collapsible, Input, Label, Static

from explorer.app import ExplorerApp
from explorer.cli.train import train
from explorer.screens.explore import ExploreScreen
from explorer.screens.train import TrainScreen
from explorer.screens.train_form import TrainForm
from explorer.training.form import form_fields
from explorer.training.presets import OWN, PRESETS
from explorer.widgets.choice import Choice
from explorer.widgets.key_line import KeyLine
from tests.explorer import fake_training as fake
from tests.explorer.conftest import Ready
from tests.explorer.fake_training import FakeProcess
from tests.explorer.helpers import lines, past_first_frame, screen_text
from tests.explorer.watched import app as app
from tests.explorer.watched import made as made

SIZES = ((60, 18), (80, 24), (120, 36))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


async def form_of(pilot: Pilot[None]) -> TrainForm:
    app = pilot.app
    assert isinstance(app, ExplorerApp)
    await past_first_frame(pilot)
    app.explore.action_train()
    await pilot.pause()
    assert isinstance(app.screen, TrainForm)
    return app.screen


def message(form: TrainForm) -> str:
    return str(form.query_one("#message", Static).content)


def focus(form: TrainForm) -> str:
    return str(form.focused.id).removeprefix("field-") if form.focused is not None else ""


def choose(form: TrainForm, preset: str) -> None:
    form.query_one("#preset", Choice).value = preset


def fill(form: TrainForm, **values: str) -> None:
    for name, value in values.items():
        field = form.query_one(f"#field-{name}")
        assert isinstance(field, Input | Choice)
        field.value = value


async def test_there_is_a_field_for_every_option(app: ExplorerApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        form = await form_of(pilot)
        names = {str(parameter.name) for parameter in train.params} - {"watch", "stream"}
        assert set(form.values()) == names
        assert all(str(each.content) for each in form.query(".help").results(Label))
        choose(form, "own")
        await pilot.pause()
        assert form.arguments() == ["--out", "run-1"], "what is not changed is not asked for"
        form.query_one("#group-model", Collapsible).collapsed = False
        form.query_one("#field-heads").focus()
        await pilot.pause()
        assert "divide --width" in str(form.query_one("#field-help", Static).content)


async def test_a_preset_fills_in_all_but_the_files_and_the_directory(app: ExplorerApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        form = await form_of(pilot)
        assert form.preset is PRESETS[0]
        assert focus(form) == "preset"
        fill(form, out="mine", no_mask="yes")
        for preset in (*PRESETS[1:], PRESETS[0]):
            await pilot.press("right")
            assert form.preset is preset
            assert preset.explanation[:30] in screen_text(app)
            assert form.values() == {
                **{field.name: preset.values.get(field.name, field.default) for field in form_fields()},
                "out": "mine",
            }
            assert form.problems == ({"files": "name your text file here"} if preset.needs_file else {})
            assert not form.query_one("#field-heads").is_on_screen, "folded"
        await pilot.pause()
        assert "model  tokenizer char, layers 2, heads 4" in screen_text(app)
        fill(form, resume="yes")
        await pilot.pause()
        assert form.preset is OWN
        assert form.arguments() == ["--out", "mine", "--resume"], "a run has its own values"


async def test_keys_fill_it_in_and_enter_starts(app: ExplorerApp, made: list[FakeProcess]) -> None:
    Path("a text.txt").write_text("x")
    async with app.run_test(size=(80, 24)) as pilot:
        form = await form_of(pilot)
        await pilot.press("o", "down", *"a text.txt", "down", "ctrl+u", *"my run", "down", "down", "enter", "down")
        assert "enter start" in screen_text(app)
        await pilot.press("c", "down", "up", "space")
        assert form.values()["tokenizer"] == "bpe"
        await pilot.press("left", "tab", "tab", "ctrl+u", "7", "shift+tab", "pagedown")
        await pilot.press("pageup", "pageup")
        assert focus(form) == "preset"
        fill(form, no_mask="yes", snapshots="no", prompt="a\\nb")
        await pilot.press("up")
        assert "enter open or close" in screen_text(app)
        await pilot.press("down", "enter")
        assert made[0].request.arguments == (
            *("--out", "my run", "--tokenizer", "char", "--layers", "7", "--no-mask", "--no-snapshots"),
            *("--prompt", "a\nb", "--", "a text.txt"),
        )
        assert message(form) == "starting: it reads the text and makes the model"
        await pilot.press("enter")
        assert len(made) == 1, "it starts once"
        made[0].start()
        await pilot.pause()
        assert isinstance(app.screen, TrainScreen)
        assert form not in app.screen_stack


async def test_the_mouse_chooses_and_starts(app: ExplorerApp, made: list[FakeProcess]) -> None:
    async with app.run_test(size=(120, 36)) as pilot:
        form = await form_of(pilot)
        choose(form, "own")
        await pilot.pause()
        await pilot.click("#group-learning CollapsibleTitle")
        await pilot.pause()
        field = form.query_one("#field-optimizer", Choice)
        await pilot.click(field, offset=(field.render().plain.index("adamw"), 0))
        assert field.value == "adamw"
        assert focus(form) == "optimizer"
        footer = form.query_one(KeyLine)
        await pilot.click(KeyLine, offset=(footer.render().plain.index("enter"), 0))
        assert made[0].request.arguments == ("--out", "run-1", "--optimizer", "adamw")


async def test_a_problem_is_shown_below_its_field_at_once_and_nothing_is_lost(
    app: ExplorerApp, made: list[FakeProcess]
) -> None:
    wrong = {
        "files": ("[red]x\x1b.txt", "there is no file '[red]x\\x1b.txt'"),
        "heads": ("3", "width 64 is not a multiple of heads 3: each head takes an equal share"),
    }
    async with app.run_test(size=(60, 18)) as pilot:
        form = await form_of(pilot)
        fill(form, **{name: value for name, (value, _) in wrong.items()})
        await pilot.pause()
        before = form.values()
        assert form.problems == {name: says for name, (_, says) in wrong.items()}
        assert "✗ heads" in screen_text(app), "the title of a fold names what is wrong in it"
        for name, (_, says) in wrong.items():
            assert form.values() == before
            await pilot.press("enter")
            await pilot.pause()
            assert made == []
            assert focus(form) == name, "which is in view now"
            line = form.query_one(f"#problem-{name}", Static)
            assert str(line.content) == f"✗ {says}"
            assert form.query_one("#fields").region.contains_region(line.region)
            assert line.region.y == form.query_one(f"#field-{name}").region.y + 1
            before[name] = {"files": "", "heads": "4"}[name]
            fill(form, **{name: before[name]})
            await pilot.pause()
            assert not line.display
        assert form.problems == {}


async def test_errors_of_the_process_are_shown_as_plain_text(app: ExplorerApp, made: list[FakeProcess]) -> None:
    async with app.run_test(size=(60, 18)) as pilot:
        form = await form_of(pilot)
        before = form.values()
        await pilot.press("enter")
        made[0].end(2, "'[red]x\x1b[31m.txt' does not exist")
        await pilot.pause()
        assert app.screen is form
        assert message(form) == "'[red]x␛[31m.txt' does not exist"
        assert form.values() == before
        assert app.training.run is None
        await pilot.press("enter")
        assert len(made) == 2
        made[1].end(130)
        await pilot.pause()
        assert message(form) == "it was stopped before its first step"


async def test_left_and_opened_again_it_is_as_it_was(
    app: ExplorerApp, ready: Ready, made: list[FakeProcess], tmp_path: Path
) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("f3")
        form = app.screen
        assert isinstance(form, TrainForm)
        (tmp_path / "x.txt").touch()
        choose(form, "stories")
        await pilot.pause()
        fill(form, files="x.txt", layers="3", no_mask="yes", out="mine")
        typed = form.values()
        for key in ("escape", "f3"):
            await pilot.press(key)
            assert isinstance(app.screen, ExploreScreen)
            await pilot.press("f3")
            assert isinstance(app.screen, TrainForm)
            assert app.screen.values() == typed
            assert app.screen.preset.name == "stories"
        await pilot.press("enter")
        (tmp_path / "run-1").mkdir()
        made[0].start()
        made[0].end(0)
        await pilot.pause()
        await pilot.press("N")
        form = app.screen
        assert isinstance(form, TrainForm)
        assert form.values() == {**typed, "out": "run-2"}, "of a run that has begun all but its directory"


async def test_a_run_that_starts_goes_on_when_the_form_is_left(app: ExplorerApp, made: list[FakeProcess]) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        await form_of(pilot)
        await pilot.press("enter", "escape")
        assert app.training.is_training
        app.explore.action_train()
        await pilot.pause()
        assert isinstance(app.screen, TrainScreen)
        made[0].start()
        made[0].step(fake.metrics(1, 3.0))
        await pilot.pause()
        assert app.training.run is not None
        assert app.training.run.step == 1


async def test_the_help_of_the_focused_field_is_never_cut_off(app: ExplorerApp) -> None:
    async with app.run_test(size=(60, 18)) as pilot:
        form = await form_of(pilot)
        help = form.query_one("#field-help", Static)
        longest = max(form_fields(), key=lambda field: len(field.help))
        for fold in form.query(Collapsible):
            fold.collapsed = False
        await pilot.pause()
        form.query_one(f"#field-{longest.name}").focus()
        await pilot.pause()
        assert " ".join(" ".join(lines(help)).split()) == longest.help


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES[::2])
async def test_every_field_can_be_reached_at_every_size(app: ExplorerApp, size: tuple[int, int]) -> None:
    async with app.run_test(size=size) as pilot:
        form = await form_of(pilot)
        fields = form.query_one("#fields")
        for fold in form.query(Collapsible):
            fold.collapsed = False
        await pilot.pause()
        await pilot.press("down", "up")
        seen = []
        for _ in form.focus_chain:
            assert form.focused is not None
            assert fields.region.contains_region(form.focused.region), focus(form)
            assert form.focused.region.width >= 36
            seen.append(focus(form))
            await pilot.press("down")
        assert {*form.values(), "preset"} <= set(seen)
        await pilot.resize_terminal(59, 17)
        assert form.query_one("#too-small").display
        await pilot.resize_terminal(*size)
        assert not form.query_one("#too-small").display


async def test_all_values_of_a_choice_are_shown_without_colours(app: ExplorerApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        form = await form_of(pilot)
        form.query_one("#group-run", Collapsible).collapsed = False
        await pilot.pause()
        field = form.query_one("#field-device", Choice)
        assert field.render().plain.split() == ["●", "auto", "○", "cpu", "○", "cuda", "○", "mps"]
        field.focus()
        await pilot.press("left")
        assert field.value == "mps"
        await pilot.press("space", "right", "right", "c")
        assert field.value == "cpu"
        field.styles.width = 10
        await pilot.pause()
        assert field.render().plain == "● cpu"
        await pilot.click(field)
        assert field.value == "cuda"
