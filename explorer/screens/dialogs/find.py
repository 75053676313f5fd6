"""The dialog that finds a head: all heads, ranked by what they do from the query in view to the key in view."""

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static
from textual.worker import get_current_worker

from explorer.actions import EXPLORE, action_named
from explorer.core.formatting import quoted
from explorer.core.head_search import AblationEffect, HeadSearch, Order
from explorer.core.throttle import Throttle
from explorer.screens.dialogs.base import Dialog
from explorer.widgets.heads.ranking import HeadRanking
from explorer.widgets.messages import WorkerMessage
from model.errors import ModelError
from model.settings import Head

if TYPE_CHECKING:
    from explorer.app import ExplorerApp

_KEYS = "↑↓ head · ←→ query · j k key · tab order · enter opens"


class FindScreen(Dialog[Head | None]):
    """Returns the head to open, or None.

    The query and the key move in the application's view, so that Explore behind the dialog follows. What ablating
    each head does is computed in a worker once the heads are ranked by it; leaving the dialog cancels the worker.
    """

    CSS_PATH = "find.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,slash", "dismiss(None)", "Close", show=False),
        Binding("enter", "open", "Open", show=False),
        Binding("up", "choose(-1)", "Head above", show=False),
        Binding("down", "choose(1)", "Head below", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("left,h", "change_view('query_previous')", "Previous query", show=False),
        Binding("right,l", "change_view('query_next')", "Next query", show=False),
        Binding("home", "change_view('query_first')", "First query", show=False),
        Binding("end", "change_view('query_last')", "Last query", show=False),
        Binding("k", "change_view('key_previous')", "Previous key", show=False),
        Binding("j", "change_view('key_next')", "Next key", show=False),
        Binding("tab,s", "order(1)", "Next order", show=False),
        Binding("shift+tab,S", "order(-1)", "Previous order", show=False),
    ]

    app: "ExplorerApp"

    class Ablated(WorkerMessage):
        """Posted when the worker has ablated some heads or has ended, with a `reason` if it failed."""

        def __init__(self, effects: dict[Head, AblationEffect], is_last: bool, reason: str = "") -> None:
            super().__init__()
            self.effects = effects
            self.is_last = is_last
            self.reason = reason

    def __init__(self, search: HeadSearch, order: Order = Order.WEIGHT) -> None:
        super().__init__()
        self._search = search
        self.order = order
        self._place = 0
        self._is_ablating = False

    def compose(self) -> ComposeResult:
        """Lay out a line that says what is ranked, and the list."""
        with Vertical(id="find") as box:
            box.border_subtitle = _KEYS
            yield Static(id="find-note", markup=False)
            yield HeadRanking()

    def on_mount(self) -> None:
        """Show the ranking for the view as it is."""
        self.app.head_scores_changed.subscribe(self, lambda _: self.show())
        self.show()
        self._ablate_if_needed()

    @property
    def ranking(self) -> HeadRanking:
        """The list."""
        return self.query_one(HeadRanking)

    def show(self) -> None:
        """Draw the ranking for the query and the key in view."""
        reading = self.app.reading
        if reading is None or not self._search.is_of(reading):
            return
        view, tokens = reading.view, reading.encoding.tokens
        query, key = (f"{place} {quoted(tokens[place], 14)}" for place in (view.query, view.key))
        self.query_one("#find").border_title = Content(f"Find the head: {query} looks at {key}")
        ranking = self._search.ranking(reading, self.order)
        self.ranking.show(ranking, self.order, self.app.scores_in_view, self._place, (view.layer, view.head))
        self.query_one("#find-note", Static).update(Text(self._note(view.key > view.query and reading.bounds.causal)))

    def _note(self, is_hidden: bool) -> str:
        total, missing = len(self._search.heads), len(self._search.missing)
        if self.order is Order.WEIGHT:
            if is_hidden:
                return "As trained, the mask hides this key from this query: choose an earlier key."
            return f"All {total} heads by their weight on this sentence. ★: the largest of its row."
        what = "the loss rises" if self.order is Order.LOSS else "the predictions change (KL)"
        note = f"By how much {what}, on this sentence, if the head is ablated."
        return f"{note} {total - missing} of {total}…" if missing else note

    # Ablating

    def _ablate_if_needed(self) -> None:
        """Ablate the heads that are missing in a worker, if the order needs it."""
        reading, heads = self.app.reading, self._search.missing
        if reading is None or not heads or not self.order.needs_ablation or self._is_ablating:
            return
        try:
            effects = self.app.readings.ablate(reading, heads)
        except ModelError as error:
            self.app.warn(str(error))
            return
        self._is_ablating = True

        def work() -> None:
            worker = get_current_worker()
            done: dict[Head, AblationEffect] = {}
            throttle = Throttle()
            try:
                for head, effect in effects:
                    if worker.is_cancelled:
                        return
                    done[head] = effect
                    if throttle.is_due():
                        self.post_message(self.Ablated(done, False))
                        done = {}
            except Exception as error:
                unexpected = f"the heads cannot be ablated: {type(error).__name__}: {error}"
                self.post_message(self.Ablated(done, True, str(error) if isinstance(error, ModelError) else unexpected))
            else:
                self.post_message(self.Ablated(done, True))

        self.run_worker(work, group="ablation", thread=True, exit_on_error=False)

    @on(Ablated)
    def _ablated(self, message: Ablated) -> None:
        self._search.add(message.effects)
        if message.is_last:
            self._is_ablating = False
        if message.reason:
            self.app.warn(message.reason)
        self.show()

    # Keys and mouse

    def action_change_view(self, name: str) -> None:
        """Move the query or the key, and choose the best head again."""
        action = action_named(EXPLORE, name)
        if action is None or action.change is None:
            return
        self.app.change(action.change)
        self._place = 0
        self.show()

    def action_order(self, by: int) -> None:
        """Rank by weight, by loss, or by KL."""
        orders = list(Order)
        self.order = orders[(orders.index(self.order) + by) % len(orders)]
        self._place = 0
        self._ablate_if_needed()
        self.show()

    def action_choose(self, by: int) -> None:
        """Choose another head of the list."""
        self._place = self.ranking.choose(self._place + by)

    def action_page(self, by: int) -> None:
        """Choose a head one page away."""
        self.action_choose(by * self.ranking.page)

    def action_open(self) -> None:
        """Open the chosen head, once the heads are ranked."""
        if (head := self.ranking.chosen) is not None:
            self.dismiss(head)

    @on(HeadRanking.Chosen)
    def _clicked(self, event: HeadRanking.Chosen) -> None:
        self._place = self.ranking.choose(self.ranking.place_of(event.head))
        if event.opened:
            self.dismiss(event.head)
