"""Where keys lead in the labs, without a screen."""

from explorer.labs.lab import Result, Step
from explorer.labs.navigation import Navigation
from explorer.labs.registry import ENTRIES


def test_one_key_goes_through_all_labs() -> None:
    navigation = Navigation().presented()
    seen = []
    while True:
        seen.append((navigation.lab, navigation.asking, navigation.step))
        following = navigation.forward(3)
        if following == navigation:
            break
        navigation = following
    expected = [
        (lab, asking, step)
        for lab in range(len(ENTRIES))
        for asking, step in ((True, 0), *((False, s) for s in range(3)))
    ]
    assert seen == expected


def test_nothing_comes_next_before_there_is_a_result() -> None:
    navigation = Navigation().opened(0)
    assert navigation.asking
    waiting = navigation.forward(None)
    assert not waiting.asking
    assert waiting.forward(None) == waiting


def test_without_questions_a_lab_opens_at_its_first_step() -> None:
    navigation = Navigation(guided=False).opened(2)
    assert not navigation.asking
    assert navigation.forward(2).step == 1
    assert navigation.forward(1).lab == 3


def test_what_differs_from_run_to_run_is_not_presented() -> None:
    result = Result((Step("a", ""), Step("b", "", timed=True)), 0, "")
    assert [step.title for step in Navigation().presented().steps_of(result)] == ["a"]
    assert [step.title for step in Navigation().opened(0).steps_of(result)] == ["a", "b"]


def test_answers_are_chosen_from_either_end() -> None:
    navigation = Navigation().opened(0)
    assert navigation.chosen(1, 3).choice == 0
    assert navigation.chosen(-1, 3).choice == 2
    assert navigation.chosen(1, 3).chosen(1, 3).chosen(1, 3).chosen(1, 3).choice == 2


def test_the_cursor_stays_in_the_matrix() -> None:
    navigation = Navigation().opened(0)
    assert navigation.moved(5, -1, (3, 2)).cursor == (2, 0)
    assert navigation.moved(1, 1, (3, 2)).cursor == (1, 1)


def test_a_presentation_ends_at_the_lab_in_view() -> None:
    navigation = Navigation().presented().forward(3)
    assert not navigation.presented().presenting
    assert navigation.presented().lab == 0
