"""What every test shares: one thread, no network, reproducible examples."""

import gc
import os
import signal
from pathlib import Path

# Before torch or transformers are imported: small matrices are slower on two threads than on one.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import pytest
from hypothesis import settings

settings.register_profile("project", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("project")

FEW = 3
"""Files that are tested in one process: each worker takes seconds to import torch and the tests."""

# A shell lets background commands ignore the first two, nohup the third, and what tests start would inherit that.
for _number in [getattr(signal, name) for name in ("SIGINT", "SIGQUIT", "SIGHUP") if hasattr(signal, name)]:
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number is signal.SIGINT else signal.SIG_DFL)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Start no workers where a few files are named; otherwise xdist counts the processors."""
    files = [argument.partition("::")[0] for argument in config.args]
    return 0 if len(files) <= FEW and all(Path(file).is_file() for file in files) else None


def pytest_collection_finish() -> None:
    """Keep garbage collection cheap: exclude all that was imported from it, and run it less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5000, 10, 10)
