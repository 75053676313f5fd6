"""Head scores in the application are those of model.head_scores, on text and never on the sentence."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from textual.pilot import Pilot

from data import storyteller
from explorer.app import ExplorerApp
from explorer.core import head_kinds, head_scores
from explorer.training import model_card
from explorer.widgets.header import HeaderLine
from model.checkpoint import Checkpoint
from model.config import GPTConfig
from model.errors import ModelError
from model.head_scores import HeadScores
from model.head_scores import head_scores as measured_by_metrics
from model.tokenizer import encode_ids, vocab_size
from tests.explorer.conftest import Ready
from tests.explorer.helpers import until

MakeApp = Callable[..., ExplorerApp]


def independent(model: Checkpoint, stories: int = 2, repeats: int = 2) -> HeadScores:
    texts = [storyteller.story(head_scores.SEED, index).text for index in range(stories)]
    ids = [text[:256] for text in encode_ids(model.tokenizer, texts)]
    generator = torch.Generator().manual_seed(head_scores.SEED)
    return measured_by_metrics(model, ids, vocab_size(model.tokenizer), generator, repeats)


def test_measured_as_metrics_measures(bpe_model: Checkpoint, char_model: Checkpoint) -> None:
    for model in (bpe_model, char_model):  # the characters know but a few letters of a story
        expected, found = independent(model), head_scores.measure_heads(model)
        for name in head_kinds.HEAD_KINDS:
            assert getattr(found, name).equal(getattr(expected, name))
            assert getattr(found, name).shape == (model.config.n_layer, model.config.n_head)
    assert not head_scores.measure_heads(bpe_model, seed=5).previous_token.equal(found.previous_token)


def test_a_large_model_reads_little(bpe_model: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_scores, "STORIES", 20)
    read = {}
    for size in (8, 1600):
        config = GPTConfig(vocab_size=320, n_positions=1024, n_embd=size, n_layer=12, n_head=4)
        texts = head_scores._story_ids(bpe_model.tokenizer, 1, head_scores._affordable_tokens(config))
        read[size] = sum(map(len, texts))
        assert max(map(len, texts)) <= head_scores.LONGEST
    assert read[1600] <= head_scores.LONGEST < 2000 < read[8]


def test_a_tokenizer_that_knows_no_story_is_an_error(bpe_model: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_scores, "_story_ids", lambda *_: [[], [1]])
    with pytest.raises(ModelError, match="two tokens"):
        head_scores.measure_heads(bpe_model)


def scores_of(**values: float) -> HeadScores:
    tensors = {name: torch.full((2, 4), 0.01) for name in head_kinds.HEAD_KINDS}
    for name, value in values.items():
        tensors[name][1, 2] = value
    return HeadScores(**tensors)


def test_a_head_is_called_by_its_strongest_score_only() -> None:
    scores = scores_of(previous_token=0.46, first_token=0.31)
    assert head_kinds.head_kind(scores, 1, 2) == "previous token .46"
    assert head_kinds.head_kind(scores, 0, 2) == ""
    assert head_kinds.head_kind(None, 1, 2) == ""
    assert head_kinds.head_kind(scores_of(induction=1.0), 1, 2) == "induction 1"


async def measured(pilot: Pilot[None], ready: Ready) -> None:
    """Wait until the heads of the model in view have been measured."""
    await ready(pilot)
    app = pilot.app
    assert isinstance(app, ExplorerApp)
    for _ in range(200):
        if app.scoring_is_over:
            await pilot.pause(0)  # for those who hear of it by a signal
            return
        await app.workers.wait_for_complete()
        await pilot.pause(0)
    raise AssertionError("the heads are not measured")


async def test_the_header_names_the_head(
    make_app: MakeApp, ready: Ready, bpe_model: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_kinds, "STRONG", 0.0)
    expected = independent(bpe_model)
    app = make_app(layer=1, head=3)
    async with app.run_test(size=(120, 36)) as pilot:
        await measured(pilot, ready)
        header = app.explore.query_one(HeaderLine)
        await until(pilot, lambda: header.scores is not None)
        for head in (3, 2):
            assert app.reading is not None
            said = header.lines(app.reading, 200)[0].plain
            values = expected.of(1, head)
            name = max(values, key=lambda kind: values[kind])
            assert f"L1 H{head} · {name.replace('_', ' ')} {values[name]:.2f}".replace(" 0.", " .") in said
            await pilot.press("left_square_bracket")
        monkeypatch.setattr(head_kinds, "STRONG", 1.1)
        assert "token" not in header.lines(app.reading, 200)[0].plain


async def test_a_model_is_measured_once_and_only_after_it_is_seen(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, bool]] = []
    app = make_app()

    def measure(model: Any) -> HeadScores:
        seen.append((model.name, app.reading is not None))
        return scores_of()

    monkeypatch.setattr(head_scores, "measure_heads", measure)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("left", "m", "full_stop", "right")
        await measured(pilot, ready)
    assert seen == [("tiny-bpe", True)]


async def test_a_model_that_cannot_be_measured_goes_on_without(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def measure(model: Any) -> HeadScores:
        calls.append(model)
        raise ModelError("nothing to read")

    monkeypatch.setattr(head_scores, "measure_heads", measure)
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("left", "right")
        await measured(pilot, ready)
        assert app.scores_in_view is None
        assert app.scoring_is_over
        assert len(calls) == 1


def test_the_card_of_a_model_says_the_same(bpe_model: Checkpoint) -> None:
    expected = independent(bpe_model)
    table = [line for line in model_card.heads_table(bpe_model) if line.startswith("| L")]
    assert len(table) == 2
    for layer, line in enumerate(table):
        assert [cell.strip() for cell in line.strip("|").split("|")] == [
            f"L{layer}",
            *(
                f"{name.replace('_', ' ')} {value:.2f}"
                for name, value in (expected.largest(layer, head) for head in range(4))
            ),
        ]
