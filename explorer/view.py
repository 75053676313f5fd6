"""View: an immutable value that describes what the user is looking at. A keypress is a function (View, Bounds) -> View.

The functions of this module are keypresses, or return one. A keypress is pure, and returns the very same view if it
changes nothing.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from model.settings import AttentionSettings, Head, Scope


class Stage(StrEnum):
    """The stages of attention in the order in which they are computed, up to the prediction."""

    SCORES = "scores"
    SCALED = "scaled"
    CAPPED = "capped"
    MASKED = "masked"
    WEIGHTS = "weights"
    MIXED = "mixed"
    NEXT_TOKEN = "next token"


STAGES = tuple(stage for stage in Stage if stage is not Stage.CAPPED)
"""The stages that every model has; `Bounds.stages` are those of one model, which may have a soft cap."""

_ORDER = tuple(Stage)
SCOPES = tuple(Scope)

LAST = -1
"""A query or key that means the last position, whatever the length of the text."""

LONGEST_TEXT = 100_000
"""The most characters that the application looks at. Of a longer text, commands encode only a beginning."""


@dataclass(frozen=True, slots=True)
class View:
    """What the user is looking at. Equal views show the same screen.

    None for `causal` or `scale` means as trained. These switches act on `scope`: the head (layer, head), its layer, or
    the whole model.
    """

    model: str  # a bundled model or a checkpoint directory; a suffix @100 is its snapshot after step 100
    text: str
    query: int = 0
    key: int = 0
    layer: int = 0
    head: int = 0
    stage: Stage = Stage.WEIGHTS
    causal: bool | None = None
    scale: float | None = None
    scope: Scope = Scope.HEAD
    ablated: frozenset[Head] = frozenset()
    stepping: bool = False  # stage by stage: later stages of this query count as not computed yet

    @property
    def settings(self) -> AttentionSettings:
        """The switches in the form that the model takes."""
        return AttentionSettings.of(
            self.scope, self.layer, self.head, causal=self.causal, scale=self.scale, ablated=self.ablated
        )

    def as_trained(self) -> "View":
        """Return the same view with every switch as trained."""
        return replace(self, causal=None, scale=None, ablated=frozenset())

    @property
    def changed(self) -> bool:
        """True if any switch is not as trained."""
        return self.causal is not None or self.scale is not None or bool(self.ablated)

    def is_switched_from(self, other: "View") -> bool:
        """Return True if this view differs from another in its switches alone: mask, scale, scope, ablated heads."""
        switched = replace(other, causal=self.causal, scale=self.scale, scope=self.scope, ablated=self.ablated)
        return self == switched != other

    def is_pending(self, stage: Stage) -> bool:
        """Return True if the user is stepping and has not yet reached `stage` of the current query."""
        return self.stepping and _ORDER.index(stage) > _ORDER.index(self.stage)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The sizes of the text and of the model, which limit a view, and the trained values of its switches."""

    positions: int
    n_layer: int
    n_head: int
    head_size: int
    scales: tuple[float, ...]  # the trained scale of each layer
    causal: bool = True
    embedding: int | None = None  # n_embd, if it is not n_head × head_size
    has_softcap: bool = False

    @property
    def n_embd(self) -> int:
        """The width of the model."""
        return self.embedding or self.n_head * self.head_size

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of this model, in the order in which they are computed."""
        return _ORDER if self.has_softcap else STAGES

    @property
    def matrices(self) -> tuple[Stage, ...]:
        """The stages that have a matrix: all but the next token. The last one is mixed, which is not T × T."""
        return self.stages[:-1]

    @property
    def square_matrices(self) -> tuple[Stage, ...]:
        """The stages whose matrix has a column for each key."""
        return self.matrices[:-1]


Change = Callable[[View, Bounds], View]
"""What a key does to a view."""


def fitted(view: View, bounds: Bounds) -> View:
    """Return the nearest view within the bounds; a switch at its trained value becomes None.

    Negative positions count from the end. In a model without a soft cap, scaled takes the place of capped.
    """

    def position(index: int) -> int:
        return _clamp(index + bounds.positions if index < 0 else index, bounds.positions)

    near = replace(
        view,
        query=position(view.query),
        key=position(view.key),
        layer=_clamp(view.layer, bounds.n_layer),
        head=_clamp(view.head, bounds.n_head),
        stage=view.stage if view.stage in bounds.stages else Stage.SCALED,
        causal=None if view.causal == bounds.causal else view.causal,
        ablated=frozenset((i, j) for i, j in view.ablated if i < bounds.n_layer and j < bounds.n_head),
    )
    return near if near.scale is None else with_scale(near.scale)(near, bounds)


def _clamp(index: int, count: int) -> int:
    return max(0, min(index, count - 1))


def move_query(by: int) -> Change:
    """Return a change that moves the query by a number of tokens."""
    return lambda view, bounds: _at_query(view, _clamp(view.query + by, bounds.positions))


def _at_query(view: View, query: int) -> View:
    """Return the view at a query; stepping through the stages ends if that is another query."""
    return view if query == view.query else replace(view, query=query, stepping=False)


def move_key(by: int) -> Change:
    """Return a change that moves the key by a number of tokens."""
    return lambda view, bounds: replace(view, key=_clamp(view.key + by, bounds.positions))


def first_query(view: View, bounds: Bounds) -> View:
    """Go to the first token."""
    return _at_query(view, 0)


def last_query(view: View, bounds: Bounds) -> View:
    """Go to the last token."""
    return _at_query(view, bounds.positions - 1)


def go_to(query: int, key: int | None = None) -> Change:
    """Return a change that goes to a query and, if given, to a key."""
    return lambda view, bounds: fitted(replace(_at_query(view, query), key=view.key if key is None else key), bounds)


def choose_stage(stage: Stage) -> Change:
    """Return a change that goes to a stage, if the model has it."""
    return lambda view, bounds: replace(view, stage=stage, stepping=False) if stage in bounds.stages else view


def next_stage(view: View, bounds: Bounds) -> View:
    """Go one stage forward; after the last, to the first stage of the next token."""
    later = bounds.stages[bounds.stages.index(view.stage) + 1 :]
    if later:
        return replace(view, stage=later[0], stepping=True)
    if view.query + 1 < bounds.positions:
        return replace(view, query=view.query + 1, stage=STAGES[0], stepping=True)
    return view


def step_on(view: View, bounds: Bounds) -> View:
    """Go one stage forward; start at the first stage if the user is at the weights and is not stepping yet."""
    if view.stage is Stage.WEIGHTS and not view.stepping:
        return replace(view, stage=STAGES[0], stepping=True)
    return next_stage(view, bounds)


def previous_stage(view: View, bounds: Bounds) -> View:
    """Go one stage back; before the first, to the last stage of the token before."""
    earlier = bounds.stages[: bounds.stages.index(view.stage)]
    if earlier:
        return replace(view, stage=earlier[-1], stepping=True)
    if view.query:
        return replace(view, query=view.query - 1, stage=STAGES[-1], stepping=True)
    return view


def start_stepping(view: View, bounds: Bounds) -> View:
    """Go to where playback begins: here while stepping, else the first stage; at the end, the first token."""
    finished = next_stage(view, bounds) == view
    at_last = view.query == bounds.positions - 1
    if finished or (at_last and not view.stepping):
        return replace(view, query=0, stage=STAGES[0], stepping=True)
    return view if view.stepping else replace(view, stage=STAGES[0], stepping=True)


def stop_stepping(view: View, bounds: Bounds) -> View:
    """Show every stage of the current query as computed."""
    return replace(view, stepping=False) if view.stepping else view


def move_head(by: int) -> Change:
    """Return a change that moves to another head of the same layer."""
    return lambda view, bounds: replace(view, head=_clamp(view.head + by, bounds.n_head))


def choose_head(layer: int, head: int) -> Change:
    """Return a change that goes to a head."""
    return lambda view, bounds: fitted(replace(view, layer=layer, head=head), bounds)


def move_layer(by: int) -> Change:
    """Return a change that moves to another layer."""
    return lambda view, bounds: replace(view, layer=_clamp(view.layer + by, bounds.n_layer))


def toggle_mask(view: View, bounds: Bounds) -> View:
    """Let every query see all keys, or only those up to itself."""
    causal = not (bounds.causal if view.causal is None else view.causal)
    return replace(view, causal=None if causal == bounds.causal else causal)


def toggle_scale(view: View, bounds: Bounds) -> View:
    """Switch the scale off (× 1), or on again: as trained, or 1/√head_size if the trained scale is 1."""
    if current_scale(view, bounds) != 1.0:
        return with_scale(1.0)(view, bounds)
    trained = bounds.scales[view.layer]
    return with_scale(trained if trained != 1.0 else 1 / math.sqrt(bounds.head_size))(view, bounds)


def with_scale(scale: float) -> Change:
    """Return a change that multiplies scores by `scale`; the trained scale counts as no switch."""

    def change(view: View, bounds: Bounds) -> View:
        layers = bounds.scales if view.scope is Scope.MODEL else (bounds.scales[view.layer],)
        as_trained = all(math.isclose(scale, trained, rel_tol=1e-12) for trained in layers)
        return replace(view, scale=None if as_trained else scale)

    return change


def current_scale(view: View, bounds: Bounds) -> float:
    """Return the scale of the head in view."""
    return bounds.scales[view.layer] if view.scale is None else view.scale


def named_scales(head_size: int, n_embd: int) -> tuple[tuple[float, str], ...]:
    """Return the scales that have a name: none, the paper's, and two common mistakes.

    1/√n_embd is `C**-0.5` in the code of the lecture, where C is the width of the model instead of the head;
    1/head_size lacks the square root.
    """
    return (
        (1.0, "×1"),
        (1 / math.sqrt(head_size), f"1/√{head_size}"),
        (1 / math.sqrt(n_embd), f"1/√{n_embd}"),
        (1 / head_size, f"1/{head_size}"),
    )


@lru_cache(maxsize=64)
def scale_ladder(bounds: Bounds, layer: int) -> tuple[float, ...]:
    """Return the scales that − and + step through, in ascending order, each about √2 times the previous one.

    They pass exactly through 1, 1/√head_size, 1/√n_embd, 1/head_size and the scale as trained, from a quarter of the
    smallest of these to 4. Powers of √2 that are very close to one of these are left out.
    """
    marks = {bounds.scales[layer]}
    for scale, _ in named_scales(bounds.head_size, bounds.n_embd):
        if not any(math.isclose(scale, mark, rel_tol=1e-9) for mark in marks):
            marks.add(scale)
    smallest = round(2 * math.log2(min(marks))) - 4
    powers = (math.sqrt(2) ** k for k in range(smallest, 5))
    apart = 2**0.2  # two rungs are never closer than this factor, unless both are marks
    free = (power for power in powers if all(max(power / mark, mark / power) > apart for mark in marks))
    return tuple(sorted(marks.union(free)))


def smaller_scale(view: View, bounds: Bounds) -> View:
    """Go to the next smaller scale; below the smallest is 0, which gives every visible key the same weight."""
    ladder = scale_ladder(bounds, view.layer)
    scale = current_scale(view, bounds)
    place = bisect_left(ladder, scale * (1 - 1e-9)) - 1
    if place >= 0:
        return with_scale(ladder[place])(view, bounds)
    return with_scale(0.0)(view, bounds) if scale > 0 else view


def larger_scale(view: View, bounds: Bounds) -> View:
    """Go to the next larger scale."""
    ladder = scale_ladder(bounds, view.layer)
    place = bisect_right(ladder, current_scale(view, bounds) * (1 + 1e-9))
    return with_scale(ladder[place])(view, bounds) if place < len(ladder) else view


def next_scope(view: View, bounds: Bounds) -> View:
    """Go to the next scope of the switches: this head, this layer, then the whole model."""
    return replace(view, scope=SCOPES[(SCOPES.index(view.scope) + 1) % len(SCOPES)])


def toggle_ablated(view: View, bounds: Bounds) -> View:
    """Ablate the head in view (its mixed values become zeros), or undo that; the scope does not matter."""
    return replace(view, ablated=view.ablated ^ {(view.layer, view.head)})


def reset(view: View, bounds: Bounds) -> View:
    """Set every switch as trained."""
    return view.as_trained() if view.changed else view
