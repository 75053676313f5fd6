"""Head scores: what kind of head a head is, measured over many texts.

Notation: T positions, H heads, L layers; n is the length of the random sequence that is repeated.

A score is a mean attention weight on particular keys. The first four are those of "In-context Learning and Induction
Heads" (Olsson et al. 2022) and of TransformerLens's head detector; the others are given as links between tokens of the
texts, as in "What Does BERT Look At?" (Clark et al. 2019). Patterns are broader: many keys for almost every query, such
as the positional heads of "Analyzing Multi-Head Self-Attention" (Voita et al. 2019). Every score has a baseline: the
weight that a head without this purpose would give to these keys.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from model.attention import AttentionInputs, AttentionStages
from model.errors import ModelError
from model.interface import TracedModel
from model.peakedness import entropy_bits
from model.trace import Trace

Progress = Callable[[int, int], None]
"""Takes how many texts have been read, and how many there are."""

_LONGEST_REPEATED = 64  # largest n
_LEAD = 0.05  # what a relation has to stand out more than the first four scores
_RECENT = 8  # keys before the query that are recent
_FAR_ENOUGH = 16  # keys before a query that patterns are measured on: far fewer of them are recent


@dataclass(frozen=True, slots=True)
class Link:
    """A query with the keys that it is related to, and with those of another word of the same kind.

    Keys are positions before the query. Several of them are the tokens of one word, and their weights are added up.
    """

    query: int
    keys: tuple[int, ...]
    others: tuple[int, ...]


@dataclass(frozen=True)
class LinkedText:
    """Token ids of a text, the links between its tokens by the name of their relation, and marked positions by name."""

    ids: tuple[int, ...]
    links: Mapping[str, Sequence[Link]] = field(default_factory=dict)
    marks: Mapping[str, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Score:
    """One score of one head, from 0 to 1, and its baseline."""

    value: float
    baseline: float

    @property
    def excess(self) -> float:
        """By how much the score stands out from its baseline."""
        return self.value - self.baseline


@dataclass(frozen=True, eq=False)
class HeadScores:
    """Scores from 0 to 1 of every head by name: the mean weight that queries give to particular keys.

    previous_token: the key just before the query, in texts.
    first_token: key 0, for all later queries, in texts.
    duplicate_token: the earlier occurrence of the query's token, in a random sequence and its repetition.
    induction: the key after that occurrence, in a random sequence and its repetition.

    Four patterns are measured in texts, for queries with at least 16 keys before them:

    current_token: the query itself.
    recent_tokens: the 8 keys before the query.
    Patterns named after marks: all keys before the query that are marked, for queries that have such keys.

    The baseline of all these is the weight that uniform attention would give to the keys. All others are named after
    a relation: the mean weight from the query of a link to its keys, in texts. Their baseline is the larger of two
    means for the same links: the weight on another word of the same kind, and the weight that all queries of the texts
    give to keys at the same distances.

    Attributes:
        values: the scores by name, each (L, H).
        baselines: their baselines by name, each (L, H).
        links: the number of links that a score was measured on, by the name of the relation.
    """

    values: Mapping[str, Tensor]
    baselines: Mapping[str, Tensor]
    links: Mapping[str, int] = field(default_factory=dict)

    def of(self, layer: int, head: int) -> dict[str, Score]:
        """The scores of one head, by name."""
        return {
            name: Score(values[layer, head].item(), self.baselines[name][layer, head].item())
            for name, values in self.values.items()
        }

    def largest(self, layer: int, head: int, without: Collection[str] = ()) -> tuple[str, Score]:
        """The score of one head that stands out most from its baseline, with its name, except those in `without`.

        A relation has to stand out clearly more than the first four, which are the simpler explanation.
        """
        considered = (item for item in self.of(layer, head).items() if item[0] not in without)
        return max(considered, key=lambda item: item[1].excess - (_LEAD if item[0] in self.links else 0.0))


def head_scores(
    model: TracedModel,
    texts: Sequence[LinkedText],
    repeated: Sequence[Sequence[int]],
    fewest_links: int = 1,
    progress: Progress | None = None,
) -> HeadScores:
    """Measure all heads on `texts` and on `repeated`, random sequences that are each followed by their repetition.

    Texts of a single token are skipped. A relation with fewer links than `fewest_links` has no score, nor has a pattern
    with fewer queries. `progress` is called after each text with the number of those that have been read, and of all.
    Raises ModelError if no text has two tokens or the context is shorter than 2.
    """
    usable = [text for text in texts if len(text.ids) > 1]
    if not usable or model.config.n_positions < 2:
        raise ModelError("head scores need a context and a text of at least two tokens")
    sums = _TextSums(usable)
    total, in_repeated = len(usable) + len(repeated), []
    for done, text in enumerate(usable, 1):
        sums.add(model, text)
        if progress is not None:
            progress(done, total)
    for done, ids in enumerate(repeated, len(usable) + 1):
        in_repeated.append(_repeat_scores(model, ids))
        if progress is not None:
            progress(done, total)
    duplicate, induction = torch.stack(in_repeated).mean(0)
    scored = {
        **sums.usual(),
        "duplicate_token": tuple(duplicate),
        "induction": tuple(induction),
        **sums.related(fewest_links),
        **sums.patterns(fewest_links),
    }
    return HeadScores(
        {name: value for name, (value, _) in scored.items()},
        {name: baseline for name, (_, baseline) in scored.items()},
        sums.counts,
    )


def repeated_sequences(
    context: int, vocab_size: int, generator: torch.Generator, repeats: int
) -> list[tuple[int, ...]]:
    """Draw random sequences, each followed by its repetition, which fits the context with it."""
    n = min(_LONGEST_REPEATED, context // 2)
    return [tuple(torch.randint(vocab_size, (n,), generator=generator).tolist()) * 2 for _ in range(repeats)]


def induction_scores(trace: Trace) -> Tensor:
    """The induction score of every head, (L, H), from a trace of a sequence and its repetition."""
    return torch.stack([_duplicate_and_induction(AttentionStages(each).weights)[1] for each in trace.inputs])


@dataclass(frozen=True, eq=False)
class TextMeasures:
    """What all heads do on one text, each (L, H); the first two are NaN for a single token."""

    previous_token: Tensor  # mean weight on the key just before the query
    first_token: Tensor  # mean weight on key 0, of all later queries
    entropy_bits: Tensor  # mean entropy of the rows of weights, in bits


def text_measures(inputs: Sequence[AttentionInputs]) -> TextMeasures:
    """Measure all heads of a trace, given its `inputs`, under the settings of that trace."""
    layers = []
    for each in inputs:
        weights = AttentionStages(each).weights  # (H, T, T)
        layers.append(torch.stack((*_previous_and_first(weights), entropy_bits(weights).mean(-1))))
    return TextMeasures(*torch.stack(layers, 1))


class _TextSums:
    """Sums of weights over texts, and the scores that follow from them."""

    def __init__(self, texts: Sequence[LinkedText]) -> None:
        self._names = list(dict.fromkeys(name for text in texts for name in text.links))
        self._marks = list(dict.fromkeys(name for text in texts for name in text.marks))
        self.counts = {name: sum(len(text.links.get(name, ())) for text in texts) for name in self._names}
        self._longest = max(len(text.ids) for text in texts)
        self._queries = 0
        self._pairs = torch.zeros(self._longest)  # of a query and a key at each distance
        self._linked_pairs = torch.zeros(len(self._names), self._longest)  # the same of links
        self._usual = torch.zeros(())  # (L, H, 4) once there is a text
        self._at_distance = torch.zeros(())  # (L, H, longest)
        self._related = torch.zeros(())  # (L, H, 2 × names): on the keys, on the others
        self._on_patterns = torch.zeros(())  # (L, H, patterns)
        self._uniform_on_patterns = torch.zeros(())  # the same of uniform attention
        self._pattern_queries = torch.zeros(2 + len(self._marks), dtype=torch.long)

    def add(self, model: TracedModel, text: LinkedText) -> None:
        """Run the model over a text."""
        size = len(text.ids)
        keys, others = (self._pairs_of(text, of_others) for of_others in (False, True))
        both = torch.cat((keys, others)).flatten(1)  # (2 × names, T × T)
        patterns = self._patterns_of(text)
        flat = patterns.float().flatten(1)  # (patterns, T × T)
        queries, earlier = torch.tril_indices(size, size)
        distances = queries - earlier
        usual, at_distance, related, on_patterns, uniform_on_patterns = [], [], [], [], []
        for stages in _stages(model, text.ids):
            weights, uniform = stages.weights.float().cpu(), _uniform(stages)
            each = [_previous_and_first(matrix) for matrix in (weights, uniform.expand_as(weights))]
            usual.append(torch.stack([score for pair in each for score in pair], -1))
            below = weights[:, queries, earlier]
            at_distance.append(below.new_zeros(len(weights), self._longest).index_add_(1, distances, below))
            related.append(weights.flatten(1) @ both.T)
            on_patterns.append(weights.flatten(1) @ flat.T)
            uniform_on_patterns.append((uniform.flatten(-2) @ flat.T).expand_as(on_patterns[-1]))
        self._queries += size - 1
        self._pairs += torch.bincount(distances, minlength=self._longest)
        self._linked_pairs.index_add_(1, distances, keys[:, queries, earlier])
        self._usual = self._usual + torch.stack(usual) * (size - 1)
        self._at_distance = self._at_distance + torch.stack(at_distance)
        self._related = self._related + torch.stack(related)
        self._on_patterns = self._on_patterns + torch.stack(on_patterns)
        self._uniform_on_patterns = self._uniform_on_patterns + torch.stack(uniform_on_patterns)
        self._pattern_queries += patterns.any(-1).sum(-1)

    def _pairs_of(self, text: LinkedText, of_others: bool) -> Tensor:
        """Count how often each query is linked with each key, by relation: (names, T, T)."""
        counts = torch.zeros(len(self._names), len(text.ids), len(text.ids))
        for i, name in enumerate(self._names):
            for link in text.links.get(name, ()):
                counts[i, link.query, list(link.others if of_others else link.keys)] += 1
        return counts

    def _patterns_of(self, text: LinkedText) -> Tensor:
        """The keys that belong to each pattern, by query: (patterns, T, T)."""
        size = len(text.ids)
        positions = torch.arange(size)
        distances = positions[:, None] - positions
        patterns = [distances == 0, (distances >= 1) & (distances <= _RECENT)]
        for name in self._marks:
            marked = torch.zeros(size, dtype=torch.bool)
            marked[list(text.marks.get(name, ()))] = True
            patterns.append(marked & (distances >= 1))
        return torch.stack(patterns) & (positions >= _FAR_ENOUGH)[:, None]

    def usual(self) -> dict[str, tuple[Tensor, Tensor]]:
        """The scores on the previous and the first token with their baselines."""
        previous, first, uniform_previous, uniform_first = (self._usual / self._queries).unbind(-1)
        return {"previous_token": (previous, uniform_previous), "first_token": (first, uniform_first)}

    def related(self, fewest: int) -> dict[str, tuple[Tensor, Tensor]]:
        """The scores of relations with enough links, with their baselines."""
        mean_at_distance = self._at_distance / self._pairs.clamp(min=1)
        found = {}
        for i, name in enumerate(self._names):
            if (count := self.counts[name]) >= max(1, fewest):
                value, of_kind = self._related[..., i] / count, self._related[..., len(self._names) + i] / count
                by_distance = mean_at_distance @ self._linked_pairs[i] / count
                found[name] = value, torch.maximum(of_kind, by_distance)
        return found

    def patterns(self, fewest: int) -> dict[str, tuple[Tensor, Tensor]]:
        """The scores of patterns with enough queries, with their baselines."""
        names = ("current_token", "recent_tokens", *self._marks)
        return {
            name: (self._on_patterns[..., i] / count, self._uniform_on_patterns[..., i] / count)
            for i, (name, count) in enumerate(zip(names, self._pattern_queries.tolist(), strict=True))
            if count >= max(1, fewest)
        }


def _stages(model: TracedModel, ids: Sequence[int]) -> Iterator[AttentionStages]:
    """Iterate over the stages of each layer; the weights (H, T, T) of all layers at once may not fit into memory."""
    return (AttentionStages(inputs) for inputs in model.trace(ids).inputs)


def _uniform(stages: AttentionStages) -> Tensor:
    """Weights that are equal on all visible keys, (T, T) or (H, T, T)."""
    visible = stages.visible.float().cpu()
    return visible / visible.sum(-1, keepdim=True).clamp(min=1)


def _previous_and_first(weights: Tensor) -> tuple[Tensor, Tensor]:
    """Mean weight on the previous and on the first token, from weights (H, T, T): two of (H,)."""
    return weights.diagonal(-1, -2, -1).mean(-1), weights[:, 1:, 0].mean(-1)


def _repeat_scores(model: TracedModel, ids: Sequence[int]) -> Tensor:
    """Mean weight on the earlier occurrence of the query's token and on the key after it.

    Returns (2, 2, L, H): both scores, each with that of uniform attention.
    """
    layers = []
    for stages in _stages(model, ids):
        weights = stages.weights.float().cpu()
        of_both = [_duplicate_and_induction(matrix) for matrix in (weights, _uniform(stages).expand_as(weights))]
        layers.append(torch.stack(of_both, 1))  # (2, 2, H)
    return torch.stack(layers, 2)


def _duplicate_and_induction(weights: Tensor) -> Tensor:
    """The two scores from weights (H, T, T) on a sequence and its repetition: (2, H)."""
    n = weights.shape[-1] // 2
    return torch.stack((weights.diagonal(-n, -2, -1).mean(-1), weights.diagonal(1 - n, -2, -1)[:, 1:].mean(-1)))
