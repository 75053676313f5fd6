"""Ranking all heads by weight and by what ablating them does, and finding the token that a word means."""

import pytest
import torch
from torch.nn import functional as F

from explorer.core.head_search import HeadSearch, Order
from explorer.core.readings import ReadingService
from explorer.core.token_search import find_token
from explorer.view import View
from model.attention import AttentionStages
from model.checkpoint import Checkpoint
from model.errors import ModelError
from model.settings import AttentionSettings, Scope
from model.tokenizer import encode, train_bpe, train_char
from tests.explorer.conftest import SENTENCES

VIEWS = [
    View("bpe", SENTENCES[0], query=5, key=2, layer=1, head=2),
    View("bpe", SENTENCES[0], query=5, key=2, layer=1, head=2, causal=False, scope=Scope.MODEL),
    View("bpe", SENTENCES[0], query=2, key=5, scale=0.7, ablated=frozenset({(0, 1)})),
]


@pytest.fixture
def service(bpe_model: Checkpoint) -> ReadingService:
    return ReadingService(lambda name: bpe_model)


@pytest.mark.parametrize("view", VIEWS)
def test_heads_are_ranked_by_the_weight_of_the_cell_as_set(service: ReadingService, view: View) -> None:
    reading = service.read(view)
    ranking = HeadSearch(reading).ranking(reading)
    assert len(ranking) == 2 * 4
    for ranked in ranking:
        row = AttentionStages(reading.as_set.inputs[ranked.head[0]].head(ranked.head[1])).weights[view.query]
        torch.testing.assert_close(torch.tensor(ranked.weight), row[view.key], rtol=1e-5, atol=1e-7)
        assert ranked.is_largest == (ranked.weight == pytest.approx(row.max().item(), rel=1e-5))
        assert ranked.effect is None
    weights = [ranked.weight for ranked in ranking]
    assert weights == sorted(weights, reverse=True)


@pytest.mark.parametrize("view", VIEWS)
def test_ablation_agrees_with_two_fresh_runs(service: ReadingService, bpe_model: Checkpoint, view: View) -> None:
    reading = service.read(view)
    search = HeadSearch(reading)
    assert len(search.missing) == 8
    search.add(dict(service.ablate(reading, search.missing)))
    assert not search.missing
    ids = reading.encoding.ids

    def logits(ablated: frozenset[tuple[int, int]]) -> torch.Tensor:
        settings = AttentionSettings.of(
            view.scope, view.layer, view.head, causal=view.causal, scale=view.scale, ablated=ablated
        )
        return bpe_model.trace(ids, settings).logits.double().log_softmax(-1)

    before, targets = logits(view.ablated), torch.tensor(ids[1:])
    for order in (Order.LOSS, Order.KL):
        ranking = search.ranking(reading, order)
        values = [ranked.value(order) for ranked in ranking]
        assert values == sorted(values, reverse=True)
        for ranked in ranking:
            assert ranked.effect is not None
            after = logits(view.ablated | {ranked.head})
            rise = F.nll_loss(after[:-1], targets) - F.nll_loss(before[:-1], targets)
            divergence = (before.exp() * (before - after)).sum(-1).mean()
            assert ranked.effect.loss == pytest.approx(rise.item(), abs=2e-6)
            assert ranked.effect.kl == pytest.approx(divergence.item(), abs=2e-6)
            if ranked.head in view.ablated:
                assert ranked.effect.loss == ranked.effect.kl == 0


def test_one_token_has_no_loss_and_a_closed_model_is_reported(service: ReadingService) -> None:
    reading = service.read(View("bpe", "a"))
    search = HeadSearch(reading)
    search.add(dict(service.ablate(reading, search.missing)))
    assert all(ranked.effect is not None and ranked.effect.loss is None for ranked in search.ranking(reading))
    assert search.ranking(reading, Order.LOSS)[0].value(Order.LOSS) == 0
    with pytest.raises(ModelError, match="is not open"):
        ReadingService().ablate(reading, search.heads)


TEXT = "The cat saw the Dog. The cat"


@pytest.mark.parametrize(
    ("wanted", "before", "tokens", "others"),
    [
        ("cat", None, "cat", 1),
        ("cat", 10, "cat", 1),
        ("dog", None, "Dog", 0),  # the case of letters does not matter where the text has only one
        ("the", None, "the", 0),
        ("The", None, "The", 1),
        ("The", 3, "The", 1),
        ("saw the", None, "the", 0),
        ("og", None, "og", 0),
        ("0", None, "T", 0),
    ],
)
def test_a_word_means_its_last_token(wanted: str, before: int | None, tokens: str, others: int) -> None:
    """In every tokenizer: of characters, where a word is many tokens, and of pieces that begin with a space."""
    for tokenizer in (train_char(TEXT), train_bpe([TEXT] * 3, 300)):
        encoding = encode(tokenizer, TEXT)
        found = find_token(encoding, wanted, before)
        end = encoding.spans[found.position][1]
        if wanted != "0":
            assert TEXT[:end].endswith(tokens)
        assert len(found.others) == others
        assert before is None or found.position <= before


@pytest.mark.parametrize("wanted", ["zebra", "28", "99999999999", "", "-1"])
def test_what_is_not_in_the_text_is_one_line(wanted: str) -> None:
    encoding = encode(train_char(TEXT), TEXT)
    with pytest.raises(ModelError) as refused:
        find_token(encoding, wanted)
    assert "\n" not in str(refused.value)
    assert "tokens" in str(refused.value)
