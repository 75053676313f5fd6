"""The state of the optimizers as tensors in a safetensors file, to resume a run exactly. No pickle is used."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.optim import Optimizer

from model.layout import CheckpointError
from model.training.optimizers import Muon

_KEYS = {torch.optim.AdamW: {"step", "exp_avg", "exp_avg_sq"}, Muon: {"momentum_buffer"}}


def optimizer_tensors(model: nn.Module, optimizers: Sequence[Optimizer]) -> dict[str, Tensor]:
    """The state of all optimizers, on the CPU, as `<name of the parameter>.<key of its state>`."""
    return {
        f"{name}.{key}": value.cpu().contiguous()
        for name, parameter, optimizer in _owners(model, optimizers)
        for key, value in optimizer.state.get(parameter, {}).items()
    }


def load_optimizer_tensors(path: Path, model: nn.Module, optimizers: Sequence[Optimizer], *, started: bool) -> None:
    """Restore the state of all optimizers from a file with the tensors of `optimizer_tensors`.

    Until training has `started`, parameters may have no state.
    Raises CheckpointError if the file cannot be read or does not match the model and its optimizers.
    """
    try:
        tensors = load_file(path)
    except Exception as error:
        raise CheckpointError(f"{path.name} is damaged or missing: this checkpoint cannot be resumed") from error
    for name, parameter, optimizer in _owners(model, optimizers):
        names = [each for each in tensors if each.rpartition(".")[0] == name]
        found = {each.removeprefix(f"{name}."): tensors.pop(each) for each in names}
        if (started or found) and not _is_state_of(parameter, optimizer, found):
            raise CheckpointError(
                f"{path.name} is damaged or of another model ({name!r} differs): this run cannot be resumed"
            )
        state: dict[str, Any] = optimizer.state[parameter]
        state.update({key: tensor.to(parameter.device) for key, tensor in found.items()})
    if tensors:
        raise CheckpointError(f"{path.name} is of another model ({min(tensors)!r}): this run cannot be resumed")


def _owners(model: nn.Module, optimizers: Sequence[Optimizer]) -> Iterator[tuple[str, nn.Parameter, Optimizer]]:
    """Every parameter with its name and the optimizer that updates it."""
    owner = {
        id(parameter): optimizer
        for optimizer in optimizers
        for group in optimizer.param_groups
        for parameter in group["params"]
    }
    for name, parameter in model.named_parameters():
        yield name, parameter, owner[id(parameter)]


def _is_state_of(parameter: nn.Parameter, optimizer: Optimizer, tensors: dict[str, Tensor]) -> bool:
    """Return True if `tensors` are a complete and finite state of the parameter."""
    return tensors.keys() == _KEYS[type(optimizer)] and all(
        tensor.shape == (torch.Size() if key == "step" else parameter.shape)
        and tensor.dtype is torch.float32
        and bool(tensor.isfinite().all())
        for key, tensor in tensors.items()
    )
