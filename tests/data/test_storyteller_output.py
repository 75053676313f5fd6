"""The stories of a seed never change: a run resumes only with the text it began with."""

import hashlib
from itertools import islice

import pytest

from data.storyteller import Story, stories

STORIES = 40
"""Stories to hash for each seed: most plots and most kinds of roles occur among them."""

# Seed: SHA-256 of the texts, SHA-256 of the annotations.
RECORDED = {
    0: (
        "c6ad07b1b3bab0d0ec53434091338a011398e8f5bba8e5f26ec10f32b8312072",
        "2ccb89e612817e79477b0853e2017a7f3544708d42b8a09a23e9041d67ec55ae",
    ),
    1: (
        "6813b9195da3d72dba656eaec9892eecd5533e1cbc87c0c1241e573206c487c6",
        "b86eba5bec33c42696e4c465bb40de858547de50f77fd6fdabd3f1fd881328e1",
    ),
    2: (
        "471af9463c453d1e2e4cdc9c38eb622fc3e2eae91b8eebd4c0b7b2c183b6e319",
        "cecfb0d5d43cbfe614da4c4b8f8ce2c80958558210fe6fba9f372517a6339ca6",
    ),
    7: (
        "94fab16e96cb0dcdf5ec851e141229915936835e17cabd173f4e59314c9e7f91",
        "55b7d92253e26a1970733784262fac5f9e9ce589eab58d4e1e3caf4ed7ffdd79",
    ),
    1337: (
        "5af6f253a98b2c9cc15bb4447fd96d19b38616fbab2ac75de40f8fe9f4f96a9b",
        "101ae7b32490aa78fd9b9b91214dcc376b6330cb135a84d1320cbbc8453bb52e",
    ),
    20_000: (
        "106c761e9edab7c7d3bb375a8817c9c978706bd81b0849e30548c48dc5d0bc34",
        "9188fa972d44b72761f276ddf190817152f16709798018f97634312a669970d0",
    ),
    10**9: (
        "4ed2c41cb042a0f35e4f52a10543e4d143f3e4171f98720798b9482513f4d1df",
        "c9e05646703c61afc4ed62893de647beaa6a645e5b719032d65e5a8d2b3d9778",
    ),
}


def text_digest(told: list[Story]) -> str:
    return hashlib.sha256("\n".join(each.text for each in told).encode()).hexdigest()


def annotation_digest(told: list[Story]) -> str:
    """Return a hash of everything in the stories but their text."""
    digest = hashlib.sha256()
    for each in told:
        digest.update(f"{each.plot} {each.invented}\n".encode())
        for sentence in each.sentences:
            words = [(word.index, word.start, word.end) for word in sentence.words]
            notes = [(note.kind.value, note.word, note.refers_to) for note in sentence.annotations]
            digest.update(f"{sentence.frame} {words} {notes}\n".encode())
    return digest.hexdigest()


@pytest.mark.parametrize("seed", RECORDED)
def test_stories_and_annotations_of_a_seed_are_the_recorded_ones(seed: int) -> None:
    told = list(islice(stories(seed), STORIES))
    assert (text_digest(told), annotation_digest(told)) == RECORDED[seed]
