"""Reading the circuits of a head: what is said agrees with the rows, and what cannot be read is one line."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from explorer.core.circuits import TOP, CircuitReader, CircuitReading, Ranking, signed
from explorer.core.formatting import fixed, quoted
from explorer.core.readings import ReadingService
from explorer.view import View
from model.checkpoint import Checkpoint
from model.circuits import token_streams
from model.errors import ModelError
from model.gpt import GPT
from tests.explorer.conftest import SENTENCES
from tests.explorer.formula import FormulaModel


def read(reader: CircuitReader, layer: int = 1, head: int = 2) -> CircuitReading:
    found = reader.read(layer, head)
    assert found is not None
    return found


def test_sentences_say_what_the_rows_hold(bpe_model: Checkpoint) -> None:
    reader = CircuitReader(bpe_model)
    found = read(reader)
    source, query = reader.token_id("cat"), reader.token_id(" dog")
    row = found.circuits.ov.row(source)
    top, bottom = (quoted(found.text_of(int(i))) for i in (row.argmax(), row.argmin()))
    place = 1 + int((row > row[source]).sum())
    said = found.writing_sentence(found.written_at(source))
    assert f"Looking at ‘cat’, this head raises {top} most and lowers {bottom} most" in said
    assert said.endswith(f"‘cat’ itself is number {place} of {bpe_model.config.vocab_size}.")
    scores = found.circuits.qk.row(query)
    said = found.looking_sentence(found.looked_for_by(query), source)
    assert f"looks most for {quoted(found.text_of(int(scores.argmax())))}" in said
    assert f"its score is {fixed(scores.max().item(), 1)} above the mean" in said
    assert f"‘cat’, is number {1 + int((scores > scores[source]).sum())} of" in said
    for score, sentence in (
        (found.copying_score, found.copying_sentence),
        (found.matching_score, found.matching_sentence),
    ):
        assert f"score {signed(score)}: " in sentence
    places = [1 + int((r > r[i]).sum()) for i, r in enumerate(map(found.circuits.ov.row, range(found.vocab_size)))]
    assert found.copied_share == pytest.approx(sum(place <= TOP for place in places) / len(places))
    assert found.median_rank == sorted(places)[(len(places) - 1) // 2]


def test_tokens_that_only_a_space_tells_apart_are_written_with_it(bpe_model: Checkpoint) -> None:
    found = read(CircuitReader(bpe_model))
    texts = ("cat", " cat", " dog", "dog")
    ranking = Ranking(1, torch.tensor([2.0, 1.0, -2.0, -1.0]), texts.__getitem__)
    said = found.writing_sentence(ranking)
    assert "Looking at ‘␣cat’, this head raises ‘cat’ most and lowers ‘dog’ most; ‘␣cat’ itself is number 2" in said
    assert found.looking_sentence(ranking).startswith("The query ‘␣cat’ looks most for ‘cat’, ")


def test_the_sentence_says_that_a_head_copies(bpe_model: Checkpoint) -> None:
    found = read(CircuitReader(bpe_model, plain=True))
    ov = found.circuits.ov
    copying = replace(found.circuits, ov=replace(ov, targets=ov.sources - ov.sources.mean(0)))
    said = CircuitReading(bpe_model, copying, 1, 2, plain=True)
    assert said.copying_score > 0.9
    assert ": this head copies what it looks at." in said.copying_sentence
    opposite = replace(copying, ov=replace(copying.ov, targets=-copying.ov.targets))
    assert "suppresses what it looks at" in CircuitReading(bpe_model, opposite, 1, 2, plain=True).copying_sentence


def test_rankings_have_two_ends(bpe_model: Checkpoint) -> None:
    ranking = read(CircuitReader(bpe_model)).written_at(5)
    everything = ranking.highest(10_000)
    assert [token.token_id for token in everything] == ranking.values.argsort(descending=True).tolist()
    assert [token.value for token in ranking.lowest(3)] == sorted(ranking.values.tolist())[:3]
    assert [ranking.rank_of(token.token_id) for token in everything[:3]] == [1, 2, 3]


def test_the_streams_are_computed_once_even_if_interrupted(
    bpe_model: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def in_hundreds(gpt: GPT, start: int) -> Iterator[Tensor]:
        asked.append(start)
        return token_streams(gpt, start, 100)

    monkeypatch.setattr("explorer.core.circuits.token_streams", in_hundreds)
    reader = CircuitReader(bpe_model)
    assert reader.read(1, 0, lambda done: done < 200) is None
    interrupted = read(reader)
    torch.testing.assert_close(interrupted.circuits.ov.sources, read(CircuitReader(bpe_model)).circuits.ov.sources)
    read(reader)
    assert asked == [0, 200, 0]
    assert not read(CircuitReader(bpe_model), 1).plain
    assert read(CircuitReader(bpe_model), 0).plain


def test_a_token_is_found_by_its_text(bpe_model: Checkpoint, char_model: Checkpoint) -> None:
    words, characters = CircuitReader(bpe_model), CircuitReader(char_model)
    known = bpe_model.tokenizer.token_to_id
    assert words.token_id(" cat") == known("Ġcat")
    assert words.token_id("sandwich") == known("Ġsandwich")  # there is none without the space
    assert words.token_id("e") == known("e")
    assert words.token_id("\\n") == words.token_id("\n") == known("Ċ")
    assert characters.token_id("é") == char_model.tokenizer.token_to_id("é")
    for reader, typed, says in (
        (words, "", "type a token"),
        (words, "zebra", "‘zebra’ is 5 tokens here, type one of them: ‘z’ ‘e’"),
        (words, "\x1b[31m", "‘␛[31m’ is 5 tokens"),
        (characters, "x", "does not know ‘x’"),
        (characters, "ab", "is 2 tokens"),
    ):
        with pytest.raises(ModelError, match=says.replace("[", r"\[")):
            reader.token_id(typed)


def test_what_cannot_be_read_is_one_line(bpe_model: Checkpoint) -> None:
    with pytest.raises(ModelError, match="layout only"):
        CircuitReader(FormulaModel())
    with pytest.raises(ModelError, match="head 4 does not exist"):
        CircuitReader(bpe_model).read(0, 4)
    gpt = bpe_model.gpt
    block = list(gpt.blocks)[1]
    before = block.ln_1.weight.clone()
    block.ln_1.weight.fill_(3e38)
    try:
        with pytest.raises(ModelError, match="overflow"):
            CircuitReader(bpe_model).read(1, 0)
    finally:
        block.ln_1.weight.copy_(before)


def test_the_service_keeps_the_reader_of_the_model_in_view(bpe_model: Checkpoint, char_model: Checkpoint) -> None:
    service = ReadingService()
    service.add_model("bpe", bpe_model)
    service.add_model("char", char_model)
    reading, other = service.read(View("bpe", SENTENCES[0])), service.read(View("char", "abc"))
    reader = service.circuits(reading)
    assert service.circuits(reading) is reader
    assert service.circuits(other).model is char_model
    with pytest.raises(ModelError, match="not open any more"):
        ReadingService().circuits(reading)
