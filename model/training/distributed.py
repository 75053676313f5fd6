"""Several processes that train one model: each computes its part of every batch, and the gradients are summed.

The processes are started by `torchrun`, which tells each one its rank in environment variables. Every process updates
its own copy of the weights from the same sums, so the copies stay equal.
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

_MESSAGE_BYTES = 1024  # of an error that is sent to all processes


@dataclass(frozen=True, slots=True)
class Group:
    """The processes of a run, as seen from one of them."""

    rank: int = 0  # of this process, from 0
    size: int = 1  # number of processes
    local_rank: int = 0  # rank among the processes of this host

    @property
    def is_main(self) -> bool:
        """True in the one process that prints, and writes the run to disk."""
        return self.rank == 0

    def part_of(self, count: int) -> slice:
        """This process's share of `count` windows: contiguous and as equal as possible, together exactly all."""
        return slice(count * self.rank // self.size, count * (self.rank + 1) // self.size)

    def every(self, items: Iterable[Item]) -> Iterator[Item]:
        """This process's share of `items`: one in `size`, starting with number `rank`."""
        return islice(items, self.rank, None, self.size)

    def all_reduce(self, values: Tensor) -> Tensor:
        """Sum `values` over all processes, in place."""
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def all_reduce_gradients(self, parameters: Iterable[nn.Parameter], *scalars: Tensor) -> tuple[float, ...]:
        """Sum all gradients over all processes in one message, and with them `scalars`, whose sums are returned."""
        if self.size == 1:
            return tuple(scalar.item() for scalar in scalars)
        owners = list(parameters)
        device = owners[0].device
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in owners]
        last = torch.stack([scalar.detach().to(device, torch.float32).reshape(()) for scalar in scalars])
        flat = self.all_reduce(torch.cat([*(gradient.flatten() for gradient in gradients), last]))
        sizes = [*(gradient.numel() for gradient in gradients), len(scalars)]
        parts = flat.split(sizes)  # type: ignore[no-untyped-call]
        for owner, gradient, part in zip(owners, gradients, parts, strict=False):
            owner.grad = part.view_as(gradient)
        return tuple(parts[-1].tolist())

    def broadcast_weights(self, model: nn.Module) -> None:
        """Copy the weights of process 0 to all processes."""
        if self.size > 1:
            for parameter in model.parameters():
                dist.broadcast(parameter.data, 0)

    def agree(self, device: torch.device, error: str | None = None, digest: str = "") -> None:
        """Wait for all processes; raise the same ModelError in all of them if one has an error or their digests differ.

        Args:
            device: where messages between the processes are made.
            error: what went wrong in this process, if anything.
            digest: stands for the data that this process has read.
        """
        if self.size == 1:
            if error:
                raise ModelError(error)
            return
        message = (error or "").encode()[:_MESSAGE_BYTES]
        mine = torch.zeros(_MESSAGE_BYTES + 32, dtype=torch.uint8)
        mine[: len(message)] = torch.frombuffer(bytearray(message), dtype=torch.uint8) if message else 0
        mine[_MESSAGE_BYTES:] = torch.frombuffer(bytearray(hashlib.sha256(digest.encode()).digest()), dtype=torch.uint8)
        mine = mine.to(device)
        gathered = [torch.empty_like(mine) for _ in range(self.size)]
        dist.all_gather(gathered, mine)
        for rank, theirs in enumerate(gathered):
            received = bytes(theirs[:_MESSAGE_BYTES].tolist()).rstrip(b"\0").decode("utf-8", "replace")
            if received:
                raise ModelError(f"process {rank} of {self.size}: {received}")
        for rank, theirs in enumerate(gathered):
            if not theirs[_MESSAGE_BYTES:].equal(gathered[0][_MESSAGE_BYTES:]):
                raise ModelError(f"process {rank} of {self.size} read other text than process 0: give all the same")


SINGLE_PROCESS = Group()
"""A run in this process alone."""


def group_from_environment() -> Group:
    """The group that torchrun describes in the environment, or a single process.

    Raises ModelError if the variables make no sense.
    """
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        return SINGLE_PROCESS
    try:
        rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    except ValueError as error:
        raise ModelError("RANK, WORLD_SIZE and LOCAL_RANK must be whole numbers: start with torchrun") from error
    if not 0 <= rank < size or local_rank < 0:
        raise ModelError(f"RANK {rank} does not fit WORLD_SIZE {size}: start with torchrun")
    return Group(rank, size, local_rank)


@contextmanager
def connected(group: Group, device: torch.device) -> Iterator[Group]:
    """Connect to the other processes for the duration of the block, by NCCL between GPUs or gloo between CPUs.

    Raises ModelError if they cannot be reached, or are lost during the block.
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
        dist.barrier()  # the first process to leave would close the others' connections
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and "gloo" not in str(error):
            raise
        raise ModelError(f"process {group.rank} lost the others: {str(error).splitlines()[0]}") from error
    finally:
        dist.destroy_process_group()
