"""`explorer compare`: figures computed another way, curves where they belong, errors in one line."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from explorer.cli.compare import plot_lines
from explorer.cli.main import cli
from explorer.core.plot import Axis, Curve, axis, draw
from model.config import GPTConfig
from model.training import run_log
from model.training.run_log import JsonLinesWriter, RunDescription, StepMetrics, read_run_log

CONFIG = GPTConfig(65, 16, 8, 1, 1)
SETTINGS = {"steps": 100, "batch_size": 4, "seed": 1, "optimizer": {"name": "muon", "learning_rate": 0.003}}


def make(out: Path, losses: list[float], config: GPTConfig = CONFIG, **settings: Any) -> str:
    out.mkdir()
    run_log.write_description(out, RunDescription(config, 1234, 16, {**SETTINGS, **settings}))
    log = JsonLinesWriter(out / run_log.METRICS, 0)
    for step, loss in enumerate(losses, 1):
        due = step % 20 == 0
        prefix = loss + 5 if due and not config.causal else None
        log.append(
            StepMetrics(step, loss, loss + 0.25 if due else None, 0.1, 1.0, step, 0.5, 8.0 * step, prefix).to_dict()
        )
    log.close()
    return str(out)


@pytest.fixture
def runs(tmp_path: Path) -> list[str]:
    falling = [4.2 * 0.98**i + 0.5 for i in range(100)]
    cheat = replace(CONFIG, causal=False, scale_attn_weights=False, initializer_range=0.5)
    return [
        make(tmp_path / "usual", falling),
        make(tmp_path / "cheat", [4.2 * 0.9**i for i in range(60)], cheat, optimizer={"name": "adamw"}),
    ]


def compare(*arguments: str, width: int = 100) -> Result:
    return CliRunner().invoke(cli, ["compare", *arguments], catch_exceptions=False, env={"COLUMNS": str(width)})


def test_the_figures_are_those_of_the_lines(runs: list[str]) -> None:
    told = json.loads(compare(*runs, "--json").stdout)["runs"]
    lines = [json.loads(line) for line in (Path(runs[0]) / "metrics.jsonl").read_text().splitlines()]
    usual, cheat = told
    assert usual["training"] == [[line["step"], line["loss"]] for line in lines]
    assert usual["training_loss"] == pytest.approx(sum(line["loss"] for line in lines[50:]) / 50)
    assert usual["validation_loss"] == usual["lowest_validation_loss"] == lines[-1]["validation_loss"]
    assert [usual["lowest_at_step"], usual["step"], cheat["step"]] == [100, 100, 60]
    assert usual["uniform_loss"] == math.log(65)
    assert (usual["mask"], usual["scale"], usual["prefix_loss"], usual["seconds"]) == (True, True, None, 50.0)
    assert (cheat["mask"], cheat["scale"], cheat["init_std"]) == (False, False, 0.5)
    assert cheat["prefix_loss"] == pytest.approx(4.2 * 0.9**59 + 5)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("options", [[], ["--log"], ["--log-steps"]])
def test_a_picture_and_a_table_of_any_width(runs: list[str], width: int, options: list[str]) -> None:
    result = compare(*runs, *options, width=width)
    assert result.exit_code == 0
    assert max(map(cell_len, result.stdout.splitlines()[1:])) <= width
    words = " ".join(result.stdout.split())
    assert "ln(65) = 4.17" in words
    assert "A usual" in words
    assert "B cheat" in words
    assert "Without the mask a model sees the token that it is to predict" in words
    assert "B: no mask, no scale" in words
    assert ("time" in words) == (width >= 80)


def test_differing_settings_are_listed(runs: list[str]) -> None:
    words = " ".join(compare(*runs, width=200).stdout.split())
    assert "no mask, no scale, init std 0.5, optimizer adamw" in words
    assert "B: no mask" not in compare(runs[0], runs[0], width=200).stdout


def test_letters_stand_where_the_validation_loss_is(runs: list[str]) -> None:
    """Read from the plot itself: a letter's row and column give back step and loss to within a cell."""
    found = read_run_log(runs[0])
    lines = [line.plain for line in plot_lines([found], 109, 30)][1:-2]
    columns, rows = 100, len(lines)
    values = [m.loss for m in found.metrics] + [m.validation_loss or 4.0 for m in found.metrics] + [math.log(65)]
    low, high = min(values), max(values)
    low, high = low - 0.03 * (high - low), high + 0.03 * (high - low)
    places = {(x - 9, y) for y, line in enumerate(lines) for x, c in enumerate(line) if c == "A"}
    expected = {
        (min(99, int((m.step - 1) / 99 * columns)), int((high - m.validation_loss) / (high - low) * rows))
        for m in found.metrics
        if m.validation_loss is not None
    }
    assert places == expected


def test_a_line_passes_through_its_points() -> None:
    points = [(0.0, 0.0), (50.0, 10.0), (100.0, 5.0)]
    rows = draw([Curve("A", points)], Axis(0, 100), Axis(0, 10), 49, 12)[:-2]
    text = ["".join(piece for piece, _ in row)[9:] for row in rows]
    assert (len(text), {len(line) for line in text}) == (10, {40})

    def braille(x: int, y: int) -> bool:
        return 0x2800 < ord(text[y][x]) <= 0x28FF

    assert braille(0, 9)
    assert braille(20, 0)
    assert braille(39, 5)
    assert all(any(braille(x, y) for y in range(10)) for x in range(40))  # connected
    assert not braille(0, 0)


def test_axes() -> None:
    for log in (False, True):
        made = axis([3.0, 30.0, math.nan, math.inf], log)
        assert (made.low, made.high) == (3.0, 30.0)
        assert made.place(3.0) == pytest.approx(0)
        assert made.place(30.0) == pytest.approx(1)
        assert made.value(made.place(7.0)) == pytest.approx(7.0)
    assert axis([1.0, 100.0], True).place(10.0) == pytest.approx(0.5)
    assert axis([5.0, 5.0]).place(5.0) == 0.5
    assert axis([]) == Axis(0.0, 1.0)
    assert axis([0.0, -1.0, 2.0, 8.0], True).low == 2.0


def test_strange_losses_can_be_drawn(tmp_path: Path) -> None:
    for name, losses in {"one": [4.0], "flat": [4.0] * 30, "wild": [1e30, 1e-30, 3.0] * 8, "zero": [0.0] * 5}.items():
        run = make(tmp_path / name, losses)
        for options in ([], ["--log"], ["--log", "--log-steps", "--height", "8"]):
            assert compare(run, *options).exit_code == 0


def test_errors_are_one_line(tmp_path: Path, runs: list[str]) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    young = make(tmp_path / "young", [])
    for arguments, says in (
        ([runs[0], str(tmp_path / "nowhere")], "does not exist"),
        ([str(tmp_path / "file")], "is a file"),
        ([str(tmp_path / "empty")], "holds no metrics.jsonl"),
        ([young], "has not finished its first step yet"),
        ([], "Missing argument"),
        ([runs[0]] * 27, "at most 26"),
    ):
        result = compare(*arguments)
        assert result.exit_code == 2
        assert says in result.stderr
        assert result.stderr[:-1].isprintable()
        assert result.stdout == ""


def test_hostile_names_are_shown_safely(tmp_path: Path) -> None:
    run = make(tmp_path / "[red]\x1b[31mrun", [4.0, 3.0])
    shown = compare(run).stdout
    assert "\x1b" not in shown
    assert "[red]" in shown
