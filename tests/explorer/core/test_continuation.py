"""Tokens are taken back one by one, as long as nothing else has changed the sentence."""

from dataclasses import replace

from explorer.core.continuation import Continuation
from explorer.view import View

VIEW = View("m", "a", query=3, key=2)


def test_the_views_before_each_token_come_back_in_turn() -> None:
    continuation = Continuation()
    assert not continuation.can_take_back(VIEW)
    one, two = replace(VIEW, text="ab", query=4), replace(VIEW, text="abc", query=5)
    continuation.added(VIEW, one.text)
    continuation.added(one, two.text)
    assert continuation.can_take_back(two)
    assert continuation.take_back(replace(two, head=1)) == replace(one, head=1)  # what was switched since stays
    assert continuation.can_take_back(one)
    assert continuation.take_back(one) == VIEW
    assert not continuation.can_take_back(VIEW)


def test_another_sentence_forgets_what_was_appended() -> None:
    continuation = Continuation()
    other = replace(VIEW, text="other")
    continuation.added(VIEW, "ab")
    assert not continuation.can_take_back(other)
    continuation.added(other, "others")
    assert continuation.take_back(replace(other, text="others")).text == "other"
    assert not continuation.can_take_back(other)
