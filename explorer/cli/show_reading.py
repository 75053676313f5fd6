"""The reading that `explorer show` prints: unlike the application it refuses a text that does not fit the context."""

from explorer.core.reading import Reading
from explorer.view import View
from model.checkpoint import Checkpoint
from model.errors import ModelError
from model.tokenizer import Encoding, encode


def read(view: View, model: Checkpoint) -> Reading:
    """Run the model on the view's text, as set and as trained.

    Raises ModelError if the text has no known characters, too many tokens, or no token at the view's query.
    """
    encoding = encode(model.tokenizer, view.text)
    _check_length(encoding, model)
    if view.query >= len(encoding):
        raise ModelError(f"query {view.query} does not exist: the text has tokens 0 to {len(encoding) - 1}")
    as_trained = model.trace(encoding.ids)
    as_set = as_trained
    if view.settings.changed_heads(model.config):
        as_set = model.trace(encoding.ids, view.settings, base=as_trained)
    return Reading(view, model.name, model.config, encoding, model.tokenizer, as_set, as_trained)


def _check_length(encoding: Encoding, model: Checkpoint) -> None:
    """Raise ModelError for an empty text, or one with more tokens than the context."""
    context = model.config.n_positions
    if not encoding.text:
        raise ModelError("the text is empty: type at least one character")
    if not encoding.ids:
        raise ModelError(f"no character of the text is known to {model.name!r}: type others or choose another model")
    if len(encoding) > context:
        characters = encoding.spans[context - 1][1]
        raise ModelError(
            f"the text has {len(encoding)} tokens and {model.name!r} reads at most {context} at once: "
            f"its first {characters} characters fit, to …{encoding.text[:characters][-20:]!r}, shorten it"
        )
