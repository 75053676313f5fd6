"""Taking it away from the Explore screen: copied to the clipboard, written to a file, or as a link line."""

from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from explorer.core import export
from explorer.core.formatting import visible
from explorer.core.link import link_line
from explorer.screens.dialogs.base import Dialog
from explorer.screens.dialogs.export import Wanted, WriteScreen
from explorer.view import Stage
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.messages import WorkerMessage
from explorer.widgets.panels.cell import CellPanel
from explorer.widgets.panels.predictions import PredictionsPanel
from model.errors import ModelError

if TYPE_CHECKING:
    from explorer.app import ExplorerApp
    from explorer.core.reading import Reading

MOST_COPIED = 1_000_000
"""Characters: terminals drop what is much longer than this, and many do so earlier."""


class Written(WorkerMessage):
    """A worker has written a file, or says why it could not."""

    def __init__(self, name: str, size: int, reason: str = "") -> None:
        super().__init__()
        self.name = name
        self.size = size
        self.reason = reason


class LinkScreen(Dialog[None]):
    """Shows the link line, without a frame beside it: where the clipboard cannot be reached it is marked by hand."""

    CSS_PATH = "taking.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,L,enter,space", "dismiss", "Close", show=False)]

    def __init__(self, link: str) -> None:
        super().__init__()
        self._link = link

    def compose(self) -> ComposeResult:
        """The line."""
        with VerticalScroll() as box:
            box.border_title = "This command line opens this view again; it is copied"
            box.border_subtitle = "esc closes"
            yield Static(Text(self._link, overflow="fold"), markup=False)


class Taking(Screen[None]):
    """The part of the Explore screen from which things are taken."""

    app: "ExplorerApp"

    def action_copy(self) -> None:
        """Copy the part that has the focus."""
        reading = self.app.reading
        if reading is None:
            return
        table = self._table_in_focus(reading)
        text = table.tsv()
        if len(text) > MOST_COPIED:
            self.app.warn(f"{table.what}: {_size(len(text))} are too much for a clipboard, write a file with w")
        else:
            self.app.copy_to_clipboard(text)
            self.notify(f"copied: {table.what}", markup=False)

    def _table_in_focus(self, reading: "Reading") -> export.Table:
        if isinstance(self.focused, Matrix):
            return export.matrix_table(reading, self._stage_in_focus(reading))
        if isinstance(self.focused, CellPanel):
            return export.cell_table(reading)
        if isinstance(self.focused, PredictionsPanel):
            return export.predictions_table(reading)
        return export.row_table(reading)

    def _stage_in_focus(self, reading: "Reading") -> Stage:
        """The stage of the matrix that has the focus, else of the one in view."""
        name = self.focused.id if isinstance(self.focused, Matrix) else None
        return next((each for each in export.MATRICES if name == f"matrix-{each.value}"), export.stage_in_view(reading))

    def action_link(self) -> None:
        """Show and copy the link line."""
        try:
            link = link_line(self.app.view)
        except ModelError as error:
            self.app.warn(str(error))
            return
        self.app.copy_to_clipboard(link)
        self.app.push_screen(LinkScreen(link))

    def action_write(self) -> None:
        """Ask what to write to which file."""
        if (reading := self.app.reading) is not None:
            stage = self._stage_in_focus(reading)
            screen = WriteScreen(reading, stage, download=self.app.is_web)
            self.app.push_screen(screen, partial(self._write_wanted, reading, stage))

    def _write_wanted(self, reading: "Reading", stage: Stage, wanted: Wanted | None) -> None:
        if wanted is None:
            return
        if wanted.format is export.SVG:
            # A picture shows the screen without the dialog and what is notified, when it is drawn again.
            self.app.clear_notifications()
            self.query("ToastRack").set(display=False)
            self.call_after_refresh(self.call_after_refresh, self._start_writing, reading, stage, wanted)
        else:
            self._start_writing(reading, stage, wanted)

    def _picture(self) -> bytes:
        # Not every viewer keeps the spaces at the beginning of a text without being told.
        return self.app.export_screenshot().replace("<text ", '<text xml:space="preserve" ').encode()

    def _start_writing(self, reading: "Reading", stage: Stage, wanted: Wanted) -> None:
        # A worker must not share what the screen goes on to change.
        reading = replace(reading, _heads=dict(reading._heads))
        picture = self._picture() if wanted.format is export.SVG else b""
        download = self.app.is_web

        def fill(file: BinaryIO) -> None:
            if wanted.format is export.SVG:
                file.write(picture)
            else:
                export.produce(reading, wanted.format, file, stage)

        def work() -> None:
            try:
                if download:
                    fill(made := BytesIO())
                    made.seek(0)
                    self.app.call_from_thread(self.app.deliver_binary, made, save_filename=wanted.path.name)
                    return
                size = export.write_file(wanted.path, fill, overwrite=wanted.overwrite)
            except ModelError as error:
                self.post_message(Written(wanted.path.name, 0, str(error)))
            except Exception as error:
                reason = f"{wanted.path.name!r} cannot be written: {type(error).__name__}: {error}"
                self.post_message(Written(wanted.path.name, 0, reason))
            else:
                self.post_message(Written(str(wanted.path), size))

        self.run_worker(work, group="write", thread=True, exit_on_error=False)

    def on_written(self, message: Written) -> None:
        """Say what was written, or why it was not."""
        if message.reason:
            self.app.warn(message.reason)
        else:
            self.notify(f"wrote {visible(message.name)}, {_size(message.size)}", markup=False)


def _size(count: int) -> str:
    """Bytes in a unit that people read."""
    for unit, size in (("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"
