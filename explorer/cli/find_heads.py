"""What `explorer find` computes and prints."""

import json
from dataclasses import replace
from typing import Any

import click

from explorer.cli.errors import warn_about_unknown_characters
from explorer.cli.show_reading import read_whole_text
from explorer.cli.terminal import with_progress
from explorer.core.ablation import ablation_effects
from explorer.core.formatting import fixed, one_line, quoted, rise, visible, weight
from explorer.core.head_search import HeadSearch, Order, RankedHead
from explorer.core.loading import open_model
from explorer.core.token_search import FoundToken, find_token
from explorer.view import LAST, View
from model.families import OpenOptions


class Search:
    """The heads of a model, ranked for one text, query and key.

    Raises ModelError if the model cannot be opened, the text does not fit, or it has no such token.
    """

    def __init__(self, view: View, options: OpenOptions, query: str | None, key: str | None) -> None:
        self._model = open_model(view.model, options)
        reading = read_whole_text(replace(view, query=LAST), self._model)
        encoding = reading.encoding
        warn_about_unknown_characters(encoding, reading.model_name)
        found = FoundToken(len(encoding) - 1) if query is None else find_token(encoding, query)
        _report_choice(query, found)
        self._query, self._key = query, key
        looked_at = FoundToken(found.position) if key is None else find_token(encoding, key, found.position)
        _report_choice(key, looked_at)
        self._reading = reading.at(replace(reading.view, query=found.position, key=looked_at.position))
        self._search = HeadSearch(self._reading)

    def print(self, order: Order, top: int | None) -> None:
        """Print the first `top` heads as a table, or all of them as JSON if it is None."""
        if order.needs_ablation:
            self._ablate()
        ranking = self._search.ranking(self._reading, order)
        if top is None:
            click.echo(json.dumps(self._as_object(ranking, order), allow_nan=False))
        else:
            self._print_table(ranking[:top], order)

    def _ablate(self) -> None:
        """Ablate each head in turn, with progress if standard error is a terminal."""
        heads = self._search.heads
        effects = ablation_effects(self._model, self._reading, heads)
        for head, effect in with_progress(effects, len(heads), "ablating heads"):
            self._search.add({head: effect})

    def _as_object(self, ranking: list[RankedHead], order: Order) -> dict[str, Any]:
        view, encoding = self._reading.view, self._reading.encoding
        return {
            "model": self._reading.model_name,
            "text": encoding.text,
            "tokens": list(encoding.tokens),
            "token_ids": list(encoding.ids),
            "query": view.query,
            "key": view.key if self._key is not None else None,
            "by": order.value,
            "loss": self._reading.as_set.loss,
            "heads": [self._head_as_object(ranked) for ranked in ranking],
        }

    def _head_as_object(self, ranked: RankedHead) -> dict[str, Any]:
        layer, head = ranked.head
        found: dict[str, Any] = {"layer": layer, "head": head}
        if self._key is not None:
            found |= {"weight": ranked.weight, "is_largest_of_row": ranked.is_largest}
        if ranked.effect is not None:
            found |= {"loss_change": ranked.effect.loss, "kl": ranked.effect.kl}
        return found

    def _print_table(self, ranking: list[RankedHead], order: Order) -> None:
        click.echo(self._heading(order))
        columns = ["head".ljust(9)]
        if self._key is not None:
            columns.append("weight")
        if order.needs_ablation:
            columns += ["loss when ablated", "KL when ablated"]
        click.echo("   ".join(columns))
        for ranked in ranking:
            cells = ["L{} H{}".format(*ranked.head).ljust(9)]
            if self._key is not None:
                cells.append(weight(ranked.weight, 3).rjust(6))
            if ranked.effect is not None:
                loss = ranked.effect.loss
                cells.append(("–" if loss is None else rise(loss)).rjust(17))
                cells.append(fixed(ranked.effect.kl, 3).rjust(15))
            if self._key is not None and ranked.is_largest:
                cells.append("the largest of its row")
            click.echo("   ".join(cells).rstrip())

    def _heading(self, order: Order) -> str:
        view, tokens = self._reading.view, self._reading.encoding.tokens
        parts = [one_line(self._reading.model_name)]
        if self._key is not None:
            query, key = _named(view.query, tokens, self._query), _named(view.key, tokens, self._key)
            parts.append(f"{query} looks at {key}")
        parts.append(f"{len(self._search.heads)} heads by {order.value}")
        if order.needs_ablation and (loss := self._reading.as_set.loss) is not None:
            parts.append(f"loss {fixed(loss, 3)} nats")
        if self._key is not None and view.key > view.query and self._reading.bounds.causal:
            parts.append("the mask hides this key from this query")
        return " · ".join(parts)


def _named(position: int, tokens: tuple[str, ...], wanted: str | None) -> str:
    """Return a token with its position and, if it is only part of the word asked for, that word."""
    name = f"{position} {quoted(tokens[position])}"
    is_part = wanted is not None and len(wanted.strip()) > len(tokens[position].strip())
    return f"{name} of {quoted(wanted.strip(), 40)}" if wanted is not None and is_part else name


def _report_choice(wanted: str | None, found: FoundToken) -> None:
    """Report on standard error which of several occurrences is used."""
    if wanted is not None and found.others:
        places = sorted((found.position, *found.others))
        where = f"{', '.join(map(str, places[:-1]))} and {places[-1]}"
        click.echo(f"explorer: ‘{visible(wanted.strip())}’ is at {where}: {found.position} is used", err=True)
