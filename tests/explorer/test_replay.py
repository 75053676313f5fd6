"""Random keys, clicks, pastes and resizes: nothing is raised, and the numbers are those of a fresh trace.

500 of them here, with the same dice each time; thousands, with other dice, by `tests/campaigns/test_events.py`.
"""

import random
import re
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest
from textual import events
from textual.geometry import Size
from textual.pilot import Pilot

from explorer.actions import EXPLORE, actions_of
from explorer.app import ExplorerApp
from explorer.core.formatting import label
from explorer.screens.explore import ExploreScreen
from explorer.view import View
from explorer.widgets.panels.row_table import RowTable
from model.checkpoint import Checkpoint
from tests.explorer.conftest import SENTENCES, Opener
from tests.explorer.fresh_trace import check_against_fresh_trace
from tests.explorer.helpers import app_of, raised, set_terminal_size, settled

Judge = Callable[[ExplorerApp], None]
"""Raises AssertionError if the application shows wrong numbers."""

EVENTS = 500
AT_ONCE = 40
"""Events that are sent before the application is given time to draw."""
CHECKED_EVERY = 250
MOST_OVER_EACH_OTHER = 10
"""Times that escape is pressed to come back to the Explore screen."""

LEFT_OUT = {"quit", "palette", "write", "train"}
"""Quitting, writing and training would end the test or fill disk and processor; the palette finds all of them."""

KEYS = [key for action in actions_of(EXPLORE) if action.name not in LEFT_OUT for key in action.keys]
OTHER_KEYS = ["enter", "backspace", "delete", "pageup", "pagedown", "ctrl+u", "f5", "Z", "ctrl+pagedown", "ctrl+home"]
TYPED = "abcdefg .é[]\\'\"🙂漢\u202e\u0301!?0123"
PIECES = ("the cat ", "dog", " ", "\n", "\x1b[31m", "[red]", "a", "é", "漢", "\u202e", "👩\u200d👩", "  ", "abc. ")
SIZES = [(60, 18), (80, 24), (120, 36), (200, 50), (240, 70), (59, 18), (60, 17), (20, 5), (120, 20), (70, 60), (1, 1)]
NAMED = {" ": "space", "\n": "enter"}


class Person:
    """A user who does random things, the same ones for the same random generator."""

    def __init__(self, app: ExplorerApp, dice: random.Random) -> None:
        self.app = app
        self.dice = dice
        self.done: deque[str] = deque(maxlen=2 * AT_ONCE)

    def act(self) -> int:
        """Do one thing; return how many events it took."""
        things = (self._key, self._other, self._type, self._click, self._move, self._paste, self._resize)
        (act,) = self.dice.choices(things, [60, 8, 6, 14, 6, 2, 3])
        return act()

    def _send(self, event: events.Event, name: str) -> None:
        self.done.append(name)
        self.app.post_message(event)

    def press(self, key: str, character: str | None = None) -> int:
        if character is None and len(key) == 1:
            character = key
        self._send(events.Key(key, character), key)
        return 1

    def _key(self) -> int:
        return self.press(self.dice.choice(KEYS))

    def _other(self) -> int:
        return self.press(self.dice.choice(OTHER_KEYS))

    def _type(self) -> int:
        """Type another sentence, which is kept or discarded."""
        self.press("e")
        if self.dice.random() < 0.5:
            self.press("ctrl+u")
        typed = self.dice.choices(TYPED, k=self.dice.randrange(8))
        for character in typed:
            self.press(NAMED.get(character, character), character)
        self.press(self.dice.choice(["enter", "enter", "escape", "up", "down"]))
        return len(typed) + 3

    def _paste(self) -> int:
        text = "".join(self.dice.choices(PIECES, k=self.dice.randrange(1, 12)))
        self._send(events.Paste(text), f"paste {text!r}")
        return 1 + self.press(self.dice.choice(["enter", "escape"]))

    def _click(self) -> int:
        x, y = self._place()
        for kind in (events.MouseDown, events.MouseUp):
            self._send(kind(None, x, y, 0, 0, 1, False, False, False, x, y), f"{kind.__name__} {x},{y}")
        return 2

    def _move(self) -> int:
        x, y = self._place()
        wheel = (events.MouseMove, events.MouseScrollDown, events.MouseScrollUp)
        kind = self.dice.choice(wheel)
        self._send(kind(None, x, y, 0, 0, 0, False, False, False, x, y), f"{kind.__name__} {x},{y}")
        return 1

    def _place(self) -> tuple[int, int]:
        return self.dice.randrange(self.app.size.width), self.dice.randrange(self.app.size.height)

    def _resize(self) -> int:
        size = Size(*self.dice.choice(SIZES))
        set_terminal_size(self.app, size)
        self._send(events.Resize(size, size), f"resize {size.width}x{size.height}")
        return 1


def check_numbers(app: ExplorerApp, model: Checkpoint) -> None:
    """The reading holds what the model says when asked anew, and the row table shows it."""
    reading, view = app.reading, app.view
    assert reading is not None
    weights = check_against_fresh_trace(app, model, 1e-4).head(view.layer, view.head).weights
    check_row_table(app, weights[view.query].tolist(), [label(token) for token in reading.encoding.tokens])


def check_row_table(app: ExplorerApp, weights: list[float], labels: list[str]) -> None:
    """Every line of the row table that is in view has its key's weight to the digits shown."""
    table = app.explore.query_one(RowTable)
    if app.screen is not app.explore or app.view.stepping or not table.size or not table.is_on_screen:
        return
    assert sorted(table.keys) == list(range(len(weights)))
    for y in range(1, table.size.height):
        place = y - 1 + table.scroll_offset.y
        if place >= len(weights):
            break
        key = table.keys[place]
        found = re.findall(r"(?<![\d.])(?:\d*\.\d+|[01])(?= *[▏▎▍▌▋▊▉█]*\s*$)", table.render_line(y).text)
        assert found, (table.render_line(y).text, weights[key])
        assert float(found[-1]) == pytest.approx(weights[key], abs=6e-4), (key, labels[key], table.render_line(y).text)


async def settle(pilot: Pilot[None], person: Person) -> None:
    """Let the application do all that it was asked for; what it raised is raised here."""
    await pilot.pause(0)
    app = app_of(pilot)
    if (error := raised(app)) is not None:
        print(f"the last events: {list(person.done)}")
        raise error
    assert app.is_running, f"it was left by {list(person.done)}"


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Notifications leave at once: a person reads at most a few a second, and here come hundreds."""
    monkeypatch.setattr(ExplorerApp, "NOTIFICATION_TIMEOUT", 0.05)
    monkeypatch.setattr(ExploreScreen, "seconds_per_stage", 0.05)
    monkeypatch.chdir(tmp_path)


async def replay(name: str, events: int, dice: random.Random, opener: Opener, judge: Judge) -> None:
    """Begin with the model of this name and send so many events; the numbers are checked between them."""
    app = ExplorerApp(View(name, SENTENCES[0] if name == "bpe" else "a bad fed cab"), opener)
    person = Person(app, dice)
    count, due = 0, CHECKED_EVERY
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        while count < events:
            sent = 0
            while sent < AT_ONCE:
                sent += person.act()
            count += sent
            await settle(pilot, person)
            if count >= due:
                due += CHECKED_EVERY
                await check(pilot, person, judge)
        await check(pilot, person, judge)


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("name", ["bpe", "char"])
async def test_whatever_is_pressed_nothing_is_raised_and_the_numbers_are_right(name: str, opener: Opener) -> None:
    await replay(name, EVENTS // 2, random.Random(1), opener, lambda app: check_numbers(app, opener(app.view.model)))


async def check(pilot: Pilot[None], person: Person, judge: Judge) -> None:
    """Come back to the Explore screen, at a size that shows it, and compare all numbers."""
    app = person.app
    for _ in range(MOST_OVER_EACH_OTHER):
        await settle(pilot, person)
        await pilot.pause()  # keys that a screen has not taken yet may open another one
        if app.screen is app.explore and not app.explore.editor.is_editing:
            break
        person.press("escape")
    await pilot.resize_terminal(*person.dice.choice([(80, 24), (120, 36)]))
    await settled(pilot)
    await settle(pilot, person)
    try:
        assert app.screen is app.explore
        judge(app)
    except AssertionError:
        print(f"{app.screen_stack}, {app.view}, the last events: {list(person.done)}")
        raise
