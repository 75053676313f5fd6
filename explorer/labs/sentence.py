"""The sentence that a lab lets a model read."""

from explorer.labs.lab import ParameterError
from model.interface import TracedModel
from model.tokenizer import Encoding, encode


def encode_sentence(model: TracedModel, sentence: str) -> Encoding:
    """Return the tokens of a sentence. Raises ParameterError for fewer than two, or more than the model reads."""
    encoding = encode(model.tokenizer, sentence)
    most = model.config.n_positions
    if not 2 <= len(encoding) <= most:
        raise ParameterError("sentence", f"it has {len(encoding)} tokens, {model.name} reads 2 to {most}")
    return encoding
