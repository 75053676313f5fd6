"""A page says how large it is, and may say anything."""

from types import SimpleNamespace
from typing import Any

import pytest
from textual import events
from textual.geometry import Size

from explorer.widgets.served_driver import ServedDriver


@pytest.mark.parametrize(
    ("said", "size"),
    [
        ((120, 36), (120, 36)),
        ((100_000, 10**400), (1000, 500)),
        ((0, -7), (1, 1)),
        (("x", None), (80, 80)),
    ],
)
async def test_no_page_is_larger_than_a_screen(
    said: tuple[Any, Any], size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textual.drivers.web_driver.InputReader", SimpleNamespace)  # there is no standard input here
    posted: list[events.Resize] = []
    app: Any = SimpleNamespace(post_message=posted.append)
    driver = ServedDriver(app)
    driver.on_meta("resize", {"width": said[0], "height": said[1]})
    assert posted[0].size == Size(*size)
