"""What a keypress costs: work in milliseconds, and bytes sent to the terminal, beside the same matrix as a Rich Text.

    python -m tests.benchmarks.bench_screen [--size 120x36] [--positions 16,64,256,1024] [--repeats 9] [--no-text]

`ms` is the processor time of the application's thread from the key to the last byte, the median of the repeats; the
two programs take turns in one run. Up to 256 positions the model has the shape of ours (6 layers, 12 heads, 192
wide), from there on GPT-2's (12, 12, 768); both are random, as the time does not depend on what they have learned.
A change of scale runs the model again where it acts (one head here); a long one does so in a worker, whose time counts.
The other program shows one matrix as a Rich Text, built anew for each key; for its head and scale the numbers are
taken from the same model.
"""

import argparse
import asyncio
import gc
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

os.environ.update(TEXTUAL_COLOR_SYSTEM="truecolor", TEXTUAL_ANIMATIONS="none")

import torch
from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.containers import ScrollableContainer
from textual.drivers.headless_driver import HeadlessDriver
from textual.widgets import Static

from explorer.app import ExplorerApp
from explorer.view import View, move_head
from explorer.widgets.palette import palette_of
from model import tokenizer
from model.checkpoint import Checkpoint
from model.config import GPTConfig
from model.gpt import GPT

if TYPE_CHECKING:
    from explorer.core.reading import Reading

WORDS = "Ivan is the guy who ate the sandwich and the dog saw the cat once upon a time there was a little fox "
STEPS = {"query step": ("left", "right"), "head change": ("[", "]"), "scale change": ("-", "+")}
_NAMES = {"[": "left_square_bracket", "]": "right_square_bracket", "-": "minus", "+": "plus"}


class CountingDriver(HeadlessDriver):
    """Takes what would go to a terminal and counts it."""

    written: ClassVar[int] = 0
    last: ClassVar[float] = 0.0

    @property
    def is_headless(self) -> bool:
        return False  # otherwise Textual draws nothing at all

    def write(self, data: str) -> None:
        CountingDriver.written += len(data.encode())
        CountingDriver.last = time.perf_counter()


def random_model(positions: int) -> Checkpoint:
    """A model that reads so many positions, in memory only."""
    made = tokenizer.train_bpe((WORDS,), 300)
    large = positions > 256
    shape = {"n_layer": 12, "n_head": 12, "n_embd": 768} if large else {"n_layer": 6, "n_head": 12, "n_embd": 192}
    vocabulary = 50257 if large else tokenizer.vocab_size(made)
    gpt = GPT(GPTConfig(vocab_size=vocabulary, n_positions=positions, initializer_range=0.08, **shape))
    gpt.initialize(torch.Generator().manual_seed(3))
    return Checkpoint("random", Path("random"), gpt.config, gpt.eval().requires_grad_(False), made)


def text_of(model: Checkpoint, positions: int) -> str:
    """A text of exactly so many tokens."""
    found = tokenizer.encode(model.tokenizer, WORDS * (1 + positions // 10))
    return found.text[: found.spans[positions - 1][1]]


class TextApp(App[None]):
    """The plain way: one matrix as a Rich Text in a Static, made anew for each key."""

    def __init__(self, reading: "Reading") -> None:
        super().__init__(driver_class=CountingDriver)
        self.reading = reading
        self.scale = 1.0
        self._levels: list[list[int]] = []

    def compose(self) -> ComposeResult:
        with ScrollableContainer():
            yield Static(id="matrix")

    def on_mount(self) -> None:
        self.query_one("#matrix").styles.width = "auto"
        self.palette = palette_of(self, (18, 18, 18))
        self._number()
        self._draw()

    def on_key(self, event: events.Key) -> None:
        view, bounds = self.reading.view, self.reading.bounds
        if event.key in ("left", "right"):
            query = max(0, min(bounds.positions - 1, view.query + (1 if event.key == "right" else -1)))
            self.reading = self.reading.at(replace(view, query=query))
        elif event.key in ("minus", "plus"):
            self.scale *= 0.7 if event.key == "minus" else 1 / 0.7
            self._number()
        else:
            self.reading = self.reading.at(move_head(1 if event.key.startswith("right") else -1)(view, bounds))
            self._number()
        self._draw()

    def _number(self) -> None:
        ramp = self.palette.sequential
        weights = self.reading.as_set.head(self.reading.view.layer, self.reading.view.head).rescaled(self.scale).weights
        self._levels = [[ramp.level(x, 1.0) for x in row] for row in weights.tolist()]

    def _draw(self) -> None:
        text = Text(no_wrap=True)
        ramp, query, key = self.palette.sequential, self.reading.view.query, self.reading.view.key
        for i, row in enumerate(self._levels):
            for j, level in enumerate(row):
                here = (i, j) == (query, key)
                text.append("[]" if here else "  ", ramp.levels[level].style + Style(bold=here))
            text.append("\n")
        self.query_one("#matrix", Static).update(text)


@dataclass
class Measured:
    """Milliseconds of work, milliseconds until the last byte, and bytes; one entry a keypress."""

    work: list[float] = field(default_factory=list)
    wait: list[float] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        if not self.work:
            return f"{'–':>9} {'–':>9}"
        return f"{statistics.median(self.work):9.2f} {statistics.median(self.sent):9,.0f}"

    @property
    def median(self) -> float:
        return statistics.median(self.work) if self.work else float("nan")


async def settle(app: App[Any], start: int, still: float) -> None:
    """Wait until nothing has been written for a while, at least once since `start` bytes, and all is computed."""
    for _ in range(2000):
        await asyncio.sleep(still)
        computed = not isinstance(app, ExplorerApp) or (app.reading is not None and app.reading.view == app.view)
        if computed and CountingDriver.written > start and time.perf_counter() - CountingDriver.last > still:
            return
    raise TimeoutError("nothing was drawn")


async def measured_key(app: App[Any], key: str, result: Measured, still: float) -> None:
    """Press a key and take its measures."""
    gc.collect()
    sent, begun, clock = CountingDriver.written, time.process_time(), time.perf_counter()
    app.post_message(events.Key(_NAMES.get(key, key), key if len(key) == 1 else None))
    await settle(app, sent, still)
    result.work.append((time.process_time() - begun) * 1e3)
    result.wait.append((CountingDriver.last - clock) * 1e3)
    result.sent.append(CountingDriver.written - sent)


async def measure(
    make: Callable[[], App[Any]], size: tuple[int, int], keys: dict[str, tuple[str, ...]], repeats: int, still: float
) -> dict[str, Measured]:
    """Run an application and press every kind of key `repeats` times, in turn."""
    app = make()
    results = {name: Measured() for name in keys}

    async def pilot(_: object) -> None:
        while getattr(app, "reading", None) is None:
            await asyncio.sleep(0.05)
        await settle(app, 0, 0.3)
        busy = 1.0
        while busy > 0.01:  # heads are measured in the background
            begun = time.process_time()
            await asyncio.sleep(0.5)
            busy = time.process_time() - begun
        for name, pair in keys.items():  # once unmeasured: caches of glyph widths and styles
            for key in pair:
                await measured_key(app, key, Measured(), still)
            for i in range(repeats):
                await measured_key(app, pair[i % 2], results[name], still)
        app.exit()

    await app.run_async(size=size, auto_pilot=pilot)  # type: ignore[arg-type]
    return results


def explorer_app(model: Checkpoint, view: View) -> ExplorerApp:
    """Our application with an open model, writing to the counting driver."""
    app = ExplorerApp(view, lambda name: model)
    app.driver_class = CountingDriver
    return app


def bench(positions: int, size: tuple[int, int], repeats: int, with_text: bool) -> list[str]:
    """The lines of the table for one length."""
    from explorer.core.readings import ReadingService

    model = random_model(positions)
    view = View("random", text_of(model, positions), query=positions * 2 // 3, key=positions // 3, layer=1, head=1)
    engine = ReadingService(lambda name: model)
    engine.add_model("random", model)
    reading = engine.read(view)
    assert len(reading.encoding) == positions
    still = 0.1 if positions <= 256 else 0.4
    ours = asyncio.run(measure(lambda: explorer_app(model, view), size, STEPS, repeats, still))
    plain: dict[str, Measured] = {}
    if with_text:
        few = repeats if positions <= 64 else 3 if positions <= 256 else 1
        plain = asyncio.run(measure(lambda: TextApp(reading), size, STEPS, few, still))
    lines = []
    for name, result in ours.items():
        other = plain.get(name, Measured())
        ratio = f"{other.median / result.median:8.1f}×" if plain else ""
        lines.append(f"{positions:>6}  {name:13} {result} {statistics.median(result.wait):9.1f}   {other} {ratio}")
    return lines


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="120x36", help="columns x rows (default %(default)s)")
    parser.add_argument("--positions", default="16,64,256,1024", help="lengths in tokens (default %(default)s)")
    parser.add_argument("--repeats", type=int, default=9, help="keypresses of each kind (default %(default)s)")
    parser.add_argument("--no-text", action="store_true", help="leave out the Rich Text, which is slow when long")
    options = parser.parse_args()
    columns, rows = map(int, options.size.split("x"))
    torch.set_num_threads(1)
    print(f"{options.size} cells, medians of {options.repeats} keypresses, one thread")
    print(f"{'':22}{'explorer':>19} {'until':>9}   {'Rich Text':>19}    Text /")
    print(f"{'tokens':>6}  {'keypress':13} {'ms':>9} {'bytes':>9} {'drawn ms':>9}   {'ms':>9} {'bytes':>9} explorer")
    for positions in map(int, options.positions.split(",")):
        for line in bench(positions, (columns, rows), options.repeats, not options.no_text):
            print(line, flush=True)
    unit = 2**10 if sys.platform != "darwin" else 2**20
    print(f"most memory of the process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit:,.0f} MiB")


if __name__ == "__main__":
    main()
