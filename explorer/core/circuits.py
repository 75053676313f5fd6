"""What a head does with the tokens of the vocabulary, read from its weights: rankings, scores, sentences.

The mathematics, and what is approximated, is in `model.circuits`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from explorer.core.formatting import exponential, fixed, lookalikes, quoted, significant
from explorer.core.link import unescaped
from model.checkpoint import Checkpoint
from model.circuits import Circuit, HeadCircuits, head_circuits, token_streams
from model.errors import ModelError, NumericOverflowError
from model.settings import check_head
from model.tokenizer import encode, token_texts

if TYPE_CHECKING:
    from model.interface import TracedModel

TOP = 5
"""A token counts as copied if it is among this many tokens that the head raises most."""

_CLEAR = 0.5
"""The least score of a head that copies or matches, and the least share of tokens that a copying head copies."""

_NAME = 16
"""Cells for the name of a token in a sentence."""


@dataclass(frozen=True, slots=True)
class RankedToken:
    """A token of the vocabulary, with its value in a row of a circuit."""

    token_id: int
    text: str
    value: float


@dataclass(frozen=True, eq=False)
class Ranking:
    """All tokens of the vocabulary, ranked by one row of a circuit: the row of `token_id`."""

    token_id: int
    values: Tensor  # (V,), with the mean 0
    text_of: Callable[[int], str]

    @property
    def token(self) -> str:
        """The text of the token whose row this is."""
        return self.text_of(self.token_id)

    def highest(self, count: int) -> tuple[RankedToken, ...]:
        """The tokens with the largest values, the largest first."""
        return self._ranked(self.values, count)

    def lowest(self, count: int) -> tuple[RankedToken, ...]:
        """The tokens with the smallest values, the smallest first."""
        return self._ranked(-self.values, count)

    def _ranked(self, values: Tensor, count: int) -> tuple[RankedToken, ...]:
        ids = values.topk(min(count, len(values))).indices
        found = zip(ids.tolist(), self.values[ids].tolist(), strict=True)
        return tuple(RankedToken(token_id, self.text_of(token_id), value) for token_id, value in found)

    def rank_of(self, token_id: int) -> int:
        """The rank of a token; 1 is the largest value."""
        return 1 + int((self.values > self.values[token_id]).sum())


class CircuitReader:
    """Reads the circuits of the heads of one model.

    The stream that stands for each token is computed once, in parts, and kept: all of them take as much memory as the
    embedding. With `plain`, the embedding itself stands for the token in every layer.

    Raises ModelError if the model is not of GPT-2's layout.
    """

    def __init__(self, model: "TracedModel", *, plain: bool = False) -> None:
        if not isinstance(model, Checkpoint):
            raise ModelError(
                "OV and QK are read from the weights of models in GPT-2's layout only, and this model has another"
            )
        self.model = model
        self.plain = plain
        self._parts: list[Tensor] = []
        self._streams: Tensor | None = None
        self._lock = Lock()

    def read(self, layer: int, head: int, go_on: Callable[[int], bool] = lambda done: True) -> "CircuitReading | None":
        """Read one head, in any thread.

        While the streams of all tokens are computed, `go_on` is called with the number of tokens done so far. Returns
        None as soon as `go_on` returns False.

        Raises ModelError if there is no such head or the numbers overflow.
        """
        check_head(self.model.config, layer, head)
        plain = self.plain or layer == 0
        streams = self.model.gpt.wte.weight if plain else self._all_streams(go_on)
        if streams is None:
            return None
        circuits = head_circuits(self.model.gpt, streams, layer, head)
        if circuits.ov.overflows or circuits.qk.overflows:
            raise NumericOverflowError(repr(self.model.name))
        return CircuitReading(self.model, circuits, layer, head, plain=plain)

    def token_id(self, typed: str) -> int:
        r"""The id of a token by its text: as it is, with a space before it, or with escapes like `\n`.

        Raises ModelError if none of these is one token.
        """
        if not typed:
            raise ModelError("type a token: a word or a character that the model knows")
        for text in (typed, f" {typed}", _with_escapes(typed)):
            encoding = encode(self.model.tokenizer, text)
            if len(encoding.ids) == 1 and not encoding.unknown and encoding.ids[0] < self.model.config.vocab_size:
                return encoding.ids[0]
        encoding = encode(self.model.tokenizer, typed)
        if not encoding.ids or encoding.unknown:
            raise ModelError(f"{self.model.name!r} does not know {quoted(typed, 40)}: type a token that it knows")
        parts = " ".join(quoted(token, 12) for token in encoding.tokens[:8])
        raise ModelError(f"{quoted(typed, 40)} is {len(encoding.ids)} tokens here, type one of them: {parts}")

    def _all_streams(self, go_on: Callable[[int], bool]) -> Tensor | None:
        """The streams of all tokens, (V, C), those that are kept included; None if `go_on` has returned False."""
        with self._lock:
            if self._streams is None:
                done = sum(map(len, self._parts))
                for part in token_streams(self.model.gpt, done):
                    self._parts.append(part)
                    done += len(part)
                    if not go_on(done):
                        return None
                self._streams = torch.cat(self._parts)
                self._parts.clear()
            return self._streams


class CircuitReading:
    """What one head of a model does with tokens. `plain` says whether the embedding alone stands for a token."""

    def __init__(self, model: Checkpoint, circuits: HeadCircuits, layer: int, head: int, *, plain: bool) -> None:
        self._model = model
        self.circuits = circuits
        self.layer = layer
        self.head = head
        self.plain = plain
        self.copying_score = circuits.ov.eigenvalue_score
        self.matching_score = circuits.qk.eigenvalue_score
        self._own_ranks = circuits.ov.own_ranks()

    @property
    def vocab_size(self) -> int:
        """Number of tokens."""
        return self.circuits.ov.vocab_size

    @cached_property
    def copied_share(self) -> float:
        """The share of tokens that are among the TOP tokens that the head raises most when it attends to them.

        The tokens are all tokens, or at most 1,024 evenly spaced ones. This is the copy score of "Interpretability in
        the Wild" (Wang et al. 2022), over these tokens instead of names.
        """
        return (self._own_ranks <= TOP).double().mean().item()

    @cached_property
    def median_rank(self) -> int:
        """The median rank of these tokens, each among all those that the head raises when it attends to that token."""
        return int(self._own_ranks.median())

    def text_of(self, token_id: int) -> str:
        """The text of a token; an embedding may have more rows than its tokenizer has tokens."""
        if self._model.tokenizer.id_to_token(token_id) is None:
            return f"<unused {token_id}>"
        return token_texts(self._model.tokenizer, [token_id])[0]

    def written_at(self, token_id: int) -> Ranking:
        """All tokens by what the head adds to their logits when it attends to a token, up to one positive factor."""
        return self._ranking(self.circuits.ov, token_id)

    def looked_for_by(self, token_id: int) -> Ranking:
        """All tokens by their scaled score, as keys of a query token; 0 is the mean."""
        return self._ranking(self.circuits.qk, token_id)

    def _ranking(self, circuit: Circuit, token_id: int) -> Ranking:
        return Ranking(token_id, circuit.row(token_id), self.text_of)

    # Sentences

    def writing_sentence(self, written: Ranking) -> str:
        """Say what the head writes when it attends to the token of a ranking by `written_at`."""
        (top,), (bottom,) = written.highest(1), written.lowest(1)
        place = written.rank_of(written.token_id)
        name, highest, lowest = _quoted(written.token, top.text, bottom.text)
        last = f"lowers {lowest} most"
        if place == 1:
            return (
                f"Looking at {name}, this head raises {name} itself most of all {self.vocab_size:,} tokens; it {last}."
            )
        raised = f"raises {highest} most and {last}"
        return f"Looking at {name}, this head {raised}; {name} itself is number {place:,} of {self.vocab_size:,}."

    @property
    def copying_sentence(self) -> str:
        """Say whether the head copies."""
        score, share = self.copying_score, self.copied_share
        if score >= _CLEAR:
            does = "copies" if share >= _CLEAR else "leans towards copying"
        else:
            does = "suppresses" if score <= -_CLEAR else "neither copies nor suppresses"
        return (
            f"Copying score {signed(score)}: this head {does} what it looks at. Of {len(self._own_ranks):,} tokens, "
            f"{_percent(share)} are among the {TOP} that it raises most when it looks at them; the median token is "
            f"number {self.median_rank:,}."
        )

    def looking_sentence(self, looked_for: Ranking, key: int | None = None) -> str:
        """Say which keys the query of a ranking by `looked_for_by` looks for, and where the key in view stands."""
        (top,) = looked_for.highest(1)
        in_view = [] if key is None else [self.text_of(key)]
        name, found, *in_view = _quoted(looked_for.token, top.text, *in_view)
        sentence = (
            f"The query {name} looks most for {found}, wherever it stands: its score is {fixed(top.value, 1)} above "
            f"the mean, its weight {exponential(top.value, 2)} times that of a key with the mean."
        )
        if key is None:
            return sentence
        place = looked_for.rank_of(key)
        return f"{sentence} The key in view, {in_view[0]}, is number {place:,} of {self.vocab_size:,}."

    @property
    def matching_sentence(self) -> str:
        """Say whether tokens look for themselves."""
        score = self.matching_score
        if score >= _CLEAR:
            words = "tokens look for themselves and for tokens like them"
        elif score <= -_CLEAR:
            words = "tokens look away from themselves and from tokens like them"
        else:
            words = "tokens neither look for themselves nor away from themselves"
        return f"Matching score {signed(score)}: {words}."

    @property
    def approximation(self) -> str:
        """Say what is left out."""
        token = "its embedding" if self.plain else "its embedding and what the MLP of layer 0 adds to it"
        return (
            f"Read from the weights alone: a token is ln_1 of {token}, without its position or what other heads add. "
            "OV goes straight to the output, through the final LayerNorm without its division: logits are known up to "
            "one factor."
        )


def _quoted(*tokens: str) -> list[str]:
    """Return the tokens of a sentence in quotes; those that only a leading space tells apart are written with it."""
    alike = lookalikes(tokens)
    return [quoted(token, _NAME, alike) for token in tokens]


def _with_escapes(typed: str) -> str:
    try:
        return unescaped(typed)
    except ModelError:
        return typed


def signed(score: float) -> str:
    """A score from −1 to 1 with its sign."""
    text = fixed(score, 2)
    return f"+{text}" if score > 0.0 and text.strip("0.") else text


def _percent(share: float) -> str:
    return f"{significant(100 * share, 2)} %"
