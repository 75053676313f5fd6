"""Every message survives its encoding, and no line that is not a valid message does anything."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.training.messages import (
    Command,
    Event,
    HeadsSent,
    Pause,
    PauseChanged,
    Resume,
    RunStarted,
    SampleWritten,
    StatisticsMeasured,
    StepsDone,
    Stop,
    WatchTokens,
    WriteSample,
    decode_command,
    decode_event,
    encode,
)
from model.training.run_log import RunDescription, StepMetrics
from model.training.step_statistics import Histogram, StepStatistics
from tests.explorer import fake_training as fake

counts = st.integers(0, 2**63 - 1)
numbers = st.floats(allow_nan=False, allow_infinity=False)
names = st.text(max_size=8)

metrics = st.builds(
    StepMetrics,
    step=counts,
    loss=numbers,
    validation_loss=st.none() | numbers,
    learning_rate=numbers,
    gradient_norm=numbers,
    tokens=counts,
    seconds=numbers,
    tokens_per_second=numbers,
    prefix_loss=st.none() | numbers,
)
histograms = st.builds(
    Histogram,
    low=numbers,
    high=numbers,
    counts=st.lists(counts, max_size=4).map(tuple),
    below=counts,
    above=counts,
    mean=numbers,
    std=numbers,
)
statistics = st.builds(
    StepStatistics,
    step=counts,
    activations=st.dictionaries(names, histograms, max_size=2),
    gradients=st.dictionaries(names, histograms, max_size=2),
    update_ratios=st.dictionaries(names, st.none() | numbers, max_size=2),
)
descriptions = st.builds(
    RunDescription,
    config=st.just(fake.CONFIG),
    parameters=counts,
    context=counts,
    settings=st.fixed_dictionaries({"steps": counts, "optimizer": st.dictionaries(names, numbers | names, max_size=2)}),
)


@st.composite
def heads(draw: st.DrawFn) -> HeadsSent:
    ids = tuple(draw(st.lists(counts, min_size=1, max_size=3)))
    layers, head_count, size = (draw(st.integers(1, 3)) for _ in range(3))
    shape = (layers, 3, head_count, len(ids), size)
    length = 2 * math.prod(shape)
    return HeadsSent(draw(counts), ids, shape, draw(st.binary(min_size=length, max_size=length)))


events: st.SearchStrategy[Event] = st.one_of(
    st.builds(RunStarted, descriptions, counts, st.text(), st.just(fake.TOKENIZER)),
    st.builds(StepsDone, st.lists(metrics, max_size=3).map(tuple), st.none() | numbers),
    st.builds(StatisticsMeasured, statistics),
    st.builds(SampleWritten, counts, st.text()),
    heads(),
    st.builds(PauseChanged, st.booleans()),
)
commands: st.SearchStrategy[Command] = st.one_of(
    *(st.builds(command) for command in (Pause, Resume, Stop, WriteSample)),
    st.builds(WatchTokens, st.lists(counts, max_size=5).map(tuple)),
)


@given(events)
def test_an_event_survives_its_encoding(event: Event) -> None:
    line = encode(event)
    assert "\n" not in line
    found = decode_event(line)
    assert found == event
    assert decode_command(line) is None
    if isinstance(event, RunStarted) and isinstance(found, RunStarted):
        assert found.tokenizer.to_str() == event.tokenizer.to_str()


@given(commands)
def test_a_command_survives_its_encoding(command: Command) -> None:
    assert decode_command(encode(command).encode()) == command
    assert decode_event(encode(command)) is None


def test_statistics_that_are_not_finite_survive() -> None:
    odd = StepStatistics(1, {"h.0": Histogram(0.0, 1.0, (1,), 0, 0, math.nan, math.inf)}, {}, {})
    found = decode_event(encode(StatisticsMeasured(odd)))
    assert isinstance(found, StatisticsMeasured)
    assert math.isnan(found.statistics.activations["h.0"].mean)
    assert math.isinf(found.statistics.activations["h.0"].std)


GOOD: dict[str, dict[str, Any]] = {
    type(message).__name__: json.loads(encode(message))
    for message in (
        fake.started(),
        fake.steps(fake.metrics(1, 4.0)),
        StatisticsMeasured(fake.statistics(1)),
        SampleWritten(1, "x"),
        fake.heads(1, (1, 2, 3)),
        PauseChanged(True),
        WatchTokens((1, 2)),
    )
}
STEP = GOOD["StepsDone"]["steps"][0]


def changed(kind: str, **values: Any) -> dict[str, Any]:
    return {**GOOD[kind], **values}


BAD: list[Any] = [
    {},
    [],
    3,
    {"type": None},
    {"type": ["StepsDone"]},
    {"type": "Exit"},
    {"type": "RunStarted"},
    {"type": "Pause", "seconds": 3},
    changed("RunStarted", tokenizer="{}"),
    changed("RunStarted", tokenizer=3),
    changed("RunStarted", description="x"),
    changed("RunStarted", description={**GOOD["RunStarted"]["description"], "config": {"vocab_size": -1}}),
    changed("RunStarted", description={**GOOD["RunStarted"]["description"], "settings": {}}),
    changed("RunStarted", description={**GOOD["RunStarted"]["description"], "parameters": "many"}),
    changed("RunStarted", steps_done=-1),
    changed("RunStarted", steps_done=1.5),
    changed("StepsDone", steps=[{"step": 1}]),
    changed("StepsDone", steps=[{**STEP, "loss": "1[red]"}]),
    changed("StepsDone", steps=[{**STEP, "loss": math.nan}]),
    changed("StepsDone", steps=[{**STEP, "loss": True}]),
    changed("StepsDone", steps=[{**STEP, "tokens_per_second": 10**400}]),
    changed("StepsDone", steps=[{**STEP, "step": 2**63}]),
    changed("StepsDone", steps=[{**STEP, "color": 1}]),
    changed("StepsDone", steps=3),
    changed("StepsDone", steps=["x"]),
    changed("StepsDone", seconds_left="soon"),
    changed("StatisticsMeasured", activations=[]),
    changed("StatisticsMeasured", update_ratios={"w": "large"}),
    changed("StatisticsMeasured", gradients={"h.0": {"low": 0}}),
    changed("StatisticsMeasured", gradients={"h.0": {**GOOD["StatisticsMeasured"]["gradients"]["h.0"], "below": -1}}),
    changed("SampleWritten", step="x"),
    changed("SampleWritten", text=None),
    changed("HeadsSent", shape=[1, 3, 1, 3, 1]),
    changed("HeadsSent", shape=[2, 3, 2, 12]),
    changed("HeadsSent", shape=[2, 2, 3, 3, 4]),
    changed("HeadsSent", ids=[1, 2]),
    changed("HeadsSent", ids=None),
    changed("HeadsSent", data="%%%"),
    changed("HeadsSent", data=GOOD["HeadsSent"]["data"][:-4]),
    changed("PauseChanged", is_paused=1),
    changed("WatchTokens", ids="12"),
    changed("WatchTokens", ids=[-1]),
    changed("WatchTokens", ids=[1.0]),
]


@pytest.mark.parametrize("values", BAD)
def test_a_line_that_is_not_a_valid_message_is_dropped(values: Any) -> None:
    line = json.dumps(values)
    assert decode_event(line) is None
    assert decode_command(line) is None


@pytest.mark.parametrize("line", ["", "no JSON", "{", b"\xff\xfe", "[" * 100_000, b'{"type": "Pause"'])
def test_a_line_that_is_not_json_is_dropped(line: str | bytes) -> None:
    assert decode_event(line) is None
    assert decode_command(line) is None


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@given(kind=st.sampled_from(sorted(GOOD)), data=st.data())
def test_no_line_raises(kind: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(set(GOOD[kind]) - {"type"})))
    line = json.dumps(changed(kind, **{name: data.draw(junk)}))
    for decode in (decode_event, decode_command):
        message = decode(line)
        assert message is None or type(message).__name__ == kind
