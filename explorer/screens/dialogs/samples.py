"""The dialog that offers sample sentences, each with what it shows."""

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from data.samples import SAMPLES, SHAKESPEARE_SAMPLES, Sample
from explorer.core.formatting import marked
from explorer.screens.dialogs.base import Dialog
from explorer.widgets.options import Options
from model.tokenizer import encode

if TYPE_CHECKING:
    from explorer.core.reading import Reading


def suitable(reading: "Reading") -> tuple[Sample, ...]:
    """Return the samples without unknown characters that fit into the context, from the list with more of them.

    If there are none, as for a model with a small alphabet, return the whole first list.
    """

    def readable(sample: Sample) -> bool:
        encoding = encode(reading.tokenizer, sample.text)
        return not encoding.unknown and 0 < len(encoding) <= reading.shape.n_positions

    found = [(tuple(filter(readable, samples)), len(samples)) for samples in (SAMPLES, SHAKESPEARE_SAMPLES)]
    return max(found, key=lambda pair: len(pair[0]) / pair[1])[0] or SAMPLES


class SamplesScreen(Dialog[Sample | None]):
    """Returns the chosen sample, or None."""

    CSS_PATH = "samples.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,p", "dismiss(None)", "Close", show=False),
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
    ]

    def __init__(self, samples: tuple[Sample, ...], current: str) -> None:
        super().__init__()
        self._samples = samples
        self._current = current

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        options = [Option(_prompt(sample)) for sample in self._samples]
        chosen = Options(*options, markup=False)
        chosen.border_title = "Sample sentences"
        chosen.border_subtitle = "↑↓ choose · enter opens · esc closes"
        texts = [sample.text for sample in self._samples]
        chosen.highlighted = texts.index(self._current) if self._current in texts else 0
        yield chosen

    def action_cursor_up(self) -> None:
        """Move up, as the arrow does."""
        self.query_one(OptionList).action_cursor_up()

    def action_cursor_down(self) -> None:
        """Move down, as the arrow does."""
        self.query_one(OptionList).action_cursor_down()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._samples[event.option_index])


def _prompt(sample: Sample) -> Text:
    return Text(marked(sample.text) + "\n") + Text("  " + sample.shows, "italic")
