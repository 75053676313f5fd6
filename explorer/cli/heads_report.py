"""What `explorer heads` measures and prints."""

import json
from typing import Any

import click

from explorer.cli.terminal import with_progress
from explorer.core.formatting import one_line, rise, weight
from explorer.core.head_costs import measure_costs
from explorer.core.head_kinds import HEAD_KINDS, head_kind, main_score, named_score, stands_out
from explorer.core.head_paths import induction_source
from explorer.core.head_scores import measure_heads
from model.head_costs import HeadCost
from model.interface import TracedModel
from model.settings import Head, all_heads


class HeadsReport:
    """The heads of a model with their scores, and with their costs once those are measured.

    Raises ModelError if the model cannot be measured.
    """

    def __init__(self, model: TracedModel) -> None:
        self._model = model
        self._scores = measure_heads(model)
        self._heads = all_heads(model.config)
        self._costs: dict[Head, HeadCost] = {}

    def measure_costs(self) -> None:
        """Ablate each head in turn, with progress if standard error is a terminal."""
        costs = measure_costs(self._model, self._heads)
        self._costs.update(with_progress(costs, len(self._heads), "ablating heads"))

    def print_json(self) -> None:
        """Print one object with every score of every head."""
        found = {
            "model": self._model.name,
            "links": {name: count for name, count in self._scores.links.items() if name in self._scores.values},
            "heads": [self._as_object(head) for head in self._heads],
        }
        click.echo(json.dumps(found, allow_nan=False))

    def _as_object(self, head: Head) -> dict[str, Any]:
        named = named_score(self._scores, *head)
        found: dict[str, Any] = {
            "layer": head[0],
            "head": head[1],
            "name": named[0] if named is not None else None,
            "scores": {
                name: {"score": score.value, "baseline": score.baseline}
                for name, score in self._scores.of(*head).items()
            },
        }
        if (cost := self._costs.get(head)) is not None:
            found["loss_change"] = {"text": cost.text, "repeated": cost.repeated, "unrepeated": cost.unrepeated}
            source = induction_source(self._scores, self._costs, head)
            found["reads_from"] = source and {
                "layer": source[0][0],
                "head": source[0][1],
                "induction_fall": source[1],
            }
        return found

    def print_table(self, by: str) -> None:
        """Print a line for each head."""
        shape = self._model.config
        parts = [one_line(self._model.name), f"{shape.n_layer} layers × {shape.n_head} heads", f"by {by}"]
        click.echo(" · ".join(parts))
        kinds = max(map(len, HEAD_KINDS.values()))
        columns = ["head".ljust(9), "does".ljust(kinds), "score", "baseline"]
        if self._costs:
            columns += ["cost on stories", "on repeats"]
        click.echo("   ".join(columns))
        for head in sorted(self._heads, key=lambda head: self._sort_key(by, head)):
            click.echo("   ".join(self._cells(head, kinds)).rstrip())

    def _cells(self, head: Head, kinds: int) -> list[str]:
        name, score = main_score(self._scores, *head)
        cells = [
            "L{} H{}".format(*head).ljust(9),
            (HEAD_KINDS[name] if stands_out(score) else f"({HEAD_KINDS[name]})").ljust(kinds),
            weight(score.value).rjust(5),
            weight(score.baseline).rjust(8),
        ]
        if (cost := self._costs.get(head)) is not None:
            cells += [rise(cost.text).rjust(15), rise(cost.repeated).rjust(10)]
            if (source := induction_source(self._scores, self._costs, head)) is not None:
                cells.append(self._reads_from(*source))
        return cells

    def _reads_from(self, source: Head, fall: float) -> str:
        kind = head_kind(self._scores, *source)
        name = "L{} H{}".format(*source) + (f" ({kind})" if kind else "")
        return f"reads from {name}: induction falls by {weight(fall)} without it"

    def _sort_key(self, by: str, head: Head) -> tuple[float, ...]:
        """Return what to sort by, the largest first; heads that tie are in the order of their position."""
        name, score = main_score(self._scores, *head)
        if by == "cost":
            return (-self._costs[head].text,)
        if by == "score":
            return (-score.excess,)
        if by == "name":
            return (list(HEAD_KINDS).index(name) if stands_out(score) else len(HEAD_KINDS), -score.excess)
        return head
