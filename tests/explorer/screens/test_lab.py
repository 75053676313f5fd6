"""The Lab screen: the list, questions, steps, pictures, parameters, training, sizes, and the ways in and out."""

import os
import random
from collections.abc import Callable

import pytest
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import Input, Static

from explorer.actions import LAB, actions_of
from explorer.app import ExplorerApp
from explorer.labs import sharpening
from explorer.labs.lab import MatrixPicture
from explorer.labs.registry import ENTRIES
from explorer.screens.dialogs.help import HelpScreen
from explorer.screens.explore import ExploreScreen
from explorer.screens.lab import LabScreen
from explorer.widgets.labs.panels import CodePanel, LabList, PicturePanel, QuestionPanel
from explorer.widgets.labs.parameter_form import ParameterForm
from explorer.widgets.labs.picture_matrix import PictureMatrix
from tests.explorer.conftest import Ready
from tests.parameters import slow

MakeApp = Callable[..., ExplorerApp]
EVENTS = int(os.environ.get("LAB_EVENTS", "150"))
SIZES = [(60, 18), (80, 24), (120, 36), (200, 50), (59, 17), (20, 5), (1, 1)]


async def opened(pilot: Pilot[None], ready: Ready, *keys: str) -> LabScreen:
    """The labs, after some keys."""
    await ready(pilot)
    await pilot.press("f2")
    await pilot.pause()
    await pressed(pilot, *keys)
    screen = pilot.app.screen
    assert isinstance(screen, LabScreen)
    return screen


async def pressed(pilot: Pilot[None], *keys: str) -> None:
    """Press keys one by one, each after what the one before started is computed."""
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


async def settled(pilot: Pilot[None]) -> None:
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


def line(screen: LabScreen, name: str) -> str:
    widget = screen.query_one(f"#lab-{name}", Static)
    return str(widget.content) if widget.display else ""


def shown(screen: LabScreen) -> list[str]:
    """The titles of the pictures that are displayed, without their place."""
    kinds = (*screen.query(PictureMatrix), *screen.query(PicturePanel))
    widgets = sorted((w for w in kinds if w.display), key=lambda w: int(str(w.id)[-1]))
    titles = [Content.from_markup(w.border_title or "").plain for w in widgets]
    return [t[4:] if t[1:2] == "/" else t for t in titles]


def matrices(screen: LabScreen) -> list[PictureMatrix]:
    return [matrix for matrix in screen.query(PictureMatrix) if matrix.display]


async def test_the_list_opens_labs_and_escape_leads_back(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready)
        labs = screen.query_one(LabList)
        text = "\n".join(line.plain for line in labs.content_lines)
        assert all(entry.title in text for entry in ENTRIES)
        await pressed(pilot, "j", "j", "j", "enter")
        assert line(screen, "title").startswith("Lab 4 of 8 · Sharpening")
        assert not labs.display
        await pressed(pilot, "escape")
        assert labs.display
        await pressed(pilot, "4")
        assert line(screen, "title").startswith("Lab 4 of 8")
        await pressed(pilot, "f2", "escape")
        assert isinstance(app.screen, ExploreScreen)


async def test_the_question_is_asked_before_the_answer_is_shown(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready, "4")
        question = screen.query_one(QuestionPanel)
        assert question.display
        assert not shown(screen)
        assert ".8000" not in line(screen, "text")
        await pressed(pilot, "1")
        assert "▶ 1" in "\n".join(line.plain for line in question.content_lines)
        await pressed(pilot, "enter")
        assert not question.display
        assert line(screen, "text").startswith("You said below .5: above .75. Times 8 the largest weight is .8000")
        await pressed(pilot, "escape", "g", "4")
        assert shown(screen) == ["softmax(numbers)"]


async def test_right_answers_are_called_right(make_app: MakeApp, ready: Ready) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready, "4", "k", "enter")
        assert line(screen, "text").startswith("Right: above .75.")


async def test_the_code_is_the_source(make_app: MakeApp, ready: Ready) -> None:
    async with make_app().run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, ready, "4")
        assert screen.lab is not None
        text = "\n".join(line.plain.rstrip() for line in screen.query_one(CodePanel).content_lines)
        assert text == "\n\n".join(screen.lab.sources())


@pytest.mark.parametrize(
    ("lab", "size"),
    [
        (1, (60, 18)),
        (3, (80, 24)),
        (4, (120, 36)),
        *(slow(lab, size) for lab in (1, 3, 4) for size in ((60, 18), (80, 24), (120, 36), (200, 50))),
    ],
)
async def test_every_picture_of_every_step_can_be_seen(
    lab: int, size: tuple[int, int], make_app: MakeApp, ready: Ready
) -> None:
    async with make_app().run_test(size=size) as pilot:
        screen = await opened(pilot, ready, str(lab), "enter")
        for number, step in enumerate(screen.steps):
            assert screen.navigation.step == number
            seen = set(shown(screen))
            for _ in step.pictures[1:]:
                await pressed(pilot, "tab")
                seen |= set(shown(screen))
            assert seen == {picture.title for picture in step.pictures}
            for widget in (*screen.query(PictureMatrix), *screen.query(PicturePanel)):
                assert not widget.display or widget.content_size.height >= 4
            await pressed(pilot, "n")


async def test_the_matrix_shows_the_numbers_of_the_lab(make_app: MakeApp, ready: Ready) -> None:
    async with make_app().run_test(size=(120, 36)) as pilot:
        screen = await opened(pilot, ready, "1", "enter", "n", "n")
        first, second = matrices(screen)
        picture = screen.pictures[0]
        assert isinstance(picture, MatrixPicture)
        rows = [first.render_line(y).text for y in range(1, 9)]
        assert rows[0].split()[1:] == ["0.18", "−0.07"]
        assert first.cursor == (2, 0)
        assert "╱" in second.render_line(4).text
        assert line(screen, "state") == "x[0], what is read: row 2, column 0: 0.6258"
        await pressed(pilot, "left", "down")
        assert first.cursor == second.cursor == (1, 1)
        assert line(screen, "state") == "x[0], what is read: row 1, column 1: −0.9152"


async def test_a_key_changes_the_marked_parameter(make_app: MakeApp, ready: Ready) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready, "3", "enter")
        assert line(screen, "values").startswith("− head_size 16 +")
        await pressed(pilot, "plus")
        assert line(screen, "values").startswith("− head_size 32 +")
        assert "compared with head_size 32" in line(screen, "text")
        await pressed(pilot, "v", "minus")
        assert "− keys 4 +" in line(screen, "values")
        await pressed(pilot, "r")
        assert "head_size 16 · − keys 8 +" in line(screen, "values")


async def test_a_bad_value_is_explained_beside_its_field(make_app: MakeApp, ready: Ready) -> None:
    async with make_app().run_test(size=(60, 18)) as pilot:
        screen = await opened(pilot, ready, "4", "enter", "e")
        fields = [field for field in screen.query(Input) if field.display and field.parent and field.parent.display]
        assert [field.value for field in fields] == ["8", "0.1 -0.2 0.3 -0.2 0.5"]
        fields[1].value = "1 x"
        await pressed(pilot, "enter")
        wrong = screen.query_one(".field.-wrong .beside", Static)
        assert str(wrong.content) == "! write numbers separated by spaces, not 'x'"
        assert fields[1].has_focus
        fields[1].value = "0 1"
        await pressed(pilot, "enter")
        assert "numbers 0 1" in line(screen, "values")
        assert "The largest, 1, gets .7311" in line(screen, "text")


async def test_keys_are_text_in_a_field(make_app: MakeApp, ready: Ready) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready, "4", "enter", "e")
        await pilot.press("end", "1", "q", "space", "question_mark")
        field = screen.query_one("#lab-field-0 Input", Input)
        assert field.value == "81q ?"
        await pressed(pilot, "escape")
        assert shown(screen)
        assert "factor 8" in line(screen, "values")


async def test_values_that_were_typed_for_another_lab_change_nothing(make_app: MakeApp, ready: Ready) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready, "2", "enter", "e")
        assert screen.lab is not None
        typed = ParameterForm.Submitted(screen.lab, screen.values)
        await pressed(pilot, "escape", "right_square_bracket")
        assert screen.lab is not typed.lab
        before = screen.values
        screen.query_one(ParameterForm).post_message(typed)
        await settled(pilot)
        assert screen.values == before


async def test_what_only_the_model_can_tell_is_explained_too(make_app: MakeApp, ready: Ready) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready, "2", "enter", "e")
        assert screen.lab is not None
        place = [parameter.name for parameter in screen.lab.parameters].index("query")
        screen.query_one(f"#lab-field-{place} Input", Input).value = "dog"
        await pressed(pilot, "enter")
        wrong = screen.query_one(".field.-wrong .beside", Static)
        assert str(wrong.content) == "! 'dog' is not in the sentence"


async def test_a_failed_computation_is_reported(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError("no memory")

    monkeypatch.setattr(sharpening, "sharpened", fail)
    async with make_app().run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready, "4")
        assert str(screen.query_one(".field.-wrong .beside", Static).content) == "! not possible: no memory"
        assert not screen.is_computing


async def test_labs_look_at_the_open_model(make_app: MakeApp, ready: Ready) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready, "5")
        assert "model bpe" in line(screen, "values")
        assert "In bpe" in screen.query_one(QuestionPanel).content_lines[0].plain
        await pressed(pilot, "enter")
        assert "variance of q · k" in line(screen, "text")


async def test_a_training_shows_progress_and_stops(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready, "g")
        await pilot.press("8")
        await pilot.pause()
        assert screen.is_computing
        assert screen.is_possible("stop")
        await pilot.press("S")
        await settled(pilot)
        assert not screen.is_computing
        assert line(screen, "state") == "stopped: S starts it again"
        await pilot.press("S")
        await pilot.pause()
        assert screen.is_computing
        await pilot.press("escape")
        await settled(pilot)
        assert screen.lab is None
        assert not screen.is_computing


async def test_a_trained_lab_is_not_trained_again(make_app: MakeApp, ready: Ready) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready, "g")
        await pilot.press("8", "e")
        screen.query_one("#lab-field-0 Input", Input).value = "20"
        await pressed(pilot, "enter")
        result = screen.result
        assert result is not None
        assert shown(screen) == ["held-out loss in nats"]
        await pressed(pilot, "escape")
        await pilot.press("8")
        await pilot.pause()
        assert screen.result is result
        assert not screen.is_computing


async def test_space_goes_on_to_the_next_lab(make_app: MakeApp, ready: Ready) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready, "p")
        assert line(screen, "title").startswith("Lab 1 of 8 · Averaging the past · presenting")
        assert screen.query_one(QuestionPanel).display
        titles = []
        while screen.navigation.lab == 0:
            titles.append(line(screen, "text"))
            await pressed(pilot, "space")
            assert len(titles) < 20
        assert not any("Timed" in title for title in titles)
        assert screen.navigation.asking
        assert screen.values.text("model") == "stories"
        assert not screen.is_possible("edit")


async def test_help_in_explore_leads_to_labs_and_back(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("3")
        await settled(pilot)
        screen = app.screen
        assert isinstance(screen, LabScreen)
        assert line(screen, "title").startswith("Lab 3 of 8")
        await pressed(pilot, "escape")
        assert isinstance(app.screen, ExploreScreen)
        await pilot.press("question_mark", "7")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, LabScreen)
        assert line(screen, "title").startswith("Lab 7 of 8")
        await pilot.press("escape")
        await settled(pilot)
        assert isinstance(app.screen, ExploreScreen)


async def test_digits_do_nothing_in_the_help_of_other_screens(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, ready)
        await pilot.press("question_mark")
        await pilot.pause()
        await pilot.press("3")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)


async def test_the_session_outlives_the_screen(make_app: MakeApp, ready: Ready) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready, "4", "enter", "plus")
        await pressed(pilot, "escape", "escape")
        assert isinstance(app.screen, ExploreScreen)
        again = await opened(pilot, ready, "4")
        assert again is not screen
        assert line(again, "values").startswith("− factor 16 +")


async def test_the_list_is_clicked(make_app: MakeApp, ready: Ready) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready)
        await pilot.click(LabList, offset=(6, 3))
        await settled(pilot)
        assert screen.navigation.lab == 1


async def test_an_answer_and_a_cell_are_clicked(make_app: MakeApp, ready: Ready) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready, "1")
        await pilot.click(QuestionPanel, offset=(6, 4))  # below the frame, the question and an empty line
        await settled(pilot)
        assert screen.navigation.choice == 1
        await pressed(pilot, "enter", "n")
        await pilot.click("#lab-matrix-0", offset=(8, 6))
        await settled(pilot)
        assert screen.navigation.cursor == (4, 0)


@pytest.mark.slow
async def test_space_alone_presents_all_labs(ready: Ready) -> None:
    app = ExplorerApp()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready, "p")
        seen = []
        for _ in range(200):
            seen.append((screen.navigation.lab, screen.navigation.asking, screen.navigation.step))
            if not screen.is_possible("forward"):
                break
            assert line(screen, "text") or screen.navigation.asking
            await pressed(pilot, "space")
        assert [lab for lab, asking, _ in seen if asking] == list(range(len(ENTRIES)))
        assert seen[-1][0] == len(ENTRIES) - 1


async def test_a_terminal_without_colours_tells_everything(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with make_app().run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready, "4", "j")
        assert any(line.plain.startswith("▶ 1") for line in screen.query_one(QuestionPanel).content_lines)
        await pressed(pilot, "enter", "n")
        assert "▶" in "".join(matrices(screen)[0].render_line(y).text for y in range(10))
        await pressed(pilot, "tab")
        drawn = screen.query_one("#lab-picture-1", PicturePanel).content_lines
        assert drawn[0].plain.startswith("a 1: 0.1")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
async def test_any_keys_at_any_size(seed: int, make_app: MakeApp, ready: Ready) -> None:
    dice = random.Random(seed)
    keys = [key for action in actions_of(LAB) if action.name not in ("quit", "palette") for key in action.keys]
    keys += [*"123456789", "x", "tab", "ctrl+home", "backspace"]
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready)
        for number in range(EVENTS):
            await pilot.press(dice.choice(keys))
            if number % 25 == 0:
                await pilot.resize_terminal(*dice.choice(SIZES))
            if number % 40 == 0:
                await pilot.pause()
            if app.screen is not screen:
                await pilot.press("escape")
                await pilot.pause()
                while not isinstance(app.screen, ExploreScreen):
                    await pilot.press("escape")
                    await pilot.pause()
                screen = await opened(pilot, ready)


@pytest.mark.parametrize("size", [(59, 18), (80, 17)])
async def test_a_terminal_that_is_too_small_says_so(size: tuple[int, int], make_app: MakeApp, ready: Ready) -> None:
    async with make_app().run_test(size=size) as pilot:
        screen = await opened(pilot, ready, "4")
        assert screen.query_one("#too-small").display


async def test_a_resize_keeps_the_place(make_app: MakeApp, ready: Ready) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot, ready, "4", "enter", "n", "tab")
        assert len(shown(screen)) == 1
        await pilot.resize_terminal(120, 36)
        await pilot.pause()
        assert len(shown(screen)) == 2
        assert screen.navigation.step == 1
        await pilot.resize_terminal(60, 18)
        await pilot.pause()
        assert shown(screen) == ["weight over the factor"]
