"""Several processes that train one model: each takes its part of every batch, and the gradients are added up.

Started by `torchrun`, which tells each process its rank by environment variables. Weights are updated by every process
for itself, from the same sums, so they stay equal.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from model.errors import ModelError

Item = TypeVar("Item")

_MESSAGE = 1024  # bytes of an error that all processes hear of


@dataclass(frozen=True, slots=True)
class Group:
    """The processes of a run: `rank` is this one, from 0, of `size`; `local` its rank on its own host."""

    rank: int = 0
    size: int = 1
    local: int = 0

    @property
    def leads(self) -> bool:
        """Whether this process writes and prints."""
        return self.rank == 0

    def share(self, count: int) -> slice:
        """This process's part of `count` windows: neighbours, as equal as can be, all together exactly all."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def every(self, items: Iterable[Item]) -> Iterator[Item]:
        """This process's items out of a row that all of them go through."""
        return islice(items, self.rank, None, self.size)

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes, in place."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def sum_gradients(self, parameters: Iterable[nn.Parameter], *others: Tensor) -> tuple[float, ...]:
        """Add up every gradient over all processes, and the single numbers `others`, in one message."""
        if self.size == 1:
            return tuple(other.item() for other in others)
        owners = list(parameters)
        device = owners[0].device
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in owners]
        last = torch.stack([other.detach().to(device, torch.float32).reshape(()) for other in others])
        flat = self.sum(torch.cat([*(gradient.flatten() for gradient in gradients), last]))
        parts = flat.split([*(gradient.numel() for gradient in gradients), len(others)])  # type: ignore[no-untyped-call]
        for owner, gradient, part in zip(owners, gradients, parts, strict=False):
            owner.grad = part.view_as(gradient)
        return tuple(parts[-1].tolist())

    def same_weights(self, model: nn.Module) -> None:
        """Give every process the weights of process 0."""
        if self.size > 1:
            for parameter in model.parameters():
                dist.broadcast(parameter.data, 0)

    def agree(self, device: torch.device, error: str | None = None, digest: str = "") -> None:
        """Wait for all. Raises ModelError, the same everywhere, when one has an error or their digests differ."""
        if self.size == 1:
            if error:
                raise ModelError(error)
            return
        message = (error or "").encode()[:_MESSAGE]
        mine = torch.zeros(_MESSAGE + 32, dtype=torch.uint8)
        mine[: len(message)] = torch.frombuffer(bytearray(message), dtype=torch.uint8) if message else 0
        mine[_MESSAGE:] = torch.frombuffer(bytearray(hashlib.sha256(digest.encode()).digest()), dtype=torch.uint8)
        mine = mine.to(device)
        everyone = [torch.empty_like(mine) for _ in range(self.size)]
        dist.all_gather(everyone, mine)
        for rank, theirs in enumerate(everyone):
            told = bytes(theirs[:_MESSAGE].tolist()).rstrip(b"\0").decode("utf-8", "replace")
            if told:
                raise ModelError(f"process {rank} of {self.size}: {told}")
        for rank, theirs in enumerate(everyone):
            if not theirs[_MESSAGE:].equal(everyone[0][_MESSAGE:]):
                raise ModelError(f"process {rank} of {self.size} read other text than process 0: give all the same")


ALONE = Group()
"""One process."""


def told() -> Group:
    """The group that torchrun's environment tells of, or one process. Raises ModelError when it makes no sense."""
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        return ALONE
    try:
        rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        local = int(os.environ.get("LOCAL_RANK", "0"))
    except ValueError as error:
        raise ModelError("RANK, WORLD_SIZE and LOCAL_RANK must be whole numbers: start with torchrun") from error
    if not 0 <= rank < size or local < 0:
        raise ModelError(f"RANK {rank} does not fit WORLD_SIZE {size}: start with torchrun")
    return Group(rank, size, local)


@contextmanager
def joined(group: Group, device: torch.device) -> Iterator[Group]:
    """Connect to the other processes for as long as the block runs: NCCL between GPUs, gloo between processors.

    Raises ModelError when they cannot be reached, there or later.
    """
    if group.size == 1:
        yield group
        return
    if device.type == "mps":
        raise ModelError("an mps device is trained on by one process alone: use --device cpu")
    try:
        dist.init_process_group(
            "nccl" if device.type == "cuda" else "gloo",
            rank=group.rank,
            world_size=group.size,
            device_id=device if device.type == "cuda" else None,
        )
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"the other processes cannot be reached: {str(error).splitlines()[0]}") from error
    try:
        yield group
        dist.barrier()  # who leaves first takes the others' connections away
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and "gloo" not in str(error):
            raise
        raise ModelError(f"process {group.rank} lost the others: {str(error).splitlines()[0]}") from error
    finally:
        dist.destroy_process_group()
