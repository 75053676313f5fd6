"""The reading that `explorer show` prints: unlike the application, it refuses a text that does not fit the context."""

from explorer.core.encoding import EmptyTextError, UnknownTextError, encode_text
from explorer.core.reading import Reading
from explorer.core.readings import compute
from explorer.view import LONGEST_TEXT, View
from model.errors import ModelError
from model.interface import TracedModel


def read_whole_text(view: View, model: TracedModel) -> Reading:
    """Return the reading of a view.

    Raises ModelError if the text has no known characters, too many tokens, or no token at the view's query, or the
    model lacks the stage in view.
    """
    context = model.config.n_positions
    try:
        encoding, left_out = encode_text(model.tokenizer, view.text, context, model.name, model.prefix)
    except EmptyTextError as error:
        raise ModelError("the text is empty: type at least one character") from error
    except UnknownTextError as error:
        raise ModelError(
            f"no character of the text is known to {model.name!r}: type others or choose another model"
        ) from error
    if left_out:
        at_least = "at least " if len(view.text) > LONGEST_TEXT else ""
        raise ModelError(
            f"the text has {at_least}{len(encoding) + left_out} tokens and {model.name!r} reads at most {context} "
            f"at once: its first {len(encoding.text)} characters fit, to …{encoding.text[-20:]!r}, shorten it"
        )
    if view.query >= len(encoding):
        raise ModelError(f"query {view.query} does not exist: the text has tokens 0 to {len(encoding) - 1}")
    reading = compute(model, view)
    if view.stage not in reading.bounds.stages:
        raise ModelError(f"{model.name!r} has no soft cap: choose another stage, such as {reading.view.stage}")
    return reading
