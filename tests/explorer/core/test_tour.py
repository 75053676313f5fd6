"""The tour without an application: who presses what each step asks for comes to the end; others are waited for."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from data.samples import SAMPLES
from explorer.actions import EXPLORE, action_named
from explorer.core.formatting import weight, wrapped
from explorer.core.reading import Reading
from explorer.core.readings import ReadingService
from explorer.core.tour import STEPS, Part, Progress, note_shown
from explorer.view import Bounds, Stage, View, move_key, next_scope
from model.checkpoint import Checkpoint
from tests.explorer.conftest import SENTENCES

VIEW = View("bpe", SENTENCES[2], query=-1, key=2, layer=1, head=3, scale=0.5, stage=Stage.MIXED)
NARROWEST = 56
"""Cells for the text at 60 × 18."""


@pytest.fixture
def service(bpe_model: Checkpoint) -> ReadingService:
    made = ReadingService()
    made.add_model("bpe", bpe_model)
    return made


def is_possible(name: str, view: View, bounds: Bounds) -> bool:
    action = action_named(EXPLORE, name)
    assert action is not None, name
    return action.change is None or action.changes(view, bounds)


def pressed(progress: Progress, reading: Reading) -> View:
    """The view after the key that the step asks for."""
    name = next(name for name in progress.step.actions if is_possible(name, reading.view, reading.bounds))
    action = action_named(EXPLORE, name)
    assert action is not None
    return reading.view if action.change is None else action.change(reading.view, reading.bounds)


def entered(progress: Progress, service: ReadingService, view: View) -> Reading:
    """The reading that is shown once the tour has prepared its view."""
    reading = service.read(view)
    while (wanted := progress.advance(reading, is_possible)) is not None:
        reading = service.read(wanted)
    return reading


def test_pressing_the_keys_asked_for_leads_to_the_end(service: ReadingService) -> None:
    start = service.read(VIEW).view
    progress = Progress(start)
    reading = entered(progress, service, start)
    for number, step in enumerate(STEPS):
        assert progress.number == number
        fits = [text for text in step.text(reading) if len(wrapped(text, NARROWEST, NARROWEST)) <= 3]
        assert fits, f"no wording of step {number} fits into three lines of {NARROWEST}"
        assert not re.search(r"\bnan\b|[{}]|tensor", " ".join(step.text(reading)))
        if number < len(STEPS) - 1:
            reading = entered(progress, service, pressed(progress, reading))
    assert {step.part for step in STEPS} == set(Part)
    assert not reading.view.changed
    assert (reading.view.layer, reading.view.head) != (VIEW.layer, VIEW.head)


def test_a_query_that_looks_at_itself_most_is_not_named_twice(service: ReadingService) -> None:
    step = next(step for step in STEPS if step.title == "weights")
    itself = set()
    for query in range(6):
        reading = service.read(View("bpe", SENTENCES[2], query=query))
        top = int(reading.row.weights[0].argmax())
        itself.add(top == query)
        assert all((" from itself, " in text) == (top == query) for text in step.text(reading))
    assert itself == {True, False}


def test_it_waits_while_the_user_does_something_else(service: ReadingService) -> None:
    progress = Progress(service.read(VIEW).view)
    reading = entered(progress, service, VIEW)
    view = move_key(1)(next_scope(reading.view, reading.bounds), reading.bounds)
    assert entered(progress, service, view).view == view
    other = replace(view, text=SENTENCES[1], query=0)
    assert entered(progress, service, other).view == service.read(other).view
    assert progress.number == 0
    assert entered(progress, service, pressed(progress, service.read(other))).view.scale == 0.0
    assert progress.number == 1


def test_the_numbers_are_those_of_the_reading(service: ReadingService) -> None:
    progress = Progress(VIEW)
    reading = entered(progress, service, VIEW)
    reading = entered(progress, service, pressed(progress, reading))
    seen = reading.view.query + 1
    assert f"each of the {seen} tokens" in progress.step.text(reading)[0]
    assert weight(1 / seen) in progress.step.text(reading)[0]
    reading = entered(progress, service, pressed(progress, reading))
    largest = reading.stages.weights[reading.view.query].max().item()
    assert all(weight(largest) in text for text in progress.step.text(reading))


def test_leaving_leads_back(service: ReadingService) -> None:
    start = service.read(VIEW).view
    progress = Progress(start)
    reading = entered(progress, service, start)
    assert progress.after(reading.view) == start
    moved = replace(reading.view, query=0, key=0, head=1, scale=1.0, causal=False)
    assert progress.after(moved) == start, "also who has looked around"
    elsewhere = replace(moved, text=SENTENCES[1])
    assert progress.after(elsewhere) == replace(elsewhere, scale=0.5, causal=None)


def test_a_sentence_that_is_too_short_gives_way_to_a_sample(service: ReadingService) -> None:
    short = View("bpe", "I")
    progress = Progress(short)
    reading = entered(progress, service, short)
    assert reading.view.text == SAMPLES[0].text
    assert progress.after(replace(reading.view, key=1)) == short


def test_what_cannot_be_pressed_is_passed_over(service: ReadingService) -> None:
    progress = Progress(VIEW)
    reading = entered(progress, service, VIEW)

    def without_reset(name: str, view: View, bounds: Bounds) -> bool:
        return name != "reset" and is_possible(name, view, bounds)

    progress.advance(service.read(pressed(progress, reading)), without_reset)
    assert progress.step.title == "weights"


def test_that_the_tour_was_shown_is_remembered_if_possible(tmp_path: Path) -> None:
    note_shown(tmp_path / "state" / "shown")
    assert (tmp_path / "state" / "shown").exists()
    (tmp_path / "file").touch()
    note_shown(tmp_path / "file" / "shown")  # no directory: nothing is raised
