"""Where a model is trained: the device, and the number format in which it multiplies."""

import torch

from model.errors import ModelError

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose(name: str = "auto", index: int = 0) -> torch.device:
    """The device called `name`; `auto` is a GPU where there is one. `index` is this process's own among several GPUs.

    Raises ModelError when it is not there.
    """
    if name not in DEVICES:
        raise ModelError(f"device {name!r} is not known: use one of {', '.join(DEVICES)}")
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    chosen = next(kind for kind in ("cuda", "mps", "cpu") if there[kind]) if name == "auto" else name
    if not there[chosen]:
        others = ", ".join(kind for kind, present in there.items() if present)
        raise ModelError(f"there is no {chosen} device for this torch {torch.__version__}: use --device {others}")
    if chosen == "cuda" and index >= torch.cuda.device_count():
        raise ModelError(
            f"process {index} of this host has no GPU of its own, there are {torch.cuda.device_count()}: start fewer"
        )
    return torch.device(chosen, index) if chosen == "cuda" else torch.device(chosen)


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies matrices of bfloat16 so much faster that autocast pays.

    Of the processors only those with matrix tiles (AMX): AVX-512's dot products of bfloat16 were measured at 0.57 times
    the speed of float32 on one that shows no tiles. It is not measured anew, so that a run is the same each time.
    """
    if device.type == "cpu":
        return bool(torch.cpu._is_amx_tile_supported())
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
