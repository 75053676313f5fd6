"""Where a model runs: the device and its memory, and the number format of the matrix products of training."""

import os
from contextlib import suppress
from pathlib import Path

import torch

from model.errors import ModelError

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose(name: str = "auto", index: int = 0) -> torch.device:
    """The device called `name`; "auto" is a GPU if there is one. `index` picks one of several GPUs.

    Raises ModelError if it does not exist.
    """
    if name not in DEVICES:
        raise ModelError(f"device {name!r} is not known: use one of {', '.join(DEVICES)}")
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    chosen = next(kind for kind in ("cuda", "mps", "cpu") if available[kind]) if name == "auto" else name
    if not available[chosen]:
        others = ", ".join(kind for kind, present in available.items() if present)
        raise ModelError(f"there is no {chosen} device for this torch {torch.__version__}: use --device {others}")
    if chosen == "cuda" and index >= torch.cuda.device_count():
        raise ModelError(
            f"process {index} of this host has no GPU of its own, there are {torch.cuda.device_count()}: start fewer"
        )
    return torch.device(chosen, index) if chosen == "cuda" else torch.device(chosen)


def device_bytes(device: torch.device) -> int | None:
    """The most memory that this process may use of a device, or None if it cannot be found out."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    limit = cgroup_bytes()
    try:
        whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on every system
        return limit
    return whole if limit is None else min(whole, limit)


def cgroup_bytes(root: Path = Path("/")) -> int | None:
    """The memory limit of this process's control groups (Linux, versions 1 and 2), or None if there is none.

    A group is limited by those above it as well. `root` is the directory that holds `proc` and `sys`.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except (OSError, ValueError):
        return None
    limits = []
    for _, controllers, path in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if controllers == "":
            top, name = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            top, name = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        group = top / path.lstrip("/")
        for place in (group, *group.parents[: len(group.parts) - len(top.parts)]):
            with suppress(OSError, ValueError):  # "max", or a group that is not to be seen from inside a container
                limits.append(int((place / name).read_text()))
    return min(limits, default=None)


def uses_bfloat16(device: torch.device, precision: str = "auto") -> bool:
    """Return True if training multiplies matrices in bfloat16 there; weights, sums and attention stay in float32.

    `precision` is "float32", "bfloat16", or "auto" for bfloat16 where autocast pays. Among CPUs these are the ones with
    matrix tiles (AMX): AVX-512's bfloat16 dot products ran at 0.57 times the speed of float32 on a CPU without tiles.
    The speed is not measured at run time, so that every run on a machine computes the same.
    """
    if precision != "auto":
        return precision == "bfloat16"
    if device.type == "cpu":
        return bool(torch.cpu._is_amx_tile_supported())
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
