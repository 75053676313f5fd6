"""The number of threads of a run when none is given."""

import pytest

from explorer.training.threads import useful_threads
from tests.model.trainers import make_trainer


def test_a_small_model_takes_one_thread_and_a_large_one_takes_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.training.threads.processors", lambda: 4)
    small = make_trainer()
    assert useful_threads(small, 8) == 1
    large = make_trainer(config={"n_embd": 256, "n_layer": 8}, batch_size=4096)
    assert useful_threads(large, 8) == 4  # no more than there are processors
    assert useful_threads(large, 1) == 1  # nor than OMP_NUM_THREADS allows


@pytest.mark.parametrize(("processors", "threads"), [(1, 1), (2, 1), (4, 3)])
def test_a_processor_is_left_to_the_application(processors: int, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explorer.training.threads.processors", lambda: processors)
    large = make_trainer(config={"n_embd": 256, "n_layer": 8}, batch_size=4096)
    assert useful_threads(large, 8, spare=1) == threads
    assert useful_threads(make_trainer(), 8, spare=1) == 1
