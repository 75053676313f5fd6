"""Training data: one long sequence of token ids for training and one for validation, and batches cut from them.

Notation: B batch, T positions, N tokens.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from tokenizers import Tokenizer
from torch import Tensor

from model.errors import ModelError
from model.tokenizer import END_OF_TEXT, encode_ids
from model.training.synthetic import SyntheticWindows


def derived_seed(seed: int, step: int, purpose: str) -> int:
    """A 32-bit seed that depends on the arguments alone; consecutive steps get unrelated ones."""
    digest = hashlib.blake2b(f"{seed}:{step}:{purpose}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little")


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Token ids of all documents in order, each followed by the end-of-text token if the tokenizer has one.

    Raises ModelError if a part is too short for one window of `context` tokens and the token after it.
    """

    train: Tensor  # (N,) int64
    validation: Tensor  # (N',) int64
    context: int  # T

    def __post_init__(self) -> None:
        for name, part in (("training", self.train), ("validation", self.validation)):
            if len(part) <= self.context:
                raise ModelError(
                    f"the {name} text has {len(part)} tokens, too few for a context of {self.context}: "
                    "give more text or a smaller --context"
                )

    @classmethod
    def from_documents(
        cls, tokenizer: Tokenizer, train: Sequence[str], validation: Sequence[str], context: int
    ) -> "TrainingData":
        """Tokenize the documents of both parts."""
        return cls(token_sequence(tokenizer, train), token_sequence(tokenizer, validation), context)

    @property
    def digest(self) -> str:
        """SHA-256 of all token ids. A run is only resumed on the same data."""
        parts = (self.train, self.validation)
        return hashlib.sha256(b"".join(part.numpy().tobytes() for part in parts)).hexdigest()

    def batch(
        self,
        seed: int,
        step: int,
        batch_size: int,
        context: int | None = None,
        synthetic: SyntheticWindows | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Inputs and targets (B, T) of a training step: windows at random positions drawn from (seed, step) alone.

        T is `context` if given. `synthetic` replaces some of the windows.
        """
        context = context or self.context
        generator = torch.Generator().manual_seed(derived_seed(seed, step, "batch"))
        starts = torch.randint(len(self.train) - context, (batch_size,), generator=generator)
        x, y = windows(self.train, starts, context)
        return synthetic.put_into(x, y, generator) if synthetic else (x, y)

    def frequencies(self, vocab_size: int) -> Tensor:
        """How often each token occurs in the training part, (vocab_size,)."""
        return torch.bincount(self.train, minlength=vocab_size).float()

    def validation_batches(self, tokens: int, batch_size: int) -> Iterable[tuple[Tensor, Tensor]]:
        """Inputs and targets (B, T): the same evenly spaced windows of the validation part each time.

        All windows together have about `tokens` tokens.
        """
        windows_in_all = (len(self.validation) - 1) // self.context
        count = max(1, min(windows_in_all, tokens // self.context))
        starts = torch.linspace(0, len(self.validation) - 1 - self.context, count).long()
        for part in starts.split(batch_size):  # type: ignore[no-untyped-call]
            yield windows(self.validation, part, self.context)

    def prefix_batches(self, tokens: int, batch_size: int = 64) -> Iterable[tuple[Tensor, Tensor]]:
        """Prefixes of validation windows (B, t), and the token after each (B, 1), always the same.

        There are eight lengths t, evenly spaced from 1 to T. All prefixes together have about `tokens` tokens.
        """
        lengths = sorted({round(1 + i * (self.context - 1) / 7) for i in range(8)})
        each = max(1, min(len(self.validation) - self.context, tokens // sum(lengths)))
        starts = torch.linspace(0, len(self.validation) - 1 - self.context, each).long()
        for length in lengths:
            for part in starts.split(batch_size):  # type: ignore[no-untyped-call]
                x, y = windows(self.validation, part, length)
                yield x, y[:, -1:]


def windows(sequence: Tensor, starts: Tensor, context: int) -> tuple[Tensor, Tensor]:
    """Inputs and targets (B, T): `context` ids from each start, and the same shifted by one token."""
    rows = sequence[starts[:, None] + torch.arange(context + 1)]  # (B, T + 1)
    return rows[:, :-1], rows[:, 1:]


def token_sequence(tokenizer: Tokenizer, documents: Sequence[str]) -> Tensor:
    """The ids of all documents (N,), with the end-of-text token after each if the tokenizer has one."""
    end = tokenizer.token_to_id(END_OF_TEXT)
    ids: list[int] = []
    for document in encode_ids(tokenizer, documents):
        ids.extend(document)
        if end is not None:
            ids.append(end)
    return torch.tensor(ids, dtype=torch.int64)
