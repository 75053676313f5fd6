import string

import pytest

from data.samples import SAMPLES, SHAKESPEARE_SAMPLES, Sample

# The 65 characters of tinyshakespeare.
ALPHABET = set(string.ascii_letters + "\n !$&',-.3:;?")


def test_the_default_is_the_sentence_of_the_design() -> None:
    assert SAMPLES[0].text == "Ivan is the guy who ate the sandwich"


def test_samples_are_distinct_and_about_ten() -> None:
    assert len({sample.text for sample in SAMPLES}) == len(SAMPLES) >= 10
    assert len({sample.text for sample in SHAKESPEARE_SAMPLES}) == len(SHAKESPEARE_SAMPLES) >= 4


@pytest.mark.parametrize("sample", SAMPLES + SHAKESPEARE_SAMPLES, ids=lambda sample: sample.text[:20])
def test_a_sample_is_short_and_says_what_it_shows(sample: Sample) -> None:
    assert sample.text == sample.text.strip(" ")
    assert 20 < len(sample.text) <= 110
    assert len(sample.text.split()) <= 26
    assert sample.text.isascii()
    assert 10 < len(sample.shows) <= 70
    assert "\n" not in sample.shows


@pytest.mark.parametrize("sample", SHAKESPEARE_SAMPLES, ids=lambda sample: sample.text[:20])
def test_a_shakespeare_sample_fits_a_small_context_and_its_alphabet(sample: Sample) -> None:
    assert len(ALPHABET) == 65
    assert len(sample.text) <= 60
    assert set(sample.text) <= ALPHABET
