"""What is taken away is what is shown: read back by other means and compared with a fresh trace."""

import csv
import io
import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
import torch

from explorer.cli.show_reading import read_whole_text
from explorer.core.export import (
    CSV,
    FORMATS,
    JSON,
    LINK,
    NPZ,
    SVG,
    cell_table,
    default_name,
    head_as_object,
    matrix_table,
    path_of,
    predictions_table,
    produce,
    row_table,
    write_file,
)
from explorer.core.link import link_line
from explorer.core.reading import Reading
from explorer.core.readings import ReadingService
from explorer.view import STAGES, Stage, View
from model.checkpoint import Checkpoint
from model.errors import ModelError
from model.settings import AttentionSettings, Scope
from tests.explorer.conftest import SENTENCES

TEXT = "=1+1\tand\n\x1b[31m, \"quoted\" 'dog'"
VIEW = View("bpe", TEXT, query=4, key=2, layer=1, head=3, scale=0.7, scope=Scope.LAYER)


def reading_of(model: Checkpoint, view: View = VIEW) -> Reading:
    engine = ReadingService()
    engine.add_model(view.model, model)
    return engine.read(view)


@pytest.fixture
def reading(bpe_model: Checkpoint) -> Reading:
    return reading_of(bpe_model)


def fresh(model: Checkpoint, reading: Reading) -> Any:
    settings = AttentionSettings(scale=0.7, layer=1)
    return model.trace(reading.encoding.ids, settings)


def written(reading: Reading, chosen: Any) -> bytes:
    file = io.BytesIO()
    produce(reading, chosen, file)
    return file.getvalue()


@pytest.mark.parametrize("stage", STAGES[:-1])
def test_a_matrix_comes_back_exactly_from_csv_and_from_tabs(
    stage: Stage, reading: Reading, bpe_model: Checkpoint
) -> None:
    wanted = getattr(fresh(bpe_model, reading).head(1, 3), stage.value)
    table = matrix_table(reading, stage)
    for rows in (list(csv.reader(io.StringIO(table.csv()))), [row.split("\t") for row in table.tsv().splitlines()]):
        assert len({len(row) for row in rows}) == 1
        numbers = torch.tensor([[float(text) for text in row[1:]] for row in rows[1:]])
        torch.testing.assert_close(numbers, wanted, rtol=1e-6, atol=1e-6)
        assert torch.equal(numbers, getattr(reading.stages, stage.value))
        assert len(set(rows[0])) == len(rows[0])
        assert not any(text.startswith(tuple("=+-@")) for row in rows for text in (row[0],))
        assert all(text.isprintable() for row in rows for text in row)


def test_the_row_is_that_of_the_query(reading: Reading) -> None:
    rows = [line.split("\t") for line in row_table(reading).tsv().splitlines()]
    assert rows[0] == ["key", "scores", "scaled", "masked", "weights"]
    for column, name in enumerate(rows[0][1:], 1):
        numbers = torch.tensor([float(row[column]) for row in rows[1:]])
        torch.testing.assert_close(numbers, getattr(reading.stages, name)[4], rtol=1e-5, atol=1e-6)
    assert rows[-1][3] == "-inf"


def test_the_cell_adds_up(reading: Reading) -> None:
    rows = cell_table(reading).rows[1:]
    assert sum(float(row[3]) for row in rows) == pytest.approx(reading.stages.scores[4, 2].item(), rel=1e-4)
    assert all(float(q) * float(k) == pytest.approx(float(product), rel=1e-5) for _, q, k, product in rows)


def test_predictions_are_those_of_the_trace(reading: Reading, bpe_model: Checkpoint) -> None:
    rows = predictions_table(reading).rows[1:]
    assert len(rows) == 10
    as_set = fresh(bpe_model, reading).logits[4].softmax(-1).sort(descending=True).values
    trained = bpe_model.trace(reading.encoding.ids).logits[4].softmax(-1).sort(descending=True).values
    torch.testing.assert_close(torch.tensor([float(row[1]) for row in rows]), as_set[:10], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(torch.tensor([float(row[3]) for row in rows]), trained[:10], rtol=1e-4, atol=1e-6)


def test_json_is_that_of_show(reading: Reading, bpe_model: Checkpoint) -> None:
    given = json.loads(written(reading, JSON))
    assert given == json.loads(json.dumps(head_as_object(read_whole_text(VIEW, bpe_model))))
    assert given["text"] == TEXT


def test_npz_holds_everything_and_no_pickle(reading: Reading, bpe_model: Checkpoint) -> None:
    trace = fresh(bpe_model, reading)
    with np.load(io.BytesIO(written(reading, NPZ)), allow_pickle=False) as arrays:
        for name in "qkv":
            wanted = torch.stack([getattr(layer, name) for layer in trace.inputs])
            assert arrays[name].shape == (2, 4, len(reading.encoding), 16)
            torch.testing.assert_close(torch.tensor(arrays[name]), wanted, rtol=1e-5, atol=1e-5)
        for stage in STAGES[:-1]:
            wanted = getattr(trace.head(1, 3), stage.value)
            torch.testing.assert_close(torch.tensor(arrays[stage.value]), wanted, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(torch.tensor(arrays["logits"]), trace.logits, rtol=1e-5, atol=1e-5)
        trained = bpe_model.trace(reading.encoding.ids).logits
        torch.testing.assert_close(torch.tensor(arrays["logits_as_trained"]), trained, rtol=1e-5, atol=1e-5)
        assert tuple(arrays["token_ids"]) == reading.encoding.ids
        settings = json.loads(str(arrays["settings"]))
    assert "".join(settings["tokens"]) == TEXT
    assert settings["scale"] == 0.7
    assert settings["scope"] == "layer"
    assert settings["link"] == link_line(reading.view)


def test_csv_and_link_are_those_of_the_view(reading: Reading) -> None:
    assert written(reading, CSV).decode() == matrix_table(reading, Stage.WEIGHTS).csv()
    assert written(reading, LINK).decode() == link_line(reading.view) + "\n"
    with pytest.raises(ValueError, match="SVG"):
        written(reading, SVG)


def test_names_say_what_is_inside_and_are_free(
    bpe_model: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    reading = reading_of(bpe_model)
    assert default_name(reading, CSV) == "tiny-bpe-L1H3-weights.csv"
    assert default_name(reading, JSON) == "tiny-bpe-L1H3.json"
    Path("tiny-bpe-L1H3.json").touch()
    Path("tiny-bpe-L1H3-2.json").touch()
    assert default_name(reading, JSON) == "tiny-bpe-L1H3-3.json"
    assert len({each.suffix for each in FORMATS}) == len(FORMATS)


def test_files_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"

    def broken(file: BinaryIO) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(ModelError, match="'file' cannot be written: No space left on device"):
        write_file(path, broken)
    assert list(tmp_path.iterdir()) == []
    assert write_file(path, lambda file: file.write(b"whole") and None) == 5
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~_umask()
    with pytest.raises(ModelError, match="is there already"):
        write_file(path, lambda file: file.write(b"other") and None)
    with pytest.raises(ModelError):
        write_file(path, broken, overwrite=True)
    assert path.read_bytes() == b"whole"
    (tmp_path / "link").symlink_to(path)
    write_file(tmp_path / "link", lambda file: file.write(b"other") and None, overwrite=True)
    assert path.read_bytes() == b"other"
    assert (tmp_path / "link").is_symlink()
    assert sorted(child.name for child in tmp_path.iterdir()) == ["file", "link"]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "has no name"),
        ("  ", "has no name"),
        (".", "is a directory"),
        ("nowhere/file", "no directory 'nowhere'"),
        ("file/below", "no directory 'file'"),
        ("x" * 300, "no file can be called"),
        ("a\0b", "no file can be called"),
        ("~nobody-of-this-name/file", "no file can be called"),
        ("pipe", "no ordinary file"),
    ],
)
def test_names_that_no_file_can_have(name: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    os.mkfifo("pipe")
    with pytest.raises(ModelError, match=says):
        path_of(name)


def test_a_sentence_of_one_token(char_model: Checkpoint) -> None:
    reading = reading_of(char_model, View("char", "a"))
    for chosen in (JSON, CSV, NPZ, LINK):
        assert written(reading, chosen)
    assert SENTENCES[0] not in written(reading, JSON).decode()
