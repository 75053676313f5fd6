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
        "cc0649732308a41921949cfb852596f388e248790e9a31e0bdc71948f6a5c22d",
    ),
    1: (
        "6813b9195da3d72dba656eaec9892eecd5533e1cbc87c0c1241e573206c487c6",
        "4640bf131015a35f674afecc203bc41f0859a7757219f0bfcf04f82a16bd91eb",
    ),
    2: (
        "471af9463c453d1e2e4cdc9c38eb622fc3e2eae91b8eebd4c0b7b2c183b6e319",
        "12940a3c3ed569d78f667c9ceaf309217d03fa8afffdce19d90d84dfaed098f3",
    ),
    7: (
        "94fab16e96cb0dcdf5ec851e141229915936835e17cabd173f4e59314c9e7f91",
        "30882d695c090437b465bd3ece802c4d572c6c46cdc026cc3f3365f2e26bcd32",
    ),
    1337: (
        "5af6f253a98b2c9cc15bb4447fd96d19b38616fbab2ac75de40f8fe9f4f96a9b",
        "3785e9b582f04f8dcf62450cb31a0ae5394387d1478d8e5a5d31e784c9ff0bb0",
    ),
    20_000: (
        "106c761e9edab7c7d3bb375a8817c9c978706bd81b0849e30548c48dc5d0bc34",
        "123b7869b5205ee8d0dac4495788a664a38d06ca5e29a214b65289f3ca7a2175",
    ),
    10**9: (
        "4ed2c41cb042a0f35e4f52a10543e4d143f3e4171f98720798b9482513f4d1df",
        "72afce4f70a162cee7bf3bb8eede88db747ecd97a1db2d9ee5584fbfa6912eff",
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
