"""What is called diverged, and what is not: noise, bad starts that mend, small losses."""

import json
import math
import random
from pathlib import Path

import pytest

from model.training.divergence import WINDOW, DivergedError, DivergenceWatch
from model.training.trainer import Trainer
from tests.model.trainers import make_trainer


def feed(losses: list[float], vocab: int = 65) -> int:
    """The step at which a watch stops a run with these losses, or 0."""
    try:
        take(DivergenceWatch(vocab), losses)
    except DivergedError as error:
        return error.step
    return 0


def take(watch: DivergenceWatch, losses: list[float], first: int = 1) -> None:
    for step, loss in enumerate(losses, first):
        watch.check(step, loss)


def falling(start: float, end: float, steps: int, noise: float = 0.0) -> list[float]:
    draw = random.Random(1)
    return [end + (start - end) * math.exp(-5 * i / steps) + draw.uniform(-noise, noise) for i in range(steps)]


def test_healthy_runs_go_on() -> None:
    assert not feed(falling(4.2, 1.5, 500, noise=0.4))
    assert not feed(falling(300.0, 2.0, 500, noise=1.0))  # a bad start that mends
    assert not feed([4.2, 9.0, 4.1] * 3 + falling(4.2, 1.5, 100))  # a rough warm-up
    assert not feed(falling(4.2, 0.01, 300) + [1.0] * 30)  # far above the best, but better than a uniform guess
    assert not feed([4.2] * 500)  # learns nothing


def test_a_climbing_loss_stops_the_run_within_a_window() -> None:
    healthy = falling(4.2, 1.5, 200)
    stopped = feed(healthy + [1.5 + i for i in range(100)])
    assert 200 < stopped <= 200 + WINDOW
    assert 200 < feed(healthy + [50.0] * 100) <= 200 + WINDOW


@pytest.mark.parametrize(("loss", "word"), [(math.nan, "NaN"), (math.inf, "infinite"), (-math.inf, "infinite")])
def test_what_is_not_finite_stops_at_once(loss: float, word: str) -> None:
    watch = DivergenceWatch(65)
    watch.check(1, 4.0)
    with pytest.raises(DivergedError, match=f"step 2: the loss is {word}; try a smaller --learning-rate") as caught:
        watch.check(2, loss)
    assert caught.value.last_good == 1
    with pytest.raises(DivergedError, match="the gradient is"):
        watch.check(2, loss, "gradient")


def test_the_last_good_step_is_before_the_climb() -> None:
    watch = DivergenceWatch(65)
    with pytest.raises(DivergedError) as caught:
        take(watch, [1.5] * 100 + [30.0] * 100)
    assert 90 < caught.value.last_good <= 101


def test_a_saved_watch_continues_as_if_uninterrupted() -> None:
    losses = falling(4.2, 1.5, 60) + [1.5 + i for i in range(40)]
    for cut in (0, 5, 30, 63):
        watch = DivergenceWatch(65)
        take(watch, losses[:cut])
        again = DivergenceWatch(65)
        again.restore(json.loads(json.dumps(watch.state())))
        with pytest.raises(DivergedError) as caught:
            take(again, losses[cut:], cut + 1)
        assert caught.value.step == feed(losses)


def test_a_trainer_is_stopped_and_remembers_over_a_resume(tmp_path: Path) -> None:
    trainer = make_trainer(steps=60)
    steps = trainer.steps()
    for _ in range(WINDOW + 2):
        next(steps)
    trainer.save(tmp_path)
    again = Trainer.resume(tmp_path, trainer.data)
    again.gpt.wte.weight.data.mul_(200)  # as after a leap of the optimizer
    with pytest.raises(DivergedError, match="before; try a smaller") as caught:
        list(again.steps())
    assert WINDOW + 2 < caught.value.step < 2 * WINDOW + 3
    assert caught.value.last_good <= WINDOW + 4
