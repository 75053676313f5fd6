"""Links between tokens and edges of sentences: the same whatever the tokenizer; scores again from `explorer show`."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from data import storyteller
from data.storyteller import AnnotationKind, Story
from data.storyteller.casting import Entity
from data.storyteller.frames import parse_frame
from data.storyteller.writer import Writer
from explorer.cli.main import cli
from explorer.core import head_scores
from explorer.core.head_kinds import PATTERNS, RELATIONS, named_score
from explorer.core.sentence_edges import sentence_edges
from explorer.core.token_spans import TokenSpans
from explorer.core.word_links import word_links
from model import checkpoint, tokenizer
from model.config import GPTConfig
from model.gpt import GPT
from model.tokenizer import encode

CAST = {
    "A": Entity("girl", "she", name="Mara", adjectives=("kind",)),
    "B": Entity("boy", "he", name="Ivan", adjectives=("funny",)),
    "T": Entity("key", "it", adjectives=("old",)),
}
SEED = 29
USUAL, ON_RANDOM_TOKENS = ("previous_token", "first_token"), ("duplicate_token", "induction")
CORPUS = [storyteller.story(1, index).text for index in range(40)]


def told(*templates: str) -> Story:
    class First(Random):
        def random(self) -> float:
            return 0.5

        def choice(self, seq):  # type: ignore[no-untyped-def]
            return seq[0]

    writer = Writer(First(), CAST, ())
    for at, template in enumerate(templates):
        writer.write(parse_frame(f"test.{at}", template), " ")
    return Story(writer.text, writer.sentences, "test", ())


def pieces_of_sentences() -> Tokenizer:
    """SentencePiece's unigrams, in which a space belongs to the token after it."""
    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=250, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False)
    made.train_from_iterator(CORPUS, trainer)
    return made


MAKERS: dict[str, Callable[[], Tokenizer]] = {
    "bpe": lambda: tokenizer.train_bpe(CORPUS, 400),
    "characters": lambda: tokenizer.train_char(CORPUS),
    "unigrams": pieces_of_sentences,
}


@pytest.mark.parametrize("maker", MAKERS)
def test_words_are_linked_whatever_their_tokens(maker: str) -> None:
    story = told(
        "One day, [A.intro] [A:meet] [B.intro].",
        '"[A>B][I] [I:have] [T.a]," [A] [A:say].',
        '"[B>A][you] [you:lose/has] [T.n]," [^B:say] [B.n].',
        "Then [A.n] [A:see] [B.n].",
    )
    assert story.text == (
        'One day, a kind girl named Mara met a funny boy named Ivan. "I had an old key," she said. '
        '"You have lost the key," said Ivan. Then Mara saw Ivan.'
    )
    encoding = encode(MAKERS[maker](), story.text)
    found = word_links(story, TokenSpans(encoding.spans), range(len(encoding)))

    def word_at(token: int) -> str:
        start, end = encoding.spans[token]
        inside = [word.text for word in story.words if word.start < end and start < word.end]
        return inside[0] if inside else '"'

    def said(name: str) -> list[str]:
        return [
            f"{word_at(link.query)} → {' '.join(dict.fromkeys(map(word_at, link.keys)))}, not {word_at(link.others[0])}"
            for link in found[name]
        ]

    assert said("pronoun_to_referent") == ["I → Mara, not Ivan", "she → Mara, not Ivan", "You → Mara, not Ivan"]
    assert said("verb_to_subject") == [
        "met → girl, not Mara",
        "had → I, not Ivan",
        "said → she, not key",
        "have → You, not she",
        "saw → Mara, not Ivan",
    ]
    assert said("object_to_verb") == ["key → had, not met", "key → lost, not have", "Ivan → saw, not said"]
    mentions = [each.partition(",")[0] for each in said("noun_to_mention")]
    assert mentions == ["key → key", "Ivan → Ivan", "Mara → Mara", "Ivan → Ivan"]
    assert said("quote_to_opening") == ['" → ", not "']  # before the first one there is no other quotation mark
    for link in found["noun_to_mention"]:
        last = next(word for word in story.words if word.end == encoding.spans[link.query][1])
        assert last.text == word_at(link.query)  # a word is known at its last token


@pytest.mark.parametrize("maker", MAKERS)
def test_a_window_has_the_links_that_lie_in_it(maker: str) -> None:
    made = MAKERS[maker]()
    for index in range(4):
        story = storyteller.story(5, index)
        encoding = encode(made, story.text)
        for start in range(0, len(encoding), 40):
            window = range(start, min(start + 40, len(encoding)))
            links = word_links(story, TokenSpans(encoding.spans), window)
            assert list(links) == list(RELATIONS)
            for each in links.values():
                for link in each:
                    assert min(link.keys + link.others) > 0
                    assert max(link.keys + link.others) < link.query < len(window)
                    assert not set(link.keys) & set(link.others)
    assert not word_links(story, TokenSpans(encoding.spans), range(1))["verb_to_subject"]


@pytest.mark.parametrize("maker", MAKERS)
def test_sentences_end_and_start_at_the_same_places_whatever_the_tokens(maker: str) -> None:
    text = 'One day it was 3.5 miles. "Is it far?" he asked. "No... Not far," said Mara.\n\n"Go!" Then they went.'
    encoding = encode(MAKERS[maker](), text)
    found = sentence_edges(text, TokenSpans(encoding.spans), range(len(encoding)))
    pieces = {name: [text[slice(*encoding.spans[token])] for token in tokens] for name, tokens in found.items()}
    assert [piece.strip('" \n') for piece in pieces["sentence_end"]] == [".", "?", ".", ".", ".", "!", "."]
    assert [piece.strip()[:1] for piece in pieces["sentence_start"]] == ['"', '"', "N", '"', "T"]
    first = found["sentence_end"][0]
    window = range(first, len(encoding))
    assert sentence_edges(text, TokenSpans(encoding.spans), window) == {  # without the first token of the window
        name: [token - first for token in tokens if token > first] for name, tokens in found.items()
    }


# -- the scores once more, in numpy, from what `explorer show` prints ---------------------------------------------


def tokens_of(spans: list[tuple[int, int]], start: int, end: int) -> list[int]:
    return [i for i, (left, right) in enumerate(spans) if left < end and right > start]


def second_links(story: Story, tokens: list[str]) -> dict[str, list[tuple[int, list[int], list[int]]]]:
    """Query, keys and others of each link, from the texts of the tokens and the annotations alone."""
    ends = np.cumsum([len(token) for token in tokens]).tolist()
    spans = [(end - len(token), end) for token, end in zip(tokens, ends, strict=True)]
    places = [tokens_of(spans, word.start, word.end) for word in story.words]
    places += [tokens_of(spans, i, i + 1) for i, c in enumerate(story.text) if c == '"']
    texts = [word.text.lower() for word in story.words] + ['"'] * (len(places) - len(story.words))
    notes = [note for sentence in story.sentences for note in sentence.annotations]

    def pairs(kind: AnnotationKind) -> list[tuple[int, int]]:
        return [(note.word, note.refers_to) for note in notes if note.kind is kind]

    def ends_of(*kinds: AnnotationKind) -> set[int]:
        return {target for kind in kinds for _, target in pairs(kind)}

    pronouns, mentions = pairs(AnnotationKind.PRONOUN), pairs(AnnotationKind.PREVIOUS_MENTION)
    subjects, objects = pairs(AnnotationKind.SUBJECT), pairs(AnnotationKind.OBJECT)
    nouns = ends_of(AnnotationKind.PRONOUN, AnnotationKind.PREVIOUS_MENTION) | {word for word, _ in mentions}
    quotes = list(range(len(story.words), len(places)))
    relations = {
        "pronoun_to_referent": (pronouns, nouns, True),
        "verb_to_subject": (
            subjects,
            nouns | {word for word, _ in pronouns} | ends_of(AnnotationKind.SUBJECT),
            True,
        ),
        "object_to_verb": (objects, ends_of(AnnotationKind.OBJECT) | {word for word, _ in subjects}, False),
        "noun_to_mention": (mentions, nouns, True),
        "quote_to_opening": (list(zip(quotes[1::2], quotes[::2], strict=True)), set(quotes), False),
    }
    found: dict[str, list[tuple[int, list[int], list[int]]]] = {}
    for name, (linked, kind, by_text) in relations.items():
        found[name] = []
        for source in dict.fromkeys(source for source, _ in linked):
            targets = [target for each, target in linked if each == source]
            keys = sorted({token for target in targets for token in places[target]})
            query = places[source][-1]
            if keys[0] == 0 or keys[-1] >= query:
                continue
            said = {texts[target] for target in targets} if by_text else set()
            far = max(places[target][-1] for target in targets)
            others = [
                (abs(places[other][-1] - far), -places[other][-1], places[other])
                for other in kind - {source}
                if texts[other] not in said
                and places[other][0] > 0
                and places[other][-1] < places[source][0]
                and not set(places[other]) & set(keys)
            ]
            if others:
                found[name].append((query, keys, min(others)[2]))
    return found


def test_a_second_implementation_agrees(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tokenizer.train_bpe(CORPUS, 1000)
    config = GPTConfig(
        vocab_size=tokenizer.vocab_size(made), n_positions=400, n_embd=32, n_layer=2, n_head=2, initializer_range=0.5
    )
    gpt = GPT(config)
    gpt.initialize(torch.Generator().manual_seed(4))
    checkpoint.save(tmp_path / "random", gpt, made)
    monkeypatch.setattr(head_scores, "LONGEST", 400)
    monkeypatch.setattr(head_scores, "STORIES", 2)
    monkeypatch.setattr(head_scores, "FEWEST_LINKS", 5)
    scores = head_scores.measure_heads(checkpoint.load(tmp_path / "random"), SEED)
    assert scores.values.keys() == {*USUAL, *ON_RANDOM_TOKENS, *RELATIONS, *PATTERNS}
    assert all(named_score(scores, layer, head) is None for layer in range(2) for head in range(2))
    expected = second_scores(tmp_path / "random", 1, 1)
    for name, score in scores.of(1, 1).items():
        if name not in ON_RANDOM_TOKENS:
            assert (score.value, score.baseline) == pytest.approx(expected[name], abs=1e-5), name


def second_edges(tokens: list[str]) -> dict[str, set[int]]:
    """The tokens after the first at which sentences end and start, from the texts of the tokens alone."""
    text, owner = "".join(tokens), [i for i, token in enumerate(tokens) for _ in token]
    ends, starts = set(), set()
    for i, character in enumerate(text):
        rest = text[i + 1 :].removeprefix('"')
        if character in ".!?" and rest[:1].strip() == "":
            ends.add(owner[i])
            if rest.lstrip().removeprefix('"')[:1].isupper():
                starts.add(owner[len(text) - len(rest.lstrip())])
    return {"sentence_end": ends - {0}, "sentence_start": starts - {0}}


def second_patterns(stories: list[tuple[NDArray[np.float64], list[str]]]) -> dict[str, tuple[float, float]]:
    rows: dict[str, list[tuple[float, float]]] = {name: [] for name in PATTERNS}
    for w, tokens in stories:
        for i in range(16, len(w)):
            keys = {"current_token": {i}, "recent_tokens": set(range(i - 8, i))}
            keys |= {name: {j for j in marked if j < i} for name, marked in second_edges(tokens).items()}
            for name, found in keys.items():
                if found:
                    rows[name].append((total(w, i, sorted(found)), len(found) / (i + 1)))
    return {name: (float(np.mean(of, 0)[0]), float(np.mean(of, 0)[1])) for name, of in rows.items()}


def second_scores(model: Path, layer: int, head: int) -> dict[str, tuple[float, float]]:
    shown = [show(storyteller.story(SEED, index).text, model, layer, head) for index in range(2)]
    stories = [
        (np.array(answer["weights"]), second_links(storyteller.story(SEED, index), answer["tokens"]))
        for index, answer in enumerate(shown)
    ]
    later = [(w, i) for w, _ in stories for i in range(1, len(w))]
    even = float(np.mean([1 / (i + 1) for _, i in later]))
    found = {
        "previous_token": (float(np.mean([w[i, i - 1] for w, i in later])), even),
        "first_token": (float(np.mean([w[i, 0] for w, i in later])), even),
        **second_patterns([(np.array(answer["weights"]), answer["tokens"]) for answer in shown]),
    }

    def as_far(distance: int) -> float:
        return float(np.mean(np.concatenate([np.diagonal(w, -distance) for w, _ in stories])))

    for name in RELATIONS:
        links = [(w, link) for w, by_name in stories for link in by_name[name]]
        if links:
            value = np.mean([total(w, query, keys) for w, (query, keys, _) in links])
            of_kind = np.mean([total(w, query, others) for w, (query, _, others) in links])
            far = np.mean([sum(as_far(query - key) for key in keys) for _, (query, keys, _) in links])
            found[name] = float(value), max(float(of_kind), float(far))
    return found


def total(weights: NDArray[np.float64], query: int, keys: list[int]) -> float:
    return float(weights[query, keys].sum())


def show(text: str, model: Path, layer: int, head: int) -> dict[str, Any]:
    arguments = ["show", text, "--model", str(model), "--layer", str(layer), "--head", str(head), "--json"]
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer
