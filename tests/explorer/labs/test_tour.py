"""Where the keys lead through the labs, without a screen."""

from explorer.labs.lab import Result, Step
from explorer.labs.registry import ENTRIES
from explorer.labs.tour import Tour


def test_one_key_goes_through_all_labs() -> None:
    tour = Tour().presented()
    seen = []
    while True:
        seen.append((tour.lab, tour.asking, tour.step))
        following = tour.forward(3)
        if following == tour:
            break
        tour = following
    expected = [
        (lab, asking, step)
        for lab in range(len(ENTRIES))
        for asking, step in ((True, 0), *((False, s) for s in range(3)))
    ]
    assert seen == expected


def test_nothing_comes_next_before_there_is_a_result() -> None:
    tour = Tour().opened(0)
    assert tour.asking
    waiting = tour.forward(None)
    assert not waiting.asking
    assert waiting.forward(None) == waiting


def test_without_questions_a_lab_opens_at_its_first_step() -> None:
    tour = Tour(guided=False).opened(2)
    assert not tour.asking
    assert tour.forward(2).step == 1
    assert tour.forward(1).lab == 3


def test_what_differs_from_run_to_run_is_not_presented() -> None:
    result = Result((Step("a", ""), Step("b", "", timed=True)), 0, "")
    assert [step.title for step in Tour().presented().steps_of(result)] == ["a"]
    assert [step.title for step in Tour().opened(0).steps_of(result)] == ["a", "b"]


def test_answers_are_chosen_from_either_end() -> None:
    tour = Tour().opened(0)
    assert tour.chosen(1, 3).choice == 0
    assert tour.chosen(-1, 3).choice == 2
    assert tour.chosen(1, 3).chosen(1, 3).chosen(1, 3).chosen(1, 3).choice == 2


def test_the_cursor_stays_in_the_matrix() -> None:
    tour = Tour().opened(0)
    assert tour.moved(5, -1, (3, 2)).cursor == (2, 0)
    assert tour.moved(1, 1, (3, 2)).cursor == (1, 1)


def test_presenting_ends_where_it_is() -> None:
    tour = Tour().presented().forward(3)
    assert not tour.presented().presenting
    assert tour.presented().lab == 0
