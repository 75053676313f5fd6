"""Export: tables of what is in view, the formats of files, and atomic writing.

Nothing here depends on the screen; the application makes the SVG picture.
"""

import csv
import io
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from explorer.core.formatting import visible
from explorer.core.link import link_line
from explorer.core.paths import typed_path
from explorer.core.stages import stage_matrix
from explorer.view import Stage, current_scale
from model.errors import ModelError
from model.files import atomic_write

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from explorer.core.reading import Reading
    from model.trace import Trace


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: its name, the suffix of its files, and what they hold."""

    name: str
    suffix: str
    holds: str


JSON = Format("JSON", ".json", "this head, as explorer show --json prints it")
CSV = Format("CSV", ".csv", "the matrix in view")
NPZ = Format("NPZ", ".npz", "q, k, v, stages, logits, tokens, settings")
SVG = Format("SVG", ".svg", "a picture of the screen")
LINK = Format("link", ".txt", "the command line that opens this view again")
FORMATS = (JSON, CSV, NPZ, SVG, LINK)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts: a short description of its content, and its rows, the header first."""

    what: str
    rows: list[list[str]]

    def tsv(self) -> str:
        """Return the table with tabs between columns, for spreadsheets; no cell holds a tab or line end."""
        return "\n".join("\t".join(row) for row in self.rows) + "\n"

    def csv(self) -> str:
        """Return the table with commas between columns."""
        written = io.StringIO()
        csv.writer(written, lineterminator="\n").writerows(self.rows)
        return written.getvalue()


PREDICTIONS = 10
"""The most likely next tokens that JSON lists for each position."""


def stage_in_view(reading: "Reading") -> Stage:
    """Return the stage whose matrix is shown; for the next token, the weights."""
    return Stage.WEIGHTS if reading.view.stage is Stage.NEXT_TOKEN else reading.view.stage


def matrix_table(reading: "Reading", stage: Stage) -> Table:
    """Return a stage of the head in view: a row for each query, a column for each key (for `mixed`, each component)."""
    names = _names(reading)
    matrix = stage_matrix(reading.stages, stage)
    columns = names if stage is not Stage.MIXED else [str(i) for i in range(matrix.shape[1])]
    rows = [[name, *numbers] for name, numbers in zip(names, _texts(matrix), strict=True)]
    view = reading.view
    what = f"{stage.value} of L{view.layer} H{view.head}, {matrix.shape[0]} × {matrix.shape[1]}"
    return Table(what, [["query", *columns], *rows])


def row_table(reading: "Reading") -> Table:
    """Return the row of the query in view: a line for each key, a column for each stage."""
    row = reading.row
    stages = reading.bounds.square_matrices
    columns = [_texts(stage_matrix(row, stage))[0] for stage in stages]
    lines = [list(line) for line in zip(_names(reading), *columns, strict=True)]
    heading = ["key", *(stage.value for stage in stages)]
    return Table(f"row of query {reading.view.query}, {len(lines)} keys", [heading, *lines])


def cell_table(reading: "Reading") -> Table:
    """Return the dot product of the cell in view: a line for each component."""
    view, inputs = reading.view, reading.stages.inputs
    q, k = inputs.q[view.query], inputs.k[view.key]
    lines = [list(line) for line in zip(*(_texts(x[None])[0] for x in (q, k, q * k)), strict=True)]
    numbered = [[str(i), *line] for i, line in enumerate(lines)]
    return Table(
        f"dot product of query {view.query} and key {view.key}", [["component", "q", "k", "product"], *numbered]
    )


def predictions_table(reading: "Reading") -> Table:
    """Return the most likely next tokens after the query in view, as set and as trained."""
    query = reading.view.query
    rows = [
        [text for each in pair for text in (visible(reading.token_text(each.token_id)), f"{each.probability:.6g}")]
        for pair in zip(reading.as_set.predictions(query), reading.as_trained.predictions(query), strict=True)
    ]
    heading = ["as set", "probability", "as trained", "probability"]
    return Table(f"predictions after query {query}", [heading, *rows])


def _names(reading: "Reading") -> list[str]:
    """Return tokens with their positions, so that they are unique and no spreadsheet takes one for a formula."""
    return [f"{i} {visible(token)}" for i, token in enumerate(reading.encoding.tokens)]


def _texts(matrix: "Tensor") -> list[list[str]]:
    """Format numbers with the fewest digits that identify a float32; −∞ is -inf, as NumPy, pandas and R read it."""
    texts: list[list[str]] = to_array(matrix).astype(str).tolist()
    return texts


def to_array(tensor: "Tensor") -> "NDArray[Any]":
    """Return a tensor as a float32 array on the CPU."""
    array: NDArray[Any] = tensor.detach().float().cpu().numpy()
    return array


def head_as_object(reading: "Reading") -> dict[str, Any]:
    """Return everything about the head in view as plain values: the object that `explorer show --json` prints."""
    view, stages, measures = reading.view, reading.stages, reading.head.measures
    inputs = stages.inputs
    return {
        "model": reading.model_name,
        "text": reading.encoding.text,
        "tokens": list(reading.encoding.tokens),
        "token_ids": list(reading.encoding.ids),
        "layer": view.layer,
        "head": view.head,
        "head_size": inputs.head_size,
        "scale": current_scale(view, reading.bounds),
        "causal": bool(inputs.causal),
        "scope": view.scope.value,
        "q": inputs.q.tolist(),
        "k": inputs.k.tolist(),
        "v": inputs.v.tolist(),
        "scores": stages.scores.tolist(),
        "scaled": stages.scaled.tolist(),
        "masked": [[None if x == -math.inf else x for x in row] for row in stages.masked.tolist()],
        "weights": stages.weights.tolist(),
        "mixed": stages.mixed.tolist(),
        "peakedness": {
            "scores_variance": measures.scores_variance,
            "max_weight": measures.max_weight.tolist(),
            "entropy_bits": measures.entropy_bits.tolist(),
            "effective_keys": measures.effective_keys.tolist(),
        },
        "loss": reading.as_set.loss,
        "loss_as_trained": reading.as_trained.loss,
        "predictions": [
            {
                "position": position,
                "as_set": _predictions_at(reading, reading.as_set, position),
                "as_trained": _predictions_at(reading, reading.as_trained, position),
            }
            for position in range(len(reading.encoding))
        ],
        **_special(reading),
    }


def _special(reading: "Reading") -> dict[str, Any]:
    """Return what only some models have: windows, soft caps, sinks, shared keys, layers without attention."""
    view, stages, inputs = reading.view, reading.stages, reading.stages.inputs
    groups = reading.as_set.inputs[view.layer].groups
    sink_weights = stages.sink_weights
    found: dict[str, Any] = {
        "window": inputs.window,
        "softcap": inputs.softcap,
        "capped": None if inputs.softcap is None else stages.capped.tolist(),
        "sink": inputs.sink,
        "sink_weights": None if sink_weights is None else sink_weights.tolist(),
        "kv_head": view.head // groups if groups > 1 else None,
        "model_note": reading.shape.model_note or None,
        "layer_note": reading.shape.layer_note(view.layer) or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _predictions_at(reading: "Reading", trace: "Trace", position: int) -> list[dict[str, Any]]:
    return [
        {"token": reading.token_text(prediction.token_id), "probability": prediction.probability}
        for prediction in trace.predictions(position, PREDICTIONS)
    ]


def head_json(reading: "Reading") -> bytes:
    """Return the JSON that `explorer show --json` prints."""
    return (json.dumps(head_as_object(reading), allow_nan=False) + "\n").encode()


def produce(reading: "Reading", chosen: Format, file: BinaryIO, stage: Stage | None = None) -> None:
    """Write a reading in any format but SVG; CSV holds `stage`, or the stage in view.

    Raises ValueError for SVG, which is a picture of the screen.
    """
    if chosen is NPZ:
        reading.write_npz(file)
    elif chosen is JSON:
        file.write(head_json(reading))
    elif chosen is CSV:
        file.write(matrix_table(reading, stage or stage_in_view(reading)).csv().encode())
    elif chosen is LINK:
        file.write(f"{link_line(reading.view, reading.shape.opening)}\n".encode())
    else:
        raise ValueError(f"{chosen.name} is a picture of the screen, not a format for readings")


def default_name(reading: "Reading", chosen: Format, stage: Stage | None = None) -> str:
    """Return a descriptive name for a file that does not exist yet in the working directory."""
    view = reading.view
    model = re.sub(r"[^\w.-]+", "-", Path(reading.model_name).name, flags=re.ASCII).strip("-.")[:60] or "model"
    which = f"-{(stage or stage_in_view(reading)).value}" if chosen is CSV else ""
    name = f"{model}-L{view.layer}H{view.head}{which}"
    count = 1
    while Path(free := f"{name}{f'-{count}' if count > 1 else ''}{chosen.suffix}").exists():
        count += 1
    return free


def path_of(name: str) -> Path:
    """Return the path for a typed file name. Raises ModelError if no file can be written there."""
    if not name.strip():
        raise ModelError("the file has no name: type one")
    if not name.isprintable():
        raise ModelError(f"no file can be called {name[:60]!r}: it has characters that cannot be seen")
    try:
        path = typed_path(name)
    except ModelError as error:
        raise ModelError(f"no file can be called {name[:60]!r}: {error}") from error
    if path.is_dir():
        raise ModelError(f"{name!r} is a directory: type the name of a file in it")
    if not path.parent.is_dir():
        raise ModelError(f"there is no directory {str(path.parent)!r}")
    if path.exists() and not path.is_file():
        raise ModelError(f"{name!r} is no ordinary file")
    return path


def write_file(path: Path, fill: Callable[[BinaryIO], None], *, overwrite: bool = False) -> int:
    """Write a file atomically, and return its size in bytes.

    Raises ModelError if it cannot be written, or if it exists and `overwrite` is False.
    """
    path = path.resolve()  # of a symbolic link, the target is replaced
    try:
        with atomic_write(path, overwrite=overwrite) as file:
            fill(file)
            return file.tell()
    except FileExistsError as error:
        raise ModelError(f"{path.name!r} is there already: choose another name") from error
    except OSError as error:
        raise ModelError(f"{path.name!r} cannot be written: {error.strerror or error}") from error
