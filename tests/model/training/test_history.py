"""The lines that a run keeps: read back as written, torn lines, what lies beyond a checkpoint, hostile content."""

import errno
import json
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model.layout import CheckpointError
from model.training import history
from model.training.history import LineLog, StepMetrics, as_line, read_history, read_metrics
from tests.model.trainers import make_trainer


def metrics(step: int, **values: Any) -> StepMetrics:
    made = StepMetrics(step, 1 / step, None, 0.01, 0.5, step * 64, 0.125, 512.0)
    return replace(made, **values)


def write(out: Path, *steps: int) -> None:
    log = LineLog(out / history.METRICS, 0)
    for step in steps:
        log.append(as_line(metrics(step)))
    log.close()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    told = [metrics(1), metrics(2, validation_loss=0.1 + 0.2), metrics(3, validation_loss=0.0, prefix_loss=7.5)]
    log = LineLog(tmp_path / history.METRICS, 0)
    for one in told:
        log.append(as_line(one))
        log.sync()
    log.close()
    assert read_metrics(tmp_path) == tuple(told)
    assert len((tmp_path / history.METRICS).read_text().splitlines()) == 3


def test_a_resumed_log_drops_what_lies_beyond(tmp_path: Path) -> None:
    write(tmp_path, 1, 2, 3, 4, 5)
    log = LineLog(tmp_path / history.METRICS, 3)
    log.append(as_line(metrics(4, loss=9.0)))
    log.close()
    assert [(m.step, m.loss) for m in read_metrics(tmp_path)] == [(1, 1.0), (2, 0.5), (3, 1 / 3), (4, 9.0)]


@pytest.mark.parametrize("torn", [b'{"step": 4, "lo', b'{"step": 4}', b"\x00\x00", b"[[[["])
def test_a_torn_last_line_is_passed_over_and_cut_off(tmp_path: Path, torn: bytes) -> None:
    write(tmp_path, 1, 2, 3)
    with (tmp_path / history.METRICS).open("ab") as file:
        file.write(torn)
    assert [m.step for m in read_metrics(tmp_path)] == [1, 2, 3]
    log = LineLog(tmp_path / history.METRICS, 8)
    log.append(as_line(metrics(4)))
    log.close()
    assert [m.step for m in read_metrics(tmp_path)] == [1, 2, 3, 4]


def test_a_damaged_line_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    write(tmp_path, 1, 2, 3)
    path = tmp_path / history.METRICS
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join((lines[0], b"garbage\n", *lines[1:])))
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match="mend line 2"):
        LineLog(path, 2)
    assert path.read_bytes() == before
    LineLog(path, 1).close()  # all that lies beyond is cut off in any case
    assert path.read_bytes() == lines[0]


def test_links_are_not_written_through(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("precious")
    for name in (history.METRICS, f"{history.RUN}.tmp"):
        (tmp_path / name).symlink_to(theirs)
    with pytest.raises(CheckpointError, match="cannot be written"):
        LineLog(tmp_path / history.METRICS, 0)
    history.describe(tmp_path, make_trainer().description)
    assert theirs.read_text() == "precious"
    assert not (tmp_path / history.RUN).is_symlink()


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "[]",
        "null",
        "not json",
        '{"step": "1"}',
        json.dumps({**as_line(metrics(2)), "step": 2.5}),
        json.dumps({**as_line(metrics(2)), "loss": "much"}),
        json.dumps({**as_line(metrics(2)), "loss": True}),
        json.dumps(as_line(metrics(1))),
        *(json.dumps({**as_line(metrics(2)), "loss": loss}) for loss in (math.nan, math.inf, 1e308, -(10**400))),
        json.dumps({**as_line(metrics(2)), "step": 10**400}),
        json.dumps({**as_line(metrics(2)), "seconds": 1e308}),
        "[" * 100_000,
    ],
)
def test_a_damaged_line_is_one_clear_error(tmp_path: Path, line: str) -> None:
    write(tmp_path, 1)
    with (tmp_path / history.METRICS).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(CheckpointError, match="damaged") as caught:
        read_metrics(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_description_is_read_back_also_from_inside_the_run(tmp_path: Path) -> None:
    trainer = make_trainer(config={"causal": False, "scale_attn_weights": False, "initializer_range": 0.3})
    history.describe(tmp_path, trainer.description)
    write(tmp_path, 1)
    (tmp_path / "final").mkdir()
    found = read_history(tmp_path / "final")
    assert found == read_history(tmp_path)
    assert found.description == trainer.description
    assert found.description.uniform_loss == math.log(trainer.gpt.config.vocab_size)
    assert not found.description.config.causal


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"config": {}}', '{"config": 3, "parameters": 1}', "[" * 100_000])
def test_a_damaged_description_is_one_clear_error(tmp_path: Path, content: str) -> None:
    write(tmp_path, 1)
    (tmp_path / history.RUN).write_text(content)
    with pytest.raises(CheckpointError, match="damaged") as caught:
        read_history(tmp_path)
    assert "\n" not in str(caught.value)


def test_no_run_is_one_clear_error(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(CheckpointError, match="name the directory of a run"):
            read_history(path)


def test_a_full_disk_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 1, 2)
    log = LineLog(tmp_path / history.METRICS, 2)
    real = os.write

    def full(descriptor: int, content: bytes) -> int:
        """Takes half a line, then says that it is full."""
        if len(content) < 40:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, content[: len(content) // 2 + 10])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(CheckpointError, match="No space left on device"):
        log.append({"step": 3, "padding": "x" * 40})
    monkeypatch.undo()
    log.close()
    assert [m.step for m in read_metrics(tmp_path)][:2] == [1, 2]


def test_numbers_that_json_has_no_word_for(tmp_path: Path) -> None:
    log = LineLog(tmp_path / history.STATISTICS, 0)
    log.append({"step": 1, "a": [math.nan, {"b": math.inf}]})
    log.close()
    assert history.read_statistics(tmp_path) == ({"step": 1, "a": [None, {"b": None}]},)
    assert history.read_statistics(tmp_path / "nowhere") == ()
