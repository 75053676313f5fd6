"""Tries the patterns of a tokenizer on texts, in a process with little time and memory. Imports no torch.

A regular expression can take longer than anyone waits, and the library holds Python's lock meanwhile, so that nothing
could end it. The library itself gives up a match that takes exponential time; what remains are patterns that take cubic
time in the length of a text, or more, and on long texts those of quadratic time. Some of these are published:
DeepSeek's, which looks for spaces before the end of a text, takes 30 seconds for 100,000 spaces before a letter. So a
tokenizer is tried on ordinary texts when it is opened, and on each text that is longer than these before it is encoded.

This file is also the script that runs in the process, and imports nothing of ours.
"""

import json
import os
import subprocess
import sys
from contextlib import suppress
from functools import lru_cache
from itertools import product
from typing import Any

from tokenizers import Tokenizer

if sys.platform != "win32":
    import resource

_SECONDS = 4  # of a processor; published tokenizers take a tenth of one
_LONGEST_WAIT = 60.0  # seconds, where processors are busy
_MEMORY = 2 * 2**30  # bytes
TRIED_LENGTH = 2000
"""Characters of the ordinary texts; a pattern of quadratic time takes a twentieth of a second for them."""

_TEXTS = ("a", " ", "1", "\n", "!", "é", "Aa", "the cat sat on 12 mats, and didn't move.\n")
_ENDS = ("", "a", "1", "!")  # endings at which a pattern that has matched so far may have to backtrack
_OWN = "[\\s\\S]"  # of our own character tokenizer
_PARTS = ("normalizer", "pre_tokenizer", "decoder")


def has_usable_patterns(tokenizer: Tokenizer, text: str | None = None) -> bool:
    """Return False if a regular expression of the tokenizer fails on a text, or on ordinary ones, or takes too long.

    Only the first call for the same expressions and text starts a process. Where none can be started, return True.
    """
    parts = {name: getattr(tokenizer, name) for name in _PARTS}
    described = {name: json.loads(part.__getstate__()) if part is not None else None for name, part in parts.items()}
    return _has_only_own(described) or _passes(json.dumps({"parts": described, "text": text}))


def _has_only_own(described: Any) -> bool:
    """Return True if there is no regular expression but our own anywhere in a value of JSON."""
    if isinstance(described, dict):
        return described.get("Regex", _OWN) == _OWN and all(map(_has_only_own, described.values()))
    return all(map(_has_only_own, described)) if isinstance(described, list) else True


@lru_cache(maxsize=64)
def _passes(given: str) -> bool:
    try:
        done = subprocess.run(
            [sys.executable, "-P", __file__],
            input=given.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "RAYON_NUM_THREADS": "1"},
            timeout=_LONGEST_WAIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    except OSError:
        return True
    return done.returncode == 0


def _try() -> None:
    """Apply the parts on standard input to the text, or to ordinary ones; end with an error if that fails."""
    if sys.platform != "win32":
        for what, limit in ((resource.RLIMIT_CPU, _SECONDS), (resource.RLIMIT_AS, _MEMORY)):
            with suppress(ValueError, OSError):  # less is allowed already
                resource.setrlimit(what, (limit, limit))
    given = json.load(sys.stdin)
    model = {"type": "BPE", "vocab": {"a": 0}, "merges": []}
    tokenizer = Tokenizer.from_str(json.dumps({"version": "1.0", "model": model, **given["parts"]}))
    ordinary = ((text * TRIED_LENGTH)[:TRIED_LENGTH] + end for text, end in product(_TEXTS, _ENDS))
    for text in ordinary if given["text"] is None else (given["text"],):
        normal = text if tokenizer.normalizer is None else tokenizer.normalizer.normalize_str(text)
        if tokenizer.pre_tokenizer is not None:
            tokenizer.pre_tokenizer.pre_tokenize_str(normal)
        if tokenizer.decoder is not None:
            tokenizer.decoder.decode([text])


if __name__ == "__main__":
    _try()
