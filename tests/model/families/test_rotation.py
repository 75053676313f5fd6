"""q and k before their rotation: what the projections and norms gave, in every order of dimensions."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.model.families.making import IDS, family, open_tiny, version

FULL = ("llama", "mistral", "qwen2", "gemma2", "gpt_oss", "cohere", "granite", "smollm3")
PARTIAL = ("phi", "stablelm")


def projected(network: Any, layer: int, name: str, heads: int) -> Tensor:
    """What a projection of a layer gives for IDS: (heads, T, D)."""
    kept: list[Tensor] = []
    module = network.get_submodule(f"model.layers.{layer}.self_attn.{name}")
    handle = module.register_forward_hook(lambda _module, _args, output: kept.append(output))
    with torch.no_grad():
        network(torch.tensor([IDS]), use_cache=False)
    handle.remove()
    return kept[0][0].unflatten(-1, (heads, -1)).transpose(0, 1)


@pytest.mark.parametrize("name", [*FULL, *PARTIAL])
def test_undoing_the_rotation_gives_the_projections(name: str, tmp_path: Path) -> None:
    if version() < family(name).since:
        pytest.skip("too old")
    opened = open_tiny(family(name), tmp_path)
    shape, trace = opened.config, opened.trace(IDS)
    q, k = projected(opened.network, 0, "q_proj", shape.n_head), projected(opened.network, 0, "k_proj", shape.n_kv_head)
    for head in range(shape.n_head):
        before = trace.before_rotation(0, head)
        assert before is not None
        torch.testing.assert_close(before[0], q[head], rtol=0, atol=1e-5)
        torch.testing.assert_close(before[1], k[head // (shape.n_head // shape.n_kv_head)], rtol=0, atol=1e-5)
        rotated = trace.head(0, head).inputs
        if name != "gpt_oss":  # YaRN multiplies cos and sin by a factor
            assert torch.allclose(before[0][0], rotated.q[0], atol=1e-6)  # position 0 is turned by nothing
        assert not torch.allclose(before[0][5], rotated.q[5], atol=1e-3)


@pytest.mark.parametrize("name", ["qwen3", "gpt_neox", "deepseek_v3", "glm4", "olmo2"])
def test_a_rotation_keeps_the_length_of_q(name: str, tmp_path: Path) -> None:
    opened = open_tiny(family(name), tmp_path)
    trace = opened.trace(IDS)
    before = trace.before_rotation(1, 2)
    if before is None:
        assert name in ("glm4", "deepseek_v3")
        return
    rotated = trace.head(1, 2).inputs
    torch.testing.assert_close(before[0].norm(dim=-1), rotated.q.norm(dim=-1), rtol=1e-4, atol=1e-5)


def test_models_without_rotation_have_none(tmp_path: Path) -> None:
    assert open_tiny(family("opt"), tmp_path).trace(IDS).before_rotation(0, 0) is None
