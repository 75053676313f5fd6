"""The Heads screen: every layer and head at once, as pictures of their weights or as a map of how peaked they are."""

from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static
from textual.worker import get_current_worker

from explorer.actions import HEADS, footer
from explorer.core.formatting import fit, visible
from explorer.core.gallery import Gallery, Measured, Sort
from explorer.core.throttle import Throttle
from explorer.screens.base import ActionScreen, bindings
from explorer.screens.exporter import Exporter
from explorer.view import Stage, choose_head
from explorer.widgets.heads.detail import JOINED, HeadDetail, Notes
from explorer.widgets.heads.grid import HeadGrid
from explorer.widgets.heads.map import HeadMap, Measure
from explorer.widgets.heads.tiles import HeadTiles
from explorer.widgets.key_line import KeyLine
from explorer.widgets.messages import WorkerMessage
from explorer.widgets.too_small import SMALLEST, TooSmall
from model.settings import Head

if TYPE_CHECKING:
    from model.head_pictures import HeadPicture
    from model.head_scores import HeadScores


class PicturesDone(WorkerMessage):
    """Posted when a worker has computed pictures of some heads."""

    def __init__(self, gallery: Gallery, pictures: "dict[Head, HeadPicture]", last: bool) -> None:
        super().__init__()
        self.gallery = gallery
        self.pictures = pictures
        self.last = last


class HeadsScreen(ActionScreen[Head | None]):
    """Returns the head to open, or None.

    Pictures are computed head by head in a worker and scaled down at once, so that there is never more than one T × T
    matrix.
    """

    SCREEN = HEADS
    CSS_PATH = "heads.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (SMALLEST[0], "-narrow"), (JOINED, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-too-low"), (SMALLEST[1], "-low")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = bindings(HEADS)

    def __init__(self, gallery: Gallery, sort: Sort = Sort.POSITION) -> None:
        super().__init__()
        self.gallery = gallery
        self.sort = sort
        self._computing: int | None = None
        self._larger = 0
        self._hovered: Head | None = None
        self._exporter = Exporter(self, self.app)

    # Widgets

    def compose(self) -> ComposeResult:
        """Lay out pictures and map in the same place; one of them is displayed."""
        yield Static(id="heads-title", markup=False)
        yield HeadGrid()
        yield HeadMap()
        yield HeadDetail()
        yield KeyLine(footer(HEADS), self.is_possible)
        yield TooSmall()

    @property
    def grid(self) -> HeadGrid:
        """The pictures."""
        return self.query_one(HeadGrid)

    @property
    def map(self) -> HeadMap:
        """The map."""
        return self.query_one(HeadMap)

    @property
    def shows_map(self) -> bool:
        """True if the map is shown, False if the pictures are."""
        return self.map.display

    @property
    def tiles(self) -> HeadTiles:
        """The widget that is shown: map or pictures."""
        return self.map if self.shows_map else self.grid

    @property
    def chosen(self) -> Head:
        """The head that enter opens."""
        return self.tiles.chosen

    @property
    def scores(self) -> "HeadScores | None":
        """The head scores of this model, if they have been measured."""
        return self.app.scores_in_view

    @property
    def measured(self) -> Measured:
        """What has been measured of this model on other text."""
        costs = self.app.costs_in_view
        return Measured(self.scores, costs, len(costs) == len(self.gallery.heads))

    @property
    def is_settled(self) -> bool:
        """True if all pictures have been computed, at the size in which they are drawn, and all heads ablated."""
        block = self.grid.block
        if block is None or self._computing is not None or self.gallery.missing(block):
            return False
        return self.app.ablating_is_over or (self.scores is None and self.app.scoring_is_over)

    def on_mount(self) -> None:
        """Choose the head in view."""
        self.app.head_scores_changed.subscribe(self, lambda _: self.show_scores())
        self.app.head_costs_changed.subscribe(self, lambda _: self._show_costs())
        self.map.display = False
        view = self.gallery.reading.view
        self.grid.chosen = self.map.chosen = (view.layer, view.head)
        self.map.show(self.gallery, Measure.EFFECTIVE_KEYS)
        self.show()

    def show(self) -> None:
        """Draw all widgets again."""
        if self.is_gone:
            return
        with self.app.batch_update():
            self.grid.show(self.gallery, self.sort, self.measured, self._larger)
            self._show_title()
            self._show_detail()
            self.query_one(KeyLine).update()
        self.call_after_refresh(self._compute)

    def _show_title(self) -> None:
        reading = self.gallery.reading
        sort = "map of peakedness" if self.shows_map else f"sorted by {self.sort.value}"
        if not self.shows_map and not self.sort.is_of_sentence:
            sort += " on other text, pictures of this sentence"
        sizes = f"{reading.shape.n_layer} layers × {reading.shape.n_head} heads"
        title = f"Heads · {visible(reading.model_name)} · {sort} · {sizes} · {visible(reading.view.text[:200])}"
        self.query_one("#heads-title", Static).update(Text(fit(title, self.size.width), no_wrap=True))

    def _show_detail(self) -> None:
        head = self.chosen if self._hovered is None else self._hovered
        detail = self.query_one(HeadDetail)
        detail.show_head(self.gallery, head, self.scores, self.app.costs_in_view, self._notes(), self._legends())

    def _notes(self) -> Notes:
        """Return the notes to show in place of scores and costs until these are known."""
        if self.scores is None:
            if self.app.scoring_is_over:
                return Notes("no head scores", "")
            progress = self.app.scoring_progress
            done = "" if progress is None else f" {progress[0]} of {progress[1]} texts are read"
            return Notes(f"head scores are being measured…{done}", "")
        if self.app.ablating_is_over:
            return Notes("", "not ablated here: `explorer heads` measures the loss without this head")
        ablated, total = len(self.app.costs_in_view), len(self.gallery.heads)
        return Notes("", f"loss without it: {ablated} of {total} heads ablated…")

    def _legends(self) -> list[list[tuple[str, Style]]]:
        """The wordings of the legend, from long to short."""
        missing = len(self.gallery.missing(self.grid.block or 1))
        total = len(self.gallery.heads)
        base = self.query_one(HeadDetail).base
        done = f"   {total - missing} of {total} computed…" if missing else ""
        if self.shows_map:
            measure = self.map.measure.value
            return [
                [(f"{name}: ", base), *self.map.legend(cells), (f" {peaked}{done}", base)]
                for name, cells, peaked in (
                    (f"mean {measure} of the queries", 16, "= most peaked"),
                    (measure, 16, "peaked"),
                    (measure, 6, "peaked"),
                )
            ]
        block = self.grid.block or 1
        pixel = f"the weight on {block} keys together, mean of {block} queries" if block > 1 else "one weight"
        long, short = f"queries down, keys across; a pixel is {pixel}", f"a pixel: {pixel}"
        return [
            [(text + done + "   " * bool(cells), base), *(self.grid.legend(cells) if cells else ())]
            for text, cells in ((long, 16), (short, 16), (short, 6), (short, 0))
        ]

    def on_resize(self, event: events.Resize) -> None:
        """Choose the size of the pictures again."""
        self.call_after_refresh(self.show)

    def show_scores(self) -> None:
        """Show head scores that have just been measured, or how far that is."""
        if self.scores is None:
            self._show_detail()
        else:
            self.show()

    def _show_costs(self) -> None:
        """Show the costs just measured, and ablate the remaining heads."""
        if self.is_gone:
            return
        if self.app.ablating_is_over:
            self.show()  # the heads can be sorted by cost now
        else:
            self._show_detail()
            self._ablate()

    # Computing

    def _ablate(self) -> None:
        """Ablate each head once the pictures and the scores, which take less time, have been computed."""
        if self._computing is None and self.scores is not None:
            self.app.ablate_heads(self)

    def _compute(self) -> None:
        """Compute the missing pictures in a worker, those in view first."""
        if self.is_gone or (block := self.grid.block) is None:
            return
        missing = self.gallery.missing(block, self.grid.heads_in_view)
        if not missing:
            self._ablate()
        if not missing or self._computing == block:
            return
        self._computing = block
        job, gallery = self.gallery.job(missing, block), self.gallery

        def work() -> None:
            worker = get_current_worker()
            done: dict[Head, HeadPicture] = {}
            throttle = Throttle()
            for head, picture in job():
                if worker.is_cancelled:
                    return
                done[head] = picture
                if throttle.is_due():
                    self.post_message(PicturesDone(gallery, done, False))
                    done = {}
            self.post_message(PicturesDone(gallery, done, True))

        self.run_worker(work, group="pictures", thread=True, exclusive=True, exit_on_error=False)

    def on_pictures_done(self, message: PicturesDone) -> None:
        """Add the pictures to the gallery, and draw them."""
        for head, picture in message.pictures.items():
            message.gallery.add(head, picture)
        if message.last:
            self._computing = None
        if self.sort is Sort.PEAKEDNESS and message.last:
            self.show()
        elif message.last:
            self._compute()
        self.grid.update(list(message.pictures))
        self.map.update(list(message.pictures))
        self._show_detail()

    # Actions

    def is_possible(self, name: str) -> bool:
        """Return True if an action makes sense now."""
        if name in ("sort", "sort_back", "smaller", "larger"):
            return not self.shows_map
        return name != "measure" or self.shows_map

    def choose(self, head: Head) -> None:
        """Choose a head in the pictures and on the map."""
        self._hovered = None
        self.grid.choose(head)
        self.map.choose(head)
        self._show_detail()

    def action_head_left(self) -> None:
        """Choose the previous head."""
        self.choose(self.tiles.moved(-1, 0))

    def action_head_right(self) -> None:
        """Choose the next head."""
        self.choose(self.tiles.moved(1, 0))

    def action_head_up(self) -> None:
        """Choose the head above."""
        self.choose(self.tiles.moved(0, -1))

    def action_head_down(self) -> None:
        """Choose the head below."""
        self.choose(self.tiles.moved(0, 1))

    def action_page_up(self) -> None:
        """Choose the head one page above."""
        self.choose(self.tiles.moved(0, -self.tiles.page))

    def action_page_down(self) -> None:
        """Choose the head one page below."""
        self.choose(self.tiles.moved(0, self.tiles.page))

    def action_first_head(self) -> None:
        """Choose the first head."""
        self.choose(self.tiles.moved(-len(self.gallery.heads), 0))

    def action_last_head(self) -> None:
        """Choose the last head."""
        self.choose(self.tiles.moved(len(self.gallery.heads), 0))

    def action_write(self) -> None:
        """Ask what to write of the chosen head, or of the screen, to which file."""
        reading = self.gallery.reading
        of_chosen = reading.at(choose_head(*self.chosen)(reading.view, reading.bounds))
        self._exporter.ask(of_chosen, Stage.WEIGHTS)

    def on_exporter_written(self, message: Exporter.Written) -> None:
        """Say what was written, or why it was not."""
        self._exporter.report(message)

    def action_open(self) -> None:
        """Return to Explore with the chosen head."""
        self.dismiss(self.chosen)

    def action_back(self) -> None:
        """Return to Explore as it was."""
        self.dismiss(None)

    def action_sort(self, by: int = 1) -> None:
        """Sort by the next measure."""
        known = [sort for sort in Sort if sort is self.sort or sort.is_known(self.measured)]
        self.sort = known[(known.index(self.sort) + by) % len(known)]
        self.show()

    def action_sort_back(self) -> None:
        """Sort by the previous measure."""
        self.action_sort(-1)

    def action_map(self) -> None:
        """Show the map in place of the pictures, or the pictures again."""
        self._hovered = None
        to_map = not self.shows_map
        self.grid.display, self.map.display = not to_map, to_map
        self.show()

    def action_measure(self) -> None:
        """Draw the next measure on the map."""
        measures = list(Measure)
        self.map.show(self.gallery, measures[(measures.index(self.map.measure) + 1) % len(measures)])
        self._show_detail()

    def action_smaller(self) -> None:
        """Draw smaller pictures."""
        self._resize_pictures(-1)

    def action_larger(self) -> None:
        """Draw larger pictures."""
        self._resize_pictures(1)

    def _resize_pictures(self, by: int) -> None:
        before = self.grid.layout_in_use
        self._larger += by
        self.show()
        if self.grid.layout_in_use == before:  # there is no such size
            self._larger -= by
            self.show()

    # Mouse

    @on(HeadTiles.Chosen)
    def _clicked(self, event: HeadTiles.Chosen) -> None:
        self.choose(event.head)
        if event.opened:
            self.action_open()

    @on(HeadTiles.Hovered)
    def _over(self, event: HeadTiles.Hovered) -> None:
        self._hovered = event.head
        self._show_detail()
