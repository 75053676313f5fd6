"""The link line brings back exactly the view it was made of, whatever the text."""

import dataclasses
import shlex
import subprocess

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import bundled
from data.samples import SAMPLES
from explorer.cli.main import cli
from explorer.cli.options import opening_view
from explorer.core.link import escaped, link_arguments, link_line, unescaped
from explorer.view import LAST, Stage, View
from model.errors import ModelError
from model.settings import Scope

HOSTILE = [
    "two\nlines\r\nand\ttabs",
    "-",
    "--json",
    '\'; rm -rf ~; echo "$HOME" `id` $(id) \\ !! #',
    "\x1b[31mred\x1b[0m\x1b]0;title\x07\x1b[201~",
    "nul \x00 and del \x7f and c1 \x9b",
    "lone \ud800, a pair \ud83d\ude00, a real one 😀",
    "back\\slash \\n \\x41",
    "\u202eright to left\u202c \u2028",
    "",
    " ",
    "漢字 é שלום",
]


def parsed(line: str) -> View:
    """The view that the command line makes of a line, without looking for the model."""
    words = shlex.split(line)
    assert words[0] == "explorer"
    context = cli.make_context("explorer", words[1:])
    values = dict(context.params)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("explorer.cli.options.check_view", lambda view: None)
        return opening_view(values.pop("text"), values)


VIEWS = st.builds(
    View,
    model=st.sampled_from(["stories", "-m", "my models/it's", "../x"]),
    text=st.one_of(st.sampled_from(HOSTILE), st.text()),
    query=st.integers(0, 2000) | st.just(LAST),
    key=st.integers(0, 2000),
    layer=st.integers(0, 99),
    head=st.integers(0, 99),
    stage=st.sampled_from(Stage),
    causal=st.sampled_from([None, True, False]),
    scale=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    scope=st.sampled_from(Scope),
    ablated=st.frozensets(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=4),
    stepping=st.booleans(),
)


@given(VIEWS)
def test_the_line_gives_the_view_back(view: View) -> None:
    line = link_line(view)
    assert parsed(line) == view
    assert line.isprintable()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_back_from_one_harmless_line(text: str) -> None:
    line = link_line(View("stories", text))
    assert parsed(line).text == text
    assert line.isprintable()


def test_a_scale_of_0_is_a_scale() -> None:
    view = View(bundled.DEFAULT, "a b", query=1, scale=0.0)
    assert "--scale 0.0" in link_line(view)
    assert parsed(link_line(view)).scale == 0.0


def test_every_field_of_a_view_is_on_the_line() -> None:
    """A field that is added to View and forgotten here would make links that lie."""
    base = View(bundled.DEFAULT, SAMPLES[0].text, query=LAST)
    other = View("m", "t", 1, 2, 3, 4, Stage.SCORES, False, 0.5, Scope.MODEL, frozenset({(1, 2)}), True)
    for field in dataclasses.fields(View):
        changed = dataclasses.replace(base, **{field.name: getattr(other, field.name)})
        assert changed != base, field.name
        assert parsed(link_line(changed)) == changed, field.name


def test_defaults_are_left_out() -> None:
    assert link_line(View(bundled.DEFAULT, SAMPLES[0].text, query=LAST)) == "explorer"
    view = View(bundled.DEFAULT, "a b", query=3, layer=2, head=1, scale=1 / 3, causal=False)
    assert link_line(view) == f"explorer --text 'a b' --layer 2 --head 1 --query 3 --scale {1 / 3!r} --no-mask"


def test_a_shell_reads_the_line_as_we_do() -> None:
    view = View("it's", HOSTILE[3], layer=1)
    done = subprocess.run(
        ["/bin/sh", "-c", "explorer() { printf '%s\\0' \"$@\"; }; " + link_line(view)],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert done.stdout.split("\0")[:-1] == link_arguments(view)


@given(st.text())
def test_escapes_lead_back(text: str) -> None:
    assert unescaped(escaped(text)) == text
    assert escaped(text).isprintable()


@pytest.mark.parametrize("text", ["\\", "a\\q", "\\x1", "\\u12", "\\U00110000", "\\N{DASH}"])
def test_what_is_no_escape_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match="is no escape"):
        unescaped(text)


def test_a_path_that_no_line_holds_is_refused() -> None:
    with pytest.raises(ModelError, match="rename the directory"):
        link_line(View("a\nb", "t"))


def test_bad_options_are_refused() -> None:
    with pytest.raises(click.BadParameter):
        parsed("explorer --key -1")
    with pytest.raises(ModelError):
        parsed("explorer --escaped --text '\\q'")
