"""What `explorer circuits` computes and prints."""

import json
from typing import Any

import click

from explorer.core.circuits import TOP, CircuitReader, CircuitReading, Ranking, signed
from explorer.core.formatting import fixed, one_line, visible, weight
from model.interface import TracedModel
from model.settings import all_heads


class CircuitsReport:
    """The circuits of the heads of a model, for people or for scripts.

    Raises ModelError if the model is not of GPT-2's layout or has no such head or token, or if its numbers overflow.
    """

    def __init__(self, model: TracedModel, *, plain: bool) -> None:
        self._reader = CircuitReader(model, plain=plain)
        self._name = model.name

    def _read(self, layer: int, head: int) -> CircuitReading:
        found = self._reader.read(layer, head)
        assert found is not None  # nothing stops it
        return found

    # All heads

    def print_all_heads(self, *, as_json: bool) -> None:
        """Print the scores of every head; the lines of the table come one by one."""
        heads = all_heads(self._reader.model.config)
        if as_json:
            self._print_json({"model": self._name, "heads": [_scores(self._read(*head)) for head in heads]})
            return
        click.echo(f"{one_line(self._name)} · {len(heads)} heads, from the weights alone")
        click.echo(f"head        copying   in top {TOP}    median rank   matching")
        for head in heads:
            found = self._read(*head)
            copied = weight(found.copied_share, 3)
            scores = f"{signed(found.copying_score):>7}   {copied:>8}   {found.median_rank:>12,}"
            click.echo(f"{'L{} H{}'.format(*head):<9}   {scores}   {signed(found.matching_score):>8}")

    # One head

    def print_head(self, layer: int, head: int, token: str | None, top: int, *, as_json: bool) -> None:
        """Print the scores of one head, and its rankings for a token if one is given."""
        found = self._read(layer, head)
        token_id = None if token is None else self._reader.token_id(token)
        if as_json:
            self._print_json({"model": self._name, **_head_as_object(found, token_id, top)})
            return
        click.echo(f"{one_line(self._name)} · L{layer} H{head} · from the weights alone")
        if token_id is None:
            lines = [found.copying_sentence, found.matching_sentence]
        else:
            written, looked_for = found.written_at(token_id), found.looked_for_by(token_id)
            self._print_rankings(written, looked_for, top)
            lines = [
                found.writing_sentence(written),
                found.copying_sentence,
                found.looking_sentence(looked_for),
                found.matching_sentence,
            ]
        click.echo("\n".join((*lines, found.approximation)))

    def _print_rankings(self, written: Ranking, looked_for: Ranking, top: int) -> None:
        name = f"‘{visible(written.token)}’"
        for heading, below, ranking in (
            (f"OV: looking at {name}, it raises", "and lowers", written),
            (f"QK: the query {name} looks for", "and looks away from", looked_for),
        ):
            for title, tokens in ((heading, ranking.highest(top)), (below, ranking.lowest(top))):
                click.echo(title)
                for token in tokens:
                    click.echo(f"  {fixed(token.value, 3):>10}  {visible(token.text)}")

    def _print_json(self, content: dict[str, Any]) -> None:
        click.echo(json.dumps(content, allow_nan=False))


def _scores(found: CircuitReading) -> dict[str, Any]:
    return {
        "layer": found.layer,
        "head": found.head,
        "embedding": "plain" if found.plain else "with the MLP of layer 0",
        "copying_score": found.copying_score,
        "copied_share": found.copied_share,
        "median_place": found.median_rank,
        "matching_score": found.matching_score,
    }


def _head_as_object(found: CircuitReading, token_id: int | None, top: int) -> dict[str, Any]:
    content = _scores(found)
    for name, circuit in (("ov", found.circuits.ov), ("qk", found.circuits.qk)):
        content[f"{name}_eigenvalues"] = [[value.real, value.imag] for value in circuit.eigenvalues.tolist()]
    if token_id is not None:
        content |= {
            "token": found.text_of(token_id),
            "token_id": token_id,
            "writes": _ranking_as_object(found.written_at(token_id), top),
            "looks_for": _ranking_as_object(found.looked_for_by(token_id), top),
        }
    return content


def _ranking_as_object(ranking: Ranking, top: int) -> dict[str, Any]:
    return {
        "own_place": ranking.rank_of(ranking.token_id),
        **{
            name: [{"token": each.text, "token_id": each.token_id, "value": each.value} for each in tokens]
            for name, tokens in (("highest", ranking.highest(top)), ("lowest", ranking.lowest(top)))
        },
    }
