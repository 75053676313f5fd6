from textual.app import App, ComposeResult

from explorer.widgets.options import Options


class Listing(App[None]):
    CSS = "Options { width: 100%; height: auto; padding: 0 1; }"

    def compose(self) -> ComposeResult:
        yield Options(*(str(i) for i in range(40)))


async def test_page_keys_move_by_a_page_and_do_nothing_without_room() -> None:
    app = Listing()
    async with app.run_test(size=(20, 10)) as pilot:
        options = app.query_one(Options)
        options.highlighted = 0
        options.action_page_down()
        after = options.highlighted
        assert 5 <= after <= 10
        options.display = False
        await pilot.pause()
        options.clear_options()
        options.add_options(["one", "two"])
        options.highlighted = 0
        assert not options.scrollable_content_region
        options.action_page_down()
        options.action_page_up()
        assert options.highlighted == 0
        options.display = True
        await pilot.pause()
        options.action_page_down()
        assert options.highlighted == 1


async def test_a_terminal_too_small_for_any_character() -> None:
    app = Listing()
    async with app.run_test(size=(20, 10)) as pilot:
        for size in ((1, 1), (2, 5), (0, 0), (3, 1), (20, 10)):
            await pilot.resize_terminal(*size)
        assert app.query_one(Options).size.width > 10
