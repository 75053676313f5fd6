"""Small models that are opened once, and an application that opens them without a wait."""

import gc
from asyncio import AbstractEventLoop
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import pytest
import torch
from textual._styles_cache import StylesCache
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot

from explorer.app import ExplorerApp
from explorer.core import head_costs, head_scores
from explorer.training.process import ProcessStarter
from explorer.view import View
from explorer.widgets.sentence import SentenceEditor
from model import checkpoint, tokenizer
from model.checkpoint import Checkpoint
from model.config import GPTConfig
from model.errors import ModelError
from model.gpt import GPT
from model.head_scores import HeadScores, Progress
from model.interface import TracedModel
from tests.explorer.helpers import settled
from tests.explorer.idle import new_event_loop, until_idle
from tests.explorer.small import save_small
from tests.explorer.terminal import Terminal

SENTENCES = (
    "Ivan is the guy who ate the sandwich",
    "the cat saw the dog and the dog saw the cat",
    "once upon a time there was a little fox who ate a big sandwich",
)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], AbstractEventLoop]]:
    """Run each test in a loop that knows when it is idle."""
    return {"idle": new_event_loop}


@pytest.fixture(scope="session")
def char_model(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """Ten characters, context 16, head_size 6."""
    return checkpoint.load(save_small(tmp_path_factory.mktemp("models") / "tiny-char"))


@pytest.fixture(scope="session")
def bpe_model(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """Byte-level BPE, which knows every text; context 48, head_size 16, two layers of four heads."""
    made = tokenizer.train_bpe(SENTENCES, 320)
    gpt = GPT(
        GPTConfig(
            vocab_size=tokenizer.vocab_size(made),
            n_positions=48,
            n_embd=64,
            n_layer=2,
            n_head=4,
            initializer_range=0.15,
        )
    )
    gpt.initialize(torch.Generator().manual_seed(3))
    directory = tmp_path_factory.mktemp("models") / "tiny-bpe"
    checkpoint.save(directory, gpt, made)
    return checkpoint.load(directory)


Opener = Callable[[str], Any]


@pytest.fixture
def opener(char_model: Checkpoint, bpe_model: Checkpoint) -> Opener:
    """Opens `char` and `bpe`, and refuses every other name as a missing checkpoint is refused."""

    def open_model(name: str) -> Checkpoint:
        found = {"char": char_model, "bpe": bpe_model}.get(name)
        if found is None:
            raise ModelError(f"no model is called {name!r}: there are char and bpe")
        return found

    return open_model


@pytest.fixture(scope="session")
def measure_once(char_model: Checkpoint, bpe_model: Checkpoint) -> Callable[..., HeadScores]:
    """Measures heads as ever, but in applications those of `char` and `bpe` only once for all tests."""
    measure = head_scores.measure_heads
    measured: dict[str, HeadScores] = {}

    def scores(model: TracedModel, seed: int = head_scores.SEED, progress: Progress | None = None) -> HeadScores:
        for each in (char_model, bpe_model):
            if progress is not None and model.tokenizer is each.tokenizer and model.config == each.config:
                if each.name not in measured:
                    measured[each.name] = measure(model, seed, progress)
                return measured[each.name]
        return measure(model, seed, progress)

    return scores


_parse_rules = Stylesheet._parse_rules
_parsed_rules: dict[Any, list[RuleSet]] = {}


def _parse_rules_once(sheet: Stylesheet, css: str, **place: Any) -> list[RuleSet]:
    """Parse style rules, which are the same in every application of a theme, once for all tests."""
    key = (css, *place.values(), *sheet._variables.items())
    if key not in _parsed_rules:
        _parsed_rules[key] = _parse_rules(sheet, css, **place)
    return _parsed_rules[key]


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch, measure_once: Callable[..., HeadScores]) -> Iterator[None]:
    """Nothing moves by itself: what is typed is shown at once. Heads are measured on little text.

    Pilot waits as long as it takes: after its own 30 seconds a test would fail on a machine that is busy otherwise.
    It waits for an idle event loop, not for an idle processor, and screens are repainted at once.
    """
    monkeypatch.setattr(Pilot._wait_for_screen, "__defaults__", (3600.0,))
    monkeypatch.setattr("textual.app.wait_for_idle", until_idle)
    monkeypatch.setattr("textual.pilot.wait_for_idle", until_idle)
    monkeypatch.setattr("textual.screen.UPDATE_PERIOD", 0.001)
    monkeypatch.setattr(gc, "get_freeze_count", lambda: 1)  # frozen once for all tests; counting takes long
    monkeypatch.setattr(SentenceEditor, "preview_delay", 0.0)
    monkeypatch.setattr(Stylesheet, "_parse_rules", _parse_rules_once)
    monkeypatch.setattr(head_scores, "measure_heads", measure_once)
    monkeypatch.setattr(head_scores, "STORIES", 2)
    monkeypatch.setattr(head_scores, "REPEATS", 2)
    monkeypatch.setattr(head_costs, "MOST_TOKENS", 48)
    monkeypatch.setattr(head_costs, "REPEATS", 1)
    monkeypatch.delenv("NO_COLOR", raising=False)
    yield
    # It keeps every line of the widgets that are gone, and each collection of garbage looks through them.
    StylesCache.get_inner_outer.cache_clear()


@pytest.fixture
def make_app(opener: Opener) -> Callable[..., ExplorerApp]:
    """An application on the model `bpe` and our sentence, or on another view."""

    def make(view: View | None = None, start_process: ProcessStarter | None = None, **fields: Any) -> ExplorerApp:
        view = view or View(**{"model": "bpe", "text": SENTENCES[0], **fields})
        return ExplorerApp(view, opener, start_process=start_process)

    return make


Ready = Callable[[Pilot[None]], Awaitable[None]]


@pytest.fixture
def ready() -> Ready:
    """Waits until the application has computed what it was asked for."""
    return settled


@pytest.fixture
def started() -> Iterator[list[Terminal]]:
    """The terminals that a test has started; they are closed in the end."""
    terminals: list[Terminal] = []
    yield terminals
    for terminal in terminals:
        terminal.close()
