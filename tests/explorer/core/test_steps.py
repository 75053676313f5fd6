"""The names of steps: read and written back, found on the disk, hostile ones refused in one line."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from explorer.cli.main import cli
from explorer.core import catalog
from explorer.core.steps import at_step, split_step
from tests.explorer.series import LAST, OTHER, STEPS, TEXT, save_series, traced

NO_STEP = ["", "a", "@5", "a@", "a@x", "a@-1", "a@1.5", "a@+1", "a@ 1", "a@1 ", "a@٣", "a@３", "a@" + "9" * 13, "a@1\n"]
HOSTILE = [
    *("../../etc@5", "/@5", ".@1", "~@0", "\0@5", "x\0y", "x\n@5", "\x1b[31m@5", "‮@5", "[bold]@5", "a" * 5000 + "@5"),
    *("x" + "@1" * 100, "x" + "/y@1" * 1200, "@@@@@5", "-@5", "--help@5", "\ud800@3"),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_series(tmp_path_factory.mktemp("steps") / "grown"))


@given(st.text(min_size=1), st.integers(0, 10**12 - 1))
def test_a_name_gives_its_step_back(name: str, step: int) -> None:
    assert split_step(at_step(name, step)) == (name, step)


@given(st.text())
def test_any_other_name_stays_as_it_is(text: str) -> None:
    name, step = split_step(text)
    if step is None:
        assert name == text
    else:
        assert text.startswith(f"{name}@")
        assert int(text[len(name) + 1 :]) == step


@pytest.mark.parametrize("name", NO_STEP)
def test_what_names_no_step(name: str) -> None:
    assert split_step(name) == (name, None)


def test_a_step_is_found_and_problems_are_reported(model: str) -> None:
    for step in STEPS:
        assert catalog.find_model(f"{model}@{step}") == Path(model, "snapshots", f"step-{step:06d}")
    assert catalog.find_model(f"{model}@{LAST}") == Path(model)
    assert catalog.find_model(f"{model}@0030") == Path(model, "snapshots", "step-000030")
    for wrong, reason in (
        ("@31", "has no step 31: there are 0, 10, 30, 100, 300"),
        ("@10@30", "no model is called"),
        ("@", "no model is called"),
    ):
        with pytest.raises(catalog.ModelNotFoundError, match=reason):
            catalog.find_model(model + wrong)


def test_a_directory_of_exactly_this_name_comes_first(model: str, tmp_path: Path) -> None:
    for name in ("x", "x@10", "x@10@30"):
        shutil.copytree(model, tmp_path / name)
    assert catalog.find_model(f"{tmp_path}/x@10") == tmp_path / "x@10"
    assert catalog.find_model(f"{tmp_path}/x@30") == tmp_path / "x" / "snapshots" / "step-000030"
    assert catalog.find_model(f"{tmp_path}/x@10@30") == tmp_path / "x@10@30"
    assert catalog.find_model(f"{tmp_path}/x@10@100") == tmp_path / "x@10" / "snapshots" / "step-000100"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_refused_in_one_line(name: str) -> None:
    assert not catalog.model_exists(name) or name == "/@5"
    with pytest.raises(catalog.ModelNotFoundError) as refused:
        catalog.find_model(name)
    assert str(refused.value).isprintable()


def show(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["show", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_show_at_a_step(model: str) -> None:
    for step in STEPS:
        answer = json.loads(show(TEXT, "--model", f"{model}@{step}", "--layer", "1", "--head", "1", "--json"))
        theirs = traced(Path(model, "snapshots", f"step-{step:06d}"))
        assert answer["model"] == f"grown@{step}"
        for ours, other in zip(answer["weights"], theirs.weights[1][1], strict=True):
            assert ours == pytest.approx(other, abs=2e-5)
        assert answer["loss"] == pytest.approx(theirs.loss, abs=1e-4)
    assert "grown@10" in show(OTHER, "--model", f"{model}@10")


@pytest.mark.parametrize("name", ["@7", "@10@30", "\x1b[31m@5"])
def test_show_refuses_in_one_line(model: str, name: str) -> None:
    result = CliRunner().invoke(cli, ["show", TEXT, "--model", model + name], catch_exceptions=False)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("explorer: ")
    assert result.stderr[:-1].isprintable()
