"""The matrix of a stage, for code that gets the stage from a View."""

from typing import TYPE_CHECKING

from explorer.view import Stage

if TYPE_CHECKING:
    from torch import Tensor

    from model.attention import AttentionStages


def stage_matrix(stages: "AttentionStages", stage: Stage) -> "Tensor":
    """Return one stage of a head, (T, T) or (T, head_size). Raises ValueError for the next token, which has none."""
    match stage:
        case Stage.SCORES:
            return stages.scores
        case Stage.SCALED:
            return stages.scaled
        case Stage.CAPPED:
            return stages.capped
        case Stage.MASKED:
            return stages.masked
        case Stage.WEIGHTS:
            return stages.weights
        case Stage.MIXED:
            return stages.mixed
        case Stage.NEXT_TOKEN:
            raise ValueError("the next token has no matrix")
