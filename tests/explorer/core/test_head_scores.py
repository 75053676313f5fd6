"""Head scores in the application are those of model.head_scores, on text and never on the sentence."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from textual.pilot import Pilot

from data import bundled, storyteller
from explorer.app import ExplorerApp
from explorer.core import head_kinds, head_scores
from explorer.core.formatting import weight
from explorer.core.sentence_edges import sentence_edges
from explorer.core.token_spans import TokenSpans
from explorer.core.word_links import word_links
from explorer.training import model_card
from explorer.widgets.header import HeaderLine
from model.checkpoint import Checkpoint, load
from model.config import GPTConfig
from model.errors import ModelError
from model.head_scores import HeadScores, LinkedText, repeated_sequences
from model.head_scores import head_scores as measured_by_metrics
from model.tokenizer import encode, vocab_size
from tests.explorer.conftest import Ready
from tests.explorer.helpers import app_of, until

MakeApp = Callable[..., ExplorerApp]


def independent(model: Checkpoint, stories: int = 2, repeats: int = 2) -> HeadScores:
    longest = min(256, model.config.n_positions)
    texts = []
    for index in range(stories):
        story = storyteller.story(head_scores.SEED, index)
        encoding = encode(model.tokenizer, story.text)
        for start in range(0, len(encoding), longest):
            window = range(start, min(start + longest, len(encoding)))
            links = word_links(story, TokenSpans(encoding.spans), window)
            edges = sentence_edges(story.text, TokenSpans(encoding.spans), window)
            texts.append(LinkedText(encoding.ids[window.start : window.stop], links, edges))
    generator = torch.Generator().manual_seed(head_scores.SEED)
    repeated = repeated_sequences(model.config.n_positions, vocab_size(model.tokenizer), generator, repeats)
    return measured_by_metrics(model, texts, repeated, fewest_links=40)


def test_measured_as_metrics_measures(bpe_model: Checkpoint, char_model: Checkpoint) -> None:
    for model in (bpe_model, char_model):  # the characters know but a few letters of a story
        expected, found = independent(model), head_scores.measure_heads(model)
        assert found.values.keys() == expected.values.keys() == found.baselines.keys()
        assert set(found.values) <= set(head_kinds.HEAD_KINDS)
        for name, values in found.values.items():
            assert values.equal(expected.values[name])
            assert found.baselines[name].equal(expected.baselines[name])
            assert values.shape == (model.config.n_layer, model.config.n_head)
    other = head_scores.measure_heads(bpe_model, seed=5)
    assert not other.values["previous_token"].equal(found.values["previous_token"])


def test_a_large_model_reads_little(bpe_model: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_scores, "STORIES", 20)
    read = {}
    for size in (8, 1600):
        config = GPTConfig(vocab_size=320, n_positions=1024, n_embd=size, n_layer=12, n_head=4)
        texts = head_scores.linked_stories(bpe_model.tokenizer, 1, head_scores.affordable_tokens(config), 256)
        read[size] = sum(len(text.ids) for text in texts)
        assert max(len(text.ids) for text in texts) <= 256
    assert read[1600] <= 256 < 2000 < read[8]


def test_a_model_of_any_size_is_measured_within_the_budget(
    bpe_model: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On stories and on random tokens: as many multiplications, unless even the fewest tokens take more."""
    read: list[int] = []

    def count(_: Any, texts: Sequence[LinkedText], repeated: Sequence[Sequence[int]], *_rest: object) -> None:
        read.extend((sum(len(text.ids) for text in texts), sum(map(len, repeated))))

    monkeypatch.setattr(head_scores, "head_scores", count)
    for n_embd, n_layer in ((768, 12), (2048, 16), (4096, 32)):
        read.clear()
        config = replace(bpe_model.config, n_embd=n_embd, n_layer=n_layer, n_positions=1024)
        head_scores.measure_heads(replace(bpe_model, config=config))
        each = 12 * n_layer * n_embd**2
        assert all(tokens * each <= max(head_scores.OPERATIONS, 32 * each) for tokens in read)
        assert min(read) >= 32


def test_a_tokenizer_that_knows_no_story_is_an_error(bpe_model: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_scores, "linked_stories", lambda *_: [LinkedText((1,))])
    with pytest.raises(ModelError, match="two tokens"):
        head_scores.measure_heads(bpe_model)


def scores_of(**values: float) -> HeadScores:
    tensors = {name: torch.full((2, 4), 0.06) for name in head_kinds.HEAD_KINDS}
    for name, value in values.items():
        tensors[name][1, 2] = value
    return HeadScores(tensors, {name: torch.full((2, 4), 0.05) for name in tensors})


def test_a_head_is_called_by_the_score_that_stands_out() -> None:
    scores = scores_of(previous_token=0.46, first_token=0.31)
    assert head_kinds.head_kind(scores, 1, 2) == "previous token .46"
    assert head_kinds.head_kind(scores, 0, 2) == ""
    assert head_kinds.head_kind(None, 1, 2) == ""
    assert head_kinds.head_kind(scores_of(induction=1.0), 1, 2) == "induction 1"
    assert head_kinds.head_kind(scores_of(object_to_verb=0.3), 1, 2) == "object → verb .30"
    assert head_kinds.head_kind(scores_of(induction=0.24), 1, 2) == ""


def test_a_pattern_names_a_head_that_has_no_other_name() -> None:
    assert head_kinds.head_kind(scores_of(recent_tokens=0.6, sentence_end=0.4), 1, 2) == "recent tokens .60"
    assert head_kinds.head_kind(scores_of(current_token=1.0, induction=0.24), 1, 2) == "current token 1"
    assert head_kinds.head_kind(scores_of(sentence_start=0.9, induction=0.26), 1, 2) == "induction .26"
    weak = scores_of(sentence_end=0.24, induction=0.1)
    assert head_kinds.head_kind(weak, 1, 2) == ""
    assert head_kinds.main_score(weak, 1, 2)[0] == "induction"


@pytest.mark.slow
@pytest.mark.parametrize("name", bundled.names())
def test_named_heads_keep_their_names_on_other_stories(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(head_scores, "STORIES", head_kinds.STORIES)
    monkeypatch.setattr(head_scores, "REPEATS", 8)
    model = load(bundled.path(name))
    here, there = (head_scores.measure_heads(model, seed) for seed in (head_scores.SEED, 7))
    named = 0
    for layer in range(model.config.n_layer):
        for head in range(model.config.n_head):
            before, after = (head_kinds.named_score(scores, layer, head) for scores in (here, there))
            if before is None or (after is None and before[1].excess < head_kinds.STRONG + 0.1):
                continue
            assert after is not None
            if before[1].excess < head_kinds.STRONG + 0.1 and before[0] not in head_kinds.PATTERNS:
                assert after[0] in {before[0], *head_kinds.PATTERNS}  # these are for heads that just miss their name
            else:
                assert before[0] == after[0]
            named += 1
    assert named >= 5


async def measured(pilot: Pilot[None], ready: Ready) -> None:
    """Wait until the heads of the model in view have been measured."""
    await ready(pilot)
    await until(pilot, lambda: app_of(pilot).scoring_is_over)
    await pilot.pause(0)  # for those who hear of it by a signal


async def test_the_header_names_the_head(
    make_app: MakeApp, ready: Ready, bpe_model: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_kinds, "STRONG", -1.0)
    expected = independent(bpe_model)
    app = make_app(layer=1, head=3)
    async with app.run_test(size=(120, 36)) as pilot:
        await measured(pilot, ready)
        header = app.explore.query_one(HeaderLine)
        await until(pilot, lambda: header.scores is not None)
        for head in (3, 2):
            assert app.reading is not None
            said = header.lines(app.reading, 200)[0].plain
            name, score = expected.largest(1, head, head_kinds.PATTERNS)
            assert f"L1 H{head} · {head_kinds.HEAD_KINDS[name]} {weight(score.value)}" in said
            await pilot.press("left_square_bracket")
        monkeypatch.setattr(head_kinds, "STRONG", 1.1)
        assert "token" not in header.lines(app.reading, 200)[0].plain


async def test_a_model_is_measured_once_and_only_after_it_is_seen(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, bool]] = []
    app = make_app()

    def measure(model: Any, **_: object) -> HeadScores:
        seen.append((model.name, app.reading is not None))
        return scores_of()

    monkeypatch.setattr(head_scores, "measure_heads", measure)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("left", "m", "full_stop", "right")
        await measured(pilot, ready)
    assert seen == [("tiny-bpe", True)]


async def test_a_model_that_cannot_be_measured_opens_without_scores(
    make_app: MakeApp, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def measure(model: Any, **_: object) -> HeadScores:
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


def test_the_card_of_a_model_says_the_same(bpe_model: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = independent(bpe_model)
    assert "| L0 | – | – |" in "".join(model_card.heads_table(bpe_model))
    monkeypatch.setattr(head_kinds, "STRONG", -1.0)
    table = [line for line in model_card.heads_table(bpe_model) if line.startswith("| L")]
    assert len(table) == 2
    for layer, line in enumerate(table):
        assert [cell.strip() for cell in line.strip("|").split("|")] == [
            f"L{layer}",
            *(
                f"{head_kinds.HEAD_KINDS[name]} {score.value:.2f} ({score.baseline:.2f})"
                for name, score in (expected.largest(layer, head, head_kinds.PATTERNS) for head in range(4))
            ),
        ]
