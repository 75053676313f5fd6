"""Checkpoints: what was saved opens again, and nothing is lost in writing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from model import checkpoint, layout, tokenizer
from model.checkpoint import CheckpointError
from model.config import GPTConfig
from tests.model.making import CHARACTERS, CONFIG, IDS, change_tensors, make_gpt
from tests.parameters import slow


def test_a_saved_model_opens_the_same(saved: Path) -> None:
    opened = checkpoint.load(saved)
    assert (opened.name, opened.path, opened.config) == ("model", saved, CONFIG)
    assert torch.equal(opened.trace(IDS).logits, make_gpt().trace(IDS).logits)
    assert opened.tokenizer.get_vocab() == tokenizer.train_char(CHARACTERS).get_vocab()
    assert not opened.gpt.training
    assert not any(parameter.requires_grad for parameter in opened.gpt.parameters())
    assert checkpoint.load(saved, "another name").name == "another name"


def test_matrices_are_stored_as_conv1d_and_the_output_is_not(saved: Path) -> None:
    stored = load_file(saved / "model.safetensors")
    assert stored["transformer.h.0.attn.c_attn.weight"].shape == (8, 24)
    assert stored["transformer.h.1.mlp.c_fc.weight"].shape == (8, 20)
    assert not any("lm_head" in name for name in stored)
    assert {path.name for path in saved.iterdir()} == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert json.loads((saved / "tokenizer_config.json").read_text())["tokenizer_class"] == "PreTrainedTokenizerFast"
    assert {"bos_token_id", "eos_token_id"} <= json.loads((saved / "config.json").read_text()).keys()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_open_as_float32(tmp_path: Path, dtype: torch.dtype) -> None:
    gpt = make_gpt()
    checkpoint.save(tmp_path / "model", gpt, tokenizer.train_char(CHARACTERS), dtype=dtype)
    opened = checkpoint.load(tmp_path / "model")
    for name, weight in opened.gpt.state_dict().items():
        assert weight.dtype == torch.float32
        assert torch.equal(weight, gpt.state_dict()[name].to(dtype).float())


def test_an_8_bit_checkpoint_keeps_its_vectors_in_16_bits(tmp_path: Path) -> None:
    gpt = make_gpt()
    checkpoint.save(tmp_path / "model", gpt, tokenizer.train_char(CHARACTERS), dtype=torch.float8_e4m3fn)
    opened = checkpoint.load(tmp_path / "model").gpt.state_dict()
    for name, weight in gpt.state_dict().items():
        stored = weight.to(torch.float8_e4m3fn if weight.dim() == 2 else torch.float16)
        assert torch.equal(opened[name], stored.float())


def test_an_8_bit_checkpoint_with_nan_is_refused(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "model", make_gpt(), tokenizer.train_char(CHARACTERS), dtype=torch.float8_e4m3fn)

    def spoil(tensors: dict[str, Tensor]) -> None:
        tensors["transformer.wte.weight"].view(torch.uint8)[0, 0] = 0x7F

    change_tensors(tmp_path / "model", spoil)
    with pytest.raises(CheckpointError, match="holds NaN"):
        checkpoint.load(tmp_path / "model")


def test_the_prefix_masks_and_tied_output_of_other_files_are_accepted(saved: Path) -> None:
    def as_gpt2(tensors: dict[str, Tensor]) -> None:
        for name in list(tensors):
            tensors[name.removeprefix("transformer.")] = tensors.pop(name)
        tensors["lm_head.weight"] = tensors["wte.weight"].clone()
        for layer in range(2):
            tensors[f"h.{layer}.attn.bias"] = torch.ones(1, 1, 12, 12, dtype=torch.bool).tril()
            tensors[f"h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)

    change_tensors(saved, as_gpt2)
    assert torch.equal(checkpoint.load(saved).trace(IDS).logits, make_gpt().trace(IDS).logits)


def test_weights_do_not_depend_on_the_file_once_open(saved: Path) -> None:
    opened = checkpoint.load(saved)
    (saved / "model.safetensors").write_bytes(b"")
    assert torch.equal(opened.trace(IDS).logits, make_gpt().trace(IDS).logits)


def test_a_symlink_to_a_checkpoint_opens(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(saved, target_is_directory=True)
    assert checkpoint.load(tmp_path / "link").config == CONFIG


def test_trained_without_scale_or_mask_is_remembered(tmp_path: Path) -> None:
    config = GPTConfig(20, 12, 8, 2, 2, scale_attn_weights=False, causal=False, bos_token_id=1, eos_token_id=2)
    checkpoint.save(tmp_path / "model", make_gpt(config), tokenizer.train_char(CHARACTERS))
    assert json.loads((tmp_path / "model" / "config.json").read_text())["scale_attn_weights"] is False
    assert checkpoint.load(tmp_path / "model").config == config


# Writing


def test_a_full_directory_is_refused_and_left_alone(saved: Path) -> None:
    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    with pytest.raises(CheckpointError, match="exists and is not empty"):
        checkpoint.save(saved, make_gpt(seed=1), tokenizer.train_char(CHARACTERS))
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before
    assert sorted(path.name for path in saved.parent.iterdir()) == ["model"]


def test_replace_swaps_and_leaves_nothing_behind(saved: Path) -> None:
    checkpoint.save(saved, make_gpt(seed=1), tokenizer.train_char(CHARACTERS), extra={"card.md": "# é"}, replace=True)
    assert torch.equal(checkpoint.load(saved).trace(IDS).logits, make_gpt(seed=1).trace(IDS).logits)
    assert (saved / "card.md").read_bytes() == "# é".encode()
    assert sorted(path.name for path in saved.parent.iterdir()) == ["model"]


def test_an_empty_directory_a_link_and_missing_parents_are_fine(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty", target_is_directory=True)
    for directory in (tmp_path / "link", tmp_path / "a" / "b"):
        checkpoint.save(directory, make_gpt(), tokenizer.train_char(CHARACTERS))
        assert checkpoint.load(directory).config == CONFIG
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("moment", ["replace", "rename", "fsync"])
def test_a_failed_write_leaves_the_old_one(saved: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os if moment == "fsync" else Path, moment, fail)
        with pytest.raises(CheckpointError, match="No space left on device"):
            checkpoint.save(saved, make_gpt(seed=1), tokenizer.train_char(CHARACTERS), replace=True)
    assert torch.equal(checkpoint.load(saved).trace(IDS).logits, make_gpt().trace(IDS).logits)
    assert sorted(path.name for path in saved.parent.iterdir()) == ["model"]


KILLED_SAVE = """
import os, sys
import torch
from pathlib import Path
from model import checkpoint, tokenizer
from model.config import GPTConfig
from model.gpt import GPT

gpt = GPT(GPTConfig(20, 12, 8, 2, 2, n_inner=20))
gpt.initialize(torch.Generator().manual_seed(1))
real, calls = os.{call}, []
def dying(*arguments, **options):
    calls.append(arguments)
    if len(calls) == {number}:
        os._exit(9)
    return real(*arguments, **options)
os.{call} = dying
checkpoint.save(sys.argv[1], gpt, tokenizer.train_char({characters!r}), replace=True)
"""


@pytest.mark.parametrize(
    ("call", "number", "survivor"),
    [
        ("fsync", 5, 0),
        ("fsync", 6, 1),
        *(slow(*each) for each in (("fsync", 1, 0), ("rename", 1, 0), ("replace", 1, 0), ("fsync", 99, 1))),
    ],
)
def test_a_kill_at_any_moment_leaves_one_whole_model(saved: Path, call: str, number: int, survivor: int) -> None:
    """The process ends without any clean-up inside the given call; then a model opens, and the next save works."""
    code = KILLED_SAVE.format(call=call, number=number, characters=CHARACTERS)
    run = subprocess.run(
        [sys.executable, "-c", code, str(saved)], check=False, env=os.environ | {"PYTHONPATH": str(Path.cwd())}
    )
    assert run.returncode == (9 if number < 99 else 0)
    expected = make_gpt(seed=survivor).trace(IDS).logits
    assert torch.equal(checkpoint.load(saved).trace(IDS).logits, expected)
    checkpoint.save(saved, make_gpt(seed=2), tokenizer.train_char(CHARACTERS), replace=True)
    assert torch.equal(checkpoint.load(saved).trace(IDS).logits, make_gpt(seed=2).trace(IDS).logits)
    assert sorted(path.name for path in saved.parent.iterdir()) == ["model"]


def test_what_a_person_keeps_beside_the_target_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / "model.tmp").mkdir()
    (tmp_path / "model.tmp" / "thesis.txt").write_text("mine")
    with pytest.raises(CheckpointError, match="in the way"):
        checkpoint.save(tmp_path / "model", make_gpt(), tokenizer.train_char(CHARACTERS))
    assert (tmp_path / "model.tmp" / "thesis.txt").read_text() == "mine"


def test_a_target_that_is_a_file_or_below_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for directory in (tmp_path / "file", tmp_path / "file" / "model"):
        with pytest.raises(CheckpointError) as error:
            checkpoint.save(directory, make_gpt(), tokenizer.train_char(CHARACTERS))
        assert str(error.value).isprintable()
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("name", ["config.json", "../escape", "a/b", "", ".."])
def test_extra_files_have_plain_names_of_their_own(tmp_path: Path, name: str) -> None:
    with pytest.raises(CheckpointError, match="extra file"):
        checkpoint.save(tmp_path / "m", make_gpt(), tokenizer.train_char(CHARACTERS), extra={name: b""})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("value", "dtype"), [(float("nan"), torch.float32), (1e5, torch.float16), (500.0, torch.float8_e4m3fn)]
)
def test_a_diverged_model_is_not_written(tmp_path: Path, value: float, dtype: torch.dtype) -> None:
    gpt = make_gpt()
    with torch.no_grad():
        gpt.get_parameter("h.1.mlp.c_fc.weight")[3, 0] = value
    with pytest.raises(CheckpointError, match=r"'h\.1\.mlp\.c_fc\.weight' is not finite as torch\.float"):
        checkpoint.save(tmp_path / "model", gpt, tokenizer.train_char(CHARACTERS), dtype=dtype)
    assert not list(tmp_path.iterdir())


def test_a_summary_needs_neither_torch_nor_the_weights(saved: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from model.layout import summarize; "
        f"summary = summarize(Path({str(saved)!r})); assert 'torch' not in sys.modules; print(summary.parameters)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(run.stdout) == sum(parameter.numel() for parameter in make_gpt().parameters())
    assert layout.summarize(saved).bytes_on_disk == sum(path.stat().st_size for path in saved.iterdir())


def test_opening_does_not_import_the_compiler(saved: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from model import checkpoint\n"
        "checkpoint.load(Path(sys.argv[1]))\n"
        "print('torch._dynamo' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(saved)], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
