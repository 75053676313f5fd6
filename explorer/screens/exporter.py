"""Exporter: copies what a screen shows to the clipboard, and writes it to files in a worker."""

from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from textual.screen import Screen

from explorer.core import export
from explorer.core.formatting import visible
from explorer.screens.dialogs.export import Wanted, WriteScreen
from explorer.view import Stage
from explorer.widgets.messages import WorkerMessage
from model.errors import ModelError

if TYPE_CHECKING:
    from explorer.app import ExplorerApp
    from explorer.core.reading import Reading

MOST_COPIED = 1_000_000
"""Characters: terminals drop what is much longer than this, and many do so earlier."""


class Exporter:
    """Belongs to a screen, which gets `Written` once a file is written and hands it to `report`."""

    class Written(WorkerMessage):
        """A worker has written a file, or could not for a `reason`."""

        def __init__(self, name: str, size: int, reason: str = "") -> None:
            super().__init__()
            self.name = name
            self.size = size
            self.reason = reason

    def __init__(self, screen: Screen[Any], app: "ExplorerApp") -> None:
        self._screen = screen
        self._app = app

    def copy(self, table: export.Table) -> None:
        """Copy a table with tabs between its columns."""
        text = table.tsv()
        if len(text) > MOST_COPIED:
            self._app.warn(f"{table.what}: {_size(len(text))} are too much for a clipboard, write a file with w")
        else:
            self._app.copy_to_clipboard(text)
            self._app.notify(f"copied: {table.what}", markup=False)

    def ask(self, reading: "Reading", stage: Stage) -> None:
        """Ask what to write to which file, and write it; CSV holds the matrix of `stage`."""

        def asked(wanted: Wanted | None) -> None:
            if wanted is not None:
                self._write(reading, stage, wanted)

        self._app.push_screen(WriteScreen(reading, stage, download=self._app.is_web), asked)

    def report(self, message: Written) -> None:
        """Say what was written, or why it was not."""
        if message.reason:
            self._app.warn(message.reason)
        else:
            self._app.notify(f"wrote {visible(message.name)}, {_size(message.size)}", markup=False)

    def _write(self, reading: "Reading", stage: Stage, wanted: Wanted) -> None:
        """Write a file in a worker; CSV holds the matrix of `stage`."""
        if wanted.format is export.SVG:
            # A picture shows the screen without the dialog and notifications, once it is drawn again.
            self._app.clear_notifications()
            self._screen.query("ToastRack").set(display=False)
            self._screen.call_after_refresh(self._screen.call_after_refresh, self._start, reading, stage, wanted)
        else:
            self._start(reading, stage, wanted)

    def _picture(self) -> bytes:
        # Without this attribute some viewers drop the spaces at the beginning of a text.
        return self._app.export_screenshot().replace("<text ", '<text xml:space="preserve" ').encode()

    def _start(self, reading: "Reading", stage: Stage, wanted: Wanted) -> None:
        reading = reading.detached()  # the screen goes on to change the cache of heads
        picture = self._picture() if wanted.format is export.SVG else b""
        app, screen = self._app, self._screen
        download = app.is_web

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
                    app.call_from_thread(app.deliver_binary, made, save_filename=wanted.path.name)
                    return
                size = export.write_file(wanted.path, fill, overwrite=wanted.overwrite)
            except ModelError as error:
                screen.post_message(self.Written(wanted.path.name, 0, str(error)))
            except Exception as error:
                reason = f"{wanted.path.name!r} cannot be written: {type(error).__name__}: {error}"
                screen.post_message(self.Written(wanted.path.name, 0, reason))
            else:
                screen.post_message(self.Written(str(wanted.path), size))

        screen.run_worker(work, group="write", thread=True, exit_on_error=False)


def _size(count: int) -> str:
    """Bytes in a unit that people read."""
    for unit, size in (("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"
