"""Windows of random tokens among those of the text, for heads that the text alone needs too rarely to learn."""

from dataclasses import dataclass

import torch
from torch import Tensor

from model.training import recall, repeats


@dataclass(frozen=True, eq=False)
class SyntheticWindows:
    """Replaces windows of a batch: a share of `repeats` by repeated sequences, a share of `recall` by lists of pairs.

    `frequencies` (V,) says how often each token occurs in the text.
    """

    repeats: float
    recall: float
    frequencies: Tensor

    def put_into(self, x: Tensor, y: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return inputs and targets (B, T) in which a share of the windows is replaced.

        Targets without a loss are `IGNORED`. Windows too short for a replacement stay as they are.
        """
        rows, targets = torch.cat((x, y[:, -1:]), 1), y.clone()  # (B, T + 1), (B, T)
        context = x.shape[1]
        has_room_for_pairs = context >= recall.SHORTEST_CONTEXT and len(self.frequencies) >= recall.SMALLEST_VOCABULARY
        for row, target in zip(rows, targets, strict=True):
            draw = torch.rand((), generator=generator).item()
            if draw < self.repeats:
                if context >= 2 * repeats.SHORTEST:
                    repeats.put_repeats(row, target, self.frequencies, generator)
            elif draw < self.repeats + self.recall and has_room_for_pairs:
                recall.put_recall(row, target, self.frequencies, generator)
        return rows[:, :-1], targets
