"""Invented words: syllables put together into something that is not English."""

from collections.abc import Container
from functools import cache
from random import Random
from typing import Literal

from data.storyteller.lexicon import noun_lemmas, word_parts

_SHORTEST = 4
_ONE_SYLLABLE_SHARE = 0.4


def invented_word(rng: Random, kind: Literal["thing", "place"], taken: Container[str]) -> str:
    """Return a word that is neither English nor in `taken`: one syllable, or two with an ending of its kind."""
    parts = word_parts()
    endings = parts[f"{kind}_endings"]
    while True:
        word = rng.choice(parts["onsets"]) + rng.choice(parts["vowels"])
        if rng.random() < _ONE_SYLLABLE_SHARE:
            word += rng.choice(parts["codas"])
        else:
            word += rng.choice(parts["middles"]) + rng.choice(endings)
        looks_inflected = word.endswith(("s", "ed", "ing"))
        if len(word) >= _SHORTEST and not looks_inflected and word not in _english() and word not in taken:
            return word


@cache
def _english() -> frozenset[str]:
    return frozenset(word_parts()["english"]) | noun_lemmas().keys()
