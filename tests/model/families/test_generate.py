"""Generation with the cache of `transformers`: the same tokens as when the whole text is read for each of them."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from model.families.model import FamilyModel
from model.generate import Sampling, generate_with
from model.interface import TracedModel
from model.settings import AS_TRAINED, AttentionSettings
from model.trace import Trace
from tests.model.families.making import family, open_tiny
from tests.parameters import slow

SETTINGS = [
    AS_TRAINED,
    AttentionSettings(scale=1.0),
    AttentionSettings(scale=-0.5, layer=1, head=2),
    AttentionSettings(ablated=frozenset({(0, 1), (1, 3)})),
    AttentionSettings(causal=False, layer=0, head=3),
]


class Uncached:
    """A model that can only read a text at once."""

    def __init__(self, model: FamilyModel) -> None:
        self._model = model
        self.name, self.config, self.prefix, self.tokenizer = model.name, model.config, model.prefix, model.tokenizer

    def trace(
        self, token_ids: Sequence[int], settings: AttentionSettings = AS_TRAINED, base: Trace | None = None
    ) -> Trace:
        return self._model.trace(token_ids, settings, base)


@pytest.fixture(scope="module", params=["gemma2", "lfm2", slow("llama"), slow("gpt_oss")])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> FamilyModel:
    return open_tiny(family(request.param), tmp_path_factory.mktemp(request.param))


def write(model: TracedModel, settings: AttentionSettings, count: int = 34) -> list[int]:
    generator = torch.Generator().manual_seed(3)
    return list(generate_with(model, [5, 9, 2], count, generator, Sampling(1.0), settings))


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_the_cache_changes_nothing(opened: FamilyModel, settings: AttentionSettings) -> None:
    """Beyond windows, at the end of the context of 32 and beyond it."""
    assert write(opened, settings) == write(Uncached(opened), settings)


def test_the_cache_is_really_used(opened: FamilyModel) -> None:
    assert opened.reader() is not None
    assert opened.reader(SETTINGS[-1]) is None, "without the mask, each new token changes the earlier ones"
    read: list[int] = []
    handle = opened.network.model.register_forward_pre_hook(
        lambda _module, _args, options: read.append(options["input_ids"].shape[1]), with_kwargs=True
    )
    write(opened, AS_TRAINED, 6)
    handle.remove()
    assert [length for length in read if length > 1] == [3]
    assert read.count(1) == 5 + 6  # unembedding replaces the layers by a state of one token


def test_a_rotation_that_depends_on_the_length_is_not_cached(tmp_path: Path) -> None:
    each = family("llama")
    rotation = {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10_000.0}
    long = type(each)(each.label, each.model_type, {"rope_scaling": rotation, "rope_parameters": rotation})
    opened = open_tiny(long, tmp_path)
    assert opened.reader() is None
    assert write(opened, AS_TRAINED) == write(Uncached(opened), AS_TRAINED)
