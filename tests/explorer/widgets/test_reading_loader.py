"""ReadingLoader without an application: its owner is a fake, whose workers run when they are told to."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from explorer.core import readings
from explorer.core.readings import ReadingService
from explorer.view import View
from explorer.widgets.messages import WorkerMessage
from explorer.widgets.reading_loader import ReadingLoader
from model.errors import ModelError
from tests.explorer.conftest import SENTENCES, Opener

BPE = View("bpe", SENTENCES[0], query=3)
CHAR = View("char", "a dog. face", query=2)


class Owner:
    """Collects workers, their callbacks and the messages of a loader; it is its own application."""

    def __init__(self) -> None:
        self.workers: list[Callable[[], None]] = []
        self.callbacks: list[Callable[[], None]] = []
        self.messages: list[WorkerMessage] = []

    @property
    def app(self) -> "Owner":
        return self

    def run_worker(self, work: Callable[[], None], **_: object) -> None:
        self.workers.append(work)

    def call_later(self, callback: Callable[..., None], *arguments: object) -> None:
        self.callbacks.append(partial(callback, *arguments))

    def post_message(self, message: WorkerMessage) -> None:
        self.messages.append(message)

    def run_one(self) -> None:
        """Run the only worker, and its callback."""
        (work,) = self.workers
        self.workers.clear()
        work()
        self.callbacks.pop()()

    def told(self, kind: type[Any]) -> list[Any]:
        return [message for message in self.messages if isinstance(message, kind)]


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
def service(opener: Opener) -> ReadingService:
    return ReadingService(opener)


@pytest.fixture
def loader(owner: Any, service: ReadingService) -> ReadingLoader:
    return ReadingLoader(owner, service)


def views_of(message: ReadingLoader.Ready) -> tuple[View, ...]:
    return tuple(reading.view for reading in message.readings)


def test_a_cached_or_quick_reading_is_returned_at_once(loader: ReadingLoader, owner: Owner) -> None:
    assert loader.request(BPE) is None
    owner.run_one()
    for view in (BPE, replace(BPE, query=0), replace(BPE, causal=False)):
        found = loader.request(view)
        assert found is not None
        assert found[0].view == view
    assert not owner.workers
    assert len(owner.told(ReadingLoader.Ready)) == 1
    assert not loader.is_busy


def test_a_model_is_opened_in_a_worker(loader: ReadingLoader, owner: Owner, service: ReadingService) -> None:
    assert loader.request(BPE, quiet=True) is None
    assert loader.is_busy
    assert service.models == ()
    owner.run_one()
    (ready,) = owner.told(ReadingLoader.Ready)
    assert views_of(ready) == (BPE,)
    assert ready.is_current
    assert ready.request.quiet
    assert [message.text for message in owner.told(ReadingLoader.Busy)] == ["loading bpe…", ""]


def test_what_is_not_quick_is_computed_in_a_worker(
    loader: ReadingLoader, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "QUICK_OPERATIONS", 0.0)
    loader.request(BPE)
    owner.run_one()
    assert not owner.told(ReadingLoader.Ready)
    owner.run_one()
    assert views_of(owner.told(ReadingLoader.Ready)[0]) == (BPE,)
    assert [message.text for message in owner.told(ReadingLoader.Busy)] == ["loading bpe…", "computing…", ""]


def test_several_views_come_together(loader: ReadingLoader, owner: Owner) -> None:
    assert loader.request(BPE, CHAR) is None
    owner.run_one()
    assert not owner.told(ReadingLoader.Ready)
    owner.run_one()
    (ready,) = owner.told(ReadingLoader.Ready)
    assert views_of(ready) == (BPE, CHAR)


def test_the_last_request_wins_and_what_was_opened_is_cached(
    loader: ReadingLoader, owner: Owner, service: ReadingService
) -> None:
    loader.request(BPE)
    loader.request(replace(CHAR, query=0))
    loader.request(CHAR)
    owner.run_one()  # one worker at a time: the first model
    assert service.models == ("bpe",)
    owner.run_one()
    (ready,) = owner.told(ReadingLoader.Ready)
    assert views_of(ready) == (CHAR,)
    assert loader.request(BPE) is not None  # quick now
    assert not ready.is_current


def test_an_answer_at_once_supersedes_what_a_worker_does(
    loader: ReadingLoader, owner: Owner, service: ReadingService
) -> None:
    loader.request(BPE)
    owner.run_one()
    owner.messages.clear()
    loader.request(CHAR)
    assert loader.request(BPE) is not None
    owner.run_one()
    assert not owner.told(ReadingLoader.Ready)
    assert service.has_model("char")
    assert owner.told(ReadingLoader.Busy)[-1].text == ""
    assert not loader.is_busy


def test_a_failure_is_reported_once(loader: ReadingLoader, owner: Owner) -> None:
    loader.request(replace(BPE, model="gone"), quiet=True)
    owner.run_one()
    (failed,) = owner.told(ReadingLoader.Failed)
    assert failed.reason == "no model is called 'gone': there are char and bpe"
    assert (failed.is_current, failed.quiet) == (True, True)
    assert not loader.is_busy


def test_a_failure_of_something_else_is_not_that_of_the_request(loader: ReadingLoader, owner: Owner) -> None:
    loader.request(replace(BPE, model="gone"))
    loader.request(BPE)
    owner.run_one()
    assert not owner.told(ReadingLoader.Failed)
    owner.run_one()
    assert len(owner.told(ReadingLoader.Ready)) == 1


def test_unexpected_errors_are_named(owner: Any) -> None:
    def open_model(name: str) -> Any:
        raise MemoryError

    loader = ReadingLoader(owner, ReadingService(open_model))
    loader.request(BPE)
    owner.run_one()
    assert owner.told(ReadingLoader.Failed)[0].reason == "'bpe' cannot be opened: MemoryError: "


def test_a_quick_failure_is_raised_and_the_earlier_request_stays(loader: ReadingLoader, owner: Owner) -> None:
    loader.request(BPE)
    owner.run_one()
    loader.request(CHAR)
    with pytest.raises(ModelError, match="empty"):
        loader.request(replace(BPE, text=""))
    owner.run_one()
    ready = owner.told(ReadingLoader.Ready)[-1]
    assert views_of(ready) == (CHAR,)
    assert ready.is_current


def test_a_failure_after_the_model_is_opened(loader: ReadingLoader, owner: Owner) -> None:
    loader.request(replace(CHAR, text="XYZ"))
    owner.run_one()
    assert "no character" in owner.told(ReadingLoader.Failed)[0].reason


def test_a_request_can_be_cancelled(loader: ReadingLoader, owner: Owner, service: ReadingService) -> None:
    loader.request(BPE)
    loader.cancel()
    owner.run_one()
    assert not owner.told(ReadingLoader.Ready)
    assert service.has_model("bpe")


class Task:
    """A task of the owner's own."""

    description, failure = "measuring…", "it cannot be measured"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def run(self) -> int:
        if self.error is not None:
            raise self.error
        return 7


def test_a_task_of_the_owner(loader: ReadingLoader, owner: Owner) -> None:
    for error, expected in (
        (None, (7, "")),
        (ModelError("no"), (None, "no")),
        (KeyError("x"), (None, "it cannot be measured: KeyError: 'x'")),
    ):
        task = Task(error)
        assert loader.run(task)
        assert not loader.run(Task())  # one at a time
        owner.run_one()
        done = owner.told(ReadingLoader.TaskDone)[-1]
        assert done.task is task
        assert (done.result, done.reason) == expected


def test_a_request_follows_a_task(loader: ReadingLoader, owner: Owner) -> None:
    loader.run(Task())
    assert loader.request(BPE) is None
    owner.run_one()
    owner.run_one()
    assert len(owner.told(ReadingLoader.Ready)) == 1
    assert len(owner.told(ReadingLoader.TaskDone)) == 1
