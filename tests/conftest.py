"""What every test shares: one thread, no network, reproducible examples."""

import gc
import os

# Before torch or transformers are imported: small matrices are slower on two threads than on one.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

from hypothesis import settings

settings.register_profile("project", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("project")


def pytest_collection_finish() -> None:
    """Keep garbage collection cheap: exclude all that was imported from it, and run it less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5000, 10, 10)
