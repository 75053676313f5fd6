"""Head scores against heads that are built to be of one kind, and against plain loops."""

from pathlib import Path

import pytest
import torch

from model.attention import AttentionInputs, AttentionStages
from model.config import GPTConfig
from model.errors import ModelError
from model.gpt import GPT
from model.head_scores import HeadScores, Link, LinkedText, head_scores, repeated_sequences
from model.trace import Trace
from tests.model.built import INDUCTION, PREVIOUS_TOKEN, induction_model

CONFIG = GPTConfig(vocab_size=50, n_positions=24, n_embd=16, n_layer=2, n_head=4)


class Model:
    """A traced model without a checkpoint around it."""

    tokenizer = None

    def __init__(self, gpt: GPT) -> None:
        self.gpt = gpt
        self.config = gpt.config
        self.traced: list[tuple[int, ...]] = []

    def trace(self, token_ids, settings=None, base=None) -> Trace:
        self.traced.append(tuple(token_ids))
        return self.gpt.trace(token_ids)


@pytest.fixture
def model() -> Model:
    gpt = GPT(CONFIG)
    gpt.initialize(torch.Generator().manual_seed(3))
    for parameter in gpt.parameters():
        parameter.data *= 8  # far from uniform weights
    return Model(gpt.eval())


def measured(model: Model, texts: list[LinkedText], fewest_links: int = 1, vocab_size: int = 50) -> HeadScores:
    repeated = repeated_sequences(CONFIG.n_positions, vocab_size, torch.Generator().manual_seed(0), 3)
    return head_scores(model, texts, repeated, fewest_links)  # type: ignore[arg-type]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def test_scores_equal_plain_loops(model: Model) -> None:
    marks = ({3}, {4, 9, 18}, set(), {20, 23})
    all_ids = ([1, 2, 3, 4, 5], range(20), [7], range(24))
    texts = [LinkedText(tuple(ids), marks={"a": sorted(of_a)}) for ids, of_a in zip(all_ids, marks, strict=True)]
    scores = measured(model, texts)
    on_text, repeated = model.traced[:3], model.traced[3:]
    assert [len(ids) for ids in on_text] == [5, 20, 24]
    assert all(len(ids) == 24 and ids[:12] == ids[12:] for ids in repeated)
    uniform = {
        "previous_token": mean([1 / (i + 1) for ids in on_text for i in range(1, len(ids))]),
        "duplicate_token": mean([1 / (i + 1) for i in range(12, 24)]),
    }
    uniform |= {"first_token": uniform["previous_token"], "induction": uniform["duplicate_token"]}
    far = [i for size in (20, 24) for i in range(16, size)]
    after_marks = [*((i, 2 + (i > 18)) for i in range(16, 20)), *((i, 1) for i in range(21, 24))]
    uniform |= {
        "current_token": mean([1 / (i + 1) for i in far]),
        "recent_tokens": mean([8 / (i + 1) for i in far]),
        "a": mean([count / (i + 1) for i, count in after_marks]),
    }
    for layer in range(2):
        for head in range(4):
            found: dict[str, list[float]] = {name: [] for name in uniform}
            for ids, of_a in zip(on_text, (marks[0], marks[1], marks[3]), strict=True):
                w = model.gpt.trace(ids).head(layer, head).weights.tolist()
                found["previous_token"] += [w[i][i - 1] for i in range(1, len(ids))]
                found["first_token"] += [w[i][0] for i in range(1, len(ids))]
                found["current_token"] += [w[i][i] for i in range(16, len(ids))]
                found["recent_tokens"] += [sum(w[i][i - 8 : i]) for i in range(16, len(ids))]
                found["a"] += [
                    sum(w[i][j] for j in of_a if j < i) for i in range(16, len(ids)) if any(j < i for j in of_a)
                ]
            for ids in repeated:
                w = model.gpt.trace(ids).head(layer, head).weights.tolist()
                found["duplicate_token"] += [w[i][i - 12] for i in range(12, 24)]
                found["induction"] += [w[i][i - 11] for i in range(12, 24)]
            of_head = scores.of(layer, head)
            assert of_head.keys() == found.keys()
            for name, score in of_head.items():
                assert score.value == pytest.approx(mean(found[name]), abs=1e-6)
                assert score.baseline == pytest.approx(uniform[name], abs=1e-6)


def test_relations_equal_plain_loops(model: Model) -> None:
    links = [
        [Link(9, (7, 8), (3,)), Link(5, (4,), (1, 2)), Link(9, (4,), (2,))],
        [Link(3, (1,), (2,))],
    ]
    texts = [tuple(range(20)), (5, 3, 5, 3)]
    linked = [LinkedText(ids, {"a": of_a, "rare": of_a[:1]}) for ids, of_a in zip(texts, links, strict=True)]
    scores = measured(model, linked, fewest_links=3)
    assert scores.links == {"a": 4, "rare": 2}
    for layer in range(2):
        for head in range(4):
            weights = [model.gpt.trace(ids).head(layer, head).weights.tolist() for ids in texts]
            at_distance: dict[int, list[float]] = {}
            for w in weights:
                for i, row in enumerate(w):
                    for j in range(i + 1):
                        at_distance.setdefault(i - j, []).append(row[j])
            every = [(w, link) for w, of_a in zip(weights, links, strict=True) for link in of_a]
            value = mean([sum(w[link.query][key] for key in link.keys) for w, link in every])
            of_kind = mean([sum(w[link.query][key] for key in link.others) for w, link in every])
            as_far = mean([sum(mean(at_distance[link.query - key]) for key in link.keys) for _, link in every])
            found = scores.of(layer, head)
            assert "rare" not in found
            assert found["a"].value == pytest.approx(value, abs=1e-6)
            assert found["a"].baseline == pytest.approx(max(of_kind, as_far), abs=1e-6)


class Built(Model):
    """Heads whose scores are 100 on one key each.

    The previous one, the first one, the same token, the one after that, and twice the key that `relation` says: only
    there, or from every query to the key as far before it.
    """

    relation: dict[int, int] = {9: 5}  # noqa: RUF012

    def trace(self, token_ids, settings=None, base=None) -> Trace:
        size = len(token_ids)
        target = torch.zeros(6, size, size)
        for i in range(size):
            before = [j for j in range(i) if token_ids[j] == token_ids[i]]
            after = before[0] + 1 if before else i
            keys = (max(i - 1, 0), 0, before[0] if before else i, after, self.relation.get(i, i), max(i - 4, 0))
            for head, key in enumerate(keys):
                target[head, i, key] = 100.0
        eye = torch.eye(size).expand(6, size, size)
        inputs = (AttentionInputs(target, eye, eye, 1.0),) * 2
        assert AttentionStages(inputs[0]).scores.equal(target)
        return Trace(tuple(token_ids), None, inputs, (), eye[0], torch.clone)  # type: ignore[arg-type]


def test_heads_built_for_one_purpose_get_full_marks() -> None:
    text = LinkedText(tuple(range(10)), {"relation": [Link(9, (5,), (4,))] * 3})
    scores = measured(Built(GPT(CONFIG)), [text], vocab_size=10_000)
    for head, expected in enumerate(("previous_token", "first_token", "duplicate_token", "induction", "relation")):
        name, score = scores.largest(1, head)
        assert name == expected
        assert score.value == pytest.approx(1.0, abs=1e-6)
        assert score.excess > 0.7
    positional = scores.of(1, 5)["relation"]
    assert positional.value == pytest.approx(1.0, abs=1e-6)  # but it looks so far back from everywhere
    assert positional.baseline == pytest.approx(1.0, abs=1e-6)


class BuiltForPatterns(Model):
    """Heads that look at the query itself, at the 8 keys before it, or at keys before it that are multiples of 7."""

    def trace(self, token_ids, settings=None, base=None) -> Trace:
        size = len(token_ids)
        targets = [
            [[j == i for j in range(size)] for i in range(size)],
            [[i - 8 <= j < i for j in range(size)] for i in range(size)],
            [[j < i and j % 7 == 0 for j in range(size)] for i in range(size)],
        ]
        scores, eye = torch.tensor(targets) * 100.0, torch.eye(size).expand(3, size, size)
        inputs = (AttentionInputs(scores, eye, eye, 1.0),)
        return Trace(tuple(token_ids), None, inputs, (), eye[0], torch.clone)  # type: ignore[arg-type]


def test_heads_built_for_a_pattern_get_full_marks() -> None:
    text = LinkedText(tuple(range(24)), marks={"marked": (0, 7, 14, 21), "never": ()})
    scores = measured(BuiltForPatterns(GPT(CONFIG)), [text], vocab_size=10_000)
    for head, expected in enumerate(("current_token", "recent_tokens", "marked")):
        name, score = scores.largest(0, head)
        assert name == expected
        assert score.value == pytest.approx(1.0, abs=1e-6)
        assert scores.largest(0, head, without={expected})[0] != expected
    assert "never" not in scores.values
    few = measured(BuiltForPatterns(GPT(CONFIG)), [text], fewest_links=9)  # there are 8 queries far enough
    assert few.values.keys() == {"previous_token", "first_token", "duplicate_token", "induction"}


def test_a_relation_has_to_stand_out_more_than_what_explains_it() -> None:
    def scores_of(relation: float) -> HeadScores:
        values = {"previous_token": torch.full((1, 1), 0.5), "relation": torch.full((1, 1), relation)}
        return HeadScores(values, {name: torch.zeros(1, 1) for name in values}, {"relation": 99})

    assert scores_of(0.54).largest(0, 0)[0] == "previous_token"
    assert scores_of(0.56).largest(0, 0)[0] == "relation"


def test_weights_written_by_hand_are_told_apart(tmp_path: Path) -> None:
    model = induction_model(tmp_path / "built", "".join(map(chr, range(33, 93))))
    text = LinkedText(tuple(range(16)))
    scores = head_scores(model, [text], repeated_sequences(16, 60, torch.Generator().manual_seed(0), 8))
    for head, kind in ((PREVIOUS_TOKEN, "previous_token"), (INDUCTION, "induction")):
        name, score = scores.largest(*head)
        assert name == kind
        assert score.value > 0.8
    for idle in ((0, 0), (1, 1)):
        assert scores.largest(*idle)[1].excess == pytest.approx(0.0, abs=1e-6)


def test_no_text_of_two_tokens_is_an_error(model: Model) -> None:
    with pytest.raises(ModelError, match="two tokens"):
        measured(model, [LinkedText((1,)), LinkedText(())])


def test_progress_counts_the_texts_that_are_read(model: Model) -> None:
    steps: list[tuple[int, int]] = []
    texts = [LinkedText((1, 2, 3)), LinkedText((7,)), LinkedText((4, 5))]
    repeated = repeated_sequences(CONFIG.n_positions, 50, torch.Generator().manual_seed(0), 2)
    head_scores(model, texts, repeated, progress=lambda *step: steps.append(step))  # type: ignore[arg-type]
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
