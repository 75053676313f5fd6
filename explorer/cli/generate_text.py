"""The text that `explorer generate` writes, streamed to a terminal or collected in one JSON object."""

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from explorer.cli.errors import warn, warn_about_unknown_characters
from explorer.cli.options import scale_value
from explorer.core.encoding import encode_end
from explorer.core.formatting import visible
from explorer.core.loading import open_model
from model import tokenizer as tokenizers
from model.errors import ModelError
from model.families import OpenOptions
from model.generate import Sampling, TextStream, generate_with
from model.interface import TracedModel
from model.settings import AttentionSettings, Head

_UNCHANGED = " \n\t"


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateOptions:
    """The options of the command, as click passes them."""

    model: str
    tokens: int
    temperature: float
    top_k: int | None
    top_p: float | None
    seed: int
    past_end: bool
    scale: float | None
    no_scale: bool
    no_mask: bool
    ablate: frozenset[Head]
    opening: OpenOptions

    @property
    def settings(self) -> AttentionSettings:
        """The switches, which act on the whole model here."""
        return AttentionSettings(
            causal=False if self.no_mask else None,
            scale=scale_value(self.scale, self.no_scale),
            ablated=self.ablate,
        )


class Continuation:
    """A prompt and the tokens that a model adds to it, which are generated as they are printed."""

    def __init__(
        self, model: TracedModel, prompt: tokenizers.Encoding, options: GenerateOptions, settings: AttentionSettings
    ) -> None:
        self._model = model
        self._prompt = prompt
        self._options = options
        end = None if options.past_end else model.config.eos_token_id
        self._new_ids = _until(
            end,
            generate_with(
                model,
                [*model.prefix, *prompt.ids],
                options.tokens,
                torch.Generator().manual_seed(options.seed),
                Sampling(options.temperature, options.top_k, options.top_p),
                settings,
                known=tokenizers.vocab_size(model.tokenizer),
            ),
        )

    @classmethod
    def start(cls, text: str, options: GenerateOptions) -> "Continuation":
        """Open the model and encode the text, with warnings about unknown characters and about what is left out.

        Raises ModelError for options out of range and for a text without known characters.
        """
        settings = options.settings
        model = open_model(options.model, options.opening)
        settings.normalized(model.config)
        context = model.config.n_positions
        prompt, left_out = encode_end(model.tokenizer, text, context)
        if left_out:
            warn(
                f"the text is long and {model.name!r} reads at most its last {context} tokens: its first "
                f"{left_out:,} characters are left out"
            )
        warn_about_unknown_characters(prompt, model.name)
        if not prompt.ids:
            raise ModelError("there is nothing to continue: type at least one character that the model knows")
        return cls(model, prompt, options, settings)

    def print_text(self) -> None:
        """Print the prompt and what is written after it, each token as soon as it is known."""
        tokenizer, ids = self._model.tokenizer, list(self._prompt.ids)
        safe = SafeText()
        stream = TextStream(tokenizer, ids)
        try:
            _print(safe.show(tokenizers.decode(tokenizer, ids)))
            for token in self._new_ids:
                _print(safe.show(stream.feed(token)))
            _print(safe.show(stream.flush()) + "\n")
        except (KeyboardInterrupt, ModelError):
            _print("\n")  # a message after it begins on a line of its own
            raise

    def print_json(self) -> None:
        """Print one object with the continuation and the options that reproduce it."""
        tokenizer, ids, options = self._model.tokenizer, list(self._new_ids), self._options
        print(
            json.dumps(
                {
                    "model": self._model.name,
                    "prompt": self._prompt.text,
                    "text": tokenizers.decode(tokenizer, ids) if ids else "",
                    "tokens": list(tokenizers.token_texts(tokenizer, ids)),
                    "token_ids": ids,
                    "temperature": options.temperature,
                    "top_k": options.top_k,
                    "top_p": options.top_p,
                    "seed": options.seed,
                }
            )
        )


def _until(end: int | None, ids: Iterator[int]) -> Iterator[int]:
    """Yield ids up to the first that is `end`, without it."""
    for token in ids:
        if token == end:
            return
        yield token


def _print(text: str) -> None:
    if text:
        print(text, end="", flush=True)


class SafeText:
    """Makes text that comes in pieces safe for a terminal: all but spaces, line ends and tabs as in `visible`."""

    def __init__(self) -> None:
        self._last = ""  # the character that a combining character at the start of the next piece belongs to

    def show(self, piece: str) -> str:
        """Return the piece in a form that is safe to print."""
        shown = []
        for character in piece:
            if character in _UNCHANGED:
                shown.append(character)
                self._last = ""
            elif self._last and unicodedata.combining(character):
                shown.append(visible(self._last + character)[len(visible(self._last)) :])
            else:
                shown.append(visible(character))
                self._last = "" if shown[-1] != character else character
        return "".join(shown)
