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
from model.training import run_log
from model.training.run_log import JsonLinesWriter, StepMetrics, read_metrics, read_run_log
from tests.model.trainers import make_trainer


def metrics(step: int, **values: Any) -> StepMetrics:
    made = StepMetrics(step, 1 / step, None, 0.01, 0.5, step * 64, 0.125, 512.0)
    return replace(made, **values)


def write(out: Path, *steps: int) -> None:
    log = JsonLinesWriter(out / run_log.METRICS, 0)
    for step in steps:
        log.append(metrics(step).to_dict())
    log.close()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    told = [metrics(1), metrics(2, validation_loss=0.1 + 0.2), metrics(3, validation_loss=0.0, prefix_loss=7.5)]
    log = JsonLinesWriter(tmp_path / run_log.METRICS, 0)
    for one in told:
        log.append(one.to_dict())
        log.sync()
    log.close()
    assert list(read_metrics(tmp_path)) == told
    assert len((tmp_path / run_log.METRICS).read_text().splitlines()) == 3


def test_a_resumed_log_drops_what_lies_beyond(tmp_path: Path) -> None:
    write(tmp_path, 1, 2, 3, 4, 5)
    log = JsonLinesWriter(tmp_path / run_log.METRICS, 3)
    log.append(metrics(4, loss=9.0).to_dict())
    log.close()
    assert [(m.step, m.loss) for m in read_metrics(tmp_path)] == [(1, 1.0), (2, 0.5), (3, 1 / 3), (4, 9.0)]


@pytest.mark.parametrize("torn", [b'{"step": 4, "lo', b'{"step": 4}', b"\x00\x00", b"[[[["])
def test_a_torn_last_line_is_passed_over_and_cut_off(tmp_path: Path, torn: bytes) -> None:
    write(tmp_path, 1, 2, 3)
    with (tmp_path / run_log.METRICS).open("ab") as file:
        file.write(torn)
    assert [m.step for m in read_metrics(tmp_path)] == [1, 2, 3]
    log = JsonLinesWriter(tmp_path / run_log.METRICS, 8)
    log.append(metrics(4).to_dict())
    log.close()
    assert [m.step for m in read_metrics(tmp_path)] == [1, 2, 3, 4]


def test_a_damaged_line_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    write(tmp_path, 1, 2, 3)
    path = tmp_path / run_log.METRICS
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join((lines[0], b"garbage\n", *lines[1:])))
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match="remove line 2"):
        JsonLinesWriter(path, 2)
    assert path.read_bytes() == before
    JsonLinesWriter(path, 1).close()  # all that lies beyond is cut off in any case
    assert path.read_bytes() == lines[0]


def test_links_are_not_written_through(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("precious")
    for name in (run_log.METRICS, f"{run_log.RUN}.tmp"):
        (tmp_path / name).symlink_to(theirs)
    with pytest.raises(CheckpointError, match="cannot be written"):
        JsonLinesWriter(tmp_path / run_log.METRICS, 0)
    run_log.write_description(tmp_path, make_trainer().description)
    assert theirs.read_text() == "precious"
    assert not (tmp_path / run_log.RUN).is_symlink()


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        "[]",
        "null",
        "not json",
        '{"step": "1"}',
        json.dumps({**metrics(2).to_dict(), "step": 2.5}),
        json.dumps({**metrics(2).to_dict(), "loss": "much"}),
        json.dumps({**metrics(2).to_dict(), "loss": True}),
        json.dumps(metrics(1).to_dict()),
        *(json.dumps({**metrics(2).to_dict(), "loss": loss}) for loss in (math.nan, math.inf, 1e308, -(10**400))),
        json.dumps({**metrics(2).to_dict(), "step": 10**400}),
        json.dumps({**metrics(2).to_dict(), "seconds": 1e308}),
        "[" * 100_000,
    ],
)
def test_a_damaged_line_is_one_clear_error(tmp_path: Path, line: str) -> None:
    write(tmp_path, 1)
    with (tmp_path / run_log.METRICS).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(CheckpointError, match="damaged") as caught:
        read_metrics(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_description_is_read_back_also_from_inside_the_run(tmp_path: Path) -> None:
    trainer = make_trainer(config={"causal": False, "scale_attn_weights": False, "initializer_range": 0.3})
    run_log.write_description(tmp_path, trainer.description)
    write(tmp_path, 1)
    (tmp_path / "final").mkdir()
    found = read_run_log(tmp_path / "final")
    assert found == read_run_log(tmp_path)
    assert found.description == trainer.description
    assert found.description.uniform_loss == math.log(trainer.gpt.config.vocab_size)
    assert not found.description.config.causal


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"config": {}}', '{"config": 3, "parameters": 1}', "[" * 100_000])
def test_a_damaged_description_is_one_clear_error(tmp_path: Path, content: str) -> None:
    write(tmp_path, 1)
    (tmp_path / run_log.RUN).write_text(content)
    with pytest.raises(CheckpointError, match="damaged") as caught:
        read_run_log(tmp_path)
    assert "\n" not in str(caught.value)


def test_no_run_is_one_clear_error(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(CheckpointError, match="name the directory of a run"):
            read_run_log(path)


def test_a_full_disk_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 1, 2)
    log = JsonLinesWriter(tmp_path / run_log.METRICS, 2)
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
    assert list(read_metrics(tmp_path).steps[:2]) == [1, 2]


def test_numbers_that_json_has_no_word_for(tmp_path: Path) -> None:
    log = JsonLinesWriter(tmp_path / run_log.STATISTICS, 0)
    log.append({"step": 1, "a": [math.nan, {"b": math.inf}]})
    log.close()
    assert run_log.read_statistics(tmp_path) == ({"step": 1, "a": [None, {"b": None}]},)
    assert run_log.read_statistics(tmp_path / "nowhere") == ()
