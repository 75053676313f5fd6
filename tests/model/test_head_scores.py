"""Head scores against heads that are built to be of one kind, and against plain loops."""

import pytest
import torch

from model.attention import AttentionInputs, AttentionStages
from model.config import GPTConfig
from model.errors import ModelError
from model.gpt import GPT
from model.head_scores import head_scores
from model.trace import Trace

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


def test_scores_equal_plain_loops(model: Model) -> None:
    texts = [[1, 2, 3, 4, 5], list(range(20)), [7], list(range(40))]
    scores = head_scores(model, texts, CONFIG.vocab_size, torch.Generator().manual_seed(0), repeats=3)
    on_text, repeated = model.traced[:3], model.traced[3:]
    assert [len(ids) for ids in on_text] == [5, 20, 24]
    assert all(len(ids) == 24 and ids[:12] == ids[12:] for ids in repeated)
    for layer in range(2):
        for head in range(4):
            sums = {"previous_token": [], "first_token": [], "duplicate_token": [], "induction": []}
            for ids in on_text:
                w = model.gpt.trace(ids).head(layer, head).weights.tolist()
                sums["previous_token"] += [w[i][i - 1] for i in range(1, len(ids))]
                sums["first_token"] += [w[i][0] for i in range(1, len(ids))]
            for ids in repeated:
                w = model.gpt.trace(ids).head(layer, head).weights.tolist()
                sums["duplicate_token"] += [w[i][i - 12] for i in range(12, 24)]
                sums["induction"] += [w[i][i - 11] for i in range(12, 24)]
            for name, values in sums.items():
                assert scores.of(layer, head)[name] == pytest.approx(sum(values) / len(values), abs=1e-6)


def test_heads_built_for_one_purpose_get_full_marks() -> None:
    class Built(Model):
        """Four heads whose scores are 100 on one key each: previous, first, same token, after same token."""

        def trace(self, token_ids, settings=None, base=None) -> Trace:
            size = len(token_ids)
            target = torch.zeros(4, size, size)
            for i in range(size):
                before = [j for j in range(i) if token_ids[j] == token_ids[i]]
                after = before[0] + 1 if before else i
                for head, key in enumerate((max(i - 1, 0), 0, before[0] if before else i, after)):
                    target[head, i, key] = 100.0
            eye = torch.eye(size).expand(4, size, size)
            inputs = (AttentionInputs(target, eye, eye, 1.0),) * 2
            assert AttentionStages(inputs[0]).scores.equal(target)
            return Trace(tuple(token_ids), None, inputs, (), eye[0], torch.clone)  # type: ignore[arg-type]

    generator = torch.Generator().manual_seed(0)
    scores = head_scores(Built(GPT(CONFIG)), [list(range(10))], 10_000, generator, repeats=2)  # type: ignore[arg-type]
    for head, name in enumerate(("previous_token", "first_token", "duplicate_token", "induction")):
        found, value = scores.largest(1, head)
        assert found == name
        assert value == pytest.approx(1.0, abs=1e-6)


def test_no_text_of_two_tokens_is_an_error(model: Model) -> None:
    with pytest.raises(ModelError, match="two tokens"):
        head_scores(model, [[1], []], 50, torch.Generator())
