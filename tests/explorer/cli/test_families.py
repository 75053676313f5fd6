"""Models of other families on the command line: found, listed, shown, continued and refused."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from explorer.cli.main import cli
from model.config import GPTConfig
from model.errors import ModelError
from model.families import hub
from tests.model.families.making import family, write
from tests.model.families.test_convert import SIZES, TEXT, nano
from tests.model.families.test_gguf import write_gguf
from tests.model.making import make_gpt


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a Llama, a model that is refused, and an empty hub cache; it is the current directory."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)
    write(family("llama"), tmp_path / "llama")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, standalone_mode=False)


def refusal(*arguments: str) -> str:
    result = run(*arguments)
    assert isinstance(result.exception, ModelError), result.output
    assert "\n" not in str(result.exception)
    return str(result.exception)


def shown(*arguments: str) -> dict[str, Any]:
    result = run("show", "--json", *arguments)
    assert result.exception is None, result.exception
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_llama_is_shown(models: Path) -> None:
    plain = shown("--model", "llama", "Ivan ate", "--layer", "1", "--head", "3")
    assert plain["model"] == "llama"
    assert (plain["head_size"], plain["scale"]) == (8, pytest.approx(8**-0.5))
    changed = shown("--model", str(models / "llama"), "Ivan ate", "--layer", "1", "--head", "3", "--no-mask")
    assert changed["weights"] != plain["weights"]
    with_bos = shown("--model", "llama", "Ivan ate", "--bos")
    assert with_bos["token_ids"] == [1, *plain["token_ids"]]


def test_what_is_special_about_a_head_is_in_the_json(models: Path) -> None:
    write(family("gpt_oss"), models / "oss")
    write(family("gemma2"), models / "gemma")
    sinks = shown("--model", "oss", "Ivan ate", "--head", "2")
    assert (sinks["window"], sinks["kv_head"]) == (4, 1)
    for row, taken in zip(sinks["weights"], sinks["sink_weights"], strict=True):
        assert sum(row) + taken == pytest.approx(1, abs=1e-5)
    capped = shown("--model", "gemma", "Ivan ate", "--layer", "1")
    assert capped["softcap"] == 50
    assert "window" not in capped
    for before, after in zip(capped["scaled"], capped["capped"], strict=True):
        assert after == [pytest.approx(50 * math.tanh(x / 50), abs=1e-4) for x in before]
    assert "softcap" not in shown("Ivan ate")


def test_a_soft_cap_is_a_stage_of_the_tables(models: Path) -> None:
    write(family("gemma2"), models / "gemma")
    arguments = ("show", "--model", "gemma", "Ivan ate", "--layer", "1", "--query", "3")
    assert "q·k scaled capped masked weights" in " ".join(run(*arguments).output.split())
    assert "capped, the scaled scores within a soft cap of 50" in run(*arguments[:-2], "--stage", "capped").output
    assert "capped" not in run("show", "Ivan ate").output
    assert "no soft cap" in refusal("show", "Ivan ate", "--stage", "capped")


def test_a_llama_is_continued(models: Path) -> None:
    result = run("generate", "Ivan", "--model", "llama", "--tokens", "5", "--json", "--past-end")
    assert len(json.loads(result.stdout)["token_ids"]) == 5


def test_what_cannot_be_opened_is_listed_as_such(models: Path) -> None:
    write(family("bloom"), models / "bloom")
    output = " ".join(run("models").output.split())
    assert "llama 2 4 8 32 48" in output
    assert "bloom cannot be opened: the code of 'bloom' models" in output
    assert "BloomBlock" in refusal("show", "--model", "bloom", "Ivan")


def test_heads_and_layers_are_checked_before_anything_is_loaded(models: Path) -> None:
    (models / "llama" / "model.safetensors").unlink()
    assert "heads 0 to 3" in refusal("show", "--model", "llama", "Ivan", "--head", "4")
    assert "layers 0 to 1" in refusal("show", "--model", "llama", "Ivan", "--layer", "2")


def test_a_gguf_file_is_shown_and_listed(models: Path) -> None:
    import gguf

    write_gguf(models / "tiny.gguf", gguf.GGMLQuantizationType.F32)
    plain = shown("--model", "tiny.gguf", "Ivan")
    assert plain["model"] == "tiny.gguf"
    assert "model_note" not in plain
    write_gguf(models / "small.gguf", gguf.GGMLQuantizationType.Q4_1)
    assert shown("--model", "small.gguf", "Ivan")["model_note"] == "dequantised from Q4_1"
    assert "small.gguf · dequantised from Q4_1 · L0 H0" in run("show", "--model", "small.gguf", "Ivan").output
    assert "opens as it is: explorer --model small.gguf" in refusal("convert", "small.gguf", "--out", "converted")
    assert "tiny.gguf" in run("models").output


def test_the_hub_cache_is_searched_by_name(models: Path) -> None:
    repository = models / "hub" / "models--someone--tiny"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("0123456789abcdef")
    (models / "llama").rename(models / "moved")
    (repository / "snapshots").mkdir()
    (models / "moved").rename(repository / "snapshots" / "0123456789abcdef")
    assert shown("--model", "someone/tiny", "Ivan")["model"] == "someone/tiny"
    assert "someone/tiny" in run("models").output
    assert list(hub.cached_names()) == ["someone/tiny"]
    assert "no model is called" in refusal("show", "--model", "someone/other", "Ivan")


@pytest.mark.parametrize("commit", ["../../../outside", "", "0123456789abcdef/..", "x" * 40])
def test_a_cache_that_points_elsewhere_is_not_followed(models: Path, commit: str) -> None:
    repository = models / "hub" / "models--a--b"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    assert hub.cached("a/b") is None
    assert hub.cached("../a") is None
    assert list(hub.cached_names()) == []


def test_a_checkpoint_of_nanogpt_is_converted(models: Path) -> None:
    text = models / "input.txt"
    text.write_text(TEXT)
    nano(models / "ckpt.pt", make_gpt(GPTConfig(**SIZES)))
    result = run("convert", "ckpt.pt", "--out", "mine", "--tokenizer", str(text))
    assert result.output == "2 layers × 3 heads of 8: explorer --model mine\n"
    assert shown("--model", "mine", "fox")["tokens"] == ["f", "o", "x"]
    assert "exists and is not empty" in refusal("convert", "ckpt.pt", "--out", "mine", "--tokenizer", str(text))
    assert "cannot be read" in refusal("convert", "nothing.pt", "--out", "other")


def test_without_the_extra_the_message_says_how_to_install_it(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.families.REQUIRED", ("no_such_package",))
    assert "pip install" in refusal("show", "--model", "llama", "Ivan")
    assert "pip install" in run("models").output
