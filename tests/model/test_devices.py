from pathlib import Path

import pytest
import torch

from model import devices
from model.errors import ModelError
from model.training.settings import TrainerSettings

CPU = torch.device("cpu")


@pytest.mark.parametrize("tiles", [True, False])
def test_a_processor_multiplies_in_bfloat16_only_with_matrix_tiles(
    monkeypatch: pytest.MonkeyPatch, tiles: bool
) -> None:
    """AVX-512's bfloat16 alone does not pay, whether it is there or not."""
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: tiles)
    assert devices.uses_bfloat16(CPU) is tiles
    assert devices.uses_bfloat16(CPU, TrainerSettings().precision) is tiles
    assert devices.uses_bfloat16(CPU, "bfloat16")
    assert not devices.uses_bfloat16(CPU, "float32")


def test_devices_that_are_not_there_are_refused_with_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert devices.choose() == CPU
    for name in ("cuda", "mps"):
        with pytest.raises(ModelError, match=f"there is no {name} device .* use --device cpu"):
            devices.choose(name)
    with pytest.raises(ModelError, match="'abacus' is not known: use one of auto, cpu, cuda, mps"):
        devices.choose("abacus")


def test_a_process_without_a_gpu_of_its_own_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert devices.choose("cuda", 1) == torch.device("cuda", 1)
    with pytest.raises(ModelError, match="process 2 of this host has no GPU of its own, there are 2"):
        devices.choose("auto", 2)


@pytest.mark.parametrize(
    ("groups", "limits", "expected"),
    [
        ("0::/\n", {"memory.max": "2000000000\n"}, 2_000_000_000),
        ("0::/a/b\n", {"a/b/memory.max": "max\n", "a/memory.max": "7", "memory.max": "8"}, 7),
        ("0::/../../not/seen/here\n", {"memory.max": "9"}, 9),
        ("5:cpu:/\n4:memory,hugetlb:/docker/x\n0::/\n", {"memory/docker/x/memory.limit_in_bytes": "5"}, 5),
        ("0::/\n", {"memory.max": "max\n"}, None),
        ("damaged\n\n", {"memory.max": "1"}, None),
        (None, {}, None),
    ],
)
def test_the_limit_of_a_container_is_the_smallest_of_its_groups(
    groups: str | None, limits: dict[str, str], expected: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if groups is not None:
        (tmp_path / "proc/self").mkdir(parents=True)
        (tmp_path / "proc/self/cgroup").write_text(groups)
    for name, limit in limits.items():
        path = tmp_path / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(limit)
    assert devices.cgroup_bytes(tmp_path) == expected
    whole = devices.device_bytes(CPU)
    monkeypatch.setattr(devices, "cgroup_bytes", lambda: 5)
    assert devices.device_bytes(CPU) == 5
    monkeypatch.setattr(devices, "cgroup_bytes", lambda: None)
    assert whole is None or whole <= (devices.device_bytes(CPU) or whole)
