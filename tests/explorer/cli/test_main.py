"""The command line: every error is one line on standard error with exit code 2, and never a traceback."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from click.testing import CliRunner, Result

import explorer
from explorer.cli.main import cli
from explorer.core import catalog
from explorer.view import Stage, View
from model.settings import Scope
from tests.explorer.small import save_small

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty current directory and models directory."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))


def run(*arguments: str, **extra: Any) -> Result:
    return CliRunner().invoke(cli, list(arguments), catch_exceptions=False, **extra)


def refusal(*arguments: str, **extra: Any) -> str:
    """The one line with which a command line is refused."""
    result = run(*arguments, **extra)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("explorer: ")
    assert result.stderr.endswith("\n")
    assert result.stderr[:-1].isprintable()
    return result.stderr


def process(arguments: Sequence[str | bytes], **extra: Any) -> "subprocess.CompletedProcess[str]":
    code = "from explorer.cli.main import main; main()"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | extra.pop("env", {})
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], check=False, text=True, env=environment, timeout=120, **extra
    )


# Bad command lines


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show"], "Missing argument 'TEXT'"),
        (["show", "a", "b"], "unexpected extra argument"),
        (["show", "a", "--bogus"], "No such option"),
        (["show", "a", "--layer"], "requires an argument"),
        (["show", "a", "--layer", "x"], "'--layer'"),
        (["show", "a", "--layer", "-1"], "'--layer'"),
        (["show", "a", "--head", "1.5"], "'--head'"),
        (["show", "a", "--query", "-1"], "'--query'"),
        (["show", "a", "--stage", "softmax"], "'--stage'"),
        (["show", "a", "--scope", "world"], "'--scope'"),
        (["show", "a", "--scale", "much"], "'--scale'"),
        (["show", "a", "--no-scale", "--scale", "2"], "contradict"),
        (["show", "a", "--ablate", "2"], "layer 2, head 3 as 2.3"),
        (["show", "a", "--ablate", "2.3.4"], "layer 2, head 3 as 2.3"),
        (["show", "a", "--ablate", "٢.٣"], "layer 2, head 3 as 2.3"),
        (["bogus"], "there is no command 'bogus'"),
        (["\x1b[31m"], "there is no command"),
        (["--bogus"], "No such option"),
        (["--text", "a", "models"], "--text stands before 'models'"),
        (["--layer", "1", "show", "a"], "--layer stands before 'show'"),
        (["models", "extra"], "unexpected extra argument"),
    ],
)
def test_misuse_is_one_line(arguments: list[str], says: str) -> None:
    message = refusal(*arguments)
    assert says in message
    assert "--help" in message


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["a", "--layer", "3"], "layer 3 does not exist: this model has layers 0 to 2"),
        (["a", "--head", "4"], "head 4 does not exist: this model has heads 0 to 3"),
        (["a", "--layer", "99999999999999999999"], "layers 0 to 2"),
        (["a", "--ablate", "3.0"], "layer 3 does not exist"),
        (["a", "--ablate", "0.4"], "head 4 does not exist"),
        (["a", "--query", "1"], "query 1 does not exist: the text has tokens 0 to 0"),
        (["a", "--scale", "nan"], "finite"),
        (["a", "--scale", "inf"], "finite"),
        (["ab", "--scale", "1e38", "--scope", "model"], "overflow"),
        (["ab", "--scale", "1e40"], "overflow"),
        (["ab", "--scale", "-1e308", "--layer", "2"], "overflow"),
        ([""], "empty"),
        (["日本"], "no character of the text is known to 'small'"),
        (["\udcff\udcfe"], "no character of the text is known"),
        (["a" * 17], "17 tokens and 'small' reads at most 16 at once: its first 16 characters fit"),
    ],
)
@pytest.mark.parametrize("json_too", [False, True])
def test_what_a_model_cannot_show_is_one_line(model: str, arguments: list[str], says: str, json_too: bool) -> None:
    assert says in refusal("show", *arguments, "--model", model, *["--json"] * json_too)


def test_unknown_characters_are_reported_and_left_out(model: str) -> None:
    result = run("show", "a日\x1b[本🎉", "--model", model, "--stage", "weights")
    assert result.exit_code == 0
    assert result.stderr.count("\n") == 1
    assert "5 characters are unknown to 'small'" in result.stderr
    assert "日" in result.stderr
    assert "\x1b" not in result.output


# Models


def test_the_error_for_a_missing_model_lists_the_existing_ones() -> None:
    save_small(Path("mine"))
    message = refusal("show", "a", "--model", "nothing")
    assert "no model is called 'nothing'" in message
    assert "mine" in message


@pytest.mark.parametrize("name", ["", "\x1b[31mred", "no\nsuch", "x" * 5000, "\udcff", "a\0b", "[red]"])
def test_hostile_model_names_are_one_line(name: str) -> None:
    assert "no model is called" in refusal("show", "a", "--model", name)
    assert "no model is called" in refusal("show", "a", "--json", "--model", name)


def test_a_directory_without_a_checkpoint_is_reported() -> None:
    Path("empty").mkdir()
    Path("file").write_text("")
    assert "config.json" in refusal("show", "a", "--model", "empty")
    assert "is not a directory" in refusal("show", "a", "--model", os.devnull)
    assert "is a file" in refusal("show", "a", "--model", "file")


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_truncated_checkpoint_is_one_line(name: str) -> None:
    path = save_small(Path("broken")) / name
    path.write_bytes(path.read_bytes()[:-20])
    refusal("show", "a", "--model", "broken")


def test_models_are_found_by_name_everywhere() -> None:
    save_small(catalog.models_directory() / "kept")
    save_small(Path("local"))
    save_small(Path("kept"))
    run_directory = Path("run")
    save_small(run_directory / "step-000010")
    (run_directory / "latest").write_text("step-000010\n")
    for name in ("kept", "local", "./kept", "run", "run/step-000010"):
        assert json.loads(run("show", "a", "--model", name, "--json").stdout)["head_size"] == 6
    names = [found.name for found in catalog.available_models()]
    assert names[-4:] == ["kept", "./kept", "local", "run"]
    assert json.loads(run("show", "a", "--model", "run", "--json").stdout)["model"] == "run"


@pytest.mark.parametrize("pointer", ["../elsewhere", "", "nothing", "\x1b", "a\0"])
def test_a_run_that_points_elsewhere_is_refused(pointer: str) -> None:
    save_small(Path("elsewhere"))
    Path("run").mkdir()
    Path("run/latest").write_text(pointer)
    assert "config.json" in refusal("show", "a", "--model", "run")


def test_models_lists_what_can_be_opened_without_torch() -> None:
    save_small(Path("local"))
    Path("holiday").mkdir()
    damaged = save_small(Path("da\x1b[31mmaged"))
    (damaged / "model.safetensors").write_bytes(b"")
    code = (
        "import sys; from explorer.cli.main import cli; "
        "cli.main(['models'], standalone_mode=False); assert 'torch' not in sys.modules"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    row = next(line for line in done.stdout.splitlines() if line.startswith("local"))
    # Embeddings, three layers of 12·24² + 13·24, the last LayerNorm.
    parameters = 10 * 24 + 16 * 24 + 3 * (12 * 24**2 + 13 * 24) + 2 * 24
    assert row.split()[:8] == ["local", "3", "4", "6", "16", "10", f"{parameters / 1000:.3g}k", "char"]
    assert "holiday" not in done.stdout
    assert "cannot be opened" in done.stdout
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


# The application


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Stands for the application, and notes its view, or whether it offers the tour if it has none."""
    views: list[Any] = []
    app = SimpleNamespace(run=lambda view, **options: views.append(view or options["offer_tour"]))
    monkeypatch.setitem(sys.modules, "explorer.app", cast("ModuleType", app))
    monkeypatch.setattr(explorer, "app", app, raising=False)
    monkeypatch.setattr("explorer.cli.main.is_terminal", lambda stream: True)
    return views


def test_options_become_the_view(opened: list[View], model: str) -> None:
    arguments = ["--text", "bad", "--model", model, "--layer", "2", "--head", "3", "--query", "1", "--stage", "scores"]
    assert run(*arguments, "--no-mask", "--no-scale", "--scope", "layer", "--ablate", "1.2").exit_code == 0
    assert run("--model", model, "--scale", "0.5", "--stage", "next-token").exit_code == 0
    assert opened[0] == View(model, "bad", 1, 0, 2, 3, Stage.SCORES, False, 1.0, Scope.LAYER, frozenset({(1, 2)}))
    assert (opened[1].scale, opened[1].causal, opened[1].stage) == (0.5, None, Stage.NEXT_TOKEN)
    assert opened[1].text


def test_the_tour_is_offered_if_nothing_else_is_asked_for(opened: list[View | bool], model: str) -> None:
    for arguments in ((), ("--no-tour",), ("--model", model, "--text", "bad")):
        assert run(*arguments).exit_code == 0
    assert opened[:2] == [True, False]
    assert isinstance(opened[2], View)


def test_the_application_checks_before_it_opens(opened: list[View], model: str) -> None:
    assert "layer 7 does not exist" in refusal("--model", model, "--layer", "7")
    assert "no model is called" in refusal("--model", "nothing")
    assert "finite" in refusal("--model", model, "--scale", "nan")
    assert not opened


def test_without_a_terminal_the_application_says_so(model: str) -> None:
    message = refusal("--model", model)
    assert "terminal" in message
    assert "explorer show" in message


PIPED = """
import os, pty, sys
code = (
    "import os, sys; app = type(sys)('explorer.app'); sys.modules['explorer.app'] = app; "
    "app.run = lambda view, **options: print(repr(view.text), os.isatty(0)); "
    "import explorer; explorer.app = app; from explorer.cli.main import main; "
    "main(['--text', '-', '--model', sys.argv[1]])"
)
status = pty.spawn(["sh", "-c", 'echo bad | "$0" -c "$1" "$2"', sys.executable, code, sys.argv[1]])
sys.exit(os.waitstatus_to_exitcode(status))
"""


def test_a_piped_text_leaves_the_keys_to_the_terminal(model: str) -> None:
    """In a real pseudo-terminal: the text comes from the pipe, and then standard input is the terminal again."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PIPED, model],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    assert "'bad' True" in done.stdout


def test_help_and_version() -> None:
    for arguments in (["--help"], ["show", "-h"], ["models", "--help"], ["train", "--help"]):
        result = run(*arguments)
        assert result.exit_code == 0
        assert result.stdout.startswith("Usage:")
    assert run("--version").stdout.startswith("explorer ")


# As a process


def test_standard_input_is_the_text_of_a_dash(model: str) -> None:
    assert json.loads(run("show", "-", "--model", model, "--json", input="bad\n").stdout)["text"] == "bad"
    assert "empty" in refusal("show", "-", "--model", model, input="")
    assert "reads at most 16" in refusal("show", "-", "--model", model, input="a" * 100_000)
    assert "more than" in refusal("show", "-", "--model", model, input="a" * (2**22 + 1))
    result = run("show", "-", "--model", model, "--json", input=b"ba\xffd")
    assert json.loads(result.stdout)["tokens"] == ["b", "a", "d"]
    assert "1 character is unknown" in result.stderr


def test_arguments_that_are_not_utf8_are_shown_or_refused(model: str) -> None:
    done = process([b"show", b"ba\xffd", b"--json", b"--model", model.encode()], capture_output=True)
    assert done.returncode == 0
    assert json.loads(done.stdout)["text"] == "ba\ufffdd"
    assert done.stderr.count("\n") == 1
    done = process([b"show", b"a", b"--model", b"\xff\x1b[31m"], capture_output=True)
    assert done.returncode == 2
    assert done.stderr.startswith("explorer: no model is called '\\udcff\\x1b[31m'")


def test_a_reader_that_leaves_is_no_error(model: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = process(["show", "bad", "--model", model], stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "bad"],
        ["show", "bad", "--json"],
        ["generate", "a", "--tokens", "2"],
        ["generate", "a", "--tokens", "2", "--json"],
        ["models"],
        ["lab"],
        ["--help"],
        ["show", "--help"],
    ],
    ids=" ".join,
)
def test_every_command_ends_well_without_a_reader(
    arguments: list[str], model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    options = ["--model", model] if "bad" in arguments or "a" in arguments else []
    with os.fdopen(writing, "w") as stream, monkeypatch.context() as context:
        context.setattr(sys, "stdout", stream)
        with pytest.raises(SystemExit) as ended:
            cli.main([*arguments, *options])
    assert ended.value.code == 0


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("arguments", "closing", "code", "says"),
    [
        (["show", "-"], "<&-", 2, "explorer: standard input is closed: give the text itself"),
        (["show", "a"], ">&-", 0, ""),
        (["generate", "a", "--tokens", "2"], ">&-", 0, ""),
        (["models"], ">&-", 0, ""),
        ([], ">&-", 2, "standard output is none"),
    ],
)
def test_streams_that_are_closed(model: str, arguments: list[str], closing: str, code: int, says: str) -> None:
    options = [] if arguments == ["models"] else ["--model", model]
    command = [sys.executable, "-m", "explorer", *arguments, *options]
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closing}', "sh", *command],
        check=False,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=120,
    )
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert done.stderr.count("\n") == (1 if says else 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_one_line(model: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = process(["show", "bad", "--model", model, "--json"], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr == "explorer: No space left on device\n"


def test_terminals_that_are_not_utf8_still_get_tables(model: str) -> None:
    done = process(["show", "bad é", "--model", model], capture_output=True, env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert "loss" in done.stdout


def test_ctrl_c_ends_quietly(monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("model.checkpoint.load", interrupt)
    result = run("show", "bad", "--model", model)
    assert result.exit_code == 130
    assert result.output.strip() == ""


def test_a_deleted_working_directory_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert "the working directory no longer exists" in process_refusal(["models"])


def test_a_locale_that_cannot_read_the_text_is_reported(model: str) -> None:
    other = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    line = process_refusal(["show", "bad \u00e9", "--model", model], env=other)
    assert "set LC_ALL=C.UTF-8" in line


def process_refusal(arguments: list[str], **extra: Any) -> str:
    done = process(arguments, capture_output=True, **extra)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    return done.stderr


INTERRUPTED_AT = {
    "its first import": """
        def find_spec(self, name, *_):
            if name == "click":
                signal.raise_signal(signal.SIGINT)
    """,
    "an import that fails of it": """
        def find_spec(self, name, *_):
            if name == "torch":
                try:
                    signal.raise_signal(signal.SIGINT)
                except KeyboardInterrupt:
                    raise ImportError("half of torch") from None
    """,
    "its end": """
        def find_spec(self, name, *_):
            if name == "torch":
                atexit.register(signal.raise_signal, signal.SIGINT)
                signal.raise_signal(signal.SIGINT)
    """,
}


@pytest.mark.parametrize("moment", INTERRUPTED_AT)
def test_ctrl_c_is_quiet_from_the_first_import_to_the_end(moment: str, model: str) -> None:
    code = f"""
import atexit, signal, sys

class Finder:
    {textwrap.dedent(INTERRUPTED_AT[moment]).strip().replace(chr(10), chr(10) + "    ")}

from explorer.cli.entry import main
sys.meta_path.insert(0, Finder())
main()
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, "show", "bad", "--model", model]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, timeout=120)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "")


def test_too_little_memory_is_one_line(monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("model.checkpoint.load", exhausted)
    assert "not enough memory" in refusal("show", "bad", "--model", model)
