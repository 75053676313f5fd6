"""Reading: what a View shows, computed once and drawn by every widget. Widgets draw readings and never compute."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import BinaryIO
from weakref import WeakKeyDictionary

from tokenizers import Tokenizer
from torch import Tensor

from data.samples import place_of
from explorer.core import change_explanations, npz
from explorer.core.change_explanations import ChangeExplanation
from explorer.core.entropy_curve import EntropyCurve, head_curve, query_curve
from explorer.core.opening import EVERYTHING, Undecided
from explorer.core.telling import decide
from explorer.view import Bounds, View, fitted
from model.attention import AttentionStages
from model.head_pictures import HeadPeakedness, HeadPicture, head_picture
from model.head_scores import TextMeasures, text_measures
from model.interface import ModelShape
from model.peakedness import Peakedness, RowPeakedness, peakedness, row_peakedness
from model.tokenizer import Encoding, token_texts
from model.trace import Trace, kl_divergences


class HeadInView:
    """The stages of one head, each matrix computed at most once however often the query moves."""

    def __init__(self, stages: AttentionStages, trained_scale: float) -> None:
        self.stages = stages
        self._trained_scale = trained_scale
        self._at_scales: dict[float, Peakedness] = {}

    def measures_at(self, scale: float) -> Peakedness:
        """How peaked each of its rows is at another scale; the matrix itself is not kept."""
        if scale == float(self.stages.inputs.scale):
            return self.measures
        if scale not in self._at_scales:
            _ = self.stages.scores  # computed once, shared with the rescaled stages
            self._at_scales[scale] = peakedness(self.stages.rescaled(scale))
        return self._at_scales[scale]

    @cached_property
    def unscaled(self) -> AttentionStages:
        """The same head with a scale of 1."""
        return self.stages.rescaled(1.0)

    @cached_property
    def default_scaled(self) -> AttentionStages:
        """The same head at the scale it was trained with."""
        return self.stages.rescaled(self._trained_scale)

    @cached_property
    def measures(self) -> Peakedness:
        """How peaked each of its rows is, as set."""
        return peakedness(self.stages)


@dataclass(frozen=True, eq=False)
class Reading:
    """A view with its traces. `as_set` and `as_trained` are the same object when no switch is moved."""

    view: View
    model_name: str
    shape: ModelShape
    encoding: Encoding  # ids, tokens, spans, unknown characters of what is read of view.text
    tokenizer: Tokenizer
    as_set: Trace
    as_trained: Trace
    left_out: int = 0  # tokens at the end of view.text that the context has no room for
    _heads: dict[tuple[int, int], HeadInView] = field(default_factory=dict, repr=False)
    _divergences: WeakKeyDictionary[Trace, Tensor] = field(default_factory=WeakKeyDictionary, repr=False)

    def at(self, view: View) -> "Reading":
        """Return the reading of another query, key, stage, layer or head, which shares the traces and matrices."""
        return replace(self, view=view)

    def detached(self) -> "Reading":
        """Return a copy for another thread, which shares no cache of heads with this reading."""
        return replace(self, _heads=dict(self._heads))

    def decide(self, view: View, undecided: Undecided) -> View:
        """Choose the undecided parts of a view of this text by the model as trained; see `telling.decide`.

        If everything is undecided and the text is a sample that the model shows at this query, the head and the key
        are those of the sample.
        """
        view = fitted(view, self.bounds)
        place = place_of(view.text, view.model)
        if place is not None and undecided == EVERYTHING and place.query == view.query:
            return replace(view, layer=place.layer, head=place.head, key=place.key)
        return decide(self.as_trained, view, undecided)

    def without_changes(self) -> "Reading":
        """Return the reading of the same place with every switch as trained."""
        if self.as_set is self.as_trained:
            return self
        return replace(self, view=self.view.as_trained(), as_set=self.as_trained, _heads={})

    def explain_change(self, before: "Reading") -> ChangeExplanation:
        """Explain what switches changed since another reading of the same place."""
        return change_explanations.explain_change(before, self)

    def explain_prediction(self) -> tuple[str, ...]:
        """Explain how the prediction differs from that of the model as trained, the fullest wording first."""
        return change_explanations.explain_prediction(self.without_changes(), self)

    def most_changed_from(self, before: "Reading") -> tuple[int, int] | None:
        """Return the query, and its key, that changed most since another reading of this head; None if none did."""
        query = change_explanations.most_changed_row(before, self)
        return None if query is None else (query, change_explanations.most_changed_key(before, self, query))

    @property
    def head(self) -> HeadInView:
        """The head in view, shared by all readings of the same traces."""
        place = self.view.layer, self.view.head
        if place not in self._heads:
            if len(self._heads) >= _HEADS_KEPT:
                self._heads.pop(next(iter(self._heads)))
            self._heads[place] = HeadInView(self.as_set.head(*place), self.shape.scale(self.view.layer))
        return self._heads[place]

    @property
    def stages(self) -> AttentionStages:
        """The stages of the head in view, as set."""
        return self.head.stages

    @cached_property
    def row(self) -> AttentionStages:
        """The stages of the query in view alone, as set: matrices (1, T), shared by all panels."""
        return self.stages.row(self.view.query)

    @property
    def unscaled(self) -> AttentionStages:
        """The same head with a scale of 1."""
        return self.head.unscaled

    @property
    def default_scaled(self) -> AttentionStages:
        """The same head at the scale it was trained with."""
        return self.head.default_scaled

    @cached_property
    def bounds(self) -> Bounds:
        """How far a view of this model and text can go."""
        shape = self.shape
        return Bounds(
            positions=len(self.encoding),
            n_layer=shape.n_layer,
            n_head=shape.n_head,
            head_size=shape.head_size,
            scales=tuple(shape.scale(layer) for layer in range(shape.n_layer)),
            causal=self.as_trained.head(0, 0).inputs.causal is True,
            embedding=getattr(shape, "n_embd", None),
            has_softcap=any(inputs.softcap is not None for inputs in self.as_trained.inputs),
        )

    def prepare(self) -> None:
        """Compute the predictions for the whole text. Call this in a worker, as it is slow for a long text."""
        _ = self.as_set.losses, self.divergences

    @property
    def divergences(self) -> Tensor:
        """KL(as trained ‖ as set) of the predictions after each position, in nats: (T,); computed once for a trace."""
        if self.as_set not in self._divergences:
            self._divergences[self.as_set] = kl_divergences(self.as_trained, self.as_set)
        return self._divergences[self.as_set]

    @staticmethod
    def row_peakedness(row: AttentionStages) -> RowPeakedness:
        """Measure the stages of one row, at whichever scale they are."""
        return row_peakedness(row)

    def query_entropy_curve(self, points: int) -> EntropyCurve:
        """Compute the entropy of the current query over the scale."""
        return query_curve(self.row, self.bounds.n_embd, points)

    def head_entropy_curve(self, points: int) -> EntropyCurve:
        """Compute the mean entropy of the head's queries over the scale."""
        return head_curve(self.stages.inputs, self.bounds.n_embd, points)

    @property
    def text_measures(self) -> TextMeasures:
        """What every head of the model does on this text, as set; computed anew each time."""
        return text_measures(self.as_set.inputs)

    def weights_in_all_heads(self) -> list[list[tuple[float, bool]]]:
        """The weight from the query to the key in view in every head, and whether it is the largest of its row.

        By layer, then by head; as set.
        """
        query, key = self.view.query, self.view.key
        layers = []
        for inputs in self.as_set.inputs:
            row = AttentionStages(inputs.row(query).in_float32()).weights[:, 0]  # (H, T)
            weights, largest = row[:, key], row.amax(-1)
            layers.append(list(zip(weights.tolist(), (weights == largest).tolist(), strict=True)))
        return layers

    def head_picture(self, layer: int, head: int, size: int, known: HeadPeakedness | None = None) -> HeadPicture:
        """Compute a picture of any head, as set, in blocks of `size`; `known` saves measuring its peakedness again."""
        return head_picture(self.as_set, layer, head, self.shape.scale(layer), size, known)

    def write_npz(self, file: BinaryIO) -> None:
        """Write everything about this reading as arrays; see `explorer.core.npz`."""
        npz.write_npz(self, file)

    def token_text(self, token_id: int) -> str:
        """The text of any token of the vocabulary; an embedding may have more rows than its tokenizer has tokens."""
        if self.tokenizer.id_to_token(token_id) is None:
            return f"<unused {token_id}>"
        return token_texts(self.tokenizer, [token_id])[0]


_HEADS_KEPT = 4
"""At 1,024 tokens the four matrices of a head, unscaled and scaled besides, are about 30 MB."""
