"""CachedReader: reads a text in pieces, with the keys and values that `transformers` keeps of the tokens before."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

ReadOn = Callable[[Sequence[int], Any], tuple[Tensor, Any]]
"""Token ids and the cache of those before, or None -> their final hidden state (T, C), and the cache of all."""


class CachedReader:
    """A `model.interface.TokenReader` of a model that `transformers` runs."""

    def __init__(self, read_on: ReadOn, unembed: Callable[[Tensor], Tensor]) -> None:
        self._read_on = read_on
        self._unembed = unembed
        self._past: Any = None
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def logits(self, token_ids: Sequence[int]) -> Tensor:
        """Append ids to those already read; returns the logits (V,) after the last one."""
        final, self._past = self._read_on(token_ids, self._past)
        self._length += len(token_ids)
        return self._unembed(final[-1])
