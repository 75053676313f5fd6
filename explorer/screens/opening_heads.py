"""The part of the Explore screen that opens the Heads screen and returns from it to a head."""

from typing import TYPE_CHECKING

from textual.screen import Screen

from explorer.core.gallery import Gallery, Head, Sort
from explorer.view import choose_head
from explorer.widgets.header import HeaderLine

if TYPE_CHECKING:
    from explorer.app import ExplorerApp


class OpeningHeads(Screen[None]):
    """What is computed of the heads is kept until other traces are shown."""

    app: "ExplorerApp"
    _heads_gallery: Gallery | None = None
    _heads_sort = Sort.POSITION

    def show_scores(self) -> None:
        """Name the kind of the head in view in the header, now that the heads are measured."""
        header = self.query_one(HeaderLine)
        header.scores = self.app.scores_in_view
        header.forget()

    def action_heads(self) -> None:
        """Open the Heads screen."""
        from explorer.screens.heads import HeadsScreen

        reading = self.app.reading
        if reading is None:
            return
        if self._heads_gallery is not None and self._heads_gallery.is_of(reading):
            self._heads_gallery.reading = reading
        else:
            self._heads_gallery = Gallery(reading)
        screen = HeadsScreen(self._heads_gallery, self._heads_sort)

        def opened(head: Head | None) -> None:
            self._heads_sort = screen.sort
            if head is not None:
                self.app.change(choose_head(*head))

        self.app.push_screen(screen, opened)
