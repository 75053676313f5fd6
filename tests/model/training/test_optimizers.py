"""Muon against torch's own and against the singular value decomposition; the schedule against hand-made numbers."""

import pytest
import torch

from model.config import GPTConfig
from model.gpt import GPT
from model.training.optimizers import (
    JORDAN,
    POLAR_EXPRESS,
    Muon,
    Polynomials,
    block_matrices,
    make_optimizers,
    orthogonalize,
    schedule,
)
from model.training.settings import OptimizerSettings

SHAPES = [(8, 8), (8, 32), (32, 8), (16, 16)]


@pytest.mark.parametrize("shape", SHAPES)
def test_singular_values_come_near_one_and_directions_stay(shape: tuple[int, int]) -> None:
    matrices = torch.randn(3, *shape, generator=torch.Generator().manual_seed(1))
    s = torch.linalg.svdvals(orthogonalize(matrices))
    assert s.min() > 0.5
    assert s.max() < 1.3
    exact_u, _, exact_vh = torch.linalg.svd(matrices, full_matrices=False)
    inside = exact_u.mT @ orthogonalize(matrices) @ exact_vh.mT
    off_diagonal = inside - torch.diag_embed(inside.diagonal(dim1=-2, dim2=-1))
    assert off_diagonal.abs().max() < 1e-4


@pytest.mark.parametrize("shape", SHAPES)
def test_three_polynomials_bring_singular_values_less_near(shape: tuple[int, int]) -> None:
    matrices = torch.randn(3, *shape, generator=torch.Generator().manual_seed(1))
    s = torch.linalg.svdvals(orthogonalize(matrices, polynomials=POLAR_EXPRESS))
    exact = torch.linalg.svdvals(matrices)
    exact = exact / exact.square().sum(-1, keepdim=True).sqrt()  # of the matrix as it goes in, at norm 1
    for a, b, c in POLAR_EXPRESS:
        exact = a * exact + b * exact**3 + c * exact**5
    torch.testing.assert_close(s.sort().values, exact.sort().values, atol=1e-4, rtol=1e-4)
    assert s.min() > 0.15
    assert s.max() < 1.9


@pytest.mark.parametrize("polynomials", [JORDAN, POLAR_EXPRESS])
@pytest.mark.parametrize("shape", [(16, 16), (16, 64), (64, 16)])
def test_singular_values_of_very_different_size_follow_the_polynomials(
    shape: tuple[int, int], polynomials: Polynomials
) -> None:
    u, _, vh = torch.linalg.svd(torch.randn(shape, generator=torch.Generator().manual_seed(2)), full_matrices=False)
    s = torch.logspace(0, -5, 16)
    found = orthogonalize((u * s @ vh)[None], polynomials=polynomials)[0]
    s = s.double() / s.double().norm()
    for a, b, c in polynomials:
        s = a * s + b * s**3 + c * s**5
    torch.testing.assert_close(found.double(), u.double() * s @ vh.double(), atol=1e-3, rtol=0)


def _weights(seed: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]


def test_steps_equal_torchs_muon() -> None:
    """torch.optim.Muon iterates in bfloat16 one matrix at a time: equal within that precision."""
    ours, theirs = _weights(0), _weights(0)
    mine = Muon(ours, lr=0.02, momentum=0.95, weight_decay=0.1)
    torchs = torch.optim.Muon(theirs, lr=0.02, momentum=0.95, weight_decay=0.1, nesterov=True)
    for step in range(3):
        for a, b, gradient in zip(ours, theirs, _weights(step + 10), strict=True):
            a.grad, b.grad = gradient.detach().clone(), gradient.detach().clone()
        before = [p.detach().clone() for p in ours]
        mine.step()
        torchs.step()
        for a, b, old in zip(ours, theirs, before, strict=True):
            assert (a - b).norm() < 0.03 * (a - old).norm() * (step + 1)


def test_pieces_are_orthogonalised_apart() -> None:
    whole = torch.nn.Parameter(torch.zeros(24, 8))
    parts = [torch.nn.Parameter(torch.zeros(8, 8)) for _ in range(3)]
    gradient = torch.randn(24, 8, generator=torch.Generator().manual_seed(2))
    whole.grad = gradient.clone()
    for part, piece in zip(parts, gradient.chunk(3), strict=True):
        part.grad = piece.clone()
    Muon([whole], lr=1.0, pieces=lambda parameter: 3).step()
    Muon(parts, lr=1.0).step()
    torch.testing.assert_close(whole, torch.cat([*parts]), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("name", ["muon", "adamw"])
def test_every_weight_has_one_optimizer_and_muon_only_block_matrices(name: str) -> None:
    gpt = GPT(GPTConfig(vocab_size=11, n_positions=8, n_embd=16, n_layer=2, n_head=2))
    optimizers = make_optimizers(gpt, OptimizerSettings(name=name))
    held = [id(p) for o in optimizers for group in o.param_groups for p in group["params"]]
    assert sorted(held) == sorted(id(p) for p in gpt.parameters())
    assert len(optimizers) == (2 if name == "muon" else 1)
    if name == "muon":
        assert len(optimizers[0].param_groups[0]["params"]) == len(block_matrices(gpt)) == 8
        assert id(gpt.wte.weight) not in {id(p) for p in optimizers[0].param_groups[0]["params"]}


def test_positions_and_gains_can_have_rates_of_their_own() -> None:
    gpt = GPT(GPTConfig(vocab_size=11, n_positions=8, n_embd=12, n_layer=1, n_head=2))
    before = {name: p.detach().clone() for name, p in gpt.named_parameters()}
    optimizers = make_optimizers(gpt, OptimizerSettings(weight_decay=0.5, position_rate=0.0, norm_rate=0.0))
    gpt(torch.arange(8)[None]).logsumexp(-1).sum().backward()
    for optimizer in optimizers:
        optimizer.step()
    kept = {name for name, p in gpt.named_parameters() if p.equal(before[name])}
    assert kept == {"wpe.weight", "h.0.ln_1.weight", "h.0.ln_2.weight"}


def test_schedule_rises_stays_and_falls() -> None:
    factors = [schedule(step, 100, warmup=10, cooldown=0.5) for step in range(100)]
    assert factors[:3] == pytest.approx([0.1, 0.2, 0.3])
    assert factors[10:51] == [1.0] * 41
    assert factors[75] == pytest.approx(0.5)
    assert factors[99] == pytest.approx(0.02)
    assert schedule(0, 1, warmup=0) == 1.0
