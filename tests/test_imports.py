"""The three rules of the house, read from the source: who imports whom, attention written once, torch late."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("explorer", "model", "data")
FORBIDDEN = {
    "explorer": {"tests"},
    "model": {"explorer", "data", "textual", "rich", "tests"},
    "data": {"explorer", "model", "textual", "rich", "torch", "tests"},
}
ATTENTION_WORDS = {
    *("softmax", "log_softmax", "Softmax", "LogSoftmax", "softmin", "logsumexp", "scaled_dot_product_attention"),
    "MultiheadAttention",
}
OVER_THE_VOCABULARY = {("model/trace.py", "log_softmax"), ("model/generate.py", "softmax")}
LATE = {"torch", "safetensors", "transformers", "numpy"}


def sources(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert found
    return found


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported anywhere in a tree, inside functions and for types only as well."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module or ""
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str))


@pytest.mark.parametrize("package", OURS)
def test_packages_import_only_what_they_may(package: str) -> None:
    for path in sources(package):
        roots = {name.split(".")[0] for name in imported(ast.parse(path.read_text(encoding="utf-8")))}
        assert not roots & FORBIDDEN[package], path


def words(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Names of attention's functions where they are used, with the code of the call they stand in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ATTENTION_WORDS:
            yield node.attr, ""
        elif isinstance(node, ast.Name) and node.id in ATTENTION_WORDS:
            yield node.id, ""
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.name, "") for alias in node.names if alias.name in ATTENTION_WORDS)


@pytest.mark.parametrize("package", OURS)
def test_attention_is_written_once(package: str) -> None:
    """A softmax over scores is in model/attention.py alone; over the vocabulary, where predictions are made."""
    for path in sources(package):
        name = path.relative_to(ROOT).as_posix()
        if name == "model/attention.py":
            continue
        used = {word for word, _ in words(ast.parse(path.read_text(encoding="utf-8")))}
        assert {(name, word) for word in used} <= OVER_THE_VOCABULARY, path


def test_attention_is_where_the_rule_says() -> None:
    """The two tests above would pass on nothing if these words were not found where they are known to be."""
    tree = ast.parse((ROOT / "model" / "attention.py").read_text(encoding="utf-8"))
    assert {word for word, _ in words(tree)} == {"softmax", "logsumexp", "scaled_dot_product_attention"}
    assert "rich" in {
        name.split(".")[0] for path in sources("explorer") for name in imported(ast.parse(path.read_text()))
    }


def test_softmaxes_over_the_vocabulary_are_of_logits() -> None:
    for name, word in OVER_THE_VOCABULARY:
        calls = [
            ast.unparse(node)
            for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(f".{word}")
        ]
        assert calls
        assert all("logits" in call or "unembedding" in call for call in calls)


def early_modules() -> list[str]:
    """What must come up before torch: the command line, the application, its screens and widgets."""
    names = ["cli/main", "view", "core/catalog", "app", "actions", "__main__", "screens", "widgets"]
    paths = [ROOT / "explorer" / name for name in names]
    files = [path.with_suffix(".py") for path in paths if path.with_suffix(".py").is_file()]
    files += [file for path in paths if path.is_dir() for file in sorted(path.rglob("*.py"))]
    return [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files]


def test_the_first_frame_comes_before_torch() -> None:
    modules = early_modules()
    assert {"explorer.cli.main", "explorer.view", "explorer.screens", "explorer.widgets"} <= set(modules)
    code = (
        "import sys, importlib\n"
        f"for name in {[m for m in modules if m != 'explorer.__main__']!r}:\n"
        "    importlib.import_module(name)\n"
        f"    late = sorted(set(sys.modules) & {LATE!r})\n"
        "    if late: sys.exit(f'{name} imports {late}')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
