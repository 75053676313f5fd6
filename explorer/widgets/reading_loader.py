"""ReadingLoader: gets readings for an application, a screen or a widget without blocking it."""

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from explorer.widgets.messages import WorkerMessage
from model.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App
    from textual.dom import DOMNode
    from textual.widget import Widget

    from explorer.core.reading import Reading
    from explorer.core.readings import ComputeReading, OpenModel, ReadingService, Task
    from explorer.view import View


@dataclass(eq=False)
class Request:
    """Views that were asked for together, and their readings as far as they are known."""

    views: "tuple[View, ...]"
    quiet: bool = False
    found: "dict[View, Reading]" = field(default_factory=dict, repr=False)

    @property
    def readings(self) -> "tuple[Reading, ...]":
        """The readings in the order of the views."""
        return tuple(self.found[view] for view in self.views)


class ReadingLoader:
    """Answers requests for readings from the cache of a ReadingService, or with the help of a worker.

    One worker runs at a time. The last request wins: whatever was asked for while a worker was busy follows once it is
    done. What a worker has opened or computed is always cached, even if it is no longer wanted.

    The owner gets `Ready`, `Failed`, `Busy` and `TaskDone` as messages: `on_reading_loader_ready` and so on.
    """

    class Ready(WorkerMessage):
        """Posted when all readings of a request are ready."""

        def __init__(self, loader: "ReadingLoader", request: Request) -> None:
            super().__init__()
            self.loader = loader
            self.request = request

        @property
        def readings(self) -> "tuple[Reading, ...]":
            """The readings in the order of the views."""
            return self.request.readings

        @property
        def is_current(self) -> bool:
            """True unless something else has been requested meanwhile."""
            return self.loader.latest is self.request

    class Failed(WorkerMessage):
        """Posted when the readings of a request cannot be computed, with the reason in one line."""

        def __init__(self, loader: "ReadingLoader", request: Request, reason: str) -> None:
            super().__init__()
            self.loader = loader
            self.request = request
            self.reason = reason
            self.quiet = request.quiet

        @property
        def is_current(self) -> bool:
            """True unless something else has been requested meanwhile."""
            return self.loader.latest is self.request

    class Busy(WorkerMessage):
        """Posted when a worker begins another task, or has nothing left to do: then the text is empty."""

        def __init__(self, loader: "ReadingLoader", text: str) -> None:
            super().__init__()
            self.loader = loader
            self.text = text

    class TaskDone(WorkerMessage):
        """Posted when a task given to `run` has ended, with its result or the reason why there is none."""

        def __init__(self, loader: "ReadingLoader", task: Any, result: Any, reason: str = "") -> None:
            super().__init__()
            self.loader = loader
            self.task = task
            self.result = result
            self.reason = reason

    def __init__(self, owner: "App[Any] | Widget", service: "ReadingService") -> None:
        self._owner: DOMNode = owner
        self._service = service
        self._pending: Request | None = None
        self._task: Task[Any] | None = None
        self.latest: Request | None = None
        """The request made last, answered or not."""

    @property
    def is_busy(self) -> bool:
        """True while a worker runs or a request waits for one."""
        return self._task is not None or self._pending is not None

    def request(self, *views: "View", quiet: bool = False) -> "tuple[Reading, ...] | None":
        """Return the readings of all views if they are cached or quickly computed, and otherwise None.

        In that case the owner gets Ready or Failed later, unless something else is asked for before. `quiet` is only
        passed on with it. Raises ModelError if a quick computation fails; then an earlier request stays in force.
        """
        request = Request(views, quiet)
        task = self._resolve(request)
        self.latest = request
        self._pending = None if task is None else request
        if task is None:
            return request.readings
        if self._task is None:
            self._start(task, partial(self._finish, task))
        return None

    def run(self, task: "Task[Any]") -> bool:
        """Run another task, whose result is posted to the owner as TaskDone. Return False if the loader is busy."""
        if self.is_busy:
            return False
        self._start(task, partial(self._finish_own, task))
        return True

    def cancel(self) -> None:
        """Forget the pending request; a worker that runs still finishes, and its result is cached."""
        self._pending = self.latest = None

    def _resolve(self, request: Request) -> "OpenModel | ComputeReading | None":
        """Find or quickly compute the readings of a request; return the task that it needs first, if any."""
        service = self._service
        for view in request.views:
            if view in request.found:
                continue
            reading = service.find(view)
            if reading is None and service.is_quick(view):
                reading = service.read(view)
            if reading is None:
                return service.next_task(view)
            request.found[view] = reading
        return None

    def _start(self, task: "Task[Any]", finish: "Callable[[Any, str], None]") -> None:
        """Run a task in a worker, and call `finish` with its result and the reason why there is none."""
        self._task = task
        self._post(self.Busy(self, task.description))
        app = self._owner.app

        def work() -> None:
            result, reason = None, ""
            try:
                result = task.run()
            except Exception as error:
                unexpected = f"{task.failure}: {type(error).__name__}: {error}"
                reason = str(error) if isinstance(error, ModelError) else unexpected
            app.call_later(finish, result, reason)  # in the application: the owner may be gone

        self._owner.run_worker(work, group="readings", thread=True, exit_on_error=False)

    def _finish_own(self, task: "Task[Any]", result: Any, reason: str) -> None:
        self._task = None
        self._post(self.TaskDone(self, task, result, reason))
        if self._pending is None:
            self._post(self.Busy(self, ""))
        else:
            self._go_on(self._pending)

    def _finish(self, task: "OpenModel | ComputeReading", result: Any, reason: str) -> None:
        """Cache the result of a worker, and continue with the current request."""
        self._task = None
        if not reason:
            self._service.accept(result)
        request = self._pending
        if request is None:
            self._post(self.Busy(self, ""))
        elif reason and any(task.is_for(view) for view in request.views):
            self._fail(request, reason)
        else:
            self._go_on(request)

    def _go_on(self, request: Request) -> None:
        try:
            task = self._resolve(request)
        except ModelError as error:
            self._fail(request, str(error))
            return
        if task is not None:
            self._start(task, partial(self._finish, task))
            return
        self._pending = None
        self._post(self.Busy(self, ""))
        self._post(self.Ready(self, request))

    def _fail(self, request: Request, reason: str) -> None:
        self._pending = None
        self._post(self.Busy(self, ""))
        self._post(self.Failed(self, request, reason))

    def _post(self, message: WorkerMessage) -> None:
        self._owner.post_message(message)
