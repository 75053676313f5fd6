"""The Rich tables of `explorer show`. All numbers come from the reading; only widths are computed here."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from explorer.cli import output
from explorer.core.formatting import one_line, significant, table_number, visible
from explorer.core.reading import Reading
from explorer.core.stages import stage_matrix
from explorer.view import Stage, current_scale
from model.peakedness import peakedness

if TYPE_CHECKING:
    from model.trace import Prediction, Trace

_LABEL = 12
"""Maximum width of a token as a label, in cells."""

_BAR = 12
_TITLES = {
    Stage.SCORES: "scores q·kᵀ",
    Stage.SCALED: "scaled",
    Stage.CAPPED: "capped, the scaled scores within a soft cap",
    Stage.MASKED: "masked",
    Stage.WEIGHTS: "weights, the softmax of each row",
    Stage.MIXED: "mixed, weights @ v",
}


class Tables:
    """Prints the tables of one reading, as wide as the terminal, or 80 cells without one."""

    def __init__(self, reading: Reading, console: Console | None = None) -> None:
        self.reading = reading
        self.console = console or output.console()
        self._scale = current_scale(reading.view, reading.bounds)
        self._of_keys = reading.bounds.square_matrices
        self.labels = [_label(i, token) for i, token in enumerate(reading.encoding.tokens)]

    def print(self, *, query: int | None, stage: Stage | None) -> None:
        """Print all stages of all queries, or only those of one query, one stage, or both."""
        self._heading()
        if query is not None:
            self._one_query(query, stage)
        elif stage is Stage.NEXT_TOKEN:
            self._next_tokens()
        elif stage is not None:
            self._matrix(stage, folded=True)
        else:
            for each in self.reading.bounds.matrices:
                self._matrix(each, folded=False)
            self._peakedness()
            self._next_tokens()
        self._losses()

    def _say(self, text: str, style: str = "") -> None:
        self.console.print(Text(text, style=style))

    def _heading(self) -> None:
        view, inputs = self.reading.view, self.reading.stages.inputs
        parts = [
            one_line(self.reading.model_name),
            *([self.reading.shape.model_note] if self.reading.shape.model_note else []),
            f"L{view.layer} H{view.head}",
            f"head_size {inputs.head_size}",
            f"scale {significant(self._scale, 4)}",
            "mask causal" if inputs.causal else "no mask",
        ]
        if self.reading.as_set is not self.reading.as_trained:
            parts.append(f"switches act on: {view.scope}")
        if view.ablated:
            parts.append("ablated: " + ", ".join(f"L{layer} H{head}" for layer, head in sorted(view.ablated)))
        self._say(" · ".join(parts), "bold")
        self._say("  ".join(f"{i} {visible(token)}" for i, token in enumerate(self.reading.encoding.tokens)))

    # Matrices

    def _matrix(self, stage: Stage, *, folded: bool) -> None:
        """Print one stage: only the columns that fit, or all of them folded into several tables."""
        rows = [[table_number(x) for x in row] for row in stage_matrix(self.reading.stages, stage).tolist()]
        heads = self._column_names(stage, len(rows[0]))
        widths = [max(cell_len(heads[j]), *(cell_len(row[j]) for row in rows)) for j in range(len(heads))]
        start = 0
        while start < len(heads):
            end = self._fitting(widths, start)
            table = _table("query ╲ key" if stage in self._of_keys else "query", *heads[start:end])
            for label, row in zip(self.labels, rows, strict=True):
                table.add_row(Text(label), *(Text(cell, justify="right") for cell in row[start:end]))
            self._say(f"\n{_TITLES[stage]}{self._amount(stage)}{_part(start, end, len(heads))}", "bold")
            self.console.print(table)
            start = end
            if not folded and end < len(heads):
                what = "keys" if stage in self._of_keys else "columns"
                self._say(
                    f"{what} {end} to {len(heads) - 1} are left out: --stage {stage} prints them all, --query N one "
                    "row, --json everything"
                )
                break

    def _amount(self, stage: Stage) -> str:
        """Return the scale or the soft cap of a stage that has one; empty for the others."""
        if stage is Stage.SCALED:
            return f" ×{significant(self._scale, 4)}"
        softcap = self.reading.stages.inputs.softcap
        return f" of {significant(softcap, 4)}" if stage is Stage.CAPPED and softcap is not None else ""

    def _column_names(self, stage: Stage, count: int) -> list[str]:
        if stage is Stage.MIXED:
            return [f"[{j}]" for j in range(count)]
        return [_cut(f"{j} {visible(token)}", 9) for j, token in enumerate(self.reading.encoding.tokens)]

    def _fitting(self, widths: Sequence[int], start: int) -> int:
        """Return the end of the columns that fit beside the labels, counted from `start`; at least one column."""
        left = self.console.width - max(cell_len("query ╲ key"), *map(cell_len, self.labels)) - 1
        end = start
        while end < len(widths) and (left := left - widths[end] - 1) >= 0:
            end += 1
        return max(end, start + 1)

    # One query

    def _one_query(self, query: int, stage: Stage | None) -> None:
        if stage is Stage.MIXED:
            self._mixed_row(query)
        elif stage is not Stage.NEXT_TOKEN:
            self._row(query, self._of_keys if stage is None else (stage,))
        if stage is None:
            self._mixed_row(query)
            self._one_peakedness(query)
        if stage in (None, Stage.NEXT_TOKEN):
            self._next_tokens_after(query)

    def _row(self, query: int, stages: Sequence[Stage]) -> None:
        """Print the keys of one query from top to bottom, with a column for each stage."""
        row = self.reading.stages.row(query)
        columns = [stage_matrix(row, stage)[0].tolist() for stage in stages]
        bars = Stage.WEIGHTS in stages
        table = _table("key", *("q·k" if stage is Stage.SCORES else stage.value for stage in stages))
        if bars:
            table.add_column("")
        for label, *numbers in zip(self.labels, *columns, strict=True):
            cells = [Text(table_number(x), justify="right") for x in numbers]
            bar = [Text("█" * round(_BAR * numbers[-1]))] if bars else []
            table.add_row(Text(label), *cells, *bar)
        self._say(f"\nquery {self.labels[query]}", "bold")
        self.console.print(table)

    def _mixed_row(self, query: int) -> None:
        numbers = self.reading.stages.row(query).mixed[0].tolist()
        self._say(f"\nmixed, weights @ v, of query {self.labels[query]}", "bold")
        self._say("  ".join(map(table_number, numbers)))

    def _one_peakedness(self, query: int) -> None:
        trained, now = self.reading.shape.scale(self.reading.view.layer), self._scale
        compared = {1.0: self.reading.unscaled, trained: self.reading.default_scaled, now: self.reading.stages}
        self._say("\nhow peaked?", "bold")
        for scale, stages in compared.items():
            row = peakedness(stages.row(query))
            as_set = " as set" if scale == now else ""
            self._say(
                f"×{significant(scale, 4)}{as_set}: largest weight {row.max_weight[0]:.3f} · "
                f"entropy {row.entropy_bits[0]:.3f} bits · effective keys {row.effective_keys[0]:.2f}"
            )

    # All queries

    def _peakedness(self) -> None:
        measured = peakedness(self.reading.stages)
        table = _table("query", "largest weight", "entropy bits", "effective keys")
        for label, *numbers in zip(
            self.labels,
            measured.max_weight.tolist(),
            measured.entropy_bits.tolist(),
            measured.effective_keys.tolist(),
            strict=True,
        ):
            table.add_row(Text(label), *(Text(f"{x:.3f}", justify="right") for x in numbers))
        self._say("\nhow peaked?", "bold")
        self.console.print(table)
        self._say(
            f"variance of the scores, all {len(self.labels)} × {len(self.labels)}: "
            f"{significant(measured.scores_variance, 4)}"
        )

    @property
    def _runs(self) -> "list[tuple[str, Trace]]":
        trained = ("as trained", self.reading.as_trained)
        changed = self.reading.as_set is not self.reading.as_trained
        return [trained, ("as set", self.reading.as_set)] if changed else [trained]

    def _next_tokens(self) -> None:
        """Print the three most likely tokens after every position."""
        table = _table("after", *(name for name, _ in self._runs), left=True)
        for position, label in enumerate(self.labels):
            top = [trace.predictions(position, 3) for _, trace in self._runs]
            cells = ["  ".join(map(self._prediction, predictions)) for predictions in top]
            table.add_row(Text(label), *map(Text, cells))
        self._say("\nnext token, the three most likely", "bold")
        self.console.print(table)

    def _next_tokens_after(self, query: int) -> None:
        """Print the ten most likely tokens after one position."""
        table = _table("", *(name for name, _ in self._runs), left=True)
        columns = [trace.predictions(query, 10) for _, trace in self._runs]
        for rank, row in enumerate(zip(*columns, strict=True), start=1):
            table.add_row(Text(str(rank)), *(Text(self._prediction(prediction)) for prediction in row))
        self._say(f"\nnext token after {self.labels[query]}", "bold")
        self.console.print(table)

    def _prediction(self, prediction: "Prediction") -> str:
        token = _cut(visible(self.reading.token_text(prediction.token_id)), _LABEL)
        return f"{token} {prediction.probability:.2f}".replace(" 0.", " .")

    def _losses(self) -> None:
        losses = [(name, trace.loss) for name, trace in self._runs]
        text = " · ".join(f"{name} {loss:.4f} nats" for name, loss in losses if loss is not None)
        self._say(f"\nloss, the mean over the text: {text}" if text else "\nno loss: there is no next token to predict")


def _table(first: str, *others: str, left: bool = False) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0)
    table.add_column(Text(first), no_wrap=True)
    for name in others:
        table.add_column(Text(name), no_wrap=not left, justify="left" if left else "right")
    return table


def _label(position: int, token: str) -> str:
    return f"{position} {_cut(visible(token), _LABEL)}"


def _cut(text: str, cells: int) -> str:
    """Return the text in at most `cells` cells, ending with … if it is cut."""
    return text if cell_len(text) <= cells else set_cell_size(text, cells - 1).rstrip() + "…"


def _part(start: int, end: int, count: int) -> str:
    return "" if (start, end) == (0, count) else f", columns {start} to {end - 1} of {count}"
