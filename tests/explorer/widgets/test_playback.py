"""Playback alone: a timer with speeds."""

from textual.app import App

from explorer.widgets.playback import SPEEDS, Playback


async def test_it_steps_until_it_is_stopped() -> None:
    app = App[None]()
    steps: list[int] = []
    async with app.run_test() as pilot:
        playback = Playback(app, 0.001, lambda: steps.append(1))
        assert not playback.is_playing
        playback.start()
        assert playback.is_playing
        while len(steps) < 3:
            await pilot.pause(0.001)
        assert playback.stop()
        assert not playback.stop()
        count = len(steps)
        await pilot.pause(0.01)
        assert len(steps) == count


async def test_speeds_go_up_and_down_to_their_ends() -> None:
    app = App[None]()
    async with app.run_test():
        playback = Playback(app, 1000.0, lambda: None)
        assert (playback.speed, playback.interval) == (1.0, 1000.0)
        for _ in SPEEDS:
            playback.faster()
        assert (playback.speed, playback.can_be_faster, playback.can_be_slower) == (SPEEDS[-1], False, True)
        assert playback.interval == 1000.0 / SPEEDS[-1]
        assert not playback.is_playing  # a change of speed starts nothing
        playback.start()
        for _ in SPEEDS:
            playback.slower()
        assert (playback.speed, playback.can_be_faster, playback.can_be_slower) == (SPEEDS[0], True, False)
        assert playback.is_playing
