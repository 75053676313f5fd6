"""A run that another process watches: told as JSON lines on standard output, steered by lines on standard input.

Told, each an object with its kind as `event`:
    started     what is trained (`RunDescription`), its tokenizer, and how many steps are behind it
    steps       all steps since the last line, as in metrics.jsonl, and the seconds that are left
    statistics  of one step (`model.training.probe.StepStatistics`)
    sample      what the model writes, after which step
    heads       q, k and v of every layer for the token ids asked for: float16, (L, 3, H, T, D), base64
    paused      whether the run stands still
Asked, as `do`: `pause`, `go on`, `stop`, `sample`, and `look` with token `ids`. The end of standard input is a `stop`:
when whoever watches is gone, the run saves and ends. The exit code says how it went, as that of `explorer train`.
"""

import json
import os
import queue
import sys
import threading
import time
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TextIO

from explorer.core import exit_codes

if TYPE_CHECKING:
    from types import TracebackType

    from model.training.run_log import StepMetrics
    from model.training.trainer import Trainer

NICE = 5
"""How far the priority of the process is lowered."""

_TOLD_EVERY = 0.25
_HEADS_EVERY = 0.5
_STATISTICS_EVERY = 2.0
_SAMPLE_EVERY = 5.0
_SAMPLE_TOKENS = 160
_SHARE = 20
"""Nothing that is told but steps takes more than about one part in so many of the time."""
_PACE_OVER = 20.0
"""Seconds of the past that say how long the rest will take."""


class TrainStream:
    """Tells of one run and does what is asked of it; in the place of `TrainDisplay`."""

    def __init__(
        self, output: TextIO, asked: Iterable[str], clock: Callable[[], float] = time.monotonic, wait: float = 0.2
    ) -> None:
        self._output = output
        self._input = asked
        self._clock = clock
        self._wait = wait
        self._lock = threading.Lock()
        self._asked: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._trainer: Trainer | None = None
        self._sample_every = 0
        self._prompt = "\n"
        self._probe_every = 0
        self._paused = False
        self._samples = 0
        self._ids: tuple[int, ...] = ()
        self._heads_of = -1
        self._pending: list[dict[str, Any]] = []
        self._due: dict[str, float] = {}
        self._pace: deque[tuple[float, int]] = deque()

    @classmethod
    def of_this_process(cls) -> "TrainStream":
        """Take over standard output and input, and give way to whoever watches."""
        sys.stdout.flush()
        output = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
        os.dup2(2, 1)  # what a library prints is no part of the stream
        with suppress(OSError, AttributeError):
            os.nice(NICE)
        stream = cls(output, os.fdopen(os.dup(0), encoding="utf-8"))
        threading.Thread(target=stream.listen, daemon=True).start()
        return stream

    # What is asked

    def listen(self) -> None:
        """Take what is asked until nobody is there to ask."""
        with suppress(OSError, ValueError):
            for text in self._input:
                try:
                    asked = json.loads(text)
                except (ValueError, RecursionError):
                    continue
                if isinstance(asked, dict):
                    self._take(asked)
        self._take({"do": "stop"})

    def _take(self, asked: dict[str, Any]) -> None:
        self._asked.put(asked)
        if asked.get("do") == "stop":
            with self._lock:
                if self._trainer is None:  # nothing is trained yet, nothing could be saved
                    os._exit(exit_codes.INTERRUPTED)
                self._trainer.stop()

    def _obey(self, trainer: "Trainer") -> None:
        """Do what was asked meanwhile; while paused, wait for more."""
        while True:
            try:
                asked = self._asked.get(timeout=self._wait) if self._paused else self._asked.get_nowait()
            except queue.Empty:
                if self._paused and not trainer.stopped:
                    continue
                return
            what = asked.get("do")
            if what in ("pause", "go on"):
                self._paused = what == "pause"
                if self._paused:
                    self._flush()
                    self._last_heads(trainer)
                self._pace.clear()
                self.tell("paused", paused=self._paused)
            elif what == "sample":
                self._sample(trainer)
            elif what == "look":
                with suppress(KeyError, TypeError, ValueError):
                    self._ids = tuple(map(int, asked["ids"]))
                self._heads(trainer)
            if trainer.stopped:
                return

    # What is told

    def tell(self, event: str, **values: Any) -> None:
        """Write one line; when nobody reads any more, the run is to stop."""
        try:
            self._output.write(json.dumps({"event": event, **values}) + "\n")
            self._output.flush()
        except (OSError, ValueError):
            if self._trainer is not None:
                self._trainer.stop()

    def watch(self, trainer: "Trainer", sample_every: int, prompt: str) -> "TrainStream":
        """Tell of this run from now on; with a `sample_every` of 0 samples are written only when asked for."""
        with self._lock:
            self._trainer = trainer
        self._sample_every, self._prompt, self._probe_every = sample_every, prompt, trainer.probe_every
        return self

    def __enter__(self) -> "TrainStream":
        trainer = self._trainer
        assert trainer is not None  # see watch
        description = trainer.description
        self.tell(
            "started",
            description={**asdict(description), "config": description.config.to_dict()},
            done=trainer.done,
            tokens=[len(trainer.data.train), len(trainer.data.validation)],
            place=f"{trainer.device}, {'bfloat16' if trainer.uses_bfloat16 else 'float32'}",
            tokenizer=trainer.tokenizer.to_str(),
        )
        return self

    def __exit__(
        self, kind: "type[BaseException] | None", error: BaseException | None, trace: "TracebackType | None"
    ) -> None:
        self._flush()
        if error is None and self._trainer is not None:
            self._last_heads(self._trainer)

    def end(self, line: str) -> None:
        """Nothing: how a run ended is known from the exit code."""

    def step(self, metrics: "StepMetrics") -> None:
        """Tell of a step; no more often than can be seen."""

        trainer, now = self._trainer, self._clock()
        assert trainer is not None  # see watch
        self._pending.append(metrics.to_dict())
        self._pace.append((now, metrics.step))
        while now - self._pace[0][0] > _PACE_OVER and len(self._pace) > 2:
            self._pace.popleft()
        if now >= self._due.get("steps", 0.0) or metrics.validation_loss is not None:
            self._due["steps"] = now + _TOLD_EVERY
            self._flush()
        if trainer.statistics is not None:
            self.tell("statistics", **trainer.statistics.to_dict())
        self._observe(trainer, metrics, now)
        if self._sample_every and now >= self._due.setdefault("sample", now + _SAMPLE_EVERY / 5):
            self._sample(trainer)
        if now >= self._due.get("heads", 0.0):
            self._heads(trainer)
        self._obey(trainer)

    def _flush(self) -> None:
        if self._pending:
            self.tell("steps", metrics=self._pending, left=self._left())
            self._pending = []

    def _left(self) -> float | None:
        """Seconds to the last step at the pace of the last seconds, evaluations and all."""
        if self._trainer is None or len(self._pace) < 2:
            return None
        (began, first), (ended, last) = self._pace[0], self._pace[-1]
        return (self._trainer.settings.steps - last) * (ended - began) / max(1, last - first)

    def _observe(self, trainer: "Trainer", metrics: "StepMetrics", now: float) -> None:
        """Ask for statistics of the next step when it is time for them, besides those the run keeps on the disk."""
        if now >= self._due.get("statistics", 0.0):
            self._due["statistics"] = now + max(_STATISTICS_EVERY, _SHARE * metrics.seconds)
            trainer.probe_every = 1
        else:
            trainer.probe_every = self._probe_every

    def _sample(self, trainer: "Trainer") -> None:
        from model.generate import sample_text

        began = self._clock()
        self._samples += 1  # asked for again while the run stands still it is another one
        text = sample_text(trainer.gpt, trainer.tokenizer, self._prompt, _SAMPLE_TOKENS, trainer.done + self._samples)
        self.tell("sample", step=trainer.done, text=text)
        self._put_off("sample", began, _SAMPLE_EVERY)

    def _heads(self, trainer: "Trainer") -> None:
        import torch

        from model.errors import ModelError

        if not self._ids:
            return
        began = self._clock()
        trainer.gpt.eval()
        try:
            with torch.inference_mode():
                trace = trainer.gpt.trace(self._ids)
                stacked = torch.stack([torch.stack((each.q, each.k, each.v)) for each in trace.inputs])
        except ModelError:  # ids of another vocabulary
            self._ids = ()
            return
        most = torch.finfo(torch.float16).max
        numbers = stacked.float().clamp(-most, most).half().cpu().contiguous().numpy()
        self._heads_of = trainer.done
        data = b64encode(numbers.tobytes()).decode("ascii")
        self.tell("heads", step=trainer.done, ids=self._ids, shape=stacked.shape, data=data)
        self._put_off("heads", began, _HEADS_EVERY)

    def _last_heads(self, trainer: "Trainer") -> None:
        """Those of the last step, unless they were told."""
        if self._heads_of != trainer.done:
            self._heads(trainer)

    def _put_off(self, what: str, began: float, least: float) -> None:
        now = self._clock()
        self._due[what] = now + max(least, _SHARE * (now - began))


def decoded_heads(shape: Sequence[int], data: bytes) -> "Any":
    """q, k and v as they were told, float32 (L, 3, H, T, D). Raises ValueError where they do not fit their shape."""
    import numpy as np
    import torch

    return torch.from_numpy(np.frombuffer(data, dtype="<f2").astype("float32").reshape(tuple(shape)))
