"""Modules that describe and read, rather than compute, can be imported without torch."""

import subprocess
import sys
from pathlib import Path

TORCH_FREE = (
    *("model.config", "model.errors", "model.files", "model.interface", "model.layout", "model.outside"),
    *(
        "model.settings",
        "model.families.hub",
        "model.text_growth",
        "model.tokenizer",
        "model.tokenizer_trial",
        "model.training.divergence",
        "model.training.run_log",
        "model.training.runs",
    ),
    *("model.training.settings", "model.training.snapshots", "model.training.step_statistics"),
)


def test_no_module_that_only_describes_or_reads_imports_torch() -> None:
    code = f"import sys, {', '.join(TORCH_FREE)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2]).returncode == 0


def test_every_module_that_says_so_is_checked() -> None:
    root = Path(__file__).parents[2]
    says_so = {
        ".".join(path.relative_to(root).with_suffix("").parts)
        for path in (root / "model").rglob("*.py")
        if "Imports no torch." in path.read_text(encoding="utf-8")
    }
    assert says_so <= set(TORCH_FREE)
