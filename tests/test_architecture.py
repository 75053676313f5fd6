"""The rules of DESIGN.md that can be read from the source: who imports whom, where, and attention written once."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("explorer", "model", "data")

_VALUES = ("explorer.view", "model", "data")
_COMPUTED = ("explorer.core", *_VALUES)
_DRAWN = ("explorer.training", "explorer.labs", "explorer.actions", *_COMPUTED)

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    # A package or module of ours, and what of ours it may import besides itself; the most specific entry counts.
    "explorer.__main__": ("explorer.cli",),
    "explorer.cli": ("explorer.app", "explorer.screens", "explorer.widgets", *_DRAWN),
    "explorer.app": ("explorer.screens", "explorer.widgets", *_DRAWN),
    "explorer.screens": ("explorer.widgets", *_DRAWN),
    "explorer.widgets": _DRAWN,
    "explorer.labs": _COMPUTED,
    "explorer.training": _COMPUTED,
    "explorer.core": _VALUES,
    "explorer.actions": ("explorer.view",),
    "explorer.view": ("model",),
    "explorer": (),
    "model": (),
    "data": (),
}
FORBIDDEN_LIBRARIES = {
    "explorer.core": {"textual", "rich"},
    "explorer.labs": {"textual", "rich"},
    "explorer.actions": {"textual", "rich", "torch"},
    "explorer.view": {"textual", "rich", "torch"},
    "model": {"textual", "rich", "click"},
    "data": {"textual", "rich", "click", "torch", "numpy"},
}
ALLOWED_ALL_THE_SAME = {"rich.cells"}  # the width of a text in cells, which is no drawing

SEAMS = ("explorer.cli", "explorer.app", "model.families")
"""Only here may a function import: a command loads what it runs, the application what follows its first frame, and
model.families the optional library `transformers`, which takes seconds and is imported only for a model that needs it.
"""

ATTENTION_WORDS = {
    *("softmax", "log_softmax", "Softmax", "LogSoftmax", "softmin", "logsumexp", "scaled_dot_product_attention"),
    "MultiheadAttention",
}
OVER_THE_VOCABULARY = {("model/trace.py", "log_softmax"), ("model/generate.py", "softmax")}
LATE = {"torch", "safetensors", "transformers", "numpy"}


@dataclass(frozen=True, slots=True)
class Import:
    """One name that a module imports, and where in the module."""

    target: str
    line: int
    in_function: bool
    type_only: bool


def module_files() -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    found = {}
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            found[".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")] = path
    return found


FILES = module_files()
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}


def imports(
    tree: ast.AST, modules: Mapping[str, object], *, in_function: bool = False, type_only: bool = False
) -> Iterator[Import]:
    """Every import below a node; `from a import b` names the module a.b where there is one, else a."""
    for node in ast.iter_child_nodes(tree):
        inside = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        checking = type_only or (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"))
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, inside, checking) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            base = node.module or ""
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield Import(full if full in modules else base, node.lineno, inside, checking)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            constants = (arg.value for arg in node.args if isinstance(arg, ast.Constant))
            yield from (Import(str(name), node.lineno, inside, checking) for name in constants)
        yield from imports(node, modules, in_function=inside, type_only=checking)


def within(name: str, package: str) -> bool:
    """Return True if a module is a package or stands below it."""
    return name == package or name.startswith(f"{package}.")


def rule_of(name: str) -> str:
    """The most specific entry of MAY_IMPORT for a module."""
    return max((package for package in MAY_IMPORT if within(name, package)), key=len)


def wrong_arrows(name: str, tree: ast.AST, modules: Mapping[str, object]) -> list[str]:
    """Imports of ours that point the wrong way, type-only ones aside."""
    rule = rule_of(name)
    allowed = (rule, *MAY_IMPORT[rule])
    return [
        f"{name}:{found.line} imports {found.target}"
        for found in imports(tree, modules)
        if found.target.split(".")[0] in OURS
        and not found.type_only
        # The package `explorer` itself is an empty module; what is below it has rules of its own.
        and found.target != "explorer"
        and not any(within(found.target, package) for package in allowed)
    ]


def test_arrows_point_one_way() -> None:
    assert [line for name, tree in TREES.items() for line in wrong_arrows(name, tree, FILES)] == []


def test_libraries_stay_where_they_belong() -> None:
    wrong = []
    for name, tree in TREES.items():
        forbidden = {word for package, words in FORBIDDEN_LIBRARIES.items() if within(name, package) for word in words}
        wrong += [
            f"{name}:{found.line} imports {found.target}"
            for found in imports(tree, FILES)
            if found.target.split(".")[0] in forbidden and found.target not in ALLOWED_ALL_THE_SAME
        ]
    assert wrong == []


def cycles(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """Groups of modules that reach each other: all pairs, which is quick enough for a few hundred modules."""
    reached: dict[str, set[str]] = {}
    for start in edges:
        seen, todo = set(), [start]
        while todo:
            for following in edges.get(todo.pop(), set()) - seen:
                seen.add(following)
                todo.append(following)
        reached[start] = seen
    groups = {frozenset(b for b in reached[a] if a in reached.get(b, set())) for a in edges if a in reached[a]}
    return sorted(sorted(group) for group in groups)


def test_no_modules_import_each_other() -> None:
    edges = {
        name: {i.target for i in imports(tree, FILES) if not i.type_only and i.target in FILES} - {name}
        for name, tree in TREES.items()
    }
    assert cycles(edges) == []


def test_functions_import_only_at_the_two_seams() -> None:
    wrong = [
        f"{name}:{found.line} imports {found.target}"
        for name, tree in TREES.items()
        if not any(within(name, seam) for seam in SEAMS)
        for found in imports(tree, FILES)
        if found.in_function
    ]
    assert wrong == []


def test_the_application_loads_the_rest_in_one_place() -> None:
    functions = [
        node.name
        for node in ast.walk(TREES["explorer.app"])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and list(imports(node, FILES))
    ]
    assert len(functions) <= 1, functions


def test_the_rules_find_what_breaks_them() -> None:
    """Each check on a module that breaks its rule, so that none of them passes on nothing."""
    upward = "from explorer.screens.explore import ExploreScreen\ndef f():\n    import torch\n"
    found = list(imports(ast.parse(upward), FILES))
    assert [(i.target, i.in_function) for i in found] == [("explorer.screens.explore", False), ("torch", True)]
    assert wrong_arrows("explorer.core.link", ast.parse(upward), FILES)
    assert not wrong_arrows("explorer.app", ast.parse(upward), FILES)
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def words(tree: ast.AST) -> Iterator[str]:
    """Names of attention's functions where they are used."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ATTENTION_WORDS:
            yield node.attr
        elif isinstance(node, ast.Name) and node.id in ATTENTION_WORDS:
            yield node.id
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if alias.name in ATTENTION_WORDS)


def test_attention_is_written_once() -> None:
    """A softmax over scores is in model/attention.py alone; over the vocabulary, where predictions are made."""
    for name, tree in TREES.items():
        path = FILES[name].relative_to(ROOT).as_posix()
        if path != "model/attention.py":
            assert {(path, word) for word in words(tree)} <= OVER_THE_VOCABULARY, path
    assert set(words(TREES["model.attention"])) == {"softmax", "logsumexp", "scaled_dot_product_attention"}


def test_softmaxes_over_the_vocabulary_are_of_logits() -> None:
    for path, word in OVER_THE_VOCABULARY:
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        calls = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Call)]
        calls = [call for call in calls if call.split("(")[0].endswith(f".{word}")]
        assert calls
        assert all("logits" in call or "unembedding" in call for call in calls)


EARLY = (
    "explorer.view",
    "explorer.actions",
    "explorer.cli.main",
    "explorer.widgets",
    "explorer.screens",
    "explorer.app",
)
"""What is imported before torch: the command line, the application, its screens and widgets."""


@pytest.mark.parametrize("package", EARLY)
def test_the_first_frame_comes_before_torch(package: str) -> None:
    names = [name for name in FILES if within(name, package)]
    assert names
    code = (
        "import sys, importlib\n"
        f"for name in {names!r}:\n"
        "    importlib.import_module(name)\n"
        f"    late = sorted(set(sys.modules) & {LATE!r})\n"
        "    if late: sys.exit(f'{name} imports {late}')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_no_function_is_longer_than_a_page() -> None:
    long = [
        f"{FILES[name].relative_to(ROOT)}:{node.lineno} {node.name}"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > 60
    ]
    assert long == []
