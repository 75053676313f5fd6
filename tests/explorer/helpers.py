"""What tests of the application wait for and look at: the only place that knows more of Textual than its public API."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import pytest
from textual.color import Color
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Size
from textual.message import Message
from textual.message_pump import MessagePump
from textual.notifications import Notification
from textual.pilot import Pilot
from textual.strip import Strip
from textual.worker import WorkerCancelled

from explorer.app import ExplorerApp
from explorer.screens.compare import CompareScreen
from explorer.screens.explore import ExploreScreen
from explorer.widgets.panels.lines import Drawn


def app_of(pilot: Pilot[None]) -> ExplorerApp:
    """The application that a pilot drives."""
    assert isinstance(pilot.app, ExplorerApp)
    return pilot.app


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    """Wait until the workers have ended and `condition` is true."""
    for _ in range(500):
        with suppress(WorkerCancelled):
            await pilot.app.workers.wait_for_complete()
        await pilot.pause(0)
        if condition():
            return
    raise AssertionError(f"it never became true on {pilot.app.screen}")


async def settled(pilot: Pilot[None]) -> None:
    """Wait until the application shows what it was asked for."""
    app = app_of(pilot)
    await until(pilot, lambda: app.is_settled and app.reading is not None and app.reading.view == app.view)
    await pilot.pause(0)  # for the notifications of what was refused


async def compared_settled(pilot: Pilot[None]) -> CompareScreen:
    """Wait until both sides of Compare are what is asked for."""

    def screen() -> CompareScreen:
        assert isinstance(pilot.app.screen, CompareScreen)
        return pilot.app.screen

    await until(pilot, lambda: screen().is_settled)
    return screen()


async def played(pilot: Pilot[None]) -> None:
    """Wait until the Explore screen has played to the end, however long the steps take."""
    while app_of(pilot).explore.playback.is_playing:
        await pilot.pause(0.001)


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, and wait until what they called for is done."""
    await pilot.press(*keys)
    await pilot.pause(0)


def is_exploring(app: ExplorerApp) -> bool:
    """Return True once Explore has taken the place of the first frame."""
    return any(isinstance(screen, ExploreScreen) and screen.is_mounted for screen in app.screen_stack)


async def past_first_frame(pilot: Pilot[None]) -> None:
    """Wait until Explore has taken the place of the first frame, whether a model is open or not."""
    while not is_exploring(app_of(pilot)):
        await pilot.pause(0)
    await pilot.pause()


def raised(app: ExplorerApp) -> Exception | None:
    """The exception that ended the application, if one did."""
    return app._exception


def set_terminal_size(app: ExplorerApp, size: Size) -> None:
    """Give the terminal another size, which the application learns from an event; see `Pilot.resize_terminal`."""
    assert isinstance(app._driver, HeadlessDriver)
    app._driver._size = size


def notifications(app: ExplorerApp) -> list[Notification]:
    """The notifications on the screen, oldest first."""
    return list(app._notifications)


def messages(app: ExplorerApp) -> list[str]:
    """The texts of the notifications on the screen, oldest first."""
    return [notification.message for notification in notifications(app)]


def strips(app: ExplorerApp) -> Sequence[Strip]:
    """The lines of the screen with their styles, before the filters of the application."""
    return app.screen._compositor.render_strips()


def screen_text(app: ExplorerApp) -> str:
    """Everything on the screen, as it would reach the terminal."""
    return "\n".join(strip.text for strip in strips(app))


def lines(widget: Drawn) -> list[str]:
    """What a widget has on the screen."""
    return [widget.render_line(y).text.rstrip() for y in range(widget.size.height)]


def drawn(app: ExplorerApp) -> list[Strip]:
    """The lines of the screen after the last filter of the application, as they reach the terminal."""
    return [strip.apply_filter(app._filters[-1], Color(0, 0, 0)) for strip in strips(app)]


async def dispatch(pump: MessagePump, message: Message) -> None:
    """Let an application or a screen handle a message now."""
    await pump._dispatch_message(message)


def before_closing(app: ExplorerApp, monkeypatch: pytest.MonkeyPatch, callback: Callable[[], Awaitable[None]]) -> None:
    """Await a callback once the application is shutting down, before its screens are closed."""
    close_all = app._close_all

    async def close() -> None:
        await callback()
        await close_all()

    monkeypatch.setattr(app, "_close_all", close)
