from pathlib import Path

import pytest

from data import bundled


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("alpha", "stories", "zeta"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "notes.txt").write_text("not a model")
    monkeypatch.setattr(bundled, "_HERE", tmp_path)
    return tmp_path


def test_names_are_directories_with_a_config_and_the_default_comes_first(three: Path) -> None:
    assert bundled.names() == ("stories", "alpha", "zeta")
    assert bundled.path("zeta") == three / "zeta"


@pytest.mark.parametrize("name", ["nothing", "", "..", "../three", "__pycache__", "stories/", "\x1b[31m"])
def test_only_names_of_models_have_a_path(three: Path, name: str) -> None:
    with pytest.raises(ValueError, match="there are stories, alpha, zeta") as error:
        bundled.path(name)
    assert "\x1b" not in str(error.value)
    assert "\n" not in str(error.value)


def test_without_any_model_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "_HERE", tmp_path)
    assert bundled.names() == ()
    with pytest.raises(ValueError, match="none is installed"):
        bundled.path("stories")
