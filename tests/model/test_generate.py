"""Generation: the cache equal to none, draws as asked for, and text that comes whole out of pieces."""

import math
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model import tokenizer as tokenizers
from model.config import GPTConfig
from model.errors import ModelError
from model.generate import KeyValueCache, Sampling, TextStream, generate
from model.gpt import GPT
from model.settings import AS_TRAINED, AttentionSettings
from tests.model.making import make_gpt

CONFIG = GPTConfig(vocab_size=30, n_positions=12, n_embd=16, n_layer=3, n_head=4, initializer_range=0.5)
SETTINGS = [
    AS_TRAINED,
    AttentionSettings(scale=1.0),
    AttentionSettings(scale=-0.5, layer=1),
    AttentionSettings(scale=2.0, layer=1, head=2),
    AttentionSettings(ablated=frozenset({(0, 1), (2, 3)})),
    AttentionSettings(causal=False),
    AttentionSettings(causal=False, layer=0, head=3),
]


@pytest.fixture(scope="module")
def gpt() -> GPT:
    return make_gpt(CONFIG)


def write(
    gpt: GPT, count: int, settings: AttentionSettings = AS_TRAINED, *, cached: bool = True, seed: int = 3
) -> list[int]:
    generator = torch.Generator().manual_seed(seed)
    return list(generate(gpt, [1, 7, 2], count, generator, Sampling(1.0), settings, cached))


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_cache_changes_nothing(gpt: GPT, settings: AttentionSettings) -> None:
    """Within the context, at its end and beyond it, where the window moves."""
    assert write(gpt, 30, settings) == write(gpt, 30, settings, cached=False)


def test_logits_with_a_cache_are_those_of_the_whole_text(gpt: GPT) -> None:
    ids = torch.randint(30, (12,), generator=torch.Generator().manual_seed(1)).tolist()
    for settings in SETTINGS[:5]:
        cache = KeyValueCache(gpt, settings)
        with torch.inference_mode():
            cache.logits(ids[:4])
            for end in range(5, 13):
                found = cache.logits(ids[end - 1 : end])
                assert torch.allclose(found, gpt(torch.tensor([ids[:end]]), settings)[0, -1], atol=1e-5)
        assert len(cache) == 12


def test_the_cache_is_really_used(gpt: GPT, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    plain = GPT.embed
    monkeypatch.setattr(GPT, "embed", lambda self, ids, start=0: read.append(len(ids)) or plain(self, ids, start))
    write(gpt, 9)
    assert read == [3] + [1] * 8
    read.clear()
    write(gpt, 4, AttentionSettings(causal=False))
    assert read == [3, 4, 5, 6]


def test_a_model_without_the_mask_reads_the_whole_text_anew() -> None:
    open_model = make_gpt(GPTConfig(**{**_values(CONFIG), "causal": False}))
    assert write(open_model, 12) == write(open_model, 12, cached=False)
    ids = [1, 7, 2]
    for token in generate(open_model, [1, 7, 2], 6, torch.Generator(), Sampling(0)):
        assert token == open_model(torch.tensor([ids]))[0, -1].argmax()
        ids.append(token)


def _values(config: GPTConfig) -> dict[str, object]:
    return {name: getattr(config, name) for name in config.__dataclass_fields__}


def test_temperature_0_takes_the_most_likely(gpt: GPT) -> None:
    ids = [1, 7, 2]
    for token in generate(gpt, ids, 8, torch.Generator(), Sampling(0)):
        assert token == gpt(torch.tensor([ids]))[0, -1].argmax()
        ids = [*ids, token]


def test_the_smallest_temperatures_take_the_most_likely() -> None:
    """Dividing by them overflows."""
    for temperature in (1e-30, 1e-40, 1e-300, 5e-324):
        assert Sampling(temperature).draw(LOGITS * 1e10, torch.Generator()) == int(LOGITS.argmax())


def test_numbers_that_overflow_are_no_text(gpt: GPT) -> None:
    with pytest.raises(ModelError, match="overflow"):
        list(generate(gpt, [1, 7], 3, torch.Generator(), settings=AttentionSettings(scale=1e300)))


def test_the_same_seed_writes_the_same(gpt: GPT) -> None:
    assert write(gpt, 20, seed=1) == write(gpt, 20, seed=1)
    assert write(gpt, 20, seed=1) != write(gpt, 20, seed=2)


LOGITS = torch.tensor([2.0, 1.0, 0.5, -1.0, -3.0]).log_softmax(0)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws_follow_the_probabilities(temperature: float) -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = Counter(Sampling(temperature).draw(LOGITS, generator) for _ in range(4000))
    powers = [math.exp(x / temperature) for x in LOGITS.tolist()]
    for token, power in enumerate(powers):
        expected = power / sum(powers)
        assert drawn[token] / 4000 == pytest.approx(expected, abs=4 * math.sqrt(expected / 4000))


def test_top_k_and_top_p_leave_out_the_unlikely() -> None:
    """Probabilities are about .58, .21, .13, .03, .00: the first two reach .75, one alone reaches .5."""

    def drawn(sampling: Sampling) -> set[int]:
        generator = torch.Generator().manual_seed(0)
        return {sampling.draw(LOGITS[[3, 0, 4, 1, 2]], generator) for _ in range(500)}

    assert drawn(Sampling(1.0, top_k=2)) == {1, 3}
    assert drawn(Sampling(1.0, top_k=1)) == {1}
    assert drawn(Sampling(1.0, top_k=99)) >= {0, 1, 3, 4}
    assert drawn(Sampling(1.0, top_p=0.75)) == {1, 3}
    assert drawn(Sampling(1.0, top_p=0.5)) == {1}
    assert drawn(Sampling(1.0, top_p=1e-9)) == {1}
    assert drawn(Sampling(1.0, top_p=1.0)) >= {0, 1, 3, 4}
    assert drawn(Sampling(1.0, top_k=3, top_p=0.75)) == {1, 3}


@pytest.mark.parametrize(
    "values",
    [
        *({"temperature": value} for value in (-1, math.nan, math.inf)),
        *({"top_p": value} for value in (0, 1.1, math.nan)),
        {"top_k": 0},
    ],
)
def test_numbers_out_of_range(values: dict[str, float]) -> None:
    with pytest.raises(ModelError):
        Sampling(**values)  # type: ignore[arg-type]


def test_top_p_1_leaves_out_nothing_and_the_smallest_keeps_one() -> None:
    """In float32 the sum of many probabilities reaches 1 before the last."""
    logits = torch.randn(4096, generator=torch.Generator().manual_seed(5)) * 4
    draws = [Sampling(1.0, top_p=top_p).draw(logits, torch.Generator().manual_seed(9)) for top_p in (1.0, None)]
    assert draws[0] == draws[1]
    for seed in range(5):
        assert Sampling(1.0, top_p=1e-300).draw(logits, torch.Generator().manual_seed(seed)) == int(logits.argmax())


def test_rows_that_no_token_has_are_not_drawn(gpt: GPT) -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = set(generate(gpt, [1, 7, 2], 300, generator, Sampling(50.0), known=9))
    assert drawn == set(range(9))


def test_nothing_cannot_be_continued(gpt: GPT) -> None:
    with pytest.raises(ModelError, match="nothing to continue"):
        next(generate(gpt, [], 3, torch.Generator()))


BPE = tokenizers.train_bpe(["the cat sat on the mat"] * 3, 280)
CHARACTERS = tokenizers.train_char("abc é\n")


@given(st.text(max_size=40))
def test_text_in_pieces_is_the_text(text: str) -> None:
    ids = list(tokenizers.encode(BPE, text).ids)
    for cut in (0, len(ids) // 2):
        stream = TextStream(BPE, ids[:cut])
        told = "".join(map(stream.feed, ids[cut:])) + stream.flush()
        before = tokenizers.decode(BPE, ids[:cut]) if cut else ""
        if not before.endswith("\ufffd"):
            assert before + told == tokenizers.decode(BPE, ids)


@given(st.lists(st.integers(0, tokenizers.vocab_size(BPE) - 1), max_size=60))
def test_any_tokens_are_decoded_without_loss(ids: list[int]) -> None:
    """Random bytes are not valid text: nothing raises, no character is lost, and nothing is held back for ever."""
    stream = TextStream(BPE)
    text = "".join(map(stream.feed, ids)) + stream.flush()
    whole = tokenizers.decode(BPE, ids) if ids else ""
    assert text.replace("\ufffd", "") == whole.replace("\ufffd", "")


def test_a_character_is_held_back_until_it_is_whole() -> None:
    ids = list(tokenizers.encode(BPE, "é😀a").ids)
    stream = TextStream(BPE)
    assert [stream.feed(token) for token in ids] == ["", "é", "", "", "", "😀", "a"]


def test_characters_come_one_by_one() -> None:
    ids = tokenizers.encode(CHARACTERS, "ab\né c").ids
    stream = TextStream(CHARACTERS)
    assert [stream.feed(token) for token in ids] == list("ab\né c")
